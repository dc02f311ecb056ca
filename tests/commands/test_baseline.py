from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from scanner.commands import baseline
from scanner.errors import OutputError
from scanner.filters.baseline import Known, filename
from scanner.filters.entries import Entry
from tests.commands.terminal import talk
from tests.conftest import Repo, Run, token

WHO = ("--reason", "known for long", "--owner", "ada")
FOLDER = Path(".xoxscan-baseline")


def entries(folder: Path = FOLDER) -> dict[str, str]:
    """Redacted form and verdict of each entry, by fingerprint, as the program reads them."""
    return {fingerprint: known.verdict for fingerprint, known in baseline.read(folder).items()}


def report(run: Run, *argv: str) -> dict[str, object]:
    document: dict[str, object] = json.loads(run(*argv, "-f", "json").out)
    return document


def test_what_is_known_is_written_and_allowed_once_it_is_committed(repo: Repo, run: Run) -> None:
    repo.commit({"a.py": b"x = '%b'\n" % token(), "b.py": b"x = '%b'\n" % token("user")})
    done = run("baseline", "write", *WHO, "--until", "2027-01-01")
    assert (done.status, done.err) == (0, b"")
    assert done.out.startswith(b"2 written to .xoxscan-baseline, 0 were there\n")
    assert set(entries().values()) == {"known"}
    assert run("history").status == 1
    repo.git("add", ".")
    repo.commit()
    assert run("history").status == 0
    assert run("scan").status == 0


def test_the_files_say_all_but_the_secret(repo: Repo, run: Run) -> None:
    repo.commit({"a.py": token()})
    run("baseline", "write", *WHO, "--until", "2027-01-01")
    (name,) = os.listdir(FOLDER)
    text = (FOLDER / name).read_bytes()
    assert name.startswith("v1.bot.")
    for line in (b'rule: "slack-bot-token"', b'reason: "known for long"', b'owner: "ada"', b"until: 2027-01-01"):
        assert line in text.splitlines()
    assert token().rpartition(b"-")[2] not in text


def test_a_folder_that_holds_something_is_not_written_over(repo: Repo, run: Run) -> None:
    repo.commit({"a.py": token()})
    run("baseline", "write", *WHO)
    done = run("baseline", "write", *WHO)
    assert done.status == 2
    assert b"holds 1 entries already" in done.err


def test_update_adds_and_keeps(repo: Repo, run: Run) -> None:
    repo.commit({"a.py": token()})
    run("baseline", "write", *WHO)
    (old,) = FOLDER.iterdir()
    before = old.read_bytes()
    repo.commit({"b.py": token("user")})
    done = run("baseline", "update", "--reason", "newer", "--owner", "eve")
    assert done.out.startswith(b"1 written to .xoxscan-baseline, 1 were there\n")
    assert old.read_bytes() == before
    assert len(entries()) == 2


def test_what_the_committed_baseline_allows_can_be_written_again(repo: Repo, run: Run) -> None:
    repo.commit({"a.py": token()})
    run("baseline", "write", *WHO)
    repo.git("add", ".")
    repo.commit()
    repo.git("rm", "-q", "--cached", "-r", ".")
    (made,) = FOLDER.iterdir()
    made.unlink()
    assert run("baseline", "write", *WHO).out.startswith(b"1 written")


def test_it_takes_a_report_from_a_file_or_from_stdin(repo: Repo, run: Run, tmp_path: Path) -> None:
    repo.commit({"a.py": token()})
    made = run("scan", "-f", "json").out
    (tmp_path / "report.json").write_bytes(made)
    one = run("baseline", "write", *WHO, "--report", tmp_path / "report.json", "--baseline", tmp_path / "one")
    two = run("baseline", "write", *WHO, "--report", "-", "--baseline", tmp_path / "two", stdin=made)
    assert (one.status, two.status) == (0, 0)
    assert entries(tmp_path / "one") == entries(tmp_path / "two") != {}
    assert b"committed" not in one.out


