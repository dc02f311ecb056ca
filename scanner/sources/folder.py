"""A folder that one stands in, and what it holds: by an open descriptor, or by its whole path where a system knows no
way to look up a name from a descriptor (Windows).

By descriptor no symlink can be followed, whatever happens meanwhile. By path each name is looked at before it is used,
and one that leads elsewhere is refused: a symlink, a junction, or any other "name surrogate" (the bit of a reparse tag
that says so, https://learn.microsoft.com/windows/win32/fileio/reparse-point-tags). Between the look and the use a gap
stays, so there whoever can write into what is scanned can have a file elsewhere be looked at.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, TypeVar

WINDOWS = os.name == "nt"
# Whether names can be looked up from an open folder: all but Windows.
HELD = os.open in os.supports_dir_fd and os.scandir in os.supports_fd
_FLAGS = ("O_NONBLOCK", "O_NOFOLLOW", "O_NOCTTY", "O_CLOEXEC", "O_BINARY", "O_NOINHERIT")  # as many as there are
FILE = os.O_RDONLY  # and all that keeps what is opened from being followed, waited for, or handed on
for _flag in _FLAGS:
    FILE |= getattr(os, _flag, 0)
_SURROGATE = 0x20000000
_DISK_BLOCK = 512  # what st_blocks counts in
# With \\?\ nothing of a name is a device, a drive or a way up, and none is too long; what still parts names is refused.
_PARTING = b"/\\:" if WINDOWS else b"/"
T = TypeVar("T")


class Folder(NamedTuple):
    """A folder that is open (`descriptor`), or, if that is None, the way to it: what stands `before` a name in it.
    Names are single ones: OSError for what is none, and for all that cannot be done."""

    descriptor: int | None
    before: bytes = b""

    def open(self, name: bytes) -> int:
        """A descriptor for reading of what is no symlink; it never waits. By path: of a plain file."""
        if self.descriptor is None:
            return _on_path(lambda path: _opened(self.before + path), name)
        return os.open(name, FILE, dir_fd=self.descriptor)

    def lstat(self, *names: bytes) -> os.stat_result:
        """What is known of a name; of several, of the last, which is looked for in those before it."""
        if self.descriptor is None:
            return _on_path(lambda path: os.lstat(self.before + path), *names)
        return os.lstat(b"/".join(names), dir_fd=self.descriptor)

    def readlink(self, name: bytes) -> bytes:
        """Where a symlink or a junction leads."""
        if self.descriptor is None:
            return _on_path(lambda path: os.readlink(self.before + path), name)
        return os.readlink(name, dir_fd=self.descriptor)

    @contextmanager
    def entries(self) -> Iterator[Iterator[os.DirEntry[bytes] | os.DirEntry[str]]]:
        """What is in it; the names are str where it is open."""
        with os.scandir(self.before if self.descriptor is None else self.descriptor) as entries:
            yield entries


def _opened(path: bytes) -> int:
    status = os.lstat(path)
    if leads_away(status):
        raise _error(errno.ELOOP)
    if not stat.S_ISREG(status.st_mode):  # a pipe would be waited for
        raise _error(errno.EINVAL)
    return os.open(path, FILE)


def leads_away(status: os.stat_result) -> bool:
    """Whether what was looked at stands for something elsewhere."""
    return stat.S_ISLNK(status.st_mode) or bool(getattr(status, "st_reparse_tag", 0) & _SURROGATE)


def stored(status: os.stat_result) -> int:
    """The bytes of a file that take room on the disk: without its holes, where the system tells where these are."""
    blocks: int | None = getattr(status, "st_blocks", None)
    return status.st_size if blocks is None or not hasattr(os, "SEEK_DATA") else blocks * _DISK_BLOCK


def root(path: bytes, windows: bool = WINDOWS) -> bytes:
    """A folder that was named, as names in it are looked up where it is not open: it may lead elsewhere. On Windows its
    whole path, for the system to take as it is (https://learn.microsoft.com/windows/win32/fileio/naming-a-file)."""
    if not windows:
        return path
    import ntpath

    whole = ntpath.abspath(path)
    if whole.startswith((b"\\\\?\\", b"\\\\.\\")):
        return whole
    return b"\\\\?\\UNC" + whole[1:] if whole.startswith(b"\\\\") else b"\\\\?\\" + whole


def single(name: bytes, parting: bytes = _PARTING) -> None:
    """OSError for what is not a name of something in a folder."""
    if name in (b"", b".", b"..") or any(letter in name for letter in parting):
        raise _error(errno.EINVAL)


def inside(above: bytes, name: bytes) -> bytes:
    """The path of the folder `name` in the folder `above`. OSError where it is none, or leads elsewhere."""

    def look(name: bytes) -> bytes:
        path = os.path.join(above, name)
        status = os.lstat(path)
        if leads_away(status):
            raise _error(errno.ELOOP)
        if not stat.S_ISDIR(status.st_mode):
            raise _error(errno.ENOTDIR)
        return path

    return _on_path(look, name)


def _on_path(do: Callable[[bytes], T], *names: bytes) -> T:
    """What `do` gives for a name. Windows has no names that are not UTF-8: Python says so with a ValueError."""
    for name in names:
        single(name)
    try:
        return do(os.fsencode(os.sep).join(names))
    except ValueError:
        raise _error(errno.EINVAL) from None


def _error(number: int) -> OSError:
    return OSError(number, os.strerror(number))
