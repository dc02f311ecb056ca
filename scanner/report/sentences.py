"""A finding in words: which one first, where it stands, since when, whose, alive or not, what was done, what to do.

For reports that other programs show (GitHub, GitLab, JUnit). Names of people are shown without their addresses: what CI
prints is kept, and often public. Every text that comes out is harmless (`scanner.report.places`) and in one line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from scanner.model import SEVERITIES, Finding, Location, Named, Report, Shared, Suppressed
from scanner.report.places import harmless, many, place, short

ORDER = SEVERITIES
NO_FILE = frozenset({"commit-message", "tag-message", "note", "reflog", "ref-name", "path-name", "stdin"})
ALIVE = {
    "active": "alive",
    "restricted": "alive, but restricted",
    "inactive": "dead",
    "rejected": "not known",
    "unknown": "not known",
    "unsupported": "not known: Slack cannot be asked",
}
IDENTITY = ("team", "team_id", "enterprise_id", "user", "user_id", "bot_id", "app_id")
_WHOLE = ("scan", "history", "verify", "revoke")  # no change is looked at: nothing can be excused by it


def revoked(finding: Finding) -> bool:
    """Whether this run has ended it, with proof: then nothing is left to be advised. Not of what is a part of it."""
    return finding.response is not None and finding.response.state == "revoked"


def dead(finding: Finding) -> bool:
    """Whether it is known, or proven, that the token opens nothing any more, nor any that is a part of it."""
    return all(map(_dead, finding.singly()))


def _dead(secret: Finding) -> bool:
    return revoked(secret) or (secret.verdict is not None and secret.verdict.state == "inactive")


def ranked(findings: Iterable[Finding]) -> list[Finding]:
    """The most urgent first: what Slack called alive, then what nobody knows, then the dead; each by severity. A
    finding is as urgent as the most urgent of its parts."""
    return sorted(findings, key=lambda each: (min(map(_urgency, each.singly())), severity(each)))


def _urgency(secret: Finding) -> int:
    if _dead(secret):
        return 2
    return 0 if secret.verdict and secret.verdict.state in ("active", "restricted") else 1


def severity(finding: Finding) -> int:
    """0 is critical; what no rule of ours would say is taken for critical too."""
    return ORDER.index(finding.worst) if finding.worst in ORDER else 0


def in_file(location: Location) -> bool:
    """Whether a place is one in a file: not in a message, a name, or a blob without a path."""
    return location.path is not None and location.source not in NO_FILE


def places(finding: Finding) -> list[Location]:
    """The places that nobody allowed (all, if all are), those in files first."""
    left = [each for each in finding.locations if not each.suppressed]
    return sorted(left or finding.locations, key=lambda each: not in_file(each))


def excused(report: Report) -> list[Suppressed]:
    """What the change under the scan brings and allows itself, with a marker in the line."""
    if report.target.kind in _WHOLE:
        return []
    return [each for each in report.suppressed if each.suppression.by == "inline"]


def allowed(report: Report) -> list[Suppressed]:
    """What was allowed otherwise: before the change, or where no change is looked at."""
    return [each for each in report.suppressed if each.suppression.by != "inline" or report.target.kind in _WHOLE]


def person(author: str | None) -> str:
    """The name of an author, without the address; "" where it is not known."""
    name, opening, address = (author or "").rpartition("<")
    return name.removesuffix(" ") if opening and address.endswith(">") else author or ""


def author(finding: Finding) -> str:
    """Who brought it in, as far as is known."""
    first = finding.locations[0].author if finding.locations else None
    return person(finding.introduced.author if finding.introduced else first)


def fitted(text: str, limit: int) -> str:
    """`text`, which ends in … where it would be longer than `limit` characters.

    Only whole words stay: half a token would be no token any more to the redactor, and so would be printed.
    """
    if len(text) <= limit:
        return text
    end = max(text.rfind(gap, 0, limit - 1) for gap in (" ", "\n"))
    return text[: end + 1] + "…"


def where(finding: Finding, at: Location | None = None) -> str:
    """The first place, or the one `at` which this is told, and how many more there are."""
    found = places(finding)
    return _standing([at, *found[1:]] if at else found)


def _standing(found: Sequence[Location]) -> str:
    if not found:
        return "in no known place"
    more = f", and in {many(len(found) - 1, 'more place')}" if len(found) > 1 else ""
    return f"in {place(found[0])}{more}"


def since(finding: Finding) -> str:
    """When it came in, in which commit, by whom; "" where nothing of it is known."""
    event = finding.introduced
    if event is None:
        return ""
    words = [harmless(event.date or "")[:10], f"commit {short(event.commit)}" if event.commit else ""]
    name = author(finding)
    return ", ".join(filter(None, [*words, f"by {harmless(name)}" if name else ""]))


def life(finding: Finding) -> str:
    """What Slack said about it; "" where Slack was not asked."""
    verdict = finding.verdict
    if verdict is None:
        return ""
    known = verdict.identity._asdict() if verdict.identity else {}
    words = ", ".join(f"{key} {harmless(known[key])}" for key in IDENTITY if known.get(key))
    speaks = f"; it speaks for {words}" if words else ""
    return f"{harmless(verdict.state)}: {harmless(verdict.reason)}{speaks}"


def deed(finding: Finding) -> str:
    """What was done about it; "" where nothing was asked for."""
    response = finding.response
    if response is None:
        return ""
    policy = f" (decided by {harmless(response.policy)})" if response.policy else ""
    proof = f"; proof: {harmless(response.proof)}" if response.proof else ""
    return f"{harmless(response.state)}: {harmless(response.reason)}{policy}{proof}"


def remedy(finding: Finding) -> str:
    """What to do, in one line; about its parts, too."""
    every = (harmless(" ".join(each.remediation.split())) for each in finding.singly())
    return " ".join(dict.fromkeys(filter(None, every))) or "Revoke it, then take it out."


def told(finding: Finding, at: Location | None = None) -> Iterator[str]:
    """All of it, a line each. `at` is the place where it is told, if not at the first."""
    first, *rest = finding.singly()
    yield f"{harmless(first.redacted)} stands {where(first, at)}"
    yield from _told(first)
    for each in rest:
        yield f"with {harmless(each.rule)} {harmless(each.redacted)}, which stands {where(each)}"
        yield from _told(each)
    yield from beside(finding)


def _told(secret: Finding) -> Iterator[str]:
    advice = () if revoked(secret) else (("what to do", remedy),)
    for name, tell in (("since", since), ("Slack says", life), ("response", deed), *advice):
        words = tell(secret)
        if words:
            yield f"{name}: {words}"


def beside(finding: Finding) -> Iterator[str]:
    """The parts that are no secret of their own here, a line each."""
    for part in finding.parts:
        if isinstance(part, Shared):
            yield f"with {shared(part)}"
        elif isinstance(part, Named):
            yield f"with {harmless(part.kind)} {harmless(part.value)}, {_standing(part.locations)}"


def shared(part: Shared) -> str:
    """A secret that is a part of several findings, where it is only named."""
    return f"{harmless(part.kind)} {harmless(part.redacted)}, told with {harmless(part.holder)}"


def excuse(each: Suppressed) -> str:
    """A finding that somebody allowed: what, where, how, by whom, until when, and why."""
    finding, suppression = each
    owner = suppression.owner or author(finding)
    words = f"{harmless(finding.rule)}: {harmless(finding.redacted)} stands {where(finding)}"
    by = f" by {harmless(owner)}" if owner else ""
    until = f" until {harmless(suppression.until)}" if suppression.until else ""
    return f"{words}; allowed ({harmless(suppression.by)}){by}{until}: {harmless(suppression.reason or 'no reason')}"
