"""Whether packs are such as git uses. One that is not it leaves out in silence, and its objects are absent then."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator

_HEAD = struct.Struct(">4sII")
_MAGIC = b"\xfftOc\x00\x00\x00\x02"
_FAN = 256 * 4  # bytes
_MIDX = "multi-pack-index"


def unusable(objects: str, width: int) -> Iterator[tuple[str, str]]:
    """Name and fault of each pack in the folder `objects` that git passes over (packfile.c: open_packed_git_1,
    check_pack_index_ptr); ids have `width` bytes. One that goes away meanwhile was packed anew."""
    folder = os.path.join(objects, "pack")
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return
    for name in names:
        base = name.removesuffix(".idx")
        if name.endswith(".pack") and f"{name.removesuffix('.pack')}.idx" not in names and _MIDX in names:
            yield name.removesuffix(".pack"), "it has no index of its own"
        if name != base and f"{base}.pack" in names:
            try:
                fault = _fault(os.path.join(folder, base), width)
            except FileNotFoundError:
                continue
            except OSError as error:
                fault = error.strerror or "it cannot be read"
            if fault:
                yield base, fault


def _fault(base: str, width: int) -> str:
    with open(f"{base}.idx", "rb") as file:
        head = file.read(len(_MAGIC) + _FAN)
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - 2 * width, 0))
        end = file.read(2 * width)
    count = _count(head, size, width)
    if count is None:
        return "its index is damaged"
    with open(f"{base}.pack", "rb") as file:
        magic, version, objects = _HEAD.unpack(file.read(_HEAD.size).ljust(_HEAD.size))
        file.seek(max(file.seek(0, os.SEEK_END) - width, 0))
        same = file.read(width) == end[:width]
    if magic != b"PACK" or version not in (2, 3):
        return "it does not begin as a pack does"
    return "" if objects == count and same else "it does not belong to its index"


def _count(head: bytes, size: int, width: int) -> int | None:
    """How many objects an index lists, of which this is the beginning; None where its parts do not fit together."""
    new = head.startswith(_MAGIC)
    start = len(_MAGIC) if new else 0
    if len(head) < start + _FAN:
        return None
    fan = struct.unpack(">256I", head[start : start + _FAN])
    rest = size - start - _FAN - 2 * width - fan[-1] * (width + (8 if new else 4))
    fits = 0 <= rest <= 8 * fan[-1] and rest % 8 == 0 if new else rest == 0
    return fan[-1] if fits and list(fan) == sorted(fan) else None
