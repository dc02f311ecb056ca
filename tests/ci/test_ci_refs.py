"""`xoxscan ci`: what stands beside the commits of an event: messages of tags, also of tags that they name, names of
refs, and the tags that a shallow checkout leaves out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.ci.forge import CI, ZERO, Forge, checkout, github, pull, push, repository
from tests.conftest import Repo, Result, token

MAIN, HERE = "refs/heads/main", "refs/remotes/origin/checked-out"
INNER, OUTER = token("user"), token()


@pytest.fixture
def tagged(tmp_path: Path) -> Forge:
    """main (b1 b2); a tag of b2 with a token in its message, and v2, a tag of that tag, with another."""
    there = Repo(tmp_path / "there")
    ids = {name: there.commit({name: b"x"}) for name in ("b1", "b2")}
    there.git("tag", "-a", "v1", "-m", f"inner\n\n{INNER.decode()}")
    there.git("tag", "-a", "v2", "v1", "-m", f"outer\n\n{OUTER.decode()}")
    there.git("tag", "-d", "v1")
    there.git("tag", "plain")
    ids["v2"] = there.git("rev-parse", "v2")
    return Forge(there, ids)


def as_runners_do(forge: Forge, path: Path, depth: int, ref: str) -> Repo:
    """A checkout of the tag `ref`, which actions/checkout lets name the commit itself."""
    work = checkout(forge, path, "b2", depth, HERE)
    work.git("update-ref", ref, forge.ids["b2"])
    work.git("update-ref", "refs/remotes/origin/main", forge.ids["b2"])
    return work


def places(result: Result) -> list[dict[str, Any]]:
    report = json.loads(result.out)
    return [place for finding in report["findings"] for place in finding["locations"]]


def event(name: str, forge: Forge) -> dict[str, Any]:
    """The payload of an event about the tag v2, as it is with each of these names."""
    head: dict[str, Any] | None = {"id": forge.ids["b2"]}
    if name == "push without a commit":
        head = None
    payload = push(forge, "refs/tags/v2", ZERO, "v2", head_commit=head)
    return payload if name.startswith("push") else {"release": {"tag_name": "v2"}, "repository": repository()}


@pytest.mark.parametrize("depth", [1, 0])
@pytest.mark.parametrize("name", ["push", "push without a commit", "create", "release"])
def test_messages_of_tags_and_of_those_that_they_name(
    name: str, depth: int, tagged: Forge, ci: CI, tmp_path: Path
) -> None:
    work = as_runners_do(tagged, tmp_path / "work", depth, "refs/tags/v2")
    environ = github(
        tmp_path, name.split()[0], event(name, tagged), sha=tagged.ids["b2"], ref="refs/tags/v2", GITHUB_TOKEN="x"
    )
    result = ci(work, environ)
    assert result.status == 1, result
    assert [(place["source"], place["line"]) for place in places(result)] == [("tag-message", 3)] * 2
    assert len(json.loads(result.out)["findings"]) == 2
    assert b"range is empty" not in result.out


def test_of_gitlab(tagged: Forge, ci: CI, tmp_path: Path) -> None:
    work = checkout(tagged, tmp_path / "work", "b2", 1, HERE)
    environ = {"GITLAB_CI": "true", "CI_COMMIT_SHA": tagged.ids["b2"], "CI_COMMIT_TAG": "v2"}
    result = ci(work, {**environ, "CI_DEFAULT_BRANCH": "main", "CI_PIPELINE_SOURCE": "push"})
    assert (result.status, len(places(result))) == (1, 2), result


def test_a_tag_of_which_nobody_says_whether_it_has_a_message(tagged: Forge, ci: CI, tmp_path: Path) -> None:
    work = as_runners_do(tagged, tmp_path / "work", 1, "refs/tags/v2")
    environ = github(tmp_path, "release", event("release", tagged), sha=tagged.ids["b2"], ref="refs/tags/v2")
    work.git("fetch", "-q", "--unshallow", "--no-tags")
    held = ci(work, environ, "--deepen", "never")
    (skip,) = json.loads(held.out)["coverage"]["skipped"]
    assert (held.status, skip["what"]) == (0, "tag") and "refs/tags/v2 has a message is not known" in skip["reason"]
    assert ci(work, environ, "--deepen", "never", "--strict").status == 3
    work.git("config", "remote.origin.url", "http://127.0.0.1:9/none")
    (skip,) = json.loads(ci(work, environ).out)["coverage"]["skipped"]
    assert "the forge does not answer" in skip["reason"]


def test_a_tag_without_a_message(tagged: Forge, ci: CI, tmp_path: Path) -> None:
    work = as_runners_do(tagged, tmp_path / "work", 1, "refs/tags/plain")
    for name in ("create", "release"):
        environ = github(tmp_path, name, event(name, tagged), sha=tagged.ids["b2"], ref="refs/tags/plain")
        result = ci(work, environ)
        assert (result.status, json.loads(result.out)["coverage"]["skipped"]) == (0, []), result
    environ = github(tmp_path, "push", push(tagged, "refs/tags/plain", ZERO, "b2"), sha=tagged.ids["b2"], ref="x")
    assert ci(work, environ).status == 0


@pytest.mark.parametrize("depth", [1, 0])
@pytest.mark.parametrize("kind", ["blob", "tree", "tag of a tag of a blob", "blob without a tag"])
def test_a_tag_that_names_no_commit(kind: str, depth: int, tagged: Forge, ci: CI, tmp_path: Path) -> None:
    """Its message is looked at, and what it names."""
    there, secret = tagged.repo, token("app-level")
    there.write("a.env", secret)
    there.git("add", "a.env")
    named = there.git("write-tree") if kind == "tree" else there.git("rev-parse", ":a.env")
    for name in [] if kind == "blob without a tag" else ["t1", "t2"] if "of a tag" in kind else ["t1"]:
        there.git("tag", "-a", name, "-m", f"a tag\n\n{OUTER.decode()}", named)
        named = there.git("rev-parse", name)
    there.git("update-ref", "refs/tags/t", named)
    there.git("reset", "-q", "--hard")
    work = checkout(tagged, tmp_path / "work", "b2", depth, HERE)
    payload = push(tagged, "refs/tags/t", ZERO, named, head_commit=None)
    result = ci(work, github(tmp_path, "push", payload, sha=named, ref="refs/tags/t"))
    assert result.status == 1, result
    found = {(place["source"], place["path"]) for place in places(result)}
    message = set() if kind == "blob without a tag" else {("tag-message", None)}
    assert found == {("blob", "a.env" if kind == "tree" else ""), *message}
    (note, *_) = json.loads(result.out)["notes"]
    assert "names no commit but a" in note and b"range is empty" not in result.out
    for form in ("github", "sarif", "text"):
        told = ci(work, github(tmp_path, "push", payload, sha=named, ref="refs/tags/t"), form=form)
        assert told.status == 1 and secret not in told.out


def test_a_tag_that_nobody_has(tagged: Forge, ci: CI, tmp_path: Path) -> None:
    work = checkout(tagged, tmp_path / "work", "b2", 0, HERE)
    payload = push(tagged, "refs/tags/t", ZERO, "1" * 40, head_commit=None)
    assert ci(work, github(tmp_path, "push", payload, sha="1" * 40, ref="refs/tags/t")).status == 3


# Names of refs


def _github(name: str, forge: Forge) -> tuple[str, dict[str, Any], str]:
    ref = f"refs/tags/{OUTER.decode()}" if name == "tag" else f"refs/heads/{OUTER.decode()}"
    if name.startswith("pull"):
        payload = pull(forge, 7, "m5", "f5", fork=name.endswith("fork"))
        payload["pull_request"]["head"]["ref"] = OUTER.decode()
        return "pull_request", payload, "refs/pull/7/merge"
    if name == "create":
        return "create", {"ref": OUTER.decode(), "repository": repository()}, ref
    before = ZERO if name != "push" else "f5"
    return "push", push(forge, ref, before, "f5"), ref


@pytest.mark.parametrize("name", ["push", "new branch", "tag", "create", "pull request", "pull request of a fork"])
def test_the_name_of_the_ref(name: str, forge: Forge, ci: CI, tmp_path: Path) -> None:
    work = checkout(forge, tmp_path / "work", "f5", 0, HERE)
    kind, payload, ref = _github(name, forge)
    result = ci(work, github(tmp_path, kind, payload, sha=forge.ids["f5"], ref=ref))
    (place,) = [place for place in places(result) if place["source"] == "ref-name"]
    assert result.status == 1 and place["commit"] is None
    for form in ("github", "sarif", "text"):
        told = ci(work, github(tmp_path, kind, payload, sha=forge.ids["f5"], ref=ref), form=form)
        assert told.status == 1 and OUTER not in told.out, form


@pytest.mark.parametrize(
    "variables",
    [
        {"CI_COMMIT_BRANCH": "{}", "CI_COMMIT_BEFORE_SHA": "{base}"},
        {"CI_COMMIT_TAG": "{}"},
        {
            "CI_MERGE_REQUEST_IID": "3",
            "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "{}",
            "CI_MERGE_REQUEST_DIFF_BASE_SHA": "{base}",
        },
        {
            "CI_EXTERNAL_PULL_REQUEST_IID": "3",
            "CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_NAME": "{}",
            "CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_SHA": "{base}",
            "CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_SHA": "{base}",
        },
    ],
)
def test_the_name_of_the_ref_in_gitlab(variables: dict[str, str], tagged: Forge, ci: CI, tmp_path: Path) -> None:
    work = checkout(tagged, tmp_path / "work", "b2", 0, HERE)
    tip = tagged.ids["b2"]
    filled = {name: value.format(OUTER.decode(), base=tip) for name, value in variables.items()}
    environ = {"GITLAB_CI": "true", "CI_COMMIT_SHA": tip, "CI_DEFAULT_BRANCH": "main", **filled}
    if "CI_COMMIT_TAG" in variables:
        work.git("tag", OUTER.decode())
    result = ci(work, environ)
    assert [place["source"] for place in places(result)] == ["ref-name"] and result.status == 1
    assert b"range is empty" not in result.out


# All of history


def hidden(there: Repo) -> str:
    """A commit that a tag alone leads to."""
    there.git("switch", "-q", "--detach")
    oid = there.commit({"hidden.env": token("app-level")})
    there.git("tag", "-a", "v3/deep", "-m", "a third")
    there.git("switch", "-q", "main")
    return oid


SCHEDULES: dict[str, dict[str, str]] = {
    "schedule": {},
    "workflow_dispatch": {},
    "gitlab": {"GITLAB_CI": "true", "CI_PIPELINE_SOURCE": "schedule", "CI_COMMIT_BRANCH": "main"},
}


def scheduled(name: str, forge: Forge, folder: Path) -> dict[str, str]:
    if name == "gitlab":
        return {**SCHEDULES[name], "CI_COMMIT_SHA": forge.ids["b2"], "CI_DEFAULT_BRANCH": "main"}
    return github(folder, name, {"repository": repository()}, sha=forge.ids["b2"], ref=MAIN)


@pytest.mark.parametrize("name", SCHEDULES)
def test_tags_are_history_too(name: str, tagged: Forge, ci: CI, tmp_path: Path) -> None:
    oid = hidden(tagged.repo)
    work = checkout(tagged, tmp_path / "work", "b2", 1, HERE)
    work.git("tag", "v2", tagged.ids["b2"])  # one that is here stays
    result = ci(work, scheduled(name, tagged, tmp_path))
    found = places(result)
    assert result.status == 1 and not json.loads(result.out)["coverage"]["skipped"]
    assert {place["source"] for place in found} == {"tag-message", "blob"}
    (blob,) = [place for place in found if place["source"] == "blob"]
    assert blob["commit"] == oid and not blob["reach"]["unreachable"]
    assert work.git("rev-parse", "v2") == tagged.ids["b2"] and work.git("rev-parse", "v3/deep^{commit}") == oid
    assert ci(work, scheduled(name, tagged, tmp_path)).out.count(b'"hidden.env"') == result.out.count(b'"hidden.env"')


def test_a_full_clone_without_tags(tagged: Forge, ci: CI, tmp_path: Path) -> None:
    """It is not shallow, so nothing else of it is to be fetched; with nobody to ask, its own configuration tells."""
    oid = hidden(tagged.repo)
    work = Repo(tmp_path / "work")
    work.git("remote", "add", "--no-tags", "origin", f"file://{tagged.repo.path}")
    work.git("fetch", "-q", "origin")
    work.git("checkout", "-q", "origin/main")
    environ = scheduled("schedule", tagged, tmp_path)
    held = ci(work, environ, "--deepen", "never")
    (skip,) = json.loads(held.out)["coverage"]["skipped"]
    assert skip["what"] == "tags" and "was made without tags" in skip["reason"] and not places(held)
    assert ci(work, environ, "--deepen", "never", "--strict").status == 3
    work.git("config", "remote.origin.url", "http://127.0.0.1:9/none")
    assert "does not answer" in json.loads(ci(work, environ).out)["coverage"]["skipped"][0]["reason"]
    work.git("config", "--unset", "remote.origin.tagOpt")
    assert json.loads(ci(work, environ).out)["coverage"]["skipped"] == []
    work.git("config", "remote.origin.url", f"file://{tagged.repo.path}")
    result = ci(work, environ)
    assert result.status == 1 and json.loads(result.out)["coverage"]["skipped"] == []
    assert oid in {place["commit"] for place in places(result)}
    before = work.git("for-each-ref")
    assert places(ci(work, environ)) == places(result) and work.git("for-each-ref") == before


def test_a_range_fetches_no_tags(tagged: Forge, ci: CI, tmp_path: Path) -> None:
    hidden(tagged.repo)
    work = checkout(tagged, tmp_path / "work", "b2", 1, HERE)
    environ = github(tmp_path, "push", push(tagged, MAIN, "b1", "b2"), sha=tagged.ids["b2"], ref=MAIN)
    assert ci(work, environ).status == 0 and work.git("tag") == ""


@pytest.mark.parametrize("name", SCHEDULES)
def test_tags_that_may_be_missing_are_counted(name: str, tagged: Forge, ci: CI, tmp_path: Path) -> None:
    work = checkout(tagged, tmp_path / "work", "b2", 1, HERE)
    result = ci(work, scheduled(name, tagged, tmp_path), "--deepen", "never", "--fail-on", "none")
    (skip,) = json.loads(result.out)["coverage"]["skipped"]
    assert result.status == 3 and skip["what"] == "tags" and "nothing was fetched" in skip["reason"]


def test_tags_that_cannot_be_had_are_counted(tagged: Forge, ci: CI, tmp_path: Path) -> None:
    """A tag here stands where the forge has a folder of them: git notes none of them, and that is said."""
    hidden(tagged.repo)
    work = checkout(tagged, tmp_path / "work", "b2", 1, HERE)
    work.git("tag", "v3")
    result = ci(work, scheduled("schedule", tagged, tmp_path), "--fail-on", "none")
    (skip,) = json.loads(result.out)["coverage"]["skipped"]
    assert (result.status, skip["what"]) == (0, "tags")
    work = checkout(tagged, tmp_path / "again", "b2", 1, HERE)
    work.git("tag", "v3")
    assert ci(work, scheduled("schedule", tagged, tmp_path), "--fail-on", "none", "--strict").status == 3


# A checkout with `filter:`


@pytest.mark.parametrize("files", [True, False])
@pytest.mark.parametrize("depth", [1, 0])
@pytest.mark.parametrize("sieve", ["blob:none", "tree:0"])
@pytest.mark.parametrize("name", ["schedule", "push", "pull request"])
def test_a_filter_is_what_is_to_go(
    name: str, sieve: str, depth: int, files: bool, forge: Forge, ci: CI, tmp_path: Path
) -> None:
    work = Repo(tmp_path / "work")
    work.git("remote", "add", "origin", f"file://{forge.repo.path}")
    options = ("--depth=1", "--no-tags") if depth else ()
    branches = "+refs/heads/feature:refs/remotes/origin/feature" if depth else "+refs/heads/*:refs/remotes/origin/*"
    work.git("fetch", "-q", *options, f"--filter={sieve}", "origin", branches)
    if files:
        work.git("checkout", "-q", "--detach", forge.ids["f5"])
    else:  # as where a sparse checkout brings a part of them
        work.git("update-ref", "--no-deref", "HEAD", forge.ids["f5"])
    payload = pull(forge, 7, "m5", "f5") if name == "pull request" else push(forge, MAIN, "m4", "f5")
    environ = github(tmp_path, name.replace(" ", "_"), payload, sha=forge.ids["f5"], ref="refs/heads/feature")
    for deepen in ("auto", "never"):
        result = ci(work, environ, "--deepen", deepen, "--fail-on", "none", form="text")
        told = result.out + result.err
        assert result.status in (0, 3), result
        assert b"git ls-tree" not in told and b"promisor" not in told and b"--refetch" not in told, told
        lacking = b"partial" in told or b"filter" in told or b"is not here" in told
        assert (b"remove `filter:` from the checkout step" in told) == lacking, told
        assert files or result.status == 3
        if not depth:
            assert lacking == (result.status == 3) and b"fetch-depth" not in told, told


def test_a_filter_in_gitlab_and_by_hand(tagged: Forge, ci: CI, tmp_path: Path) -> None:
    tagged.repo.git("config", "uploadpack.allowFilter", "true")
    tagged.repo.commit({"a": b"1"})
    tagged.ids["b4"] = tagged.repo.commit({"a": b"2"})
    work = Repo(tmp_path / "work")
    work.git("remote", "add", "origin", f"file://{tagged.repo.path}")
    work.git("fetch", "-q", "--filter=blob:none", "origin", "+refs/heads/main:refs/remotes/origin/main")
    work.git("checkout", "-q", "--detach", "origin/main")
    environ = {"GITLAB_CI": "true", "CI_COMMIT_SHA": tagged.ids["b4"], "CI_COMMIT_BEFORE_SHA": tagged.ids["b1"]}
    result = ci(work, environ, form="text")
    assert result.status == 3 and b"take --filter out of GIT_CLONE_EXTRA_FLAGS" in result.out
    result = ci(work, {}, "--base", tagged.ids["b1"], form="text")
    assert result.status == 3 and b"git fetch --refetch --no-filter brings" in result.out
