"""All that a text holds, in whatever encodings: the rules look at it as it stands, and at what its views show of it.

Pure. What a view shows is mapped back to the bytes that it was made from, so a match says where it stands in the file;
what stands there in plain text as well is not told twice.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from scanner.allowance import Allowance
from scanner.decode.containers import Budget, Closed, Opened, format_of, opened
from scanner.decode.containers_limits import TORN
from scanner.detect import Detector, Scan
from scanner.model import Dropped, Match, Position
from scanner.positions import position
from scanner.spelling import spelled
from scanner.windows import WHOLE, Window, windows

if TYPE_CHECKING:
    from scanner.decode.view import Decoded

DEEP = 5  # encodings on each other
_LAYERED = ("base64",)  # the others take off all layers at once
_MIXED = 3  # different ones
WITH_ID = ("slack-client-secret",)  # what a client id may stand beside
UNFOLDED = "decoding"  # in place of a rule that ran out of time
_EACH = 128  # bytes: what it takes to look at a part, however small it is
_GAIN = 10  # what a container holds may take as much as a text of so many times its size; no bomb gets more
# What these views show may go on where the raw text seems to end; others may glue something to a whole token. Where
# something that nobody sees is taken off, the length tells.
_GOES_ON = frozenset(("joined", "quoted-printable", "notebook", "base64", "hex"))
_UNSEEN = frozenset(("typographic", "ansi"))

# A character of base64 has six bits, so one of them may hold bits of two tokens; of base64 in base64 up to three may,
# and so on: by how often base64 was taken off.
_IN_BOTH = (0, 1, 3, 5, 8, 12)
_EDGE = 8  # bytes at the end of a window that the last piece of an encoded text may not reach
CUT_SHORT = f"it is encoded, and goes on behind the {WHOLE >> 20} MB that are looked at at once"

Span = tuple[int, int]


class Shown(NamedTuple):
    """A match; `start` and `end` are offsets in the text as it stands. `encoding` is what was taken off, the outermost
    first. `pieces` are the parts of a token that was broken up, if it was."""

    match: Match
    encoding: tuple[str, ...] = ()
    pieces: tuple[Span, ...] = ()
    beside: tuple[tuple[str, str, Span], ...] = ()  # public ids that belong to it: kind, value and place
    member: tuple[bytes, ...] | None = None  # names in a container that is encoded: its place is that of the whole
    position: Position | None = None  # in the innermost of these
    spelt: int = 0  # how many of `encoding`, the innermost, are how the match itself is spelled


class Uncovered(NamedTuple):
    """What one text holds. `dropped` and `overrun` as in scanner.detect.Scan; `tried`: whether a rule
    had a place to be tried at, in it or in what it shows, or a container was opened."""

    shown: tuple[Shown, ...]
    dropped: tuple[Dropped, ...]
    overrun: tuple[str, ...]
    tried: bool
    closed: tuple[str, ...] = ()  # why what is packed in it was not opened


def uncover(detector: Detector, data: bytes, shared: Allowance | None = None, cut: bool = False) -> Uncovered:
    """Everything that the rules find in `data`, sorted by place. What it takes counts as `shared`, if it is a part of
    something. `cut`: does the text go on behind it?"""
    shared = shared or Allowance()
    shared.grow(len(data))
    looker = _Looker(detector, shared, len(data) - _EDGE if cut else None)
    scan, shown = looker.look(data)
    tried = looker.tried or bool(looker.overrun or looker.closed)
    return Uncovered(_distinct(shown), scan.dropped, tuple(looker.overrun), tried, tuple(looker.closed))


class _Looker:
    """Looks at a text and at what it shows; counts what that takes."""

    def __init__(self, detector: Detector, shared: Allowance, edge: int | None) -> None:
        self._detector = detector
        self._shared = shared
        self._edge = edge  # what reaches so far may go on where this text ends
        self._goes_on = False  # whether the part that is looked at does
        self.overrun: dict[str, None] = {}
        self.closed: dict[str, None] = {}
        self.tried = False  # whether a rule had a place to be tried at, or a container was opened

    def look(self, data: bytes, taken: tuple[str, ...] = ()) -> tuple[Scan, list[Shown]]:
        """What the rules make of `data` itself, and all that it shows. The views `taken` made it: of these, only those
        that take off one layer at a time are tried again."""
        if taken and not self._shared.bears():
            self.overrun[UNFOLDED] = None
            return Scan((), (), ()), []
        scan = self._detector.scan(data, self._shared)
        self.tried = self.tried or scan.tried
        self.overrun.update(dict.fromkeys(scan.overrun))
        shown = [_shown(data, match) for match in scan.matches]
        if any(match.rule in WITH_ID for match in scan.matches):
            shown = _with_ids(data, shown)
        if len(taken) < DEEP and not self._shared.spent:
            shown += self._unfolded(data, taken)
        if self._shared.spent:
            self.overrun[UNFOLDED] = None
        return scan, shown

    def _unfolded(self, data: bytes, taken: tuple[str, ...]) -> Iterator[Shown]:
        """What the views show of `data`."""
        for name, found in self._detector.views(data).items():
            from scanner.decode import views  # here: most texts hide nothing

            if name in _LAYERED or (name not in taken and len(set(taken)) < _MIXED):
                for part in views.decode(name, data, found):
                    if self._edge is not None and not taken:
                        self._goes_on = part.raw(0, len(part.data))[1] > self._edge
                    yield from self._through(part, (*taken, name))
                    if self._shared.room < 0 or self._shared.spent:
                        break

    def _through(self, part: Decoded, taken: tuple[str, ...]) -> Iterator[Shown]:
        """What a part shows, back in the text that it is a part of."""
        self._shared.room -= len(part.data) + _EACH
        if self._shared.room < 0:
            self.overrun[UNFOLDED] = None
        elif name := format_of(part.data):
            for inner in self._opened(part.data, name, taken):
                yield _back(taken[-1], part, inner)
        elif self._detector.may_hold(part.data):
            for inner in self.look(part.data, taken)[1]:
                yield _back(taken[-1], part, inner)

    def _opened(self, data: bytes, name: str, taken: tuple[str, ...]) -> Iterator[Shown]:
        """What is packed in a container that was encoded. One that is torn is no damage: texts quote the beginning of
        some."""
        self.tried = True
        budget = self._shared.packed = self._shared.packed or Budget(size=self._shared.outer)
        gain = _GAIN * len(data)
        for one in () if budget.spent else opened(data, name, budget):  # then that was said
            if isinstance(one, Closed):
                reason = CUT_SHORT if self._goes_on and one.reason in TORN else one.reason
                self.closed.update({} if reason in TORN else {reason: None})
                continue
            for window in () if one.format else _windows(one):
                self._detector.unpacked(window.size)
                self._shared.room += 4 * min(window.size, gain) - _EACH
                if self._detector.may_hold(window.data) and self._bears(window.size - gain):
                    for inner in self._packed(window, one, taken):
                        yield inner._replace(match=inner.match._replace(start=0, end=len(data)))
                gain -= min(window.size, gain)

    def _bears(self, excess: int) -> bool:
        """Whether so much more may be looked at than what it was packed in gives a right to."""
        self._shared.excess -= max(excess, 0)
        if excess <= 0 or self._shared.excess >= 0:
            return True
        self.overrun[UNFOLDED] = None
        return False

    def _packed(self, window: Window, one: Opened, taken: tuple[str, ...]) -> Iterator[Shown]:
        """What a content holds that was packed, or a window of it; with its place, if it has a name."""
        content, bounded = window.data, self._shared.bounded
        self._shared.bounded = True
        found = self.look(content, (*taken, *one.encoding))[1]
        self._shared.bounded = bounded
        for inner in found:
            start, end = inner.match.start, inner.match.end
            if window.owns(start):
                member = (*one.member, *(inner.member or ()))
                at = inner.position
                if one.member and at is None:
                    at = position(content, start, end, window.line, window.column)
                yield Shown(inner.match, (*one.encoding, *inner.encoding), member=member, position=at)


def _windows(one: Opened) -> Iterator[Window]:
    """A content in windows; one that is held is one."""
    if one.more is None:
        return iter((Window(one.data, 1, 1, 0, len(one.data) + 1),))
    from scanner.decode.containers_source import reading

    return windows(reading(one.more, one.data), WHOLE)


def _shown(data: bytes, match: Match) -> Shown:
    spellings = spelled(data[match.start : match.end])
    return Shown(match, spellings, spelt=len(spellings))


def _with_ids(data: bytes, shown: Sequence[Shown]) -> list[Shown]:
    from scanner.clientids import KIND, client_ids  # here: few texts hold what has one

    found = client_ids(data, [one.match for one in shown if one.match.rule in WITH_ID])
    return [one._replace(beside=((KIND, *found[one.match]),)) if one.match in found else one for one in shown]


def _back(name: str, part: Decoded, inner: Shown) -> Shown:
    start, end = part.raw(inner.match.start, inner.match.end)
    pieces = tuple(part.raw(*piece) for piece in inner.pieces)
    if part.pieces and not pieces:
        pieces = part.pieces(inner.match.start, inner.match.end)
    beside = tuple((kind, value, part.raw(*span)) for kind, value, span in inner.beside)
    return Shown(
        inner.match._replace(start=start, end=end),
        (name, *inner.encoding),
        pieces,
        beside,
        inner.member,
        inner.position,
        inner.spelt,
    )


def _distinct(shown: Sequence[Shown]) -> tuple[Shown, ...]:
    """Each place once: as it is shown with the fewest encodings taken off, unless that is only the beginning."""
    packed = [one for one in shown if one.member is not None]
    if packed:
        places = {(one.match.secret, one.match.start): one for one in sorted(packed, key=_layers, reverse=True)}
        rest = _distinct([one for one in shown if one.member is None])
        return tuple(sorted((*rest, *places.values()), key=lambda one: one.match.start))
    kept: list[Shown] = []  # by place; none overlaps another, but for characters that hold bits of both
    for one in sorted(_apart(shown), key=_rank):
        both = _IN_BOTH[min(one.encoding.count("base64"), len(_IN_BOTH) - 1)]
        first = bisect_right(kept, one.match.start + both, key=lambda other: other.match.end)
        last = bisect_left(kept, one.match.end - both, first, key=lambda other: other.match.start)
        if all(_goes_on(other, one) for other in kept[first:last]):
            kept[first:last] = [one]
    return tuple(kept)


def _rank(one: Shown) -> tuple[int, int, int]:
    """The fewest encodings first; of these what is as long as tokens are, and the longest."""
    return len(one.encoding), -_likely(one) if one.encoding else 0, one.match.start - one.match.end


def _goes_on(short: Shown, long: Shown) -> bool:
    """Whether one token is only the beginning of another, which a view shows that can tell."""
    views = long.encoding[: len(long.encoding) - long.spelt]
    if not views or not _begins(short, long):
        return False
    return views[-1] in _GOES_ON or (views[-1] in _UNSEEN and _likely(long) >= _likely(short))


def _likely(one: Shown) -> int:
    from scanner.lengths import likely  # here: few texts hold what is encoded

    return likely(one.match.secret.reveal())


def _layers(one: Shown) -> int:
    return len(one.encoding)


def _apart(shown: Sequence[Shown]) -> Iterator[Shown]:
    """Without those that reach into the next token: lines that were encoded one by one look like one text, in which
    nothing parts them. Such a one begins as another does that ends sooner, and ends within a third."""
    places = sorted({(one.match.start, one.match.end) for one in shown if one.encoding})
    for one in shown:
        start, end = one.match.start, one.match.end
        if not one.encoding:
            yield one
            continue
        last = places[bisect_left(places, (end, 0)) - 1]  # that begins before it ends
        shortest = places[bisect_left(places, (start, 0))]
        if not (start < last[0] and end < last[1] and shortest[1] < end):
            yield one


def _begins(short: Shown, long: Shown) -> bool:
    """Whether one token is the beginning of another; `=` at its end may be a soft line break's."""
    one, other = short.match.secret.reveal(), long.match.secret.reveal()
    return len(one) < len(other) and other.startswith(one.rstrip(b"="))
