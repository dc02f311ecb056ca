"""Quoted-printable of mails (RFC 2045, section 6.7): `=78`, and soft line breaks within a token; also the encoded words
of their headers (RFC 2047), which break long values in their own way. Mails also stand in strings of JSON, where the
end of a line is `\\n`."""

from __future__ import annotations

import re

from scanner.decode.characters import Dialect, view

_BREAK = rb"=[ \t]{0,80}(?:\r?\n|(?:\\+r)?\\+n)"
_WORD = rb"\?=\s{1,80}=\?[^?\s]{1,40}\?[qQ]\?"
_PATTERN = rb"=(?P<byte>[0-9A-Fa-f]{2})|%b|(?P<word>%b)" % (_BREAK, _WORD)
_LINE = 100  # bytes: no line of a mail has more than 78; session cookies are longer
_PARTS = (b"\n", b"\\n", b" ", b'"', b">")
_ENDS = (b"=\n", b"=\r\n", b"=\\n", b"=\\r\\n")


def _plain(found: re.Match[bytes]) -> bytes:
    if found["byte"]:
        return bytes((int(found["byte"], 16),))
    return b"" if found["word"] or _is_short(found.string[max(found.start() - _LINE, 0) : found.start()]) else found[0]


def _is_short(before: bytes) -> bool:
    """Whether what stands before may be of a mail. The `=` at the end of a longer piece, with nothing in it that parts
    words or begins a mail, is a cookie's own."""
    return len(before) < _LINE or any(sign in before for sign in _PARTS)


def broken(literal: bytes) -> tuple[bytes, ...]:
    """`literal` with a soft line break within it, at each place."""
    return tuple(literal[:at] + end + literal[at:] for at in range(1, len(literal)) for end in _ENDS)


def few() -> tuple[bytes, ...]:
    """Of the anchors the cheap ones: with no escape, as `\\n` stands everywhere in strings of JSON."""
    return tuple(one for one in VIEW.anchors if b"\\" not in one)


def _anchors() -> tuple[bytes, ...]:
    """An `x` with what may follow or precede it (`=78` alone stands in addresses and sizes); the other letters; the
    beginning of a token over a line's end."""
    first = (b"=78o", b"=78a", b"=78w", b"=78=", b"xo=78")
    second = tuple(b"x=" + code for code in (b"6Fx", b"6fx", b"6F=", b"6f=", b"61p", b"61=", b"77f", b"77="))
    later = (b"xox=", b"xap=", b"xwf=", b"xa=7", b"xw=6")
    hosts = (b"=6B=73", b"=6b=73", b"hooks=2E", b"hooks=2e")
    begun = (*broken(b"xox"), *broken(b"xap"), *broken(b"xwf"), *broken(b"hooks.slack"))
    return (*first, *second, *later, *hosts, *begun)


VIEW = view("quoted-printable", Dialect(_PATTERN, _plain, _anchors(), own=b"="))
