"""A range of commits: which they are, and what each of them changes. However many there are, few are held at a time."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from io import BytesIO
from itertools import islice
from typing import IO, NamedTuple

from scanner.errors import GitError, UsageError
from scanner.git import refs
from scanner.git.changes import Change, parse_commits
from scanner.git.commits import Graph, graph, spool
from scanner.git.reach import Holders, Wanted, reaches
from scanner.git.refs import STASH, LogEntry, Name, Ref
from scanner.git.repository import Repository, resolve, shallow_commits
from scanner.git.run import Git
from scanner.model import Problem, Reach

PORTION = 2000  # commits that one process of git is asked about


class Parented(NamedTuple):
    """A commit and its parents, by id."""

    commit: bytes
    parents: tuple[bytes, ...]


class Range(NamedTuple):
    """The commits of a range. `listed` has a line a commit, with its parents, each after its own parents; `tip` is the
    commit that the range ends with, and `base` the one that it starts after. At the commits `cut` a shallow clone ends:
    their parents are not here. `before` tells rev-list what no commit of the range is reachable from."""

    listed: bytes
    tip: bytes
    base: bytes | None = None
    cut: frozenset[bytes] = frozenset()
    before: tuple[str | bytes, ...] = ()

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
    shared = repository.git.run("merge-base", "--all", left, right, ok=(0, 1)).split()
    return _listed(repository, Range(b"", right, left, before=_except(shared)), left)


def since(repository: Repository, tip: bytes, base: bytes | None = None, *known: str) -> Range:
    """The commits that `tip` reaches, and neither `base` nor the refs that the options `known` of rev-list choose."""
    return _listed(repository, Range(b"", tip, base, before=_except([*([base] if base else []), *known])))


def _except(words: Sequence[str | bytes]) -> tuple[str | bytes, ...]:
    return ("--not", *words) if words else ()


def _listed(repository: Repository, span: Range, *more: bytes) -> Range:
    """`span` with its commits: what its tip and the commits `more` reach, and nothing before does."""
    options = ("--topo-order", "--reverse", "--parents")
    span = span._replace(listed=repository.git.run("rev-list", *options, span.tip, *more, *span.before, "--"))
    ends = shallow_commits(repository) if repository.shallow else frozenset()
    return span._replace(cut=ends.intersection(each.commit for each in span.commits())) if ends else span


def reach(repository: Repository, span: Range, commits: Collection[bytes]) -> dict[bytes, Reach]:
    """What still reaches each of `commits`, which are of `span`. GitError where not all refs can be read.

    What is before the range reaches none of them, so git need not go through all of history for this."""
    git = repository.git
    names = refs.names(git)
    walk = ("rev-list", "--all", "--reflog", "--parents", "--timestamp")
    listed = git.run(*walk, *span.before, "--", ok=(0, 129))  # 129: there is no ref at all
    known = graph(_lineages(listed))
    holders = Holders(_led(git, known, names), _log(git, names))
    return dict(zip(commits, reaches([Wanted({commit}) for commit in commits], known, holders), strict=True))


def _lineages(listed: bytes) -> Iterator[bytes]:
    """The lines of `rev-list --timestamp --parents` as `graph` takes them: the commit first."""
    for line in BytesIO(listed):
        seconds, commit, *parents = line.split()
        yield b" ".join((commit, seconds, *parents))


def _log(git: Git, names: Sequence[Name]) -> list[LogEntry]:
    """The entries of all reflogs, of which only those of the stash have a name: for 50,000 refs to tell the names of
    all takes git two seconds."""
    stash = git.run("rev-list", "--walk-reflogs", STASH, "--").split() if any(n.name == STASH for n in names) else []
    every = git.run("rev-list", "--reflog", "--no-walk", ok=(0, 129)).split()  # 129: there is none at all
    stashed = [LogEntry(STASH + b"@", oid, b"") for oid in stash]
    return stashed + [LogEntry(b"", oid, b"") for oid in set(every).difference(stash)]


def _led(git: Git, known: Graph, names: Sequence[Name]) -> list[Ref]:
    """Where the refs lead to that name a commit of `known`, directly or by a tag: of most it is enough to ask git for
    the kind of what they name."""
    plain = [Ref(*name, name.oid, b"commit") for name in names if name.oid in known.parents]
    others = [name for name in names if name.oid not in known.parents]
    asked = b"".join(name.oid + b"\n" for name in others)
    kinds = git.run("cat-file", "--batch-check=%(objecttype)", stdin=asked).split(b"\n")
    return plain + refs.peel(git, [name for name, kind in zip(others, kinds, strict=False) if kind == b"tag"])


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
