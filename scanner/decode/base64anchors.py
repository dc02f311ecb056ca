"""What betrays base64: the images of what tokens begin with, and what containers begin with.

What a rule looks for has three images in base64, by where it begins in a group of three bytes. The characters of an
image that no neighbour decides are what is looked for; so are the images of these, for a text that was encoded twice,
and so on; and the halves of some, where a line ends within.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache

from scanner.decode import kubernetes
from scanner.decode.around import cover

LEVELS = 5
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_PLAIN = (*(b"xox" + bytes((letter,)) for letter in b"abcdeoprs"), b"xapp-", b"xwfp-", b"slack", b"Slack", b"SLACK")
# PowerShell's -EncodedCommand, among others, is base64 of UTF-16; either byte order contains these.
_WIDE_TOKENS = (b"x\0o\0x", b"x\0a\0p\0p", b"x\0w\0f\0p")
_WIDE = (*_WIDE_TOKENS, b"s\0l\0a\0c\0k", b"S\0l\0a\0c\0k", b"S\0L\0A\0C\0K")
_SHORT = (b"hveG", b"hveH")  # images of `xox`; a fifth character, in front, is one of four
# What other tokens begin with, and how much of it is sure: a digit follows, and the first four bits of one are known.
_BEFORE_DIGIT = tuple(b"%b-%b" % (word, digit) for word in (b"xapp", b"xwfp") for digit in (b"0", b"4", b"8"))
_OTHERS = ((b"hooks.slack", 14), *((word, 7) for word in _BEFORE_DIGIT))
_ENDS = (b"\n", b"\r", b'"', b"'", b"\\", b"=")  # of a line; the last in a mail
_STARTS = (b"\n", b" ", b"\t", b'"', b"'", b"\\n")
_LONGEST = 8  # characters of an image that are looked for: more are no rarer in practice, and many share a beginning
_FEW = 64  # places of a half are looked at
# Bytes within which a broken image goes on; and what stands between its rest and the end of the line.
_REACH, _BEFORE, _BEHIND = 1280, rb"(?:[^A-Za-z0-9+/_-]|\\[nr]|%%0[aAdD])%b", rb"(?![A-Za-z0-9+/_-])"
# What base64 of gzip and of zip begins with; base64 of base64 of gzip, as Helm's releases in Kubernetes Secrets; and
# base64 of zstd, xz and bzip2.
_USUAL = (b"H4sIA", b"H4sIC", b"UEsDB", b"SDRzSU")
PACKED = (*_USUAL, b"KLUv/", b"/Td6WF", b"QlpoOT")


def image(plain: bytes, offset: int) -> bytes:
    """The characters in the base64 of a text that `plain` alone decides, where it begins `offset` bytes behind a group
    of three."""
    bits = "".join(f"{byte:08b}" for byte in plain)
    first, last = -(-8 * offset // 6), (8 * offset + len(bits)) // 6
    return bytes(_ALPHABET[int(bits[at : at + 6], 2)] for at in range(6 * first - 8 * offset, 6 * last - 8 * offset, 6))


def _images(plain: Iterable[bytes]) -> tuple[bytes, ...]:
    return cover(image(one, offset)[:_LONGEST] for one in plain for offset in range(3))


@cache
def images(levels: int) -> tuple[tuple[bytes, ...], ...]:
    """What betrays a token that was encoded once, twice, and so on, without line ends in between."""
    found: list[tuple[bytes, ...]] = []
    last = _PLAIN
    for _ in range(levels):
        last = _images(last)
        found.append(last)
    return tuple(found)


def broken(whole: Sequence[bytes]) -> Iterator[bytes]:
    """What of an image stands at the end of a line, or at the beginning of the next, where one is broken: three
    characters at least, so that they are rare."""
    return (half for one in _longer(whole) for at in range(1, len(one)) for half in _half(one, at))


def _longer(whole: Sequence[bytes]) -> tuple[bytes, ...]:
    return (*whole, *(bytes((first,)) + one for one in whole if one in _SHORT for first in b"HXn3"))


def _half(one: bytes, at: int) -> Iterator[bytes]:
    """What stands on one side, where the line ends `at` so many characters of an image."""
    if at >= 3:
        yield from (one[at - 3 : at] + end for end in _ENDS)
    elif len(one) - at >= 3:
        yield from (start + one[at : at + 3] for start in _STARTS)


def _others() -> Iterator[bytes]:
    """The same for what else a token begins with: five characters on one side of the line's end, or four and the end
    itself, so that they are rare."""
    known = images(1)[0]
    for whole in (image(word, offset)[:sure] for word, sure in _OTHERS for offset in range(3)):
        for at in range(1, len(whole)):
            head, tail = whole[:at], whole[at:]
            if any(one in head or one in tail for one in known):
                continue
            if at > 4:
                yield head[:9]
            elif len(tail) > 4:
                yield tail[-5:]
            else:
                yield from (head + end for end in _ENDS) if at == 4 else (start + tail for start in _STARTS)


def few() -> tuple[bytes, ...]:
    """What betrays a token that was encoded once, unless a line ends within; and the usual containers."""
    return cover((*kubernetes.ANCHORS, *_images(_WIDE_TOKENS), *images(1)[0], *_USUAL))


def every() -> tuple[bytes, ...]:
    """All five levels. Each literal has its price: where a line ends within an image, three characters of that of `xox`
    are one, and more of the others."""
    whole = [one for level in images(LEVELS) for one in level]
    halves = (*broken(_cut()), *_others())
    return cover((*kubernetes.ANCHORS, *_images(_WIDE), *whole, *PACKED, *_images(_digits()), *halves))


def goes_on(data: bytes, anchor: bytes) -> bool:
    """Whether the rest of an image may stand on the other side of a line's end, if `anchor` is one half of it: most of
    these are chance."""
    ways = rests().get(anchor)
    if not ways:
        return True
    beside, at, tried = re.compile(b"|".join(sorted(ways))), data.find(anchor), 0
    while at >= 0 and tried < _FEW:
        if beside.search(data, max(at - _REACH, 0), at + len(anchor) + _REACH):
            return True
        at, tried = data.find(anchor, at + 1), tried + 1
    return at >= 0


@cache
def rests() -> Mapping[bytes, Collection[bytes]]:
    """By halves of broken images that are anchors, patterns for what stands beside them then."""
    found: dict[bytes, set[bytes]] = {}
    for one in _longer(_cut()):
        for at in range(1, len(one)):
            rest = _BEFORE % re.escape(one[at:]) if at >= 3 else re.escape(one[:at]) + _BEHIND
            for half in _half(one, at):
                found.setdefault(half, set()).add(rest)
    others = b"\0".join(_others())
    return {half: ways for half, ways in found.items() if half not in others}


def _cut() -> tuple[bytes, ...]:
    """The images of `xox`."""
    return tuple(one for one in images(1)[0] if one.startswith((b"eG9", b"hve", b"4b3")))


def _digits() -> Iterator[bytes]:
    """What a token begins with in hexadecimal digits, in either case."""
    for word in (b"xox", *(one for one in _PLAIN if not one.startswith(b"xox"))):
        digits = word.hex()
        yield from (digits.encode(), digits.upper().encode())
