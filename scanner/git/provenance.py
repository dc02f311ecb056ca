"""Which commits bring or remove given blobs: one walk over all commits, split between processes of git."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from contextlib import ExitStack
from typing import IO, NamedTuple

from scanner.errors import GitError
from scanner.git.changes import Change, parse_commits, parse_index_diff
from scanner.git.commits import Graph, spool
from scanner.git.repository import Repository, shallow_commits

_DIFF = ("diff-tree", "-z", "-r", "--raw", "--no-renames", "--no-abbrev")
# Up to here git itself drops all other differences; beyond, the list would be too long for the command line.
_FEW = 4000 if os.name == "posix" else 500
_CHUNK = 1 << 20
# After so many commits that git could not compare the rest is given up, as each costs several processes.
_PATIENCE = 100


class Walked(NamedTuple):
    """The changes that touch the wanted blobs, parents before children; and the commits that git could not compare."""

    changes: tuple[Change, ...]
    untold: tuple[bytes, ...]


def walk(
    repository: Repository, graph: Graph, blobs: Set[bytes], processes: int, among: Set[bytes] | None = None
) -> Walked:
    """The changes of all commits, cut down to the files that are one of `blobs` before or after. Of a merge, whose
    differences from each parent may be very many, all are told only if a file that differs from every parent is one of
    them; otherwise it brings none. `among`: no other commit touches them."""
    walker = _Walker(repository, graph, blobs)
    # Parents that are named and not here, where git does not know that: it would end at each.
    orphans = graph.orphans - shallow_commits(repository)
    commits = [commit for commit in graph.order if among is None or commit in among]
    walker.together(_parts([commit for commit in commits if commit not in orphans], processes), _lines)
    for commit in orphans.intersection(commits):
        walker.alone(commit)
    merges = [commit for commit, change in walker.found.items() if len(change.diffs) > 1 and _brings(change, blobs)]
    walker.together(_parts(merges, processes), _lines_by_parent)
    return walker.walked()


def _parts(commits: Sequence[bytes], processes: int) -> list[Sequence[bytes]]:
    size = max(1, -(-len(commits) // processes))
    return [commits[start : start + size] for start in range(0, len(commits), size)]


def _brings(change: Change, blobs: Set[bytes]) -> bool:
    return any(side.oid in blobs for side in change.added())


Lines = Callable[[bytes, Sequence[bytes]], Iterable[bytes]]


def _lines(commit: bytes, parents: Sequence[bytes]) -> Iterable[bytes]:
    """What diff-tree is asked, so that it tells a merge's differences from all parents together."""
    return [b" ".join((commit, *parents))]


def _lines_by_parent(commit: bytes, parents: Sequence[bytes]) -> Iterable[bytes]:
    """The same for the differences from each parent."""
    return [commit + b" " + parent for parent in parents]


class _Walker:
    """What was found so far, by commit."""

    def __init__(self, repository: Repository, graph: Graph, blobs: Set[bytes]) -> None:
        self._repository = repository
        self._graph = graph
        self._blobs = blobs
        self._only = [f"--find-object={oid.decode()}" for oid in sorted(blobs)] if len(blobs) <= _FEW else []
        self.found: dict[bytes, Change] = {}
        self.untold: list[bytes] = []

    def walked(self) -> Walked:
        """All of it."""
        changes = (self.found[commit] for commit in self._graph.order if commit in self.found)
        return Walked(tuple(changes), tuple(self.untold))

    def together(self, parts: Sequence[Sequence[bytes]], lines: Lines) -> None:
        """Looks at several parts at the same time: all processes begin at once, and most say little."""
        with ExitStack() as stack:
            running = [self._started(part, lines, stack) for part in parts]
            well = [self._take(process) for process in running]
        for part in (part for part, fine in zip(parts, well, strict=True) if not fine):
            self._carefully(part, lines)

    def _carefully(self, part: Sequence[bytes], lines: Lines) -> None:
        """Halves a part at which git failed until the commit stands alone that it cannot compare."""
        if len(self.untold) >= _PATIENCE or len(part) == 1:
            self.untold += part
            for commit in part:
                self.found.pop(commit, None)
            return
        half = len(part) // 2
        for some in (part[:half], part[half:]):
            self.together([some], lines)

    def _started(self, commits: Sequence[bytes], lines: Lines, stack: ExitStack) -> subprocess.Popen[bytes]:
        parents = self._graph.parents
        questions = stack.enter_context(spool(line for commit in commits for line in lines(commit, parents[commit])))
        command = (*_DIFF, "--stdin", "--root", "-c", *self._only)
        return stack.enter_context(self._repository.git.running(*command, stdin=questions))

    def _take(self, process: subprocess.Popen[bytes]) -> bool:
        """Keeps what git says. False where it stopped before the end."""
        assert process.stdout
        try:
            for change in parse_commits(self._relevant(_fields(process.stdout))):
                self._keep(change)
        except GitError:
            process.kill()
        return process.wait() == 0

    def _relevant(self, fields: Iterator[bytes]) -> Iterator[bytes]:
        """What of the NUL-separated fields of raw differences is about the wanted blobs. There may be many millions:
        the ids are taken from their place in `:100644 100644 <old> <new> M`, and nothing else is looked at."""
        blobs, width = self._blobs, len(self._repository.empty_tree)
        old, new = slice(15, 15 + width), slice(16 + width, 16 + 2 * width)
        for field in fields:
            if not field.startswith(b":"):
                yield field
            elif field[old] in blobs or field[new] in blobs or _of_merge(field, blobs):
                yield field
                yield next(fields, b"")
            else:
                next(fields, None)

    def _keep(self, change: Change) -> None:
        """Keeps `change`, with a difference (perhaps empty) for every parent."""
        assert change.commit
        if any(change.diffs):
            missing = len(self._graph.parents[change.commit]) - len(change.diffs)
            self.found[change.commit] = Change(change.commit, (*change.diffs, *[()] * missing))

    def alone(self, commit: bytes) -> None:
        """Compares a commit with nothing."""
        status, out, _ = self._repository.git.attempt(*_DIFF, *self._only, self._repository.empty_tree, commit)
        if status:
            self.untold.append(commit)
        else:
            relevant = b"\0".join(self._relevant(iter(out.split(b"\0"))))
            self._keep(Change(commit, (parse_index_diff(relevant),)))


def _of_merge(field: bytes, blobs: Set[bytes]) -> bool:
    """Whether a field that tells of several parents names one of `blobs`."""
    return field.startswith(b"::") and not blobs.isdisjoint(field.split(b" "))


def _fields(stream: IO[bytes]) -> Iterator[bytes]:
    """What stands between the NULs of `stream`."""
    rest = b""
    while chunk := stream.read(_CHUNK):
        *fields, rest = (rest + chunk).split(b"\0")
        yield from fields
    if rest:
        yield rest
