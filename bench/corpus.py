"""Made-up repositories and work trees of any size, the same for the same seed.

A history goes through `git fast-import` and is then repacked, so that its pack has delta chains as a real one has:
a few thousand commits take seconds. `python -m bench.corpus --help` makes one by hand.
"""

from __future__ import annotations

import argparse
import math
import random
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.prose import Prose
from bench.seal import git_environ

EPOCH = 1_600_000_000  # seconds; the first commit. Fixed, since ids depend on it
MAIN = b"refs/heads/main"
GENERATION = 2  # raise it when another text comes from the same seed: what was made before is then made anew
WHO = b"Bench <bench@example.invalid>"
MERGE_EVERY = 9  # commits; rails has one merge to five commits, git one to four


class Shape(NamedTuple):
    """How large a corpus is. Blobs of a history: about `files + commits * changed`."""

    seed: int = 1
    files: int = 1500  # in the first commit, and about as many in the last
    size: int = 8000  # bytes of a text file on average; sizes are spread as in real trees (log-normal)
    commits: int = 2000
    changed: int = 6  # files that a commit changes
    binary: float = 0.03  # share of files that are no text
    planted: int = 5  # fake tokens, spread over the history (a work tree: over the files)

    @property
    def name(self) -> str:
        """A folder name that says all of it: a corpus is made once and used again."""
        share = f"{self.binary:g}".replace(".", "_")
        sizes = f"f{self.files}-b{self.size}-c{self.commits}x{self.changed}"
        return f"g{GENERATION}-s{self.seed}-{sizes}-n{share}-p{self.planted}"


class Entry(NamedTuple):
    """One file as it stands now: its lines (text) or one element (binary), and the mark of its blob."""

    lines: list[bytes]
    mark: int

    @property
    def content(self) -> bytes:
        """The bytes of the file."""
        return b"".join(self.lines)


