"""Whatever a history looks like, and however little of it is here: the commits are those of the whole history."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scanner.ci import settle
from scanner.ci.fetcher import fetching
from scanner.ci.plan import Plan, Wanted
from scanner.ci.settle import Settled
from scanner.git.repository import find
from scanner.respond.remote import Address
from tests.conftest import Repo

Parents = list[list[int]]


@st.composite
def histories(draw: st.DrawFn) -> Parents:
    """The parents of each commit, which come before it; the first has none, and few others."""
    made: Parents = [[]]
    for number in range(1, draw(st.integers(3, 14))):
        least = 0 if draw(st.integers(0, 9)) == 0 else 1
        near = st.integers(max(0, number - 4), number - 1)
        made.append(draw(st.lists(near, min_size=least, max_size=2, unique=True)))
    return made


def built(path: Path, parents: Parents) -> tuple[Repo, list[str]]:
    """A repository of that history, with a ref for each commit."""
    lines: list[bytes] = []
    for number, before in enumerate(parents):
        lines += [b"reset refs/all/%d" % number, b"commit refs/all/%d" % number, b"mark :%d" % (number + 1)]
        lines += [b"committer A <a@b> %d +0000" % (number * 60), b"data 1", b"x"]
        words = [b"from", *[b"merge"] * len(before)]
        lines += [b"%b :%d" % (word, parent + 1) for word, parent in zip(words, before, strict=False)]
        lines += [b"M 100644 inline f%d" % number, b"data 1", b"y"]
    repo = Repo(path)
    repo.git("fast-import", "--quiet", stdin=b"\n".join(lines) + b"\n")
    return repo, [repo.git("rev-parse", f"refs/all/{number}") for number in range(len(parents))]


def settled(there: Repo, folder: Path, checked: str, depth: int, plan: Plan) -> Settled:
    """What is found in a shallow checkout of the commit `checked`."""
    work = Repo(folder)
    work.git("fetch", "-q", f"--depth={depth}", f"file://{there.path}", f"+{checked}:refs/remotes/origin/x")
    here = find(str(work.path), os.environ, own=False)
    with fetching(here, Address(str(there.path), "file"), (), os.environ) as fetcher:
        return settle.settle(here, plan, "origin", fetcher)


@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories(), st.data())
def test_the_commits_of_a_range(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parents: Parents, data: st.DataObject
) -> None:
    monkeypatch.setattr("scanner.ci.fetcher.FIRST", 1)
    monkeypatch.setattr(settle, "DEEPENINGS", (1, 1, 2))
    folder = Path(tempfile.mkdtemp(dir=tmp_path))
    there, oids = built(folder / "there", parents)
    tip, base, checked = (data.draw(st.sampled_from(oids), label=label) for label in ("tip", "base", "checked out"))
    plan = Plan("options", "", tip=Wanted(tip), base=Wanted(base))
    found = settled(there, folder / "work", checked, data.draw(st.integers(1, 4), label="depth"), plan)
    assert found.span and not found.span.problems
    assert looked(found) == set(there.git("rev-list", tip, f"^{base}").split())


def looked(found: Settled) -> set[str]:
    assert found.span
    return {each.commit.decode() for each in found.span.commits()}


def chain(start: int, length: int) -> Sequence[list[int]]:
    return [[number] for number in range(start, start + length)]


def test_what_was_merged_long_ago_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A topic whose first commit was merged: what is known is cut off after that merge, and meets the topic's past by
    the short way of a branch that was merged late."""
    monkeypatch.setattr("scanner.ci.fetcher.FIRST", 4)
    monkeypatch.setattr(settle, "DEEPENINGS", (1, 1, 2))
    # 0 is the beginning; 1 the topic's first; 2 merges it; 3 to 8 follow; 9 is old, from 0; 10 merges that.
    parents = [[], [0], [0, 1], [2], [3], [4], [5], [6], [7], [0], [8, 9], [1]]
    there, oids = built(tmp_path / "there", parents)
    plan = Plan("options", "", tip=Wanted(oids[11]), base=Wanted(oids[10]))
    assert looked(settled(there, tmp_path / "work", oids[11], 2, plan)) == {oids[11]}
