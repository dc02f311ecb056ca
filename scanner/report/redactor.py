"""The last step before any byte leaves: no secret of the run gets past, however it is written.

Two layers. First every *known* secret, in raw, UTF-16, hex and base64 form (at its three shifts, both alphabets), and
in base64 of base64 or of UTF-16. Second whatever else still has the shape of a Slack token, or has it in one of these
forms. Both look at the bytes as they
are and at the same bytes with percent and backslash escapes undone (a few times over), typographic dashes made plain
and invisible characters left out, so any mixture of escaped and plain characters is seen.

Known secrets are found in one pass whose cost does not depend on how many there are: every eighth byte of the output
begins a word of eight bytes, and of a secret of 15 bytes or more at least one such word lies wholly inside.
"""

from __future__ import annotations

import re
import sys
from binascii import a2b_base64, b2a_base64
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from typing import NamedTuple

from scanner.model import Secret

MASK = b"****"
WORD = 8
SURE = 2 * WORD - 1  # the shortest run that holds an aligned word wherever it begins
LEAST = 6  # shorter than any credential; masking less would shred the report
WINDOW = 8192  # words looked at in one go
ROUNDS = 3  # how many layers of escapes are undone: percent in JSON in percent

# Patterns are compiled where they are first needed (re remembers them): the hook mostly needs none.

# What is public in a token and stays readable: prefix, ids, host. What follows it is the secret part.
_PUBLIC = (
    rb"(?:xoxe\.)?(?:xox[a-z]|xapp|xwfp)-(?:(?:[0-9]{1,16}|A[A-Z0-9]{7,14})-)*"
    rb"|https?://hooks\.slack[a-z.-]*/(?:[^/]*/)*"
)

_HOOK_HOST, _HOOK_PATH = rb"hooks\.slack[a-z.-]*", rb"/(?:[A-Za-z0-9_]{1,24}/){2,4}([A-Za-z0-9]{20,})"

# Ids before a part that is masked already, the first of which may be as long as a secret: that one is none.
_ID = rb"(?![0-9]{6,16}-(?:[0-9]{1,16}-){0,3}\*)"

# Each needs no more than its anchor to be cheap: sre searches the literal first. Group 1 is what is masked.
_SHAPES = (
    (b"xox", rb"xox[a-z]-(?:[0-9]{1,16}-)+" + _ID + rb"([A-Za-z0-9]{16,}+)"),
    (b"xox", rb"xox[a-z]-(?:[0-9]{8,16}-){3}" + _ID + rb"([A-Za-z0-9]{6,}+)"),
    (b"xoxe", rb"xoxe(?:\.xox[a-z])?-[0-9]-([A-Za-z0-9+/_=]{16,})"),
    (b"xoxd-", rb"xoxd-([A-Za-z0-9+/_=-]{16,})"),
    (b"xapp-", rb"xapp-(?:[A-Z0-9]{1,16}-)+" + _ID + rb"([A-Za-z0-9]{16,}+)"),
    (b"xwfp-", rb"xwfp-([A-Za-z0-9-]{16,})"),
    (b"hooks.slack", _HOOK_HOST + _HOOK_PATH),
    *((host, rb"(?i:" + _HOOK_HOST + rb")" + _HOOK_PATH) for host in (b"Hooks.slack", b".Slack", b".SLACK")),
)

# What tokens begin with, for those that nobody found and that stand there in hex or base64.
_STARTS = (b"xox", b"xapp", b"xwfp", b"hooks.slack")
_HEX_STARTS = {cased for start in _STARTS for cased in (start.hex().encode(), start.hex().upper().encode())}
_HEX, _BASE64 = rb"[0-9A-Fa-f]*+", rb"[A-Za-z0-9+/_-]*+"
# In characters of an encoded run: no token is so short, a token shows its shape within so many, and decoded in one go.
_TOO_SHORT, _ENOUGH, _PIECE = 28, 512, 4096

# Dashes that editors make of a plain one, and what nobody sees: as UTF-8, and as escapes of JSON and of our own.
_DASHES = rb"\xe2\x80[\x90-\x95]|\xe2\x88\x92|\xef(?:\xb9[\x98\xa3]|\xbc\x8d)|\\u(?i:201[0-5]|2212|fe58|fe63|ff0d)"
_INVISIBLE = (
    rb"\xe2\x80[\x8b-\x8f\xa8-\xae]|\xe2\x81[\xa0-\xaf]|\xc2\xad|(?<![\x80-\xff])\xad|\xcd\x8f|\xd8\x9c|\xe1\xa0\x8e"
    rb"|\xef\xb8[\x80-\x8f]|\xef\xbb\xbf|\\u(?i:00ad|034f|061c|180e|200[b-f]|202[89a-e]|206[0-9a-f]|fe0[0-9a-f]|feff)"
    rb"|\\xad"
)
_ESCAPE = rb"%[0-9A-Fa-f]{2}|(" + _DASHES + rb")|(" + _INVISIBLE + rb")"
_ESCAPE += rb"|\\(?:u00[0-9A-Fa-f]{2}|x[0-9A-Fa-f]{2}|[\\/\"])"
_OPEN_ESCAPE = rb"(?:\\(?:u[0-9A-Fa-f]{0,3}|x[0-9A-Fa-f]?)?|%[0-9A-Fa-f]?)\Z"

