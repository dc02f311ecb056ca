"""The demo's repository is the same everywhere, and each fake stands where the story says."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from scanner.demo import scratch
from scanner.demo.scratch import Planted

ENVIRON = {"PATH": os.environ["PATH"]}


def git(folder: Path, *arguments: str) -> bytes:
    env = {**ENVIRON, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    return subprocess.run(["git", *arguments], cwd=folder, env=env, stdout=subprocess.PIPE, check=True).stdout


@pytest.fixture
def planted(tmp_path: Path) -> dict[str, Planted]:
    return {fake.kind: fake for fake in scratch.build(tmp_path, ENVIRON)}


def test_the_same_objects_come_out_whatever_the_caller_has_set(tmp_path: Path) -> None:
    settings = tmp_path / "settings"
    settings.write_text("[commit]\n\tgpgSign = true\n[init]\n\tdefaultBranch = other\n[core]\n\tautocrlf = true\n")
    strange = {**ENVIRON, "GIT_CONFIG_GLOBAL": str(settings), "GIT_DIR": "/nowhere", "GIT_AUTHOR_NAME": "Somebody Else"}
    listed = []
    for name, environ in (("one", ENVIRON), ("two", strange)):
        (tmp_path / name).mkdir()
        scratch.build(tmp_path / name, environ)
        listed.append(git(tmp_path / name, "cat-file", "--batch-all-objects", "--batch-check"))
    assert listed[0] == listed[1]
    assert b" commit " in listed[0]


def test_the_webhook_is_in_the_log_and_no_longer_in_the_files(tmp_path: Path, planted: dict[str, Planted]) -> None:
    fake = planted["webhook"].secret.reveal()
    assert fake in git(tmp_path, "log", "-p", "main")
    assert fake not in (tmp_path / "notify.py").read_bytes()


def test_the_rotating_token_came_with_a_merge_that_the_log_does_not_show(
    tmp_path: Path, planted: dict[str, Planted]
) -> None:
    fake = planted["config-access"].secret.reveal()
    added = b"+token = " + fake
    assert added not in git(tmp_path, "log", "-p", "main")
    assert added in git(tmp_path, "log", "-p", "-m", "main")


def test_the_cookie_is_in_the_stash_alone(tmp_path: Path, planted: dict[str, Planted]) -> None:
    fake = planted["session-cookie"].secret.reveal()
    assert fake in git(tmp_path, "stash", "show", "-p")
    assert fake not in git(tmp_path, "log", "-p", "-m", "main")


def test_the_refresh_token_is_reached_by_the_reflog_alone(tmp_path: Path, planted: dict[str, Planted]) -> None:
    fake = planted["config-refresh"].secret.reveal()
    assert fake not in git(tmp_path, "log", "-p", "-m", "--all")
    assert fake in git(tmp_path, "log", "-p", "-m", "--reflog")


def test_the_bot_token_is_in_a_file_that_git_does_not_know(tmp_path: Path, planted: dict[str, Planted]) -> None:
    fake = planted["bot"].secret.reveal()
    assert fake in (tmp_path / ".env").read_bytes()
    assert git(tmp_path, "status", "--porcelain") == b"?? .env\n"
