"""`xoxscan remediate`, from the finding to the clean repository: really rewritten, really pushed."""

from __future__ import annotations

import json
import os
import shlex
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Repo, Result, Run, token

ONE, TWO, HOOK = token(seed=1), token("user", 2), token("webhook", 3)


@pytest.fixture(autouse=True)
def wired(monkeypatch: pytest.MonkeyPatch) -> None:
    """git-filter-repo stands beside this Python."""
    monkeypatch.setenv("PATH", os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]]))


def remediate(run: Run, *words: str | Path, status: int, stdin: bytes = b"") -> dict[str, Any]:
    """The JSON answer. No token is in it, or in what was said besides."""
    result = run("remediate", "-f", "json", *words, stdin=stdin)
    assert result.status == status, result
    hides(result)
    answer: dict[str, Any] = json.loads(result.out)
    assert answer["exit"] == status
    return answer


def hides(result: Result) -> None:
    for secret in (ONE, TWO, HOOK):
        assert secret[-16:] not in result.out + result.err


def report_of(run: Run, place: Path) -> Path:
    """A JSON report of the history."""
    assert run("history", "-f", "json", "-o", place).status == 1
    return place


def shell(command: str, folder: Path, status: int = 0) -> None:
    done = subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, check=False)
    assert done.returncode == status, done.stderr.decode()


def kept(answer: dict[str, Any]) -> set[str]:
    return {keeper["what"] for each in answer["standing"] for keeper in each["kept"]}


def mirror(source: Path, folder: Path) -> Path:
    shell(f"git clone -q --mirror {shlex.quote(str(source))} {shlex.quote(str(folder))}", folder.parent)
    return folder


def spread(repo: Repo) -> Path:
    """Tokens in every spelling and kind of place, all pushed to a bare remote."""
    bare = repo.path.parent / "remote.git"
    repo.git("init", "-q", "--bare", str(bare))
    repo.git("remote", "add", "origin", str(bare))
    repo.commit({"a.env": b"A=" + ONE + b"\n", "b.env": b"B=" + ONE.replace(b"-", b"%2D") + b"\n"})
    escaped = HOOK.replace(b"/", b"\\/") + b'", "t": "' + TWO.replace(b"-", b"\\u002d")
    repo.commit({"c.json": b'{"u": "' + escaped + b'"}\n'}, "see " + ONE.decode())
    repo.git("tag", "-a", "v1", "-m", "with " + TWO.decode())
    repo.git("notes", "add", "-m", "noted " + TWO.decode())
    repo.commit({"a.env": b"A=\n", "b.env": b"B=\n", "c.json": b"{}\n"}, "out")
    repo.git("push", "-q", "--mirror", "origin")
    return bare


# The whole way


def test_a_rewritten_and_pushed_repository_is_clean_and_was_not_before(repo: Repo, run: Run, tmp_path: Path) -> None:
    bare = spread(repo)
    report = report_of(run, tmp_path / "report.json")
    before = remediate(run, report, "--verify-clean", "--remote", "origin", status=1)
    assert len(before["standing"]) == 3 and kept(before) >= {"branches", "tags", "notes", "reflog"}
    refs = {each["ref"] for each in before["remote"]["standing"]}
    assert refs == {"refs/heads/main", "refs/tags/v1", "refs/notes/commits"}

    fresh = mirror(bare, tmp_path / "fresh.git")
    place = tmp_path / "expressions.txt"
    made = remediate(run, report, fresh, "--expressions", place, status=1)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    lines = place.read_bytes().splitlines()
    assert sorted(lines, key=len, reverse=True) == lines and len(lines) == 5 == made["expressions"]["spellings"]
    rewrite, delete = made["expressions"]["commands"]
    shell(rewrite, tmp_path)
    half = remediate(run, report, "--verify-clean", fresh, "--remote", bare, status=1)
    assert half["standing"] == [] and len(half["gone"]) == 3
    assert {each["ref"] for each in half["remote"]["standing"]} == refs

    shell(f"git push -q --force --mirror {shlex.quote(str(bare))}", fresh)
    after = remediate(run, report, "--verify-clean", fresh, "--remote", bare, status=0)
    assert after["clean"] and after["remote"]["standing"] == [] and after["problems"] == []
    assert remediate(run, "--verify-clean", fresh, status=0)["remote"] is None
    shell(delete, tmp_path)
    assert not place.exists()


