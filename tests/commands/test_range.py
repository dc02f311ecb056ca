"""`xoxscan range A..B` on real histories."""

from __future__ import annotations

import io
import itertools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scanner.cli import main
from scanner.model import Streams
from tests.commands.histories import add, branch, clone, found, scanned
from tests.conftest import CLOCK, Repo, Run, token

BOT, USER = token(), token("user")


# Which commits


def test_every_commit_counts_with_what_a_later_one_removes(run: Run, repo: Repo) -> None:
    base = repo.commit({"a": b"a"})
    added = repo.commit({"a.env": BOT})
    repo.commit({"a.env": b"none"})
    repo.git("rm", "-q", "a.env")
    repo.commit()
    assert scanned(run, f"{base}..HEAD") == {(added, "blob", "a.env")}
    assert scanned(run, f"{added}..HEAD") == set()


def test_what_is_said_of_a_secret(run: Run, repo: Repo) -> None:
    repo.commit({"a": b"a"})
    first = repo.commit({"a.env": b"\n" + BOT})
    second = repo.commit({"b.env": BOT})
    result = run("range", "HEAD~2..HEAD", "-f", "json")
    report = json.loads(result.out)
    (finding,) = report["findings"]
    assert [place["commit"] for place in finding["locations"]] == [first, second]
    assert finding["locations"][0]["line"] == 2 and finding["locations"][0]["author"] == "Ada <ada@example.org>"
    assert finding["introduced"] == {
        "commit": first,
        "author": "Ada <ada@example.org>",
        "date": "2026-01-02T03:04:05+00:00",
        "path": "a.env",
    }
    assert finding["counts"] == {"occurrences": 2, "blobs": 2, "paths": 2, "commits": 2, "removals": None}
    assert (report["target"]["range"], report["target"]["head"]) == ("HEAD~2..HEAD", second)
    assert report["coverage"]["commits"] == 2
    assert BOT not in result.out


def test_an_empty_range_is_no_fault_and_said(run: Run, repo: Repo) -> None:
    repo.commit({"a.env": BOT})
    for words in ("HEAD..HEAD", "HEAD...HEAD", "HEAD.."):
        result = run("range", words)
        assert (result.status, b"range is empty" in result.out) == (0, True)


@pytest.mark.parametrize("words", ["HEAD..", "..HEAD", "HEAD...", "...HEAD"])
def test_an_end_that_is_left_out_is_said_where_nothing_is_in_the_range(run: Run, repo: Repo, words: str) -> None:
    """A variable that is not set gives just that."""
    repo.commit({"a.env": BOT})
    said = f"of the range {words} one side is empty and stands for HEAD: is a variable of it not set?".encode()
    result = run("range", words)
    assert (result.status, said in result.out) == (0, True)
    repo.commit({"b.env": BOT})
    assert b"stands for HEAD" not in run("range", "HEAD~1..").out + run("range", "HEAD..HEAD").out


@pytest.mark.parametrize("words", ["..", "..."])
def test_a_range_without_ends_is_none(run: Run, repo: Repo, words: str) -> None:
    """Two variables that are not set: git takes it for HEAD..HEAD, which nobody means, and which is green for ever."""
    repo.commit({"a.env": BOT})
    result = run("range", words)
    assert (result.status, result.out) == (2, b"") and b"names no commits" in result.err


def test_a_range_that_runs_backwards_says_so(run: Run, repo: Repo) -> None:
    """Swapped ends: git finds nothing wrong with them."""
    first, second = (repo.commit({"a.env": text})[:10] for text in (b"a", BOT))
    result = run("range", "HEAD..HEAD~1")
    assert result.status == 0
    assert (
        f"the range is empty, as {first} is an ancestor of {second}: there was nothing to scan".encode() in result.out
    )


