"""Where Git LFS keeps the contents of files that commits hold only pointers to (scanner.decode.pointers).

Nothing is fetched, and no filter is run. Sources: git-lfs, docs/spec.md («Intercepting Git»), git-lfs-config(5)
(lfs.storage), fs/fs.go (a repository that borrows objects borrows those of Git LFS, too).
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from typing import BinaryIO, NamedTuple

from scanner.errors import GitError
from scanner.git.plain import object_folders
from scanner.git.repository import Repository


class Store(NamedTuple):
    """The folders in which objects may be. It can be sent to another process."""

    folders: tuple[str, ...] = ()

    def open(self, oid: str) -> BinaryIO | None:
        """The object whose SHA-256 (lower-case hex) is `oid`; None where it is not here. OSError where it cannot be
        read, or is no plain file: nothing says that the content is right."""
        for folder in self.folders:
            try:
                return _opened(os.path.join(folder, oid[:2], oid[2:4], oid))
            except (FileNotFoundError, NotADirectoryError):
                continue
        return None


# A pipe must not keep us waiting, nor a link lead us elsewhere.
_FLAGS = sum(getattr(os, name, 0) for name in ("O_RDONLY", "O_BINARY", "O_NONBLOCK", "O_NOFOLLOW"))


def _opened(path: str) -> BinaryIO:
    descriptor = os.open(path, _FLAGS)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    raise OSError(errno.EINVAL, "it is no plain file")


def store(repository: Repository) -> Store:
    """Where the objects of `repository` are, and those that it borrows. GitError where git cannot read its
    configuration."""
    named = repository.git.run("config", "--type=path", "--get", "lfs.storage", ok=(0, 1))
    own = os.path.join(repository.common, os.fsdecode(named.removesuffix(b"\n")) or "lfs", "objects")
    try:
        lent = object_folders(os.path.join(repository.common, "objects"))[1:]
    except GitError:  # whoever reads git's own objects says so
        lent = []
    return Store((own, *(os.path.join(os.path.dirname(folder), "lfs", "objects") for folder in lent)))


class Around:
    """The stores of the repositories around files; each is asked for once, by `find` (of a folder)."""

    def __init__(self, find: Callable[[str], Repository]) -> None:
        self._find = find
        self._known: dict[str, Store] = {}

    def store(self, folder: str) -> Store:
        """That of the repository around `folder`, which may be none. GitError where git cannot tell."""
        top = os.path.realpath(folder)
        while not os.path.lexists(os.path.join(top, ".git")):
            top, below = os.path.dirname(top), top
            if top == below:
                return Store()
        if top not in self._known:
            self._known[top] = store(self._find(top))
        return self._known[top]
