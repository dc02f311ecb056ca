"""`xoxscan ci` where `.xoxscan.yaml` or an entry of the baseline is broken: in the change, and before it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.ci.forge import CI, ZERO, Forge, checkout, github, pull, push, repository
from tests.conftest import Repo, Result, Run, token

BOT = token()
BROKEN = b"paths: [\n"
NAME = ".xoxscan.yaml"
ENTRY = ".xoxscan-baseline/v1.bot.x.yaml"
HERE = "refs/remotes/origin/checked-out"


def requested(ci: CI, repo: Repo, folder: Path, base: str, head: str, *options: str, fork: bool = False) -> Result:
    """A pull request from one commit to another."""
    forge = Forge(repo, {"b": base, "h": head})
    folder.mkdir()
    work = checkout(forge, folder / "work", "h", 0, HERE)
    payload = pull(forge, 7, "b", "h", fork=fork)
    return ci(work, github(folder, "pull_request", payload, sha=head, ref="refs/pull/7/merge"), *options)


def notes(result: Result) -> str:
    report: dict[str, Any] = json.loads(result.out)
    return "\n".join(report["notes"])


@pytest.mark.parametrize("mode", ["auto", "scan", "history"])
def test_a_change_that_breaks_it_is_refused(mode: str, repo: Repo, ci: CI, tmp_path: Path) -> None:
    base = repo.commit({"a": b"a", NAME: b"paths: []\n"})
    head = repo.commit({NAME: BROKEN})
    result = requested(ci, repo, tmp_path / "one", base, head, f"--mode={mode}")
    assert result.status == 2 and f"{head[:12]}:{NAME}:2".encode() in result.err
    assert b"correct it in this change" in result.err


def test_where_it_is_broken_already_changes_pass_and_so_does_the_repair(repo: Repo, ci: CI, tmp_path: Path) -> None:
    repo.commit({"a": b"a"})
    base = repo.commit({NAME: b"paths:\n- {pattern: '*.env', reason: x, owner: ada}\npathz: []\n"})
    clean = repo.commit({"b": b"b"})
    result = requested(ci, repo, tmp_path / "clean", base, clean)
    assert result.status == 0
    assert f"WARNING: {base[:12]}:{NAME}:3: 'pathz' is no key" in notes(result)
    assert "its repair passes this check" in notes(result)
    assert json.loads(result.out)["config_from"] is None
    repaired = repo.commit({NAME: b"paths: []\n"})
    assert requested(ci, repo, tmp_path / "repair", base, repaired).status == 0
    again = repo.commit({NAME: BROKEN})
    assert requested(ci, repo, tmp_path / "again", base, again).status == 2
    after = repo.commit({NAME: b"paths: []\n", "c": b"c"})
    assert "WARNING" not in notes(requested(ci, repo, tmp_path / "after", repaired, after))


def test_a_broken_one_allows_nothing(repo: Repo, ci: CI, tmp_path: Path) -> None:
    base = repo.commit({NAME: b"paths: [{pattern: '*.env', reason: x, owner: ada}]\npathz: []\n"})
    marked = repo.commit({"a.env": BOT + b"  # xoxscan:ignore a sample\n"})
    result = requested(ci, repo, tmp_path / "one", base, marked)
    assert result.status == 1 and "refused: 1 suppression" in notes(result)
    (tmp_path / "mine.yaml").write_text("head_suppressions: accept\n")
    mine = ("--config", str(tmp_path / "mine.yaml"))
    assert requested(ci, repo, tmp_path / "accepted", base, marked, *mine).status == 0
    assert requested(ci, repo, tmp_path / "fork", base, marked, *mine, fork=True).status == 1


def test_what_the_change_did_not_bring_is_not_its_fault(repo: Repo, ci: CI, tmp_path: Path) -> None:
    """It left the base while that was broken."""
    left = repo.commit({NAME: BROKEN})
    base = repo.commit({NAME: b"paths: []\n"})
    repo.git("switch", "-q", "-c", "topic", left)
    head = repo.commit({"b": b"b"})
    result = requested(ci, repo, tmp_path / "one", base, head)
    assert result.status == 0 and "WARNING" not in notes(result)


def test_pushes_and_tags(repo: Repo, ci: CI, tmp_path: Path) -> None:
    ids = {"b": repo.commit({"a": b"a"}), "h": repo.commit({NAME: BROKEN})}
    forge = Forge(repo, ids)
    work = checkout(forge, tmp_path / "work", "h", 0, HERE)
    work.git("update-ref", "refs/remotes/origin/main", ids["b"])
    repo.git("reset", "-q", "--hard", ids["b"])
    for ref, status in (("refs/heads/main", 2), ("refs/heads/topic", 2), ("refs/tags/v1", 0)):
        for before in ("b", ZERO):
            payload = push(forge, ref, before, "h")
            result = ci(work, github(tmp_path, "push", payload, sha=ids["h"], ref=ref))
            assert result.status == status, (ref, before, result.err)


def test_heads_own_stays_an_error_where_nothing_was_changed(repo: Repo, ci: CI, tmp_path: Path) -> None:
    ids = {"h": repo.commit({NAME: BROKEN})}
    work = checkout(Forge(repo, ids), tmp_path / "work", "h", 0, HERE)
    payload = {"repository": repository(), "ref": "refs/heads/main"}
    for mode in ("auto", "scan"):
        environ = github(tmp_path, "schedule", payload, sha=ids["h"], ref="refs/heads/main")
        result = ci(work, environ, f"--mode={mode}")
        assert result.status == 2 and NAME.encode() in result.err


def test_one_that_the_operator_names_in_the_work_tree(repo: Repo, ci: CI) -> None:
    good = repo.commit({"ci/mine.yaml": b"paths: []\n"})
    bad = repo.commit({"ci/mine.yaml": BROKEN})
    options = ("--config", "ci/mine.yaml")
    result = ci(repo, {}, "--base", good, *options)
    assert result.status == 2 and f"{bad[:12]}:ci/mine.yaml:2".encode() in result.err
    repaired = repo.commit({"ci/mine.yaml": b"paths: []\n"})
    result = ci(repo, {}, "--base", bad, *options)
    assert result.status == 0 and f"WARNING: {bad[:12]}:ci/mine.yaml:2" in notes(result)
    assert "WARNING" not in notes(ci(repo, {}, "--base", repaired, *options, "--allow-empty"))
    assert ci(repo, {}, "--base", good, "--config", "a.yaml").status == 2


def test_the_operators_own_stays_an_error(repo: Repo, ci: CI, tmp_path: Path) -> None:
    base = repo.commit({NAME: BROKEN})
    repo.commit({"a": b"a"})
    (tmp_path / "mine.yaml").write_text("pathz: []\n")
    result = ci(repo, {}, "--base", base, "--config", str(tmp_path / "mine.yaml"))
    assert result.status == 2 and b"mine.yaml:1" in result.err


@pytest.mark.parametrize("folder", [".xoxscan-baseline", "known"])
def test_an_entry_of_the_baseline(folder: str, run: Run, repo: Repo, ci: CI, tmp_path: Path) -> None:
    options = ("--baseline", folder) if folder == "known" else ()
    first = repo.commit({"a.env": BOT})
    assert run("baseline", "write", "--reason", "known", "--owner", "ada").status == 0
    if options:
        (repo.path / ".xoxscan-baseline").rename(repo.path / folder)
    repo.git("add", "-A")
    good = repo.commit()
    bad = repo.commit({f"{folder}/broken.yaml": b"fingerprint: x\n"})
    result = ci(repo, {}, "--base", good, *options)
    assert result.status == 2 and f"{bad[:12]}:{folder}/broken.yaml:1".encode() in result.err
    assert ci(repo, {}, "--base", good, "--baseline", str(tmp_path)).status == 0
    again = repo.commit({"b.env": BOT})
    result = ci(repo, {}, "--base", bad, *options)
    assert result.status == 1 and "no entry of the baseline counts" in notes(result)
    repo.git("rm", "-q", f"{folder}/broken.yaml")
    repo.commit()
    assert ci(repo, {}, "--base", again, *options).status == 0
    assert ci(repo, {}, "--base", first, "--mode=auto", *options).status == 1
