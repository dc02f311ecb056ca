"""Percent-encoding (RFC 3986, section 2.1), once or more often (`%2578`), and `%u0078` of JavaScript's escape()
(ECMA-262, annex B.2.1).

A `+` stays a plus: it stands for a space in forms, but session cookies hold it as it is. What `%%` is to programs that
format strings (printf, Windows batch files, Python's configparser) is one percent sign.
"""

from __future__ import annotations

import re

from scanner.decode.characters import Dialect, character, view

_PATTERN = rb"(?<!%)%++(?:25)*(?:u(?P<wide>[0-9A-Fa-f]{4})|(?P<byte>[0-9A-Fa-f]{2}))"


def _plain(found: re.Match[bytes]) -> bytes:
    if found["byte"]:
        return bytes((int(found["byte"], 16),))
    return character(int(found["wide"], 16), found[0])


def _anchors() -> tuple[bytes, ...]:
    """An `x`; an `o`, `a` or `w` behind a plain one; one of the other letters; `ks` of `hooks`. Encoded three times at
    most, or `x` in another encoding, of which only the punctuation is encoded here."""
    signs = (b"%", b"%25", b"%2525")
    first = [sign + code for sign in signs for code in (b"78", b"u0078")]
    second = [b"x" + sign + code for sign in signs for code in (b"6f", b"6F", b"61", b"77", b"u006", b"u007")]
    later = (b"xox%", b"xap%", b"xwf%", b"xa%7", b"xa%25", b"xa%u", b"xw%6", b"xw%25", b"xw%u")
    hosts = [sign + k + sign + s for sign in signs for k, s in ((b"6b", b"73"), (b"6B", b"73"), (b"u006b", b"u0073"))]
    hosts += [b"%5Cx6b", b"%5Cx6B", b"%5Cu006b", b"%5Cu006B", b"%23107", b"%23x6b", b"%23x6B"]
    inner = (b"%5Cu0078", b"%5cu0078", b"%5Cx78", b"%5cx78", b"%23120", b"%23x78", b"%25%37%38", b"%3D78o", b"%3D78%3D")
    return (*first, *second, *later, *hosts, *inner)


VIEW = view("percent", Dialect(_PATTERN, _plain, _anchors(), own=b"%"))
