"""Runs of characters: so many of a class in a row, looked for without trying a pattern at each place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

_RUN = re.compile(r"(\[[^\]\[\\]+\])\{([1-9][0-9]{0,2})(?:,([1-9][0-9]{0,2}))?\}")


class Run(NamedTuple):
    """A run of characters: a table for bytes.translate that marks them, and how many stand in a row."""

    table: bytes
    least: int
    most: int | None

    def spans(self, text: bytes) -> Iterator[tuple[int, int]]:
        """Where such runs stand in `text`."""
        marked, marks = text.translate(self.table), b"\1" * self.least
        at = marked.find(marks)
        while at >= 0:
            end = marked.find(b"\0", at + self.least)
            end = len(marked) if end < 0 else end
            # Right behind `%` it begins with the end of an escape, however often that was escaped.
            if self.most is None or end - at <= self.most or text[at - 1 : at] == b"%":
                yield at, end
            at = marked.find(marks, end)


@cache
def run(what: str) -> Run:
    """How to look quickly for a run such as "[0-9a-f]{32}" (so many or more) or "[0-9a-f]{32,39}". ValueError where
    that is none."""
    found = _RUN.fullmatch(what)
    if not found:
        raise ValueError(f"{what!r} is no class with a length, such as [0-9a-f]{{32}}")
    try:
        one = re.compile(found[1].encode())
    except re.error as error:
        raise ValueError(f"{what!r}: {error}") from None
    least, most = int(found[2]), int(found[3] or 0) or None
    if most and most < least:
        raise ValueError(f"{what!r}: at most {most} cannot be {least} or more")
    table = bytes(one.fullmatch(bytes((byte,))) is not None for byte in range(256))
    return Run(table, least, most)
