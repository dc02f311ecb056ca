"""Everything that a repository still holds: the plain engine, which looks at each object once, through git.

Where the few that matter came from, and what still reaches them, is asked afterwards (scanner.sources.origins).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from scanner.errors import GitError
from scanner.examine import added, summed
from scanner.git import enumerate as enumeration
from scanner.git.repository import Repository
from scanner.model import Problem, Skip
from scanner.sources.crew import Work, look
from scanner.sources.jobs import Answer, Found, Job
from scanner.sources.portions import Dealt, Pool
from scanner.sources.workers import work

# So many objects are named that could not be read; of the others it is said how many they are.
SHOWN = 100
_SPLIT = 16  # a portion that was lost is done again in so many parts
_AGAIN = 4  # times
_FSCK = "git fsck shows what is damaged; a fresh clone may have it"


class Scope(NamedTuple):
    """How much of the object database to look at."""

    reachable: bool = False  # only what refs reach
    alternates: bool = False  # also what is only borrowed


class Seen(NamedTuple):
    """What the engine saw: finds, problems, and how much was looked at; and the lineage of all commits
    (scanner.git.commits), if that was asked (Job.lineage)."""

    found: tuple[Found, ...]
    problems: tuple[Problem, ...]
    blobs: int
    commits: int
    tags: int
    size: int  # bytes
    lineage: bytes
    looked: bytes = b""  # the ids, sizes and kinds of all objects, one a line, if that was asked (Job.account)
    skipped: tuple[Skip, ...] = ()
    expanded: int | None = None  # bytes that were packed in them and were looked at, too


class Watch(NamedTuple):
    """Who is told of progress: `advance` how many more objects and bytes are done, `expect` the totals as far as they
    are known (0: not known)."""

    advance: Callable[[int, int], None] = lambda objects, size: None
    expect: Callable[[int, int], None] = lambda objects, size: None

    def done(self, answer: Answer) -> None:
        """An answer has come."""
        self.advance(answer.blobs + answer.commits + answer.tags, answer.size)


SILENT = Watch()


def engine(repository: Repository, job: Job, scope: Scope, processes: int, watch: Watch = SILENT) -> Seen:
    """Looks at every blob, commit and tag once."""
    pool = Pool(_listed(repository, scope))
    answers: list[Answer] = []
    for answer in through_git(job, pool, processes):
        answers.append(answer)
        watch.expect(pool.objects, pool.size)
        watch.done(answer)
    return together(answers, problems(answers, pool))


def through_git(job: Job, pool: Work, processes: int) -> Iterator[Answer]:
    """The answers for the ids in `pool`. What a process took with it that died is done again in ever smaller portions,
    each by a process of its own, until only what kills it is left."""
    job.settle()
    task = partial(work, job)
    lost = yield from look(task, pool, processes)
    for _ in range(_AGAIN):
        portions, lost = list(_smaller(lost)), []
        for portion in portions:
            lost += yield from look(task, Dealt([portion]), 1)
    if lost:
        oids = b"".join(lost).splitlines()
        yield Answer(problems=tuple(unreadable(oids, "a process that read it died", "run again with more memory")))


def _smaller(portions: Iterable[bytes]) -> Iterator[bytes]:
    for portion in portions:
        width = portion.index(b"\n") + 1
        each = -(-len(portion) // width // _SPLIT) * width
        yield from (portion[start : start + each] for start in range(0, len(portion), each))


def together(answers: Sequence[Answer], found: Iterable[Problem]) -> Seen:
    """All answers as one, with the problems that were `found`; in the same order, whoever answered first."""
    return Seen(
        tuple(sorted((item for answer in answers for item in answer.found), key=lambda item: item.oid)),
        tuple(found),
        sum(answer.blobs for answer in answers),
        sum(answer.commits for answer in answers),
        sum(answer.tags for answer in answers),
        sum(answer.size for answer in answers),
        b"".join(answer.lineage for answer in answers),
        b"".join(answer.looked for answer in answers),
        summed(skip for answer in answers for skip in answer.skipped),
        added(answer.expanded for answer in answers),
    )


def problems(answers: Iterable[Answer], pool: Pool) -> Iterator[Problem]:
    """What could not be looked at of the objects of `pool`."""
    if pool.error:
        message = f"not all objects could be listed: {pool.error}"
        yield Problem("git objects", message, pool.error.hint or _FSCK)
    unread = [oid for answer in answers for oid in answer.unread]
    yield from unreadable([*pool.missing, *unread])
    for answer in answers:
        yield from answer.problems


def unreadable(
    oids: Iterable[bytes], message: str = "the object cannot be read", hint: str = _FSCK
) -> Iterator[Problem]:
    """A problem for each of `oids`, in order; for very many, how many more there are."""
    every = sorted(set(oids))
    for oid in every[:SHOWN]:
        yield Problem(oid.decode(), message, hint)
    if len(every) > SHOWN:
        yield Problem("git objects", f"{message}: {len(every) - SHOWN:,} more", hint)


def _listed(repository: Repository, scope: Scope) -> Generator[enumeration.Listed, None, None]:
    git = repository.git
    if scope.reachable:
        return enumeration.reachable_objects(git)
    if scope.alternates or not enumeration.borrows(repository):
        return enumeration.all_objects(git)
    return _own_and_reached(repository)


def _own_and_reached(repository: Repository) -> Generator[enumeration.Listed, None, None]:
    """What the repository stores itself, and what is borrowed and reached. Where git cannot tell that, GitError, once
    all others are listed."""
    failed: list[GitError] = []
    wanted = enumeration.own_objects(repository)
    try:
        wanted |= enumeration.reachable(repository.git)
    except GitError as error:
        failed.append(error)
    yield from enumeration.all_objects(repository.git, wanted)
    if failed:
        raise failed[0]
