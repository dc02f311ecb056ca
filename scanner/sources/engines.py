"""Which engine looks at a history: `git`, which reads through git, or `pack`, which reads the packs itself."""

from __future__ import annotations

from typing import NamedTuple

from scanner.errors import GitError, UsageError
from scanner.git.repository import Repository
from scanner.model import Problem
from scanner.sources import history
from scanner.sources.history import SILENT, Scope, Seen, Watch, unreadable
from scanner.sources.workers import Job

NAMES = ("auto", "pack", "git", "both")
_MISSING = "install extra history: pip install 'xoxscan[history]'"
_DIFFERS = "please report it; --engine git does without the pack engine"


class Looked(NamedTuple):
    """What an engine saw, and a sentence on why it was not the quicker one, if it was not."""

    seen: Seen
    note: str = ""


def look(name: str, repository: Repository, job: Job, scope: Scope, processes: int, watch: Watch = SILENT) -> Looked:
    """Looks at everything with the engine `name`. UsageError where that cannot be had; `auto` takes git then."""
    why = _lacking(scope)
    if why and name in ("pack", "both"):
        raise UsageError(f"--engine {name}: {why}", _MISSING if not scope.reachable else "use --engine git")
    if name == "git" or why:
        return Looked(history.engine(repository, job, scope, processes, watch), _note(name, why, scope))
    from scanner.sources import packed

    if name == "both":
        return Looked(_compared(repository, job._replace(account=True), scope, processes, watch))
    try:
        return Looked(packed.engine(repository, job, scope, processes, watch))
    except GitError as error:
        if name == "pack":
            raise
        seen = history.engine(repository, job, scope, processes, watch)
        return Looked(seen, f"read through git, not by the pack engine: {error}")


def _note(name: str, why: str, scope: Scope) -> str:
    asked = name == "git" or scope.reachable
    return "" if asked else f"read through git, which takes longer than the pack engine: {why} ({_MISSING})"


def _lacking(scope: Scope) -> str:
    """Why the pack engine cannot be had here, if it cannot."""
    if scope.reachable:
        return "what refs reach is listed by git"
    try:
        import numpy  # noqa: F401 - whether it is there
        from hyperscan import Database  # noqa: F401

        from scanner.pack.unpack import codec

        codec()
    except ImportError as error:
        return f"{error.name or 'a part of it'} is not installed, or not as a compiled module"
    return ""


def _compared(repository: Repository, job: Job, scope: Scope, processes: int, watch: Watch) -> Seen:
    """What git saw, with a problem for all that the pack engine saw differently."""
    from scanner.sources import packed

    mine = packed.engine(repository, job, scope, processes, watch)
    true = history.engine(repository, job, scope, processes, watch)
    return true._replace(problems=(*true.problems, *_differences(mine, true)))


def _differences(mine: Seen, true: Seen) -> list[Problem]:
    one, other = mine.looked.splitlines(), true.looked.splitlines()
    found = [
        *unreadable((line.split()[0] for line in set(one) - set(other)), "only the pack engine saw it so", _DIFFERS),
        *unreadable((line.split()[0] for line in set(other) - set(one)), "the pack engine did not see it so", _DIFFERS),
    ]
    if len(one) != len(other) and not found:
        found.append(Problem("git objects", "the pack engine looked at some objects more than once", _DIFFERS))
    if _holding(mine) != _holding(true):
        found.append(Problem("git objects", "the engines differ in what they found", _DIFFERS))
    return found


def _holding(seen: Seen) -> set[tuple[object, ...]]:
    return {(item.oid, item.kind, item.examined) for item in seen.found}
