"""`xoxscan range A..B`: what every commit of a range introduces, and what its message says."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator

from scanner.commands.scanning import Outcome, Setup, add_options, finish, prepare
from scanner.commands.staged import introduced, occurrence
from scanner.git.changes import Side
from scanner.git.commits import Commit, parse_commit
from scanner.git.objects import Cat
from scanner.git.repository import Repository, find
from scanner.git.snapshots import TreeSnapshot
from scanner.model import Coverage, Dropped, Event, Location, Problem, Secret, Skip, Streams, Target
from scanner.pipeline import Examined, Occurrence, Story, examine
from scanner.sources import commits as ranges
from scanner.sources.commits import Range
from scanner.sources.history import message
from scanner.sources.looker import Looker, overruns, submodules

SUMMARY = "Scans every commit reachable from B and not from A: what it introduces, and its message."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See scanner.commands.scanning."""
    parser.add_argument("range", metavar="A..B", help="as git means it; A...B too")
    add_options(parser, responds=True)


def run(args: argparse.Namespace, streams: Streams) -> int:
    """The exit status. Errors: see scanner.errors."""
    repository = find(os.getcwd(), streams.environ, own=False)
    span = ranges.commits(repository, args.range)
    with Cat(repository.git) as cat:
        base = (
            TreeSnapshot(repository.git, cat, span.base, args.range.partition("..")[0] or "HEAD") if span.base else None
        )
        setup = prepare(args, streams, base, repository)
        made = outcome(repository, cat, setup, span)
        target = made.target._replace(range=args.range)
        return finish(args, streams, setup, made._replace(target=target))


def outcome(repository: Repository, cat: Cat, setup: Setup, span: Range) -> Outcome:
    """Looks at every commit of `span`: first at all contents once, then, for those that hold something, at what it is
    that the commit changes."""
    scan = Scan(repository, cat, setup, span)
    occurrences = list(scan.occurrences())
    notes = () if span.commits else ("the range is empty: there was nothing to scan",)
    looker = scan.looker
    return Outcome(
        Target("range", repository.top or repository.git_dir),
        Coverage(scan.files, looker.blobs, len(span.commits), looker.bytes, scan.skipped),
        occurrences,
        [*span.problems, *looker.problems, *scan.problems],
        notes,
        scan.dropped,
        Told(occurrences, span),
    )


class Scan:
    """One range being looked at."""

    def __init__(self, repository: Repository, cat: Cat, setup: Setup, span: Range) -> None:
        self._git = repository.git
        self._cat = cat
        self._setup = setup
        self._span = span
        self._detector = setup.detector()
        self.looker = Looker(repository, cat, self._detector, setup.foreign_markers)
        self.files = 0
        self.skipped: tuple[Skip, ...] = ()
        self.problems: list[Problem] = []
        self.dropped: list[tuple[Location, Dropped]] = []

    def occurrences(self) -> Iterator[Occurrence]:
        """Everything that the range introduces."""
        texts = list(self._messages())
        holding, named = self._contents()
        people: dict[bytes, Commit] = {}
        for change in ranges.bringing(self._git, self._span, holding, named):
            commit = change.commit or b""
            for found in introduced(change, self.looker, self._setup):
                if commit not in people:
                    people[commit] = self._commit(commit)
                yield occurrence(found, "blob", _place("blob", commit, people[commit]))
        yield from texts

    def _contents(self) -> tuple[list[bytes], list[bytes]]:
        """Looks at every new blob. Which of them hold something, and which commits bring a name that may."""
        sides: dict[Side, None] = {}
        named: list[bytes] = []
        modules: list[Skip] = []
        for change in ranges.changes(self._git, self._span.commits, self._span.parents):
            added = change.added()
            sides.update(dict.fromkeys(added))
            modules += submodules([change])
            if any(self._detector.may_hold(side.path) for side in added):
                named.append(change.commit or b"")
        self.files, self.skipped = len(sides), tuple(dict.fromkeys(modules))
        self.looker.look(sides)
        self._drops(sides)
        return sorted({side.oid for side in sides if self.looker.hits(side)}), named

    def _drops(self, sides: dict[Side, None]) -> None:
        for side in sides:
            for position, dropped in self.looker.examined(side).dropped:
                place = Location("blob", side.path, position=position, blob=side.oid.decode())
                self.dropped.append((place, dropped))

    def _messages(self) -> Iterator[Occurrence]:
        """The hits in the commits themselves."""
        for oid, _, content in self._cat.contents(self._span.commits):
            if content is None:
                self.problems.append(
                    Problem(oid.decode(), "the commit cannot be read", "git fsck shows what is damaged")
                )
                continue
            examined = examine(self._detector, content, self._setup.foreign_markers)
            self.problems += overruns(oid, examined)
            if examined.hits or examined.dropped:
                yield from self._message(oid, content, examined)

    def _message(self, oid: bytes, content: bytes, examined: Examined) -> Iterator[Occurrence]:
        commit = parse_commit(content)
        place = _place("commit-message", oid, commit)
        self.dropped += [(place, dropped) for _, dropped in examined.dropped]
        yield from message(examined, content, commit.message, place, self._setup.allow)

    def _commit(self, oid: bytes) -> Commit:
        ((_, _, content),) = self._cat.contents([oid])
        return parse_commit(content or b"")


def _place(source: str, oid: bytes, commit: Commit) -> Location:
    return Location(source, commit=oid.decode(), author=commit.author.name, date=commit.author.date)


class Told:
    """What is known of each secret: the first commit of the range that introduces it."""

    def __init__(self, occurrences: list[Occurrence], span: Range) -> None:
        order = {commit.decode(): number for number, commit in enumerate(span.commits)}
        self._places: dict[Secret, list[Location]] = {}
        for item in sorted(occurrences, key=lambda o: order.get(o.location.commit or "", 0)):
            self._places.setdefault(item.hit.match.secret, []).append(item.location)

    def __call__(self, secret: Secret) -> Story | None:
        """The Story of `secret`."""
        places = self._places[secret]
        first = places[0]
        event = Event(first.commit, first.author, first.date, first.path)
        return Story(event, None, (first.date, None), len({place.commit for place in places}))
