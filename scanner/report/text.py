"""The report for people: what was found, where, since when, and what to do; then how much was looked at."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from scanner.model import (
    Coverage,
    Event,
    Finding,
    Held,
    Location,
    Named,
    Names,
    Position,
    Problem,
    Reach,
    Report,
    Shared,
    Skip,
    Suppression,
)
from scanner.report import Options, Sink
from scanner.report.places import amount, harmless, many, place, short

PLACES = 5  # a finding shows as many, unless verbose
WIDTH = 100  # columns of running text

MEANING = {
    0: "clean",
    1: "findings",
    2: "wrong usage",
    3: "incomplete: not everything could be scanned",
    4: "a response failed, or was not begun",
    130: "interrupted",
}
IMPACTS = 3  # and as many lines of what a token lets an attacker do
_LIFE = {"active": "critical", "restricted": "critical", "inactive": "low"}  # the colours of verdicts
_DEEDS = {"revoked": "low", "unproven": "critical", "failed": "critical", "held": "medium"}
_COLORS = {"critical": "1;31", "high": "31", "medium": "33", "low": "36", "bold": "1", "dim": "2"}


def write(report: Report, out: Sink, options: Options) -> None:
    """Write `report` as UTF-8 text. With `options.quiet` only findings and problems."""
    for line in _lines(report, options):
        out.write(line.encode("utf-8", "backslashreplace") + b"\n")


def _lines(report: Report, options: Options) -> Iterator[str]:
    for finding in report.findings:
        yield from _finding(finding, options)
        yield ""
    if not options.quiet:
        yield from _advice(report, options)
        yield from _suppressed(report, options)
        yield from _dropped(report)
    yield from _problems(report.problems, options)
    if not options.quiet:
        yield from (f"note: {harmless(note)}" for note in report.notes)
        for skip in report.coverage.skipped:
            yield from _skip(skip, options)
        yield summary(report)


def _paint(text: str, color: str, options: Options) -> str:
    return f"\x1b[{_COLORS[color]}m{text}\x1b[0m" if options.color and color in _COLORS else text


def _finding(finding: Finding, options: Options) -> Iterator[str]:
    """A secret with all that is known of it, then its parts, further in."""
    severity = _paint(harmless(finding.worst), finding.worst, options)
    yield f"{_paint(harmless(finding.rule), 'bold', options)}  {severity}  {_shown(finding, options)}"
    yield from _about(finding, options)
    for part in finding.parts:
        first, *rest = _part(part, options)
        yield f"  with {first}"
        yield from (f"  {line}" for line in rest)


def _part(part: Finding | Named | Shared, options: Options) -> Iterator[str]:
    if isinstance(part, Finding):
        yield from _finding(part, options)
    elif isinstance(part, Shared):
        yield f"{harmless(part.kind)}  {harmless(part.redacted)}  told with {harmless(part.holder)}"
        if options.verbose:
            yield f"  fingerprint: {harmless(part.fingerprint)}"
    else:
        yield f"{harmless(part.kind)}  {harmless(part.value)}"
        yield from _places(part.locations, options)


def _about(finding: Finding, options: Options) -> Iterator[str]:
    yield from _places(finding.locations, options)
    if finding.introduced:
        yield f"  introduced: {_event(finding.introduced)}"
    if finding.removed:
        yield f"  removed: {_event(finding.removed)}"
    if words := _held(finding.held):
        yield f"  still in the files of: {', '.join(words)}"
    yield from _answers(finding, options)
    if options.verbose:
        yield f"  fingerprint: {harmless(finding.fingerprint)}"


def _held(held: Held) -> list[str]:
    flags = (("HEAD", held.head), ("the default branch", held.default_branch))
    numbers = (
        ("branch", "branches", held.branches),
        ("remote branch", "remote branches", held.remote_branches),
        ("tag", "tags", held.tags),
        ("other ref", "other refs", held.others),
    )
    words = [name for name, holds in flags if holds]
    return words + [f"{number:,} {one if number == 1 else more}" for one, more, number in numbers if number]


def _answers(finding: Finding, options: Options) -> Iterator[str]:
    """What Slack said, whom the token speaks for, what it lets an attacker do, and what was done about it."""
    verdict, response = finding.verdict, finding.response
    if verdict:
        state = _paint(verdict.state, _LIFE.get(verdict.state, ""), options)
        yield f"  slack says: {state}: {harmless(verdict.reason)}"
        if verdict.identity:
            named = verdict.identity._asdict().items()
            words = (f"{key} {harmless(value)}" for key, value in named if value and key != "url")
            yield f"  speaks for: {', '.join(words)}"
        shown = verdict.impact if options.verbose else verdict.impact[:IMPACTS]
        yield from (f"  lets an attacker: {harmless(line)}" for line in shown)
    if response:
        state = _paint(response.state, _DEEDS.get(response.state, ""), options)
        decided = f" (decided by {harmless(response.policy)})" if response.policy else ""
        yield f"  response: {state}: {harmless(response.reason)}{decided}"
        if response.proof:
            yield f"  proof: {harmless(response.proof)}"


def _advice(report: Report, options: Options) -> Iterator[str]:
    """What to do, once for each kind of token; and what to do where it is no secret at all."""
    if not report.findings:
        return
    every = (each for finding in report.findings for each in finding.singly())
    left = [finding for finding in every if not (finding.response and finding.response.state == "revoked")]
    for rule, remediation in {finding.rule: finding.remediation for finding in left}.items():
        if remediation:
            yield _paint(f"what to do: {harmless(rule)}", "bold", options)
            yield from _wrapped(harmless(" ".join(remediation.split())))
            yield ""
    if not options.quiet and any(finding.locations for finding in report.findings):
        old = report.target.kind in ("history", "range", "ci")
        way = "allow its fingerprint (-v shows it)" if old else "end its line with xoxscan:ignore and the reason"
        yield f"Is one no secret? Then {way}: docs/suppressing.md."


def _wrapped(text: str) -> list[str]:
    """Lines of words that stay whole: half a token is none to the redactor."""
    import textwrap  # here: a clean commit needs no advice

    lines = textwrap.wrap(text, WIDTH - 2, break_long_words=False, break_on_hyphens=False)
    return [f"  {harmless(line)}" for line in lines] or [""]


def _shown(finding: Finding, options: Options) -> str:
    return harmless(finding.secret.reveal() if options.show_secrets else finding.redacted)


def _places(locations: Sequence[Location], options: Options) -> Iterator[str]:
    shown = locations if options.verbose else locations[:PLACES]
    for location in shown:
        yield "  " + "  ".join(filter(None, _place(location, options)))
    if len(locations) > len(shown):
        yield f"  and {many(len(locations) - len(shown), 'more place')} (-v lists them)"


def _place(location: Location, options: Options) -> Iterator[str]:
    yield place(location)
    yield _pieces(location.pieces) if options.verbose else ""
    yield _paint(_event(Event(location.commit, location.author, location.date, None)), "dim", options)
    yield _reach(location.reach) if location.reach else ""
    yield f"[{_excuse(location.suppressed)}]" if location.suppressed else ""


def _pieces(pieces: Sequence[Position]) -> str:
    return f"pieces at {', '.join(f'{each.line}:{each.column}' for each in pieces)}" if pieces else ""


def _event(event: Event) -> str:
    path = f"in {harmless(event.path)}" if event.path is not None else ""
    words = (short(event.commit), harmless(event.author or ""), harmless(event.date or "")[:10], path)
    return ", ".join(filter(None, words))


def _reach(reach: Reach) -> str:
    flags = ("stash", "notes", "reflog", "alternate", "unreachable")
    words = [_names("branch", "branches", reach.branches), _names("tag", "tags", reach.tags)]
    return "; ".join(filter(None, [*words, *(flag for flag in flags if getattr(reach, flag))]))


def _names(one: str, several: str, names: Names) -> str:
    if not names.count:
        return ""
    first = ", ".join(harmless(name) for name in names.first[:2])
    more = f" and {names.count - 2:,} more" if names.count > 2 else ""
    return f"{one if names.count == 1 else several} {first}{more}"


def _excuse(suppression: Suppression) -> str:
    """Who allowed a place or a secret, how, until when and why; for people."""
    owner = f" by {harmless(suppression.owner)}" if suppression.owner else ""
    until = f" until {harmless(suppression.until)}" if suppression.until else ""
    reason = f": {harmless(suppression.reason)}" if suppression.reason else ""
    return f"allowed ({suppression.by}){owner}{until}{reason}"


def _suppressed(report: Report, options: Options) -> Iterator[str]:
    if options.show_suppressed:
        for finding, suppression in report.suppressed:
            yield f"{harmless(finding.rule)}  {_shown(finding, options)}  {_excuse(suppression)}"
            yield from _places(finding.locations, options)
            yield ""
    elif report.suppressed:
        yield f"{many(len(report.suppressed), 'suppressed finding')} (--show-suppressed lists them)"


def _dropped(report: Report) -> Iterator[str]:
    for location, dropped in report.dropped:
        why = f"{harmless(dropped.check)}: {harmless(dropped.why)}"
        yield f"dropped: {place(location)}  {harmless(dropped.rule)}  {harmless(dropped.shown)}  {why}"


def _problems(problems: Sequence[Problem], options: Options) -> Iterator[str]:
    for problem in problems:
        yield f"{_paint('problem', 'medium', options)}: {harmless(problem.what)}: {harmless(problem.message)}"
        if problem.hint:
            yield f"  hint: {harmless(problem.hint)}"


def _skip(skip: Skip, options: Options) -> Iterator[str]:
    times = f" ({skip.count:,} times)" if skip.count != 1 else ""
    first, *others = map(harmless, skip.first) if skip.first else ("",)
    where = f": {first}{', … (-v lists more)' if others else ''}" if first and not options.verbose else ""
    yield f"skipped: {harmless(skip.what)}: {harmless(skip.reason)}{times}{where}"
    if options.verbose:
        yield from (f"  {place}" for place in filter(None, (first, *others)))


def summary(report: Report) -> str:
    """One line: how much was found in how much, and what the exit status means."""
    found = counted(report.findings)
    more = f", {many(len(report.problems), 'problem')}" if report.problems else ""
    meaning = MEANING.get(report.exit, "unknown")
    return f"{found}{more} in {seen(report)}; exit status {report.exit}: {meaning}"


def counted(findings: Sequence[Finding]) -> str:
    """How many findings, and how many secrets are in them where that is another number."""
    secrets = sum(1 for finding in findings for _ in finding.singly())
    more = f" ({many(secrets, 'secret')})" if secrets != len(findings) else ""
    return f"{many(len(findings), 'finding')}{more}" if findings else "nothing found"


def seen(report: Report) -> str:
    """How much was looked at, and how long that took."""
    coverage: Coverage = report.coverage
    counts = [(coverage.files, "file"), (coverage.blobs, "blob"), (coverage.commits, "commit")]
    words = [many(count, name) for count, name in counts if count is not None]
    if coverage.bytes is not None:
        words.append(amount(coverage.bytes))
    spent = seconds(report.started, report.finished)
    if spent is not None:
        words.append(f"{spent:.1f} s")
    return ", ".join(words) or "nothing"


def seconds(started: str, finished: str) -> float | None:
    """How long a run took, from its two stamps; None where one is no stamp."""
    begin, end = _moment(started), _moment(finished)
    return None if begin is None or end is None else max(0.0, end - begin)


def _moment(stamp: str) -> float | None:
    """Seconds on some clock for an RFC 3339 UTC stamp. Only differences mean anything; datetime is slow to import."""
    try:
        day, _, hour = stamp.rstrip("Z").partition("T")
        year, month, date = map(int, day.split("-"))
        hours, minutes, seconds = hour.split(":")
        return time.mktime((year, month, date, int(hours), int(minutes), 0, 0, 1, 0)) + float(seconds)
    except (ValueError, OverflowError):
        return None
