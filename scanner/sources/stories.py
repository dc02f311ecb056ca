"""What a history tells of a secret: which commit brought it in, and which took it out again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import NamedTuple

from scanner.git.changes import Change, Side
from scanner.git.commits import Commit
from scanner.model import Event, Hit, Secret, Suppression
from scanner.pipeline import Story, introductions
from scanner.sources.jobs import Found

Look = Callable[[Side], Sequence[Hit]]
Allow = Callable[[bytes | None, Hit], Suppression | None]


class History(NamedTuple):
    """What is known of the commits: their order (parents first), which of them any ref reaches, and who made those that
    matter. What the files of a commit in `cut` hold may have come before it: its parents are not here."""

    order: Sequence[bytes]
    live: Set[bytes]
    commits: Mapping[bytes, Commit]
    cut: Set[bytes]


class Turn(NamedTuple):
    """A commit after which a secret stands more often than before, or less often: in this file, or (None) in the
    commit's own message. `excused`: only in places where something allows it."""

    commit: bytes
    path: bytes | None
    excused: bool = False


Turns = Mapping[Secret, Sequence[Turn]]


def rises(changes: Iterable[Change], messages: Iterable[Found], look: Look, allow: Allow) -> Turns:
    """Where each secret comes in."""
    found: dict[Secret, list[Turn]] = {}
    for change in changes:
        for item in introductions(change, look, allow):
            turn = Turn(change.commit or b"", item.side.path, item.allowed is not None)
            found.setdefault(item.hit.match.secret, []).append(turn)
    for message in messages:
        for hit in message.examined.hits:
            found.setdefault(hit.match.secret, []).append(Turn(message.oid, None, allow(None, hit) is not None))
    return found


def falls(changes: Iterable[Change], look: Look) -> Turns:
    """Where each secret goes: what stands less often after a commit than before it, in each of its parents by
    itself."""
    found: dict[Secret, list[Turn]] = {}
    for change in changes:
        for diff in change.diffs:
            old = [(hit.match.secret, delta.old.path) for delta in diff if delta.old for hit in look(delta.old)]
            new = Counter(hit.match.secret for delta in diff if delta.new for hit in look(delta.new))
            before = Counter(secret for secret, _ in old)
            for secret, path in dict(old).items():
                if before[secret] > new[secret]:
                    found.setdefault(secret, []).append(Turn(change.commit or b"", path))
    return found


def stories(came: Turns, went: Turns, history: History) -> dict[Secret, Story]:
    """The story of each secret that a commit brings in: by the first that does so unexcused and that a ref still
    reaches, if there is one; until the last that took it out."""
    turning = {turn.commit for turns in (*came.values(), *went.values()) for turn in turns}
    place = {commit: number for number, commit in enumerate(history.order) if commit in turning}
    told: dict[Secret, Story] = {}
    for secret, turns in came.items():
        first = min(turns, key=lambda turn: (turn.excused, turn.commit not in history.live, place[turn.commit]))
        last = max(went.get(secret, ()), key=lambda turn: place[turn.commit], default=None)
        told[secret] = _story(first, last, len({turn.commit for turn in turns}), history)
    return told


def _story(first: Turn, last: Turn | None, commits: int, history: History) -> Story:
    came = None if first.path is not None and first.commit in history.cut else _event(first, history.commits)
    went = _event(last, history.commits) if last else None
    return Story(came, went, (came.date if came else None, went.date if went else None), commits)


def _event(turn: Turn, people: Mapping[bytes, Commit]) -> Event:
    author = people[turn.commit].author
    return Event(turn.commit.decode(), author.name, author.date, turn.path)
