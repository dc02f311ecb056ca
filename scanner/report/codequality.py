"""GitLab's code-quality report: what `artifacts: reports: codequality` takes, to be shown beside the lines.

The format is a part of Code Climate's (docs.gitlab.com, "Code Quality", report format): a list of issues, each with
description, check_name, fingerprint, severity, and a location of path and line. Of issues with equal fingerprints
GitLab shows one, so each place has its own. It follows the secret and the file and not the line: a line that moves is
no new issue.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from scanner.model import Finding, Location, Report
from scanner.report import Options, Sink
from scanner.report.places import harmless
from scanner.report.schema import dump, readable
from scanner.report.sentences import dead, fitted, in_file, places, ranked, told

PLACES = 100  # as many of a finding's places become issues
DESCRIPTION = 2_000  # characters

# What is said of a finding at a place of its own, or where it has none in a file.
Words = Callable[[Location | None], Iterable[str]]

_SEVERITY = {"critical": "blocker", "high": "critical", "medium": "major", "low": "minor"}


def write(report: Report, out: Sink, options: Options) -> None:
    """Write `report` as a list of issues, a line for each. What stands in no file is shown at `options.anchor`."""
    count = 0
    out.write(b"[")
    for finding in ranked(report.findings):
        for issue in _issues(finding, options.anchor):
            out.write((b",\n" if count else b"\n") + dump(issue))
            count += 1
    out.write(b"\n]\n" if count else b"]\n")


def _issues(finding: Finding, anchor: str) -> Iterator[dict[str, Any]]:
    """One for each place, also of the secrets that are parts: each is shown beside its own line."""
    first, *rest = finding.singly()
    severity = "minor" if dead(finding) else _SEVERITY.get(finding.worst, "blocker")
    yield from _secret(first, lambda at: told(finding, at), severity, anchor)
    belongs = f"it belongs to {harmless(first.rule)} {harmless(first.redacted)}"
    for each in rest:
        yield from _secret(each, lambda at, each=each: (*told(each, at), belongs), severity, anchor)  # type: ignore[misc]


def _secret(secret: Finding, words: Words, severity: str, anchor: str) -> Iterator[dict[str, Any]]:
    turns: Counter[str] = Counter()
    for path, line, at in _lines(secret, anchor):
        turns[path] += 1
        yield {
            "description": fitted("; ".join(words(at)), DESCRIPTION),
            "check_name": harmless(secret.rule),
            "fingerprint": _fingerprint(secret, path, turns[path]),
            "severity": severity,
            "location": {"path": path, "lines": {"begin": line}},
        }


def _lines(finding: Finding, anchor: str) -> list[tuple[str, int, Location | None]]:
    found = [each for each in places(finding) if in_file(each)]
    return [(readable(each.path) or "", _line(each), each) for each in found[:PLACES]] or [(anchor, 1, None)]


def _line(location: Location) -> int:
    """The line in the file. In an archive the lines are those of a member."""
    return location.position.line if location.position and not location.member else 1


def _fingerprint(finding: Finding, path: str, turn: int) -> str:
    words = "\0".join((readable(finding.fingerprint) or "", path, str(turn)))
    return hashlib.sha256(words.encode()).hexdigest()
