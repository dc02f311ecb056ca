"""`xoxscan verify`: asks Slack whether the tokens on the standard input live, whose they are, and what they can do."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from scanner import config as configuration
from scanner.commands import given, responding
from scanner.commands.given import words as words
from scanner.commands.responder import add_asking
from scanner.errors import FINDINGS, INCOMPLETE, OK
from scanner.model import Finding, Report, Streams
from scanner.respond.conduct import conduct
from scanner.respond.exposure import Known

SUMMARY = (
    "Asks Slack whether tokens live, whose they are and what they can do: from the standard input. Changes nothing."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options; there is no argument for a token."""
    given.add_options(parser)
    add_asking(parser)


def run(args: argparse.Namespace, streams: Streams) -> int:
    """1 if any is active or restricted, else 3 if any is unknown, rejected or unsupported, else 0."""
    args.respond, args.visibility, args.max_revoke, args.yes = "verify", None, None, True
    made = given.setup(args, streams)
    responding.refuse(args, streams)
    come = given.read(streams, made.rules)
    orders = responding.orders_for(args, streams, made, None, configuration.policy(made.config), Known(), come.findings)
    with responding.means(args, streams, come.findings) as tools:
        done = conduct(come.findings, (), orders, tools)
    report = given.report("verify", made, streams, done.findings, come.problems)
    return given.write(report._replace(exit=status(report)), made, streams)


def status(report: Report) -> int:
    """The worst of what Slack said."""
    states = _states(report.findings)
    if states & {"active", "restricted"}:
        return FINDINGS
    return INCOMPLETE if states - {"inactive"} or report.problems else OK


def _states(findings: Iterable[Finding]) -> set[str]:
    return {finding.verdict.state if finding.verdict else "unknown" for finding in findings}
