"""What is packed: found whole, whatever is in what; never an exception."""

from __future__ import annotations

import bz2
import gzip
import lzma
from random import Random

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from scanner.decode.containers import Budget, Closed, Limits, format_of, members
from tests.decode.archives import EACH, SECRET, STREAMS, directory_field, header, inside, look, padded, tarred, zipped


def test_nested_names_and_encodings() -> None:
    inner = tarred({"in.txt.gz": gzip.compress(SECRET)})
    opened, closed = look(bz2.compress(zipped({"x.tar.xz": lzma.compress(inner)})))
    assert not closed
    assert [(one.member, one.encoding, one.format) for one in opened] == [
        ((), ("bzip2",), "zip"),
        ((b"x.tar.xz",), ("bzip2",), "xz"),
        ((b"x.tar.xz",), ("bzip2", "xz"), "tar"),
        ((b"x.tar.xz", b"in.txt.gz"), ("bzip2", "xz"), "gzip"),
        ((b"x.tar.xz", b"in.txt.gz"), ("bzip2", "xz", "gzip"), ""),
    ]
    assert opened[-1].data == SECRET


names = st.one_of(
    st.sampled_from([b"/etc/x", b"../../x", b"..\\x", b"C:\\x", b"\xff\xfe", b"-rf"]),
    st.binary(min_size=1, max_size=50),
)


@given(names)
@settings(deadline=None)
def test_names_are_only_names(name: bytes) -> None:
    whole = zipped({"n" * len(name): SECRET})
    for at in (30, whole.index(b"PK\1\2") + 46):
        whole = whole[:at] + name + whole[at + len(name) :]
    assert inside(whole) == [(name, SECRET)]
    plain = name.replace(b"\0", b"_")
    assert inside(header(plain, b"0", len(SECRET)) + padded(SECRET)) == [(plain, SECRET)]


@given(st.one_of(st.text().map(str.encode), st.binary()))
@example(b"x" * 257 + b"ustar is a format")
@example(b"BZh is not enough")
@example(b"]\0\0\0 neither")
@example(b"]\0\x10\0\0 no size")
@example(b"#!/bin/sh\n\0")
@example(bytes(2000))
@example(b"\x1f\x8b\x08\xe0")
@example(b"MZ")
@example(b"(\xb5..")
@example(b"\xfd7z..")
@example(b"P*..")
@settings(deadline=None)
def test_nothing_in_what_is_no_container(data: bytes) -> None:
    assume(not data.startswith((b"PK", b"!<arch>\n", b"\xed\xab\xee\xdb", b"\x28\xb5\x2f\xfd", b"\x50\x2a\x4d\x18")))
    assert format_of(data) == ""
    assert look(data) == ([], [])


def test_the_names_around_what_stays_closed() -> None:
    inner = directory_field(zipped({"a": SECRET}), 8, b"\1\0")
    assert look(tarred({"t.zip": gzip.compress(inner)}))[1] == [Closed(b"a", "encrypted", (b"t.zip",))]


def bent(data: bytes, chance: Random) -> bytes:
    """`data` with bytes flipped, put in, taken out, doubled, or cut off."""
    whole = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(whole) + 1)
        size = chance.choice((1, 1, 2, 8, 100))
        match chance.randrange(5):
            case 0:
                whole[at : at + 1] = bytes((chance.randrange(256),))
            case 1:
                whole[at:at] = chance.randbytes(size)
            case 2:
                del whole[at : at + size]
            case 3:
                whole[at:at] = whole[max(at - size, 0) : at]
            case _:
                whole[at : at + size] = chance.choice((b"\xff", b"\0", b"7", b"\x80")) * size
    return bytes(whole[: chance.randrange(len(whole) + 1)] if chance.random() < 0.2 else whole)


SMALL = Limits(total=8 << 20, member=4 << 20, entries=500)


def bounded(data: bytes) -> None:
    opened, closed = look(data, SMALL)
    assert sum(len(one.data) for one in opened) <= SMALL.total + (2 << 20)
    assert all(one.reason for one in closed)
    for name in ("zip", "tar", *STREAMS):  # also where the caller is wrong about the format
        list(members(data, name, Budget(SMALL)))


@pytest.mark.no_cover
@pytest.mark.parametrize("name", EACH)
@given(st.integers(0, 10**9).map(Random))
@settings(deadline=None, max_examples=60)
def test_damage_never_raises(name: str, chance: Random) -> None:
    bounded(bent(EACH[name], chance))


MAGICS = (
    b"PK\3\4", b"PK\5\6", b"PK\7\10PK\3\4", b"\x1f\x8b\x08\0", b"BZh91AY&SY", b"BZh9\x17rE8P\x90", b"\xfd7zXZ\0",
    b"\xfd7zXZ\0\0\4\xe6\xd6\xb4F", b"]\0\0\x80\0" + b"\xff" * 8 + b"\0", b"\x28\xb5\x2f\xfd", b"\x50\x2a\x4d\x18",
    header(b"n", b"0", 9), header(b"n", b"x", 99), header(b"n", b"S", 99, b"ustar  \0"),
)  # fmt: skip


@pytest.mark.parametrize("magic", MAGICS)
@given(st.binary(max_size=2000))
@settings(deadline=None, max_examples=30)
def test_anything_behind_a_magic(magic: bytes, rest: bytes) -> None:
    bounded(magic + rest)


@given(st.lists(st.sampled_from([*STREAMS, "zip", "tar"]), min_size=1, max_size=5), st.binary(max_size=300))
@settings(deadline=None, max_examples=60)
def test_any_chain_is_opened(chain: list[str], plain: bytes) -> None:
    plain = SECRET + plain
    data = plain
    for name in reversed(chain):
        data = STREAMS[name](data) if name in STREAMS else (zipped if name == "zip" else tarred)({"n": data})
    opened, closed = look(data)
    assert opened[-1].data == plain
    assert opened[-1].encoding == tuple(name for name in chain if name in STREAMS)
    assert opened[-1].member == (b"n",) * sum(name not in STREAMS for name in chain)
    assert not closed
