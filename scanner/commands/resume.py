"""`xoxscan journal resume`: brings every revocation that was started, and that nobody is busy with, to a known end.

Each token is read again where the journal says it stands, or comes on the standard input.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import NamedTuple

from scanner import config as configuration
from scanner.commands import given, responding, scan
from scanner.commands.responder import add_asking
from scanner.commands.revoke import HANDED, add_workspaces
from scanner.commands.revoke import handed as with_handed
from scanner.commands.scanning import TIMEOUT, Setup
from scanner.detect import Detector
from scanner.errors import OK, RESPONSE, GitError
from scanner.filters.entries import PolicyLine
from scanner.git.objects import Cat
from scanner.git.repository import find
from scanner.model import Finding, Response, Rule, Secret, Streams, Target, Verdict
from scanner.pipeline import short
from scanner.policy import REFRESH, Policy, decide, restored
from scanner.respond import act, rereading
from scanner.respond.act import Means
from scanner.respond.conduct import Conducted
from scanner.respond.journal import ENDS, Entry, Journal, JournalError, exists, folder
from scanner.respond.plan import revocable
from scanner.slack.answers import Token

# Nothing was done about these: the plan of a run that is gone is no reason to begin.
_STARTED = ("intent", "sent", "answered", "unproven")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How to report, whom to ask; `-` takes tokens from the standard input."""
    given.add_options(parser)
    add_asking(parser)
    add_workspaces(parser)


def run(args: argparse.Namespace, streams: Streams) -> int:
    """0 if all that was planned is proven dead; else 4."""
    args.respond, args.visibility, args.max_revoke, args.yes = "revoke", None, None, True
    made = given.setup(args, streams, allowed=["-"])
    responding.refuse(args, streams)
    handed = given.read(streams, made.rules).findings if args.strays else ()
    entries, busy = _unfinished(streams)
    resumed = _Resumed(made, streams, handed)
    pairs = [(entry, resumed.secret(entry)) for entry in entries]
    known = [_finding(entry, secret, made) for entry, secret in pairs]
    several = responding.operators_roads(args, made.config, streams)
    with responding.means(args, streams, known) as begun:
        tools = begun.acting(len(pairs))
        policies = [_policy(entry, made, args, streams) for entry, _ in pairs]
        said = [_response(*pair, tools, made, policy) for pair, policy in zip(pairs, policies, strict=True)]
        found = [finding._replace(response=each) for finding, each in zip(known, said, strict=True)]
        done = Conducted(tuple(found), (), (), False, "resume")
        notes = responding.tell(args, streams, several, tools, done, Target("resume"))
        notes += responding.evidence(args, streams, tools)
    report = given.report("resume", made, streams, found, ())
    failed = any(finding.response and finding.response.state not in ("revoked", "skipped") for finding in found)
    failed = failed or busy > 0
    nothing = ["nothing was left to be resumed"] if not (found or busy) else []
    nothing += [f"another process is busy with {busy} more: resume again when it has ended"] if busy else []
    return given.write(report._replace(notes=(*nothing, *notes), exit=RESPONSE if failed else OK), made, streams)


def _unfinished(streams: Streams) -> tuple[list[Entry], int]:
    """What can be taken up, and how many more another living process is busy with."""
    where = folder(streams.environ)
    if not exists(where):
        return [], 0
    with Journal(where, streams.clock) as journal:
        unfinished = journal.unfinished()
        under_way = sum(entry.state not in ENDS for entry in journal.entries())
        return unfinished, max(0, under_way - len(unfinished))


