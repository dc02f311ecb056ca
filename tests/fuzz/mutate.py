"""Changes that a fuzzer does not come upon by itself: a token in, a part encoded, checksums made right."""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable

from tests.fuzz import seeds

Mutator = Callable[[bytes, int], bytes]
_BLOCK = 512


def mutated(target: str, data: bytes, most: int, seed: int, plainly: Mutator) -> bytes:
    """`data` changed, of `most` bytes; in most cases as `plainly` does it."""
    draw = random.Random(seed)
    if target in seeds.TEXTS and draw.random() < 0.3:
        return draw.choice((_planted, _encoded, _encoded, _twice))(draw, data)[:most]
    changed = plainly(data, most)
    if draw.random() < 0.2:
        return changed
    return right(changed, draw) if target == "tar" else gzipped(changed) if target == "gzip" else changed


def _planted(draw: random.Random, data: bytes) -> bytes:
    at = draw.randint(0, len(data))
    return data[:at] + draw.choice((b"", b" ", b'"')) + seeds.fake(draw.randrange(1000)) + data[at:]


def _encoded(draw: random.Random, data: bytes) -> bytes:
    first, last = sorted((draw.randint(0, len(data)), draw.randint(0, len(data))))
    encode = draw.choice(list(seeds.ENCODERS.values()))
    return data[:first] + encode(data[first:last]) + data[last:]


def _twice(draw: random.Random, data: bytes) -> bytes:
    first, last = sorted((draw.randint(0, len(data)), draw.randint(0, len(data))))
    return data[:last] + data[first:last] + data[last:]


def right(data: bytes, draw: random.Random) -> bytes:
    """A tar whose headers have the sums that they should."""
    made = bytearray(data)
    for at in range(0, len(made) - _BLOCK + 1, _BLOCK):
        if made[at + 257 : at + 262] == b"ustar" or (at == 0 and draw.random() < 0.2):
            made[at + 148 : at + 156] = b" " * 8
            made[at + 148 : at + 156] = b"%06o\0 " % sum(made[at : at + _BLOCK])
    return bytes(made)


def gzipped(data: bytes) -> bytes:
    """A gzip whose sums are those of its content, where that can be had."""
    try:
        machine = zlib.decompressobj(-15)
        content = machine.decompress(data[10:], 1 << 16)
    except zlib.error:
        return data
    end = len(data) - len(machine.unused_data)
    return data[:end] + zlib.crc32(content).to_bytes(4, "little") + (len(content) & 0xFFFFFFFF).to_bytes(4, "little")
