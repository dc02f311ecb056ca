"""The demo's repository is the same everywhere, and each fake stands where the story says."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from scanner.demo import scratch
from scanner.slack.anatomy import grant

ENVIRON = {"PATH": os.environ["PATH"]}


def git(folder: Path, *arguments: str) -> bytes:
    env = {**ENVIRON, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    return subprocess.run(["git", *arguments], cwd=folder, env=env, stdout=subprocess.PIPE, check=True).stdout


@pytest.fixture
def fake(tmp_path: Path) -> dict[str, bytes]:
    """What was planted, by the file it was planted in."""
    planted = scratch.build(tmp_path, ENVIRON)
    return {one.where.partition(",")[0]: one.secret.reveal() for one in planted}


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


def test_the_bot_token_is_in_the_log_and_no_longer_in_the_files(tmp_path: Path, fake: dict[str, bytes]) -> None:
    assert fake["deploy.py"] in git(tmp_path, "log", "-p", "main")
    assert fake["deploy.py"] not in (tmp_path / "deploy.py").read_bytes()


def test_the_rotating_token_came_with_a_merge_that_the_log_does_not_show(
    tmp_path: Path, fake: dict[str, bytes]
) -> None:
    added = b"+token = " + fake["settings.ini"]
    assert added not in git(tmp_path, "log", "-p", "main")
    assert added in git(tmp_path, "log", "-p", "-m", "main")


def test_the_refresh_token_is_on_a_branch_that_only_the_remote_has(tmp_path: Path, fake: dict[str, bytes]) -> None:
    assert fake["state.json"] not in git(tmp_path, "log", "-p", "-m", "--branches", "--tags")
    assert fake["state.json"] in git(tmp_path, "log", "-p", "--remotes=origin")


def test_the_webhook_is_reached_by_the_reflog_alone(tmp_path: Path, fake: dict[str, bytes]) -> None:
    assert fake["notify.py"] not in git(tmp_path, "log", "-p", "-m", "--all")
    assert fake["notify.py"] in git(tmp_path, "log", "-p", "-m", "--reflog")


def test_the_cookie_is_in_the_stash_alone(tmp_path: Path, fake: dict[str, bytes]) -> None:
    assert fake["bot.py"] in git(tmp_path, "stash", "show", "-p")
    assert fake["bot.py"] not in git(tmp_path, "log", "-p", "-m", "--branches", "--remotes")


def test_the_new_bot_token_is_in_a_file_that_git_does_not_know(tmp_path: Path, fake: dict[str, bytes]) -> None:
    assert fake[".env"] in (tmp_path / ".env").read_bytes()
    assert git(tmp_path, "status", "--porcelain") == b"?? .env\n"


def test_what_was_pushed_is_what_the_story_calls_pushed(tmp_path: Path, fake: dict[str, bytes]) -> None:
    pushed = git(tmp_path, "log", "-p", "-m", "--remotes=origin")
    assert {name for name, secret in fake.items() if secret in pushed} == {"deploy.py", "settings.ini", "state.json"}
    assert git(tmp_path, "for-each-ref", "--format=%(refname)", "refs/remotes").split() == [
        b"refs/remotes/origin/main",
        b"refs/remotes/origin/rotate",
    ]


def test_the_pair_is_of_one_grant_and_all_of_one_workspace() -> None:
    fake = scratch.tokens()
    both = grant("config-access", fake.access.encode()), grant("config-refresh", fake.refresh.encode())
    assert both[0] == both[1]
    assert both[0] is not None
    assert {both[0][0], *(token.split("-")[1] for token in (fake.bot, fake.new_bot))} == {both[0][0]}
    assert len(set(fake)) == len(fake)
