"""`xoxscan hook [FILE…]`: the entry of the pre-commit framework's hooks."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from scanner.commands import staged as staged_command
from scanner.commands.scanning import HOOK_TIMEOUT, Outcome, Setup, add_options, finish, prepare, progress
from scanner.examine import Examined, added, examine, placed, summed
from scanner.git.objects import Cat
from scanner.git.repository import Repository, find
from scanner.git.snapshots import IndexSnapshot
from scanner.inside import examine_open
from scanner.model import Coverage, Dropped, Location, Problem, Skip, Streams, Target
from scanner.pipeline import Occurrence
from scanner.report.places import many
from scanner.sources import named
from scanner.sources.looker import overruns
from scanner.sources.named import DELETED, FOLDER, ON_DISK, SPECIAL, STAGED, SUBMODULE, Named
from scanner.sources.staged import staged

if TYPE_CHECKING:
    from scanner.git.lfs import Store

SUMMARY = "The entry of the pre-commit framework's hooks: the index, a push's commits, or a message."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See scanner.commands.scanning."""
    parser.add_argument("files", nargs="*", metavar="FILE", help="report on these alone")
    parser.add_argument("--commit-msg-file", metavar="F", help="scan the message in F instead")
    add_options(parser)


def words(arguments: list[str]) -> list[str]:
    """`arguments` with file names that look like options made harmless: the framework hands over whatever files are
    called, and one that a stranger calls --fail-on=none must not be taken for his word."""
    return [f"./{word}" if word.startswith("-") and os.path.lexists(word) else word for word in arguments]


def run(args: argparse.Namespace, streams: Streams) -> int:
    """The exit status. Errors: see scanner.errors."""
    repository = find(os.getcwd(), streams.environ, own=args.folder is None)
    environ = streams.environ
    if args.commit_msg_file is None and (environ.get("PRE_COMMIT_TO_REF") or environ.get("PRE_COMMIT_REMOTE_NAME")):
        from scanner.commands import ranging  # here: it costs time to load, and commits need none of it

        return ranging.push(args, streams, repository)
    with Cat(repository.git) as cat:
        setup = prepare(args, streams, IndexSnapshot(repository.git, cat), repository)
        look = _index if args.commit_msg_file is None else _message
        made = look(args, streams, repository, cat, setup)
        return finish(args, streams, setup, made._replace(target=Target("hook", repository.top)))


def _message(args: argparse.Namespace, streams: Streams, repository: Repository, cat: Cat, setup: Setup) -> Outcome:
    """Looks at the message of the commit that is being made."""
    from scanner.sources import message

    text = message.read(args.commit_msg_file, repository.git, streams.environ)
    detector = setup.detector(HOOK_TIMEOUT, fast=False)
    examined = examine(detector, text, setup.foreign_markers)
    place = Location("commit-message")
    return Outcome(
        Target("hook"),
        Coverage(bytes=len(text), skipped=examined.skipped, expanded=detector.expanded),
        [Occurrence(hit, place.of(hit, setup.allow_new(None, hit))) for hit in examined.hits],
        overruns(b"commit message", examined),
        dropped=[(place._replace(position=at), dropped) for at, dropped in examined.dropped],
    )


def _index(args: argparse.Namespace, streams: Streams, repository: Repository, cat: Cat, setup: Setup) -> Outcome:
    """Looks at what is staged, and at what stands on disk of the named files."""
    found = staged(repository)
    with progress(args, streams) as shown:
        if not args.files:
            return staged_command.outcome(repository, cat, setup, found, shown)
        files = named.paths(map(os.fsencode, args.files), os.fsencode(repository.top or os.getcwd()))
        made = staged_command.outcome(repository, cat, setup, found, shown, files.__contains__)
        disk = Disk(setup, repository)
        for each in named.compare(repository, cat, found.change, files):
            disk.take(each)
    return disk.added(made, args)


