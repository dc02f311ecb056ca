"""What git is kept from: circles of deltas, and objects that are no plain file. All count; a hundred are shown."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scanner.git.repository import Repository, find
from scanner.git.run import _ROOM
from scanner.sources.fences import Fence, bounded, fence
from tests.conftest import Repo
from tests.pack import packs
from tests.pack.packs import REF, Entry, copy, delta

MADE = delta(9, 9, copy(0, 9))
GIT_WAITS = "the object is no plain file, at which git waits for ever: it was not asked for anything in packs"


@pytest.fixture
def bare(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "bare", "--bare")


def found(repo: Repo) -> Repository:
    return find(str(repo.path), os.environ, own=False)


def ids(count: int) -> list[bytes]:
    return [number.to_bytes(20, "big") for number in range(1, count + 1)]


def add_ring(repo: Repo, name: str, names: list[bytes]) -> None:
    """A pack of deltas, each made from the next, and the last from the first."""
    packs.add(repo.path, name, [Entry(REF, MADE, named=base) for base in (*names[1:], names[0])], names)


def add_pipes(repo: Repo, count: int) -> list[str]:
    """So many objects that are pipes; their ids."""
    (repo.path / "objects/ab").mkdir()
    names = [f"{number:038x}" for number in range(count)]
    for name in names:
        os.mkfifo(repo.path / "objects/ab" / name)
    return [f"ab{name}" for name in names]


def test_nothing_is_kept_from_git_in_a_sound_repository(repo: Repo) -> None:
    repo.commit({"a": b"one\n"})
    assert fence(found(repo)) == Fence()
    repo.git("repack", "-adq")
    assert fence(found(repo)) == Fence()


def test_a_circle_is_told_with_what_it_is_made_of(bare: Repo) -> None:
    add_ring(bare, "ring", ids(3))
    kept = fence(found(bare))
    assert kept.odd == {oid.hex().encode() for oid in ids(3)}
    (problem,) = kept.problems
    assert problem.what == "pack-ring.pack" and "git never ends at them" in problem.message
    assert problem.message.endswith(": " + " ".join(oid.hex() for oid in ids(3)))
    assert "a fresh clone has it whole" in problem.hint


def test_of_a_large_circle_a_hundred_are_shown(bare: Repo) -> None:
    add_ring(bare, "ring", ids(1102))
    kept = fence(found(bare))
    assert len(kept.odd) == 1102
    assert kept.problems[0].message.endswith(f" {ids(100)[-1].hex()} and 1,002 more")


def test_a_circle_that_is_borrowed(bare: Repo, tmp_path: Path) -> None:
    add_ring(bare, "ring", ids(2))
    other = Repo(tmp_path / "other", "--bare")
    (other.path / "objects/info/alternates").write_text(f"{bare.path}/objects\n")
    assert fence(found(other)) == fence(found(bare)) != Fence()


def test_objects_that_are_no_plain_file(bare: Repo) -> None:
    oids = add_pipes(bare, 2)
    kept = fence(found(bare))
    assert [tuple(problem) for problem in kept.problems] == [(oid, GIT_WAITS, "remove it") for oid in oids]
    assert kept.odd == {oid.encode() for oid in oids}


def test_of_very_many_a_hundred_are_shown(bare: Repo) -> None:
    oids = add_pipes(bare, 103)
    add_ring(bare, "ring", ids(2))
    kept = fence(found(bare))
    assert [problem.what for problem in kept.problems] == ["pack-ring.pack", *oids[:100], "git objects"]
    assert kept.problems[-1].message == f"{GIT_WAITS}: 3 more"
    assert len(kept.odd) == 105


def test_git_gets_room_for_all_packs(bare: Repo, tmp_path: Path) -> None:
    other = Repo(tmp_path / "other", "--bare")
    (other.path / "objects/info/alternates").write_text(f"{bare.path}/objects\n")
    assert bounded(found(other)).git.room == _ROOM
    add_ring(bare, "ring", ids(2))
    size = sum(file.stat().st_size for file in (bare.path / "objects/pack").iterdir())
    repository = found(other)
    room = bounded(repository)
    assert room.git.room == _ROOM + size
    assert room._replace(git=repository.git) == repository
