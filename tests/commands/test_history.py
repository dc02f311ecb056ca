"""`xoxscan history`: where tokens stand, which commit brought them, and what still reaches them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scanner.sources import gaps
from tests.conftest import Repo, Run, token

ONE = token(seed=1) + b"\n"
Finding = dict[str, Any]


def finding(run: Run, *options: str | Path, status: int = 1) -> Finding:
    """The only finding."""
    result = run("history", "-f", "json", *options)
    assert result.status == status, result
    (one,) = json.loads(result.out)["findings"]
    found: Finding = one
    return found


def places(found: Finding) -> set[tuple[str, str | None, str | None]]:
    """Source, path and commit of each place."""
    return {(place["source"], place["path"], place["commit"]) for place in found["locations"]}


def reach(found: Finding, path: str | None = None, source: str = "blob") -> set[str]:
    """What reaches the place at `path`, in words."""
    (held,) = [place["reach"] for place in found["locations"] if (place["path"], place["source"]) == (path, source)]
    flags = {name for name in ("stash", "notes", "reflog", "alternate", "unreachable") if held[name]}
    return flags | set(held["branches"]["first"]) | set(held["tags"]["first"])


def branch(repo: Repo, name: str, files: dict[str, bytes]) -> str:
    """A branch of one commit, from here; its id. It ends where it began."""
    repo.git("switch", "-q", "-c", name)
    oid = repo.commit(files, name)
    repo.git("switch", "-q", "-")
    return oid


# Which commit brought it in


def test_a_clean_merge_introduces_nothing(repo: Repo, run: Run) -> None:
    repo.commit({"a": b"a"})
    side = branch(repo, "side", {"b": ONE})
    repo.commit({"c": b"c"})
    repo.git("merge", "-q", "--no-edit", "side")
    found = finding(run)
    assert (found["introduced"]["commit"], found["introduced"]["path"]) == (side, "b")
    assert found["removed"] is None
    assert places(found) == {("blob", "b", side)}
    assert reach(found, "b") == {"main", "side", "reflog"}


def test_an_evil_merge_introduces(repo: Repo, run: Run) -> None:
    repo.commit({"a": b"a\n"})
    branch(repo, "side", {"a": b"theirs\n"})
    repo.commit({"a": b"ours\n"})
    repo.git("merge", "-q", "side", ok=(1,))
    merge = repo.commit({"a": b"both " + ONE}, "evil")
    found = finding(run)
    assert (found["introduced"]["commit"], places(found)) == (merge, {("blob", "a", merge)})


def test_two_branches_with_the_same_token_introduce_nothing_when_they_meet(repo: Repo, run: Run) -> None:
    repo.commit({"a": b"a\n"})
    side = branch(repo, "side", {"b": ONE})
    ours = repo.commit({"c": ONE})
    repo.git("merge", "-q", "--no-edit", "side")
    found = finding(run)
    assert found["introduced"]["commit"] in (side, ours)
    assert found["counts"]["commits"] == 2


def test_an_octopus(repo: Repo, run: Run) -> None:
    repo.commit({"a": b"a"})
    branch(repo, "one", {"b": b"b"})
    two = branch(repo, "two", {"c": ONE})
    repo.commit({"d": b"d"})
    repo.git("merge", "-q", "--no-edit", "one", "two")
    assert len(repo.git("rev-parse", "HEAD^@").split()) == 3
    found = finding(run)
    assert (found["introduced"]["commit"], places(found)) == (two, {("blob", "c", two)})


def test_the_strategy_ours_removes(repo: Repo, run: Run) -> None:
    repo.commit({"a": b"a"})
    side = branch(repo, "side", {"b": ONE})
    repo.git("merge", "-q", "--no-edit", "--no-ff", "-s", "ours", "side")
    found = finding(run)
    assert found["introduced"]["commit"] == side
    assert (found["removed"]["commit"], found["removed"]["path"]) == (repo.git("rev-parse", "HEAD"), "b")


def test_a_merge_of_what_was_removed_already_removes_nothing(repo: Repo, run: Run) -> None:
    first = repo.commit({"a": ONE})
    branch(repo, "side", {"b": b"b"})
    removing = repo.commit({"a": b"clean"})
    repo.git("merge", "-q", "--no-edit", "side")
    found = finding(run)
    assert (found["introduced"]["commit"], found["removed"]["commit"]) == (first, removing)


def test_criss_cross(repo: Repo, run: Run) -> None:
    repo.commit({"a": b"a"})
    side = branch(repo, "side", {"b": ONE})
    repo.commit({"c": b"c"})
    repo.git("branch", "main-before")
    repo.git("merge", "-q", "--no-edit", "side")
    repo.git("switch", "-q", "side")
    repo.git("merge", "-q", "--no-edit", "--no-ff", "main-before")
    repo.git("switch", "-q", "main")
    repo.git("merge", "-q", "--no-edit", "--no-ff", "side")
    found = finding(run)
    assert (found["introduced"]["commit"], places(found)) == (side, {("blob", "b", side)})
    assert found["counts"]["commits"] == 1


def test_renames_copies_and_moved_lines(repo: Repo, run: Run) -> None:
    first = repo.commit({"a": b"top\n" + ONE + b"bottom\n"})
    repo.git("mv", "a", "b")
    renamed = repo.commit()
    moved = repo.commit({"b": b"top\nbottom\n" + ONE})
    copied = repo.commit({"c": b"top\nbottom\n" + ONE})
    found = finding(run)
    assert found["introduced"]["commit"] == first
    assert places(found) == {("blob", "a", first), ("blob", "b", renamed), ("blob", "b", moved), ("blob", "c", copied)}
    assert {(place["path"], place["line"]) for place in found["locations"]} == {("a", 2), ("b", 2), ("b", 3), ("c", 3)}
    # A copy is one place more: the token stands more often than before.
    assert found["counts"] == {"occurrences": 2, "blobs": 2, "paths": 3, "commits": 2, "removals": 0}


def test_reverted_and_added_again(repo: Repo, run: Run) -> None:
    first = repo.commit({"a": ONE})
    removing = repo.commit({"a": b"clean"})
    found = finding(run)
    assert (found["introduced"]["commit"], found["removed"]["commit"]) == (first, removing)
    assert found["exposed"] == {"from": found["introduced"]["date"], "until": found["removed"]["date"]}
    repo.commit({"a": ONE})
    found = finding(run)
    assert (found["introduced"]["commit"], found["removed"], found["counts"]["commits"]) == (first, None, 2)
    assert places(found) == {("blob", "a", first)}


def test_removed_file_by_file(repo: Repo, run: Run) -> None:
    repo.commit({"a": ONE, "b": ONE})
    repo.commit({"a": b"clean"})
    last = repo.commit({"b": b"clean"})
    assert finding(run)["removed"]["commit"] == last


def test_what_stands_on_another_branch_only_was_not_removed(repo: Repo, run: Run) -> None:
    repo.commit({"a": b"a"})
    branch(repo, "side", {"b": ONE})
    assert finding(run)["removed"] is None


def _dated(repo: Repo, day: int, *words: str) -> str:
    when = f"2026-01-{day:02}T00:00:00+00:00"
    repo.git(*words, env={"GIT_COMMITTER_DATE": when, "GIT_AUTHOR_DATE": when})
    return repo.git("rev-parse", "HEAD")


@pytest.mark.parametrize("main_first", [True, False])
def test_of_cherry_picked_twins_the_older_one(repo: Repo, run: Run, main_first: bool) -> None:
    _dated(repo, 1, "commit", "-q", "--allow-empty", "-m", "root")
    repo.write("a", ONE)
    repo.git("add", "a")
    one = _dated(repo, 10, "commit", "-q", "-m", "with a token")
    repo.git("switch", "-q", "-c", "side", "main~1")
    other = _dated(repo, 20 if main_first else 5, "cherry-pick", "main")
    if not main_first:  # its author date is that of the first
        other = _dated(repo, 5, "commit", "-q", "--amend", "--no-edit", "--date=2026-01-05T00:00:00+00:00")
        repo.git("reflog", "expire", "--expire=now", "--all")
        repo.git("prune")
    found = finding(run)
    assert found["introduced"]["commit"] == (one if main_first else other)
    assert found["counts"]["commits"] == 2
    assert reach(found, "a") >= {"main", "side"}


# What still reaches it


def test_amended_away(repo: Repo, run: Run) -> None:
    repo.commit({"b": b"b"})
    dropped = repo.commit({"a": ONE})
    repo.write("a", b"clean")
    repo.git("commit", "-q", "-a", "--amend", "-m", "clean")
    found = finding(run)
    assert (places(found), reach(found, "a")) == ({("blob", "a", dropped)}, {"reflog"})
    assert (found["introduced"]["commit"], found["removed"]) == (dropped, None)
    repo.git("reflog", "expire", "--expire=now", "--all")
    assert reach(finding(run), "a") == {"unreachable"}
    assert run("history", "--reachable").status == 0


def test_an_amended_commit_is_named_rather_than_the_one_that_was_dropped(repo: Repo, run: Run) -> None:
    repo.commit({"b": b"b"})
    repo.commit({"a": ONE}, "first try")
    repo.git("commit", "-q", "--amend", "-m", "second try")
    amended = repo.git("rev-parse", "HEAD")
    found = finding(run)
    assert (found["introduced"]["commit"], places(found)) == (amended, {("blob", "a", amended)})
    assert reach(found, "a") == {"main", "reflog"}


def test_a_dangling_blob(repo: Repo, run: Run) -> None:
    repo.commit({"b": b"b"})
    oid = repo.git("hash-object", "-w", "--stdin", stdin=ONE)
    found = finding(run)
    assert (places(found), reach(found)) == ({("blob", None, None)}, {"unreachable"})
    assert (found["locations"][0]["blob"], found["introduced"]) == (oid, None)


def test_staged_and_then_unstaged(repo: Repo, run: Run) -> None:
    repo.commit({"b": b"b"})
    repo.write("a", ONE)
    repo.git("add", "a")
    found = finding(run)
    assert (places(found), reach(found, "a", "index")) == ({("index", "a", None)}, set())
    repo.git("reset", "-q")
    assert reach(finding(run)) == {"unreachable"}


def test_dropped_and_staged_again(repo: Repo, run: Run) -> None:
    repo.commit({"b": b"b"})
    repo.commit({"a": ONE})
    repo.git("reset", "-q", "--soft", "HEAD~1")
    repo.git("reflog", "expire", "--expire=now", "--all")
    repo.git("mv", "a", "c")
    found = finding(run)
    assert reach(found, "a") == {"unreachable"}
    assert reach(found, "c", "index") == set()


def test_stash(repo: Repo, run: Run) -> None:
    repo.commit({"a": b"a", "b": b"b"})
    repo.write("a", token(seed=1))
    repo.git("stash", "push", "-q")  # an older entry, which only the stash's reflog holds
    repo.write("a", token(seed=2))
    repo.git("add", "a")
    repo.write("b", token(seed=3))
    repo.write("new", token(seed=4))
    repo.git("stash", "push", "-q", "--include-untracked")
    result = run("history", "-f", "json", "--show-secrets")
    found = {each["secret"]: each for each in json.loads(result.out)["findings"]}
    held = {seed: found[token(seed=seed).decode()] for seed in range(1, 5)}
    assert [reach(held[seed], path) for seed, path in ((1, "a"), (2, "a"), (3, "b"), (4, "new"))] == [{"stash"}] * 4


def test_notes(repo: Repo, run: Run) -> None:
    oid = repo.commit({"b": b"b"})
    repo.git("notes", "add", "-m", token().decode())
    repo.git("reflog", "expire", "--expire=now", "--all")
    found = finding(run)
    note = repo.git("rev-parse", "refs/notes/commits")
    assert (places(found), reach(found, oid, "note")) == ({("note", oid, note)}, {"notes"})


def test_tags(repo: Repo, run: Run) -> None:
    repo.commit({"b": b"b"})
    repo.git("switch", "-q", "--detach")
    repo.commit({"a": ONE})
    repo.git("tag", "light")
    repo.git("tag", "-a", "-m", "annotated", "heavy")
    repo.git("-c", "advice.nestedTag=false", "tag", "-a", "-m", "nested", "deep", "heavy")
    repo.git("switch", "-q", "main")
    repo.git("reflog", "expire", "--expire=now", "--all")
    assert reach(finding(run), "a") == {"light", "heavy", "deep"}


def test_refs_to_trees_and_blobs(repo: Repo, run: Run) -> None:
    repo.commit({"b": b"b"})
    repo.write("dir/a", ONE)
    repo.git("add", "dir")
    tree = repo.git("write-tree")
    blob = repo.git("rev-parse", ":dir/a")
    repo.git("rm", "-q", "--cached", "dir/a")
    repo.git("tag", "tree", tree)
    repo.git("tag", "-a", "-m", "blob", "blob", blob)
    repo.git("update-ref", "refs/other/blob", blob)
    found = finding(run)
    assert reach(found, "dir/a") == {"tree"}
    assert reach(found) == {"blob", "refs/other/blob"}


def test_another_work_tree(repo: Repo, run: Run) -> None:
    repo.commit({"b": b"b"})
    repo.git("worktree", "add", "-q", "--detach", "../linked")
    linked = Repo.__new__(Repo)
    linked.path = repo.path.parent / "linked"
    linked.commit({"a": ONE})
    repo.git("reflog", "expire", "--expire=now", "--all")
    assert reach(finding(run), "a") == {"HEAD"}
    linked.git("reset", "-q", "--soft", "HEAD~1")
    linked.git("reflog", "expire", "--expire=now", "--all")
    linked.git("mv", "a", "c")
    found = finding(run)
    assert (reach(found, "a"), reach(found, "c", "index")) == ({"unreachable"}, set())


# The only place


def test_commit_message(repo: Repo, run: Run) -> None:
    repo.commit({"b": b"b"})
    oid = repo.commit(message=f"subject\n\nand {token().decode()}")
    repo.git("reflog", "expire", "--expire=now", "--all")
    found = finding(run)
    (place,) = found["locations"]
    assert (place["source"], place["commit"], place["line"], place["column"]) == ("commit-message", oid, 3, 5)
    assert (found["introduced"]["commit"], found["introduced"]["path"]) == (oid, None)
    assert reach(found, source="commit-message") == {"main"}


@pytest.mark.parametrize("part", ["AUTHOR_NAME", "AUTHOR_EMAIL", "COMMITTER_NAME", "COMMITTER_EMAIL"])
def test_names_and_addresses(repo: Repo, run: Run, part: str) -> None:
    repo.git("commit", "-q", "--allow-empty", "-m", "clean", env={f"GIT_{part}": token().decode()})
    found = finding(run)
    (place,) = found["locations"]
    assert (place["source"], place["commit"], place["line"]) == ("commit-message", repo.git("rev-parse", "HEAD"), None)


def test_tag_message(repo: Repo, run: Run) -> None:
    oid = repo.commit({"b": b"b"})
    repo.git("tag", "-a", "-m", token().decode(), "v1")
    repo.git("-c", "advice.nestedTag=false", "tag", "-a", "-m", "outer", "v2", "v1")
    found = finding(run)
    (place,) = found["locations"]
    assert (place["source"], place["commit"], place["line"]) == ("tag-message", oid, 1)
    assert place["author"] == "Ada <ada@example.org>"
    assert reach(found, source="tag-message") == {"v1", "v2"}
    repo.git("tag", "-d", "v1")
    assert reach(finding(run), source="tag-message") == {"v2"}
    repo.git("tag", "-d", "v2")
    assert reach(finding(run), source="tag-message") == {"unreachable"}


def test_ref_names(repo: Repo, run: Run) -> None:
    oid = repo.commit({"b": b"b"})
    repo.git("branch", token().decode())
    found = finding(run)
    assert places(found) == {("ref-name", None, oid)}
    (name,) = reach(found, source="ref-name")
    assert name.endswith("-****")


def test_reflog_messages(repo: Repo, run: Run) -> None:
    oid = repo.commit({"b": b"b"})
    repo.git("update-ref", "-m", f"pasted {token().decode()}", "--create-reflog", "refs/heads/side", "HEAD")
    found = finding(run)
    assert (places(found), reach(found, source="reflog")) == ({("reflog", None, oid)}, {"reflog"})


def test_symlinks_and_file_names(repo: Repo, run: Run) -> None:
    (repo.path / "link").symlink_to(token().decode())
    repo.git("add", "link")
    oid = repo.commit()
    assert places(finding(run)) == {("symlink", "link", oid)}
    repo.commit({f"{token().decode()}.txt": b"empty"})
    found = finding(run)
    assert {place["source"] for place in found["locations"]} == {"symlink", "path-name"}


def test_what_a_shallow_clone_cannot_know_is_not_claimed(run: Run, repo: Repo, tmp_path: Path) -> None:
    repo.commit({"a": token()})
    repo.commit({"b": b"x"})
    late = repo.commit({"c": token(seed=2)})
    repo.git("clone", "-q", "--depth", "2", repo.path.as_uri(), str(tmp_path / "clone"))
    result = run("history", tmp_path / "clone", "--allow-shallow", "-f", "json")
    came = {f["locations"][0]["path"]: f["introduced"] for f in json.loads(result.out)["findings"]}
    assert came["a"] is None and came["c"]["commit"] == late


def test_what_is_not_checked_in_a_large_repository_is_said(
    run: Run, repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether refs lead to absent objects: --strict checks it, and --reachable comes by it anyway."""
    repo.commit({"a": b"clean"})
    monkeypatch.setattr(gaps, "CHECKED", 1)
    report = json.loads(run("history", "-f", "json").out)
    reason = "not checked in a repository of this size; --strict checks it"
    assert report["coverage"]["skipped"] == [{"what": "absent objects", "reason": reason, "count": 1, "first": []}]
    assert report["coverage"]["complete"] and report["notes"] == []
    assert f"skipped: absent objects: {reason}".encode() in run("history").out
    for option in ("--strict", "--reachable"):
        result = run("history", "-f", "json", option)
        assert (result.status, json.loads(result.out)["coverage"]["skipped"]) == (0, [])
    oid = repo.git("rev-parse", "HEAD:a")
    (repo.path / ".git/objects" / oid[:2] / oid[2:]).unlink()
    assert [run("history", option).status for option in ("--strict", "--reachable")] == [3, 3]
