"""Looks at blobs by id, each once, in this process: for the few that a commit or a range brings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from scanner.detect import Detector
from scanner.errors import GitError
from scanner.git.changes import GITLINK, Change, Side
from scanner.git.objects import Cat
from scanner.git.repository import Repository, is_partial
from scanner.model import Hit, Problem, Skip
from scanner.pipeline import NOTHING, Examined, examine, examine_stream

# Up to this size a blob is read whole; a larger one in windows.
_LARGE = 32 << 20


class Looker:
    """Remembers what each blob and each path name holds, and counts what was looked at."""

    def __init__(self, repository: Repository, cat: Cat, detector: Detector, foreign: bool) -> None:
        self._repository = repository
        self._cat = cat
        self._detector = detector
        self._foreign = foreign
        self._seen: dict[bytes, Examined] = {}
        self._present: set[bytes] | None = None
        self.problems: list[Problem] = []
        self.blobs = 0
        self.bytes = 0

    def look(self, sides: Iterable[Side]) -> None:
        """Looks at all blobs of `sides` that were not looked at before."""
        new: dict[bytes, bytes] = {}
        for side in sides:
            if side.oid not in self._seen and side.mode != GITLINK:
                new.setdefault(side.oid, side.path)
        for oid, header, read in self._cat.readers(self._here(new)):
            if read is None:
                self._absent(oid, new[oid])
                continue
            try:
                if header.size > _LARGE:
                    self._seen[oid] = examine_stream(self._detector, read, self._foreign)
                else:
                    self._seen[oid] = examine(self._detector, read(header.size), self._foreign)
            except GitError as error:
                self._problem(oid, new[oid], str(error), error.hint)
                continue
            self.blobs += 1
            self.bytes += header.size
            self._late(new[oid], self._seen[oid])

    def _here(self, wanted: dict[bytes, bytes]) -> list[bytes]:
        """What of `wanted` may be asked for: in a partial clone an absent blob would end git, each time."""
        if self._present is None and self.problems and is_partial(self._repository):
            listed = self._repository.git.run("cat-file", "--batch-all-objects", "--batch-check=%(objectname)")
            self._present = set(listed.split())
        if self._present is None:
            return list(wanted)
        for oid in wanted.keys() - self._present:
            self._absent(oid, wanted[oid])
        return [oid for oid in wanted if oid in self._present]

    def _absent(self, oid: bytes, path: bytes) -> None:
        hint = "git fsck shows what is damaged; in a partial clone, git fetch --refetch --no-filter brings it"
        self._problem(oid, path, f"blob {oid.decode()} is not here", hint)

    def _problem(self, oid: bytes, path: bytes, message: str, hint: str) -> None:
        self._seen[oid] = NOTHING
        self.problems.append(Problem(path.decode("utf-8", "backslashreplace"), message, hint))

    def _late(self, path: bytes, examined: Examined) -> None:
        self.problems += overruns(path, examined)

    def hits(self, side: Side) -> Sequence[Hit]:
        """The hits in the blob of `side`."""
        if side.oid not in self._seen:
            self.look([side])
        return self._seen[side.oid].hits if side.oid in self._seen else ()

    def names(self, side: Side) -> Sequence[Hit]:
        """The hits in the path of `side`."""
        return examine(self._detector, side.path, self._foreign).hits

    def examined(self, side: Side) -> Examined:
        """All that is known of the blob of `side`."""
        return self._seen.get(side.oid, NOTHING)


def overruns(path: bytes, examined: Examined) -> list[Problem]:
    """A problem for each rule that ran out of time in the text at `path`."""
    shown = path.decode("utf-8", "backslashreplace")
    hint = "make the rule's pattern simpler, or leave it out with --skip"
    return [Problem(shown, f"rule {rule} ran out of time here", hint) for rule in examined.overrun]


def submodules(changes: Iterable[Change]) -> tuple[Skip, ...]:
    """A skip for the submodules that `changes` bring, if any."""
    paths = {side.path for change in changes for side in change.added() if side.mode == GITLINK}
    if not paths:
        return ()
    shown = ", ".join(path.decode("utf-8", "backslashreplace") for path in sorted(paths)[:5])
    return (Skip("submodule", f"its commits are in another repository: {shown}", len(paths)),)
