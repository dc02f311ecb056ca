"""From bytes to findings, without any I/O: examine a text, decide what a change introduces, group by secret, judge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from scanner.detect import Detector
from scanner.filters import baseline as baselines
from scanner.filters import entries, fingerprints, inline
from scanner.filters.entries import Config
from scanner.git.changes import Change, Side
from scanner.model import (
    Counts,
    Dropped,
    Event,
    Finding,
    Hit,
    Location,
    Match,
    Position,
    Problem,
    Rule,
    Secret,
    Suppressed,
    Suppression,
)
from scanner.positions import positions
from scanner.windows import windows


class Examined(NamedTuple):
    """What one text holds. `dropped` has a position for each candidate; `overrun` names rules that ran out of time."""

    hits: tuple[Hit, ...] = ()
    dropped: tuple[tuple[Position, Dropped], ...] = ()
    overrun: tuple[str, ...] = ()


NOTHING = Examined()


class Occurrence(NamedTuple):
    """A hit and the place where it stands."""

    hit: Hit
    location: Location


class Story(NamedTuple):
    """What the source knows of a secret beyond its places."""

    introduced: Event | None = None
    removed: Event | None = None
    exposed: tuple[str | None, str | None] = (None, None)
    commits: int | None = None


def examine(detector: Detector, data: bytes, foreign: bool = False, line: int = 1, column: int = 1) -> Examined:
    """All hits in `data`, whose first character stands at `line` and `column`. `foreign`: do markers of other tools
    count?"""
    if not detector.may_hold(data):
        return NOTHING
    found = detector.scan(data)
    if not any(found):
        return NOTHING
    markers = inline.markers(data, foreign) if found.matches else None
    places = positions(data, [(match.start, match.end) for match in found.matches], line, column)
    hits = [
        Hit(match, place, inline.judge(markers, match) if markers else None)
        for match, place in zip(found.matches, places, strict=True)
    ]
    down = positions(data, [(item.start, item.end) for item in found.dropped], line, column)
    return Examined(tuple(hits), tuple(zip(down, found.dropped, strict=True)), found.overrun)


def examine_stream(detector: Detector, read: Callable[[int], bytes], foreign: bool = False) -> Examined:
    """All hits in what `read(n)` gives, which may be of any size: it is looked at in windows of bounded memory."""
    hits: list[Hit] = []
    dropped: list[tuple[Position, Dropped]] = []
    overrun: dict[str, None] = {}
    for window in windows(read):
        seen = examine(detector, window.data, foreign, window.line, window.column)
        hits += [hit for hit in seen.hits if window.owns(hit.match.start)]
        dropped += [item for item in seen.dropped if window.owns(item[1].start)]
        overrun.update(dict.fromkeys(seen.overrun))
    return Examined(tuple(hits), tuple(dropped), tuple(overrun)) if hits or dropped or overrun else NOTHING


class Introduced(NamedTuple):
    """One occurrence that a change brings: in which file, and what allows it there (None: nothing)."""

    side: Side
    hit: Hit
    allowed: Suppression | None


Look = Callable[[Side], Sequence[Hit]]
Allow = Callable[[bytes, Hit], Suppression | None]


def introductions(change: Change, look: Look, allow: Allow) -> Iterator[Introduced]:
    """What `change` introduces: secrets that stand, unsuppressed, more often in the new versions than in all the old
    ones together, at the files where their number grew. Secrets that only grew in suppressed places come with what
    allows them."""
    brought = [Introduced(side, hit, allow(side.path, hit)) for side in change.added() for hit in look(side)]
    if not brought:
        return
    gone = [Introduced(side, hit, allow(side.path, hit)) for side in change.removed() for hit in look(side)]
    for secret in dict.fromkeys(item.hit.match.secret for item in brought):
        new = [item for item in brought if item.hit.match.secret == secret]
        old = [item for item in gone if item.hit.match.secret == secret]
        bare_new, bare_old = _unsuppressed(new), _unsuppressed(old)
        if len(bare_new) > len(bare_old):
            yield from _grown(bare_new, bare_old)
            yield from _grown([i for i in new if i.allowed], [i for i in old if i.allowed])
        elif not bare_new and len(new) > len(old):
            yield from _grown(new, old)


def _unsuppressed(items: Sequence[Introduced]) -> list[Introduced]:
    return [item for item in items if item.allowed is None]


def _grown(new: Sequence[Introduced], old: Sequence[Introduced]) -> Iterator[Introduced]:
    """The occurrences in the files where there are more of them than before."""
    now, before = Counter(i.side.path for i in new), Counter(i.side.path for i in old)
    return (item for item in new if now[item.side.path] > before[item.side.path])


# A secret part of up to ten characters has fewer than 64 bits: a published digest of it could be tried out, so the
# fingerprint covers the public part alone (cli.md, «fingerprint»).
_SHORT = 10
_DOMAIN = b"xoxscan fingerprint v1"


def fingerprint(match: Match) -> str:
    """`v1:<kind>:<base32 of SHA-256>`: the same wherever and however encoded the secret stands."""
    import base64
    import hashlib

    public = match.redacted.replace("****", "", 1).encode()
    token = match.secret.reveal()
    covered = public if len(token) - len(public) <= _SHORT else token
    digest = hashlib.sha256(b"\0".join((_DOMAIN, match.kind.encode(), covered))).digest()
    return f"v1:{match.kind}:{base64.b32encode(digest).decode().rstrip('=').lower()}"


def group(
    occurrences: Iterable[Occurrence],
    rules: Iterable[Rule],
    story: Callable[[Secret], Story | None] = lambda secret: None,
) -> tuple[Finding, ...]:
    """One finding a secret, with all its places in order; the worst severity first."""
    by_id = {rule.id: rule for rule in rules}
    places: dict[tuple[str, Secret], list[Occurrence]] = {}
    for occurrence in occurrences:
        match = occurrence.hit.match
        places.setdefault((match.kind, match.secret), []).append(occurrence)
    findings = (_finding(items, by_id, story(secret)) for (_, secret), items in places.items())
    return tuple(sorted(findings, key=_order))


SEVERITIES = ("critical", "high", "medium", "low")


def _order(finding: Finding) -> tuple[object, ...]:
    first = finding.locations[0]
    return SEVERITIES.index(finding.severity), first.path or b"", first.position or (), finding.fingerprint


def _finding(items: Sequence[Occurrence], rules: Mapping[str, Rule], story: Story | None) -> Finding:
    match = items[0].hit.match
    rule = rules[match.rule]
    locations = tuple(sorted((item.location for item in items), key=_place))
    story = story or _told(locations)
    return Finding(
        secret=match.secret,
        fingerprint=fingerprint(match),
        rule=match.rule,
        kind=match.kind,
        severity=rule.severity,
        redacted=match.redacted,
        anatomy=match.anatomy,
        locations=locations,
        introduced=story.introduced,
        removed=story.removed,
        exposed=story.exposed,
        counts=_counts(locations, story),
        remediation=rule.remediation,
    )


def _place(location: Location) -> tuple[object, ...]:
    """The order of places: by path, then line, then time. None comes first."""
    at = location.position
    return (
        location.suppressed is not None,
        location.path or b"",
        (at.line, at.column) if at else (0, 0),
        location.date or "",
        location.blob or "",
        location.commit or "",
        location.source,
    )


def _told(locations: Sequence[Location]) -> Story:
    commits = {location.commit for location in locations if location.commit}
    return Story(commits=len(commits) or None)


def _counts(locations: Sequence[Location], story: Story) -> Counts:
    blobs = {place.blob for place in locations if place.blob}
    paths = {place.path for place in locations if place.path is not None}
    seen = {(p.source, p.blob or p.commit or p.path, p.position) for p in locations}
    return Counts(len(seen), len(blobs) or None, len(paths) or None, story.commits)


class Judged(NamedTuple):
    """Findings to act on, and those that somebody allowed."""

    findings: tuple[Finding, ...]
    suppressed: tuple[Suppressed, ...]


def judge(findings: Iterable[Finding], config: Config, baseline: baselines.Baseline, today: str) -> Judged:
    """Parts what is to be acted on from what is allowed: every place of it, or the secret itself. `today`: ISO date."""
    kept: list[Finding] = []
    allowed: list[Suppressed] = []
    for finding in findings:
        suppression = (
            fingerprints.judge(config, finding.fingerprint, finding.secret, today)
            or baselines.judge(baseline, finding.fingerprint, today)
            or _everywhere(finding)
        )
        if suppression is None:
            kept.append(finding)
        else:
            allowed.append(Suppressed(finding, suppression))
    return Judged(tuple(kept), tuple(allowed))


def _everywhere(finding: Finding) -> Suppression | None:
    """What allows the first place, where every place is allowed."""
    if all(place.suppressed for place in finding.locations):
        return finding.locations[0].suppressed
    return None


def accept(problems: Iterable[Problem], config: Config, today: str) -> tuple[tuple[Problem, ...], tuple[str, ...]]:
    """The problems that nobody has accepted, and a note for each one that somebody has."""
    left: list[Problem] = []
    notes: list[str] = []
    for problem in problems:
        suppression = entries.accepts(config, problem, today)
        if suppression is None:
            left.append(problem)
        else:
            notes.append(f"accepted: {problem.what}: {problem.message} ({suppression.reason}, {suppression.owner})")
    return tuple(left), tuple(notes)
