"""GitLab's secret-detection report, version 15.2.1: what `artifacts: reports: secret_detection` takes.

The facts are those of GitLab's schema (gitlab-org/security-products/security-report-schemas, v15.2.1,
dist/secret-detection-report-format.json): names of 255 characters, solutions of 7,000, times without fraction and zone,
a commit for every place. `raw_source_code_extract` is left out: GitLab keeps and shows it as it is. Descriptions are
Markdown, so what is not our own stands in code spans there.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import scanner
from scanner import rules
from scanner.model import Finding, Location, Named, Report, Shared
from scanner.report import Options, Sink
from scanner.report.markdown import code
from scanner.report.places import harmless, many, place, skipped
from scanner.report.schema import complete, dump, readable
from scanner.report.sentences import beside, dead, deed, fitted, in_file, life, person, places, ranked, remedy, since

VERSION = "15.2.1"
SCHEMA = (
    "https://gitlab.com/gitlab-org/security-products/security-report-schemas"
    f"/-/raw/v{VERSION}/dist/secret-detection-report-format.json"
)
NAME, SOLUTION, TEXT = 255, 7_000, 10_000  # characters; the last is ours, GitLab would take a MiB
PLACES = 100  # as many of a finding's places are listed
NO_COMMIT = "0000000"  # what GitLab's own analyzer says where there is none

_SEVERITY = {"critical": "Critical", "high": "High", "medium": "Medium", "low": "Low"}
_NEVER = "1970-01-01T00:00:00"


def write(report: Report, out: Sink, options: Options) -> None:
    """Write `report` as one JSON document, a line for each finding."""
    names = {rule.id: rule.name for rule in rules.builtin()}
    out.write(b'{"version": %b,\n"schema": %b,\n"scan": %b,\n' % (dump(VERSION), dump(SCHEMA), dump(_scan(report))))
    out.write(b'"vulnerabilities": [')
    for count, finding in enumerate(ranked(report.findings)):
        out.write((b",\n" if count else b"\n") + dump(_vulnerability(finding, report, names.get(finding.rule))))
    out.write(b"]}\n")


def _scan(report: Report) -> dict[str, Any]:
    tool = {"id": "xoxscan", "name": "xoxscan", "version": scanner.__version__, "vendor": {"name": "xoxscan"}}
    return {
        "analyzer": tool,
        "scanner": tool,
        "type": "secret_detection",
        "status": "success" if complete(report) else "failure",
        "start_time": _time(report.started),
        "end_time": _time(report.finished),
        "messages": [{"level": level, "value": fitted(text, TEXT)} for level, text in _messages(report)],
    }


def _time(stamp: str) -> str:
    found = re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}", stamp)
    return found[0] if found else _NEVER


def _messages(report: Report) -> Iterator[tuple[str, str]]:
    for what, message, hint in report.problems:
        yield "warn", f"not scanned: {harmless(what)}: {harmless(message)}{f' ({harmless(hint)})' if hint else ''}"
    for note in report.notes:
        yield "info", f"note: {harmless(note)}"
    yield from (("info", skipped(skip)) for skip in report.coverage.skipped)


def _vulnerability(finding: Finding, report: Report, name: str | None) -> dict[str, Any]:
    return {
        # The same id for the same secret, in every run.
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"xoxscan:{readable(finding.fingerprint)}")),
        "name": fitted(name or harmless(finding.rule), NAME),
        "description": _description(finding),
        "severity": "Low" if dead(finding) else _SEVERITY.get(finding.worst, "Unknown"),
        "solution": fitted(remedy(finding), SOLUTION),
        "identifiers": [
            _identifier("xoxscan_rule_id", finding.rule),
            _identifier("xoxscan_fingerprint", finding.fingerprint),
        ],
        "location": _location(finding, report),
        "details": dict(_details(finding)),
    }


def _identifier(kind: str, value: str) -> dict[str, str]:
    shown = harmless(value) or "-"
    return {"type": kind, "name": fitted(f"xoxscan {shown}", NAME), "value": shown}


def _description(finding: Finding) -> str:
    first, *rest = finding.singly()
    lines = [*_described(first, ""), *(line for each in rest for line in _described(each, "With "))]
    return "\n\n".join([*lines, *(f"{code(words)}." for words in beside(finding))])


def _described(secret: Finding, before: str) -> Iterator[str]:
    found = places(secret)
    where = f"in {code(place(found[0]))}" if found else "in no known place"
    yield f"{before}{code(secret.redacted)}{',' if before else ''} {'which ' if before else ''}stands {where}."
    named = (("Since", since(secret)), ("Slack says", life(secret)), ("Response", deed(secret)))
    yield from (f"{name}: {code(words)}" for name, words in named if words)


def _location(finding: Finding, report: Report) -> dict[str, Any]:
    first = next(iter(places(finding)), Location("blob"))
    sha = first.commit or report.target.head or NO_COMMIT
    who = {"author": readable(person(first.author)), "date": readable(first.date)}
    commit = {"sha": readable(sha), **{key: value for key, value in who.items() if value}}
    return {"commit": commit, **_file(first, "file", "start_line", "end_line")}


def _file(location: Location, name: str, start: str, end: str) -> dict[str, Any]:
    """A place in a file by these keys; empty if it is in none. In an archive the lines are those of a member."""
    if not in_file(location):
        return {}
    where = None if location.member else location.position
    lines = {start: where.line, end: where.end_line} if where else {}
    return {name: readable(location.path), **lines}


def _details(finding: Finding) -> Iterator[tuple[str, Mapping[str, Any]]]:
    found = places(finding)
    if found:
        yield "places", _named("Places", "list", "items", [_item(each) for each in found[:PLACES]])
    if len(found) > PLACES:
        yield "more", _named("More places", "value", "value", len(found) - PLACES)
    for key, name, words in (("life", "Slack says", life(finding)), ("deed", "Response", deed(finding))):
        if words:
            yield key, _named(name, "text", "value", fitted(words, TEXT))
    for count, part in enumerate(finding.parts[:PLACES], 1):
        if not isinstance(part, Shared):
            yield f"part_{count}", _named(_title(part), "list", "items", list(_items(part.locations)))


def _items(locations: Sequence[Location]) -> Iterator[dict[str, Any]]:
    yield from map(_item, locations[:PLACES])
    if len(locations) > PLACES:
        yield {"type": "text", "value": f"and {many(len(locations) - PLACES, 'more place')}"}


def _title(part: Finding | Named) -> str:
    named = (part.rule, part.redacted) if isinstance(part, Finding) else (part.kind, part.value)
    return fitted(f"With {' '.join(map(harmless, named))}", NAME)


def _named(name: str, kind: str, key: str, value: object) -> dict[str, object]:
    return {"name": name, "type": kind, key: value}


def _item(location: Location) -> dict[str, Any]:
    lines = _file(location, "file_name", "line_start", "line_end")
    if "line_start" in lines and lines["file_name"]:
        return {"type": "file-location", **lines}
    return {"type": "text", "value": fitted(place(location), TEXT)}
