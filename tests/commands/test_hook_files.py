"""`xoxscan hook FILE…`: what the framework names, in the index and on disk."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.commands.histories import add, conflict, found
from tests.conftest import Repo, Run, token

BOT, USER = token(), token("user")


def looked(run: Run, *names: str | Path) -> tuple[int, set[tuple[str, str | None]], str]:
    """Exit status, source and path of each place, and the line that says what became of the files."""
    result = run("hook", "-f", "json", *names)
    line = run("hook", *names).out.decode().partition("note: ")[2].partition("\n")[0]
    return result.status, {place[1:] for place in found(result)}, line


# In the index


def test_a_staged_file_counts_by_what_it_introduces(run: Run, repo: Repo) -> None:
    repo.commit({"known.env": USER})
    add(repo, "known.env", b"\n" + USER)
    add(repo, "a.env", BOT)
    line = "2 files named, 2 looked at (0 as they stand on disk), 0 skipped"
    assert looked(run, "a.env", "known.env") == (1, {("index", "a.env")}, line)


def test_it_reports_on_the_named_files_alone(run: Run, repo: Repo) -> None:
    add(repo, "a.env", BOT)
    add(repo, "b.env", USER)
    add(repo, "c.txt", b"none")
    assert looked(run, "b.env")[1] == {("index", "b.env")}
    assert looked(run, "c.txt")[0] == 0


def test_counts_are_taken_over_the_whole_change(run: Run, repo: Repo) -> None:
    repo.commit({"a.env": BOT})
    repo.git("mv", "a.env", "renamed.env")
    assert looked(run, "renamed.env")[0] == 0
    add(repo, "copy.env", BOT)
    assert looked(run, "copy.env")[1] == {("index", "copy.env")}


def test_only_what_is_named_is_read_while_nothing_is_found(run: Run, repo: Repo) -> None:
    """The framework hands over thousands of files some at a time: each run looks at its own."""
    add(repo, "a.txt", b"none")
    add(repo, "b.txt", b"other")
    coverage = json.loads(run("hook", "a.txt", "-f", "json").out)["coverage"]
    assert (coverage["files"], coverage["blobs"], coverage["bytes"]) == (1, 1, 4)


def test_partial_staging_counts_as_staged_and_as_it_stands(run: Run, repo: Repo) -> None:
    add(repo, "a.env", BOT)
    add(repo, "b.env", b"none")
    repo.write("a.env", b"none")
    repo.write("b.env", USER)
    line = "2 files named, 2 looked at (2 as they stand on disk), 0 skipped"
    assert looked(run, "a.env", "b.env") == (1, {("index", "a.env"), ("worktree", "b.env")}, line)


def test_what_stands_in_the_index_and_on_disk_is_told_once(run: Run, repo: Repo) -> None:
    add(repo, "a.env", BOT)
    repo.write("a.env", b"\n" + BOT + b"\n" + USER)
    result = run("hook", "-f", "json", "a.env")
    places = [(f["rule"], p["source"]) for f in json.loads(result.out)["findings"] for p in f["locations"]]
    assert sorted(places) == [("slack-bot-token", "index"), ("slack-user-token", "worktree")]


def test_line_ends_are_no_difference(run: Run, repo: Repo) -> None:
    repo.commit({"a.env": USER + b"\none\n"})
    add(repo, "a.env", USER + b"\ntwo\n")
    repo.write("a.env", USER + b"\r\ntwo\r\n")
    line = "1 file named, 1 looked at (0 as they stand on disk), 0 skipped"
    assert looked(run, "a.env") == (0, set(), line)


def test_a_staged_file_that_is_gone_from_disk(run: Run, repo: Repo) -> None:
    add(repo, "below/a.env", BOT)
    (repo.path / "below/a.env").unlink()
    assert looked(run, "below/a.env")[1] == {("index", "below/a.env")}
    (repo.path / "below").rmdir()
    (repo.path / "below").write_bytes(b"a file now")
    assert looked(run, "below/a.env")[1] == {("index", "below/a.env")}


def test_a_staged_file_that_is_a_folder_on_disk(run: Run, repo: Repo) -> None:
    add(repo, "a.env", BOT)
    (repo.path / "a.env").unlink()
    repo.write("a.env/x", USER)
    assert looked(run, "a.env")[1] == {("index", "a.env")}


# On disk


def test_a_file_that_is_not_staged_is_looked_at_as_it_stands(run: Run, repo: Repo) -> None:
    repo.commit({"known.env": BOT})
    repo.write("new.env", USER)
    line = "2 files named, 2 looked at (2 as they stand on disk), 0 skipped"
    expected = {("worktree", "known.env"), ("worktree", "new.env")}
    assert looked(run, "known.env", "new.env") == (1, expected, line)


def test_a_file_that_leaves_the_index_and_stays_on_disk(run: Run, repo: Repo) -> None:
    repo.commit({"a.env": BOT})
    repo.git("rm", "-q", "--cached", "a.env")
    assert looked(run, "a.env")[1] == {("worktree", "a.env")}


def test_names_of_files_that_are_not_staged(run: Run, repo: Repo) -> None:
    repo.commit({BOT.decode(): b"text"})
    assert run("hook").status == 0
    status, places, _ = looked(run, BOT.decode())
    assert (status, {source for source, _ in places}) == (1, {"path-name"})


def test_the_name_of_a_file_that_was_there_before_is_no_news(run: Run, repo: Repo) -> None:
    repo.commit({BOT.decode(): b"one"})
    add(repo, BOT, b"two")
    repo.write(BOT, b"three")
    assert looked(run, BOT.decode())[::2] == (0, "1 file named, 1 looked at (1 as they stand on disk), 0 skipped")


def test_a_file_on_disk_may_be_allowed(run: Run, repo: Repo) -> None:
    repo.commit({"ok/a.env": BOT, ".xoxscan.yaml": b"paths: [{pattern: ok/, reason: an example, owner: ada}]"})
    repo.write("b.env", USER + b" xoxscan:" + b"ignore\n")
    assert looked(run, "ok/a.env", "b.env")[0] == 0


@pytest.mark.no_cover
def test_a_large_file(run: Run, repo: Repo) -> None:
    size = 33 << 20
    add(repo, "large.bin", b"x" * size)
    assert looked(run, "large.bin")[2].startswith("1 file named, 1 looked at (0 as")
    with (repo.path / "large.bin").open("r+b") as file:
        file.seek(size - 100)
        file.write(b" " + BOT + b" ")
    assert looked(run, "large.bin")[:2] == (1, {("worktree", "large.bin")})
    with (repo.path / "large.bin").open("ab") as file:
        file.write(b"more")
    assert "(1 as they stand on disk)" in looked(run, "large.bin")[2]


def test_symlinks_are_not_followed(run: Run, repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "secret.env").write_bytes(USER)
    (repo.path / "out").symlink_to(tmp_path / "secret.env")
    (repo.path / "link").symlink_to(BOT.decode())
    assert looked(run, "out", "link")[:2] == (1, {("symlink", "link")})
    repo.git("add", "out", "link")
    assert looked(run, "out", "link") == (
        1,
        {("symlink", "link")},
        "2 files named, 2 looked at (0 as they stand on disk), 0 skipped",
    )


def test_a_file_reached_through_a_link_has_its_own_path(run: Run, repo: Repo) -> None:
    repo.commit({"real/a.env": BOT})
    (repo.path / "linked").symlink_to("real")
    assert looked(run, "linked/a.env")[1] == {("worktree", "real/a.env")}


# Names


@pytest.mark.no_cover
@pytest.mark.parametrize("name", [b"\xff\xfe.env", b"new\nline.env", b" ", "ümlaut".encode(), b"a\\b", b"%41", b":a"])
def test_odd_names(run: Run, repo: Repo, name: bytes) -> None:
    repo.commit({"a": b"a"})
    add(repo, b"./" + name, BOT)
    assert looked(run, os.fsdecode(name))[::2] == (
        1,
        "1 file named, 1 looked at (0 as they stand on disk), 0 skipped",
    )
    repo.commit()
    assert looked(run, os.fsdecode(name))[0] == 1
    assert BOT not in run("hook", os.fsdecode(name)).out


@pytest.mark.parametrize("name", ["--fail-on=none", "-q", "--help", "--config=x", "-o", "--"])
def test_names_that_look_like_options(run: Run, repo: Repo, name: str) -> None:
    add(repo, f"./{name}", BOT)
    for argv in ([name], ["--", name], ["-f", "json", name]):
        result = run("hook", *argv)
        assert (result.status, result.err) == (1, b"")
    assert sorted(path.name for path in repo.path.iterdir()) == sorted([".git", name])


def test_from_a_folder_below(run: Run, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.commit({"below/known.env": USER, "below/gone": b"x"})
    add(repo, "below/a.env", BOT)
    add(repo, "top.env", BOT)
    repo.git("rm", "-q", "--cached", "below/gone")
    (repo.path / "below/gone").unlink()
    monkeypatch.chdir(repo.path / "below")
    expected = {("index", "below/a.env"), ("worktree", "below/known.env"), ("index", "top.env")}
    status, places, line = looked(run, "a.env", "./known.env", "../top.env", repo.path / "top.env", "gone")
    assert (status, places) == (1, expected)
    assert line == "4 files named, 3 looked at (1 as they stand on disk), 1 skipped (1 deleted)"


def test_a_file_outside_of_the_work_tree(run: Run, repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "outside.env").write_bytes(BOT)
    assert looked(run, "../outside.env")[1] == {("worktree", "../outside.env")}


# What is not looked at


def test_deletions_are_no_fault(run: Run, repo: Repo) -> None:
    repo.commit({"a": b"a", "b": b"b"})
    repo.git("rm", "-q", "a")
    (repo.path / "b").unlink()
    line = "2 files named, 0 looked at (0 as they stand on disk), 2 skipped (2 deleted)"
    assert looked(run, "a", "b") == (0, set(), line)


def test_submodules_are_no_fault(run: Run, repo: Repo, tmp_path: Path) -> None:
    other = Repo(tmp_path / "other")
    other.commit({"a.env": BOT})
    repo.git("submodule", "--quiet", "add", str(other.path), "module")
    line = "1 file named, 0 looked at (0 as they stand on disk), 1 skipped (1 submodule)"
    assert looked(run, "module") == (0, set(), line)
    repo.commit()
    assert looked(run, "module") == looked(run, "module/") == (0, set(), line)
    result = run("hook", "module", "-f", "json")
    assert [skip["what"] for skip in json.loads(result.out)["coverage"]["skipped"]] == ["submodule"]


def test_names_that_are_not_here(run: Run, repo: Repo) -> None:
    repo.commit({"a": b"a"})
    result = run("hook", "nowhere", "below/nowhere")
    assert result.status == 3
    assert b"2 files named, 0 looked at (0 as they stand on disk), 2 skipped (2 absent)" in result.out
    assert b"below/nowhere: there is no such file" in result.out
    assert run("hook", "nowhere", "a").status == 3


def test_folders_and_special_files(run: Run, repo: Repo) -> None:
    repo.write("folder/a.env", BOT)
    os.mkfifo(repo.path / "pipe")
    result = run("hook", "folder", "pipe")
    assert result.status == 3
    assert b"2 skipped (1 folder, 1 special)" in result.out and b"none of the 2 named files" in result.out
    skips = json.loads(run("hook", "folder", "pipe", "-f", "json").out)["coverage"]["skipped"]
    assert [(skip["what"], skip["first"]) for skip in skips] == [("folder", ["folder"]), ("special", ["pipe"])]
    assert run("hook", "folder", "pipe", "--allow-empty").status == 0
    assert run("hook", "folder", "folder/a.env").status == 1
    repo.write("b", b"b")
    assert run("hook", "folder", "b").status == 0
    assert run("hook", "folder", "b", "--strict").status == 3


def test_a_conflict_that_is_not_resolved(run: Run, repo: Repo) -> None:
    conflict(repo)
    result = run("hook", "a.txt")
    assert result.status == 3 and b"a.txt: is not merged" in result.out
    assert b"is not merged" not in run("hook", "known.env").out


# Many


@pytest.mark.no_cover
def test_six_thousand_files_and_one_secret(run: Run, repo: Repo) -> None:
    names = [f"d{number % 50}/f{number:04}.txt" for number in range(6000)]
    for name in names:
        repo.write(name, b"number " + name.encode())
    repo.write(names[3210], BOT)
    repo.git("add", ".")
    status, places, line = looked(run, *names)
    assert (status, places) == (1, {("index", names[3210])})
    assert line == "6,000 files named, 6,000 looked at (0 as they stand on disk), 0 skipped"
