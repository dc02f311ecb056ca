"""What the readers of archives promise: never an exception, never more than the limits, and all that Python's own
modules read where these read the whole of it."""

from __future__ import annotations

import bz2
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable

from scanner.decode.containers import Budget, Closed, Limits, Member, everything, format_of, members
from scanner.decode.containers_source import Forward, Paged, Source

FORMATS = ("zip", "tar", "ar", "cpio", "rpm", "gzip", "bzip2", "xz", "lzma", "zstd")
# Small, so that they are reached.
LIMITS = Limits(depth=3, total=3 << 20, member=2 << 20, ratio=200, entries=2000, times=0, share=1 << 30)
_SLACK = 2 << 20  # what a last piece may be too large by
_MOST = 16  # the same for parts: reasons, and what is told of each


def check(name: str, data: bytes) -> None:
    """`data`, read as that format, whatever it is."""
    found = _read(data, name)
    _bounded(found, len(data))
    contents = [one.data for one in found if isinstance(one, Member)]
    sources: list[Source] = [Paged(lambda at, size: data[at : at + size], len(data))]
    if name != "zip":
        sources.append(Forward(iter([data[:700], data[700:701], data[701:]])))
    for source in sources:
        assert [one.data for one in _read(source, name) if isinstance(one, Member)] == contents, "not as from bytes"
    _nested(data)
    if name in _PEERS and not any(isinstance(one, Closed) for one in found):
        _compared(name, data, [one for one in found if isinstance(one, Member)])


def _read(data: Source, name: str) -> list[Member | Closed]:
    """What is there, with what is too large to be held put together again."""
    found = members(data, name, Budget(LIMITS))
    return [one._replace(data=one.data + b"".join(one.more)) if isinstance(one, Member) and one.more else one
            for one in found]  # fmt: skip


def reader(name: str) -> Callable[[bytes], None]:
    """The target for that format."""
    return lambda data: check(name, data)


def _bounded(found: list[Member | Closed], size: int) -> None:
    contents = [one.data for one in found if isinstance(one, Member)]
    assert sum(map(len, contents)) <= LIMITS.total + _SLACK, "more is expanded than is allowed"
    assert len(contents) <= LIMITS.entries + 1, "more entries are read than is allowed"
    assert len(found) <= 2 * LIMITS.entries + size // 16 + _MOST, "more is told than is there"


def _nested(data: bytes) -> None:
    """All that is in each other, as far as `data` itself says that it is a container."""
    assert format_of(data) in ("", *FORMATS)
    total = deepest = 0
    for one in everything(data, LIMITS):
        if isinstance(one, Closed):
            assert one.reason
        else:
            total += len(one.data)
            deepest = max(deepest, len(one.member) + len(one.encoding))
    assert total <= LIMITS.total + _SLACK and deepest <= LIMITS.depth


def _compared(name: str, data: bytes, found: list[Member]) -> None:
    try:
        true = _PEERS[name](data)
    except _REFUSED:
        return
    contents = {one.data for one in found}
    if name in ("zip", "tar"):  # a member may be found to be longer: what its size says is not clear
        assert all(any(content in one for one in contents) for content in true), f"{name}: not all is found"
    else:  # there may be more streams behind the first, and anything behind the last
        assert b"".join(contents).startswith(tuple(true)), f"{name}: something else is found"


_REFUSED = (
    OSError,
    ValueError,
    EOFError,
    MemoryError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    tarfile.TarError,
    RuntimeError,
    NotImplementedError,
    IndexError,  # a name of no characters
)
_CAP = 4 << 20


def _zip(data: bytes) -> list[bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = [one for one in archive.infolist() if not one.is_dir()]
        if sum(one.file_size for one in files) > _CAP:
            return []
        return [archive.read(one) for one in files]


def _tar(data: bytes) -> list[bytes]:
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        files = [one for one in archive if one.isreg() and one.type in (tarfile.REGTYPE, tarfile.AREGTYPE)]
        if any(one.size > _CAP or one.sparse for one in files):
            return []
        return [file.read() for one in files if (file := archive.extractfile(one))]


def _gzip(data: bytes) -> list[bytes]:
    return [zlib.decompress(data, 31)]


_PEERS: dict[str, Callable[[bytes], list[bytes]]] = {
    "zip": _zip,
    "tar": _tar,
    "gzip": _gzip,
    "bzip2": lambda data: [bz2.decompress(data)],
    "xz": lambda data: [lzma.decompress(data, lzma.FORMAT_XZ, 96 << 20)],
}
