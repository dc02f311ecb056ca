"""Files that hold what must not be in a repository: for their owner alone, and outside of every work tree."""

from __future__ import annotations

import os
import stat
from contextlib import suppress

from scanner.errors import OutputError, UsageError

_ELSEWHERE = "name a new file outside of every repository, in a folder that only you can read"


def new_file(path: str, roots: tuple[str, ...]) -> str:
    """The place of a file that is to be made at `path`, with every symlink on the way to it followed.

    UsageError where something stands there already, or where it is in one of the folders `roots` or in any other git
    repository; OutputError where its folder cannot be written to.
    """
    folder, name = os.path.split(os.path.abspath(path))
    folder = os.path.realpath(folder)
    whole = os.path.join(folder, name)
    if os.path.lexists(whole):
        raise UsageError(f"{path} exists already, and is not overwritten", f"delete it, or {_ELSEWHERE}")
    if not os.path.isdir(folder) or not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"cannot write {path}", "its folder must exist and be writable")
    for above in _upwards(folder):
        if _is_repository(above) or any(_same(above, root) for root in roots):
            raise UsageError(f"{path} is inside the repository {above}: it would hold tokens in the clear", _ELSEWHERE)
    return whole


def _upwards(folder: str) -> list[str]:
    found = [folder]
    while (above := os.path.dirname(found[-1])) != found[-1]:
        found.append(above)
    return found


def _is_repository(folder: str) -> bool:
    """Whether a work tree's top, or a git folder."""
    names = ("HEAD", "objects", "refs")
    return os.path.lexists(os.path.join(folder, ".git")) or all(os.path.exists(os.path.join(folder, n)) for n in names)


def _same(one: str, other: str) -> bool:
    """By device and number, since a file system may know a folder by several names."""
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False


def create(place: str, data: bytes) -> None:
    """Makes the file `place` with mode 0600: all of it, or none. OutputError where that fails, or where something
    stands there by now: it is linked into its place, which replaces nothing."""
    _put(place, data, over=False)


def replace(place: str, data: bytes) -> None:
    """The same for a file that may be there already; a device or a fifo is written to as it is. A symlink is replaced,
    not followed: what is looked at may have planted it."""
    try:
        if _is_special(place):
            with open(place, "ab") as out:
                out.write(data)
            return
    except OSError as error:
        raise OutputError(f"cannot write {place}: {error.strerror}") from None
    _put(place, data, over=True)


def _is_special(place: str) -> bool:
    with suppress(FileNotFoundError):
        mode = os.stat(place).st_mode
        return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))
    return False


def _put(place: str, data: bytes, *, over: bool) -> None:
    folder, name = os.path.split(os.path.abspath(place))
    beside = os.path.join(folder, f".{name}.{os.urandom(6).hex()}.tmp")
    try:
        with open(beside, "xb", opener=lambda path, flags: os.open(path, flags, 0o600)) as out:
            if hasattr(os, "fchmod"):  # else files have no mode
                os.fchmod(out.fileno(), 0o600)
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        (os.replace if over else os.link)(beside, place)
    except OSError as error:
        raise OutputError(f"cannot write {place}: {error.strerror}", "nothing half-done was left there") from None
    finally:
        with suppress(FileNotFoundError):
            os.unlink(beside)
