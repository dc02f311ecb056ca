"""base64, standard and URL-safe, padded or not, wrapped over the lines of a file or of its source text, and nested.

What a rule looks for has three images in base64, by where it begins in a group of three bytes. The characters of an
image that no neighbour decides are what is looked for; so are the images of these, for a text that was encoded twice,
and so on. Around such a place everything that can belong to the same encoded text is decoded, in the four ways in
which it can be cut into groups of four characters.
Sources: RFC 4648, sections 4 and 5; RFC 2045, 6.8 (lines); RFC 7468 (PEM); Kubernetes API reference, Secret v1.
"""

from __future__ import annotations

import re
from binascii import a2b_base64
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial

from scanner.decode import kubernetes
from scanner.decode.around import any_of, cover, one_of, regions
from scanner.decode.view import Decoded, Raw, View, later, places

LEVELS = 5
BROKEN = 2
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_PLAIN = (*(b"xox" + bytes((letter,)) for letter in b"abcdeoprs"), b"xapp-", b"xwfp-", b"slack", b"Slack", b"SLACK")
# PowerShell's -EncodedCommand, among others, is base64 of UTF-16; either byte order contains these.
_WIDE_TOKENS = (b"x\0o\0x", b"x\0a\0p\0p", b"x\0w\0f\0p")
_WIDE = (*_WIDE_TOKENS, b"s\0l\0a\0c\0k", b"S\0l\0a\0c\0k", b"S\0L\0A\0C\0K")
_SHORT = (b"hveG", b"hveH")  # images of `xox`; a fifth character, in front, is one of four
# What other tokens begin with, and how much of it is sure: a digit follows, and the first four bits of one are known.
_BEFORE_DIGIT = tuple(b"%b-%b" % (word, digit) for word in (b"xapp", b"xwfp") for digit in (b"0", b"4", b"8"))
_OTHERS = ((b"hooks.slack", 14), *((word, 7) for word in _BEFORE_DIGIT))
_HEAD_ENDS = (b"\n", b"\r", b'"', b"'", b"\\")
_MAIL_ENDS = (*_HEAD_ENDS, b"=")  # of a mail
_TAIL_STARTS = (b"\n", b" ", b"\t", b'"', b"'", b"\\n")
_LONGEST = 8  # characters of an image that are looked for: more are no rarer in practice, and many share a beginning
_FOLLOWING = 16  # pieces that may belong to a token
_FEW = 64  # literals: a pattern for these is made at once
_TOKEN, _BACK = 512, 16  # characters, and pieces, within which a token ends that is asked about
_LEAST = 16  # characters: less is no token
# Bytes within which a broken image goes on; and what stands between its rest and the end of the line.
_REACH, _BEFORE, _BEHIND = 1280, rb"(?:[^A-Za-z0-9+/_-]|\\[nr]|%%0[aAdD])%b", rb"(?![A-Za-z0-9+/_-])"
# What base64 of gzip and of zip begins with; base64 of base64 of gzip, as Helm's releases in Kubernetes Secrets; and
# base64 of zstd, xz and bzip2.
_USUAL = (b"H4sIA", b"H4sIC", b"UEsDB", b"SDRzSU")
_PACKED = (*_USUAL, b"KLUv/", b"/Td6WF", b"QlpoOT")

