"""What is made ready once and kept for the next run."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import hyperscan
import pytest

from scanner import onepass, rules
from scanner.detect import Detector
from scanner.sources.compiled import Compiled, compiled
from tests.conftest import Repo, Run, token

MADE = b"made" * 1000


@pytest.fixture
def kept(tmp_path: Path) -> Compiled:
    return Compiled(str(tmp_path / "cache"))


def only(kept: Compiled) -> Path:
    (file,) = Path(kept.where).iterdir()
    return file


def test_it_is_as_it_was_by_its_key_alone(kept: Compiled) -> None:
    assert kept.load("a") is None and not os.path.exists(kept.where)
    kept.save("a", MADE)
    assert kept.load("a") == MADE and kept.load("b") is None
    only(kept).rename(os.path.join(kept.where, only(kept).name.replace("a", "b")))
    assert kept.load("b") is None
    assert only(kept).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("at", [0, 31, 32, 40, -1])
def test_one_byte_of_it_differs(kept: Compiled, at: int) -> None:
    kept.save("a", MADE)
    content = bytearray(only(kept).read_bytes())
    content[at] ^= 1
    only(kept).write_bytes(content)
    assert kept.load("a") is None
    only(kept).write_bytes(b"")
    assert kept.load("a") is None
    kept.save("a", MADE)
    assert kept.load("a") == MADE


def test_others_may_write(kept: Compiled) -> None:
    kept.save("a", MADE)
    only(kept).chmod(0o620)
    assert kept.load("a") is None
    only(kept).chmod(0o600)
    os.chmod(kept.where, 0o777)
    assert kept.load("a") is None
    kept.save("b", MADE)
    os.chmod(kept.where, 0o700)
    assert kept.load("a") == MADE and kept.load("b") is None


def test_a_link(kept: Compiled, tmp_path: Path) -> None:
    kept.save("a", MADE)
    only(kept).rename(tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", os.path.join(kept.where, "xoxscan-literals-a.bin"))
    assert kept.load("a") is None


def test_few_are_kept(kept: Compiled) -> None:
    for number in range(9):
        kept.save(str(number), MADE)
        os.utime(os.path.join(kept.where, f"xoxscan-literals-{number}.bin"), (number, number))
    assert [number for number in range(9) if kept.load(str(number))] == [5, 6, 7, 8]


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    there = Compiled(str(tmp_path / "file" / "cache"))
    there.save("a", MADE)
    assert there.load("a") is None


def test_a_read_only_folder(open_folder: Path, unprivileged: Callable[[], None]) -> None:
    where = open_folder / "cache"
    where.mkdir(mode=0o500)
    os.chown(where, 65534, 65534) if os.geteuid() == 0 else None
    unprivileged()
    there = Compiled(str(where))
    there.save("a", MADE)
    assert there.load("a") is None


def test_not_inside_what_is_scanned(tmp_path: Path) -> None:
    assert compiled(str(tmp_path / "a"), [str(tmp_path / "b")]) == Compiled(str(tmp_path / "a"))
    assert compiled(str(tmp_path / "b" / "a"), [str(tmp_path / "b")]) is None


@pytest.mark.parametrize("content", [None, b"", b"no database"])
def test_a_second_run_sees_the_same(content: bytes | None, kept: Compiled, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    make = onepass._database

    def counted(literals: Sequence[bytes]) -> hyperscan.Database:
        made.append(len(literals))
        return make(literals)

    monkeypatch.setattr(onepass, "_database", counted)
    text = b"a " + token().replace(b"x", b"%78") + b" b"

    def seen() -> object:
        one = Detector(rules.builtin(), 5, True, ("percent", "base64"), keep=kept)
        return one.may_hold(text), one.views(text), one.reach

    first = seen()
    if content is not None:
        (name,) = os.listdir(kept.where)
        kept.save(name.removeprefix("xoxscan-literals-").removesuffix(".bin"), content)
    assert seen() == first
    rules_alone, both = made[:2]
    assert made == [rules_alone, both, rules_alone, *([] if content is None else [both])]


def test_scan_leaves_it_and_history_takes_it(
    run: Run, repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XOXSCAN_CACHE_DIR", str(tmp_path / "cache"))
    repo.commit({"a.txt": b"nothing"})
    assert run("scan").status == 0
    (before,) = (tmp_path / "cache").iterdir()
    stamp = before.stat().st_mtime_ns
    assert run("scan").status == run("history").status == run("scan", "--no-decode").status == 0
    assert [(file, file.stat().st_mtime_ns) for file in (tmp_path / "cache").glob("*literals*")] == [(before, stamp)]
    monkeypatch.setenv("XOXSCAN_CACHE_DIR", str(repo.path / "cache"))
    assert run("scan").status == run("history").status == 0
    assert not (repo.path / "cache").exists()


def test_what_a_killed_run_left_goes_first(kept: Compiled) -> None:
    kept.save("a", MADE)
    for number in range(4):
        (Path(kept.where) / f"xoxscan-literals-left.bin.{number}").write_bytes(b"torn")
    kept.save("b", MADE)
    assert kept.load("a") == kept.load("b") == MADE
    assert len(os.listdir(kept.where)) == 4
