"""What `pre-push` and `pre-receive` share: what a push holds besides the commits of its range."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scanner.commands.scanning import HOOK_TIMEOUT, Outcome, Setup
from scanner.examine import added, examine, placed, summed
from scanner.git import trees
from scanner.git.changes import Change, Delta, Side
from scanner.git.commits import parse_tag
from scanner.git.objects import Cat
from scanner.git.repository import Repository
from scanner.model import Dropped, Location, Problem, Skip
from scanner.pipeline import Occurrence, in_message
from scanner.sources.looker import Looker, overruns
from scanner.sources.pushed import Objects, Update


class Beside:
    """Looks at names of refs, at annotated tags, and at trees and blobs that a ref or a tag names by itself."""

    def __init__(self, repository: Repository, cat: Cat, setup: Setup, timeout: float = HOOK_TIMEOUT) -> None:
        self._git = repository.git
        self._setup = setup
        self._detector = setup.detector(timeout, fast=False)
        self._looker = Looker(repository, cat, self._detector, setup.foreign_markers)
        self._problems: list[Problem] = []
        self._dropped: list[tuple[Location, Dropped]] = []
        self._skips: list[Skip] = []
        self.found: list[Occurrence] = []

    def look(self, updates: Iterable[Update], objects: Objects) -> None:
        """Looks at all of it; `found` grows as it goes."""
        for update in updates:
            if update.new:
                self.found += self._name(update.ref)
        for oid, content in objects.tags:
            self.found += self._tag(oid, content)
        for oid in objects.absent:
            self._problems.append(Problem(oid.decode(), "what is pushed is not here", "git fsck shows what is damaged"))
        sides = [Side(b"", b"100644", oid) for oid in objects.blobs]
        sides += (side for tree in objects.trees for side in trees.in_tree(self._git, tree))
        if sides:
            self.found += self._files(sides)

    def _name(self, ref: bytes) -> Iterator[Occurrence]:
        examined = examine(self._detector, ref, self._setup.foreign_markers)
        place = Location("ref-name", path=ref)
        for hit in examined.hits:
            yield Occurrence(hit, place.of(hit, self._setup.allow_new(None, hit)))

    def _tag(self, oid: bytes, content: bytes) -> Iterator[Occurrence]:
        examined = examine(self._detector, content, self._setup.foreign_markers)
        tag = parse_tag(content)
        target = tag.target.decode("ascii", "replace") if tag.kind == b"commit" else None
        place = Location("tag-message", commit=target, author=tag.tagger.name, date=tag.tagger.date)
        self._problems += overruns(oid, examined)
        self._skips += placed(examined.skipped, b"tag " + oid)
        self._dropped += ((place, dropped) for _, dropped in examined.dropped)
        yield from in_message(examined, content, tag.message, place, self._setup.allow_new)

    def _files(self, sides: list[Side]) -> Iterator[Occurrence]:
        place = Location("blob")
        self._looker.look(sides)
        for side in sides:
            alone = Change(None, ((Delta(None, side),),))
            yield from self._looker.introduced(alone, self._setup.allow_new, place)
        self._dropped += self._looker.dropped(sides, place)

    def added(self, made: Outcome) -> Outcome:
        """`made`, which the commits gave, with this."""
        coverage = made.coverage
        return made._replace(
            coverage=coverage._replace(
                blobs=(coverage.blobs or 0) + self._looker.blobs,
                bytes=(coverage.bytes or 0) + self._looker.bytes,
                expanded=added((coverage.expanded, self._detector.expanded)),
                skipped=summed((*coverage.skipped, *self._looker.skips, *self._skips)),
            ),
            occurrences=[*self.found, *made.occurrences],
            problems=[*self._problems, *self._looker.problems, *made.problems],
            dropped=[*self._dropped, *made.dropped],
        )
