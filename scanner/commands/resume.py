"""`xoxscan journal resume`: brings every revocation that was started, and that nobody is busy with, to a known end.

Each token is read again where the journal says it stands, or comes on the standard input.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import NamedTuple

from scanner.commands import given, responding
from scanner.commands.scanning import TIMEOUT, Setup, add_asking
from scanner.detect import Detector
from scanner.errors import OK, RESPONSE, GitError
from scanner.model import Finding, Response, Rule, Secret, Streams, Target
from scanner.respond import act, rereading
from scanner.respond.act import Means
from scanner.respond.conduct import Conducted
from scanner.respond.journal import Entry, Journal, JournalError, exists, folder
from scanner.slack.answers import Token

# Nothing was done about these: the plan of a run that is gone is no reason to begin.
_STARTED = ("intent", "sent", "answered", "unproven")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How to report, whom to ask, and where the tokens come from."""
    parser.add_argument("tokens", nargs="?", choices=["-"], metavar="-", help="tokens come on the standard input")
    given.add_options(parser)
    add_asking(parser)


def run(args: argparse.Namespace, streams: Streams) -> int:
    """0 if all that was started is proven dead, or was never sent; else 4."""
    args.respond, args.visibility, args.max_revoke, args.yes = "revoke", None, None, True
    made = given.setup(args, streams)
    responding.refuse(args, streams)
    handed = given.read(streams, made.rules).findings if args.tokens else ()
    entries = _unfinished(streams)
    resumed = _Resumed(made, streams, {finding.fingerprint: finding.secret for finding in handed})
    pairs = [(entry, resumed.secret(entry)) for entry in entries]
    known = [_finding(entry, secret, made) for entry, secret in pairs]
    several = responding.operators_roads(args, made.config, streams)
    with responding.means(args, streams, known) as begun:
        tools = begun.acting(len(pairs))
        said = [_response(entry, secret, tools, made) for entry, secret in pairs]
        found = [finding._replace(response=each) for finding, each in zip(known, said, strict=True)]
        done = Conducted(tuple(found), (), (), False, "resume")
        notes = responding.tell(args, streams, several, tools, done, Target("resume"))
        notes += responding.evidence(args, streams, tools)
    report = given.report("resume", made, streams, found, ())
    failed = any(finding.response and finding.response.state in ("unproven", "failed", "refused") for finding in found)
    nothing = () if found else ("nothing was left to be resumed",)
    return given.write(report._replace(notes=(*nothing, *notes), exit=RESPONSE if failed else OK), made, streams)


def _unfinished(streams: Streams) -> list[Entry]:
    where = folder(streams.environ)
    if not exists(where):
        return []
    with Journal(where, streams.clock) as journal:
        return journal.unfinished()


class _Resumed(NamedTuple):
    """Where tokens come from again."""

    made: Setup
    streams: Streams
    handed: Mapping[str, Secret]

    def secret(self, entry: Entry) -> Secret | None:
        """The token of an entry, None where it is to be had nowhere."""
        planned = entry.planned
        if planned.fingerprint in self.handed or planned.place is None:
            return self.handed.get(planned.fingerprint)
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


def _response(entry: Entry, secret: Secret | None, tools: Means, made: Setup) -> Response:
    try:
        if entry.state not in _STARTED:
            tools.journal.held(entry.id, "the run ended before it was begun")
            return _said("held", "the run ended before it was begun; nothing was sent: plan it anew", entry, tools)
        if secret is None:
            return _said("unproven", _lost(entry), entry, tools)
        return act.resume(
            tools, Token(secret, entry.planned.fingerprint, entry.planned.kind), entry, _rule(entry, made)
        )
    except JournalError as error:
        return _said("failed", str(error), entry, tools)


def _lost(entry: Entry) -> str:
    where = "it does not stand any more where the journal says" if entry.planned.place else "the journal has no place"
    return f"the token is not to be had: {where}; give it on the standard input: xoxscan journal resume - <FILE"


def _said(state: str, reason: str, entry: Entry, tools: Means) -> Response:
    return Response(state, reason, entry.planned.policy, tools.now())
