"""`xoxscan range` where something is not here: shallow and partial clones, damage. Never a green nothing."""

from __future__ import annotations

import json

import pytest

from tests.commands.histories import branch, clone, found
from tests.conftest import Repo, Run, token

BOT, USER, APP = token(), token("user"), token("app-level")


def test_a_shallow_clone_that_ends_inside_the_range(run: Run, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.commit({"a": b"0"})
    branch(repo, "base", {"base": b"1"})
    repo.commit({"a.env": BOT})
    repo.commit({"a.env": b"none"})
    for number in range(3):
        repo.commit({"a": b"%d" % number})
    shallow = clone(repo, "--depth=2", "--no-single-branch")
    monkeypatch.chdir(shallow.path)
    result = run("range", "origin/base..HEAD")
    assert result.status == 3
    assert b"shallow" in result.out and b"git fetch --unshallow" in result.out and b"fetch-depth: 0" in result.out
    assert run("range", "HEAD~..HEAD").status == 0
    shallow.git("fetch", "-q", "--unshallow")
    assert run("range", "origin/base..HEAD").status == 1


def test_what_stands_where_a_shallow_clone_ends_may_be_older(
    run: Run, repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.commit({"a": b"a"})
    branch(repo, "base", {"base": b"1"})
    repo.commit({"old.env": BOT})
    repo.commit({"a": b"b"})
    new = repo.commit({"new.env": USER})
    monkeypatch.chdir(clone(repo, "--depth=2", "--no-single-branch").path)
    report = json.loads(run("range", "origin/base..HEAD", "-f", "json").out)
    came = {place["path"]: each["introduced"] for each in report["findings"] for place in each["locations"]}
    assert came["old.env"] is None and came["new.env"]["commit"] == new


def test_a_shallow_clone_whose_base_was_cut_off(run: Run, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    base = repo.commit({"a": b"a"})
    repo.commit({"a.env": BOT})
    monkeypatch.chdir(clone(repo, "--depth=1").path)
    result = run("range", f"{base}..HEAD")
    assert result.status == 3 and b"fetch-depth: 0" in result.err


def remove(repo: Repo, oid: str) -> None:
    (repo.path / ".git/objects" / oid[:2] / oid[2:]).unlink()


def test_an_absent_blob_is_a_problem_and_the_rest_is_looked_at(run: Run, repo: Repo) -> None:
    repo.commit({"a": b"a"})
    repo.commit({"gone.env": BOT})
    oid = repo.commit({"b.env": USER})
    remove(repo, repo.git("rev-parse", "HEAD:gone.env"))
    result = run("range", "HEAD~2..HEAD", "-f", "json")
    (problem,) = json.loads(result.out)["problems"]
    assert (result.status, found(result)) == (1, {(oid, "blob", "b.env")})
    assert problem["what"] == "gone.env" and "git fsck" in problem["hint"]
    assert run("range", "HEAD~2..HEAD~").status == 3


def test_an_absent_old_version_is_a_problem(run: Run, repo: Repo) -> None:
    repo.commit({"a.env": BOT})
    repo.commit({"a.env": BOT + b"\n"})
    remove(repo, repo.git("rev-parse", "HEAD~:a.env"))
    result = run("range", "HEAD~..HEAD", "-f", "json")
    assert [p["what"] for p in json.loads(result.out)["problems"]] == ["a.env"]
    assert result.status == 1  # nobody can tell that it was there before


def test_a_damaged_blob_is_a_problem(run: Run, repo: Repo) -> None:
    repo.commit({"a": b"a"})
    repo.commit({"bad.env": BOT})
    oid = repo.commit({"b.env": USER})
    bad = repo.git("rev-parse", "HEAD:bad.env")
    path = repo.path / ".git/objects" / bad[:2] / bad[2:]
    path.chmod(0o644)
    path.write_bytes(b"nonsense")
    result = run("range", "HEAD~2..HEAD", "-f", "json")
    assert found(result) == {(oid, "blob", "b.env")}
    assert [p["what"] for p in json.loads(result.out)["problems"]] == ["bad.env"]


def test_an_absent_tree_is_a_problem_and_the_other_commits_are_looked_at(run: Run, repo: Repo) -> None:
    repo.commit({"a": b"a"})
    first = repo.commit({"a.env": BOT}, message="1")
    bad = repo.commit({"gone/b.env": USER}, message=APP.decode())
    repo.commit({"a.env": BOT + b"\n"}, message="3")
    last = repo.commit({"c.env": USER}, message="4")
    remove(repo, repo.git("rev-parse", f"{bad}:gone"))
    result = run("range", "HEAD~4..HEAD", "-f", "json")
    report = json.loads(result.out)
    assert found(result) == {(first, "blob", "a.env"), (bad, "commit-message", None), (last, "blob", "c.env")}
    assert [p["what"] for p in report["problems"]] == [bad] and "git fsck" in report["problems"][0]["hint"]
    assert report["coverage"]["commits"] == 4


def test_an_absent_commit_is_incomplete(run: Run, repo: Repo) -> None:
    base = repo.commit({"a": b"a"})
    gone = repo.commit({"b": b"b"})
    repo.commit({"c": b"c"})
    remove(repo, gone)
    result = run("range", f"{base}..HEAD")
    assert result.status == 3
    assert b"git rev-list ended" in result.err and b"git fsck" in result.err


def test_an_absent_commit_that_the_commit_graph_knows_is_incomplete(run: Run, repo: Repo) -> None:
    base = repo.commit({"a": b"a"})
    gone = repo.commit({"b": b"b"})
    repo.commit({"c": b"c"})
    repo.git("commit-graph", "write", "--reachable")
    remove(repo, gone)
    result = run("range", f"{base}..HEAD")
    assert result.status == 3 and gone.encode() in result.out + result.err


def test_a_partial_clone_never_fetches(run: Run, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.git("config", "uploadpack.allowFilter", "true")
    repo.commit({"a": b"a"})
    repo.commit({f"f{number}": b"%d" % number for number in range(700)})
    repo.commit({"a.env": BOT})
    partial = clone(repo, "--filter=blob:none")  # what HEAD holds was fetched for the work tree
    partial.git("checkout", "-q", "--orphan", "empty")
    monkeypatch.chdir(partial.path)
    repo.commit({"later.env": USER})
    partial.git("fetch", "-q", "origin")
    span = f"{repo.git('rev-list', '--max-parents=0', 'main')}..origin/main"
    before = partial.git("count-objects", "-v")
    result = run("range", span, "-f", "json")
    report = json.loads(result.out)
    assert result.status == 1 and {place[2] for place in found(result)} == {"a.env"}
    assert [p["what"] for p in report["problems"]] == ["later.env"]
    assert "git fetch --refetch --no-filter" in report["problems"][0]["hint"]
    assert partial.git("count-objects", "-v") == before
    partial.git("fetch", "-q", "--refetch", "--no-filter", "origin")
    assert {place[2] for place in found(run("range", span, "-f", "json"))} == {"a.env", "later.env"}


def test_a_clone_without_any_blobs_tells_the_first_hundred(
    run: Run, repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.git("config", "uploadpack.allowFilter", "true")
    repo.commit({"a": b"a"})
    repo.commit({f"f{number}": b"%d" % number for number in range(1200)})
    monkeypatch.chdir(clone(repo, "--filter=blob:none", "--bare").path)
    result = run("range", "HEAD~..HEAD", "-f", "json")
    problems = json.loads(result.out)["problems"]
    assert (result.status, len(problems)) == (3, 101)
    assert problems[-1]["message"] == "and 1,100 more blobs could not be looked at"


def test_a_clone_without_trees(run: Run, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.git("config", "uploadpack.allowFilter", "true")
    repo.commit({"a": b"a"})
    repo.commit({"b.env": BOT})
    repo.commit({"c.env": BOT})
    monkeypatch.chdir(clone(repo, "--filter=tree:0", "--bare").path)
    result = run("range", "HEAD~2..HEAD", "-f", "json")
    assert (result.status, len(json.loads(result.out)["problems"])) == (3, 2)
