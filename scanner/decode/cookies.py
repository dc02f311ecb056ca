r"""Percent signs that are themselves escaped, as session cookies are where a tool wrote them down.

A cookie's `+`, `/` and `=` stand percent-encoded, and the percent sign is special to much of what keeps a cookie:
`^%^2B` is what browsers copy as a curl command for Windows (Chrome's DevTools, escapeStringWin), `"%"2B` is the same
from Firefox, `%%2B` what batch files, printf and Python's configparser need, and `\%2B` what crontab(5) and TeX do.
Header lines, curl's `-b`, JSON jars, cookies.txt and HAR files hold the cookie as it is, and rules see it there.
"""

from __future__ import annotations

import re

from scanner.decode.characters import Dialect, view

_SIGN = rb'(?:(?<!\^)\^{1,8}+%\^{0,8}+|(?<!\\)\\{1,8}+%|"%{1,2}+"|(?<!%)%{1,8}+)'
_PATTERN = rb"%b(?:25)*(?P<byte>[0-9A-Fa-f]{2})" % _SIGN


def _plain(found: re.Match[bytes]) -> bytes:
    return bytes((int(found["byte"], 16),))


def _anchors() -> tuple[bytes, ...]:
    """The dot or the slashes before `hooks.slack` are not plain here."""
    return (b"%%2Fhooks.slack", b"^%^2Fhooks.slack")


VIEW = view("cookie", Dialect(_PATTERN, _plain, _anchors(), own=b"%"))
