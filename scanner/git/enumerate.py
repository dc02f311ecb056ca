"""Which objects a repository holds: all of them, or those that its refs reach; and which are absent."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Container, Iterator
from typing import NamedTuple

from scanner.git.repository import Repository, common_dir
from scanner.git.run import Git, failure

# Trees hold names and ids only; three quarters of a history are trees, and no engine needs to read them.
_WANTED = re.compile(rb"^(blob|commit|tag) ([0-9a-f]+) (\d+)$", re.MULTILINE)
_CHUNK = 1 << 18


class Listed(NamedTuple):
    """Objects that stand near each other in the packs, and their size in bytes."""

    kinds: tuple[bytes, ...]
    oids: tuple[bytes, ...]
    bytes: int


def all_objects(git: Git, only: Container[bytes] | None = None) -> Iterator[Listed]:
    """Every blob, commit and tag in the object database (or those of them in `only`), alternates included, in pack
    order, a few thousand at a time."""
    arguments = ("cat-file", "--batch-all-objects", "--unordered", "--buffer", _CHECK)
    with git.start(*arguments, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        yield from _parse(process, only)
    if process.returncode:
        raise failure(("cat-file",), process.returncode, b"")


_CHECK = "--batch-check=%(objecttype) %(objectname) %(objectsize)"


def _parse(process: subprocess.Popen[bytes], only: Container[bytes] | None) -> Iterator[Listed]:
    assert process.stdout
    rest = b""
    while chunk := process.stdout.read(_CHUNK):
        whole, _, rest = (rest + chunk).rpartition(b"\n")
        yield _listed(whole, only)
    yield _listed(rest, only)


def _listed(text: bytes, only: Container[bytes] | None) -> Listed:
    found = _WANTED.findall(text)
    if only is not None:
        found = [item for item in found if item[1] in only]
    if not found:
        return Listed((), (), 0)
    kinds, oids, sizes = zip(*found, strict=True)
    return Listed(kinds, oids, sum(map(int, sizes)))


def reachable(git: Git, *, reflogs: bool) -> set[bytes]:
    """The ids of all objects that refs (and, if asked, reflogs and the index) reach and that are here."""
    more = ("--reflog", "--indexed-objects") if reflogs else ()
    out = git.run("rev-list", "--objects", "--all", *more, "--no-object-names", "--missing=allow-any")
    return set(out.split())


def absent(git: Git) -> list[bytes]:
    """The ids that refs lead to and that are not here."""
    out = git.run("rev-list", "--objects", "--all", "--no-object-names", "--missing=print")
    return [line[1:] for line in out.split(b"\n") if line.startswith(b"?")]


def borrows(repository: Repository) -> bool:
    """Whether the object database borrows from others (alternates)."""
    try:
        return os.path.getsize(os.path.join(_objects(repository), "info", "alternates")) > 0
    except OSError:
        return False


def _objects(repository: Repository) -> str:
    return os.path.join(common_dir(repository), "objects")


def own_objects(repository: Repository) -> set[bytes]:
    """The ids of the objects that the repository stores itself, alternates left out."""
    folder = _objects(repository)
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
    except FileNotFoundError:
        return []


def _pack_objects(repository: Repository, index: str) -> Iterator[bytes]:
    with open(index, "rb") as file:
        arguments = ("show-index", f"--object-format={repository.object_format}")
        with repository.git.start(*arguments, stdin=file) as process:
            assert process.stdout
            lines = process.stdout.read().split(b"\n")
    return (line.split(b" ")[1] for line in lines if line)
