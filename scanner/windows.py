"""Cuts a text of any size into windows that overlap, so that memory stays bounded and nothing on a border is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from scanner.positions import advance, boundary

WINDOW = 8 << 20
# The longest credential that is found whole where two windows meet: real ones have a few hundred bytes.
OVERLAP = 64 << 10
# What stands before a candidate helps to judge it (an escape, a marker in its line).
MARGIN = 4 << 10


class Window(NamedTuple):
    """A piece of a text. Its first byte stands at `line` and `column`; matches that start in [`first`, `last`) are
    this window's own, others belong to its neighbours."""

    data: bytes
    line: int
    column: int
    first: int
    last: int

    def owns(self, start: int) -> bool:
        """Whether a match that starts at offset `start` is to be reported for this window."""
        return self.first <= start < self.last


def windows(
    read: Callable[[int], bytes], size: int = WINDOW, overlap: int = OVERLAP, margin: int = MARGIN
) -> Iterator[Window]:
    """The windows of what `read(n)` gives: at most n bytes, and none at the end. A short text is one window."""
    data, line, column, first = _fill(read, b"", size), 1, 1, 0
    while len(data) >= size:
        cut = boundary(data, len(data) - overlap)
        yield Window(data, line, column, first, cut)
        keep = boundary(data, max(cut - margin, 0))
        line, column = advance(data, line, column, end=keep)
        first = cut - keep
        rest = data[keep:]
        data = _fill(read, rest, size + len(rest))
        if len(data) == len(rest):
            break
    yield Window(data, line, column, first, len(data) + 1)


def _fill(read: Callable[[int], bytes], data: bytes, size: int) -> bytes:
    """`data` and what follows it, up to `size` bytes; fewer only at the end."""
    pieces, have = [data], len(data)
    while have < size and (piece := read(min(size - have, WINDOW))):
        pieces.append(piece)
        have += len(piece)
    return b"".join(pieces)