_STANDARD, _FOR_URLS = bytes.maketrans(b"-_", b"+/"), bytes.maketrans(b"+/", b"-_")

Span = tuple[int, int]


class Redactor:
    """Masks the secrets of one run. Build it once; `clean` is pure and may be called for every chunk."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        needles = {form for secret in secrets for form in _forms(secret.reveal())}
        self._short = sorted(needle for needle in needles if LEAST <= len(needle) < SURE)
        self._words: dict[int, list[tuple[bytes, int]]] = {}
        for needle in needles:
            if len(needle) >= SURE:
                for offset in range(WORD):
                    word = int.from_bytes(needle[offset : offset + WORD], sys.byteorder)
                    self._words.setdefault(word, []).append((needle, offset))
        # Chunks may be cut at line ends only as long as no secret spans one.
        self.by_line = not any(b"\n" in needle for needle in needles)

    def clean(self, data: bytes) -> bytes:
        """`data` with every secret in it replaced by ****. Valid JSON stays valid, and so do percent escapes."""
        spans = self._spans(data, ROUNDS)
        return _masked(data, spans) if spans else data

    def _spans(self, data: bytes, rounds: int) -> list[Span]:
        spans = [*self._known(data), *_shaped(data), *_in_hex(data), *_in_base64(data)]
        if rounds and (b"%" in data or b"\\" in data or not data.isascii()) and re.search(_ESCAPE, data):
            view = _unescape(data)
            spans += [view.raw(span) for span in self._spans(view.data, rounds - 1)]
        return spans

    def _known(self, data: bytes) -> Iterator[Span]:
        for needle in self._short:
            yield from _occurrences(data, needle)
        if self._words:
            yield from self._long(data)

    def _long(self, data: bytes) -> Iterator[Span]:
        words = memoryview(data)[: len(data) // WORD * WORD].cast("Q")
        for low in range(0, len(words), WINDOW):
            window = words[low : low + WINDOW]
            if not self._words.keys().isdisjoint(window):
                for index, word in enumerate(window, low):
                    yield from self._at(data, index * WORD, word)

    def _at(self, data: bytes, where: int, word: int) -> Iterator[Span]:
        for needle, offset in self._words.get(word, ()):
            start = where - offset
            if start >= 0 and data.startswith(needle, start):
                yield start, start + len(needle)


def _forms(secret: bytes) -> Iterator[bytes]:
    """How the secret part of a token may be written. The whole token, where that part is too short to stand alone."""
    public = re.match(_PUBLIC, secret)
    core = secret[public.end() :] if public else secret
    core = core if len(core) > SURE else secret
    # A "%0" or "\\u0" just before it would seem to make its first characters an escape: the rest is left.
    for part in (core, core[5:]):
        yield part
        yield _wide(part)
        yield part.hex().encode()
        yield part.hex().upper().encode()
        yield from _base64(part)
    yield from _base64(_wide(core))
    yield from (twice for once in _base64(core) for twice in _base64(once))


def _wide(part: bytes) -> bytes:
    """What UTF-16 of either byte order has in common."""
    return b"\0".join(part[i : i + 1] for i in range(len(part)))


def _base64(part: bytes) -> Iterator[bytes]:
    for _, own in _shifts(part):
        yield from (own, own.translate(_FOR_URLS))


def _shifts(plain: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Base64 of it behind none to two bytes: what has bits of these, too, here zeros; and what is its alone."""
    for shift in range(3):
        encoded = b2a_base64(b"\0" * shift + plain, newline=False)
        first = -(-shift * 8 // 6)
        yield encoded[:first], encoded[first : (shift + len(plain)) * 8 // 6]


def _occurrences(data: bytes, needle: bytes) -> Iterator[Span]:
    at = data.find(needle)
    while at >= 0:
        yield at, at + len(needle)
        at = data.find(needle, at + 1)


def _shaped(data: bytes) -> Iterator[Span]:
    for anchor, shape in _SHAPES:
        if anchor in data:
            yield from (found.span(1) for found in re.finditer(shape, data))


def _in_hex(data: bytes) -> Iterator[Span]:
    """Runs of hex that hold a token, from its first digit to the run's end."""
    for start in _HEX_STARTS:
        yield from _encoded(data, start, _HEX, 2, lambda run: bytes.fromhex(run[: len(run) // 2 * 2].decode()))


def _in_base64(data: bytes, twice: bool = True) -> Iterator[Span]:
    """Runs of base64 that hold a token, from its first character to the run's end; `twice`: also base64 of such."""
    for before, own in _images((*_STARTS, *map(_wide, _STARTS))):
        yield from _encoded(data, own, _BASE64, 4, partial(_from_base64, before))
    for before, own in _images(tuple(own for _, own in _images(_STARTS))) if twice else ():
        yield from _encoded(data, own, _BASE64, 4, partial(_from_base64, before), partial(_in_base64, twice=False))


@cache
def _images(starts: tuple[bytes, ...]) -> tuple[tuple[bytes, bytes], ...]:
    return tuple(each for start in starts for each in _shifts(start))


def _from_base64(before: bytes, run: bytes) -> bytes:
    run = before + run
    return a2b_base64(run[: len(run) // 4 * 4].translate(_STANDARD))


def _encoded(
    data: bytes,
    start: bytes,
    run: bytes,
    unit: int,
    decode: Callable[[bytes], bytes],
    held: Callable[[bytes], Iterator[Span]] = _shaped,
) -> Iterator[Span]:
    """From where `start` stands in `data` to the end of what matches `run`, where that decodes to what `held` finds.
    What is decoded in units of so many characters is decoded once for each place in a unit that a start has."""
    passed = [0] * unit
    at = data.find(start)
    while at >= 0:
        seen = at
        if at >= passed[at % unit]:
            piece = re.compile(run).match(data, at, at + _PIECE)[0]  # type: ignore[index]
            if len(piece) >= _TOO_SHORT and any(held(_folded(decode(piece)))):
                seen = re.compile(run).match(data, at).end() - 1  # type: ignore[union-attr]
                yield at, seen + 1
            # A token that begins near the end of a piece shows its shape in the next one only.
            passed[at % unit] = at + len(piece) - (_ENOUGH if len(piece) == _PIECE else 0)
        at = data.find(start, seen + 1)


def _folded(data: bytes) -> bytes:
    data = data.replace(b"\0", b"")  # of UTF-16
    return data if data.isascii() else _unescape(data).data


class _View(NamedTuple):
    """Bytes with their escapes undone. Escape k is the byte `at[k]` here, and stood at `escapes[k]` before. Those that
    are `hidden` are no byte here, and stand before the next."""

    data: bytes
    at: list[int]
    escapes: list[Span]
    hidden: set[int]

    def raw(self, span: Span) -> Span:
        """Where a span of the view stands in the raw bytes; escapes that it touches are inside as a whole."""
        return self._byte(span[0])[0], self._byte(span[1] - 1)[1]

    def _byte(self, where: int) -> Span:
        k = bisect_right(self.at, where) - 1
        if k < 0:
            return where, where + 1
        start, end = self.escapes[k]
        past = where - self.at[k] + (k in self.hidden)
        return (start, end) if not past else (end + past - 1, end + past)


def _unescape(data: bytes) -> _View:
    parts: list[bytes] = []
    at: list[int] = []
    escapes: list[Span] = []
    hidden: set[int] = set()
    last = length = 0
    for found in re.finditer(_ESCAPE, data):
        start, end = found.span()
        plain = _unescaped(found)
        parts += data[last:start], plain
        at.append(length + start - last)
        length = at[-1] + len(plain)
        if not plain:
            hidden.add(len(escapes))
        escapes.append((start, end))
        last = end
    return _View(b"".join([*parts, data[last:]]), at, escapes, hidden)


def _unescaped(found: re.Match[bytes]) -> bytes:
    escape = found[0]
    if found.lastindex:
        return b"-" if found[1] else b""
    digits = escape[-2:] if len(escape) > 2 else b""
    return bytes.fromhex(digits.decode()) if digits else escape[1:]


def _masked(data: bytes, spans: list[Span]) -> bytes:
    """`data` with the spans masked: what touches becomes one mask, and no escape is left without its end."""
    parts: list[bytes] = []
    last = 0
    for start, end in _merged(spans):
        parts += _closed(data[last:start]), MASK
        last = end
    return b"".join([*parts, data[last:]])


def _closed(before: bytes) -> bytes:
    cut = re.search(_OPEN_ESCAPE, before[-WORD:])
    return before[: len(before) - len(cut[0])].rstrip(b"\\") if cut else before


def _merged(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged
