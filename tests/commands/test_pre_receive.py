"""`xoxscan pre-receive` as the hook of a real server: as files and over HTTP, in quarantine, within a budget."""

from __future__ import annotations

import json
import math
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner.commands.budget import Spent, looking
from scanner.commands.ranging import Scan
from scanner.pipeline import Occurrence
from scanner.sources.commits import Range
from tests.commands.histories import branch, found
from tests.commands.hooked import git, over_http, serving, write_hook
from tests.conftest import Repo, Run, token

BOT, USER = token(), token("user")
ZEROS = "0" * 40
ALLOW = b"paths: [{pattern: '*.env', reason: an example, owner: ada}]\n"


def line(ref: str, new: str, old: str = ZEROS) -> bytes:
    return f"{old} {new} {ref}\n".encode()


@pytest.fixture
def bare(repo: Repo, tmp_path: Path) -> Repo:
    """A bare repository with the hook, to which `repo` pushed one commit."""
    made = Repo(tmp_path / "a server, größer" / "r.git", "--bare")
    made.git("config", "receive.advertisePushOptions", "true")
    made.git("config", "http.receivepack", "true")
    repo.commit({"a.txt": b"one\n"})
    repo.git("remote", "add", "origin", str(made.path))
    repo.git("push", "-q", "origin", "main")
    hook(made)
    return made


def hook(bare: Repo, options: str = "", before: str = "") -> None:
    write_hook(bare.path / "hooks/pre-receive", f"pre-receive {options}", before)


@pytest.fixture
def slow(tmp_path: Path) -> str:
    """A PATH with a git that takes its time before it lists commits: a budget of a millisecond is over by then."""
    git = tmp_path / "slow" / "git"
    git.parent.mkdir()
    git.write_text(f"""#!/bin/sh
case "$*" in *rev-list*) sleep 0.4;; esac
exec "{shutil.which("git")}" "$@"
""")
    git.chmod(0o755)
    return f"{git.parent}:{os.environ['PATH']}"


def push(repo: Repo, bare: Repo, *arguments: str) -> tuple[bool, bytes]:
    """Whether a push went through, and what was said; stopped, it leaves neither ref nor object behind."""
    before = bare.git("for-each-ref"), bare.git("count-objects", "-v")
    done = git(repo.path, "push", *(arguments or ("origin", "main")))
    assert BOT not in done.said and USER not in done.said
    if done.status:
        assert b"pre-receive hook declined" in done.said, done
        assert (bare.git("for-each-ref"), bare.git("count-objects", "-v")) == before
    return done.status == 0, done.said


def test_clean_pushes_deletions_and_forced_ones(repo: Repo, bare: Repo) -> None:
    repo.commit({"b.txt": b"two\n"})
    assert push(repo, bare, "origin", "main", "main:topic")[0]
    assert push(repo, bare, "origin", ":topic")[0]
    repo.git("commit", "-q", "--amend", "-m", "other")
    assert push(repo, bare, "--force", "origin", "main")[0]


def test_all_refs_and_commits_of_a_push(repo: Repo, bare: Repo) -> None:
    for name in ("one", "two"):
        branch(repo, name, {name: b"clean"})
    branch(repo, "leak", {"a.env": BOT}, start="two")
    through, said = push(repo, bare, "origin", "one", "leak", "two")
    assert not through and b"slack-bot-token" in said and b"3 refs" in said
    repo.commit({"a.env": BOT})
    repo.commit({"a.env": b"none"})
    assert not push(repo, bare, "--force", "origin", "main")[0]
    repo.git("tag", "-a", "v1", "-m", BOT.decode(), "one")
    assert not push(repo, bare, "origin", "v1")[0]


def test_a_merge_that_adds_by_itself(repo: Repo, bare: Repo) -> None:
    branch(repo, "topic", {"b": b"b"})
    repo.git("merge", "-q", "--no-ff", "--no-commit", "topic")
    repo.commit({"a.env": BOT})
    assert not push(repo, bare)[0]


