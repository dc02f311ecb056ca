"""`xoxscan policy explain`: what would happen to each finding, which line decides, and why. Nothing is sent."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from scanner import config as configuration
from scanner import rules as ruleset
from scanner.commands import scan
from scanner.commands.scanning import Setup, prepare
from scanner.errors import OK, GitError, UsageError
from scanner.filters.entries import Config, PolicyLine
from scanner.git.objects import Cat
from scanner.git.repository import Repository, find
from scanner.model import Finding, Report, Streams, Verdict
from scanner.policy import DEFAULT, REFRESH, Decision, decide
from scanner.report.output import STDOUT, OutStream, secrets
from scanner.report.places import harmless, many
from scanner.report.reading import to_report
from scanner.report.redactor import Redactor
from scanner.report.schema import dump, readable
from scanner.respond.exposure import Known, learn
from scanner.respond.plan import CEILING, Plan, Situation, Step, plan, revocable

SUMMARY = "Says what would happen to each finding of a report, and which line of the policy decides. Nothing is sent."
SCHEMA = "xoxscan.policy/1"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The one action and its options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    text = "what would happen to each finding of a report; without one, the policy itself"
    explain = actions.add_parser("explain", help=text, description=text[0].upper() + text[1:] + ".")
    add = explain.add_argument
    add("report", nargs="?", metavar="REPORT.json", help="what `-f json` wrote; - is the standard input")
    add("--visibility", choices=("public", "private"), help="who can see the repository (default: private)")
    add("--config", metavar="FILE", help="a configuration besides the repository's own")
    add("-f", "--format", choices=("text", "json"), default="text", help="default: text")


class Explained(NamedTuple):
    """What there is to say."""

    config: Config
    plan: Plan
    situation: Situation
    suppressed: frozenset[str]  # fingerprints


def run(args: argparse.Namespace, streams: Streams) -> int:
    """The exit status: 0, whatever would happen. Errors: see scanner.errors."""
    report = None if args.report is None else _read(args.report, streams)
    with ExitStack() as stack:
        around = scan.around(streams)
        about = _repository_of(report, around, streams)
        repository = about if report else around  # whose own lines count
        cat = stack.enter_context(Cat(repository.git)) if repository else None
        base = scan.base(repository, cat) if repository else None
        setup = prepare(_options(args), streams, base, repository)
    explained = _explained(args, setup, about, report, streams.clock())
    if report and about is None and report.target.repository:
        note = (
            f"note: {report.target.repository} is not here: what its remote holds is not known, and counts as private"
        )
        streams.stderr.write(Redactor(secrets(report)).clean(f"{harmless(note)}\n".encode("utf-8", "backslashreplace")))
    out = OutStream(streams.stdout, Redactor(secrets(report) if report else ()))
    if args.format == "json":
        out.write(_json(explained, asked=report is not None))
    else:
        shown = _findings(explained) if report else _policy(explained.config)
        out.write("".join(f"{harmless(line)}\n" for line in shown).encode("utf-8", "backslashreplace"))
    out.finish()
    streams.stdout.flush()
    return OK


def _options(args: argparse.Namespace) -> argparse.Namespace:
    """What `prepare` wants to know: nothing is scanned, only the configuration is read."""
    given: dict[str, Any] = dict.fromkeys(("rules", "only", "skip", "report"), ())
    given |= dict.fromkeys(("show_secrets", "show_suppressed", "quiet", "verbose"), False)
    return argparse.Namespace(
        **given, format="text", output=STDOUT, config=args.config, fail_on="any", respond="none", color="never"
    )


def _read(file: str, streams: Streams) -> Report:
    try:
        return to_report(streams.stdin.read() if file == "-" else Path(file).read_bytes())
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}", "name what `-f json` wrote") from None
    except UsageError as error:
        raise UsageError(f"{file}: {error}", error.hint) from None


def _explained(
    args: argparse.Namespace, setup: Setup, repository: Repository | None, report: Report | None, now: float
) -> Explained:
    config = setup.config
    allowed = [each.finding for each in report.suppressed] if report else []
    findings = [*(report.findings if report else ()), *allowed]
    known = _known(args.visibility == "public", config, repository, report, findings)
    situation = Situation(configuration.policy(config), known, now, revocable(ruleset.builtin()))
    ceiling = CEILING if config.max_revoke is None else config.max_revoke
    fingerprints = frozenset(finding.fingerprint for finding in allowed)
    return Explained(config, plan(findings, situation, ceiling), situation, fingerprints)


def _known(
    public: bool, config: Config, repository: Repository | None, report: Report | None, findings: Sequence[Finding]
) -> Known:
    """What the repository around this folder knows of its public remote, if the report is of that one."""
    event = report is not None and report.target.kind == "ci"
    if report is None or repository is None:
        return Known(public, event=event)
    commits = {place.commit for finding in findings for place in finding.locations if place.commit}
    return learn(repository.git, public, config.public_remote, commits)._replace(event=event)


def _repository_of(report: Report | None, around: Repository | None, streams: Streams) -> Repository | None:
    """The repository that the report is about, wherever one stands; None where it is not here."""
    named = report.target.repository if report else None
    if named is None:
        return None
    if around and os.path.realpath(named) == os.path.realpath(around.top or around.git_dir):
        return around
    try:
        return find(named, streams.environ, own=False)
    except GitError:
        return None


def _if_alive(step: Step, situation: Situation) -> Decision | None:
    """What would be done if Slack, which was not asked, said that the token lives and is ours."""
    facts = step.facts
    if facts.verdict is not None or facts.kind in REFRESH or not facts.revocable:
        return None
    return decide(situation.policy, facts._replace(verdict=Verdict("active", "assumed"), interactive=True))


def _findings(explained: Explained) -> Iterator[str]:
    for step in explained.plan.steps:
        finding, decision = step.finding, step.decision
        allowed = "  (suppressed)" if finding.fingerprint in explained.suppressed else ""
        yield f"{finding.rule}  {finding.redacted}{allowed}"
        yield f"  {finding.fingerprint}"
        yield f"  {decision.action}: {decision.reason}"
        yield f"  decided by {decision.line}"
        yield from (f"    {number}. {why}" for number, why in enumerate(_why(step), 1))
        if alive := _if_alive(step, explained.situation):
            yield f"  if Slack says that it lives, and it is one of ours: {alive.action} ({alive.line}: {alive.reason})"
        if step.grant:
            yield f"  of one grant with {_others(step, explained.plan)}"
        yield ""
    revoked = len(explained.plan.revocations)
    yield f"{many(len(explained.plan.steps), 'finding')}, {revoked} to be revoked in a run without a terminal"
    if explained.plan.over:
        yield explained.plan.over.replace("was sent", "would be sent")


def _others(step: Step, made: Plan) -> str:
    same = [each.finding for each in made.steps if each.grant == step.grant and each is not step]
    return ", ".join(each.redacted for each in same)


def _why(step: Step) -> Iterator[str]:
    """The facts, then the steps from them to the decision."""
    facts = step.facts
    api = "can be revoked by auth.revoke" if facts.revocable else "cannot be revoked by the API"
    yield f"the kind {facts.kind} {api}"
    if facts.verdict:
        yield f"Slack's verdict is {facts.verdict.state}: {facts.verdict.reason}"
    else:
        yield "the report has no verdict: Slack was not asked"
    yield f"{'exposed' if facts.exposed else 'not exposed'}: {facts.where}"
    yield from step.decision.why


def _policy(config: Config) -> Iterator[str]:
    """The policy itself, in the order in which it is asked."""
    own, base = ([line for line in config.policy if line.base is flag] for flag in (False, True))
    yield from (_line(line) for line in own)
    yield f"{DEFAULT}: revoke what lives, is exposed, ours, and of a kind that the API revokes (the default)"
    yield from (f"{_line(line)} (the repository's: counts only where stricter)" for line in base)
    yield f"workspaces: {', '.join(config.workspaces) or 'none, so that without a terminal nothing is revoked'}"
    yield f"unverified: {config.unverified or f'as {DEFAULT} has it'}"
    yield f"max_revoke: {CEILING if config.max_revoke is None else config.max_revoke}"


def _line(line: PolicyLine) -> str:
    when = ", ".join(f"{name} {' or '.join(wanted)}" for name, wanted in line.when)
    return f"{line.origin}: {line.then} {f'when {when}' if when else 'always'}: {line.reason}"


def _json(explained: Explained, *, asked: bool) -> bytes:
    made = explained.plan
    document = {
        "schema": SCHEMA,
        "policy": [_line_of(line) for line in explained.config.policy],
        "findings": [_finding(step, explained) for step in made.steps] if asked else None,
        "revocations": len(made.revocations),
        "max_revoke": made.ceiling,
        "over": bool(made.over),
    }
    return dump(document) + b"\n"


def _line_of(line: PolicyLine) -> dict[str, Any]:
    when = {name: [readable(word) for word in wanted] for name, wanted in line.when}
    words = {"then": line.then, "reason": readable(line.reason), "line": readable(line.origin)}
    return {"when": when, **words, "stricter_only": line.base}


def _finding(step: Step, explained: Explained) -> dict[str, Any]:
    finding = step.finding
    alive = _if_alive(step, explained.situation)
    return {
        "fingerprint": finding.fingerprint,
        "rule": finding.rule,
        "kind": finding.kind,
        "redacted": readable(finding.redacted),
        "suppressed": finding.fingerprint in explained.suppressed,
        **_decision(step.decision),
        "why": [readable(why) for why in _why(step)],
        "if_alive": _decision(alive) if alive else None,
        "exposed": step.facts.exposed,
        "grant": step.grant,
    }


def _decision(decision: Decision) -> dict[str, Any]:
    return {"action": decision.action, "reason": readable(decision.reason), "line": readable(decision.line)}
