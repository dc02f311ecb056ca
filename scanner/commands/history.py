"""`xoxscan history [REPO]`: everything that a repository still holds."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator

from scanner.commands.scanning import TIMEOUT, Outcome, Setup, add_options, finish, nothing, prepare
from scanner.errors import GitError, UsageError
from scanner.git import enumerate as enumeration
from scanner.git import refs
from scanner.git.objects import Cat
from scanner.git.repository import Repository, find, head, is_partial
from scanner.git.run import require_version
from scanner.git.snapshots import TreeSnapshot
from scanner.model import Coverage, Dropped, Location, Problem, Reach, Skip, Streams, Target
from scanner.pipeline import Occurrence, examine
from scanner.report.progress import Progress
from scanner.sources import history
from scanner.sources.history import Scope, Seen
from scanner.sources.workers import Job

SUMMARY = "Scans everything that a repository still holds: all objects, reachable or not, messages, notes, ref names."

# Up to so many objects it costs less than a second to ask git whether any that refs lead to are absent.
_CHECKED = 200_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See scanner.commands.scanning."""
    add = parser.add_argument
    add("repository", nargs="?", metavar="REPO", help="the repository (default: the one around this folder)")
    add("--reachable", action="store_true", help="only what refs reach: no reflogs, nothing that was dropped")
    add("--engine", choices=("auto", "pack", "git", "both"), default="auto", help="only git is built yet")
    add("--no-cache", action="store_true", help="keep and use no cache (none is built yet)")
    add("--alternates", action="store_true", help="also what is only in borrowed object databases")
    add("--allow-shallow", action="store_true", help="a shallow clone is what is wanted")
    add("--recurse-submodules", action="store_true", help="also the histories of submodules that are here")
    add_options(parser, responds=True)


def run(args: argparse.Namespace, streams: Streams) -> int:
    """The exit status. Errors: see scanner.errors."""
    if args.engine in ("pack", "both"):
        raise UsageError(f"--engine {args.engine} is not built yet", "use --engine git")
    repository = find(args.repository or os.getcwd(), streams.environ, own=False)
    require_version(repository.git)
    with Cat(repository.git) as cat:
        tip = head(repository)
        base = (
            TreeSnapshot(repository.git, cat, tip, "HEAD") if tip and not _ignored(args, repository, streams) else None
        )
        setup = prepare(args, streams, base, repository)
        with Progress(streams.stderr, not (args.no_progress or args.quiet), streams.clock) as progress:
            made = outcome(args, repository, setup, progress)
        if not made.coverage.blobs and not made.coverage.commits:
            nothing(args, "the repository is empty", "")
        return finish(args, streams, setup, made._replace(notes=(*_foreign(args, repository, streams), *made.notes)))


def _ignored(args: argparse.Namespace, repository: Repository, streams: Streams) -> bool:
    return is_foreign(args.repository, repository, streams) and not args.trust_repo_config


def is_foreign(named: str | None, repository: Repository, streams: Streams) -> bool:
    """Whether the repository that was named is another one than that around this folder."""
    if named is None:
        return False
    try:
        here = find(os.getcwd(), streams.environ, own=False)
    except GitError:
        return True
    return os.path.realpath(here.git_dir) != os.path.realpath(repository.git_dir)


def _foreign(args: argparse.Namespace, repository: Repository, streams: Streams) -> Iterator[str]:
    if _ignored(args, repository, streams):
        yield "a foreign repository: its own configuration does not count (--trust-repo-config lets it)"


def outcome(args: argparse.Namespace, repository: Repository, setup: Setup, progress: Progress) -> Outcome:
    """Looks at the whole object database, and at what refs and reflogs say."""
    job = Job(repository.git, setup.rules, TIMEOUT, setup.foreign_markers, args.explain_drops)
    progress.phase("objects")
    seen = history.engine(
        repository, job, Scope(args.reachable, args.alternates), args.jobs, progress.advance, progress.expect
    )
    progress.phase("provenance")
    told = history.tell(repository, seen, list(_texts(repository, setup)), setup.allow, args.jobs)
    made = Outcome(
        target=Target("history", repository.top or repository.git_dir, head=_text(head(repository))),
        coverage=Coverage(None, seen.blobs, seen.commits, seen.size, tuple(_skips(args, repository))),
        occurrences=told.occurrences,
        problems=[*seen.problems, *_gaps(args, repository, seen), *told.problems],
        notes=[*_unchecked(args, seen), *_elsewhere(repository)],
        dropped=list(_drops(seen)),
        story=told.stories.get,
        whole=not (args.reachable or args.only or args.skip),
    )
    for name, module in _modules(repository) if args.recurse_submodules else ():
        progress.phase(f"submodule {name}")
        made = _joined(made, outcome(args, module, setup, progress), name)
    return made


def _text(oid: bytes | None) -> str | None:
    return oid.decode() if oid else None


