"""Runs the program, as often as its standard input says, each time in a process of its own that may end by SIGKILL at
one point: forked from this one, so that Python starts but once. See tests.acceptance.crashes.

A point is a name, a fingerprint ("" where the step is not told whose it is) and how many times this came before. Names
are those of `Means.at`, and of requests: «begun METHOD» (it is in the journal, and nothing is sent yet), «answered
METHOD» (the answer is here, and not in the journal yet), «written METHOD».
"""

from __future__ import annotations

import io
import json
import os
import signal
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from scanner.cli import main
from scanner.commands import history, responding, resume, revoke
from scanner.model import Streams
from scanner.respond.act import Means
from scanner.respond.journal import Answered, Entry, Journal, Planned

LOADED = (history, resume, revoke)  # once, for all runs


class Order(NamedTuple):
    """One run. `deaths`: tokens by fingerprint that somebody else ends right before the program intends to."""

    argv: list[str]
    stdin: str
    environ: dict[str, str]
    folder: str
    out: str
    point: tuple[str, str, int] | None
    deaths: dict[str, str]
    control: str


class Bomb:
    """Notes every point that is passed, and the journal's state there; ends the process at the one."""

    def __init__(self, point: tuple[str, str, int] | None) -> None:
        self._point = point
        self._passed: Counter[tuple[str, str]] = Counter()
        self.state = ""  # nothing is planned yet
        self.trace: list[tuple[str, str, int, str]] = []

    def at(self, name: str, fingerprint: str = "") -> None:
        number = self._passed[name, fingerprint]
        self._passed[name, fingerprint] += 1
        self.trace.append((name, fingerprint, number, self.state))
        if (name, fingerprint, number) == self._point:
            os.kill(os.getpid(), signal.SIGKILL)


def watched(bomb: Bomb, order: Order) -> type[Journal]:
    """The journal, which tells the bomb about requests and states."""
    methods: dict[int, tuple[str, str]] = {}

    class Watched(Journal):
        def plan(self, run: str, planned: Sequence[Planned]) -> list[Entry]:
            entries = super().plan(run, planned)
            bomb.state = "planned"
            return entries

        def intent(self, entry: int) -> str:
            found = self.entry(entry)
            if found and (token := order.deaths.get(found.planned.fingerprint)):
                ended(order.control, token)
            intent = super().intent(entry)
            bomb.state = "intent"
            return intent

        def sent(self, entry: int) -> None:
            super().sent(entry)
            bomb.state = "sent"

        def begin(self, method: str, fingerprint: str) -> int:
            row = super().begin(method, fingerprint)
            methods[row] = method, fingerprint
            bomb.at(f"begun {method}", fingerprint)
            return row

        def end(self, row: int, answer: Answered) -> None:
            method, fingerprint = methods[row]
            bomb.at(f"answered {method}", fingerprint)
            super().end(row, answer)
            bomb.at(f"written {method}", fingerprint)

        def _move(self, entry: int, state: str, *arguments: Any, **named: Any) -> None:
            super()._move(entry, state, *arguments, **named)
            # The next token is planned, whatever became of this one.
            bomb.state = state if state in ("answered", "unproven") else "planned"

    return Watched


def ended(control: str, token: str) -> None:
    """Somebody else revokes it."""
    body = json.dumps({"token": token, "state": "revoked"}).encode()
    urllib.request.urlopen(urllib.request.Request(f"{control}change", body)).close()


def run(order: Order) -> int:
    """The program, in this process."""
    bomb = Bomb(order.point)
    setattr(responding, "Journal", watched(bomb, order))  # noqa: B010 - a class in place of another
    setattr(responding, "Means", lambda *given, **named: Means(*given, **named)._replace(at=bomb.at))  # noqa: B010
    os.environ.clear()
    os.environ.update(order.environ)
    os.chdir(order.folder)
    with open(f"{order.out}.out", "ab") as out, open(f"{order.out}.err", "ab") as err:
        stdin = io.BytesIO(order.stdin.encode())
        status = main(order.argv, Streams(stdin, out, err, os.environ, time.time, lambda seconds: None))
    with open(f"{order.out}.trace", "w") as file:
        json.dump(bomb.trace, file)
    return status


def serve() -> None:
    """Says the process id of each run when it begins, and how it ended."""
    for line in sys.stdin:
        fields = json.loads(line)
        order = Order(**{**fields, "point": fields["point"] and tuple(fields["point"])})
        child = os.fork()
        if child == 0:
            status = 70  # a bug here
            try:
                status = run(order)
            finally:
                os._exit(status)
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    serve()
