"""The file of what earlier runs know: whatever happens to it, a run goes on."""

from __future__ import annotations

import os
import pathlib
import sqlite3
import subprocess
import sys
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.sources import cache as caches
from scanner.sources.cache import EACH, NAME, SETS, Cache, Row
from scanner.sources.owned import folder
from tests.conftest import MODES

PLACE = b"place"
ROW = Row(b"packs\n", b"value")


def only(every: list[bytes]) -> bytes | None:
    """Takes the last of the sets."""
    return every[-1] if every else None


@pytest.fixture
def cache(tmp_path: pathlib.Path) -> Cache:
    """With one row."""
    made = Cache(str(tmp_path / "cache"))
    made.save(PLACE, ROW)
    assert made.load(PLACE, only) == ROW and made.notes == []
    return made


def test_where() -> None:
    assert folder({"XOXSCAN_CACHE_DIR": "here", "HOME": "/h"}) == os.path.abspath("here")
    assert folder({"XDG_CACHE_HOME": "/x", "HOME": "/h"}) == "/x/xoxscan"
    assert folder({"XDG_CACHE_HOME": "x", "HOME": "/h"}) == "/h/.cache/xoxscan"
    assert folder({}) == os.path.join(os.path.expanduser("~"), ".cache", "xoxscan")


def test_nothing_is_made_by_asking(tmp_path: pathlib.Path) -> None:
    made = Cache(str(tmp_path / "a" / "b"))
    assert made.load(PLACE, only) is None and made.told() == [] and not (tmp_path / "a").exists()
    made.save(PLACE, ROW)
    assert made.load(b"other", only) is None
    assert made.load(PLACE, lambda every: None) is None


def test_a_row_is_replaced(cache: Cache) -> None:
    cache.save(PLACE, ROW._replace(value=b"new"))
    assert cache.load(PLACE, only) == Row(ROW.packs, b"new")


def thrown_away(cache: Cache, word: str) -> None:
    """The file is gone with a note that says so; the next one is as good as new."""
    assert cache.load(PLACE, only) is None
    (note,) = cache.told()
    assert word in note and "thrown away" in note and not os.path.exists(cache.path)
    cache.save(PLACE, ROW)
    assert cache.load(PLACE, only) == ROW and cache.told() == []


@pytest.mark.parametrize("size", [1, 20, 99, 300, 2048])
def test_torn(cache: Cache, size: int) -> None:
    os.truncate(cache.path, size)
    thrown_away(cache, "damaged")


def test_empty(cache: Cache) -> None:
    os.truncate(cache.path, 0)
    assert cache.load(PLACE, only) is None
    cache.save(PLACE, ROW)
    assert cache.load(PLACE, only) == ROW and cache.told() == []


def test_not_a_database(cache: Cache) -> None:
    pathlib.Path(cache.path).write_bytes(b"some text that somebody left here\n" * 99)
    thrown_away(cache, "damaged")


def changed(cache: Cache, *statements: str) -> None:
    """Does something to the file, as another program would."""
    db = sqlite3.connect(cache.path, isolation_level=None)
    for statement in statements:
        db.execute(statement)
    db.close()


def test_another_programs(cache: Cache) -> None:
    changed(cache, "PRAGMA application_id = 7")
    thrown_away(cache, "another program's")


def test_tables_of_nobody(cache: Cache) -> None:
    os.unlink(cache.path)
    changed(cache, "CREATE TABLE theirs (a)")
    os.chmod(cache.path, 0o600)
    thrown_away(cache, "another program's")


def test_newer(cache: Cache) -> None:
    changed(cache, "PRAGMA user_version = 99")
    thrown_away(cache, "newer")


def test_a_table_that_is_gone(cache: Cache) -> None:
    changed(cache, "DROP TABLE sets")
    thrown_away(cache, "damaged")


@pytest.mark.parametrize("change", ["value = x'00'", "digest = x'00'", "packs = x'00'", "place = x'706c6163'"])
def test_a_row_that_was_changed(cache: Cache, change: str) -> None:
    """A flipped bit, or two processes on a file that was replaced: nothing is made of it."""
    changed(cache, f"UPDATE sets SET {change}")
    assert cache.load(PLACE if "place" not in change else b"plac", only) is None
    assert "damaged" in cache.told()[0]


@MODES
def test_open_to_others(cache: Cache) -> None:
    os.chmod(cache.path, 0o644)
    assert cache.load(PLACE, only) == ROW and os.stat(cache.path).st_mode & 0o777 == 0o600
    os.chmod(cache.path, 0o666)
    thrown_away(cache, "open to others")


def without(cache: Cache, word: str) -> None:
    """No cache, and a note of it; nothing is thrown away."""
    assert cache.load(PLACE, only) is None
    cache.save(PLACE, ROW)
    (note,) = cache.told()
    assert "no cache is used" in note and word in note


def test_a_link(cache: Cache, tmp_path: pathlib.Path) -> None:
    other = tmp_path / "other"
    os.rename(cache.path, other)
    before = other.read_bytes()
    os.symlink(other, cache.path)
    without(cache, "no plain file")
    assert other.read_bytes() == before and os.path.islink(cache.path)


@MODES
def test_a_folder_that_others_may_write_into(cache: Cache) -> None:
    os.chmod(cache.where, 0o770)
    without(cache, "others may write")


