"""What every commit of a range introduces, and what its message says: for `range`, and for a push in the hook, which
never loads what talks to Slack."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

from scanner.commands.scanning import Outcome, Setup, finish, prepare, progress
from scanner.errors import GitError
from scanner.examine import NOTHING, examine, placed, summed
from scanner.git.changes import GITLINK, Change, Side
from scanner.git.commits import parse_commit
from scanner.git.objects import Cat
from scanner.git.repository import Repository, head, resolve
from scanner.git.snapshots import TreeSnapshot
from scanner.model import Coverage, Dropped, Event, Location, Problem, Secret, Skip, Streams, Target
from scanner.pipeline import Occurrence, Story, in_message
from scanner.report.places import short
from scanner.report.progress import Progress
from scanner.sources import commits as ranges
from scanner.sources.commits import Range
from scanner.sources.looker import Looker, overruns, submodules

BATCH = 1000  # differences that are looked at together
FEW = 50  # commits: so many take less time than it takes to load what makes long scans quick


def push(args: argparse.Namespace, streams: Streams, repository: Repository) -> int:
    """Looks at what a push brings, for the hook; the exit status. The configuration is HEAD's: this machine is the
    operator's."""
    span = _pushed(repository, streams.environ)
    tip = head(repository)
    with Cat(repository.git) as cat:
        setup = prepare(args, streams, TreeSnapshot(repository.git, cat, tip, "HEAD") if tip else None, repository)
        made = outcome(args, streams, repository, cat, setup, span)
        return finish(args, streams, setup, made._replace(target=made.target._replace(kind="hook")))


def _pushed(repository: Repository, environ: Mapping[str, str]) -> Range:
    """The commits of a push, as pre-commit tells it: both ends, or, where a root commit is pushed, only the remote.
    What the remote is known to hold is not pushed again, as when its branch was merged into this one."""
    start, end = environ.get("PRE_COMMIT_FROM_REF"), environ.get("PRE_COMMIT_TO_REF")
    tip = resolve(repository, end or environ.get("PRE_COMMIT_LOCAL_BRANCH") or "HEAD")
    before = resolve(repository, start) if start and end else None
    remote = environ.get("PRE_COMMIT_REMOTE_NAME")
    return ranges.since(repository, tip, before, *([f"--remotes={remote}"] if remote else []))


def outcome(
    args: argparse.Namespace, streams: Streams, repository: Repository, cat: Cat, setup: Setup, span: Range
) -> Outcome:
    """Looks at every commit of `span`."""
    with progress(args, streams) as shown:
        scan = Scan(repository, cat, setup, shown, fast=span.total > FEW)
        occurrences = list(scan.occurrences(span))
    looker = scan.looker
    stories = _stories(occurrences, span)
    occurrences, untold = _reached(repository, span, occurrences)
    return Outcome(
        Target("range", repository.top or repository.git_dir, head=span.tip.decode()),
        Coverage(None, looker.blobs, span.total, looker.bytes, scan.skips, scan.expanded),
        occurrences,
        [*span.problems, *looker.problems, *scan.problems],
        untold if span.listed else (_empty(repository, span),),
        scan.dropped,
        stories.get,
    )


def backwards(repository: Repository, span: Range) -> bool:
    """Whether nothing is in `span` because its end came before its beginning: it is an ancestor of that."""
    if span.listed or span.base in (None, span.tip):
        return False
    return repository.git.attempt("merge-base", "--is-ancestor", span.tip, span.base or b"")[0] == 0


def _empty(repository: Repository, span: Range) -> str:
    if not backwards(repository, span):
        return "the range is empty: there was nothing to scan"
    end, start = (short((oid or b"").decode()) for oid in (span.tip, span.base))
    return f"the range is empty, as {end} is an ancestor of {start}: there was nothing to scan"


