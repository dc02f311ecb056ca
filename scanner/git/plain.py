"""Whether what git reads of a repository are plain files. git waits for ever at a pipe, and reads a device to its end,
which there is none: so it is not started where one stands. Places: Documentation/gitrepository-layout."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence

from scanner.errors import GitError

_DEEP = 5  # as git: so many folders of alternates in a row
_MOST = 16 << 20  # bytes of a file of lines, such as shallow or alternates
_HINT = "remove it, or clone the repository anew: git writes plain files alone"
_SHOWN = 5


def read(path: str, most: int = _MOST) -> bytes:
    """A plain file of at most `most` bytes. OSError where it cannot be read, GitError where it is something else."""
    with open(path, "rb", opener=_at_once) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise GitError(f"{os.path.basename(path)} is no plain file", _HINT)
        data = file.read(most + 1)
    if len(data) > most:
        raise GitError(f"{os.path.basename(path)} is larger than {most >> 20} MB", _HINT)
    return data


def _at_once(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def require_plain(cwd: str) -> None:
    """GitError where git, started in `cwd`, would come to something that is neither a file nor a folder: in its own
    folders, or where objects are, borrowed ones included. (Loose objects: see `odd_loose`.)"""
    found = _around(os.path.abspath(cwd))
    odd = sorted(set(_odd(found))) if found else []
    if odd:
        more = f" and {len(odd) - _SHOWN:,} more" if len(odd) > _SHOWN else ""
        raise GitError(f"no plain file, so git is not started: {', '.join(odd[:_SHOWN])}{more}", _HINT)


def _around(folder: str) -> str:
    """The git folder that git finds from `folder` on; none where it finds none."""
    while True:
        inside = os.path.join(folder, ".git")
        for found in (_linked(inside), inside, folder):
            if os.path.lexists(os.path.join(found, "HEAD")) and (
                os.path.isdir(os.path.join(found, "objects")) or os.path.lexists(os.path.join(found, "commondir"))
            ):
                return found
        above = os.path.dirname(folder)
        if above == folder:
            return ""
        folder = above


def _linked(path: str) -> str:
    """Where the file `path` says that the git folder is, or the folder that a work tree shares; else `path`."""
    try:
        line = read(path)
    except (OSError, GitError):
        return path
    return os.path.join(os.path.dirname(path), _named(line.removeprefix(b"gitdir: ").rstrip(b"\r\n")))


def _odd(git_dir: str) -> Iterator[str]:
    common = git_dir
    for folder in (git_dir, os.path.join(git_dir, "info")):
        yield from _special(folder)
    if os.path.isfile(os.path.join(git_dir, "commondir")):
        common = _linked(os.path.join(git_dir, "commondir"))
        yield from _special(common)
        yield from _special(os.path.join(common, "info"))
    objects = os.path.join(common, "objects")
    for folder in object_folders(objects):
        for part in ("info", "pack", os.path.join("info", "commit-graphs"), os.path.join("pack", "multi-pack-index.d")):
            yield from _special(os.path.join(folder, part))
    try:
        read(os.path.join(common, "shallow"))
    except OSError:
        pass


def _special(folder: str) -> Iterator[str]:
    """What in `folder` is, or leads to, something else than a file or a folder."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if not entry.is_file(follow_symlinks=False) and not entry.is_dir(follow_symlinks=False):
                    yield from _led(entry.path)
    except OSError:
        return


def _led(path: str) -> Iterator[str]:
    try:
        mode = os.stat(path).st_mode
    except OSError:  # a link to nothing
        return
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        yield path


def object_folders(objects: str) -> list[str]:
    """The folder `objects` and those that it borrows from, as deep as git goes. GitError where that cannot be told."""
    found = {os.path.normpath(objects): 0}
    waiting = list(found)
    while waiting:
        folder = waiting.pop()
        for line in _lines(os.path.join(folder, "info", "alternates")):
            other = os.path.normpath(os.path.join(os.path.realpath(folder), line))
            if other not in found and os.path.isdir(other):
                found[other] = found[folder] + 1
                waiting += [other] if found[folder] < _DEEP else []
    return list(found)


def _lines(path: str) -> Iterator[str]:
    try:
        lines = read(path).split(b"\n")
    except OSError:
        return
    for line in lines:
        if line.startswith(b'"'):
            line = line.strip(b'"').decode("unicode_escape").encode("latin-1", "replace")
        if line and not line.startswith(b"#"):
            yield _named(line)


def _named(path: bytes) -> str:
    """A path that stands in a file of git's. One that is not UTF-8 names nothing on Windows."""
    return path.decode("utf-8", "surrogateescape")


def odd_loose(folders: Sequence[str]) -> dict[bytes, str]:
    """Ids and files of loose objects in the object `folders` that are, or lead to, no plain file."""
    return {oid: path for folder in folders for oid, path in _odd_loose(folder)}


def _odd_loose(objects: str) -> Iterator[tuple[bytes, str]]:
    for first in range(256):
        folder = os.path.join(objects, f"{first:02x}")
        for path in _special(folder):
            yield (os.path.basename(folder) + os.path.basename(path)).encode(), path
