"""Packs that git passes over in silence: each is a problem, whichever engine looks."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from scanner import rules
from scanner.git.packs import unusable
from scanner.git.repository import find
from scanner.sources import engines
from scanner.sources.history import Scope
from scanner.sources.jobs import Job
from tests.conftest import Repo, token

WIDTH = 20


@pytest.fixture
def folder(repo: Repo) -> Path:
    """The packs of a repository with one pack and no loose object."""
    repo.commit({"a": token(), "b": b"nothing"})
    repo.git("repack", "-adq")
    repo.git("prune-packed")
    return repo.path / ".git/objects/pack"


def cut(file: Path, at: int = 100) -> None:
    """Nothing but the beginning."""
    data = file.read_bytes()[:at]
    file.unlink()
    file.write_bytes(data)


def changed(file: Path, at: int, data: bytes) -> None:
    """Other bytes at an offset."""
    whole = bytearray(file.read_bytes())
    whole[at % len(whole) : at % len(whole) + len(data)] = data
    file.unlink()
    file.write_bytes(whole)


FAULTS: list[tuple[str, Callable[[Path], None], str]] = [
    (".idx", cut, "its index is damaged"),
    (".idx", lambda file: cut(file, -30), "its index is damaged"),
    (".idx", lambda file: changed(file, 8, b"\xff"), "its index is damaged"),
    (".pack", lambda file: changed(file, 0, b"PICK"), "it does not begin as a pack does"),
    (".pack", lambda file: changed(file, 7, b"\x09"), "it does not begin as a pack does"),
    (".pack", lambda file: changed(file, 11, b"\x63"), "it does not belong to its index"),
    (".pack", lambda file: changed(file, -1, b"\x00\x00"), "it does not belong to its index"),
    (".pack", lambda file: cut(file, 5), "it does not begin as a pack does"),
]


@pytest.mark.parametrize(("suffix", "damage", "fault"), FAULTS)
def test_each_fault_is_told_whichever_engine_looks(
    repo: Repo, folder: Path, suffix: str, damage: Callable[[Path], None], fault: str
) -> None:
    (file,) = folder.glob(f"*{suffix}")
    damage(file)
    assert [why for _, why in unusable(str(folder.parent), WIDTH)] == [fault]
    repository = find(str(repo.path), os.environ, own=False)
    job = Job(repository.git, rules.builtin(), 5.0)
    for name in ("auto", "git"):
        seen = engines.look(name, repository, job, Scope(), 1).seen
        assert [problem.message for problem in seen.problems if file.stem in problem.what] == [
            f"git does not look into this pack: {fault}"
        ]


def test_sound_packs(repo: Repo, folder: Path) -> None:
    assert list(unusable(str(folder.parent), WIDTH)) == []
    (index,) = folder.glob("*.idx")
    (pack,) = folder.glob("*.pack")
    index.unlink()
    repo.git("index-pack", "--index-version=1", str(pack))
    assert list(unusable(str(folder.parent), WIDTH)) == []


def test_a_pack_that_only_a_multi_pack_index_knows(repo: Repo, folder: Path) -> None:
    repo.git("multi-pack-index", "write")
    (index,) = folder.glob("*.idx")
    index.unlink()
    assert list(unusable(str(folder.parent), WIDTH)) == [(index.stem, "it has no index of its own")]


def test_no_packs_and_packs_that_go(repo: Repo, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(unusable("/nowhere", WIDTH)) == []
    monkeypatch.setattr(os, "listdir", lambda path: ["pack-gone.idx", "pack-gone.pack"])
    assert list(unusable(str(folder.parent), WIDTH)) == []


def test_a_pack_that_may_not_be_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (pack,) = folder.glob("*.pack")
    pack.unlink()
    pack.mkdir()
    assert list(unusable(str(folder.parent), WIDTH)) == [(pack.stem, "Is a directory")]
