"""Where a repository keeps its objects: packs, loose ones, and folders that it borrows from (gitrepository-layout)."""

from __future__ import annotations

import errno
import mmap
import os
import stat
import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from scanner.errors import GitError
from scanner.pack.index import Index, parse

_AGAIN = 5  # times that the list is made anew because a pack on it is gone
_HEAD = struct.Struct(">4sII")
_DEEP = 5  # as git: so many folders of alternates in a row
_SMALL = 1 << 16  # bytes; a mapped file keeps a descriptor, of which a process has few


class Mapped:
    """A file in memory, as far as it is touched (a small one: as a whole). It stays readable when it is deleted. A copy
    for another process opens it again."""

    def __init__(self, path: str) -> None:
        """OSError where it cannot be opened, or is no plain file (at a pipe one would wait for ever)."""
        self._path = path
        with open(path, "rb", opener=_at_once) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise OSError(errno.EINVAL, "no plain file", path)
            size = status.st_size
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size > _SMALL else file.read()
        self.data = memoryview(self._map)

    def __reduce__(self) -> tuple[type[Mapped], tuple[str]]:
        return Mapped, (self._path,)


def _at_once(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


class Pack(NamedTuple):
    """A pack with its index."""

    name: str
    data: Mapped
    listed: Index


def packs(objects: str, width: int) -> list[Pack]:
    """The packs in the folder `objects`; ids have `width` bytes. GitError where one is not as git writes it, or where
    they are replaced faster than they can be opened."""
    for _ in range(_AGAIN):
        try:
            names = _names(objects)
            found = [_pack(os.path.join(objects, "pack", name), width) for name in names]
            if _names(objects) == names:
                return found
        except FileNotFoundError:  # packed anew in the meantime
            continue
        except OSError as error:
            raise _closed(error) from None
    raise GitError("packs are replaced again and again", "wait until git gc is done")


def _closed(error: OSError) -> GitError:
    return GitError(f"objects/ cannot be read: {error.strerror}", "check the permissions")


def _names(objects: str) -> list[str]:
    """The packs that have an index, without suffix. Those of a multi-pack-index have one too, as git writes them."""
    with suppress(FileNotFoundError):
        names = set(os.listdir(os.path.join(objects, "pack")))
        found = sorted(name.removesuffix(".pack") for name in names if name.endswith(".pack"))
        bare = [name for name in found if f"{name}.idx" not in names]
        if bare and "multi-pack-index" in names:
            raise GitError(f"{len(bare)} packs have no index of their own", "git repack -ad writes them anew")
        return [name for name in found if name not in bare]
    return []


def _pack(path: str, width: int) -> Pack:
    """One pack, with what git checks before it uses one."""
    index_data, data = Mapped(path + ".idx"), Mapped(path + ".pack")
    index = parse(index_data.data, width)
    whole = len(data.data) >= _HEAD.size + width
    magic, version, count = _HEAD.unpack(data.data[: _HEAD.size]) if whole else (b"", 0, 0)
    same = whole and bytes(data.data[len(data.data) - width :]) == index.pack
    if magic != b"PACK" or version not in (2, 3) or count != len(index.ids) or not same:
        raise GitError(f"{os.path.basename(path)}.pack does not fit its index", "git fsck shows what is damaged")
    return Pack(os.path.basename(path), data, index)


def loose(objects: str, width: int) -> Iterator[bytes]:
    """The ids (in hex) of the objects that have a file each. GitError where a folder cannot be read."""
    for folder in _listed(objects):
        if len(folder) == 2 and _is_hex(folder):
            for name in _listed(os.path.join(objects, folder)):
                if len(name) == 2 * width - 2 and _is_hex(name):
                    yield (folder + name).encode()


def _listed(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise _closed(error) from None


def _is_hex(text: str) -> bool:
    return not text.strip("0123456789abcdef")


def alternates(objects: str) -> list[str]:
    """The object folders that `objects` borrows from, and those that these borrow from: each once, as deep as git goes.
    GitError where that cannot be told."""
    found = {os.path.normpath(objects): None}
    _borrowed(objects, found, 0)
    return list(found)[1:]


def _borrowed(objects: str, found: dict[str, None], deep: int) -> None:
    for line in _lines(os.path.join(objects, "info", "alternates")):
        folder = os.path.normpath(os.path.join(os.path.realpath(objects), line))
        if folder not in found and os.path.isdir(folder):
            found[folder] = None
            if deep < _DEEP:
                _borrowed(folder, found, deep + 1)


def _lines(path: str) -> list[str]:
    try:
        lines = bytes(Mapped(path).data).split(b"\n")
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise _closed(error) from None
    if any(line.startswith(b'"') for line in lines):
        raise GitError("info/alternates holds a quoted path", "write it without quotes")
    return [line.decode("utf-8", "surrogateescape") for line in lines if line and not line.startswith(b"#")]
