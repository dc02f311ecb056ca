"""What one text or file holds: as it stands, behind encodings, in archives, and behind a pointer of Git LFS. No I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from scanner.decode.containers import Closed, Opened, everything, format_of
from scanner.detect import Detector
from scanner.errors import GitError
from scanner.filters import inline
from scanner.model import Dropped, Hit, Position, Skip
from scanner.positions import positions
from scanner.uncover import uncover
from scanner.windows import WINDOW, windows

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
_HEAD = 520  # bytes: those at which a container is known, unless it stands behind a program
_BEGINNING = 1024  # bytes: text in UTF-16 or UTF-32 has a zero in these, if only for the end of a line
_SAMPLE = 8 * 1024  # bytes: enough to know such a text
_POINTER = b"version http"
_PROGRAMS = (b"#!", b"MZ", b"\x7fE", b"\xcf\xfa")
ABSENT = Skip("LFS object", "it is not here; git lfs fetch brings it")
TOO_LARGE = Skip("packed content", "the archive is too large to be opened")


def examine(detector: Detector, data: bytes, foreign: bool = False, line: int = 1, column: int = 1) -> Examined:
    """All hits in `data`, whose first character stands at `line` and `column`. `foreign`: do markers of other tools
    count? NOTHING itself where no rule was tried at all (Scan.tried)."""
    held = detector.may_hold(data)
    wide = detector.decodes and line == column == 1 and (b"\0" in data if held else _is_wide(data))
    text = _text(data) if wide else None
    raw = _examined(detector, data, foreign, line, column) if held else NOTHING
    if text is None:
        return raw
    name, plain, back = text
    # What is encoded there may show in none of its bytes as they stand.
    inner = _examined(detector, plain, foreign, line, column) if detector.may_hold(plain) else NOTHING
    if raw is NOTHING and inner is NOTHING:
        return NOTHING
    hits = [_in_charset(hit, name, back) for hit in inner.hits]
    # A file may be half in one charset and half in another; what stands in its own is told with its own lines.
    more = [hit for hit in raw.hits if not any(_same_place(hit, other) for other in hits)]
    return Examined((*hits, *more), (*inner.dropped, *raw.dropped), (*inner.overrun, *raw.overrun))


def _text(data: bytes) -> tuple[str, bytes, Raw] | None:
    from scanner.decode import charset  # what has no zeros needs none

    return charset.text(data)


def _is_wide(data: bytes) -> bool:
    """Whether `data` is in UTF-16 or UTF-32. This is asked of every text: nearly all have no zero where they begin."""
    if data.find(b"\0", 0, _BEGINNING) < 0:
        return False
    from scanner.decode import charset

    return charset.is_wide(data)


def _in_charset(hit: Hit, name: str, back: Raw) -> Hit:
    start, end = back(hit.match.start, hit.match.end)
    return hit._replace(match=hit.match._replace(start=start, end=end), encoding=(name, *hit.encoding))


def _same_place(one: Hit, other: Hit) -> bool:
    return one.match.start < other.match.end and other.match.start < one.match.end


def _examined(detector: Detector, data: bytes, foreign: bool, line: int, column: int) -> Examined:
    found = uncover(detector, data)
    if not found.tried:
        return NOTHING
    markers = inline.markers(data, foreign) if found.shown else None
    spans = [(shown.match.start, shown.match.end) for shown in found.shown]
    places = positions(data, spans, line, column)
    hits = [
        Hit(
            shown.match,
            place,
            inline.judge(markers, shown.match) if markers else None,
            shown.encoding,
            tuple(positions(data, shown.pieces, line, column)),
        )
        for shown, place in zip(found.shown, places, strict=True)
    ]
    down = positions(data, [(item.start, item.end) for item in found.dropped], line, column)
    return Examined(tuple(hits), tuple(zip(down, found.dropped, strict=True)), found.overrun)


# Opens what Git LFS keeps, by its SHA-256; None where that is not here (scanner.git.lfs). OSError, or GitError.
Kept = Callable[[str], BinaryIO | None]


def examine_file(detector: Detector, data: bytes, foreign: bool = False, kept: Kept | None = None) -> Examined:
    """All hits in a whole file, and in what is packed in it; these say in which member, and where there. Where the file
    is a pointer, those of the content that is `kept`, and where there."""
    seen = examine(detector, data, foreign)
    if kept and detector.decodes and (oid := _pointer(data)):
        return _with(seen, _examine_kept(detector, oid, kept, foreign), len(data))
    if not (detector.decodes and format_of(data)):
        return seen
    hits: list[Hit] = []
    overrun = dict.fromkeys(seen.overrun)
    closed: list[Skip] = []
    tried = False
    for one in everything(data):
        if isinstance(one, Closed):
            closed.append(Skip("packed content", one.reason))
        elif not one.format:  # else what it holds comes next
            inner = examine(detector, one.data, foreign)
            tried = tried or inner is not NOTHING
            hits += [_packed(hit, one, len(data)) for hit in inner.hits]
            overrun.update(dict.fromkeys(inner.overrun))
    if seen is NOTHING and not (tried or closed):
        return NOTHING
    told = {hit.match.secret for hit in hits}  # what is not compressed shows from outside, too
    outer = [hit for hit in seen.hits if hit.match.secret not in told]
    return Examined((*outer, *hits), seen.dropped, tuple(overrun), summed(closed))


def _pointer(data: bytes) -> str:
    """The content that `data` stands for, if it is a pointer."""
    if not data.startswith(_POINTER):
        return ""
    from scanner.decode import pointers  # here, as with all that few files need: a hook loads it in vain

    return pointers.pointer(data)


def _examine_kept(detector: Detector, oid: str, kept: Kept, foreign: bool) -> Examined:
    """What the content holds that Git LFS knows by `oid`. It is checked while it is read, and looked at all the same
    where it is not what it should be."""
    from scanner.decode.pointers import Checked

    try:
        file = kept(oid)
        if file is None:
            return Examined(skipped=(ABSENT,))
        with file:
            read = Checked(file)
            head = read(WINDOW)
            if len(head) < WINDOW and read.ended:
                seen = examine_file(detector, head, foreign)
            else:
                seen = examine_stream(detector, read.after(head), foreign)
    except (OSError, GitError) as error:
        why = (error.strerror if isinstance(error, OSError) else "") or str(error)
        return Examined(unread=(f"the LFS object {oid} cannot be read: {why}",))
    right = read.digest() == oid
    return seen if right else seen._replace(unread=(f"the LFS object {oid} is damaged: its SHA-256 is another one",))


def _with(seen: Examined, content: Examined, size: int) -> Examined:
    """A pointer of so many bytes, and what it stands for."""
    hits = (
        hit._replace(match=hit.match._replace(start=0, end=size), encoding=("lfs", *hit.encoding))
        for hit in content.hits
    )
    down = ((at, item._replace(start=0, end=size)) for at, item in content.dropped)
    overrun = tuple(dict.fromkeys((*seen.overrun, *content.overrun)))
    # Never NOTHING: what is not here today may be tomorrow, so nobody may remember that nothing is in it.
    return Examined((*seen.hits, *hits), (*seen.dropped, *down), overrun, content.skipped, content.unread)


def _packed(hit: Hit, one: Opened, size: int) -> Hit:
    whole = hit.match._replace(start=0, end=size)
    return hit._replace(match=whole, member=one.member, encoding=(*one.encoding, *hit.encoding))


def summed(skips: Iterable[Skip]) -> tuple[Skip, ...]:
    """`skips`, each kind of them once, with how many there are."""
    counts: Counter[tuple[str, str]] = Counter()
    for skip in skips:
        counts[skip.what, skip.reason] += skip.count
    return tuple(Skip(what, reason, count) for (what, reason), count in counts.items())


def hides(data: bytes) -> bool:
    """Whether the file `data` may hold what none of its bytes betray: it is a container, in UTF-16 or UTF-32, or a
    pointer of Git LFS."""
    zeros = data.find(b"\0", 0, _BEGINNING) >= 0  # asked here: this is done for each of very many
    return format_of(data) != "" or (zeros and _is_wide(data)) or data.startswith(_POINTER)


def is_packed(data: bytes, start: int, end: int) -> bool:
    """The same for the file that stands at `data[start:end]`; little of it is copied."""
    head = data[start : min(start + _HEAD, end)]
    if format_of(head) or head.startswith(_POINTER) or data[end - 22 : end - 18] == b"PK\x05\x06":
        return True
    if data.find(b"\0", start, min(start + _BEGINNING, end)) >= 0 and _is_wide(data[start : min(start + _SAMPLE, end)]):
        return True
    return head.startswith(_PROGRAMS) and format_of(data[start:end]) != ""


def worth(detector: Detector, data: bytes) -> bool:
    """Whether `data` has to be examined: False is sure."""
    return detector.may_hold(data) or (detector.decodes and hides(data))


def examine_stream(detector: Detector, read: Callable[[int], bytes], foreign: bool = False) -> Examined:
    """The same for what `read(n)` gives, which may be of any size: it is looked at in windows of bounded memory."""
    hits: list[Hit] = []
    dropped: list[tuple[Position, Dropped]] = []
    overrun: dict[str, None] = {}
    tried = False
    skipped: tuple[Skip, ...] = ()
    for window in windows(read):
        large = detector.decodes and window.line == window.column == 1 and len(window.data) >= WINDOW
        if large and format_of(window.data):
            tried, skipped = True, (TOO_LARGE,)
        seen = examine(detector, window.data, foreign, window.line, window.column)
        tried = tried or seen is not NOTHING
        hits += [hit for hit in seen.hits if window.owns(hit.match.start)]
        dropped += [item for item in seen.dropped if window.owns(item[1].start)]
        overrun.update(dict.fromkeys(seen.overrun))
    return Examined(tuple(hits), tuple(dropped), tuple(overrun), skipped) if tried else NOTHING
