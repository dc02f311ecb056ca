"""What a name of `--base` or `--head` means: no tag and no branch of a change takes the place of the forge's branch."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from scanner.ci import names
from scanner.errors import Incomplete
from scanner.git.repository import find
from tests.ci.forge import CI
from tests.conftest import Repo, token


@pytest.fixture
def forge(tmp_path: Path) -> Repo:
    """main, and a change that leaks; the forge also has whatever a test puts there."""
    there = Repo(tmp_path / "there")
    there.commit({"a": b"a"})
    there.git("switch", "-q", "-c", "change")
    there.commit({"b": token()})
    return there


def cloned(forge: Repo, folder: Path, *options: str) -> Repo:
    """A clone of the change."""
    forge.git("clone", "-q", "-b", "change", *options, f"file://{forge.path}", str(folder))
    work = Repo.__new__(Repo)
    work.path = folder
    return work


TRAPS = [
    "refs/tags/origin/main",
    "refs/heads/origin/main",
    "refs/tags/refs/remotes/origin/main",
    "refs/tags/remotes/origin/main",
    "refs/remotes/refs/heads/main",
]


@pytest.mark.parametrize("trap", TRAPS)
@pytest.mark.parametrize("base", ["origin/main", "refs/remotes/origin/main"])
@pytest.mark.parametrize("depth", [(), ("--depth=1",)])
def test_no_ref_takes_the_place_of_the_forges_branch(
    trap: str, base: str, depth: tuple[str, ...], forge: Repo, ci: CI, tmp_path: Path
) -> None:
    forge.git("update-ref", trap, "change")
    work = cloned(forge, tmp_path / "work", *depth)
    work.git("update-ref", trap, "HEAD")
    result = ci(work, {}, "--base", base, "--head", "HEAD")
    assert (result.status, json.loads(result.out)["coverage"]["commits"]) == (1, 1)


@pytest.mark.parametrize("trap", ["refs/tags/main", "refs/heads/main"])
def test_what_could_mean_two_commits_is_refused(trap: str, forge: Repo, ci: CI, tmp_path: Path) -> None:
    work = cloned(forge, tmp_path / "work")
    work.git("update-ref", trap, "HEAD")
    result = ci(work, {}, "--base", "main")
    assert result.status == 3 and b"can mean several commits" in result.err and b"in full" in result.err
    assert ci(work, {}, "--base", "refs/remotes/origin/main").status == 1


@pytest.mark.parametrize("base", ["heads/main", "remotes/origin/main"])
@pytest.mark.parametrize("folder", ["tags", "heads", "remotes"])
def test_half_a_ref_is_that_ref(base: str, folder: str, forge: Repo, ci: CI, tmp_path: Path) -> None:
    work = cloned(forge, tmp_path / "work", "--single-branch")
    work.git("update-ref", f"refs/{folder}/{base}", "HEAD")
    assert ci(work, {}, "--base", base).status == 1
    assert ci(work, {}, "--base", base, "--deepen", "never").status == 3


def test_a_head_of_the_change_is_no_tag(forge: Repo, ci: CI, tmp_path: Path) -> None:
    work = cloned(forge, tmp_path / "work")
    work.git("tag", "change", "origin/main")
    assert ci(work, {}, "--base", "origin/main", "--head", "change").status == 3
    assert ci(work, {}, "--base", "origin/main", "--head", "refs/heads/change").status == 1
    work.git("update-ref", "refs/tags/HEAD", "origin/main")
    assert ci(work, {}, "--base", "origin/main").status == 1


def test_a_tag_where_the_branch_is_only_at_the_forge(forge: Repo, ci: CI, tmp_path: Path) -> None:
    """The branch is not here, as after a fetch of one branch: the tag is not it."""
    forge.git("tag", "main", "change")
    forge.git("tag", "v1", "refs/heads/main")
    work = cloned(forge, tmp_path / "work", "--single-branch")
    work.git("update-ref", "refs/tags/main", "HEAD")
    result = ci(work, {}, "--base", "main")
    assert result.status == 3 and b"refs/heads/main" in result.err
    work.git("update-ref", "refs/tags/v1", "HEAD~")
    assert ci(work, {}, "--base", "v1").status == 1
    work.git("config", "remote.origin.url", "http://127.0.0.1:9/none")
    told = ci(work, {}, "--base", "v1")
    assert told.status == 1 and any("tag v1" in note for note in json.loads(told.out)["notes"])
    assert ci(work, {}, "--base", "v1", "--deepen", "never").status == 1


def test_names(forge: Repo, tmp_path: Path) -> None:
    work = cloned(forge, tmp_path / "work")
    git = find(str(work.path), os.environ, own=False).git
    main, tip = forge.git("rev-parse", "main", "change").split()
    work.git("tag", "v1", main)
    work.git("remote", "set-head", "origin", "main")
    meant = {
        tip: ("HEAD", "@", tip, tip[:8], f"v1-1-g{tip[:7]}", "change", "heads/change", "refs/heads/change", "@{0}"),
        main: ("HEAD~", "@~1", f"{tip}^", "origin", "origin/main", "remotes/origin/main", "main", "tags/v1", "v1^0"),
        None: ("", ":/a", "HEAD^{/nothing}", "none", "-x", "a..b", "refs/heads/../x", "v1~7", "origin/none", "^HEAD"),
    }
    for oid, words in meant.items():
        for word in words:
            assert names.commit(git, word, "origin") == (oid.encode() if oid else None), word
    work.git("update-ref", f"refs/tags/{tip[:8]}", main)
    work.git("update-ref", f"refs/tags/{tip}", main)
    with pytest.raises(Incomplete):
        names.commit(git, tip[:8])
    work.git("update-ref", "refs/tags/FETCH_HEAD", main)
    with pytest.raises(Incomplete):
        names.commit(git, "FETCH_HEAD")
    assert names.commit(git, tip) == tip.encode() and names.commit(git, f"{tip}~") == main.encode()


def test_branches_of_the_forge(forge: Repo, tmp_path: Path) -> None:
    git = find(str(cloned(forge, tmp_path / "work").path), os.environ, own=False).git
    for name in ("main", "origin/main", "refs/heads/main", "heads/main", "refs/remotes/origin/main"):
        assert names.of_forge(git, name) == ("refs/heads/main",)
    assert names.of_forge(git, "a/b") == ("refs/heads/a/b",)
    for name in ("HEAD", "refs/tags/v1", "a..b", "refs/heads/-x", "HEAD~1"):
        assert names.of_forge(git, name) == ()
