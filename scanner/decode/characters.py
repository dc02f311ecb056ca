r"""One engine for all encodings that spell characters one by one: `%78`, `\\x78`, `&#120;`, `=78`, or put something
invisible between them. A dialect says how one character is spelled; the rest (where to look, what to decode, the way
back) is the same for all.

A text is decoded only around two sorts of places: where an anchor of the dialect stands (an encoded `x`, say), and
where a token begins in plain letters and goes on in a way that rules do not see (scanner.spelling knows punctuation).
"""

from __future__ import annotations

import re
import string
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, lru_cache
from itertools import islice
from typing import NamedTuple

from scanner.decode.view import Decoded, Raw, Run, View, later, through
from scanner.spelling import MARKS, spellings

# What rules look for, as far as it stands in plain letters.
STARTS = (*(b"xox%c" % letter for letter in b"abcdeoprs"), b"xapp", b"xwfp", b"hooks.slack")

Plain = Callable[[re.Match[bytes]], bytes]

# In bytes. What is decoded on either side of a place (the longest token, at 20 for a character), and how far behind one
# place no other is looked for.
_BEFORE, _BEHIND, _SKIPPED = 1 << 10, 32 << 10, 8 << 10
_LARGEST = 1 << 20
_FEW = 1 << 10  # places that are remembered of a text
_NEAR = 512  # bytes: what an anchor tells of begins so near to it
_SIGNS = (b"%", b"\\", b"&", b"#", b"=")  # what a spelled character begins with
# What a token may go on with: its own characters, and what another encoding within this one begins with.
_GOES_ON = frozenset((string.ascii_letters + string.digits + "-_/:.+=%&#\\\x1b").encode()) | frozenset(range(0x80, 256))


class Dialect(NamedTuple):
    """How one character is spelled: what matches it, what it stands for (nothing, where it is invisible; itself, where
    it stands for none), and the literals that betray it in `xox`, `xapp`, `xwfp` or `hooks.slack`. `own` are plain
    characters that begin a spelled one. `starts` is where a token may begin in plain letters."""

    pattern: bytes
    plain: Plain
    anchors: tuple[bytes, ...] = ()
    own: bytes = b""
    starts: tuple[bytes, ...] = STARTS


def view(name: str, *dialects: Dialect) -> View:
    """The view called `name`: each of `dialects` by itself, since the same bytes may mean different things."""

    def anchors() -> Iterable[bytes]:
        return (anchor for dialect in dialects for anchor in (*dialect.anchors, *dialect.starts))

    def decode(data: bytes, found: Sequence[bytes] = (), /) -> Iterator[Decoded]:
        for dialect in dialects:
            yield from parts(data, dialect, found)

    return View(name, anchors, decode)


def parts(data: bytes, dialect: Dialect, found: Sequence[bytes] = ()) -> Iterator[Decoded]:
    """What `data` holds in `dialect`, in order of place: parts that are made of a megabyte at most."""
    places = (*_anchored(data, dialect, found), *_begun(data, dialect, found))
    for start, end in _cut(_merged(places, len(data))):
        yield _part(data[start:end], start, dialect)


