"""Moving through a folder tree by open folders, so that no symlink is ever followed and no path is ever too long."""

from __future__ import annotations

import errno
import os
from types import TracebackType
from typing import NamedTuple, Self

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_OPEN = 32  # folders kept open; further up, the way back is "..", checked by device and inode


class _Level(NamedTuple):
    """A folder on the way down: its descriptor, or -1 and what it was, so that it is known again."""

    descriptor: int
    device: int = 0
    inode: int = 0


class Descent:
    """Stands in one folder of a tree and moves to others; holds at most some 30 descriptors, however deep the tree is.

    The root is opened as it is named (it may be a symlink); below it a symlink in the place of a folder is an OSError,
    as is a folder that was moved away while we stood in it.
    """

    def __init__(self, root: bytes) -> None:
        """Stand in `root`. OSError where it is no folder or may not be read."""
        self._root = root
        self._folder = b""
        self._levels: list[_Level] = []
        self.at(b"")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def at(self, folder: bytes) -> int:
        """A descriptor of `folder` (relative to the root; empty is the root), valid until the next call."""
        if not self._levels:
            self._levels.append(_Level(os.open(self._root, _FOLDER)))
        while self._folder and not (folder == self._folder or folder.startswith(self._folder + b"/")):
            self._up()
        rest = folder[len(self._folder) :].lstrip(b"/")
        for name in rest.split(b"/") if rest else ():
            self._down(name)
        return self._levels[-1].descriptor

    def _down(self, name: bytes) -> None:
        if name in (b"", b".", b".."):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        descriptor = os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=self._levels[-1].descriptor)
        self._levels.append(_Level(descriptor))
        self._folder = self._folder + b"/" + name if self._folder else name
        self._forget(len(self._levels) - 1 - _OPEN)

    def _up(self) -> None:
        here, above = self._levels.pop(), self._levels[-1]
        self._folder = self._folder.rpartition(b"/")[0]
        try:
            if above.descriptor < 0:
                self._levels[-1] = _Level(_parent(here.descriptor, above))
        except OSError:
            self._close()
            raise
        finally:
            os.close(here.descriptor)

    def _forget(self, level: int) -> None:
        if level < 0 or self._levels[level].descriptor < 0:
            return
        descriptor = self._levels[level].descriptor
        status = os.fstat(descriptor)
        self._levels[level] = _Level(-1, status.st_dev, status.st_ino)
        os.close(descriptor)

    def _close(self) -> None:
        for level in self._levels:
            if level.descriptor >= 0:
                os.close(level.descriptor)
        self._levels, self._folder = [], b""


def _parent(descriptor: int, known: _Level) -> int:
    """A descriptor of the folder above, which must be the one that we came through."""
    parent = os.open(b"..", _FOLDER, dir_fd=descriptor)
    status = os.fstat(parent)
    if (status.st_dev, status.st_ino) == (known.device, known.inode):
        return parent
    os.close(parent)
    raise OSError(errno.ESTALE, "the folder was moved away")
