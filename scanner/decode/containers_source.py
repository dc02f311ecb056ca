"""Where packed bytes are read from: bytes that are held, a file of any size, or what comes piece by piece.

Readers of containers ask for slices, and look for bytes; no more than some MB are ever held of what is larger.
"""

from __future__ import annotations

import re
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Protocol

_PAGE = 1 << 16  # bytes that are read of a file at once, where less is asked for
_STEP = 1 << 18  # bytes in which something is looked for at once
_BACK = 1 << 20  # bytes that are kept of what was passed: a decompressor is fed more than it takes
_READ = 1 << 20  # bytes that are read at once of what comes piece by piece
_PADDING = 1 << 12  # zeros that are read at once
_END = sys.maxsize


class Source(Protocol):
    """What all of them can do, as bytes do it. `len` is a very large number where nobody knows yet."""

    def __len__(self) -> int: ...

    def __getitem__(self, where: slice, /) -> bytes: ...

    def find(self, part: bytes, start: int = 0, end: int = _END, /) -> int:
        """Where `part` stands first; -1 where it does not."""

    def rfind(self, part: bytes, start: int = 0, end: int = _END, /) -> int:
        """Where `part` stands last; -1 where it does not."""

    def startswith(self, part: bytes, start: int = 0, /) -> bool:
        """Whether `part` stands at `start`."""


class _Sliced(ABC):
    """Does with slices what bytes do by themselves."""

    first = 0  # what stands before is gone

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def _slice(self, start: int, stop: int) -> bytes:
        """What stands there; less, where it is gone or comes to its end."""

    def __getitem__(self, where: slice) -> bytes:
        start, stop, _ = where.indices(len(self))
        return self._slice(start, stop) if start < stop else b""

    def find(self, part: bytes, start: int = 0, end: int = _END, /) -> int:
        """As bytes do it; what is gone is not found."""
        return _stepwise(lambda data: data.find(part), self, max(start, self.first), end, len(part))

    def rfind(self, part: bytes, start: int = 0, end: int = _END, /) -> int:
        """As bytes do it."""
        stop = min(end, len(self))
        while stop - start >= len(part):
            begin = max(stop - _STEP, start)
            if (at := self[begin:stop].rfind(part)) >= 0:
                return begin + at
            if begin == start:
                break
            stop = begin + len(part) - 1
        return -1

    def startswith(self, part: bytes, start: int = 0, /) -> bool:
        """As bytes do it."""
        return self[start : start + len(part)] == part


def _stepwise(look: Callable[[bytes], int], data: Source, at: int, end: int, reach: int) -> int:
    """Where in `data[at:end]` `look` finds first what has `reach` bytes; -1 where it does not."""
    while len(part := data[at : min(at + _STEP, end)]) >= reach:
        if (found := look(part)) >= 0:
            return at + found
        at += len(part) - reach + 1
    return -1


def search(pattern: re.Pattern[bytes], data: Source, at: int, end: int, reach: int) -> int:
    """Where `pattern`, whose matches have `reach` bytes, matches first in `data[at:end]`; -1 where it does not."""

    def look(part: bytes) -> int:
        found = pattern.search(part)
        return found.start() if found else -1

    if isinstance(data, bytes):
        there = pattern.search(data, at, end)
        return there.start() if there else -1
    return _stepwise(look, data, at, end, reach)


def past_zeros(data: Source, at: int) -> int:
    """The first byte that is not zero at or behind `at`: what is written to tapes and disks is padded."""
    while part := data[at : at + _PADDING]:
        if rest := part.lstrip(b"\0"):
            return at + len(part) - len(rest)
        at += len(part)
    return at


class Paged(_Sliced):
    """A file of `size` bytes, of which `read(at, size)` gives a part. What that raises comes out of here."""

    def __init__(self, read: Callable[[int, int], bytes], size: int) -> None:
        self._read, self._size = read, size
        self._at, self._page = 0, b""

    def __len__(self) -> int:
        return self._size

    def _slice(self, start: int, stop: int) -> bytes:
        if stop - start >= _PAGE:
            return self._read(start, stop - start)
        if not self._at <= start <= stop <= self._at + len(self._page):
            self._at, self._page = start, self._read(start, _PAGE)
        return self._page[start - self._at : stop - self._at]


class Forward(_Sliced):
    """What comes piece by piece, behind the bytes that were read already; what was passed is gone a little later."""

    def __init__(self, pieces: Iterator[bytes], begun: bytes = b"") -> None:
        self._pieces, self._held, self._length = pieces, bytearray(begun), _END

    def __len__(self) -> int:
        return self._length

    @property
    def reached(self) -> int:
        """How many bytes came so far."""
        return self.first + len(self._held)

    def _slice(self, start: int, stop: int) -> bytes:
        while self.reached < stop and self._length == _END:
            piece = next(self._pieces, None)
            if piece is None:
                self._length = self.reached
                break
            self._held += piece
            self._forget(start - _BACK)
        if start < self.first:
            return b""
        return bytes(memoryview(self._held)[start - self.first : stop - self.first])

    def _forget(self, before: int) -> None:
        """Drops what stands before that place, as far as it came; not for every few bytes."""
        gone = min(before, self.reached) - self.first
        if gone > _BACK:
            del self._held[:gone]
            self.first += gone


def packed_size(data: Source) -> int:
    """The size of what is packed; of what has not come to its end, as much as came."""
    return data.reached if isinstance(data, Forward) else len(data)


def pieces(read: Callable[[int], bytes]) -> Iterator[bytes]:
    """What `read(n)` gives, to its end."""
    return iter(lambda: read(_READ), b"")


def up_to(read: Callable[[int], bytes], begun: bytes, size: int) -> bytes:
    """`begun` and what follows it, up to `size` bytes; fewer only at the end."""
    held = BytesIO()
    held.write(begun)
    while held.tell() < size and (piece := read(min(size - held.tell(), _READ))):
        held.write(piece)
    return held.getvalue()


def reading(pieces: Iterator[bytes], begun: bytes = b"") -> Callable[[int], bytes]:
    """Reads what comes piece by piece, behind what was read already."""
    held = bytearray(begun)

    def read(size: int) -> bytes:
        if not held:
            held.extend(next(filter(None, pieces), b""))
        data = bytes(held[:size])
        del held[:size]
        return data

    return read
