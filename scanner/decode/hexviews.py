"""Bytes written as hexadecimal digits: in one string, with marks between them, and as dumps show them.

Sources: the manuals of xxd (`-p`, `-g`), hexdump (`-C`), od (`-t x1`) and tcpdump (`-X`); RFC 4648, section 8.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from scanner.decode.around import any_of, cover, one_of, regions
from scanner.decode.view import Decoded, Raw, View, places

# Of an address more than the name, which stands in arrays of bytes that protobuf writes into sources.
_WORDS = (b"xox", b"xapp", b"xwfp", b".slack")
# Of the same token, for what a line of a dump breaks up: the rest of the word, or what goes before.
_TAILS = (
    *(b"x%c-" % letter for letter in b"abcdeoprs"),
    b"xe.",
    b"xwf",
    b"fp-",
    b"p-1-",
    b"hooks.",
    b"k.com",
    b"k-gov",
)
_WIDE = tuple(b"\0".join(bytes((letter,)) for letter in word) for word in (b"xox", b"xapp", b"xwfp", b"slack"))
_MARKS = (b"", b" ", b":", b"-", b",", b", ", b",0x", b", 0x", b" 0x")
_LEAST = 24  # digits: less is no token

# Between two bytes: marks; or what a dump has from the last byte of a line to the first of the next (the text at the
# right, the offset at the left), which is looked for first since either may look like more digits.
_TEXT = rb"(?:[ \t]{1,80}+[|>][^\n]{1,66}+|[ \t]{2}[^\n]{0,40}+|[ \t]{0,80}+\r?)"
_OFFSET = rb"(?:(?:0x)?[0-9a-fA-F]{4,16}:[ \t]+|[0-9a-fA-F]{6,16}[ \t]{1,3}|[0-9a-fA-F]{4}[ \t]{2,3})"
_LINE = rb"%b\n[ \t]{0,16}+%b" % (_TEXT, _OFFSET)
_SOFT = rb"""(?:[ \t\r\n:,;.\-"'+&|\\_]|\\+[rn])"""
_GAP = rb"(?:%b|%b{1,80}+(?:0[xX])?+)" % (_LINE, _SOFT)
_DIGITS = rb"[0-9a-fA-F]++"
_SHAPE = re.compile(rb"%b(?:%b%b)*+" % (_DIGITS, _GAP, _DIGITS))
_PIECE = re.compile(rb"(%b)(?:%b(?=[0-9a-fA-F]))?+" % (_DIGITS, _GAP))


@cache
def anchors() -> tuple[bytes, ...]:
    """What betrays a token: the digits of what it begins with, in either case, in one string or with marks."""
    found: set[bytes] = set()
    for word in (*_WORDS, *_TAILS):
        pairs = [b"%02x" % letter for letter in word]
        found.update(mark.join(pairs) for mark in _MARKS)
        found.update(_grouped(pairs))
    found.update(mark.join(b"%02x" % letter for letter in wide[:5]) for wide in _WIDE for mark in (b"", b",", b" "))
    found.update(image.hex().encode() for image in _images())
    return cover({*found, *(one.upper().replace(b"X", b"x") for one in found)})


def _images() -> Sequence[bytes]:
    """What a token begins with in base64, which may itself stand in hexadecimal digits."""
    from scanner.decode.base64anchors import images  # loads more than this does; only who makes the literals asks

    return images(1)[0]


def _grouped(pairs: Sequence[bytes]) -> Iterator[bytes]:
    """As xxd shows them: in groups of two or four bytes, which may begin with any."""
    for size in (2, 4):
        for first in range(1, size + 1):
            groups = [pairs[:first], *(pairs[at : at + size] for at in range(first, len(pairs), size))]
            yield b" ".join(b"".join(group) for group in groups)


def _decode(data: bytes, found: Sequence[bytes] = (), /) -> Iterator[Decoded]:
    for start, end in regions(data, one_of(found) if found else any_of(anchors()), _SHAPE):
        pieces = [piece.span(1) for piece in _PIECE.finditer(data, start, end)]
        digits = b"".join([data[begin:stop] for begin, stop in pieces])
        if len(digits) >= _LEAST:
            yield from (_bytes(digits, pieces, phase) for phase in range(2))


def _bytes(digits: bytes, pieces: Sequence[tuple[int, int]], phase: int) -> Decoded:
    """What the digits from the first or the second on stand for."""
    return Decoded(
        bytes.fromhex(digits[phase : len(digits) - (len(digits) - phase) % 2].decode()), _back(pieces, phase)
    )


def _back(pieces: Sequence[tuple[int, int]], phase: int) -> Raw:
    place = places(pieces)

    def raw(start: int, end: int) -> tuple[int, int]:
        first, last = phase + 2 * start, phase + 2 * end - 1
        return place(first), place(last) + 1 if last > first else place(first)

    return raw


def few() -> tuple[bytes, ...]:
    """Of `anchors` the most usual: digits one after the other, or with a space between two."""
    return tuple(one for one in anchors() if re.match(rb"78( ?)(?:6[fF]\1(?:78|2)|61\1?70|77\1?66)", one))


VIEW = View("hex", anchors, _decode)
