r"""Characters that stand escaped by a backslash, as `x` may in a program or a configuration file.

Three dialects, since the same digits mean different things:

- `\x78`, `\u0078`, `\u{78}`, `\U00000078`, `\170`: JSON (RFC 8259, section 7), JavaScript (ECMA-262, section 12.9.4), C
  (ISO C11, 6.4.4.4), Python (Language reference, 2.4.1), Java (JLS 3.3: any number of u), Rust, Go, YAML 1.2 (5.7),
  TOML, `$'…'` and `echo -e` of shells (`\0170`, fewer digits), Perl (`\x{78}`, `\o{170}`), PowerShell (`` `u{78} ``),
  and `\'78` of RTF.
- `\78 `: CSS (Syntax level 3, 4.3.7) and SQL (`U&'\0078'`).
- `\120`: decimal, as in Lua (Reference manual, 3.1), Haskell and DNS zone files (RFC 1035, 5.1).

Any number of backslashes counts as one: what was escaped twice is taken off at once.
"""

from __future__ import annotations

import re

from scanner.decode.characters import Dialect, character, view

_HEX = rb"[0-9A-Fa-f]"
_MARK = rb"""[ !-/:-@\[\]^_`{|}~]"""
_COMMON = (
    rb"(?<!\\)\\++(?:"
    rb"u++(?P<u>%(h)b{1,4})|U(?P<U>%(h)b{1,8})|[uxo]\{0*+(?P<braces>%(h)b{1,6})\}|x(?P<x>%(h)b{1,2})|'(?P<rtf>%(h)b{2})"
    rb"|(?P<octal>0?[0-3][0-7]{2}|[0-7]{1,2})|(?P<letter>[nrt])|(?P<mark>%(m)b))|`u\{0*+(?P<tick>%(h)b{1,6})\}"
) % {b"h": _HEX, b"m": _MARK}
# Three digits that begin with a zero are octal, in a shell or a program: `\033`, `\042`.
_CSS = rb"(?<!\\)\\++(?!0[0-7]{2}(?!%b))(?:(?P<code>%b{1,6})(?:\r\n|[ \t\r\n\f])?|(?P<mark>%b))" % (_HEX, _HEX, _MARK)
_DECIMAL = rb"(?<!\\)\\++(?:(?P<code>[0-9]{1,3})|(?P<mark>%b))" % _MARK
_BLANKS = {b"n": b"\n", b"r": b"\r", b"t": b"\t"}


def _common(found: re.Match[bytes]) -> bytes:
    kind, value = found.lastgroup or "", found[found.lastgroup or 0]
    if kind == "letter":
        return _BLANKS[value]
    if kind == "mark":
        return value
    octal = kind == "octal" or (kind == "braces" and found[0].lstrip(b"\\").startswith(b"o"))
    return _number(value, 8 if octal else 16, found)


def _css(found: re.Match[bytes]) -> bytes:
    return found["mark"] or _number(found["code"], 16, found)


def _decimal(found: re.Match[bytes]) -> bytes:
    return found["mark"] or _number(found["code"], 10, found)


def _number(digits: bytes, base: int, found: re.Match[bytes]) -> bytes:
    try:
        return character(int(digits, base), found[0])
    except ValueError:  # an 8 or 9 in `\o{…}`
        return found[0]


_LATER = (b"xox\\", b"xap\\", b"xwf\\", b"xa\\", b"xw\\")
_PAIRS = (
    (b"\\x%b\\%b", b"x73"),
    (b"\\u00%b\\%b", b"u0073"),
    (b"\\uu00%b\\%b", b"uu0073"),
    (b"\\u{%b}\\%b", b"u{73"),
    (b"\\u{00%b}\\%b", b"u{0073"),
    (b"\\U000000%b\\%b", b"U00000073"),
    (b"\\x{%b}\\%b", b"x{73"),
    (b"\\'%b\\%b", b"'73"),
)


def _common_anchors() -> tuple[bytes, ...]:
    r"""An `x` in every form; an `o`, `a` or `w` behind a plain one; one of the other letters; `ks` of `hooks`; and what
    Go and PHP make of `&#120;`. Escaped twice, a letter stands behind two backslashes, of which an anchor has one."""
    first = [b"\\" + code for code in (b"x78", b"u78", b"u0078", b"uu0078", b"U78", b"U00000078")]
    first += [b"\\" + code for code in (b"170", b"0170", b"'78", b"o{170")]
    first += [b"%b{%b78" % (kind, zeros) for kind in (b"\\u", b"\\x", b"`u") for zeros in (b"", b"00", b"0000")]
    forms = (b"x%b", b"u%b", b"u00%b", b"U000000%b", b"u{%b", b"u{00%b", b"x{%b", b"x{00%b")
    second = [b"x\\" + form % digit for form in forms for digit in (b"6", b"7")]
    second += [b"x\\" + code for code in (b"157", b"141", b"167", b"0157", b"0141", b"0167", b"'6", b"'7")]
    ticks = (b"xox`u{", b"xa`u{", b"x`u{", b"`u{6b}`u{73", b"`u{6B}`u{73", b"`u{006B}`u{0073")
    hosts = [form % (k, s) for form, code in _PAIRS for k in (b"6b", b"6B") for s in (code, b"\\")]
    octal = (b"\\153\\163", b"\\153\\\\", b"\\0153\\0163", b"\\0153\\\\", b"\\o{153}\\")
    return (*first, *second, *_LATER, *ticks, *hosts, *octal, b"u0026#120", b"u0026#x78", b"u0026#107", b"u0026#x6b")


def _css_anchors() -> tuple[bytes, ...]:
    zeros = (b"", b"00", b"0000")
    hosts = [
        b"\\%b%b%b" % (zero, k, s)
        for zero in zeros
        for k in (b"6b", b"6B")
        for s in (b"\\%b73" % zero, b" \\%b73" % zero, b"\\\\", b" \\\\")
    ]
    first = [b"\\%b78" % zero for zero in (*zeros, b"0", b"000")]
    second = [b"x\\%b%b" % (zero, digit) for zero in zeros for digit in (b"6", b"7")]
    return (*first, *second, *_LATER, *hosts)


_DECIMAL_ANCHORS = (b"\\120", b"x\\111", b"x\\097", b"x\\97", b"x\\119", *_LATER, b"\\107\\115", b"\\107\\\\")
VIEW = view(
    "escape",
    Dialect(_COMMON, _common, _common_anchors()),
    Dialect(_CSS, _css, _css_anchors()),
    Dialect(_DECIMAL, _decimal, _DECIMAL_ANCHORS),
)
