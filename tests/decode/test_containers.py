"""What is packed: found whole, bounded, never an exception, and said where it stays closed."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from random import Random
from struct import pack

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scanner.decode import containers_limits, containers_streams
from scanner.decode.containers import LIMITS, Budget, Closed, Limits, Member, Opened, everything, format_of, members
from tests.conftest import token

zstd = pytest.importorskip("backports.zstd" if sys.version_info < (3, 14) else "compression.zstd")

SECRET = b"slack " + token("bot", 1) + b"\n"
LOCAL = "<4sHHHHHIIIHH"


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED, comment: bytes = b"") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.comment = comment
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


class Unseekable(io.BytesIO):
    """Makes zipfile write data descriptors, as into a pipe."""

    def seekable(self) -> bool:
        return False

    def tell(self) -> int:
        raise OSError

    def seek(self, at: int, whence: int = 0) -> int:
        raise OSError


def streamed(files: dict[str, bytes], method: int, wide: bool = False) -> bytes:
    out = Unseekable()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files.items():
            with archive.open(name, "w", force_zip64=wide) as file:
                file.write(data)
    return out.getvalue()


def tarred(files: dict[str, bytes], kind: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=kind, errors="surrogateescape") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def header(name: bytes, kind: bytes, size: bytes | int, magic: bytes = b"ustar\x0000", **fields: bytes) -> bytes:
    """A header of tar by hand; `fields`: `at386=…`."""
    block = bytearray(512)
    told = b"%011o\0" % size if isinstance(size, int) else size
    parts = {0: name, 100: b"0000644\0", 124: told, 156: kind, 257: magic, 148: b" " * 8}
    for at, value in [*parts.items(), *((int(key[2:]), value) for key, value in fields.items())]:
        block[at : at + len(value)] = value
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 512)


def older(data: bytes) -> bytes:
    return lzma.compress(data, lzma.FORMAT_ALONE)


STREAMS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "lzma": older,
    "zstd": zstd.compress,
}
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
TARS = (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)
FILES = {"a/b.txt": SECRET * 50, "empty": b"", "ü.bin": bytes(range(256)) * 9}
ENCODED = [(name.encode(), data) for name, data in FILES.items()]

EACH: dict[str, bytes] = {
    **{name: pack_(SECRET * 50) for name, pack_ in STREAMS.items()},
    **{f"zip{method}": zipped(FILES, method) for method in METHODS},
    **{f"zip{method} streamed": streamed(FILES, method) for method in METHODS},
    **{f"tar{kind}": tarred(FILES, kind) for kind in TARS},
    "tar.gz": gzip.compress(tarred(FILES)),
    "zip in zip": zipped({"inner.jar": zipped(FILES)}),
    "sparse": header(b"s", b"S", 512, b"ustar  \0", at386=b"%011o\0%011o\0" % (1024, 512), at483=b"%011o\0" % 2048)
    + padded(SECRET),
}


def look(data: bytes, limits: Limits = LIMITS) -> tuple[list[Opened], list[Closed]]:
    found = list(everything(data, limits))
    return [one for one in found if isinstance(one, Opened)], [one for one in found if isinstance(one, Closed)]


def inside(data: bytes) -> list[tuple[bytes, bytes]]:
    """Names and contents, where nothing stays closed."""
    opened, closed = look(data)
    assert not closed
    return [(one.member[-1], one.data) for one in opened]


def reasons(data: bytes, limits: Limits = LIMITS) -> set[str]:
    return {one.reason for one in look(data, limits)[1]}


def directory_field(data: bytes, at: int, value: bytes, which: int = 0) -> bytes:
    """A zip with another value in its central directory's first entry."""
    place = data.index(b"PK\1\2") + at
    return data[:place] + value + data[place + len(value) :]


# What is read


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


HOLED = bytes(1000) + b"abc" + bytes(97) + b"de" + bytes(898)


def sparse_records(version: str) -> bytes:
    lines = {
        "0.0": ["GNU.sparse.size=2000", "GNU.sparse.offset=1000", "GNU.sparse.numbytes=3", "GNU.sparse.offset=1100",
                "GNU.sparse.numbytes=2"],
        "0.1": ["GNU.sparse.size=2000", "GNU.sparse.map=1000,3,1100,2"],
        "1.0": ["GNU.sparse.major=1", "GNU.sparse.minor=0", "GNU.sparse.realsize=2000", "GNU.sparse.name=n"],
    }[version]  # fmt: skip
    records = "".join(f"{len(line) + 4} {line}\n" for line in lines).encode()
    data = padded(b"2\n1000\n3\n1100\n2\n") + b"abcde" if version == "1.0" else b"abcde"
    return header(b"x", b"x", len(records)) + padded(records) + header(b"n", b"0", len(data)) + padded(data)


