"""A range of commits: which they are, and what each of them changes. However many there are, few are held at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import islice
from typing import IO, NamedTuple

from scanner.errors import GitError, UsageError
from scanner.git.changes import Change, parse_commits
from scanner.git.commits import spool
from scanner.git.repository import Repository, resolve, shallow_commits
from scanner.git.run import Git
from scanner.model import Problem

PORTION = 2000  # commits that one process of git is asked about


class Parented(NamedTuple):
    """A commit and its parents, by id."""

    commit: bytes
    parents: tuple[bytes, ...]


class Range(NamedTuple):
    """The commits of a range. `listed` has a line a commit, with its parents, each after its own parents; `tip` is the
    commit that the range ends with, and `base` the one that it starts after. At the commits `cut` a shallow clone ends:
    their parents are not here."""

    listed: bytes
    tip: bytes
    base: bytes | None = None
    cut: frozenset[bytes] = frozenset()

    @property
    def total(self) -> int:
        """How many commits there are."""
        return self.listed.count(b"\n")

    def commits(self) -> Iterator[Parented]:
        """The commits, parents first."""
        for line in BytesIO(self.listed):
            commit, *parents = line.split()
            yield Parented(commit, tuple(parents))

    @property
    def problems(self) -> list[Problem]:
        """A problem where the range runs over the end of a shallow clone: commits below are missing from it."""
        if not self.cut:
            return []
        message = f"the clone is shallow and ends inside this range, at {min(self.cut).decode()[:12]}"
        return [Problem("range", message, "git fetch --unshallow, or in CI a checkout with fetch-depth: 0")]

    def portions(self) -> Iterator[list[Parented]]:
        """The commits, some at a time."""
        every = self.commits()
        return iter(lambda: list(islice(every, PORTION)), [])


_DOTS = re.compile(r"\A(.*?)(\.\.\.?)(.*)\Z", re.DOTALL)


def between(repository: Repository, words: str) -> Range:
    """The commits of `A..B` or `A...B`. UsageError for other words; GitError where an end is not a commit here."""
    found = _DOTS.match(words)
    if not found:
        raise UsageError(f"{words!r} is no range", "write A..B: what is reachable from B and not from A")
    left, right = (resolve(repository, end or "HEAD") for end in (found[1], found[3]))
    if found[2] == "..":
        return since(repository, right, left)
    return _listed(repository, [left + b"..." + right], right, left)


def since(repository: Repository, tip: bytes, base: bytes | None = None, *known: str) -> Range:
    """The commits that `tip` reaches, and neither `base` nor the refs that the options `known` of rev-list choose."""
    excluded = [b"^" + base] if base else []
    return _listed(repository, [tip, *excluded, *(["--not", *known] if known else [])], tip, base)


def _listed(repository: Repository, wanted: Sequence[str | bytes], tip: bytes, base: bytes | None) -> Range:
    listed = repository.git.run("rev-list", "--topo-order", "--reverse", "--parents", *wanted, "--")
    span = Range(listed, tip, base)
    ends = shallow_commits(repository) if repository.shallow else frozenset()
    return span._replace(cut=ends.intersection(each.commit for each in span.commits())) if ends else span


_DIFF = ("diff-tree", "--stdin", "-z", "-r", "--root", "--raw", "--no-renames", "--no-abbrev", "--always")
_CHUNK = 1 << 16


def changes(git: Git, commits: Sequence[Parented], problems: list[Problem]) -> Iterator[Change]:
    """The change of each commit, in that order; an empty one, and one more of `problems`, where git cannot tell it."""
    done = 0
    while done < len(commits):
        for change in _told(git, commits[done:]):
            done += 1
            yield change
        if done < len(commits):  # git ended before this one, or in the middle of it
            alone = next(_told(git, commits[done : done + 1]), None)
            if alone is None:
                problems.append(_untold(commits[done]))
            yield alone or Change(commits[done].commit, ())
            done += 1


def _told(git: Git, commits: Sequence[Parented]) -> Iterator[Change]:
    """The changes of the first of `commits`, as far as git comes: one that it may not have finished is left out."""
    lines = (b" ".join((each.commit, parent)) for each in commits for parent in each.parents or (b"",))
    with spool(lines) as questions, git.start(*_DIFF, stdin=questions) as process:
        assert process.stdout
        last: Change | None = None
        asked = iter(commits)
        try:
            for change in parse_commits(_fields(process.stdout)):
                if last:
                    yield last
                last = change if change.commit == next(asked).commit else None
                if not last:
                    return
        except GitError:
            return
        finally:
            process.stdout.close()
        if process.wait() == 0 and last:
            yield last


def _fields(stream: IO[bytes]) -> Iterator[bytes]:
    """What stands between the NULs of `stream`."""
    rest = b""
    while chunk := stream.read(_CHUNK):
        *fields, rest = (rest + chunk).split(b"\0")
        yield from fields
    if rest:
        yield rest


def _untold(each: Parented) -> Problem:
    hint = "git fsck shows what is damaged; in a partial clone, git fetch --refetch --no-filter brings what is missing"
    return Problem(each.commit.decode(), "what this commit changes cannot be told: a tree of it is not here", hint)
