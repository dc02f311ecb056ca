"""Judges places: a marker in the line of a secret, or in the line before it, allows what stands there.

    token = …  # xoxscan:ignore                         any rule, in this line
    token = …  # xoxscan:ignore[rule-a, rule-b] why     these rules alone, and why
    # xoxscan:ignore-next-line                          the next line; rules and a reason as above

Lines end at `\\n`, `\\r\\n` or a bare `\\r`, as in scanner.positions. A line is a line however long it is: a marker in
a minified file of one line counts for all of it. A marker that shares bytes with the match itself does not count; of a
token that was broken up, only its pieces are the match: a comment between two of them is none.
The work is linear in the text, however many markers and matches it holds.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from scanner.model import Match, Suppression

_OWN = rb"(?<![\w-])xoxscan:ignore(?P<next>-next-line)?(?![\w-])(?:\[(?P<rules>[^\]\r\n]{0,1000})\]|(?!\[))"
_OWN_LEADS = (b"xoxscan:ignore",)
# As those tools themselves read them: gitleaks and betterleaks look for the word anywhere, detect-secrets allows these
# spellings. None of them names rules.
_FOREIGN = rb"(?:gitleaks|betterleaks):allow|trufflehog:ignore|pragma: ?allowlist[ -](?P<next>nextline[ -])?secret"
_FOREIGN_LEADS = (b"gitleaks:allow", b"betterleaks:allow", b"trufflehog:ignore", b"pragma:")
_LONGEST_REASON = 200  # bytes; what is longer is code. It is dropped and not cut: a part of a token could not be masked
_COMMENT_END = r"\s*(?:\*/|-->|#\}|%>)\s*$"


_Span = tuple[int, int]


class _Marker(NamedTuple):
    """One marker: its offsets, and what it says."""

    start: int
    end: int
    foreign: bool
    next_line: bool
    rules: tuple[bytes, ...]

    def outside(self, spans: Iterable[_Span]) -> bool:
        return all(self.end <= start or self.start >= end for start, end in spans)


_ANY = b""  # the «rule» of a marker that names none
_Chosen = dict[bytes, _Marker]  # by rule


class _Line(NamedTuple):
    """A line that markers point at, with the first and the last marker for each rule.

    More are not needed: if these two share bytes with a match, so do all between them. (Where each lies in a piece of
    its own, one that stands between the pieces is not seen; the token is told.)
    """

    end: int
    first: _Chosen
    last: _Chosen


class Markers(NamedTuple):
    """All markers of one text, by the lines that they point at, in order."""

    data: bytes
    starts: Sequence[int]
    lines: Sequence[_Line]


def markers(data: bytes, foreign: bool) -> Markers:
    """All markers in `data`, found once for all the matches in it. `foreign`: do those of other tools count?"""
    found = [*_found(data, _OWN_LEADS, _OWN, False), *(_found(data, _FOREIGN_LEADS, _FOREIGN, True) if foreign else ())]
    found.sort()
    here = list(_lines(data, [marker.start for marker in found]))
    following = dict(_following(data, {end for marker, (_, end) in zip(found, here, strict=True) if marker.next_line}))
    lines: dict[int, _Line] = {}
    for marker, (start, end) in zip(found, here, strict=True):
        target = following.get(end) if marker.next_line else (start, end)
        if target:
            line = lines.setdefault(target[0], _Line(target[1], {}, {}))
            for rule in marker.rules:
                line.first.setdefault(rule, marker)
                line.last[rule] = marker
    starts = sorted(lines)
    return Markers(data, starts, [lines[start] for start in starts])


def judge(found: Markers, match: Match, pieces: Sequence[_Span] = ()) -> Suppression | None:
    """What allows `match` in the text that `found` was made of; `pieces` are its parts if it was broken up."""
    spans = pieces or ((match.start, match.end),)
    for index in range(bisect_left(found.starts, match.end) - 1, -1, -1):
        line = found.lines[index]
        if line.end <= match.start:
            break
        for rule in (_ANY, match.rule.encode()):
            for marker in (line.first.get(rule), line.last.get(rule)):
                if marker and marker.outside(spans):
                    return Suppression("inline", _reason(found.data, marker, spans))
    return None


def _found(data: bytes, leads: Iterable[bytes], form: bytes, foreign: bool) -> Iterator[_Marker]:
    """What `form` matches where one of `leads` stands: `find` is much faster than an expression."""
    for lead in leads:
        at = data.find(lead)
        while at >= 0:
            item = re.compile(form).match(data, at)
            if item:
                said = item.groupdict()
                yield _Marker(at, item.end(), foreign, bool(said["next"]), _rules(said.get("rules")))
            at = data.find(lead, at + len(lead))


def _rules(named: bytes | None) -> tuple[bytes, ...]:
    """The ids in the brackets. Empty brackets name none, and so allow nothing."""
    return (_ANY,) if named is None else tuple(filter(None, map(bytes.strip, named.split(b","))))


class _Ends:
    """Where lines end, for offsets that only grow: no byte is looked at twice."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._next = {b"\n": -1, b"\r": -1}

    def after(self, at: int) -> int:
        """The offset of the first line break at or after `at`, or the end of the text."""
        for mark, known in self._next.items():
            if known < at:
                found = self._data.find(mark, at)
                self._next[mark] = len(self._data) if found < 0 else found
        return min(self._next.values())


def _lines(data: bytes, offsets: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Begin and end (without its break) of the line of each offset; the offsets grow."""
    ends, start, end = _Ends(data), 0, -1
    for at in offsets:
        if at > end:
            start = 1 + max(end, data.rfind(b"\n", end + 1, at), data.rfind(b"\r", end + 1, at))
            end = ends.after(at)
        yield start, end


def _following(data: bytes, line_ends: Iterable[int]) -> Iterator[tuple[int, tuple[int, int]]]:
    """For each end of a line, begin and end of the line after it."""
    ends = _Ends(data)
    for end in sorted(line_ends):
        start = end + (2 if data.startswith(b"\r\n", end) else 1)
        if start < len(data):
            yield end, (start, ends.after(start))


def _reason(data: bytes, marker: _Marker, spans: Iterable[_Span]) -> str | None:
    """What stands after the marker in its line, without the end of a comment."""
    if marker.foreign:
        return data[marker.start : marker.end].decode()
    text = re.split(rb"[\r\n]", data[marker.end : marker.end + _LONGEST_REASON + 1], maxsplit=1)[0]
    holds_match = any(marker.end < end and start < marker.end + len(text) for start, end in spans)
    if holds_match or len(text) > _LONGEST_REASON:
        return None
    plain = "".join(letter if letter.isprintable() else " " for letter in text.decode("utf-8", "replace"))
    return re.sub(_COMMENT_END, "", plain).strip(" :-") or None
