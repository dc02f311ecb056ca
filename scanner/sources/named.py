"""Files that somebody named, beside what is staged: what stands on disk and not in the index, and what is not here."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import BinaryIO, NamedTuple

from scanner.git.changes import GITLINK, Change, Side
from scanner.git.objects import Cat
from scanner.git.repository import Repository
from scanner.model import Problem
from scanner.sources.looker import LARGE

STAGED, ON_DISK = "staged", "on disk"
DELETED, SUBMODULE, FOLDER, SPECIAL, ABSENT, UNREAD = "deleted", "submodule", "folder", "special", "absent", "unread"
_CHUNK = 1 << 20


class Named(NamedTuple):
    """One named file. `state` is one of the words above: STAGED where what the index holds says it all, ON_DISK where
    `file` is to be looked at, too (and closed), else why it is not looked at."""

    path: bytes  # from the top of the work tree, with slashes
    state: str
    file: BinaryIO | None = None
    symlink: bool = False
    staged: bool = False
    problem: Problem | None = None


def paths(names: Iterable[bytes], top: bytes) -> dict[bytes, bytes]:
    """The files `names` by their path from the top of the work tree: links on the way are followed, the last is not."""
    folders: dict[bytes, bytes] = {}
    found: dict[bytes, bytes] = {}
    for name in names:
        folder, base = os.path.split(name)
        if folder not in folders:
            folders[folder] = _below(os.path.realpath(folder or b"."), os.path.realpath(top))
        found[os.path.normpath(os.path.join(folders[folder], base)).replace(os.fsencode(os.sep), b"/")] = name
    return found


def _below(folder: bytes, top: bytes) -> bytes:
    try:
        return os.path.relpath(folder, top)
    except ValueError:  # on another drive
        return folder


def compare(repository: Repository, cat: Cat, change: Change, files: Mapping[bytes, bytes]) -> Iterator[Named]:
    """What is to be said of each of `files` (path -> name), those that are staged first."""
    staged = {delta.new.path: delta.new for diff in change.diffs for delta in diff if delta.new}
    mine = [staged[path] for path in files if path in staged]
    for side, (_, header, read) in zip(mine, cat.readers([side.oid for side in mine]), strict=True):
        yield _staged(side, files[side.path], header.size, read)
    modes = Modes(repository)
    gone = {side.path for side in change.removed()}
    for path, name in files.items():
        if path not in staged:
            yield _unstaged(path, name, lambda path: b"gone" if path in gone else modes.of(path))


class Modes:
    """The modes of all files of the index, read when they are first asked for."""

    def __init__(self, repository: Repository) -> None:
        self._git = repository.git
        self._modes: dict[bytes, bytes] | None = None

    def of(self, path: bytes) -> bytes | None:
        """The mode of the file at `path`; None where the index has none."""
        if self._modes is None:
            lines = self._git.run("ls-files", "--stage", "-z", "--full-name", "--", ":/").split(b"\0")
            self._modes = {line.partition(b"\t")[2]: line[:6] for line in lines}
        return self._modes.get(path)


def _staged(side: Side, name: bytes, size: int, read: Callable[[int], bytes] | None) -> Named:
    """`size` and `read` are those of the blob in the index."""
    if side.mode == GITLINK:
        return Named(side.path, SUBMODULE)
    try:
        found = _on_disk(side.path, name)
        if found.file is None or read is None or not _same(found.file, size, read):
            return found._replace(state=ON_DISK if found.file else STAGED, staged=True)
        found.file.close()
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:
        return Named(side.path, STAGED, problem=_unread(side.path, error))
    return Named(side.path, STAGED)


def _same(file: BinaryIO, size: int, read: Callable[[int], bytes]) -> bool:
    """Whether the index holds what stands in `file`, line ends aside (core.autocrlf)."""
    if size <= LARGE:
        stored, content = read(size), file.read(2 * size + 1)
        same = content == stored or content.replace(b"\r\n", b"\n") == stored
    else:
        while (piece := read(_CHUNK)) and piece == file.read(_CHUNK):
            pass
        same = not piece and not file.read(1)
    file.seek(0)
    return same


def _unstaged(path: bytes, name: bytes, tracked: Callable[[bytes], bytes | None]) -> Named:
    try:
        found = _on_disk(path, name)
    except (FileNotFoundError, NotADirectoryError):
        if tracked(path):
            return Named(path, DELETED)
        return Named(path, ABSENT, problem=Problem(_shown(path), "there is no such file", "name files that are here"))
    except OSError as error:
        return Named(path, UNREAD, problem=_unread(path, error))
    return found._replace(state=SUBMODULE) if found.state == FOLDER and tracked(path) == GITLINK else found


def _on_disk(path: bytes, name: bytes) -> Named:
    """What stands on disk. OSError where it cannot be read."""
    mode = os.lstat(name).st_mode
    if stat.S_ISLNK(mode):
        return Named(path, ON_DISK, io.BytesIO(os.readlink(name)), True)
    if stat.S_ISREG(mode):
        return Named(path, ON_DISK, open(name, "rb"))
    return Named(path, FOLDER if stat.S_ISDIR(mode) else SPECIAL)


def _unread(path: bytes, error: OSError) -> Problem:
    return Problem(_shown(path), f"cannot be read: {error.strerror}", "make it readable, or unstage it")


def _shown(path: bytes) -> str:
    return path.decode("utf-8", "backslashreplace")
