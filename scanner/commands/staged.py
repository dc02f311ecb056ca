"""`xoxscan staged`: what the next commit adds."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator

from scanner.commands.scanning import HOOK_TIMEOUT, Outcome, Setup, add_options, finish, prepare
from scanner.git.changes import SYMLINK, Change, Side
from scanner.git.objects import Cat
from scanner.git.repository import Repository, find
from scanner.git.snapshots import IndexSnapshot
from scanner.model import Coverage, Dropped, Location, Streams, Target
from scanner.pipeline import Introduced, Occurrence, introductions
from scanner.sources.looker import Looker, submodules
from scanner.sources.staged import staged

SUMMARY = "Scans what the next commit adds: the index against HEAD, or against all parents of a merge in progress."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See scanner.commands.scanning."""
    add_options(parser, responds=False)


def run(args: argparse.Namespace, streams: Streams) -> int:
    """The exit status. Errors: see scanner.errors."""
    repository = find(os.getcwd(), streams.environ, own=args.folder is None)
    with Cat(repository.git) as cat:
        setup = prepare(args, streams, IndexSnapshot(repository.git, cat), repository)
        change = staged(repository, streams.environ)
        return finish(args, streams, setup, outcome(repository, cat, setup, change))


def outcome(repository: Repository, cat: Cat, setup: Setup, change: Change) -> Outcome:
    """Looks at everything staged."""
    looker = Looker(repository, cat, setup.detector(HOOK_TIMEOUT, fast=False), setup.foreign_markers)
    added = change.added()
    looker.look(added)
    occurrences = [occurrence(item, "index", None) for item in introduced(change, looker, setup)]
    notes = () if any(change.diffs) else ("nothing is staged: there was nothing to scan",)
    return Outcome(
        Target("staged", repository.top),
        Coverage(len(added), looker.blobs, None, looker.bytes, submodules([change])),
        occurrences,
        looker.problems,
        notes,
        list(drops(added, looker, "index")),
    )


def introduced(change: Change, looker: Looker, setup: Setup) -> Iterator[tuple[Introduced, str]]:
    """What the change introduces in contents and in path names, each with the kind of its place."""
    for item in introductions(change, looker.hits, setup.allow):
        yield item, "symlink" if item.side.mode == SYMLINK else ""
    for item in introductions(change, looker.names, setup.allow):
        yield item, "path-name"


def occurrence(found: tuple[Introduced, str], source: str, place: Location | None) -> Occurrence:
    """The occurrence of something introduced. `source` is where files stand; `place` knows the commit, if any."""
    (side, hit, allowed), special = found
    location = place or Location(source)
    return Occurrence(
        hit,
        location._replace(
            source=special or source,
            path=side.path,
            position=hit.position,
            blob=None if special == "path-name" else side.oid.decode(),
            suppressed=allowed,
        ),
    )


def drops(sides: list[Side], looker: Looker, source: str) -> Iterator[tuple[Location, Dropped]]:
    """What was turned down in the contents of `sides`."""
    for side in sides:
        for position, dropped in looker.examined(side).dropped:
            yield Location(source, side.path, position=position, blob=side.oid.decode()), dropped
