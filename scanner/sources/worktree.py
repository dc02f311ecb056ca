"""What git says a work tree holds: tracked files that are there, and untracked ones that it does not ignore."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator

from scanner.git.run import Git, failure
from scanner.model import Problem
from scanner.sources.listing import Lister, Listing

# -t tells untracked (?), removed (R) and sparse (S) entries apart, -s shows the modes (160000 is a submodule).
_LIST = ("ls-files", "-z", "-t", "-s", "--cached", "--deleted", "--others", "--exclude-standard")
_SUBMODULE = b"160000"
# In a bare repository, inside of .git, or beside a .git that is none: a folder like any other.
_NO_WORK_TREE = (b"not a git repository (or any", b"must be run in a work tree")
_UNREAD = b"warning: could not open directory '"


def lister(git_at: Callable[[str], Git]) -> Lister:
    """A Lister that asks `git_at(folder)`."""

    def listing(folder: bytes) -> Listing | None:
        if not _below_repository(folder):
            return None
        status, out, err = git_at(os.fsdecode(folder)).attempt(*_LIST)
        if status == 0:
            return parse(out, folder)._replace(unread=tuple(_unread(err.split(b"\n"))))
        if any(words in err for words in _NO_WORK_TREE):
            return None
        raise failure(_LIST, status, err)

    return listing


def parse(out: bytes, folder: bytes) -> Listing:
    """The Listing that `git ls-files` printed in `folder`."""
    names: set[bytes] = set()
    submodules: set[bytes] = set()
    nested: set[bytes] = set()
    removed: set[bytes] = set()
    for entry in out.split(b"\0")[:-1]:
        tag, rest = entry[:1], entry[2:]
        if tag == b"?":
            nested.add(rest[:-1]) if rest.endswith(b"/") else names.add(rest)
            continue
        name = rest[rest.index(b"\t") + 1 :]
        if tag == b"R" or (tag == b"S" and not os.path.lexists(os.path.join(folder, name))):
            removed.add(name)
        elif rest.startswith(_SUBMODULE) and not _is_file(os.path.join(folder, name)):
            submodules.add(name)
        else:
            names.add(name)
    there = _without_replaced(names - removed, folder)
    return Listing(tuple(sorted(there)), tuple(sorted(submodules - removed)), tuple(sorted(nested)))


def _without_replaced(names: set[bytes], folder: bytes) -> set[bytes]:
    """`names` without tracked files in whose place a folder stands now, or something else in that of their folder."""
    for name in names & _folders(names):
        path = os.path.join(folder, name)
        if os.path.isdir(path) and not os.path.islink(path):
            names = names - {name}
        else:
            names = {other for other in names if not other.startswith(name + b"/")}
    return names


def _folders(names: Iterable[bytes]) -> set[bytes]:
    found: set[bytes] = set()
    for name in names:
        while (name := name.rpartition(b"/")[0]) and name not in found:
            found.add(name)
    return found


def _is_file(path: bytes) -> bool:
    """Whether something else has taken the place of a submodule's folder."""
    return os.path.islink(path) or os.path.isfile(path)


def _unread(lines: Iterable[bytes]) -> Iterator[Problem]:
    """git only warns of folders that it cannot read (dir.c), and then ends with status 0."""
    for line in lines:
        if line.startswith(_UNREAD):
            path, _, why = line.removeprefix(_UNREAD).rpartition(b"': ")
            message = f"git cannot read this folder: {os.fsdecode(why)}"
            yield Problem(os.fsdecode(path), message, "scan as a user who may read it")


def is_git_folder(path: bytes) -> bool:
    """Whether `path` is where git keeps a repository (a bare one, or a .git folder). Most of what is in there is
    compressed: looked at as files it shows next to nothing."""
    return os.path.isfile(os.path.join(path, b"HEAD")) and all(
        os.path.isdir(os.path.join(path, name)) for name in (b"objects", b"refs")
    )


def _below_repository(folder: bytes) -> bool:
    """Whether a `.git` stands in the folder or above it; where none does, git need not be started."""
    path = os.path.realpath(folder)
    places = [folder, path]  # as it is named first: what is above may be closed to us
    while path != (path := os.path.dirname(path)):
        places.append(path)
    return any(os.path.lexists(os.path.join(place, b".git")) for place in places)
