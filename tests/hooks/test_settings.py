"""What git's configuration says of hooks, read from real files: any git keeps it, only a newer one goes by it."""

from __future__ import annotations

import os
from pathlib import Path

from scanner.git.run import Git
from scanner.git.run import sealed as sealed_git
from scanner.hooks.settings import Entry, Setting, Switch, configure, entries, forget, hooks_path, named, off, switches
from tests.conftest import Repo

WORDS = ["/opt/xoxscan"]


def git(repo: Repo) -> Git:
    return sealed_git(str(repo.path), os.environ, own=False)


def test_hooks_path_is_the_last_that_is_said(repo: Repo, sealed: Path) -> None:
    assert hooks_path(git(repo)) is None
    repo.git("config", "--global", "core.hooksPath", "~/all hooks")
    assert hooks_path(git(repo)) == Setting("global", f"{sealed}/all hooks")
    repo.git("config", "core.hooksPath", "line\nfeed")
    assert hooks_path(git(repo)) == Setting("local", "line\nfeed")


def test_entries_as_they_are_named(repo: Repo) -> None:
    assert entries(git(repo)) == []
    for key, value in (
        ("hook.a.b.command", "say \n this"),
        ("hook.a.b.event", "pre-push"),
        ("hook.lint.event", "pre-commit"),
        ("hook.none.event", "pre-commit"),
        ("hook.lint.command", "lint"),
        ("hook.lint.enabled", "00"),
    ):
        repo.git("config", key, value)
    repo.git("config", "--add", "hook.a.b.event", "pre-commit")
    first, second = entries(git(repo))
    assert first == Entry("a.b", "say \n this", ("pre-push", "pre-commit"), True, "local")
    assert second == Entry("lint", "lint", ("pre-commit",), False, "local")
    repo.git("config", "--add", "hook.a.b.event", "")
    repo.git("config", "hook.lint.enabled", "neither")
    assert [(entry.name, entry.enabled) for entry in entries(git(repo))] == [("lint", True)]


def test_a_switch_for_all_hooks_of_an_event(repo: Repo) -> None:
    repo.git("config", "--global", "hook.pre-push.enabled", "no")
    repo.git("config", "hook.pre-commit.enabled", "off")
    repo.git("config", "hook.commit-msg.enabled", "perhaps")
    repo.git("config", "hook.post-commit.enabled", "no")
    assert sorted(switches(git(repo))) == [Switch("pre-commit", False, "local"), Switch("pre-push", False, "global")]
    repo.git("config", "hook.pre-push.enabled", "1k")
    (event,) = off(switches(git(repo)))
    assert event == "pre-commit"


def test_what_is_configured_is_found_and_taken_away(repo: Repo) -> None:
    repo.git("config", "hook.pre-push.enabled", "false")
    *lines, last = configure(git(repo), "local", WORDS)
    assert [line.partition(": ")[2] for line in lines] == ["installed in git's local configuration"] * 4
    assert last.startswith("pre-push: is switched off: hook.pre-push.enabled is false (local)")
    assert {line.partition(": ")[2] for line in configure(git(repo), "local", WORDS)[:4]} == {"is there already"}
    found = entries(git(repo))
    entry = named(found, "commit-msg")
    assert entry and entry.command.endswith("/opt/xoxscan hook --commit-msg-file")
    assert named(found, "post-commit") is None
    assert len(forget(git(repo), "local")) == 4 and forget(git(repo), "local") == []
    assert entries(git(repo)) == []
