"""A person at a terminal: answers each question when it comes, on a real pty.

The person is a process and no thread, since the program forks. Run as a script it plays what is on its standard input.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Sequence

Script = Sequence[tuple[str, str]]  # what is waited for, and what is typed then
_PATIENCE = 60.0  # seconds


def talk(argv: Sequence[str], script: Script, env: dict[str, str] | None = None) -> tuple[int, str]:
    """Runs the program in this process on a terminal of its own: its exit status, and all that was to be seen."""
    from scanner.cli import main
    from scanner.model import Streams
    from tests.conftest import CLOCK

    master, slave = _terminal()
    with os.fdopen(slave, "rb", closefd=False) as stdin, os.fdopen(slave, "wb", closefd=False) as stdout:
        person = _person(master, script)  # here: when it ends, the terminal hangs up
        status = main(list(argv), Streams(stdin, stdout, stdout, {**os.environ, **(env or {})}, lambda: CLOCK))
    os.close(slave)
    return status, _seen(person)


def talk_to_program(argv: Sequence[str], script: Script) -> tuple[int, str]:
    """The same with the real program, in a session of its own, so that Ctrl-C reaches it as from a keyboard."""
    master, slave = _terminal()
    person = _person(master, script)
    command = [sys.executable, "-c", _CONTROLLED, *argv]
    process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
    os.close(slave)
    return process.wait(2 * _PATIENCE), _seen(person)


def _terminal() -> tuple[int, int]:
    """The two ends of a new one."""
    import pty  # here, for tests beside those of terminals to run on Windows

    return pty.openpty()


# Makes the pty the controlling terminal first.
_CONTROLLED = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "scanner", *sys.argv[1:]])
"""


def _person(master: int, script: Script) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-I", __file__, str(master)]
    person = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=[master])
    os.close(master)
    assert person.stdin
    person.stdin.write(json.dumps(script).encode() + b"\n")
    person.stdin.flush()
    return person


def _seen(person: subprocess.Popen[bytes]) -> str:
    out, _ = person.communicate(timeout=_PATIENCE)
    seen = out.decode().replace("\r\n", "\n")
    assert person.returncode == 0, seen
    return seen


class Screen:
    """What is to be seen on a terminal so far."""

    def __init__(self, master: int) -> None:
        self._master = master
        self.seen = b""

    def wait(self, awaited: bytes, at: int) -> int:
        """Where what is awaited ends, -1 if it does not come."""
        until = time.monotonic() + _PATIENCE
        while (found := self.seen.find(awaited, at)) < 0:
            if not self.more(until - time.monotonic()):
                return -1
        return found + len(awaited)

    def more(self, seconds: float) -> bool:
        """Waits for more; False if none comes."""
        if not select.select([self._master], [], [], max(0.0, seconds))[0]:
            return False
        try:
            chunk = os.read(self._master, 65536)
        except OSError:  # the other end is closed
            return False
        self.seen += chunk
        return bool(chunk)


def play(master: int, script: Script) -> int:
    """Plays the person; the status says whether all came that was waited for."""
    screen, at, status = Screen(master), 0, 0
    for awaited, typed in script:
        at = screen.wait(awaited.replace("\n", "\r\n").encode(), at)
        if at < 0:
            screen.seen += f"\n{awaited!r} did not come".encode()
            os.write(master, b"\x04")  # leave, whatever is asked
            status = 1
            break
        os.write(master, typed.encode())
    while screen.more(_PATIENCE):
        pass
    sys.stdout.buffer.write(screen.seen)
    return status


if __name__ == "__main__":
    sys.exit(play(int(sys.argv[1]), json.loads(sys.stdin.readline())))
