"""What one of several processes does that look at very many objects (scanner.sources.crew): it reads portions of them
beside a `git cat-file` of its own, and answers with what it found.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from multiprocessing.connection import Connection
from typing import NamedTuple

from scanner.decode import views
from scanner.detect import Detector
from scanner.errors import GitError, XoxscanError
from scanner.examine import NOTHING, Examined, examine, placed
from scanner.git.commits import lineage
from scanner.git.lfs import Store
from scanner.git.run import Git
from scanner.git.stream import LARGE, PIECE, Piece, pieces, stream
from scanner.inside import examine_file, examine_stream, hides, is_packed
from scanner.literals import Keep
from scanner.model import Problem, Rule, Skip
from scanner.sources.looker import overruns
from scanner.sources.portions import Inbox

# Elsewhere a fork may hang in a system library, or there is none.
FORKS = sys.platform == "linux" and hasattr(os, "fork")

# So many objects in a row that git could not read, and the rest of a portion is given up: each costs a process.
_PATIENCE = 100


class Job(NamedTuple):
    """What every worker needs to know."""

    git: Git
    rules: tuple[Rule, ...]
    timeout: float  # seconds for one match attempt
    foreign: bool = False  # whether inline markers of other tools count
    explain: bool = False  # whether to say what was turned down
    large: int = LARGE  # a blob of more bytes is read in windows
    piece: int = PIECE  # bytes read at a time
    account: bool = False  # whether to tell every object that was looked at
    decode: bool = False  # whether to look through encodings, and into archives
    store: Store = Store()  # where Git LFS keeps the contents of files
    keep: Keep | None = None  # keeps what looks, for the next run
    made: Detector | None = None  # what looks, for processes that inherit it

    def begun(self) -> Job:
        """The same, whose detector is made beside what comes next. A process that is started anew makes its own."""
        return self._replace(made=self._detector(beside=True)) if FORKS else self

    def settle(self) -> None:
        """Waits for that: before, nothing may be forked."""
        if self.made:
            self.made.may_hold(b"")

    def detector(self) -> Detector:
        """What looks, in a worker."""
        return self.made or self._detector()

    def _detector(self, beside: bool = False) -> Detector:
        names = views.NAMES if self.decode else ()
        return Detector(self.rules, self.timeout, fast=True, names=names, beside=beside, keep=self.keep)

    def __reduce__(self) -> tuple[type[Job], tuple[object, ...]]:
        return Job, tuple(self._replace(made=None))


class Found(NamedTuple):
    """An object in which something was found. `content` is that of commits and tags alone: it says who and when."""

    oid: bytes
    kind: bytes
    examined: Examined
    content: bytes


class Answer(NamedTuple):
    """What a worker says of a portion: how many objects of which kind and how many bytes it read, what it found, the
    lineage of commits (see scanner.git.commits), the ids that git could not read, and other problems. `left` are ids,
    one a line, that only git can read; `looked` the ids, sizes and kinds of all objects, if that was asked
    (Job.account), and `held` those of the objects on which any rule was tried (scanner.detect.Scan)."""

    blobs: int = 0
    commits: int = 0
    tags: int = 0
    size: int = 0  # bytes
    found: tuple[Found, ...] = ()
    lineage: bytes = b""
    unread: tuple[bytes, ...] = ()
    problems: tuple[Problem, ...] = ()
    left: bytes = b""
    looked: bytes = b""
    held: bytes = b""
    skipped: tuple[Skip, ...] = ()  # what is packed in them and stays closed
    expanded: int | None = None  # bytes that were packed in them and were looked at, too


def work(job: Job, pipe: Connection, inherited: Sequence[Connection]) -> None:
    """A worker that reads portions of ids, one a line, beside a git of its own (see `serve`)."""
    serve(pipe, inherited, lambda: answers(job, job.detector(), Inbox(pipe)))


def serve(pipe: Connection, inherited: Sequence[Connection], answering: Callable[[], Iterator[Answer]]) -> None:
    """A worker's life. It ends when there is nothing more to answer, when its parent's end of the pipe is closed, or by
    SIGTERM, and takes its git with it; interrupts are the parent's business."""
    gc.disable()  # nothing here refers to itself, and looking for what does takes a thirtieth of the time
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.unraisablehook = _untold
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    for other in inherited:
        other.close()
    try:
        for answer in answering():
            pipe.send(answer)
    except (EOFError, OSError):
        pass  # the parent is gone, or wants no more
    except SystemExit:
        raise
    except BaseException:  # noqa: BLE001 - multiprocessing would print it, and what it quotes may be a secret
        sys.exit(1)  # the parent sees that what was asked was not looked at
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # Python itself is about to end: there an exit would be told


