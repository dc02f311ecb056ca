r"""Notebooks (.ipynb): the source of a cell, or what an output says, as text.

A notebook is JSON (nbformat 4, "The notebook file format"): `source` of a cell, and `text`, `traceback` and the data
of its outputs, are arrays of strings, a line each, or one string. So a token that goes on in the next line of a cell
stands in two strings, with JSON's escapes (RFC 8259, section 7) in between. This view shows the lines as they are;
what they break up is for other views to join.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache, partial
from heapq import merge

from scanner.decode.characters import STARTS
from scanner.decode.view import Decoded, Raw, Run, View, later, through

ANCHORS = (b"xox", b"xapp", b"xwfp", b"hooks.slack")

_BEFORE, _BEHIND = 8 << 10, 32 << 10  # bytes of a cell that are shown on either side of an anchor
_SLASHES = 16  # before a quote: so many are looked at
_LINES = 10  # strings before the one that holds an anchor
_ESCAPE = (
    rb"\\(?:u[dD][89abAB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|[\"\\/bfnrt])"
    rb"|(?P<between>(?<=\\n)\"\s*+,\s*+\")"  # from one line to the next
)
_STRINGS = rb"(?:[^\"\\]++|\\.|(?<=\\n)\"\s*+,\s*+\")*+"
_CONTROL = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}


def decode(data: bytes, found: Sequence[bytes] = (), /) -> Iterator[Decoded]:
    """The lines of cells and outputs around each anchor; nothing where the text is no notebook, or says the same."""
    if b'"cell_type"' not in data:
        return
    done = 0
    for hit in merge(*(_hits(data, anchor) for anchor in ANCHORS)):
        if hit >= done:
            start, end = _start(data, hit), _end(data, hit)
            done = end if end - hit < _BEHIND - _BEFORE else end - _BEFORE  # the next part begins before this one ends
            if data.find(b"\\", start, end) >= 0:  # else it stands there as it is
                yield Decoded(_escape().sub(_plain, data[start:end]), later(partial(_way, data, start, end)))


VIEW = View("notebook", lambda: STARTS, decode)


def _hits(data: bytes, anchor: bytes) -> Iterator[int]:
    hit = data.find(anchor)
    while hit >= 0:
        yield hit
        hit = data.find(anchor, hit + len(anchor))


def _start(data: bytes, hit: int) -> int:
    """Where the strings around `hit` begin, ten lines before at most: behind a quote."""
    least = max(hit - _BEFORE, 0)
    start = _opening(data, least, hit)
    for _ in range(_LINES):
        before = data[least : max(start - 1, least)].rstrip()
        inner = before[:-1].rstrip() if before.endswith(b",") else b""
        if not inner.endswith(b'\\n"'):
            break
        start = _opening(data, least, least + len(inner) - 1)
    return start


def _opening(data: bytes, least: int, at: int) -> int:
    """Behind the last quote before `at` that no backslash escapes; `least` if there is none."""
    quote = data.rfind(b'"', least, at)
    while quote >= 0:
        before = data[max(quote - _SLASHES, least) : quote]
        if (len(before) - len(before.rstrip(b"\\"))) % 2 == 0:
            return quote + 1
        quote = data.rfind(b'"', least, quote)
    return least


def _end(data: bytes, hit: int) -> int:
    """Where the strings around `hit` end: before a quote, or where a part is as long as it may be."""
    found = _strings().match(data, hit, hit + _BEHIND)
    return found.end() if found else hit


@cache
def _strings() -> re.Pattern[bytes]:
    return re.compile(_STRINGS, re.S)


@cache
def _escape() -> re.Pattern[bytes]:
    return re.compile(_ESCAPE)


def _plain(found: re.Match[bytes]) -> bytes:
    """What an escape stands for; nothing for what parts two strings."""
    if found["between"]:
        return b""
    said = found[0]
    if said[1:2] == b"u":
        units = bytes.fromhex(said.replace(b"\\u", b"").decode())
        return units.decode("utf-16-be", "surrogatepass").encode("utf-8", "surrogatepass")
    return _CONTROL.get(said[1:2], said[1:2])


def _way(data: bytes, start: int, end: int) -> Raw:
    return through(tuple(_runs(data[start:end], start)))


def _runs(text: bytes, start: int) -> Iterator[Run]:
    at = done = 0
    for found in _escape().finditer(text):
        gap, size = found.start() - done, len(_plain(found))
        if gap:
            yield Run(at, gap, start + done, start + found.start())
        if size:
            yield Run(at + gap, size, start + found.start(), start + found.end())
        at, done = at + gap + size, found.end()
    yield Run(at, len(text) - done, start + done, start + len(text))
