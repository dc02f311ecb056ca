"""JUnit's XML, as GitLab, Jenkins and others show test results: a failing test for each finding.

GitLab (docs.gitlab.com, "Unit test reports") takes 30 MB a file, drops cases of one name, and reads classname, name,
file and the text of a failure, not its message. So everything stands in the text, and every name is there once. What
somebody allowed is a skipped test with the reason; what could not be scanned is an error.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import NamedTuple

from scanner.model import Finding, Report, Suppressed
from scanner.report import Options, Sink
from scanner.report.places import harmless, many
from scanner.report.schema import complete
from scanner.report.sentences import ORDER, excuse, fitted, in_file, places, ranked, told, where
from scanner.report.text import seconds, summary

SIZE = 25_000_000  # bytes, of GitLab's 30 MB
LINE = 2_000  # characters of a line, and of a name
PROBLEMS = 1_000

_KINDS = (*ORDER, "inline", "path", "fingerprint", "pattern", "baseline")


class Case(NamedTuple):
    """One test. `outcome` is failure, error or skipped; "" is passed."""

    classname: str
    name: str
    outcome: str = ""
    kind: str = ""
    text: str = ""
    file: str | None = None


def write(report: Report, out: Sink, options: Options) -> None:
    """Write `report` as one test suite."""
    cases = _fitting(_cases(report))
    counts = Counter(case.outcome for case, _ in cases)
    spent = seconds(report.started, report.finished)
    totals = {
        "name": "xoxscan",
        "tests": f"{len(cases)}",
        "failures": f"{counts['failure']}",
        "errors": f"{counts['error']}",
        "skipped": f"{counts['skipped']}",
        **({} if spent is None else {"time": f"{spent:.3f}"}),
    }
    out.write(b'<?xml version="1.0" encoding="UTF-8"?>\n')
    around = {
        key: value for key, value in totals.items() if key != "skipped"
    }  # as in the schema of Jenkins' xUnit plugin
    out.write(f"<testsuites{_attributes(around)}>\n<testsuite{_attributes(totals)}>\n".encode())
    for _, data in cases:
        out.write(data)
    out.write(b"</testsuite>\n</testsuites>\n")


def _cases(report: Report) -> Iterator[Case]:
    """The scan itself, so that the suite is never empty; then what was found; then what was allowed."""
    yield _scan(report)
    yield from (_failure(each) for each in ranked(report.findings))
    yield from (_skipped(each) for each in report.suppressed)


def _scan(report: Report) -> Case:
    name = "everything that should be scanned was scanned"
    if complete(report):
        return Case("xoxscan", name)
    lines = [f"{harmless(what)}: {harmless(message)}" for what, message, _ in report.problems[:PROBLEMS]]
    if len(report.problems) > PROBLEMS:
        lines.append(f"and {many(len(report.problems) - PROBLEMS, 'more problem')}")
    return Case("xoxscan", name, "error", "incomplete", _lines([*lines, summary(report)]))


def _failure(finding: Finding) -> Case:
    name, kind = f"{harmless(finding.redacted)} {where(finding)}", _known(finding.worst)
    return Case(harmless(finding.rule), name, "failure", kind, _lines(told(finding)), _file(finding))


def _skipped(each: Suppressed) -> Case:
    name = f"{harmless(each.finding.redacted)} {where(each.finding)}"
    kind = _known(each.suppression.by)
    return Case(harmless(each.finding.rule), name, "skipped", kind, _lines([excuse(each)]), _file(each.finding))


def _known(kind: str) -> str:
    """Rails, which GitLab reads XML with, converts by `type` and refuses some: only words of our own stand there."""
    return kind if kind in _KINDS else "other"


def _lines(lines: Sequence[str] | Iterator[str]) -> str:
    return "\n".join(fitted(line, LINE) for line in lines)


def _file(finding: Finding) -> str | None:
    first = next((each for each in places(finding) if in_file(each)), None)
    return harmless(first.path) if first and first.path is not None else None


def _fitting(cases: Iterator[Case]) -> list[tuple[Case, bytes]]:
    """The cases with their XML, each with a name of its own, until the file would become too large."""
    found: list[tuple[Case, bytes]] = []
    names: Counter[str] = Counter()
    size = left = 0
    for case in cases:
        name = fitted(case.name, LINE)
        names[name] += 1
        data = _xml(case._replace(name=name if names[name] == 1 else f"({names[name]}) {name}"))
        size += len(data)
        if size > SIZE:
            left += 1
        else:
            found.append((case, data))
    if left:
        more = Case("xoxscan", "all cases", "error", "too many", f"{many(left, 'case')} left out: GitLab takes 30 MB")
        found.append((more, _xml(more)))
    return found


def _xml(case: Case) -> bytes:
    named = {"classname": case.classname, "name": case.name, **({} if case.file is None else {"file": case.file})}
    inner = ""
    if case.outcome:
        said = _attributes({"message": case.text.partition("\n")[0], "type": case.kind})
        inner = f"<{case.outcome}{said}>{escape(case.text)}</{case.outcome}>"
    return f"<testcase{_attributes(named)}>{inner}</testcase>\n".encode("utf-8", "backslashreplace")


def _attributes(named: Mapping[str, str]) -> str:
    return "".join(f' {key}="{escape(value)}"' for key, value in named.items())
