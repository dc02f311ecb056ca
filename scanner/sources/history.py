"""Everything that a repository still holds: the plain engine, which looks at each object once, through git.

Where the few that matter came from, and what still reaches them, is asked afterwards (scanner.sources.origins).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from typing import NamedTuple

from scanner.git import enumerate as enumeration
from scanner.git.repository import Repository
from scanner.model import Problem
from scanner.sources.crew import look
from scanner.sources.portions import Pool
from scanner.sources.workers import Answer, Found, Job

# So many objects are named that could not be read; of the others it is said how many they are.
SHOWN = 100
_FSCK = "git fsck shows what is damaged; a fresh clone may have it"


class Scope(NamedTuple):
    """How much of the object database to look at."""

    reachable: bool = False  # only what refs reach
    alternates: bool = False  # also what is only borrowed


class Seen(NamedTuple):
    """What the engine saw: finds, problems, and how much was looked at; and the lineage of all commits
    (scanner.git.commits)."""

    found: tuple[Found, ...]
    problems: tuple[Problem, ...]
    blobs: int
    commits: int
    tags: int
    size: int  # bytes
    lineage: bytes


def engine(
    repository: Repository,
    job: Job,
    scope: Scope,
    processes: int,
    advance: Callable[[int, int], None] = lambda objects, size: None,
    expect: Callable[[int, int], None] = lambda objects, size: None,
) -> Seen:
    """Looks at every blob, commit and tag once. `advance` is told how many more objects and bytes are done, `expect`
    the totals as far as they are known."""
    pool = Pool(_listed(repository, scope))
    answers: list[Answer] = []
    for answer in look(job, pool, processes):
        answers.append(answer)
        expect(pool.objects, pool.size)
        advance(answer.blobs + answer.commits + answer.tags, answer.size)
    return Seen(
        tuple(found for answer in answers for found in answer.found),
        tuple(_problems(answers, pool)),
        sum(answer.blobs for answer in answers),
        sum(answer.commits for answer in answers),
        sum(answer.tags for answer in answers),
        sum(answer.size for answer in answers),
        b"".join(answer.lineage for answer in answers),
    )


def _problems(answers: Iterable[Answer], pool: Pool) -> Iterator[Problem]:
    if pool.error:
        message = f"not all objects could be listed: {pool.error}"
        yield Problem("git objects", message, pool.error.hint or _FSCK)
    unread = [oid for answer in answers for oid in answer.unread]
    yield from unreadable([*pool.missing, *unread])
    for answer in answers:
        yield from answer.problems


def unreadable(oids: Iterable[bytes], message: str = "the object cannot be read") -> Iterator[Problem]:
    """A problem for each of `oids`, in order; for very many, how many more there are."""
    every = sorted(set(oids))
    for oid in every[:SHOWN]:
        yield Problem(oid.decode(), message, _FSCK)
    if len(every) > SHOWN:
        yield Problem("git objects", f"{message}: {len(every) - SHOWN:,} more", _FSCK)


def _listed(repository: Repository, scope: Scope) -> Generator[enumeration.Listed, None, None]:
    git = repository.git
    if scope.reachable:
        return enumeration.reachable_objects(git)
    if scope.alternates or not enumeration.borrows(repository):
        return enumeration.all_objects(git)
    return enumeration.all_objects(git, enumeration.own_objects(repository) | enumeration.reachable(git))
