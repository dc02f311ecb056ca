"""`xoxscan explain`: what the credentials on the standard input are and whose, offline, without their secret part.

`-f json` writes one document, schema xoxscan.explain/1 (docs/explain.md has the same table); within /1 keys may be
added, never renamed or removed:

    {"schema": "xoxscan.explain/1", "tool": {"name", "version"},
     "tokens": [{"line", "rule", "kind", "name", "severity", "description", "redacted", "fingerprint",
        "anatomy": {id: value}, "meanings": {id: what it stands for}, "grant": [team, grant] or null, "same_grant":
        [lines], "verify", "revoke", "remediation", "references": []}],
     "not_credentials": [{"line", "bytes", "reason"}], "exit"}

Exit status: 0 if a line held a credential, 2 if none did, 3 if nothing came or a line could not be looked at in time.
"""

from __future__ import annotations

import argparse
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import scanner
from scanner import rules
from scanner.commands import given
from scanner.commands.given import Line
from scanner.commands.scanning import TIMEOUT
from scanner.detect import Detector, Scan
from scanner.errors import INCOMPLETE, OK, USAGE, NothingToScan
from scanner.model import Match, Rule, Streams
from scanner.pipeline import fingerprint
from scanner.report.places import harmless, many
from scanner.report.redactor import Redactor
from scanner.report.schema import dump
from scanner.slack.anatomy import anatomy, grant, meaning

SUMMARY = "Says what tokens are, whose, and what to do about them: from the standard input, offline, never the secret."
SCHEMA = "xoxscan.explain/1"
_COLUMNS, _LABEL = 100, 16  # of running text, and before it