def test_an_incomplete_report_is_said(repo: Repo, run: Run) -> None:
    repo.commit({"a.py": token()})
    document = report(run, "scan")
    document["problems"] = [{"what": "b.py", "message": "unreadable", "hint": ""}]
    done = run("baseline", "write", *WHO, "--report", "-", stdin=json.dumps(document).encode())
    assert done.status == 3
    assert b"the report is incomplete: 1 problems" in done.out
    assert len(entries()) == 1


def test_outside_of_git_it_scans_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.py").write_bytes(token())
    assert run("baseline", "write", *WHO, "--no-progress", "--jobs", "1").status == 0
    assert len(entries()) == 1


def test_in_a_folder_below_it_stands_at_the_top(repo: Repo, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.commit({"sub/a.py": token()})
    monkeypatch.chdir(repo.path / "sub")
    assert run("baseline", "write", *WHO).out.startswith(b"1 written to ../.xoxscan-baseline,")
    assert len(entries(repo.path / FOLDER)) == 1


def test_rules_and_configuration_are_those_of_the_scan(repo: Repo, run: Run, tmp_path: Path) -> None:
    repo.commit({"a.py": token(), "b.py": token("user")})
    chosen = tmp_path / "config.yaml"
    chosen.write_text("paths:\n- pattern: b.py\n  reason: x\n  owner: x\n")
    assert run("baseline", "write", "scan", *WHO, "--config", chosen).out.startswith(b"1 written")
    assert run("baseline", "update", "scan", *WHO, "--rules", tmp_path / "none.yaml").status == 2
    assert run("baseline", "update", "scan", *WHO, "--jobs", "many").status == 2


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], "ACTION"),
        (["forget"], "invalid choice"),
        (["write"], "--reason"),
        (["write", "--reason", "x"], "--owner"),
        (["write", "--reason", " ", "--owner", "x"], "--reason: it must not be empty"),
        (["write", "--reason", "x", "--owner", "a\x1b[1m"], "--owner: no control characters"),
        (["write", "--reason", "TOKEN", "--owner", "x"], "--reason: this looks like a credential"),
        (["write", *WHO, "--until", "2027-02-30"], "--until 2027-02-30 is not a date"),
        (["write", *WHO, "--report", "no such file"], "cannot read no such file"),
        (["write", *WHO, "staged"], "invalid choice"),
        (["prune"], "--yes takes them out without asking"),
        (["audit"], "audit asks on a terminal"),
    ],
)
def test_wrong_usage_is_status_2(repo: Repo, run: Run, argv: list[str], message: str) -> None:
    words = [word.replace("TOKEN", token().decode()) for word in argv]
    done = run("baseline", *words)
    assert done.status == 2
    assert message in done.err.decode()
    assert token() not in done.err


def test_a_broken_entry_is_status_2_with_its_line(repo: Repo, run: Run) -> None:
    repo.commit({"a.py": token(), ".xoxscan-baseline/v1.x.yaml": b"rule: x\nno\n"})
    done = run("baseline", "update", *WHO)
    assert done.status == 2
    assert b"work tree:.xoxscan-baseline/v1.x.yaml:2: not of the form" in done.err


def test_what_cannot_be_written_is_status_3_and_leaves_nothing(repo: Repo, run: Run, tmp_path: Path) -> None:
    repo.commit({"a.py": token()})
    (tmp_path / "file").write_bytes(b"")
    done = run("baseline", "write", *WHO, "--baseline", tmp_path / "file")
    assert done.status == 3
    assert b"cannot write to" in done.err
    assert (tmp_path / "file").read_bytes() == b""


def test_an_entry_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = Known(Entry("v1:bot:" + "a" * 52, "why", "me"), "rule")
    baseline.store(tmp_path, known)

    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(OutputError, match="No space left"):
        baseline.store(tmp_path, known._replace(verdict="real"))
    assert os.listdir(tmp_path) == [filename(known.entry.what)]
    assert entries(tmp_path) == {known.entry.what: "known"}


GONE = "v1:bot:" + "b" * 52