def test_what_the_forge_keeps_is_named_though_nobody_can_push_to_it(repo: Repo, run: Run, tmp_path: Path) -> None:
    bare = spread(repo)
    repo.git("push", "-q", "origin", "HEAD~1:refs/pull/1/head")
    shell("git config receive.hideRefs refs/pull", bare)
    report = report_of(run, tmp_path / "report.json")
    fresh = mirror(bare, tmp_path / "fresh.git")
    made = remediate(run, report, fresh, "--expressions", tmp_path / "e", status=1)
    shell(made["expressions"]["commands"][0], tmp_path)
    shell(f"git push -q --force --prune {shlex.quote(str(bare))} '+refs/heads/*:refs/heads/*'", fresh)
    shell(
        f"git push -q --force {shlex.quote(str(bare))} '+refs/tags/*:refs/tags/*' '+refs/notes/*:refs/notes/*'", fresh
    )
    answer = remediate(run, report, "--verify-clean", fresh, "--remote", bare, status=1)
    assert [each["ref"] for each in answer["remote"]["standing"]] == ["refs/pull/1/head"]
    other = mirror(bare, tmp_path / "other.git")  # it knows nothing of what was rewritten, but holds that ref
    answer = remediate(run, report, "--verify-clean", other, "--remote", bare, status=1)
    assert [each["ref"] for each in answer["remote"]["standing"]] == ["refs/pull/1/head"]


def test_refs_to_what_is_not_here_leave_the_answer_open(repo: Repo, run: Run, tmp_path: Path) -> None:
    repo.commit({"a": b"a"})
    bare = mirror(repo.path, tmp_path / "remote.git")
    repo.git("remote", "add", "origin", str(bare))
    other = Repo(tmp_path / "other")
    other.commit({"b": b"b"})
    for number in range(25):
        other.git("push", "-q", str(bare), f"HEAD:refs/merge-requests/{number}/head")
    answer = remediate(run, "--verify-clean", "--remote", "origin", status=3)
    assert len(answer["remote"]["unknown"]) == 25 and "and 5 more" in answer["problems"][0]["message"]
    assert "git fetch origin" in answer["problems"][0]["hint"] and not answer["clean"]


def test_a_remote_ref_whose_name_holds_a_token(repo: Repo, run: Run, tmp_path: Path) -> None:
    repo.commit({"a": b"a"})
    bare = mirror(repo.path, tmp_path / "remote.git")
    shell(f"git update-ref refs/heads/{ONE.decode()} HEAD", bare)
    answer = remediate(run, "--verify-clean", "--remote", bare, status=1)
    (shown,) = answer["remote"]["standing"]
    assert "****" in shown["ref"] and shown["why"] == "its name holds a finding"


def test_a_remote_that_does_not_answer_is_no_clean_one(repo: Repo, run: Run, tmp_path: Path) -> None:
    repo.commit({"a": b"a"})
    (tmp_path / "empty").mkdir()
    answer = remediate(run, "--verify-clean", "--remote", tmp_path / "empty", status=3)
    assert "does not answer" in answer["problems"][0]["message"]


# What keeps it, and what drops it


def test_each_keeper_is_named_and_its_commands_drop_it(repo: Repo, run: Run, tmp_path: Path) -> None:
    repo.commit({"a": b"a"})
    repo.write("a", ONE)
    repo.git("stash", "-q")
    repo.git("update-ref", "refs/tags/kept", repo.git("hash-object", "-w", "--stdin", stdin=TWO))
    repo.write("staged", HOOK)
    repo.git("add", "staged")
    answer = remediate(run, "--verify-clean", status=1)
    assert kept(answer) >= {"stash", "tags", "index"}
    repo.git("stash", "drop", "-q")
    repo.git("tag", "-d", "kept")
    repo.git("rm", "-q", "--cached", "staged")
    answer = remediate(run, "--verify-clean", status=1)
    assert kept(answer) == {"unreachable"}
    for command in answer["standing"][0]["kept"][0]["commands"]:
        shell(command, repo.path)
    assert remediate(run, "--verify-clean", status=0)["clean"]


def test_reflogs_and_names(repo: Repo, run: Run) -> None:
    repo.commit({"a": b"a"})
    repo.commit({"b": ONE})
    repo.git("reset", "-q", "--hard", "HEAD~1")
    repo.git("branch", "x-" + TWO.decode())
    assert kept(remediate(run, "--verify-clean", status=1)) >= {"reflog", "ref-name"}


def test_a_report_without_findings_asks_about_any(repo: Repo, run: Run, tmp_path: Path) -> None:
    repo.commit({"a.env": token()})
    empty = tmp_path / "report.json"
    assert run("history", "--skip", "slack-bot-token", "-f", "json", "-o", empty).status == 0
    remediate(run, empty, "--verify-clean", status=1)


