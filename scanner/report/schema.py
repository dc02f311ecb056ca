"""A Report as the JSON document xoxscan.report/1 has it, and back. docs/report.schema.json describes it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import scanner
from scanner.errors import INCOMPLETE, INTERRUPTED
from scanner.model import (
    Coverage,
    Dropped,
    Event,
    Finding,
    Identity,
    Location,
    Named,
    Names,
    Position,
    Reach,
    Report,
    Response,
    Shared,
    Skip,
    Suppressed,
    Suppression,
    Target,
    Verdict,
)
from scanner.report.places import MARK, UNSAFE

SCHEMA = "xoxscan.report/1"

# Legal in JSON, but a terminal or a CI log may act on it when the report is printed.
_UNSAFE = re.compile(f"{UNSAFE}|{MARK}")


def dump(value: object) -> bytes:
    """`value` as one line of JSON in UTF-8 that does nothing to whatever prints it."""
    return _UNSAFE.sub(_escaped, json.dumps(value, ensure_ascii=False)).encode()


def _escaped(found: re.Match[str]) -> str:
    """The last character as JSON escapes it, in two halves if it has to be; the mark of a command before it stays."""
    units = found[0][-1].encode("utf-16-be", "surrogatepass").hex()
    return found[0][:-1] + "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def readable(value: bytes | str | None) -> str | None:
    """Text for a path or a name; what is not UTF-8 in it becomes \\xff, what is half a surrogate \\udcff."""
    if value is None:
        return None
    data = value.encode("utf-8", "backslashreplace") if isinstance(value, str) else value
    return data.decode("utf-8", "backslashreplace")


def complete(report: Report) -> bool:
    """Whether everything that should have been scanned was."""
    return not report.problems and report.exit not in (INCOMPLETE, INTERRUPTED)


def head(report: Report) -> dict[str, Any]:
    """What stands before the findings: which tool, when, on what, and what was looked at."""
    return {
        "schema": SCHEMA,
        "tool": {"name": "xoxscan", "version": scanner.__version__, "rules": report.rules},
        "started": report.started,
        "finished": report.finished,
        "target": _target(report.target),
        "config_from": readable(report.config_from),
        "state_used": readable(report.state_used),
        "coverage": _coverage(report),
    }


def tail(report: Report, show_secrets: bool = False) -> dict[str, Any]:
    """What stands after the findings."""
    return {
        "suppressed": [_suppressed(each, show_secrets) for each in report.suppressed],
        "problems": [{key: readable(value) for key, value in each._asdict().items()} for each in report.problems],
        "notes": [readable(note) for note in report.notes],
        "dropped": [_dropped(*each) for each in report.dropped],
        "exit": report.exit,
    }


def finding(found: Finding, show_secrets: bool = False) -> dict[str, Any]:
    """One finding with all its places; the token itself only on demand."""
    secret = {"secret": readable(found.secret.reveal())} if show_secrets else {}
    return {
        "fingerprint": found.fingerprint,
        "rule": found.rule,
        "kind": found.kind,
        "severity": found.worst,
        "own_severity": found.severity,
        "redacted": readable(found.redacted),
        **secret,
        "parts": [_part(each, show_secrets) for each in found.parts],
        "locations": [_location(each) for each in found.locations],
        "introduced": _event(found.introduced),
        "removed": _event(found.removed),
        "exposed": {"from": found.exposed[0], "until": found.exposed[1]},
        "counts": found.counts._asdict(),
        "held": found.held._asdict(),
        "anatomy": dict(found.anatomy),
        "verdict": _verdict(found.verdict),
        "response": _response(found.response),
        "remediation": found.remediation,
    }


def _part(part: Finding | Named | Shared, show_secrets: bool) -> dict[str, Any]:
    """A secret with all that a finding has; one that stands whole in another finding; or a public id."""
    if isinstance(part, Finding):
        return finding(part, show_secrets)
    if isinstance(part, Shared):
        return _named(part)
    return {"kind": part.kind, "value": readable(part.value), "locations": [_location(each) for each in part.locations]}


def _verdict(verdict: Verdict | None) -> dict[str, Any] | None:
    if verdict is None:
        return None
    words = {"state": verdict.state, "reason": verdict.reason, "code": verdict.code, "checked_at": verdict.checked_at}
    return {
        **{key: readable(value) for key, value in words.items()},
        "identity": _named(verdict.identity) if verdict.identity else None,
        "scopes": [readable(scope) for scope in verdict.scopes],
        "impact": [readable(line) for line in verdict.impact],
        "expires_in": verdict.expires_in,
        "org_wide": verdict.org_wide,
    }


def _response(response: Response | None) -> dict[str, Any] | None:
    return None if response is None else _named(response)


def _named(noun: Identity | Response | Shared) -> dict[str, Any]:
    return {key: readable(value) for key, value in noun._asdict().items()}


def _target(target: Target) -> dict[str, Any]:
    words = {key: readable(value) for key, value in target._asdict().items() if key != "whole"}
    return words | {"whole": target.whole}


def _coverage(report: Report) -> dict[str, Any]:
    seen: Coverage = report.coverage
    return {
        "complete": complete(report),
        "files": seen.files,
        "blobs": seen.blobs,
        "commits": seen.commits,
        "bytes": seen.bytes,
        "expanded": seen.expanded,
        "skipped": [_skip(each) for each in seen.skipped],
    }


def _suppressed(each: Suppressed, show_secrets: bool) -> dict[str, Any]:
    return {"finding": finding(each.finding, show_secrets), **_suppression(each.suppression)}


def _suppression(suppression: Suppression) -> dict[str, Any]:
    return {key: readable(value) for key, value in suppression._asdict().items()}


def _skip(skip: Skip) -> dict[str, Any]:
    first = [readable(place) for place in skip.first]
    return {"what": readable(skip.what), "reason": readable(skip.reason), "count": skip.count, "first": first}


def _dropped(location: Location, dropped: Dropped) -> dict[str, Any]:
    texts = {"rule": dropped.rule, "redacted": dropped.shown, "check": dropped.check, "why": dropped.why}
    return {**{key: readable(value) for key, value in texts.items()}, "location": _location(location)}


def _location(location: Location) -> dict[str, Any]:
    return {
        "source": location.source,
        "path": readable(location.path),
        "member": [readable(name) for name in location.member],
        "encoding": list(location.encoding),
        **_position(location.position),
        "pieces": [_position(piece) for piece in location.pieces],
        "blob": location.blob,
        "commit": location.commit,
        "author": readable(location.author),
        "date": location.date,
        "reach": _reach(location.reach),
        "suppressed": _suppression(location.suppressed) if location.suppressed else None,
    }


def _position(position: Position | None) -> Mapping[str, int | None]:
    return position._asdict() if position else dict.fromkeys(Position._fields)


def _reach(reach: Reach | None) -> dict[str, Any] | None:
    if reach is None:
        return None
    return {**reach._asdict(), "branches": _names(reach.branches), "tags": _names(reach.tags)}


def _names(names: Names) -> dict[str, Any]:
    return {"count": names.count, "first": [readable(name) for name in names.first]}


def _event(event: Event | None) -> dict[str, Any] | None:
    return {key: readable(value) for key, value in event._asdict().items()} if event else None
