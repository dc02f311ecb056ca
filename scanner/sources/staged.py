"""What the next commit adds: the index against HEAD, or against all parents of a merge in progress.

It reads the index through git and nothing of the work tree, and it writes no object.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import NamedTuple

from scanner.errors import GitError
from scanner.git.changes import Change, parse_index_diff
from scanner.git.repository import Repository, head

_DIFF = ("diff-index", "--cached", "--raw", "-z", "--no-abbrev", "--no-renames", "--ita-invisible-in-index")


class Staged(NamedTuple):
    """What is staged, and the paths of which the index holds several versions, and the next commit none."""

    change: Change
    unmerged: tuple[bytes, ...] = ()


def staged(repository: Repository) -> Staged:
    """What is staged. GitError where HEAD or the index cannot be read."""
    if repository.bare and not repository.git.environ.get("GIT_INDEX_FILE"):
        raise GitError("a bare repository has no index", "xoxscan range and xoxscan history look at commits")
    status, out, _ = repository.git.attempt(*_DIFF, "HEAD", "--")
    if status:  # an unborn branch, or damage
        out = repository.git.run(*_DIFF, head(repository) or repository.empty_tree, "--")
    raw = [out, *(repository.git.run(*_DIFF, parent, "--") for parent in merge_parents(repository))]
    try:
        change = Change(None, tuple(map(parse_index_diff, raw)))
    except GitError:  # git checks no checksum of an index, and prints what it makes of a torn one
        raise GitError("the index is damaged: git lists what cannot be", "git reset makes a new index") from None
    unmerged = _unmerged(repository) if any(b" U\0" in one for one in raw) else ()
    return Staged(change, tuple(unmerged))


def _unmerged(repository: Repository) -> Iterable[bytes]:
    out = repository.git.run("ls-files", "--unmerged", "-z", "--full-name", "--", ":/")
    return dict.fromkeys(line.partition(b"\t")[2] for line in out.split(b"\0") if line)


def merge_parents(repository: Repository) -> list[bytes]:
    """The parents besides HEAD of a merge in progress: of MERGE_HEAD, or in pre-merge-commit, where that file is not
    there yet, of the GITHEAD_<oid> variables that git merge sets (builtin/merge.c)."""
    try:
        with open(os.path.join(repository.git_dir, "MERGE_HEAD"), "rb") as file:
            return file.read().split()
    except FileNotFoundError:
        pass
    except OSError as error:
        raise GitError(f"MERGE_HEAD cannot be read: {error.strerror}") from None
    environ = repository.git.environ
    named = (name.removeprefix("GITHEAD_") for name in environ if name.startswith("GITHEAD_"))
    return sorted(oid.encode() for oid in named if len(oid) in (40, 64) and not oid.strip("0123456789abcdef"))
