"""By whose configuration `xoxscan ci` judges a change, where one of them may be broken.

Before it has landed it can be refused. Where it stands already, it counts as the strictest one would: were it an error
there, no change could pass any more where this check is required, its repair neither.
"""

from __future__ import annotations

import argparse
from typing import NamedTuple

from scanner.ci.plan import Plan
from scanner.ci.settle import Settled
from scanner.commands.received_broken import Change, forks, prepared, readable, refuse_brought, strictest, words
from scanner.commands.scanning import BASELINE, CONFIG, Outcome, Setup, prepare, within
from scanner.git.objects import Cat
from scanner.git.repository import head
from scanner.git.snapshots import Moved, TreeSnapshot
from scanner.model import Snapshot, Streams

_HINT = "correct it in this change: once it has landed it counts for nothing"
_MEND = "its repair passes this check"


class Judged(NamedTuple):
    """By what a change is judged, and what every report of it says of that."""

    setup: Setup
    notes: tuple[str, ...] = ()


class Judging:
    """Where the configuration and the baseline of one run stand: paths in the work tree are read from before the
    change, as it may have brought what stands on disk."""

    def __init__(self, args: argparse.Namespace, streams: Streams, found: Settled, cat: Cat) -> None:
        self._args, self._streams, self._found, self._cat = args, streams, found, cat
        config = within(args.config, found.repository) if args.config else None
        baseline = within(args.baseline, found.repository) if args.baseline else None
        self._config, self._moved = config or CONFIG, baseline
        self._baseline = baseline or (None if args.baseline else BASELINE)
        if baseline is not None:
            args.baseline = None

    def judged(self, plan: Plan) -> Judged:
        """By what it is judged. ConfigError where the change brings what is broken, and where nothing was changed and
        what counts is; ConfigError, RuleError and UsageError for what the operator says."""
        base = self._base()
        if base is None or plan.own or base.read(self._config) is None:
            made = Judged(prepare(self._args, self._streams, base, self._found.repository))
        else:
            made = self._lenient(base)
        if not plan.own and plan.lands:
            self._refuse()
        if plan.fork:  # what a stranger's change allows itself does not count
            config = made.setup.config._replace(head_suppressions="refuse")
            made = made._replace(setup=made.setup._replace(config=config))
        return made

    def readable(self, setup: Setup, made: Outcome, plan: Plan) -> tuple[Setup, Outcome]:
        """Both, where the baseline of before the change is broken without its word."""
        return (setup, made) if plan.own else readable(self._args, setup, made, _MEND)

    def _base(self) -> Snapshot | None:
        found = self._found
        if found.trust is None:
            return None
        base = TreeSnapshot(found.repository.git, self._cat, found.trust, found.trust.decode()[:12])
        return base if self._moved is None else Moved(base, BASELINE, self._moved)

    def _lenient(self, base: Snapshot) -> Judged:
        args, streams, repository = self._args, self._streams, self._found.repository
        setup, wrong = prepared(args, streams, repository, base)
        if wrong is None:
            return Judged(setup)
        setup, _ = strictest(args, streams, repository, setup)
        told = f"WARNING: {words(base.label, wrong, self._config)}: it counts for nothing, so all rules do and no "
        mend = f"{wrong.hint}; {_MEND}" if wrong.hint else _MEND
        return Judged(setup, (f"{told}exceptions; correct {self._config.decode('utf-8', 'backslashreplace')}: {mend}",))

    def _refuse(self) -> None:
        found = self._found
        tip = found.span.tip if found.span else head(found.repository)
        if not tip:
            return
        before = forks(found.repository, tip, found.trust)
        change = Change(tip, tip.decode()[:12], before, self._config, self._baseline)
        refuse_brought(self._args, self._streams, found.repository, self._cat, change, _HINT)
