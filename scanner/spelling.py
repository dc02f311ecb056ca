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
# What stands between a name and its value, for `(?&assigned)`, and between a value and its name, for `(?&labelled)`.
_MARK = (
    r"(?:%(?:25)*[0-9A-Fa-f]{2}|\\+(?:[nrt]|u00[0-9A-Fa-f]{2}|x[0-9A-Fa-f]{2})"
    r"|&(?:quot|apos|amp|lt|gt|nbsp|\#39|\#34|\#x22|\#x27);|[^A-Za-z0-9])"
)
_FILLERS = (  # of settings in many languages: value, `default=`, `String`, `.unwrap_or(`, `<code>`, `Field(` …
    r"(?:(?i:value|default|default_?value|parametervalue|is|as|to|set|str|string|text|optional|final|const|type|or|add|name|key)"
    r"|string_value|stringValue|literal|Field|env|b|r|u|f|z|data|unwrap_or|unwrap_or_else|orElse|getOrDefault|into"
    r"|body|code|pre|td|th|tr|dd|dt|span|strong|em|li|p|br|div|input)"
)
_OTHER_LINE = r"[\x20\t]+[\"']?(?!(?i:value|default|NOT))[A-Za-z_]{1,40}[\"']?\x20{0,20}[:=][^{}\n]{0,200}+\n"
_OTHER_PAIR = (
    r"\"(?!(?i:name|key|value|default))[A-Za-z_]{1,40}\"\s?:\s?(?:\"[^\"\n]{0,120}+\"|[^\",{}\n]{0,40}+)\s?,\s?"
)
_OTHER_FLAG = r"\s{1,8}--(?!value|body|secret)[a-z\-]{1,30}+[\x20=]\S{1,80}+"
_IN_BLOCK = r"[\x20\t]+[\"']?(?i:value|default)[\"']?\x20{0,20}[:=][\s\"'|>\-]{1,12}"
_ASSIGNED = (
    # No id, digest or place of a secret, but perhaps one of several: SIGNING_SECRET_DEV.
    r"(?![_\-.\x20]{0,2}(?i:id|arn|sha|md5|hash|hmac|digest|ref|path|file|version|checksum|fingerprint|ur[il]|signature"
    r"|etag|revision|commit|uuid|guid)(?:[^a-z]|s\b))(?:[_\-.]?[A-Za-z0-9]{1,12})?+"
    rf"(?:{_MARK}{{1,40}}+(?:{_FILLERS}{_MARK}{{1,40}}+){{0,5}}"
    # A block about it: name = { or name:, then type: …, then default: or value:.
    rf"|[\"']?[\s:=]{{0,4}}\{{[\x20\t\r]{{0,8}}\n(?:{_OTHER_LINE.replace('|NOT', '')}){{0,4}}+{_IN_BLOCK}"
    rf"|[\"']?[\s:=,]{{0,4}}[\x20\t\r]{{0,8}}\n(?:{_OTHER_LINE.replace('NOT', 'name|key')}){{0,4}}+{_IN_BLOCK}"
    rf"|\"\s?(?:,|:\s?\{{)\s?(?:{_OTHER_PAIR}){{0,4}}+\"(?i:value|default)\"\s?:\s?\""
    # What stands in for it: name = … || "value", name: {{ … | default("value") }}
    r"|[^\n|?]{1,100}+(?:\|\|?|\?[?:])\s{0,4}(?:default\()?[\"'`]"
    rf"|[\"']?(?:{_OTHER_FLAG}){{0,3}}+\s{{1,8}}(?:--(?:value|body|secret|secret-string)|-b|-v)[\x20=][\"']?)"
)
_LABELLED = (
    r"[\"'`,;)\]}\x20\t]{0,8}(?:(?:\#|//|--|/\*|<!--)[^\n]{0,60}?|\|[^\n|]{0,80}?"
    r"|\s{0,20}[\"']?(?i:name|key|parameterkey)[\"']?\s?[:=]\s?[\"']?[A-Za-z0-9_.\-:/]{0,60}?)"
)
_GAPS = {"assigned": _ASSIGNED, "labelled": _LABELLED}
_CALL = re.compile(r"\(\?&(" + "|".join([*MARKS, *_GAPS]) + r")\)")


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
    """`pattern` with each `(?&name)` of a punctuation mark replaced by the pattern for its spellings, and of a gap
    between name and value by that for what may stand there."""
    return _CALL.sub(lambda call: _GAPS.get(call[1]) or spellings(call[1]), pattern)


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
