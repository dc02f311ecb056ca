"""What a view is, and the way back from what it shows to the text as it stands in the file."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple, Protocol

Raw = Callable[[int, int], tuple[int, int]]


class Decoded(NamedTuple):
    """A part of a text with one encoding taken off. `raw(start, end)` says where the bytes `data[start:end]` stand in
    the text: begin and end of what they were made from. `pieces` does so for a token that was broken up: all parts."""

    data: bytes
    raw: Raw
    pieces: Callable[[int, int], tuple[tuple[int, int], ...]] | None = None


class Decode(Protocol):
    """Takes an encoding off: gives the parts of a text that may hold what a rule looks for. It never raises, whatever
    the text."""

    def __call__(self, data: bytes, found: Sequence[bytes] = (), /) -> Iterator[Decoded]:
        """`found` are the literals that stand in `data` and betray the view (scanner.decode.views), where that is
        known: only around these there is anything to decode."""
        ...


class View:
    """An encoding. `name` is what a report calls it. Where none of `anchors` (three bytes at least) stands in a text
    there is nothing to decode for what any rule looks for. They are made when they are asked for: some views have very
    many, and whoever decodes knows already which of them stand in a text."""

    def __init__(self, name: str, anchors: Callable[[], Iterable[bytes]], decode: Decode) -> None:
        self.name, self._anchors, self.decode = name, anchors, decode

    @cached_property
    def anchors(self) -> tuple[bytes, ...]:
        """What betrays the view; sorted."""
        return tuple(sorted(set(self._anchors())))


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


def later(make: Callable[[], Raw]) -> Raw:
    """The way back that `make` gives, made when it is first asked for: most parts hold nothing."""
    made: list[Raw] = []

    def raw(start: int, end: int) -> tuple[int, int]:
        if not made:
            made.append(make())
        return made[0](start, end)

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
