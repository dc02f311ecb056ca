"""What one of several processes does that look at the packs of a repository themselves (scanner.sources.packed)."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from multiprocessing.connection import Connection
from typing import NamedTuple

from scanner.arrays import Bytes, np
from scanner.pack.entries import BLOB, COMMIT, TAG
from scanner.pack.forest import Forest
from scanner.pack.store import Mapped
from scanner.pack.unpack import Nodes, Unpacked, Unpacker, codec
from scanner.sources.jobs import Answer, Job
from scanner.sources.tally import Part, Tally
from scanner.sources.workers import serve

_BATCH = 1 << 18  # bytes of contents that are unpacked before they are looked at
_KIND = {COMMIT: b"commit", BLOB: b"blob", TAG: b"tag"}


class Planned(NamedTuple):
    """A pack of which something is to be looked at."""

    data: Mapped
    ids: Bytes
    forest: Forest


class Task(NamedTuple):
    """What every worker needs to know."""

    job: Job
    packs: Sequence[Planned]
    stacked: int  # bytes that a worker may keep of contents that others are made from

    def __call__(self, pipe: Connection, inherited: Sequence[Connection]) -> None:
        """A worker's life."""
        serve(pipe, inherited, partial(self._answers, pipe))

    def _answers(self, pipe: Connection) -> Iterator[Answer]:
        tally = Tally(self.job, self.job.detector())
        while portion := pipe.recv_bytes():
            number, begin, end = map(int, portion.split())
            yield _look(_Entries(self.packs[number], begin, end), tally, self.stacked)


class _Entries:
    """The entries of a forest from `begin` to `end`."""

    def __init__(self, planned: Planned, begin: int, end: int) -> None:
        forest, here = planned.forest, slice(begin, end)
        base = forest.base[here]
        base = np.where(base < 0, base, base - begin)
        start, stop, size = forest.start[here].tolist(), forest.end[here].tolist(), forest.size[here].tolist()
        self.nodes = Nodes(start, stop, size, base.tolist())
        self.data = planned.data.data
        wanted = forest.wanted[here]
        self.wanted: list[bool] = wanted.tolist()
        self._known: list[int] = np.where(wanted[base], base, -1).tolist()  # the base, if it is looked at, too
        self._wanted_kinds: list[int] = (forest.kind[here] * forest.wanted[here]).tolist()  # 0: not wanted
        self._width = 2 * planned.ids.shape[1]
        self._ids = planned.ids[forest.place[here]].tobytes().hex().encode()

    def kinds(self, batch: Sequence[Unpacked]) -> list[int]:
        """Of which kinds anything in a batch is wanted: of one, as a rule."""
        kinds = self._wanted_kinds
        return sorted({kinds[item[0]] for item in batch} - {0})

    def of(self, kind: int, batch: Sequence[Unpacked]) -> list[Part]:
        """What of a batch has this kind and is wanted."""
        kinds, known = self._wanted_kinds, self._known
        return [
            (node, content, content if known[node] < 0 else new, known[node])
            for node, content, new in batch
            if kinds[node] == kind
        ]

    def oid(self, node: int) -> bytes:
        """The id of an entry, in hex."""
        return self._ids[node * self._width : (node + 1) * self._width]


def _look(part: _Entries, tally: Tally, stacked: int) -> Answer:
    unpacker = Unpacker(part.data, codec(), tally.large, stacked, tally.reach)
    parent = os.getppid()
    for batch in _batches(unpacker.contents(part.nodes)):
        if os.getppid() != parent:
            sys.exit()  # killed, and nobody will ask for the rest
        for kind in part.kinds(batch):
            tally.contents(_KIND[kind], part.of(kind, batch), part.oid)
    return tally.answer(b"".join(part.oid(node) + b"\n" for node in unpacker.left if part.wanted[node]))


def _batches(contents: Iterator[Unpacked]) -> Iterator[list[Unpacked]]:
    """Some contents at a time. What is looked at must not follow on each inflated one: isal leaves the upper halves of
    the vector registers in use, after which code for narrower ones, such as hyperscan's, takes 2.4 times as long. An
    addition by numpy ends that, as compiled code of its kind does."""
    numbers = np.zeros(64, np.int64)
    batch: list[Unpacked] = []
    size = 0
    for item in contents:
        batch.append(item)
        size += len(item[1])
        if size >= _BATCH:
            np.add(numbers, numbers, out=numbers)
            yield batch
            batch, size = [], 0
    np.add(numbers, numbers, out=numbers)
    yield batch
