"""Commits and tags as git stores them, and the graph they make."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from tempfile import TemporaryFile
from typing import IO, NamedTuple

from scanner.git.run import Git


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
    name: bytes
    tagger: Person
    message: int


def parse_tag(content: bytes) -> Tag:
    """The parts of a tag object; missing ones are empty."""
    header, _, _ = content.partition(b"\n\n")
    fields = dict(line.partition(b" ")[::2] for line in reversed(header.split(b"\n")))
    tagger = parse_person(fields.get(b"tagger", b""))
    return Tag(fields.get(b"object", b""), fields.get(b"tag", b""), tagger, min(len(header) + 2, len(content)))


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


Parents = Mapping[bytes, tuple[bytes, ...]]


def read_parents(git: Git, oids: Iterable[bytes]) -> dict[bytes, tuple[bytes, ...]]:
    """The parents of each commit, as far as these are among `oids`: ones that are not here (a shallow clone, damage)
    are left out."""
    commits = list(oids)
    parents: dict[bytes, tuple[bytes, ...]] = dict.fromkeys(commits, ())
    with spool(commits) as stdin, git.start("cat-file", "--batch", "--buffer", stdin=stdin) as process:
        assert process.stdout
        while line := process.stdout.readline():
            words = line.split()
            if len(words) == 3:
                content = process.stdout.read(int(words[2]) + 1)
                parents[words[0]] = tuple(p for p in _parents(content) if p in parents)
    return parents


def _parents(content: bytes) -> Iterator[bytes]:
    """The parents that a commit object names: the lines after the first one (its tree)."""
    start = content.find(b"\nparent ")
    while start >= 0:
        end = content.find(b"\n", start + 1)
        yield content[start + 8 : end]
        start = end if content.startswith(b"\nparent ", end) else -1


def spool(oids: Iterable[bytes]) -> IO[bytes]:
    """A file of ids for git to read, which is gone when it is closed."""
    file = TemporaryFile()  # noqa: SIM115 - the caller closes it
    file.writelines(oid + b"\n" for oid in oids)
    file.seek(0)
    return file


def parents_first(parents: Parents) -> list[bytes]:
    """All commits, each after all of its parents; ties in the order of `parents`."""
    ordered: list[bytes] = []
    done: set[bytes] = set()
    for start in parents:
        stack = [start]
        while stack:
            commit = stack[-1]
            open_parents = [] if commit in done else [p for p in parents[commit] if p not in done]
            if open_parents:
                stack += open_parents
                continue
            stack.pop()
            if commit not in done:
                done.add(commit)
                ordered.append(commit)
    return ordered


def spread(order: Iterable[bytes], parents: Parents, marks: Mapping[bytes, int]) -> dict[bytes, int]:
    """For each commit the union of its own marks and those of all its ancestors (bit sets): what it reaches.

    `order` is that of `parents_first`. One pass; commits without any mark take no entry."""
    carried: dict[bytes, int] = {}
    for commit in order:
        mark = marks.get(commit, 0)
        for parent in parents[commit]:
            mark |= carried.get(parent, 0)
        if mark:
            carried[commit] = mark
    return carried