@MODES
def test_an_empty_folder_becomes_ours(tmp_path: pathlib.Path) -> None:
    os.chmod(tmp_path, 0o770)
    made = Cache(str(tmp_path))
    made.save(PLACE, ROW)
    assert tmp_path.stat().st_mode & 0o777 == 0o700 and made.load(PLACE, only) == ROW


def test_somebody_elses(cache: Cache) -> None:
    if os.geteuid():
        pytest.skip("only root gives files away")
    os.chown(cache.path, 12345, 12345)
    without(cache, "belongs to somebody else")
    os.chown(cache.where, 12345, 12345)
    without(cache, "belongs to somebody else")


def test_a_file_in_place_of_the_folder(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").touch()
    made = Cache(str(tmp_path / "file" / "cache"))
    made.save(PLACE, ROW)
    assert "no cache is used" in made.told()[0]


def test_a_read_only_folder(open_folder: pathlib.Path, unprivileged: Callable[[], None]) -> None:
    where = open_folder / "cache"
    where.mkdir(mode=0o500)
    os.chown(where, 65534, 65534) if os.geteuid() == 0 else None
    unprivileged()
    made = Cache(str(where))
    made.save(PLACE, ROW)
    assert made.load(PLACE, only) is None and len(made.told()) == 1


_FULL = """
import resource, sys
from scanner.sources.cache import Cache, Row
cache = Cache(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
cache.save(b"place", Row(b"more", b"x" * 100_000))
print(cache.notes, cache.load(b"place", lambda every: every[0]))
"""


@pytest.mark.parametrize("size", [0, 100, 5000, 40_000, 70_000])
def test_a_full_disk(cache: Cache, size: int) -> None:
    """Nothing is written; what was there stays."""
    done = subprocess.run([sys.executable, "-c", _FULL, cache.where, str(size)], capture_output=True, check=True)
    assert b"no cache is used" in done.stdout
    assert cache.load(PLACE, only) == ROW and cache.told() == []


def test_somebody_writes(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is there can be read; what is new is not kept."""
    monkeypatch.setattr(caches, "_PATIENCE", 0.01)
    db = sqlite3.connect(cache.path, isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    assert cache.load(PLACE, only) == ROW
    cache.save(PLACE, Row(b"more", b""))
    db.close()
    assert "locked" in cache.told()[0] and cache.load(PLACE, only) == ROW


_MANY = """
import sys
from scanner.sources import cache as caches
from scanner.sources.cache import Cache, Row
caches._PATIENCE = 60.0  # a busy machine is no reason to go without
cache = Cache(sys.argv[1])
for number in range(20):
    cache.save(sys.argv[2].encode(), Row(b"%d" % (number % 3), b"x" * number))
    row = cache.load(sys.argv[2].encode(), lambda every: every[-1])
    assert row and len(row.value) == number, (row, cache.notes)
print(cache.notes)
"""


def test_two_processes(tmp_path: pathlib.Path) -> None:
    """They begin the file together, too."""
    command = [sys.executable, "-c", _MANY, str(tmp_path / "cache")]
    running = [subprocess.Popen([*command, name], stdout=subprocess.PIPE) for name in ("a", "b", "c")]
    assert [process.communicate()[0] for process in running] == [b"[]\n"] * 3


def test_it_does_not_grow(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(EACH + 2):
        cache.save(b"one", Row(b"%d" % number, b"v"))
    assert sqlite3.connect(cache.path).execute("SELECT count(*) FROM sets").fetchone() == (EACH + 1,)
    assert cache.load(PLACE, only) == ROW  # used last: forgotten last
    for number in range(SETS - 1):
        cache.save(b"%d" % number, ROW)
    assert cache.load(PLACE, only) == ROW and cache.load(b"one", only) is None
    monkeypatch.setattr(caches, "_MOST", 1000)
    cache.save(b"new", Row(b"p", b"v" * 990))
    assert cache.load(b"new", only) and cache.load(PLACE, only) is None
    monkeypatch.setattr(caches, "_LARGEST", 10)
    cache.save(b"huge", Row(b"p", b"v" * 20))
    assert cache.load(b"huge", only) is None and cache.told() == []


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 20_000), st.binary(min_size=1, max_size=300))
def test_any_bytes_anywhere(tmp_path_factory: pytest.TempPathFactory, at: int, data: bytes) -> None:
    """What is damaged anywhere gives what was kept, or nothing."""
    made = Cache(str(tmp_path_factory.mktemp("cache")))
    made.save(PLACE, ROW)
    with open(made.path, "r+b") as file:
        file.seek(at)
        file.write(data)
    assert made.load(PLACE, only) in (ROW, None)
    made.save(PLACE, ROW)
    made.load(PLACE, only)


def test_lies_in(cache: Cache, tmp_path: pathlib.Path) -> None:
    os.symlink(cache.where, tmp_path / "link")
    assert not cache.lies_in([str(tmp_path / "other"), cache.where + "x"]) and cache.told() == []
    for inside in (cache.where, str(tmp_path), str(tmp_path / "link"), "/"):
        assert cache.lies_in([inside]) and len(cache.told()) == 1
    assert NAME in os.listdir(cache.where)
