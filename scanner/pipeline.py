"""From hits to findings, without any I/O: decide what a change introduces, group by secret, judge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from scanner.examine import Examined
from scanner.filters import baseline as baselines
from scanner.filters import entries, fingerprints
from scanner.filters.entries import Config
from scanner.git.changes import Change, Side
from scanner.model import (
    SEVERITIES,
    Counts,
    Event,
    Finding,
    Held,
    Hit,
    Location,
    Match,
    Named,
    Position,
    Problem,
    Rule,
    Secret,
    Suppressed,
    Suppression,
)


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
    removals: int | None = None
    held: Held = Held()


def in_message(
    examined: Examined, content: bytes, start: int, place: Location, allow: Callable[[None, Hit], Suppression | None]
) -> Iterator[Occurrence]:
    """The hits in a commit or tag whose message begins at `start`: those in the message with their place in it, those
    in the header without one."""
    before = content.count(b"\n", 0, start)
    for hit in examined.hits:
        found = place.of(hit, allow(None, hit))
        if hit.match.start < start:
            yield Occurrence(hit, found._replace(position=None, beside=()))
            continue
        beside = tuple(each._replace(position=_up(each.position, before)) for each in hit.beside)
        yield Occurrence(hit, found._replace(position=_up(hit.position, before), beside=beside))


def _up(at: Position, lines: int) -> Position:
    return at._replace(line=at.line - lines, end_line=at.end_line - lines)


class Introduced(NamedTuple):
    """One occurrence that a change brings: in which file, and what allows it there (None: nothing)."""

    side: Side
    hit: Hit
    allowed: Suppression | None


Look = Callable[[Side], Iterable[Hit]]
Allow = Callable[[bytes, Hit], Suppression | None]
_Standing = dict[tuple[Secret, bool], list[Introduced]]  # by secret, and whether something allows it there


def introductions(change: Change, look: Look, allow: Allow) -> Iterator[Introduced]:
    """What `change` introduces: secrets that stand more often in the new versions than in all the old ones together,
    at the files where their number grew. Occurrences that something allows are counted by themselves, and come with
    what allows them."""
    brought = _standing(change.added(), look, allow)
    gone = _standing(change.removed(), look, allow) if brought else {}
    for which, new in brought.items():
        old = gone.get(which, [])
        if len(new) > len(old):
            now, before = Counter(item.side.path for item in new), Counter(item.side.path for item in old)
            yield from (item for item in new if now[item.side.path] > before[item.side.path])


def _standing(sides: Iterable[Side], look: Look, allow: Allow) -> _Standing:
    found: _Standing = {}
    for side in sides:
        for hit in look(side):
            allowed = allow(side.path, hit)
            found.setdefault((hit.match.secret, allowed is not None), []).append(Introduced(side, hit, allowed))
    return found


_SURE = 64  # bits of a secret part that nobody can try out
_DOMAIN = b"xoxscan fingerprint v1"


def fingerprint(match: Match) -> str:
    """`v1:<kind>:<base32 of SHA-256>`: the same wherever and however encoded the secret stands.

    Where the secret part has fewer than 64 bits, a published digest of the token would give it away to anybody who
    tries all of them: there the fingerprint covers the public part alone (cli.md)."""
    import base64
    import hashlib

    public = match.redacted.encode().replace(b"****", b"", 1)
    covered = public if short(match.secret, match.redacted) else match.secret.reveal()
    digest = hashlib.sha256(b"\0".join((_DOMAIN, match.kind.encode(), covered))).digest()
    return f"v1:{match.kind}:{base64.b32encode(digest).decode().rstrip('=').lower()}"


def short(secret: Secret, redacted: str) -> bool:
    """Whether the secret part is so short that a fingerprint leaves it out: then two secrets may share one."""
    token = secret.reveal()
    before, _, after = redacted.encode().partition(b"****")
    return _bits(token[len(before) : len(token) - len(after)]) < _SURE


def _bits(secret: bytes) -> int:
    """How many bits a secret holds at most, drawn from hex digits or from letters and digits."""
    return len(secret) * (6 if secret.strip(b"0123456789abcdef") else 4)


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


def _order(finding: Finding) -> tuple[object, ...]:
    first = finding.locations[0]
    return SEVERITIES.index(finding.severity), first.path or b"", first.position or (), finding.fingerprint


def _finding(items: Sequence[Occurrence], rules: Mapping[str, Rule], story: Story | None) -> Finding:
    match = items[0].hit.match
    rule = rules[match.rule]
    locations = tuple(sorted((item.location._replace(beside=()) for item in items), key=_place))
    story = story or Story()
    return Finding(
        secret=match.secret,
        fingerprint=fingerprint(match),
        rule=match.rule,
        kind=match.kind,
        severity=rule.severity,
        redacted=match.redacted,
        anatomy=_anatomy(match),
        locations=locations,
        introduced=story.introduced,
        removed=story.removed,
        exposed=story.exposed,
        counts=_counts(locations, story),
        held=story.held,
        remediation=rule.remediation,
        parts=_ids(item.location for item in items if item.location.beside),
    )


def _ids(locations: Iterable[Location]) -> tuple[Named, ...]:
    """The public ids beside the places of a secret, each with its own places."""
    found: dict[tuple[str, str], dict[Location, None]] = {}
    for place in locations:
        for kind, value, position in place.beside:
            here = place._replace(position=position, pieces=(), suppressed=None, beside=())
            found.setdefault((kind, value), {})[here] = None
    return tuple(Named(*key, tuple(sorted(places, key=_place))) for key, places in sorted(found.items()))


def _anatomy(match: Match) -> tuple[tuple[str, str], ...]:
    """What the form of its kind tells, and the ids that the rule names, which count where both name one."""
    from scanner.slack.anatomy import anatomy  # here: most runs find nothing

    return tuple((dict(anatomy(match.kind, match.secret.reveal())) | dict(match.anatomy)).items())


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


def _counts(locations: Sequence[Location], story: Story) -> Counts:
    blobs = {place.blob for place in locations if place.blob}
    paths = {place.path for place in locations if place.path is not None}
    seen = {(p.source, p.blob or p.commit or p.path, p.position) for p in locations}
    commits = len({place.commit for place in locations if place.commit}) if story.commits is None else story.commits
    return Counts(len(seen), len(blobs) or None, len(paths) or None, commits or None, story.removals)


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