def test_text_says_it_all(repo: Repo, run: Run, tmp_path: Path) -> None:
    for number in range(7):
        repo.commit({f"{number}.env": ONE + b" %d" % number})
    bare = mirror(repo.path, tmp_path / "remote.git")
    result = run("remediate", "--verify-clean", "--remote", bare)
    hides(result)
    assert result.status == 1 and b"still there" in result.out and b"places more" in result.out
    assert b"refs/heads/main: it leads to a finding" in result.out and result.out.endswith(b"not clean\n")
    result = run("remediate", "--verify-clean", bare, env={})
    assert b"--remote NAME" in result.out


def test_allowed_findings_are_not_counted_unless_asked_about(repo: Repo, run: Run, tmp_path: Path) -> None:
    repo.commit({"a.env": ONE + b"\n"})
    report = report_of(run, tmp_path / "report.json")
    repo.commit({".xoxscan.yaml": b"paths:\n  - pattern: '*.env'\n    reason: a test\n    owner: us\n"})
    result = run("remediate", "--verify-clean")
    assert result.status == 0 and b"1 finding that somebody allowed is not counted" in result.out, result
    assert b"clean: nothing of it" in result.out
    assert len(remediate(run, report, "--verify-clean", status=1)["standing"]) == 1


def test_no_rule_is_switched_off_by_the_repository(repo: Repo, run: Run) -> None:
    entry = b"skip_rules:\n  - rule: slack-bot-token\n    reason: a test\n    owner: us\n"
    repo.commit({"a.env": ONE, ".xoxscan.yaml": entry})
    assert run("history").status == 0
    assert len(remediate(run, "--verify-clean", status=1)["standing"]) == 1


def test_a_rule_that_is_not_here_leaves_it_open(repo: Repo, run: Run, tmp_path: Path) -> None:
    repo.commit({"a.env": ONE})
    report = report_of(run, tmp_path / "report.json")
    document = json.loads(report.read_text())
    document["findings"][0] |= {"rule": "our-own", "fingerprint": "v1:bot:other"}
    report.write_text(json.dumps(document))
    answer = remediate(run, report, "--verify-clean", status=3)
    assert answer["gone"] == [] and answer["problems"][0]["what"] == "our-own"
    result = run("remediate", report, "--verify-clean")
    assert b"not known" in result.out and b"problem: our-own" in result.out
    steps = remediate(run, "-", status=1, stdin=report.read_bytes())["steps"]
    assert steps[0]["title"] == "Revoke: our-own"


# The runbook


def test_the_runbook_comes_in_order(repo: Repo, run: Run, tmp_path: Path) -> None:
    spread(repo)
    report = report_of(run, tmp_path / "report.json")
    answer = remediate(run, report, status=1)
    phases = [step["phase"] for step in answer["steps"]]
    assert list(dict.fromkeys(phases)) == ["revoke", "replace", "redeploy", "rewrite", "elsewhere", "verify"]
    assert phases == sorted(phases, key=["revoke", "replace", "redeploy", "rewrite", "elsewhere", "verify"].index)
    words = json.dumps(answer)
    for word in ("refs/pull/*", "refs/merge-requests/*", "forks", "v1", "main", "auth.revoke", "Incoming Webhooks"):
        assert word in words
    assert answer == remediate(run, status=1)  # by a scan of its own it says the same
    place = tmp_path / "book.txt"
    result = run("remediate", report, "-o", place)
    hides(result)
    assert result.out == b"" and b"1. Revoke" in place.read_bytes() and stat.S_IMODE(place.stat().st_mode) == 0o600


def test_nothing_left_to_do(repo: Repo, run: Run, tmp_path: Path) -> None:
    repo.commit({"a": b"a"})
    result = run("remediate")
    assert (result.status, result.out) == (0, b"nothing to remediate: no findings\n")
    answer = remediate(run, "--expressions", tmp_path / "e", status=0)
    assert answer["expressions"] is None and not (tmp_path / "e").exists()


def test_an_incomplete_report_is_no_clean_one(repo: Repo, run: Run, tmp_path: Path) -> None:
    repo.commit({"a": b"a"})
    report = tmp_path / "r.json"
    run("history", "-f", "json", "-o", report)
    document = json.loads(report.read_text())
    document["problems"] = [{"what": "x", "message": "unread", "hint": "look"}]
    report.write_text(json.dumps(document))
    assert remediate(run, report, status=3)["steps"] == []


# The expressions file


