"""Contents: all that a valid pack holds, and of any other no more than can be told."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scanner.git.repository import find
from scanner.pack.unpack import codec, heading
from tests.conftest import Repo, token
from tests.pack import packs
from tests.pack.packs import KINDS, OFS, REF, Entry, Object, copy, delta, insert, made_from, number

SEEDS = st.integers(0, 1 << 32)

# Graphs of objects, written with deltas of all sorts


class Graph:
    """Random objects, of which many are deltas of others of their kind, in a random order."""

    def __init__(self, draw: random.Random, algorithm: str = "sha1") -> None:
        self._draw, self._algorithm = draw, algorithm
        self.objects: dict[bytes, Object] = {}
        self._made: list[tuple[bytes, bytes, bytes]] = []  # id; that of the base, if any; what is deflated
        for _ in range(draw.randint(1, 25)):
            self._grow()

    def _grow(self) -> None:
        """One more object: whole, or made from one that is here."""
        draw = self._draw
        if self.objects and draw.random() < 0.7:
            base = draw.choice([*list(self.objects)[-3:], *self.objects])
            made, content = made_from(self.objects[base].content, draw)
            new = Object(self.objects[base].kind, content)
            self._keep(new, base, made)
        else:
            new = Object(draw.choice(list(KINDS)), draw.choice([b"", draw.randbytes(9), draw.randbytes(70_000)]))
            self._keep(new, b"", new.content)

    def _keep(self, new: Object, base: bytes, made: bytes) -> None:
        oid = new.oid(self._algorithm)
        if oid not in self.objects:
            self.objects[oid] = new
            self._made.append((oid, base, made))

    def entries(self) -> tuple[list[Entry], list[bytes]]:
        """The entries of a pack, and their ids. A base may come after what is made from it, if that names it by id."""
        made = list(self._made)
        if self._draw.random() < 0.7:
            self._draw.shuffle(made)
        place = {oid: at for at, (oid, _, _) in enumerate(made)}
        return [self._entry(oid, place, base, what) for oid, base, what in made], [oid for oid, _, _ in made]

    def _entry(self, oid: bytes, place: dict[bytes, int], base: bytes, made: bytes) -> Entry:
        raw = zlib.compress(made, self._draw.choice([0, 1, 9]))
        if not base:
            return Entry(self.objects[oid].kind, made, raw=raw)
        if place[base] < place[oid] and self._draw.random() < 0.7:
            return Entry(OFS, made, base=place[base], raw=raw)
        return Entry(REF, made, named=base, raw=raw)


def looked_at(objects: dict[bytes, Object]) -> dict[bytes, bytes]:
    return {oid: item.content for oid, item in objects.items() if item.kind != 2}


@pytest.fixture(params=["sha1", "sha256"])
def bare(request: pytest.FixtureRequest, tmp_path: Path) -> Repo:
    return Repo(tmp_path / "bare", "--bare", f"--object-format={request.param}")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=SEEDS)
def test_graphs(bare: Repo, seed: int) -> None:
    """git takes the pack, with the ids that these objects have; and all are read as they were written."""
    algorithm = find(str(bare.path), os.environ, own=False).object_format
    graph = Graph(random.Random(seed), algorithm)
    entries, _ = graph.entries()
    path = bare.path / "objects/pack/pack-x.pack"
    data = packs.pack(entries, algorithm).data
    for old in path.parent.glob("*"):
        old.unlink()
    bare.git("index-pack", "--stdin", "-o", str(path.with_suffix(".idx")), str(path), stdin=data)
    found = packs.read(data, path.with_suffix(".idx").read_bytes(), algorithm)
    assert found.contents == looked_at(graph.objects)
    assert not found.left
    listed = bare.git("cat-file", "--batch-all-objects", "--batch-check")
    expected = (f"{oid.hex()} {KINDS[kind].decode()} {len(text)}" for oid, (kind, text) in graph.objects.items())
    assert sorted(listed.splitlines()) == sorted(expected)


@pytest.mark.parametrize("seed", range(4))
def test_graphs_beside_git(tmp_path: Path, seed: int) -> None:
    """Both engines, with tokens in some objects."""
    draw = random.Random(seed)
    bare = Repo(tmp_path / "bare", "--bare")
    for at in range(6):
        graph = Graph(draw)
        text = b"".join(token("bot", 100 * seed + 10 * at + line) + b"\n" for line in range(9))
        for _ in range(5):
            graph._keep(Object(3, text), b"", text)
            made, text = made_from(text, draw)
            graph._keep(Object(3, text), Object(3, graph.objects[list(graph.objects)[-1]].content).oid(), made)
        packs.add(bare.path, str(at), *graph.entries())
    packs.agree(bare.path)


@settings(deadline=None)
@given(SEEDS, st.integers(0, 300), st.integers(0, 2000))
def test_what_there_is_no_room_for_is_left(seed: int, large: int, stacked: int) -> None:
    """All is read or left, and what is read is right."""
    graph = Graph(random.Random(seed))
    entries, ids = graph.entries()
    written = packs.pack(entries)
    found = packs.read(
        written.data, packs.index(ids, written.offsets, written.data[-20:]), large=large, stacked=stacked
    )
    expected = looked_at(graph.objects)
    assert found.contents.items() <= expected.items()
    assert found.left == expected.keys() - found.contents.keys()
    assert all(len(content) <= min(large, stacked) for content in found.contents.values())


# One entry that is odd, beside one that is not


BASE = Object(3, b"the base, as it is: " + bytes(range(256)))
TEXT = b"nothing odd about this"


def left(odd: Entry, *more: Entry) -> Entry:
    """The entry, after it was seen that it is left to git, and that nothing else is."""
    entries = [Entry(3, BASE.content), odd, *more, Entry(3, TEXT)]
    ids = [BASE.oid(), *(bytes([at]) * 20 for at in range(1, len(entries) - 1)), Object(3, TEXT).oid()]
    written = packs.pack(entries)
    found = packs.read(written.data, packs.index(ids, written.offsets, written.data[-20:]))
    assert found == packs.Read({ids[0]: BASE.content, ids[-1]: TEXT}, set(ids[1:-1]))
    return odd


SIZE = len(BASE.content)
HEAD = number(SIZE)


@pytest.mark.parametrize(
    "made",
    [
        delta(SIZE, 9, copy(SIZE - 8, 9)),
        delta(SIZE, 9, copy(SIZE, 9)),
        delta(SIZE, 9, copy(1 << 31, 9)),
        delta(SIZE, 0x10000, copy(0, 0x10000)),
        delta(SIZE, 5, copy(0, 9)),
        delta(SIZE, 9, copy(0, 5)),
        delta(SIZE, 3, insert(b"abcd")),
        delta(SIZE, 5, insert(b"abcd")),
        delta(SIZE, 4, insert(b"abcd"), b"\0"),
        delta(SIZE, 4, insert(b"abcd"), b"\xff\1"),
        delta(SIZE, 4, b"\x7fabcd"),
        delta(SIZE + 1, 4, insert(b"abcd")),
        delta(SIZE, 1 << 60, copy(0, 9)),
        delta(SIZE, 32 << 20, copy(0, 9)),
        HEAD,
        HEAD + b"\0",
        HEAD + b"\0\0",
        HEAD + b"\x80" * 100,
        HEAD + b"\x80" * 100 + b"\1",
        HEAD + b"\x84" + b"\x80" * 9 + b"\0" + insert(b"abcd"),
        b"\x80" * 100,
        b"\xff" * 100_000,
        b"\x94\x82" + b"\x80" * 8 + b"\0" + number(4) + insert(b"abcd"),
        b"",
    ],
)
def test_deltas(made: bytes) -> None:
    left(Entry(OFS, made, base=0))
    left(Entry(REF, made, named=BASE.oid()))


def test_sizes_of_a_delta() -> None:
    assert heading(number(300) + number(1 << 40)) == (1 << 40, 8)
    assert heading(b"\x80" * 8 + b"\1" + number((1 << 63) - 1)) == ((1 << 63) - 1, 18)


@pytest.mark.parametrize("size", [0, 4, 6, 1 << 20, 1 << 31, (1 << 60) - 1, 1 << 60, 1 << 62, 1 << 63, 1 << 90])
def test_claims_that_are_not_true(size: int) -> None:
    left(Entry(3, b"hello", size=size))
    left(Entry(OFS, delta(SIZE, 5, insert(b"hello")), base=0, size=size))


@pytest.mark.parametrize("kind", [0, 5])
def test_kinds_that_there_are_not(kind: int) -> None:
    left(Entry(kind, b"hello"))
    left(Entry(kind, b"hello"), Entry(OFS, delta(5, 2, copy(0, 2)), base=1))


@pytest.mark.parametrize("distance", [0, 1, 2, 1 << 20, 1 << 40, 1 << 62, 1 << 64, 1 << 90])
def test_bases_that_are_not_there(distance: int) -> None:
    left(Entry(OFS, delta(5, 2, copy(0, 2)), base=0, distance=distance))
    left(Entry(REF, delta(5, 2, copy(0, 2)), named=b"x" * 20))


@pytest.mark.parametrize("ring", [1, 2, 3, 8])
def test_rings(ring: int) -> None:
    """What hangs on a ring is left with it."""
    names = [bytes([at]) * 20 for at in range(1, ring + 1)]
    entries = [Entry(REF, delta(5, 5, copy(0, 5)), named=name) for name in [*names[1:], names[0]]]
    left(*entries, Entry(OFS, delta(5, 5, copy(0, 5)), base=ring))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"x",
        zlib.compress(b"hello")[:-1],
        zlib.compress(b"hello")[:-4] + b"abcd",
        zlib.compress(b"hello, world"),
        zlib.compress(b""),
        zlib.compress(b"hello", wbits=-15),
        zlib.compress(b"hello", wbits=31),
        b"hello" * 10_000,
    ],
)
def test_what_does_not_inflate(raw: bytes) -> None:
    left(Entry(3, b"hello", raw=raw))


def test_garbage_behind_the_content() -> None:
    """git does not look at it."""
    entries = [
        Entry(3, text, after=os.urandom(after)) for text, after in [(b"a", 9), (b"", 100_000), (b"b" * 500, 70_000)]
    ]
    ids = [bytes([at]) * 20 for at in range(3)]
    written = packs.pack(entries)
    found = packs.read(written.data, packs.index(ids, written.offsets, written.data[-20:]))
    assert list(found.contents.values()) == [b"a", b"", b"b" * 500]


def test_an_empty_stream_without_an_end() -> None:
    left(Entry(3, b"", raw=b"\x78\x9c" + b"\x00\x00\x00\xff\xff" * 10_000))


_BOUNDED = """
import resource, sys, zlib
from tests.pack import packs
from tests.pack.test_unpack import BASE, SIZE, left
from tests.pack.packs import OFS, Entry, copy, delta
packs.codec()
with open("/proc/self/statm") as file:
    used = int(file.read().split()[0]) * resource.getpagesize()