# What stands between two pieces of one encoded text: the end of a line, as such or escaped, with what source text,
# mail and comments put around it; or the end of one literal and the beginning of the next on the same line.
_SOFT = rb"""(?:[ \t"'`,.;&|>#*()\[\]<~\\]|(?:[bBrRfFuUL]{1,2}|u8)(?=["'])|\+(?=[ \t\r\n"'`])|//(?=[ \t]))"""
# One literal's end, and the next one's beginning: what joins them, line ends with comments before them.
_OPERATOR = rb"(?:\+\+?|\.\.?|[,&~^|]|\|\||<<|<>|//)"
_REMARK = rb"(?:(?:\#|//|--)[^\r\n]{0,200}+(?=\r?\n)|/\*[^*\r\n]{0,200}+\*/)"
_LITERALS = rb"""["'`][ \t]*+(?:%b[ \t]*+)?(?:[&_][ \t]*+(?=\r?\n))?(?:%b[ \t]*+)?""" % (_OPERATOR, _REMARK)
_LITERALS += rb"""(?:\r?\n[ \t]*+%b?){0,4}[ \t]*+(?:%b[ \t]*+)?(?:[bBrRfFuUL]{1,2}|u8)?["'`]""" % (_REMARK, _OPERATOR)
_BREAK = rb"(?:\r?\n|\r|\\+[rn]|&\#(?:[xX]0?[aAdD]|1[03]);|%%0[aAdD]|%b)" % _LITERALS
# A soft break of quoted-printable, also in a string of JSON; lines have 76 characters, or 78 (Python's email).
_MAIL = (
    rb"=(?:(?<=[^\n]{70}=)(?<![^\n]{78}=)\r?\n"
    rb'|(?<=[^\n"\\]{70}=)(?<![^\n"\\]{79}=)(?:\\+r)?\\+n)'
    rb"(?=[A-Za-z0-9+/_-])"
)
# What a mail goes on with behind one: a line that is broken as well, or the rest of the text with its padding.
_FOLLOWED = re.compile(_MAIL + rb"(?P<line>[A-Za-z0-9+/_-]++)(?:(?P<more>=)(?:\r?\n|3D|\\)|[\r\n\\\"]|\Z)")
_PADDED = b"AEIMQUYcgkosw048"  # what stands before `=`: its last bits are zero
_GAP = rb"(?:%b|(?:(?!%b)%b)*+(?:%b(?:(?!%b)%b)*+){1,4}+)" % (_MAIL, _BREAK, _SOFT, _BREAK, _BREAK, _SOFT)
_START = re.compile(rb"xox[a-eoprs]|xapp|xwfp|hooks\.slack")
_WORDS = (b"xox", b"xapp", b"xwfp", b"hooks.slack")
_WHOLE = re.compile(
    rb"(?:xox[abr](?:-\d{1,16}){2,4}-[A-Za-z0-9]{23,}|xox[ceops](?:-\d{1,16}){2,4}-(?:[0-9a-f]{32}){1,2}"
    rb"|xapp-[\w-]+-[0-9a-f]{64}|xwfp-[\w-]+|hooks\.slack[\w./-]+/\w{20,})\Z"
)
_ENDING = re.compile(rb"(?:%b)[\w.%%/+:=-]*\Z" % _START.pattern)
_STARTS = (b"eG94", b"eGFwcC", b"eHdmcC", b"aHR0cHM6Ly9ob29r")

Span = tuple[int, int]


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


@cache
def anchors(levels: int = LEVELS, broken: int = BROKEN) -> tuple[bytes, ...]:
    """What betrays a token that was encoded up to `levels` times; of the outermost encoding also where a line ends
    within the image, if no more than `broken` are in each other."""
    found = {*kubernetes.ANCHORS, *(_images(_WIDE) if levels else ())}
    found.update(*images(levels))
    for level in images(min(levels, broken)):
        found.update(_broken(level, _HEAD_ENDS, _TAIL_STARTS))
    if min(levels, broken) > 1:  # the text that was encoded once, wrapped as `base64` does it, and encoded again
        found.update(_images(_broken(images(1)[0], (b"\n", b"\r"), (b"\n",))))
    return cover(found)


def _broken(whole: Sequence[bytes], ends: Sequence[bytes], starts: Sequence[bytes]) -> Iterator[bytes]:
    """What of an image stands at the end of a line, or at the beginning of the next, where one is broken: three
    characters at least, so that they are rare."""
    return (half for one in _longer(whole) for at in range(1, len(one)) for half in _half(one, at, ends, starts))


