"""What the commands that ask or tell Slack something share: means, orders, consent, and the report afterwards."""

from __future__ import annotations

import argparse
import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from scanner import config as configuration
from scanner import rules
from scanner.commands import asking
from scanner.commands.scanning import RUNNERS, TIMEOUT, Setup, progress, stamp, status
from scanner.detect import Detector
from scanner.errors import RESPONSE, UsageError, XoxscanError
from scanner.filters.entries import Config
from scanner.git.repository import Repository
from scanner.model import Finding, Problem, Report, Rule, Streams, Target
from scanner.policy import Policy
from scanner.report.output import STDOUT
from scanner.report.progress import Progress
from scanner.report.redactor import Redactor
from scanner.respond import rereading
from scanner.respond.act import LOOKS, RATE_PAUSE, TRIES, Means
from scanner.respond.conduct import Conducted, Orders, conduct
from scanner.respond.delivery import deliver
from scanner.respond.exposure import Known, learn
from scanner.respond.journal import Journal, Place, folder
from scanner.respond.journal_export import canonical, save
from scanner.respond.message import Context
from scanner.respond.plan import CEILING, Situation, Step, consent, revocable
from scanner.respond.roads import Road, choose, roads
from scanner.slack.api import Slack, base_url
from scanner.slack.http import Http, loopback
from scanner.slack.limits import Limits

THREADS = 8
_ACTING = 60.0  # seconds that acting on one token may take besides the looks at it


def refuse(args: argparse.Namespace, streams: Streams) -> None:
    """What is wrong with the options, before anything is looked at."""
    base_url(streams.environ)
    if args.max_revoke is not None and args.max_revoke < 0:
        raise UsageError("--max-revoke is a number of tokens, 0 or more", "")
    if args.respond == "revoke" and not (args.yes or asking.terminal(streams)):
        raise UsageError(
            "--respond revoke asks before each token, and this is no terminal", "--yes revokes without asking"
        )


def responded(
    args: argparse.Namespace, streams: Streams, setup: Setup, repository: Repository | None, report: Report
) -> Report:
    """`report` with what Slack said and what was done, as `--respond` says; its exit status follows."""
    everyone = (*report.findings, *(each.finding for each in report.suppressed))
    policy, seen = configuration.policy(setup.config), known(args, setup.config, repository, everyone)
    interactive = asking.terminal(streams) and not args.yes
    orders = orders_for(args, streams, setup, repository, policy, seen, everyone, interactive=interactive)
    several = operators_roads(args, setup.config, streams)
    with means(args, streams, everyone) as tools:
        done = conduct(report.findings, report.suppressed, orders, tools)
        notes = [*tell(args, streams, several, tools, done, report.target), *evidence(args, streams, tools)]
    report = report._replace(
        findings=done.findings,
        suppressed=done.suppressed,
        problems=(*report.problems, *_unasked(done)),
        notes=(*report.notes, *done.notes, *notes),
    )
    return report._replace(exit=RESPONSE if done.failed else status(report, args))


def _unasked(done: Conducted) -> Iterator[Problem]:
    """What somebody allowed, and of which it is not known whether it lives: no reason to call a run clean."""
    for finding, _ in done.suppressed:
        if finding.verdict and finding.verdict.state == "unknown":
            message = f"it is allowed, and whether it lives could not be asked: {finding.verdict.reason}"
            yield Problem(finding.redacted, message, "run again when Slack can be reached")


def orders_for(
    args: argparse.Namespace,
    streams: Streams,
    setup: Setup,
    repository: Repository | None,
    policy: Policy,
    seen: Known,
    findings: Sequence[Finding],
    *,
    interactive: bool = False,
) -> Orders:
    """What is to be done with `findings`, and how far."""
    shown = progress(args, streams)
    shown.phase("asking Slack", len(findings), unit="tokens")
    return Orders(
        level=args.respond,
        situation=Situation(
            policy=policy,
            known=seen,
            now=setup.started,
            revocable=revocable(_operators_rules(args, repository)),
            interactive=interactive,
        ),
        ceiling=ceiling(args, setup.config),
        rules={rule.id: rule for rule in setup.rules},
        run=f"{stamp(streams.clock())}-{os.urandom(4).hex()}",
        consent=_consent(args, streams, shown),
        place=_place(repository, setup.rules),
        probe_sessions=args.probe_sessions,
        threads=THREADS,
        seen=lambda token, said: shown.advance(1, 0),
        asked=shown.done,
    )


@contextmanager
def means(args: argparse.Namespace, streams: Streams, findings: Sequence[Finding]) -> Iterator[Means]:
    """What talks to Slack and what writes it down. JournalError where the journal cannot be used: nothing was sent."""
    clean = Redactor(finding.secret for finding in findings).clean
    with Journal(folder(streams.environ), streams.clock, clean=clean) as journal, ExitStack() as ended:
        limits = Limits(time.monotonic, streams.sleep)

        def slack(deadline: float) -> Slack:
            made = _slack(streams, journal, limits, deadline)
            ended.callback(made.close)
            return made

        yield Means(
            slack(args.deadline),
            journal,
            streams.sleep,
            lambda: stamp(streams.clock()),
            renewed=lambda tokens: slack(args.deadline + tokens * (TRIES * (sum(LOOKS) + RATE_PAUSE) + _ACTING)),
        )