class Author:
    """Writes first and later versions of files; everything that it decides comes from one random.Random."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.rng = random.Random(shape.seed)
        self.prose = Prose(self.rng)

    def path(self, number: int) -> bytes:
        """The path of file `number`: a few folders deep, with a usual extension."""
        stem = f"{self.prose.word()}_{number}"
        folders = [self.prose.words[number % 23], f"part{number % 37 // 5}"][: 1 + number % 2]
        kind = "bin" if self.is_binary(number) else self.rng.choice(("py", "rb", "js", "c", "md", "yml"))
        return "/".join([*folders, f"{stem}.{kind}"]).encode()

    def is_binary(self, number: int) -> bool:
        """Whether file `number` is no text: every n-th one is."""
        return self.shape.binary > 0 and number % max(1, round(1 / self.shape.binary)) == 0

    def first(self, number: int) -> list[bytes]:
        """The first version of file `number`."""
        size = self._length()
        if self.is_binary(number):
            return [b"\x89BIN\r\n\x1a\n" + self.rng.randbytes(size)]
        return list(self.prose.lines(size))

    def _length(self) -> int:
        spread = 1.1  # sigma of the log-normal; about that of rails' tree. The shift keeps the mean at `size`
        return 1 + int(self.shape.size * math.exp(self.rng.gauss(0, spread) - spread**2 / 2))

    def edit(self, lines: list[bytes]) -> list[bytes]:
        """The next version: other lines in the place of a few (in a binary file: other bytes)."""
        if lines[0].startswith(b"\x89BIN"):
            return [self._flip(lines[0])]
        at = self.rng.randrange(len(lines))
        fresh = list(self.prose.lines(40 * self.rng.randint(1, 8)))
        return lines[:at] + fresh + lines[at + self.rng.randint(1, 8) :]

    def _flip(self, content: bytes) -> bytes:
        at = self.rng.randrange(8, len(content))
        return content[:at] + self.rng.randbytes(32) + content[at + 32 :]

    def plant(self, lines: list[bytes]) -> list[bytes]:
        """The same text with one more line that holds a fake token."""
        at = self.rng.randrange(len(lines) + 1)
        return [*lines[:at], self.prose.leak(), *lines[at:]]


class History:
    """The commands of one history for `git fast-import`, in order: `b"".join(History(shape).commands())`."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.author = Author(shape)
        self.entries: dict[bytes, Entry] = {}
        self.made = 0  # commits so far
        self.mark = 0  # of the newest blob or commit
        self.tip = 0  # the mark of the newest commit of the main branch

    def commands(self) -> Iterator[bytes]:
        """Everything, from the first blob to the last commit on refs/heads/main."""
        yield from self._found()
        step = 0
        while self.made < self.shape.commits:
            step += 1
            merging = step % MERGE_EVERY == 0 and self.shape.commits - self.made >= 3
            yield from self._merge() if merging else self._change(MAIN)
        yield b"done\n"

    def _found(self) -> Iterator[bytes]:
        for number in range(self.shape.files):
            path = self.author.path(number)
            yield from self._write(path, self.author.first(number))
        yield from self._commit(MAIN, list(self.entries))

    def _change(self, ref: bytes, start: bytes = b"") -> Iterator[bytes]:
        rng = self.author.rng
        paths = rng.sample(list(self.entries), min(self.shape.changed, len(self.entries)))
        for path in paths:
            lines = self.author.edit(self.entries[path].lines)
            yield from self._write(path, lines)
        yield from self._plant_one(paths[-1])
        yield from self._commit(ref, paths, start)

    def _plant_one(self, path: bytes) -> Iterator[bytes]:
        every = max(1, self.shape.commits // max(1, self.shape.planted))
        if self.shape.planted and self.made % every == every // 2 and not path.endswith(b".bin"):
            yield from self._write(path, self.author.plant(self.entries[path].lines))

    def _merge(self) -> Iterator[bytes]:
        """A topic branch of one commit, one commit beside it, and the merge of both, which takes the topic's files."""
        before = dict(self.entries)
        yield from self._change(b"refs/heads/topic", b"from :%d\n" % self.tip)
        aside = self.mark
        topic = {path: entry for path, entry in self.entries.items() if before[path] != entry}
        self.entries = before
        yield from self._change(MAIN)
        self.entries.update(topic)
        yield from self._commit(MAIN, list(topic), b"merge :%d\n" % aside)

    def _write(self, path: bytes, lines: list[bytes]) -> Iterator[bytes]:
        self.mark += 1
        self.entries[path] = Entry(lines, self.mark)
        content = self.entries[path].content
        yield b"blob\nmark :%d\ndata %d\n" % (self.mark, len(content))
        yield content
        yield b"\n"

    def _commit(self, ref: bytes, paths: Iterable[bytes], start: bytes = b"") -> Iterator[bytes]:
        when = EPOCH + 600 * self.made
        message = self.author.prose.sentence()
        self.made += 1
        self.mark += 1
        if ref == MAIN:
            self.tip = self.mark
        yield b"commit %s\nmark :%d\n" % (ref, self.mark)
        yield b"author %s %d +0000\ncommitter %s %d +0000\n" % (WHO, when, WHO, when)
        yield b"data %d\n%s\n" % (len(message), message)
        yield start
        yield from (b"M 100644 :%d %s\n" % (self.entries[path].mark, path) for path in paths)
        yield b"\n"


def history(folder: Path, shape: Shape) -> Path:
    """A repository with a work tree in `folder` (made unless it is there already); returns `folder`."""
    if not (folder / ".git" / "bench-done").exists():
        folder.mkdir(parents=True, exist_ok=True)
        _git(folder, "init", "--quiet", "--initial-branch=main")
        _import(folder, shape)
        _git(folder, "update-ref", "-d", "refs/heads/topic")
        _git(folder, "repack", "-a", "-d", "-f", "--quiet", "--depth=50", "--window=10")
        _git(folder, "reset", "--quiet", "--hard")
        (folder / ".git" / "bench-done").touch()
    return folder


def work_tree(folder: Path, shape: Shape) -> Path:
    """`shape.files` files in `folder`, known to git and committed once; returns `folder`."""
    return history(folder, shape._replace(commits=1))


def stage(folder: Path, count: int, seed: int = 1, without: Sequence[bytes] = (), line: bytes = b"") -> list[str]:
    """Edits and stages `count` text files of a repository made here that hold nothing of `without`, and adds `line` to
    the first of them; returns their paths."""
    author = Author(Shape(seed=seed))
    chosen: dict[str, bytes] = {}
    for path in _git(folder, "ls-files", "-z").decode().split("\0"):
        if len(chosen) < count and path and not path.endswith(".bin"):
            text = b"".join(author.edit((folder / path).read_bytes().splitlines(keepends=True)))
            if not any(word in text for word in without):
                chosen[path] = text if chosen else text + line
    for path, text in chosen.items():
        (folder / path).write_bytes(text)
    _git(folder, "add", "--", *chosen)
    return list(chosen)


def _import(folder: Path, shape: Shape) -> None:
    argv = ["git", "-C", str(folder), "fast-import", "--quiet", "--force", "--done"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, env=git_environ()) as process:
        assert process.stdin is not None
        for part in History(shape).commands():
            process.stdin.write(part)
    if process.returncode:
        raise RuntimeError(f"git fast-import ended with status {process.returncode}")


def _git(folder: Path, *argv: str) -> bytes:
    return subprocess.run(
        ["git", "-C", str(folder), *argv], env=git_environ(), stdout=subprocess.PIPE, check=True
    ).stdout


def main() -> None:
    """Makes one repository by hand, of the size that the options give."""
    parser = argparse.ArgumentParser(prog="python -m bench.corpus", description=__doc__)
    parser.add_argument("folder", type=Path)
    for field in ("seed", "files", "size", "commits", "changed", "planted"):
        parser.add_argument(f"--{field}", type=int, default=Shape._field_defaults[field])
    chosen = vars(parser.parse_args())
    print(history(chosen.pop("folder"), Shape(**chosen)))


if __name__ == "__main__":
    main()
