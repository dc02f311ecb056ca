"""What tests of the journal share: plans, answers, and a journal in another process that can be killed."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from scanner.respond.journal import Journal, Place, Planned

CLOCK = 1767323045.0
_ROOT = Path(__file__).parents[2]


class Answer(NamedTuple):
    """As scanner.slack.api gives one."""

    ok: bool = True
    error: str = ""
    failure: str = ""
    revoked: bool | None = None
    status: int | None = 200
    date: str | None = "2026-01-02T03:04:06Z"
    request_id: str | None = "0123abc"


LIVES = Answer()
REVOKED = Answer(revoked=True)
DEAD = Answer(ok=False, error="token_revoked")


def fingerprint(number: int = 0, kind: str = "bot") -> str:
    """One of the right form."""
    digest = hashlib.sha256(f"{kind} {number}".encode()).digest()
    return f"v1:{kind}:{base64.b32encode(digest).decode().rstrip('=').lower()}"


def planned(number: int = 0, kind: str = "bot") -> Planned:
    """A plan for one token."""
    place = Place("/srv/code", "4b825dc642cb6eb9a060e54bf8d69288fbee4904", 10, 67, b"conf/app.py")
    return Planned(fingerprint(number, kind), kind, f"slack-{kind}-token", "a masked form", "mirror-slack", place, "g1")


def opened(folder: Path) -> Journal:
    """The journal in `folder/state`."""
    return Journal(str(folder / "state"), lambda: CLOCK)


class Other:
    """A journal in another process: `ask("intent", 1)` gives what the call gave, or the name of what it raised."""

    def __init__(self, folder: Path, wrap: Sequence[str] = ()) -> None:
        self._process = subprocess.Popen(
            [*wrap, sys.executable, "-m", "tests.respond.journal_process", str(folder / "state")],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(_ROOT)},
        )
        self.pid = self._process.pid
        self.opened = self._answer()

    def ask(self, name: str, *arguments: object) -> object:
        """One call, awaited."""
        self.say(name, *arguments)
        return self._answer()

    def say(self, name: str, *arguments: object) -> None:
        """One call, whose answer nobody waits for."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps([name, *arguments]).encode() + b"\n")
        self._process.stdin.flush()

    def hear(self) -> object:
        """The answer to what was said."""
        return self._answer()

    def kill(self) -> None:
        """SIGKILL, wherever it is; it is not waited for before it is dead."""
        self._process.send_signal(signal.SIGKILL)
        self.end()

    def end(self) -> None:
        """Its standard input ends, and so does it."""
        self._process.communicate()

    def _answer(self) -> object:
        assert self._process.stdout
        line = self._process.stdout.readline()
        return json.loads(line) if line else "dead"