class Disk:
    """What became of the files that were named, and what was found in those on disk."""

    def __init__(self, setup: Setup, repository: Repository) -> None:
        self._setup = setup
        self._repository = repository
        self._store: Store | None = None
        self._detector = setup.detector(HOOK_TIMEOUT, fast=False)
        self._states: list[str] = []
        self._unseen: list[Skip] = []
        self._bytes = 0
        self._found: list[Occurrence] = []
        self._problems: list[Problem] = []
        self._closed: list[Skip] = []
        self._dropped: list[tuple[Location, Dropped]] = []

    def take(self, each: Named) -> None:
        """Notes what became of one file, and looks at it as it stands on disk."""
        self._states.append(each.state)
        if each.state in _SKIPPED:
            self._unseen += placed([Skip(each.state, _SKIPPED[each.state])], each.path)
        if each.problem:
            self._problems.append(each.problem)
        if each.file:
            with each.file:
                kept = None if each.symlink else self._kept
                examined = examine_open(self._detector, each.file, self._setup.foreign_markers, kept)
                self._bytes += each.file.seek(0, os.SEEK_END)
            place = Location("symlink" if each.symlink else "worktree", each.path)
            self._dropped += ((place._replace(position=at), dropped) for at, dropped in examined.dropped)
            self._problems += overruns(each.path, examined)
            self._closed += placed(examined.skipped, each.path)
            self._found += self._stand(examined, place)
            if not each.staged:
                names = examine(self._detector, each.path, self._setup.foreign_markers)
                self._found += self._stand(names, place._replace(source="path-name"))

    def _kept(self, oid: str) -> BinaryIO | None:
        """What Git LFS keeps."""
        if self._store is None:
            from scanner.git.lfs import store  # few files are pointers

            self._store = store(self._repository)
        return self._store.open(oid)

    def _stand(self, examined: Examined, place: Location) -> Iterator[Occurrence]:
        for hit in examined.hits:
            allowed = self._setup.allow(place.path, hit)
            yield Occurrence(hit, place.of(hit, allowed))

    def added(self, made: Outcome, args: argparse.Namespace) -> Outcome:
        """`made`, which the index gave, with what stands on disk beyond it."""
        known = {(item.location.path, item.hit.match.secret) for item in made.occurrences}
        fresh = [item for item in self._found if (item.location.path, item.hit.match.secret) not in known]
        size = self._bytes + (made.coverage.bytes or 0)
        expanded = added((made.coverage.expanded, self._detector.expanded))
        looked = self._count(STAGED) + self._count(ON_DISK)
        return made._replace(
            coverage=made.coverage._replace(files=looked, bytes=size, skipped=self._skips(made), expanded=expanded),
            occurrences=[*made.occurrences, *fresh],
            problems=[*made.problems, *self._problems, *self._none(looked, args)],
            notes=[self._told(looked)],
            dropped=[*made.dropped, *self._dropped],
        )

    def _count(self, state: str) -> int:
        return self._states.count(state)

    def _skips(self, made: Outcome) -> tuple[Skip, ...]:
        """What became of the files that are not looked at, and what is packed in the others and stays closed."""
        packed = (each for each in made.coverage.skipped if each.what != SUBMODULE)
        return (*summed(self._unseen), *summed((*packed, *self._closed)))

    def _none(self, looked: int, args: argparse.Namespace) -> Iterator[Problem]:
        """Looking at none of the named files is no success, unless there was nothing in them to look at."""
        closed = len(self._states) - looked - self._count(DELETED) - self._count(SUBMODULE)
        if closed and not looked and not args.allow_empty:
            message = f"none of the {many(len(self._states), 'named file')} could be looked at"
            yield Problem("named files", message, "name files that are here; --allow-empty makes this no fault")

    def _told(self, looked: int) -> str:
        """The one line that says what became of the named files."""
        others = [state for state in dict.fromkeys(self._states) if state not in (STAGED, ON_DISK)]
        reasons = ", ".join(f"{self._count(state):,} {state}" for state in others)
        seen = f"{looked:,} looked at ({self._count(ON_DISK):,} as they stand on disk)"
        skipped = f"{len(self._states) - looked:,} skipped" + (f" ({reasons})" if reasons else "")
        return f"{many(len(self._states), 'file')} named, {seen}, {skipped}"


_SKIPPED = {
    SUBMODULE: "its commits are in another repository",
    FOLDER: "only files are looked at here; xoxscan scan looks at folders",
    SPECIAL: "it is neither a file nor a link",
}
