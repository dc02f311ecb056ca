r"""How punctuation of a token may be spelled in a file, and the way back to the token as Slack issued it.

A dash in a file is not always a dash: `%2D` in a URL, `\u002d` in JSON, `\-` in a man page, `&#45;` in HTML, U+2011 in
a document. A pattern says `(?&dash)` (or slash, colon, dot, plus, equals) where any of these may stand; `expand` writes
it out, and `issued` turns what matched into plain characters again. The spellings are written out, not called as a
subpattern, because `regex` runs a pattern with calls ten times slower (measured on 50 MB).
"""

from __future__ import annotations

import re
from functools import cache

_PUNCTUATION = {"dash": "-", "slash": "/", "colon": ":", "dot": ".", "plus": "+", "equals": "="}
_HYPHENS = r"\xe2\x80[\x90-\x95]"  # U+2010 to U+2015 in UTF-8: what word processors make of a dash
_CALL = re.compile(r"\(\?&(" + "|".join(_PUNCTUATION) + r")\)")


def _either_case(digits: str) -> str:
    """The two hex digits of a character, in either case, as a pattern."""
    return "".join(f"[{d}{d.upper()}]" if d.isalpha() else d for d in digits)


@cache
def spellings(name: str) -> str:
    """The pattern for every spelling of the punctuation mark called `name`."""
    mark = _PUNCTUATION[name]
    code = _either_case(f"{ord(mark):02x}")
    forms = [
        re.escape(mark),
        rf"%(?:25)*{code}",
        rf"\\+(?:{re.escape(mark)}|x{code}|u(?:00{code}|\{{0*{code}\}}))",
        rf"&\#(?:0*{ord(mark)}|[xX]0*{code});",
        rf"%u00{code}",
    ]
    return f"(?:{'|'.join([*forms, _HYPHENS] if name == 'dash' else forms)})"


def expand(pattern: str) -> str:
    """`pattern` with each `(?&name)` of a punctuation mark replaced by the pattern for its spellings."""
    return _CALL.sub(lambda call: spellings(call[1]), pattern)


@cache
def _spelled() -> re.Pattern[bytes]:
    return re.compile(
        rb"%(?:25)*([0-9A-Fa-f]{2})|\\+x([0-9A-Fa-f]{2})|(?:\\+u|%u)00([0-9A-Fa-f]{2})|\\+u\{0*([0-9A-Fa-f]{2})\}"
        rb"|&#[xX]0*([0-9A-Fa-f]{2});|&#0*([0-9]{2,3});|\\+([^0-9A-Za-z\\])|(\xe2\x80[\x90-\x95])"
    )


def _character(spelled: re.Match[bytes]) -> bytes:
    for code in spelled.groups()[:5]:
        if code:
            return bytes([int(code, 16)])
    if spelled[6]:
        return bytes([int(spelled[6]) & 0xFF])
    return spelled[7] or b"-"


def issued(raw: bytes) -> bytes:
    r"""What Slack issued, of what stands in a file: `xoxd-a%2Fb` is `xoxd-a/b`, `https:\/\/hooks` is `https://hooks`."""
    if raw.isalnum():
        return raw
    return _spelled().sub(_character, raw)
