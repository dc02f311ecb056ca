"""What still reaches an object: branches, tags, stash, notes, reflogs; for many objects in one pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import NamedTuple

from scanner.git.commits import Parents, spread
from scanner.git.refs import BRANCHES, NOTES, STASH, TAGS, LogEntry, Ref
from scanner.model import Names, Reach

# Bits of one pass: thousands of bits in each of a million commits' numbers would not be cheap.
_BITS = 1024
_SHOWN = 20


class Holders(NamedTuple):
    """What keeps objects alive."""

    refs: Sequence[Ref]
    log: Sequence[LogEntry]


def reaches(wanted: Sequence[Set[bytes]], order: Sequence[bytes], parents: Parents, holders: Holders) -> list[Reach]:
    """For each set of commits in `wanted`: what reaches at least one of them. `order`: parents first."""
    found: list[Reach] = []
    for start in range(0, len(wanted), _BITS):
        found += _pass(wanted[start : start + _BITS], order, parents, holders)
    return found


def _pass(wanted: Sequence[Set[bytes]], order: Sequence[bytes], parents: Parents, holders: Holders) -> list[Reach]:
    marks: dict[bytes, int] = {}
    for bit, commits in enumerate(wanted):
        for commit in commits:
            marks[commit] = marks.get(commit, 0) | 1 << bit
    carried = spread(order, parents, marks)
    names = _by_mask((ref.name, carried.get(ref.peeled, 0)) for ref in holders.refs)
    logged = _by_mask((entry.name, carried.get(entry.oid, 0)) for entry in holders.log)
    return [_reach(1 << bit, names, logged) for bit in range(len(wanted))]


def _by_mask(named: Iterable[tuple[bytes, int]]) -> dict[int, list[bytes]]:
    """Names by what they reach: of many refs most reach the same."""
    groups: dict[int, list[bytes]] = {}
    for name, mask in named:
        if mask:
            groups.setdefault(mask, []).append(name)
    return groups


def _reach(bit: int, refs: Mapping[int, list[bytes]], logged: Mapping[int, list[bytes]]) -> Reach:
    names = [name for mask, group in refs.items() if mask & bit for name in group]
    logs = [name for mask, group in logged.items() if mask & bit for name in group]
    return reach_of(names, logs)


def reach_of(names: Sequence[bytes], logs: Sequence[bytes] = ()) -> Reach:
    """The Reach of an object that the refs `names` and the reflog entries `logs` lead to."""
    apart = (TAGS, NOTES, STASH)
    stashed = any(name.startswith(STASH + b"@") for name in logs)
    return Reach(
        branches=_names(name for name in names if not name.startswith(apart)),
        tags=_names(name for name in names if name.startswith(TAGS)),
        stash=stashed or STASH in names,
        notes=any(name.startswith(NOTES) for name in names),
        reflog=any(not name.startswith(STASH + b"@") for name in logs),
        unreachable=not names and not logs,
    )


def _names(refs: Iterable[bytes]) -> Names:
    short = sorted(_short(ref) for ref in refs)
    return Names(len(short), tuple(name.decode("utf-8", "backslashreplace") for name in short[:_SHOWN]))


def _short(ref: bytes) -> bytes:
    for prefix in (*BRANCHES, TAGS):
        ref = ref.removeprefix(prefix)
    return ref
