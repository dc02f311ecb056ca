"""Everything that a repository holds, read from its packs without git: the engine `pack`.

Each entry is inflated and made from its delta by the processes that look at it. What is odd about a pack, or too large,
is left to git, and so are loose objects: the plain engine (scanner.sources.history) looks at these, and says what is
damaged. What is known from an earlier run (scanner.sources.known) is not read again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from scanner.arrays import Bytes, np
from scanner.git import enumerate as enumeration
from scanner.git.repository import Repository
from scanner.pack import entries, store
from scanner.pack.forest import forest, portions
from scanner.pack.index import distinct, find
from scanner.pack.unpack import STACKED
from scanner.sources import history, known
from scanner.sources.crew import look
from scanner.sources.history import Scope, Seen, Watch, problems, through_git, together
from scanner.sources.jobs import Answer, Job
from scanner.sources.known import AGAIN, PACKED, TREE, Counts, Here, Knowledge, Loose, Memory
from scanner.sources.portions import LEAST, Dealt, Pool
from scanner.sources.unpackers import Planned, Task

_SHARES = 4  # a portion is at most this part of what is left, for each process
_EVERY = (entries.BLOB, entries.COMMIT, entries.TAG)


class Plan(NamedTuple):
    """The packs to look at; ids (one a line) of entries that are left to git, and of loose and borrowed objects that no
    pack holds; what is known of the rest; and ids that git must never be asked for (scanner.pack.entries)."""

    packs: Sequence[Planned]
    left: bytes
    loose: bytes
    known: Knowledge
    broken: frozenset[bytes]


class Looked(NamedTuple):
    """What the processes answered, those that read packs and those that asked git; and what git was asked."""

    packs: Sequence[Answer]
    rest: Sequence[Answer]
    left: bytes
    pool: Pool


class Scanned(NamedTuple):
    """What was seen; what is known from now on (None: nothing that may be relied on); and whether anything was known
    before."""

    seen: Seen
    learned: Knowledge | None
    recalled: bool


def engine(repository: Repository, job: Job, scope: Scope, processes: int, watch: Watch) -> Seen:
    """Looks at every blob, commit and tag once, and tells nothing of lineage: to find that out takes a fifteenth of the
    time, and most often nobody needs it. GitError where the packs are not as git writes them."""
    job = job.begun()._replace(lineage=False)
    looked = _looked(plan(repository, scope), job, job, processes, watch)
    answers = [*looked.packs, *looked.rest]
    return together(answers, problems(answers, looked.pool))


def fenced(
    repository: Repository, job: Job, scope: Scope, processes: int, watch: Watch, odd: Collection[bytes]
) -> Seen:
    """The same where git must not be asked for what is in packs, nor for the loose objects `odd`: what it alone could
    read of these is a problem. GitError as `engine`."""
    job = job.begun()._replace(lineage=False)
    made = plan(repository, scope, walk=False)
    answers = list(_told(_answers(job, made.packs, processes), watch))
    left = made.left + b"".join(answer.left for answer in answers)
    loose, unread = _without(made.loose, frozenset(odd))
    pool = Pool(enumeration.named_objects(job.git, loose))
    answers += _told(through_git(job, pool, processes) if loose else (), watch)
    answers.append(Answer(unread=(*left.split(), *unread)))
    return together(answers, problems(answers, pool))


def _told(answers: Iterable[Answer], watch: Watch) -> Iterator[Answer]:
    for answer in answers:
        watch.done(answer)
        yield answer


def onward(
    repository: Repository, job: Job, scope: Scope, processes: int, watch: Watch, memory: Memory, now: Here
) -> Scanned:
    """The same, where something may be known of what is here `now`: only the rest is looked at, and again what may hold
    something."""
    job = job.begun()._replace(lineage=False)
    made = plan(repository, scope, memory.recall(now))
    looked = _looked(made, job, job._replace(account=True), processes, watch)
    known.forget(looked.pool, made.known.remembered(), memory, now)
    answers = [*looked.packs, *looked.rest]
    seen = together(answers, problems(answers, looked.pool))
    seen = known.with_known(seen._replace(looked=b""), made.known)
    return Scanned(seen, _learned(made, looked, now), made.known.any())


def lineage(repository: Repository, job: Job, scope: Scope, processes: int) -> bytes:
    """The lineage of all commits (scanner.git.commits), known or not. GitError as `engine`."""
    job = job._replace(rules=(), made=None, decode=False)
    made = plan(repository, scope, kinds=(entries.COMMIT,))
    looked = _looked(made, job, job, processes, history.SILENT)
    return b"".join(answer.lineage for answer in (*looked.packs, *looked.rest))


def _looked(made: Plan, job: Job, through: Job, processes: int, watch: Watch) -> Looked:
    """Looks at what is planned: at packs as `job` says, at the rest as `through` says."""
    total = sum(int(planned.forest.wanted.sum()) for planned in made.packs)
    watch.expect(total, 0)
    answers: list[Answer] = []
    for answer in _answers(job, made.packs, processes):
        answers.append(answer)
        watch.done(answer)
    left = made.left + b"".join(answer.left for answer in answers)
    asked = left + made.loose + b"".join(oid + b"\n" for oid in sorted(made.known.remembered()))
    asked, broken = _without(asked, made.broken)
    pool = Pool(enumeration.named_objects(job.git, asked))
    rest = [Answer(unread=broken)]
    for answer in through_git(through, pool, processes) if asked else ():
        rest.append(answer)
        watch.expect(total + pool.objects, 0)
        watch.done(answer)
    return Looked(answers, rest, left, pool)


def _without(asked: bytes, broken: frozenset[bytes]) -> tuple[bytes, tuple[bytes, ...]]:
    """What is asked, less what is `broken`; and that."""
    if not broken:
        return asked, ()
    every = asked.split()
    kept = b"".join(oid + b"\n" for oid in every if oid not in broken)
    return kept, tuple(oid for oid in every if oid in broken)


def _answers(job: Job, packs: Sequence[Planned], processes: int) -> Iterator[Answer]:
    """The answers for all entries; what a process took with it that died is left to git."""
    job.settle()
    lost = yield from look(Task(job, packs, STACKED), Dealt(_portions(packs, processes)), processes)
    for portion in lost:
        number, begin, end = map(int, portion.split())
        ids, forest = packs[number].ids, packs[number].forest
        yield Answer(left=_lines(ids[forest.place[begin:end][forest.wanted[begin:end]]]))


def _portions(packs: Sequence[Planned], processes: int) -> Iterator[bytes]:
    for number, planned in enumerate(packs):
        for begin, end in portions(planned.forest, LEAST, _SHARES * processes):
            yield b"%d %d %d" % (number, begin, end)


def plan(
    repository: Repository,
    scope: Scope,
    knowledge: Knowledge = known.NOTHING,
    kinds: Collection[int] = _EVERY,
    walk: bool = True,
) -> Plan:
    """What is to be done. GitError where a pack or its index is not as git writes them. Without `walk`, what is only
    borrowed is left out, whatever reaches it."""
    own = enumeration.objects_folder(repository)
    folders = [own, *(store.alternates(own) if scope.alternates else ())]
    width = len(repository.empty_tree) // 2
    # What moves into a pack is seen before, what moves out of one is seen afterwards.
    before = [oid for folder in folders for oid in store.loose(folder, width)]
    found = [pack for folder in dict.fromkeys(folders) for pack in store.packs(folder, width)]
    old = {fact[:3] for fact in knowledge.packs}
    # What a known pack holds is known: so these come first.
    found.sort(key=lambda pack: (_identity(pack) not in old, -len(pack.data.data)))
    flags = distinct([pack.listed.ids for pack in found])
    new = [pair for pair in zip(found, flags, strict=True) if _identity(pair[0]) not in old]
    packs, odd, broken = [], [], b""
    for pack, wanted in new:
        parsed = entries.parse(np.frombuffer(pack.data.data, np.uint8), pack.listed)
        kept = parsed.place[np.isin(parsed.kind, (*kinds, entries.ODD, entries.BROKEN))]
        chosen = np.zeros(len(wanted), np.bool_)
        chosen[kept] = wanted[kept]
        trees = forest(parsed, chosen)
        odd.append(_lines(pack.listed.ids[trees.odd]))
        broken += _lines(pack.listed.ids[trees.broken])
        packs.append(Planned(pack.data, pack.listed.ids, trees))
    rest = {*before, *(oid for folder in folders for oid in store.loose(folder, width))} - knowledge.loose.keys()
    if walk and not scope.alternates and enumeration.borrows(repository):
        rest |= enumeration.reachable(repository.git)
    loose = _not_in([pack.listed.ids for pack in found], sorted(rest), width)
    return Plan(packs, b"".join(odd), loose, _unpacked(knowledge, packs, width), frozenset(broken.split()))


def _identity(pack: store.Pack) -> tuple[bytes, int, bytes]:
    """The beginning of its known.Fact."""
    return pack.listed.pack.hex().encode(), len(pack.data.data), pack.listed.own.hex().encode()


def _unpacked(knowledge: Knowledge, packs: Sequence[Planned], width: int) -> Knowledge:
    """What is known without the loose objects that one of these new `packs` holds, too."""
    loose = knowledge.loose
    left = set(_not_in([planned.ids for planned in packs], sorted(loose), width).split())
    return knowledge._replace(loose={oid: loose[oid] for oid in loose if oid in left})


def _not_in(packs: Sequence[Bytes], oids: Sequence[bytes], width: int) -> bytes:
    """The ids of those `oids` (in hex) that no pack holds, one a line; each pack is given by its ids."""
    ids = np.frombuffer(bytes.fromhex(b"".join(oids).decode()), np.uint8).reshape(len(oids), width)
    for listed in packs:
        ids = ids[find(listed, ids) < 0]
    return _lines(ids)


def _lines(ids: Bytes) -> bytes:
    return b"".join(bytes(row).hex().encode() + b"\n" for row in ids)


# What is known from now on


def _learned(made: Plan, looked: Looked, now: Here) -> Knowledge | None:
    """All that is known of what is here `now`. None where something was not looked at and it cannot be told what."""
    answers = [*looked.packs, *looked.rest]
    held = {oid: (kind, size) for answer in answers for oid, kind, size in known.rows(answer.held)}
    told = (problem.what.encode() for answer in answers for problem in answer.problems)
    if made.broken or looked.pool.error or not held.keys() >= set(told):
        return None
    bad = {*looked.pool.missing, *chain.from_iterable(answer.unread for answer in answers)}
    read = {oid: Loose(kind, size) for answer in looked.rest for oid, kind, size in known.rows(answer.looked)}
    left, loose = set(looked.left.split()), set(made.loose.split())
    packed = dict.fromkeys(now.loose - loose - made.known.loose.keys(), Loose(PACKED))
    # A loose object stands in for a damaged entry of the same id, and for what is made from it, until it is pruned.
    unsure = left if packed or made.known.stands_in() else set()
    counts = made.known.counts.plus(_clean(looked.packs))
    counts = counts.plus(known.count(read[oid] for oid in left & read.keys() - held.keys() - unsure))
    again = made.known.again | ((set(held) | bad | unsure) - loose - made.known.loose.keys())
    sure = looked.packs if packed or made.known.stands_in() else answers
    silent = made.known.silent.plus(sure, again - bad)
    kinds = {oid: read.get(oid, Loose(TREE)) for oid in loose - bad} | dict.fromkeys(loose & held.keys(), Loose(AGAIN))
    return Knowledge(now.packs, counts, again, silent, {**made.known.loose, **kinds, **packed})


def _clean(answers: Sequence[Answer]) -> Counts:
    """How much of what was read from packs is not to be looked at again."""
    counts = Counts()
    for answer in answers:
        held = known.count((kind, size) for _, kind, size in known.rows(answer.held))
        counts = counts.plus(Counts(answer.blobs, answer.commits, answer.tags, answer.size)).minus(held)
    return counts