def _untold(dropped: sys.UnraisableHookArgs) -> None:
    """Says nothing of what Python drops while it cleans up: it would quote it, and that may be a secret. An exit that
    was asked for just then is one."""
    if isinstance(dropped.exc_value, SystemExit):
        os._exit(0)


def answers(job: Job, detector: Detector, inbox: Inbox) -> Iterator[Answer]:
    """An answer for each portion. One git reads them all, each while it answers the one before; it may hold back the
    end of an answer until then. Where it dies, each portion that is left gets gits of its own (see `read`)."""
    tally = Tally(job, detector)
    left = yield from _together(job, tally, inbox)
    while left:
        yield read(job, left, tally)
        left = inbox.next()


def _together(job: Job, tally: Tally, inbox: Inbox) -> Generator[Answer, None, bytes]:
    """The answers as long as git lives; the value is what was not answered of the next portion, and `tally` holds what
    was."""
    portion = inbox.next()
    count, done = portion.count(b"\n"), 0
    try:
        with job.git.running("cat-file", "--batch", "--buffer") as process:
            assert process.stdin and process.stdout
            inbox.feed(process.stdin)
            for piece in pieces(process.stdout, job.large, job.piece):
                # An answer is of its portion alone: one that is lost is done again from its beginning.
                while portion and len(piece.objects) >= count - done:
                    part, piece = _split(piece, count - done)
                    if not tally.take(part):
                        break
                    yield tally.answer()
                    portion, done = inbox.next(), 0
                    count = portion.count(b"\n")
                else:
                    done += tally.take(piece)
    except Exception:  # noqa: BLE001 - `read` comes to it again, and says it
        pass
    return portion[done * (portion.find(b"\n") + 1) :]


def _split(piece: Piece, many: int) -> tuple[Piece, Piece]:
    """The first `many` objects of a piece, and the rest of it."""
    if len(piece.objects) <= many:
        return piece, Piece(b"", [])
    cut = piece.objects[many - 1][3]
    rest = [(oid, kind, start - cut, end - cut) for oid, kind, start, end in piece.objects[many:]]
    return Piece(piece.data[:cut], piece.objects[:many]), Piece(piece.data[cut:], rest)


