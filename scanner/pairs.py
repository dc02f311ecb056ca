"""What belongs together becomes one finding with parts, for a report. Pure, and independent of the order.

All else (suppressing, asking Slack, revoking, baselines) is about single secrets: they are put together last, when a
report is written, and taken apart when one is read. So nobody has to look for a secret within another.

- A session token opens nothing without the cookie of its sign-in, and the cookie is one for all workspaces
  (slack.engineering, «Catching compromised cookies»): xoxc with the nearest xoxd of the same text.
- A refresh token renews the access token of its grant: those whose decoded payloads name the same one
  (scanner.slack.anatomy). That they stand side by side says nothing; of several of one grant it says which go together.
- A client id is found beside its secret while the text is at hand (scanner.clientids), and is a part from then on.
"""

from __future__ import annotations

from bisect import bisect
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from scanner.model import SEVERITIES, Finding, Location, Report, Shared
from scanner.slack.anatomy import grant_of

# One request as a browser saves it takes as many, with four lines for a header and nine for a cookie. Beyond that, of
# several cookies the nearest may be another person's: then it is better to say nothing than the wrong thing.
LINES = 200
TOKEN, COOKIE = "session-client", "session-cookie"
ACCESS, REFRESH = "config-access", "config-refresh"


class _Distance(NamedTuple):
    """How far two secrets stand from each other; the nearest is the least."""

    elsewhere: bool = False  # in no text together
    lines: int = 0
    columns: int = 0  # if it is the same line


class _Spot(NamedTuple):
    """Where in a text which secret stands."""

    line: int
    column: int
    which: int


_FAR = _Distance(True)
_NO_TEXTS = ("ref-name", "path-name", "reflog")  # each a name or line of its own
_Links = dict[tuple[int, int], _Distance]  # which secret has which as a part
_Texts = dict[tuple[object, ...], list[_Spot]]


def paired(report: Report) -> Report:
    """`report` with what belongs together as one finding."""
    return report._replace(findings=together(report.findings))


def together(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The same secrets and places: those that belong to another one are its parts, all others stand as they are. Each
    stands whole once; of what belongs to several, the others name the finding that holds it. The worst come first where
    anything was put together."""
    single = sorted((each for finding in findings for each in finding.singly()), key=_name)
    links = _sessions(single) | _grants(single)
    if not links:
        return tuple(each for finding in findings for each in finding.singly())
    holders = _holders(links)
    parts = _parts(links)
    whole = (_whole(at, single, parts.get(at, ()), holders) for at in range(len(single)) if at not in holders)
    return tuple(sorted(whole, key=_order))


def _name(finding: Finding) -> tuple[object, ...]:
    """An order of secrets that does not hang on where they were found. Two may share a fingerprint; none of them has a
    part, or is one."""
    return finding.fingerprint, finding.redacted


def _order(finding: Finding) -> tuple[object, ...]:
    first = finding.locations[0] if finding.locations else Location("")
    worst = SEVERITIES.index(finding.worst) if finding.worst in SEVERITIES else 0
    return worst, first.path or b"", first.position or (), finding.fingerprint


def _holders(links: _Links) -> dict[int, int]:
    """Where each part stands whole: in that which it is nearest to."""
    best: dict[int, tuple[_Distance, int]] = {}
    for (owner, part), distance in links.items():
        best[part] = min(best.get(part, (distance, owner)), (distance, owner))
    return {part: owner for part, (_, owner) in best.items()}


def _whole(at: int, single: Sequence[Finding], parts: Iterable[int], holders: Mapping[int, int]) -> Finding:
    """The secret `at` with its parts: what it holds, what another one holds, and public ids; the nearest first."""
    held = [single[part] for part in parts if holders[part] == at]
    shared = [_shared(single[part], single[holders[part]]) for part in parts if holders[part] != at]
    return single[at]._replace(parts=(*held, *shared, *single[at].parts))


def _shared(part: Finding, holder: Finding) -> Shared:
    return Shared(part.kind, part.redacted, part.fingerprint, holder.fingerprint, holder.redacted)


def _parts(links: _Links) -> dict[int, list[int]]:
    """The parts of each secret that has some, the nearest first."""
    found: dict[int, list[int]] = defaultdict(list)
    for owner, part in sorted(links, key=lambda link: (links[link], link)):
        found[owner].append(part)
    return found


def _sessions(single: Sequence[Finding]) -> _Links:
    """Each session token has the nearest cookie of each text that it stands in: one within so many lines, or the only
    one there."""
    tokens, cookies = (
        _texts((at, each) for at, each in enumerate(single) if each.kind == kind) for kind in (TOKEN, COOKIE)
    )
    links: _Links = {}
    for text in tokens.keys() & cookies.keys():
        alone = len({spot.which for spot in cookies[text]}) == 1
        for (token, cookie), distance in _nearest(tokens[text], cookies[text]).items():
            if alone or distance.lines <= LINES:
                links[token, cookie] = min(links.get((token, cookie), distance), distance)
    return links


def _grants(single: Sequence[Finding]) -> _Links:
    """Each access token has the nearest refresh token of its grant, and each refresh token is a part of the nearest
    access token: in the same text if it can be, else any."""
    grants: dict[tuple[str, ...], dict[str, list[int]]] = defaultdict(lambda: {ACCESS: [], REFRESH: []})
    for at, each in enumerate(single):
        if grant := grant_of(each.kind, dict(each.anatomy)):
            grants[grant][each.kind].append(at)
    links: _Links = {}
    for members in grants.values():
        if members[ACCESS] and members[REFRESH]:
            links |= _grant(single, members[ACCESS], members[REFRESH])
    return links


def _grant(single: Sequence[Finding], owners: Sequence[int], parts: Sequence[int]) -> _Links:
    here, there = (_texts((at, single[at]) for at in members) for members in (owners, parts))
    links: _Links = {}
    for text in here.keys() & there.keys():
        found = _nearest(here[text], there[text])
        found |= {(owner, part): far for (part, owner), far in _nearest(there[text], here[text]).items()}
        links |= {link: min(links.get(link, far), far) for link, far in found.items()}
    linked = {at for link in links for at in link}
    links |= {(owner, parts[0]): _FAR for owner in owners if owner not in linked}
    return links | {(owners[0], part): _FAR for part in parts if part not in linked}


def _texts(secrets: Iterable[tuple[int, Finding]]) -> _Texts:
    """Where in which text each of them stands, in order."""
    found: _Texts = defaultdict(list)
    for at, finding in secrets:
        for place in finding.locations:
            if place.position and place.source not in _NO_TEXTS:
                found[_text(place)].append(_Spot(place.position.line, place.position.column, at))
    return {text: sorted(spots) for text, spots in found.items()}


def _text(place: Location) -> tuple[object, ...]:
    """What tells the text of a place from all others."""
    if place.blob:
        return place.blob, place.member
    return place.source, place.path, place.commit, place.member


def _nearest(ones: Iterable[_Spot], others: Sequence[_Spot]) -> _Links:
    """For each secret of `ones` the one of `others`, which are sorted, that is nearest to any of its places."""
    best: dict[int, tuple[_Distance, int]] = {}
    for one in ones:
        at = bisect(others, one)
        for other in others[max(0, at - 1) : at + 1]:
            lines = abs(one.line - other.line)
            far = _Distance(False, lines, 0 if lines else abs(one.column - other.column)), other.which
            best[one.which] = min(best.get(one.which, far), far)
    return {(one, other): far for one, (far, other) in best.items()}
