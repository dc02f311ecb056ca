"""The client id beside a client secret. Pure, and only asked where a client secret was found.

A client id is public, `digits.digits` (docs.slack.dev/authentication/installing-with-oauth): with its secret it is what
an app signs in with, and it tells which app that is. Which id belongs to which secret only their places tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from scanner.model import Match

KIND = "client-id"
LINES = 5  # between the two: a name for each, a remark, other fields of the same app
_AROUND = 1024  # bytes
_LONGEST = 34

# Old apps have 7 digits before the point. Seconds with fractions have at most nine behind it, ids at least ten.
_ID = re.compile(rb"(?<![0-9.])[0-9]{7,16}\.[0-9]{10,16}(?!\.?[0-9])")

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
    found: dict[Match, tuple[str, Span]] = {}
    taken: set[Span] = set()
    for match in matches:
        if nearest := min(_near(data, match, taken), default=None):
            taken.add(nearest.span)
            found[match] = data[slice(*nearest.span)].decode("ascii"), nearest.span
    return found


def _near(data: bytes, match: Match, taken: set[Span]) -> Iterator[_Near]:
    """All ids within a few lines of a secret."""
    for one in _ID.finditer(data, max(0, match.start - _AROUND), match.end + _AROUND + _LONGEST):
        start, end = one.span()
        behind = start >= match.end
        between = (match.end, start) if behind else (end, match.start)
        lines = data.count(b"\n", *between)
        size = between[1] - between[0]
        if lines <= LINES and size <= _AROUND:  # what stands farther off may be cut
            yield _Near(lines, (start, end) in taken, behind, size, (start, end))
