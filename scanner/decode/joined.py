r"""Strings broken up in source: `"xoxb-1" + "-2"`, `'xoxb-'"1"-2`, a backslash at the end of a line, `["xoxb", "1"]`.

The characters `xox?` (`xapp`, `xwfp`, `hooks.slack`) stand whole in the first piece; there are eight pieces at most,
within ten lines. All are constants: what a variable holds is not known here. What stands between pieces is described
in scanner.decode.joined_gaps, lists and formats in scanner.decode.joined_lists.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

from scanner.decode.characters import STARTS
from scanner.decode.joined_gaps import compiled, following, run, whole
from scanner.decode.joined_lists import PIECES, Piece, lists, template
from scanner.decode.view import Decoded, Run, View

ANCHORS = (b"xox", b"xapp", b"xwfp", b"hooks.slack")

_LINES = 10
_SHORTEST = 28  # bytes: no token is shorter
_BEFORE = 24  # bytes that rules' checks look at before a token
_CLOSES = frozenset(b"\"'`\\&)^{}$#,\r\n \t")  # what a piece may come to its end with
_QUOTES = frozenset(b"\"'`")
_LAST = (b":", b"]", b"=", b">", b");", b"):", b"),")  # what follows a literal that is not continued
_TYPES = frozenset(b"abcdeoprs")
# The beginning of a token, as it is after joining.
_LIKELY = rb"(?:xox[abcdeoprs]|xapp|xwfp)(?:[-.%\\&]|\xe2\x80)|hooks\.slack"


def decode(data: bytes, found: Sequence[bytes] = (), /) -> Iterator[Decoded]:
    """The tokens of `data` that are made of pieces, each with what stands right before and behind it."""
    for first in _beginnings(data):
        for pieces in _ways(data, first):
            kept = _near(data, pieces) if len(pieces) > 1 else pieces
            if len(kept) > 1 and _likely(_said(data, kept), len(kept) < len(pieces)):
                yield _part(data, kept)


VIEW = View("joined", lambda: STARTS, decode)


def _beginnings(data: bytes) -> Iterator[Piece]:
    """The first pieces. What one takes in is not looked at again."""
    for anchor in ANCHORS:
        hit = data.find(anchor)
        while hit >= 0:
            end = run(data, hit)
            if _goes_on(data, end) and (anchor != b"xox" or data[hit + 3] in _TYPES):
                yield Piece(hit, end)
            hit = data.find(anchor, end)


def _goes_on(data: bytes, end: int) -> bool:
    """Whether anything may follow a piece that comes to its end there. Most are not followed by any: `"xoxb-")`."""
    if end >= len(data) or data[end] not in _CLOSES:
        return False
    return not (data[end] in _QUOTES and data[end + 1 : end + 3].startswith(_LAST))


def _ways(data: bytes, first: Piece) -> Iterator[list[Piece]]:
    """The ways to go on from a first piece."""
    holes = data[first.end] == ord("{") or b"%" in data[first.start : first.end]
    filled = template(data, first.start) if holes else []
    if filled:
        yield filled
        return
    yield _chain(data, first)
    yield from lists(data, first)


def _chain(data: bytes, first: Piece) -> list[Piece]:
    pieces, said = [first], data[first.start : first.end]
    while len(pieces) <= PIECES:
        span = following(data, pieces[-1].end, said)
        if not span:
            break
        pieces.append(Piece(*span))
        said += data[slice(*span)]
    return pieces


def _near(data: bytes, pieces: Sequence[Piece]) -> list[Piece]:
    """Those of the first pieces that are allowed."""
    start = pieces[0].start
    few = pieces[:PIECES]
    return [piece for piece in few if data.count(b"\n", min(start, piece.start), piece.start) < _LINES]


def _said(data: bytes, pieces: Iterable[Piece]) -> bytes:
    return b"".join(piece.glue + data[piece.start : piece.end] for piece in pieces)


def _likely(said: bytes, cut: bool) -> bool:
    """Whether this may be a token; where more pieces follow than are allowed, only what is whole by itself."""
    if len(said) < _SHORTEST or not compiled(_LIKELY).match(said):
        return False
    return not cut or whole(said)


def _part(data: bytes, pieces: Sequence[Piece]) -> Decoded:
    before = max(pieces[0].start - _BEFORE, 0)
    end = pieces[-1].end
    runs = tuple(_runs(pieces, before))
    starts = [one.at for one in runs]

    def spans(first: int, last: int) -> tuple[tuple[int, int], ...]:
        touched = runs[bisect_right(starts, first) - 1 : max(bisect_right(starts, last - 1), 1)]
        alike = [one for one in touched if one.size == one.end - one.start and one.size]
        return tuple(_within(one, first, last) for one in alike) or ((touched[0].start, touched[-1].end),)

    def raw(first: int, last: int) -> tuple[int, int]:
        found = spans(first, max(last, first + 1))
        return min(start for start, _ in found), max(stop for _, stop in found)

    return Decoded(data[before : pieces[0].start] + _said(data, pieces) + data[end : end + 1], raw, spans)


def _runs(pieces: Sequence[Piece], before: int) -> Iterator[Run]:
    """What the part is made of: what stands before, the pieces and what joins them, what stands behind."""
    yield Run(0, pieces[0].start - before, before, pieces[0].start)
    at, end = pieces[0].start - before, pieces[0].start
    for piece in pieces:
        if piece.glue:
            yield Run(at, len(piece.glue), min(end, piece.start), piece.start)
            at += len(piece.glue)
        yield Run(at, piece.end - piece.start, piece.start, piece.end)
        at, end = at + piece.end - piece.start, piece.end
    yield Run(at, 1, end, end + 1)


def _within(one: Run, first: int, last: int) -> tuple[int, int]:
    """Where the bytes of `one` between `first` and `last` stand."""
    return one.start + max(first - one.at, 0), one.start + min(last - one.at, one.size)
