"""What only compresses: gzip (RFC 1952), bzip2, xz and the older .lzma, zstd (RFC 8878).

Formats: xz's doc/xz-file-format.txt and doc/lzma-file-format.txt. Modules are loaded where they are needed: what a hook
loads is counted in milliseconds.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Protocol

from scanner.decode.containers_limits import Budget, Closed, Member, Stopped, expanded
from scanner.decode.containers_source import Source, packed_size, past_zeros

_FIRST, _FED = (
    512,
    1 << 16,
)  # bytes fed at first, and at most: what is fed too much is copied, so small streams get little
_MADE = 1 << 18  # bytes expanded at a time
_MEMORY = 96 << 20  # bytes that xz may take: its highest preset needs 65 MB
_WINDOW = 27  # of zstd: 128 MB, what its own program takes unasked (RFC 8878, 3.1.1.1.2)


class Machine(Protocol):
    """A decompressor of one stream, as those of bz2 and lzma."""

    @property
    def eof(self) -> bool:
        """Whether the stream has ended."""

    @property
    def needs_input(self) -> bool:
        """Whether nothing more can be made of what was fed."""

    @property
    def unused_data(self) -> bytes:
        """What was fed beyond the end."""

    def decompress(self, data: bytes | memoryview, max_length: int) -> bytes:
        """The next bytes."""


Maker = Callable[[], Machine]


class Inflate:
    """zlib as a Machine; `bits` as zlib.decompressobj has it: -15 raw, 31 gzip."""

    def __init__(self, bits: int) -> None:
        self._machine, self.needs_input = zlib.decompressobj(bits), True

    @property
    def eof(self) -> bool:
        """Whether the stream has ended."""
        return self._machine.eof

    @property
    def unused_data(self) -> bytes:
        """What was fed beyond the end."""
        return self._machine.unused_data

    def decompress(self, data: bytes | memoryview, max_length: int) -> bytes:
        """The next bytes. zlib.error where the data is damaged."""
        made = self._machine.decompress(self._machine.unconsumed_tail or data, max_length)
        self.needs_input = not self._machine.unconsumed_tail and len(made) < max_length
        return made


def bzip2() -> Machine:
    """ImportError where Python was built without it."""
    from bz2 import BZ2Decompressor

    return BZ2Decompressor()


def xz() -> Machine:
    """xz, with a bound on the memory that it may ask for. ImportError where Python was built without it."""
    from lzma import FORMAT_XZ, LZMADecompressor

    return LZMADecompressor(FORMAT_XZ, _MEMORY)


def lzma() -> Machine:
    """The older format; as `xz`."""
    from lzma import FORMAT_ALONE, LZMADecompressor

    return LZMADecompressor(FORMAT_ALONE, _MEMORY)


def zstd() -> Machine:
    """ImportError where neither Python nor a package brings it."""
    try:
        from compression import zstd
    except ImportError:
        from backports import zstd
    machine: Machine = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _WINDOW})
    return machine


def gzip() -> Machine:
    """zlib with the header and the checksum of gzip."""
    return Inflate(31)


class Stream:
    """What one stream holds, piece by piece. `at` is where in `data` it was read to: exactly, once it has ended; it is
    fed nothing from `end` on."""

    def __init__(self, make: Maker, data: Source, at: int, end: int) -> None:
        self._make, self._data, self.at, self._end = make, data, at, end

    def __iter__(self) -> Iterator[bytes]:
        """EOFError where it is cut off, and what the decompressor raises on damage; `at` is then before the damage."""
        machine, fed, fresh = self._make(), _FIRST, self.at
        while not machine.eof:
            given = b""
            if machine.needs_input:
                self.at = fresh
                given = self._data[fresh : min(fresh + fed, self._end)]
                fresh, fed = fresh + len(given), min(fed * 2, _FED)
                if not given:
                    raise EOFError
            if made := machine.decompress(given, _MADE):
                yield made
        self.at = fresh - len(machine.unused_data)


def _streams(data: Source, make: Maker, more: Callable[[bytes], bool], budget: Budget) -> Iterator[bytes]:
    """All streams that follow each other are one content. What stands behind them is no part of it, as the formats'
    own programs see it too."""
    at = 0
    while True:
        if reason := budget.entry(WORK.get(make, 1)):
            raise Stopped(reason)
        stream = Stream(make, data, at, len(data))
        yield from stream
        at = past_zeros(data, stream.at)
        if not more(data[at : at + 4]):
            return


def read(data: Source, how: str, budget: Budget) -> Iterator[Member | Closed]:
    """The one content of `data`, which is compressed by `how`, a key of STREAMS."""
    make, more = STREAMS[how]
    yield from expanded(_streams(data, make, more, budget), None, how, partial(packed_size, data), budget)


def _frame(start: bytes) -> bool:
    """Whether a frame of zstd begins so, or one that is skipped (RFC 8878, 3.1.1 and 3.1.2)."""
    return start == b"\x28\xb5\x2f\xfd" or (start[1:] == b"\x2a\x4d\x18" and start[0] & 0xF0 == 0x50)


# To begin a stream is more work than an entry, by so many times.
WORK: dict[Maker | None, int] = {zstd: 8}

STREAMS: dict[str, tuple[Maker, Callable[[bytes], bool]]] = {
    "gzip": (gzip, lambda start: start.startswith(b"\x1f\x8b\x08")),
    "bzip2": (bzip2, lambda start: start.startswith(b"BZh")),
    "xz": (xz, lambda start: start == b"\xfd7zX"),
    "lzma": (lzma, lambda _: False),
    "zstd": (zstd, _frame),
}
