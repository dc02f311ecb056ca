"""Several processes that look at very many objects: each is handed portions of ids, and answers with what it found.

Contents never leave a worker. One that dies takes its portions with it, which become a problem; the others go on.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any

from scanner.model import Problem
from scanner.sources.portions import Pool
from scanner.sources.workers import Answer, Job, work

# Elsewhere a fork may hang in a system library, or there is none.
FORKS = sys.platform == "linux"

_GRACE = 1.0  # seconds for a worker to end by itself


def look(job: Job, pool: Pool, processes: int) -> Iterator[Answer]:
    """The answers for all that `pool` holds, in any order, from as many `processes` as there is work for."""
    crew: dict[Connection, Worker] = {}
    try:
        for portion in pool.first(processes):
            worker = Worker(job, list(crew))
            crew[worker.pipe] = worker
            worker.ask(portion)
        pool.start()  # a thread: from here on none is forked
        for worker in crew.values():
            worker.ask(pool.take(len(crew)))
        yield from _collect(crew, pool)
        if left := pool.rest():
            yield _lost(left)
    finally:
        for worker in crew.values():
            worker.stop()
        pool.stop()


def _collect(crew: Mapping[Connection, Worker], pool: Pool) -> Iterator[Answer]:
    busy = dict(crew)
    while busy:
        for pipe in wait(list(busy)):
            assert isinstance(pipe, Connection)
            worker = busy[pipe]
            answer = worker.answer()
            if worker.alive:
                worker.ask(pool.take(len(crew)))
            if not worker.busy:
                del busy[pipe]
            yield answer


class Worker:
    """One process. It always has one portion more than it is looking at, or knows that there is none: see
    scanner.sources.workers."""

    def __init__(self, job: Job, others: Sequence[Connection]) -> None:
        context: Any = multiprocessing.get_context("fork" if FORKS else "spawn")
        self.pipe: Connection
        self.pipe, theirs = context.Pipe()
        # A forked process holds our ends of the pipes, too: as long as it does, no other can see that we are gone.
        inherited = [*others, self.pipe] if FORKS else []
        self._process = context.Process(target=work, args=(job, theirs, inherited), daemon=True)
        self._process.start()
        theirs.close()
        self._asked: deque[int] = deque()  # how many objects each portion has that is not answered
        self._told = False  # that there is no more
        self.alive = True

    @property
    def busy(self) -> bool:
        """Whether it owes an answer."""
        return bool(self._asked)

    def ask(self, portion: bytes | None) -> None:
        """Hands over a portion: ids, one a line. None: there is no more."""
        if self._told:
            return
        if portion:
            self._asked.append(portion.count(b"\n"))
        self._told = not portion
        try:
            self.pipe.send_bytes(portion or b"")
        except OSError:  # it has died; `answer` says so
            pass

    def answer(self) -> Answer:
        """What it says of the oldest portion: a problem where it has died."""
        try:
            answer: Answer = self.pipe.recv()
        except (EOFError, OSError):
            self.alive = False
            lost = sum(self._asked)
            self._asked.clear()
            return _lost(lost)
        self._asked.popleft()
        return answer

    def stop(self) -> None:
        """Ends the process, whatever it does."""
        self.pipe.close()
        self._process.terminate()
        self._process.join(_GRACE)
        self._process.kill()
        self._process.join()


def _lost(count: int) -> Answer:
    message = f"a process that was reading objects died; up to {count:,} of them were not looked at"
    return Answer(problems=(Problem("git objects", message, "run again with --jobs 1, or with more memory"),))
