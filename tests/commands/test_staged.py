"""`xoxscan staged`: by itself, and as a native hook of the real `git commit` and `git merge`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.commands.histories import add, clone, conflict
from tests.conftest import Repo, Result, Run, token

BOT, USER = token(), token("user")

Found = list[tuple[str, str, int | None]]


def found(result: Result) -> Found:
    """Source, path and line of each place of each finding in a JSON report."""
    report = json.loads(result.out)
    return [
        (place["source"], place["path"], place["line"])
        for finding in report["findings"]
        for place in finding["locations"]
    ]


def staged(run: Run, **env: str) -> Found:
    result = run("staged", "-f", "json", env=env)
    places = found(result)
    assert result.status == (1 if places else 0), result
    return places


# What counts as introduced


def test_a_leak_is_found_with_its_place(run: Run, repo: Repo) -> None:
    repo.commit({"a.env": b"one\n"})
    add(repo, "a.env", b"one\ntwo " + BOT + b"\n")
    result = run("staged", "-f", "json")
    (finding,) = json.loads(result.out)["findings"]
    (place,) = finding["locations"]
    assert (result.status, finding["rule"]) == (1, "slack-bot-token")
    assert (place["path"], place["line"], place["column"], place["commit"]) == ("a.env", 2, 5, None)
    assert place["blob"] == repo.git("rev-parse", ":a.env")
    assert BOT not in result.out


def test_a_clean_change_is_status_0(run: Run, repo: Repo) -> None:
    add(repo, "a.txt", b"text")
    result = run("staged")
    assert result.status == 0
    assert b"1 file, 1 blob, 4 bytes" in result.out


def test_nothing_staged_is_no_fault_and_said(run: Run, repo: Repo) -> None:
    repo.commit({"a.env": BOT})
    result = run("staged")
    assert result.status == 0
    assert b"nothing is staged" in result.out


def test_the_first_commit_of_a_repository(run: Run, repo: Repo) -> None:
    add(repo, "a.env", BOT)
    assert staged(run) == [("index", "a.env", 1)]


def test_what_was_there_before_is_not_reported(run: Run, repo: Repo) -> None:
    repo.commit({"a.env": BOT})
    add(repo, "a.env", b"a new first line\n" + BOT + b"\na new last line\n")
    assert staged(run) == []


def test_one_more_of_the_same_token_is_reported_with_every_place_in_that_file(run: Run, repo: Repo) -> None:
    repo.commit({"a.env": BOT, "b.env": BOT})
    add(repo, "a.env", BOT + b"\n" + BOT)
    assert staged(run) == [("index", "a.env", 1), ("index", "a.env", 2)]


def test_a_rename_and_a_move_between_files_introduce_nothing(run: Run, repo: Repo) -> None:
    repo.commit({"a.env": BOT, "b.env": USER, "c.env": b"none\n"})
    repo.git("mv", "a.env", "renamed.env")
    add(repo, "b.env", b"gone\n")
    add(repo, "c.env", b"now here: " + USER)
    assert staged(run) == []


def test_a_copy_introduces(run: Run, repo: Repo) -> None:
    repo.commit({"a.env": BOT})
    add(repo, "copy.env", BOT)
    assert staged(run) == [("index", "copy.env", 1)]


def test_taking_a_token_out_is_clean(run: Run, repo: Repo) -> None:
    repo.commit({"a.env": BOT, "b.env": USER})
    add(repo, "a.env", b"none")
    repo.git("rm", "-q", "b.env")
    assert staged(run) == []


def test_replacing_a_token_by_another_introduces_the_other(run: Run, repo: Repo) -> None:
    repo.commit({"a.env": BOT})
    add(repo, "a.env", USER)
    assert staged(run) == [("index", "a.env", 1)]


def test_a_mode_change_introduces_nothing(run: Run, repo: Repo) -> None:
    repo.commit({"a.sh": BOT})
    repo.git("update-index", "--chmod=+x", "a.sh")
    assert staged(run) == []


def test_binary_attributes_hide_nothing(run: Run, repo: Repo) -> None:
    repo.commit({".gitattributes": b"* binary -diff\n*.bin filter=none -text\n"})
    add(repo, "a.bin", b"\0\1\2" + BOT + b"\0")
    assert staged(run) == [("index", "a.bin", 1)]


# Kinds of entries


def test_a_commit_of_only_a_symlink(run: Run, repo: Repo) -> None:
    (repo.path / "link").symlink_to(BOT.decode())
    repo.git("add", "link")
    assert staged(run) == [("symlink", "link", 1)]


def test_a_commit_of_only_a_submodule(run: Run, repo: Repo) -> None:
    repo.commit({"a": b"a"})
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},sub")
    result = run("staged")
    assert result.status == 0
    assert b"submodule" in result.out and b"sub" in result.out
    assert run("staged", "--strict").status == 3


def test_an_intent_to_add_is_not_staged(run: Run, repo: Repo) -> None:
    repo.commit({"a": b"a"})
    repo.write("b.env", BOT)
    repo.git("add", "--intent-to-add", "b.env")
    assert b"nothing is staged" in run("staged").out


def test_a_file_name_is_looked_at_and_masked(run: Run, repo: Repo) -> None:
    add(repo, BOT, b"text")
    result = run("staged", "-f", "json")
    assert [place[0] for place in found(result)] == ["path-name"]
    assert BOT not in result.out and BOT not in run("staged").out


def test_a_folder_that_is_renamed_around_a_known_name_introduces_nothing(run: Run, repo: Repo) -> None:
    repo.commit({f"{BOT.decode()}.env": b"text"})
    os.mkdir(repo.path / "folder")
    repo.git("mv", f"{BOT.decode()}.env", "folder/")
    assert staged(run) == []


def test_a_path_that_is_not_merged_is_a_problem(run: Run, repo: Repo) -> None:
    conflict(repo)
    result = run("staged")
    assert result.status == 3
    assert b"a.txt: is not merged" in result.out and b"git add" in result.out
    assert run("staged", "--only", "slack-bot-token", "-f", "jsonl").status == 3


def test_a_path_that_is_not_merged_is_seen_from_every_folder(
    run: Run, repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    conflict(repo)
    (repo.path / "below").mkdir()
    monkeypatch.chdir(repo.path / "below")
    assert b" a.txt: is not merged" in run("staged").out


def test_a_name_that_ends_like_an_unmerged_entry(run: Run, repo: Repo) -> None:
    add(repo, "who is U", b"text")
    assert run("staged").status == 0


# What may suppress


def test_the_configuration_in_the_index_counts_and_not_that_on_disk(run: Run, repo: Repo) -> None:
    entry = b"paths:\n  - {pattern: '*.env', reason: an example, owner: ada}\n"
    add(repo, "a.env", BOT)
    repo.write(".xoxscan.yaml", entry)
    assert run("staged").status == 1
    repo.git("add", ".xoxscan.yaml")
    result = run("staged", "-f", "json")
    report = json.loads(result.out)
    assert (result.status, report["config_from"]) == (0, "index:.xoxscan.yaml")
    assert report["suppressed"][0]["by"] == "path"


def test_a_token_that_leaves_an_allowed_place_is_introduced(run: Run, repo: Repo) -> None:
    allowed = b"  # xoxscan:" + b"ignore an example\n"
    repo.commit({"a.env": BOT + allowed})
    add(repo, "a.env", BOT + b"\n")
    assert staged(run) == [("index", "a.env", 1)]
    add(repo, "a.env", b"")
    add(repo, "b.env", BOT + allowed)
    assert staged(run) == []


# Where it runs


def test_from_a_folder_below_and_with_C(run: Run, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    add(repo, "top.env", BOT)
    add(repo, "below/a.env", USER)
    monkeypatch.chdir(repo.path / "below")
    assert staged(run) == [("index", "below/a.env", 1), ("index", "top.env", 1)]
    monkeypatch.chdir("/")
    assert run("-C", repo.path, "staged").status == 1
    assert run("-C", repo.path / "below", "staged").status == 1


@pytest.mark.parametrize(
    "setting",
    [
        *("diff.relative=true", "diff.renames=copies", "diff.noprefix=true", "diff.ignoreSubmodules=all"),
        *("diff.orderFile=order", "core.quotePath=true", "color.ui=always", "diff.external=false"),
        *("core.fsmonitor=false-hook", "core.untrackedCache=true", "core.preloadIndex=false"),
        *("core.precomposeUnicode=true", "log.showSignature=true", "diff.submodule=log"),
    ],
)
def test_settings_of_the_repository_change_nothing(
    run: Run, repo: Repo, setting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.commit({"known.env": BOT})
    repo.git("config", *setting.split("="))
    repo.git("-c", "core.fsmonitor=false", "mv", "known.env", "renamed.env")
    repo.write("ümlaut\n.env", USER)
    repo.write("below/x", b"")
    repo.git("-c", "core.fsmonitor=false", "add", ".")
    monkeypatch.chdir(repo.path / "below")
    assert staged(run) == [("index", "ümlaut\n.env", 1)]


def test_a_bare_repository_has_no_index(run: Run, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.commit({"a.env": BOT})
    monkeypatch.chdir(clone(repo, "--bare").path)
    result = run("staged")
    assert result.status == 3
    assert b"no index" in result.err and b"  xoxscan range" in result.err
    monkeypatch.setenv("GIT_INDEX_FILE", str(repo.path / ".git/index"))
    assert run("staged").status == 0


def test_in_the_git_folder(run: Run, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    add(repo, "a.env", BOT)
    monkeypatch.chdir(repo.path / ".git")
    assert staged(run) == [("index", "a.env", 1)]


def test_outside_of_a_repository(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("staged")
    assert result.status == 3
    assert b"not a git repository" in result.err and b"stand in one" in result.err


@pytest.mark.parametrize("version", ["2", "3", "4"])
def test_every_version_of_the_index(run: Run, repo: Repo, version: str) -> None:
    repo.commit({"a": b"a", "folder/b": b"b"})
    add(repo, "folder/c.env", BOT)
    repo.git("update-index", f"--index-version={version}")
    assert staged(run) == [("index", "folder/c.env", 1)]


def test_a_split_index(run: Run, repo: Repo) -> None:
    repo.commit({f"f{number}": b"x" for number in range(20)})
    repo.git("update-index", "--split-index")
    add(repo, "a.env", BOT)
    assert list((repo.path / ".git").glob("sharedindex.*"))
    assert staged(run) == [("index", "a.env", 1)]


def test_a_sparse_index(run: Run, repo: Repo) -> None:
    repo.commit({"kept/a": b"a", "left/out/b": BOT, "left/c": b"c"})
    repo.git("sparse-checkout", "set", "--cone", "--sparse-index", "kept")
    assert "40000" in repo.git("ls-files", "--sparse", "--stage")
    add(repo, "kept/new.env", USER)
    assert staged(run) == [("index", "kept/new.env", 1)]


def test_a_sha256_repository(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repo = Repo(tmp_path / "new", "--object-format=sha256")
    monkeypatch.chdir(repo.path)
    add(repo, "a.env", BOT)
    assert staged(run) == [("index", "a.env", 1)]
    repo.commit()
    add(repo, "b.env", USER)
    assert staged(run) == [("index", "b.env", 1)]


def test_a_linked_worktree_has_an_index_of_its_own(run: Run, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.commit({"a": b"a"})
    add(repo, "main.env", BOT)
    repo.git("worktree", "add", "-q", "../linked")
    linked = repo.path.parent / "linked"
    (linked / "linked.env").write_bytes(USER)
    repo.git("-C", str(linked), "add", "linked.env")
    monkeypatch.chdir(linked)
    assert staged(run) == [("index", "linked.env", 1)]


# What it must not do


def objects(repo: Repo) -> set[Path]:
    return set((repo.path / ".git").rglob("*"))


def test_it_writes_nothing_into_the_repository(run: Run, repo: Repo) -> None:
    repo.commit({"a": b"a", "b/c": b"c"})
    add(repo, "b/d.env", BOT)
    before = {path: path.stat().st_mtime_ns for path in objects(repo)}
    assert run("staged").status == 1
    assert run("hook", "b/d.env").status == 1
    assert {path: path.stat().st_mtime_ns for path in objects(repo)} == before


def test_it_reads_nothing_of_the_work_tree(run: Run, repo: Repo) -> None:
    repo.commit({"a": b"a"})
    add(repo, "a.env", BOT)
    add(repo, "b.env", b"none")
    repo.write("a.env", b"none")
    repo.write("b.env", USER)
    assert staged(run) == [("index", "a.env", 1)]
    for path in repo.path.iterdir():
        if path.name != ".git":
            path.unlink()
    assert staged(run) == [("index", "a.env", 1)]


# Damage


@pytest.mark.parametrize("damage", [slice(0, 20), slice(0, -30), slice(4, None), slice(0, 0)])
def test_a_damaged_index(run: Run, repo: Repo, damage: slice) -> None:
    add(repo, "a.env", BOT)
    index = repo.path / ".git" / "index"
    index.write_bytes(index.read_bytes()[damage] or b"DIRC")
    result = run("staged")
    assert result.status == 3
    assert b"index" in result.err and b"\n  git " in result.err


def test_a_head_that_is_not_here(run: Run, repo: Repo) -> None:
    repo.commit({"a": b"a"})
    add(repo, "a.env", BOT)
    (repo.path / ".git/refs/heads/main").write_text("1" * 40 + "\n")
    result = run("staged")
    assert result.status == 3
    assert b"1" * 40 in result.err and b"git fsck" in result.err


def test_a_head_that_is_no_ref(run: Run, repo: Repo) -> None:
    repo.commit({"a": b"a"})
    (repo.path / ".git/HEAD").write_text("nonsense\n")
    assert run("staged").status == 3


def test_a_staged_blob_that_is_not_here(run: Run, repo: Repo) -> None:
    add(repo, "gone.env", BOT)
    add(repo, "a.env", USER)
    oid = repo.git("rev-parse", ":gone.env")
    (repo.path / ".git/objects" / oid[:2] / oid[2:]).unlink()
    result = run("staged", "-f", "json")
    report = json.loads(result.out)
    assert (result.status, found(result)) == (1, [("index", "a.env", 1)])
    assert report["problems"][0]["what"] == "gone.env" and oid in report["problems"][0]["message"]
    assert not report["coverage"]["complete"]
    repo.git("rm", "-q", "--cached", "a.env")
    assert run("staged").status == 3


def test_respond_is_not_for_staged(run: Run, repo: Repo) -> None:
    assert run("staged", "--respond", "verify").status == 2