limit = used + (120 << 20)
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
bomb = open(sys.argv[1], "rb").read()  # 1 MB that inflates to 1 GB
for size in (5, 1000, 1 << 20, 32 << 20, 33 << 20, 1 << 30, 1 << 60):
    left(Entry(3, b"", size=size, raw=bomb))
    left(Entry(OFS, b"", base=0, size=size, raw=bomb))
    left(Entry(3, b"", size=size, raw=bomb[:32000]))
    left(Entry(OFS, delta(SIZE, size + 1, *[copy(0, SIZE)] * 9), base=0))
print("done")
"""


def test_memory(tmp_path: Path) -> None:
    """No claim, and no bomb, takes more than a worker may hold."""
    machine = zlib.compressobj(9)
    first, again = (machine.compress(bytes(1 << 20)) + machine.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    (tmp_path / "bomb").write_bytes(first + again * 1023 + machine.flush())
    done = subprocess.run(
        [sys.executable, "-c", _BOUNDED, str(tmp_path / "bomb")],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == (b"done\n", b"")


def test_memory_that_is_not_there_is_said() -> None:
    """It is no damage: the process ends, and what it had is done again."""
    from scanner.pack.unpack import Codec, Nodes, Unpacker

    def inflate(data: memoryview, size: int) -> bytes:
        raise MemoryError

    unpacker = Unpacker(memoryview(b"x" * 9), Codec(inflate, codec().apply))
    with pytest.raises(MemoryError):
        list(unpacker.contents(Nodes([0], [9], [5], [-1])))
