"""Archives of every sort, sound and odd, and what is found in them."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from struct import pack

import pytest

from scanner.decode.containers import LIMITS, Closed, Limits, Opened, everything
from scanner.decode.containers_source import Source
from tests.conftest import token
from tests.decode.rowed import copied, copied_before, managed, rows

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
    "ar": rows(FILES),
    "cpio": copied(FILES),
    "cpio before": copied_before(FILES),
    "rpm": managed(gzip.compress(copied(FILES))),
    "zip in zip": zipped({"inner.jar": zipped(FILES)}),
    "sparse": header(b"s", b"S", 512, b"ustar  \0", at386=b"%011o\0%011o\0" % (1024, 512), at483=b"%011o\0" % 2048)
    + padded(SECRET),
}


def whole(data: Source, limits: Limits = LIMITS) -> Iterator[Opened | Closed]:
    """Everything, with what is too large to be held put together again, as far as it holds nothing itself."""
    for one in everything(data, limits):
        if isinstance(one, Opened) and one.more and not one.format:
            yield one._replace(data=one.data + b"".join(one.more), more=None)
        else:
            yield one


def look(data: Source, limits: Limits = LIMITS) -> tuple[list[Opened], list[Closed]]:
    found = list(whole(data, limits))
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
