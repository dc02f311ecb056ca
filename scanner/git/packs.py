"""Which packs are in a folder, how an index begins, and which packs git leaves out in silence: their objects are
absent then (git's Documentation/gitformat-pack).
"""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Iterator
from typing import NamedTuple

_HEAD = struct.Struct(">4sII")
_MAGIC = b"\xfftOc\x00\x00\x00\x02"
_FAN = struct.Struct(">256I")


class Packs(NamedTuple):
    """The packs of a folder, in order, without suffix: those that have an index, and those that have none of their own
    where a multi-pack-index may list them."""

    indexed: list[str]
    bare: list[str]


def listed(objects: str) -> Packs:
    """The packs in the folder `objects`: none where they have no folder. OSError where it cannot be read."""
    try:
        names = set(os.listdir(os.path.join(objects, "pack")))
    except FileNotFoundError:
        names = set()
    packs = sorted(name.removesuffix(".pack") for name in names if name.endswith(".pack"))
    bare = [name for name in packs if f"{name}.idx" not in names] if "multi-pack-index" in names else []
    return Packs([name for name in packs if f"{name}.idx" in names], bare)


class Head(NamedTuple):
    """How an index begins: whether it is of version 2, how many ids have a first byte up to each (`fan`), and where the
    tables begin."""

    new: bool
    fan: tuple[int, ...]
    tables: int

    @property
    def objects(self) -> int:
        """How many objects it lists."""
        return self.fan[-1]


def head(data: bytes | mmap.mmap) -> Head | None:
    """The head of the index that `data` begins; None where that is not how one begins."""
    new = data[: len(_MAGIC)] == _MAGIC
    start = len(_MAGIC) if new else 0
    if len(data) < start + _FAN.size:
        return None
    fan = _FAN.unpack_from(data, start)
    return Head(new, fan, start + _FAN.size) if list(fan) == sorted(fan) else None


def size(objects: str) -> int:
    """Bytes of all packs and indexes in the folder `objects`: so much git may map."""
    total = 0
    try:
        with os.scandir(os.path.join(objects, "pack")) as entries:
            for entry in entries:
                total += entry.stat().st_size
    except OSError:
        pass
    return total


def unusable(objects: str, width: int) -> Iterator[tuple[str, str]]:
    """Name and fault of each pack in the folder `objects` that git passes over (packfile.c: open_packed_git_1,
    check_pack_index_ptr); ids have `width` bytes. One that goes away meanwhile was packed anew."""
    try:
        packs = listed(objects)
    except OSError:
        return
    yield from ((name, "it has no index of its own") for name in packs.bare)
    for name in packs.indexed:
        try:
            fault = _fault(os.path.join(objects, "pack", name), width)
        except FileNotFoundError:
            continue
        except OSError as error:
            fault = error.strerror or "it cannot be read"
        if fault:
            yield name, fault


def _fault(base: str, width: int) -> str:
    with open(f"{base}.idx", "rb") as file:
        index = head(file.read(len(_MAGIC) + _FAN.size))
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - 2 * width, 0))
        end = file.read(2 * width)
    if index is None or not _fits(index, size, width):
        return "its index is damaged"
    with open(f"{base}.pack", "rb") as file:
        magic, version, objects = _HEAD.unpack(file.read(_HEAD.size).ljust(_HEAD.size))
        file.seek(max(file.seek(0, os.SEEK_END) - width, 0))
        same = file.read(width) == end[:width]
    if magic != b"PACK" or version not in (2, 3):
        return "it does not begin as a pack does"
    return "" if objects == index.objects and same else "it does not belong to its index"


def _fits(index: Head, size: int, width: int) -> bool:
    """Whether the parts of an index of that size fit together."""
    rest = size - index.tables - 2 * width - index.objects * (width + (8 if index.new else 4))
    return 0 <= rest <= 8 * index.objects and rest % 8 == 0 if index.new else rest == 0
