"""Reads objects of a repository in several processes, each beside a `git cat-file --batch` of its own.

The parent hands out portions of object ids; a worker answers each portion with what it found. Contents never leave a
worker. A worker that dies takes the portions with it that it had not answered; they become problems.
"""

from __future__ import annotations

import multiprocessing
import queue
import signal
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from typing import IO, NamedTuple

from scanner.detect import Detector
from scanner.errors import GitError
from scanner.git.objects import Body, Cat, Header, parse_header
from scanner.git.run import Git
from scanner.model import Problem, Rule
from scanner.pipeline import NOTHING, Examined, examine, examine_stream
from scanner.sources.looker import overruns

# An object larger than this is read in windows.
LARGE = 32 << 20

_PIPE = 1 << 20

# Objects handed over at a time: small enough that all workers end at about the same moment.
PORTION = 500


class Job(NamedTuple):
    """What every worker needs to know."""

    git: Git
    rules: tuple[Rule, ...]
    timeout: float  # seconds for one match attempt
    foreign: bool  # whether inline markers of other tools count
    explain: bool  # whether to say what was turned down


class Found(NamedTuple):
    """An object in which something was found. `content` is that of commits and tags alone: it says who and when."""

    oid: bytes
    kind: bytes
    examined: Examined
    content: bytes


class Answer(NamedTuple):
    """What a worker says of one portion: how many objects of which kind and bytes it read, and what it found."""

    portion: int
    blobs: int
    commits: int
    tags: int
    bytes: int
    found: tuple[Found, ...]
    problems: tuple[Problem, ...]


Portion = Sequence[bytes]


def look(job: Job, portions: Iterable[Portion], processes: int) -> Iterator[Answer]:
    """The answers for all `portions`, in any order. Errors of `portions` itself are raised at the end."""
    crew = [Worker(job) for _ in range(processes)]  # before any thread starts: they are forked where that is safe
    tasks: queue.SimpleQueue[Portion | None] = queue.SimpleQueue()
    lister = Lister(portions, tasks)
    try:
        for worker in crew:
            worker.feed(tasks)
        lister.start()
        yield from _collect(crew)
        if lister.error:
            raise lister.error
    finally:
        for worker in crew:
            worker.stop()


class Lister(threading.Thread):
    """Takes the portions off their source as fast as it gives them, so that git's list ends soon, and with it the
    memory that it takes."""

    def __init__(self, portions: Iterable[Portion], tasks: queue.SimpleQueue[Portion | None]) -> None:
        super().__init__(daemon=True)
        self._portions = portions
        self._tasks = tasks
        self.error: BaseException | None = None

    def run(self) -> None:
        """See threading.Thread."""
        try:
            for portion in self._portions:
                self._tasks.put(portion)
        except BaseException as error:  # noqa: BLE001 - it is raised again where the caller waits
            self.error = error
        finally:
            self._tasks.put(None)


class Worker:
    """One process that reads, and the thread that feeds it."""

    def __init__(self, job: Job) -> None:
        context = multiprocessing.get_context("fork") if sys.platform == "linux" else multiprocessing
        self.pipe: Connection
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(job, theirs, self.pipe), daemon=True)
        self._process.start()
        theirs.close()
        self._unanswered: deque[Portion] = deque()

    def feed(self, tasks: queue.SimpleQueue[Portion | None]) -> None:
        """Starts to hand over tasks; the pipe's capacity holds it back. None ends it, for all workers."""
        threading.Thread(target=self._feed, args=(tasks,), daemon=True).start()

    def _feed(self, tasks: queue.SimpleQueue[Portion | None]) -> None:
        try:
            while (portion := tasks.get()) is not None:
                self._unanswered.append(portion)
                self.pipe.send(portion)
            self.pipe.send(None)
        except OSError:
            pass  # the process is gone; `receive` says so
        finally:
            tasks.put(None)

    def receive(self) -> Answer | None:
        """The next answer, or None at the end. A dead process answers with its unanswered portions as a problem."""
        try:
            answer: Answer | None = self.pipe.recv()
        except (EOFError, OSError):
            lost = sum(map(len, self._unanswered))
            self._unanswered.clear()
            return _died(lost) if lost else None
        if answer is not None:
            self._unanswered.popleft()
        return answer

    def stop(self) -> None:
        """Ends the process, whatever it does."""
        self._process.terminate()
        self._process.join()
        self.pipe.close()


def _died(lost: int) -> Answer:
    message = f"a process that was reading objects died; {lost} objects were not looked at"
    return Answer(0, 0, 0, 0, 0, (), (Problem("git objects", message, "run again with --jobs 1 or more memory"),))