def test_two_and_three_dots(run: Run, repo: Repo) -> None:
    repo.commit({"a": b"a"})
    ours = branch(repo, "ours", {"ours.env": BOT})
    theirs = branch(repo, "theirs", {"theirs.env": USER})
    assert scanned(run, "ours..theirs") == {(theirs, "blob", "theirs.env")}
    assert scanned(run, "theirs..ours") == {(ours, "blob", "ours.env")}
    assert scanned(run, "ours...theirs") == {(ours, "blob", "ours.env"), (theirs, "blob", "theirs.env")}


def test_the_ends_may_be_named_in_any_way(run: Run, repo: Repo) -> None:
    repo.commit({"a": b"a"})
    repo.git("tag", "-a", "-m", "a tag", "v1")
    oid = repo.commit({"a.env": BOT}, message="a subject")
    for words in ("v1..main", "v1..", "HEAD~..@", f"v1^{{}}..{oid[:8]}", "main^..HEAD^{/subject}"):
        assert scanned(run, words) == {(oid, "blob", "a.env")}


@pytest.mark.parametrize("words", ["nowhere..HEAD", "HEAD..nowhere", f"{'1' * 40}..HEAD", f"HEAD..{'0' * 40}"])
def test_an_unknown_revision_is_incomplete(run: Run, repo: Repo, words: str) -> None:
    repo.commit({"a.env": BOT})
    result = run("range", words)
    assert result.status == 3
    assert b"is not a commit here" in result.err and b"  fetch it first" in result.err


def test_a_revision_that_is_no_commit(run: Run, repo: Repo) -> None:
    repo.commit({"a.env": BOT})
    assert run("range", "HEAD^{tree}..HEAD").status == 3
    assert run("range", "HEAD:a.env..HEAD").status == 3


@pytest.mark.parametrize("words", ["HEAD", "", "a.b"])
def test_no_range_is_wrong_usage(run: Run, repo: Repo, words: str) -> None:
    repo.commit({"a": b"a"})
    result = run("range", words)
    assert result.status == 2
    assert b"write A..B" in result.err


@pytest.mark.parametrize("word", ["--all", "--output=planted", "-n1", "--exec=touch planted"])
def test_a_revision_that_looks_like_an_option_is_none(run: Run, repo: Repo, word: str) -> None:
    repo.commit({"a": b"a"})
    for words in (f"{word}..HEAD", f"HEAD..{word}"):
        result = run("range", "--", words)
        assert result.status == 3 and b"is not a commit here" in result.err
    assert not (repo.path / "planted").exists()


def test_a_token_in_the_name_of_a_revision_is_masked(run: Run, repo: Repo) -> None:
    repo.commit({"a": b"a"})
    result = run("range", f"{BOT.decode()}..HEAD")
    assert result.status == 3 and BOT not in result.err


def test_a_repository_without_commits(run: Run, repo: Repo) -> None:
    result = run("range", "HEAD..HEAD")
    assert result.status == 3 and b"HEAD is not a commit here" in result.err


# What counts as introduced


def test_a_root_commit_brings_everything_in_it(run: Run, repo: Repo) -> None:
    repo.commit({"old.env": USER})
    repo.git("checkout", "-q", "--orphan", "fresh")
    root = repo.commit({"a.env": BOT})
    assert scanned(run, "main..fresh") == {(root, "blob", "a.env"), (root, "blob", "old.env")}


def test_moved_lines_renames_and_moves_between_files_introduce_nothing(run: Run, repo: Repo) -> None:
    repo.commit({"a.env": b"1\n2\n" + BOT + b"\n", "b.env": USER, "c.env": b""})
    repo.commit({"a.env": BOT + b"\n1\n2\n3\n"})
    repo.git("mv", "a.env", "renamed.env")
    repo.commit({"b.env": b"", "c.env": USER})
    repo.git("rm", "-q", "c.env")
    repo.commit({"renamed.env": b"none", f"d/{'x' * 200}": b"rewritten\n" + BOT + USER})
    assert scanned(run, "HEAD~3..HEAD") == set()


