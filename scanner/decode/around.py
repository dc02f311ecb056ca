"""Where a text has to be decoded: around the anchors of a view, and nowhere else. One pass, whatever the text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

BEFORE, BEHIND = 16 * 1024, 64 * 1024  # bytes: how far a region reaches on either side of its anchor
_OVERLAP = 8 * 1024  # bytes that a region that had to be cut has in common with the next: no token is longer


def regions(data: bytes, anchors: re.Pattern[bytes], shape: re.Pattern[bytes]) -> Iterator[tuple[int, int]]:
    """Start and end of what matches `shape` around each place where `anchors` match. In order; regions overlap only
    where what matches is too long for one."""
    done = floor = 0
    while found := anchors.search(data, done):
        place = found.start()
        region = _region(data, place, floor, shape)
        if not region:
            done = place + 1
            continue
        yield region
        whole = region[1] < place + BEHIND
        floor, done = (region[1], region[1]) if whole else (region[1] - 2 * _OVERLAP, region[1] - _OVERLAP)


def _region(data: bytes, place: int, floor: int, shape: re.Pattern[bytes]) -> tuple[int, int] | None:
    """What matches around `place`."""
    for found in shape.finditer(data, max(place - BEFORE, floor), place + BEHIND):
        if found.end() > place:
            return found.span() if found.start() <= place + 1 else None
    return None


def cover(literals: Iterable[bytes]) -> tuple[bytes, ...]:
    """The fewest of which one stands wherever any of `literals` does; sorted."""
    kept: set[bytes] = set()
    for one in sorted(set(literals), key=len):
        if not any(one[at:end] in kept for at in range(len(one)) for end in range(at + 1, len(one) + 1)):
            kept.add(one)
    return tuple(sorted(kept))


@cache
def any_of(literals: tuple[bytes, ...]) -> re.Pattern[bytes]:
    """Finds the first place of any of them. None may begin with another. As a tree, which is quicker than a list."""
    return re.compile(_tree(literals))


def _tree(literals: Iterable[bytes]) -> bytes:
    branches: dict[bytes, list[bytes]] = {}
    for one in literals:
        if one:
            branches.setdefault(one[:1], []).append(one[1:])
    ways = [re.escape(letter) + _tree(rest) for letter, rest in sorted(branches.items())]
    return ways[0] if len(ways) == 1 else b"(?:%b)" % b"|".join(ways)
