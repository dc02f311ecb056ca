"""What word processors, chats and web pages make of a token: characters that nobody sees within it, dashes and slashes
that only look like them, and the wide letters of East Asian typing.

Invisible characters: those that Unicode calls default ignorable (DerivedCoreProperties.txt), above all those that
software puts in to allow or forbid a line break. Dashes: category Pd, and the minus sign; also as Windows-1252 has
them, between letters.
What is found so is a guess: a token that somebody wrote down, not one that works as it stands.
"""

from __future__ import annotations

import re

from scanner.decode.characters import Dialect, view

# U+00AD, U+034F, U+061C, U+180E; U+200B-200F, 202A-202E, 2060-206F; U+FE00-FE0F, FEFF; U+E0000-E0FFF (tags).
_INVISIBLE = (
    rb"\xc2\xad|\xcd\x8f|\xd8\x9c|\xe1\xa0\x8e|\xe2\x80[\x8b-\x8f\xaa-\xae]|\xe2\x81[\xa0-\xaf]"
    rb"|\xef\xb8[\x80-\x8f]|\xef\xbb\xbf|\xf3\xa0[\x80-\xbf]{2}"
)
# U+2010-2015, 2043, 2212, FE58, FE63; 0x96 and 0x97 of Windows-1252.
_DASH = rb"\xe2\x80[\x90-\x95]|\xe2\x81\x83|\xe2\x88\x92|\xef\xb9[\x98\xa3]|(?<=[0-9A-Za-z])[\x96\x97](?=[0-9A-Za-z])"
_SLASH = rb"\xe2\x81\x84|\xe2\x88\x95"  # U+2044, U+2215
_WIDE = rb"\xef(?:\xbc[\x81-\xbf]|\xbd[\x80-\x9e])"  # U+FF01-FF5E
_PATTERN = rb"(?P<invisible>%b|(?<=[0-9A-Za-z-])\xad(?=[0-9A-Za-z-]))|(?P<dash>%b)|(?P<slash>%b)|(?P<wide>%b)" % (
    _INVISIBLE,
    _DASH,
    _SLASH,
    _WIDE,
)
_MARKS = {"invisible": b"", "dash": b"-", "slash": b"/"}
_WIDENED = 0xFEE0  # from an ASCII character to its wide form
# Those that editors put in by themselves: soft hyphen, zero-width space, (non-)joiner, word joiner, byte order mark.
_USUAL = (b"\xc2\xad", b"\xe2\x80\x8b", b"\xe2\x80\x8c", b"\xe2\x80\x8d", b"\xe2\x81\xa0", b"\xef\xbb\xbf")


def _plain(found: re.Match[bytes]) -> bytes:
    if found["wide"]:
        return bytes((ord(found["wide"].decode()) - _WIDENED,))
    return _MARKS[found.lastgroup or ""]


def _anchors() -> tuple[bytes, ...]:
    """An invisible character within the beginning of a token; a wide `x`, or wide letters behind it; wide `ks`."""
    begun = [
        start + mark for mark in _USUAL for start in (b"x", b"xo", b"xa", b"xap", b"xw", b"xwf", b"hooks", b"hooks.")
    ]
    host = b"hooks.slack"
    begun += [host[:at] + mark + host[at : at + 4] for mark in _USUAL[:2] for at in range(1, len(host) - 3)]
    wide = (b"\xef\xbd\x98", b"x\xef\xbd", b"xo\xef\xbd", b"xa\xef\xbd", b"xw\xef\xbd", b"xap\xef\xbd", b"xwf\xef\xbd")
    return (*begun, *wide, b"\xef\xbd\x8b\xef\xbd\x93")


VIEW = view("typographic", Dialect(_PATTERN, _plain, _anchors()))
