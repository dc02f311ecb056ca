"""The job summary: Markdown for GITHUB_STEP_SUMMARY, and for people who were not there when the job ran.

GitHub shows 1 MiB a step and drops the whole of what is larger (docs.github.com, "Workflow commands", "Adding a job
summary"), so this stops before and says how much it left out. First what the change excuses itself, then what was
found, the most urgent first. Whatever is not our own stands in a code span (`scanner.report.markdown`).
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner import rules
from scanner.model import Event, Finding, Location, Report, Shared, Suppressed
from scanner.report import Options, Sink
from scanner.report.markdown import code, row, table
from scanner.report.places import many, place, short, skipped
from scanner.report.sentences import ALIVE, IDENTITY, allowed, author, excused, person, places, ranked, revoked
from scanner.report.text import MEANING, counted, seen

SIZE = 1_000_000  # bytes, of 1 MiB; nobody else may write to the same step's summary
SHARES = (0.2, 0.7, 0.8, 0.9)  # of it, where the parts have to end: excused, findings, what to do, problems
PLACES = 5
IMPACTS = 3
_BREAK = "<br>"


class _Budget:
    """Counts bytes, and knows when a part of the summary has to end."""

    def __init__(self, out: Sink) -> None:
        self._out = out
        self._size = 0

    def say(self, text: str) -> None:
        """Write `text`, which is short."""
        data = text.encode("utf-8", "backslashreplace")
        self._size += len(data)
        self._out.write(data)

    def list(self, lines: Iterable[str], share: float, what: str) -> None:
        """Write as many `lines` as fit into this share of the summary, and how many did not."""
        left = 0
        for line in lines:
            if left or self._size + len(line.encode("utf-8", "backslashreplace")) > share * SIZE:
                left += 1
            else:
                self.say(line)
        if left:
            self.say(f"\n{many(left, f'more {what}')}: too much for this page, but in the other reports.\n")


def write(report: Report, out: Sink, options: Options) -> None:
    """Write `report` as Markdown, less than 1 MiB of it. `options.show_suppressed`: also what was allowed before."""
    page = _Budget(out)
    page.say(f"## xoxscan: {_headline(report)}\n")
    _excused(page, excused(report))
    _findings(page, ranked(report.findings), options)
    _advice(page, report)
    _problems(page, report)
    _allowed(page, report, options)
    _coverage(page, report)


def _headline(report: Report) -> str:
    found = counted(report.findings)
    more = f", {many(len(report.problems), 'problem')}" if report.problems else ""
    return f"{found}{more}; exit status {report.exit}: {MEANING.get(report.exit, 'unknown')}"


def _excused(page: _Budget, found: list[Suppressed]) -> None:
    if found:
        page.say(f"\n### Excused by this change: {len(found):,}\n\n")
        page.say("Markers in its own lines allow these. Whoever reviews it decides whether that is right.\n\n")
        page.say(table("what", "where", "why", "by whom"))
        page.list(map(_excuse, found), SHARES[0], "finding")


def _excuse(each: Suppressed) -> str:
    finding, suppression = each
    until = f" (until {code(suppression.until)})" if suppression.until else ""
    why = f"{code(suppression.reason)}{until}" if suppression.reason else f"no reason{until}"
    by = suppression.owner or author(finding)
    return row(_what(finding), _where(finding.locations), why, code(by) if by else "not known")


def _findings(page: _Budget, found: list[Finding], options: Options) -> None:
    if found:
        page.say(f"\n### Findings: {len(found):,}\n\n")
        page.say(table("what", "where", "since", "whose", "alive?", "what was done"))
        page.list((_finding(each, options) for each in found), SHARES[1], "finding")


def _finding(finding: Finding, options: Options) -> str:
    """A row for the secret, and one for each of its parts."""
    rows = [_secret(finding, "", options)]
    for part in finding.parts:
        if isinstance(part, Finding):
            rows.append(_secret(part, "with ", options))
        elif isinstance(part, Shared):
            named = f"with {code(part.kind)}{_BREAK}{code(part.redacted)}"
            rows.append(row(named, f"told with {code(part.holder)}", "", "", "", ""))
        else:
            named = f"with {code(part.kind)}{_BREAK}{code(part.value)}"
            rows.append(row(named, _where(part.locations, _shown(options)), "", "", "", ""))
    return "".join(rows)


def _shown(options: Options) -> int | None:
    return None if options.verbose else PLACES


def _secret(finding: Finding, before: str, options: Options) -> str:
    return row(
        before + _what(finding),
        _where(places(finding), _shown(options)),
        _since(finding.introduced),
        _whose(finding),
        _life(finding),
        _deed(finding),
    )


def _what(finding: Finding) -> str:
    return f"{code(finding.rule)}{_BREAK}{code(finding.redacted)}"


def _where(found: Iterable[Location], shown: int | None = PLACES) -> str:
    every = list(found)
    lines = [code(place(each)) for each in every[: shown or PLACES * 10]]
    left = len(every) - len(lines)
    return _BREAK.join([*lines, *([f"and {many(left, 'more place')}"] if left else [])]) or "in no known place"


def _since(event: Event | None) -> str:
    if event is None:
        return "not known"
    name = person(event.author)
    words = [code(event.date[:10])] if event.date else []
    words += [f"commit {code(short(event.commit))}"] if event.commit else []
    return _BREAK.join([*words, *([f"by {code(name)}"] if name else [])]) or "not known"


def _whose(finding: Finding) -> str:
    identity = finding.verdict.identity if finding.verdict else None
    known = identity._asdict() if identity else dict(finding.anatomy)
    named = [(key, known[key]) for key in (IDENTITY if identity else known) if known[key]]
    return _BREAK.join(f"{code(key)} {code(value)}" for key, value in named) or "not known"


def _life(finding: Finding) -> str:
    verdict = finding.verdict
    if verdict is None:
        return "not asked"
    shown = [code(line) for line in verdict.impact[:IMPACTS]]
    impact = [f"lets an attacker: {', '.join(shown)}"] if shown else []
    return _BREAK.join([f"**{ALIVE.get(verdict.state, 'not known')}**: {code(verdict.reason)}", *impact])


def _deed(finding: Finding) -> str:
    response = finding.response
    if response is None:
        return "nothing"
    policy = [f"decided by {code(response.policy)}"] if response.policy else []
    proof = [f"proof: {code(response.proof)}"] if response.proof else []
    return _BREAK.join([f"{code(response.state)}: {code(response.reason)}", *policy, *proof])


def _advice(page: _Budget, report: Report) -> None:
    """What to do, once for each rule. Our own rules' words are shown as they are, others' as text."""
    every = (each for finding in ranked(report.findings) for each in finding.singly())
    left = [each for each in every if each.remediation and not revoked(each)]
    wanted = {each.rule: each.remediation for each in left}
    if wanted:
        ours = {rule.remediation for rule in rules.builtin()}
        page.say("\n### What to do\n\n")
        page.list((_remedy(*each, ours) for each in wanted.items()), SHARES[2], "rule")


def _remedy(rule: str, remediation: str, ours: set[str]) -> str:
    words = " ".join(remediation.split())
    return f"- {code(rule)}: {words if remediation in ours else code(words)}\n"


def _problems(page: _Budget, report: Report) -> None:
    if report.problems:
        page.say(f"\n### Not scanned: {len(report.problems):,}\n\n")
        hints = (f" (hint: {code(hint)})" if hint else "" for *_, hint in report.problems)
        lines = (f"- {code(what)}: {code(message)}" for what, message, _ in report.problems)
        page.list((f"{line}{hint}\n" for line, hint in zip(lines, hints, strict=True)), SHARES[3], "problem")


def _allowed(page: _Budget, report: Report, options: Options) -> None:
    """What was allowed before the change: how many, or on demand which."""
    before = allowed(report)
    if before:
        page.say(f"\n### Allowed: {len(before):,}\n\n")
        if options.show_suppressed:
            page.say(table("what", "where", "why", "by whom"))
            page.list(map(_excuse, before), SHARES[3], "finding")
        else:
            page.say("Markers, paths, fingerprints or the baseline allow these.\n")


def _coverage(page: _Budget, report: Report) -> None:
    page.say(f"\n### Looked at\n\n{seen(report)}\n\n")
    lines = [f"note: {code(note)}" for note in report.notes]
    lines += [skipped(skip, code) for skip in report.coverage.skipped]
    page.list((f"- {line}\n" for line in lines), 1, "line")