@pytest.fixture
def one_gone(repo: Repo, run: Run) -> Repo:
    """A repository with an entry that still occurs, and one that does not."""
    repo.commit({"a.py": token()})
    run("baseline", "write", *WHO)
    baseline.store(FOLDER, Known(Entry(GONE, "long\x1b[31m gone", "me"), "rule", "to****"))
    return repo


def test_prune_takes_out_what_occurs_no_more(one_gone: Repo, run: Run) -> None:
    done = run("baseline", "prune", "--yes")
    assert done.status == 0
    assert f"{GONE}  to****  long [31m gone (me)\n1 taken out of .xoxscan-baseline, 1 left\n".encode() == done.out
    assert len(entries()) == 1
    assert run("baseline", "prune", "--yes").out == b"all 1 entries of .xoxscan-baseline still occur\n"


def test_what_is_suppressed_otherwise_still_occurs(one_gone: Repo, run: Run) -> None:
    one_gone.commit({".xoxscan.yaml": b"paths:\n- pattern: '*.py'\n  reason: x\n  owner: x\n"})
    assert run("history").status == 0
    run("baseline", "prune", "--yes")
    assert len(entries()) == 1


@pytest.mark.parametrize(("answer", "left"), [("y\n", 1), ("yes\n", 1), ("n\n", 2), ("\n", 2), ("\x04", 2)])
def test_prune_asks(one_gone: Repo, answer: str, left: int) -> None:
    status, seen = talk(["baseline", "prune"], [("take out these 1? [y/N] ", answer)])
    assert status == 0
    assert GONE in seen
    assert len(entries()) == left


def test_prune_wants_a_complete_report(one_gone: Repo, run: Run) -> None:
    partial = report(run, "history")
    staged = {**partial, "target": {"kind": "staged", "repository": None, "head": None, "range": None}}
    done = run("baseline", "prune", "--yes", "--report", "-", stdin=json.dumps(staged).encode())
    assert (done.status, b"a report of staged does not tell" in done.err) == (2, True)
    partial["problems"] = [{"what": "x", "message": "y", "hint": "z"}]
    done = run("baseline", "prune", "--yes", "--report", "-", stdin=json.dumps(partial).encode())
    assert (done.status, done.err) == (3, b"xoxscan: what is gone cannot be told: x: y\n  z\n")
    assert len(entries()) == 2


def test_prune_looks_at_all_of_the_history_wherever_it_is_called(
    one_gone: Repo, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (one_gone.path / "sub").mkdir()
    monkeypatch.chdir(one_gone.path / "sub")
    assert run("baseline", "prune", "--yes").out.endswith(b"1 taken out of ../.xoxscan-baseline, 1 left\n")


def test_prune_takes_out_nothing_that_only_history_may_hold(one_gone: Repo, run: Run) -> None:
    one_gone.commit({"a.py": b"none"})
    scanned = run("scan", "-f", "json").out
    for argv, stdin in ((["scan"], b""), (["--report", "-"], scanned)):
        done = run("baseline", "prune", "--yes", *argv, stdin=stdin)
        assert (done.status, b"history may hold it still" in done.err) == (2, True)
        assert b"  xoxscan baseline prune history looks at everything\n" in done.err
    assert len(entries()) == 2
    assert run("baseline", "prune", "history", "--yes").out.endswith(b"1 taken out of .xoxscan-baseline, 1 left\n")


def test_outside_of_git_a_scan_tells_what_is_gone(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.py").write_bytes(token())
    run("baseline", "write", *WHO)
    baseline.store(FOLDER, Known(Entry(GONE, "gone", "me"), "rule", "to****"))
    assert run("baseline", "prune", "scan", "--yes").out.endswith(b"1 taken out of .xoxscan-baseline, 1 left\n")


def test_a_folder_behind_a_symlink_is_refused(repo: Repo, run: Run, tmp_path: Path) -> None:
    repo.commit({"a.py": token()})
    (tmp_path / "elsewhere").mkdir()
    FOLDER.symlink_to(tmp_path / "elsewhere")
    done = run("baseline", "write", *WHO)
    assert (done.status, b"is a symlink" in done.err) == (2, True)
    assert os.listdir(tmp_path / "elsewhere") == []
