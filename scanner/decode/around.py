"""Where a text has to be decoded: around the anchors of a view, and nowhere else. One pass, whatever the text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

BEFORE, BEHIND = 16 * 1024, 64 * 1024  # bytes: how far a region reaches on either side of its anchor
_STEPS = (256, BEFORE)  # bytes: most regions begin near
_UNSURE = 4  # matches from anywhere
_BREAK = 2  # bytes of the end of a line that an anchor may begin with
_OVERLAP = 8 * 1024  # bytes that a region that had to be cut has in common with the next: no token is longer


def regions(data: bytes, anchors: re.Pattern[bytes], shape: re.Pattern[bytes]) -> Iterator[tuple[int, int]]:
    """Start and end of what matches `shape` around each place where `anchors` match. In order; regions overlap only
    where what matches is too long for one."""
    done = floor = 0
    while found := anchors.search(data, done):
        place = found.start()
        start, end = _first(data, place, floor, shape)
        if start > place + _BREAK:  # nothing around it, nor before that: what is passed over is not looked at again
            floor = done = max(place + 1, start - _BREAK)
            continue
        yield start, end
        whole = end < place + BEHIND
        floor, done = (end, end) if whole else (end - 2 * _OVERLAP, end - _OVERLAP)


def _first(data: bytes, place: int, floor: int, shape: re.Pattern[bytes]) -> tuple[int, int]:
    """What matches around `place`, or else behind it; or, with none there, where the next may begin. The first matches
    from anywhere may be the end of one, and something between two of its parts; what follows on these is whole."""
    for before in _STEPS:
        whole = place - before <= floor or before == BEFORE
        for count, found in enumerate(shape.finditer(data, max(place - before, floor), place + BEHIND)):
            if found.end() > place:
                if whole or count >= _UNSURE:
                    return found.span()
                break
    return place + BEHIND - _OVERLAP, place + BEHIND


def cover(literals: Iterable[bytes]) -> tuple[bytes, ...]:
    """The fewest of which one stands wherever any of `literals` does; sorted."""
    kept: set[bytes] = set()
    for one in sorted(set(literals), key=len):
        if not any(one[at:end] in kept for at in range(len(one)) for end in range(at + 1, len(one) + 1)):
            kept.add(one)
    return tuple(sorted(kept))


@cache
def any_of(literals: tuple[bytes, ...]) -> re.Pattern[bytes]:
    """Finds the first place of any of them. As a tree, which is quicker than a list."""
    return re.compile(b"|".join(first + rest for first, rest in branches(literals)))


def one_of(literals: Iterable[bytes]) -> re.Pattern[bytes]:
    """The same for a few, which change from text to text: nothing of it is kept for long."""
    return re.compile(b"|".join(map(re.escape, cover(literals))))


def branches(literals: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """A pattern for `literals` by first bytes: `re` jumps to a byte, and tries each alternative that it is given. Of
    two of which one begins with the other, the shorter."""
    groups: dict[bytes, list[bytes]] = {}
    for literal in literals:
        groups.setdefault(re.escape(literal[:1]), []).append(literal[1:])
    for first, rest in groups.items():
        ways = [b""] if b"" in rest else [one + more for one, more in branches(rest)]
        yield first, ways[0] if len(ways) == 1 else b"(?:%b)" % b"|".join(ways)
