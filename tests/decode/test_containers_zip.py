"""zip, as it stands in jars, programs and streams; torn, encrypted, or lying."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from struct import pack

import pytest

from scanner.decode.containers import Closed, Opened, format_of
from tests.decode.archives import (
    ENCODED,
    FILES,
    LOCAL,
    METHODS,
    SECRET,
    directory_field,
    inside,
    look,
    overlapping,
    reasons,
    streamed,
    zipped,
    zstd,
)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("wide", (False, True))
def test_zip(method: int, wide: bool) -> None:
    assert inside(zipped(FILES, method)) == ENCODED
    assert inside(streamed(FILES, method, wide)) == ENCODED
    assert inside(zipped({"folder/": b"", **FILES}, method, b"a comment")) == ENCODED


@pytest.mark.parametrize(
    "start", (b"#!/bin/sh\nexec java -jar $0\n", b"MZ\x90\0" + bytes(500), b"\x7fELF", b"Cr24\2\0")
)
def test_zip_behind_a_program(start: bytes) -> None:
    assert inside(start + zipped(FILES)) == ENCODED
    if start != b"Cr24\2\0":
        assert inside(start + zipped(FILES, comment=b"version 1")) == ENCODED


def test_zip64_directory() -> None:
    """Sizes and places that stand in the extra field, and an end of its own."""
    data = SECRET * 9
    crc, full = zlib.crc32(data), 0xFFFFFFFF
    local = pack(LOCAL, b"PK\3\4", 45, 0, 0, 0, 0, crc, full, full, 1, 20) + b"n"
    local += pack("<HHQQ", 1, 16, len(data), len(data)) + data
    extra = pack("<HHB", 9, 1, 0) + pack("<HHQQQ", 1, 24, len(data), len(data), 0)
    entry = pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", 45, 45, 0, 0, 0, 0, crc, full, full, 1, len(extra), 0, 0, 0, 0, full)
    entry += b"n" + extra
    end = pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, len(entry), len(local))
    end += pack("<4sIQI", b"PK\6\7", 0, len(local) + len(entry), 1) + pack(
        "<4sHHHHIIH", b"PK\5\6", 0, 0, 1, 1, full, full, 0
    )
    assert inside(local + entry + end) == [(b"n", data)]
    opened, _ = look(local)  # without any directory
    assert [one.data for one in opened] == [data]


@pytest.mark.parametrize(
    "method,packed", [(93, zstd.compress(SECRET)), (20, zstd.compress(SECRET)), (95, lzma.compress(SECRET))]
)
def test_zip_newer_methods(method: int, packed: bytes) -> None:
    local = pack(LOCAL, b"PK\3\4", 20, 0, method, 0, 0, zlib.crc32(SECRET), len(packed), len(SECRET), 1, 0)
    opened, _ = look(local + b"n" + packed)
    assert [(one.member, one.data) for one in opened] == [((b"n",), SECRET)]


@pytest.mark.parametrize("method", METHODS)
def test_zip_without_directory(method: int) -> None:
    for data in (zipped(FILES, method), streamed(FILES, method)):
        opened, closed = look(data[: data.index(b"PK\1\2")])
        assert [(one.member[0], one.data) for one in opened] == ENCODED
        assert closed == [Closed(None, "no whole directory: its entries are those that were found")]


def test_zip_before_a_zip_and_deleted_entries() -> None:
    assert inside(zipped({"old": b"1"}) + zipped({"new": b"2"})) == [(b"old", b"1"), (b"new", b"2")]


def test_an_empty_zip_holds_nothing() -> None:
    assert format_of(zipped({})) == "zip"
    assert look(zipped({})) == ([], [])


def test_encrypted() -> None:
    data = directory_field(zipped({"a": SECRET, "b": b"2"}), 8, b"\1\0")
    assert look(data) == ([Opened((b"b",), (), b"2")], [Closed(b"a", "encrypted")])


@pytest.mark.parametrize("at,value,said", [
    (10, b"\x63\0", "compressed in a way that is not known"),
    (16, b"\0\0\0\0", "it is not what the archive says of it"),
    (24, b"\1\0\0\0", "it is not what the archive says of it"),
    (24, b"\xff\xff\xff\x7f", "it is not what the archive says of it"),
    (42, b"\xff\xff\xff\x7f", "damaged"),
])  # fmt: skip
def test_zip_that_lies(at: int, value: bytes, said: str) -> None:
    for method in METHODS[:3]:
        opened, closed = look(directory_field(zipped({"a": SECRET}, method), at, value))
        assert Closed(b"a", said) in closed
        assert at == 10 or [one.data for one in opened] == [SECRET]


def test_zip_stored_longer_than_there_is() -> None:
    opened, closed = look(directory_field(zipped({"a": SECRET}, 0), 20, b"\xff\xff\xff\x7f"))
    assert ([one.data for one in opened], closed) == ([SECRET], [Closed(b"a", "overlaps another entry")])


def test_zip_lzma_without_properties() -> None:
    data = zipped({"a": SECRET}, zipfile.ZIP_LZMA)
    place = data.index(b"\5\0", 30)
    assert reasons(data[:place] + b"\6" + data[place + 1 :]) == {"damaged"}


def test_zip_lzma_by_its_size() -> None:
    """Without the mark at the end."""
    packed = lzma.compress(SECRET, lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA1}])
    body = b"\x09\4\5\0\x5d\0\0\x80\0" + packed
    local = pack(LOCAL, b"PK\3\4", 63, 0, 14, 0, 0, zlib.crc32(SECRET), len(body), len(SECRET), 1, 0) + b"n" + body
    assert [one.data for one in look(local)[0]] == [SECRET]


def test_overlapping_entries() -> None:
    data = overlapping(200)
    assert "overlaps another entry" in reasons(data)
    assert sum(len(one.data) for one in look(data)[0]) < 10 << 20
    twice = zipped({"a": SECRET, "b": SECRET})
    second = twice.index(b"PK\1\2", twice.index(b"PK\1\2") + 1)
    opened, closed = look(twice[: second + 42] + bytes(4) + twice[second + 46 :])
    assert closed == [Closed(b"b", "overlaps another entry")]
    assert [one.member for one in opened] == [(b"a",), (b"b",)]
