"""`xoxscan history [REPO]`: everything that a repository still holds."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence

from scanner.commands.responder import add_options, responder
from scanner.commands.scanning import TIMEOUT, Outcome, Setup, finish, nothing, prepare
from scanner.errors import GitError
from scanner.examine import added, examine
from scanner.git import refs, trees
from scanner.git.changes import GITLINK, Side
from scanner.git.lfs import Store, store
from scanner.git.objects import Cat
from scanner.git.reach import Holders, reach_of
from scanner.git.refs import LogEntry, Name
from scanner.git.repository import Repository, common_dir, find, head, own_folders
from scanner.git.run import require_version
from scanner.git.snapshots import TreeSnapshot
from scanner.model import Coverage, Dropped, Location, Problem, Skip, Streams, Target
from scanner.pipeline import Occurrence
from scanner.report.progress import Progress
from scanner.sources import engines, gaps, origins
from scanner.sources.cache import Cache
from scanner.sources.compiled import compiled
from scanner.sources.fences import Fence, bounded, fence
from scanner.sources.history import Scope, Seen, Watch
from scanner.sources.jobs import Job
from scanner.sources.owned import folder

SUMMARY = "Scans everything that a repository still holds: all objects, reachable or not, messages, notes, ref names."

_MESSAGES = {b"commit": "commit-message", b"tag": "tag-message"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See scanner.commands.scanning."""
    add = parser.add_argument
    add("repository", nargs="?", metavar="REPO", help="the repository (default: the one around this folder)")
    add("--reachable", action="store_true", help="only what refs reach: no reflogs, nothing that was dropped")
    add("--engine", choices=engines.NAMES, default="auto", help="what reads the objects (default: pack, where it can)")
    add("--no-cache", action="store_true", help="look at everything, whatever earlier runs know of it")
    add("--alternates", action="store_true", help="also what is only in borrowed object databases")
    add("--allow-shallow", action="store_true", help="a shallow clone is what is wanted")
    add("--recurse-submodules", action="store_true", help="also the histories of submodules that are here")
    add_options(parser)


def run(args: argparse.Namespace, streams: Streams) -> int:
    """The exit status. Errors: see scanner.errors."""
    respond = responder(args, streams)
    repository = bounded(find(args.repository or os.getcwd(), streams.environ, own=False))
    require_version(repository.git)
    kept = fence(repository)
    ignored = is_foreign(args.repository, repository, streams) and not args.trust_repo_config
    with Cat(repository.git) as cat:
        base, broken = (None, []) if ignored or kept.problems else _base(repository, cat)
        setup = prepare(args, streams, base, repository)
        with Progress(streams.stderr, not (args.no_progress or args.quiet), streams.clock) as progress:
            cache = None if args.no_cache else Cache(folder(streams.environ))
            made = outcome(args, repository, setup, progress, cache, kept)
        if not (made.coverage.blobs or made.coverage.commits or made.problems):
            nothing(args, "the repository is empty", "")
        note = "a foreign repository: its own configuration does not count (--trust-repo-config lets it)"
        notes = [*([note] if ignored else []), *made.notes]
        made = made._replace(notes=notes, problems=[*broken, *made.problems])
        return finish(args, streams, setup, made, respond(setup, repository))


def _base(repository: Repository, cat: Cat) -> tuple[TreeSnapshot | None, list[Problem]]:
    """Where the configuration counts from: HEAD. One that cannot be read is no reason not to look at the rest."""
    try:
        tip = head(repository)
        if tip:
            repository.git.run("ls-tree", tip)
    except GitError as error:
        return None, [Problem("HEAD", f"the configuration of HEAD cannot be read: {error}", error.hint)]
    return TreeSnapshot(repository.git, cat, tip, "HEAD") if tip else None, []


def is_foreign(named: str | None, repository: Repository, streams: Streams) -> bool:
    """Whether the repository that was named is another one than that around this folder."""
    if named is None:
        return False
    try:
        here = find(os.getcwd(), streams.environ, own=False)
    except GitError:
        return True
    return os.path.realpath(common_dir(here)) != os.path.realpath(common_dir(repository))


