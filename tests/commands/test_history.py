"""`xoxscan history`: where a secret came in, what still holds it, and that nothing is shown of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Repo, Run, token


def history(run: Run, *options: str) -> dict[str, Any]:
    """The JSON report."""
    result = run("history", "-f", "json", *options)
    assert result.status in (0, 1), result
    report: dict[str, Any] = json.loads(result.out)
    return report


def only(report: dict[str, Any]) -> dict[str, Any]:
    """The one finding."""
    (finding,) = report["findings"]
    made: dict[str, Any] = finding
    return made


def places(finding: dict[str, Any]) -> set[tuple[str, str | None, str | None]]:
    return {(place["source"], place["path"], place["commit"]) for place in finding["locations"]}


def test_who_brought_it_and_who_took_it_out(run: Run, repo: Repo) -> None:
    repo.commit({"a": b"one\n"})
    came = repo.commit({"a": b"one\n" + token() + b"\n"}, "comes")
    repo.commit({"b": b"other\n"})
    went = repo.commit({"a": b"one\n"}, "goes")
    finding = only(history(run))
    assert places(finding) == {("blob", "a", came)}
    assert finding["introduced"]["commit"] == came and finding["introduced"]["author"] == "Ada <ada@example.org>"
    assert finding["removed"]["commit"] == went
    assert finding["exposed"] == {"from": "2026-01-02T03:04:05+00:00", "until": "2026-01-02T03:04:05+00:00"}
    assert finding["locations"][0]["line"] == 2
    assert finding["locations"][0]["reach"]["branches"] == {"count": 1, "first": ["main"]}


def test_a_rename_and_a_copy_do_not_introduce_it_again(run: Run, repo: Repo) -> None:
    came = repo.commit({"a": token()})
    repo.git("mv", "a", "moved")
    renamed = repo.commit({}, "moved")
    copied = repo.commit({"copy": token()})
    finding = only(history(run))
    assert finding["introduced"]["commit"] == came
    assert finding["counts"]["commits"] == 2  # the copy is one more
    assert places(finding) == {("blob", "a", came), ("blob", "moved", renamed), ("blob", "copy", copied)}
    assert finding["removed"] is None


def test_a_clean_merge_introduces_nothing(run: Run, repo: Repo) -> None:
    repo.commit({"base": b"x"})
    repo.git("checkout", "-qb", "side")
    came = repo.commit({"a": token()})
    repo.git("checkout", "-q", "main")
    repo.commit({"b": b"y"})
    repo.git("merge", "-q", "--no-ff", "-m", "merge", "side")
    finding = only(history(run))
    assert finding["introduced"]["commit"] == came
    assert finding["counts"]["commits"] == 1


def test_what_only_a_merge_holds(run: Run, repo: Repo) -> None:
    repo.commit({"base": b"x"})
    repo.git("checkout", "-qb", "side")
    repo.commit({"a": b"1"})
    repo.git("checkout", "-q", "main")
    repo.commit({"b": b"2"})
    repo.git("merge", "-q", "--no-ff", "--no-commit", "side")
    repo.write("a", token())
    repo.git("add", "a")
    merge = repo.commit({}, "evil")
    assert only(history(run))["introduced"]["commit"] == merge


def test_a_stash_with_all_its_parts(run: Run, repo: Repo) -> None:
    repo.commit({"a": b"x", "b": b"x"})
    repo.write("a", token(seed=1))
    repo.git("add", "a")
    repo.write("b", token(seed=2))
    repo.write("new", token(seed=3))
    repo.git("stash", "push", "-q", "--include-untracked")
    repo.write("b", token(seed=4))
    repo.git("stash", "push", "-q")
    report = history(run)
    assert len(report["findings"]) == 4
    for finding in report["findings"]:
        assert any(place["reach"]["stash"] for place in finding["locations"])
        assert not any(place["reach"]["branches"]["count"] for place in finding["locations"])


def test_notes_tags_reflogs_and_what_nothing_reaches(run: Run, repo: Repo) -> None:
    repo.commit({"a": b"x"})
    repo.git("notes", "add", "-m", token(seed=1).decode())
    repo.commit({"b": token(seed=2)})
    repo.git("tag", "-a", "v1", "-m", token(seed=3).decode())
    repo.git("tag", "light")
    repo.git("reset", "-q", "--hard", "HEAD~1")
    repo.commit({"c": token(seed=4)})
    repo.git("reset", "-q", "--hard", "HEAD~1")
    loose = repo.git("hash-object", "-w", "--stdin", stdin=token(seed=5))
    by_source: dict[str, dict[str, Any]] = {}
    for finding in history(run)["findings"]:
        for place in finding["locations"]:
            by_source[f"{place['source']} {place['path'] or ''}".strip()] = place
    assert by_source.pop("blob b")["reach"]["tags"] == {"count": 2, "first": ["light", "v1"]}
    assert by_source.pop("tag-message")["line"] == 1
    dropped = by_source.pop("blob c")["reach"]
    assert dropped["reflog"] and not dropped["unreachable"] and not dropped["branches"]["count"]
    nothing = by_source.pop("blob")
    assert nothing["blob"] == loose and nothing["reach"]["unreachable"] and nothing["commit"] is None
    (note,) = by_source.values()
    assert note["source"] == "note" and note["reach"]["notes"]


def test_without_reflogs_a_dropped_commit_is_unreachable_and_reachable_leaves_it_out(run: Run, repo: Repo) -> None:
    repo.commit({"a": b"x"})
    repo.commit({"c": token()})
    repo.git("reset", "-q", "--hard", "HEAD~1")
    repo.git("reflog", "expire", "--expire=now", "--all")
    assert only(history(run))["locations"][0]["reach"]["unreachable"]
    assert history(run, "--reachable")["findings"] == []


def test_messages_names_and_links(run: Run, repo: Repo) -> None:
    repo.commit({"a": b"x"}, f"subject\n\nsee {token(seed=1).decode()}")
    (repo.path / "link").symlink_to(token(seed=2).decode())
    repo.git("add", "link")
    repo.commit({}, "link")
    repo.git("branch", f"try-{token(seed=3).decode()}")
    repo.git("commit", "-q", "--allow-empty", "-m", "x", env={"GIT_AUTHOR_NAME": token(seed=4).decode()})
    repo.commit({f"{token(seed=5).decode()}.txt": b"x"})
    report = history(run, "-v")
    sources = {place["source"] for finding in report["findings"] for place in finding["locations"]}
    assert {"commit-message", "symlink", "ref-name", "path-name"} <= sources
    (message,) = [
        p for f in report["findings"] for p in f["locations"] if p["source"] == "commit-message" and p["line"]
    ]
    assert (message["line"], message["column"]) == (3, 5)
    assert len(report["findings"]) == 5


SECRET_NAMES = ("text", "json", "jsonl", "sarif")


@pytest.mark.parametrize("form", SECRET_NAMES)
def test_nothing_of_a_secret_is_shown(run: Run, repo: Repo, form: str) -> None:
    tokens = [token(seed=seed) for seed in range(1, 7)]
    name, mail, folder, branch, tag, subject = (each.decode() for each in tokens)
    who = {"GIT_AUTHOR_NAME": f"Ada {name}", "GIT_AUTHOR_EMAIL": f"{mail}@example.org"}
    repo.write(f"{folder}/{folder}.txt", tokens[0] + b" " + tokens[0] + b"\n")
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", f"{subject} {subject}", env=who)
    repo.git("branch", branch)
    repo.git("tag", "-a", tag, "-m", subject)
    repo.write(f"{folder}/{folder}.txt", b"changed")
    repo.git("stash", "push", "-q", "-m", f"keep {subject}")
    result = run("history", "-f", form, "-v", "--explain-drops", "--show-suppressed")
    assert result.status == 1
    shown = result.out + result.err
    for each in tokens:
        secret = each.rpartition(b"-")[2]
        assert not any(secret[at : at + 12] in shown for at in range(len(secret) - 11))


def test_a_named_repository_is_foreign(run: Run, repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.commit({".xoxscan.yaml": b"paths:\n- {pattern: a, reason: fakes, owner: ada}\n", "a": token()})
    assert run("history").status == 0
    assert run("history", repo.path).status == 0  # it is the one around this folder
    monkeypatch.chdir(tmp_path)
    result = run("history", repo.path)
    assert result.status == 1
    assert b"foreign" in result.out
    assert run("history", repo.path, "--trust-repo-config").status == 0
    assert run("-C", repo.path, "history").status == 0


def test_the_number_of_processes_changes_nothing(run: Run, repo: Repo) -> None:
    for number in range(30):
        repo.commit({f"f{number}": b"text\n" * number + token(seed=number)})
    one, two = history(run, "--jobs", "1"), history(run, "--jobs", "2")
    assert one["findings"] == two["findings"] and one["coverage"] == two["coverage"]
    assert len(one["findings"]) == 30


@pytest.mark.parametrize("engine", ["pack", "both"])
def test_an_engine_that_is_not_built_yet(run: Run, repo: Repo, engine: str) -> None:
    assert run("history", "--engine", engine).status == 2


def test_what_a_forge_keeps_is_named(run: Run, repo: Repo) -> None:
    repo.commit({"a": b"x"})
    repo.git("remote", "add", "origin", "https://user:pass@github.com/o/r")
    result = run("history")
    assert b"refs/pull/*" in result.out and b"git fetch origin" in result.out
    assert b"pass" not in result.out
