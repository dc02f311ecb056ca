"""What keeps objects alive: refs, the HEAD and the index of every work tree, stash, notes and reflogs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from scanner.git.commits import parse_tag
from scanner.git.objects import Cat
from scanner.git.repository import Repository
from scanner.git.run import Git

BRANCHES = (b"refs/heads/", b"refs/remotes/")
TAGS = b"refs/tags/"
NOTES = b"refs/notes/"
STASH = b"refs/stash"


class Name(NamedTuple):
    """A ref: its full name, and the object it names."""

    name: bytes
    oid: bytes


class Ref(NamedTuple):
    """A ref, and where it leads to through `tags` (annotated ones, the outer first)."""

    name: bytes
    oid: bytes
    peeled: bytes
    kind: bytes  # of `peeled`: commit, tree, blob, missing
    tags: tuple[bytes, ...] = ()


class Worktree(NamedTuple):
    """A work tree of the repository, and the commit of its HEAD where that is on no branch."""

    folder: str
    detached: bytes | None


def names(git: Git) -> list[Name]:
    """All refs but those that stand for another, and the detached HEADs of all work trees. No object is looked at."""
    listed = git.run("for-each-ref", "--format=%(refname)%00%(objectname)%00%(symref)")
    lines = (line.split(b"\0") for line in listed.split(b"\n") if line)
    found = [Name(name, oid) for name, oid, symref in lines if not symref]
    return found + [Name(b"HEAD", tree.detached) for tree in worktrees(git) if tree.detached]


def worktrees(git: Git) -> list[Worktree]:
    """All work trees; that of a bare repository is its own folder."""
    out = git.run("worktree", "list", "--porcelain")
    return [_worktree(block) for block in out.split(b"\n\n") if block.startswith(b"worktree ")]


def _worktree(block: bytes) -> Worktree:
    fields = dict(line.partition(b" ")[::2] for line in block.split(b"\n"))
    head = fields.get(b"HEAD", b"") if b"detached" in fields else b""
    return Worktree(os.fsdecode(fields[b"worktree"]), head if head.strip(b"0") else None)


def peel(git: Git, named: Sequence[Name]) -> list[Ref]:
    """Where each ref leads to."""
    kinds: dict[bytes, bytes] = {}
    targets: dict[bytes, bytes] = {}  # of tags
    wanted = {name.oid for name in named}
    with Cat(git) as cat:
        while wanted:
            for oid, header, read in cat.readers(wanted):
                kinds[oid] = header.kind
                if read and header.kind == b"tag":
                    targets[oid] = parse_tag(read(header.size)).target
            wanted = set(targets.values()) - kinds.keys()
    return [_peeled(name, kinds, targets) for name in named]


def _peeled(name: Name, kinds: Mapping[bytes, bytes], targets: Mapping[bytes, bytes]) -> Ref:
    oid, through = name.oid, []
    while oid in targets:
        through.append(oid)
        oid = targets[oid]
    return Ref(name.name, name.oid, oid, kinds[oid], tuple(through))


def default_branch(repository: Repository) -> bytes | None:
    """The commit of the default branch: that of the remote `origin` as it was when last fetched, or HEAD of a bare
    repository. None where there is none."""
    name = "HEAD" if repository.bare else "refs/remotes/origin/HEAD"
    status, out, _ = repository.git.attempt("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    return out.strip() if status == 0 else None


class LogEntry(NamedTuple):
    """One entry of a reflog: `name` is like refs/heads/main@{0}, `message` what git noted. Of a commit that an entry
    only names as the one before neither is known."""

    name: bytes
    oid: bytes
    message: bytes


def reflogs(git: Git) -> list[LogEntry]:
    """All entries of all reflogs whose commits are here. GitError where a ref is broken."""
    every = git.run("rev-list", "--reflog", "--no-walk", ok=(0, 129)).split()
    if not every:  # status 129: there is none at all
        return []
    fields = git.run("log", "-g", "--all", "--no-patch", "-z", "--format=%gD%x00%H%x00%gs").split(b"\0")
    entries = [LogEntry(*entry) for entry in zip(fields[::3], fields[1::3], fields[2::3], strict=False)]
    told = {entry.oid for entry in entries}
    return entries + [LogEntry(b"", oid, b"") for oid in every if oid not in told]