_CHECKS = {
    "auth.test": "auth.test: asks Slack, changes nothing",
    "auth.test-with-cookie": "auth.test with its session cookie; not by default: Slack watches for strange sessions",
    "webhook-malformed": "a POST that Slack refuses either way; what it answers tells",
    "none": "no safe way is known",
}
_ENDS = {
    "auth.revoke": "auth.revoke: whoever holds it can, and nobody can undo it",
    "manual": "by hand only",
    "none": "nothing to revoke",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `explain`. There is no argument for a token."""
    parser.add_argument("-f", "--format", choices=("text", "json"), default="text", help="default: text")


def words(argv: Sequence[str]) -> list[str]:
    """`argv` if it holds options alone. UsageError otherwise: a token there is refused, and not repeated."""
    if not all(re.fullmatch(r"-{0,2}[a-z-]{1,20}(?:=[a-z]{0,20})?", word) for word in argv):
        raise given.on_the_command_line()
    return list(argv)


class Told(NamedTuple):
    """A credential that stands in a line."""

    line: int
    match: Match
    rule: Rule
    fingerprint: str
    anatomy: Mapping[str, str]
    grant: tuple[str, ...] | None


class Other(NamedTuple):
    """A line without a credential, and why it is none. `in_time`: it was looked at to its end."""

    line: int
    size: int
    reason: str
    in_time: bool = True


class Explained(NamedTuple):
    """What all the lines turned out to be."""

    told: tuple[Told, ...]
    others: tuple[Other, ...]

    @property
    def status(self) -> int:
        """The exit status that follows."""
        if not all(other.in_time for other in self.others):
            return INCOMPLETE
        return OK if self.told else USAGE


def run(args: argparse.Namespace, streams: Streams) -> int:
    """Reads, explains, writes. NothingToScan if no line came but empty ones."""
    known = rules.builtin()
    with given.unseen(streams):
        explained = explain(Detector(known, TIMEOUT), known, given.lines(streams.stdin))
    if not any(explained):
        raise NothingToScan("nothing came on the standard input", "give it tokens, one a line: xoxscan explain <FILE")
    written = as_json(explained) if args.format == "json" else as_text(explained)
    streams.stdout.write(Redactor(told.match.secret for told in explained.told).clean(written))
    streams.stdout.flush()
    return explained.status


def explain(detector: Detector, known: Iterable[Rule], come: Iterable[Line]) -> Explained:
    """What `come` is by `known`, the rules of `detector`. A line may hold several, and text around them."""
    by_id = {rule.id: rule for rule in known}
    told: list[Told] = []
    others: list[Other] = []
    for line in come:
        scan = detector.scan(line.data or b"")
        told += (_told(line.number, match, by_id[match.rule]) for match in scan.matches)
        if scan.overrun or not scan.matches:
            others.append(Other(line.number, line.size, _reason(line, scan, by_id), not scan.overrun))
    return Explained(tuple(told), tuple(others))


def _told(line: int, match: Match, rule: Rule) -> Told:
    secret = match.secret.reveal()
    return Told(line, match, rule, fingerprint(match), dict(anatomy(match.kind, secret)), grant(match.kind, secret))


def _reason(line: Line, scan: Scan, known: Mapping[str, Rule]) -> str:
    """Why it is none; never a byte of the line."""
    if line.data is None:
        return "longer than any; `xoxscan scan -` looks through whole files"
    if scan.overrun:
        return f"could not be looked at in time ({', '.join(scan.overrun)})"
    if scan.dropped:
        first = scan.dropped[0]
        return f"has the form of one ({known[first.rule].name}), but is made up or damaged (check {first.check})"
    if re.search(rb"xox[a-z][-.]|xapp-|xwfp-|(?i:hooks\.slack)", line.data):
        return "begins like one, and does not go on like one: cut short, or altered"
    return "nothing known; a secret without a prefix needs its name before it, as in SLACK_SIGNING_SECRET=…"


def as_json(explained: Explained) -> bytes:
    """One document, xoxscan.explain/1: a line for each key, and for each token."""
    head = {"schema": SCHEMA, "tool": {"name": "xoxscan", "version": scanner.__version__}}
    others = [{"line": one.line, "bytes": one.size, "reason": one.reason} for one in explained.others]
    tokens = b",\n".join(dump(_row(told, explained)) for told in explained.told)
    rows = [b"%b: %b" % (dump(key), dump(value)) for key, value in head.items()]
    rows.append(b'"tokens": [' + (b"\n" + tokens if tokens else b"") + b"]")
    rows += [b'"not_credentials": ' + dump(others), b'"exit": ' + dump(explained.status)]
    return b"{\n" + b",\n".join(rows) + b"\n}\n"


def _row(told: Told, explained: Explained) -> dict[str, Any]:
    rule = told.rule
    return {
        "line": told.line,
        "rule": rule.id,
        "kind": rule.kind,
        "name": rule.name,
        "severity": rule.severity,
        "description": rule.description,
        "redacted": told.match.redacted,
        "fingerprint": told.fingerprint,
        "anatomy": dict(told.anatomy),
        "meanings": {name: meaning(name, value) for name, value in told.anatomy.items()},
        "grant": list(told.grant) if told.grant else None,
        "same_grant": _kin(told, explained),
        "verify": rule.verify,
        "revoke": rule.revoke,
        "remediation": " ".join(rule.remediation.split()),
        "references": list(rule.references),
    }


def _kin(told: Told, explained: Explained) -> list[int]:
    """The lines of other tokens of the same grant."""
    alike = (one for one in explained.told if told.grant and one.grant == told.grant)
    return sorted({one.line for one in alike if one.fingerprint != told.fingerprint})


def as_text(explained: Explained) -> bytes:
    """For people, in the order of the lines."""
    blocks = [(told.line, _block(told, explained)) for told in explained.told]
    blocks += [
        (one.line, [f"line {one.line}: no Slack credential ({many(one.size, 'byte')})", *_wrapped("why", one.reason)])
        for one in explained.others
    ]
    ordered = sorted(blocks, key=lambda block: block[0])
    return "\n".join("".join(f"{line}\n" for line in block) for _, block in ordered).encode("utf-8", "replace")


def _block(told: Told, explained: Explained) -> list[str]:
    rule, kin = told.rule, _kin(told, explained)
    rows = [
        ("token", told.match.redacted),
        ("what it does", rule.description),
        *((name, " ".join(filter(None, (value, _aside(name, value))))) for name, value in told.anatomy.items()),
        ("same grant", f"line {', '.join(map(str, kin))}" if kin else ""),
        ("fingerprint", told.fingerprint),
        ("check", _CHECKS.get(rule.verify, rule.verify)),
        ("revoke", _ENDS.get(rule.revoke, rule.revoke)),
        ("what to do", rule.remediation),
    ]
    head = f"line {told.line}: {rule.name} ({rule.id}, kind {rule.kind}, {rule.severity})"
    return [harmless(head), *(line for label, text in rows if text for line in _wrapped(label, text))]


def _aside(name: str, value: str) -> str:
    known = meaning(name, value)
    return f"({known})" if known else ""


def _wrapped(label: str, text: str) -> list[str]:
    """Never cut within a word: people copy tokens' ids, and the redactor must see in one piece what it looks for."""
    begin, rest = f"  {label.replace('_', ' '):<{_LABEL}}", " " * (_LABEL + 2)
    wrapper = textwrap.TextWrapper(
        _COLUMNS, initial_indent=begin, subsequent_indent=rest, break_on_hyphens=False, break_long_words=False
    )
    return wrapper.wrap(harmless(" ".join(text.split())))
