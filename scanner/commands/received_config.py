"""By whose configuration a server judges a push, where one of them may be broken.

That of the default branch is nobody's to refuse any more: broken, it counts as the strictest one would, so that its
repair can be pushed. Before it is there it can be refused; the operator's own is for the operator to mend.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import NamedTuple

from scanner.commands.received_broken import Change, prepared, refuse_brought, strictest, words
from scanner.commands.receiving import allowed
from scanner.commands.scanning import CONFIG, Setup, operator_files, prepare, within
from scanner.git.objects import Cat
from scanner.git.repository import Repository
from scanner.git.snapshots import TreeSnapshot
from scanner.model import Streams
from scanner.sources.pushed import Update

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
    for what the operator says, also where that is a file of the repository."""
    base = TreeSnapshot(repository.git, cat, tip, _LABEL) if tip else None
    if args.config and within(args.config, repository) is not None:
        setup, wrong = prepare(args, streams, base, repository), None
    else:
        setup, wrong = prepared(args, streams, repository, base)
    if wrong is None:
        accepts = tip is None and allowed(operator_files(args, streams, repository))
        return Judging(setup, tip is None, None, accepts)
    setup, accepts = strictest(args, streams, repository, setup)
    broken = f"WARNING: {words(_LABEL, wrong)}: it counts for nothing, so all rules do and no exceptions; push a "
    return Judging(setup, False, f"{broken}corrected {CONFIG.decode()} to the default branch", accepts)


def refuse_broken(
    args: argparse.Namespace,
    streams: Streams,
    repository: Repository,
    cat: Cat,
    tip: bytes | None,
    updates: Iterable[Update],
) -> None:
    """ConfigError where the push itself brings a broken configuration, or entry of the baseline, to the default
    branch, which is at `tip`."""
    for new, ref in _to_default(repository, updates):
        change = Change(new, ref.decode("utf-8", "backslashreplace"), (tip,) if tip else ())
        change = change._replace(baseline=None) if args.baseline else change
        hint = "correct it and push again: on the default branch it would count for nothing"
        refuse_brought(args, streams, repository, cat, change, hint)


def _to_default(repository: Repository, updates: Iterable[Update]) -> list[tuple[bytes, bytes]]:
    """What the default branch is to be, and its name."""
    ref = repository.git.run("symbolic-ref", "-q", "HEAD", ok=(0, 1)).strip()
    return [(update.new, ref) for update in updates if update.new and update.ref == ref]
