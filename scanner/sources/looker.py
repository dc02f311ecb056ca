"""Looks at blobs by id, each once, in this process: for the few that a commit or a range brings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO

from scanner.detect import PATIENCE, Detector
from scanner.errors import GitError
from scanner.examine import NOTHING, Examined, examine, placed, summed
from scanner.git.changes import GITLINK, SYMLINK, Change, Side
from scanner.git.objects import Cat
from scanner.git.repository import Repository, is_partial
from scanner.inside import examine_file, examine_stream
from scanner.model import Dropped, Hit, Location, Problem, Skip
from scanner.pipeline import Allow, Introduced, Occurrence, introductions

if TYPE_CHECKING:
    from scanner.git.lfs import Store

# Up to this size a blob is read whole; a larger one in windows.
LARGE = 32 << 20
UNREADABLE = b"unreadable"  # what git.objects.Cat says of an object at which git ended
# So many problems are told one by one: of a clone without blobs nobody wants to read a million.
_TOLD = 100


class Looker:
    """Remembers what each blob holds, and counts what was looked at. `advance` is told of each blob and its bytes."""

    def __init__(
        self,
        repository: Repository,
        cat: Cat,
        detector: Detector,
        foreign: bool,
        advance: Callable[[int, int], None] = lambda blobs, size: None,
    ) -> None:
        self._repository = repository
        self._cat = cat
        self._detector = detector
        self._foreign = foreign
        self._advance = advance
        self._holding: dict[bytes, Examined] = {}
        self._looked: set[bytes] = set()
        self._store: Store | None = None
        self._present: frozenset[bytes] | None = None  # asked for once something is absent
        self._problems: list[Problem] = []
        self._untold = 0
        self._skips: list[Skip] = []
        self.blobs = 0
        self.bytes = 0

    @property
    def problems(self) -> list[Problem]:
        """What could not be looked at, and rules that ran out of time."""
        more = f"and {self._untold:,} more blobs could not be looked at"
        return [*self._problems, *([Problem("git objects", more, _ABSENT)] if self._untold else [])]

    @property
    def skips(self) -> tuple[Skip, ...]:
        """What is packed in a blob and stays closed."""
        return summed(self._skips)

    def look(self, sides: Iterable[Side]) -> None:
        """Looks at all blobs of `sides` that were not looked at before."""
        new: dict[bytes, bytes] = {}
        for side in sides:
            if side.oid not in self._looked and side.mode != GITLINK:
                new.setdefault(side.oid, side.path)
        self._looked.update(new)
        while new := self._here(new):
            self._look(new)

    def _look(self, wanted: dict[bytes, bytes]) -> None:
        """Looks at `wanted` and takes what is done out of it. In a partial clone a git before 2.45 ends at each blob
        that it would have to fetch; after the first one, what is here is listed, and no other is asked for."""
        for oid, header, read in self._cat.readers(list(wanted)):
            path = wanted.pop(oid)
            if read is not None:
                self._examine(oid, header.size, read, path)
                continue
            self._absent(oid, path)
            if header.kind == UNREADABLE and self._present is None and is_partial(self._repository):
                listed = self._repository.git.run("cat-file", "--batch-all-objects", "--batch-check=%(objectname)")
                self._present = frozenset(listed.split())
                return

    def _examine(self, oid: bytes, size: int, read: Callable[[int], bytes], path: bytes) -> None:
        try:
            if size > LARGE:
                examined = examine_stream(self._detector, read, self._foreign, self._kept)
            else:
                examined = examine_file(self._detector, read(size), self._foreign, self._kept)
        except GitError as error:
            self._problem(path, str(error), error.hint)
            return
        self.blobs += 1
        self.bytes += size
        self._advance(1, size)
        if any(examined):
            self._holding[oid] = examined
            self._skips += placed(examined.skipped, path or b"blob " + oid)
            self._problems += overruns(path, examined)

    def _kept(self, oid: str) -> BinaryIO | None:
        """What Git LFS keeps. Most repositories hold no pointer, so where that is is asked for late."""
        if self._store is None:
            from scanner.git.lfs import store  # most commits bring none

            self._store = store(self._repository)
        return self._store.open(oid)

    def _here(self, wanted: dict[bytes, bytes]) -> dict[bytes, bytes]:
        """What of `wanted` may be asked for; the others are absent."""
        if self._present is None:
            return wanted
        for oid in wanted.keys() - self._present:
            self._absent(oid, wanted.pop(oid))
        return wanted

    def _absent(self, oid: bytes, path: bytes) -> None:
        self._problem(path, f"blob {oid.decode()} is not here", _ABSENT)

    def _problem(self, path: bytes, message: str, hint: str) -> None:
        if len(self._problems) < _TOLD:
            self._problems.append(Problem(path.decode("utf-8", "backslashreplace"), message, hint))
        else:
            self._untold += 1

    def hits(self, side: Side) -> Sequence[Hit]:
        """The hits in the blob of `side`."""
        self.look([side])
        return self._holding.get(side.oid, NOTHING).hits

    def notable(self, side: Side) -> bool:
        """Whether anything is to be said of `side`: its blob holds something, or its path may."""
        self.look([side])
        return side.oid in self._holding or self._detector.may_hold(side.path)

    def names(self, side: Side) -> Sequence[Hit]:
        """The hits in the path of `side`."""
        return examine(self._detector, side.path, self._foreign).hits

    def introduced(self, change: Change, allow: Allow, place: Location) -> Iterator[Occurrence]:
        """What `change` introduces in contents and in path names. `place` says what all of it has in common."""
        for item in introductions(change, self.hits, allow):
            source = "symlink" if item.side.mode == SYMLINK else place.source
            yield _occurrence(item, place._replace(source=source, blob=item.side.oid.decode()))
        if any(self._detector.may_hold(side.path) for side in change.added()):
            for item in introductions(change, self.names, allow):
                yield _occurrence(item, place._replace(source="path-name"))

    def dropped(self, sides: Iterable[Side], place: Location) -> Iterator[tuple[Location, Dropped]]:
        """What was turned down in the contents of `sides`."""
        for side in sides:
            for position, dropped in self._holding.get(side.oid, NOTHING).dropped:
                yield place._replace(path=side.path, position=position, blob=side.oid.decode()), dropped


_ABSENT = "git fsck shows what is damaged; in a partial clone, git fetch --refetch --no-filter brings it"


def _occurrence(item: Introduced, place: Location) -> Occurrence:
    """The occurrence of something introduced, at `place` in its file."""
    here = place._replace(path=item.side.path).of(item.hit, item.allowed)
    return Occurrence(item.hit, here)


_OVERRAN = "ran out of time here"
_REFETCH = "git lfs fsck shows what is damaged; git lfs fetch brings it anew"
_SIMPLER = "make the rule's pattern simpler, or leave it out with --skip"


def overruns(path: bytes, examined: Examined) -> list[Problem]:
    """A problem for each rule that ran out of time in the text at `path`, and for what of it could not be read."""
    shown = path.decode("utf-8", "backslashreplace")
    found = [Problem(shown, f"rule {rule} {_OVERRAN}", _SIMPLER) for rule in examined.overrun]
    return found + [Problem(shown, message, _REFETCH) for message in examined.unread]


def folded(problems: Iterable[Problem]) -> Iterator[Problem]:
    """`problems`; of a rule that was given up because it ran out of time again and again the first few, and how many
    files and objects more there are."""
    counts: Counter[str] = Counter()
    for problem in dict.fromkeys(problems):  # a large file has many windows
        counts[problem.message] += problem.message.endswith(_OVERRAN)
        if counts[problem.message] <= PATIENCE:
            yield problem
    for message, count in counts.items():
        if count > PATIENCE:
            rule = message.removesuffix(f" {_OVERRAN}")
            left = f"files and objects that were not looked at with it: {count - PATIENCE:,}"
            yield Problem(rule, f"it ran out of time {PATIENCE} times and was given up; {left}", _SIMPLER)


def submodules(sides: Iterable[Side]) -> tuple[Skip, ...]:
    """A skip for the submodules among `sides`, if any."""
    paths = {side.path for side in sides if side.mode == GITLINK}
    if not paths:
        return ()
    shown = ", ".join(path.decode("utf-8", "backslashreplace") for path in sorted(paths)[:5])
    return (Skip("submodule", f"its commits are in another repository: {shown}", len(paths)),)
