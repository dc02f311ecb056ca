"""Which objects a repository holds: all of them, or those that its refs reach; and which are absent."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Container, Generator, Iterator, Sequence
from typing import IO, NamedTuple

from scanner.git.commits import spool
from scanner.git.repository import Repository, common_dir
from scanner.git.run import Git, failure

_CHECK = "--batch-check=%(objecttype) %(objectname) %(objectsize)"
_REACHABLE = ("rev-list", "--objects", "--no-object-names")
_CHUNK = 1 << 14
_MUCH = 4 << 20
_PATIENCE = 1000  # objects that git dies of: each costs a process


class Listed(NamedTuple):
    """Objects that stand near each other in the packs, one id a line; how many they are, and their size in bytes.
    `missing` are ids that lead to nothing, or to damage."""

    oids: bytes
    objects: int
    size: int
    missing: tuple[bytes, ...] = ()


def all_objects(git: Git, only: Container[bytes] | None = None) -> Generator[Listed, None, None]:
    """Every blob, commit and tag in the object database (or those of them in `only`), alternates included, in pack
    order, some hundreds at a time. GitError where git cannot list them all."""
    arguments = ("cat-file", "--batch-all-objects", "--unordered", "--buffer", _CHECK)
    with git.running(*arguments, stdin=subprocess.DEVNULL) as process:
        assert process.stdout
        yield from _parse(process.stdout, only)
        _ended(process, "cat-file")


def reachable_objects(git: Git) -> Generator[Listed, None, None]:
    """The same for what refs reach, in the order of history."""
    with git.running(*_REACHABLE, "--all", "--missing=print", stdin=subprocess.DEVNULL) as lister:
        assert lister.stdout
        with git.running("cat-file", "--buffer", _CHECK, stdin=lister.stdout) as process:
            assert process.stdout
            yield from _parse(process.stdout, None)
            _ended(process, "cat-file")
        lister.stdout.close()
        _ended(lister, "rev-list")


def named_objects(git: Git, oids: bytes) -> Generator[Listed, None, None]:
    """The same for the objects `oids`, one id a line, in that order. One that git dies of is `missing`; GitError where
    it dies of very many."""
    width = oids.find(b"\n") + 1
    for left in range(_PATIENCE, -1, -1):
        with spool([oids]) as questions, git.running("cat-file", "--buffer", _CHECK, stdin=questions) as process:
            assert process.stdout
            lines = _Lines(process.stdout)
            yield from _parse(lines, None)
            if not process.wait():
                return
            if not left:
                _ended(process, "cat-file")
        yield Listed(b"", 0, 0, (oids[lines.read_so_far * width :][: width - 1],))
        oids = oids[(lines.read_so_far + 1) * width :]


class _Lines:
    """A stream that counts its lines."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self.read_so_far = 0

    def read(self, size: int) -> bytes:
        """As a stream does."""
        chunk = self._out.read(size)
        self.read_so_far += chunk.count(b"\n")
        return chunk


def _ended(process: subprocess.Popen[bytes], name: str) -> None:
    if process.wait():
        raise failure((name,), process.returncode, b"")


def _parse(out: IO[bytes] | _Lines, only: Container[bytes] | None) -> Iterator[Listed]:
    rest = b""
    while chunk := out.read(_CHUNK):
        whole, _, rest = (rest + chunk).rpartition(b"\n")
        # Trees hold names and ids only; three quarters of a history are trees, and no engine needs to read them.
        rows = [line.split() for line in whole.split(b"\n") if line and not line.startswith(b"tree ")]
        if only is not None:
            rows = [row for row in rows if row[-2] in only]
        yield from _listed([row for row in rows if len(row) == 3], [row for row in rows if len(row) != 3])


def _listed(found: list[list[bytes]], absent: Sequence[list[bytes]] = ()) -> Iterator[Listed]:
    """Parts of not too many bytes, so that several processes have something to do."""
    size = sum([int(row[2]) for row in found])
    if size > _MUCH and len(found) > 1:
        half = len(found) // 2
        yield from _listed(found[:half], absent)
        yield from _listed(found[half:])
    else:
        missing = tuple(row[0].removeprefix(b"?") for row in absent)
        yield Listed(b"".join([oid + b"\n" for _, oid, _ in found]), len(found), size, missing)


def reachable(git: Git) -> set[bytes]:
    """The ids of all objects that refs, reflogs and the index reach and that are here."""
    out = git.run(*_REACHABLE, "--all", "--reflog", "--indexed-objects", "--missing=allow-any")
    return set(out.split())


def absent(git: Git) -> list[bytes]:
    """The ids that refs lead to and that are not here. GitError where git cannot tell."""
    out = git.run(*_REACHABLE, "--all", "--missing=print")
    return [line[1:] for line in out.split(b"\n") if line.startswith(b"?")]


def borrows(repository: Repository) -> bool:
    """Whether the object database borrows from others (alternates)."""
    try:
        return os.path.getsize(os.path.join(objects_folder(repository), "info", "alternates")) > 0
    except OSError:
        return False


def objects_folder(repository: Repository) -> str:
    """Where the repository stores its objects."""
    return os.path.join(common_dir(repository), "objects")


def own_objects(repository: Repository) -> set[bytes]:
    """The ids of the objects that the repository stores itself, alternates left out. What git cannot read of them it
    does not list either."""
    folder = objects_folder(repository)
    own: set[bytes] = set()
    for name in _names(folder):
        if len(name) == 2:
            own.update((name + rest).encode() for rest in _names(os.path.join(folder, name)))
    packs = os.path.join(folder, "pack")
    for name in _names(packs):
        if name.endswith(".idx"):
            own.update(_pack_objects(repository, os.path.join(packs, name)))
    return own


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _pack_objects(repository: Repository, index: str) -> Iterator[bytes]:
    arguments = ("show-index", f"--object-format={repository.object_format}")
    try:
        with open(index, "rb") as file, repository.git.running(*arguments, stdin=file) as process:
            assert process.stdout
            yield from [line.split(b" ")[1] for line in process.stdout]
    except FileNotFoundError:  # packed anew in the meantime
        pass
