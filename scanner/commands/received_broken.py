"""What of the repository's own word is broken: a change may not bring it, and where it stands already it counts for
nothing.

Were it an error wherever it stands, one change that breaks it would stop all that come after it, its repair, too.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Collection
from typing import NamedTuple

from scanner.commands.receiving import allowed
from scanner.commands.scanning import BASELINE, CONFIG, Outcome, Setup, operator_files, prepare
from scanner.errors import ConfigError, RuleError, UsageError, XoxscanError
from scanner.filters import baseline as baselines
from scanner.git.objects import Cat
from scanner.git.repository import Repository
from scanner.git.snapshots import TreeSnapshot
from scanner.model import Snapshot, Streams

WRONG = (ConfigError, RuleError, UsageError)


class Change(NamedTuple):
    """A commit that would come to count, what people call it, the commits of which all counted before, and where in
    it configuration and baseline stand (None: no baseline of it counts)."""

    after: bytes
    label: str
    before: tuple[bytes, ...] = ()
    config: bytes = CONFIG
    baseline: bytes | None = BASELINE


class Only:
    """A snapshot in whose folders only the files `kept` stand (paths from the top)."""

    def __init__(self, base: Snapshot, kept: Collection[bytes] = ()) -> None:
        self._base = base
        self._kept = kept
        self.label = base.label

    def read(self, path: bytes) -> bytes | None:
        """See model.Snapshot."""
        return self._base.read(path)

    def names(self, folder: bytes) -> list[bytes]:
        """See model.Snapshot."""
        return [name for name in self._base.names(folder) if os.path.join(folder, name) in self._kept]


def prepared(
    args: argparse.Namespace, streams: Streams, repository: Repository, base: Snapshot | None
) -> tuple[Setup, XoxscanError | None]:
    """The setup, without what stands in `base` where that is wrong; and what is. ConfigError, RuleError and UsageError
    for what the operator says."""
    try:
        return prepare(args, streams, base, repository), None
    except WRONG as error:
        if base is None:
            raise
        return prepare(args, streams, None, repository), error


def strictest(args: argparse.Namespace, streams: Streams, repository: Repository, setup: Setup) -> tuple[Setup, bool]:
    """`setup`, made without a word of the repository, so that no marker of a change counts either, unless the
    operator's own configuration accepts them; and whether it does."""
    accepts = allowed(operator_files(args, streams, repository))
    if not accepts:
        setup = setup._replace(config=setup.config._replace(head_suppressions="refuse"))
    return setup, accepts


def readable(args: argparse.Namespace, setup: Setup, made: Outcome, mend: str) -> tuple[Setup, Outcome]:
    """Both, with no baseline and a warning that ends with `mend`, where the one that counts is broken: then it excuses
    nothing. Only looked at where it would be read."""
    if args.baseline or setup.base is None or not (made.occurrences or made.whole):
        return setup, made
    try:
        baselines.read(setup.base, BASELINE)
    except ConfigError as error:
        told = f"WARNING: {error}: no entry of the baseline counts; {mend}"
        return setup._replace(base=Only(setup.base)), made._replace(notes=[told, *made.notes])
    return setup, made


def refuse_brought(
    args: argparse.Namespace, streams: Streams, repository: Repository, cat: Cat, change: Change, hint: str
) -> None:
    """ConfigError, with the file and `hint`, where the change brings a configuration or an entry of the baseline that
    is broken."""
    files = TreeSnapshot(repository.git, cat, change.after, change.label)
    wrong = None
    if _brought(repository, change, change.config) and files.read(change.config) is not None:
        wrong = prepared(args, streams, repository, files)[1]
    if wrong:
        raise ConfigError(words(change.label, wrong, change.config), f"{wrong.hint}; {hint}" if wrong.hint else hint)
    if change.baseline is None:
        return
    try:
        baselines.read(Only(files, _brought(repository, change, change.baseline)), change.baseline)
    except ConfigError as error:
        raise ConfigError(str(error), f"{error.hint}; {hint}" if error.hint else hint) from None


def words(label: str, wrong: XoxscanError, config: bytes = CONFIG) -> str:
    """What is wrong, with the file: an error about rules that do not fit together may not name it."""
    known, name = (f"{label}:{path.decode('utf-8', 'backslashreplace')}" for path in (CONFIG, config))
    said = str(wrong).replace(known, name)
    return said if name in said else f"{name}: {said}"


def _brought(repository: Repository, change: Change, path: bytes) -> set[bytes]:
    """The files at `path` or below it that are otherwise in the change than wherever it comes from."""
    known = [_entries(repository, commit, path) for commit in change.before]
    return {entry.partition(b"\t")[2] for entry in _entries(repository, change.after, path).difference(*known)}


def _entries(repository: Repository, commit: bytes, path: bytes) -> set[bytes]:
    listed = repository.git.run("ls-tree", "-r", "-z", "--full-tree", commit, "--", path)
    return set(listed.split(b"\0")[:-1])


def forks(repository: Repository, tip: bytes, base: bytes | None) -> tuple[bytes, ...]:
    """`base`, and where `tip` left it: what stands there the change did not bring."""
    if base is None:
        return ()
    return (base, *repository.git.run("merge-base", "--all", base, tip, ok=(0, 1)).split())
