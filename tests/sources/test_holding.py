"""Which commits take a find out, and what has it in its files still: the whole program, on real repositories."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.conftest import Repo, Run, token
from tests.sources.oracle import Oracle

ONE = token(seed=1) + b"\n"
NOT_KNOWN = {
    "head": None,
    "default_branch": None,
    "branches": None,
    "remote_branches": None,
    "tags": None,
    "others": None,
}
NOWHERE = {**NOT_KNOWN, "head": False, "branches": 0, "remote_branches": 0, "tags": 0, "others": 0}


def numbers(run: Run, *options: str | Path, status: int = 1) -> tuple[int | None, dict[str, Any]]:
    """How many commits take out the only find, and what holds it."""
    result = run("history", "--engine", "git", "-f", "json", *options)
    assert result.status == status, result
    (found,) = json.loads(result.out)["findings"]
    return found["counts"]["removals"], found["held"]


def side(repo: Repo, name: str, files: dict[str, bytes], start: str = "HEAD") -> None:
    """A branch with one commit more than `start`; it ends on main."""
    repo.git("switch", "-q", "-c", name, start)
    repo.commit(files, name)
    repo.git("switch", "-q", "main")


def test_a_branch_that_still_has_it(repo: Repo, run: Run) -> None:
    repo.commit({"a": ONE})
    repo.git("tag", "v1")
    side(repo, "old", {"b": b"b"})
    assert numbers(run) == (0, {**NOWHERE, "head": True, "branches": 2, "tags": 1})
    repo.commit({"a": b"clean\n"})
    assert numbers(run) == (1, {**NOWHERE, "branches": 1, "tags": 1})
    repo.git("branch", "-q", "-D", "old")
    repo.git("tag", "-d", "v1")
    assert numbers(run) == (1, NOWHERE)


def test_the_default_branch_of_origin(repo: Repo, run: Run, tmp_path: Path) -> None:
    repo.commit({"a": ONE})
    repo.git("clone", "-q", str(repo.path), str(tmp_path / "clone"))
    clone = Repo(tmp_path / "clone")
    clone.commit({"a": b"clean\n"})
    there = {"default_branch": True, "remote_branches": 1}
    assert numbers(run, clone.path) == (1, {**NOWHERE, **there})
    clone.git("push", "-q", "origin", "main:refs/heads/other")
    repo.git("merge", "-q", "other")
    clone.git("fetch", "-q")
    assert numbers(run, clone.path) == (1, {**NOWHERE, "default_branch": False})
    repo.git("clone", "-q", "--bare", str(repo.path), str(tmp_path / "bare"))
    assert numbers(run, tmp_path / "bare") == (1, {**NOWHERE, "default_branch": False})


def test_a_merge_with_ours_takes_out_and_a_clean_one_does_not(repo: Repo, run: Run) -> None:
    repo.commit({"a": b"a\n"})
    side(repo, "one", {"b": ONE})
    repo.git("merge", "-q", "--no-ff", "-s", "ours", "--no-edit", "one")
    assert numbers(run) == (1, {**NOWHERE, "branches": 1})
    repo.git("switch", "-q", "one")
    repo.commit({"b": b"clean\n"})
    side(repo, "late", {"c": b"c\n"}, "one~1")
    repo.git("switch", "-q", "one")
    repo.git("merge", "-q", "--no-ff", "--no-edit", "late")
    assert numbers(run) == (2, {**NOWHERE, "branches": 1, "head": False})


def test_reverts_renames_and_cherry_picks(repo: Repo, run: Run) -> None:
    repo.commit({"z": b"z\n"})
    repo.commit({"a": ONE})
    repo.git("revert", "--no-edit", "HEAD")
    repo.git("revert", "--no-edit", "HEAD")
    assert numbers(run)[0] == 1
    repo.git("mv", "a", "b")
    repo.commit()
    assert numbers(run) == (1, {**NOWHERE, "head": True, "branches": 1})
    side(repo, "side", {"b": b"clean\n"})
    repo.commit({"c": b"c\n"})
    repo.git("cherry-pick", "side")
    assert numbers(run) == (3, NOWHERE)


def test_stash_notes_pull_requests_and_detached_heads(repo: Repo, run: Run) -> None:
    repo.commit({"a": b"a\n"})
    repo.git("switch", "-q", "--detach")
    oid = repo.commit({"a": ONE})
    assert numbers(run) == (0, {**NOWHERE, "head": True, "others": 1})
    repo.git("switch", "-q", "main")
    repo.git("update-ref", "refs/pull/7/head", oid)
    repo.git("update-ref", "refs/pull/7/tree", f"{oid}^{{tree}}")
    repo.git("update-ref", "refs/tags/blob", f"{oid}:a")
    assert numbers(run) == (0, {**NOWHERE, "others": 2, "tags": 1})


def test_on_an_unborn_branch(repo: Repo, run: Run) -> None:
    repo.git("hash-object", "-w", "--stdin", stdin=ONE)
    assert numbers(run) == (0, NOWHERE)


def test_paths_that_a_question_cannot_hold(repo: Repo, run: Run) -> None:
    many = {f"{'d' * 90}/{number}{'n' * 90}": b"old\n" for number in range(120)}
    repo.commit({"x": b"x", **many})
    side(repo, "side", {"x": b"y"})
    repo.commit({"line\nend": ONE, **dict.fromkeys(many, ONE)})
    repo.git("merge", "-q", "--no-edit", "side")
    assert numbers(run) == (0, {**NOWHERE, "head": True, "branches": 1})


def test_what_git_cannot_compare_is_not_known(repo: Repo, run: Run) -> None:
    first = repo.commit({"a": ONE})
    tree = repo.git("rev-parse", f"{first}^{{tree}}")
    repo.commit({"a": b"clean\n"})
    (repo.path / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    assert numbers(run, status=1) == (None, NOT_KNOWN)


def test_a_merge_that_drops_one_copy_of_two(repo: Repo, run: Run) -> None:
    repo.commit({"a": ONE, "b": ONE})
    side(repo, "side", {"a": b"clean\n"})
    repo.commit({"c": b"c\n"})
    repo.git("merge", "-q", "--no-edit", "--no-commit", "side")
    repo.commit({"b": b"clean\n"}, "both")
    oracle = Oracle(repo, [ONE.strip()])
    assert numbers(run)[0] == len(oracle.removing(ONE.strip().decode()))
