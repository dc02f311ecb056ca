"""Where the finds of a history scan stand, which commits brought them, and what still reaches them: asked once, for all
finds together, in one walk over the commits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from typing import NamedTuple

from scanner.errors import GitError
from scanner.git import enumerate as enumeration
from scanner.git import provenance, trees
from scanner.git.changes import SYMLINK, Change, Side
from scanner.git.commits import Commit, ancestry, graph, parse_commit, parse_tag
from scanner.git.objects import Cat
from scanner.git.paths import Paths
from scanner.git.reach import Holders, Wanted, reach_of, reaches
from scanner.git.refs import default_branch
from scanner.git.repository import Repository, head, shallow_commits
from scanner.git.stream import BEGINNING
from scanner.model import Hit, Location, Problem, Reach, Secret, Suppression
from scanner.pipeline import Occurrence, Story, in_message
from scanner.sources.history import Seen, unreadable
from scanner.sources.holding import Kept, follow
from scanner.sources.jobs import Found
from scanner.sources.known import Memory
from scanner.sources.stories import History, Turns, falls, rises, stories
from scanner.sources.tips import Named, Tips

Allow = Callable[[bytes | None, Hit], Suppression | None]


class Told(NamedTuple):
    """Where everything stands, and what is known of each secret besides."""

    occurrences: tuple[Occurrence, ...]
    stories: Mapping[Secret, Story]
    problems: tuple[Problem, ...]


NOTHING = Told((), {}, ())


class Place(NamedTuple):
    """A blob under a name; an empty one where it has none."""

    path: bytes
    oid: bytes
    symlink: bool = False


def _place(side: Side) -> Place:
    return Place(side.path, side.oid, side.mode == SYMLINK)


class Teller:
    """Works out provenance and reach for one scan's finds. `memory` knows from an earlier run which commits to ask
    about."""

    def __init__(
        self,
        repository: Repository,
        seen: Seen,
        holders: Holders,
        allow: Allow,
        processes: int,
        memory: Memory | None = None,
    ) -> None:
        self._repository = repository
        self._holders = holders
        self._allow = allow
        self._found = [item for item in seen.found if item.examined.hits]
        self._hits = {item.oid: item.examined.hits for item in self._found if item.kind == b"blob"}
        self._graph = graph(BytesIO(seen.lineage))
        self._borrowed = self._only_borrowed()
        self._walked = self._walk(seen.lineage, processes, memory)
        self._kept = self._followed()
        self._names = self._named()
        # The commits that bring or remove finds, or hold them in their message.
        self._people = self._read(change.commit for change in self._walked.changes)
        self._people |= {item.oid: parse_commit(item.content) for item in self._of(b"commit")}
        self._live = ancestry(self._graph, [ref.peeled for ref in holders.refs])
        self.problems = tuple(unreadable(self._walked.untold, "what this commit changes cannot be told"))

    def told(self) -> Told:
        """The places of all finds, with what brought them and what still reaches them."""
        return Told((*self.blobs(), *self.commits(), *self.tags()), self.stories(), self.problems)

    def _walk(self, lineage: bytes, processes: int, memory: Memory | None) -> provenance.Walked:
        """The changes that touch what holds finds."""
        blobs = self._hits.keys()
        if not memory:
            return provenance.walk(self._repository, self._graph, blobs, processes)
        key = memory.walk_of(lineage, shallow_commits(self._repository), blobs)
        among = memory.recall_commits(key)
        walked = provenance.walk(self._repository, self._graph, blobs, processes, among)
        if among is None and not walked.untold:
            memory.keep_commits(key, (change.commit for change in walked.changes if change.commit))
        return walked

    def _only_borrowed(self) -> set[bytes]:
        """What of the finds only an alternate holds."""
        found = {item.oid for item in self._found}
        return found - enumeration.own_objects(self._repository) if enumeration.borrows(self._repository) else set()

    def _read(self, commits: Iterable[bytes | None]) -> dict[bytes, Commit]:
        with Cat(self._repository.git) as cat:
            contents = cat.contents({commit for commit in commits if commit}, BEGINNING)
            return {oid: parse_commit(content or b"") for oid, _, content in contents}

    def _of(self, kind: bytes) -> Iterator[Found]:
        return (item for item in self._found if item.kind == kind)

    def _reaches(self, oids: Sequence[bytes], wanted: Sequence[Wanted]) -> list[Reach]:
        """What reaches each of `wanted`, which is about these objects."""
        found = reaches(wanted, self._graph, self._holders)
        return [held._replace(alternate=oid in self._borrowed) for oid, held in zip(oids, found, strict=True)]

    # Finds in files: at every path at which a commit, a ref or an index holds them

    def blobs(self) -> Iterator[Occurrence]:
        """The finds in files."""
        if not self._hits:
            return
        brought, named, staged = self._brought(), self._names, self._staged()
        places = list(dict.fromkeys((*brought, *named, *staged, *self._nameless(brought, named, staged))))
        wanted = [Wanted(set(brought.get(place, ())), named.get(place, ())) for place in places]
        for place, held in zip(places, self._reaches([place.oid for place in places], wanted), strict=True):
            if place in staged and held.unreachable:
                yield from self._stand(place, "index", None, held._replace(unreachable=False))
            else:
                only_notes = held.notes and not held.branches.count and not held.tags.count
                source = "symlink" if place.symlink else "note" if only_notes else "blob"
                yield from self._stand(place, source, self._first(brought.get(place, ())), held)

    def _brought(self) -> dict[Place, list[bytes]]:
        """The places, and the commits that bring each against one of their parents at least, parents first."""
        places: dict[Place, list[bytes]] = {}
        for change in self._walked.changes:
            brought = (delta.new for diff in change.diffs for delta in diff if delta.new)
            for place in {_place(side) for side in brought if side.oid in self._hits}:
                places.setdefault(place, []).append(change.commit or b"")
        return places

    def _named(self) -> dict[Place, list[bytes]]:
        """The places in trees that refs name, and the blobs that they name."""
        places: dict[Place, list[bytes]] = {}
        for ref in self._holders.refs:
            sides = trees.in_tree(self._repository.git, ref.peeled) if ref.kind == b"tree" else ()
            found = {Place(b"", ref.peeled)} if ref.kind == b"blob" else {_place(side) for side in sides}
            for place in found:
                if place.oid in self._hits:
                    places.setdefault(place, []).append(ref.name)
        return places

    def _staged(self) -> set[Place]:
        return {_place(side) for side in trees.staged(self._repository.git) if side.oid in self._hits}

    def _nameless(self, *places: Iterable[Place]) -> list[Place]:
        """What stands nowhere: it was dropped, or never committed."""
        placed = {place.oid for some in places for place in some}
        return [Place(b"", oid) for oid in self._hits if oid not in placed]

    def _first(self, commits: Sequence[bytes]) -> bytes | None:
        """The first of the commits that bring something: of those that a ref reaches, if there are any."""
        return next((commit for commit in commits if commit in self._live), commits[0] if commits else None)

    def _stand(self, place: Place, source: str, commit: bytes | None, held: Reach) -> Iterator[Occurrence]:
        path = place.path or None
        location = self._by(commit, source)._replace(path=path, blob=place.oid.decode())
        # Where git could not tell what a commit changes, what seems to be reached by nothing may be.
        location = location._replace(reach=None if held.unreachable and self._walked.untold else held)
        for hit in self._hits[place.oid]:
            yield Occurrence(hit, location.of(hit, self._allow(path, hit)))

    def _by(self, commit: bytes | None, source: str) -> Location:
        if commit is None:
            return Location(source)
        author = self._people[commit].author
        return Location(source, commit=commit.decode(), author=author.name, date=author.date)

    # Finds in the messages and headers of commits and tags

    def commits(self) -> Iterator[Occurrence]:
        """The finds in commits."""
        items = list(self._of(b"commit"))
        oids = [item.oid for item in items]
        for item, held in zip(items, self._reaches(oids, [Wanted({oid}) for oid in oids]), strict=True):
            place = self._by(item.oid, "commit-message")._replace(reach=held)
            yield from in_message(item.examined, item.content, self._people[item.oid].message, place, self._allow)

    def tags(self) -> Iterator[Occurrence]:
        """The finds in annotated tags."""
        for item in self._of(b"tag"):
            tag = parse_tag(item.content)
            names = [ref.name for ref in self._holders.refs if item.oid in ref.tags]
            held = reach_of(names)._replace(alternate=item.oid in self._borrowed)
            target = tag.target.decode("ascii", "replace") if tag.kind == b"commit" else None
            place = Location("tag-message", commit=target, author=tag.tagger.name, date=tag.tagger.date, reach=held)
            yield from in_message(item.examined, item.content, tag.message, place, self._allow)

    # What is known of each secret

    def stories(self) -> dict[Secret, Story]:
        """The story of each secret."""
        came = rises(self._walked.changes, self._of(b"commit"), self._look, self._allow)
        told = stories(
            came, self._gone(came), History(self._graph.order, self._live, self._people, self._graph.orphans)
        )
        found = {hit.match.secret: Story() for item in self._found for hit in item.examined.hits} | told
        return dict(self._with_numbers(self._kept, found)) if self._kept else found

    def _with_numbers(self, kept: Kept, found: Mapping[Secret, Story]) -> Iterator[tuple[Secret, Story]]:
        """The same with how many commits take each out, and what holds it still."""
        names: dict[bytes, set[Secret]] = {}
        for place, refs in self._names.items():
            for name in refs:
                names.setdefault(name, set()).update(self._secrets([place.oid]))
        ends = Named(self._tip(), default_branch(self._repository))
        tips = Tips(kept, self._graph, ends, self._holders.refs, names)
        for secret, story in found.items():
            yield secret, story._replace(removals=len(kept.went.get(secret, ())), held=tips.held(secret))

    def _followed(self) -> Kept | None:
        """What every commit holds. None where that cannot be told, as git could not compare some."""
        if self._walked.untold:
            return None
        try:
            with Paths(self._repository.git) as paths:
                return follow(self._graph, self._walked.changes, self._look, paths.blobs)
        except GitError:
            return None

    def _gone(self, came: Turns) -> Turns:
        """The commits on the way to HEAD that took out what HEAD does not hold."""
        past = ancestry(self._graph, [self._tip() or b""])
        held = {side.oid for side in trees.in_tree(self._repository.git, b"HEAD")} & self._hits.keys()
        gone = {secret for secret, turns in came.items() if any(turn.path and turn.commit in past for turn in turns)}
        gone -= self._secrets(held)
        all_went = self._kept.went if self._kept else falls(self._plain(), self._look)
        went = {secret: [turn for turn in all_went.get(secret, ()) if turn.commit in past] for secret in gone}
        self._people |= self._read({turn.commit for turns in went.values() for turn in turns} - self._people.keys())
        return went

    def _plain(self) -> Iterator[Change]:
        """The changes of commits that are no merges: what a merge lacks of one parent it need not have removed."""
        return (change for change in self._walked.changes if len(change.diffs) == 1)

    def _look(self, side: Side) -> Sequence[Hit]:
        return self._hits.get(side.oid, ())

    def _secrets(self, oids: Iterable[bytes]) -> set[Secret]:
        return {hit.match.secret for oid in oids for hit in self._hits[oid]}

    def _tip(self) -> bytes | None:
        """The commit of HEAD; an empty one on an unborn branch, None where it names what is not here."""
        try:
            return head(self._repository) or b""
        except GitError:
            return None
