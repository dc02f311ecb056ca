"""SARIF 2.1.0 (OASIS), kept within what GitHub's code scanning takes ("SARIF support for code scanning", its docs).

GitHub refuses a result without a file and a file over its limits, so what stands in no file is shown at an anchor,
and what is too much is left out, the most severe last, and said in a notification. It ignores `suppressions`, so
suppressed results are left out unless they are asked for.
"""

from __future__ import annotations

import hashlib
import itertools
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import scanner
from scanner import rules
from scanner.model import Finding, Location, Named, Position, Report, Rule, Shared, Suppression
from scanner.report import Options, Sink
from scanner.report.places import harmless, many, place, skipped
from scanner.report.schema import complete, dump, readable
from scanner.report.sentences import fitted, shared

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
RESULTS, LOCATIONS, ZIPPED = 25_000, 1_000, 9_500_000  # GitHub's limits; of the 10 MB gzip file some stay free
TEXT = 1_024  # characters of a description

_SEVERITY = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0"}
_LEVEL = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}
_NO_FILE = {"commit-message", "tag-message", "note", "reflog", "ref-name", "path-name", "stdin"}
_START = Position(1, 1, 1, 2)

Result = tuple[Finding, Suppression | None]


def write(report: Report, out: Sink, options: Options) -> None:
    """Write `report` as one SARIF run."""
    every = _wanted(report, options)
    kept = every[:RESULTS]
    descriptors = _descriptors([finding for finding, _ in kept])
    out.write(b'{"$schema": %b, "version": "2.1.0", "runs": [{\n' % dump(SCHEMA))
    for key, value in _head(list(descriptors.values())).items():
        out.write(b"%b: %b,\n" % (dump(key), dump(value)))
    out.write(b'"results": [')
    written = 0
    for data in _fitting(_result(*each, list(descriptors), options) for each in kept):
        out.write((b",\n" if written else b"\n") + data)
        written += 1
    out.write(b'],\n"invocations": %b\n}]}\n' % dump([_invocation(report, len(every) - written)]))


def _wanted(report: Report, options: Options) -> list[Result]:
    """What is to be shown, the most severe first."""
    results: list[Result] = [(finding, None) for finding in report.findings]
    if options.show_suppressed:
        results += report.suppressed
    order = list(_SEVERITY)
    return sorted(results, key=lambda each: order.index(each[0].worst) if each[0].worst in order else len(order))


def _fitting(results: Iterator[Mapping[str, Any]]) -> Iterator[bytes]:
    """The results as JSON, until the zipped file would become too large."""
    zipper, size = zlib.compressobj(1), 0
    for result in results:
        data = dump(result)
        size += len(zipper.compress(data))
        if size > ZIPPED:
            return
        yield data


def _head(descriptors: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    driver = {"name": "xoxscan", "semanticVersion": scanner.__version__, "rules": descriptors}
    return {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "the root of the repository"}}},
    }


def _descriptors(findings: Sequence[Finding]) -> dict[str, dict[str, Any]]:
    """A descriptor for each rule that found something, by rule id."""
    known = {rule.id: rule for rule in rules.builtin()}
    return {each.rule: _descriptor(each, known.get(each.rule)) for each in reversed(findings)}


def _descriptor(finding: Finding, rule: Rule | None) -> dict[str, Any]:
    name = rule.name if rule else finding.rule
    about = (rule.description if rule else "") or f"A credential of the kind {finding.kind}"
    told = rule.remediation if rule else finding.remediation
    remedy = told if told.strip() else "Revoke this credential, then take it out."
    links = [link for link in (rule.references if rule else ()) if link.startswith("https://")]
    return {
        "id": finding.rule,
        "name": fitted(name, 255),
        "shortDescription": {"text": fitted(name, TEXT)},
        "fullDescription": {"text": fitted(about, TEXT)},
        "help": {"text": remedy, "markdown": "\n".join([remedy, "", *(f"- <{link}>" for link in links)]).rstrip()},
        **({"helpUri": links[0]} if links else {}),
        "defaultConfiguration": {"level": _level(finding)},
        "properties": {
            "tags": ["security", "secret", "slack"],
            "precision": "high",
            "security-severity": _SEVERITY.get(finding.worst, _SEVERITY["high"]),
        },
    }


def _level(finding: Finding) -> str:
    return _LEVEL.get(finding.worst, "error")


def _result(finding: Finding, suppression: Suppression | None, order: list[str], options: Options) -> dict[str, Any]:
    # Places that are allowed by themselves are left out like allowed findings, but never all of them.
    shown = [each for each in finding.locations if options.show_suppressed or not each.suppressed]
    locations = sorted(shown or finding.locations, key=_anchored)
    in_files = sum(not _anchored(each) for each in locations)  # of the others one is enough: all show the same place
    return {
        "ruleId": finding.rule,
        "ruleIndex": order.index(finding.rule),
        "level": _level(finding),
        "message": {"text": _message(finding, locations)},
        "locations": [_location(each, options.anchor) for each in locations[: min(in_files + 1, LOCATIONS)]]
        or [_at(options.anchor)],
        "partialFingerprints": {"primaryLocationLineHash": _hash(finding.fingerprint)},
        "fingerprints": {"xoxscan/v1": finding.fingerprint},
        **_with(finding, options),
        **({"suppressions": [_suppression(suppression)]} if suppression else {}),
    }


def _with(finding: Finding, options: Options) -> dict[str, Any]:
    """The parts: where they stand (what GitHub shows beside the result), and what they are."""
    if not finding.parts:
        return {}
    related = itertools.islice(_related(finding, options), LOCATIONS)
    located = [{"id": count, **each} for count, each in enumerate(related, 1)]
    return {
        **({"relatedLocations": located} if located else {}),
        "properties": {"parts": [_part(each) for each in finding.parts]},
    }


