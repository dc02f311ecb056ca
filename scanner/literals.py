"""Sets of literals: the fewest that tell the same, how far they reach, and which views they betray."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

_SHARED = 3  # bytes that anchors must share at their beginning to be looked for as one

# Views by name, in the order in which they are tried, each with the literals that betray it; none where that is not
# known.
Betrayed = Mapping[str, Sequence[bytes]]


def minimal_cover(anchors: Iterable[bytes]) -> tuple[bytes, ...]:
    """The fewest literals of which one stands in every text that holds an anchor: none contains another."""
    literals = sorted(set(anchors), key=lambda literal: (len(literal), literal))
    kept: list[bytes] = []
    for literal in literals:
        if not any(shorter in literal for shorter in kept):
            kept.append(literal)
    return tuple(kept)


def shared_beginnings(literals: Iterable[bytes]) -> tuple[bytes, ...]:
    """`literals`, with three or more that begin alike replaced by that beginning: each literal costs a pass."""
    groups: dict[bytes, list[bytes]] = {}
    for literal in literals:
        groups.setdefault(literal[:_SHARED], []).append(literal)
    return minimal_cover(one for start, group in groups.items() for one in ([start] if len(group) > 2 else group))


def reach_of(literals: Iterable[bytes]) -> int:
    """How many bytes the longest has behind its first one."""
    return max(map(len, literals), default=1) - 1


def by_name(here: Iterable[bytes], betraying: Mapping[bytes, Sequence[str]], names: Sequence[str]) -> Betrayed:
    """The views that the literals which are `here` betray."""
    found: dict[str, list[bytes]] = {}
    for literal in here:
        for name in betraying[literal]:
            found.setdefault(name, []).append(literal)
    return {name: found[name] for name in names if name in found}
