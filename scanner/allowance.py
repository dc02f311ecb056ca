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
# Parts that views show, and matches, of what is packed, and one more for so many bytes of what it is packed in. Each
# takes some tenths of a millisecond, however small it is: that would make a bomb of what packs well. What stands in a
# member as it is does not count, nor does what is turned down: so no chaff hides it.
_TRIES, _SHARE = 16384, 32


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
        self.bounded = outer is not None  # whether what is looked at was packed
        self.tries = 0
        self._spent: dict[str, float] = {}

    def grow(self, size: int) -> None:
        """So many bytes more are looked at."""
        self.size += size
        self.room += 4 * size

    def bears(self) -> bool:
        """Whether one more is looked at: a part that a view shows, or a match. In a text that is not packed, however
        many there are."""
        self.tries += self.bounded
        return not self.spent

    @property
    def spent(self) -> bool:
        """Whether nothing more of what is packed is looked at."""
        return self.bounded and self.tries > _TRIES and self.tries > _TRIES + self.outer() // _SHARE

    def left(self, rule: str, timeout: float) -> float:
        """The seconds that are left to a rule to which `timeout` is given for one text."""
        return timeout * (1 + RETRY) * (1 + self.size // WINDOW) - self._spent.get(rule, 0)

    def spend(self, rule: str, seconds: float) -> None:
        """The rule took so many seconds."""
        self._spent[rule] = self._spent.get(rule, 0) + seconds