def _longer(whole: Sequence[bytes]) -> tuple[bytes, ...]:
    return (*whole, *(bytes((first,)) + one for one in whole if one in _SHORT for first in b"HXn3"))


def _half(one: bytes, at: int, ends: Sequence[bytes], starts: Sequence[bytes]) -> Iterator[bytes]:
    """What stands on one side, where the line ends `at` so many characters of an image."""
    if at >= 3:
        yield from (one[at - 3 : at] + end for end in ends)
    elif len(one) - at >= 3:
        yield from (start + one[at : at + 3] for start in starts)


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
                yield from (head + end for end in _MAIL_ENDS) if at == 4 else (start + tail for start in _TAIL_STARTS)


def decode(data: bytes, found: Sequence[bytes] = (), /) -> Iterator[Decoded]:
    """The parts of `data` that are base64 around these anchors, if they are known, or around any."""
    yield from kubernetes.decode(data)
    found = found or VIEW.anchors
    around = tuple(one for one in found if one not in _PACKED and _goes_on(data, one))
    if around:
        betraying = one_of(around) if len(around) < _FEW else any_of(around)
        for start, end in regions(data, betraying, _shape()):
            if end - start >= _LEAST:
                yield from _parts(data, start, end)
    yield from _packed(data, [one for one in found if one in _PACKED])


def _goes_on(data: bytes, anchor: bytes) -> bool:
    """Whether the rest of an image may stand on the other side of a line's end, if `anchor` is one half of it: most of
    these are chance."""
    rests = _rests().get(anchor)
    if not rests:
        return True
    beside, at, tried = re.compile(b"|".join(sorted(rests))), data.find(anchor), 0
    while at >= 0 and tried < _FEW:
        if beside.search(data, max(at - _REACH, 0), at + len(anchor) + _REACH):
            return True
        at, tried = data.find(anchor, at + 1), tried + 1
    return at >= 0


@cache
def _rests() -> Mapping[bytes, Collection[bytes]]:
    """By halves of broken images that are anchors, patterns for what stands beside them then."""
    rests: dict[bytes, set[bytes]] = {}
    for one in _longer(_cut()):
        for at in range(1, len(one)):
            rest = _BEFORE % re.escape(one[at:]) if at >= 3 else re.escape(one[:at]) + _BEHIND
            for half in _half(one, at, _MAIL_ENDS, _TAIL_STARTS):
                rests.setdefault(half, set()).add(rest)
    others = tuple(_others())
    return {half: ways for half, ways in rests.items() if not any(half in one for one in others)}


@cache
def _piece() -> re.Pattern[bytes]:
    """A piece of an encoded text. It takes milliseconds to compile, and most texts that are asked about have none."""
    return re.compile(rb"([A-Za-z0-9+/_-]++)(?:%b)?+" % _GAP)


@cache
def _shape() -> re.Pattern[bytes]:
    """All of one."""
    return re.compile(rb"[A-Za-z0-9+/_-]++(?:%b[A-Za-z0-9+/_-]++)*+" % _GAP)


def _packed(data: bytes, found: Sequence[bytes]) -> Iterator[Decoded]:
    """What begins with one of these, which are what containers begin with: however long it is."""
    betraying, at = one_of(found), 0
    while found and (there := betraying.search(data, at)) and (whole := _shape().match(data, there.start())):
        at = whole.end()
        if at - whole.start() >= _LEAST:
            pieces = [piece.span(1) for piece in _piece().finditer(data, *whole.span())]
            yield _phase(data, pieces, 0)


def _parts(data: bytes, start: int, end: int) -> Iterator[Decoded]:
    """What stands in a region, by text."""
    for pieces in _texts(data, [piece.span(1) for piece in _piece().finditer(data, start, end)]):
        yield from _together(data, pieces)


