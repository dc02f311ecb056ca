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


def parse_raw(fields: Iterator[bytes]) -> Iterator[Delta | bytes]:
    """The NUL-separated fields of `diff-tree -z --raw` or `diff-index -z --raw`: deltas, and whatever stands between
    them (commit ids of `--stdin`). Renames must be off. GitError where the output is torn."""
    for field in fields:
        if not field.startswith(b":"):
            if field:
                yield field
            continue
        try:
            old_mode, new_mode, old_oid, new_oid, _ = field[1:].split(b" ")
            path = next(fields)
        except (ValueError, StopIteration):
            raise GitError("git's list of differences stopped in the middle", "run the command again") from None
        yield Delta(_side(path, old_mode, old_oid), _side(path, new_mode, new_oid))


def _side(path: bytes, mode: bytes, oid: bytes) -> Side | None:
    return None if mode == b"000000" or not oid.strip(b"0") else Side(path, mode, oid)


def parse_index_diff(raw: bytes) -> tuple[Delta, ...]:
    """All deltas of one `diff-index -z --raw`."""
    return tuple(d for d in parse_raw(iter(raw.split(b"\0"))) if isinstance(d, Delta))


def parse_commits(fields: Iterator[bytes]) -> Iterator[Change]:
    """The changes in the output of `diff-tree --stdin -z -m --raw`, which names a commit once for each parent."""
    commit: bytes | None = None
    diffs: list[list[Delta]] = []
    for item in parse_raw(fields):
        if isinstance(item, Delta):
            diffs[-1].append(item)
            continue
        if commit is not None and item != commit:
            yield Change(commit, tuple(map(tuple, diffs)))
            diffs = []
        commit = item
        diffs.append([])
    if commit is not None:
        yield Change(commit, tuple(map(tuple, diffs)))