def test_a_rename_that_brings_a_token_with_it(run: Run, repo: Repo) -> None:
    repo.commit({"a.env": b"a line\n" * 50 + BOT})
    repo.git("mv", "a.env", "b.env")
    oid = repo.commit({"b.env": b"a line\n" * 50 + BOT + b"\n" + USER})
    result = run("range", "HEAD~..HEAD", "-f", "json")
    assert found(result) == {(oid, "blob", "b.env")}
    assert [finding["rule"] for finding in json.loads(result.out)["findings"]] == ["slack-user-token"]


def test_a_copy_introduces(run: Run, repo: Repo) -> None:
    repo.commit({"a.env": BOT})
    oid = repo.commit({"copy.env": BOT})
    assert scanned(run, "HEAD~..HEAD") == {(oid, "blob", "copy.env")}


def test_a_token_that_comes_back_is_introduced_again(run: Run, repo: Repo) -> None:
    repo.commit({"a.env": BOT})
    repo.commit({"a.env": b""})
    oid = repo.commit({"b.env": BOT})
    assert scanned(run, "HEAD~2..HEAD") == {(oid, "blob", "b.env")}


def test_binary_attributes_hide_nothing(run: Run, repo: Repo) -> None:
    repo.commit({".gitattributes": b"* binary -diff\n"})
    oid = repo.commit({"a.bin": b"\0\1" + BOT + b"\0"})
    assert scanned(run, "HEAD~..HEAD") == {(oid, "blob", "a.bin")}


def test_symlinks_names_and_submodules(run: Run, repo: Repo) -> None:
    repo.commit({"a": b"a"})
    (repo.path / "link").symlink_to(BOT.decode())
    repo.git("add", "link")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},sub")
    repo.commit({f"{USER.decode()}/x": b""})
    result = run("range", "HEAD~..HEAD", "-f", "json")
    report = json.loads(result.out)
    sources = {place["source"] for finding in report["findings"] for place in finding["locations"]}
    assert sources == {"symlink", "path-name"}
    assert [skip["what"] for skip in report["coverage"]["skipped"]] == ["submodule"]
    assert USER not in result.out


# Messages


def test_messages_and_author_names(run: Run, repo: Repo) -> None:
    repo.commit({"a": b"a"})
    said = repo.commit(message="subject\n\nbody\n" + BOT.decode())
    repo.git("-c", "core.commentChar=;", "commit", "-q", "--allow-empty", f"--author={USER.decode()} <a@b>", "-m", "x")
    signed = repo.git("rev-parse", "HEAD")
    result = run("range", "HEAD~2..HEAD", "-f", "json")
    assert found(result) == {(said, "commit-message", None), (signed, "commit-message", None)}
    lines = {p["commit"]: p["line"] for f in json.loads(result.out)["findings"] for p in f["locations"]}
    assert lines == {said: 4, signed: None}
    assert USER not in result.out and USER not in run("range", "HEAD~2..HEAD").out


def test_the_message_of_the_commit_before_the_range_is_not_looked_at(run: Run, repo: Repo) -> None:
    repo.commit(message=BOT.decode())
    repo.commit(message="clean")
    assert scanned(run, "HEAD~..HEAD") == set()


# Suppression, and whose configuration

ENTRY = b"paths:\n  - {pattern: 'examples/', reason: an example, owner: ada}\n"


def test_the_configuration_is_that_of_the_base(run: Run, repo: Repo) -> None:
    repo.commit({"a": b"a"})
    repo.commit({".xoxscan.yaml": ENTRY, "examples/a.env": BOT})
    result = run("range", "HEAD~..HEAD", "-f", "json")
    assert (result.status, json.loads(result.out)["config_from"]) == (1, None)
    repo.commit({"examples/b.env": USER})
    repo.git("rm", "-q", ".xoxscan.yaml")
    result = run("range", "HEAD~..HEAD", "-f", "json")
    report = json.loads(result.out)
    assert (result.status, report["config_from"]) == (0, "HEAD~:.xoxscan.yaml")
    assert [entry["by"] for entry in report["suppressed"]] == ["path"]


