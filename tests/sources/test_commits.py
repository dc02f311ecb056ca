"""The commits of a range and their changes, read from git as it prints them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scanner.errors import GitError, UsageError
from scanner.git.changes import Change
from scanner.git.repository import Repository, find
from scanner.model import Problem
from scanner.sources import commits
from scanner.sources.commits import Parented, Range
from tests.commands.histories import branch, merge
from tests.conftest import Repo


def around(repo: Repo) -> Repository:
    return find(str(repo.path), os.environ, own=False)


def told(repo: Repo, *asked: Parented) -> tuple[list[Change], list[Problem]]:
    problems: list[Problem] = []
    return list(commits.changes(around(repo).git, asked, problems)), problems


def test_commits_come_after_their_parents(repo: Repo) -> None:
    base = repo.commit({"a": b"a"})
    topic = branch(repo, "topic", {"t": b"t"})
    ours = repo.commit({"b": b"b"})
    merged = merge(repo, "topic")
    span = commits.between(around(repo), f"{base}..HEAD")
    assert (span.total, span.tip, span.base, span.problems) == (3, merged.encode(), base.encode(), [])
    *first, last = span.commits()
    assert {each.commit.decode() for each in first} == {topic, ours}
    assert last == Parented(merged.encode(), (ours.encode(), topic.encode()))


def test_a_range_is_given_out_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commits, "PORTION", 2)
    span = Range(b"c1\nc2 c1\nc3 c2 c1\n", b"c3")
    one, two, three = Parented(b"c1", ()), Parented(b"c2", (b"c1",)), Parented(b"c3", (b"c2", b"c1"))
    assert list(span.portions()) == [[one, two], [three]]
    assert list(Range(b"", b"c3").portions()) == []


@pytest.mark.parametrize("words", ["", "HEAD", "a.b", "HEAD^!"])
def test_no_range(repo: Repo, words: str) -> None:
    with pytest.raises(UsageError, match="is no range"):
        commits.between(around(repo), words)


def test_a_change_for_every_commit_in_order(repo: Repo) -> None:
    root = repo.commit({"a": b"a", "b": b"b"})
    empty = repo.commit()
    topic = branch(repo, "topic", {"t": b"t"})
    ours = repo.commit({"b": b"c"})
    clean = merge(repo, "topic")
    asked = list(commits.since(around(repo), b"HEAD").commits())
    changes, problems = told(repo, *asked)
    by_commit = {(change.commit or b"").decode(): change for change in changes}
    assert [change.commit for change in changes] == [each.commit for each in asked]
    assert problems == []
    assert [side.path for side in by_commit[root].added()] == [b"a", b"b"]
    assert by_commit[empty].diffs == ((),)
    assert [side.path for side in by_commit[topic].added()] == [b"t"]
    assert [side.path for side in by_commit[ours].removed()] == [b"b"]
    assert len(by_commit[clean].diffs) == 2 and by_commit[clean].added() == []


def test_many_commits_and_long_names(repo: Repo) -> None:
    """More than a pipe holds, both ways: neither side may wait for the other."""
    stream = b""
    for number in range(3000):
        stream += b"commit refs/heads/main\ncommitter A <a@b> %d +0000\ndata 0\n" % (10**9 + number)
        stream += b"M 100644 inline %b/%d\ndata 1\nx\n" % (b"n" * 200, number)
    repo.git("fast-import", "--quiet", stdin=stream)
    span = commits.since(around(repo), b"main")
    problems: list[Problem] = []
    found = [change for part in span.portions() for change in commits.changes(around(repo).git, part, problems)]
    assert (len(found), problems) == (3000, [])
    assert {len(change.added()) for change in found} == {1}


def test_a_commit_that_git_does_not_know_is_a_problem_and_the_others_are_told(repo: Repo) -> None:
    one = repo.commit({"a": b"a"}).encode()
    two = repo.commit({"b": b"b"}).encode()
    gone = Parented(b"1" * 40, (one,))
    for asked in ([gone], [gone, gone], [Parented(one, ()), gone], [gone, Parented(two, (one,))]):
        changes, problems = told(repo, *asked)
        assert [change.commit for change in changes] == [each.commit for each in asked]
        assert [problem.what for problem in problems] == ["1" * 40] * asked.count(gone)
        assert [bool(change.diffs) for change in changes] == [each != gone for each in asked]


@pytest.mark.parametrize("bad", range(4))
def test_a_tree_that_is_not_here_costs_its_commits_alone(repo: Repo, bad: int) -> None:
    oids = [repo.commit({f"d{number}/f": b"%d" % number}) for number in range(4)]
    tree = repo.git("rev-parse", f"{oids[bad]}:d{bad}")
    asked = list(commits.since(around(repo), b"HEAD").commits())
    (repo.path / ".git/objects" / tree[:2] / tree[2:]).unlink()
    changes, problems = told(repo, *asked)
    assert [change.commit for change in changes] == [oid.encode() for oid in oids]
    assert [problem.what for problem in problems] == [oids[bad]]
    assert "git fsck" in problems[0].hint
    assert [len(change.added()) for change in changes] == [int(number != bad) for number in range(4)]


@pytest.mark.parametrize("torn", [":100644 100644 ", "%s\\0:100644 100644 1 2 M\\0", "%s"])
def test_a_list_of_differences_that_breaks_off(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, torn: str
) -> None:
    oid = repo.commit({"a": b"a"})
    (tmp_path / "git").write_text(f"#!/bin/sh\nprintf '{torn.replace('%s', oid)}'\nexit 1\n")
    (tmp_path / "git").chmod(0o755)
    here = around(repo)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    problems: list[Problem] = []
    git = here.git._replace(environ={**here.git.environ, "PATH": os.environ["PATH"]})
    found = list(commits.changes(git, [Parented(oid.encode(), ())], problems))
    assert found == [Change(oid.encode(), ())]
    assert [problem.what for problem in problems] == [oid]


def test_an_absent_commit_inside_of_the_range(repo: Repo) -> None:
    repo.commit({"a": b"a"})
    gone = repo.commit({"b": b"b"})
    tip = repo.commit({"c": b"c"})
    (repo.path / ".git/objects" / gone[:2] / gone[2:]).unlink()
    with pytest.raises(GitError) as caught:
        commits.since(around(repo), tip.encode())
    assert "git fsck" in caught.value.hint