def test_where_tokens_are_never_written(repo: Repo, run: Run, tmp_path: Path) -> None:
    repo.commit({"a.env": ONE})
    repo.git("worktree", "add", "-q", str(tmp_path / "tree"))
    (tmp_path / "way").symlink_to(repo.path)
    (tmp_path / "there").write_text("kept")
    (tmp_path / "dangling").symlink_to(repo.path / "new")
    other = Repo(tmp_path / "other", "--bare")
    inside = (repo.path / "e", repo.path / ".git/e", tmp_path / "way/e", tmp_path / "tree/e", other.path / "e")
    for place in (*inside, tmp_path / "there", tmp_path / "dangling", "-"):
        result = run("remediate", "--expressions", place)
        hides(result)
        assert result.status == 2 and result.out == b"", (place, result)
    assert (tmp_path / "there").read_text() == "kept" and not (repo.path / "new").exists()
    assert run("remediate", "--expressions", tmp_path / "no/e").status == 3


def test_the_text_names_the_file_and_says_to_delete_it(repo: Repo, run: Run, tmp_path: Path) -> None:
    repo.commit({"a.env": ONE})
    place = tmp_path / "with space"
    result = run("remediate", "--expressions", place)
    hides(result)
    assert result.status == 1 and ONE in place.read_bytes()
    assert f"$ rm '{place}'".encode() in result.out and b"IN THE CLEAR" in result.out and b"Delete it" in result.out
    again = run("remediate", "--expressions", place)
    assert again.status == 2 and b"exists already" in again.err


def test_what_filter_repo_takes_for_binary_is_named(repo: Repo, run: Run, tmp_path: Path) -> None:
    repo.commit({"a.bin": b"\0\0 " + ONE + b"\n", "other": b"a"})
    fresh = mirror(repo.path, tmp_path / "fresh.git")
    place = tmp_path / "e"
    made = remediate(run, fresh, "--expressions", place, status=1)
    blob = repo.git("rev-parse", "HEAD:a.bin")
    assert made["expressions"] is None and not place.exists()  # it would take nothing away
    assert "--strip-blobs-with-ids" in made["notes"][1] and made["notes"][1].endswith(f": {blob}")
    (tmp_path / "ids").write_text(f"{blob}\n")
    shell(f"git filter-repo --force --strip-blobs-with-ids {shlex.quote(str(tmp_path / 'ids'))}", fresh)
    remediate(run, "--verify-clean", fresh, status=0)
    repo.commit({"a.env": b"T=" + TWO + b"\n"})
    result = run("remediate", "--expressions", place)
    assert b"--strip-blobs-with-ids" in result.out and ONE not in place.read_bytes() and TWO in place.read_bytes()


def test_findings_of_the_report_alone(repo: Repo, run: Run, tmp_path: Path) -> None:
    repo.commit({"a.env": ONE})
    report = report_of(run, tmp_path / "r.json")
    repo.commit({"b.env": TWO})
    remediate(run, report, "--expressions", tmp_path / "e", status=1)
    assert ONE in (tmp_path / "e").read_bytes() and TWO not in (tmp_path / "e").read_bytes()
    other = Repo(tmp_path / "other")
    other.commit({"a": b"a"})
    answer = remediate(run, report, other.path, "--expressions", tmp_path / "f", status=1)
    assert len(answer["notes"]) == 2 and not (tmp_path / "f").exists()


# Wrong usage


def test_wrong_usage(repo: Repo, run: Run, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("{")
    wrong: tuple[tuple[str | Path, ...], ...] = (
        ("no.json",),
        (tmp_path / "text",),
        ("a", "b"),
        (repo.path, tmp_path),
        ("--remote", "origin"),
        ("--verify-clean", "--expressions", tmp_path / "e"),
        ("--verify-clean", "--remote", "nobody"),
        ("--verify-clean", "--jobs", "0"),
    )
    repo.commit({"a": b"a"})
    for words in wrong:
        assert run("remediate", *words).status == 2, words
    empty = Repo(tmp_path / "empty")
    assert run("remediate", "--verify-clean", empty.path).status == 3


def test_an_old_commit_without_its_past_tells_nothing(repo: Repo, run: Run, tmp_path: Path) -> None:
    repo.commit({"a": b"a"})
    bare = mirror(repo.path, tmp_path / "remote.git")
    repo.git("switch", "-q", "-c", "side")
    repo.commit({"b": b"b"})
    blob = repo.git("rev-parse", "HEAD:b")
    repo.git("push", "-q", str(bare), "side")
    repo.git("switch", "-q", "main")
    repo.git("branch", "-D", "side")
    repo.git("reflog", "expire", "--expire=now", "--all")
    assert remediate(run, "--verify-clean", "--remote", bare, status=0)["remote"]["unknown"] == []
    (repo.path / ".git/objects" / blob[:2] / blob[2:]).unlink()
    assert remediate(run, "--verify-clean", "--remote", bare, status=3)["remote"]["unknown"] == ["refs/heads/side"]
