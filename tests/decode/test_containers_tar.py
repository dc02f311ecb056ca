"""tar, of every format there was; damaged, and of odd sizes."""

from __future__ import annotations

import pytest

from scanner.decode.containers import Closed, Opened, format_of
from tests.decode.archives import ENCODED, FILES, SECRET, TARS, header, inside, look, padded, reasons, tarred


@pytest.mark.parametrize("kind", TARS)
def test_tar(kind: int) -> None:
    assert inside(tarred(FILES, kind)) == ENCODED
    long = {"p" * 60 + "/" + "q" * 90: b"x"} | ({"l" * 400: b"y"} if kind else {})
    assert inside(tarred(long, kind)) == [(name.encode(), data) for name, data in long.items()]
    assert inside(tarred({"a": b"1"}, kind) + tarred({"b": b"2"}, kind)) == [(b"a", b"1"), (b"b", b"2")]


def test_old_tar_is_told_by_its_checksum() -> None:
    old = header(b"folder/", b"\0", 0, b"") + header(b"n", b"\0", len(SECRET), b"") + padded(SECRET) + bytes(1024)
    assert inside(old) == [(b"n", SECRET)]
    assert format_of(old[:150] + b"7" + old[151:]) == ""


def test_tar_checksum_of_signed_bytes() -> None:
    block = bytearray(header("é".encode(), b"0", 1))
    block[148:156] = b"%06o\0 " % (int(bytes(block[148:154]), 8) - 512)
    assert inside(bytes(block) + padded(b"x")) == [("é".encode(), b"x")]


def test_tar_size_in_binary_and_in_records() -> None:
    assert inside(header(b"n", b"0", b"\x80" + bytes(10) + b"\2") + padded(b"ab")) == [(b"n", b"ab")]
    records = b"9 size=2\n17 path=b\xff\0/../c\n"[:9] + b"14 path=\xff\0/..\n"
    told = header(b"x", b"x", len(records)) + padded(records)
    assert inside(told + header(b"n", b"0", 0) + padded(b"ab")) == [(b"\xff\0/..", b"ab")]


def test_tar_links_and_folders() -> None:
    link = header(b"l", b"1", 2)
    rest = header(b"n", b"0", 1) + padded(b"x")
    assert inside(header(b"k", b"K", 3) + padded(b"abc") + header(b"s", b"2", 0) + rest) == [(b"n", b"x")]
    assert inside(link + rest) == [(b"n", b"x")]
    assert inside(link + padded(b"ab") + rest) == [(b"l", b"ab"), (b"n", b"x")]
    assert inside(header(b"g", b"g", 9) + padded(b"9 size=1\n") + rest) == [(b"n", b"x")]


def test_records_up_to_the_first_that_is_none() -> None:
    for records in (b"9 path=b\n5 abc\n9 path=c\n", b"9 path=b\n99 path=c\n", b"9 path=b\n0 ==\n"):
        told = header(b"x", b"x", len(records)) + padded(records)
        assert inside(told + header(b"n", b"0", 1) + padded(b"x")) == [(b"b", b"x")]


def test_a_tar_whose_first_name_is_a_magic() -> None:
    for magic in (b"\x1f\x8b\x08", b"PK\3\4", b"BZh91AY&SY"):
        assert inside(header(magic, b"0", 1) + padded(b"x")) == [(magic, b"x")]


def test_tar_with_a_huge_size_hides_nothing() -> None:
    for size in (b"77777777777\0", b"\x80" + b"\x7f" * 11, b"-1" + bytes(10)):
        opened, closed = look(header(b"n", b"0", size) + padded(b"x") + header(b"m", b"0", 1) + padded(b"y"))
        assert Closed(b"n", "cut off: it ends too early") in closed
        assert opened[-1] == Opened((b"m",), (), b"y")
    assert reasons(header(b"n", b"x", b"77777777777\0") + padded(b"9 size=1\n")) == {"damaged"}


def test_damaged_headers_of_a_tar() -> None:
    whole = header(b"a", b"0", 1) + padded(b"x") + header(b"b", b"0", 1) + padded(b"y") + header(b"c", b"0", 1)
    opened, closed = look(whole[:1024] + b"?" + whole[1025:] + padded(b"z") + b"ustar" + b"rest")
    assert [one.member for one in opened] == [(b"a",), (b"c",)]
    assert closed == [Closed(None, "damaged"), Closed(None, "cut off: it ends too early")]