@pytest.mark.parametrize("version", ("0.0", "0.1", "1.0"))
def test_sparse_pax(version: str) -> None:
    assert inside(sparse_records(version)) == [(b"n", HOLED)]


def test_sparse_gnu() -> None:
    pair = b"%011o\0%011o\0"
    fields = {"at386": pair % (1000, 3), "at483": b"%011o\0" % 2000}
    more = (pair % (1100, 2)).ljust(512, b"\0")
    data = header(b"n", b"S", 5, b"ustar  \0", at482=b"\1", **fields) + more + padded(b"abcde")
    assert inside(data + header(b"z", b"0", 0)) == [(b"n", HOLED), (b"z", b"")]
    assert reasons(data[:512]) == {"damaged", "cut off: it ends too early"}
    assert "damaged" in reasons(header(b"n", b"S", 5, b"ustar  \0", at386=b"x" * 24))
    assert "damaged" in reasons(data[:512].replace(b"00000001750\0", b"77777777777\0") + more + padded(b"abcde"))


@pytest.mark.parametrize(
    "bad", (b"2\n1000\n3\n", b"x", b"999999999\n" + b"1\n" * 9, b"2\n9\n9\n1\n1\n", b"1\n1\n999\n")
)
def test_sparse_maps_that_make_no_sense(bad: bytes) -> None:
    whole = sparse_records("1.0")
    assert "damaged" in reasons(whole[:1536] + padded(bad) + whole[2048:])


def test_sparse_gnu_without_end_of_map() -> None:
    pairs = b"".join(b"%011o\0%011o\0" % (at * 10, 1) for at in range(4))
    data = header(b"n", b"S", 4, b"ustar  \0", at386=pairs, at483=b"%011o\0" % 31) + padded(b"abcd")
    assert inside(data) == [(b"n", b"a" + bytes(9) + b"b" + bytes(9) + b"c" + bytes(9) + b"d")]


def test_records_up_to_the_first_that_is_none() -> None:
    for records in (b"9 path=b\n5 abc\n9 path=c\n", b"9 path=b\n99 path=c\n", b"9 path=b\n0 ==\n"):
        told = header(b"x", b"x", len(records)) + padded(records)
        assert inside(told + header(b"n", b"0", 1) + padded(b"x")) == [(b"b", b"x")]


def test_a_tar_whose_first_name_is_a_magic() -> None:
    for magic in (b"\x1f\x8b\x08", b"PK\3\4", b"BZh91AY&SY"):
        assert inside(header(magic, b"0", 1) + padded(b"x")) == [(magic, b"x")]


def test_sparse_records_that_make_no_sense() -> None:
    assert "damaged" in reasons(sparse_records("0.1").replace(b"1000,3,1100", b"1000,3,11x0"))
    assert "damaged" in reasons(sparse_records("0.1").replace(b"1000,3,1100,2", b"1000,3,1100.2"))


@pytest.mark.parametrize("name", STREAMS)
def test_streams(name: str) -> None:
    one = STREAMS[name](SECRET * 50)
    assert format_of(one) == name
    assert look(one)[0] == [Opened((), (name,), SECRET * 50)]
    if name != "lzma":
        assert look(one + STREAMS[name](b"more") + bytes(9999)) == ([Opened((), (name,), SECRET * 50 + b"more")], [])
    assert look(one + b"behind") == ([Opened((), (name,), SECRET * 50)], [])
    assert look(STREAMS[name](b"")) == ([Opened((), (name,), b"")], [])


def test_zstd_frames_that_are_skipped() -> None:
    skipped = b"\x50\x2a\x4d\x18\3\0\0\0abc"
    assert inside_stream(skipped + zstd.compress(SECRET) + skipped + zstd.compress(SECRET)) == SECRET * 2


def inside_stream(data: bytes) -> bytes:
    (opened,), closed = look(data)
    assert not closed
    return opened.data


