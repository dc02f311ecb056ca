"""A time limit that holds whatever the program is doing: reading from git, matching, or waiting."""

from __future__ import annotations

import argparse
import math
import re
import signal
from types import FrameType, TracebackType

from scanner.errors import UsageError
from scanner.git.run import Git, close

_UNITS = {"ms": 0.001, "": 1.0, "s": 1.0, "m": 60.0}
_TELLING, _LEAST = 5.0, 0.001  # seconds
_AGAIN = 0.05  # seconds: where an alarm was lost (Python drops what is raised while it cleans up) the next one counts
_SOON = 0.001  # seconds
# While a git begins or ends nothing is raised: nobody would know of it any more, or wait for it. Both are short.
_WHOLE = (Git.start.__code__, close.__code__)


class Spent(Exception):
    """The time is over."""


class Budget:
    """Raises Spent in its `with` block when `seconds` of wall clock are over; `math.inf` never does. It uses the alarm
    clock of the process (setitimer(2)), and so works in its main thread alone. UsageError where a system has none
    (Windows)."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> Budget:
        if self._seconds != math.inf and not hasattr(signal, "setitimer"):
            raise UsageError("a time budget cannot be kept on this system, which has no alarm clock", "--budget none")
        if self._seconds != math.inf:
            self._before = signal.signal(signal.SIGALRM, self._over)
            signal.setitimer(signal.ITIMER_REAL, self._seconds, _AGAIN)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._seconds != math.inf:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, self._before)

    def _over(self, number: int, frame: FrameType | None) -> None:
        while frame:
            if frame.f_code in _WHOLE:
                signal.setitimer(signal.ITIMER_REAL, _SOON, _AGAIN)
                return
            frame = frame.f_back
        raise Spent


def looking(budget: float, spent: float) -> float:
    """The seconds of `budget` that are for looking, where so many are spent already: a quarter, but never more than
    some seconds, is for what is told at the end."""
    return max(budget - min(budget / 4, _TELLING) - spent, _LEAST)


def seconds(word: str) -> float:
    """The seconds in `4s`, `500ms`, `2m` or `4`; `none` is no limit. ArgumentTypeError for other words."""
    if word == "none":
        return math.inf
    found = re.fullmatch(r"(\d{1,6}(?:\.\d{1,6})?)(ms|s|m|)", word, re.ASCII)
    value = float(found[1]) * _UNITS[found[2]] if found else 0.0
    if value < 0.001:
        raise argparse.ArgumentTypeError(f"{word!r} is no time: write 4s, 500ms, 2m, or none")
    return value
