"""Files as they stood somewhere: in a folder, in the index, or in a commit. Each is a model.Snapshot."""

from __future__ import annotations

import os

from scanner.git.objects import Cat
from scanner.git.run import Git
from scanner.model import Snapshot


class FolderSnapshot:
    """The files of a folder on disk."""

    def __init__(self, folder: str, label: str) -> None:
        self._folder = os.fsencode(folder)
        self.label = label

    def read(self, path: bytes) -> bytes | None:
        """See model.Snapshot."""
        try:
            with open(os.path.join(self._folder, path), "rb") as file:
                return file.read()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None

    def names(self, folder: bytes) -> list[bytes]:
        """See model.Snapshot."""
        try:
            with os.scandir(os.path.join(self._folder, folder)) as entries:
                return sorted(entry.name for entry in entries if entry.is_file(follow_symlinks=False))
        except (FileNotFoundError, NotADirectoryError):
            return []


class IndexSnapshot:
    """The files of the index, as the next commit would hold them."""

    label = "index"

    def __init__(self, git: Git, cat: Cat) -> None:
        self._git = git
        self._cat = cat

    def read(self, path: bytes) -> bytes | None:
        """See model.Snapshot."""
        return _content(self._cat, b":" + path)

    def names(self, folder: bytes) -> list[bytes]:
        """See model.Snapshot."""
        inside = b":(top,literal)" + folder + b"/" if folder else b":(top)"
        listed = self._git.run("ls-files", "-z", "--cached", "--full-name", "--", inside)
        return _direct(listed.split(b"\0"), folder)


class TreeSnapshot:
    """The files of a commit or tree."""

    def __init__(self, git: Git, cat: Cat, oid: bytes, label: str) -> None:
        self._git = git
        self._cat = cat
        self._oid = oid
        self.label = label

    def read(self, path: bytes) -> bytes | None:
        """See model.Snapshot."""
        return _content(self._cat, self._oid + b":" + path)

    def names(self, folder: bytes) -> list[bytes]:
        """See model.Snapshot."""
        inside = [b"--", folder + b"/"] if folder else []
        listed = self._git.run("ls-tree", "-z", "--full-tree", self._oid, *inside)
        files = (entry.partition(b"\t") for entry in listed.split(b"\0"))
        return _direct([path for facts, _, path in files if b" blob " in facts], folder)


class Moved:
    """A snapshot in which a file, or a folder with all that is in it, is read from another place."""

    def __init__(self, base: Snapshot, name: bytes, place: bytes) -> None:
        self._base = base
        self._name = name
        self._place = place
        self.label = base.label

    def read(self, path: bytes) -> bytes | None:
        """See model.Snapshot."""
        return self._base.read(self._moved(path))

    def names(self, folder: bytes) -> list[bytes]:
        """See model.Snapshot."""
        return self._base.names(self._moved(folder))

    def _moved(self, path: bytes) -> bytes:
        inside = path == self._name or path.startswith(self._name + b"/")
        return self._place + path[len(self._name) :] if inside else path


def _content(cat: Cat, name: bytes) -> bytes | None:
    ((_, header, content),) = cat.contents([name])
    return content if header.kind == b"blob" else None


def _direct(paths: list[bytes], folder: bytes) -> list[bytes]:
    start = folder + b"/" if folder else b""
    names = (path.removeprefix(start) for path in paths if path)
    return sorted(name for name in names if b"/" not in name)
