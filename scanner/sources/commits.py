"""A range of commits: what each of them introduces, and what its message says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from scanner.errors import UsageError
from scanner.git import provenance
from scanner.git.changes import Change, Side, parse_commits
from scanner.git.commits import Parents
from scanner.git.repository import Repository, resolve, shallow_commits
from scanner.git.run import Git
from scanner.model import Problem


class Range(NamedTuple):
    """The commits of a range, parents first, with their parents. `base` is the commit that it starts after."""

    commits: tuple[bytes, ...]
    parents: Parents
    base: bytes | None
    problems: tuple[Problem, ...]


_DOTS = re.compile(r"\A(.*?)(\.\.\.?)(.*)\Z", re.DOTALL)


def commits(repository: Repository, words: str) -> Range:
    """The commits of `A..B` or `A...B`. UsageError for other words; GitError where an end is not a commit here."""
    found = _DOTS.match(words)
    if not found:
        raise UsageError(f"{words!r} is no range", "write A..B: what is reachable from B and not from A")
    left, right = (resolve(repository, end or "HEAD") for end in (found[1], found[3]))
    wanted = (right, b"^" + left) if found[2] == ".." else (b"--left-right", left + b"..." + right)
    return of(repository, wanted, left)


def of(repository: Repository, wanted: Sequence[bytes], base: bytes | None) -> Range:
    """The commits that `git rev-list` lists for the ids `wanted` (`^id`: not from here)."""
    out = repository.git.run("rev-list", "--topo-order", "--reverse", "--parents", *wanted, "--")
    lines = [line.lstrip(b"<>").split() for line in out.split(b"\n") if line]
    listed = {line[0]: tuple(line[1:]) for line in lines}
    return Range(tuple(listed), listed, base, tuple(_cut_off(repository, listed)))


def _cut_off(repository: Repository, listed: Iterable[bytes]) -> Iterator[Problem]:
    """A problem where the range runs over the end of a shallow clone: commits below are missing from it."""
    cut = shallow_commits(repository).intersection(listed) if repository.shallow else ()
    if cut:
        message = f"the clone is shallow and ends inside this range, at {min(cut).decode()[:12]}"
        yield Problem("range", message, "git fetch --unshallow, or in CI a checkout with fetch-depth: 0")


_DIFF = ("diff-tree", "--stdin", "-z", "-r", "--root", "--raw", "--no-renames", "--no-abbrev", "--always")


def changes(git: Git, oids: Iterable[bytes], parents: Parents) -> Iterator[Change]:
    """The change of each commit, in that order. GitError where git cannot read a tree."""
    questions = b"".join(
        (b"%b %b\n" % (commit, parent)) if parent else commit + b"\n"
        for commit in oids
        for parent in parents[commit] or (b"",)
    )
    if questions:
        yield from parse_commits(iter(git.run(*_DIFF, stdin=questions).split(b"\0")))


def bringing(git: Git, span: Range, blobs: Sequence[bytes], also: Iterable[bytes]) -> Iterator[Change]:
    """The whole changes of the commits that bring one of `blobs`, and of the commits `also`."""
    touched = provenance.walk(git, span.commits, span.parents, set(blobs), 1).changes if blobs else ()
    wanted = {change.commit for change in touched} | set(also)
    return changes(git, [commit for commit in span.commits if commit in wanted], span.parents)


def named(change: Change, holds: Callable[[bytes], bool]) -> bool:
    """Whether the path of a file that `change` brings may hold a secret itself."""
    return any(holds(side.path) for side in change.added())


def sides(many: Iterable[Change]) -> Iterator[Side]:
    """All files that the changes bring."""
    return (side for change in many for side in change.added())
