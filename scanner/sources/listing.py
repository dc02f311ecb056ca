"""What there is to look at: named files, folders, and the files that git knows in a work tree. It reads no contents.

A folder in a git work tree gives its tracked files and the untracked ones that git does not ignore; any other folder,
and with `no_ignore` every folder, gives all that is in it. The `.git` of a repository belongs to no work tree:
`history` reads what it holds. A repository inside another is not looked into unless that is asked for, but is a Skip.

A symlink that is met is never followed. One that the user names is looked at itself, and then stands for what it points
to, as with grep and ripgrep: leaving its target out without a word would be a green nothing.
"""

from __future__ import annotations

import os
import stat
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from scanner.errors import GitError
from scanner.model import Problem, Skip
from scanner.sources.descent import Descent
from scanner.sources.folder import WINDOWS, Folder, leads_away

BATCH = 512
_BATCH_BYTES = 1 << 20  # of names: those of a very deep tree are long
_FILE, _FOLDER = "file", "folder"


class Batch(NamedTuple):
    """Some files below one folder. It can be sent to another process."""

    root: bytes  # the folder, to be opened from where we stand
    shown: bytes  # what goes before a name in a report: empty, or it ends with a slash
    names: tuple[bytes, ...]  # files and symlinks, relative to the root
    others: tuple[bytes, ...] = ()  # what is not opened here; their names are looked at all the same


class Listing(NamedTuple):
    """What git says is in a folder; names are relative to it."""

    names: tuple[bytes, ...]
    submodules: tuple[bytes, ...] = ()
    nested: tuple[bytes, ...] = ()  # repositories that are no submodules
    unread: tuple[Problem, ...] = ()  # folders that git could not read


# None for a folder outside any work tree. GitError where git fails.
Lister = Callable[[bytes], Listing | None]


class Place(NamedTuple):
    """A folder to be listed."""

    root: bytes
    shown: bytes


Item = Batch | Problem | Skip


def batches(
    paths: Iterable[bytes], lister: Lister, *, no_ignore: bool = False, recurse: bool = False
) -> Iterator[Item]:
    """Everything at `paths`, in order, each file once. Where `lister` raises GitError, all of the folder is taken, and
    the failure is a Problem. `recurse`: look into submodules and nested repositories, each as a work tree."""
    named = tuple(dict.fromkeys(paths))
    items = (item for path in named for item in _expand(_named(path), lister, no_ignore, recurse))
    return _merged(_once(items) if len(named) > 1 else items)


def failed(path: bytes, error: OSError) -> Problem:
    """The problem of a file or folder that cannot be read."""
    hint = ""
    if isinstance(error, FileNotFoundError):
        hint = "it vanished during the scan; run the scan again"
    elif isinstance(error, PermissionError):
        hint = "scan as a user who may read it"
    return Problem(os.fsdecode(path), f"cannot be read: {error.strerror}", hint)


def special(path: bytes, mode: int) -> Skip:
    """The skip of what is neither a file, nor a folder, nor a symlink."""
    what = "fifo" if stat.S_ISFIFO(mode) else "socket" if stat.S_ISSOCK(mode) else "device"
    advice = "; to scan what comes out of it, name - and pipe it in" if what == "fifo" else ""
    return Skip(what, f"{os.fsdecode(path)}: a {what} is not opened{advice}")


def _named(path: bytes) -> Iterator[Item | Place]:
    """What a PATH of the command line stands for."""
    try:
        mode = os.lstat(path).st_mode
        if stat.S_ISLNK(mode):
            yield _single(path)
            mode = os.stat(path).st_mode
            path = path if stat.S_ISDIR(mode) else _target(path)
    except OSError as error:
        hint = "check the name; paths are relative to the current folder"
        yield Problem(os.fsdecode(path), f"cannot be scanned: {error.strerror}", hint)
        return
    if stat.S_ISDIR(mode):
        yield Place(path, _prefix(path))
    elif stat.S_ISREG(mode):
        yield _single(path)
    else:
        yield special(path, mode)
        yield _single(path, opened=False)


def _single(path: bytes, *, opened: bool = True) -> Batch:
    head, name = os.path.split(path)
    shown = _prefix(head) if head else b""
    return Batch(head or b".", shown, (name,)) if opened else Batch(head or b".", shown, (), (name,))


def _target(link: bytes) -> bytes:
    """The file at the end of a symlink, relative to the current folder if it is below that."""
    path, here = os.path.realpath(link), os.path.join(os.getcwdb(), b"")
    return path.removeprefix(here)


def _prefix(folder: bytes, windows: bool = WINDOWS) -> bytes:
    """What paths in a named folder begin with in a report, where all names have slashes."""
    if windows:
        folder = folder.replace(b"\\", b"/")
    while folder.startswith(b"./"):
        folder = folder[2:].lstrip(b"/")
    return b"" if folder in (b"", b".") else folder.rstrip(b"/") + b"/"


def _expand(items: Iterable[Item | Place], lister: Lister, no_ignore: bool, recurse: bool) -> Iterator[Item]:
    """Lists the folders among `items`, and the repositories that turn up in them, without recursion."""
    for item in items:
        if not isinstance(item, Place):
            yield item
            continue
        waiting = deque([item])
        while waiting:
            for found in _folder(waiting.popleft(), lister, no_ignore, recurse):
                if isinstance(found, Place):
                    waiting.append(found)
                else:
                    yield found


