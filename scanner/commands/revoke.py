"""`xoxscan revoke`: rehearses the revocation of the tokens on the standard input; with --yes revokes and proves it."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable

from scanner import config as configuration
from scanner.commands import given, responding, verify
from scanner.commands.given import words as words
from scanner.commands.responder import add_asking
from scanner.errors import INCOMPLETE, OK, RESPONSE
from scanner.filters.entries import PolicyLine
from scanner.model import Finding, Report, Streams, Target
from scanner.policy import Policy
from scanner.respond.conduct import conduct
from scanner.respond.exposure import Known

SUMMARY = "Rehearses what auth.revoke would do to tokens on the standard input; with --yes revokes them and proves it."

# Whoever hands a token over has decided; the operator's own lines come first, and the limits of the policy stay.
HANDED = PolicyLine((), "revoke", "it was handed over to be revoked", "xoxscan revoke")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options; there is no argument for a token."""
    given.add_options(parser)
    add_asking(parser)
    add = parser.add_argument
    add("--yes", action="store_true", help="revoke: it cannot be undone")
    add_workspaces(parser)
    add("--max-revoke", type=int, metavar="N", help="the most tokens that one run may revoke (default 5)")


def add_workspaces(parser: argparse.ArgumentParser) -> None:
    """Whose tokens may be revoked, besides those of the `workspaces` of the configuration."""
    parser.add_argument(
        "--workspace",
        action="append",
        default=[],
        type=_workspace,
        metavar="ID",
        help="one of the operator's own, T… or E…; repeatable",
    )


def _workspace(word: str) -> str:
    if not re.fullmatch(r"[TE][A-Z0-9]{2,20}", word):
        raise argparse.ArgumentTypeError("this is no id of a workspace or an organisation (T… or E…; verify shows it)")
    return word


def run(args: argparse.Namespace, streams: Streams) -> int:
    """Rehearsing: as `verify`. With --yes: 0 if each is proven dead, else 4."""
    acts = args.yes
    args.respond, args.visibility = "revoke" if acts else "rehearse", None
    made = given.setup(args, streams)
    responding.refuse(args, streams)
    come = given.read(streams, made.rules)
    # A rehearsal touches nothing; what is revoked must be the operator's own, as nobody is asked.
    policy = handed(configuration.policy(made.config), args.workspace)
    orders = responding.orders_for(args, streams, made, None, policy, Known(), come.findings, interactive=not acts)
    several = responding.operators_roads(args, made.config, streams)
    with responding.means(args, streams, come.findings) as tools:
        done = conduct(come.findings, (), orders, tools)
        notes = responding.tell(args, streams, several, tools, done, Target("revoke"))
        notes += responding.evidence(args, streams, tools)
    report = given.report("revoke", made, streams, done.findings, come.problems)
    report = report._replace(notes=(*done.notes, *notes))
    return given.write(report._replace(exit=_status(report) if acts else verify.status(report)), made, streams)


def handed(policy: Policy, workspaces: Iterable[str]) -> Policy:
    """The policy for tokens that were handed over: revoke them, unless a line or a limit says no."""
    return policy._replace(operator=(*policy.operator, HANDED), workspaces=policy.workspaces.union(workspaces))


def _status(report: Report) -> int:
    if not all(map(_dead, report.findings)):
        return RESPONSE
    return INCOMPLETE if report.problems else OK


def _dead(finding: Finding) -> bool:
    """Whether it is proven dead, by us or before us."""
    said, state = finding.response, finding.verdict.state if finding.verdict else ""
    return state == "inactive" or (said is not None and (said.state == "revoked" or said.proof is not None))
