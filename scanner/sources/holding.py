"""Which commits hold a find in their files, and which take one out.

No tree is listed: what a commit with one parent holds follows from its parent and from what it changes. A merge holds
what all its parents hold, but for what it changes against every one of them; where the parents differ, it is asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from scanner.git.changes import Change, Side
from scanner.git.commits import Graph
from scanner.model import Hit, Secret
from scanner.sources.stories import Turn

Look = Callable[[Side], Sequence[Hit]]
Ask = Callable[[bytes, Sequence[bytes]], Iterable[bytes | None]]


class Kept(NamedTuple):
    """`standing`: by commit, the places with a find in its files (a bit set; commits without one are left out). `of`:
    the places at which a secret stands. `went`: the commits that take a secret out."""

    standing: Mapping[bytes, int]
    of: Mapping[Secret, int]
    went: Mapping[Secret, Sequence[Turn]]


def follow(graph: Graph, changes: Iterable[Change], look: Look, ask: Ask) -> Kept:
    """What each commit holds, and which of them take something out: those in whose files a secret stands less often
    than in those of a parent. Not a merge that has this from another parent, whose past (apart from that of the first)
    has a commit that took the secret out already.

    `changes` are those that provenance.walk tells; `look` says what a file holds, and `ask` which blobs a commit has
    at some paths. GitError where `ask` raises it."""
    places = _Places(changes, look)
    follower = _Follower(graph, places, ask)
    for commit in graph.order:
        follower.step(commit)
    return Kept(follower.standing, places.of, follower.went)


class _Places:
    """The places that have finds, numbered: a blob at a path is one bit."""

    def __init__(self, changes: Iterable[Change], look: Look) -> None:
        self.changes = {change.commit: change for change in changes}
        self.of: dict[Secret, int] = {}
        self.paths: list[bytes] = []
        self.hits: list[Counter[Secret]] = []
        self.at: dict[bytes, int] = {}  # the bits of a path
        self._numbers: dict[tuple[bytes, bytes], int] = {}
        for side in (side for change in self.changes.values() for side in _sides(change)):
            hits = look(side) if (side.path, side.oid) not in self._numbers else ()
            if hits:
                self._add(side, Counter(hit.match.secret for hit in hits))

    def _add(self, side: Side, hits: Counter[Secret]) -> None:
        bit = 1 << len(self.paths)
        self._numbers[side.path, side.oid] = len(self.paths)
        self.paths.append(side.path)
        self.hits.append(hits)
        self.at[side.path] = self.at.get(side.path, 0) | bit
        for secret in hits:
            self.of[secret] = self.of.get(secret, 0) | bit

    def bit(self, path: bytes, oid: bytes | None) -> int:
        """The bit of a blob at a path; none where it holds no find."""
        number = self._numbers.get((path, oid or b""))
        return 0 if number is None else 1 << number

    def told(self, change: Change) -> tuple[int, int]:
        """The bits of the paths that a change tells of, and of what it leaves there."""
        paths = new = 0
        for delta in (delta for diff in change.diffs for delta in diff):
            if delta.old:
                paths |= self.at.get(delta.old.path, 0)
            if delta.new:
                paths |= self.at.get(delta.new.path, 0)
                new |= self.bit(delta.new.path, delta.new.oid)
        return paths, new

    def count(self, bits: int) -> Counter[Secret]:
        """How often each secret stands at these places."""
        total: Counter[Secret] = Counter()
        for number in _numbers(bits):
            total.update(self.hits[number])
        return total

    def path(self, bits: int, secret: Secret) -> bytes:
        """The first of these places at which the secret stands."""
        return min(self.paths[number] for number in _numbers(bits & self.of[secret]))


def _sides(change: Change) -> Iterator[Side]:
    return (side for diff in change.diffs for delta in diff for side in (delta.old, delta.new) if side)


def _numbers(bits: int) -> Iterator[int]:
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low


class _Follower:
    """Goes from parents to children. What a commit has from its parent it shares with it: most change nothing."""

    def __init__(self, graph: Graph, places: _Places, ask: Ask) -> None:
        self._parents = graph.parents
        self._places = places
        self._ask = ask
        self.standing: dict[bytes, int] = {}
        self.went: dict[Secret, list[Turn]] = {}
        # Every removal is a bit, too: those in the past of each commit, and those of each secret.
        self._past: dict[bytes, int] = {}
        self._removals: dict[Secret, int] = {}
        self._next = 1

    def step(self, commit: bytes) -> None:
        """Goes on to a commit, whose parents were there before."""
        parents = self._parents[commit]
        before = [self.standing.get(parent, 0) for parent in parents] or [0]
        past = [self._past.get(parent, 0) for parent in parents] or [0]
        now = self._now(commit, before)
        if now:
            self.standing[commit] = now
        gone = self._gone(before, past, now) if any(held & ~now for held in before) else {}
        reached = past[0] if past.count(past[0]) == len(past) else _union(past)
        reached |= self._remember(commit, gone) if gone else 0
        if reached:
            self._past[commit] = reached

    def _now(self, commit: bytes, before: Sequence[int]) -> int:
        change = self._places.changes.get(commit)
        same = before.count(before[0]) == len(before)
        if same and not change:
            return before[0]
        told, new = self._places.told(change) if change else (0, 0)
        everywhere, somewhere = _common(before), _union(before)
        return everywhere & ~told | new | self._asked(commit, somewhere & ~everywhere & ~told)

    def _asked(self, commit: bytes, bits: int) -> int:
        """Of places which only some parents hold: those that a merge holds."""
        paths = sorted({self._places.paths[number] for number in _numbers(bits)})
        blobs = self._ask(commit, paths) if paths else ()
        return _union([self._places.bit(path, oid) for path, oid in zip(paths, blobs, strict=True)])

    def _gone(self, before: Sequence[int], past: Sequence[int], now: int) -> dict[Secret, bytes]:
        """The secrets that a commit takes out, and from where."""
        found: dict[Secret, bytes] = {}
        for held, own in zip(before, past, strict=True):
            lost, gained = held & ~now, now & ~held
            others = _union(past) & ~own
            for secret, times in self._places.count(lost).items():
                back = self._places.count(gained & self._places.of[secret])[secret]
                if times > back and not others & self._removals.get(secret, 0):
                    found.setdefault(secret, self._places.path(lost, secret))
        return found

    def _remember(self, commit: bytes, gone: Mapping[Secret, bytes]) -> int:
        new = 0
        for secret, path in gone.items():
            self.went.setdefault(secret, []).append(Turn(commit, path))
            self._removals[secret] = self._removals.get(secret, 0) | self._next
            new |= self._next
            self._next <<= 1
        return new


def _union(sets: Iterable[int]) -> int:
    every = 0
    for bits in sets:
        every |= bits
    return every


def _common(sets: Sequence[int]) -> int:
    every = sets[0]
    for bits in sets:
        every &= bits
    return every
