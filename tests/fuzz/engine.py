"""What the engine promises: each find stands where it says, is what stands there, and is told once."""

from __future__ import annotations

from functools import cache

from scanner import rules
from scanner.decode import views
from scanner.detect import Detector
from scanner.examine import Examined, examine
from scanner.inside import examine_file
from scanner.model import Hit, Position
from scanner.positions import positions
from scanner.spelling import issued, spelled
from scanner.uncover import UNFOLDED, uncover
from tests.fuzz.views import check_charset

_LIMIT = 60.0  # seconds of a rule: an input that takes so long is a find of its own


@cache
def detectors() -> tuple[Detector, ...]:
    """One that has help of a library, where that is installed, one that has none, and one without views."""
    own = rules.builtin()
    return (
        Detector(own, _LIMIT, fast=True, names=views.NAMES),
        Detector(own, _LIMIT, names=views.NAMES),
        Detector(own, _LIMIT),
    )


def check(data: bytes) -> None:
    """A text: what all detectors find in it, and what a file that holds it shows."""
    check_charset(data)
    fast, slow, bare = (_found(detector, data) for detector in detectors())
    assert (bare <= fast and bare <= slow) or _longer(bare, fast), "views hide what the text shows"
    for detector in detectors()[:2]:
        seen = examine(detector, data)
        for hit in seen.hits:
            _stands(data, hit)
        assert set(seen.overrun) <= {UNFOLDED}, "a rule ran out of time"
        _again(detector, data, seen)


def _found(detector: Detector, data: bytes) -> set[tuple[int, int, bytes]]:
    """Begin, end and secret of all that is shown; AssertionError where it is not there."""
    found = uncover(detector, data)
    if found.shown or found.dropped:
        assert found.tried
        assert detector.may_hold(data), "the prefilter passes over a find"
    for one in found.shown:
        match = one.match
        assert 0 <= match.start < match.end <= len(data)
        raw = data[match.start : match.end]
        if one.encoding == spelled(raw) and not one.pieces:
            assert _plainly(raw, match.secret.reveal()), "the secret is not what stands there"
        assert all(0 <= start < end <= len(data) for start, end in one.pieces)
        assert match.redacted.encode() != match.secret.reveal()
    for dropped in found.dropped:
        assert 0 <= dropped.start < dropped.end <= len(data)
    return {(one.match.start, one.match.end, one.match.secret.reveal()) for one in found.shown}


def _plainly(raw: bytes, secret: bytes) -> bool:
    """Whether `raw` says `secret` (of an address, `https://` may be missing); or a view has shown it at the same place,
    with the same name."""
    return secret.endswith(issued(raw)) or len(secret) < len(raw)


def _longer(bare: set[tuple[int, int, bytes]], more: set[tuple[int, int, bytes]]) -> bool:
    """What is not told as it stands was only the beginning of what is."""
    return all(any(one[0] < other[1] and other[0] < one[1] for other in more) for one in bare - more)


def _stands(data: bytes, hit: Hit) -> None:
    match = hit.match
    assert 0 <= match.start < match.end <= len(data)
    at = hit.position
    assert 1 <= at.line <= at.end_line and (at.line, at.column) < (at.end_line, at.end_column)
    if not (hit.encoding and hit.encoding[0].startswith("utf-")):
        assert positions(data, [(match.start, match.end)]) == [at]
        assert slowly(data, match.start)[:2] == (at.line, at.column), "the place is wrong"
    assert isinstance(at, Position)


def slowly(data: bytes, offset: int) -> tuple[int, int]:
    """Line and column of the character that holds the byte at `offset`, counted one by one."""
    line, column, at = 1, 1, 0
    text = data.decode("utf-8", "surrogateescape")
    for number, letter in enumerate(text):
        size = 1 if "\udc80" <= letter <= "\udcff" else len(letter.encode())
        if at + size > offset:
            break
        at += size
        if letter == "\n" or (letter == "\r" and text[number + 1 : number + 2] != "\n"):
            line, column = line + 1, 1
        elif not (number == 0 and letter == "\ufeff"):
            column += 1
    return line, column


def _again(detector: Detector, data: bytes, seen: Examined) -> None:
    """A whole file shows what its text does, and the same whenever it is looked at."""
    whole = examine_file(detector, data)
    secrets = {hit.match.secret.reveal() for hit in whole.hits}
    assert all(hit.match.secret.reveal() in secrets for hit in seen.hits), "a file hides what its text shows"
    assert len(str(whole)) == len(str(examine_file(detector, data)))