def test_a_wrong_configuration_of_the_head_does_not_matter(run: Run, repo: Repo) -> None:
    repo.commit({"a": b"a"})
    repo.commit({".xoxscan.yaml": b"nonsense: [", "a.env": BOT})
    assert run("range", "HEAD~..HEAD").status == 1
    assert run("range", "HEAD..HEAD").status == 2


def test_a_token_that_leaves_a_suppressed_path_is_introduced(run: Run, repo: Repo) -> None:
    repo.commit({".xoxscan.yaml": ENTRY, "examples/a.env": BOT})
    repo.git("mv", "examples/a.env", "a.env")
    out = repo.commit()
    assert scanned(run, "HEAD~..HEAD") == {(out, "blob", "a.env")}
    (repo.path / "examples").mkdir(exist_ok=True)
    repo.git("mv", "a.env", "examples/a.env")
    repo.commit()
    assert scanned(run, "HEAD~..HEAD") == set()


def test_a_finding_with_one_place_that_is_not_suppressed(run: Run, repo: Repo) -> None:
    repo.commit({".xoxscan.yaml": ENTRY})
    repo.commit({"examples/a.env": BOT, "b.env": BOT})
    result = run("range", "HEAD~..HEAD", "-f", "json")
    (finding,) = json.loads(result.out)["findings"]
    by_path = {place["path"]: place["suppressed"] and place["suppressed"]["by"] for place in finding["locations"]}
    assert (result.status, by_path) == (1, {"b.env": None, "examples/a.env": "path"})


def test_a_marker_that_goes_introduces(run: Run, repo: Repo) -> None:
    repo.commit({"a.env": BOT + b" xoxscan:" + b"ignore"})
    oid = repo.commit({"a.env": BOT})
    assert scanned(run, "HEAD~..HEAD") == {(oid, "blob", "a.env")}


# What still reaches it


def reached(run: Run, words: str) -> dict[str, dict[str, Any]]:
    """What reaches the places of the only finding, by commit."""
    (finding,) = json.loads(run("range", words, "-f", "json").out)["findings"]
    return {place["commit"]: place["reach"] for place in finding["locations"]}


def test_what_still_reaches_the_commits(run: Run, repo: Repo) -> None:
    repo.commit({"a": b"a"})
    repo.git("tag", "before")
    first = repo.commit({"a.env": BOT})
    repo.git("branch", "topic")
    repo.git("tag", "-a", "-m", "annotated", "v1")
    repo.git("update-ref", "refs/remotes/origin/main", "HEAD")
    second = repo.commit({"b.env": BOT})
    repo.git("tag", "light")
    for content in (b"one", b"two"):  # what is stashed first stands in the reflog of the stash alone
        (repo.path / "a").write_bytes(content)
        repo.git("stash")
    reaches = reached(run, "before..main")
    branches = {"count": 3, "first": ["main", "origin/main", "topic"]}
    assert reaches[first]["branches"] == branches
    assert reaches[first]["tags"] == {"count": 2, "first": ["light", "v1"]}
    assert reaches[second]["branches"] == {"count": 1, "first": ["main"]}
    assert reaches[second]["tags"] == {"count": 1, "first": ["light"]}
    for reach in reaches.values():
        assert (reach["stash"], reach["notes"], reach["reflog"], reach["unreachable"]) == (True, False, True, False)


def test_what_was_dropped_is_reached_by_reflogs_and_then_by_nothing(run: Run, repo: Repo) -> None:
    repo.commit({"a": b"a"})
    gone = repo.commit({"a.env": BOT})
    repo.git("reset", "-q", "--hard", "HEAD~")
    reach = reached(run, f"main..{gone}")[gone]
    assert (reach["branches"]["count"], reach["reflog"], reach["unreachable"]) == (0, True, False)
    repo.git("reflog", "expire", "--expire=now", "--all")
    assert reached(run, f"main..{gone}")[gone]["unreachable"] is True


