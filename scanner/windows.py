"""Cuts a text of any size into windows that overlap, so that memory stays bounded and nothing on a border is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from scanner.positions import advance, boundary

WINDOW = 8 << 20
# The longest credential that is found whole where two windows meet: real ones have a few hundred bytes.
OVERLAP = 64 << 10
# Up to this size a text is looked at as a whole, where it may hold anything: what is packed and then encoded is only
# found where all of it is there.
WHOLE = 32 << 20
# What stands before a candidate helps to judge it (an escape, a marker in its line).
MARGIN = 4 << 10


# The charset of a text by its beginning, if it is UTF-16 or UTF-32, and what makes UTF-8 of a part of it.
Wide = Callable[[bytes], tuple[str, Callable[[bytes], bytes]] | None]


class Window(NamedTuple):
    """A piece of a text. Its first byte stands at `line` and `column`; matches that start in [`first`, `last`) are
    this window's own, others belong to its neighbours."""

    data: bytes
    line: int
    column: int
    first: int
    last: int
    charset: str = ""  # UTF-16 or UTF-32, if the text is in one: then line and column are those of what it says

    @property
    def size(self) -> int:
        """How many bytes are its own."""
        return min(self.last, len(self.data)) - self.first

    @property
    def cut(self) -> bool:
        """Whether more follows."""
        return self.last <= len(self.data)

    def owns(self, start: int) -> bool:
        """Whether a match that starts at offset `start` is to be reported for this window."""
        return self.first <= start < self.last


def windows(
    read: Callable[[int], bytes],
    size: int = WINDOW,
    overlap: int = OVERLAP,
    margin: int = MARGIN,
    begin: tuple[int, int, int] = (1, 1, 0),
    wide: Wide = lambda data: None,
) -> Iterator[Window]:
    """The windows of what `read(n)` gives: at most n bytes, and none at the end. A short text is one window. `begin`:
    line, column and `first` of the first one, where it is not the first of the text. `wide` knows a text in UTF-16 or
    UTF-32 by its beginning: that is cut between characters, too."""
    line, column, first = begin
    data = _fill(read, b"", size)
    known = wide(data) if len(data) >= size and begin == (1, 1, 0) else None
    name, plain = known or ("", None)
    while len(data) >= size:
        cut = _boundary(data, len(data) - overlap, name)
        yield Window(data, line, column, first, cut, name)
        keep = _boundary(data, max(cut - margin, 0), name)
        if plain:
            line, column = advance(plain(data[:keep]), line, column)
        else:
            line, column = advance(data, line, column, end=keep)
        first = cut - keep
        rest = data[keep:]
        data = _fill(read, rest, size + len(rest))
        if len(data) == len(rest):
            break
    yield Window(data, line, column, first, len(data) + 1, name)


def _boundary(data: bytes, at: int, charset: str) -> int:
    return at - at % 4 if charset else boundary(data, at)


def _fill(read: Callable[[int], bytes], data: bytes, size: int) -> bytes:
    """`data` and what follows it, up to `size` bytes; fewer only at the end."""
    pieces, have = [data], len(data)
    while have < size and (piece := read(min(size - have, WINDOW))):
        pieces.append(piece)
        have += len(piece)
    return b"".join(pieces)
