"""Objects by id or name, through `git cat-file --batch`: whatever their kind, however large, and also where some are
absent or damaged."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import islice
from typing import IO, NamedTuple, Protocol

from scanner.errors import GitError
from scanner.git.run import Git, close

# Object ids fed before their answers are read: 500 lines of 65 bytes stay below any pipe's capacity, so neither side
# ever waits for the other. Names may be longer: each goes by itself.
_ROUND = 500
_OID = (40, 64)
_PIECE = 1 << 20

MISSING, UNREADABLE = b"missing", b"unreadable"


class Header(NamedTuple):
    """What stands before an object's content. `kind` is blob, tree, commit, tag, or what git said instead (missing),
    or unreadable where git ended; then the size is -1."""

    oid: bytes
    kind: bytes
    size: int


Read = Callable[[int], bytes]


class Stream(Protocol):
    """What gives as many bytes as it was asked for, and fewer only at the end."""

    def read(self, size: int, /) -> bytes:
        """The next bytes."""
        ...


Answer = tuple[bytes, Header, Read | None]


def parse_header(line: bytes) -> Header:
    """The header in one line of `cat-file --batch`; an absent object has size -1. GitError where it is torn."""
    words = line.split()
    if line.endswith(b"\n") and len(words) >= 2:
        if len(words) == 3 and words[2].isdigit():
            return Header(words[0], words[1], int(words[2]))
        return Header(words[0], words[-1], -1)
    raise GitError("git cat-file stopped in the middle of an answer", "git fsck shows what is damaged")


class Cat:
    """A `git cat-file --batch` that is started when it is first needed. It answers what it was asked, in that order."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Cat:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends git."""
        process, self._process = self._process, None
        if process:
            close(process)

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        if self._process is None:
            self._process = self._git.start("cat-file", "--batch")
        assert self._process.stdin and self._process.stdout
        return self._process.stdin, self._process.stdout

    def contents(self, names: Iterable[bytes], most: int | None = None) -> Iterator[tuple[bytes, Header, bytes | None]]:
        """Name, header and content of each object, or its first `most` bytes; None for one that is absent or damaged.
        A name is an id, `:path` or `commit:path`."""
        for name, header, read in self.readers(names):
            try:
                yield name, header, None if read is None else read(_least(header.size, most))
            except GitError:
                yield name, header._replace(kind=UNREADABLE), None

    def readers(self, names: Iterable[bytes]) -> Iterator[Answer]:
        """The same with a `read(n)` in place of the content, for what is too large to hold; it may be left unread.
        `read` raises GitError where git stops in the middle."""
        for batch in _batches(names):
            while batch:
                batch = batch[(yield from self._round(batch)) :]

    def _round(self, batch: list[bytes]) -> Generator[Answer, None, int]:
        """Asks for all of `batch`; the value is how many were answered. git dies on an object that it would have to
        fetch (before 2.45) and on a damaged one: that one is absent, and a new git answers for the rest."""
        if b"\n" in batch[0]:  # it would be two questions, and every later answer that of another
            yield batch[0], Header(batch[0], MISSING, -1), None
            return 1
        stdin, stdout = self._pipes()
        try:
            stdin.write(b"\n".join(batch) + b"\n")
            stdin.flush()
        except BrokenPipeError:
            pass
        for done, name in enumerate(batch):
            try:
                header = parse_header(stdout.readline())
            except GitError:
                self.close()
                yield name, Header(name, UNREADABLE, -1), None
                return done + 1
            body = Body(stdout, header.size)
            yield name, header, body.read if header.size >= 0 else None
            if not body.skip():
                self.close()
                return done + 1
        return len(batch)


def _least(size: int, most: int | None) -> int:
    return size if most is None else min(size, most)


def _batches(names: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Ids many at a time, other names one by one."""
    source = iter(names)
    while batch := list(islice(source, _ROUND)):
        if all(len(name) in _OID and name.isalnum() for name in batch):
            yield batch
        else:
            yield from ([name] for name in batch)


class Body:
    """The content of one object: what was read of it, and what is still in git's pipe. A size of -1: there is none."""

    def __init__(self, stream: Stream, size: int, begun: bytes = b"") -> None:
        self._stream = stream
        self._begun = begun
        self._left = size - len(begun)
        self._torn = False

    def read(self, size: int) -> bytes:
        """Some of the content, at most `size` bytes; none at the end. GitError where git stopped before that."""
        if self._begun:
            data, self._begun = self._begun[:size], self._begun[size:]
            return data
        wanted = min(size, self._left)
        data = self._stream.read(wanted) if wanted else b""
        self._left -= len(data)
        if len(data) < wanted:
            self._torn = True
            self._left = 0
            raise GitError("git cat-file stopped in the middle of an object", "git fsck shows what is damaged")
        return data

    def skip(self) -> bool:
        """Reads away what is left, and the line end after it. False where git stopped before that."""
        if self._left < 0:
            return True
        self._begun = b""
        try:
            while self._left:
                self.read(min(self._left, _PIECE))
        except GitError:
            return False
        return not self._torn and self._stream.read(1) == b"\n"
