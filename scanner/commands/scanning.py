"""What all scanning commands share: their options, what they load before, and what they say after."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from scanner import config as configuration
from scanner import rules as ruleset
from scanner.config import Config
from scanner.detect import Detector
from scanner.errors import FINDINGS, INCOMPLETE, OK, NothingToScan, UsageError
from scanner.filters import baseline as baselines
from scanner.filters import paths
from scanner.git.repository import Repository
from scanner.git.snapshots import FolderSnapshot, Moved
from scanner.model import (
    Coverage,
    Dropped,
    Finding,
    Hit,
    Keep,
    Location,
    Problem,
    Report,
    Rule,
    Secret,
    Snapshot,
    Streams,
    Suppression,
    Target,
)
from scanner.pipeline import Judged, Occurrence, Story, accept, group, judge
from scanner.report import FORMATS, Options
from scanner.report.output import Output, check, colored, write_report
from scanner.report.progress import Progress
from scanner.sources.looker import folded

CONFIG, BASELINE = configuration.NAME, baselines.FOLDER
# Seconds for one match attempt (a retry gets four times as many): a commit must not wait.
HOOK_TIMEOUT, TIMEOUT = 1.0, 5.0
_NOBODY = baselines.Baseline()
RUNNERS = ("CI", "GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", "JENKINS_URL", "BUILDKITE", "CIRCLECI", "TEAMCITY_VERSION")
_SHOWING = ("text", "json", "jsonl")  # the formats that have a place for tokens
_ANCHORED = ("sarif", "codequality")  # those that want a file for what stands in none


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of every scanning command. Those about asking Slack: scanner.commands.responder."""
    add = parser.add_argument
    add("-f", "--format", default="text", metavar="FORMAT", help=f"one of {', '.join(FORMATS)} (default text)")
    add("-o", "--output", default="-", metavar="FILE", help="write the report to FILE, not to stdout")
    add("--report", action="append", default=[], metavar="FORMAT=FILE", help="one more report; repeatable")
    add("--config", metavar="FILE", help="a configuration besides the repository's own")
    add("--rules", action="append", default=[], metavar="PATH", help="more rules: a file or a folder; repeatable")
    add("--only", action="append", default=[], metavar="RULE", help="this rule alone; repeatable")
    add("--skip", action="append", default=[], metavar="RULE", help="not this rule; repeatable")
    add("--baseline", metavar="DIR", help="the folder of known findings (default .xoxscan-baseline)")
    add("--fail-on", choices=("any", "live", "none"), default="any", help="which findings make status 1 (default any)")
    add("--jobs", type=_jobs, default=os.cpu_count() or 1, metavar="N", help="processes (default: one a core)")
    add("--show-secrets", action="store_true", help="print tokens in full; refused in CI")
    add("--show-suppressed", action="store_true", help="list what somebody allowed")
    add("--explain-drops", action="store_true", help="list what looked like a token and was turned down, and why")
    add("--no-decode", action="store_true", help="look neither through encodings nor into archives")
    add("--strict", action="store_true", help="what was skipped by nature makes the run incomplete")
    add("--allow-empty", action="store_true", help="nothing to scan is no fault")
    add("--trust-repo-config", action="store_true", help="let a foreign repository's configuration count")
    add("--no-progress", action="store_true", help="no progress on the terminal")
    add("-q", "--quiet", action="store_true", help="findings and problems only")
    add("-v", "--verbose", action="store_true", help="all places, and more words")
    add("--color", choices=("auto", "always", "never"), default="auto", help="colour (default auto)")


def _jobs(word: str) -> int:
    if not word.isdecimal() or int(word) < 1:
        raise argparse.ArgumentTypeError(f"{word!r} is not a whole number of 1 or more")
    return int(word)


