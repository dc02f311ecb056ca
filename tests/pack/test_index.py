"""Pack indexes: as git reads them, or not at all."""

from __future__ import annotations

import random
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.arrays import Bytes
from scanner.errors import GitError
from scanner.pack.index import Index, distinct, find, parse
from tests.conftest import Repo
from tests.pack.histories import history, packs, reindex
from tests.pack.packs import index

IDS = st.sets(st.binary(min_size=20, max_size=20), max_size=30)
FAN = 8, 8 + 1024


def rows(ids: Bytes) -> list[bytes]:
    return [bytes(row) for row in ids]


def array(ids: set[bytes]) -> Bytes:
    return np.frombuffer(b"".join(sorted(ids)), np.uint8).reshape(len(ids), 20)


def read(data: bytes, width: int = 20) -> Index:
    return parse(memoryview(data), width)


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
@pytest.mark.parametrize("options", ["--index-version=1", "--index-version=2", "--index-version=2,0x40"])
def test_as_git_reads_it(repo: Repo, algorithm: str, options: str) -> None:
    bare = history(repo.path.parent / "bare", f"--object-format={algorithm}")
    reindex(bare, options, f"--object-format={algorithm}")
    (path,) = packs(bare, ".idx")
    told = bare.git("show-index", f"--object-format={algorithm}", stdin=path.read_bytes())
    expected = [(int(line.split()[0]), line.split()[1]) for line in told.splitlines()]
    found = read(path.read_bytes(), 20 if algorithm == "sha1" else 32)
    assert [(int(at), oid.hex()) for at, oid in zip(found.offsets, rows(found.ids), strict=True)] == expected
    assert len(expected) > 150
    (pack,) = packs(bare)
    assert pack.read_bytes().endswith(found.pack)
    assert path.read_bytes().endswith(found.own)


@given(IDS, st.randoms(use_true_random=False))
def test_offsets_of_every_size(ids: set[bytes], draw: random.Random) -> None:
    offsets = [draw.choice([draw.randrange(1 << 31), draw.randrange(1 << 62)]) for _ in ids]
    found = read(index(ids, offsets, bytes(20)))
    expected = sorted(zip(ids, offsets, strict=True))
    assert list(zip(rows(found.ids), found.offsets.tolist(), strict=True)) == expected


@pytest.mark.parametrize("size", [0, 1, 7, 8, 1000, 1031, 1063, 1071, 1072])
def test_too_short(size: int) -> None:
    with pytest.raises(GitError, match="as git writes it"):
        read(index([], [], bytes(20))[: size - 1] if size else b"")


def damaged(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def test_claims() -> None:
    """Nothing is allocated that the file does not hold."""
    ids = [bytes([first, *bytes(19)]) for first in (1, 1, 7)]
    ids[1] = bytes([1, 2, *bytes(18)])
    whole = index(ids, [12, 1 << 40, 70], bytes(20))
    assert len(read(whole).ids) == 3
    table = FAN[1] + 3 * 24
    for wrong, what in [
        (damaged(whole, FAN[1] - 4, b"\xff\xff\xff\xff"), "length"),
        (damaged(whole, FAN[0], b"\x00\x00\x00\x09"), "fan-out out of order"),
        (damaged(whole, FAN[0], b"\x00\x00\x00\x01"), "fan-out"),
        (damaged(whole, FAN[0] + 4 * 6, struct.pack(">I", 3)), "fan-out"),
        (damaged(whole, FAN[1], ids[1]), "ids out of order"),  # there twice
        (damaged(whole, FAN[1], b"\x01\x03"), "ids out of order"),
        (damaged(whole, FAN[1] + 20, ids[0][:8] + b"\1"), "ids out of order"),  # eight bytes alike
        (damaged(whole, table + 4, b"\x80\x00\x00\x01"), "a large offset"),
        (damaged(whole, table + 4, b"\xff\xff\xff\xff"), "a large offset"),
        (damaged(whole, table + 12, b"\xff"), "a large offset"),
        (whole[:-1], "length"),
        (whole + b"\0", "length"),
        (b"\xfftOc\0\0\0\3" + whole[8:], "fan-out out of order|length"),
    ]:
        with pytest.raises(GitError, match=what):
            read(wrong)


def test_whatever_is_damaged() -> None:
    """A GitError, or an index of as many ids as the file has room for."""
    draw = random.Random(1)
    for version in (1, 2):
        ids = [draw.randbytes(20) for _ in range(40)]
        whole = index(ids, [draw.randrange(1 << 33) for _ in ids], bytes(20))
        whole = whole if version == 2 else whole[8:]
        for _ in range(500):
            wrong = bytearray(whole)
            for _ in range(draw.randint(1, 3)):
                wrong[draw.randrange(len(wrong))] = draw.randrange(256)
            try:
                found = read(bytes(wrong[: draw.choice([len(wrong), draw.randrange(len(wrong))])]))
            except GitError:
                continue
            assert len(found.ids) == len(found.offsets) <= 60
            assert (found.offsets >= 0).all()


@given(IDS, IDS)
def test_find(held: set[bytes], wanted: set[bytes]) -> None:
    every = sorted(held)
    places = find(array(held), array(wanted | set(every[:3])))
    expected = [every.index(oid) if oid in held else -1 for oid in sorted(wanted | set(every[:3]))]
    assert places.tolist() == expected


@given(st.lists(IDS, max_size=5), st.lists(st.binary(min_size=20, max_size=20), max_size=5))
def test_distinct(many: list[set[bytes]], shared: list[bytes]) -> None:
    """An id counts where it stands first, also beside one that begins in the same way."""
    near = [oid[:19] + bytes([oid[19] ^ 1]) for oid in shared]
    lists = [ids | set(shared[at:]) | set(near[: at % 2]) for at, ids in enumerate(many)]
    known: set[bytes] = set()
    for ids, flags in zip(lists, distinct([array(ids) for ids in lists]), strict=True):
        for oid, first in zip(sorted(ids), flags.tolist(), strict=True):
            assert first or oid in known
            assert not first or oid not in known or bool({oid[:8]} & {one[:8] for one in near})
        known |= ids
