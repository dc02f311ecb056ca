"""`xoxscan ci`: for each event, in the state that a runner leaves, exactly its commits are looked at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ci.forge import (
    CI,
    ZERO,
    Forge,
    Payload,
    checkout,
    github,
    looked_at,
    named,
    pull,
    push,
    repository,
    state,
)

GONE = "c0ffee" + "0" * 34
MAIN, TOPIC = "refs/heads/main", "refs/heads/feature"
EVERYTHING = "m1 m2 m3 m4 m5 o1"

# Event, payload, what GITHUB_SHA is, GITHUB_REF, and the commits that are to be looked at.
Case = tuple[str, Callable[[Forge], Payload], str, str, str]
CASES: dict[str, Case] = {
    "push": ("push", lambda f: push(f, TOPIC, "f2", "f5"), "f5", TOPIC, "f3 f4 f5 m4 o1"),
    "push of one commit": ("push", lambda f: push(f, MAIN, "m4", "m5"), "m5", MAIN, "m5"),
    "push of a merge": ("push", lambda f: push(f, MAIN, "m3", "m5"), "m5", MAIN, "m4 m5 o1"),
    "push of nothing": ("push", lambda f: push(f, MAIN, "m5", "m5"), "m5", MAIN, ""),
    "new branch": ("push", lambda f: push(f, TOPIC, ZERO, "f5", created=True), "f5", TOPIC, "f1 f2 f3 f4 f5"),
    "new branch without commits": ("push", lambda f: push(f, "refs/heads/a", ZERO, "m4"), "m4", "refs/heads/a", ""),
    "first push of all": ("push", lambda f: push(f, MAIN, ZERO, "m5"), "m5", MAIN, EVERYTHING),
    "forced push": ("push", lambda f: push(f, "refs/heads/forced", "x2", "y2", forced=True), "y2", "r", "y1 y2"),
    "forced push, before gone": ("push", lambda f: push(f, "refs/heads/forced", GONE, "y2"), "y2", "r", "y1 y2"),
    "forced push of main": ("push", lambda f: push(f, MAIN, GONE, "m5", forced=True), "m5", MAIN, EVERYTHING),
    "forced push, back to older": ("push", lambda f: push(f, MAIN, "m5", "m2", forced=True), "m2", MAIN, ""),
    "tag": ("push", lambda f: push(f, "refs/tags/v0", ZERO, "m3"), "m3", "refs/tags/v0", ""),
    "annotated tag": (
        "push",
        lambda f: push(f, "refs/tags/v1", ZERO, "v1", head_commit={"id": f.ids["t2"]}),
        "t2",
        "refs/tags/v1",
        "t1 t2",
    ),
    "create": ("create", lambda f: {"ref": "feature", "repository": repository()}, "f5", TOPIC, "f1 f2 f3 f4 f5"),
    "pull request": ("pull_request", lambda f: pull(f, 7, "m5", "f5"), "p7", "refs/pull/7/merge", "f1 f2 f3 f4 f5"),
    "pull request, stale base": ("pull_request", lambda f: pull(f, 7, "m3", "f5"), "p7", "r", "f1 f2 f3 f4 f5"),
    "pull request of a fork": ("pull_request", lambda f: pull(f, 8, "m5", "k2", fork=True), "p8", "r", "k1 k2"),
    "pull request, head checked out": ("pull_request", lambda f: pull(f, 7, "m5", "f5"), "f5", "r", "f1 f2 f3 f4 f5"),
    "review": ("pull_request_review", lambda f: pull(f, 7, "m5", "f5"), "p7", "r", "f1 f2 f3 f4 f5"),
    "pull_request_target": ("pull_request_target", lambda f: pull(f, 8, "m5", "k2", fork=True), "m5", MAIN, "k1 k2"),
    "merge group": (
        "merge_group",
        lambda f: {
            "action": "checks_requested",
            "merge_group": {"head_sha": f.ids["g1"], "head_ref": "refs/heads/q", "base_sha": f.ids["m5"]},
            "repository": repository(),
        },
        "g1",
        "refs/heads/q",
        "f1 f2 f3 f4 f5 g1",
    ),
    "release": (
        "release",
        lambda f: {"action": "published", "release": {"tag_name": "v1"}, "repository": repository()},
        "t2",
        "refs/tags/v1",
        "m1 m2 m3 m4 o1 t1 t2",
    ),
}


# So deep that both parents of a merge are here, and what they come from is not: there git itself sees no gap.
TWO = [(name, 2) for name in ("push", "push of a merge", "pull request", "pull request of a fork", "merge group")]


@pytest.mark.parametrize(("name", "depth"), [*TWO, *((name, depth) for depth in (1, 0) for name in CASES)])
def test_events(name: str, depth: int, forge: Forge, ci: CI, tmp_path: Path) -> None:
    event, payload, sha, ref, expected = CASES[name]
    work = checkout(forge, tmp_path / "work", sha, depth, "refs/remotes/origin/checked-out")
    before = state(work.path)
    result = ci(work, github(tmp_path, event, payload(forge), sha=forge.ids[sha], ref=ref))
    assert named(forge, looked_at(result)) == named(forge, forge.of(expected))
    after = state(work.path)
    assert {**after, "git": None} == {**before, "git": None}
    assert after["git"] == before["git"] or after["git"] == before["git"] - {"shallow"}  # type: ignore[operator]
    if depth == 2:
        assert not work.git("fsck", "--connectivity-only", "--no-dangling")


@pytest.mark.parametrize("depth", [1, 0])
def test_a_push_back_to_an_older_commit_is_said(depth: int, forge: Forge, ci: CI, tmp_path: Path) -> None:
    work = checkout(forge, tmp_path / "work", "m2", depth, "refs/remotes/origin/checked-out")
    environ = github(tmp_path, "push", push(forge, MAIN, "m5", "m2", forced=True), sha=forge.ids["m2"], ref=MAIN)
    result = ci(work, environ, form="text")
    ends = [forge.ids[name][:10] for name in ("m2", "m5")]
    assert result.status == 0
    assert f"the range is empty, as {ends[0]} is an ancestor of {ends[1]}:" in result.out.decode()


WHOLE = ["push", "new branch", "forced push, before gone", "annotated tag", "pull request", "pull request of a fork"]


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_checkout_needs_no_forge(name: str, forge: Forge, ci: CI, tmp_path: Path) -> None:
    event, payload, sha, ref, expected = CASES[name]
    work = checkout(forge, tmp_path / "work", sha, 0, "refs/remotes/origin/checked-out")
    work.git("config", "remote.origin.url", "file:///nowhere")
    environ = github(tmp_path, event, payload(forge), sha=forge.ids[sha], ref=ref)
    result = ci(work, environ, *(["--deepen", "never"] if name == "push" else []))
    assert named(forge, looked_at(result)) == named(forge, forge.of(expected))
