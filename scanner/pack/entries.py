"""The entries of a pack: what stands before the contents, for all of them at once (Documentation/gitformat-pack)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Thread
from typing import NamedTuple

from scanner.arrays import Bytes, Flags, Numbers, np
from scanner.pack.index import Index, find

COMMIT, TREE, BLOB, TAG = 1, 2, 3, 4
_OFS, _REF = 6, 7
ODD = 0  # what cannot be told of an entry, or is not possible
# A delta whose bases lead to no whole object, but round in a circle or nowhere. git must not be asked for it: it goes
# round such a circle for ever, and takes more and more memory.
BROKEN = 8
_NONE = -1
_MANY = 1 << 17  # entries looked at in one go: what that takes is given back
_START = 12  # bytes before the first entry
_MOST = (1 << 31) - 1  # bytes; git takes larger ones, and we leave them to git
_DELTA = 4  # bytes: git takes no shorter delta


class Entries(NamedTuple):
    """The entries of a pack in the order in which they lie there. `kind` is that of the object, deltas resolved; ODD or
    BROKEN where that is not possible. `base` and `root` are numbers of entries: what a delta is made from (-1: it is
    none), and where its chain begins. `place` is the number in the index."""

    place: Numbers
    start: Numbers  # where the deflated content begins
    end: Numbers
    size: Numbers  # bytes, inflated: of a delta, its own
    base: Numbers
    root: Numbers
    kind: Numbers


class _Heads(NamedTuple):
    kind: Numbers
    size: Numbers
    start: Numbers
    base: Numbers


def parse(data: Bytes, index: Index) -> Entries:
    """The entries of the pack `data`, whose index this is."""
    width = index.ids.shape[1]
    place = np.argsort(index.offsets).astype(np.int32)
    offsets = index.offsets[place]
    count, last = len(offsets), len(data) - width
    inverse = np.empty(count, np.int32)
    inverse[place] = np.arange(count, dtype=np.int32)
    end = np.append(offsets[1:], last)
    slices = [slice(at, at + _MANY) for at in range(0, count, _MANY)] or [slice(0)]
    parts = _halves(lambda part: _heads(data, index, offsets, inverse, part, last), slices)
    kind, size, start, base = (np.concatenate(column) for column in zip(*parts, strict=True))
    end[start > end] = last  # the index leads into the middle of it, too
    root = _roots(base)
    return Entries(place, np.minimum(start, end), end, size, base, root, np.where(base[root] < 0, kind[root], BROKEN))


def _halves(heads: Callable[[slice], _Heads], slices: Sequence[slice]) -> list[_Heads]:
    """What `heads` gives for each; the second half beside the first, since numpy lets others run while it works."""
    half = -(-len(slices) // 2)
    made: list[list[_Heads]] = []

    def second() -> None:
        with suppress(Exception):  # it comes again below
            made.append(list(map(heads, slices[half:])))

    thread = Thread(target=second, daemon=True)
    with suppress(RuntimeError):  # no memory for one
        thread.start()
    first = list(map(heads, slices[:half]))
    if thread.ident:
        thread.join()
    return first + (made[0] if made else list(map(heads, slices[half:])))


def _heads(data: Bytes, index: Index, offsets: Numbers, inverse: Numbers, part: slice, last: int) -> _Heads:
    at = offsets[part]
    kind, size, start, odd = _sizes(data, at, last)
    base = np.full(len(at), _NONE, np.int32)
    relative = np.flatnonzero((kind == _OFS) & ~odd)
    base[relative], start[relative] = _relative(data, offsets, at[relative], start[relative], last)
    named = np.flatnonzero((kind == _REF) & ~odd)
    base[named] = _named(data, index, inverse, start[named], last)
    start[named] += index.ids.shape[1]
    delta = (kind == _OFS) | (kind == _REF)
    odd |= (size > _MOST) | (delta & ((base < 0) | (size < _DELTA)))
    kind[odd | (kind == 5)], base[odd] = ODD, _NONE
    kind[(odd & delta) | (at < _START) | (at >= last)] = BROKEN
    return _Heads(kind, np.minimum(size, _MOST).astype(np.int32), start, base)


def _sizes(data: Bytes, at: Numbers, last: int) -> tuple[Numbers, Numbers, Numbers, Flags]:
    """Kind, size and what follows them of the entries at the offsets `at`, and which of them are not possible."""
    odd = (at < _START) | (at >= last)
    first = data[np.where(odd, 0, at)]
    kind, size, start = first >> 4 & 7, (first & 15).astype(np.int64), at + 1
    shift, more = 4, np.flatnonzero((first >= 128) & ~odd)
    while len(more):
        odd[more[(start[more] >= last) | (shift > 53)]] = True
        more = more[~odd[more]]
        byte = data[start[more]]
        size[more] |= (byte & 127).astype(np.int64) << shift
        start[more] += 1
        shift, more = shift + 7, more[byte >= 128]
    return kind, size, start, odd


def _relative(data: Bytes, offsets: Numbers, at: Numbers, start: Numbers, last: int) -> tuple[Numbers, Numbers]:
    """The bases that are named by how far before the entry they lie (-1: there is none), and what follows."""
    start, distance = start.copy(), np.zeros(len(at), np.int64)
    more, bad = np.arange(len(at)), np.zeros(len(at), np.bool_)
    while len(more):
        bad[more[(start[more] >= last) | (distance[more] > 1 << 55)]] = True
        more = more[~bad[more]]
        byte = data[start[more]]
        distance[more] = (distance[more] << 7) + (byte & 127)
        start[more] += 1
        more = more[byte >= 128]
        distance[more] += 1
    wanted = at - distance
    base = np.minimum(np.searchsorted(offsets, wanted), max(len(offsets) - 1, 0))
    bad |= (distance <= 0) | (offsets[base] != wanted)
    return np.where(bad, _NONE, base), start


def _named(data: Bytes, index: Index, inverse: Numbers, start: Numbers, last: int) -> Numbers:
    """The bases that are named by their ids; -1 where this pack does not hold one."""
    width = index.ids.shape[1]
    fits = start + width <= last
    ids = data[np.where(fits, start, 0)[:, None] + np.arange(width)]
    found = find(index.ids, ids)
    return np.where(fits & (found >= 0), inverse[np.maximum(found, 0)], _NONE)


def _roots(base: Numbers) -> Numbers:
    """Where the chain of each entry begins. Each step jumps twice as far as the one before, so that a chain of any
    length takes few; one that never ends is left in the middle, where there is still a base."""
    root = np.where(base < 0, np.arange(len(base), dtype=np.int32), base).astype(np.int32)
    for _ in range(32):
        further = root[root]
        if (further == root).all():
            break
        root = further
    return root
