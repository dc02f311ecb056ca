"""The last step before any byte leaves: no secret of the run gets past, however it is written.

Two layers. First every *known* secret, in raw, UTF-16, hex and base64 form (at its three shifts, both alphabets).
Second whatever else still has the shape of a Slack token. Both look at the bytes as they are and at the same bytes
with percent and backslash escapes undone (a few times over), so any mixture of escaped and plain characters is seen.

Known secrets are found in one pass whose cost does not depend on how many there are: every eighth byte of the output
begins a word of eight bytes, and of a secret of 15 bytes or more at least one such word lies wholly inside.
"""

from __future__ import annotations

import re
import sys
from binascii import b2a_base64
from bisect import bisect_right
from collections.abc import Iterable, Iterator
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

# Each needs no more than its anchor to be cheap: sre searches the literal first. Group 1 is what is masked; a long id
# before a part that is masked already is no secret.
_SHAPES = (
    (b"xox", rb"xox[a-z]-(?:[0-9]{1,16}-)+([A-Za-z0-9]{16,}+)(?!-\*)"),
    (b"xox", rb"xox[a-z]-(?:[0-9]{8,16}-){3}([A-Za-z0-9]{6,}+)(?!-\*)"),
    (b"xoxe", rb"xoxe(?:\.xox[a-z])?-[0-9]-([A-Za-z0-9+/_=]{16,})"),
    (b"xoxd-", rb"xoxd-([A-Za-z0-9+/_=-]{16,})"),
    (b"xapp-", rb"xapp-(?:[A-Z0-9]{1,16}-)+([A-Za-z0-9]{16,}+)(?!-\*)"),
    (b"xwfp-", rb"xwfp-([A-Za-z0-9-]{16,})"),
    (b"hooks.slack", _HOOK_HOST + _HOOK_PATH),
    *((host, rb"(?i:" + _HOOK_HOST + rb")" + _HOOK_PATH) for host in (b"Hooks.slack", b".Slack", b".SLACK")),
)

_ESCAPE = rb"%[0-9A-Fa-f]{2}|\\(?:u00[0-9A-Fa-f]{2}|x[0-9A-Fa-f]{2}|[\\/\"])"
_OPEN_ESCAPE = rb"(?:\\(?:u[0-9A-Fa-f]{0,3}|x[0-9A-Fa-f]?)?|%[0-9A-Fa-f]?)\Z"

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
        spans = [*self._known(data), *_shaped(data)]
        if rounds and (b"%" in data or b"\\" in data) and re.search(_ESCAPE, data):
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
        yield b"\0".join(part[i : i + 1] for i in range(len(part)))  # UTF-16 of either byte order
        yield part.hex().encode()
        yield part.hex().upper().encode()
        yield from _base64(part)


def _base64(part: bytes) -> Iterator[bytes]:
    for shift in range(3):
        # The first and last character may depend on the neighbours: only those that are the secret's alone.
        encoded = b2a_base64(b"\0" * shift + part, newline=False)
        standard = encoded[-(-shift * 8 // 6) : (shift + len(part)) * 8 // 6]
        yield standard
        yield standard.translate(bytes.maketrans(b"+/", b"-_"))


def _occurrences(data: bytes, needle: bytes) -> Iterator[Span]:
    at = data.find(needle)
    while at >= 0:
        yield at, at + len(needle)
        at = data.find(needle, at + 1)


def _shaped(data: bytes) -> Iterator[Span]:
    for anchor, shape in _SHAPES:
        if anchor in data:
            yield from (found.span(1) for found in re.finditer(shape, data))


class _View(NamedTuple):
    """Bytes with their escapes undone. Escape k is the byte `at[k]` here, and stood at `escapes[k]` before."""

    data: bytes
    at: list[int]
    escapes: list[Span]

    def raw(self, span: Span) -> Span:
        """Where a span of the view stands in the raw bytes; escapes that it touches are inside as a whole."""
        return self._byte(span[0])[0], self._byte(span[1] - 1)[1]

    def _byte(self, where: int) -> Span:
        k = bisect_right(self.at, where) - 1
        if k < 0:
            return where, where + 1
        start, end = self.escapes[k]
        past = where - self.at[k]
        return (start, end) if not past else (end + past - 1, end + past)


def _unescape(data: bytes) -> _View:
    parts: list[bytes] = []
    at: list[int] = []
    escapes: list[Span] = []
    last = length = 0
    for found in re.finditer(_ESCAPE, data):
        start, end = found.span()
        parts += data[last:start], _unescaped(found[0])
        length += start - last + 1
        at.append(length - 1)
        escapes.append((start, end))
        last = end
    return _View(b"".join([*parts, data[last:]]), at, escapes)


def _unescaped(escape: bytes) -> bytes:
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