def test_an_old_entry_of_the_stash_is_told_as_such(run: Run, repo: Repo) -> None:
    repo.commit({"a": b"a"})
    for content in (BOT, b"two"):
        repo.write("a", content)
        repo.git("stash")
    oid = repo.git("rev-parse", "stash@{1}")
    reach = reached(run, f"main..{oid}")[oid]
    assert (reach["stash"], reach["reflog"], reach["unreachable"]) == (True, False, False)


def test_notes_and_a_message_are_told_too(run: Run, repo: Repo) -> None:
    repo.commit({"a": b"a"})
    repo.git("notes", "add", "-m", "nothing")
    first = repo.git("rev-parse", "refs/notes/commits")
    repo.git("notes", "add", "-f", "-m", BOT.decode())
    reach = reached(run, f"{first}..refs/notes/commits").popitem()[1]
    assert (reach["notes"], reach["branches"]["count"]) == (True, 0)
    oid = repo.commit({"b": b"b"}, message=USER.decode())
    assert reached(run, "HEAD~..HEAD")[oid]["branches"]["first"] == ["main"]


def test_both_sides_of_three_dots_are_told(run: Run, repo: Repo) -> None:
    repo.commit({"a": b"a"})
    ours, theirs = branch(repo, "ours", {"ours.env": BOT}), branch(repo, "theirs", {"theirs.env": BOT})
    reaches = reached(run, "ours...theirs")
    assert {oid: reach["branches"]["first"] for oid, reach in reaches.items()} == {ours: ["ours"], theirs: ["theirs"]}
    repo.git("switch", "-q", "--orphan", "apart")
    apart = repo.commit({"c.env": BOT})
    assert reached(run, "main...apart")[apart]["branches"]["first"] == ["apart"]


def test_many_refs_are_counted_and_twenty_are_named(run: Run, repo: Repo) -> None:
    repo.commit({"a": b"a"})
    repo.git("tag", "before")
    oid = repo.commit({"a.env": BOT})
    refs = "".join(f"create refs/tags/v{number} {oid}\n" for number in range(30))
    repo.git("update-ref", "--stdin", stdin=refs.encode())
    tags = reached(run, "before..HEAD")[oid]["tags"]
    assert (tags["count"], len(tags["first"])) == (30, 20)


def test_a_broken_ref_leaves_what_reaches_it_unknown(run: Run, repo: Repo) -> None:
    repo.commit({"a": b"a"})
    oid = repo.commit({"a.env": BOT})
    (repo.path / ".git/refs/heads/broken").write_text("1" * 40 + "\n")
    result = run("range", "HEAD~..HEAD", "-f", "json")
    (finding,) = json.loads(result.out)["findings"]
    assert (result.status, finding["locations"][0]["commit"], finding["locations"][0]["reach"]) == (1, oid, None)
    assert b"what still reaches the finds cannot be told" in run("range", "HEAD~..HEAD").out


# Kinds of repositories


