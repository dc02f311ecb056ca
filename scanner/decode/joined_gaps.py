r"""What may stand between two pieces of one string in source: quotes, operators, space, comments, line continuations.

A gap is strong where the source says itself that both sides are one string: an operator or a method that joins. It is
weak where that depends on the language: literals side by side are one string in Python (reference, 2.4.2) and C (ISO
9899, 5.1.1.2, phase 6), quoted parts side by side are one word in a shell (POSIX, XCU 2.2), but `"a" "b"` are two
arguments there. Over a weak gap nothing is added to what is a whole token already.

Operators: `+` (JavaScript, Java, Go, Python …), `.` (PHP, Perl), `..` (Lua), `&` (Visual Basic, spreadsheets), `||`
(SQL), `<<` (C++, Ruby), `~` (Twig, Jinja, Raku), `^` (OCaml), `++` and `<>` (Haskell, Erlang, Elixir), `//` (Fortran).
"""

from __future__ import annotations

import re
from functools import cache

from scanner.spelling import issued

LONGEST = 4 << 10  # bytes of one piece; the longest token that Slack issued has a tenth
_GAP = 600  # bytes between two pieces

# A quote, also as it stands in a string of JSON or in HTML; what a literal may begin with before it; and a raw literal.
_QUOTE = rb"(?:\\{0,7}(?:\"\"\"|'''|[\"'`])|&(?:quot|apos|\#34|\#39);)"
OPEN = rb"(?:(?:[bBrRuUfF]{1,2}|[LuU]|u8|@?\$@?|@)?\#{0,3}" + _QUOTE + rb"|[LuU8]{0,2}R\"\()"
CLOSE = rb"(?:\)?" + _QUOTE + rb"\#{0,3})"

# White space, continued lines, comments, and what begins a line of a comment that holds source.
_SPACE = (
    rb"(?: [\ \t\r]++ | \n[\ \t]*+(?:(?://+|\#+|\*|--|>+)[\ \t]*+(?=[+.&|~^]|" + OPEN + rb"))?"
    rb"| [\\_`^]\r?\n | \\++[nt](?=[\s\\\"'`+]) | /\*(?:[^*]|\*(?!/)){0,200}+\*/ "
    rb"| (?://(?![\ ]*[\"'])|\#|--)[^\n]{0,200}+(?=\n) ){0,20}+"
)
SPACE = _SPACE
_OPERATOR = rb"(?:\+{1,2}|\.{1,2}|&|\|\||<<|<>|~|\^|//)"
_METHOD = rb"(?:(?:\.|->)\s*(?:append|concat|push_str|push|plus|add|write)\s*\(" + _SPACE + rb")"
_NAME = rb"[$@]{0,2}\w(?:\w|\.|->|::){0,60}"
_ASSIGNED = (
    rb";?" + _SPACE + rb"(?:" + _NAME + rb"\s?" + _OPERATOR + rb"="
    rb"|(?P<name>" + _NAME + rb")\s?:?=\s?(?P=name)\s?" + _OPERATOR + rb")"
)

# What a token consists of in source: plain, or with spelled punctuation.
_SPELLED = rb"\\(?:[-/]|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4})|&\#\w{1,5};|\xe2\x80[\x90-\x95]"
_TOKEN = rb"(?:[A-Za-z0-9_%+/=.:-]|" + _SPELLED + rb")"
RUN = _TOKEN + rb"++"

_INSERTED = rb"[$\#]?\{{1,2}[\ ]?(?:" + OPEN + rb"|(?=\d{8,16}[\ ]?\}))"
# What stands behind a literal, up to the first character that says what follows; and what may follow.
_CLOSED = rb"(?P<quote>" + CLOSE + rb")" + _SPACE
_STRONG = (
    rb"(?:\){1,3}" + _SPACE + rb")?(?:" + _OPERATOR + rb"|" + _METHOD + rb")"
    + _SPACE + rb"(?:\({1,3}" + _SPACE + rb")?" + OPEN
)  # fmt: skip
_WEAK = (
    OPEN + rb"(?=" + _TOKEN + rb")"
    rb"| \}{1,2}(?:" + _INSERTED + rb"|" + CLOSE + _SPACE + OPEN + rb")?(?=[A-Za-z0-9_%-])"
    rb"| \)?" + _ASSIGNED + _SPACE + OPEN
)  # fmt: skip
# What stands behind a piece that is no end of a literal: a continued line, a constant within a template.
_INSIDE = (
    rb"[\\^`]\r?\n[\ \t]*+(?:(?://+|\#+|\*)[\ \t]*+)?" + OPEN + rb"?(?=" + _TOKEN + rb")"
    rb"| (?:[\ ]?\}{1,2})?+" + _INSERTED + rb"| [\ ]?\}{1,2}(?:" + CLOSE + _SPACE + OPEN + rb")?(?=[A-Za-z0-9_%-])"
)
# A line that goes on in the next one: YAML's folded scalars (1.2, 8.1.3), and text wrapped by a terminal or a mailer.
_FOLD = rb"\r?\n[\ \t]*+(?:[>\#*][\ \t]?)?(?=[A-Za-z0-9_%-]{4,}+(?:[\s\"'`]|\Z))"

