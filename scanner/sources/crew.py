"""Several processes that look at very many objects: each is handed portions of them, and answers with what it found.

Contents never leave a worker. One that dies takes its portions with it: they are told, and the others go on.
"""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol, cast

from scanner.sources.jobs import FORKS, Answer

_MOST = 60  # processes: Windows waits for hardly more pipes at a time (63, WaitForMultipleObjects)
_GRACE = 1.0  # seconds for a worker to end by itself


class Task(Protocol):
    """What each process does: it answers every portion that comes through the pipe, in order, until an empty one does.
    `inherited` are pipes that are not its own."""

    def __call__(self, pipe: Connection, inherited: Sequence[Connection]) -> None:
        """Ends when there is no more to do."""


class Work(Protocol):
    """What there is to do, in portions (scanner.sources.portions)."""

    def first(self, many: int) -> Iterator[bytes]:
        """Up to `many` portions, before any thread runs."""

    def start(self) -> None:
        """From here on threads may run."""

    def take(self, workers: int) -> bytes | None:
        """A portion for one of so many `workers`; waits for it. None at the end."""

    def rest(self) -> list[bytes]:
        """What nobody took; waits for the end."""

    def stop(self) -> None:
        """Ends its threads."""


def look(task: Task, pool: Work, processes: int) -> Generator[Answer, None, list[bytes]]:
    """The answers for all that `pool` holds, in any order, from as many `processes` as there is work for; the value is
    the portions that were lost because a process died."""
    crew: dict[Connection, Worker] = {}
    lost: list[bytes] = []
    try:
        for portion in pool.first(min(processes, _MOST)):
            worker = Worker(task, list(crew))
            crew[worker.pipe] = worker
            worker.ask(portion)
        pool.start()  # a thread: from here on none is forked
        for worker in crew.values():
            worker.ask(pool.take(len(crew)))
        yield from _collect(crew, pool, lost)
        return lost + pool.rest()
    finally:
        for worker in crew.values():
            worker.stop()
        pool.stop()


def _collect(crew: Mapping[Connection, Worker], pool: Work, lost: list[bytes]) -> Iterator[Answer]:
    busy = dict(crew)
    while busy:
        for pipe in cast(list[Connection], wait(list(busy))):  # on Windows they are of a class of their own
            worker = busy[pipe]
            answer = worker.answer()
            if answer:
                worker.ask(pool.take(len(crew)))
                yield answer
            else:
                lost += worker.asked
            if not (answer and worker.asked):
                del busy[pipe]


class Worker:
    """One process. It always has one portion more than it is looking at, or knows that there is none: see
    scanner.sources.workers."""

    def __init__(self, task: Task, others: Sequence[Connection]) -> None:
        context: Any = multiprocessing.get_context("fork" if FORKS else "spawn")
        self.pipe: Connection
        self.pipe, theirs = context.Pipe()
        # A forked process holds our ends of the pipes, too: as long as it does, no other can see that we are gone.
        inherited = [*others, self.pipe] if FORKS else []
        self._process = context.Process(target=task, args=(theirs, inherited), daemon=True)
        self._process.start()
        theirs.close()
        self.asked: deque[bytes] = deque()  # portions that are not answered
        self._told = False  # that there is no more

    def ask(self, portion: bytes | None) -> None:
        """Hands over a portion. None: there is no more."""
        if self._told:
            return
        if portion:
            self.asked.append(portion)
        self._told = not portion
        try:
            self.pipe.send_bytes(portion or b"")
        except OSError:  # it has died; `answer` says so
            pass

    def answer(self) -> Answer | None:
        """What it says of the oldest portion; None where it has died."""
        try:
            answer: Answer = self.pipe.recv()
        except (EOFError, OSError):
            return None
        self.asked.popleft()
        return answer

    def stop(self) -> None:
        """Ends the process, whatever it does."""
        self.pipe.close()
        self._process.terminate()
        self._process.join(_GRACE)
        self._process.kill()
        self._process.join()