class Scan:
    """One range being looked at, some commits at a time. `fast`: see Setup.detector."""

    def __init__(self, repository: Repository, cat: Cat, setup: Setup, shown: Progress, *, fast: bool = True) -> None:
        self._git = repository.git
        self._cat = cat
        self._setup = setup
        self._progress = shown
        self._detector = setup.detector(fast=fast)
        self.looker = Looker(repository, cat, self._detector, setup.foreign_markers, shown.advance)
        self.modules: dict[bytes, Side] = {}
        self.problems: list[Problem] = []
        self.dropped: list[tuple[Location, Dropped]] = []
        self._skips: list[Skip] = []

    @property
    def expanded(self) -> int | None:
        """Bytes of what was packed and was looked at."""
        return self._detector.expanded

    @property
    def skips(self) -> tuple[Skip, ...]:
        """What stays closed."""
        return (*submodules(self.modules.values()), *summed((*self.looker.skips, *self._skips)))

    def occurrences(self, span: Range) -> Iterator[Occurrence]:
        """Everything that the range introduces, parents first."""
        self._progress.phase("commits")
        done, total = 0, span.total
        for portion in span.portions():
            for changes in _batches(ranges.changes(self._git, portion, self.problems)):
                yield from self._look(changes)
                done += len(changes)
                self._progress.expect(self.looker.blobs * total // done, self.looker.bytes * total // done)

    def _look(self, changes: Sequence[Change]) -> Iterator[Occurrence]:
        """What these commits introduce: contents are looked at together, as that is quicker."""
        added = [change.added() for change in changes]
        self.looker.look(side for sides in added for side in sides)
        contents = self._cat.contents([change.commit or b"" for change in changes])
        for change, sides, (oid, _, content) in zip(changes, added, list(contents), strict=True):
            if content is None:
                self.problems.append(_unreadable(oid))
            yield from self._commit(change, sides, content or b"")

    def _commit(self, change: Change, sides: Sequence[Side], content: bytes) -> Iterator[Occurrence]:
        """What one commit introduces: in its files, then in its message and header."""
        self.modules.update((side.path, side) for side in sides if side.mode == GITLINK)
        examined = examine(self._detector, content, self._setup.foreign_markers)
        if examined is NOTHING and not any(map(self.looker.notable, sides)):
            return
        oid, commit = (change.commit or b"").decode(), parse_commit(content)
        place = Location("blob", commit=oid, author=commit.author.name, date=commit.author.date)
        self.dropped += self.looker.dropped(sides, place)
        yield from self.looker.introduced(change, self._setup.allow_new, place)
        place = place._replace(source="commit-message")
        self.problems += overruns(oid.encode(), examined)
        self._skips += placed(examined.skipped, b"commit " + oid.encode())
        self.dropped += ((place, dropped) for _, dropped in examined.dropped)
        yield from in_message(examined, content, commit.message, place, self._setup.allow_new)


def _batches(changes: Iterable[Change]) -> Iterator[list[Change]]:
    """Changes, so many at a time that few differences are held."""
    batch: list[Change] = []
    size = 0
    for change in changes:
        batch.append(change)
        size += 1 + sum(map(len, change.diffs))
        if size >= BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _unreadable(oid: bytes) -> Problem:
    return Problem(oid.decode(), "the commit cannot be read", "git fsck shows what is damaged")


def _reached(
    repository: Repository, span: Range, occurrences: Sequence[Occurrence]
) -> tuple[list[Occurrence], tuple[str, ...]]:
    """`occurrences` with what still reaches them; where git cannot tell, a note, since all was looked at."""
    commits = {item.location.commit.encode() for item in occurrences if item.location.commit}
    try:
        held = ranges.reach(repository, span, commits) if commits else {}
    except GitError as error:
        return list(occurrences), (f"what still reaches the finds cannot be told: {error}",)
    reaches = {commit.decode(): reach for commit, reach in held.items()}
    places = (item.location for item in occurrences)
    told = [place._replace(reach=reaches.get(place.commit or "")) for place in places]
    return [item._replace(location=place) for item, place in zip(occurrences, told, strict=True)], ()


def _stories(occurrences: Iterable[Occurrence], span: Range) -> dict[Secret, Story]:
    """What is known of each secret: the first commit of the range that introduces it, and how many do."""
    places: dict[Secret, list[Location]] = {}
    for item in occurrences:
        places.setdefault(item.hit.match.secret, []).append(item.location)
    cut = {oid.decode() for oid in span.cut}
    return {secret: _story(found, cut) for secret, found in places.items()}


def _story(places: Sequence[Location], cut: Set[str]) -> Story:
    """What stands in a commit whose parents are not here may have come before it: then nothing is claimed."""
    first, commits = places[0], len({place.commit for place in places})
    if first.commit in cut:
        return Story(commits=commits)
    event = Event(first.commit, first.author, first.date, first.path)
    return Story(event, None, (first.date, None), commits)
