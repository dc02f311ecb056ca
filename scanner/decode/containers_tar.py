"""The members of a tar (POSIX pax: ustar and its extended headers; GNU tar's manual, "Basic Tar Format"; what older
programs wrote is read along).

Where a header is damaged the next one is looked for, and so behind the end of an archive: they can be concatenated.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import NamedTuple

from scanner.decode.containers_limits import CUT, DAMAGED, Budget, Closed, Member, Stopped, expanded
from scanner.decode.containers_source import Source
from scanner.decode.containers_sparse import (
    Records,
    decimal,
    filled,
    map_in_data,
    map_of_header,
    map_of_records,
    number,
    plain,
    records,
)

_BLOCK = 512
_MAGIC, _MAGIC_AT = b"ustar", 257
_SUM = slice(148, 156)
_NAMES = 1 << 20  # bytes that a long name or an extended header has at most

_SMALL = 16  # records or pieces that are as much work as one entry

_LINK, _SPARSE, _LONG_NAME, _EXTENDED = b"1", b"S", b"L", (b"x", b"X")
_BARE = (b"1", b"2", b"3", b"4", b"5", b"6")  # links, devices, folders, fifos: they have no data of their own
_TELLING = (b"L", b"K", b"x", b"X", b"g")  # they tell of the next entry: its name, that of its link, records


class _Told(NamedTuple):
    """What headers before that of an entry tell of it: a long name, and records."""

    name: bytes = b""
    records: Records = ()

    def get(self, *keys: bytes) -> bytes:
        """The value of the last record that has one of `keys`; nothing where none has."""
        return next((value for key, value in reversed(self.records) if key in keys), b"")


def valid(data: Source, at: int) -> bool:
    """Whether a header stands at `at`: its checksum is right (some old programs added signed bytes)."""
    block = data[at : at + _BLOCK]
    if len(block) < _BLOCK or not (told := number(block[_SUM])):
        return False
    total = sum(block) - sum(block[_SUM]) + 8 * 0x20
    return told == total or told == total - 256 * sum(byte > 127 for byte in block)


def read(data: Source, budget: Budget) -> Iterator[Member | Closed]:
    """The members, and what stays closed. Never raises for what is in `data`."""
    at, told = 0, _Told()
    while 0 <= at < len(data):
        if reason := budget.entry():
            yield Closed(None, reason)
            return
        if not valid(data, at):
            if (block := data[at : at + _BLOCK]).strip(b"\0"):
                yield Closed(None, DAMAGED if len(block) == _BLOCK else CUT)
            at, told = _next(data, at + 1, budget), _Told()
            continue
        if data[at + 156 : at + 157] in _TELLING:
            at, told = yield from _tell(data, at, told, budget)
        else:
            at = yield from _entry(data, at, told, budget)
            told = _Told()
        if budget.spent:  # that was said
            return


def _next(data: Source, at: int, budget: Budget) -> int:
    """Where the next header stands at or behind `at`; -1 where none does. Each that might be one counts as an entry."""
    at += _MAGIC_AT
    while (at := data.find(_MAGIC, at)) >= 0:
        if budget.entry() or valid(data, at - _MAGIC_AT):
            return at - _MAGIC_AT
        at += len(_MAGIC)
    return -1


def _tell(data: Source, at: int, told: _Told, budget: Budget) -> Generator[Closed, None, tuple[int, _Told]]:
    """What the header at `at` tells of the next entry; and where that begins. Records for all entries are of no use to
    us."""
    kind, size, start = data[at + 156 : at + 157], _size(data, at), at + _BLOCK
    text = data[start : start + min(size, _NAMES)]
    if len(text) < size:
        yield Closed(None, DAMAGED)
        return start, told
    if kind == _LONG_NAME:
        told = told._replace(name=_text(text))
    elif kind in _EXTENDED:
        told = told._replace(records=records(text))
        if reason := budget.entry(len(told.records) // _SMALL):
            yield Closed(None, reason)
    return _behind(start, size), told


def _entry(data: Source, at: int, told: _Told, budget: Budget) -> Generator[Member | Closed, None, int]:
    """The entry whose header stands at `at`; where the next one begins. Where its data is cut off, that is looked for
    in what there is: its size may be wrong."""
    kind, size, start = data[at + 156 : at + 157], _size(data, at), at + _BLOCK
    name = told.get(b"GNU.sparse.name") or told.get(b"path") or told.name or _name(data[at : at + _BLOCK])
    if (own := decimal(told.get(b"size"))) is not None:
        size = min(own, len(data))
    if kind in _BARE and not (kind == _LINK and size and _linked(data, start)):
        return start
    pieces = plain(data, start, start + size)
    try:
        if sparse := _sparse(data, at, size, told, budget):
            pieces, start = sparse
    except (Stopped, ValueError) as error:
        yield Closed(name, str(error) if isinstance(error, Stopped) else DAMAGED)
    if not (size == 0 and name.endswith(b"/")):  # that is how a folder was told before POSIX
        yield from expanded(pieces, name, "tar", lambda: size + _BLOCK, budget)
    return _behind(start, size) if start + size <= len(data) else _next(data, start, budget)


def _sparse(data: Source, at: int, size: int, told: _Told, budget: Budget) -> tuple[Iterator[bytes], int] | None:
    """What the entry at `at` holds, and where its `size` bytes begin; None where it is not sparse. ValueError where its
    map makes no sense, Stopped where it is too long."""
    start, real = at + _BLOCK, decimal(told.get(b"GNU.sparse.realsize", b"GNU.sparse.size")) or 0
    begin = start
    if data[at + 156 : at + 157] == _SPARSE:
        pieces, real, start = map_of_header(data, at)
        begin = start
    elif told.get(b"GNU.sparse.major") == b"1":
        pieces, begin = map_in_data(data, start, start + size)
    elif told.get(b"GNU.sparse.map", b"GNU.sparse.numbytes"):
        pieces = map_of_records(told.records)
    else:
        return None
    if reason := budget.entry(len(pieces) // _SMALL):
        raise Stopped(reason)
    return filled(data, begin, start + size, pieces, real), start


def _linked(data: Source, start: int) -> bool:
    """Whether a hard link has the data that its header tells the size of. POSIX lets it have some; most programs tell
    the size of the file that is linked, and write none."""
    return bool(data[start : start + _BLOCK].strip(b"\0")) and not valid(data, start)


def _name(header: bytes) -> bytes:
    """A name as a header has it: POSIX has the first part in a field of its own."""
    prefix = _text(header[345:500]) if header[257:263] == b"ustar\0" else b""
    return b"/".join(filter(None, (prefix, _text(header[:100]))))


def _size(data: Source, at: int) -> int:
    """The size that the header at `at` tells; where it makes no sense, or is more than there can be, that of all."""
    size = number(data[at + 124 : at + 136])
    return len(data) if size is None else min(size, len(data))


def _behind(start: int, size: int) -> int:
    """Where the next block begins behind `size` bytes. All blocks are counted from where the archive begins, or began
    anew; `start` is one of them where `size` is told."""
    return start + -(-size // _BLOCK) * _BLOCK


def _text(field: bytes) -> bytes:
    return field.partition(b"\0")[0]
