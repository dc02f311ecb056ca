"""What of a repository is known from earlier runs, and what that is worth now.

A pack never changes: its name may, but the checksums that it and its index end with, and their sizes, say which it is.
Knowledge is kept for a *set* of packs, and holds for every repository state whose packs include that set: each object
of the set is still there, under the same id. So it does not matter in which of several packs an object was looked at,
nor which of them git reads: all of them are there, or the set is not the one that is known. Of the packs that came
since, what known packs hold is left out, as it is of the smaller of two packs in a first scan.

An object is known by its id, and of one that is known to be clean nothing is read. Clean means: it could be read, and
no rule had a place in it to be tried at (scanner.detect.Scan.tried). The literals of the rules alone decide that, and
they are part of what knowledge is filed under: so no change of a pattern, a check, a marker or a configuration makes it
wrong. All others are looked at again, through git, with the rules of that run, but for those in which the very same
rules found nothing: where Slack is named everywhere, these are nearly all.

It is filed under the folder of the objects, too: whoever hands over a repository made by hand, with packs whose
checksums are those of another one, cannot say anything about that other one.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from hashlib import blake2b
from typing import NamedTuple

import scanner
from scanner.decode import views
from scanner.detect import literals
from scanner.errors import GitError
from scanner.git import enumerate as enumeration
from scanner.git.packs import listed
from scanner.git.repository import Repository, common_dir, own_folders
from scanner.sources.cache import Cache, Row
from scanner.sources.history import Scope, Seen, Watch, problems, through_git, together
from scanner.sources.jobs import Answer, Job
from scanner.sources.portions import Pool

_LAYOUT = b"3"  # of what is kept
AGAIN, PACKED, TREE = b"again", b"packed", b"tree"


class Fact(NamedTuple):
    """Which pack it is: the checksum (in hex) and the size of it, and of its index."""

    pack: bytes
    size: int
    listing: bytes
    listing_size: int


class Here(NamedTuple):
    """The packs that a repository has now, and the ids of its loose objects."""

    packs: frozenset[Fact]
    loose: frozenset[bytes]


class Counts(NamedTuple):
    """How many objects, and bytes."""

    blobs: int = 0
    commits: int = 0
    tags: int = 0
    size: int = 0

    def plus(self, other: Counts) -> Counts:
        """Both together."""
        return Counts(*(one + two for one, two in zip(self, other, strict=True)))

    def minus(self, other: Counts) -> Counts:
        """What is left without the others."""
        return Counts(*(one - two for one, two in zip(self, other, strict=True)))


class Loose(NamedTuple):
    """A loose object: blob, commit, tag or tree; or AGAIN: it is to be looked at again; or PACKED: a pack of the set
    holds it, too."""

    kind: bytes
    size: int = 0


class Silent(NamedTuple):
    """What is not looked at again as long as the rules are these: ids, and counts of them. `rules` is a digest."""

    rules: bytes = b""
    oids: frozenset[bytes] = frozenset()
    counts: Counts = Counts()

    def plus(self, answers: Iterable[Answer], among: Set[bytes]) -> Silent:
        """With what `answers` tell of the ids `among`."""
        told = {oid: (kind, size) for answer in answers for oid, kind, size in rows(answer.silent)}
        new = (told.keys() & among) - self.oids
        return self._replace(oids=self.oids | new, counts=self.counts.plus(count(told[oid] for oid in new)))


class Knowledge(NamedTuple):
    """What is known of some packs and loose objects: `counts` of those objects in packs that are clean, and the ids of
    all others, which are to be looked at `again`, unless they are `silent`."""

    packs: frozenset[Fact] = frozenset()
    counts: Counts = Counts()
    again: frozenset[bytes] = frozenset()
    silent: Silent = Silent()
    loose: Mapping[bytes, Loose] = {}

    def remembered(self) -> set[bytes]:
        """The ids that are to be looked at again, in packs or loose."""
        loose = (oid for oid, loose in self.loose.items() if loose.kind == AGAIN)
        return {*(self.again - self.silent.oids), *loose}

    def clean(self) -> Counts:
        """What need not be looked at."""
        loose = count((loose.kind, loose.size) for loose in self.loose.values())
        return self.counts.plus(self.silent.counts).plus(loose)

    def heeding(self, rules: bytes) -> Knowledge:
        """The same for the rules with this digest."""
        return self if self.silent.rules == rules else self._replace(silent=Silent(rules))

    def any(self) -> bool:
        """Whether anything is known."""
        return bool(self.packs or self.loose)

    def stands_in(self) -> bool:
        """Whether a loose object may stand in for a damaged entry of a pack: what git reads then says nothing of it."""
        return Loose(PACKED) in self.loose.values()

    def of(self, here: Here) -> Knowledge:
        """The same without the loose objects that are gone."""
        return self._replace(loose={oid: loose for oid, loose in self.loose.items() if oid in here.loose})

    def covers(self, here: Here) -> bool:
        """Whether there is nothing new."""
        return self.packs == here.packs and here.loose <= self.loose.keys()


NOTHING = Knowledge()


def count(objects: Iterable[tuple[bytes, int]]) -> Counts:
    """The counts of objects of which kind and size are given; trees and the like do not count."""
    numbers = {b"blob": 0, b"commit": 0, b"tag": 0}
    size = 0
    for kind, each in objects:
        if kind in numbers:
            numbers[kind] += 1
            size += each
    return Counts(numbers[b"blob"], numbers[b"commit"], numbers[b"tag"], size)


def rows(lines: bytes) -> Iterator[tuple[bytes, bytes, int]]:
    """Id, kind and size of each of the `lines` that a worker told (Answer.held, Answer.looked)."""
    for line in lines.splitlines():
        oid, size, kind = line.split()
        yield oid, kind, int(size)


# What is here


def folders(objects: str) -> list[str]:
    """Where the objects are that are looked at: in the folder `objects`, and in those that it borrows from."""
    try:
        os.stat(os.path.join(objects, "info", "alternates"))
    except OSError:
        return [objects]
    from scanner.pack import store  # numpy with it, which most runs here do without

    return list(dict.fromkeys([objects, *store.alternates(objects)]))


def here(objects: Sequence[str], width: int) -> Here | None:
    """What the folders `objects` hold; ids have `width` bytes. None where that is not sure: packs come and go."""
    with suppress(OSError):
        packs = [_fact(base, width) for folder in objects for base in _packs(folder)]
        return Here(frozenset(packs), frozenset(oid for folder in objects for oid in _loose(folder, 2 * width - 2)))
    return None


def _packs(objects: str) -> list[str]:
    """The packs that have an index, without suffix. OSError where one that has none may count all the same."""
    packs = listed(objects)
    if packs.bare:
        raise OSError
    return [os.path.join(objects, "pack", name) for name in packs.indexed]


def _fact(base: str, width: int) -> Fact:
    return Fact(*_end(base + ".pack", width), *_end(base + ".idx", width))


def _end(path: str, width: int) -> tuple[bytes, int]:
    with open(path, "rb", buffering=0) as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - width, 0))
        return file.read(width).hex().encode(), size


def _loose(folder: str, length: int) -> Iterator[bytes]:
    for name in os.listdir(folder):
        if len(name) == 2 and _is_hex(name):
            files = os.listdir(os.path.join(folder, name))
            yield from ((name + file).encode() for file in files if len(file) == length and _is_hex(file))


def _is_hex(text: str) -> bool:
    return not text.strip("0123456789abcdef")


# What is kept


class Memory:
    """What of one repository is known to these rules, and what becomes known."""

    def __init__(self, cache: Cache, repository: Repository, job: Job, objects: Sequence[str]) -> None:
        self._cache = cache
        self._place = place(job, objects[0])
        self._walks = _digest(self._place)
        self._rules = _digest(job.rules, job.foreign, job.timeout)
        self._explain = job.explain
        self._objects = objects
        self._width = len(repository.empty_tree) // 2

    def here(self) -> Here | None:
        """What the repository holds now."""
        return here(self._objects, self._width)

    def recall(self, now: Here) -> Knowledge:
        """The most that is known of what is here now. Whoever wants to know what was turned down is told of no
        silent object."""

        def choose(every: list[bytes]) -> bytes | None:
            sets = {packs: parse_packs(packs) for packs in every}
            fitting = [packs for packs, facts in sets.items() if facts <= now.packs]
            return max(fitting, key=lambda packs: sum(fact.size for fact in sets[packs]), default=None)

        row = self._cache.load(self._place, choose)
        try:
            known = parse(row).of(now) if row else NOTHING
        except ValueError:
            self._cache.throw_away("damaged")
            known = NOTHING
        return (known._replace(silent=Silent()) if self._explain else known).heeding(self._rules)

    def keep(self, knowledge: Knowledge, before: Here) -> None:
        """Keeps what was learned, unless anything came or went in the meantime."""
        if self.here() == before:
            self._cache.save(self._place, written(knowledge))

    def walk_of(self, lineage: bytes, shallow: Iterable[bytes], blobs: Iterable[bytes]) -> bytes:
        """All that decides which commits touch any of `blobs`: what an id names never changes, but it may be gone."""
        now = self.here() or Here(frozenset(), frozenset())
        what = (sorted(lineage.splitlines()), sorted(shallow), sorted(blobs))
        return _digest(*what, sorted(now.packs), sorted(now.loose))

    def recall_commits(self, key: bytes) -> frozenset[bytes] | None:
        """The commits that were kept under `key` (see `walk_of`)."""
        row = self._cache.load(self._walks, lambda every: key if key in every else None)
        return frozenset(row.value.split()) if row else None

    def keep_commits(self, key: bytes, commits: Iterable[bytes]) -> None:
        """Keeps them."""
        self._cache.save(self._walks, Row(key, b" ".join(sorted(commits))))


def memory(cache: Cache | None, repository: Repository, job: Job, scope: Scope) -> Memory | None:
    """Where knowledge of this repository is kept. None where there is no cache, or where it would be in the repository,
    and for one that borrows objects: which of those are looked at depends on what refs reach."""
    if cache is None or scope.reachable or job.account:
        return None
    common = common_dir(repository)
    objects = _folders(os.path.join(common, "objects"))
    if not objects or (len(objects) > 1 and not scope.alternates):
        return None
    return None if cache.lies_in(own_folders(repository)) else Memory(cache, repository, job, objects)


def _folders(objects: str) -> list[str]:
    """As `folders`; none where that cannot be told."""
    try:
        return folders(objects)
    except (GitError, ImportError):
        return []


def place(job: Job, objects: str) -> bytes:
    """What knowledge is filed under: everything that it depends on besides the objects themselves."""
    parts = (
        _LAYOUT,
        scanner.__version__,
        views.NAMES if job.decode else (),
        literals(job.rules),
        os.fsencode(os.path.realpath(objects)),
    )
    return _digest(*parts)


def _digest(*parts: object) -> bytes:
    return blake2b(repr(parts).encode(), digest_size=32).hexdigest().encode()


def written(knowledge: Knowledge) -> Row:
    """The row for it."""
    packs = b"".join(b"%b %d %b %d\n" % fact for fact in sorted(knowledge.packs))
    counts = b"%d %d %d %d\n" % knowledge.counts
    again = b" ".join(sorted(knowledge.again)) + b"\n"
    loose = b"".join(b"%b %b %d\n" % (oid, *each) for oid, each in sorted(knowledge.loose.items()))
    silent = b" ".join([*map(b"%d".__mod__, knowledge.silent.counts), *sorted(knowledge.silent.oids)])
    return Row(packs, counts + again + knowledge.silent.rules + b" " + silent + b"\n" + loose)


def parse(row: Row) -> Knowledge:
    """What `written` wrote. ValueError where that is something else."""
    counts, again, silent, *lines = row.value.splitlines()
    rules, *fields = silent.split(b" ")
    loose = {oid: Loose(kind, int(size)) for oid, kind, size in map(bytes.split, lines)}
    ids = [*again.split(), *fields[4:], *loose]
    if b"".join(ids).translate(None, b"0123456789abcdef"):
        raise ValueError("no ids")
    known = Silent(rules, frozenset(fields[4:]), _counts(fields[:4]))
    return Knowledge(parse_packs(row.packs), _counts(counts.split()), frozenset(again.split()), known, loose)


def _counts(fields: Sequence[bytes]) -> Counts:
    blobs, commits, tags, size = map(int, fields)
    if min(blobs, commits, tags, size) < 0:
        raise ValueError("less than none")
    return Counts(blobs, commits, tags, size)


def parse_packs(packs: bytes) -> frozenset[Fact]:
    """The packs of a row."""
    fields = (line.split() for line in packs.splitlines())
    return frozenset(Fact(pack, int(size), index, int(other)) for pack, size, index, other in fields)


# What is done with it


def again(job: Job, memory: Memory, knowledge: Knowledge, now: Here, processes: int, watch: Watch) -> Seen:
    """What the engine would see, where nothing is new: only what may hold something is looked at."""
    oids = sorted(knowledge.remembered())
    pool = Pool(enumeration.named_objects(job.git, b"".join(oid + b"\n" for oid in oids)))
    watch.expect(len(oids), 0)
    answers: list[Answer] = []
    for answer in through_git(job.begun(), pool, processes) if oids else ():
        answers.append(answer)
        watch.done(answer)
    forget(pool, oids, memory, now)
    silent = knowledge.silent.plus(() if knowledge.stands_in() else answers, knowledge.again)
    if silent != knowledge.silent:
        memory.keep(knowledge._replace(silent=silent), now)
    return with_known(together(answers, problems(answers, pool)), knowledge)


def forget(pool: Pool, remembered: Iterable[bytes], memory: Memory, before: Here) -> None:
    """Drops what is absent and was only remembered, if anything came or went since: it is gone. Else it is damaged."""
    if pool.missing and memory.here() != before:
        gone = set(remembered)
        pool.missing = [oid for oid in pool.missing if oid not in gone]


def with_known(seen: Seen, knowledge: Knowledge) -> Seen:
    """What was seen, and what is known to be clean; how much was packed in that is not known."""
    blobs, commits, tags, size = knowledge.clean()
    return seen._replace(
        blobs=seen.blobs + blobs,
        commits=seen.commits + commits,
        tags=seen.tags + tags,
        size=seen.size + size,
        expanded=None if knowledge.any() else seen.expanded,
    )
