"""A person at a terminal: answers each question when it comes, on a real pty."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

from scanner.cli import main
from scanner.model import Streams
from tests.conftest import CLOCK

Script = Sequence[tuple[str, str]]  # what is waited for, and what is typed then
_PATIENCE = 60.0  # seconds


def talk(argv: Sequence[str], script: Script, env: dict[str, str] | None = None) -> tuple[int, str]:
    """Runs the program in this process on a terminal of its own: its exit status, and all that was to be seen."""
    master, slave = pty.openpty()
    person = _Person(master, script)
    thread = threading.Thread(target=person.play)
    with os.fdopen(slave, "rb", closefd=False) as stdin, os.fdopen(slave, "wb", closefd=False) as stdout:
        thread.start()
        status = main(list(argv), Streams(stdin, stdout, stdout, {**os.environ, **(env or {})}, lambda: CLOCK))
    os.close(slave)
    thread.join()
    os.close(master)
    return status, person.seen_all()


def talk_to_program(argv: Sequence[str], script: Script) -> tuple[int, str]:
    """The same with the real program, in a session of its own, so that Ctrl-C reaches it as from a keyboard."""
    master, slave = pty.openpty()
    command = [sys.executable, "-c", _CONTROLLED, *argv]
    process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
    os.close(slave)
    person = _Person(master, script)
    person.play()
    status = process.wait(_PATIENCE)
    os.close(master)
    return status, person.seen_all()


# Makes the pty the controlling terminal first.
_CONTROLLED = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "scanner", *sys.argv[1:]])
"""


class _Person:
    def __init__(self, master: int, script: Script) -> None:
        self._master, self._script = master, script
        self._seen = b""
        self._missing = ""

    def play(self) -> None:
        at = 0
        for awaited, typed in self._script:
            end = self._wait(awaited.replace("\n", "\r\n").encode(), at)
            if end < 0:
                self._missing = awaited
                os.write(self._master, b"\x04")  # leave, whatever is asked
                break
            at = end
            os.write(self._master, typed.encode())
        while self._more(_PATIENCE):
            pass

    def seen_all(self) -> str:
        assert not self._missing, f"{self._missing!r} did not come:\n{self._seen.decode(errors='replace')}"
        return self._seen.decode().replace("\r\n", "\n")

    def _wait(self, awaited: bytes, at: int) -> int:
        """Where what is awaited ends, -1 if it does not come."""
        until = time.monotonic() + _PATIENCE
        while (found := self._seen.find(awaited, at)) < 0:
            if not self._more(until - time.monotonic()):
                return -1
        return found + len(awaited)

    def _more(self, seconds: float) -> bool:
        if not select.select([self._master], [], [], max(0.0, seconds))[0]:
            return False
        try:
            chunk = os.read(self._master, 65536)
        except OSError:  # the other end is closed
            return False
        self._seen += chunk
        return bool(chunk)
