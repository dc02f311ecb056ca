"""Very many objects, as fast as git gives them: `git cat-file --batch --buffer`, read in large pieces.

What costs time in Python is done once a piece, not once an object: a piece is looked at as a whole, and the objects in
it only where that is worth it.
"""

from __future__ import annotations

import os
import select
import time
from collections.abc import Generator, Iterator
from typing import IO, NamedTuple

from scanner.errors import GitError
from scanner.git.commits import spool
from scanner.git.objects import Body, Read, parse_header
from scanner.git.run import Git

PIECE = 1 << 19  # bytes read at a time
LARGE = 32 << 20  # an object of more bytes is never held
BEGINNING = 1 << 20  # bytes of a commit or tag that is too large: who, when, and what it leads to, stands there
_WIDTH = 1 << 20  # bytes that git may be ahead
# What is read of a pipe is read with one call: where none reads into a buffer, or tells whether more is there.
_ALONE = not hasattr(os, "readv")
_LITTLE, _NAP, _PATIENCE = 1 << 16, 0.0003, 0.002  # bytes; seconds

# Id, kind, and where the content stands in a piece: data[start:end]. One that is missing has an empty kind.
Object = tuple[bytes, bytes, int, int]


class Piece(NamedTuple):
    """Some whole objects one after the other, with git's headers between them, and perhaps the beginning of one more.
    Or one object that is too large to hold: then `read(n)` gives its content; it may be left unread. Of such a commit
    or tag `data` holds the beginning."""

    data: bytes
    objects: list[Object]
    read: Read | None = None


def stream(git: Git, oids: bytes, large: int = LARGE, size: int = PIECE) -> Generator[Piece, None, None]:
    """The objects `oids` (one a line), in that order, as far as git comes: it dies of one that is damaged."""
    with spool([oids]) as questions, git.running("cat-file", "--batch", "--buffer", stdin=questions) as process:
        assert process.stdout
        try:
            yield from pieces(process.stdout, large, size)
        except GitError:  # in the middle of an object
            process.kill()


def pieces(pipe: IO[bytes], large: int = LARGE, size: int = PIECE) -> Iterator[Piece]:
    """The objects that git writes into `pipe`, at most `size` bytes at a time, and none is held back to wait for more.
    GitError where it stops in the middle of one."""
    out = Pipe(pipe, size)
    rest = b""
    while data := out.some():
        data = rest + data
        objects, over = _cut(data)
        yield Piece(data, objects)
        rest = data[over:]
        if b"\n" in rest:
            yield from _begun(out, rest, large)
            rest = b""
    if rest:
        raise _torn()


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


def _begun(out: Pipe, data: bytes, large: int) -> Iterator[Piece]:
    """The object that begins `data`, and ends in what follows."""
    start = data.index(b"\n") + 1
    oid, kind, size = parse_header(data[:start])
    if size > large:
        begun = data[start:]
        if kind != b"blob":
            begun += out.read(min(BEGINNING, size) - len(begun))
        body = Body(out, size, begun)
        yield Piece(b"" if kind == b"blob" else begun, [(oid, kind, 0, size)], body.read)
        if not body.skip():
            raise _torn()
    else:
        content = b"".join((memoryview(data)[start:], out.read(start + size + 1 - len(data))))
        if len(content) <= size:
            raise _torn()
        yield Piece(content, [(oid, kind, 0, size)])


def _torn() -> GitError:
    return GitError("git cat-file stopped in the middle of an object", "git fsck shows what is damaged")


class Pipe:
    """A pipe that git writes to, made wide where the system lets us. Nothing is read ahead."""

    def __init__(self, pipe: IO[bytes], size: int) -> None:
        self._fd = pipe.fileno()
        self._room = memoryview(bytearray(size))
        try:
            import fcntl

            fcntl.fcntl(self._fd, fcntl.F_SETPIPE_SZ, _WIDTH)
        except (ImportError, AttributeError, OSError):  # not Linux, or more than this user may have
            pass

    def some(self) -> bytes:
        """What is there, up to the size of a piece, at least one byte; none at the end. Where little is there it waits
        a moment for more: git writes some thousand bytes at a time, and whoever takes each of them at once is woken
        half a million times where ten thousand times do. (Windows cannot tell whether more is there.)"""
        if _ALONE:
            return os.read(self._fd, len(self._room))
        end = got = os.readv(self._fd, [self._room])
        while got and end < len(self._room):
            if got < _LITTLE:
                time.sleep(_NAP)
            if not select.select([self._fd], [], [], _PATIENCE)[0]:
                break
            got = os.readv(self._fd, [self._room[end:]])
            end += got
        return bytes(self._room[:end])

    def read(self, size: int) -> bytes:
        """So many bytes; fewer at the end."""
        parts: list[bytes] = []
        while size and (data := os.read(self._fd, min(size, len(self._room)))):
            parts.append(data)
            size -= len(data)
        return b"".join(parts)
