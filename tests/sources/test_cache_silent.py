"""What names Slack and holds nothing is read once, as long as the rules are the same."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest

from scanner import rules
from scanner.examine import UNFOLDS, Examined
from scanner.git.lfs import store
from scanner.git.repository import Repository, find
from scanner.inside import is_silent
from scanner.model import Rule
from scanner.sources import engines, known
from scanner.sources.cache import Cache
from scanner.sources.history import SILENT, Scope
from scanner.sources.jobs import Job
from scanner.sources.known import Knowledge
from tests.conftest import Repo, token

RULES = rules.builtin()
NAMED = b"the secret of slack is %d\n"  # what two rules ask for
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12\n# slack secret\n"


@pytest.fixture
def repository(repo: Repo) -> Repository:
    """Packed, with a token, and with files that name Slack: plain ones, one of Git LFS, and a commit."""
    repo.git("config", "gc.auto", "0")
    repo.commit({"a": NAMED % 1, "b": token(seed=1) + b"\n", "c": b"clean\n", "d": POINTER})
    repo.commit({"a": NAMED % 2}, message="slack's secret")
    repo.git("repack", "-adq")
    return find(str(repo.path), dict(os.environ), own=False)


@pytest.fixture
def cache(tmp_path_factory: pytest.TempPathFactory) -> Cache:
    return Cache(str(tmp_path_factory.mktemp("cache")))


def job(repository: Repository, wanted: Sequence[Rule] = RULES, explain: bool = False) -> Job:
    return Job(repository.git, tuple(wanted), 5.0, explain=explain, decode=True, store=store(repository))


def look(repository: Repository, cache: Cache, made: Job) -> engines.Looked:
    return engines.look("auto", repository, made, Scope(), 1, SILENT, cache)


def recalled(repository: Repository, cache: Cache, made: Job) -> Knowledge:
    kept = known.memory(cache, repository, made, Scope())
    now = kept.here() if kept else None
    assert kept and now
    return kept.recall(now)


def test_only_what_holds_something_is_read_again(repository: Repository, cache: Cache) -> None:
    made = job(repository)
    first = look(repository, cache, made).seen
    knowledge = recalled(repository, cache, made)
    blobs, commits, _, _ = knowledge.silent.counts
    assert (len(knowledge.again), blobs, commits, len(knowledge.remembered())) == (5, 2, 1, 2)
    again = look(repository, cache, made)
    assert again.recalled and again.seen == first._replace(expanded=None)
    assert known.parse(known.written(knowledge)) == knowledge


def test_other_rules_look_at_all_of_it(repository: Repository, cache: Cache) -> None:
    """A rule with the same literals and another pattern finds what was silent; then it is known which are now."""
    look(repository, cache, job(repository))
    name = "slack-client-secret"
    other = [
        rule._replace(pattern=r"secret(?= of slack is 2)", checks=()) if rule.id == name else rule for rule in RULES
    ]
    made = job(repository, [one._replace(begins=(), holds="") if one.id == name else one for one in other])
    assert len(recalled(repository, cache, made).remembered()) == 5
    assert {hit.match.rule for item in look(repository, cache, made).seen.found for hit in item.examined.hits} >= {name}
    assert len(recalled(repository, cache, made).remembered()) == 3
    assert len(recalled(repository, cache, job(repository)).remembered()) == 5


def test_who_asks_what_was_turned_down_looks_at_all_of_it(repository: Repository, cache: Cache) -> None:
    look(repository, cache, job(repository))
    assert len(recalled(repository, cache, job(repository, explain=True)).remembered()) == 5


def test_what_is_new_is_added(repo: Repo, repository: Repository, cache: Cache) -> None:
    made = job(repository)
    look(repository, cache, made)
    repo.commit({"e": NAMED % 3})
    repo.git("repack", "-dq")
    first = look(repository, cache, made).seen
    assert recalled(repository, cache, made).silent.counts.blobs == 3
    assert look(repository, cache, made).seen == first
    plain = engines.look("git", repository, made, Scope(), 1).seen
    assert first == plain._replace(lineage=b"", expanded=None)


@pytest.mark.parametrize(
    "examined, content, silent",
    [
        (Examined(), b"slack", True),
        (Examined(), POINTER, False),
        (Examined(overrun=("a",)), b"slack", False),
        (Examined(skipped=(UNFOLDS,)), b"slack", False),
        (Examined(unread=("why",)), b"slack", False),
    ],
)
def test_what_is_silent(examined: Examined, content: bytes, silent: bool) -> None:
    assert is_silent(examined, content) is silent
