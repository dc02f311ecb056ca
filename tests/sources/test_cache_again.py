"""What need not be asked again: of what names Slack and holds nothing, and of commits that touch no find."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Callable, Sequence, Set

import pytest

from scanner import rules
from scanner.examine import UNFOLDS, Examined
from scanner.git import provenance, refs
from scanner.git.commits import Graph
from scanner.git.lfs import store
from scanner.git.reach import Holders
from scanner.git.repository import Repository, find
from scanner.inside import is_silent
from scanner.model import Rule
from scanner.sources import engines, known, origins
from scanner.sources.cache import Cache, Row
from scanner.sources.history import SILENT, Scope
from scanner.sources.jobs import Job
from scanner.sources.known import Knowledge
from tests.commands.test_history_cache import broken_entry
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


def test_only_commits_that_touch_a_find_are_compared_again(
    repo: Repo, repository: Repository, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Set[bytes] | None] = []
    walk = provenance.walk

    def noted(
        here: Repository, graph: Graph, blobs: Set[bytes], processes: int, among: Set[bytes] | None
    ) -> provenance.Walked:
        asked.append(among)
        return walk(here, graph, blobs, processes, among)

    monkeypatch.setattr(provenance, "walk", noted)
    made = job(repository)
    first = tell(repository, cache, made)
    assert tell(repository, cache, made) == first
    repo.commit({"f": b"clean, too\n"})
    assert {item.location.commit for item in tell(repository, cache, made).occurrences} == {first_commit(repo)}
    assert asked == [None, {first_commit(repo).encode()}, None]


def tell(repository: Repository, cache: Cache, made: Job) -> origins.Told:
    looked = look(repository, cache, made)
    holders = Holders(refs.peel(repository.git, refs.names(repository.git)), [])
    told = origins.Teller(repository, looked.whole(), holders, lambda path, hit: None, 1, looked.memory).told()
    assert told.occurrences
    return told


def first_commit(repo: Repo) -> str:
    return repo.git("rev-list", "--max-parents=0", "HEAD").strip()


def test_a_walk_depends_on_commits_on_finds_and_on_what_is_here(
    repo: Repo, repository: Repository, cache: Cache
) -> None:
    kept = known.memory(cache, repository, job(repository), Scope())
    assert kept
    lines = b"a 1 b\nb 0 \n"
    key = kept.walk_of(lines, [b"c"], [b"d", b"e"])
    assert key == kept.walk_of(b"b 0 \na 1 b\n", [b"c"], {b"e", b"d"})
    others = [kept.walk_of(b"b 0 \n", [b"c"], [b"d", b"e"]), kept.walk_of(lines, [], [b"d", b"e"])]
    assert key not in (*others, kept.walk_of(lines, [b"c"], [b"d"]))
    repo.git("hash-object", "-w", "--stdin", stdin=b"loose")
    assert key != kept.walk_of(lines, [b"c"], [b"d", b"e"])


def test_a_tree_that_is_gone_is_told_as_ever(repo: Repo, repository: Repository, cache: Cache) -> None:
    repo.commit({"g/y": b"clean\n"})
    tree = repo.git("rev-parse", "HEAD:g")
    made = job(repository)
    assert not tell(repository, cache, made).problems
    (repo.path / ".git/objects" / tree[:2] / tree[2:]).unlink()
    assert tell(repository, cache, made).problems


def test_what_git_reads_from_a_loose_object_says_nothing_of_the_pack(
    repo: Repo, repository: Repository, cache: Cache
) -> None:
    """A blob that is damaged in its pack, and whole as a loose object, until that is gone."""
    oid = repo.git("rev-parse", "HEAD:a").strip()
    whole = NAMED % 2
    made = job(repository)
    assert broken_entry(repo, oid)
    for loose in (False, True, True, False):
        path = repo.path / ".git/objects" / oid[:2] / oid[2:]
        if loose and not path.exists():
            path.parent.mkdir(exist_ok=True)
            content = b"blob %d\0" % len(whole) + whole
            path.write_bytes(zlib.compress(content))
        elif not loose and path.exists():
            path.unlink()
        problems = look(repository, cache, made).seen.problems
        assert [problem.what for problem in problems] == ([] if loose else [oid])


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value.split(b"\n", 2)[0] + b"\n",
        lambda value: b"",
        lambda value: b"many" + value,
        lambda value: value.replace(b"\n", b" -1\n", 1),
        lambda value: b"1" * 5000 + value,
        lambda value: value.split(b"\n", 1)[0] + b"\n\xff\n" + value.split(b"\n", 2)[2],
    ],
)
def test_a_row_of_somebody_else(
    repository: Repository, cache: Cache, change: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a digest that fits."""
    made = job(repository)
    first = look(repository, cache, made).seen
    load = cache.load

    def changed(place: bytes, choose: Callable[[list[bytes]], bytes | None]) -> Row | None:
        row = load(place, choose)
        return row and row._replace(value=change(row.value))

    monkeypatch.setattr(cache, "load", changed)
    again = look(repository, cache, made)
    assert again.seen == first and not again.recalled
    assert any("thrown away" in note for note in cache.told())


@pytest.mark.parametrize(
    "examined, content, silent",
    [
        (Examined(), gzip.compress(POINTER, mtime=0), False),
        (Examined(), b"slack", True),
        (Examined(), POINTER, False),
        (Examined(overrun=("a",)), b"slack", False),
        (Examined(skipped=(UNFOLDS,)), b"slack", False),
        (Examined(unread=("why",)), b"slack", False),
    ],
)
def test_what_is_silent(examined: Examined, content: bytes, silent: bool) -> None:
    assert is_silent(examined, content) is silent
