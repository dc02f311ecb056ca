"""Which engine looks at a history: `git`, which reads through git, or `pack`, which reads the packs itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from scanner.errors import GitError, UsageError
from scanner.git import enumerate as enumeration
from scanner.git.packs import unusable
from scanner.git.repository import Repository
from scanner.model import Problem
from scanner.sources import history, known
from scanner.sources.cache import Cache
from scanner.sources.fences import Fence, fence
from scanner.sources.history import SILENT, Scope, Seen, Watch, unreadable
from scanner.sources.jobs import Job
from scanner.sources.known import Here, Memory

NAMES = ("auto", "pack", "git", "both")
_MISSING = "install extra history: pip install 'xoxscan[history]'"
_REPAIR = "git fsck shows what is damaged; git index-pack makes a new index; a fresh clone may have it"
_DIFFERS = "please report it; --engine git does without the pack engine"


class Looked(NamedTuple):
    """What an engine saw, and a sentence on why it was not the quicker one, if it was not. Where `seen` does not hold
    the lineage of all commits, `lineage` finds it out. `recalled`: some of it was known from an earlier run. `memory`
    is what keeps for the next one, if that is wanted."""

    seen: Seen
    note: str = ""
    lineage: Callable[[], bytes] | None = None
    recalled: bool = False
    memory: Memory | None = None

    def whole(self) -> Seen:
        """What was seen, with the lineage of all commits."""
        return self.seen._replace(lineage=self.lineage()) if self.lineage else self.seen


def look(
    name: str,
    repository: Repository,
    job: Job,
    scope: Scope,
    processes: int,
    watch: Watch = SILENT,
    cache: Cache | None = None,
    kept: Fence | None = None,
) -> Looked:
    """Looks at everything with the engine `name`. UsageError where that cannot be had; `auto` takes git then. `auto`
    and `pack` take from the `cache` what is known, and leave there what becomes known. What is `kept` from git
    (None: it is not known yet) is a problem, and only the pack engine looks then."""
    kept = fence(repository) if kept is None else kept
    if kept.problems:
        return Looked(_kept(name, _Run(repository, job, scope, processes, watch), kept))
    memory = known.memory(cache, repository, job, scope) if name in ("auto", "pack") else None
    now = memory.here() if memory else None
    run = _Run(repository, job, scope, processes, watch)
    if memory and now:
        knowledge = memory.recall(now)
        if knowledge.covers(now):  # nothing that takes long to load is needed
            seen = known.again(job._replace(lineage=False), memory, knowledge, now, processes, watch)
            return Looked(seen, lineage=run.lineage, recalled=True, memory=memory)
        return _look(name, run, partial(_onward, run, memory, now))
    return _look(name, run, run.packed)


class _Run(NamedTuple):
    """What is to be looked at, and how."""

    repository: Repository
    job: Job
    scope: Scope
    processes: int
    watch: Watch

    def packed(self) -> Looked:
        """By the pack engine."""
        from scanner.sources import packed

        return Looked(packed.engine(*self), lineage=self.lineage)

    def plain(self) -> Seen:
        """Through git, with a problem for each pack that git passes over in silence."""
        seen = history.engine(*self)
        own = enumeration.objects_folder(self.repository)
        faults = unusable(own, len(self.repository.empty_tree) // 2)
        passed = (Problem(f"{name}.pack", f"git does not look into this pack: {why}", _REPAIR) for name, why in faults)
        return seen._replace(problems=(*seen.problems, *passed))

    def lineage(self) -> bytes:
        """That of all commits; nothing is looked for in them."""
        plain = self._replace(job=self.job._replace(rules=(), made=None, decode=False), watch=SILENT)
        if _lacking(self.scope):
            return plain.plain().lineage
        from scanner.sources import packed

        try:
            return packed.lineage(self.repository, self.job, self.scope, self.processes)
        except GitError:
            return plain.plain().lineage


def _kept(name: str, run: _Run, kept: Fence) -> Seen:
    """What can be seen without git walking over the packs; nothing where only git could."""
    problems = list(kept.problems)
    if name != "git" and not _lacking(run.scope):
        from scanner.sources import packed

        try:
            seen = packed.fenced(*run, kept.odd)
            return seen._replace(problems=(*problems, *seen.problems))
        except GitError as error:
            problems.append(Problem("git objects", f"nothing was looked at: {error}", error.hint))
    else:
        problems.append(Problem("git objects", "nothing was looked at: git would not come to an end", _MISSING))
    return history.together([], problems)


def _onward(run: _Run, memory: Memory, now: Here) -> Looked:
    """What the pack engine sees of what is not known; afterwards it is."""
    from scanner.sources import packed

    scanned = packed.onward(*run, memory, now)
    if scanned.learned:
        memory.keep(scanned.learned, now)
    return Looked(scanned.seen, lineage=run.lineage, recalled=scanned.recalled, memory=memory)


def _look(name: str, run: _Run, packed: Callable[[], Looked]) -> Looked:
    why = _lacking(run.scope)
    if why and name in ("pack", "both"):
        raise UsageError(f"--engine {name}: {why}", _MISSING if not run.scope.reachable else "use --engine git")
    if name == "git" or why:
        return Looked(run.plain(), _note(name, why, run.scope))
    if name == "both":
        return Looked(_compared(run._replace(job=run.job._replace(account=True))))
    try:
        return packed()
    except GitError as error:
        if name == "pack":
            raise
        return Looked(run.plain(), f"read through git, as the pack engine cannot read all packs: {error}")


def _note(name: str, why: str, scope: Scope) -> str:
    asked = name == "git" or scope.reachable
    return "" if asked else f"read through git, which takes longer than the pack engine: {why} ({_MISSING})"


def _lacking(scope: Scope) -> str:
    """Why the pack engine cannot be had here, if it cannot."""
    if scope.reachable:
        return "what refs reach is listed by git"
    try:
        from hyperscan import Database  # noqa: F401 - whether it is there

        from scanner.arrays import np  # noqa: F401
        from scanner.pack.unpack import codec

        codec()
    except ImportError as error:
        return f"{error.name or 'a part of it'} is not installed, or not as a compiled module"
    return ""


def _compared(run: _Run) -> Seen:
    """What git saw, with a problem for all that the pack engine saw differently."""
    mine, true = run.packed().seen, run.plain()
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
