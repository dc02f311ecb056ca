"""Very many objects, as fast as git gives them: `git cat-file --batch --buffer`, read in large pieces.

What costs time in Python is done once a piece, not once an object: a piece is looked at as a whole, and the objects in
it only where that is worth it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from io import BufferedReader, RawIOBase
from typing import IO, TYPE_CHECKING, NamedTuple

from scanner.errors import GitError
from scanner.git.commits import spool
from scanner.git.objects import Body, Read, parse_header
from scanner.git.run import Git

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

PIECE = 1 << 19  # bytes read at a time
LARGE = 32 << 20  # a blob of more bytes is never held
_PIPE = 1 << 20  # bytes that git may be ahead
_LITTLE, _NAP = 1 << 16, 0.0003  # bytes; seconds

# Id, kind, and where the content stands in a piece: data[start:end]. One that is missing has an empty kind.
Object = tuple[bytes, bytes, int, int]


class Piece(NamedTuple):
    """Some whole objects one after the other, with git's headers between them, and perhaps the beginning of one more.
    Or one object that is too large to hold: then `read(n)` gives its content; it may be left unread."""

    data: bytes
    objects: list[Object]
    read: Read | None = None


def stream(git: Git, oids: bytes, large: int = LARGE, size: int = PIECE) -> Generator[Piece, None, None]:
    """The objects `oids` (one a line), in that order, as far as git comes: it dies of one that is damaged."""
    with spool([oids]) as questions, git.running("cat-file", "--batch", "--buffer", stdin=questions) as process:
        assert process.stdout
        with _wide(process.stdout) as out:
            try:
                yield from pieces(out, large, size)
            except GitError:  # in the middle of an object
                process.kill()


def pieces(out: IO[bytes], large: int, size: int) -> Iterator[Piece]:
    """What `out` holds, read `size` bytes at a time. GitError where it stops in the middle of an object."""
    while data := out.read(size):
        objects, over = _cut(data)
        yield Piece(data, objects)
        if over < len(data):
            yield from _across(out, data, over, large)


def _cut(data: bytes) -> tuple[list[Object], int]:
    """The whole objects in `data`, and where what is left begins."""
    objects: list[Object] = []
    at, size = 0, len(data)
    try:
        while (end := data.find(b"\n", at)) >= 0:
            words = data[at:end].split()
            if len(words) == 2:  # «<id> missing»
                objects.append((words[0], b"", end, end))
                at = end + 1
                continue
            oid, kind, length = words
            stop = end + 1 + int(length)
            if stop >= size:
                break
            objects.append((oid, kind, end + 1, stop))
            at = stop + 1
    except ValueError:
        raise _torn() from None
    return objects, at


def _across(out: IO[bytes], data: bytes, over: int, large: int) -> Iterator[Piece]:
    """The object that begins in `data`, at `over`, and ends in what follows."""
    if data.find(b"\n", over) < 0:  # in the middle of its header
        data, over = data[over:] + out.readline(), 0
    start = data.find(b"\n", over) + 1
    oid, kind, size = parse_header(data[over:start])
    if size < 0:
        yield Piece(b"", [(oid, b"", 0, 0)])
    elif size > large and kind == b"blob":
        body = Body(out, size, data[start:])
        yield Piece(b"", [(oid, kind, 0, size)], body.read)
        if not body.skip():
            raise _torn()
    else:
        content = b"".join((memoryview(data)[start:], out.read(start + size + 1 - len(data))))
        if len(content) <= size:
            raise _torn()
        yield Piece(content, [(oid, kind, 0, size)])


def _torn() -> GitError:
    return GitError("git cat-file stopped in the middle of an object", "git fsck shows what is damaged")


@contextmanager
def _wide(pipe: IO[bytes]) -> Iterator[IO[bytes]]:
    """`pipe`, made wide where the system lets us, and then read patiently."""
    try:
        import fcntl

        fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE)
    except (ImportError, AttributeError, OSError):  # not Linux, or more than this user may have
        yield pipe
        return
    with BufferedReader(_Patient(pipe.fileno())) as wide:
        yield wide


class _Patient(RawIOBase):
    """Waits a moment where little is in the pipe: git writes some thousand bytes at a time, and whoever takes each of
    them at once is woken half a million times where ten thousand times do."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def readable(self) -> bool:
        """See io.RawIOBase."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """See io.RawIOBase."""
        size = os.readv(self._fd, [buffer])
        if size < _LITTLE:
            time.sleep(_NAP)
        return size
