"""Annotations: workflow commands of GitHub Actions, one a line, on the standard output of a step.

What a step may show (docs.github.com, "Workflow commands for GitHub Actions"; actions/toolkit, docs/problem-matchers):
10 annotations a level, so 9 and one that says how many more there are; 4,096 characters of a message. Escapes are those
of actions/toolkit, packages/core/src/command.ts. The runner also obeys `##[command]` anywhere in a line, and both forms
in whatever a name or message holds: every text is made harmless first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from scanner.model import Finding, Report
from scanner.report import Options, Sink
from scanner.report.places import harmless, many
from scanner.report.sentences import ORDER, allowed, dead, excuse, excused, fitted, in_file, places, ranked, told
from scanner.report.text import summary

SHOWN = 9
MESSAGE, LINE = 4_000, 1_000  # characters of a message, and of one line in it

_LEVEL = dict(zip(ORDER, ("error", "error", "warning", "notice"), strict=True))


class Annotation(NamedTuple):
    """One workflow command: error, warning or notice; where it is shown, and what it says."""

    level: str
    title: str
    message: str
    properties: tuple[tuple[str, str], ...] = ()


def write(report: Report, out: Sink, options: Options) -> None:
    """Write `report` as workflow commands, the excused first, then one line of text that sums up."""
    seen: Counter[str] = Counter()
    for each in _annotations(report, options):
        seen[each.level] += 1
        if seen[each.level] <= SHOWN:
            out.write(_command(each))
    for level, count in seen.items():
        if count > SHOWN:
            words = f"and {count - SHOWN:,} more: the job summary and the other reports list them"
            out.write(_command(Annotation(level, "xoxscan", words)))
    if not options.quiet:
        out.write(f"xoxscan: {summary(report)}\n".encode())


def _annotations(report: Report, options: Options) -> Iterator[Annotation]:
    for each in excused(report):
        yield Annotation("notice", "excused by this change", excuse(each), _position(each.finding))
    for finding in ranked(report.findings):
        yield Annotation(_level(finding), harmless(finding.rule), "\n".join(told(finding)), _position(finding))
    for problem in report.problems:
        hint = f"\nhint: {harmless(problem.hint)}" if problem.hint else ""
        yield Annotation("warning", "not scanned", f"{harmless(problem.what)}: {harmless(problem.message)}{hint}")
    if not options.quiet:
        yield from (Annotation("notice", "xoxscan", harmless(note)) for note in report.notes)
        if options.show_suppressed:
            hidden = len(allowed(report))
            words = f"{many(hidden, 'finding')} allowed before: the job summary lists them"
            yield from [Annotation("notice", "xoxscan", words)] if hidden else []


def _level(finding: Finding) -> str:
    level = _LEVEL.get(finding.worst, "error")
    return "warning" if level == "error" and dead(finding) else level


def _position(finding: Finding) -> tuple[tuple[str, str], ...]:
    """Where GitHub shows it: a file, and the lines if they are those of the file and not of a member of an archive."""
    first = next((each for each in places(finding) if in_file(each)), None)
    if first is None or first.path is None:
        return ()
    file = (("file", harmless(first.path)),)
    where = first.position
    if where is None or first.member:
        return file
    lines = (("line", where.line), ("endLine", where.end_line), ("col", where.column), ("endColumn", where.end_column))
    return file + tuple((key, str(number)) for key, number in lines)


def _command(each: Annotation) -> bytes:
    named = (*each.properties, ("title", each.title))
    properties = ",".join(f"{key}={_property(value)}" for key, value in named)
    lines = "\n".join(fitted(line, LINE) for line in each.message.split("\n"))
    message = _data(fitted(lines, MESSAGE))
    return f"::{each.level} {properties}::{message}\n".encode("utf-8", "backslashreplace")


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