def _related(finding: Finding, options: Options) -> Iterator[dict[str, Any]]:
    for part in finding.parts:
        if not isinstance(part, Shared):
            named = f"{part.rule}: {part.redacted}" if isinstance(part, Finding) else f"{part.kind}: {part.value}"
            for each in part.locations:
                yield _location(each, options.anchor) | {
                    "message": {"text": _plain(f"{named} stands in {place(each)}")}
                }


def _part(part: Finding | Named | Shared) -> dict[str, Any]:
    if isinstance(part, Finding):
        told = {"rule": part.rule, "fingerprint": part.fingerprint, "redacted": part.redacted}
        told |= {"verdict": part.verdict.state} if part.verdict else {}
        told |= {"response": part.response.state} if part.response else {}
    else:
        told = {"value": part.value} if isinstance(part, Named) else part._asdict()
    return {key: readable(value) for key, value in ({"kind": part.kind} | told).items()}


def _hash(fingerprint: str) -> str:
    """The only fingerprint that GitHub looks at, in its form. It follows the secret, not the line."""
    data = fingerprint.encode("utf-8", "backslashreplace")
    return f"{hashlib.sha256(data).hexdigest()[:16]}:1"


def _anchored(location: Location) -> bool:
    return location.path is None or location.source in _NO_FILE


def _message(finding: Finding, locations: Sequence[Location]) -> str:
    where = f"in {place(locations[0])}" if locations else "in no known place"
    if locations and _anchored(locations[0]):
        where += " (which is no file: it is shown here because it must be shown somewhere)"
    commit = f", since commit {finding.introduced.commit}" if finding.introduced and finding.introduced.commit else ""
    more = f", and in {many(len(locations) - 1, 'more place')}" if len(locations) > 1 else ""
    text = f"{finding.rule}: {finding.redacted} stands {where}{commit}{more}.{_said(finding)}"
    for part in finding.parts:
        text += f" With {_short(part)}."
        text += _said(part) if isinstance(part, Finding) else ""
    return _plain(text)


def _said(secret: Finding) -> str:
    said = f" Slack says it is {secret.verdict.state}." if secret.verdict else ""
    return said + (f" Response: {secret.response.state}." if secret.response else "")


def _short(part: Finding | Named | Shared) -> str:
    if isinstance(part, Finding):
        first = f" in {place(part.locations[0])}" if part.locations else ""
        return f"{part.rule}: {part.redacted}{first}"
    return f"{part.kind} {part.value}" if isinstance(part, Named) else shared(part)


def _plain(text: str) -> str:
    """A SARIF message may hold links as Markdown has them. A name in it must not become one."""
    return text.replace("[", "\\[").replace("]", "\\]") if "](" in text else text


def _location(location: Location, anchor: str) -> dict[str, Any]:
    if location.path is None or _anchored(location):
        return _at(anchor)
    # Inside an archive the lines are those of the member: its place is in the messages.
    return _at(location.path, None if location.member else location.position) | _member(location)


def _member(location: Location) -> dict[str, Any]:
    """What stands in an archive, by name (SARIF 2.1.0, 3.33), and the whole place in words."""
    if not location.member:
        return {}
    names = [harmless(name) for name in (location.path or b"", *location.member)]
    return {
        "logicalLocations": [{"name": names[-1], "fullyQualifiedName": "!".join(names)}],
        "message": {"text": _plain(place(location))},
    }


def _at(path: bytes | str, position: Position | None = None) -> dict[str, Any]:
    where = position or _START
    region = {
        "startLine": where.line,
        "startColumn": where.column,
        "endLine": where.end_line,
        "endColumn": where.end_column,
    }
    uri = quote(path)
    root = {"uri": f"file://{uri}"} if uri.startswith("/") else {"uri": uri, "uriBaseId": "%SRCROOT%"}
    return {"physicalLocation": {"artifactLocation": root, "region": region}}


def _crowded(finding: Finding) -> bool:
    related = sum(len(part.locations) for part in finding.parts if not isinstance(part, Shared))
    return max(len(finding.locations), related) > LOCATIONS


def _suppression(suppression: Suppression) -> dict[str, Any]:
    kind = "inSource" if suppression.by == "inline" else "external"
    return {"kind": kind, "status": "accepted", "justification": readable(suppression.reason) or "no reason given"}


def _invocation(report: Report, left_out: int) -> dict[str, Any]:
    return {
        "executionSuccessful": complete(report),
        "exitCode": report.exit,
        "toolExecutionNotifications": [
            {"level": level, "message": {"text": readable(text)}} for level, text in _notifications(report, left_out)
        ],
        **({"startTimeUtc": report.started} if report.started else {}),
        **({"endTimeUtc": report.finished} if report.finished else {}),
    }


def _notifications(report: Report, left_out: int) -> Iterator[tuple[str, str]]:
    for what, message, hint in report.problems:
        yield "error", f"{what}: {message}{f' ({hint})' if hint else ''}"
    if left_out:
        yield "warning", f"{many(left_out, 'result')} left out: GitHub takes {RESULTS:,}, and 10 MB when zipped"
    crowded = sum(map(_crowded, report.findings))
    if crowded:
        yield "warning", f"only {LOCATIONS:,} places each of {many(crowded, 'result')}: GitHub takes no more"
    for note in report.notes:
        yield "note", note
    yield from (("note", skipped(skip, str)) for skip in report.coverage.skipped)
