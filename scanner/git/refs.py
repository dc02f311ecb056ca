"""What keeps objects alive: refs, the HEAD and the index of every work tree, stash, notes and reflogs."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import NamedTuple

from scanner.errors import GitError
from scanner.git.commits import parse_tag
from scanner.git.objects import MISSING, Cat
from scanner.git.repository import Repository
from scanner.git.run import Git
from scanner.git.stream import BEGINNING, stream

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
    while wanted:
        for oid, kind, target in _read(git, sorted(wanted)):
            kinds[oid] = kind
            if target is not None:
                targets[oid] = target
        wanted = set(targets.values()) - kinds.keys()
    return [_peeled(name, kinds, targets) for name in named]


def _read(git: Git, oids: Sequence[bytes]) -> Iterator[tuple[bytes, bytes, bytes | None]]:
    """Id and kind of each object, and where a tag leads to. All are asked for at once; where git dies of one, each that
    is left is asked for by itself."""
    done = 0
    with closing(stream(git, b"".join(oid + b"\n" for oid in oids))) as read_pieces:
        for piece in read_pieces:
            for oid, kind, start, end in piece.objects:
                done += 1
                yield oid, kind or MISSING, parse_tag(piece.data[start:end]).target if kind == b"tag" else None
    with Cat(git) as cat:
        for oid, header, content in cat.contents(oids[done:], BEGINNING):
            yield oid, header.kind, parse_tag(content).target if content and header.kind == b"tag" else None


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
    """All entries of all reflogs whose commits are here. GitError where a ref is broken, or a reflog cannot be read."""
    every = git.run("rev-list", "--reflog", "--no-walk", ok=(0, 129)).split()
    if not every:  # status 129: there is none at all
        return []
    here = set(every)
    logged = _in_files(git)
    entries = [entry for entry in (_by_git(git) if logged is None else logged) if entry.oid in here]
    told = {entry.oid for entry in entries}
    return entries + [LogEntry(b"", oid, b"") for oid in every if oid not in told]


def _by_git(git: Git) -> Iterator[LogEntry]:
    """What git shows of the reflogs of all refs. It takes long where there are very many."""
    fields = git.run("log", "-g", "--no-patch", "-z", "--format=%gD%x00%H%x00%gs", "--all").split(b"\0")
    return (LogEntry(*entry) for entry in zip(fields[::3], fields[1::3], fields[2::3], strict=False))


def _in_files(git: Git) -> Iterator[LogEntry] | None:
    """All entries of reflogs that are files (git/Documentation, gitrepository-layout); None where they are not."""
    if git.attempt("config", "--get", "extensions.refstorage")[1].strip() not in (b"", b"files"):
        return None
    git.run("rev-list", "--no-walk", "--all", "--max-count=1")  # fails where a ref is broken
    common = os.path.join(os.fsencode(git.cwd), git.run("rev-parse", "--git-common-dir").removesuffix(b"\n"))
    folders = [common, *(entry.path for entry in _entries(os.path.join(common, b"worktrees")))]
    files = [file for folder in folders for file in _files(os.path.join(folder, b"logs"))]
    return (entry for file in files for entry in _logged(_ref(os.path.relpath(file, common)), _content(file)))


def _ref(path: bytes) -> bytes:
    """The ref whose reflog is at `path` in the common folder, as git names it from any work tree."""
    name = path.replace(os.fsencode(os.sep), b"/").replace(b"logs/", b"", 1)
    return b"main-worktree/HEAD" if name == b"HEAD" else name


def _logged(name: bytes, content: bytes) -> Iterator[LogEntry]:
    """The entries of a reflog, the newest first. As in git (refs/files-backend.c, show_one_reflog_ent) a line that is
    torn is none, and does not count."""
    found = _ENTRY.findall(content)
    for number, (oid, message) in enumerate(reversed(found)):
        yield LogEntry(b"%b@{%d}" % (name, number), oid, message)


# Old id, new id, who, when; a tab, what for.
_ENTRY = re.compile(rb"^[0-9a-f]{40,64} ([0-9a-f]{40,64}) [^\n>]*> [0-9]+ [+-][0-9]{4}\t?([^\n]*)\n", re.MULTILINE)


def _content(file: bytes) -> bytes:
    """What stands in a plain file; nothing where it is gone, or is something else."""
    try:
        # What is a link or a pipe is never opened, or not waited for.
        with open(
            os.open(file, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)), "rb"
        ) as log:
            found = os.fstat(log.fileno())
            if found.st_size > _MOST:
                raise GitError(f"the reflog {os.fsdecode(os.path.basename(file))} has {found.st_size:,} bytes")
            return log.read(_MOST) if stat.S_ISREG(found.st_mode) else b""
    except FileNotFoundError:
        return b""
    except OSError as error:
        if error.errno == errno.ELOOP:
            return b""
        raise GitError(f"a reflog cannot be read: {error.strerror}") from None


_MOST = 256 << 20  # bytes of one reflog: more than a million entries


def _entries(folder: bytes) -> list[os.DirEntry[bytes]]:
    try:
        return list(os.scandir(folder))
    except OSError:
        return []


def _files(folder: bytes) -> Iterator[bytes]:
    return (os.path.join(top, name) for top, _, names in os.walk(folder) for name in names)
