"""The lines around a secret, with every secret in them masked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from scanner.model import Match
from scanner.report.redactor import Redactor

_NEAR = 4096  # bytes that are looked at on either side
_WIDE = 80  # characters that are shown on either side in the line itself, and twice as many of its neighbours
_BREAK = re.compile(r"\r\n|\r|\n")


def excerpt(data: bytes, matches: Iterable[Match], wanted: Match) -> list[str]:
    """The line of `wanted` and its neighbours, as text. `matches` are all that were found in `data`.

    Masking comes first and cutting last, since a part of a secret is no longer known for what it is.
    """
    found = sorted(matches, key=lambda match: match.start)
    before = _BREAK.split(_masked(data, max(0, wanted.start - _NEAR), wanted.start, found))
    after = _BREAK.split(_masked(data, wanted.end, min(len(data), wanted.end + _NEAR), found))
    left, right = _plain(before[-1]), _plain(after[0])
    line = f"{'…' if left[:-_WIDE] else ''}{left[-_WIDE:]}{wanted.redacted}{_short(right, _WIDE)}"
    return [
        *(_short(_plain(each), 2 * _WIDE) for each in before[-2:-1]),
        line,
        *(_short(_plain(e), 2 * _WIDE) for e in after[1:2]),
    ]


def _masked(data: bytes, begin: int, end: int, matches: Sequence[Match]) -> str:
    """`data[begin:end]` with what of any match lies in it replaced by the redacted form."""
    pieces, at = [], begin
    for match in matches:
        if match.end <= at or match.start >= end:
            continue
        pieces += [data[at : max(at, match.start)], match.redacted.encode()]
        at = min(end, match.end)
    return Redactor().clean(b"".join((*pieces, data[at:end]))).decode("utf-8", "replace")


def _plain(line: str) -> str:
    return line.expandtabs(4)


def _short(text: str, width: int) -> str:
    return text if len(text) <= width else text[:width] + "…"
