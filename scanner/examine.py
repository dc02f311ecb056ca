"""What one text holds: as it stands, and behind encodings. No I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from scanner.allowance import Allowance
from scanner.detect import Detector
from scanner.model import Beside, Dropped, Hit, Position, Skip
from scanner.positions import position, positions
from scanner.windows import WHOLE, windows

if TYPE_CHECKING:
    from scanner.decode.view import Raw


class Examined(NamedTuple):
    """What one text holds. `dropped` has a position for each candidate; `overrun` names rules that ran out of time;
    `skipped` what is packed in it and stays closed; `unread` what of it could not be read, and why."""

    hits: tuple[Hit, ...] = ()
    dropped: tuple[tuple[Position, Dropped], ...] = ()
    overrun: tuple[str, ...] = ()
    skipped: tuple[Skip, ...] = ()
    unread: tuple[str, ...] = ()


NOTHING = Examined()
BEGINNING = 1024  # bytes: text in UTF-16 or UTF-32 has a zero in these, if only for the end of a line
_PLACES = 20  # of so many skips of a kind it is said where they are
UNFOLDS = Skip("encoded content", "it unfolds to more than is looked at")


def examine(
    detector: Detector,
    data: bytes,
    foreign: bool = False,
    line: int = 1,
    column: int = 1,
    shared: Allowance | None = None,
    cut: bool = False,
    known: str = "",
) -> Examined:
    """All hits in `data`, whose first character stands at `line` and `column`. `foreign`: do markers of other tools
    count? `shared`: what it may take, together with others. `cut`: does the text go on behind it? `known`: its charset,
    where a part does not tell. NOTHING itself where no rule was tried at all (Scan.tried)."""
    held = detector.may_hold(data)
    begins = detector.decodes and line == column == 1 and (b"\0" in data if held else is_wide(data))
    text = _text(data, known, line == column == 1) if begins or (known and detector.decodes) else None
    raw = _examined(detector, data, foreign, line, column, shared, cut) if held else NOTHING
    if text is None:
        return raw
    name, plain, back = text
    # What is encoded there may show in none of its bytes as they stand.
    inner = _examined(detector, plain, foreign, line, column, shared, cut) if detector.may_hold(plain) else NOTHING
    if raw is NOTHING and inner is NOTHING:
        return NOTHING
    hits = [_in_charset(hit, name, back) for hit in inner.hits]
    # A file may be half in one charset and half in another; what stands in its own is told with its own lines.
    more = [hit for hit in raw.hits if not any(_same_place(hit, other) for other in hits)]
    overrun, skipped = (*inner.overrun, *raw.overrun), summed((*inner.skipped, *raw.skipped))
    return Examined((*hits, *more), (*inner.dropped, *raw.dropped), overrun, skipped)


def _text(data: bytes, known: str, first: bool) -> tuple[str, bytes, Raw] | None:
    from scanner.decode import charset  # what has no zeros needs none

    return charset.part(data, known, first) if known else charset.text(data)


def is_wide(data: bytes) -> bool:
    """Whether `data` is in UTF-16 or UTF-32. This is asked of every text: nearly all have no zero where they begin."""
    if data.find(b"\0", 0, BEGINNING) < 0:
        return False
    from scanner.decode import charset

    return charset.is_wide(data)


def wide(data: bytes) -> tuple[str, Callable[[bytes], bytes]] | None:
    """The charset of the text that begins with `data`, if it is UTF-16 or UTF-32, and what makes UTF-8 of a part."""
    if data.find(b"\0", 0, BEGINNING) < 0:
        return None
    from scanner.decode import charset

    name = charset.wide(data)
    return (name, lambda part: charset.plain(part, name)) if name else None


def _in_charset(hit: Hit, name: str, back: Raw) -> Hit:
    start, end = back(hit.match.start, hit.match.end)
    return hit._replace(match=hit.match._replace(start=start, end=end), encoding=(name, *hit.encoding))


def _same_place(one: Hit, other: Hit) -> bool:
    return one.match.start < other.match.end and other.match.start < one.match.end


def _examined(
    detector: Detector, data: bytes, foreign: bool, line: int, column: int, shared: Allowance | None, cut: bool
) -> Examined:
    # Here: most texts hold nothing, and what is loaded makes a hook wait.
    from scanner.filters import inline
    from scanner.uncover import UNFOLDED, uncover

    found = uncover(detector, data, shared, cut)
    if not found.tried:
        return NOTHING
    markers = inline.markers(data, foreign) if found.shown else None
    spans = [(shown.match.start, shown.match.end) for shown in found.shown]
    places = positions(data, spans, line, column)
    hits = [
        Hit(
            shown.match,
            shown.position or place,
            inline.judge(markers, shown.match, shown.pieces) if markers else None,
            shown.encoding,
            tuple(positions(data, shown.pieces, line, column)),
            shown.member or (),
            beside=tuple(
                Beside(kind, value, position(data, *span, line, column)) for kind, value, span in shown.beside
            ),
        )
        for shown, place in zip(found.shown, places, strict=True)
    ]
    down = positions(data, [(item.start, item.end) for item in found.dropped], line, column)
    overrun = tuple(rule for rule in found.overrun if rule != UNFOLDED)
    closed = [Skip("packed content", reason) for reason in found.closed]
    unfolds = closed if overrun == found.overrun else [UNFOLDS, *closed]
    return Examined(tuple(hits), tuple(zip(down, found.dropped, strict=True)), overrun, tuple(unfolds))


def summed(skips: Iterable[Skip]) -> tuple[Skip, ...]:
    """`skips`, each kind of them once, with how many there are, and their first places by name, in whatever order they
    were met."""
    counts: Counter[tuple[str, str]] = Counter()
    places: dict[tuple[str, str], set[str]] = {}
    for skip in skips:
        kind = skip.what, skip.reason
        counts[kind] += skip.count
        places.setdefault(kind, set()).update(skip.first)
    return tuple(Skip(*kind, count, tuple(sorted(places[kind])[:_PLACES])) for kind, count in counts.items())


def placed(skips: Iterable[Skip], place: bytes) -> Iterator[Skip]:
    """`skips` of the file, the object, or the member of an archive that has this name; of what is in it, `name!member`,
    as findings have it."""
    shown = place.decode("utf-8", "backslashreplace")
    return (skip._replace(first=tuple(f"{shown}!{member}" for member in skip.first) or (shown,)) for skip in skips)


def added(numbers: Iterable[int | None]) -> int | None:
    """The sum of those that are known; None where none is."""
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None


def in_windows(
    detector: Detector, read: Callable[[int], bytes], foreign: bool, shared: Allowance | None = None
) -> Examined:
    """A text of any size, which is no container."""
    hits: list[Hit] = []
    dropped: list[tuple[Position, Dropped]] = []
    overrun: dict[str, None] = {}
    skipped: list[Skip] = []
    tried, shared = False, shared or Allowance()
    for window in windows(read, WHOLE, wide=wide):
        seen = examine(detector, window.data, foreign, window.line, window.column, shared, window.cut, window.charset)
        tried = tried or seen is not NOTHING
        hits += [hit for hit in seen.hits if window.owns(hit.match.start)]
        dropped += [item for item in seen.dropped if window.owns(item[1].start)]
        overrun.update(dict.fromkeys(seen.overrun))
        skipped += seen.skipped
    return Examined(tuple(hits), tuple(dropped), tuple(overrun), summed(skipped)) if tried else NOTHING