class Setup(NamedTuple):
    """What a scan needs to know before it begins."""

    config: Config
    config_from: str | None
    rules: tuple[Rule, ...]
    outputs: tuple[Output, ...]
    options: Options
    started: float
    today: str
    base: Snapshot | None
    decode: bool = True  # whether to look through encodings, and into archives

    def allow(self, path: bytes | None, hit: Hit) -> Suppression | None:
        """What allows `hit` in the file at `path`, if anything does."""
        return hit.inline or paths.judge(self.config, path, self.today)

    def allow_new(self, path: bytes | None, hit: Hit) -> Suppression | None:
        """The same for what a change brings: where its own suppressions are refused, an inline marker is one."""
        refused = self.config.head_suppressions == "refuse"
        return paths.judge(self.config, path, self.today) if refused else self.allow(path, hit)

    def detector(
        self, timeout: float = TIMEOUT, *, fast: bool = True, beside: bool = False, keep: Keep | None = None
    ) -> Detector:
        """A detector for these rules. `fast`: worth to load what makes long scans quick; the rest as in Detector."""
        if not self.decode:
            return Detector(self.rules, timeout, fast, beside=beside)
        from scanner.decode import views

        return Detector(self.rules, timeout, fast, views.NAMES, beside, keep)

    @property
    def foreign_markers(self) -> bool:
        """Whether other tools' inline markers count."""
        return self.config.accept_foreign_markers


def prepare(args: argparse.Namespace, streams: Streams, base: Snapshot | None, repository: Repository | None) -> Setup:
    """Loads configuration and rules, and checks everything that can be wrong before the scan. `base` is the
    repository's own configuration as it stood before the change; None where it does not count."""
    outputs = _outputs(args)
    check(outputs)
    _refuse(args, streams)
    operator = tuple(operator_files(args, streams, repository))
    if args.config and repository and within(args.config, repository) is not None:
        base = None if base is None else _renamed(base, args.config, repository)
    config = configuration.load(base, operator)
    if base is not None and base.label == "index" and config.skip_rules and repository:
        config = config._replace(skip_rules=_settled(config.skip_rules, operator, repository))
    extra = [rule for path in args.rules for rule in _more_rules(path)]
    started = streams.clock()
    today = stamp(started)[:10]
    chosen = ruleset.combine(ruleset.builtin(), (*config.rules, *extra), args.only, (*config.skip_rules, *args.skip))
    return Setup(
        config=config,
        config_from=_config_from(base, operator),
        rules=chosen,
        outputs=outputs,
        options=_options(args, streams),
        started=started,
        today=today,
        base=base,
        decode=not getattr(args, "no_decode", False),
    )


def _more_rules(path: str) -> tuple[Rule, ...]:
    from pathlib import Path  # here: with what it loads it costs as much as two runs of git

    return ruleset.load(Path(path))


def _renamed(base: Snapshot, path: str, repository: Repository) -> Snapshot:
    """`base` with another file for its configuration, which must stand there."""
    renamed = Moved(base, CONFIG, within(path, repository) or b"")
    if renamed.read(CONFIG) is None:
        hint = "commit it, or keep it outside: a configuration in the work tree counts as it stood before the change"
        raise UsageError(f"--config {path} is not in {base.label}", hint)
    return renamed


def _settled(named: Sequence[str], operator: Sequence[tuple[str, bytes]], repository: Repository) -> tuple[str, ...]:
    """Which of the rules `named` were switched off before what is staged: that itself switches off none."""
    from scanner.git.objects import Cat
    from scanner.git.repository import head
    from scanner.git.snapshots import TreeSnapshot

    tip = head(repository)
    with Cat(repository.git) as cat:
        before = configuration.load(TreeSnapshot(repository.git, cat, tip, "HEAD") if tip else None, operator)
    return tuple(name for name in named if name in before.skip_rules)


def _outputs(args: argparse.Namespace) -> tuple[Output, ...]:
    outputs = [Output(args.format, args.output)]
    for word in args.report:
        form, equals, path = word.partition("=")
        if not equals or not path:
            raise UsageError(f"--report {word}", "write --report FORMAT=FILE")
        outputs.append(Output(form, path))
    return tuple(outputs)


def refuse(args: argparse.Namespace, streams: Streams) -> None:
    """What is wrong whatever is scanned: said before anything is looked up."""
    check(_outputs(args))
    _refuse(args, streams)


