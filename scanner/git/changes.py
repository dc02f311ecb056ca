"""What a commit, or the index, changes against each of its parents: raw differences, never patches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from scanner.errors import GitError

SYMLINK, GITLINK = b"120000", b"160000"


class Side(NamedTuple):
    """One file as it stood on one side of a difference."""

    path: bytes
    mode: bytes
    oid: bytes


class Delta(NamedTuple):
    """One path that differs. `old` or `new` is None where the path is not there on that side."""

    old: Side | None
    new: Side | None


class Change(NamedTuple):
    """A commit (None: the index) and its differences from each parent, in the order of the parents."""

    commit: bytes | None
    diffs: tuple[tuple[Delta, ...], ...]

    def added(self) -> list[Side]:
        """The files that the change brings: for a merge, those that differ from every parent."""
        first, *others = self.diffs or ((),)
        common = set(_new_paths(first)).intersection(*map(_new_paths, others))
        return [d.new for d in first if d.new and d.new.path in common]

    def removed(self) -> list[Side]:
        """The files that the differences from all parents remove or replace."""
        return [d.old for diff in self.diffs for d in diff if d.old]


def _new_paths(diff: Iterable[Delta]) -> set[bytes]:
    return {d.new.path for d in diff if d.new}


def parse_index_diff(raw: bytes) -> tuple[Delta, ...]:
    """All deltas of one `diff-index -z --raw`. Renames must be off. GitError where the output is torn."""
    fields = iter(raw.split(b"\0"))
    return tuple(delta for field in fields if field for delta in _row(field, fields))


def parse_commits(fields: Iterator[bytes]) -> Iterator[Change]:
    """The changes in the output of `diff-tree --stdin -z --raw`, in NUL-separated fields: each begins with the id of
    its commit. With `-m` that is told once for each parent; with `-c` a merge is told once, with just the paths that
    differ from every parent. Renames must be off. GitError where the output is torn."""
    commit: bytes | None = None
    diffs: list[list[Delta]] = []
    first = 0  # the diff that is being told, or the first of those that are told together
    for field in fields:
        if field.startswith(b":"):
            row = _row(field, fields)
            diffs += [[] for _ in range(first + len(row) - len(diffs))]
            for number, delta in enumerate(row, first):
                diffs[number].append(delta)
        elif field:
            if commit is not None and field != commit:
                yield Change(commit, tuple(map(tuple, diffs)))
                diffs = []
            commit, first = field, len(diffs)
            diffs.append([])
    if commit is not None:
        yield Change(commit, tuple(map(tuple, diffs)))


def _row(field: bytes, fields: Iterator[bytes]) -> tuple[Delta, ...]:
    """`::100644 100644 100644 <id> <id> <id> MM`, and the path that follows: as many colons as parents (one, but with
    `-c`), the modes of the file in each of these and in the commit itself, and then the ids."""
    words = field.lstrip(b":").split(b" ")
    parents, path = len(field) - len(field.lstrip(b":")), next(fields, b"")
    if not parents or len(words) != 2 * parents + 3 or not path:
        raise GitError("git's list of differences stopped in the middle", "run the command again")
    *old, new = (_side(path, mode, oid) for mode, oid in zip(words, words[parents + 1 : -1], strict=False))
    return tuple(Delta(side, new) for side in old)


def _side(path: bytes, mode: bytes, oid: bytes) -> Side | None:
    return None if mode == b"000000" or not oid.strip(b"0") else Side(path, mode, oid)