def _texts(data: bytes, pieces: Sequence[Span]) -> Iterator[Sequence[Span]]:
    """The pieces of each text: one ends where `=` at the end of a line is padding."""
    first = 0
    for at, (_, end) in enumerate(pieces[:-1], 1):
        if data[end] == ord("=") and data[end - 1] in _PADDED and _padded(data, pieces[max(first, at - _BACK) : at]):
            yield pieces[first:at]
            first = at
    yield pieces[first:]


def _padded(data: bytes, pieces: Sequence[Span]) -> bool:
    """Whether `=` behind these is padding, and no soft break of a mail: what they say ends with a whole token there,
    and what follows does not look like a mail."""
    said = b"".join([data[start:end] for start, end in pieces])[-_TOKEN:]
    if not _WHOLE.search(_decoded(said[(len(said) - 3) % 4 :])):
        return False
    rest = _FOLLOWED.match(data, pieces[-1][1])
    return not rest or not (rest["more"] or len(rest["line"]) % 4 == 1)  # three characters stand before


def _together(data: bytes, pieces: Sequence[Span]) -> Iterator[Decoded]:
    """What the pieces say together; and what one says alone if a token begins or ends with it: lines of a list look
    like those of one text."""
    together = list(_phases(data, pieces))
    yield from together
    if len(pieces) == 1 or not any(_starts(part.data) for part in together):
        return
    for at, piece in enumerate(pieces):
        if at and data.startswith(_STARTS, piece[0]):
            yield from _phases(data, pieces[at : at + _FOLLOWING])
        if _ENDING.search(_decoded(data[slice(*piece)])):
            yield from _phases(data, [piece])


def _starts(data: bytes) -> bool:
    """Whether a token begins in `data`: to look for plain words first takes a tenth of the time."""
    return any(word in data for word in _WORDS) and _START.search(data) is not None


def _phases(data: bytes, pieces: Sequence[Span]) -> Iterator[Decoded]:
    return (_phase(data, pieces, phase) for phase in range(4))


def _phase(data: bytes, pieces: Sequence[Span], phase: int) -> Decoded:
    joined = b"".join([data[start:end] for start, end in pieces])
    return Decoded(_decoded(joined[phase:]), later(partial(_way_back, pieces, phase)))


def _decoded(characters: bytes) -> bytes:
    """What base64 without padding stands for. Bits of a last byte that is not whole are left out."""
    kept = len(characters) - (len(characters) % 4 == 1)
    return a2b_base64(characters[:kept].translate(_URL_SAFE) + b"=" * (-kept % 4))


def _way_back(pieces: Sequence[Span], phase: int) -> Raw:
    """From bytes to the characters that hold any of their bits."""
    place = places(pieces)

    def raw(start: int, end: int) -> tuple[int, int]:
        first, last = phase + start * 8 // 6, phase + -(-end * 8 // 6)
        return place(first), place(max(last - 1, first)) + (last > first)

    return raw


def few() -> tuple[bytes, ...]:
    """What betrays a token that was encoded once, unless a line ends within; and the usual containers."""
    return cover((*kubernetes.ANCHORS, *_images(_WIDE_TOKENS), *images(1)[0], *_USUAL))


def _every() -> tuple[bytes, ...]:
    """All five levels. Each literal has its price: where a line ends within an image, three characters of that of `xox`
    are one, and more of the others."""
    broken = (*_broken(_cut(), _MAIL_ENDS, _TAIL_STARTS), *_others())
    return cover((*anchors(LEVELS, 0), *_PACKED, *_images(_digits()), *broken))


def _cut() -> tuple[bytes, ...]:
    """The images of `xox`."""
    return tuple(one for one in images(1)[0] if one.startswith((b"eG9", b"hve", b"4b3")))


def _digits() -> Iterator[bytes]:
    """What a token begins with in hexadecimal digits, in either case."""
    for word in (b"xox", *(one for one in _PLAIN if not one.startswith(b"xox"))):
        digits = word.hex()
        yield from (digits.encode(), digits.upper().encode())


VIEW = View("base64", _every, decode)