def _folder(place: Place, lister: Lister, no_ignore: bool, recurse: bool) -> Iterator[Item | Place]:
    listing = None
    try:
        listing = None if no_ignore else lister(place.root)
        ignored = listing == Listing(()) and any(name != b".git" for name in os.listdir(place.root))
    except OSError as error:
        yield failed(place.root, error)
        return
    except GitError as error:
        message = f"git could not list it, so all that is in it was looked at: {error}"
        yield Problem(os.fsdecode(place.root), message, error.hint or "--no-ignore scans a folder without git")
    if listing is None:
        yield from _everything(place, recurse)
    elif ignored:
        reason = f"{os.fsdecode(place.root)}: git ignores all that is in it; --no-ignore looks at it"
        yield Skip("ignored folder", reason)
    else:
        yield from _listed(place, listing, recurse)


def _listed(place: Place, listing: Listing, recurse: bool) -> Iterator[Item | Place]:
    """What git names in a folder."""
    yield from listing.unread
    names = listing.names
    for at in range(0, len(names), BATCH):
        yield Batch(place.root, place.shown, names[at : at + BATCH])
    for name in listing.submodules:
        yield from _repository(place, name, "submodule", recurse)
    for name in listing.nested:
        yield from _repository(place, name, "nested repository", recurse)


def _repository(place: Place, name: bytes, what: str, recurse: bool) -> Iterator[Item | Place]:
    """A repository inside of what is scanned: looked into, or said to be left out."""
    root, shown = os.path.join(place.root, name), os.fsdecode(place.shown + name)
    yield Batch(place.root, place.shown, (), (name,))
    if not recurse:
        yield Skip(what, f"{shown}: a repository of its own; --recurse-submodules looks into it")
    elif not os.path.lexists(os.path.join(root, b".git")):
        yield Skip(what, f"{shown}: not checked out")
    elif os.path.realpath(root) != os.path.normpath(os.path.join(os.path.realpath(place.root), name)):
        yield Skip(what, f"{shown}: stands behind a symlink")
    else:
        yield Place(root, place.shown + name + b"/")


def _everything(place: Place, recurse: bool) -> Iterator[Item | Place]:
    """All that is in a folder, depth first, in the order of the names."""
    try:
        descent = Descent(place.root)
    except OSError as error:
        yield failed(place.root, error)
        return
    with descent:
        waiting = [b""]
        while waiting:
            folder = waiting.pop()
            try:
                here = descent.at(folder)
                entries = _entries(here)
            except OSError as error:
                yield failed(place.shown + folder, error)
                yield Batch(place.root, place.shown, (), (folder,))
                continue
            if b".git" in entries and _is_repository(here):
                if folder:
                    yield from _repository(place, folder, "nested repository", recurse)
                    continue
                del entries[b".git"]
            yield from _contents(place, folder, entries, waiting)


def _contents(place: Place, folder: bytes, entries: dict[bytes, str | int], waiting: list[bytes]) -> Iterator[Item]:
    """One folder of a walk. Its own folders go to `waiting`, the first of them last."""
    start = folder + b"/" if folder else b""
    paths = [(start + name, entries[name]) for name in sorted(entries)]
    waiting.extend(path for path, kind in reversed(paths) if kind == _FOLDER)
    files = tuple(path for path, kind in paths if kind == _FILE)
    for at in range(0, len(files), BATCH):
        yield Batch(place.root, place.shown, files[at : at + BATCH])
    for path, kind in paths:
        if isinstance(kind, int):
            yield special(place.shown + path, kind)
            yield Batch(place.root, place.shown, (), (path,))
    if folder and not paths:
        yield Batch(place.root, place.shown, (), (folder,))


def _entries(folder: Folder) -> dict[bytes, str | int]:
    """The names in a folder, and what they are: a file (or symlink), a folder, or the mode of something else."""
    with folder.entries() as entries:
        return {os.fsencode(entry.name): _kind(entry) for entry in entries}


def _kind(entry: os.DirEntry[bytes] | os.DirEntry[str], windows: bool = WINDOWS) -> str | int:
    try:
        if windows and leads_away(entry.stat(follow_symlinks=False)):  # a junction is a folder to Python
            return _FILE
        if entry.is_file(follow_symlinks=False) or entry.is_symlink():
            return _FILE
        if entry.is_dir(follow_symlinks=False):
            return _FOLDER
        return entry.stat(follow_symlinks=False).st_mode
    except OSError:
        return _FILE  # opening it will show what is wrong


def _is_repository(folder: Folder) -> bool:
    """Whether the `.git` in a folder is one: a name alone must not hide a folder from us."""
    try:
        if stat.S_ISREG(folder.lstat(b".git").st_mode):
            with open(folder.open(b".git"), "rb", buffering=0) as file:
                return file.read(8) == b"gitdir: "
        return stat.S_ISREG(folder.lstat(b".git", b"HEAD").st_mode)
    except OSError:
        return False


def _once(items: Iterable[Item]) -> Iterator[Item]:
    """Drops what came before: PATHs may overlap."""
    seen: set[bytes] = set()
    for item in items:
        if isinstance(item, Batch):
            top = _prefix(os.path.join(os.path.realpath(item.root), b""))
            names = tuple(name for name in item.names if top + name not in seen)
            others = tuple(name for name in item.others if top + name not in seen)
            seen.update(top + name for name in names + others)
            item = item._replace(names=names, others=others)
        yield item


def _merged(items: Iterable[Item]) -> Iterator[Item]:
    """Joins small batches of one root: each of them opens the root anew."""
    held: Batch | None = None
    size = 0
    for item in items:
        if not isinstance(item, Batch):
            yield item
            continue
        if held and held[:2] == item[:2] and len(held.names) + len(held.others) < BATCH and size < _BATCH_BYTES:
            held = Batch(held.root, held.shown, held.names + item.names, held.others + item.others)
        else:
            if held:
                yield held
            held, size = item, 0
        size += sum(map(len, item.names)) + sum(map(len, item.others))
    if held:
        yield held