def _refuse(args: argparse.Namespace, streams: Streams) -> None:
    if args.show_secrets and any(streams.environ.get(name) for name in RUNNERS):
        raise UsageError("--show-secrets in CI", "a CI log is kept and shared: look at the tokens on your own machine")
    formats = {output.format for output in _outputs(args)}
    if args.show_secrets and formats.isdisjoint(_SHOWING):
        hint = f"use one of {', '.join(_SHOWING)}, or leave --show-secrets out"
        raise UsageError(f"--show-secrets: the format {min(formats)} has no place for tokens", hint)
    if args.fail_on == "live" and getattr(args, "respond", "none") == "none":
        raise UsageError("--fail-on live needs --respond verify or more", "use --fail-on any")


def operator_files(
    args: argparse.Namespace, streams: Streams, repository: Repository | None
) -> Iterable[tuple[str, bytes]]:
    """The operator's own configuration files: of the user, of XOXSCAN_CONFIG, of --config."""
    environ = streams.environ
    home = environ.get("XDG_CONFIG_HOME") or os.path.join(environ.get("HOME", os.path.expanduser("~")), ".config")
    user = os.path.join(home, "xoxscan", "config.yaml")
    if os.path.isfile(user):
        yield user, _bytes(user)
    for path in (environ.get("XOXSCAN_CONFIG"), args.config):
        if path and not (repository and within(path, repository) is not None):
            yield path, _bytes(path)


