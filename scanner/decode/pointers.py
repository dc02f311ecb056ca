"""What Git LFS puts in the place of a file: a pointer, which says by its SHA-256 what the content is.

Source: git-lfs, docs/spec.md («The Pointer») and lfs/pointer.go (the versions that it reads, and what it is lenient
about).
"""

from __future__ import annotations

import re
from typing import BinaryIO

MOST = 1024  # bytes: git-lfs reads no more of what may be a pointer
_VERSIONS = rb"https://(?:git-lfs|hawser)\.github\.com/spec/v1|http://git-media\.io/v/2"
_MORE = rb"(?:[a-z0-9.-]+ [^\r\n]*+\r?\n)*?"
_POINTER = re.compile(
    rb"version (?:%b)\r?\n%boid sha256:([0-9a-fA-F]{64})\r?\n%bsize [0-9]+\r?\n?%b\s*+\Z"
    % (_VERSIONS, _MORE, _MORE, _MORE)
)


def pointer(data: bytes) -> str:
    """The SHA-256, in lower-case hex, of the content that `data` stands for; nothing where it is no pointer."""
    found = _POINTER.match(data) if len(data) < MOST else None
    return found[1].decode().lower() if found else ""


class Checked:
    """Reads `file` up to where it ended when that began, and takes its SHA-256. OSError as the file raises it."""

    def __init__(self, file: BinaryIO) -> None:
        from hashlib import sha256  # here: most runs come to no pointer

        self.size = file.seek(0, 2)
        self._file, self._left, self._sum = file, self.size, sha256()
        file.seek(0)

    def __call__(self, size: int) -> bytes:
        """At most so many bytes; none at the end."""
        data = self._file.read(min(size, self._left))
        self._left = self._left - len(data) if data else 0
        self._sum.update(data)
        return data

    def digest(self) -> str:
        """The SHA-256 of what was read, in hex."""
        return self._sum.hexdigest()
