"""What of a repository git must not be asked for, as it would never end: found before it is asked."""

from __future__ import annotations

from typing import NamedTuple

from scanner.git import enumerate as enumeration
from scanner.git.circles import circles
from scanner.git.packs import size
from scanner.git.plain import object_folders, odd_loose
from scanner.git.repository import Repository
from scanner.model import Problem

_SHOWN = 100
_CIRCLE = "deltas that are made from each other: git never ends at them, so it was not asked for anything in packs"
_ANEW = "a fresh clone has it whole, if anybody has; --engine pack reads the rest of the packs (extra history)"
_PLAIN = "the object is no plain file, at which git waits for ever: it was not asked for anything in packs"


class Fence(NamedTuple):
    """Why git must not walk over a repository (nothing: it may), and the ids of what it must not even be asked for by
    itself."""

    problems: tuple[Problem, ...] = ()
    odd: frozenset[bytes] = frozenset()


def fence(repository: Repository) -> Fence:
    """What git must be kept from here. GitError where it cannot be told what is borrowed."""
    folders = object_folders(enumeration.objects_folder(repository))
    width = len(repository.empty_tree) // 2
    rings = [ring for folder in folders for ring in circles(folder, width)]
    odd = odd_loose(folders)
    problems = [_told(name, ids) for name, ids in rings]
    problems += [Problem(oid.decode("utf-8", "replace"), _PLAIN, "remove it") for oid in sorted(odd)[:_SHOWN]]
    if len(odd) > _SHOWN:
        problems.append(Problem("git objects", f"{_PLAIN}: {len(odd) - _SHOWN:,} more", "remove them"))
    return Fence(tuple(problems), frozenset(odd).union(*(ids for _, ids in rings)))


def _told(name: str, ids: list[bytes]) -> Problem:
    more = f" and {len(ids) - _SHOWN:,} more" if len(ids) > _SHOWN else ""
    return Problem(f"{name}.pack", f"{_CIRCLE}: {b' '.join(ids[:_SHOWN]).decode()}{more}", _ANEW)


def bounded(repository: Repository) -> Repository:
    """The same with a bound on the memory of each git, by the size of the packs."""
    room = sum(map(size, object_folders(enumeration.objects_folder(repository))))
    return repository._replace(git=repository.git.bounded(room))
