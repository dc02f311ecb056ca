"""The folder in which earlier runs leave what makes later ones quicker, and whose it must be."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress

from scanner.ownership import allows, me, strange


class Unusable(Exception):
    """Why there is no cache, in words."""


class Worthless(Exception):
    """Why the file is thrown away, in words."""


def folder(environ: Mapping[str, str]) -> str:
    """The cache folder: XOXSCAN_CACHE_DIR, else xoxscan in XDG_CACHE_HOME or ~/.cache. A relative XDG_CACHE_HOME does
    not count (https://specifications.freedesktop.org/basedir-spec)."""
    own = environ.get("XOXSCAN_CACHE_DIR")
    if own:
        return os.path.abspath(own)
    base = environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):
        base = os.path.join(environ.get("HOME") or os.path.expanduser("~"), ".cache")
    return os.path.join(base, "xoxscan")


def inside(where: str, folders: Iterable[str]) -> bool:
    """Whether the cache folder lies inside one of `folders`: what is scanned must not say what need not be scanned."""
    real = os.path.realpath(where)
    return any(_within(real, os.path.realpath(each)) for each in folders)


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def prepare(where: str) -> None:
    """Makes the folder. Nobody else may write there: who can change what is known can hide what is to be found.
    OSError, Unusable."""
    os.makedirs(os.path.dirname(where), exist_ok=True)
    with suppress(FileExistsError):
        os.mkdir(where, 0o700)
    found = os.stat(where)
    if allows(found, 0o077) and not os.listdir(where):
        os.chmod(where, stat.S_IMODE(found.st_mode) & 0o700)
    _own(where)


def _own(where: str) -> None:
    found = os.stat(where)
    if strange(found, me()):
        raise Unusable(f"the folder {where} belongs to somebody else (user {found.st_uid})")
    if allows(found, 0o022):
        raise Unusable(f"others may write into the folder {where} (chmod 700 {where})")


def check(path: str) -> None:
    """A plain file of ours in a folder of ours, which nobody else may read or write. OSError, Unusable, Worthless."""
    _own(os.path.dirname(path))
    found = os.lstat(path)
    if not stat.S_ISREG(found.st_mode):
        raise Unusable(f"{path} is no plain file")
    if strange(found, me()):
        raise Unusable(f"{path} belongs to somebody else (user {found.st_uid})")
    if allows(found, 0o022):
        raise Worthless("open to others, who may have changed it")
    if allows(found, 0o077):
        os.chmod(path, 0o600)
