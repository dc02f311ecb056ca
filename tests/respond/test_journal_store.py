"""The journal's file: who may read it, and what happens to one that is torn, foreign, newer, read-only or full."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scanner.errors import RESPONSE
from scanner.respond import journal_schema as schema
from scanner.respond.journal import JournalError
from scanner.respond.journal_store import Store, exists, translated
from tests.conftest import MODES
from tests.respond.journals import Other, opened, planned

ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


def _kept(folder: Path) -> Path:
    """A journal with two entries, of a process that was killed: most of it in its log."""
    with opened(folder) as journal:
        journal.plan("run", [planned(1)])
    other = Other(folder)
    other.ask("plan", 2)
    other.kill()
    return folder / "state" / "journal.sqlite3"


def _refused(folder: Path, message: str) -> JournalError:
    """Opening it fails so, and changes nothing."""
    before = {file.name: file.read_bytes() for file in (folder / "state").iterdir() if file.is_file()}
    with pytest.raises(JournalError, match=message) as caught:
        opened(folder)
    assert caught.value.status == RESPONSE and caught.value.hint
    after = {file.name: file.read_bytes() for file in (folder / "state").iterdir() if file.is_file()}
    assert {name: data for name, data in after.items() if not name.endswith("-shm")} == {
        name: data for name, data in before.items() if not name.endswith("-shm")
    }
    return caught.value


def _modes(folder: Path) -> dict[str, int]:
    return {file.name: stat.S_IMODE(file.stat().st_mode) for file in (folder, *folder.iterdir())}


@MODES
@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_nobody_else_may_read_it(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        with opened(tmp_path / "a" / "b") as journal:
            journal.plan("run", [planned()])
            modes = _modes(tmp_path / "a" / "b" / "state")
    finally:
        os.umask(before)
    assert modes == {
        "state": 0o700,
        "journal.sqlite3": 0o600,
        "journal.sqlite3-wal": 0o600,
        "journal.sqlite3-shm": 0o600,
    }


@MODES
def test_what_was_opened_to_others_is_closed_again(tmp_path: Path) -> None:
    file = _kept(tmp_path)
    for each in (file, *file.parent.iterdir()):
        each.chmod(0o644)
    file.parent.chmod(0o755)
    with opened(tmp_path) as journal:
        assert len(journal.entries()) == 2
        assert {mode & 0o077 for mode in _modes(file.parent).values()} == {0}


@MODES
def test_a_folder_that_others_may_write_into(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state").chmod(0o777)
    assert "chmod 700" in _refused(tmp_path, "others may write").hint


@MODES
def test_an_empty_folder_becomes_ours_and_one_in_use_stays(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(mode=0o755)
    (tmp_path / "state").chmod(0o755)
    opened(tmp_path).close()
    assert _modes(tmp_path / "state")["state"] == 0o700
    home = tmp_path / "home" / "state"
    home.mkdir(parents=True)
    home.chmod(0o755)
    (home / "index.html").touch()
    assert "a folder of its own" in _refused(tmp_path / "home", "others may look").hint
    assert _modes(home)["state"] == 0o755


@pytest.mark.parametrize("name", ["journal.sqlite3", "journal.sqlite3-wal", "journal.sqlite3-shm"])
def test_a_symlink_or_a_folder_in_its_place(tmp_path: Path, name: str) -> None:
    file = _kept(tmp_path)
    place = file.with_name(name)
    elsewhere = tmp_path / "elsewhere"
    place.rename(elsewhere)
    place.symlink_to(elsewhere)
    before = elsewhere.read_bytes()
    _refused(tmp_path, "no plain file")
    assert elsewhere.read_bytes() == before
    place.unlink()
    place.mkdir()
    _refused(tmp_path, "no plain file")


def test_a_symlink_or_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "state").symlink_to("real")
    with pytest.raises(JournalError, match="no folder"):
        opened(tmp_path)
    (tmp_path / "state").unlink()
    (tmp_path / "state").touch()
    with pytest.raises(JournalError, match="no folder"):
        opened(tmp_path)
    with pytest.raises(JournalError, match=r"Not a directory|File exists"):
        opened(tmp_path / "state")
    assert list((tmp_path / "real").iterdir()) == []


def test_a_folder_or_file_of_somebody_else(tmp_path: Path) -> None:
    file = _kept(tmp_path)
    with pytest.raises(JournalError, match="belongs to somebody else"):
        Store(str(file.parent), uid=os.geteuid() + 1)


@pytest.mark.skipif(not ROOT, reason="only root gives files away")
@pytest.mark.parametrize("name", ["journal.sqlite3", "journal.sqlite3-wal"])
def test_a_file_of_somebody_else(tmp_path: Path, name: str) -> None:
    os.chown(_kept(tmp_path).with_name(name), 65534, 65534)
    _refused(tmp_path, f"{name} belongs to somebody else")


def _cut(to: int) -> Callable[[Path], None]:
    return lambda file: os.truncate(file, to)


def _overwrite(file: Path) -> None:
    with open(file, "r+b") as out:
        out.seek(4096)
        out.write(b"\xff" * 8192)


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (_cut(0), "cut short"),
        (_cut(50), "cut short"),
        (_cut(5000), "damaged"),
        (_overwrite, "damaged"),
        (lambda file: file.write_bytes(b"not a database, but a text of some length\n" * 99), "no journal|another"),
    ],
)
def test_a_torn_one(tmp_path: Path, harm: Callable[[Path], None], message: str) -> None:
    with opened(tmp_path) as journal:
        journal.plan("run", [planned(number) for number in range(50)])
    harm(tmp_path / "state" / "journal.sqlite3")
    assert "evidence" in _refused(tmp_path, message).hint


def test_a_log_without_its_file(tmp_path: Path) -> None:
    """A new file beside it would swallow the old log."""
    _kept(tmp_path).unlink()
    assert exists(str(tmp_path / "state"))
    assert "evidence" in _refused(tmp_path, "gone, but its log").hint


def test_a_torn_log_loses_only_its_torn_end(tmp_path: Path) -> None:
    file = _kept(tmp_path)
    log = file.with_name("journal.sqlite3-wal")
    with open(log, "ab") as out:
        out.write(b"\x01" * 3000)  # a frame that was being written
    with opened(tmp_path) as journal:
        assert len(journal.entries()) == 2


def test_another_programs_file(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(mode=0o700)
    with sqlite3.connect(tmp_path / "state" / "journal.sqlite3") as db:
        db.execute("CREATE TABLE cookies (name)")
    db.close()
    assert "XOXSCAN_STATE_DIR" in _refused(tmp_path, "another program's file").hint


def _alter(file: Path, statement: str) -> None:
    db = sqlite3.connect(file)
    db.execute(statement)
    db.commit()
    db.close()


def test_one_of_a_newer_program(tmp_path: Path) -> None:
    opened(tmp_path).close()
    _alter(tmp_path / "state" / "journal.sqlite3", "PRAGMA user_version = 99")
    assert "use that one" in _refused(tmp_path, "newer xoxscan .version 99").hint


def test_one_that_lacks_a_table(tmp_path: Path) -> None:
    opened(tmp_path).close()
    _alter(tmp_path / "state" / "journal.sqlite3", "DROP TABLE notices")
    with opened(tmp_path) as journal, pytest.raises(JournalError, match=r"not as it should be: .*no such table"):
        journal.notices.due()


# Read-only, full


def _unprivileged() -> list[str]:
    """Before a command, so that modes count for root too."""
    if not ROOT:
        return []
    words = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"]
    if not shutil.which("setpriv") or subprocess.run([*words, "true"], capture_output=True, check=False).returncode:
        pytest.skip("root is never refused, and setpriv is not there, or may not change that")
    return words


def _message(answer: object) -> str:
    assert isinstance(answer, list) and answer[0] == "JournalError", answer
    assert answer[2]
    return str(answer[1])


def test_a_read_only_file(tmp_path: Path) -> None:
    file = _kept(tmp_path)
    opened(tmp_path).close()
    file.chmod(0o400)
    other = Other(tmp_path, _unprivileged())
    if other.opened == "open":
        assert "cannot be written" in _message(other.ask("plan", 3))
    else:
        assert "cannot be" in _message(other.opened)
    other.end()
    with opened(tmp_path) as journal:
        assert len(journal.entries()) == 2


def test_a_read_only_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    other = Other(tmp_path, _unprivileged())
    assert "Permission denied" in _message(other.opened)
    other.end()
    tmp_path.chmod(0o700)
    assert not list(tmp_path.iterdir())


def test_no_room_left(tmp_path: Path) -> None:
    """Each step fails or is kept whole; what was there stays; with room again it goes on."""
    import resource  # not on Windows

    with opened(tmp_path) as journal:
        (entry,) = journal.plan("run", [planned()])
    other = Other(tmp_path)
    soft, hard = resource.prlimit(other.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(other.pid, resource.RLIMIT_FSIZE, (150_000, hard))
    kept = 0
    while isinstance(answer := other.ask("plan", *range(20)), list) and isinstance(answer[0], int):
        kept += 20
    assert kept and "could not be written" in _message(answer)
    resource.prlimit(other.pid, resource.RLIMIT_FSIZE, (1000, hard))
    assert "could not be written" in _message(other.ask("intent", entry.id))  # so nothing is sent
    with opened(tmp_path) as journal:
        assert len(journal.entries()) == 1 + kept
    resource.prlimit(other.pid, resource.RLIMIT_FSIZE, (soft, hard))
    assert other.ask("intent", entry.id) == f"1-{kept + 2}"
    other.end()


def _can_mount() -> bool:
    return bool(
        ROOT
        and shutil.which("unshare")
        and not subprocess.run(
            ["unshare", "-m", "mount", "-t", "tmpfs", "none", "/tmp"], capture_output=True, check=False
        ).returncode
    )


@pytest.mark.skipif(not _can_mount(), reason="no right to mount a small disk")
def test_a_disk_that_is_full(tmp_path: Path) -> None:
    mount = ["unshare", "-m", "sh", "-c", f'mount -t tmpfs -o size=400k none {tmp_path} && exec "$0" "$@"']
    other = Other(tmp_path, mount)
    assert other.opened == "open"
    other.ask("plan", 0)
    while isinstance(answer := other.ask("plan", *range(20)), list) and isinstance(answer[0], int):
        pass
    assert "room" in _message(answer) or "could not be written" in _message(answer)
    assert isinstance(other.ask("intent", 1), str | list) and isinstance(other.ask("unfinished"), list)
    other.end()


@pytest.mark.parametrize("size", [1_000, 20_000])
def test_no_room_for_a_new_one(tmp_path: Path, size: int) -> None:
    program = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)\n"
    program += "import os; os.execv(sys.executable, [sys.executable, *sys.argv[3:]])"
    other = Other(tmp_path, [sys.executable, "-c", program, str(size)])
    assert "could not be written" in _message(other.opened)
    other.end()
    assert list((tmp_path / "state").iterdir()) == []
    opened(tmp_path).close()


def test_a_journal_that_somebody_else_writes_for_too_long(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        journal.plan("run", [planned()])
        db = sqlite3.connect(journal.path, isolation_level=None)
        db.execute("BEGIN IMMEDIATE")
        journal._store._db.execute("PRAGMA busy_timeout = 1")
        with pytest.raises(JournalError, match="another process is writing"):
            journal.intent(1)
        db.close()
        assert journal.intent(1)


def test_a_bug_is_not_translated() -> None:
    with pytest.raises(sqlite3.ProgrammingError), translated("x"):
        raise sqlite3.ProgrammingError("You did not supply a value for binding 1.")


# Migrations


def test_an_older_journal_becomes_a_newer_one(tmp_path: Path) -> None:
    db = sqlite3.connect(tmp_path / "old", isolation_level=None)
    steps = ("CREATE TABLE a (x);\nINSERT INTO a VALUES (1);", "ALTER TABLE a ADD COLUMN y;\nUPDATE a SET y = 2;")
    schema.migrate(db, steps[:1])
    assert schema.version(db) == 1 and schema.application(db) == schema.APPLICATION
    schema.migrate(db, steps)
    schema.migrate(db, steps)
    assert schema.version(db) == 2 and db.execute("SELECT * FROM a").fetchall() == [(1, 2)]
    db.close()


def test_one_that_fails_changes_nothing(tmp_path: Path) -> None:
    db = sqlite3.connect(tmp_path / "old", isolation_level=None)
    with pytest.raises(sqlite3.Error):
        schema.migrate(db, ("CREATE TABLE a (x);", "CREATE TABLE b (x);\nALTER TABLE c ADD COLUMN y;"))
    assert schema.version(db) == schema.application(db) == 0
    assert db.execute("SELECT * FROM sqlite_master").fetchall() == []
    db.close()


def test_an_empty_journal_of_ours_is_brought_up_to_date(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(mode=0o700)
    _alter(tmp_path / "state" / "journal.sqlite3", f"PRAGMA application_id = {schema.APPLICATION}")
    (tmp_path / "state" / "journal.sqlite3").chmod(0o600)
    with opened(tmp_path) as journal:
        assert journal.plan("run", [planned()])
