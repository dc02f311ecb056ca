"""Whose configuration counts in `xoxscan ci`, and what is known of who sees the repository (docs/trust.md)."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scanner.commands.responding import known
from scanner.config import EMPTY
from scanner.git.repository import find
from scanner.respond.exposure import Known
from tests.ci.forge import CI, ZERO, Forge, checkout, github, pull, push, repository
from tests.conftest import Repo, Run, token

BOT, USER, APP = token(), token("user"), token("app-level")
MARK = b"  # xoxscan:ignore a sample\n"
MAIN = "refs/heads/main"


def allows(path: str) -> bytes:
    """A configuration that allows a path."""
    return f"paths:\n  - pattern: {path}\n    reason: samples\n    owner: ada\n".encode()


@pytest.fixture
def small(tmp_path: Path) -> Forge:
    """main (b1 b2) allows samples/ since b2; the change (c1) allows others/ and itself, by a marker."""
    there = Repo(tmp_path / "small")
    ids = {"b1": there.commit({"a": b"a"})}
    ids["b2"] = there.commit({".xoxscan.yaml": allows("samples/")})
    there.git("switch", "-q", "-c", "topic")
    files = {"samples/a": BOT, "others/a": USER, "marked": APP + MARK, ".xoxscan.yaml": allows("others/")}
    ids["c1"] = there.commit(files)
    there.git("update-ref", "refs/pull/7/head", ids["c1"])
    there.git("switch", "-q", "main")
    return Forge(there, ids)


def told(ci: CI, forge: Forge, folder: Path, event: str, payload: dict[str, Any], *options: str) -> dict[str, Any]:
    """The report on a shallow checkout of the change."""
    work = checkout(forge, folder / "work", "c1", 1, "refs/remotes/origin/checked-out")
    ref = payload.get("ref", "refs/pull/7/merge")
    result = ci(work, github(folder, event, payload, sha=forge.ids["c1"], ref=ref), *options)
    assert not result.err, result.err
    report: dict[str, Any] = json.loads(result.out)
    return report


def left(report: dict[str, Any]) -> set[str]:
    """The files of which something is to be said."""
    return {place["path"] for finding in report["findings"] for place in finding["locations"]}


def _group(forge: Forge) -> dict[str, Any]:
    ends = {"base_sha": forge.ids["b2"], "head_sha": forge.ids["c1"]}
    return {"merge_group": ends, "repository": repository()}


SAME: dict[str, tuple[str, Callable[[Forge], dict[str, Any]]]] = {
    "pull request": ("pull_request", lambda f: pull(f, 7, "b2", "c1")),
    "merge group": ("merge_group", _group),
    "push": ("push", lambda f: push(f, "refs/heads/topic", "b2", "c1")),
    "new branch": ("push", lambda f: push(f, "refs/heads/topic", ZERO, "c1")),
    "tag": ("push", lambda f: push(f, "refs/tags/v1", ZERO, "c1")),
}


@pytest.mark.parametrize("name", SAME)
def test_what_stood_there_before_counts(name: str, small: Forge, ci: CI, tmp_path: Path) -> None:
    event, payload = SAME[name]
    report = told(ci, small, tmp_path, event, payload(small))
    assert left(report) == {"others/a"}
    assert report["config_from"] == f"{small.ids['b2'][:12]}:.xoxscan.yaml"
    assert {each["by"] for each in report["suppressed"]} == {"inline", "path"}
    assert "excused by this change: 1 (a sample)" in report["notes"]
    assert report["target"]["kind"] == "ci"


@pytest.mark.parametrize("event", ["pull_request", "pull_request_target"])
def test_a_strangers_change_excuses_nothing(event: str, small: Forge, ci: CI, tmp_path: Path) -> None:
    report = told(ci, small, tmp_path, event, pull(small, 7, "b2", "c1", fork=True))
    assert left(report) == {"others/a", "marked"}
    assert "refused: 1 suppression that this change brings (it comes from another repository)" in report["notes"]


def test_nor_where_the_command_line_names_the_range(small: Forge, ci: CI, tmp_path: Path) -> None:
    payload = pull(small, 7, "b2", "c1", fork=True)
    report = told(ci, small, tmp_path, "pull_request", payload, "--base", small.ids["b2"])
    assert left(report) == {"others/a", "marked"}


@pytest.mark.parametrize("options", [("--base", "refs/remotes/origin/main"), ("--mode", "scan"), ("--mode", "history")])
def test_the_command_line_may_say_that_it_is_a_strangers(
    options: tuple[str, ...], small: Forge, ci: CI, tmp_path: Path
) -> None:
    work = checkout(small, tmp_path / "work", "c1", 0, "refs/remotes/origin/checked-out")
    ours, theirs = (json.loads(ci(work, {}, *options, *more).out) for more in ((), ("--fork",)))
    assert "marked" not in left(ours)
    assert {"others/a", "marked"} <= left(theirs)
    assert theirs["config_from"] is None or "--base" in options


@pytest.mark.parametrize("mode", ["scan", "history"])
def test_nor_where_all_of_it_is_looked_at(mode: str, small: Forge, ci: CI, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    theirs = told(ci, small, tmp_path, "pull_request", pull(small, 7, "b2", "c1", fork=True), "--mode", mode)
    assert left(theirs) == {"others/a", "marked"}
    ours = told(ci, small, tmp_path / "own", "pull_request", pull(small, 7, "b2", "c1"), "--mode", mode)
    assert left(ours) == {"others/a"}


def test_the_base_may_refuse_too(small: Forge, ci: CI, tmp_path: Path) -> None:
    small.ids["b2"] = small.repo.commit({".xoxscan.yaml": b"head_suppressions: refuse\n"})
    report = told(ci, small, tmp_path, "pull_request", pull(small, 7, "b2", "c1"))
    assert left(report) == {"others/a", "marked", "samples/a"}
    assert any("the configuration refuses them" in note for note in report["notes"])


def test_before_the_first_push_nothing_counted(small: Forge, ci: CI, tmp_path: Path) -> None:
    payload = push(small, "refs/heads/topic", ZERO, "c1", repository=repository(default_branch="topic"))
    report = told(ci, small, tmp_path, "push", payload)
    assert left(report) == {"others/a", "samples/a"} and report["config_from"] is None
    assert any("no configuration and no baseline" in note for note in report["notes"])


def test_what_is_checked_out_counts_where_nothing_was_changed(small: Forge, ci: CI, tmp_path: Path) -> None:
    payload = {"repository": repository()}
    report = told(ci, small, tmp_path, "schedule", {**payload, "ref": MAIN})
    assert left(report) == {"samples/a"}  # HEAD's own
    (tmp_path / "other").mkdir()
    report = told(ci, small, tmp_path / "other", "workflow_dispatch", {**payload, "ref": "refs/heads/topic"})
    assert left(report) == {"others/a"}  # the default branch's


def test_a_dispatch_that_may_not_fetch(small: Forge, ci: CI, tmp_path: Path) -> None:
    payload = {"repository": repository(), "ref": "refs/heads/topic"}
    report = told(ci, small, tmp_path, "workflow_dispatch", payload, "--mode", "scan", "--deepen", "never")
    assert left(report) == {"others/a", "samples/a"}
    assert any("no configuration of the repository counts" in note for note in report["notes"])


@pytest.mark.parametrize("link", [False, True])
def test_a_baseline_in_the_work_tree_is_read_before_the_change(
    link: bool, run: Run, ci: CI, tmp_path: Path, repo: Repo
) -> None:
    entries = tmp_path / "entries"
    base = repo.commit({"a": b"a"})
    repo.commit({"a.env": BOT})
    assert ci(repo, {}, "--base", base).status == 1
    assert run("baseline", "write", "--reason", "known", "--owner", "ada").status == 0
    (repo.path / ".xoxscan-baseline").rename(entries)
    if link:
        (repo.path / "known").symlink_to(entries)
        repo.git("add", "known")
    else:
        for each in entries.iterdir():
            repo.write(f"known/{each.name}", each.read_bytes())
        repo.git("add", "known")
    head = repo.commit()
    assert ci(repo, {}, "--base", base, "--baseline", "known").status == 1
    assert ci(repo, {}, "--base", base, "--baseline", str(entries)).status == 0
    after = repo.commit({"b.env": BOT})
    assert ci(repo, {}, "--base", head, "--head", after, "--baseline", "known").status == (1 if link else 0)


def test_a_public_repository_is_told_by_its_event(forge: Forge, ci: CI, tmp_path: Path) -> None:
    here = find(str(forge.repo.path), os.environ, own=False)
    options = argparse.Namespace(visibility="public", event=True)
    assert known(options, EMPTY, here, []) == Known(True, event=True)
    options.event = False
    assert known(options, EMPTY, here, []) == Known(True)
