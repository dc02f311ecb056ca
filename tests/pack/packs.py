"""Packs written by hand, as odd as the format allows or forbids; and both engines, side by side."""

from __future__ import annotations

import hashlib
import os
import random
import struct
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from scanner import rules
from scanner.git.repository import find
from scanner.pack import entries
from scanner.pack.forest import forest
from scanner.pack.index import parse as parse_index
from scanner.pack.unpack import LARGE, STACKED, Nodes, Unpacker, codec
from scanner.sources import engines
from scanner.sources.history import Scope, Seen
from scanner.sources.jobs import Job

RULES = tuple(rule for rule in rules.builtin() if rule.id == "slack-bot-token")
KINDS = {1: b"commit", 2: b"tree", 3: b"blob", 4: b"tag"}
OFS, REF = 6, 7
OWN = Scope()

# Both engines


def seen(
    engine: str,
    repository: Path,
    *,
    scope: Scope = OWN,
    processes: int = 1,
    large: int = 32 << 20,
) -> Seen:
    """What an engine sees of a repository."""
    git = find(str(repository), os.environ, own=False)
    job = Job(git.git, RULES, 5.0, large=large, account=True)
    return engines.look(engine, git, job, scope, processes).whole()


def agree(repository: Path, *, scope: Scope = OWN, processes: int = 1, large: int = 32 << 20) -> Seen:
    """What the engine `pack` sees, after a comparison with the engine `git`."""
    mine = seen("pack", repository, scope=scope, processes=processes, large=large)
    compare(mine, seen("git", repository, scope=scope, large=large))
    return mine


def compare(mine: Seen, true: Seen) -> None:
    """AssertionError where two engines saw anything differently."""
    assert not set(oids(mine)) ^ set(oids(true))
    assert len(set(oids(mine))) == len(oids(mine))
    assert [mine[at] for at in range(2, 6)] == [true[at] for at in range(2, 6)]  # the counts
    assert sorted(map(repr, mine.found)) == sorted(map(repr, true.found))
    assert sorted((item.oid, item.content) for item in mine.found) == sorted(
        (item.oid, item.content) for item in true.found
    )
    assert not set(mine.problems) ^ set(true.problems)
    assert sorted(mine.lineage.splitlines()) == sorted(true.lineage.splitlines())


def oids(what: Seen) -> list[bytes]:
    """Ids and sizes of all that was looked at, in order."""
    return sorted(what.looked.splitlines())


def holders(what: Seen) -> set[str]:
    """The ids of the objects in which a token was found."""
    return {item.oid.decode() for item in what.found if item.examined.hits}


# Objects


class Object(NamedTuple):
    """An object, with the number of its kind."""

    kind: int
    content: bytes

    def oid(self, algorithm: str = "sha1") -> bytes:
        """Its id."""
        head = b"%b %d\0" % (KINDS[self.kind], len(self.content))
        return hashlib.new(algorithm, head + self.content).digest()


def number(value: int) -> bytes:
    """As deltas begin: seven bits a byte, the lowest first."""
    out = bytearray()
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def copy(offset: int, size: int, full: bool = False) -> bytes:
    """The instruction to copy from the base; `full`: with all its bytes, also those that are zero."""
    places = [(offset, 0, 4), (0 if size == 0x10000 and not full else size, 4, 3)]
    head, rest = 128, bytearray()
    for value, shift, width in places:
        for at in range(width):
            byte = value >> 8 * at & 255
            if byte or full:
                head |= 1 << shift + at
                rest.append(byte)
    return bytes([head, *rest])


def insert(content: bytes) -> bytes:
    """The instructions to insert `content`."""
    return b"".join(bytes([len(content[at : at + 127])]) + content[at : at + 127] for at in range(0, len(content), 127))


def delta(base: int, target: int, *instructions: bytes) -> bytes:
    """A delta between contents of these sizes."""
    return number(base) + number(target) + b"".join(instructions)


def made_from(base: bytes, draw: random.Random) -> tuple[bytes, bytes]:
    """A delta of random instructions, and what it makes of `base`."""
    parts, target = [], bytearray()
    for _ in range(draw.randint(1, 6)):
        if base and draw.random() < 0.6:
            offset = draw.randrange(len(base))
            size = draw.randint(1, min(len(base) - offset, 0xFFFFFF, draw.choice([10, 1 << 24])))
            parts.append(copy(offset, size, full=draw.random() < 0.1))
            target += base[offset : offset + size]
        else:
            new = draw.randbytes(draw.choice([1, 5, 127, 300]))
            parts.append(insert(new))
            target += new
    return delta(len(base), len(target), *parts), bytes(target)