def test_a_bare_repository_and_a_mirror(run: Run, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.commit({"a": b"a"})
    oid = repo.commit({"a.env": BOT})
    monkeypatch.chdir(clone(repo, "--mirror").path)
    assert scanned(run, "main~..main") == {(oid, "blob", "a.env")}


def test_a_sha256_repository(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repo = Repo(tmp_path / "new", "--object-format=sha256")
    monkeypatch.chdir(repo.path)
    repo.commit({"a": b"a"})
    oid = repo.commit({"a.env": BOT})
    assert len(oid) == 64
    assert scanned(run, "HEAD~..HEAD") == {(oid, "blob", "a.env")}


def test_replace_refs_and_grafts_change_nothing(run: Run, repo: Repo) -> None:
    repo.commit({"a": b"a"})
    clean = repo.commit({"b": b"b"})
    repo.git("reset", "-q", "--hard", "HEAD~")
    oid = repo.commit({"a.env": BOT})
    repo.git("replace", oid, clean)
    (repo.path / ".git/info").mkdir(exist_ok=True)
    (repo.path / ".git/info/grafts").write_text(f"{oid}\n")
    assert scanned(run, "main~..main") == {(oid, "blob", "a.env")}


def test_the_callers_git_variables_do_not_count(run: Run, repo: Repo, tmp_path: Path) -> None:
    repo.commit({"a": b"a"})
    oid = repo.commit({"a.env": BOT})
    other = Repo(tmp_path / "other")
    env = {"GIT_DIR": str(other.path / ".git"), "GIT_INDEX_FILE": "/nowhere"}
    assert found(run("range", "HEAD~..HEAD", "-f", "json", env=env)) == {(oid, "blob", "a.env")}


def test_from_a_folder_below(run: Run, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.commit({"below/a": b"a"})
    oid = repo.commit({"top.env": BOT})
    repo.git("config", "diff.relative", "true")
    monkeypatch.chdir(repo.path / "below")
    assert scanned(run, "HEAD~..HEAD") == {(oid, "blob", "top.env")}


# Size


def import_history(repo: Repo, commits: int, files: int) -> None:
    """So many commits, each of which changes so many files; one in the middle brings a token."""
    stream = [b"blob\nmark :1\ndata 1\nx"]
    for number in range(commits):
        stream.append(b"commit refs/heads/main\ncommitter A <a@b> %d +0000\ndata 1\nm" % (10**9 + number))
        for file in range(files):
            content = BOT if (number, file) == (commits // 2, 0) else b"%d %d" % (number, file)
            stream.append(b"M 100644 inline d%d/f%d\ndata %d\n%b" % (file % 7, file, len(content), content))
    repo.git("fast-import", "--quiet", stdin=b"\n".join(stream) + b"\n")


def test_a_long_range_takes_little_memory(repo: Repo) -> None:
    """Peak memory of the program (not of git) for 6,000 commits and 60,000 differences: git alone prints 12 MB."""
    import_history(repo, 6000, 10)
    code = (
        "import resource, sys; from scanner.cli import main; status = main(sys.argv[1:]);"
        "print(status, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
    )

    def peak(words: str) -> tuple[int, int]:
        done = subprocess.run(
            [sys.executable, "-c", code, "range", words, "-q", "--skip", "slack-user-token"],
            capture_output=True, check=True, cwd=repo.path, env={**os.environ, "PYTHONPATH": os.getcwd()},
        )  # fmt: skip
        status, size = done.stderr.split()
        return int(status), int(size) << 10

    few, many = peak("main~20..main"), peak("main~5900..main")
    assert (few[0], many[0]) == (0, 1)
    assert many[1] - few[1] < 40 << 20, (few, many)


class Terminal(io.BytesIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("argv", "phase"),
    [(["range", "HEAD~2..HEAD"], b"commits: "), (["staged"], b"staged files: "), (["hook", "c"], b"staged files: ")],
)
def test_progress_on_a_terminal_that_is_gone_at_the_end(repo: Repo, argv: list[str], phase: bytes) -> None:
    """On a machine where every look at the clock takes a second."""
    for number in range(3):
        repo.commit({"a": b"%d" % number, "b": b"%d b" % number})
    add(repo, "c", b"c")
    seconds = itertools.count(CLOCK)
    err = Terminal()
    streams = Streams(io.BytesIO(), io.BytesIO(), err, os.environ, lambda: next(seconds))
    assert main(argv, streams) == 0
    assert phase in err.getvalue()
    assert err.getvalue().endswith(b"\r\x1b[K")
    err.truncate(0)
    assert main([argv[0], "--no-progress", *argv[1:]], streams) == 0
    assert err.getvalue() == b""


def test_no_progress_elsewhere(run: Run, repo: Repo) -> None:
    repo.commit({"a": b"a"})
    repo.commit({"b": b"b"})
    assert run("range", "HEAD~..HEAD").err == b""
