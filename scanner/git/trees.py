"""The files that a tree or an index holds."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.errors import GitError
from scanner.git.changes import Side
from scanner.git.refs import worktrees
from scanner.git.run import Git


def in_tree(git: Git, tree: bytes) -> Iterator[Side]:
    """The files and submodules of a commit or tree; none where git cannot read it."""
    status, out, _ = git.attempt("ls-tree", "-r", "-z", "--full-tree", tree)
    yield from _sides(out) if status == 0 else ()


def staged(git: Git) -> Iterator[Side]:
    """The files in the index of every work tree, conflicting versions too; none where there is no index."""
    for tree in worktrees(git):
        try:
            status, out, _ = git._replace(cwd=tree.folder).attempt("ls-files", "--stage", "-z", "--full-name")
        except GitError:  # a work tree that is gone
            continue
        yield from _sides(out) if status == 0 else ()


def _sides(out: bytes) -> Iterator[Side]:
    """The lines `mode … path` of ls-tree (type and id follow) and ls-files (id and stage follow)."""
    for line in out.split(b"\0")[:-1]:
        facts, _, path = line.partition(b"\t")
        mode, *words = facts.split(b" ")
        yield Side(path, mode, max(words, key=len))