# Packs


class Entry(NamedTuple):
    """An entry: the kind that it says it has, what follows deflated, and for a delta the number of its base among the
    entries, or the id. `size` is what it claims; `raw` stands for the deflated content; `after` is garbage behind."""

    kind: int
    content: bytes
    base: int = -1
    named: bytes = b""
    size: int | None = None
    raw: bytes | None = None
    after: bytes = b""
    distance: int | None = None


class Written(NamedTuple):
    """A pack, and where its entries begin."""

    data: bytes
    offsets: list[int]


def head(kind: int, size: int) -> bytes:
    """What an entry begins with."""
    out = bytearray([kind << 4 | size & 15])
    size >>= 4
    while size:
        out[-1] |= 128
        out.append(size & 127)
        size >>= 7
    return bytes(out)


def away(distance: int) -> bytes:
    """How far before a delta its base lies."""
    out = [distance & 127]
    while distance := distance >> 7:
        distance -= 1
        out.append(distance & 127 | 128)
    return bytes(reversed(out))


def pack(content: Sequence[Entry], algorithm: str = "sha1", version: int = 2, count: int | None = None) -> Written:
    """The pack of these entries, in order; an OFS_DELTA comes after its base."""
    data = bytearray(struct.pack(">4sII", b"PACK", version, len(content) if count is None else count))
    offsets: list[int] = []
    for entry in content:
        offsets.append(len(data))
        data += head(entry.kind, len(entry.content) if entry.size is None else entry.size)
        if entry.kind == OFS:
            data += away(offsets[-1] - offsets[entry.base] if entry.distance is None else entry.distance)
        data += entry.named + (zlib.compress(entry.content) if entry.raw is None else entry.raw) + entry.after
    return Written(bytes(data + hashlib.new(algorithm, data).digest()), offsets)


def index(ids: Iterable[bytes], offsets: Iterable[int], trailer: bytes, algorithm: str = "sha1") -> bytes:
    """A version 2 index. Offsets of more than 31 bits go to the second table."""
    rows = sorted(zip(ids, offsets, strict=True))
    fan = [sum(oid[0] <= first for oid, _ in rows) for first in range(256)]
    large = [offset for _, offset in rows if offset >> 31]
    short = [1 << 31 | large.index(offset) if offset >> 31 else offset for _, offset in rows]
    data = b"\xfftOc" + struct.pack(">257I", 2, *fan) + b"".join(oid for oid, _ in rows) + bytes(4 * len(rows))
    data += struct.pack(f">{len(short)}I", *short) + struct.pack(f">{len(large)}Q", *large) + trailer
    return data + hashlib.new(algorithm, data).digest()


def store(repository: Path, name: str, data: bytes, listed: bytes) -> Path:
    """A pack and its index in a bare repository; the path of the pack."""
    folder = repository / "objects/pack"
    path = folder / f"pack-{name}.pack"
    path.write_bytes(data)
    path.with_suffix(".idx").write_bytes(listed)
    return path


def add(repository: Path, name: str, content: Sequence[Entry], ids: Sequence[bytes]) -> Path:
    """A pack of these entries, which have these ids, in a bare repository; the path of the pack."""
    written = pack(content)
    return store(repository, name, written.data, index(ids, written.offsets, written.data[-20:]))


# Reading, without a worker


class Read(NamedTuple):
    """What the parts of scanner.pack make of a pack: contents by id, and the ids that are left to git."""

    contents: dict[bytes, bytes]
    left: set[bytes]


def read(data: bytes, listed: bytes, algorithm: str = "sha1", large: int = LARGE, stacked: int = STACKED) -> Read:
    """Reads a pack as a worker does. AssertionError where it reads anything twice."""
    ids = parse_index(memoryview(listed), hashlib.new(algorithm).digest_size)
    trees = forest(entries.parse(np.frombuffer(data, np.uint8), ids), np.ones(len(ids.ids), np.bool_))
    names = [bytes(ids.ids[place]) for place in trees.place.tolist()]
    unpacker = Unpacker(memoryview(data), codec(), large, stacked)
    columns = (trees.start, trees.end, trees.size, trees.base)
    pairs = list(unpacker.contents(Nodes(*(column.tolist() for column in columns))))
    assert sorted([*(node for node, _, _ in pairs), *unpacker.left]) == list(range(len(names)))
    left = {names[node] for node in unpacker.left} | {bytes(ids.ids[place]) for place in trees.odd.tolist()}
    return Read({names[node]: content for node, content, _ in pairs}, left)
