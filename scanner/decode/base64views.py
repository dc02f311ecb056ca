"""base64, standard and URL-safe, padded or not, wrapped over the lines of a file or of its source text, and nested.

scanner.decode.base64anchors says what betrays it. Around such a place everything that can belong to the same encoded
text is decoded, in the four ways in which it can be cut into groups of four characters.
Sources: RFC 4648, sections 4 and 5; RFC 2045, 6.8 (lines); RFC 7468 (PEM); Kubernetes API reference, Secret v1.
"""

from __future__ import annotations

import re
from binascii import a2b_base64
from collections.abc import Iterator, Sequence
from functools import cache, partial

from scanner.decode import kubernetes
from scanner.decode.around import any_of, one_of, regions
from scanner.decode.base64anchors import PACKED, every, goes_on
from scanner.decode.base64anchors import few as few  # scanner.decode.views asks for it here
from scanner.decode.joined_gaps import whole
from scanner.decode.view import Decoded, Raw, View, later, places

_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_FOLLOWING = 16  # pieces that may belong to a token
_FEW = 64  # literals: a pattern for these is made at once
_TOKEN, _BACK = 512, 16  # characters, and pieces, within which a token ends that is asked about
_LEAST = 16  # characters: less is no token
# What stands between two pieces of one encoded text: the end of a line, as such or escaped, with what source text,
# mail and comments put around it; or the end of one literal and the beginning of the next on the same line.
_SOFT = rb"""(?:[ \t"'`,.;&|>#*()\[\]<~\\]|(?:[bBrRfFuUL]{1,2}|u8)(?=["'])|\+(?=[ \t\r\n"'`])|//(?=[ \t]))"""
# One literal's end, and the next one's beginning: what joins them, line ends with comments before them.
_OPERATOR = rb"(?:\+\+?|\.\.?|[,&~^|]|\|\||<<|<>|//)"
_WORDS_ONLY = rb"(?:(?![A-Za-z0-9+/_-]{16})%b){0,200}+"  # nothing that may be encoded itself
_REMARK = rb"(?:(?:\#|//|--)%b(?=\r?\n)|/\*%b\*/)" % (_WORDS_ONLY % rb"[^\r\n]", _WORDS_ONLY % rb"[^*\r\n]")
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
_ENDING = re.compile(rb"(?:%b)[\w.%%/+:=-]*\Z" % _START.pattern)
_STARTS = (b"eG94", b"eGFwcC", b"eHdmcC", b"aHR0cHM6Ly9ob29r")

Span = tuple[int, int]


def decode(data: bytes, found: Sequence[bytes] = (), /) -> Iterator[Decoded]:
    """The parts of `data` that are base64 around these anchors, if they are known, or around any."""
    yield from kubernetes.decode(data)
    found = found or VIEW.anchors
    around = tuple(one for one in found if one not in PACKED and goes_on(data, one))
    if around:
        betraying = one_of(around) if len(around) < _FEW else any_of(around)
        for start, end in regions(data, betraying, _shape()):
            if end - start >= _LEAST:
                yield from _parts(data, start, end)
    yield from _packed(data, [one for one in found if one in PACKED])


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
    plain = _decoded(said[(len(said) - 3) % 4 :])
    if not any(whole(plain[found.start() :]) for found in _START.finditer(plain)):
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


VIEW = View("base64", every, decode)
