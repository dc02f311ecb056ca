"""What keeps objects alive: refs, stash, notes and reflogs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from scanner.git.run import Git

BRANCHES = (b"refs/heads/", b"refs/remotes/")
TAGS = b"refs/tags/"
NOTES = b"refs/notes/"
STASH = b"refs/stash"


class Ref(NamedTuple):
    """A ref: its full name, the object it names, and what that leads to where it is an annotated tag."""

    name: bytes
    oid: bytes
    peeled: bytes
    kind: bytes  # of `peeled`: commit, tree, blob


def refs(git: Git) -> list[Ref]:
    """All refs, and HEAD where it is detached or the only one."""
    form = "%(refname)%00%(objectname)%00%(*objectname)%00%(objecttype)%00%(*objecttype)"
    found = [_ref(line) for line in git.run("for-each-ref", f"--format={form}").split(b"\n") if line]
    head = git.run("rev-parse", "--verify", "--quiet", "HEAD", ok=(0, 1, 128)).strip()
    if head and not any(ref.oid == head for ref in found):
        found.append(Ref(b"HEAD", head, head, b"commit"))
    return found


def _ref(line: bytes) -> Ref:
    name, oid, peeled, kind, peeled_kind = line.split(b"\0")
    return Ref(name, oid, peeled or oid, peeled_kind or kind)


class LogEntry(NamedTuple):
    """One entry of a reflog: `name` is like refs/heads/main@{0}, `message` what git noted."""

    name: bytes
    oid: bytes
    message: bytes


def reflogs(git: Git) -> Iterator[LogEntry]:
    """All entries of all reflogs whose commits are here."""
    _, out, _ = git.attempt("log", "-g", "--all", "--no-patch", "-z", "--format=%gD%x00%H%x00%gs")
    fields = iter(out.split(b"\0"))
    for name in fields:
        oid, message = next(fields, b""), next(fields, b"")
        if oid:
            yield LogEntry(name, oid, message)
