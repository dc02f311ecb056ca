"""Characters as HTML and XML spell them: `&#120;`, `&#x78;`, `&hyphen;` (HTML standard, section 13.2.5.72 ff.; XML 1.0,
section 4.1), also where the ampersand was spelled out once more (`&amp;#120;`), and without the semicolon, as browsers
read it. Markup that shows nothing of itself within a token (`<wbr>`, a highlighted part) is taken out, as is what Word,
PowerPoint and Excel put between the runs of one paragraph or cell (ECMA-376, parts 1: 17.3.2, 21.1.2.3 and 18.4.4).
"""

from __future__ import annotations

import re

from scanner.decode.characters import Dialect, character, view

_AMPERSAND = rb"amp;|#38;|#[xX]26;"
# Of the names of Office all but those that end a run of text, or are themselves something to be seen.
_OFFICE = (
    rb"w:(?!(?:p|br|cr|tab|tc|tr|tbl|body|drawing|pict|sym|instrText)[\s/>])[A-Za-z]{1,24}"
    rb"|a:(?!(?:p|br|tc|tr|tbl|txBody)[\s/>])[A-Za-z]{1,24}|t|r|rPr|rFont|sz|color|family|charset|scheme"
)
_INLINE = rb"b|strong|i|em|u|mark|span|font|wbr|%b" % _OFFICE
_PATTERN = (
    rb"&(?:%b)*(?:#0*+(?P<decimal>[0-9]{1,7}+);?|#[xX]0*+(?P<hex>[0-9A-Fa-f]{1,6}+);?|(?P<name>[A-Za-z][A-Za-z0-9]{1,31}+);)"
    rb"|<(?:/(?:%b)|(?:%b)(?:\s[^<>]{0,200})?/?)>"
) % (_AMPERSAND, _INLINE, _INLINE)


def _plain(found: re.Match[bytes]) -> bytes:
    if found["decimal"]:
        return character(int(found["decimal"]), found[0])
    if found["hex"]:
        return character(int(found["hex"], 16), found[0])
    return _named(found["name"], found[0]) if found["name"] else b""


def _named(name: bytes, otherwise: bytes) -> bytes:
    from html.entities import html5  # two thousand names, needed in few texts

    text = html5.get(name.decode("ascii") + ";")
    return text.encode() if text else otherwise


def _anchors() -> tuple[bytes, ...]:
    """An `x` in every form; an `o`, `a` or `w` behind a plain one; one of the other letters; `ks` of `hooks`."""
    zeros = (b"", b"0", b"00", b"0000")
    first = [b"#%b120;" % zero for zero in zeros[:3]] + [b"&#120", b"&amp;#120"]
    first += [b"#%b%b78" % (kind, zero) for kind in (b"x", b"X") for zero in zeros]
    codes = (b"111", b"97", b"119", b"x6", b"x7", b"X6", b"X7", b"x00", b"X00", b"0")
    second = [b"x" + sign + code for sign in (b"&#", b"&amp;#") for code in codes]
    later = (b"xox&", b"xap&", b"xwf&", b"xa&#", b"xw&#", b"xa&amp;#", b"xw&amp;#", b"xox<", b"xo<", b"xap<", b"xwf<")
    hosts = (
        b"hooks&period;",
        b"&period;slack",
        b"#107;&",
        b"#x6b;&",
        b"#x6B;&",
        b"#X6b;&",
        b"#X6B;&",
        b"#x006b;&",
        b"#x006B;&",
    )
    return (*first, *second, *later, *hosts)


VIEW = view("html", Dialect(_PATTERN, _plain, _anchors()))
