"""The members of a zip (PKWARE's APPNOTE.TXT 6.3.10; its sections are named).

Entries are read in the order in which they stand in the file, each from its own bytes only: what is claimed by two
(the way of zip bombs that overlap) is read once. Local headers that no directory names are read as well: those of an
archive that was cut off, or that stands before another one.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Generator, Iterator, Sequence
from struct import Struct
from typing import NamedTuple

from scanner.decode.containers_limits import (
    CUT,
    DAMAGED,
    LYING,
    NO_DIRECTORY,
    OVERLAP,
    UNKNOWN,
    Budget,
    Closed,
    Member,
    Stopped,
    expanded,
)
from scanner.decode.containers_source import Source, search
from scanner.decode.containers_streams import WORK, Inflate, Machine, Maker, Stream, bzip2, lzma, xz, zstd

_LOCAL, _CENTRAL = b"PK\3\4", b"PK\1\2"
_LOCAL_FIELDS = Struct("<4x2xHHHHIIIHH")  # 4.3.7: flags, method, time, date, crc, packed, size, name, extra
_CENTRAL_FIELDS = Struct("<4x4xHHHHIIIHHHHHII")  # 4.3.12: as above, then comment, disk, attributes, place
_END, _END_FIELDS = b"PK\5\6", Struct("<12xII2x")  # 4.3.16: size and place of the directory
_END64, _END64_FIELDS = b"PK\6\6", Struct("<40xQQ")  # 4.3.14
_NEXT = re.compile(rb"PK(?:\x03\x04|\x01\x02|\x07\x08)")  # what may stand behind a member (4.3.6)
# A local header with a method that is known, and a name.
_SANE = re.compile(rb"PK\x03\x04.{4}[\0\x08\x0c\x0e\x14\x5d\x5f]\0.{16}(?!\0\0).{4}", re.S)
_FULL = 0xFFFFFFFF  # the number stands in the extra field of zip64 (4.5.3)
_ENCRYPTED, _STREAMED = 1, 8  # bits of the flags (4.4.4)
_PIECE = 1 << 20
_NOTHING = 32  # bytes that nothing takes at most when it is compressed


class _Entry(NamedTuple):
    """What a header says: `at` is where the local one stands, None for `packed` where only the end tells."""

    at: int
    name: bytes
    flags: int
    method: int
    crc: int | None
    packed: int | None
    size: int


def read(data: Source, budget: Budget) -> Iterator[Member | Closed]:
    """The members, and what stays closed. Never raises for what is in `data`."""
    entries, end = _directory(data, budget.entries)
    if not entries and data[:4] != _END:
        yield Closed(None, NO_DIRECTORY)
    real = sorted(entry for entry in entries if _stands(data, entry))
    lost = [entry for entry in entries if not _stands(data, entry)]
    yield from _entries(data, real, end, budget)
    yield from (Closed(entry.name, DAMAGED) for entry in lost)


def _stands(data: Source, entry: _Entry) -> bool:
    return entry.at >= 0 and data.startswith(_LOCAL, entry.at)


def _entries(data: Source, entries: Sequence[_Entry], end: int, budget: Budget) -> Iterator[Member | Closed]:
    reached = 0
    for entry, bound in zip(entries, _bounds(entries, end), strict=True):
        reached = yield from _unnamed(data, reached, entry.at, budget)
        if budget.spent:
            return
        if reached > entry.at:
            yield Closed(entry.name, OVERLAP)
        else:
            reached = yield from _read(data, entry, bound, budget)
    yield from _unnamed(data, reached, end, budget)


def _bounds(entries: Sequence[_Entry], end: int) -> list[int]:
    """Where each entry ends at the latest: at the next one that begins behind it."""
    bounds, bound, last = [], end, end
    for entry in reversed(entries):
        if entry.at < last:
            bound, last = last, entry.at
        bounds.append(bound)
    return bounds[::-1]


def _unnamed(data: Source, at: int, end: int, budget: Budget) -> Generator[Member | Closed, None, int]:
    """The entries between `at` and `end`; what was reached."""
    reached = at
    while not budget.spent and (found := search(_SANE, data, at, end, _LOCAL_FIELDS.size)) >= 0:
        if entry := _local(data, found, end):
            at = reached = yield from _read(data, entry, end, budget)
        else:
            at = found + len(_LOCAL)
    return reached


def _local(data: Source, at: int, end: int) -> _Entry | None:
    """The entry of the sane local header at `at`; None where it does not end before `end`."""
    flags, method, _, _, crc, packed, size, name, extra = _fields(_LOCAL_FIELDS, data, at)
    start = at + _LOCAL_FIELDS.size
    if start + name + extra > end:
        return None
    size, packed, _ = _wide(data[start + name : start + name + extra], size, packed, 0)
    streamed = bool(flags & _STREAMED) and not packed
    return _Entry(
        at, data[start : start + name], flags, method, None if streamed else crc, None if streamed else packed, size
    )


def _wide(extra: bytes, *numbers: int) -> Iterator[int]:
    """The numbers, those of zip64 from the extra field: there stand only those that are full in the header."""
    wide, at = b"", 0
    while at + 4 <= len(extra):
        length = int.from_bytes(extra[at + 2 : at + 4], "little")
        if extra[at : at + 2] == b"\1\0":
            wide = extra[at + 4 : at + 4 + length]
        at += 4 + length
    for number in numbers:
        if number == _FULL and len(wide) >= 8:
            number, wide = int.from_bytes(wide[:8], "little"), wide[8:]
        yield number


def _directory(data: Source, most: int) -> tuple[list[_Entry], int]:
    """The entries of the central directory, and where it begins; without one, none and the end of the data. What
    stands before the archive (a program, say) moves all of its places."""
    entries: list[_Entry] = []
    start, moved = _where(data)
    at = start
    while len(entries) <= most and data.startswith(_CENTRAL, at) and at + _CENTRAL_FIELDS.size <= len(data):
        flags, method, _, _, crc, packed, size, name, extra, comment, _, _, _, place = _fields(
            _CENTRAL_FIELDS, data, at
        )
        at += _CENTRAL_FIELDS.size
        size, packed, place = _wide(data[at + name : at + name + extra], size, packed, place)
        entries.append(_Entry(place + moved, data[at : at + name], flags, method, crc, packed, size))
        at += name + extra + comment
    return entries, start


def _fields(fields: Struct, data: Source, at: int) -> tuple[int, ...]:
    return fields.unpack(data[at : at + fields.size])


def _where(data: Source) -> tuple[int, int]:
    """Where the directory begins, and by how much places are moved."""
    end = data.rfind(_END)
    if end < 0 or end + _END_FIELDS.size > len(data):
        return len(data), 0
    size, place = _fields(_END_FIELDS, data, end)
    if _FULL in (size, place) and 0 <= (wide := data.rfind(_END64, 0, end)) <= len(data) - _END64_FIELDS.size:
        end = wide
        size, place = _fields(_END64_FIELDS, data, end)
    for start in (end - size, place):
        if start >= 0 and data.startswith(_CENTRAL, start):
            return start, start - place
    return end, 0


def _read(data: Source, entry: _Entry, bound: int, budget: Budget) -> Generator[Member | Closed, None, int]:
    """An entry's content, from nothing behind `bound`; where it ends."""
    if reason := budget.entry(WORK.get(_MACHINES.get(entry.method), 1)):
        yield Closed(entry.name, reason)
        return bound
    lengths = _fields(_LOCAL_FIELDS, data, entry.at)[-2:] if entry.at + _LOCAL_FIELDS.size <= bound else (bound, 0)
    content = _Content(data, entry, min(entry.at + _LOCAL_FIELDS.size + sum(lengths), bound), bound)
    if entry.flags & _ENCRYPTED:
        yield Closed(entry.name, "encrypted")
    elif not (entry.name.endswith(b"/") and not entry.size and (entry.packed or 0) <= _NOTHING):
        yield from expanded(content, entry.name, "zip", lambda: max(bound - content.start, 1), budget)
    return content.end


