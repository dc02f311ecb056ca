"""What is packed inside a text: members of archives (zip, tar, ar, cpio, rpm), and what was compressed (gzip, bzip2,
xz, zstd).

Nothing is believed of what an archive says of itself: contents are expanded piece by piece, and a budget for the whole
of a file says when it is enough. Names of entries are only names. The sources of the formats stand in containers_zip,
containers_tar, containers_rows and containers_streams, which are loaded where a text has such a format.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from scanner.decode.containers_limits import LIMITS, TORN, Budget, Closed, Limits, Member

if TYPE_CHECKING:
    from scanner.decode.containers_source import Source

__all__ = [
    "HEADS",
    "LIMITS",
    "TAR",
    "ZIP",
    "ZIP_END",
    "Budget",
    "Closed",
    "Limits",
    "Member",
    "Opened",
    "everything",
    "format_of",
    "members",
    "opened",
]

ZIP, TAR = "zip", "tar"
_ROWS = ("ar", "cpio", "rpm")
ZIP_END = b"PK\x05\x06"  # how a zip ends that has no comment
_COMMENT = 22 + 65535  # the end of a zip that has one, at most


class Opened(NamedTuple):
    """A content that was packed: the names of the archives' members that lead to it, the formats of the streams around
    it (`gzip` …), outermost first, and the format that it has itself, where it is a container. Of a large one `data` is
    the beginning, and `more` gives what follows, before the next one is asked for."""

    member: tuple[bytes, ...]
    encoding: tuple[str, ...]
    data: bytes
    format: str = ""
    more: Iterator[bytes] | None = None


def format_of(data: Source) -> str:
    """The format of `data`: zip, tar, ar, cpio, rpm, gzip, bzip2, xz, lzma or zstd; nothing where it is none."""
    # First, since a tar begins with any name; what begins with another magic has this one there by intent only.
    if (magic := data[257:262]) == b"ustar" and (data[262:263] == b"\0" or data[262:265] == b"  \0"):
        return TAR
    if (check := _CHECKS.get(data[:2])) and (name := check(data)):
        return name
    if magic == b"\0\0\0\0\0" and _old_tar(data):
        return TAR
    return ZIP if data[-22:-18] == ZIP_END else ""  # behind a program, or a line that starts one


def _zip(data: Source) -> str:
    return ZIP if data[2:4] in (b"\3\4", b"\5\6") or data[2:8] in (b"\7\bPK\3\4", b"00PK\3\4") else ""


def _gzip(data: Source) -> str:
    """RFC 1952: deflate is the only method, and three flags are never set."""
    return "gzip" if data[2:3] == b"\b" and data[3:4] < b"\x20" else ""


def _bzip2(data: Source) -> str:
    """Behind the size of blocks stands that of a block, or, where nothing is packed, of the end: digits of pi, or of
    its square root."""
    return "bzip2" if data[2:3] == b"h" and data[4:10] in (b"1AY&SY", b"\x17rE8P\x90") else ""


def _lzma(data: Source) -> str:
    """The older format has no magic. As xz itself tells it: usual properties, a dictionary of 2^n or 2^n + 2^(n-1), no
    size or one below 256 GB; and its first packed byte is always zero."""
    dictionary = int.from_bytes(data[1:5], "little")
    sized = data[5:13] == b"\xff" * 8 or data[10:13] == b"\0\0\0"
    low = dictionary & -dictionary
    usual = dictionary >= 1 << 12 and dictionary in (low, low * 3)
    return "lzma" if usual and sized and data[13:14] == b"\0" else ""


def _zstd(data: Source) -> str:
    return "zstd" if data[2:4] == b"\x2f\xfd" else ""


def _skipped(data: Source) -> str:
    return "zstd" if data[2:4] == b"\x4d\x18" else ""


def _cpio(data: Source) -> str:
    """Digits only, so that no text is taken for one."""
    from scanner.decode.containers_rows import is_cpio

    return "cpio" if data[2:5] == b"070" and is_cpio(data[:110]) else ""


def _behind_program(data: Source) -> str:
    """A zip behind a program, with a comment behind it. Its end has zeros; a text has none, which is seen sooner."""
    last = max(len(data) - _COMMENT, 0)
    return ZIP if data.rfind(b"\0", last) >= 0 and data.rfind(ZIP_END, last) > 0 else ""


def _old_tar(data: Source) -> bool:
    """A tar from before POSIX has no magic, and nothing where later ones have it; but the checksum is right."""
    from scanner.decode.containers_tar import valid

    return len(data) >= 512 and data[:1] != b"\0" and not any(data[257:512]) and valid(data, 0)


_CHECKS: dict[bytes, Callable[[Source], str]] = {
    b"PK": _zip,
    b"\x1f\x8b": _gzip,
    b"BZ": _bzip2,
    b"\xfd7": lambda data: "xz" if data.startswith(b"\xfd7zXZ\0") else "",
    b"]\0": _lzma,
    b"\x28\xb5": _zstd,
    b"!<": lambda data: "ar" if data[:8] == b"!<arch>\n" else "",
    b"07": _cpio,
    b"\xed\xab": lambda data: "rpm" if data[:4] == b"\xed\xab\xee\xdb" else "",
    **dict.fromkeys((bytes((first, 0x2A)) for first in range(0x50, 0x60)), _skipped),
    **dict.fromkeys((b"#!", b"MZ", b"\x7fE", b"\xcf\xfa"), _behind_program),
}


# With what everything begins that has no zero in its first kilobyte, but for a zip behind something else.
HEADS = frozenset(_CHECKS)


def members(data: Source, name: str, budget: Budget) -> Iterator[Member | Closed]:
    """What is packed in `data`, which has the format `name` that `format_of` says. Never raises for what is there."""
    if name == ZIP:
        from scanner.decode import containers_zip

        yield from containers_zip.read(data, budget)
    elif name == TAR:
        from scanner.decode import containers_tar

        yield from containers_tar.read(data, budget)
    elif name in _ROWS:
        from scanner.decode import containers_rows

        yield from getattr(containers_rows, name)(data, budget)
    else:
        from scanner.decode import containers_streams

        yield from containers_streams.read(data, name, budget)


def everything(data: Source, limits: Limits = LIMITS, name: str = "") -> Iterator[Opened | Closed]:
    """All that is packed in `data`, and in what is packed there, in order; a container comes before what it holds.
    `name` is its format, where that is known already. What reading a file raises comes out of here."""
    name = name or format_of(data)
    if name:
        yield from opened(data, name, Budget(limits, _size(data)))


def opened(data: Source, name: str, budget: Budget) -> Iterator[Opened | Closed]:
    """The same for a container of the format `name`, as far as `budget` goes, which it may share with others."""
    yield from _nested(Opened((), (), b"", name), data, 0, budget)


def _size(data: Source) -> Callable[[], int]:
    from scanner.decode.containers_source import packed_size

    return lambda: packed_size(data)


def _nested(outer: Opened, data: Source, depth: int, budget: Budget) -> Iterator[Opened | Closed]:
    if depth == budget.limits.depth:
        yield Closed(None, f"more than {depth} archives are in each other", outer.member)
        return
    for one in members(data, outer.format, budget):
        if isinstance(one, Closed):
            yield one._replace(before=outer.member)
            continue
        names = outer.member if one.path is None else (*outer.member, one.path)
        streams = (*outer.encoding, one.how) if one.path is None else outer.encoding
        inner = Opened(names, streams, one.data, format_of(one.data), one.more)
        yield inner
        if inner.format and not budget.spent:
            large = inner.more is not None and inner.format == ZIP
            for more in _nested(inner, _source(inner), depth + 1, budget):
                if not (large and _torn(more, names)):  # of course it is
                    yield more
            if large:
                yield Closed(None, f"an archive in it is larger than {budget.limits.member >> 20} MB", names)


def _torn(one: Opened | Closed, names: tuple[bytes, ...]) -> bool:
    """Whether it says that the archive `names` is torn."""
    return isinstance(one, Closed) and one.before == names and one.reason in TORN


def _source(inner: Opened) -> Source:
    """What an archive within another is read from. The end of a zip tells what is in it, so of one that is too large to
    be held only the beginning is looked at."""
    if inner.more is None or inner.format == ZIP:
        return inner.data
    from scanner.decode.containers_source import Forward

    return Forward(inner.more, inner.data)
