"""Deltas that are made from each other, round in a circle. git goes round one for ever, and takes more and more memory:
whatever leads into it (a ref, HEAD's tree, a walk) must not be asked of git.

Only a base that is named by its id (REF_DELTA) can lie behind its delta, so every circle has one. git itself hardly
writes such entries into packs that it keeps, and the first byte of an entry tells: most packs take one look at these
(Documentation/gitformat-pack). What no index names is not looked for; the bound on git's memory (scanner.git.run) ends
that.
"""

from __future__ import annotations

import mmap
import os
import stat
from array import array
from collections.abc import Iterator
from operator import itemgetter
from sys import byteorder
from typing import NamedTuple

from scanner.git.packs import head, listed

_MANY = 1 << 16  # entries looked at in one go
_LARGE = 200_000  # entries: from here on numpy is quicker, though it takes a tenth of a second to load
_OFS, _REF = 6, 7
_NAMED = bytes(byte >> 4 & 7 == _REF for byte in range(256))
_END = -1
_DIGITS = 10  # of a number, seven bits each


def circles(objects: str, width: int) -> Iterator[tuple[str, list[bytes]]]:
    """Each pack in the folder `objects` that has circles: its name, and the ids (in hex) of all that a circle is made
    of. Packs that git would not use may be left out; ids have `width` bytes."""
    try:
        names = listed(objects).indexed
    except OSError:
        return
    for name in names:
        base = os.path.join(objects, "pack", name)
        try:
            found = _circles(_mapped(f"{base}.idx"), _mapped(f"{base}.pack"), width)
        except (OSError, ValueError):  # gone, empty, or no index
            continue
        if found:
            yield name, found


def _mapped(path: str) -> mmap.mmap:
    """A plain file in memory, as far as it is touched. OSError or ValueError where it is none, or empty."""
    file = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise OSError
        return mmap.mmap(file, 0, access=mmap.ACCESS_READ)
    finally:
        os.close(file)


class _Pack(NamedTuple):
    """A pack with its index: the offset of each entry, in the order of the ids; where in the index the ids begin, and
    how far one is from the next."""

    listed: mmap.mmap
    data: mmap.mmap
    offsets: array[int]
    fan: tuple[int, ...]
    ids: int
    stride: int
    width: int

    def oid(self, place: int) -> bytes:
        """The id at a place in the index."""
        start = self.ids + place * self.stride
        return self.listed[start : start + self.width]

    def find(self, oid: bytes) -> int:
        """The offset of `oid`, by the steps that git takes (hash-lookup.c), whatever the order of the ids; or _END."""
        low, high = self.fan[oid[0] - 1] if oid[0] else 0, self.fan[oid[0]]
        while low < high:
            middle = (low + high) // 2
            here = self.oid(middle)
            if here == oid:
                return self.offsets[middle]
            low, high = (low, middle) if here > oid else (middle + 1, high)
        return _END

    def base(self, at: int) -> int:
        """The offset of what the entry at an offset is made from; _END where there is none, or it is damaged."""
        data = self.data
        if not 0 <= at < len(data) - self.width:
            return _END
        kind = data[at] >> 4 & 7
        after = _after(data, at)
        if kind == _OFS:
            away = _away(data, after)
            return at - away if 0 < away < at else _END
        oid = data[after : after + self.width] if kind == _REF else b""
        return self.find(oid) if len(oid) == self.width else _END


def _after(data: mmap.mmap, at: int) -> int:
    """Where the size of an entry ends."""
    for place in range(at, min(at + _DIGITS, len(data))):
        if data[place] < 128:
            return place + 1
    return len(data)


def _away(data: mmap.mmap, at: int) -> int:
    """How far before an entry its base lies."""
    distance = -1
    for place in range(at, min(at + _DIGITS, len(data))):
        distance = (distance + 1 << 7) + (data[place] & 127)
        if data[place] < 128:
            return distance
    return 0


def _pack(index: mmap.mmap, data: mmap.mmap, width: int) -> _Pack:
    """ValueError where it is no index."""
    begun = head(index)
    if begun is None:
        raise ValueError
    new, fan, ids = begun
    count, stride = begun.objects, width if new else width + 4
    if len(index) < ids + count * (width + (8 if new else 4)):
        raise ValueError
    if not new:
        rows = (index[ids + at * stride : ids + at * stride + 4] for at in range(count))
        return _Pack(index, data, _numbers(b"".join(rows)), fan, ids + 4, stride, width)
    table = ids + count * (width + 4)
    offsets = _numbers(index[table : table + 4 * count])
    if not index[table : table + 4 * count : 4].isascii():  # an offset of more than 31 bits
        large, offsets = table + 4 * count, array("q", offsets)
        for place in (at for at, offset in enumerate(offsets) if offset >> 31):
            where = large + 8 * (offsets[place] & 0x7FFFFFFF)
            offsets[place] = int.from_bytes(index[where : where + 8], "big") & (1 << 62) - 1
    return _Pack(index, data, offsets, fan, ids, stride, width)


def _numbers(table: bytes) -> array[int]:
    numbers = array("I", table)
    if byteorder == "little":
        numbers.byteswap()
    return numbers


def _circles(index: mmap.mmap, data: mmap.mmap, width: int) -> list[bytes]:
    """The ids of what circles are made of."""
    pack = _pack(index, data, width)
    passed: set[int] = set()
    found: set[int] = set()
    for at in _named(pack):
        path: dict[int, None] = {}
        while at != _END and at not in passed and at not in path:
            path[at] = None
            at = pack.base(at)
        if at in path:
            way = list(path)
            found.update(way[way.index(at) :])
        passed.update(path)
    return [pack.oid(place).hex().encode() for place, at in enumerate(pack.offsets) if at in found] if found else []


def _named(pack: _Pack) -> Iterator[int]:
    """The offsets of entries whose base is named by its id."""
    if len(pack.offsets) > _LARGE:
        try:
            yield from _named_quickly(pack)
            return
        except ImportError:  # not installed
            pass
    last = len(pack.data)
    inside = not pack.offsets or max(pack.offsets) < last
    for begin in range(0, len(pack.offsets), _MANY):
        some = pack.offsets[begin : begin + _MANY]
        if not inside:
            some = array("q", [at for at in some if at < last])
        some.extend([0, 0])  # itemgetter gives a tuple for two at least
        heads = bytes(itemgetter(*some)(pack.data)).translate(_NAMED)
        place = heads.find(1)
        while place >= 0:
            yield some[place]
            place = heads.find(1, place + 1)


def _named_quickly(pack: _Pack) -> Iterator[int]:
    from scanner.arrays import np

    offsets = np.array(pack.offsets, np.int64)
    offsets.sort()  # in the order of the index, each is in another page
    offsets = offsets[: np.searchsorted(offsets, len(pack.data))]
    kinds = np.frombuffer(pack.data, np.uint8)[offsets] >> 4 & 7
    yield from offsets[kinds == _REF].tolist()
