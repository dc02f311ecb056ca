"""Where a repository stands, against what git itself says of each fact alone."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from scanner.errors import GitError
from scanner.git.repository import Repository, common_dir, find, head, resolve, shallow_commits
from scanner.git.run import sealed
from tests.conftest import Repo


@pytest.fixture
def places(repo: Repo, tmp_path: Path) -> dict[str, Path]:
    """Folders from which the same repository, or a clone of it, is found."""
    repo.commit({"sub/deep/a": b"one\n"})
    repo.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
    repo.git("clone", "-q", "--bare", str(repo.path), str(tmp_path / "bare.git"))
    repo.git("clone", "-q", str(repo.path), str(tmp_path / "line\nfeed"))
    return {
        "top": repo.path,
        "below": repo.path / "sub/deep",
        "linked": tmp_path / "linked",
        "below linked": tmp_path / "linked/sub",
        "git folder": repo.path / ".git",
        "in git folder": repo.path / ".git/refs",
        "bare": tmp_path / "bare.git",
        "in bare": tmp_path / "bare.git/objects",
        "line feed": tmp_path / "line\nfeed",
        "below line feed": tmp_path / "line\nfeed/sub",
    }


def told(repository: Repository, fact: str) -> str:
    """What git says of one fact; nothing where it refuses."""
    status, out, _ = repository.git.attempt("rev-parse", fact)
    return "" if status else out.decode().removesuffix("\n")


def agrees(repository: Repository) -> None:
    assert repository.object_format == told(repository, "--show-object-format")
    assert str(repository.bare).lower() == told(repository, "--is-bare-repository")
    assert str(repository.shallow).lower() == told(repository, "--is-shallow-repository")
    assert repository.git_dir == told(repository, "--absolute-git-dir")
    assert (repository.top or "") == told(repository, "--show-toplevel")
    common = os.path.join(repository.git.cwd, told(repository, "--git-common-dir"))
    assert common_dir(repository) == os.path.normpath(common)


def test_every_fact_is_what_git_says(places: Mapping[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    for place in places.values():
        repository = find(str(place), os.environ, own=False)
        agrees(repository)
        assert os.path.isdir(os.path.join(common_dir(repository), "objects"))
    monkeypatch.chdir(places["below"])
    for folder in (".", "..", os.path.relpath(places["linked"])):
        agrees(find(folder, os.environ, own=False))


def test_what_the_environment_names(places: Mapping[str, Path]) -> None:
    environ = {**os.environ, "GIT_DIR": str(places["bare"])}
    named = find(str(places["top"]), environ, own=True)
    agrees(named)
    assert common_dir(named) == str(places["bare"])
    assert common_dir(find(str(places["top"]), environ, own=False)) == str(places["git folder"])


def test_it_is_asked_for_once(places: Mapping[str, Path]) -> None:
    repository = find(str(places["linked"]), os.environ, own=False)
    elsewhere = repository._replace(git=sealed("/nowhere", {}, own=False))
    assert common_dir(elsewhere) == str(places["git folder"])


def test_a_shallow_clone(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"a": b"one\n"})
    tip = repo.commit({"a": b"two\n"})
    repo.git("clone", "-q", "--depth=1", f"file://{repo.path}", str(tmp_path / "shallow"))
    repository = find(str(tmp_path / "shallow"), os.environ, own=False)
    agrees(repository)
    assert repository.shallow and shallow_commits(repository) == {tip.encode()}
    assert shallow_commits(find(str(repo.path), os.environ, own=False)) == frozenset()


def test_no_repository_and_no_commit(repo: Repo, tmp_path: Path) -> None:
    with pytest.raises(GitError, match="not a git repository"):
        find(str(tmp_path), os.environ, own=False)
    repository = find(str(repo.path), os.environ, own=False)
    assert head(repository) is None
    with pytest.raises(GitError, match="nothing is not a commit here"):
        resolve(repository, "nothing")
    repo.write(".git/refs/heads/main", b"torn")
    with pytest.raises(GitError, match="HEAD"):
        head(repository)
