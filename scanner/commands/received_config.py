"""By whose configuration a server judges a push, where one of them may be broken.

That of the default branch is nobody's to refuse any more: broken, it counts as the strictest one would, so that its
repair can be pushed. Before it is there it can be refused; the operator's own is for the operator to mend.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from scanner.commands.receiving import allowed
from scanner.commands.scanning import CONFIG, Setup, operator_files, prepare, within
from scanner.errors import ConfigError, RuleError, UsageError, XoxscanError
from scanner.git.objects import Cat
from scanner.git.repository import Repository
from scanner.git.snapshots import TreeSnapshot
from scanner.model import Snapshot, Streams
from scanner.sources.pushed import Update

_WRONG = (ConfigError, RuleError, UsageError)
_LABEL = "the default branch"


class Judging(NamedTuple):
    """By what a push is judged. `unborn`: the default branch holds no commit. `broken`: what is told where it holds a
    configuration that cannot be read. `accepts`: the operator says that the push may bring exceptions of its own."""

    setup: Setup
    unborn: bool
    broken: str | None
    accepts: bool

    @property
    def forbidden(self) -> str | None:
        """Why no push option lets the push through; None: one may. Where the default branch cannot forbid it, the
        operator must have allowed it."""
        if (self.unborn or self.broken) and not self.accepts:
            why = "holds no commit" if self.unborn else "holds a broken configuration"
            return f"the default branch {why}, and the operator's configuration does not say accept"
        return "forbidden here" if self.setup.config.head_suppressions == "refuse" else None

    @property
    def notes(self) -> list[str]:
        """What every report says of it."""
        unborn = "the default branch (HEAD) holds no commit: no configuration of the repository counts"
        return [*([unborn] if self.unborn else []), *([self.broken] if self.broken else [])]


def judging(args: argparse.Namespace, streams: Streams, repository: Repository, cat: Cat, tip: bytes | None) -> Judging:
    """By what a push is judged, where the default branch is at `tip` before it. ConfigError, RuleError and UsageError
    for what the operator says."""
    base = TreeSnapshot(repository.git, cat, tip, _LABEL) if tip else None
    setup, wrong = _prepared(args, streams, repository, base)
    accepts = (tip is None or wrong is not None) and allowed(operator_files(args, streams, repository))
    if wrong is None:
        return Judging(setup, tip is None, None, accepts)
    if not accepts:
        setup = setup._replace(config=setup.config._replace(head_suppressions="refuse"))
    broken = f"WARNING: {_words(_LABEL, wrong)}: it counts for nothing, so all rules do and no exceptions; push a "
    return Judging(setup, False, f"{broken}corrected {CONFIG.decode()} to the default branch", accepts)


def refuse_broken(
    args: argparse.Namespace,
    streams: Streams,
    repository: Repository,
    cat: Cat,
    tip: bytes | None,
    updates: Iterable[Update],
) -> None:
    """ConfigError where the push itself brings a broken configuration to the default branch, which is at `tip`."""
    for update in _to_default(repository, updates):
        label = update.ref.decode("utf-8", "backslashreplace")
        after = TreeSnapshot(repository.git, cat, update.new or b"", label)
        content = after.read(CONFIG)
        if content is None or (tip and content == TreeSnapshot(repository.git, cat, tip, _LABEL).read(CONFIG)):
            continue
        wrong = _prepared(args, streams, repository, after)[1]
        if wrong:
            hint = "correct it and push again: on the default branch it would count for nothing"
            raise ConfigError(_words(label, wrong), f"{wrong.hint}; {hint}" if wrong.hint else hint)


def _prepared(
    args: argparse.Namespace, streams: Streams, repository: Repository, base: Snapshot | None
) -> tuple[Setup, XoxscanError | None]:
    """The setup, without what stands in `base` where that is wrong; and what is."""
    try:
        return prepare(args, streams, base, repository), None
    except _WRONG as error:
        if base is None or (args.config and within(args.config, repository) is not None):
            raise
        return prepare(args, streams, None, repository), error


def _to_default(repository: Repository, updates: Iterable[Update]) -> Sequence[Update]:
    ref = repository.git.run("symbolic-ref", "-q", "HEAD", ok=(0, 1)).strip()
    return [update for update in updates if update.new and update.ref == ref]


def _words(label: str, wrong: XoxscanError) -> str:
    """What is wrong, with the file: an error about rules that do not fit together may not name it."""
    name = f"{label}:{CONFIG.decode()}"
    return str(wrong) if name in str(wrong) else f"{name}: {wrong}"
