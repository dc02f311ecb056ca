"""The objects that wait to be looked at, dealt out in portions: large while there is much, small at the end, so that
all workers end at about the same moment; and what a worker does with those that it is handed."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import IO

from scanner.errors import GitError
from scanner.git.enumerate import Listed

# What an object costs besides its bytes, in bytes; and how much work a portion is, in bytes.
_EACH = 4096
LEAST, MOST = 16 << 20, 1 << 30
_PATIENCE = 1.0  # seconds that the end of the run waits for the end of the list


class Dealt:
    """Portions that are known from the beginning."""

    def __init__(self, portions: Iterable[bytes]) -> None:
        self._left = deque(portions)

    def first(self, many: int) -> Iterator[bytes]:
        """Up to `many` of them."""
        for _ in range(min(many, len(self._left))):
            yield self._left.popleft()

    def start(self) -> None:
        """Nothing more is to be known."""

    def take(self, workers: int) -> bytes | None:
        """The next one, whoever takes it; None at the end."""
        return self._left.popleft() if self._left else None

    def rest(self) -> list[bytes]:
        """What nobody took."""
        return list(self._left)

    def stop(self) -> None:
        """Nothing runs."""


class Pool:
    """Takes objects off their list as fast as it gives them, so that git's list ends soon, and with it the memory that
    it takes. `error` is what ended the list too early; `missing` are ids on it that lead to nothing."""

    def __init__(self, listed: Generator[Listed, None, None], least: int = LEAST) -> None:
        self._listed = listed
        self._least = least
        self._waiting: deque[Listed] = deque()
        self._work = 0
        self._complete = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self.error: GitError | None = None
        self.missing: list[bytes] = []
        self.objects = 0
        self.size = 0

    def first(self, many: int) -> Iterator[bytes]:
        """Up to `many` portions, read here and now: no thread runs yet."""
        for _ in range(many):
            while self._work < self._least and not self._complete:
                self._next()
            if self._waiting:
                yield self._portion(self._least)

    def start(self) -> None:
        """Goes on reading the list, in a thread."""
        if not self._complete:
            self._thread = threading.Thread(target=self._read, daemon=True)
            self._thread.start()

    def take(self, workers: int) -> bytes | None:
        """A portion for one of so many `workers`; waits for it. None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._complete or self._work >= self._least)
            return self._portion(min(max(self._work // (2 * workers), self._least), MOST)) if self._waiting else None

    def rest(self) -> list[bytes]:
        """What nobody took; waits for the end of the list."""
        with self._changed:
            self._changed.wait_for(lambda: self._complete)
            return [part.oids for part in self._waiting]

    def stop(self) -> None:
        """Ends the list, wherever it is."""
        self._complete = True
        if self._thread:
            self._thread.join(_PATIENCE)
        if not (self._thread and self._thread.is_alive()):
            self._listed.close()

    def _read(self) -> None:
        while not self._complete:
            self._next()

    def _next(self) -> None:
        """Takes one more part of the list."""
        try:
            part = next(self._listed, None)
        except GitError as error:
            self.error, part = error, None
        with self._changed:
            if part is None:
                self._complete = True
            else:
                self._add(part)
            self._changed.notify()

    def _add(self, part: Listed) -> None:
        self.objects += part.objects
        self.size += part.size
        self.missing += part.missing
        if part.objects:
            self._waiting.append(part)
            self._work += _work(part)

    def _portion(self, work: int) -> bytes:
        """As many of the waiting ids as are so much work, at least."""
        taken: list[bytes] = []
        goal = self._work - work
        while self._waiting and self._work > goal:
            part = self._waiting.popleft()
            self._work -= _work(part)
            taken.append(part.oids)
        return b"".join(taken)


def _work(part: Listed) -> int:
    return part.size + _EACH * part.objects


class Inbox:
    """The portions that a worker is handed. They are received, and written to git, by threads: so neither the parent
    nor this worker ever waits until git has read what it is asked."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._portions: SimpleQueue[bytes] = SimpleQueue()
        self._questions: SimpleQueue[bytes] = SimpleQueue()
        threading.Thread(target=self._receive, daemon=True).start()

    def next(self) -> bytes:
        """The next portion; waits for it. An empty one is the last."""
        return self._portions.get()

    def feed(self, stdin: IO[bytes]) -> None:
        """Writes every portion to a git, as soon as it is here."""
        threading.Thread(target=self._write, args=(stdin,), daemon=True).start()

    def _receive(self) -> None:
        portion = b"."
        while portion:
            try:
                portion = self._pipe.recv_bytes()
            except (EOFError, OSError):  # the parent is gone
                portion = b""
            self._portions.put(portion)
            self._questions.put(portion)

    def _write(self, stdin: IO[bytes]) -> None:
        try:
            with stdin:
                while portion := self._questions.get():
                    stdin.write(portion)
                    stdin.flush()
        except (OSError, ValueError):  # git has died, or was ended
            pass