def _slack(streams: Streams, journal: Journal, limits: Limits, deadline: float) -> Slack:
    return Slack(
        base_url(streams.environ),
        environ=streams.environ,
        clock=time.monotonic,
        sleep=streams.sleep,
        random=random.random,
        deadline=deadline,
        log=journal,
        committed=journal.committed,
        limits=limits,
        hooks=_hooks(streams),
    )


def _hooks(streams: Streams) -> str | None:
    """Where webhooks are asked: with a loopback stand-in for the API at the same place, else at Slack's own hosts."""
    address = urlsplit(base_url(streams.environ))
    return f"{address.scheme}://{address.netloc}" if loopback(address.hostname or "") else None


def known(
    args: argparse.Namespace, config: Config, repository: Repository | None, findings: Sequence[Finding]
) -> Known:
    """What is known of who can see the repository, and what its public remote holds."""
    public = args.visibility == "public"
    if repository is None:
        return Known(public)
    if getattr(args, "event", False):  # of `ci`: all that was looked at is part of what the event is about
        return Known(public, event=True)
    commits = {place.commit for finding in findings for place in finding.locations if place.commit}
    return learn(repository.git, public, config.public_remote, commits)


def _operators_rules(args: argparse.Namespace, repository: Repository | None) -> Iterator[Rule]:
    """The rules whose word counts on what may be revoked: ours, and the operator's, never a repository's own. Those
    that --rules names in the work tree are: a change could have brought them."""
    yield from rules.builtin()
    top = Path(repository.top).resolve() if repository and repository.top else None
    for path in map(Path, args.rules):
        if top is None or not path.resolve().is_relative_to(top):
            yield from rules.load(path)


def ceiling(args: argparse.Namespace, config: Config) -> int:
    """The most tokens that may be revoked: as the command line says, else the operator's configuration."""
    if args.max_revoke is not None:
        return int(args.max_revoke)
    return CEILING if config.max_revoke is None else config.max_revoke


def tell(
    args: argparse.Namespace, streams: Streams, several: Sequence[Road], tools: Means, done: Conducted, target: Target
) -> list[str]:
    """Tells the operator's people by `several` roads what was done, and what failed to be told before; notes about what
    does not arrive, which never stops anything."""
    if not several:
        return []
    leaked = {finding.secret for finding in (*done.findings, *(each.finding for each in done.suppressed))}
    several = choose(several, leaked)
    clean = Redactor(leaked).clean
    context = Context(done.run, stamp(streams.clock()), f"xoxscan {target.kind}", target.repository)
    http = Http(streams.environ)
    try:
        return deliver(
            several,
            done.findings,
            context,
            tools.journal,
            http=http,
            clock=streams.clock,
            sleep=streams.sleep,
            clean=clean,
        )
    finally:
        http.close()


def evidence(args: argparse.Namespace, streams: Streams, tools: Means) -> list[str]:
    """On a CI runner, where the journal does not outlive the run, its export beside the report; the note says so."""
    if args.respond != "revoke" or not any(streams.environ.get(name) for name in RUNNERS):
        return []
    path = "xoxscan.journal.json" if args.output == STDOUT else f"{args.output}.journal.json"
    try:
        save(path, canonical(tools.journal.export()) + b"\n")
    except XoxscanError as error:
        return [f"the journal may not outlive this runner, and its export failed: {error}"]
    return [f"the journal ({tools.journal.path}) may not outlive this runner: its export is in {path}, keep it"]


def operators_roads(args: argparse.Namespace, config: Config, streams: Streams) -> tuple[Road, ...]:
    """The roads that the operator's configuration names, for a run that may revoke; none for others. ConfigError where
    one leads nowhere: to be found out before anything is done."""
    if args.respond != "revoke":
        return ()
    named = config.notices._asdict() if config.notices else {}
    return roads(
        **{key: value or "" for key, value in named.items()}, environ=streams.environ, base=base_url(streams.environ)
    )


def _consent(args: argparse.Namespace, streams: Streams, shown: Progress) -> Callable[[Step], bool]:
    if args.yes:
        return lambda step: True

    def ask(step: Step) -> bool:
        shown.done()
        asking.say(streams, "", *consent(step))
        try:
            answer = asking.ask(streams, "revoke it, for good? [yes/no]", _complaint)
        except asking.Left:
            return False
        return answer.lower() == "yes"

    return ask


def _complaint(answer: str) -> str:
    return "" if answer.lower() in ("yes", "no") else "type yes or no"


def _place(repository: Repository | None, rules: Sequence[Rule]) -> Callable[[Finding], Place | None]:
    """Reads where a token stands, with one detector for all."""
    detector = cache(lambda: Detector(rules, TIMEOUT))
    return lambda finding: rereading.place(finding, repository, detector()) if repository else None
