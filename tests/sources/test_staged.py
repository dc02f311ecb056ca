"""What is staged, as differences. The program's own tests are in tests/commands/test_staged.py."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scanner.errors import GitError
from scanner.git.repository import Repository, find
from scanner.sources.staged import merge_parents, staged
from tests.commands.histories import add, branch, conflict
from tests.conftest import Repo


def around(repo: Repo, **env: str) -> Repository:
    return find(str(repo.path), {**os.environ, **env}, own=True)


def test_one_difference_a_parent(repo: Repo) -> None:
    repo.commit({"a": b"a"})
    add(repo, "b", b"b")
    assert len(staged(around(repo)).change.diffs) == 1
    branch(repo, "topic", {"c": b"c"})
    repo.git("reset", "-q", "--hard")
    repo.git("merge", "-q", "--no-ff", "--no-commit", "topic")
    change = staged(around(repo)).change
    assert change.commit is None and len(change.diffs) == 2
    assert [side.path for side in change.added()] == []


def test_paths_that_are_not_merged_are_no_deletions(repo: Repo) -> None:
    conflict(repo)
    found = staged(around(repo))
    assert found.unmerged == (b"a.txt",)
    assert [side.path for side in found.change.added()] == []


def test_the_parents_of_a_merge_in_progress(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"a": b"a"})
    tips = [branch(repo, name, {name: b"x"}).encode() for name in ("one", "two")]
    repo.commit({"b": b"b"})
    here = around(repo)
    assert merge_parents(here) == []
    repo.git("merge", "-q", "--no-commit", "one", "two")
    assert merge_parents(here) == tips
    assert merge_parents(around(repo, **{f"GITHEAD_{'1' * 40}": "x"})) == tips, "the file counts where it is there"


def test_the_parents_that_only_the_environment_names(repo: Repo) -> None:
    short, long = "a1" * 20, "b2" * 32
    env = {f"GITHEAD_{long}": "topic", f"GITHEAD_{short}": "x", f"GITHEAD_{'-' * 40}": "z"}
    assert merge_parents(around(repo, **env)) == [short.encode(), long.encode()]


def test_a_merge_head_that_cannot_be_read(repo: Repo) -> None:
    (repo.path / ".git/MERGE_HEAD").mkdir()
    with pytest.raises(GitError, match="MERGE_HEAD cannot be read"):
        merge_parents(around(repo))
