"""The scan that `xoxscan remediate` rests on: what the command line names, and all that a repository holds."""

from __future__ import annotations

import argparse
import os
from contextlib import suppress
from typing import NamedTuple

from scanner.commands import history
from scanner.commands.scanning import Outcome, Setup, prepare, progress, report
from scanner.errors import GitError, NothingToScan, UsageError
from scanner.git.objects import Cat
from scanner.git.repository import Repository, find, head
from scanner.git.run import require_version
from scanner.git.snapshots import TreeSnapshot
from scanner.model import Report, Snapshot, Streams


class Asked(NamedTuple):
    """What the words on the command line name."""

    report: Report | None
    repository: str | None
    verify: bool


class Scanned(NamedTuple):
    """A scan of all that a repository holds."""

    repository: Repository
    setup: Setup
    outcome: Outcome
    report: Report


def repository_of(asked: Asked, streams: Streams) -> Repository:
    """The repository that was named, or that around this folder. GitError where there is none."""
    return find(asked.repository or os.getcwd(), streams.environ, own=False)


def scan(args: argparse.Namespace, streams: Streams, asked: Asked) -> Scanned:
    """All objects, as `history` scans them; but no configuration of the repository switches a rule off: what is called
    clean has been looked for."""
    repository = repository_of(asked, streams)
    require_version(repository.git)
    options = options_of(args, asked)
    foreign = history.is_foreign(asked.repository, repository, streams) and not args.trust_repo_config
    with Cat(repository.git) as cat:
        setup = prepare(options, streams, None if foreign else _base(repository, cat), repository)
        plain = prepare(options, streams, None, repository)
        chosen = {rule.id: rule for rule in (*plain.rules, *setup.rules)}
        setup = setup._replace(rules=tuple(chosen.values()))
        with progress(options, streams) as shown:
            made = history.outcome(options, repository, setup, shown)
        if not (made.coverage.blobs or made.coverage.commits or made.problems):
            raise NothingToScan("the repository is empty", "name the one that held the findings")
        return Scanned(repository, setup, made, report(options, streams, setup, made))


def _base(repository: Repository, cat: Cat) -> Snapshot | None:
    """The configuration of HEAD, which says what is allowed; none where it cannot be read."""
    with suppress(GitError):
        tip = head(repository)
        if tip:
            repository.git.run("ls-tree", tip)
            return TreeSnapshot(repository.git, cat, tip, "HEAD")
    return None


def options_of(args: argparse.Namespace, asked: Asked) -> argparse.Namespace:
    """The options of `history`: those of ours that it shares."""
    parser = argparse.ArgumentParser(exit_on_error=False)
    history.add_arguments(parser)
    words = ["--format=json", *(f"--rules={path}" for path in args.rules)]
    words += [f"--config={args.config}"] if args.config else []
    words += [f"--jobs={args.jobs}"] if args.jobs else []
    flags = ("alternates", "allow_shallow", "trust_repo_config", "no_progress")
    words += [f"--{flag.replace('_', '-')}" for flag in flags if getattr(args, flag)]
    words += ["--", asked.repository] if asked.repository else []
    try:
        return parser.parse_args(words)
    except argparse.ArgumentError as error:
        raise UsageError(str(error)) from None
