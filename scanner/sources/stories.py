"""What a history tells of a secret: which commit brought it in, and which took it out again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from typing import NamedTuple

from scanner.git.changes import Change, Side
from scanner.git.commits import Commit
from scanner.model import Event, Hit, Secret, Suppression
from scanner.pipeline import Story, introductions
from scanner.sources.workers import Found

Look = Callable[[Side], Sequence[Hit]]
Allow = Callable[[bytes | None, Hit], Suppression | None]


class History(NamedTuple):
    """What is known of the commits: their order (parents first), which of them any ref reaches, which HEAD reaches, and
    who made those that matter. What a commit in `cut` holds may have come before it: its parents are not here."""

    order: Sequence[bytes]
    live: Set[bytes]
    head: Set[bytes]
    commits: Mapping[bytes, Commit]
    cut: Set[bytes] = frozenset()


class Turn(NamedTuple):
    """A commit after which a secret stands more often than before, or less often: in this file, or (None) in the
    commit's own message. `lesser` ones count only where there is no other."""

    commit: bytes
    path: bytes | None
    lesser: bool


Turns = dict[Secret, list[Turn]]


def stories(
    changes: Sequence[Change], messages: Iterable[Found], look: Look, allow: Allow, gone: Set[Secret], history: History
) -> dict[Secret, Story]:
    """The story of each secret that a commit brings in. `gone` are those that HEAD does not hold."""
    rises = _rises(changes, look, allow)
    for item in messages:
        for hit in item.examined.hits:
            rises.setdefault(hit.match.secret, []).append(Turn(item.oid, None, allow(None, hit) is not None))
    falls = _falls(changes, look)
    turning = {turn.commit for turns in (*rises.values(), *falls.values()) for turn in turns}
    place = {commit: number for number, commit in enumerate(history.order) if commit in turning}
    told: dict[Secret, Story] = {}
    for secret, came in rises.items():
        first = min(came, key=lambda turn: (turn.lesser, turn.commit not in history.live, place[turn.commit]))
        went = [turn for turn in falls.get(secret, ()) if turn.commit in history.head and secret in gone]
        last = max(went, key=lambda turn: (not turn.lesser, place[turn.commit]), default=None)
        told[secret] = _story(first, last, len({turn.commit for turn in came}), history)
    return told


def _story(first: Turn, last: Turn | None, commits: int, history: History) -> Story:
    came = None if first.commit in history.cut else _event(first, history.commits)
    went = _event(last, history.commits) if last else None
    return Story(came, went, (came.date if came else None, went.date if went else None), commits)


def _event(turn: Turn, people: Mapping[bytes, Commit]) -> Event:
    author = people[turn.commit].author
    return Event(turn.commit.decode(), author.name, author.date, turn.path)


def _rises(changes: Iterable[Change], look: Look, allow: Allow) -> Turns:
    """Where each secret comes in; in suppressed places alone is a lesser turn."""
    found: Turns = {}
    for change in changes:
        for item in introductions(change, look, allow):
            turn = Turn(change.commit or b"", item.side.path, item.allowed is not None)
            found.setdefault(item.hit.match.secret, []).append(turn)
    return found


def _falls(changes: Iterable[Change], look: Look) -> Turns:
    """Where each secret goes. A merge is a lesser turn: what it lacks of one parent may have gone on the way to
    another."""
    found: Turns = {}
    for change in changes:
        for secret, path in _taken(change, look):
            turn = Turn(change.commit or b"", path, len(change.diffs) > 1)
            found.setdefault(secret, []).append(turn)
    return found


def _taken(change: Change, look: Look) -> Iterator[tuple[Secret, bytes]]:
    """The secrets that stand less often after the change than before, in each of its parents by itself."""
    for diff in change.diffs:
        old = [(hit.match.secret, delta.old.path) for delta in diff if delta.old for hit in look(delta.old)]
        new = Counter(hit.match.secret for delta in diff if delta.new for hit in look(delta.new))
        before = Counter(secret for secret, _ in old)
        yield from ((secret, path) for secret, path in dict(old).items() if before[secret] > new[secret])