@over_http
def test_over_http_and_several_at_once(repo: Repo, bare: Repo) -> None:
    branch(repo, "leak", {"a.env": BOT})
    for number in range(3):
        branch(repo, f"clean{number}", {f"{number}.txt": b"clean"})
    results: dict[str, int] = {}
    with serving(bare.path.parent) as address:

        def one(name: str) -> None:
            results[name] = git(repo.path, "push", f"{address}/r.git", name).status

        threads = [threading.Thread(target=one, args=(name,)) for name in ("clean0", "leak", "clean1", "clean2")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        through, said = push(repo, bare, "-o", 'xoxscan.skip="a test"', f"{address}/r.git", "leak:other")
    assert results == {"clean0": 0, "clean1": 0, "clean2": 0, "leak": 1}
    assert through and b"push option xoxscan.skip by ada: a test" in said


def test_the_configuration_is_that_of_the_old_default_branch(repo: Repo, bare: Repo) -> None:
    repo.commit({".xoxscan.yaml": ALLOW, "a.env": BOT})
    assert not push(repo, bare)[0]
    repo.git("reset", "-q", "--hard", "HEAD~1")
    repo.commit({".xoxscan.yaml": ALLOW})
    assert push(repo, bare)[0]
    repo.commit({"a.env": BOT})
    assert push(repo, bare)[0]


# Push options


def test_a_push_option_lets_a_push_through_and_is_told(repo: Repo, bare: Repo) -> None:
    repo.commit({"a.env": BOT})
    through, said = push(repo, bare, "-o", "other", "-o", "xoxscan.skip=it is revoked", "origin", "main")
    assert through and b"it is revoked" in said and b"slack-bot-token" in said
    assert b"let through, as a push option asked" in said and b"clean" not in said


@pytest.mark.parametrize("option", ["xoxscan.skip", "xoxscan.skip=", 'xoxscan.skip=""', "xoxscan.skipped=x"])
def test_without_a_reason_it_does_not(repo: Repo, bare: Repo, option: str) -> None:
    repo.commit({"a.env": BOT})
    through, said = push(repo, bare, "-o", option, "origin", "main")
    assert not through and (b"not without a reason" in said) == (option != "xoxscan.skipped=x")


def test_it_can_be_forbidden(repo: Repo, bare: Repo) -> None:
    words = ("-o", "xoxscan.skip=please", "origin", "main")
    repo.commit({".xoxscan.yaml": b"head_suppressions: refuse\n"})
    assert push(repo, bare)[0]
    repo.commit({"a.env": BOT})
    through, said = push(repo, bare, *words)
    assert not through and b"please (forbidden here)" in said
    repo.git("reset", "-q", "--hard", "HEAD~1")
    repo.commit({".xoxscan.yaml": b"head_suppressions: accept\n"})
    assert push(repo, bare)[0]
    repo.commit({"a.env": BOT})
    hook(bare, "--no-skip")
    assert not push(repo, bare, *words)[0]
    hook(bare)
    assert push(repo, bare, *words)[0]


def test_it_is_recorded_in_the_report(run: Run, repo: Repo) -> None:
    tip = repo.commit({"a.env": BOT})
    repo.git("checkout", "-q", "--orphan", "unborn")  # as before the first push: there is no configuration
    env = {"GIT_PUSH_OPTION_COUNT": "1", "GIT_PUSH_OPTION_0": "xoxscan.skip=why", "GL_USERNAME": "eve"}
    result = run("pre-receive", "-f", "json", stdin=line("refs/heads/x", tip), env=env)
    # --all holds it already: nothing is new
    report = json.loads(result.out)
    assert result.status == 0 and "push option xoxscan.skip by eve: why" in report["notes"][0]


# GitLab


def test_gitlab_shows_lines(repo: Repo, bare: Repo, slow: str) -> None:
    repo.commit({"a.env": BOT, **{f"{seed}.env": token("user", seed) for seed in range(6)}})
    assert b"GL-HOOK-ERR" not in push(repo, bare)[1]
    hook(bare, before="export GL_ID=user-1")
    said = push(repo, bare)[1]
    assert said.count(b"GL-HOOK-ERR: ") == 8 and b"GL-HOOK-ERR: and 2 more" in said
    hook(bare, "--budget 1ms", before=f"export GL_ID=user-1 PATH='{slow}'")
    assert b"GL-HOOK-ERR: the push: the time budget" in push(repo, bare)[1]


# How much is told


def test_the_beginning_is_told_and_files_hold_all(run: Run, repo: Repo, tmp_path: Path) -> None:
    files = {f"{seed:02}.env": token("user", seed) for seed in range(23)}
    files[f"{USER.decode()}.env"] = token("user", 1)
    tip = loose(repo, files)
    lines = line("refs/heads/x", tip)
    result = run("pre-receive", f"--report=json={tmp_path / 'all.json'}", stdin=lines)
    assert result.status == 1 and result.out.count(b"slack-user-token  ") == 20
    assert b"\nand 3 more findings\n23 findings in " in result.out and result.out.endswith(b"exit status 1: findings\n")
    assert not any(secret in result.out for secret in files.values())
    assert len(json.loads((tmp_path / "all.json").read_text())["findings"]) == 23
    out = run("pre-receive", "--quiet", stdin=lines).out
    assert out.count(b"slack-user-token  ") == 20 and b"and 3 more findings" in out and b"exit status" not in out
    missing = b"".join(line(f"refs/heads/{number}", f"{number:040}") for number in range(1, 26))
    result = run("pre-receive", stdin=missing)
    assert result.status == 3 and b"and 5 more problems" in result.out


def test_a_part_of_the_budget_is_for_what_is_told() -> None:
    assert [looking(4.0, 0.5), looking(100.0, 1.0), looking(1.0, 3.0)] == [2.5, 94.0, 0.001]
    assert looking(math.inf, 3.0) == math.inf


# The budget


def test_a_spent_budget_stops_the_push_and_names_what_was_not_reached(repo: Repo, bare: Repo, slow: str) -> None:
    branch(repo, "topic", {"b.txt": b"two\n"})
    hook(bare, "--budget 1ms", before=f"export PATH='{slow}'")
    through, said = push(repo, bare, "origin", "topic", "topic:more")
    assert not through and b"refs/heads/topic, refs/heads/more" in said and b"exit status 3" in said
    hook(bare, "--budget 1ms --on-budget pass", before=f"export PATH='{slow}'")
    through, said = push(repo, bare, "origin", "topic")
    assert through and b"skipped: ref: the time budget of 0.001 s is spent: 1 ref not looked at: refs/heads/t" in said
    assert b"exit status 0: let through, with 1 ref not looked at" in said and b"clean" not in said


def test_what_was_found_before_the_end_counts(repo: Repo, bare: Repo, tmp_path: Path) -> None:
    """A git that rings the alarm at the second commit, and then goes on for a while."""
    (tmp_path / "git").write_text(
        f"""#!/bin/sh
case "$*" in *diff-tree*)
    echo x >>"{tmp_path}/count"
    [ $(wc -l <"{tmp_path}/count") -lt 2 ] || {{ kill -ALRM $PPID; exec sleep 1; }};;
esac
exec "{shutil.which("git")}" "$@"
"""
    )
    (tmp_path / "git").chmod(0o755)
    repo.commit({"a.env": BOT})
    repo.commit({"b.txt": b"two\n"})
    hook(bare, "--budget 5m --on-budget pass", before=f'export PATH="{tmp_path}:$PATH"')
    through, said = push(repo, bare)
    assert not through and b"slack-bot-token" in said and b"1 of 2 commits not looked at" in said


@pytest.mark.parametrize("word", ["", "0", "-1", "4h", "x", "0.0001s"])
def test_a_budget_that_is_none(run: Run, repo: Repo, word: str) -> None:
    assert run("pre-receive", f"--budget={word}").status == 2


@pytest.mark.parametrize("word", ["none", "2m", "3", "5000ms", "1.5s"])
def test_budgets(run: Run, repo: Repo, word: str) -> None:
    lines = line("refs/heads/gone", ZEROS, repo.commit())
    assert run("pre-receive", "--budget", word, stdin=lines).status == 0


@pytest.mark.parametrize("lines", [b"", b"\n"])
def test_no_line_is_no_push(run: Run, repo: Repo, lines: bytes) -> None:
    """git never starts pre-receive without one: somebody else has read it."""
    repo.commit()
    result = run("pre-receive", stdin=lines)
    assert result.status == 3 and b"an earlier script may have read it" in result.err


def test_a_script_that_read_the_input_stops_the_push(repo: Repo, bare: Repo) -> None:
    repo.commit({"a.env": BOT})
    hook(bare, before="cat >/dev/null")
    assert not push(repo, bare)[0]


def test_what_is_here_already_is_not_looked_at(run: Run, repo: Repo) -> None:
    tip = repo.commit({"a.env": BOT})
    result = run("pre-receive", "-f", "json", stdin=line("refs/heads/x", tip))
    assert (result.status, found(result)) == (0, set())
    assert "no commit is new here" in json.loads(result.out)["notes"]


def test_it_never_responds(run: Run, repo: Repo) -> None:
    assert run("pre-receive", "--respond", "verify").status == 2


# The same in this process


def loose(repo: Repo, files: dict[str, bytes], *parents: str) -> str:
    """A commit that no ref holds, as one in quarantine."""
    tree = b""
    for name, content in files.items():
        repo.write("loose", content)
        tree += f"100644 blob {repo.git('hash-object', '-w', 'loose')}\t{name}\n".encode()
    words = [word for parent in parents for word in ("-p", parent)]
    return repo.git("commit-tree", "-m", "loose", *words, repo.git("mktree", stdin=tree))


def test_an_unborn_default_branch(run: Run, repo: Repo) -> None:
    first = loose(repo, {"a.env": BOT})
    tip = loose(repo, {"a.env": b"none"}, first)
    lines = line("refs/heads/x", tip) + line("refs/heads/gone", ZEROS, loose(repo, {}))
    result = run("pre-receive", "-f", "json", stdin=lines)
    assert (result.status, found(result)) == (1, {(first, "blob", "a.env")})
    env = {"GIT_PUSH_OPTION_COUNT": "1", "GIT_PUSH_OPTION_0": "xoxscan.skip=why"}
    result = run("pre-receive", stdin=lines, env=env)
    assert result.status == 1 and b"the default branch holds no commit, and the operator's" in result.out
    assert b"no configuration of the repository counts" in result.out
    for number, text in enumerate(("paths: []\n", "", "head_suppressions: refuse\n")):
        (repo.path.parent / f"{number}.yaml").write_text(text)
        operator = {"XOXSCAN_CONFIG": str(repo.path.parent / f"{number}.yaml")}
        assert run("pre-receive", stdin=lines, env={**env, **operator}).status == 1
    (repo.path.parent / "accept.yaml").write_text("head_suppressions: accept\n")
    env["XOXSCAN_CONFIG"] = str(repo.path.parent / "accept.yaml")
    result = run("pre-receive", stdin=lines, env=env)
    assert result.status == 0 and result.out.endswith(b"exit status 0: let through, as a push option asked\n")
    assert run("pre-receive", "--no-skip", stdin=lines, env=env).status == 1
    result = run("pre-receive", stdin=lines, env={"GL_ID": "user-1"})
    assert b"GL-HOOK-ERR: xoxscan: 1 Slack credential in this push" in result.err and BOT not in result.err


def test_no_time_at_all(run: Run, repo: Repo, slow: str) -> None:
    tip = loose(repo, {"a.env": b"clean"})
    lines = b"".join(line(f"refs/heads/{number:02}", tip) for number in range(12))
    env = {"GL_ID": "user-1", "PATH": slow}
    result = run("pre-receive", "--budget=1ms", stdin=lines, env=env)
    assert result.status == 3 and b"refs/heads/09 and 2 more" in result.out and b"incomplete" in result.err
    result = run("pre-receive", "--budget=1ms", "--on-budget=pass", stdin=lines, env={"PATH": slow})
    assert result.status == 0 and b"let through, with 12 refs not looked at" in result.out
    assert b"times" not in result.out
    strict = run("pre-receive", "--budget=1ms", "--on-budget=pass", "--strict", stdin=lines, env={"PATH": slow})
    assert strict.status == 3


def test_an_end_between_two_commits(run: Run, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    first = loose(repo, {"a.env": BOT})
    tip = loose(repo, {"a.env": b"none"}, first)
    real = Scan.occurrences

    def once(self: Scan, span: Range) -> Iterator[Occurrence]:
        if tip.encode() in span.listed.split(b"\n")[0][:40]:
            raise Spent
        return real(self, span)

    monkeypatch.setattr(Scan, "occurrences", once)
    lines = line("refs/heads/done", first) + line("refs/heads/late", tip)
    result = run("pre-receive", "-f", "json", "--budget=5m", stdin=lines)
    (problem,) = json.loads(result.out)["problems"]
    assert result.status == 1 and "1 of 2 commits not looked at, of refs/heads/late" in problem["message"]