def read(job: Job, portion: bytes, tally: Tally) -> Answer:
    """Looks at every object of a portion. Where git dies, it is the object that it dies of again that is left out."""
    width = portion.index(b"\n") + 1
    failed = 0
    while portion and failed < _PATIENCE:
        done = 0
        try:
            with closing(stream(job.git, portion, job.large, job.piece)) as read_pieces:
                for piece in read_pieces:
                    done += tally.take(piece)
        except Exception as error:  # noqa: BLE001 - what was found so far is not lost
            tally.problems.append(_failed(error, len(portion) // width - done))
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


# An object that was unpacked: its number and content; what of it is new, if nothing was tried on the one from which it
# was made, and the number of that, or -1.
Part = tuple[int, bytes, bytes, int]


class Tally:
    """What is to be told in the next answer."""

    def __init__(self, job: Job, detector: Detector) -> None:
        self._job = job
        self._detector = detector
        self._parent = os.getppid()
        self.large = job.large
        # To look for few literals takes no longer than to find out what is new.
        self.reach = detector.reach if detector.decodes else 0
        self._reset()

    def _reset(self) -> None:
        self._counts: Counter[bytes] = Counter()
        self._size = 0
        self._found: list[Found] = []
        self._lineage: list[bytes] = []
        self._looked: list[bytes] = []
        self._skipped: list[Skip] = []
        self._held: list[bytes] = []
        self._tried: set[int] = set()  # what may hold something, and so may all that is made from it
        self.unread: list[bytes] = []
        self.problems: list[Problem] = []

    def answer(self, left: bytes = b"") -> Answer:
        """The counts and finds since the last one, and what is `left` to git."""
        answer = Answer(
            self._counts[b"blob"],
            self._counts[b"commit"],
            self._counts[b"tag"],
            self._size,
            tuple(self._found),
            b"".join(self._lineage),
            tuple(self.unread),
            tuple(self.problems),
            left,
            b"".join(self._looked),
            b"".join(self._held),
            tuple(self._skipped),
            self._detector.expanded,
        )
        if self._detector.expanded:
            self._detector.expanded = 0
        self._reset()
        return answer

    def take(self, piece: Piece) -> int:
        """Looks at the objects of a piece; how many they are, or none where git died in the middle of a large one, and
        nothing follows. A piece that an exception comes out of leaves no trace."""
        if os.getppid() != self._parent:
            sys.exit()  # killed, and nobody will ask for the rest
        before = len(self._found), len(self.problems), len(self._held)
        try:
            if piece.read or self._detector.may_hold(piece.data) or (self._detector.decodes and _packed(piece)):
                self._look(piece)
            self._count(piece)
        except Exception as error:
            del self._found[before[0] :], self.problems[before[1] :], self._held[before[2] :]
            if isinstance(error, GitError):
                return 0
            raise
        return len(piece.objects)

    def contents(self, kind: bytes, many: Sequence[Part], oid: Callable[[int], bytes]) -> None:
        """Looks at objects of one kind, of which `oid` tells the ids. There are hundreds of thousands: what is done for
        each is done here, without a call."""
        tried, every = self._tried, [part[1] for part in many]
        hidden = hides if kind == b"blob" and self._detector.decodes else _nothing
        # Few hold anything, and to look at many together takes less time than one by one.
        together = b"".join([content if base in tried else new for _, content, new, base in many])
        if self._detector.may_hold(together) or (hidden is hides and any(map(hides, every))):
            self._one_by_one(kind, many, oid, hidden)
        if self._job.account:
            self._looked += [_line(oid(part[0]), len(part[1]), kind) for part in many]
        self._counts[kind] += len(many)
        self._size += sum(map(len, every))
        if kind == b"commit":
            self._lineage += [lineage(oid(number), content, 0, len(content)) for number, content, _, _ in many]

    def _one_by_one(
        self, kind: bytes, many: Sequence[Part], oid: Callable[[int], bytes], hidden: Callable[[bytes], bool]
    ) -> None:
        may_hold, tried = self._detector.may_hold, self._tried
        for number, content, new, base in many:
            if may_hold(content if base in tried else new) or hidden(content):
                tried.add(number)
                self._whole(oid(number), kind, content)

    def _whole(self, oid: bytes, kind: bytes, content: bytes) -> None:
        examined = self._examined(kind, content)
        if examined is not NOTHING:
            self._keep(oid, kind, examined, b"" if kind == b"blob" else content)
            self._held.append(_line(oid, len(content), kind))

    def _examined(self, kind: bytes, content: bytes) -> Examined:
        if kind == b"blob":
            return examine_file(self._detector, content, self._job.foreign, self._job.store.open)
        return examine(self._detector, content, self._job.foreign)

    def _count(self, piece: Piece) -> None:
        kinds = [kind for _, kind, _, _ in piece.objects]
        self._counts.update(kinds)
        self._size += sum([end - start for _, _, start, end in piece.objects])
        if b"commit" in kinds:
            commits = (found for found in piece.objects if found[1] == b"commit")
            self._lineage += [lineage(oid, piece.data, start, end) for oid, _, start, end in commits]
        if self._job.account:
            self._looked += [_line(oid, end - start, kind) for oid, kind, start, end in piece.objects if kind]
        if b"" in kinds:
            self.unread += [oid for oid, kind, _, _ in piece.objects if not kind]

    def _look(self, piece: Piece) -> None:
        for oid, kind, start, end in piece.objects:
            if piece.read:
                examined = examine_stream(self._detector, piece.read, self._job.foreign, self._job.store.open)
            else:
                examined = self._examined(kind, piece.data[start:end])
            if examined is not NOTHING:
                self._keep(oid, kind, examined, b"" if kind == b"blob" else piece.data[start:end])
                self._held.append(_line(oid, end - start, kind))

    def _keep(self, oid: bytes, kind: bytes, examined: Examined, content: bytes) -> None:
        self.problems += overruns(oid, examined)
        self._skipped += placed(examined.skipped, kind + b" " + oid)
        if examined.hits or (self._job.explain and examined.dropped):
            kept = examined if self._job.explain else examined._replace(dropped=())
            self._found.append(Found(oid, kind, kept, content))


def _nothing(content: bytes) -> bool:
    return False


def _packed(piece: Piece) -> bool:
    return any(is_packed(piece.data, start, end) for _, kind, start, end in piece.objects if kind == b"blob")


def _line(oid: bytes, size: int, kind: bytes) -> bytes:
    return b"%b %d %b\n" % (oid, size, kind)