class _Content:
    """What an entry holds, piece by piece."""

    def __init__(self, data: Source, entry: _Entry, start: int, bound: int) -> None:
        self._data, self._entry, self.start, self._bound = data, entry, start, bound
        self._end = start if entry.packed is None else min(start + entry.packed, bound)
        self._read: Stream | None = None

    @property
    def end(self) -> int:
        """What stands from here on was not read."""
        return max(self._read.at, self.start) if self._read else self._end

    def __iter__(self) -> Iterator[bytes]:
        """Stopped where it is not whole, or not what the header says; what decompressors raise."""
        made, crc = 0, 0
        try:
            for piece in self._pieces():
                made, crc = made + len(piece), zlib.crc32(piece, crc)
                yield piece
        except EOFError:
            raise Stopped(OVERLAP if self._claimed() > self._bound else CUT) from None
        if self._entry.crc is not None and (made, crc) != (self._entry.size, self._entry.crc):
            raise Stopped(LYING)

    def _claimed(self) -> int:
        return self.start + (self._entry.packed or 0)

    def _pieces(self) -> Iterator[bytes]:
        make = _MACHINES.get(self._entry.method, _unknown)
        if make is None:
            return self._stored()
        if make is lzma:
            return self._lzma()
        return self._stream(make, self.start)

    def _stored(self) -> Iterator[bytes]:
        if self._entry.packed is None:
            behind = search(_NEXT, self._data, self.start, self._bound, 4)
            self._end = behind if behind >= 0 else self._bound
        for at in range(self.start, self._end, _PIECE):
            yield self._data[at : min(at + _PIECE, self._end)]
        if self._claimed() > self._bound:
            raise EOFError

    def _stream(self, make: Maker, at: int) -> Iterator[bytes]:
        """A stream knows itself where it ends."""
        self._read = Stream(make, self._data, at, self._bound)
        yield from self._read

    def _lzma(self) -> Iterator[bytes]:
        """5.8: two bytes of version, two of length, five of properties, then the stream. With a size before it, that is
        the older format of lzma, whose reader bounds its memory. Bit 1 says that a mark ends it; then no size is
        needed."""
        start = self.start + 9
        if self._data[self.start + 2 : self.start + 4] != b"\5\0":
            raise Stopped(DAMAGED)
        marked = self._entry.flags & 2 or self._entry.packed is None
        size = b"\xff" * 8 if marked else (self._entry.size & (1 << 64) - 1).to_bytes(8, "little")
        head = self._data[start - 5 : start] + size

        def headed() -> Machine:
            machine = lzma()
            machine.decompress(head, 0)
            return machine

        return self._stream(headed, start)


def _unknown() -> Machine:
    raise Stopped(UNKNOWN)


def _inflate() -> Machine:
    return Inflate(-15)


# 4.4.5; None: stored as it is.
_MACHINES: dict[int, Maker | None] = {
    0: None, 8: _inflate, 12: bzip2, 14: lzma, 20: zstd, 93: zstd, 95: xz,
}  # fmt: skip
