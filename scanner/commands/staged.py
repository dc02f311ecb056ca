"""`xoxscan staged`: what the next commit adds."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable

from scanner.commands.scanning import HOOK_TIMEOUT, Outcome, Setup, add_options, finish, prepare, progress
from scanner.git.changes import GITLINK
from scanner.git.objects import Cat
from scanner.git.repository import Repository, find
from scanner.git.snapshots import IndexSnapshot
from scanner.model import Coverage, Location, Problem, Streams, Target
from scanner.report.progress import Progress
from scanner.sources.looker import Looker, submodules
from scanner.sources.staged import Staged, staged

SUMMARY = "Scans what the next commit adds: the index against HEAD, or against all parents of a merge in progress."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See scanner.commands.scanning."""
    add_options(parser)


def run(args: argparse.Namespace, streams: Streams) -> int:
    """The exit status. Errors: see scanner.errors."""
    repository = find(os.getcwd(), streams.environ, own=args.folder is None)
    with Cat(repository.git) as cat:
        setup = prepare(args, streams, IndexSnapshot(repository.git, cat), repository)
        with progress(args, streams) as shown:
            made = outcome(repository, cat, setup, staged(repository), shown)
        return finish(args, streams, setup, made)


def outcome(
    repository: Repository,
    cat: Cat,
    setup: Setup,
    found: Staged,
    shown: Progress,
    named: Callable[[bytes], bool] = lambda path: True,
) -> Outcome:
    """Looks at what is staged, and reports on the paths that are `named`. Counts are taken over the whole change: where
    one of these holds something, the rest is looked at too."""
    mine = [side for side in found.change.added() if named(side.path)]
    shown.phase("staged files", len(mine), unit="files")
    detector, place = setup.detector(HOOK_TIMEOUT, fast=False), Location("index")
    looker = Looker(repository, cat, detector, setup.foreign_markers, shown.advance)
    looker.look(mine)
    occurrences = (
        list(looker.introduced(found.change, setup.allow_new, place)) if any(map(looker.notable, mine)) else []
    )
    return Outcome(
        Target("staged", repository.top),
        Coverage(
            sum(side.mode != GITLINK for side in mine),
            looker.blobs,
            None,
            looker.bytes,
            (*submodules(mine), *looker.skips),
            detector.expanded,
        ),
        [item for item in occurrences if named(item.location.path or b"")],
        [*map(unmerged, filter(named, found.unmerged)), *looker.problems],
        () if any(found.change.diffs) else ("nothing is staged: there was nothing to scan",),
        list(looker.dropped(mine, place)),
    )


def unmerged(path: bytes) -> Problem:
    """The problem that the next commit holds no version of the file at `path` yet."""
    shown = path.decode("utf-8", "backslashreplace")
    return Problem(shown, "is not merged: what will be committed is not known", "resolve the conflict and git add it")