class _Resumed(NamedTuple):
    """Where tokens come from again."""

    made: Setup
    streams: Streams
    handed: Sequence[Finding]

    def secret(self, entry: Entry) -> Secret | None:
        """The token of an entry, None where it is to be had nowhere. One that was handed over is not taken where its
        fingerprint may be that of another: which of them was meant only its place tells."""
        planned = entry.planned
        for each in self.handed:
            if each.fingerprint == planned.fingerprint and not short(each.secret, each.redacted):
                return each.secret
        if planned.place is None:
            return None
        detector = Detector(self.made.rules, TIMEOUT)
        try:
            return rereading.secret(planned.place, detector, planned.fingerprint, dict(self.streams.environ))
        except GitError:
            return None


def _finding(entry: Entry, secret: Secret | None, made: Setup) -> Finding:
    planned, rule = entry.planned, _rule(entry, made)
    return Finding(
        secret or Secret(b""),
        planned.fingerprint,
        planned.rule,
        planned.kind,
        rule.severity if rule else "high",
        planned.redacted,
        (),
        (),
        remediation=rule.remediation if rule else "",
    )


def _rule(entry: Entry, made: Setup) -> Rule | None:
    return next((rule for rule in made.rules if rule.id == entry.planned.rule), None)


def _response(entry: Entry, secret: Secret | None, tools: Means, made: Setup, policy: Policy) -> Response:
    try:
        if entry.state not in _STARTED:
            tools.journal.held(entry.id, "the run ended before it was begun")
            reason = "the run ended before it was begun, and nothing was sent: run the command again that planned it"
            return _said("held", reason, entry, tools)
        if secret is None:
            return _said("unproven", _lost(entry), entry, tools)
        token = Token(secret, entry.planned.fingerprint, entry.planned.kind)
        return act.resume(tools, token, entry, _rule(entry, made), _forbids(entry, policy, made))
    except JournalError as error:
        return _said("failed", str(error), entry, tools)


def _forbids(entry: Entry, policy: Policy, made: Setup) -> Callable[[Verdict], str]:
    """Why the policy of today lets nothing more be sent, if it does not. It is asked with what was known when the
    token was planned, and with what Slack says now."""
    planned = entry.planned
    known = restored(planned.facts, planned.fingerprint, planned.kind)

    def forbids(said: Verdict) -> str:
        refresh = planned.kind in REFRESH
        facts = known._replace(
            verdict=None if refresh else said,
            identity=known.identity if refresh else said.identity or known.identity,
            org_wide=known.org_wide or said.org_wide,
            revocable=planned.rule in revocable(made.rules),
            interactive=False,
        )
        decision = decide(policy, facts)
        return "" if decision.action == "revoke" else f"{decision.line} says {decision.action}: {decision.reason}"

    return forbids


def _policy(entry: Entry, made: Setup, args: argparse.Namespace, streams: Streams) -> Policy:
    """The operator's policy of today, for what was handed over that of `xoxscan revoke`; and what the repository that
    holds the token says, which is only ever stricter."""
    plain = configuration.policy(made.config)
    policy = plain._replace(workspaces=plain.workspaces.union(args.workspace))
    if entry.planned.policy == HANDED.origin:
        policy = with_handed(policy, ())
    lines = _base_lines(entry, streams)
    return policy._replace(base=[*policy.base, *lines])


def _base_lines(entry: Entry, streams: Streams) -> list[PolicyLine]:
    place = entry.planned.place
    if place is None:
        return []
    try:
        repository = find(place.repository, streams.environ, own=False)
        with Cat(repository.git) as cat:
            content = scan.base(repository, cat).read(configuration.NAME)
            return list(configuration.parse(content, "HEAD", base=True).policy) if content else []
    except GitError:  # it is gone
        return []


def _lost(entry: Entry) -> str:
    where = "it does not stand any more where the journal says" if entry.planned.place else "the journal has no place"
    return (
        f"the token is not to be had: {where}; give it on the standard input (xoxscan journal resume - <FILE), or, if "
        "it is a legacy token with a short secret, to xoxscan revoke"
    )


def _said(state: str, reason: str, entry: Entry, tools: Means) -> Response:
    return Response(state, reason, entry.planned.policy, tools.now())
