"""`xoxscan ci` where there is no range, where something is missing, and where the command line says what."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scanner.ci import settle
from tests.ci.forge import (
    CI,
    ZERO,
    Forge,
    checkout,
    github,
    looked_at,
    named,
    pull,
    push,
    repository,
)
from tests.conftest import Repo, token

GONE = "c0ffee" + "0" * 34
MAIN, TOPIC, HERE = "refs/heads/main", "refs/heads/feature", "refs/remotes/origin/checked-out"
EVERYTHING = "f1 f2 f3 f4 f5 g1 m1 m2 m3 m4 m5 o1 t1 t2 y1 y2"


# No range


@pytest.mark.parametrize("event", ["push", "delete"])
def test_a_deletion_is_no_fault_and_said(event: str, forge: Forge, ci: CI, tmp_path: Path) -> None:
    work = checkout(forge, tmp_path / "work", "m5", 1, HERE)
    environ = github(tmp_path, event, push(forge, TOPIC, "f5", ZERO, deleted=True), sha=forge.ids["m5"], ref=MAIN)
    result = ci(work, environ, form="text")
    assert (result.status, b"deleted" in result.out) == (0, True)


def test_a_push_that_says_nothing_is_no_deletion(forge: Forge, ci: CI, tmp_path: Path) -> None:
    """A broken mount, or a local runner: what GITHUB_SHA names is looked at, or it is said that nothing could be."""
    work = checkout(forge, tmp_path / "work", "f5", 0, HERE)
    assert looked_at(ci(work, github(tmp_path, "push", {}, sha=forge.ids["f5"], ref=TOPIC)))
    assert ci(work, github(tmp_path, "push", {}, sha="", ref=TOPIC)).status == 3


@pytest.mark.parametrize("depth", [1, 0])
@pytest.mark.parametrize("event", ["schedule", "workflow_dispatch", "repository_dispatch"])
def test_everything(event: str, depth: int, forge: Forge, ci: CI, tmp_path: Path) -> None:
    work = checkout(forge, tmp_path / "work", "m5", depth, HERE)
    payload = {"schedule": "5 4 * * *", "repository": repository()}
    result = ci(work, github(tmp_path, event, payload, sha=forge.ids["m5"], ref=MAIN))
    report = json.loads(result.out)
    commits = {place["commit"] for finding in report["findings"] for place in finding["locations"]}
    assert result.status == 1 and not report["problems"]
    assert named(forge, commits) == EVERYTHING
    places = [place for finding in report["findings"] for place in finding["locations"]]
    assert not any(place["reach"]["unreachable"] for place in places)
    assert report["target"]["kind"] == "history"


def test_everything_of_a_shallow_checkout_that_may_not_fetch(forge: Forge, ci: CI, tmp_path: Path) -> None:
    work = checkout(forge, tmp_path / "work", "f5", 1, HERE)
    environ = github(tmp_path, "workflow_dispatch", {"repository": repository()}, sha=forge.ids["f5"], ref=TOPIC)
    result = ci(work, environ, "--deepen", "never", "--fail-on", "none")
    assert result.status == 3
    report = json.loads(result.out)
    assert "shallow" in report["problems"][0]["message"]


def test_modes(forge: Forge, ci: CI, tmp_path: Path) -> None:
    work = checkout(forge, tmp_path / "work", "p7", 1, HERE)
    environ = github(tmp_path, "pull_request", pull(forge, 7, "m5", "f5"), sha=forge.ids["p7"], ref="r")
    files = json.loads(ci(work, environ, "--mode", "scan").out)
    assert files["target"]["kind"] == "scan" and files["coverage"]["files"] == 11
    everything = json.loads(ci(work, environ, "--mode", "history").out)
    assert everything["target"]["kind"] == "history" and everything["coverage"]["commits"] >= 16
    assert ci(work, {}, "--mode", "scan").status == 1
    assert ci(work, {}, "--mode", "history").status == 1
    assert ci(work, environ, "--mode", "scan", "--respond", "revoke", "--yes").status == 2
    assert ci(work, environ, "--mode", "scan", "--base", "HEAD").status == 2


@pytest.mark.parametrize(
    ("event", "payload", "said"),
    [
        ("issues", "{}", b"'issues' has no range"),
        ("push", "[]", b"no object"),
        ("push", "{", b"no JSON"),
        ("push", '{"a":' + "[" * 100_000, b"nested too deep"),
        ("push", '{"after": "--upload-pack=x"}', b"no after"),
        ("push", '{"after": "abc", "before": 1}', b"no after"),
        ("pull_request", '{"pull_request": []}', b"no pull_request.head.sha"),
        ("merge_group", "{}", b"merge_group.head_sha"),
        ("schedule", "{}", b""),
    ],
)
def test_events_that_say_nothing(
    event: str, payload: str, said: bytes, forge: Forge, ci: CI, tmp_path: Path, repo: Repo
) -> None:
    environ = github(tmp_path, event, {}, sha="x", ref="r")
    (tmp_path / "event.json").write_text(payload)
    result = ci(repo, environ, *([] if said else ["--mode", "range"]))
    assert result.status == 3 and said in result.err and b"--base and --head" in result.err


def test_no_event_at_all(ci: CI, repo: Repo, tmp_path: Path) -> None:
    assert b"no CI system" in ci(repo, {}).err
    environ = github(tmp_path, "push", {}, sha="x", ref="r") | {"GITHUB_EVENT_PATH": str(tmp_path / "none")}
    assert b"No such file" in ci(repo, environ).err


def test_an_empty_repository(ci: CI, repo: Repo) -> None:
    assert ci(repo, {}, "--mode", "history").status == 3
    assert ci(repo, {}, "--mode", "history", "--allow-empty").status == 0


# Ends by hand


def test_base_and_head_anywhere(forge: Forge, ci: CI, tmp_path: Path) -> None:
    work = checkout(forge, tmp_path / "work", "f5", 1, HERE)
    ends = ("--base", "origin/main")
    assert named(forge, looked_at(ci(work, {}, *ends))) == "f1 f2 f3 f4 f5"
    assert named(forge, looked_at(ci(work, {}, "--base", forge.ids["f3"], "--head", "HEAD~"))) == "f4 m4 o1"
    assert named(forge, looked_at(ci(work, {}, "--base", "main", "--head", "refs/heads/forced"))) == "y1 y2"
    same = ci(work, {}, "--base", "HEAD", form="text")
    assert (same.status, b"range is empty" in same.out) == (0, True)


@pytest.mark.parametrize("depth", [1, 0])
@pytest.mark.parametrize("event", ["none", "push"])
def test_swapped_ends_are_no_clean_range(event: str, depth: int, forge: Forge, ci: CI, tmp_path: Path) -> None:
    """A workflow with swapped ends would look at nothing for ever, and be green."""
    work = checkout(forge, tmp_path / "work", "m5", depth, HERE)
    environ = github(tmp_path, event, push(forge, MAIN, "m3", "m5"), sha=forge.ids["m5"], ref=MAIN)
    ends = ("--base", "HEAD", "--head", forge.ids["m3"])
    result = ci(work, environ if event == "push" else {}, *ends)
    assert (result.status, result.out) == (3, b"")
    assert b"backwards" in result.err and f"write --base {forge.ids['m3']} --head HEAD".encode() in result.err
    told = ci(work, {}, *ends, "--allow-empty", form="text")
    assert (told.status, b"is an ancestor of" in told.out) == (0, True)
    assert named(forge, looked_at(ci(work, {}, "--base", forge.ids["m3"], "--head", "HEAD"))) == "m4 m5 o1"


@pytest.mark.parametrize("ends", [("--base", ""), ("--base", "HEAD", "--head", ""), ("--head", "")])
def test_ends_that_are_empty(ends: tuple[str, ...], forge: Forge, ci: CI, tmp_path: Path) -> None:
    """As of a variable that is not set."""
    work = checkout(forge, tmp_path / "work", "f5", 1, HERE)
    environ = github(tmp_path, "push", push(forge, TOPIC, "f3", "f5"), sha=forge.ids["f5"], ref=TOPIC)
    for each in ({}, environ):
        result = ci(work, each, *ends)
        assert result.status == 2 and f"{ends[-2]} is empty".encode() in result.err


def test_ends_that_are_none(forge: Forge, ci: CI, tmp_path: Path) -> None:
    work = checkout(forge, tmp_path / "work", "f5", 1, HERE)
    assert ci(work, {}, "--head", "HEAD").status == 2
    for base in (GONE, "no-such-branch", "-x", "a..b", "HEAD~99", "refs/heads/../../x"):
        result = ci(work, {}, f"--base={base}")
        assert result.status == 3 and b"not a commit here" in result.err, base


def test_the_command_line_comes_before_the_event(forge: Forge, ci: CI, tmp_path: Path) -> None:
    work = checkout(forge, tmp_path / "work", "p7", 0, HERE)
    environ = github(tmp_path, "pull_request", pull(forge, 7, "m5", "f5"), sha=forge.ids["p7"], ref="r")
    result = ci(work, environ, "--base", forge.ids["f3"], "--head", forge.ids["f5"])
    assert named(forge, looked_at(result)) == "f4 f5 m4 o1"
    assert json.loads(result.out)["target"]["kind"] == "range"
    unknown = ci(work, {**environ, "GITHUB_EVENT_NAME": "issues"}, "--base", forge.ids["m5"])
    assert json.loads(unknown.out)["coverage"]["commits"] == 6  # with the merge that is checked out


# What is missing


@pytest.mark.parametrize("depth", [1, 2])
def test_without_fetching_it_is_incomplete(depth: int, forge: Forge, ci: CI, tmp_path: Path) -> None:
    work = checkout(forge, tmp_path / "work", "p7", depth, HERE)
    environ = github(tmp_path, "pull_request", pull(forge, 7, "m5", "f5"), sha=forge.ids["p7"], ref="r")
    result = ci(work, environ, "--deepen", "never", "--fail-on", "none", form="text")
    assert result.status == 3 and b"fetch-depth: 0" in result.out + result.err


def test_a_branch_whose_default_may_not_be_fetched(forge: Forge, ci: CI, tmp_path: Path) -> None:
    work = checkout(forge, tmp_path / "work", "f5", 1, HERE)
    environ = github(tmp_path, "push", push(forge, TOPIC, ZERO, "f5"), sha=forge.ids["f5"], ref=TOPIC)
    result = ci(work, environ, "--deepen", "never")
    assert result.status == 3 and b"default branch (main)" in result.err


@pytest.mark.parametrize("depth", [1, 0])
@pytest.mark.parametrize("noted", ["f5", "m2"])
def test_the_forge_says_where_the_default_branch_stands(
    noted: str, depth: int, forge: Forge, ci: CI, tmp_path: Path
) -> None:
    """What is noted here of it is the change itself, or old."""
    work = checkout(forge, tmp_path / "work", "f5", depth, HERE)
    if noted == "m2" and depth:
        work.git("fetch", "-q", "--depth=1", "origin", forge.ids["m2"])
    work.git("update-ref", "refs/remotes/origin/main", forge.ids[noted])
    environ = github(tmp_path, "push", push(forge, TOPIC, ZERO, "f5"), sha=forge.ids["f5"], ref=TOPIC)
    assert named(forge, looked_at(ci(work, environ))) == "f1 f2 f3 f4 f5"
    work.git("config", "remote.origin.url", "http://127.0.0.1:9/none")
    told = json.loads(ci(work, environ, "--fail-on", "none").out)
    assert any("main is taken as it is noted here" in note for note in told["notes"])
    work.git("update-ref", "-d", "refs/remotes/origin/main")
    assert ci(work, environ).status == 3


def test_without_a_remote(forge: Forge, ci: CI, tmp_path: Path) -> None:
    work = checkout(forge, tmp_path / "work", "y2", 1, HERE)
    work.git("remote", "remove", "origin")
    environ = github(tmp_path, "push", push(forge, "refs/heads/forced", "x2", "y2"), sha=forge.ids["y2"], ref="r")
    assert b"nothing was fetched" in ci(work, environ).err


def test_a_forge_without_a_default_branch(forge: Forge, ci: CI, tmp_path: Path) -> None:
    work = checkout(forge, tmp_path / "work", "y2", 1, HERE)
    payload = push(forge, "refs/heads/forced", ZERO, "y2", repository=repository(default_branch="trunk"))
    result = ci(work, github(tmp_path, "push", payload, sha=forge.ids["y2"], ref="refs/heads/forced"))
    assert named(forge, looked_at(result)) == "m1 m2 m3 y1 y2"
    assert "the forge has no branch trunk: everything that was pushed is looked at" in json.loads(result.out)["notes"]


def test_a_pull_request_of_which_only_refs_lead_to_its_commits(forge: Forge, ci: CI, tmp_path: Path) -> None:
    """A forge that gives away no commit by its id, as old ones did."""
    work = checkout(forge, tmp_path / "work", "m5", 1, HERE)
    environ = github(tmp_path, "pull_request_target", pull(forge, 8, "m4", "k2", fork=True), sha="", ref=MAIN)
    (tmp_path / "home.config").write_text("[protocol]\n\tversion = 0\n")
    result = ci(work, {**environ, "GIT_CONFIG_GLOBAL": str(tmp_path / "home.config")})
    assert named(forge, looked_at(result)) == "k1 k2"


def long(path: Path, commits: int) -> tuple[Repo, list[str]]:
    """A history of one line, and a branch `short` of one commit from its third."""
    lines = []
    for number in range(commits):
        lines += [b"commit refs/heads/main", b"mark :%d" % (number + 1), b"committer A <a@b> %d +0000" % number]
        lines += [b"data 1", b"x", b"M 100644 inline a", b"data %d" % len(str(number)), b"%d" % number]
    lines += [b"commit refs/heads/short", b"committer A <a@b> 1 +0000", b"data 1", b"y", b"from :3", b""]
    there = Repo(path)
    there.git("fast-import", "--quiet", stdin=b"\n".join(lines))
    return there, there.git("rev-list", "--reverse", "main").split()


def test_it_fetches_until_the_range_is_whole(ci: CI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there, oids = long(tmp_path / "there", 400)
    for number, (base, steps) in enumerate({-2: 1, -40: 1, -130: 3, 1: 4}.items()):
        there.git("clone", "-q", "--depth=1", f"file://{there.path}", str(tmp_path / f"work{number}"))
        work = Repo.__new__(Repo)
        work.path = tmp_path / f"work{number}"
        result = ci(work, {}, "--base", oids[base])
        expected = len(oids[oids.index(oids[base]) + 1 :])
        assert json.loads(result.out)["coverage"]["commits"] == expected and result.status == 0, steps


def test_in_the_end_it_fetches_everything(ci: CI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there, _ = long(tmp_path / "there", 200)
    monkeypatch.setattr(settle, "DEEPENINGS", (5,))
    there.git("clone", "-q", "--depth=1", "--no-single-branch", f"file://{there.path}", str(tmp_path / "work"))
    work = Repo.__new__(Repo)
    work.path = tmp_path / "work"
    result = ci(work, {}, "--base", "origin/short")
    assert json.loads(result.out)["coverage"]["commits"] == 197 and result.status == 0
    assert not (work.path / ".git/shallow").exists()


def test_what_is_known_may_end_too_early(ci: CI, tmp_path: Path) -> None:
    """All of the short branch is here, and of main too little to tell that most of it is known there: else commits
    that are known would count as new."""
    there, _ = long(tmp_path / "there", 80)
    work = Repo(tmp_path / "work")
    work.git("remote", "add", "origin", f"file://{there.path}")
    work.git("fetch", "-q", "--depth=9", "origin", "+refs/heads/short:refs/remotes/origin/short")
    work.git("fetch", "-q", "--depth=2", "origin", "+refs/heads/main:refs/remotes/origin/main")
    work.git("checkout", "-q", "origin/short")
    assert len(work.git("rev-list", "origin/main..HEAD").split()) == 4
    unsure = json.loads(ci(work, {}, "--base", "origin/main", "--deepen", "never").out)
    assert unsure["coverage"]["commits"] == 4 and "may be known already" in unsure["notes"][0]
    result = ci(work, {}, "--base", "origin/main")
    assert json.loads(result.out)["coverage"]["commits"] == 1


def test_the_message_of_an_annotated_tag(ci: CI, tmp_path: Path) -> None:
    there = Repo(tmp_path / "there")
    oid = there.commit({"a": b"a"})
    there.git("tag", "-a", "v1", "-m", "subject\n\n" + token().decode())
    tag = there.git("rev-parse", "v1")
    work = Repo(tmp_path / "work")
    work.git("remote", "add", "origin", f"file://{there.path}")
    work.git("fetch", "-q", "--depth=1", "--no-tags", "origin", f"+{oid}:refs/tags/v1")
    work.git("checkout", "-q", "v1")
    payload = {
        "ref": "refs/tags/v1",
        "before": ZERO,
        "after": tag,
        "head_commit": {"id": oid},
        "repository": repository(),
    }
    environ = github(tmp_path, "push", payload, sha=oid, ref="refs/tags/v1")
    work.git("update-ref", "refs/remotes/origin/main", oid)
    held = ci(work, environ, "--deepen", "never")
    (problem,) = json.loads(held.out)["problems"]
    assert held.status == 3 and problem["what"] == tag and "--deepen auto" in problem["hint"]
    result = ci(work, environ)
    ((place,),) = [finding["locations"] for finding in json.loads(result.out)["findings"]]
    assert (result.status, place["source"], place["line"], place["commit"]) == (1, "tag-message", 3, oid)
    assert b"range is empty" not in result.out
