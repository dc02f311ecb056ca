"""The client id beside a client secret. Pure, and only asked where a client secret was found.

A client id is public, `digits.digits` (docs.slack.dev/authentication/installing-with-oauth): with its secret it is what
an app signs in with, and it tells which app that is. Which id belongs to which secret only their places tell; and their
names, where the ids stand first and then the secrets.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from scanner.model import Match

KIND = "client-id"
LINES = 5  # between the two: a name for each, a remark, other fields of the same app
_AROUND = 1024  # bytes
_LONGEST = 34

# Old apps have 7 digits before the point. Seconds with fractions have at most nine behind it, ids at least ten.
_ID = re.compile(rb"(?<![0-9.])[0-9]{7,16}\.[0-9]{10,16}(?!\.?[0-9])")
_NAME = re.compile(rb"([\w.\-]{1,80})[\"'`\]]{0,2}[ \t]{0,8}(?:[:=]{1,2}>?)?[ \t]{0,8}[\"'`]{0,2}\Z")
_WORD = re.compile(rb"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_LONGEST_NAME = 120  # bytes, with what stands between it and its value

Span = tuple[int, int]


class _Near(NamedTuple):
    """An id, as far as it is from a secret: the nearest is the least."""

    lines: int
    taken: bool  # by the secret before: of two apps that stand side by side each has its own
    behind: bool  # most write the id first
    size: int  # bytes between the two
    span: Span


def client_ids(data: bytes, matches: Sequence[Match]) -> dict[Match, tuple[str, Span]]:
    """For each of `matches`, client secrets in order: its id if there is one, and where that stands in `data`."""
    reach: dict[Match, list[Span]] = {}  # of each the nearest first
    taken: set[Span] = set()
    for match in matches:
        reach[match] = [near.span for near in sorted(_near(data, match, taken))]
        taken.update(reach[match][:1])
    mixed = _mixed(data, reach)
    chosen = {match: _settled(data, match, reach, mixed.get(match, ())) for match in matches}
    return {match: (data[slice(*span)].decode("ascii"), span) for match, span in chosen.items() if span}


def _settled(data: bytes, match: Match, reach: dict[Match, list[Span]], mixed: Sequence[Span]) -> Span | None:
    """The nearest id; by its name, if its place does not tell: it is one of `mixed`, or also the nearest of another
    secret while one is there that is of none."""
    counts = Counter(spans[0] for spans in reach.values() if spans)
    first, free = reach[match][:1], [span for span in reach[match] if span not in counts]
    if not mixed and (not first or not free or counts[first[0]] == 1):
        return first[0] if first else None
    own, names = _words(data, match.start), {span: _words(data, span[0]) for span in {*first, *free, *mixed}}
    ranked = sorted((_akin(own, name), span) for span, name in names.items())
    (likeness, best), (next_likeness, _) = ranked[-1], ranked[-2]
    named = all(any(map(bytes.isalpha, name)) for name in names.values())
    return best if named and likeness[0] and likeness > next_likeness else None


def _mixed(data: bytes, reach: dict[Match, list[Span]]) -> dict[Match, list[Span]]:
    """For secrets of which several have their nearest id in the same row of ids, on the same side of it: that row. Its
    order may be another than theirs."""
    found: dict[Match, list[Span]] = {}
    for row in _rows(data, reach):
        choosing = [match for match, spans in reach.items() if spans and spans[0] in row]
        for side in (False, True):
            ours = [match for match in choosing if (match.start > row[0][0]) == side]
            if len(row) > 1 and len({match.secret for match in ours}) > 1:
                found.update(dict.fromkeys(ours, row))
    return found


def _rows(data: bytes, reach: dict[Match, list[Span]]) -> Iterator[list[Span]]:
    """Different ids, one behind the other with no secret between, no farther apart than an id may be from its
    secret."""
    secrets = sorted(match.start for match in reach)
    row: list[Span] = []
    for span in sorted({span for spans in reach.values() for span in spans}):
        if row and (bisect(secrets, row[-1][0]) < bisect(secrets, span[0]) or not _close(data, row[-1][1], span[0])):
            yield row
            row = []
        if data[slice(*span)] not in [data[slice(*one)] for one in row]:
            row.append(span)
    yield row


def _close(data: bytes, start: int, end: int) -> bool:
    return end - start <= _AROUND and data.count(b"\n", start, end) <= LINES


def _words(data: bytes, at: int) -> frozenset[bytes]:
    """Those of the name of the value that begins at `at`."""
    name = _NAME.search(data, max(0, at - _LONGEST_NAME), at)
    return frozenset(word.lower() for word in _WORD.findall(name[1])) if name else frozenset()


def _akin(one: frozenset[bytes], other: frozenset[bytes]) -> tuple[int, int]:
    """How many words both have, and how few only one has."""
    return len(one & other), -len(one ^ other)


def _near(data: bytes, match: Match, taken: set[Span]) -> Iterator[_Near]:
    """All ids within a few lines of a secret."""
    for one in _ID.finditer(data, max(0, match.start - _AROUND), match.end + _AROUND + _LONGEST):
        start, end = one.span()
        behind = start >= match.end
        between = (match.end, start) if behind else (end, match.start)
        if _close(data, *between):  # what stands farther off may be cut
            lines = data.count(b"\n", *between)
            yield _Near(lines, (start, end) in taken, behind, between[1] - between[0], (start, end))
