"""Moving through a folder tree without ever following a symlink: by open folders, so that no path is ever too long; or,
where a system cannot do that, by paths (see scanner.sources.folder)."""

from __future__ import annotations

import errno
import os
from types import TracebackType
from typing import NamedTuple, Protocol, Self

from scanner.sources.folder import HELD, Folder, inside, root

_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
_OPEN = 32  # folders kept open; further up, the way back is "..", checked by device and inode


class _Way(Protocol):
    """The folders from the root to where one stands."""

    def here(self) -> Folder:
        """The last of them."""

    def down(self, name: bytes) -> None:
        """Goes into a folder. OSError where it is none, or leads elsewhere."""

    def up(self) -> None:
        """Goes back. OSError where the folder above is no longer what it was."""

    def close(self) -> None:
        """Lets go of all."""


class Descent:
    """Stands in one folder of a tree and moves to others; holds at most some 30 descriptors, however deep the tree is.

    The root is opened as it is named (it may be a symlink); below it a symlink in the place of a folder is an OSError,
    as is a folder that was moved away while we stood in it (`by_descriptor`).
    """

    def __init__(self, root: bytes, by_descriptor: bool = HELD) -> None:
        """Stand in `root`. OSError where it is no folder or may not be read."""
        self._root = root
        self._new: type[_Open | _Named] = _Open if by_descriptor else _Named
        self._folder = b""
        self._way: _Way | None = None
        self.at(b"")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def at(self, folder: bytes) -> Folder:
        """`folder` (relative to the root, with slashes; empty is the root), valid until the next call."""
        if self._way is None:
            self._way = self._new(self._root)
        while self._folder and not (folder == self._folder or folder.startswith(self._folder + b"/")):
            self._up(self._way)
        rest = folder[len(self._folder) :].lstrip(b"/")
        for name in rest.split(b"/") if rest else ():
            self._down(self._way, name)
        return self._way.here()

    def _down(self, way: _Way, name: bytes) -> None:
        if name in (b"", b".", b".."):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        way.down(name)
        self._folder = self._folder + b"/" + name if self._folder else name

    def _up(self, way: _Way) -> None:
        self._folder = self._folder.rpartition(b"/")[0]
        try:
            way.up()
        except OSError:
            self._close()
            raise

    def _close(self) -> None:
        if self._way:
            self._way.close()
        self._way, self._folder = None, b""


class _Named:
    """A way that is known by its paths."""

    def __init__(self, path: bytes) -> None:
        self._paths = [root(path)]
        os.scandir(self._paths[0]).close()

    def here(self) -> Folder:
        return Folder(None, os.path.join(self._paths[-1], b""))

    def down(self, name: bytes) -> None:
        self._paths.append(inside(self._paths[-1], name))

    def up(self) -> None:
        self._paths.pop()

    def close(self) -> None:
        self._paths.clear()


class _Level(NamedTuple):
    """A folder on the way down: its descriptor, or -1 and what it was, so that it is known again."""

    descriptor: int
    device: int = 0
    inode: int = 0


class _Open:
    """A way of open folders."""

    def __init__(self, path: bytes) -> None:
        self._levels = [_Level(os.open(path, _FOLDER))]

    def here(self) -> Folder:
        return Folder(self._levels[-1].descriptor)

    def down(self, name: bytes) -> None:
        descriptor = os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=self._levels[-1].descriptor)
        self._levels.append(_Level(descriptor))
        self._forget(len(self._levels) - 1 - _OPEN)

    def up(self) -> None:
        here, above = self._levels.pop(), self._levels[-1]
        try:
            if above.descriptor < 0:
                self._levels[-1] = _Level(_parent(here.descriptor, above))
        finally:
            os.close(here.descriptor)

    def close(self) -> None:
        for level in self._levels:
            if level.descriptor >= 0:
                os.close(level.descriptor)
        self._levels = []

    def _forget(self, level: int) -> None:
        if level < 0 or self._levels[level].descriptor < 0:
            return
        descriptor = self._levels[level].descriptor
        status = os.fstat(descriptor)
        self._levels[level] = _Level(-1, status.st_dev, status.st_ino)
        os.close(descriptor)


def _parent(descriptor: int, known: _Level) -> int:
    """A descriptor of the folder above, which must be the one that we came through."""
    parent = os.open(b"..", _FOLDER, dir_fd=descriptor)
    status = os.fstat(parent)
    if (status.st_dev, status.st_ino) == (known.device, known.inode):
        return parent
    os.close(parent)
    raise OSError(errno.ESTALE, "the folder was moved away")