def outcome(
    args: argparse.Namespace,
    repository: Repository,
    setup: Setup,
    progress: Progress,
    cache: Cache | None = None,
    kept: Fence | None = None,
) -> Outcome:
    """Looks at the whole object database, and at what refs and reflogs say; then at submodules, if that was asked. What
    the `cache` says is clean is not read again; `kept` is what git must be kept from, if that is known already."""
    kept = fence(repository) if kept is None else kept
    kept_apart = store(repository) if setup.decode else Store()
    job = Job(
        repository.git,
        setup.rules,
        TIMEOUT,
        setup.foreign_markers,
        args.explain_drops,
        decode=setup.decode,
        store=kept_apart,
        keep=compiled(cache.where, own_folders(repository)) if cache else None,
    )
    progress.phase("objects", unit="objects")
    scope = Scope(args.reachable, args.alternates)
    watch = Watch(progress.advance, progress.expect)
    looked = engines.look(args.engine, repository, job, scope, args.jobs, watch, cache, kept)
    if kept.problems:
        return _apart(repository, setup, looked.seen)
    progress.phase("provenance")
    files = list(trees.in_tree(repository.git, b"HEAD"))
    modules = gaps.modules(repository, [side.path for side in files if side.mode == GITLINK])
    made = _outcome(args, repository, setup, looked, files, cache)
    skipped = (*made.coverage.skipped, *gaps.skips(modules, recurse=args.recurse_submodules))
    coverage = made.coverage._replace(skipped=skipped)
    said = [*([looked.note] if looked.note else []), *(cache.told() if cache else ())]
    made = made._replace(coverage=coverage, notes=[*said, *made.notes])
    for name, module in modules if args.recurse_submodules else ():
        if module:
            made = _joined(made, _module(args, module, setup, progress, cache), name)
    return made


def _module(
    args: argparse.Namespace, module: Repository, setup: Setup, progress: Progress, cache: Cache | None
) -> Outcome:
    module = bounded(module)
    return outcome(args, module, setup, progress, cache, fence(module))


def _apart(repository: Repository, setup: Setup, seen: Seen) -> Outcome:
    """What is to be said of a repository over which git must not walk: of each find, in which object it stands."""
    names, _, broken = _holders(repository, logged=False)
    return Outcome(
        target=Target("history", repository.top or repository.git_dir, None, None, False),
        coverage=Coverage(None, seen.blobs, seen.commits, seen.size, seen.skipped, seen.expanded),
        occurrences=[*_bare(setup, seen), *_bare_names(setup, names)],
        problems=[*seen.problems, *broken],
        notes=["git was not asked where it stands, what brought it and what reaches it, nor for submodules"],
        dropped=list(_drops(seen)),
    )


def _bare(setup: Setup, seen: Seen) -> Iterator[Occurrence]:
    for item in seen.found:
        source = _MESSAGES.get(item.kind, "blob")
        place = Location(source, blob=item.oid.decode())
        for hit in item.examined.hits:
            yield Occurrence(hit, place.of(hit, setup.allow(None, hit)))


def _bare_names(setup: Setup, names: Sequence[Name]) -> Iterator[Occurrence]:
    detector = setup.detector(fast=False)
    for name in names:
        for hit in examine(detector, name.name).hits:
            yield Occurrence(hit, Location("ref-name", reach=reach_of([name.name])))


def _outcome(
    args: argparse.Namespace,
    repository: Repository,
    setup: Setup,
    looked: engines.Looked,
    files: Sequence[Side],
    cache: Cache | None,
) -> Outcome:
    """What is to be said of one repository."""
    seen = looked.seen
    names, log, broken = _holders(repository)
    told = origins.NOTHING
    if any(item.examined.hits for item in seen.found):
        holders = Holders(refs.peel(repository.git, names), log)
        told = origins.Teller(repository, looked.whole(), holders, setup.allow, args.jobs, looked.memory).told()
    check = bool(args.strict) or seen.blobs + seen.commits <= gaps.CHECKED
    missing = gaps.gaps(repository, allow_shallow=args.allow_shallow, check=check and not args.reachable)
    # What refs reach is listed with all that is absent of it.
    unchecked = () if check or args.reachable else (gaps.UNCHECKED,)
    whole = not (args.reachable or args.only or args.skip)
    tip = repository.git.attempt("rev-parse", "--verify", "--quiet", "HEAD")[1].strip().decode() or None
    return Outcome(
        target=Target("history", repository.top or repository.git_dir, tip, None, whole),
        coverage=Coverage(None, seen.blobs, seen.commits, seen.size, (*unchecked, *seen.skipped), seen.expanded),
        occurrences=[*told.occurrences, *dict.fromkeys(_texts(repository, setup, names, log, files))],
        problems=[*seen.problems, *broken, *missing, *told.problems],
        notes=list(gaps.elsewhere(repository, names)),
        dropped=list(_drops(seen)),
        story=told.stories.get,
        whole=whole,
        state_used=cache.path if cache and looked.recalled else None,
    )


