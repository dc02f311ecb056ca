"""A line on the terminal that says how far a long run is, and that is gone afterwards."""

from __future__ import annotations

import os
from collections.abc import Callable
from types import TracebackType
from typing import BinaryIO

from scanner.report.places import amount

QUIET = 1.0  # seconds before anything is shown: what is over by then needs no progress
PAUSE = 0.2  # seconds between two updates
_CLEAR = b"\r\x1b[K"


class Progress:
    """Use it as a context manager, so that the line goes away whatever happens. Where it is not shown it does nothing.

    `clock` gives seconds, monotonic. `enabled` is the user's word (`--no-progress`, `-q`); that `stream` is a terminal
    is seen here.
    """

    def __init__(self, stream: BinaryIO, enabled: bool, clock: Callable[[], float]) -> None:
        self._stream, self._clock = stream, clock
        self._enabled = enabled and stream.isatty()
        self._next = clock() + QUIET
        self._shown = False
        self.phase("", None, None)

    @property
    def shown(self) -> bool:
        """Whether somebody is looking at it: what only serves to show more is worth its time from now on."""
        return self._shown

    def phase(
        self, name: str, total_blobs: int | None = None, total_bytes: int | None = None, unit: str = "blobs"
    ) -> None:
        """Another part of the work begins: its name, how much it is, where that is known, and what is counted."""
        self._name, self._total_blobs, self._total_bytes, self._unit = name, total_blobs, total_bytes, unit
        self._blobs = self._bytes = 0
        self._began = self._clock()

    def expect(self, total_blobs: int, total_bytes: int) -> None:
        """How much this part of the work is, as far as is known by now."""
        self._total_blobs, self._total_bytes = total_blobs, total_bytes

    def advance(self, blobs: int, bytes: int) -> None:
        """So much more is done. Cheap enough to be called for every blob (or file: see `phase`)."""
        self._blobs += blobs
        self._bytes += bytes
        if self._enabled:
            now = self._clock()
            if now >= self._next:
                self._next = now + PAUSE
                self._show(self._line(now - self._began))

    def done(self) -> None:
        """Take the line away. May be called more than once."""
        if self._shown:
            self._shown = False
            self._put(_CLEAR)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.done()

    def _show(self, line: str) -> None:
        self._shown = True
        self._put(_CLEAR + line[: self._width() - 1].encode("ascii", "replace"))

    def _width(self) -> int:
        try:
            return os.get_terminal_size(self._stream.fileno()).columns or 80
        except OSError:
            return 80

    def _put(self, data: bytes) -> None:
        try:
            self._stream.write(data)
            self._stream.flush()
        except OSError:  # the terminal is gone: no reason to stop the work
            self._enabled = False

    def _line(self, seconds: float) -> str:
        words = [
            f"{self._blobs:,}{_of(self._total_blobs)} {self._unit}",
            f"{amount(self._bytes)}{_of_bytes(self._total_bytes)}",
        ]
        if seconds > 0:
            words.append(f"{amount(int(self._bytes / seconds))}/s")
            words += self._left(seconds)
        return f"{self._name}: {', '.join(words)}"

    def _left(self, seconds: float) -> list[str]:
        """The time that the rest takes at the rate so far: by bytes where their number is known, else by blobs."""
        done, total = (self._bytes, self._total_bytes) if self._total_bytes else (self._blobs, self._total_blobs)
        if not total or not done:
            return []
        left = int(max(0, total - done) * seconds / done)
        return [f"{left // 60}:{left % 60:02} left" if left >= 60 else f"{left} s left"]


def _of(total: int | None) -> str:
    return f" of {total:,}" if total else ""


def _of_bytes(total: int | None) -> str:
    return f" of {amount(total)}" if total else ""
