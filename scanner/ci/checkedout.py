"""What is checked out, all of it: the work tree from its top, and what of the commit is not in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import chdir, contextmanager

from scanner.git.repository import Repository
from scanner.model import Skip

_SUBMODULE = b"160000 "


@contextmanager
def at_top(repository: Repository) -> Iterator[None]:
    """Goes to the top of the work tree: a job may have started in a folder of it, and paths are said from the top."""
    if repository.top is None:
        yield
        return
    with chdir(repository.top):
        yield


def absent(repository: Repository) -> tuple[Skip, ...]:
    """Files that git tracks and that are not in the work tree: a sparse checkout leaves them out, as do entries marked
    skip-worktree (git-sparse-checkout(1)). GitError where git cannot read its index."""
    if repository.top is None:
        return ()
    top = os.fsencode(repository.top)
    listed = repository.git.run("ls-files", "-z", "--full-name", "--stage", "--", ":/").split(b"\0")[:-1]
    files = {entry.partition(b"\t")[2] for entry in listed if not entry.startswith(_SUBMODULE)}
    count = sum(not os.path.lexists(os.path.join(top, name)) for name in files)
    why = "tracked, but not in the work tree (a sparse checkout?): --mode history looks at what was committed"
    return (Skip("file", why, count),) if count else ()
