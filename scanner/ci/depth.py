"""Whether a shallow clone is deep enough for a range."""

from __future__ import annotations

from collections.abc import Sequence

from scanner.git.repository import Repository, shallow_commits
from scanner.git.run import Git
from scanner.sources.commits import Range


def whole(repository: Repository, span: Range, before: Sequence[bytes]) -> bool:
    """Whether no commit of the range is missing, and none of it is known already: what is known (`before`) may have
    been cut off before it could meet it. Of that the dates of commits tell, as they do to git; where they lie, known
    commits are looked at once more."""
    ends = shallow_commits(repository)
    if not ends or not span.listed:
        return True
    if span.cut or not before:
        return not span.cut
    cut = [when for when, oid in _dated(repository.git, *before) if oid in ends]
    roots = any(not each.parents for each in span.commits())
    return not cut or not (roots or max(cut) > min(when for when, _ in _dated(repository.git, span.tip, *span.before)))


def _dated(git: Git, *words: str | bytes) -> list[tuple[int, bytes]]:
    """Commits and when they were made."""
    lines = git.run("rev-list", "--timestamp", *words, "--").splitlines()
    return [(int(when), oid) for when, _, oid in (line.partition(b" ") for line in lines)]
