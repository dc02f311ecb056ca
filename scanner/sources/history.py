"""Everything that a repository still holds: the plain engine, which reads each object once through git.

Contents are looked at in `workers`; where the few that matter came from, and what still reaches them, is asked here,
afterwards, in one walk over the commits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from scanner.git import enumerate as enumeration
from scanner.git import provenance, reach
from scanner.git import refs as references
from scanner.git.changes import SYMLINK, Change, Side
from scanner.git.commits import Commit, parents_first, parse_commit, parse_tag, read_parents
from scanner.git.reach import Holders
from scanner.git.refs import Ref
from scanner.git.repository import Repository
from scanner.model import Event, Hit, Location, Problem, Reach, Secret, Suppression
from scanner.pipeline import Examined, Occurrence, Story, introductions
from scanner.sources.workers import PORTION, Found, Job, Portion, look

Allow = Callable[[bytes | None, Hit], Suppression | None]


class Scope(NamedTuple):
    """How much of the object database to look at."""

    reachable: bool = False  # only what refs reach
    alternates: bool = False  # also what is only borrowed


class Seen(NamedTuple):
    """What the engine saw: finds, problems, and how much was looked at. `listed` are the ids of all commits."""

    found: tuple[Found, ...]
    problems: tuple[Problem, ...]
    blobs: int
    commits: int
    tags: int
    size: int  # bytes
    listed: tuple[bytes, ...]


def engine(
    repository: Repository,
    job: Job,
    scope: Scope,
    processes: int,
    advance: Callable[[int, int], None] = lambda objects, size: None,
    expect: Callable[[int, int], None] = lambda objects, size: None,
) -> Seen:
    """Looks at every blob, commit and tag once. `advance` is told how many more objects and bytes are done, `expect`
    the totals as far as they are known."""
    lister = Lister(_listed(repository, scope))
    found: list[Found] = []
    problems: list[Problem] = []
    blobs = commits = tags = size = 0
    for answer in look(job, lister, processes):
        found += answer.found
        problems += answer.problems
        blobs, commits, tags = blobs + answer.blobs, commits + answer.commits, tags + answer.tags
        size += answer.bytes
        expect(lister.objects, lister.bytes)
        advance(answer.blobs + answer.commits + answer.tags, answer.bytes)
    return Seen(tuple(found), tuple(problems), blobs, commits, tags, size, tuple(lister.commits))


class Lister:
    """The objects to look at as portions of ids. It counts what it lists, and remembers the commits."""

    def __init__(self, listed: Iterable[enumeration.Listed]) -> None:
        self._listed = listed
        self.objects = 0
        self.bytes = 0
        self.commits: list[bytes] = []

    def __iter__(self) -> Iterator[Portion]:
        for part in self._listed:
            self.objects += len(part.oids)
            self.bytes += part.bytes
            self.commits += [oid for kind, oid in zip(part.kinds, part.oids, strict=True) if kind == b"commit"]
            yield from (part.oids[start : start + PORTION] for start in range(0, len(part.oids), PORTION))


def _listed(repository: Repository, scope: Scope) -> Iterator[enumeration.Listed]:
    git = repository.git
    if scope.reachable:
        return enumeration.all_objects(git, enumeration.reachable(git, reflogs=False))
    if scope.alternates or not enumeration.borrows(repository):
        return enumeration.all_objects(git)
    mine = enumeration.own_objects(repository) | enumeration.reachable(git, reflogs=True)
    return enumeration.all_objects(git, mine)


class Told(NamedTuple):
    """Where everything stands, and what is known of each secret besides."""

    occurrences: tuple[Occurrence, ...]
    stories: Mapping[Secret, Story]
    problems: tuple[Problem, ...]


def tell(repository: Repository, seen: Seen, extra: Sequence[Occurrence], allow: Allow, processes: int) -> Told:
    """The places of all finds, with what brought them and what still reaches them; `extra` are finds in ref names and
    reflogs."""
    if not any(item.examined.hits for item in seen.found):
        return Told(tuple(extra), {}, ())
    return Teller(repository, seen, allow, processes).tell(extra)


class Teller:
    """Works out provenance and reach for one scan's finds."""

    def __init__(self, repository: Repository, seen: Seen, allow: Allow, processes: int) -> None:
        git = repository.git
        self._repository = repository
        self._allow = allow
        self._found = [item for item in seen.found if item.examined.hits]
        self._hits = {item.oid: item.examined.hits for item in self._found if item.kind == b"blob"}
        self._parents = read_parents(git, seen.listed)
        self._order = parents_first(self._parents)
        self._holders = Holders(references.refs(git), tuple(references.reflogs(git)))
        self._walked = provenance.walk(git, self._order, self._parents, self._hits.keys(), processes)
        self._commits = self._read([c.commit for c in self._walked.changes if c.commit])

    def _read(self, commits: Iterable[bytes]) -> dict[bytes, Commit]:
        from scanner.git.objects import Cat

        with Cat(self._repository.git) as cat:
            return {oid: parse_commit(content or b"") for oid, _, content in cat.contents(dict.fromkeys(commits))}

    def tell(self, extra: Sequence[Occurrence]) -> Told:
        """See `tell` above."""
        occurrences = [*self._blobs(), *self._texts(), *extra]
        problems = [
            Problem("git objects", f"where things came from could not all be worked out: {error}", "try git fsck")
            for error in self._walked.errors
        ]
        return Told(tuple(occurrences), self._stories(), tuple(problems))

    # Blobs

    def _blobs(self) -> Iterator[Occurrence]:
        places: dict[Side, list[bytes]] = {}
        for change in self._walked.changes:
            for side in _brought(change):
                if side.oid in self._hits:
                    places.setdefault(side, []).append(change.commit or b"")
        reached = reach.reaches([set(c) for c in places.values()], self._order, self._parents, self._holders)
        for (side, commits), held in zip(places.items(), reached, strict=True):
            yield from self._stand(side, commits[0], held)
        placed = {side.oid for side in places}
        yield from self._loose([oid for oid in self._hits if oid not in placed])

    def _stand(self, side: Side, commit: bytes | None, held: Reach) -> Iterator[Occurrence]:
        author = self._commits[commit].author if commit else None
        only_notes = held.notes and not held.branches.count and not held.tags.count
        source = "symlink" if side.mode == SYMLINK else "note" if only_notes else "blob"
        for hit in self._hits[side.oid]:
            yield Occurrence(
                hit,
                Location(
                    source=source,
                    path=side.path or None,
                    position=hit.position,
                    blob=side.oid.decode(),
                    commit=commit.decode() if commit else None,
                    author=author.name if author else None,
                    date=author.date if author else None,
                    reach=held,
                    suppressed=self._allow(side.path or None, hit),
                ),
            )

    def _loose(self, oids: Sequence[bytes]) -> Iterator[Occurrence]:
        """Blobs that no commit brings: refs may name them or a tree that holds them, the index may; else nothing."""
        if not oids:
            return
        named: dict[Side, list[bytes]] = {}
        for ref in self._holders.refs:
            for side in _named(self._repository, ref):
                named.setdefault(side, []).append(ref.name)
        staged = {side.oid: side for side in _index(self._repository)}
        for oid in oids:
            sides = [side for side in named if side.oid == oid]
            for side in sides:
                yield from self._stand(side, None, reach.reach_of(named[side]))
            if not sides:
                yield from self._unnamed(oid, staged.get(oid))

    def _unnamed(self, oid: bytes, staged: Side | None) -> Iterator[Occurrence]:
        if staged is None:
            yield from self._stand(Side(b"", b"100644", oid), None, Reach(unreachable=True))
            return
        for item in self._stand(staged, None, Reach()):
            yield item._replace(location=item.location._replace(source="index"))

    # Messages of commits and tags

    def _texts(self) -> Iterator[Occurrence]:
        commits = [item for item in self._found if item.kind == b"commit"]
        reached = reach.reaches([{item.oid} for item in commits], self._order, self._parents, self._holders)
        for item, held in zip(commits, reached, strict=True):
            commit = parse_commit(item.content)
            place = Location(
                "commit-message",
                commit=item.oid.decode(),
                author=commit.author.name,
                date=commit.author.date,
                reach=held,
            )
            yield from message(item.examined, item.content, commit.message, place, self._allow)
        for item in self._found:
            if item.kind == b"tag":
                yield from self._tag(item)

    def _tag(self, item: Found) -> Iterator[Occurrence]:
        tag = parse_tag(item.content)
        names = [ref.name for ref in self._holders.refs if ref.oid == item.oid]
        place = Location(
            "tag-message",
            commit=tag.target.decode("ascii", "replace") or None,
            author=tag.tagger.name,
            date=tag.tagger.date,
            reach=reach.reach_of(names),
        )
        yield from message(item.examined, item.content, tag.message, place, self._allow)

    # What is known of a secret

    def _stories(self) -> dict[Secret, Story]:
        rises: dict[Secret, list[tuple[bytes, bytes]]] = {}
        falls: dict[Secret, list[tuple[bytes, bytes]]] = {}
        for change in self._walked.changes:
            commit = change.commit or b""
            for item in introductions(change, self._look, lambda path, hit: None):
                rises.setdefault(item.hit.match.secret, []).append((commit, item.side.path))
            for secret, path in _falls(change, self._look):
                falls.setdefault(secret, []).append((commit, path))
        past, held = self._past(), self._held()
        return {
            secret: self._story(came, [f for f in falls.get(secret, ()) if f[0] in past and secret not in held])
            for secret, came in rises.items()
        }

    def _look(self, side: Side) -> Sequence[Hit]:
        return self._hits.get(side.oid, ())

    def _story(self, came: Sequence[tuple[bytes, bytes]], went: Sequence[tuple[bytes, bytes]]) -> Story:
        first = self._event(*came[0])
        last = self._event(*went[-1]) if went else None
        return Story(first, last, (first.date, last.date if last else None), len({commit for commit, _ in came}))

    def _event(self, commit: bytes, path: bytes) -> Event:
        author = self._commits[commit].author
        return Event(commit.decode(), author.name, author.date, path)

    def _past(self) -> set[bytes]:
        """HEAD and all its ancestors."""
        from scanner.git.repository import head

        tip = head(self._repository)
        past: set[bytes] = set()
        stack = [tip] if tip else []
        while stack:
            commit = stack.pop()
            if commit not in past:
                past.add(commit)
                stack += self._parents.get(commit, ())
        return past

    def _held(self) -> set[Secret]:
        """The secrets that stand in HEAD's files."""
        status, out, _ = self._repository.git.attempt("ls-tree", "-r", "-z", "--full-tree", "HEAD")
        oids = {side.oid for side in _tree(out)} if status == 0 else set()
        return {hit.match.secret for oid in oids & self._hits.keys() for hit in self._hits[oid]}


