"""git with its hooks, when one of them does not end."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from scanner.git import hooked
from tests.conftest import Repo

ENOUGH = 0.3  # seconds


@pytest.fixture
def endless(repo: Repo) -> Path:
    """A hook that says something, and ends when the file `over` beside it is there."""
    hook = repo.write(".git/hooks/pre-commit", b"#!/bin/sh\necho begun\nuntil [ -e over ]; do sleep 0.05; done\n")
    hook.chmod(0o755)
    return repo.path / "over"


def commit(repo: Repo, **environ: str) -> tuple[int | None, bytes]:
    return hooked.run(str(repo.path), {**os.environ, **environ}, "commit", "--allow-empty", "-m", "x", seconds=ENOUGH)


def test_all_that_a_hook_started_is_ended(repo: Repo, endless: Path) -> None:
    status, said = commit(repo)
    assert status is None and b"begun" in said


@pytest.mark.skipif(sys.platform == "win32", reason="stands in for Windows")
def test_without_groups_of_processes_taskkill_ends_them(
    repo: Repo, endless: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "killpg")
    (tmp_path / "System32").mkdir()
    tool = tmp_path / "System32" / "taskkill.exe"
    tool.write_text(f'#!/bin/sh\necho "$@" >{tmp_path}/told\ntouch {endless}\nsleep 0.2\n')
    tool.chmod(0o755)
    status, said = commit(repo, SYSTEMROOT=str(tmp_path))
    assert status is None and b"begun" in said
    assert (tmp_path / "told").read_text().startswith("/F /T /PID ")


@pytest.mark.skipif(sys.platform == "win32", reason="stands in for Windows")
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # an output that stays open
def test_what_cannot_be_ended_is_not_waited_for(
    repo: Repo, endless: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "killpg")
    monkeypatch.setattr(hooked, "_GRACE", 0.1)
    try:
        assert commit(repo, SYSTEMROOT=str(tmp_path)) == (None, b"")
    finally:
        endless.touch()
