"""How much of what is packed is opened: limits, and a budget that all that is nested in one file shares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import NamedTuple

FREE = 8 << 20  # bytes that may be expanded whatever the ratio
CUT = "cut off: it ends too early"
DAMAGED = "damaged"
MEMORY = "takes more memory to unpack than is given"
UNKNOWN = "compressed in a way that is not known"


class Limits(NamedTuple):
    """What is opened of one file at most: archives in archives, bytes expanded in all and of one member, how many times
    as large a stream may become once it is over 8 MB, and entries (streams that follow each other count as such)."""

    depth: int = 5
    total: int = 256 << 20
    member: int = 64 << 20
    ratio: int = 200
    entries: int = 100_000


LIMITS = Limits()


class Member(NamedTuple):
    """A content that was packed. `path` is its name inside an archive, as it is stored; None where it was only
    compressed, by `how`."""

    path: bytes | None
    how: str
    data: bytes


class Closed(NamedTuple):
    """Something that stays closed to us, and why. `before`: the names of the members around it, outermost first."""

    path: bytes | None
    reason: str
    before: tuple[bytes, ...] = ()


class Budget:
    """How much of a file may still be expanded; all that is nested in it counts."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.limits = limits
        self._left, self._entries = limits.total, limits.entries

    @property
    def spent(self) -> bool:
        """Whether nothing more of this file is opened."""
        return self._left < 0 or self._entries < 0

    def entry(self, count: int = 1) -> str:
        """Counts `count` more entries, or what is as much work; why that is too much, or nothing."""
        self._entries -= count
        return f"more than {self.limits.entries:,} entries" if self._entries < 0 else ""

    def take(self, size: int, made: int, packed: int) -> str:
        """Counts `size` more bytes of a content, of which `made` were made of `packed` so far; why that is too much, or
        nothing."""
        self._left -= size
        if self._left < 0:
            return f"more than {self.limits.total >> 20} MB are packed in this file"
        if made > self.limits.member:
            return f"it becomes larger than {self.limits.member >> 20} MB"
        if made > FREE and made > packed * self.limits.ratio:
            return f"it becomes more than {self.limits.ratio} times as large"
        return ""


class Stopped(Exception):
    """Why a content can be had no further. Holds no part of it."""


# What decompressors raise on what is not theirs. lzma.LZMAError and zstd's ZstdError are told by their names: their
# modules are only loaded where they are needed. OSError is bz2's.
_BROKEN = (OSError, ValueError, MemoryError, OverflowError)
_BY_NAME = ("error", "LZMAError", "ZstdError")


def why(error: Exception, how: str) -> str:
    """What to say of an error of a decompressor. Raises it again where it is none of theirs."""
    match error:
        case Stopped():
            return str(error)
        case ImportError():
            extra = ": pip install 'xoxscan[history]'" if how == "zstd" else ""
            return f"nothing that reads {how} is installed{extra}"
        case EOFError():
            return CUT
    if not isinstance(error, _BROKEN) and type(error).__name__ not in _BY_NAME:
        raise error
    too_much = isinstance(error, MemoryError) or "memory" in str(error).lower()
    return MEMORY if too_much else DAMAGED


def expanded(
    pieces: Iterable[bytes], path: bytes | None, how: str, packed: int, budget: Budget
) -> Iterator[Member | Closed]:
    """A content as far as it can be had, and why it goes no further. What is broken later on hides nothing of it."""
    content, reason = BytesIO(), ""  # its value is had without a copy
    try:
        for piece in pieces:
            content.write(piece)
            if reason := budget.take(len(piece), content.tell(), packed):
                break
    except Exception as error:  # noqa: BLE001 - `why` raises what is not known
        reason = why(error, how)
    if content.tell() or not reason:
        yield Member(path, how, content.getvalue())
    if reason:
        yield Closed(path, reason)
