"""What is packed inside a text: the members of archives (zip, tar) and what was compressed (gzip, bzip2, xz, zstd).

Nothing is believed of what an archive says of itself: contents are expanded piece by piece, and a budget for the whole
of a file says when it is enough. Names of entries are only names. Formats: PKWARE's APPNOTE, POSIX pax, RFC 1952
(gzip), RFC 8878 (zstd), and what bzip2 and xz write.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO
from typing import NamedTuple, Protocol

_PIECE = 1 << 16  # bytes expanded at a time
_FREE = 8 << 20  # bytes that may be expanded whatever the ratio
_MEMORY = 96 << 20  # bytes that xz may take: its highest preset needs 65 MB
_WINDOW = 27  # of zstd: 128 MB, what its own program takes unasked (RFC 8878, 3.1.1.1.2)
_BLOCK = 512  # of tar, in bytes
_END = b"PK\x05\x06"  # how a zip ends that has no comment

ZIP, TAR = "zip", "tar"
_MAGIC = (
    (b"PK\x03\x04", ZIP),
    (_END, ZIP),  # an empty one
    (b"\x1f\x8b\x08", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
)
_STARTS = frozenset(magic[:1] for magic, _ in _MAGIC)


class _Source(Protocol):
    """What gives up to so many bytes, and none at the end."""

    def read(self, size: int, /) -> bytes:
        """The next bytes."""
        ...


class Limits(NamedTuple):
    """What is opened of one file at most: archives in archives, bytes expanded in all and of one member, how many times
    as large a stream may become once it is over 8 MB, and entries."""

    depth: int = 5
    total: int = 256 << 20
    member: int = 64 << 20
    ratio: int = 200
    entries: int = 100_000


LIMITS = Limits()


class Member(NamedTuple):
    """A content that was packed. `path` is its name inside an archive; None where it was only compressed, by `how`."""

    path: bytes | None
    how: str
    data: bytes


class Closed(NamedTuple):
    """Something that stays closed to us, and why."""

    path: bytes | None
    reason: str


class Budget:
    """How much of a file may still be expanded; all that is nested in it counts."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.limits = limits
        self._left, self._entries = limits.total, limits.entries

    def entry(self) -> bool:
        """Whether one more entry may be looked at."""
        self._entries -= 1
        return self._entries >= 0

    def take(self, size: int, made: int, packed: int) -> str:
        """Counts `size` more bytes of a content, of which `made` were made of `packed` so far; why that is too much, or
        nothing."""
        self._left -= size
        if self._left < 0:
            return f"more than {self.limits.total >> 20} MB are packed in this file"
        if made > self.limits.member:
            return f"it becomes larger than {self.limits.member >> 20} MB"
        if made > _FREE and made > packed * self.limits.ratio:
            return f"it becomes more than {self.limits.ratio} times as large"
        return ""


def format_of(data: bytes) -> str:
    """The format of `data`: zip, tar, gzip, bzip2, xz or zstd; nothing where it is none of these."""
    if data[:1] in _STARTS:
        for magic, name in _MAGIC:
            if data.startswith(magic):
                return name
    if data[257:262] == b"ustar":
        return TAR
    return ZIP if data[-22:-18] == _END else ""  # behind a program, or a line that starts one


def members(data: bytes, name: str, budget: Budget) -> Iterator[Member | Closed]:
    """What is packed in `data`, which has the format `name`."""
    try:
        yield from _READERS[name](data, budget)
    except _BROKEN:
        yield Closed(None, f"not a whole {name}")


# What the libraries raise on data that is not what it says; RuntimeError: a password is needed; ValueError, KeyError,
# OverflowError, MemoryError: numbers in a header that make no sense.
_BROKEN = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, OSError, EOFError, ValueError, KeyError,
    OverflowError, MemoryError, RuntimeError, IndexError, AttributeError, RecursionError,
)  # fmt: skip


def _zip(data: bytes, budget: Budget) -> Iterator[Member | Closed]:
    with zipfile.ZipFile(BytesIO(data)) as archive:
        for entry in archive.infolist():
            if entry.is_dir():
                continue
            path = entry.filename.encode("utf-8", "surrogateescape")
            if not budget.entry():
                yield Closed(path, f"more than {budget.limits.entries:,} entries")
                return
            elif entry.flag_bits & 1:
                yield Closed(path, "encrypted")
            else:
                yield from _expanded(partial(archive.open, entry), path, ZIP, entry.compress_size, budget)


def _expanded(
    opened: Callable[[], _Source], path: bytes | None, how: str, packed: int, budget: Budget
) -> Iterator[Member | Closed]:
    """A content as far as it can be had, and why it goes no further. What is broken later on hides nothing of it."""
    parts: list[bytes] = []
    made, why = 0, ""
    try:
        stream = opened()
        while not why and (piece := stream.read(_PIECE)):
            made += len(piece)
            why = budget.take(len(piece), made, packed)
            parts.append(piece)
    except ImportError:
        why = f"nothing that reads {how} is installed: pip install 'xoxscan[history]'"
    except NotImplementedError:
        why = "compressed in a way that is not known"
    except _BROKEN:
        why = "damaged"
    if parts or not why:
        yield Member(path, how, b"".join(parts))
    if why:
        yield Closed(path, why)


def _tar(data: bytes, budget: Budget) -> Iterator[Member | Closed]:
    with tarfile.open(fileobj=BytesIO(data), mode="r:", encoding="utf-8", errors="surrogateescape") as archive:
        for entry in archive:
            path = entry.name.encode("utf-8", "surrogateescape")
            if not budget.entry():
                yield Closed(path, f"more than {budget.limits.entries:,} entries")
                return
            if entry.isreg():
                # A sparse file is made of holes, which count as what is expanded.
                opened = partial(tarfile.ExFileObject, archive, entry)
                yield from _expanded(opened, path, TAR, max(len(data) - entry.offset_data, _BLOCK), budget)


def _stream(name: str, opened: Callable[[bytes], _Source]) -> _Reader:
    """What only compresses: all streams that follow each other are one content, without a name."""
    return lambda data, budget: _expanded(partial(opened, data), None, name, len(data), budget)


class _Xz:
    """xz, with a bound on the memory that it may ask for."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._machine = lzma.LZMADecompressor(memlimit=_MEMORY)

    def read(self, size: int) -> bytes:
        """The next bytes, none at the end. EOFError where the stream ends too early."""
        while not self._machine.eof:
            data, self._data = self._data, b""
            if piece := self._machine.decompress(data, size):
                return piece
            if self._machine.needs_input:
                raise EOFError
        self._data = self._machine.unused_data.lstrip(b"\0")  # padding between streams
        if not self._data:
            return b""
        self._machine = lzma.LZMADecompressor(memlimit=_MEMORY)
        return self.read(size)


def _zstd(data: bytes) -> _Source:
    """ImportError where neither Python nor a package brings it."""
    try:
        from compression import zstd
    except ImportError:
        from backports import zstd
    file: _Source = zstd.ZstdFile(BytesIO(data), options={zstd.DecompressionParameter.window_log_max: _WINDOW})
    return file


_Reader = Callable[[bytes, Budget], Iterator[Member | Closed]]
_READERS: dict[str, _Reader] = {
    ZIP: _zip,
    TAR: _tar,
    "gzip": _stream("gzip", lambda data: gzip.GzipFile(fileobj=BytesIO(data))),
    "bzip2": _stream("bzip2", lambda data: bz2.BZ2File(BytesIO(data))),
    "xz": _stream("xz", _Xz),
    "zstd": _stream("zstd", _zstd),
}
