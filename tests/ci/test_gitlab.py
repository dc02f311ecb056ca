"""`xoxscan ci` with GitLab's variables, and the events of Forgejo and Gitea; which branch names are believed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.ci import gitlab
from scanner.ci.event import planned
from scanner.ci.plan import branch, oid, zero
from scanner.errors import Incomplete
from tests.ci.forge import CI, ZERO, Forge, checkout, github, looked_at, named, pull, push, repository

COMMON = {"CI": "true", "GITLAB_CI": "true", "CI_DEFAULT_BRANCH": "main", "CI_PROJECT_VISIBILITY": "private"}
REQUEST = {
    "CI_PIPELINE_SOURCE": "merge_request_event",
    "CI_COMMIT_BEFORE_SHA": ZERO,
    "CI_MERGE_REQUEST_IID": "7",
    "CI_MERGE_REQUEST_PROJECT_ID": "42",
    "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "42",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
    "CI_MERGE_REQUEST_REF_PATH": "refs/merge-requests/7/head",
}
DETACHED = {"CI_COMMIT_SHA": "f5", "CI_MERGE_REQUEST_DIFF_BASE_SHA": "m4"}
MERGED = {
    "CI_COMMIT_SHA": "p7",
    "CI_MERGE_REQUEST_DIFF_BASE_SHA": "m4",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": "f5",
    "CI_MERGE_REQUEST_TARGET_BRANCH_SHA": "m5",
    "CI_MERGE_REQUEST_EVENT_TYPE": "merged_result",
}
EXTERNAL = {
    "CI_PIPELINE_SOURCE": "external_pull_request_event",
    "CI_EXTERNAL_PULL_REQUEST_IID": "7",
    "CI_EXTERNAL_PULL_REQUEST_SOURCE_REPOSITORY": "acme/app",
    "CI_EXTERNAL_PULL_REQUEST_TARGET_REPOSITORY": "acme/app",
    "CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_SHA": "f5",
    "CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_SHA": "m5",
}


def pushed(name: str, before: str, after: str, source: str = "push") -> dict[str, str]:
    return {
        "CI_PIPELINE_SOURCE": source,
        "CI_COMMIT_BRANCH": name,
        "CI_COMMIT_REF_NAME": name,
        "CI_COMMIT_BEFORE_SHA": before,
        "CI_COMMIT_SHA": after,
    }


TAG = {"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BEFORE_SHA": ZERO, "CI_COMMIT_TAG": "v1", "CI_COMMIT_SHA": "t2"}
# The variables (with names of commits), what is checked out, and the commits that are to be looked at.
CASES = {
    "push": (pushed("feature", "f2", "f5"), "f5", "f3 f4 f5 m4 o1"),
    "new branch": (pushed("feature", ZERO, "f5"), "f5", "f1 f2 f3 f4 f5"),
    "first push": (pushed("main", ZERO, "m5"), "m5", "m1 m2 m3 m4 m5 o1"),
    "forced push": (pushed("forced", "x2", "y2"), "y2", "y1 y2"),
    "child pipeline": (pushed("main", "m3", "m5", "parent_pipeline"), "m5", "m4 m5 o1"),
    "tag": (TAG, "t2", "t1 t2"),
    "lightweight tag": (TAG | {"CI_COMMIT_TAG": "v0", "CI_COMMIT_SHA": "m3"}, "m3", ""),
    "merge request": (REQUEST | DETACHED, "f5", "f1 f2 f3 f4 f5"),
    "merged results": (REQUEST | MERGED, "p7", "f1 f2 f3 f4 f5"),
    "external pull request": (EXTERNAL, "f5", "f1 f2 f3 f4 f5"),
}


@pytest.mark.parametrize("depth", [1, 0])
@pytest.mark.parametrize("name", CASES)
def test_pipelines(name: str, depth: int, forge: Forge, ci: CI, tmp_path: Path) -> None:
    variables, sha, expected = CASES[name]
    work = checkout(forge, tmp_path / "work", sha, depth, "refs/pipelines/1001")
    environ = COMMON | {
        key: value if key == "CI_COMMIT_TAG" else forge.ids.get(value, value) for key, value in variables.items()
    }
    assert named(forge, looked_at(ci(work, environ))) == named(forge, forge.of(expected))


@pytest.mark.parametrize("source", ["schedule", "web", "api", "trigger", "pipeline"])
def test_pipelines_of_no_change(source: str, forge: Forge, ci: CI, tmp_path: Path) -> None:
    work = checkout(forge, tmp_path / "work", "m5", 20, "refs/pipelines/1001")
    result = ci(work, COMMON | pushed("main", ZERO, forge.ids["m5"], source))
    assert (result.status, json.loads(result.out)["target"]["kind"]) == (1, "history")


def test_what_is_missing_says_the_line_for_gitlab(forge: Forge, ci: CI, tmp_path: Path) -> None:
    work = checkout(forge, tmp_path / "work", "m5", 1, "refs/pipelines/1001")
    result = ci(work, COMMON | pushed("main", forge.ids["m3"], forge.ids["m5"]), "--deepen", "never")
    assert result.status == 3 and b'GIT_DEPTH: "0"' in result.err


def test_who_made_it_and_who_sees_it() -> None:
    ids = dict.fromkeys((*DETACHED, *MERGED), "a" * 40)
    request = COMMON | REQUEST | ids
    assert not gitlab.plan(request).fork and gitlab.plan(request).public is False
    assert gitlab.plan(request | {"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "43"}).fork
    for word, public in (("public", True), ("internal", False), ("private", False)):
        assert gitlab.plan(request | {"CI_PROJECT_VISIBILITY": word}).public is public
    external = COMMON | EXTERNAL | {key: "a" * 40 for key in EXTERNAL if key.endswith("SHA")}
    assert not gitlab.plan(external).fork
    assert gitlab.plan(external | {"CI_EXTERNAL_PULL_REQUEST_SOURCE_REPOSITORY": "eve/app"}).fork
    with pytest.raises(Incomplete, match="CI_MERGE_REQUEST_DIFF_BASE_SHA"):
        gitlab.plan(COMMON | REQUEST | {"CI_COMMIT_SHA": "a" * 40})


# Forgejo and Gitea: GitHub's variables, and payloads without created, deleted and forced


@pytest.mark.parametrize("depth", [1, 0])
@pytest.mark.parametrize("system", ["FORGEJO_ACTIONS", "GITEA_ACTIONS"])
def test_forgejo_and_gitea(system: str, depth: int, forge: Forge, ci: CI, tmp_path: Path) -> None:
    work = checkout(forge, tmp_path / "work", "f5", depth, "refs/remotes/origin/checked-out")
    lean = push(forge, "refs/heads/feature", ZERO, "f5")
    for key in ("created", "deleted", "forced", "base_ref"):
        del lean[key]
    environ = github(tmp_path, "push", lean, sha=forge.ids["f5"], ref="refs/heads/feature", **{system: "true"})
    assert named(forge, looked_at(ci(work, environ))) == "f1 f2 f3 f4 f5"
    request = pull(forge, 7, "m5", "f5")
    environ = github(tmp_path, "pull_request", request, sha=forge.ids["f5"], ref="refs/pull/7/head", **{system: "true"})
    assert named(forge, looked_at(ci(work, environ))) == "f1 f2 f3 f4 f5"
    assert planned(environ, None, None, "auto").system == system.partition("_")[0].lower()
    environ = github(tmp_path, "schedule", {"schedule": "1 2 * * *"}, sha=forge.ids["f5"], ref="", **{system: "true"})
    plan = planned(environ, None, None, "auto")
    assert (plan.kind, plan.own, plan.public) == ("history", True, None)


def test_who_can_see_a_repository(tmp_path: Path, forge: Forge) -> None:
    for word, public in (("public", True), ("internal", False), ("private", False), (None, None)):
        facts = {"visibility": word} if word else {"private": None}
        payload = push(forge, "refs/heads/main", "m4", "m5", repository=repository(**facts))
        environ = github(tmp_path, "push", payload, sha=forge.ids["m5"], ref="refs/heads/main")
        assert planned(environ, None, None, "auto").public is public
    payload = push(forge, "refs/heads/main", "m4", "m5", repository=repository(private=False))
    github(tmp_path, "push", payload, sha=forge.ids["m5"], ref="refs/heads/main")
    assert planned(environ, None, None, "auto").public is True


def test_a_fork_that_was_deleted_is_a_fork(tmp_path: Path, forge: Forge) -> None:
    payload = pull(forge, 8, "m5", "k2", fork=True)
    payload["pull_request"]["head"]["repo"] = None
    payload["pull_request"]["base"]["repo"] = None
    environ = github(tmp_path, "pull_request", payload, sha=forge.ids["p8"], ref="r")
    assert planned(environ, None, None, "auto").fork


# What a stranger can name


@pytest.mark.parametrize("word", ["main", "feature/a-b.c", "größe", "a@b", "1", "a--upload-pack=x"])
def test_names_of_branches(word: str) -> None:
    assert branch(word) == word


@pytest.mark.parametrize(
    "word",
    [
        *("", None, 1, "-x", "--upload-pack=x", "a b", "a:b", "a..b", "*", "a?", "a[", "a^", "a~1", "a@{1}", "/a"),
        *("a/", "a//b", "a.lock", "a.lock/b", ".a", "a/.b", "a.", "a\n", "a\\b", "a\x7f", "+\x00"),
    ],
)
def test_what_is_no_name_of_a_branch(word: object) -> None:
    assert branch(word) is None


@given(st.text("0123456789abcdefxX-\n ", min_size=38, max_size=66))
def test_ids(word: str) -> None:
    plain = len(word) in (40, 64) and not set(word) - set("0123456789abcdef")
    if plain:
        assert oid(word, "x") == word
    else:
        with pytest.raises(Incomplete):
            oid(word, "x")


def test_zeros() -> None:
    assert all(map(zero, (ZERO, "0" * 64, "", None)))
    assert not zero("a" * 40) and not zero(["0"])