# What begins a token of its own; and whole tokens: as Slack issues them, and as rules take them.
_BEGINS = rb"xox[abcdeoprs]|xapp-|xwfp-|https?:"
_NUMBERS = rb"(?:-\d{8,16})"
_WHOLE = (
    rb"xox[br](?:-\d)?" + _NUMBERS + rb"{1,3}-[A-Za-z0-9]{23,} | xoxa(?:-\d)?" + _NUMBERS + rb"{2,3}-[A-Za-z0-9]{32,}"
    rb"| xox[pesco](?:-\d)?" + _NUMBERS + rb"{2,4}-(?:[0-9a-fA-F]{64,}|(?!(?<=xoxc)\w)[0-9a-fA-F]{32}\w*)"
    rb"| (?:xoxe\.)?xapp-.*[0-9a-fA-F]{64} | xwfp-.*-\w{32,} | xoxd-.{96,} | .*hooks\.slack.*/(?:\w{24,}|[0-9a-f]{32})"
)
_ENOUGH = rb"xox[abr](?:-\d)?" + _NUMBERS + rb"{1,3}-[A-Za-z0-9]{16,} | xoxd-.{40,}"
_LEGACY = rb"xox[pso](?:-\d)?" + _NUMBERS + rb"{3}-(?:[A-Za-z0-9]{10}|[A-Za-z0-9]{6})"

_GOES_ON = frozenset(b"%c" % byte for byte in b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_%-")
_ENDS = (b"\r", b"\n")


@cache
def compiled(pattern: bytes) -> re.Pattern[bytes]:
    """`pattern`, verbose, compiled when it is first needed."""
    return re.compile(pattern, re.X)


def run(data: bytes, start: int) -> int:
    """Where the characters that a token may have come to their end, from `start` on."""
    found = compiled(RUN).match(data, start, start + LONGEST)
    return found.end() if found else start


def begins(piece: bytes) -> bool:
    """Whether another token begins here."""
    return compiled(_BEGINS).match(piece) is not None


def whole(said: bytes) -> bool:
    """Whether this is a token already, as Slack issues them."""
    return _is(_WHOLE, said)


def _is(pattern: bytes, said: bytes) -> bool:
    """Whether `said` is that, as it stands or with its dashes made plain: `xoxb%2D1%2D2` is as whole as `xoxb-1-2`."""
    return any(compiled(pattern).fullmatch(one) for one in (said, issued(said)))


def following(data: bytes, end: int, said: bytes) -> tuple[int, int] | None:
    """The piece that continues `said`, whose last piece comes to its end at `end`: where it begins and ends."""
    limit = end + _GAP
    closed = compiled(_CLOSED).match(data, end, limit)
    if closed:
        found = compiled(_STRONG).match(data, closed.end(), limit)
        if found:
            return _piece(data, found.end(), said)
        return _weakly(data, _behind(data, closed, limit), said)
    return _weakly(data, _within(data, end, limit, said), said)


def _behind(data: bytes, closed: re.Match[bytes], limit: int) -> int | None:
    """Where the next piece begins behind a literal, over a weak gap."""
    quoted = closed.end("quote")
    if data[quoted : quoted + 1] in _GOES_ON:  # a word of a shell, quoted in part
        return quoted
    found = compiled(_WEAK).match(data, closed.end(), limit)
    return found.end() if found else None


def _within(data: bytes, end: int, limit: int, said: bytes) -> int | None:
    """The same behind a piece that is not at the end of its literal."""
    found = compiled(_INSIDE).match(data, end, limit)
    if not found and data[end : end + 1] in _ENDS and not _is(_ENOUGH, said):
        found = compiled(_FOLD).match(data, end, limit)
    return found.end() if found else None


def _weakly(data: bytes, start: int | None, said: bytes) -> tuple[int, int] | None:
    piece = None if start is None else _piece(data, start, said)
    if not piece or whole(said):
        return None
    if _is(_LEGACY, said) and not _is_hex(data[piece[0] : piece[1]]):
        return None
    return piece


def _piece(data: bytes, start: int, said: bytes) -> tuple[int, int] | None:
    if begins(data[start : start + 8]) and not said.endswith(b"xoxe."):
        return None
    end = run(data, start)
    return (start, end) if end > start else None


def _is_hex(piece: bytes) -> bool:
    return len(piece) > 3 and not piece.strip(b"0123456789abcdefABCDEF")