@pytest.mark.parametrize("name", STREAMS)
def test_what_comes_before_a_tear(name: str) -> None:
    noise = Random(1).randbytes(2_100_000)
    data = STREAMS[name](SECRET + noise)
    for torn in (data[: len(data) * 2 // 3], data[: len(data) // 2] + bytes(64) + data[len(data) // 2 + 64 :]):
        opened, closed = look(torn)
        assert opened[0].data.startswith(SECRET)
        assert closed or name in ("lzma", "zstd")  # which have no checksum


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


# What is no container


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
@example(b"PKZIP")
@settings(deadline=None)
def test_nothing_in_what_is_no_container(data: bytes) -> None:
    assert format_of(data) == ""
    assert look(data) == ([], [])


# What stays closed


def test_encrypted() -> None:
    data = directory_field(zipped({"a": SECRET, "b": b"2"}), 8, b"\1\0")
    assert look(data) == ([Opened((b"b",), (), b"2")], [Closed(b"a", "encrypted")])


def test_the_names_around_what_stays_closed() -> None:
    inner = directory_field(zipped({"a": SECRET}), 8, b"\1\0")
    assert look(tarred({"t.zip": gzip.compress(inner)}))[1] == [Closed(b"a", "encrypted", (b"t.zip",))]


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


def overlapping(count: int) -> bytes:
    """As Fifield's: each entry quotes the header of the next in a stored block, and all end in the same kernel."""
    machine = zlib.compressobj(9, zlib.DEFLATED, -15)
    kernel = machine.compress(bytes(20 << 20)) + machine.flush()
    out, places = kernel, [0]
    for at in range(count):
        name = b"%06d" % at
        local = pack(LOCAL, b"PK\3\4", 20, 0, 8, 0, 0, 0, len(out), 1, 6, 0) + name
        places = [0] + [place + len(local) + 5 for place in places] if at else [0]
        out = (local + b"\0" + pack("<HH", len(local), 0xFFFF - len(local)) + out) if at else local + out
    total = len(out)
    entries = b"".join(
        pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", 20, 20, 0, 8, 0, 0, 0, total, 1, 6, 0, 0, 0, 0, 0, place) + b"%06d" % at
        for at, place in enumerate(places)
    )
    return out + entries + pack("<4sHHHHIIH", b"PK\5\6", 0, 0, count, count, len(entries), total, 0)


def test_overlapping_entries() -> None:
    data = overlapping(200)
    assert "overlaps another entry" in reasons(data)
    assert sum(len(one.data) for one in look(data)[0]) < 10 << 20
    twice = zipped({"a": SECRET, "b": SECRET})
    second = twice.index(b"PK\1\2", twice.index(b"PK\1\2") + 1)
    opened, closed = look(twice[: second + 42] + bytes(4) + twice[second + 46 :])
    assert closed == [Closed(b"b", "overlaps another entry")]
    assert [one.member for one in opened] == [(b"a",), (b"b",)]


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


def test_zstd_without_a_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("compression", "compression.zstd", "backports", "backports.zstd"):
        monkeypatch.setitem(sys.modules, name, None)
    said = "nothing that reads zstd is installed: pip install 'xoxscan[history]'"
    assert look(STREAMS["zstd"](SECRET)) == ([], [Closed(None, said)])


def test_errors_that_are_none_of_theirs_are_not_hidden() -> None:
    with pytest.raises(KeyError):
        containers_limits.why(KeyError("x"), "gzip")
    assert containers_limits.why(ImportError(), "xz") == "nothing that reads xz is installed"


# Limits


def test_limits() -> None:
    small = LIMITS._replace
    many = zipped({str(at): b"x" for at in range(20)})
    assert reasons(many, small(entries=10)) == {"more than 10 entries"}
    assert reasons(tarred({str(at): b"x" for at in range(20)}), small(entries=10)) == {"more than 10 entries"}
    assert reasons(gzip.compress(b"") * 20, small(entries=10)) == {"more than 10 entries"}
    assert reasons(gzip.compress(bytes(9 << 20))) == {"it becomes more than 200 times as large"}
    assert reasons(gzip.compress(Random(1).randbytes(3 << 20)), small(member=2 << 20)) == {
        "it becomes larger than 2 MB"
    }
    assert reasons(gzip.compress(SECRET * 99), small(total=99)) == {"more than 0 MB are packed in this file"}
    assert look(zipped({"a": b"1" * 200, "b": b"2"}), small(total=99))[1] == [
        Closed(b"a", "more than 0 MB are packed in this file")
    ]
    assert look(tarred({"a": b"1" * 200, "b": b"2"}), small(total=99))[1] == [
        Closed(b"a", "more than 0 MB are packed in this file")
    ]


def test_limits_of_what_counts_as_entries() -> None:
    records = b"5 a=\n" * 1000
    pax = header(b"x", b"x", len(records)) + padded(records)
    assert reasons(pax, LIMITS._replace(entries=10)) == {"more than 10 entries"}
    numbers = padded(b"500\n" + b"0\n0\n" * 500)
    told = b"22 GNU.sparse.major=1\n"
    sparse = header(b"x", b"x", len(told)) + padded(told) + header(b"n", b"0", len(numbers)) + numbers
    assert "more than 10 entries" in reasons(sparse, LIMITS._replace(entries=10))
    assert look(sparse)[1] == []
    spam = header(b"n", b"0", 0) + b"?" * 512 + b"ustar" * 200
    assert reasons(spam, LIMITS._replace(entries=20)) == {"damaged", "more than 20 entries"}


def test_depth() -> None:
    data = SECRET
    for _ in range(5):
        data = gzip.compress(data)
    opened, closed = look(data)
    assert (opened[-1].data, closed) == (SECRET, [])
    assert reasons(zipped({"a": data})) == {"more than 5 archives are in each other"}


def test_what_contains_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quine of gzip: the reader is given what it just made. What it would be in bytes is the same to the caller."""
    one = gzip.compress(b"x")
    monkeypatch.setattr(containers_streams, "read", lambda data, how, budget: iter([Member(None, how, data)]))
    opened, closed = look(one)
    assert len(opened) == 5
    assert closed == [Closed(None, "more than 5 archives are in each other")]


BOMBS = {
    "flat": "zipped(10, 1000)",
    "overlapping": "T.overlapping(500)",
    "gzip": "gzip.compress(bytes(90 << 20))",
    "bzip2": "bz2.compress(bytes(20 << 20)) * 100",
    "xz": "lzma.compress(bytes(30 << 20))",
    "xz dictionary": "lzma.compress(b'x' * 9, filters=[{'id': lzma.FILTER_LZMA2, 'dict_size': 1 << 30}])",
    "lzma dictionary": "b']' + (1 << 31).to_bytes(4, 'little') + b'\\xff' * 8 + bytes(99)",
    "zstd": "T.zstd.compress(bytes(300 << 20))",
    "tar": "T.header(b'n', b'0', b'\\x80' + b'\\x7f' * 11) * 2000",
    "sparse": "T.header(b'n', b'S', 0, b'ustar  \\0', at386=b'7' * 11 + b'\\0' + b'0' * 11, at483=b'7' * 11)",
    "nested": "nested(6)",
}
BOMB = """
import bz2, gzip, io, lzma, resource, sys
from tests.decode import test_containers as T
def zipped(size, count):
    one = T.zipped({"0": bytes(size << 20)})
    end, last = one.index(b"PK\\1\\2"), one.index(b"PK\\5\\6")
    local, entry = one[:end], one[end:last]
    entries = b"".join(entry[:42] + (at * len(local)).to_bytes(4, "little") + entry[46:] for at in range(count))
    tail = len(entries).to_bytes(4, "little") + (len(local) * count).to_bytes(4, "little")
    return local * count + entries + one[last:last + 12] + tail + bytes(2)
def nested(depth):
    data = gzip.compress(bytes(9 << 20))
    for _ in range(depth):
        data = T.zipped({str(at): data for at in range(16)})
    return data
data = eval(sys.argv[1])
resource.setrlimit(resource.RLIMIT_AS, (450 << 20, 450 << 20))
total, said = 0, set()
for one in T.everything(data):
    if isinstance(one, T.Closed):
        said.add(one.reason)
    else:
        total += len(one.data)
assert total <= (256 << 20) + (1 << 20), total
assert not any("not known" in reason for reason in said)
print(said)
"""


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_end_in_bounded_memory_and_are_said(name: str) -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", BOMB, BOMBS[name]], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() != "set()"
    assert ("takes more memory" in done.stdout) == name.endswith("dictionary")


# Whatever happens to an archive


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
