"""What one process saw of very many objects since its last answer."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Sequence

from scanner.detect import Detector
from scanner.errors import GitError
from scanner.examine import NOTHING, Examined, examine, placed
from scanner.git.commits import lineage
from scanner.git.stream import Piece
from scanner.inside import examine_file, examine_stream, hides, is_packed, is_silent
from scanner.model import Problem, Skip
from scanner.sources.jobs import Answer, Found, Job
from scanner.sources.looker import overruns

_SMALL = 4096  # bytes: it takes less to copy so many than to look at them by themselves

# An object that was unpacked: its number and content; what of it is new, if nothing was tried on the one from which it
# was made, and the number of that, or -1.
Part = tuple[int, bytes, bytes, int]


class Tally:
    """What is to be told in the next answer."""

    def __init__(self, job: Job, detector: Detector) -> None:
        self._job = job
        self._detector = detector
        self._parent = os.getppid()
        self.large = job.large
        # To look for few literals takes no longer than to find out what is new.
        self.reach = detector.reach if detector.decodes else 0
        self._reset()

    def _reset(self) -> None:
        self._counts: Counter[bytes] = Counter()
        self._size = 0
        self._found: list[Found] = []
        self._lineage: list[bytes] = []
        self._looked: list[bytes] = []
        self._skipped: list[Skip] = []
        self._held: list[bytes] = []
        self._silent: list[bytes] = []
        self._tried: set[int] = set()  # what may hold something, and so may all that is made from it
        self.unread: list[bytes] = []
        self.problems: list[Problem] = []

    def answer(self, left: bytes = b"") -> Answer:
        """The counts and finds since the last one, and what is `left` to git."""
        answer = Answer(
            self._counts[b"blob"],
            self._counts[b"commit"],
            self._counts[b"tag"],
            self._size,
            tuple(self._found),
            b"".join(self._lineage),
            tuple(self.unread),
            tuple(self.problems),
            left,
            b"".join(self._looked),
            b"".join(self._held),
            b"".join(self._silent),
            tuple(self._skipped),
            self._detector.expanded,
        )
        if self._detector.expanded:
            self._detector.expanded = 0
        self._reset()
        return answer

    def take(self, piece: Piece) -> int:
        """Looks at the objects of a piece; how many they are, or none where git died in the middle of a large one, and
        nothing follows. A piece that an exception comes out of leaves no trace."""
        if os.getppid() != self._parent:
            sys.exit()  # killed, and nobody will ask for the rest
        before = len(self._found), len(self.problems), len(self._held), len(self._silent)
        try:
            if piece.read or self._detector.may_hold(piece.data) or (self._detector.decodes and _packed(piece)):
                self._look(piece)
            self._count(piece)
        except Exception as error:
            del self._found[before[0] :], self.problems[before[1] :], self._held[before[2] :], self._silent[before[3] :]
            if isinstance(error, GitError):
                return 0
            raise
        return len(piece.objects)

    def contents(self, kind: bytes, many: Sequence[Part], oid: Callable[[int], bytes]) -> None:
        """Looks at objects of one kind, of which `oid` tells the ids. There are hundreds of thousands: what is done for
        each is done here, without a call."""
        tried, every = self._tried, [part[1] for part in many]
        opens = kind == b"blob" and self._detector.decodes
        # Few hold anything, and to look at many small parts together takes less time than one by one.
        parts = [content if base in tried else new for _, content, new, base in many]
        together = b"".join([part for part in parts if len(part) < _SMALL])
        may_hold = self._detector.may_hold
        large = any(may_hold(part) for part in parts if len(part) >= _SMALL)
        if large or may_hold(together) or (opens and any(map(hides, every))):
            self._one_by_one(kind, many, oid, opens)
        if self._job.account:
            self._looked += [_line(oid(part[0]), len(part[1]), kind) for part in many]
        self._counts[kind] += len(many)
        self._size += sum(map(len, every))
        if kind == b"commit" and self._job.lineage:
            self._lineage += [lineage(oid(number), content, 0, len(content)) for number, content, _, _ in many]

    def _one_by_one(self, kind: bytes, many: Sequence[Part], oid: Callable[[int], bytes], opens: bool) -> None:
        may_hold, tried = self._detector.may_hold, self._tried
        for number, content, new, base in many:
            if may_hold(content if base in tried else new) or (opens and hides(content)):
                tried.add(number)
                self._whole(oid(number), kind, content)

    def _whole(self, oid: bytes, kind: bytes, content: bytes) -> None:
        if kind == b"blob":
            examined = examine_file(self._detector, content, self._job.foreign, self._job.store.open)
        else:
            examined = examine(self._detector, content, self._job.foreign)
        self._told(oid, kind, examined, b"" if kind == b"blob" else content, len(content))
        if examined is not NOTHING and is_silent(examined, content):
            self._silent.append(_line(oid, len(content), kind))

    def _told(self, oid: bytes, kind: bytes, examined: Examined, content: bytes, size: int) -> None:
        if examined is not NOTHING:
            self._keep(oid, kind, examined, content)
            self._held.append(_line(oid, size, kind))

    def _count(self, piece: Piece) -> None:
        kinds = [kind for _, kind, _, _ in piece.objects]
        self._counts.update(kinds)
        self._size += sum([end - start for _, _, start, end in piece.objects])
        if self._job.lineage and b"commit" in kinds:
            commits = (found for found in piece.objects if found[1] == b"commit")
            self._lineage += [lineage(oid, piece.data, start, end) for oid, _, start, end in commits]
        if self._job.account:
            self._looked += [_line(oid, end - start, kind) for oid, kind, start, end in piece.objects if kind]
        if b"" in kinds:
            self.unread += [oid for oid, kind, _, _ in piece.objects if not kind]

    def _look(self, piece: Piece) -> None:
        opens = self._detector.decodes
        for oid, kind, start, end in piece.objects:
            content = piece.data[start:end]
            if piece.read:
                examined = examine_stream(self._detector, piece.read, self._job.foreign, self._job.store.open)
                self._told(oid, kind, examined, b"" if kind == b"blob" else content, end - start)
            elif self._detector.may_hold(content) or (opens and kind == b"blob" and hides(content)):
                self._whole(oid, kind, content)

    def _keep(self, oid: bytes, kind: bytes, examined: Examined, content: bytes) -> None:
        self.problems += overruns(oid, examined)
        self._skipped += placed(examined.skipped, kind + b" " + oid)
        if examined.hits or (self._job.explain and examined.dropped):
            kept = examined if self._job.explain else examined._replace(dropped=())
            self._found.append(Found(oid, kind, kept, content))


def _packed(piece: Piece) -> bool:
    return any(is_packed(piece.data, start, end) for _, kind, start, end in piece.objects if kind == b"blob")


def _line(oid: bytes, size: int, kind: bytes) -> bytes:
    return b"%b %d %b\n" % (oid, size, kind)