def _collect(crew: Iterable[Worker]) -> Iterator[Answer]:
    by_pipe = {worker.pipe: worker for worker in crew}
    while by_pipe:
        for pipe in wait(list(by_pipe)):
            assert isinstance(pipe, Connection)
            answer = by_pipe[pipe].receive()
            if answer is None:
                del by_pipe[pipe]
            else:
                yield answer


def _work(job: Job, pipe: Connection, other: Connection) -> None:
    """A worker's life. It ends when its parent's end of the pipe is closed, and leaves interrupts to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    other.close()
    try:
        Reader(job, pipe).run()
        pipe.send(None)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass  # the parent is gone


class Reader:
    """Reads portions through one `git cat-file --batch --buffer`, or one by one once that has failed."""

    def __init__(self, job: Job, pipe: Connection) -> None:
        self._job = job
        self._pipe = pipe
        self._detector = Detector(job.rules, job.timeout, fast=True)
        self._cat = Cat(job.git)
        self._portions: queue.SimpleQueue[Portion | None] = queue.SimpleQueue()

    def run(self) -> None:
        """Answers portions until there are no more."""
        process = self._job.git.start("cat-file", "--batch", "--buffer", pipesize=_PIPE)
        assert process.stdin and process.stdout
        threading.Thread(target=self._forward, args=(process.stdin,), daemon=True).start()
        healthy = True
        while (portion := self._portions.get()) is not None:
            tally = Tally(self._detector, self._job)
            done = tally.take_stream(process.stdout, portion) if healthy else 0
            if done < len(portion):
                healthy = False
                tally.take_cat(self._cat, portion[done:])
            self._pipe.send(tally.answer())
        self._cat.close()
        process.stdout.close()
        process.wait()

    def _forward(self, stdin: IO[bytes]) -> None:
        """Passes portions on to git as they come, ahead of their being read: git always has work."""
        try:
            while (portion := self._pipe.recv()) is not None:
                self._portions.put(portion)
                self._write(stdin, b"\n".join(portion) + b"\n")
        except (EOFError, OSError):
            pass
        finally:
            self._write(stdin, None)
            self._portions.put(None)

    @staticmethod
    def _write(stdin: IO[bytes], data: bytes | None) -> None:
        try:
            stdin.close() if data is None else stdin.write(data)
        except (BrokenPipeError, ValueError):
            pass  # git has died; the reader notices and goes on without it


class Tally:
    """What one portion held."""

    def __init__(self, detector: Detector, job: Job) -> None:
        self._detector = detector
        self._foreign = job.foreign
        self._explain = job.explain
        self._counts = {b"blob": 0, b"commit": 0, b"tag": 0}
        self._bytes = 0
        self._found: list[Found] = []
        self._problems: list[Problem] = []

    def answer(self) -> Answer:
        """The counts and finds so far."""
        blobs, commits, tags = self._counts.values()
        return Answer(1, blobs, commits, tags, self._bytes, tuple(self._found), tuple(self._problems))

    def take_stream(self, stdout: IO[bytes], portion: Portion) -> int:
        """Reads the answers for `portion` as they come; how many there were before git failed (all, if it did not)."""
        for done, oid in enumerate(portion):
            line = stdout.readline()
            try:
                header = parse_header(line)
                self._take(oid, header, stdout)
            except GitError:
                return done
        return len(portion)

    def _take(self, oid: bytes, header: Header, stdout: IO[bytes]) -> None:
        if header.size > LARGE:
            body = Body(stdout, header.size)
            self._note(header, examine_stream(self._detector, body.read, self._foreign), b"")
            body.skip()
        elif header.size >= 0:
            content = stdout.read(header.size + 1)
            if len(content) <= header.size:
                raise GitError("git cat-file stopped in the middle of an object")
            self._look(header, content[:-1])
        else:
            self._absent(oid)

    def take_cat(self, cat: Cat, portion: Portion) -> None:
        """Reads `portion` one by one: git answers for each before it is asked for the next."""
        for oid, header, read in cat.readers(portion):
            if read is None:
                self._absent(oid)
                continue
            try:
                self._note(header, examine_stream(self._detector, read, self._foreign), b"")
            except GitError as error:
                self._problems.append(Problem(oid.decode(), str(error), error.hint))

    def _absent(self, oid: bytes) -> None:
        self._problems.append(Problem(oid.decode(), "the object cannot be read", "git fsck shows what is damaged"))

    def _look(self, header: Header, content: bytes) -> None:
        examined = examine(self._detector, content, self._foreign)
        self._note(header, examined, b"" if header.kind == b"blob" else content)

    def _note(self, header: Header, examined: Examined, content: bytes) -> None:
        self._counts[header.kind] += 1
        self._bytes += header.size
        if examined is NOTHING:
            return
        self._problems += overruns(header.oid, examined)
        if examined.hits or (self._explain and examined.dropped):
            kept = examined if self._explain else examined._replace(dropped=())
            self._found.append(Found(header.oid, header.kind, kept, content))
