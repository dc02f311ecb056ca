"""What the next commit adds: the index against HEAD, or against all parents of a merge in progress.

It reads the index through git and nothing of the work tree, and it writes no object.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from scanner.errors import GitError
from scanner.git.changes import Change, parse_index_diff
from scanner.git.repository import Repository, head

_DIFF = ("diff-index", "--cached", "--raw", "-z", "--no-abbrev", "--no-renames", "--ita-invisible-in-index")


def staged(repository: Repository, environ: Mapping[str, str]) -> Change:
    """The staged change. GitError where HEAD or the index cannot be read."""
    git = repository.git
    status, out, _ = git.attempt(*_DIFF, "HEAD", "--")
    if status:  # an unborn branch, or damage
        out = git.run(*_DIFF, head(repository) or repository.empty_tree, "--")
    others = (git.run(*_DIFF, parent, "--") for parent in merge_parents(repository, environ))
    return Change(None, (parse_index_diff(out), *map(parse_index_diff, others)))


def merge_parents(repository: Repository, environ: Mapping[str, str]) -> list[bytes]:
    """The parents besides HEAD of a merge in progress: of MERGE_HEAD, or in pre-merge-commit, where that file is not
    there yet, of the GITHEAD_<oid> variables that git merge sets."""
    try:
        with open(os.path.join(repository.git_dir, "MERGE_HEAD"), "rb") as file:
            return file.read().split()
    except FileNotFoundError:
        pass
    except OSError as error:
        raise GitError(f"MERGE_HEAD cannot be read: {error.strerror}") from None
    named = (name.removeprefix("GITHEAD_") for name in environ if name.startswith("GITHEAD_"))
    return sorted(os.fsencode(oid) for oid in named if len(oid) in (40, 64))
