"""Progress, on real terminals."""

from __future__ import annotations

import io
import os
import select
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest

from scanner.report.progress import Progress

GONE = b"\r\x1b[K"


class Clock:
    """A clock that is set by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


class Terminal:
    """Both ends of a pty: what is written to `stream` can be read back."""

    def __init__(self, stream: BinaryIO, master: int, columns: int = 100) -> None:
        import fcntl  # these two are not on Windows
        import termios

        self.stream, self.master = stream, master
        fcntl.ioctl(stream, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def seen(self) -> bytes:
        """What has arrived since the last call. A pty hands it on in pieces, and a little later."""
        shown = b""
        while select.select([self.master], [], [], 0.1)[0]:
            shown += os.read(self.master, 4096)
        return shown

    def lines(self) -> list[str]:
        """The updates among it."""
        return [line.decode() for line in self.seen().split(GONE) if line]


@contextmanager
def opened(columns: int = 100) -> Iterator[Terminal]:
    """A terminal so wide."""
    master, slave = os.openpty()
    with open(master, "rb"), open(slave, "wb") as stream:
        yield Terminal(stream, master, columns)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    with opened() as terminal:
        yield terminal


def test_what_it_says(terminal: Terminal) -> None:
    clock = Clock()
    progress = Progress(terminal.stream, True, clock)
    progress.phase("blobs", 4000, 20_000_000)
    clock.now += 2
    progress.advance(1000, 5_000_000)
    assert terminal.lines() == ["blobs: 1,000 of 4,000 blobs, 5.0 MB of 20.0 MB, 2.5 MB/s, 6 s left"]
    clock.now += 2
    progress.advance(1000, 100_000)
    assert terminal.lines() == ["blobs: 2,000 of 4,000 blobs, 5.1 MB of 20.0 MB, 1.3 MB/s, 11 s left"]


def test_what_is_counted_has_its_name(terminal: Terminal) -> None:
    clock = Clock()
    progress = Progress(terminal.stream, True, clock)
    progress.phase("files", unit="files")
    shown = [progress.shown]
    clock.now += 2
    progress.advance(3, 5000)
    assert [*shown, progress.shown] == [False, True]
    progress.expect(12, 20_000)
    clock.now += 2
    progress.advance(3, 5000)
    assert terminal.lines() == [
        "files: 3 files, 5.0 kB, 2.5 kB/s",
        "files: 6 of 12 files, 10.0 kB of 20.0 kB, 2.5 kB/s, 4 s left",
    ]


def test_unknown_totals(terminal: Terminal) -> None:
    clock = Clock()
    progress = Progress(terminal.stream, True, clock)
    progress.phase("files")
    clock.now += 10
    progress.advance(3, 5000)
    assert terminal.lines() == ["files: 3 blobs, 5.0 kB, 500 bytes/s"]
    progress.phase("commits", total_blobs=1000)
    clock.now += 10
    progress.advance(10, 0)
    assert terminal.lines() == ["commits: 10 of 1,000 blobs, 0 bytes, 0 bytes/s, 16:30 left"]
    progress.phase("at once")
    clock.now += 0.5
    progress.phase("nothing done", 5)
    progress.advance(0, 0)
    assert terminal.lines() == ["nothing done: 0 of 5 blobs, 0 bytes"]


def test_nothing_for_the_first_second_and_five_updates_a_second(terminal: Terminal) -> None:
    clock = Clock()
    progress = Progress(terminal.stream, True, clock)
    progress.phase("blobs", 10_000, 10_000)
    for _ in range(99):
        clock.now += 0.01
        progress.advance(1, 1)
    assert terminal.seen() == b""
    for _ in range(300):
        clock.now += 0.01
        progress.advance(1, 1)
    assert 14 <= len(terminal.lines()) <= 15


def test_what_takes_less_than_a_second_leaves_no_trace(terminal: Terminal) -> None:
    with Progress(terminal.stream, True, Clock()) as progress:
        progress.phase("blobs", 1, 1)
        progress.advance(1, 1)
    assert terminal.seen() == b""


def test_it_is_gone_at_the_end(terminal: Terminal) -> None:
    clock = Clock()
    with Progress(terminal.stream, True, clock) as progress:
        clock.now += 2
        progress.advance(1, 1)
    progress.done()
    shown = terminal.seen()
    assert shown.count(GONE) == 2 and shown.endswith(GONE)


def test_it_is_gone_after_an_error(terminal: Terminal) -> None:
    clock = Clock()
    with pytest.raises(KeyboardInterrupt), Progress(terminal.stream, True, clock) as progress:
        clock.now += 2
        progress.advance(1, 1)
        raise KeyboardInterrupt
    assert terminal.seen().endswith(GONE)


@pytest.mark.parametrize("columns", [20, 40, 2])
def test_it_never_wraps(columns: int) -> None:
    clock = Clock()
    with opened(columns) as terminal:
        progress = Progress(terminal.stream, True, clock)
        progress.phase("unpacking \N{SNOWMAN}", 123_456_789, 123_456_789)
        clock.now += 2
        progress.advance(1, 1)
        (line,) = terminal.lines()
    assert len(line) == columns - 1 and line.isascii()


def test_a_terminal_of_unknown_width() -> None:
    clock = Clock()
    with opened(0) as terminal:
        progress = Progress(terminal.stream, True, clock)
        progress.phase("x" * 200)
        clock.now += 2
        progress.advance(1, 1)
        assert terminal.lines() == ["x" * 79]


def test_nothing_where_it_is_not_wanted_or_no_terminal(terminal: Terminal) -> None:
    file = io.BytesIO()
    for stream, enabled in ((terminal.stream, False), (file, True)):
        clock = Clock()
        with Progress(stream, enabled, clock) as progress:
            clock.now += 5
            progress.advance(1, 1)
    assert terminal.seen() == b"" and file.getvalue() == b""


def test_a_terminal_that_goes_away_does_not_stop_the_work() -> None:
    clock = Clock()
    master, slave = os.openpty()
    with open(slave, "wb", buffering=0) as stream, Progress(stream, True, clock) as progress:
        os.close(master)
        clock.now += 2
        progress.advance(1, 1)
        clock.now += 2
        progress.advance(1, 1)


def test_a_real_program_on_a_real_terminal(terminal: Terminal) -> None:
    code = (
        "import sys, time\n"
        "from scanner.report.progress import Progress\n"
        "with Progress(sys.stderr.buffer, True, time.monotonic) as progress:\n"
        "    progress.phase('blobs', 200, 200_000)\n"
        "    for _ in range(200):\n"
        "        time.sleep(0.01)\n"
        "        progress.advance(1, 1000)\n"
    )
    subprocess.run([sys.executable, "-c", code], stderr=terminal.stream, cwd=Path(__file__).parents[2], check=True)
    shown = terminal.seen()
    updates = [line for line in shown.split(GONE) if line]
    assert shown.endswith(GONE)
    assert updates and b" of 200 blobs, " in updates[-1] and updates[-1].endswith(b" left")