def _bytes(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise UsageError(
            f"the configuration {path} cannot be read: {error.strerror}", "name a file that exists"
        ) from None


def within(path: str, repository: Repository) -> bytes | None:
    """The place of `path` in the work tree, None where it is outside. What stands there a change could have brought:
    it is read as it stood before. A link there does not lead out of it."""
    top = repository.top and os.path.realpath(repository.top)
    for whole in (os.path.abspath(path), os.path.realpath(path)):
        same = top and os.path.splitdrive(top)[0].casefold() == os.path.splitdrive(whole)[0].casefold()
        if top and same and os.path.commonpath([top, whole]) == top:
            return os.fsencode(os.path.relpath(whole, top)).replace(os.fsencode(os.sep), b"/")
    return None


def _config_from(base: Snapshot | None, operator: Sequence[tuple[str, bytes]]) -> str | None:
    names = [path for path, _ in operator]
    if base is not None and base.read(CONFIG) is not None:
        names.append(f"{base.label}:{CONFIG.decode()}")
    return ", ".join(names) or None


def _options(args: argparse.Namespace, streams: Streams) -> Options:
    return Options(
        color=colored(args.color, streams.stdout, streams.environ),
        show_secrets=args.show_secrets,
        show_suppressed=args.show_suppressed,
        quiet=args.quiet,
        verbose=args.verbose,
    )


def progress(args: argparse.Namespace, streams: Streams) -> Progress:
    """What shows on a terminal how far the scan is."""
    return Progress(streams.stderr, not (args.no_progress or args.quiet), streams.clock)


def stamp(seconds: float) -> str:
    """RFC 3339 in UTC with milliseconds, of seconds since 1970."""
    import time

    whole, thousandths = divmod(round(seconds * 1000), 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{thousandths:03d}Z"


class Outcome(NamedTuple):
    """What a scan found out."""

    target: Target
    coverage: Coverage
    occurrences: Sequence[Occurrence]
    problems: Sequence[Problem] = ()
    notes: Sequence[str] = ()
    dropped: Sequence[tuple[Location, Dropped]] = ()
    story: Callable[[Secret], Story | None] = lambda secret: None
    whole: bool = False  # everything was looked at: what no entry allows any more is stale
    state_used: str | None = None  # see scanner.model.Report


def report(args: argparse.Namespace, streams: Streams, setup: Setup, outcome: Outcome) -> Report:
    """Judges the finds and puts the report together."""
    findings = group(outcome.occurrences, setup.rules, outcome.story)
    known = _baseline(args, setup) if findings or outcome.whole else _NOBODY
    judged = judge(findings, setup.config, known, setup.today)
    left, accepted = accept(outcome.problems, setup.config, setup.today)
    problems = tuple(folded(left))
    notes = [*outcome.notes, *_said(outcome, setup, judged), *accepted]
    notes += configuration.expired(setup.config, known, setup.today)
    if outcome.whole and not problems:
        everything = (*judged.findings, *(each.finding for each in judged.suppressed))
        notes += configuration.stale(setup.config, known, everything, outcome.problems)
    made = Report(
        target=outcome.target,
        started=stamp(setup.started),
        finished=stamp(streams.clock()),
        rules=len(setup.rules),
        config_from=setup.config_from,
        coverage=outcome.coverage,
        findings=judged.findings,
        suppressed=judged.suppressed,
        problems=problems,
        notes=tuple(notes),
        dropped=tuple(outcome.dropped) if args.explain_drops else (),
        state_used=outcome.state_used,
    )
    return made._replace(exit=status(made, args))


_CHANGES = ("staged", "hook", "range")


def _said(outcome: Outcome, setup: Setup, judged: Judged) -> Iterator[str]:
    """What must not go unsaid: what a change excuses itself, and which rules are switched off."""
    excused = [each.suppression.reason or "no reason" for each in judged.suppressed if each.suppression.by == "inline"]
    if excused and outcome.target.kind in _CHANGES:
        yield f"excused by this change: {len(excused)} ({'; '.join(dict.fromkeys(excused))})"
    for name in setup.config.skip_rules:
        yield f"rule {name} is switched off by the configuration ({setup.config_from})"


def _baseline(args: argparse.Namespace, setup: Setup) -> baselines.Baseline:
    if args.baseline:
        folder = os.path.abspath(args.baseline)
        if not os.path.isdir(folder):
            raise UsageError(f"the baseline {args.baseline} is not a folder", "xoxscan baseline write makes one")
        return baselines.read(
            FolderSnapshot(os.path.dirname(folder), args.baseline), os.fsencode(os.path.basename(folder))
        )
    return _NOBODY if setup.base is None else baselines.read(setup.base, BASELINE)


def status(made: Report, args: argparse.Namespace) -> int:
    """The exit status that `--fail-on` and `--strict` ask for, as long as nothing failed that was to be done."""
    if args.fail_on == "any" and made.findings:
        return FINDINGS
    incomplete = bool(made.problems) or (args.strict and bool(made.coverage.skipped))
    if args.fail_on == "live":
        states = {_life(finding) for finding in made.findings} - {"over"}
        if states - {"unknown"}:
            return FINDINGS
        incomplete = incomplete or bool(states)
    return INCOMPLETE if incomplete else OK


def _life(finding: Finding) -> str:
    """What a secret still is: `over` where it is known or proven dead."""
    dead = finding.response is not None and finding.response.state == "revoked"
    state = finding.verdict.state if finding.verdict else "unknown"
    return "over" if dead or state == "inactive" else state


def finish(
    args: argparse.Namespace,
    streams: Streams,
    setup: Setup,
    outcome: Outcome,
    respond: Callable[[Report], Report] = lambda made: made,
) -> int:
    """Judges, does what `respond` does, writes every report that was asked for, and gives the exit status."""
    made = respond(report(args, streams, setup, outcome))
    options = setup.options
    if any(output.format in _ANCHORED for output in setup.outputs):
        options = options._replace(anchor=anchor(setup.base) or options.anchor)
    write_report(made, setup.outputs, streams.stdout, options)
    return made.exit


def anchor(files: Snapshot | None) -> str | None:
    """A file that is there: what stands in none (a message, a ref name) is shown at it in SARIF, since GitHub rejects
    a file that names one it does not have."""
    names = [name.decode("utf-8", "backslashreplace") for name in files.names(b"")] if files else []
    known = (name for name in names if name.lower().startswith(("readme", ".xoxscan")))
    return next(known, names[0] if names else None)


def nothing(args: argparse.Namespace, what: str, hint: str) -> None:
    """Scanning nothing is never a success, unless that was expected."""
    if not args.allow_empty:
        raise NothingToScan(what, hint or "--allow-empty makes this no fault")