def _texts(repository: Repository, setup: Setup) -> Iterator[Occurrence]:
    """The hits in ref names, in what reflogs note, and in the names of HEAD's files."""
    detector = setup.detector()
    git = repository.git
    for ref in refs.refs(git):
        for hit in examine(detector, ref.name).hits:
            yield Occurrence(hit, Location("ref-name", commit=ref.peeled.decode(), reach=_named(ref.name)))
    for entry in refs.reflogs(git):
        for hit in examine(detector, entry.message).hits:
            yield Occurrence(hit, Location("reflog", commit=entry.oid.decode(), reach=Reach(reflog=True)))
    for path in git.attempt("ls-tree", "-r", "-z", "--name-only", "--full-tree", "HEAD")[1].split(b"\0"):
        for hit in examine(detector, path).hits:
            place = Location("path-name", path, position=hit.position, suppressed=setup.allow(path, hit))
            yield Occurrence(hit, place)


def _named(ref: bytes) -> Reach:
    from scanner.git.reach import reach_of

    return reach_of([ref])


def _drops(seen: Seen) -> Iterator[tuple[Location, Dropped]]:
    for item in seen.found:
        source = {b"commit": "commit-message", b"tag": "tag-message"}.get(item.kind, "blob")
        for position, dropped in item.examined.dropped:
            yield Location(source, position=position, blob=item.oid.decode()), dropped


def _gaps(args: argparse.Namespace, repository: Repository, seen: Seen) -> Iterator[Problem]:
    """What refs lead to and is not here."""
    if repository.shallow and not args.allow_shallow:
        hint = "git fetch --unshallow brings the rest; --allow-shallow, if this part is what you want"
        yield Problem("history", "the clone is shallow: older commits are not here and were not scanned", hint)
    if is_partial(repository):
        hint = "git fetch --refetch --no-filter brings the rest"
        yield Problem("history", "the clone is partial: what was never fetched was not scanned", hint)
    elif _checks(args, seen):
        yield from _absent(repository)


def _checks(args: argparse.Namespace, seen: Seen) -> bool:
    return bool(args.strict) or seen.blobs + seen.commits <= _CHECKED


def _unchecked(args: argparse.Namespace, seen: Seen) -> Iterator[str]:
    if not _checks(args, seen):
        yield "whether any object is absent was not checked in a repository of this size; --strict checks it"


_SHOWN = 20


def _absent(repository: Repository) -> Iterator[Problem]:
    hint = "git fsck shows what is damaged; a fresh clone may have it"
    oids = enumeration.absent(repository.git)
    for oid in oids[:_SHOWN]:
        yield Problem(oid.decode(), "the object is absent: a commit leads to it, but it is not here", hint)
    if len(oids) > _SHOWN:
        yield Problem("history", f"and {len(oids) - _SHOWN} more objects are absent", hint)


def _elsewhere(repository: Repository) -> Iterator[str]:
    """What the forge keeps and a clone does not get by itself."""
    urls = repository.git.run("config", "--get-regexp", r"^remote\..*\.url$", ok=(0, 1)).decode("utf-8", "replace")
    lacking = (
        ("refs/pull/*", "github", "+refs/pull/*/head:refs/remotes/{0}/pull/*"),
        ("refs/merge-requests/*", "gitlab", "+refs/merge-requests/*/head:refs/remotes/{0}/merge-requests/*"),
    )
    for line in urls.splitlines():
        name = line.split(" ")[0].removeprefix("remote.").removesuffix(".url")
        for refs_of, forge, spec in lacking:
            if forge in line and not _has(repository, refs_of.split("/")[1]):
                what = spec.format(name)
                yield f"a clone lacks {refs_of}, which the forge keeps: git fetch {name} '{what}', then scan again"


def _has(repository: Repository, word: str) -> bool:
    return any(b"/" + word.encode() + b"/" in ref.name for ref in refs.refs(repository.git))


def _skips(args: argparse.Namespace, repository: Repository) -> Iterator[Skip]:
    names = [] if args.recurse_submodules else [name for name, _ in _modules(repository)]
    if names:
        yield Skip("submodule", f"--recurse-submodules scans it: {', '.join(names[:5])}", len(names))


def _modules(repository: Repository) -> list[tuple[str, Repository]]:
    """The submodules whose repositories are here, by name."""
    top = os.path.join(repository.git_dir, "modules")
    found: list[tuple[str, Repository]] = []
    for folder, folders, files in os.walk(top):
        if "HEAD" in files and "objects" in folders:
            folders.clear()
            found.append((os.path.relpath(folder, top), find(folder, {**repository.git.environ}, own=False)))
    return sorted(found, key=lambda item: item[0])


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
            (*one.skipped, *other.skipped),
        ),
        occurrences=[*whole.occurrences, *(_below(item, name) for item in part.occurrences)],
        problems=[*whole.problems, *(p._replace(what=f"{name}: {p.what}") for p in part.problems)],
        notes=[*whole.notes, *part.notes],
        dropped=[*whole.dropped, *part.dropped],
        story=lambda secret: stories(secret) or more(secret),
    )


def _below(item: Occurrence, name: str) -> Occurrence:
    path = item.location.path
    prefix = os.fsencode(name) + b"/"
    return item if path is None else item._replace(location=item.location._replace(path=prefix + path))
