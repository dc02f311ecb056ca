"""What it may take to look at one file."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from scanner.windows import WINDOW

if TYPE_CHECKING:
    from scanner.decode.containers_limits import Budget

RETRY = 4  # the second attempt of a rule that ran out of time gets so many times as long
_ROOM = 4 << 20  # bytes that may be decoded of a file, besides four times its size: views may show the same again
_EXCESS = 16 << 20  # bytes of contents that hold something and are many times as large as what they were packed in


class Allowance:
    """What it may take to look at one text with all that is encoded or packed in it. It grows with what is looked at,
    so that a file in an archive gets no more than it would get by itself, and many small ones no more than one.
    `outer` tells the size of what all of it is packed in, if it is."""

    def __init__(self, outer: Callable[[], int] | None = None) -> None:
        self.room = _ROOM  # bytes that may still be decoded
        self.size = 0  # bytes of texts
        self.outer = outer or (lambda: self.size)
        self.excess = _EXCESS
        self.packed: Budget | None = None  # for containers that are encoded in these texts
        self._spent: dict[str, float] = {}

    def grow(self, size: int) -> None:
        """So many bytes more are looked at."""
        self.size += size
        self.room += 4 * size

    def left(self, rule: str, timeout: float) -> float:
        """The seconds that are left to a rule to which `timeout` is given for one text."""
        return timeout * (1 + RETRY) * (1 + self.size // WINDOW) - self._spent.get(rule, 0)

    def spend(self, rule: str, seconds: float) -> None:
        """The rule took so many seconds."""
        self._spent[rule] = self._spent.get(rule, 0) + seconds
