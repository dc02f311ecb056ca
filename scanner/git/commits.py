"""Commits and tags as git stores them, and the graph they make."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from tempfile import TemporaryFile
from typing import IO, NamedTuple


class Person(NamedTuple):
    """Who did something, and when (RFC 3339 in their own time zone; None where the object does not say)."""

    name: str | None
    date: str | None


class Commit(NamedTuple):
    """What a commit says of itself. `message` is the offset at which its message begins."""

    tree: bytes
    parents: tuple[bytes, ...]
    author: Person
    message: int


def parse_commit(content: bytes) -> Commit:
    """The parts of a commit object; missing ones are empty, so that no damage stops a scan."""
    header, _, _ = content.partition(b"\n\n")
    tree, parents, author = b"", [], Person(None, None)
    for line in header.split(b"\n"):
        key, _, value = line.partition(b" ")
        if key == b"tree":
            tree = value
        elif key == b"parent":
            parents.append(value)
        elif key == b"author":
            author = parse_person(value)
    return Commit(tree, tuple(parents), author, min(len(header) + 2, len(content)))


class Tag(NamedTuple):
    """What an annotated tag says of itself. `message` is the offset at which its message begins."""

    target: bytes
    kind: bytes  # of the target
    tagger: Person
    message: int


def parse_tag(content: bytes) -> Tag:
    """The parts of a tag object; missing ones are empty."""
    header, _, _ = content.partition(b"\n\n")
    fields = dict(line.partition(b" ")[::2] for line in reversed(header.split(b"\n")))
    tagger = parse_person(fields.get(b"tagger", b""))
    return Tag(fields.get(b"object", b""), fields.get(b"type", b""), tagger, min(len(header) + 2, len(content)))


def parse_person(line: bytes) -> Person:
    """`Name <address> seconds zone`, as commits and tags hold it."""
    who, _, when = line.rpartition(b"> ")
    name = (who + b">" if who else line).decode("utf-8", "replace").strip() or None
    try:
        seconds, zone = when.split(b" ")[:2]
        offset = int(zone[-4:-2]) * 60 + int(zone[-2:])
        away = timezone(timedelta(minutes=-offset if zone.startswith(b"-") else offset))
        date = datetime.fromtimestamp(int(seconds), UTC).astimezone(away).isoformat()
    except (ValueError, OverflowError, OSError):
        date = None
    return Person(name, date)


class Graph(NamedTuple):
    """Commits with their parents, as far as these are here; `order` has parents before children, else the older one
    first. `orphans` name parents of which none is here."""

    order: tuple[bytes, ...]
    parents: Mapping[bytes, tuple[bytes, ...]]
    orphans: frozenset[bytes]


_LINEAGE = re.compile(
    rb"tree [0-9a-f]+\n((?:parent [0-9a-f]+\n)*)author [^\n]*\ncommitter [^\n]*> (-?[0-9]{1,18}) [^\n]*\n"
)


def lineage(oid: bytes, data: bytes, start: int, end: int) -> bytes:
    """A line for `graph`: id, seconds since 1970, parents; of the commit whose content is `data[start:end]`."""
    found = _LINEAGE.match(data, start, end)
    if found:
        return b"%b %b %b\n" % (oid, found[2], found[1].replace(b"parent ", b"").replace(b"\n", b" "))
    return b"%b 0 %b\n" % (oid, b" ".join(parse_commit(data[start:end]).parents))


def graph(lines: Iterable[bytes]) -> Graph:
    """The commits of which `lines` (see `lineage`) tell."""
    commits = sorted((int(seconds), oid, parents) for oid, seconds, *parents in map(bytes.split, lines))
    known = {oid: oid for _, oid, _ in commits}  # each id is held once
    here = {oid: tuple(known[parent] for parent in named if parent in known) for _, oid, named in commits}
    orphans = frozenset(oid for _, oid, named in commits if named and not here[oid])
    return Graph(tuple(_parents_first(here)), here, orphans)


def _parents_first(parents: Mapping[bytes, tuple[bytes, ...]]) -> Iterator[bytes]:
    """All commits, each after all of its parents; ties in the order of `parents`."""
    done: set[bytes] = set()
    for start in parents:
        stack = [start]
        while stack:
            commit = stack[-1]
            waiting = [parent for parent in parents[commit] if parent not in done] if commit not in done else []
            if waiting:
                stack += waiting
                continue
            stack.pop()
            if commit not in done:
                done.add(commit)
                yield commit


def spool(lines: Iterable[bytes]) -> IO[bytes]:
    """A file of lines for git to read, which is gone when it is closed."""
    file = TemporaryFile()  # noqa: SIM115 - the caller closes it
    file.writelines(line.removesuffix(b"\n") + b"\n" for line in lines)
    file.seek(0)
    return file


def spread(commits: Graph, marks: Mapping[bytes, int]) -> dict[bytes, int]:
    """For each commit the union of its own marks and those of all its ancestors (bit sets): what it reaches. Commits
    that reach nothing take no entry."""
    carried: dict[bytes, int] = {}
    for commit in commits.order:
        mark = marks.get(commit, 0)
        for parent in commits.parents[commit]:
            reached = carried.get(parent, 0)
            # What reaches the same shares one number, however many commits there are.
            mark = mark | reached if mark and mark != reached else reached or mark
        if mark:
            carried[commit] = mark
    return carried


def ancestry(commits: Graph, tips: Iterable[bytes]) -> set[bytes]:
    """`tips` and all their ancestors, as far as they are here."""
    past: set[bytes] = set()
    stack = [tip for tip in tips if tip in commits.parents]
    while stack:
        commit = stack.pop()
        if commit not in past:
            past.add(commit)
            stack += commits.parents[commit]
    return past
