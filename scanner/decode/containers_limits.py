"""How much of what is packed is opened: limits, and a budget that all that is nested in one file shares."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from typing import NamedTuple

FREE = 8 << 20  # bytes that may be expanded whatever the ratio
CUT = "cut off: it ends too early"
DAMAGED = "damaged"
OVERLAP = "overlaps another entry"
LYING = "it is not what the archive says of it"
NO_DIRECTORY = "no whole directory: its entries are those that were found"
TORN = (CUT, DAMAGED, OVERLAP, LYING, NO_DIRECTORY)
MEMORY = "takes more memory to unpack than is given"
UNKNOWN = "compressed in a way that is not known"


class Limits(NamedTuple):
    """What is opened of one file at most: archives in archives; bytes expanded in all, or so many `times` its size if
    that is more; how many times as large a stream may become once it is over 8 MB; and entries (streams that follow
    each other count as such), or one for each `share` bytes. A member of up to `member` bytes is held as a whole."""

    depth: int = 5
    total: int = 256 << 20
    member: int = 64 << 20
    ratio: int = 200
    entries: int = 100_000
    times: int = 10
    share: int = 1024


LIMITS = Limits()


class Member(NamedTuple):
    """A content that was packed. `path` is its name inside an archive, as it is stored; None where it was only
    compressed, by `how`. Of one that is too large to be held `data` is the beginning, and `more` gives what follows,
    before the next member is asked for."""

    path: bytes | None
    how: str
    data: bytes
    more: Iterator[bytes] | None = None


class Closed(NamedTuple):
    """Something that stays closed to us, and why. `before`: the names of the members around it, outermost first."""

    path: bytes | None
    reason: str
    before: tuple[bytes, ...] = ()


class Budget:
    """How much of a file may still be expanded; all that is nested in it counts. `size` tells how large the file is, as
    far as that is known."""

    def __init__(self, limits: Limits = LIMITS, size: Callable[[], int] = lambda: 0) -> None:
        self.limits = limits
        self._size = size
        self._made = self._counted = 0

    @property
    def spent(self) -> bool:
        """Whether nothing more of this file is opened."""
        return self._made > self._total or self._counted > self.entries

    @property
    def _total(self) -> int:
        return max(self.limits.total, self._size() * self.limits.times)

    @property
    def entries(self) -> int:
        """How many entries are opened."""
        return max(self.limits.entries, self._size() // self.limits.share)

    def entry(self, count: int = 1) -> str:
        """Counts `count` more entries, or what is as much work; why that is too much, or nothing."""
        self._counted += count
        if self._counted <= self.limits.entries:
            return ""
        return f"more than {self.entries:,} entries" if self._counted > self.entries else ""

    def take(self, size: int, made: int, packed: int) -> str:
        """Counts `size` more bytes of a content, of which `made` were made of `packed` so far; why that is too much, or
        nothing."""
        self._made += size
        if self._made > self.limits.total and self._made > self._total:
            return f"more than {self._total >> 20:,} MB are packed in this file"
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


class _Flow:
    """A content piece by piece, as far as it can be had; `reason` is then why it goes no further. What is broken later
    on hides nothing of it."""

    def __init__(self, pieces: Iterable[bytes], how: str, packed: Callable[[], int], budget: Budget) -> None:
        self._pieces, self._how, self._packed, self._budget = pieces, how, packed, budget
        self.reason = ""

    def __iter__(self) -> Iterator[bytes]:
        made = 0
        try:
            for piece in self._pieces:
                made += len(piece)
                self.reason = self._budget.take(len(piece), made, self._packed())
                yield piece
                if self.reason:
                    return
        except Exception as error:  # noqa: BLE001 - `why` raises what is not known
            self.reason = why(error, self._how)


def expanded(
    pieces: Iterable[bytes], path: bytes | None, how: str, packed: Callable[[], int], budget: Budget
) -> Iterator[Member | Closed]:
    """A content as far as it can be had, and why it goes no further. `packed` tells how many bytes it is made of."""
    flow = _Flow(pieces, how, packed, budget)
    rest, content = iter(flow), BytesIO()  # its value is had without a copy
    for piece in rest:
        content.write(piece)
        if content.tell() > budget.limits.member:
            yield Member(path, how, content.getvalue(), rest)
            break
    else:
        if content.tell() or not flow.reason:
            yield Member(path, how, content.getvalue())
    if flow.reason:
        yield Closed(path, flow.reason)
