"""What one of several processes does that look at very many objects (scanner.sources.crew): it reads portions of them
beside a `git cat-file` of its own, and answers with what it found.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from multiprocessing.connection import Connection

from scanner.detect import Detector
from scanner.errors import GitError, XoxscanError
from scanner.git.stream import Piece, pieces, stream
from scanner.model import Problem
from scanner.sources.jobs import Answer, Job
from scanner.sources.portions import Inbox
from scanner.sources.tally import Tally

# So many objects in a row that git could not read, and the rest of a portion is given up: each costs a process.
_PATIENCE = 100


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
