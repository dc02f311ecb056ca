"""Objects by id, through `git cat-file --batch`: whatever their kind, however large, and also where some are absent."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import islice
from typing import IO, NamedTuple

from scanner.errors import GitError
from scanner.git.run import Git

# Object ids fed before their answers are read: 500 lines of 65 bytes stay below any pipe's capacity, so neither side
# ever waits for the other.
_ROUND = 500


class Header(NamedTuple):
    """What stands before an object's content. `kind` is blob, tree, commit, tag, or what git said instead (missing)."""

    oid: bytes
    kind: bytes
    size: int


Answer = tuple[bytes, Header, Callable[[int], bytes] | None]


def parse_header(line: bytes) -> Header:
    """The header in one line of `cat-file --batch`; an absent object has size -1. GitError where it is torn."""
    words = line.split()
    if len(words) == 3 and words[2].isdigit():
        return Header(words[0], words[1], int(words[2]))
    if len(words) >= 2:
        return Header(words[0], words[-1], -1)
    raise GitError("git cat-file stopped in the middle of an answer", "git fsck shows what is damaged")


class Cat:
    """A running `git cat-file --batch`. `contents` yields what was asked, in that order."""

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
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe:
                try:
                    pipe.close()
                except BrokenPipeError:
                    pass
        process.wait()

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        if self._process is None:
            self._process = self._git.start("cat-file", "--batch")
        assert self._process.stdin and self._process.stdout
        return self._process.stdin, self._process.stdout

    def contents(self, names: Iterable[bytes]) -> Iterator[tuple[bytes, Header, bytes | None]]:
        """Name, header and content of each object; None for one that is absent. A name is an id or `:path`."""
        for name, header, read in self.readers(names):
            yield name, header, None if read is None else read(header.size)

    def readers(self, names: Iterable[bytes]) -> Iterator[Answer]:
        """The same with a `read(n)` in place of the content, for what is too large to hold; it may be left unread."""
        source = iter(names)
        while batch := list(islice(source, _ROUND)):
            while batch:
                batch = batch[(yield from self._round(batch)) :]

    def _round(self, batch: list[bytes]) -> Generator[Answer, None, int]:
        """Asks for all of `batch`; the value is how many were answered. git dies on an object that it would have to
        fetch (before 2.45) and on a damaged one: that one is absent, and a new git answers for the rest."""
        stdin, stdout = self._pipes()
        try:
            stdin.write(b"\n".join(batch) + b"\n")
            stdin.flush()
        except BrokenPipeError:
            pass
        for done, name in enumerate(batch):
            line = stdout.readline()
            if not line:
                self.close()
                yield name, Header(name, b"unreadable", -1), None
                return done + 1
            header = parse_header(line)
            if header.size < 0:
                yield name, header, None
                continue
            body = Body(stdout, header.size)
            yield name, header, body.read
            body.skip()
            if body.torn:
                self.close()
                return done + 1
        return len(batch)


class Body:
    """The content of one object, still in git's pipe."""

    def __init__(self, stream: IO[bytes], size: int) -> None:
        self._stream = stream
        self._left = size
        self._closed = False
        self.torn = False

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; fewer only at the end. GitError where git stopped before that."""
        wanted = min(size, self._left)
        data = self._stream.read(wanted) if wanted else b""
        self._left -= len(data)
        if len(data) < wanted:
            self.torn = True
            self._left = 0
            raise GitError("git cat-file stopped in the middle of an object", "git fsck shows what is damaged")
        return data

    def skip(self) -> None:
        """Reads away what is left, and the line end after it."""
        while self._left and not self.torn:
            self.read(min(self._left, 1 << 20))
        if not self.torn:
            self._stream.read(1)
