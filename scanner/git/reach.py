"""What still reaches an object: branches, tags, stash, notes, reflogs; for many objects in one pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from functools import cache
from heapq import nsmallest
from typing import NamedTuple

from scanner.git.commits import Graph, spread
from scanner.git.refs import BRANCHES, NOTES, STASH, TAGS, LogEntry, Ref
from scanner.model import Names, Reach

# Bits of one pass: thousands of bits in each of a million commits' numbers would not be cheap.
_BITS = 1024
_SHOWN = 20


class Holders(NamedTuple):
    """What keeps objects alive."""

    refs: Sequence[Ref]
    log: Sequence[LogEntry]


class Wanted(NamedTuple):
    """Something that these commits bring, or these refs name directly."""

    commits: Set[bytes]
    refs: Sequence[bytes] = ()


def reaches(wanted: Sequence[Wanted], graph: Graph, holders: Holders) -> list[Reach]:
    """What reaches each of `wanted`."""
    found: list[Reach] = []
    for start in range(0, len(wanted), _BITS):
        found += _pass(wanted[start : start + _BITS], graph, holders)
    return found


def _pass(wanted: Sequence[Wanted], graph: Graph, holders: Holders) -> list[Reach]:
    marks: dict[bytes, int] = {}
    for bit, one in enumerate(wanted):
        for commit in one.commits:
            marks[commit] = marks.get(commit, 0) | 1 << bit
    by_mask = _by_mask(spread(graph, marks), holders)
    # Of many refs most reach the same, and most of `wanted` are reached by the same.
    together = cache(lambda masks: merged([by_mask[mask] for mask in masks]))
    found = (together(tuple(mask for mask in by_mask if mask >> bit & 1)) for bit in range(len(wanted)))
    return [merged([held, reach_of(one.refs)]) for held, one in zip(found, wanted, strict=True)]


def _by_mask(carried: Mapping[bytes, int], holders: Holders) -> dict[int, Reach]:
    """What holds, by what it reaches."""
    groups: dict[int, tuple[list[bytes], list[bytes]]] = {}
    for ref in holders.refs:
        groups.setdefault(carried.get(ref.peeled, 0), ([], []))[0].append(ref.name)
    for entry in holders.log:
        groups.setdefault(carried.get(entry.oid, 0), ([], []))[1].append(entry.name)
    groups.pop(0, None)
    return {mask: reach_of(names, logs) for mask, (names, logs) in groups.items()}


def merged(parts: Sequence[Reach]) -> Reach:
    """What reaches any of what `parts` tell of; each names other refs."""
    return Reach(
        branches=_sum([part.branches for part in parts]),
        tags=_sum([part.tags for part in parts]),
        stash=any(part.stash for part in parts),
        notes=any(part.notes for part in parts),
        reflog=any(part.reflog for part in parts),
        alternate=any(part.alternate for part in parts),
        unreachable=all(part.unreachable for part in parts),
    )


def _sum(many: Sequence[Names]) -> Names:
    first = sorted(name for names in many for name in names.first)
    return Names(sum(names.count for names in many), tuple(first[:_SHOWN]))


def reach_of(names: Sequence[bytes], logs: Sequence[bytes] = ()) -> Reach:
    """The Reach of an object that the refs `names` and the reflog entries `logs` lead to."""
    # Of each kind the names without its prefix; of any other ref the whole name, which counts as a branch.
    kinds: dict[bytes, list[bytes]] = {prefix: [] for prefix in _KINDS}
    for name in names:
        prefix = next((prefix for prefix in _KINDS if name.startswith(prefix)), b"")
        kinds[prefix].append(name[len(prefix) :])
    stashed = any(name.startswith(STASH + b"@") for name in logs)
    return Reach(
        branches=_names([*kinds[BRANCHES[0]], *kinds[BRANCHES[1]], *kinds[b""]]),
        tags=_names(kinds[TAGS]),
        stash=stashed or bool(kinds[STASH]),
        notes=bool(kinds[NOTES]),
        reflog=any(not name.startswith(STASH + b"@") for name in logs),
        unreachable=not names and not logs,
    )


_KINDS = (*BRANCHES, TAGS, NOTES, STASH, b"")


def _names(short: Sequence[bytes]) -> Names:
    first = nsmallest(_SHOWN, [name.decode("utf-8", "backslashreplace") for name in short])
    return Names(len(short), tuple(first))