@lru_cache(1024)
def _standing(literals: tuple[bytes, ...], found: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Those that can stand in a text, if of all literals these were `found` there."""
    return tuple(one for one in literals if any(known in one for known in found)) if found else literals


def character(code: int, otherwise: bytes) -> bytes:
    """The character with that code in UTF-8, or `otherwise` where there is none."""
    return chr(code).encode("utf-8", "surrogatepass") if code <= 0x10FFFF else otherwise


def _anchored(data: bytes, dialect: Dialect, found: Sequence[bytes]) -> Iterator[tuple[int, int]]:
    for anchor in _standing(dialect.anchors, tuple(found)):
        at = data.find(anchor)
        while at >= 0:
            begins = _begins(data[max(at - _NEAR, 0) : at + 2 * _NEAR], dialect)
            if begins:
                yield _around(at)
            at = data.find(anchor, at + (_SKIPPED if begins else _NEAR))


def _begins(near: bytes, dialect: Dialect) -> bool:
    """Whether a token begins there, or what begins another encoding comes out: most anchors stand for nothing."""
    plain = compiled(dialect.pattern).sub(dialect.plain, near)
    return any(start in plain for start in STARTS) or any(plain.count(sign) > near.count(sign) for sign in _SIGNS)


def _begun(data: bytes, dialect: Dialect, found: Sequence[bytes]) -> Iterator[tuple[int, int]]:
    """Around the tokens that begin in plain letters and go on spelled. What was read once is not read again."""
    unit, seen = compiled(dialect.pattern), compiled(_seen(dialect.own))
    for start in _standing(dialect.starts, tuple(found)):
        places = _places(data, start)
        at = _next(data, start, places, 0)
        while at >= 0:
            plain = seen.match(data, at + len(start))
            end = plain.end() if plain else at + len(start)
            if _hides(data, end, unit, dialect.plain):
                yield _around(at)
                end = max(end, at + _SKIPPED)
            at = _next(data, start, places, end)


def _places(data: bytes, start: bytes) -> Sequence[int]:
    """The first places of `start`: every dialect asks for them, and a long text takes long to go through."""
    known = _known(data)
    if start not in known:
        known[start] = list(islice(_all(data, start), _FEW + 1))
    return known[start]


def _all(data: bytes, start: bytes) -> Iterator[int]:
    at = data.find(start)
    while at >= 0:
        yield at
        at = data.find(start, at + 1)


@lru_cache(1)
def _known(data: bytes) -> dict[bytes, Sequence[int]]:
    """Of the text that was looked at last, what `_places` found."""
    return {}


def _next(data: bytes, start: bytes, places: Sequence[int], at: int) -> int:
    """The first place of `start` from `at` on, if these are its first; -1 where there is none."""
    if len(places) > _FEW:
        return data.find(start, at)
    later = bisect_left(places, at)
    return places[later] if later < len(places) else -1


def _around(at: int) -> tuple[int, int]:
    return at - _BEFORE, at + _SKIPPED + _BEHIND


def _hides(data: bytes, at: int, unit: re.Pattern[bytes], plain: Plain) -> bool:
    """Whether a spelled character stands at `at` with which a token may go on."""
    end = at
    while found := unit.match(data, end, at + _BEHIND):
        value = plain(found)
        if value:
            return value != found[0] and value[0] in _GOES_ON
        end = found.end()
    return at < end < len(data) and data[end] in _GOES_ON


@cache
def compiled(pattern: bytes) -> re.Pattern[bytes]:
    """`pattern`, compiled when it is first needed: most runs decode nothing."""
    return re.compile(pattern)


@cache
def _seen(own: bytes) -> bytes:
    """What rules see of a token behind its beginning: plain characters, and punctuation in every spelling."""
    plain = bytes(byte for byte in b"A-Za-z0-9_:/.+=%-" if byte not in own)
    spelled = "|".join(spellings(name) for name in MARKS).encode()
    return b"(?:[%b]++|(?=[%%&\\\\\xe2])(?:%b)){0,4096}+" % (plain, spelled)


def _merged(regions: Iterable[tuple[int, int]], size: int) -> Iterator[tuple[int, int]]:
    """In order, within a text of that size, and none overlaps another."""
    first, reach = 0, -1
    for start, end in sorted(regions):
        if start > reach:
            if reach >= 0:
                yield first, reach
            first = max(start, 0)
        reach = max(reach, min(end, size))
    if reach >= 0:
        yield first, reach


def _cut(regions: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """None larger than a megabyte; the parts of a longer one overlap by what a token may take."""
    for start, end in regions:
        while end - start > _LARGEST:
            yield start, start + _LARGEST
            start += _LARGEST - _BEHIND
        yield start, end


def _part(text: bytes, start: int, dialect: Dialect) -> Decoded:
    def way() -> Raw:
        return through(tuple(_runs(text, start, dialect)))

    return Decoded(compiled(dialect.pattern).sub(dialect.plain, text), later(way))


def _runs(text: bytes, start: int, dialect: Dialect) -> Iterator[Run]:
    at = done = 0
    for found in compiled(dialect.pattern).finditer(text):
        gap, size = found.start() - done, len(dialect.plain(found))
        if gap:
            yield Run(at, gap, start + done, start + found.start())
        yield Run(at + gap, size, start + found.start(), start + found.end())
        at, done = at + gap + size, found.end()
    yield Run(at, len(text) - done, start + done, start + len(text))
