"""What a view is, and the way back from what it shows to the text as it stands in the file."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

Raw = Callable[[int, int], tuple[int, int]]


class Decoded(NamedTuple):
    """A part of a text with one encoding taken off. `raw(start, end)` says where the bytes `data[start:end]` stand in
    the text: begin and end of what they were made from. `pieces` does so for a token that was broken up: all parts."""

    data: bytes
    raw: Raw
    pieces: Callable[[int, int], tuple[tuple[int, int], ...]] | None = None


class View(NamedTuple):
    """An encoding. `name` is what a report calls it. Where none of `anchors` (three bytes at least) stands in a text
    there is nothing to decode for what any rule looks for; where one does, `decode` gives the parts of the text that
    may hold it. It never raises, whatever the text."""

    name: str
    anchors: tuple[bytes, ...]
    decode: Callable[[bytes], Iterator[Decoded]]


class Run(NamedTuple):
    """`size` bytes of a decoded text that begin at `at`, and what they were made from: `data[start:end]`. Where both
    are equally long, byte stands for byte; else all of one for all of the other."""

    at: int
    size: int
    start: int
    end: int


def through(runs: Sequence[Run]) -> Raw:
    """The way back for a decoded text that is made of `runs`, in order and without gaps."""
    starts = [run.at for run in runs]

    def raw(start: int, end: int) -> tuple[int, int]:
        first = runs[max(bisect_right(starts, start) - 1, 0)]
        last = runs[max(bisect_right(starts, max(end - 1, start)) - 1, 0)]
        begin = first.start + (start - first.at if _alike(first) else 0)
        return begin, last.start + end - last.at if _alike(last) else last.end

    return raw


def places(pieces: Sequence[tuple[int, int]]) -> Callable[[int], int]:
    """Where in a text each character stands of what these `pieces` of it (begin and end of each) say together."""
    starts = [0, *accumulate(end - start for start, end in pieces)]

    def place(character: int) -> int:
        piece = min(bisect_right(starts, character), len(pieces)) - 1
        return pieces[piece][0] + character - starts[piece]

    return place


def _alike(run: Run) -> bool:
    return run.size == run.end - run.start
