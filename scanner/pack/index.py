"""Pack indexes, versions 1 and 2, for both hashes (git's Documentation/gitformat-pack)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from scanner.arrays import Bytes, Flags, Numbers, np
from scanner.errors import GitError

_MAGIC = b"\xfftOc\x00\x00\x00\x02"
_FAN = 256 * 4  # bytes: for each first byte of an id how many ids are not behind it
_LARGE = 1 << 31  # an offset with this bit stands in the table of large ones


class Index(NamedTuple):
    """What an index says: `ids` (a row of bytes for each, sorted), the offset of each in the pack, and the checksums
    that it ends with: of the pack, and its own."""

    ids: Bytes
    offsets: Numbers
    pack: bytes
    own: bytes


def parse(data: memoryview, width: int) -> Index:
    """The index in `data`; ids have `width` bytes. GitError where it is not one."""
    if len(data) < _FAN + 2 * width:
        raise _odd("too short")
    new = bytes(data[: len(_MAGIC)]) == _MAGIC
    if new and len(data) < len(_MAGIC) + _FAN + 2 * width:
        raise _odd("too short")
    start = len(_MAGIC) if new else 0
    fan = _fan(data[start : start + _FAN])
    count = int(fan[-1])
    body = data[start + _FAN : len(data) - 2 * width]
    ids, offsets = (_second if new else _first)(body, count, width)
    if not _sorted(ids):
        raise _odd("ids out of order")
    if (np.searchsorted(ids[:, 0], np.arange(256, dtype=np.uint8), "right") != fan).any():
        raise _odd("fan-out")  # git would not find what we do
    end = bytes(data[len(data) - 2 * width :])
    return Index(ids, offsets, end[:width], end[width:])


def _fan(table: memoryview) -> Numbers:
    fan = np.frombuffer(table, ">u4").astype(np.int64)
    if (np.diff(fan) < 0).any():
        raise _odd("fan-out out of order")
    return fan


def _first(body: memoryview, count: int, width: int) -> tuple[Bytes, Numbers]:
    """Version 1: each offset before its id."""
    if len(body) != count * (4 + width):
        raise _odd("length")
    rows = np.frombuffer(body, np.uint8).reshape(count, 4 + width)
    return rows[:, 4:], np.ascontiguousarray(rows[:, :4]).view(">u4").astype(np.int64).reshape(count)


def _second(body: memoryview, count: int, width: int) -> tuple[Bytes, Numbers]:
    """Version 2: all ids, all checksums, all offsets, then the large offsets that these lead to."""
    rest = len(body) - count * (width + 8)
    if rest < 0 or rest % 8:
        raise _odd("length")
    ids = np.frombuffer(body[: count * width], np.uint8).reshape(count, width)
    start = count * (width + 4)
    offsets = np.frombuffer(body[start : start + 4 * count], ">u4").astype(np.int64)
    large = np.flatnonzero(offsets >= _LARGE)
    if len(large):
        table = np.frombuffer(body[start + 4 * count :], ">u8")
        where = offsets[large] - _LARGE
        if (where >= len(table)).any() or (table >> 62).any():
            raise _odd("a large offset")
        offsets[large] = table[where].astype(np.int64)
    return ids, offsets


def keys(ids: Bytes) -> Numbers:
    """The first eight bytes of each id as a number: sorted as the ids are."""
    return np.ascontiguousarray(ids[:, :8]).view(">u8").reshape(len(ids)).astype(np.uint64)


def _sorted(ids: Bytes) -> bool:
    """Whether the ids ascend. Two whose first eight bytes are equal are no accident: that is left to git, too."""
    numbers = keys(ids)
    return bool((numbers[1:] > numbers[:-1]).all())


def find(ids: Bytes, wanted: Bytes) -> Numbers:
    """Where each of the ids `wanted` stands among the sorted `ids`; -1 where it does not."""
    if not len(ids) or not len(wanted):
        return np.full(len(wanted), -1)
    places = np.minimum(np.searchsorted(keys(ids), keys(wanted)), len(ids) - 1)
    return np.where((ids[places] == wanted).all(axis=1), places, -1)


def distinct(many: Sequence[Bytes]) -> list[Flags]:
    """For each of several sorted lists of ids, which of them no earlier list holds."""
    ends = np.cumsum([len(ids) for ids in many])
    flags = np.ones(ends[-1] if many else 0, np.bool_)
    if len(many) > 1:
        numbers = np.concatenate([keys(ids) for ids in many])
        order = np.argsort(numbers, kind="stable")  # of equal ones, the earlier list first
        same = np.flatnonzero(np.diff(numbers[order]) == 0)
        flags[_equal(many, ends, order[same], order[same + 1])] = False
    return np.split(flags, ends[:-1]) if many else []


def _equal(many: Sequence[Bytes], ends: Numbers, first: Numbers, second: Numbers) -> Numbers:
    """Those of the `second` ids that equal the `first` ones; both are numbered through all lists."""
    compared = np.zeros(ends[-1], np.bool_)
    compared[first] = compared[second] = True
    rows = np.concatenate([ids[here] for ids, here in zip(many, np.split(compared, ends[:-1]), strict=True)])
    number = np.cumsum(compared) - 1
    equal: Flags = (rows[number[first]] == rows[number[second]]).all(axis=1)
    return second[equal]


def _odd(what: str) -> GitError:
    return GitError(f"a pack index is not as git writes it ({what})", "git fsck shows what is damaged")
