"""Which commits bring or remove given blobs: one walk over all commits, split between processes of git."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence, Set
from contextlib import ExitStack
from typing import IO, NamedTuple

from scanner.errors import GitError
from scanner.git.changes import Change, Delta, parse_commits, parse_index_diff
from scanner.git.commits import Graph, spool
from scanner.git.repository import Repository, shallow_commits

_DIFF = ("diff-tree", "-z", "-r", "--raw", "--no-renames", "--no-abbrev")
# Up to here git itself drops all other differences; beyond, the list would be too long for some systems' command line.
_FEW = 500
_CHUNK = 1 << 20
# After so many commits that git could not compare the rest is given up, as each costs several processes.
_PATIENCE = 100


class Walked(NamedTuple):
    """The changes that touch the wanted blobs, parents before children; and the commits that git could not compare."""

    changes: tuple[Change, ...]
    untold: tuple[bytes, ...]


def walk(repository: Repository, graph: Graph, blobs: Set[bytes], processes: int) -> Walked:
    """The changes of all commits, cut down to the files that are one of `blobs` before or after."""
    walker = _Walker(repository, graph, blobs)
    walker.walk(processes)
    changes = (walker.found[commit] for commit in graph.order if commit in walker.found)
    return Walked(tuple(changes), tuple(walker.untold))


class _Walker:
    """What was found so far, by commit."""

    def __init__(self, repository: Repository, graph: Graph, blobs: Set[bytes]) -> None:
        self._repository = repository
        self._graph = graph
        self._blobs = blobs
        self._only = [f"--find-object={oid.decode()}" for oid in sorted(blobs)] if len(blobs) <= _FEW else []
        self.found: dict[bytes, Change] = {}
        self.untold: list[bytes] = []

    def walk(self, processes: int) -> None:
        """Looks at all commits."""
        # Their parents are named and not here, and git does not know that: it would end at each.
        orphans = self._graph.orphans - shallow_commits(self._repository)
        order = [commit for commit in self._graph.order if commit not in orphans]
        size = max(1, -(-len(order) // processes))
        self._together([order[start : start + size] for start in range(0, len(order), size)])
        for commit in orphans:
            self._alone(commit)

    def _together(self, parts: Sequence[Sequence[bytes]]) -> None:
        """Looks at several parts at the same time: all processes begin at once, and most say little."""
        with ExitStack() as stack:
            running = [self._started(part, stack) for part in parts]
            well = [self._take(process) for process in running]
        for part in (part for part, fine in zip(parts, well, strict=True) if not fine):
            self._carefully(part)

    def _started(self, commits: Sequence[bytes], stack: ExitStack) -> subprocess.Popen[bytes]:
        questions = stack.enter_context(spool(self._questions(commits)))
        command = (*_DIFF, "--stdin", "--root", *self._only)
        return stack.enter_context(self._repository.git.running(*command, stdin=questions))

    def _questions(self, commits: Sequence[bytes]) -> Iterator[bytes]:
        for commit in commits:
            for parent in self._graph.parents[commit] or (b"",):
                yield commit + b" " + parent if parent else commit

    def _take(self, process: subprocess.Popen[bytes]) -> bool:
        """Keeps what git says. False where it stopped before the end."""
        assert process.stdout
        try:
            for change in parse_commits(_fields(process.stdout)):
                self._keep(change)
        except GitError:
            process.kill()
        return process.wait() == 0

    def _carefully(self, part: Sequence[bytes]) -> None:
        """Halves a part at which git failed until the commit stands alone that it cannot compare."""
        if len(self.untold) >= _PATIENCE or len(part) == 1:
            self.untold += part
            for commit in part:
                self.found.pop(commit, None)
            return
        half = len(part) // 2
        for some in (part[:half], part[half:]):
            self._together([some])

    def _keep(self, change: Change) -> None:
        """Keeps what of `change` is about the wanted blobs, with a difference (perhaps empty) for every parent."""
        assert change.commit
        diffs = [tuple(delta for delta in diff if self._about(delta)) for diff in change.diffs]
        if any(diffs):
            missing = len(self._graph.parents[change.commit]) - len(diffs)
            self.found[change.commit] = Change(change.commit, (*diffs, *[()] * missing))

    def _about(self, delta: Delta) -> bool:
        return any(side is not None and side.oid in self._blobs for side in delta)

    def _alone(self, commit: bytes) -> None:
        """Compares a commit with nothing."""
        empty = self._repository.empty_tree
        status, out, _ = self._repository.git.attempt(*_DIFF, *self._only, empty, commit)
        if status:
            self.untold.append(commit)
        else:
            self._keep(Change(commit, (parse_index_diff(out),)))


def _fields(stream: IO[bytes]) -> Iterator[bytes]:
    """What stands between the NULs of `stream`."""
    rest = b""
    while chunk := stream.read(_CHUNK):
        *fields, rest = (rest + chunk).split(b"\0")
        yield from fields
    if rest:
        yield rest
