"""What the readers of packs and indexes promise: what they read is right, all else is left, and memory is bounded.

An input for a pack begins with how many entries there are and where each begins (two bytes each); its index is made
from that, so that not every input has to have the right sums. The id of an entry is its number, twenty times.
"""

from __future__ import annotations

import zlib

import numpy as np

from scanner.errors import GitError
from scanner.pack import entries, index
from scanner.pack.forest import forest, portions
from scanner.pack.unpack import Nodes, Unpacker, codec

LARGE, STACKED = 1 << 20, 2 << 20
_MOST = 24  # entries


def check_index(data: bytes) -> None:
    """An index of either version and either width of ids."""
    for width in (20, 32):
        try:
            found = index.parse(memoryview(data), width)
        except GitError:
            continue
        count = len(found.ids)
        assert found.ids.shape == (count, width) and found.offsets.shape == (count,)
        assert len(found.pack) == len(found.own) == width and count * (width + 4) <= len(data)
        assert (index.find(found.ids, found.ids) == np.arange(count)).all(), "an id is not found where it is"
        assert all(flag.shape == (count,) for flag in index.distinct([found.ids, found.ids]))
        entries.parse(np.frombuffer(data, np.uint8), found)


def check(data: bytes) -> None:
    """A pack, read as a worker does."""
    count = min(data[0], _MOST) if data else 0
    offsets = [int.from_bytes(data[at : at + 2], "big") for at in range(1, 1 + 2 * count, 2)]
    body = data[1 + 2 * count :]
    if len(body) < 20:
        return
    ids = np.array([[number] * 20 for number in range(count)], np.uint8).reshape(count, 20)
    listed = index.Index(ids, np.array(offsets, np.int64), b"", b"")
    parsed = entries.parse(np.frombuffer(body, np.uint8), listed)
    trees = forest(parsed, np.ones(count, np.bool_))
    _read(body, Nodes(*(column.tolist() for column in (trees.start, trees.end, trees.size, trees.base))))
    shares = list(portions(trees, 1, 2))
    assert [begin for begin, _ in shares[1:]] == [end for _, end in shares[:-1]]


def _read(body: bytes, nodes: Nodes) -> None:
    unpacker = Unpacker(memoryview(body), codec(), LARGE, STACKED)
    true: dict[int, bytes] = {}
    for node, content, _ in unpacker.contents(nodes):
        assert len(content) <= LARGE
        true[node] = content
        assert content == _slowly(body, nodes, node, true), "another content than zlib and a plain delta make"
    assert sorted([*true, *unpacker.left]) == list(range(len(nodes.base))), "an entry is lost, or read twice"


def _slowly(body: bytes, nodes: Nodes, node: int, known: dict[int, bytes]) -> bytes:
    machine = zlib.decompressobj()
    plain = machine.decompress(body[nodes.start[node] : nodes.end[node]], LARGE + 1)
    assert len(plain) == nodes.size[node]
    return plain if nodes.base[node] < 0 else applied(known[nodes.base[node]], plain)


def applied(base: bytes, delta: bytes) -> bytes:
    """What `delta` makes of `base` (gitformat-pack, "Deltified representation")."""
    source, at = _number(delta, 0)
    target, at = _number(delta, at)
    assert source == len(base), "a delta of another base"
    made = bytearray()
    while at < len(delta):
        head, at = delta[at], at + 1
        assert head, "a reserved instruction"
        if head < 128:
            made += delta[at : at + head]
            at += head
            continue
        fields = [0] * 7
        for bit in range(7):
            if head >> bit & 1:
                fields[bit], at = delta[at], at + 1
        start = int.from_bytes(bytes(fields[:4]), "little")
        size = int.from_bytes(bytes(fields[4:]), "little") or 0x10000
        assert start + size <= len(base), "a copy from behind the base"
        made += base[start : start + size]
    assert len(made) == target and at == len(delta), "not the size that the delta says"
    return bytes(made)


def _number(delta: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte, at = delta[at], at + 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at
