"""Parts of an open file, by offset."""

from __future__ import annotations

import os


class Extent:
    """The bytes of a file from one offset up to another, or to its end."""

    def __init__(self, descriptor: int, at: int, end: int) -> None:
        self._descriptor, self._at, self._end = descriptor, at, end

    def read(self, size: int) -> bytes:
        """At most `size` bytes; none at the end."""
        os.lseek(self._descriptor, self._at, os.SEEK_SET)  # Windows has no pread
        data = os.read(self._descriptor, min(size, self._end - self._at))
        self._at += len(data)
        return data


class Parts:
    """Any part of a file."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def read(self, at: int, size: int) -> bytes:
        """So many bytes, or those up to the end. OSError."""
        extent, parts = Extent(self._descriptor, at, at + size), []
        while part := extent.read(size):
            parts.append(part)
        return b"".join(parts)
