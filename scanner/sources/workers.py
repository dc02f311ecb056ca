"""Looks at very many objects in several processes, each beside a `git cat-file` of its own.

The parent hands out portions of object ids, and each worker answers a portion with what it found. Contents never leave
a worker. One that dies takes its portion with it, which becomes a problem; the others go on.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from multiprocessing.connection import Connection, wait
from typing import Any, NamedTuple

from scanner.detect import Detector
from scanner.errors import GitError, XoxscanError
from scanner.git.commits import lineage
from scanner.git.run import Git
from scanner.git.stream import LARGE, PIECE, Piece, stream
from scanner.model import Problem, Rule
from scanner.pipeline import NOTHING, Examined, examine, examine_stream
from scanner.sources.looker import overruns
from scanner.sources.portions import Pool

# Elsewhere a fork may hang in a system library, or there is none.
FORKS = sys.platform == "linux"

# So many objects in a row that git could not read, and the rest of a portion is given up: each costs a process.
_PATIENCE = 100


_GRACE = 1.0  # seconds for a worker to end by itself


class Job(NamedTuple):
    """What every worker needs to know."""

    git: Git
    rules: tuple[Rule, ...]
    timeout: float  # seconds for one match attempt
    foreign: bool = False  # whether inline markers of other tools count
    explain: bool = False  # whether to say what was turned down
    large: int = LARGE  # a blob of more bytes is read in windows
    piece: int = PIECE  # bytes read at a time


class Found(NamedTuple):
    """An object in which something was found. `content` is that of commits and tags alone: it says who and when."""

    oid: bytes
    kind: bytes
    examined: Examined
    content: bytes


class Answer(NamedTuple):
    """What a worker says of a portion: how many objects of which kind and how many bytes it read, what it found, the
    lineage of commits (see scanner.git.commits), the ids that git could not read, and other problems."""

    blobs: int = 0
    commits: int = 0
    tags: int = 0
    size: int = 0  # bytes
    found: tuple[Found, ...] = ()
    lineage: bytes = b""
    unread: tuple[bytes, ...] = ()
    problems: tuple[Problem, ...] = ()


def look(job: Job, pool: Pool, processes: int) -> Iterator[Answer]:
    """The answers for all that `pool` holds, in any order, from as many `processes` as there is work for."""
    crew: dict[Connection, Worker] = {}
    try:
        for portion in pool.first(processes):
            worker = Worker(job, list(crew))
            crew[worker.pipe] = worker
            worker.ask(portion)
        pool.start()  # a thread: from here on none is forked
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
            worker = busy.pop(pipe)
            answer = worker.answer()
            portion = pool.take(len(crew)) if worker.alive else None
            if portion:
                worker.ask(portion)
                busy[pipe] = worker
            yield answer


class Worker:
    """One process that looks at one portion at a time."""

    def __init__(self, job: Job, others: Sequence[Connection]) -> None:
        context: Any = multiprocessing.get_context("fork" if FORKS else "spawn")
        self.pipe: Connection
        self.pipe, theirs = context.Pipe()
        # A forked process holds our ends of the pipes, too: as long as it does, no other can see that we are gone.
        inherited = [*others, self.pipe] if FORKS else []
        self._process = context.Process(target=work, args=(job, theirs, inherited), daemon=True)
        self._process.start()
        theirs.close()
        self._portion = b""
        self.alive = True

    def ask(self, portion: bytes) -> None:
        """Hands over a portion: ids, one a line."""
        self._portion = portion
        try:
            self.pipe.send_bytes(portion)
        except OSError:  # it has died; `answer` says so
            pass

    def answer(self) -> Answer:
        """What it says of the portion: a problem where it has died."""
        try:
            answer: Answer = self.pipe.recv()
        except (EOFError, OSError):
            self.alive = False
            return _lost(self._portion.count(b"\n"))
        return answer

    def stop(self) -> None:
        """Ends the process, whatever it does."""
        self.pipe.close()
        self._process.terminate()
        self._process.join(_GRACE)
        self._process.kill()
        self._process.join()


def _lost(count: int) -> Answer:
    message = f"a process that was reading objects died; {count:,} of them were not looked at"
    return Answer(problems=(Problem("git objects", message, "run again with --jobs 1, or with more memory"),))


def work(job: Job, pipe: Connection, inherited: Sequence[Connection]) -> None:
    """A worker's life. It ends when its parent's end of the pipe is closed, or when it is told to, and takes its git
    with it; interrupts are the parent's business."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    for other in inherited:
        other.close()
    detector = Detector(job.rules, job.timeout, fast=True)
    try:
        while True:
            portion = pipe.recv_bytes()
            pipe.send(read(job, detector, portion))
    except (EOFError, OSError):
        pass  # the parent is gone, or wants no more


