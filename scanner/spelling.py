r"""How punctuation of a token may be spelled in a file, and the way back to the token as Slack issued it.

A dash in a file is not always a dash: `%2D` in a URL, `\u002d` in JSON, `\-` in a man page, `&#45;` in HTML, U+2011 in
a document. A pattern says `(?&dash)` (or slash, colon, dot, plus, equals) where any of these may stand; `expand` writes
it out, and `issued` turns what matched into plain characters again. The spellings are written out, not called as a
subpattern, because `regex` runs a pattern with calls ten times slower (measured on 50 MB).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

# Each mark with the HTML names it goes by, and what else stands for it. A dash: U+2010 to U+2015, which word processors
# make of it, in UTF-8 or escaped.
MARKS = {
    "dash": (
        "-",
        "hyphen|dash|ndash|mdash",
        (r"\xe2\x80[\x90-\x95]", r"\\+u201[0-5]", r"&(?:amp;)?\#82(?:0[89]|1[0-3]);"),
    ),
    "slash": ("/", "sol", ()),
    "colon": (":", "colon", ()),
    "dot": (".", "period", ()),
    "plus": ("+", "plus", ()),
    "equals": ("=", "equals", ()),
}
_SIGNS = {ord("%"): "percent", ord("\\"): "escape", ord("&"): "html"}  # what a spelling begins with
# What of the spellings of a dash stands for another character: HTML calls U+2010 hyphen and dash.
_LOOKALIKE = re.compile(rb"^\xe2|u201|\#82|hyphen;|dash;")
_CALL = re.compile(r"\(\?&(" + "|".join(MARKS) + r")\)")


@cache
def spellings(name: str) -> str:
    """The pattern for every spelling of the punctuation mark called `name`."""
    mark, entity, others = MARKS[name]
    code = "".join(f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in f"{ord(mark):02x}")
    forms = [
        re.escape(mark),
        rf"%(?:25)*(?:{code}|u00{code})",
        rf"\\+(?:{re.escape(mark)}|x{code}|0{ord(mark):o}|u(?:00{code}|\{{0*{code}\}}))",
        rf"&(?:amp;)?(?:\#(?:0*{ord(mark)}|[xX]0*{code})|{entity});",
        *others,
    ]
    return f"(?:{'|'.join(forms)})"


def expand(pattern: str) -> str:
    """`pattern` with each `(?&name)` of a punctuation mark replaced by the pattern for its spellings."""
    return _CALL.sub(lambda call: spellings(call[1]), pattern)


@cache
def _any_spelling() -> re.Pattern[bytes]:
    return re.compile("|".join(f"(?P<{name}>{spellings(name)})" for name in MARKS).encode())


def _plain(spelled: re.Match[bytes]) -> bytes:
    return MARKS[spelled.lastgroup or ""][0].encode()


def issued(raw: bytes) -> bytes:
    r"""What Slack issued, of what stands in a file: `xoxd-a%2Fb` is `xoxd-a/b`, `https:\/\/hooks` is `https://hooks`."""
    return raw if raw.isalnum() else _any_spelling().sub(_plain, raw)


def spelled(raw: bytes) -> tuple[str, ...]:
    """How the punctuation of a match is spelled in the file, outermost first: `percent`, `escape`, `html`,
    `typographic` (a dash that is none; it may be escaped as well); empty where it is plain."""
    if raw.isalnum():
        return ()
    names = (name for found in _any_spelling().finditer(raw) for name in _names(found))
    return tuple(dict.fromkeys(names))


def _names(found: re.Match[bytes]) -> Iterator[str]:
    if found[0][0] in _SIGNS:
        yield _SIGNS[found[0][0]]
    if _LOOKALIKE.search(found[0]):
        yield "typographic"
