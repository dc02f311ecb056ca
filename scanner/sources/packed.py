"""Everything that a repository holds, read from its packs without git: the engine `pack`.

Each entry is inflated and made from its delta by the processes that look at it. What is odd about a pack, or too large,
is left to git, and so are loose objects: the plain engine (scanner.sources.history) looks at these, and says what is
damaged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from scanner.git import enumerate as enumeration
from scanner.git.repository import Repository
from scanner.pack import entries, store
from scanner.pack.arrays import Bytes
from scanner.pack.forest import forest, portions
from scanner.pack.index import distinct, find
from scanner.pack.unpack import STACKED
from scanner.sources.crew import look
from scanner.sources.history import Scope, Seen, Watch, problems, through_git, together
from scanner.sources.portions import LEAST, Dealt, Pool
from scanner.sources.unpackers import Planned, Task
from scanner.sources.workers import Answer, Job

_SHARES = 4  # a portion is at most this part of what is left, for each process


class Plan(NamedTuple):
    """The packs to look at, and ids (one a line) that are left to git."""

    packs: Sequence[Planned]
    left: bytes


def engine(repository: Repository, job: Job, scope: Scope, processes: int, watch: Watch) -> Seen:
    """Looks at every blob, commit and tag once. GitError where the packs are not as git writes them."""
    made = plan(repository, scope)
    total = sum(int(planned.forest.wanted.sum()) for planned in made.packs)
    watch.expect(total, 0)
    answers: list[Answer] = []
    for answer in _answers(job, made.packs, processes):
        answers.append(answer)
        watch.done(answer)
    left = made.left + b"".join(answer.left for answer in answers)
    pool = Pool(enumeration.named_objects(repository.git, left))
    for answer in through_git(job, pool, processes) if left else ():
        answers.append(answer)
        watch.expect(total + pool.objects, 0)
        watch.done(answer)
    return together(answers, problems(answers, pool))


def _answers(job: Job, packs: Sequence[Planned], processes: int) -> Iterator[Answer]:
    """The answers for all entries; what a process took with it that died is left to git."""
    lost = yield from look(Task(job, packs, STACKED), Dealt(_portions(packs, processes)), processes)
    for portion in lost:
        number, begin, end = map(int, portion.split())
        yield Answer(left=_lines(packs[number].ids[packs[number].forest.place[begin:end]]))


def _portions(packs: Sequence[Planned], processes: int) -> Iterator[bytes]:
    for number, planned in enumerate(packs):
        for begin, end in portions(planned.forest, LEAST, _SHARES * processes):
            yield b"%d %d %d" % (number, begin, end)


def plan(repository: Repository, scope: Scope) -> Plan:
    """What is to be done. GitError where a pack or its index is not as git writes them."""
    own = enumeration.objects_folder(repository)
    folders = [own, *(store.alternates(own) if scope.alternates else ())]
    width = len(repository.empty_tree) // 2
    found = [pack for folder in dict.fromkeys(folders) for pack in store.packs(folder, width)]
    found.sort(key=lambda pack: -len(pack.data.data))
    flags = distinct([pack.listed.ids for pack in found])
    packs, odd = [], []
    for pack, wanted in zip(found, flags, strict=True):
        trees = forest(entries.parse(np.frombuffer(pack.data.data, np.uint8), pack.listed), wanted)
        odd.append(_lines(pack.listed.ids[trees.odd]))
        packs.append(Planned(pack.data, pack.listed.ids, trees))
    rest = {oid for folder in folders for oid in store.loose(folder, width)}
    if not scope.alternates and enumeration.borrows(repository):
        rest |= enumeration.reachable(repository.git)
    return Plan(packs, b"".join(odd) + _not_in(packs, sorted(rest), width))


def _not_in(packs: Sequence[Planned], oids: Sequence[bytes], width: int) -> bytes:
    """The ids of those `oids` (in hex) that no pack holds, one a line."""
    ids = np.frombuffer(bytes.fromhex(b"".join(oids).decode()), np.uint8).reshape(len(oids), width)
    for planned in packs:
        ids = ids[find(planned.ids, ids) < 0]
    return _lines(ids)


def _lines(ids: Bytes) -> bytes:
    return b"".join(bytes(row).hex().encode() + b"\n" for row in ids)