def read(job: Job, detector: Detector, portion: bytes) -> Answer:
    """Looks at every object of a portion. Where git dies, it is the object that it dies of again that is left out."""
    tally = Tally(job, detector)
    width = portion.index(b"\n") + 1
    failed = 0
    while portion and failed < _PATIENCE:
        try:
            with closing(stream(job.git, portion, job.large, job.piece)) as pieces:
                done = tally.take(pieces)
        except Exception as error:  # noqa: BLE001 - what was found so far is not lost
            tally.problems.append(_failed(error, len(portion) // width))
            return tally.answer()
        failed = 0 if done else failed + 1
        if not done:
            tally.unread.append(portion[: width - 1])
        portion = portion[max(done, 1) * width :]
    if portion:
        tally.problems.append(_failed(GitError("git dies of each"), len(portion) // width))
    return tally.answer()


def _failed(error: Exception, left: int) -> Problem:
    """What an exception of ours may hold is known; any other may hold a secret."""
    why = str(error) if isinstance(error, XoxscanError) else f"a bug in xoxscan, {type(error).__name__}"
    return Problem("git objects", f"{left:,} objects were not looked at: {why}", "git fsck shows what is damaged")


class Tally:
    """What one portion held."""

    def __init__(self, job: Job, detector: Detector) -> None:
        self._job = job
        self._detector = detector
        self._parent = os.getppid()
        self._counts: dict[bytes, int] = {}
        self._size = 0
        self._found: list[Found] = []
        self._lineage: list[bytes] = []
        self.unread: list[bytes] = []
        self.problems: list[Problem] = []

    def answer(self) -> Answer:
        """The counts and finds so far."""
        blobs, commits, tags = (self._counts.get(kind, 0) for kind in (b"blob", b"commit", b"tag"))
        return Answer(
            blobs,
            commits,
            tags,
            self._size,
            tuple(self._found),
            b"".join(self._lineage),
            tuple(self.unread),
            tuple(self.problems),
        )

    def take(self, pieces: Iterator[Piece]) -> int:
        """Looks at objects as they come; how many there were before git died, or all."""
        done = 0
        for piece in pieces:
            if os.getppid() != self._parent:
                sys.exit()  # killed, and nobody will ask for the rest
            if piece.read or self._detector.may_hold(piece.data):
                try:
                    self._look(piece)
                except GitError:  # in the middle of a large object
                    break
            self._count(piece)
            done += len(piece.objects)
        return done

    def _count(self, piece: Piece) -> None:
        kinds = [kind for _, kind, _, _ in piece.objects]
        for kind in set(kinds):
            self._counts[kind] = self._counts.get(kind, 0) + kinds.count(kind)
        self._size += sum([end - start for _, _, start, end in piece.objects])
        if b"commit" in kinds:
            commits = (found for found in piece.objects if found[1] == b"commit")
            self._lineage += [lineage(oid, piece.data, start, end) for oid, _, start, end in commits]
        if b"" in kinds:
            self.unread += [oid for oid, kind, _, _ in piece.objects if not kind]

    def _look(self, piece: Piece) -> None:
        for oid, kind, start, end in piece.objects:
            if piece.read:
                examined = examine_stream(self._detector, piece.read, self._job.foreign)
            else:
                examined = examine(self._detector, piece.data[start:end], self._job.foreign)
            if examined is not NOTHING:
                self._keep(oid, kind, examined, b"" if kind == b"blob" else piece.data[start:end])

    def _keep(self, oid: bytes, kind: bytes, examined: Examined, content: bytes) -> None:
        self.problems += overruns(oid, examined)
        if examined.hits or (self._job.explain and examined.dropped):
            kept = examined if self._job.explain else examined._replace(dropped=())
            self._found.append(Found(oid, kind, kept, content))
