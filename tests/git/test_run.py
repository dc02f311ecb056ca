"""How git is started: sealed, and with errors that say what to do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scanner.errors import GitError
from scanner.git import run
from scanner.git.run import Git, program, sealed
from tests.conftest import Repo


def at(folder: Path, **environ: str) -> Git:
    return sealed(str(folder), {**os.environ, **environ}, own=False)


def test_the_list_of_local_variables_is_gits(repo: Repo) -> None:
    listed = set(repo.git("rev-parse", "--local-env-vars").split())
    # What later gits renamed or dropped may stand in ours; nothing of theirs may be missing.
    assert listed <= run.LOCAL_VARIABLES


def test_variables_of_another_repository_are_dropped(repo: Repo, tmp_path: Path) -> None:
    other = Repo(tmp_path / "other")
    git = at(repo.path, GIT_DIR=str(other.path / ".git"), GIT_CONFIG_COUNT="1", GIT_CONFIG_KEY_0="a.b")
    assert git.run("rev-parse", "--absolute-git-dir").decode().strip() == str(repo.path / ".git")
    assert not [name for name in git.environ if name.startswith(("GIT_CONFIG_KEY", "GIT_DIR"))]


def test_a_hooks_variables_are_kept(repo: Repo) -> None:
    kept = sealed(str(repo.path), {**os.environ, "GIT_INDEX_FILE": "x", "GIT_TRACE": "1"}, own=True).environ
    assert kept["GIT_INDEX_FILE"] == "x"
    assert "GIT_TRACE" not in kept


def test_programs_of_the_environment_are_dropped(repo: Repo) -> None:
    names = ("GIT_EXTERNAL_DIFF", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_ASKPASS", "GIT_PAGER")
    kept = sealed(str(repo.path), {**os.environ, **dict.fromkeys(names, "evil")}, own=True).environ
    assert not [name for name in names if name in kept]


def test_a_failure_has_gits_own_words(repo: Repo) -> None:
    with pytest.raises(GitError, match="status 128"):
        at(repo.path).run("rev-list", "nonsense")


def test_outside_of_a_repository_the_hint_says_so(tmp_path: Path) -> None:
    with pytest.raises(GitError) as raised:
        at(tmp_path).run("rev-parse", "HEAD")
    assert "name a git repository" in raised.value.hint


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for wrong in (tmp_path / "absent", tmp_path / "file"):
        with pytest.raises(GitError, match="is not a folder"):
            at(wrong).run("version")


def test_git_that_is_not_installed(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitError, match="git was not found"):
        at(repo.path).run("version")


@pytest.mark.parametrize(
    ("says", "fine"), [("2.33.9", False), ("2.34.0", True), ("2.55.0.windows.1", True), ("", False)]
)
def test_the_oldest_git(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str, fine: bool) -> None:
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text(f"#!/bin/sh\necho git version {says}\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    if fine:
        assert run.require_version(at(repo.path)) >= run.OLDEST
    else:
        with pytest.raises(GitError, match="too old"):
            run.require_version(at(repo.path))


def test_on_windows_only_path_is_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There the current folder, a repository's perhaps, would come first."""
    good, evil = tmp_path / "good", tmp_path / "evil"
    for folder in (good, evil):
        folder.mkdir()
        (folder / "git.exe").touch()
    monkeypatch.chdir(evil)
    path = os.pathsep.join([".", "", "../evil", str(tmp_path), str(good)])
    assert program({"PATH": path}, windows=True) == str(good / "git.exe")
    assert os.path.isabs(program({"PATH": "."}, windows=True)) and program({"PATH": path}, windows=False) == "git"