def _holders(repository: Repository, *, logged: bool = True) -> tuple[list[Name], list[LogEntry], list[Problem]]:
    """All refs, and what reflogs note; what cannot be read of these is a problem, and no reason to end."""
    names: list[Name] = []
    log: list[LogEntry] = []
    problems: list[Problem] = []
    try:
        names = refs.names(repository.git)
        log = refs.reflogs(repository.git) if logged else []
    except GitError as error:
        problems.append(Problem("refs", f"not all refs and reflogs could be read: {error}", error.hint or "git fsck"))
    return names, log, problems


def _texts(
    repository: Repository, setup: Setup, names: Sequence[Name], log: Sequence[LogEntry], files: Sequence[Side]
) -> Iterator[Occurrence]:
    """The hits in ref names, in what reflogs note, and in the names of HEAD's files."""
    # All of it at once: most often it holds nothing.
    detector = setup.detector(fast=False)
    texts = (*(name.name for name in names), *(entry.message for entry in log), *(side.path for side in files))
    if not detector.may_hold(b"\n".join(texts)):
        return
    hits = {name: examine(detector, name.name).hits for name in names}
    for ref in refs.peel(repository.git, [name for name in names if hits[name]]):
        place = Location("ref-name", commit=ref.peeled.decode() if ref.kind == b"commit" else None)
        for hit in hits[Name(ref.name, ref.oid)]:
            yield Occurrence(hit, place._replace(reach=reach_of([ref.name])))
    for entry in log:
        for hit in examine(detector, entry.message).hits:
            yield Occurrence(hit, Location("reflog", commit=entry.oid.decode(), reach=reach_of([], [entry.name])))
    for side in files:
        for hit in examine(detector, side.path).hits:
            place = Location("path-name", side.path).of(hit, setup.allow(side.path, hit))
            yield Occurrence(hit, place)


def _drops(seen: Seen) -> Iterator[tuple[Location, Dropped]]:
    for item in seen.found:
        source = _MESSAGES.get(item.kind, "blob")
        for position, dropped in item.examined.dropped:
            yield Location(source, position=position, blob=item.oid.decode()), dropped


def _skip_below(skip: Skip, name: str) -> Skip:
    return skip._replace(first=tuple(f"{name}: {place}" for place in skip.first))


def _joined(whole: Outcome, part: Outcome, name: str) -> Outcome:
    """The outcome of a repository and of one of its submodules, whose paths go below its name."""
    one, other = whole.coverage, part.coverage
    stories, more = whole.story, part.story
    return whole._replace(
        coverage=Coverage(
            None,
            (one.blobs or 0) + (other.blobs or 0),
            (one.commits or 0) + (other.commits or 0),
            (one.bytes or 0) + (other.bytes or 0),
            (*one.skipped, *(_skip_below(skip, name) for skip in other.skipped)),
            added((one.expanded, other.expanded)),
        ),
        occurrences=[*whole.occurrences, *(_below(item, name) for item in part.occurrences)],
        problems=[*whole.problems, *(problem._replace(what=f"{name}: {problem.what}") for problem in part.problems)],
        notes=[*whole.notes, *(f"{name}: {note}" for note in part.notes)],
        dropped=[*whole.dropped, *part.dropped],
        story=lambda secret: stories(secret) or more(secret),
    )


def _below(item: Occurrence, name: str) -> Occurrence:
    path = item.location.path
    prefix = os.fsencode(name) + b"/"
    return item if path is None else item._replace(location=item.location._replace(path=prefix + path))