def message(examined: Examined, content: bytes, start: int, place: Location, allow: Allow) -> Iterator[Occurrence]:
    """The hits in a commit or tag: those in its message with their place in it, those in its header without one."""
    before = content.count(b"\n", 0, start)
    for hit in examined.hits:
        at = hit.position
        inside = hit.match.start >= start
        lines = at._replace(line=at.line - before, end_line=at.end_line - before) if inside else None
        yield Occurrence(hit, place._replace(position=lines, suppressed=allow(None, hit)))


def _brought(change: Change) -> Iterator[Side]:
    """Every file that is new against at least one parent."""
    return (d.new for diff in change.diffs for d in diff if d.new)


def _falls(change: Change, look: Callable[[Side], Sequence[Hit]]) -> Iterator[tuple[Secret, bytes]]:
    """The secrets that stand less often after the change than before: against each of its parents, as for a merge
    what one parent lacks was not removed by it."""
    if len(change.diffs) != 1:
        return
    old = [(hit.match.secret, side.path) for side in change.removed() for hit in look(side)]
    new = [hit.match.secret for side in change.added() for hit in look(side)]
    for secret, path in dict(old).items():
        if sum(s == secret for s, _ in old) > new.count(secret):
            yield secret, path


def _named(repository: Repository, ref: Ref) -> Iterator[Side]:
    """What a ref that does not name a commit leads to."""
    if ref.kind == b"blob":
        yield Side(b"", b"100644", ref.peeled)
    elif ref.kind == b"tree":
        status, out, _ = repository.git.attempt("ls-tree", "-r", "-z", "--full-tree", ref.peeled)
        yield from _tree(out) if status == 0 else ()


def _tree(out: bytes) -> Iterator[Side]:
    """The files in the output of `ls-tree -r -z`."""
    for line in out.split(b"\0"):
        if line:
            facts, _, path = line.partition(b"\t")
            mode, _, oid = facts.split(b" ")
            yield Side(path, mode, oid)


def _index(repository: Repository) -> Iterator[Side]:
    """The files of the index, if there is one."""
    status, out, _ = repository.git.attempt("ls-files", "--stage", "-z")
    for line in out.split(b"\0") if status == 0 else ():
        if line:
            facts, _, path = line.partition(b"\t")
            mode, oid, _ = facts.split(b" ")
            yield Side(path, mode, oid)
