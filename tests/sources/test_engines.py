"""Which engine looks, what is said where that is not the one that was asked for, and what a comparison sees."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import pytest

from scanner.errors import GitError, UsageError
from scanner.git.repository import find
from scanner.model import Problem
from scanner.sources import engines, packed
from scanner.sources.fences import Fence
from scanner.sources.history import SILENT, Scope, Seen
from scanner.sources.jobs import Job
from tests.conftest import Repo, token
from tests.pack.packs import OWN, RULES

pytestmark = pytest.mark.processes

REACHABLE = Scope(reachable=True)


def looked(repo: Repo, engine: str, scope: Scope = OWN, kept: Fence | None = None) -> engines.Looked:
    repository = find(str(repo.path), os.environ, own=False)
    return engines.look(engine, repository, Job(repository.git, RULES, 5.0), scope, 1, SILENT, None, kept)


def messages(seen: Seen) -> list[str]:
    return [problem.message for problem in seen.problems]


@pytest.fixture
def scanned(repo: Repo) -> Repo:
    repo.commit({"a": token(), "b": b"nothing"})
    repo.git("gc", "-q")
    return repo


@pytest.fixture
def lacking(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the extra `history` is not installed."""
    monkeypatch.setitem(sys.modules, "hyperscan", None)


@pytest.mark.parametrize("engine", engines.NAMES)
def test_each_finds_the_token(scanned: Repo, engine: str) -> None:
    found = looked(scanned, engine)
    assert (found.note, found.seen.problems, found.seen.blobs, found.seen.commits) == ("", (), 2, 1)
    assert sum(bool(item.examined.hits) for item in found.seen.found) == 1


def test_without_the_extra_git_looks_and_it_is_said(scanned: Repo, lacking: None) -> None:
    expected = looked(scanned, "git")
    found = looked(scanned, "auto")
    assert found.seen == expected.seen and not expected.note
    assert "takes longer than the pack engine: hyperscan is not installed" in found.note
    assert found.whole() == found.seen


@pytest.mark.parametrize("engine", ["pack", "both"])
def test_who_asks_for_what_is_not_there_is_told(scanned: Repo, lacking: None, engine: str) -> None:
    with pytest.raises(UsageError, match=f"--engine {engine}: hyperscan is not installed") as raised:
        looked(scanned, engine)
    assert "history" in raised.value.hint
    with pytest.raises(UsageError, match="what refs reach is listed by git") as raised:
        looked(scanned, engine, REACHABLE)
    assert raised.value.hint == "use --engine git"


def test_what_refs_reach_is_listed_by_git_and_needs_no_word(scanned: Repo) -> None:
    assert looked(scanned, "auto", REACHABLE) == looked(scanned, "git", REACHABLE)


@pytest.mark.parametrize(("engine", "scope"), [("git", OWN), ("auto", REACHABLE)])
def test_nothing_is_looked_at_where_only_git_could(scanned: Repo, engine: str, scope: Scope) -> None:
    kept = Fence((Problem("pack-ring.pack", "a circle"),))
    found = looked(scanned, engine, scope, kept).seen
    assert messages(found) == ["a circle", "nothing was looked at: git would not come to an end"]
    assert not found.blobs


def test_where_the_pack_engine_cannot_either(scanned: Repo) -> None:
    (pack,) = (scanned.path / ".git/objects/pack").glob("*.pack")
    pack.chmod(0o644)
    pack.write_bytes(pack.read_bytes()[:-1])
    kept = Fence((Problem("pack-ring.pack", "a circle"),))
    assert "nothing was looked at" in messages(looked(scanned, "auto", kept=kept).seen)[1]
    assert "as the pack engine cannot read all packs" in looked(scanned, "auto").note
    with pytest.raises(GitError, match="does not fit its index"):
        looked(scanned, "pack")


LINE = b"0123456789abcdef0123456789abcdef01234567 9 blob\n"
MORE, NOTHING, AGAIN = "only the pack engine saw it so", "the pack engine did not see it so", "more than once"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda seen: seen._replace(looked=seen.looked + LINE), MORE),
        (lambda seen: seen._replace(looked=seen.looked.split(b"\n", 1)[1]), NOTHING),
        (lambda seen: seen._replace(looked=seen.looked + seen.looked.splitlines(True)[0]), AGAIN),
        (lambda seen: seen._replace(found=()), "the engines differ in what they found"),
    ],
)
def test_a_comparison_sees_every_difference(
    scanned: Repo, monkeypatch: pytest.MonkeyPatch, change: Callable[[Seen], Seen], said: str
) -> None:
    true = packed.engine
    monkeypatch.setattr(packed, "engine", lambda *run: change(true(*run)))
    (told,) = messages(looked(scanned, "both").seen)
    assert said in told
