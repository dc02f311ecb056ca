"""What is known of a repository, where things move meanwhile or parts are absent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scanner import rules
from scanner.errors import GitError
from scanner.git.repository import Repository, find
from scanner.sources import engines, known, packed
from scanner.sources.cache import Cache
from scanner.sources.history import SILENT, Scope
from scanner.sources.jobs import Job
from scanner.sources.known import Knowledge, Memory
from scanner.sources.portions import Pool
from tests.conftest import Repo, token


@pytest.fixture
def repository(repo: Repo) -> Repository:
    """With a token and clean files, packed."""
    repo.git("config", "gc.auto", "0")
    repo.commit({"a": b"clean\n", "b": token(seed=1) + b"\n"})
    repo.commit({"a": b"more\n"})
    repo.git("repack", "-adq")
    return find(str(repo.path), dict(os.environ), own=False)


def job(repository: Repository) -> Job:
    return Job(repository.git, rules.builtin(), 5.0)


def look(repository: Repository, cache: Cache) -> engines.Looked:
    return engines.look("auto", repository, job(repository), Scope(), 1, SILENT, cache)


def memory(repository: Repository, cache: Cache) -> Memory:
    made = known.memory(cache, repository, job(repository), Scope())
    assert made
    return made


def recalled(repository: Repository, cache: Cache) -> Knowledge:
    kept = memory(repository, cache)
    now = kept.here()
    assert now
    return kept.recall(now)


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(str(tmp_path / "cache"))


def test_what_is_known(repository: Repository, cache: Cache) -> None:
    look(repository, cache)
    knowledge = recalled(repository, cache)
    assert (knowledge.counts.blobs, knowledge.counts.commits, len(knowledge.again)) == (2, 2, 1)
    assert known.parse(known.written(knowledge)) == knowledge


@pytest.mark.parametrize("extra", [True, False])
def test_lineage(repository: Repository, cache: Cache, monkeypatch: pytest.MonkeyPatch, extra: bool) -> None:
    """It is read when it is asked for, by either engine."""
    first = look(repository, cache).whole()
    again = look(repository, cache)
    assert again.seen.lineage == b"" and again.seen._replace(lineage=first.lineage) == first
    if not extra:
        monkeypatch.setattr(engines, "_lacking", lambda scope: "it is not there")
    assert sorted(again.whole().lineage.splitlines()) == sorted(first.lineage.splitlines())


def test_lineage_of_odd_packs(repository: Repository, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    first = look(repository, cache).whole()
    again = look(repository, cache)

    def odd(*_: object) -> bytes:
        raise GitError("odd")

    monkeypatch.setattr(packed, "lineage", odd)
    assert sorted(again.whole().lineage.splitlines()) == sorted(first.lineage.splitlines())


def test_what_comes_while_it_is_looked_at(
    repo: Repo, repository: Repository, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is kept then."""
    done = packed.onward

    def slow(*arguments: object) -> packed.Scanned:
        found = done(*arguments)  # type: ignore[arg-type]
        repo.git("hash-object", "-w", "--stdin", stdin=b"new")
        return found

    monkeypatch.setattr(packed, "onward", slow)
    look(repository, cache)
    assert not recalled(repository, cache).any()


def test_what_goes_is_forgotten_and_what_is_damaged_is_not(repo: Repo, repository: Repository, cache: Cache) -> None:
    kept = memory(repository, cache)
    now = kept.here()
    assert now
    pool = Pool(iter(()))  # type: ignore[arg-type]
    pool.missing = [b"a", b"b"]
    known.forget(pool, [b"a"], kept, now)
    assert pool.missing == [b"a", b"b"]
    repo.git("hash-object", "-w", "--stdin", stdin=b"new")
    known.forget(pool, [b"a"], kept, now)
    assert pool.missing == [b"b"]


def test_packs_that_only_a_multi_pack_index_lists(repo: Repo, repository: Repository, cache: Cache) -> None:
    repo.git("multi-pack-index", "write")
    (index,) = (repo.path / ".git/objects/pack").glob("*.idx")
    index.unlink()
    assert memory(repository, cache).here() is None
    seen = look(repository, cache)
    assert seen.lineage is None and "read through git" in seen.note


def test_no_pack_folder(repo: Repo, repository: Repository, cache: Cache) -> None:
    os.rename(repo.path / ".git/objects/pack", repo.path / "away")
    now = memory(repository, cache).here()
    assert now and not now.packs


def test_alternates_that_cannot_be_told(repo: Repo, repository: Repository, cache: Cache) -> None:
    (repo.path / ".git/objects/info/alternates").write_bytes(b'"quoted"\n')
    assert known.memory(cache, repository, job(repository), Scope(alternates=True)) is None


def test_a_dead_worker_is_not_called_known(
    repository: Repository, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was not looked at, and it cannot be told what: nothing is kept."""
    monkeypatch.setattr("scanner.sources.tally.Tally.take", _fails)
    repository.git.run("hash-object", "-w", "--stdin", stdin=b"loose")
    assert look(repository, cache).seen.problems
    assert not recalled(repository, cache).any()


def _fails(*_: object) -> int:
    raise RuntimeError("a bug")
