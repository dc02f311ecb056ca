"""`xoxscan journal resume`: after a real kill every started revocation comes to a known end."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from scanner.demo import standin_faults as faults
from scanner.demo.standin import Account, Fault, Standin
from tests.commands.conftest import OURS, Program, Said, publish
from tests.conftest import Repo
from tests.respond.slacks import rotating

LOOK, DRY, REVOKE = "auth.test", "auth.revoke test", "auth.revoke"
_ROOT = Path(__file__).parents[2]
WAIT = 30.0  # seconds; far more than it takes


ACT = ["history", "--respond", "revoke", "--yes", "--visibility", "public"]


def begun(program: Program, repo: Repo, slack: Standin, hold: Fault) -> subprocess.Popen[bytes]:
    """A run in a process of its own, as soon as Slack holds its auth.revoke."""
    slack.faults.add(REVOKE, hold)
    process = subprocess.Popen(
        [sys.executable, "-m", "scanner", *ACT, program.config(OURS)],
        cwd=repo.path,
        env={**os.environ, **program.env, "PYTHONPATH": str(_ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert len(slack.gate.wait(1, WAIT)) == 1
    return process


def killed(program: Program, repo: Repo, slack: Standin, hold: Fault) -> None:
    """Such a run, killed there."""
    process = begun(program, repo, slack, hold)
    process.send_signal(signal.SIGKILL)
    process.wait(WAIT)
    slack.gate.release()
    slack.mark()


def entry(program: Program) -> str:
    (only,) = json.loads(program("journal", "list", "-f", "json").out)["entries"]
    return str(only["state"])


def started(program: Program, repo: Repo, slack: Standin, account: Account, when: str = "after") -> None:
    """A revocation that was sent, and nobody knows what came of it."""
    repo.commit({"a.env": f"\n  token: {account.token}\n".encode()})
    publish(repo)
    killed(program, repo, slack, faults.held(when, "close"))
    assert entry(program) == "sent"


def undone(program: Program, repo: Repo, slack: Standin, content: str) -> None:
    """A revocation that came to nothing: the tokens live."""
    repo.commit({"a.env": content.encode()})
    publish(repo)
    slack.faults.add(REVOKE, faults.broken(503), times=0)
    program.json(*ACT, program.config(OURS))
    slack.faults.clear()


@pytest.mark.parametrize("kind", ["bot", "config-access"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_the_token_is_read_again_where_the_journal_says(
    slack: Standin,
    program: Program,
    pushed: Repo,
    tmp_path: Path,
    kind: str,
    when: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account = slack.plant(kind)
    started(program, pushed, slack, account, when)
    monkeypatch.chdir(tmp_path)
    said = program.json("journal", "resume")
    assert said.status == 0 and said.state == "revoked" and entry(program) == "proven"
    assert slack.revocations(account.token) == 1
    assert said.finding["locations"] == [] and said.report["schema"] == "xoxscan.report/1"
    assert program.json("journal", "resume").notes == "nothing was left to be resumed"


def test_it_is_sent_again_only_after_a_fresh_look(slack: Standin, program: Program, pushed: Repo) -> None:
    account = slack.plant("bot")
    started(program, pushed, slack, account)
    slack.change(account.token, state="active")  # as if it had not been done
    before = len(slack.requests)
    assert program.json("journal", "resume", "--workspace", "T0DEMO").state == "revoked"
    assert program.asked()[before:] == [LOOK, REVOKE, LOOK] and slack.requests[before + 1].fresh


@pytest.mark.parametrize(
    "said", [faults.broken(503), faults.answers('{"ok":false,"error":"invalid_auth"}')], ids=lambda fault: fault.name
)
def test_what_slack_does_not_tell_is_unproven_and_can_be_resumed_again(
    slack: Standin, program: Program, pushed: Repo, said: Fault
) -> None:
    started(program, pushed, slack, slack.plant("bot"))
    slack.faults.add(LOOK, said, times=0)
    done = program.json("journal", "resume")
    assert done.status == 4 and done.state == "unproven" and entry(program) == "unproven"
    slack.faults.clear()
    assert program.json("journal", "resume").status == 0 and entry(program) == "proven"


def gone(pushed: Repo) -> None:
    shutil.rmtree(pushed.path / ".git")


def pruned(pushed: Repo) -> None:
    pushed.git("checkout", "-q", "--orphan", "new")
    pushed.git("rm", "-rq", "--cached", ".")
    pushed.commit({"b": b"b"})
    pushed.git("branch", "-D", "main")
    pushed.git("remote", "remove", "origin")
    pushed.git("reflog", "expire", "--expire=now", "--all")
    pushed.git("gc", "-q", "--prune=now")


@pytest.mark.parametrize("lose", [gone, pruned], ids=lambda lose: lose.__name__)
def test_a_token_that_is_not_there_any_more_comes_on_the_standard_input(
    slack: Standin, program: Program, pushed: Repo, lose: object
) -> None:
    account = slack.plant("bot")
    started(program, pushed, slack, account)
    assert callable(lose)
    lose(pushed)
    said = program.json("journal", "resume")
    assert said.status == 4 and said.state == "unproven" and "xoxscan journal resume - <FILE" in said.reason
    assert "does not stand any more" in said.reason and entry(program) == "sent"
    said = program.json("journal", "resume", "-", stdin=account.token.encode() + b"\n")
    assert said.status == 0 and entry(program) == "proven"


def test_a_token_without_a_place(slack: Standin, program: Program) -> None:
    account = slack.plant("bot")
    slack.faults.add(REVOKE, faults.answers('{"ok":true,"revoked":true}'))
    tokens = account.token.encode() + b"\n"
    assert program.json("revoke", "--yes", program.config(OURS), stdin=tokens).state == "unproven"
    said = program.json("journal", "resume")
    assert said.status == 4 and "the journal has no place" in said.reason
    assert program.json("journal", "resume", "-", program.config(OURS), stdin=tokens).state == "revoked"
    assert slack.revocations(account.token) == 1


@pytest.mark.parametrize(
    ("policy", "why"),
    [
        ("workspaces: T0OTHER\n", "not among the operator's workspaces"),
        (OURS + "policy:\n  - {when: {kind: bot}, then: never, reason: leave bots alone}\n", "leave bots alone"),
        (OURS + "policy:\n  - {when: {path: a.env}, then: hold, reason: ask Ann}\n", "ask Ann"),
        (OURS + "policy:\n  - {when: {path: b.env}, then: hold, reason: ask Bob}\n", "ask Bob"),
        (OURS + "policy:\n  - {when: {branch: origin/main}, then: never, reason: not main}\n", "not main"),
    ],
)
def test_that_somebody_agreed_once_does_not_outlive_the_policy(
    slack: Standin, program: Program, pushed: Repo, policy: str, why: str
) -> None:
    account = slack.plant("bot")
    pushed.commit({"b.env": f"also here: {account.token}\n".encode()})
    undone(program, pushed, slack, account.token)
    before = len([each for each in program.asked() if each == REVOKE])
    said = program.json("journal", "resume", program.config(policy))
    assert said.status == 4 and said.state == "unproven" and why in said.reason
    assert len([each for each in program.asked() if each == REVOKE]) == before


def test_what_the_repository_says_now_counts_too(slack: Standin, program: Program, pushed: Repo) -> None:
    account = slack.plant("bot")
    undone(program, pushed, slack, account.token)
    pushed.commit({".xoxscan.yaml": b"policy:\n  - {when: {kind: bot}, then: never, reason: ours to decide}\n"})
    said = program.json("journal", "resume", program.config(OURS))
    assert said.status == 4 and said.state == "unproven" and "ours to decide" in said.reason
    assert slack.account(account.token).lives


@pytest.mark.parametrize(
    ("policy", "state"),
    [(OURS, "revoked"), ("workspaces: T0OTHER\n", "unproven"), (OURS + "unverified: hold\n", "unproven")],
)
def test_a_refresh_token_is_the_operators_own_then_too(
    slack: Standin, program: Program, pushed: Repo, policy: str, state: str
) -> None:
    access, refresh = rotating()
    slack.add(Account(access, "config-access", grant="g"))
    slack.add(Account(refresh, "config-refresh", grant="g"))
    undone(program, pushed, slack, f"{access}\n{refresh}\n")
    said = program.json("journal", "resume", program.config(policy))
    assert said.states["config-refresh"] == state


def twins(slack: Standin) -> tuple[Account, Account]:
    """Two legacy tokens with the same public ids, and so the same fingerprint: the first lives, the second does not."""
    alive = slack.plant("user-legacy")
    dead = slack.add(Account(alive.token[:-6] + "aB3dE5", "user-legacy", state="revoked"))
    assert slack.named(alive.token).fingerprint == slack.named(dead.token).fingerprint
    return alive, dead


def test_a_twin_of_a_legacy_token_is_not_taken_for_it(slack: Standin, program: Program) -> None:
    alive, dead = twins(slack)
    slack.faults.add(REVOKE, faults.broken(503), times=0)
    token = alive.token.encode() + b"\n"
    assert program.json("revoke", "--yes", program.config(OURS), stdin=token).state == "unproven"
    slack.faults.clear()
    said = program.json("journal", "resume", "-", program.config(OURS), stdin=dead.token.encode() + b"\n")
    assert said.status == 4 and said.state == "unproven" and "to xoxscan revoke" in said.reason
    assert program.json("revoke", "--yes", program.config(OURS), stdin=token).state == "revoked"
    assert slack.revocations(alive.token) == 1


def test_a_twin_in_the_same_file_is_not_taken_for_it(slack: Standin, program: Program, pushed: Repo) -> None:
    alive, dead = twins(slack)
    undone(program, pushed, slack, f"{dead.token}\n{alive.token}\n")
    assert program.json("journal", "resume", program.config(OURS)).states == {"user-legacy": "revoked"}
    assert slack.account(alive.token).state == "revoked"


def test_a_token_in_a_commit_message(
    slack: Standin, program: Program, pushed: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = slack.plant("bot")
    pushed.commit({"a": b"a"}, message=f"use {account.token}")
    publish(pushed)
    killed(program, pushed, slack, faults.held("after", "close"))
    monkeypatch.chdir(tmp_path)
    assert program.json("journal", "resume").state == "revoked"


def test_what_was_only_planned_is_not_begun(slack: Standin, program: Program, pushed: Repo) -> None:
    """Two were planned, and the run was killed over the first."""
    one, two = slack.plant("bot", scopes=("admin",)), slack.plant("bot", seed=2)
    pushed.commit({"a.env": f"{one.token} {two.token}\n".encode()})
    publish(pushed)
    killed(program, pushed, slack, faults.held("after", "close"))
    said = program.json("journal", "resume")
    states = [each["response"]["state"] for each in said.report["findings"]]
    assert states == ["revoked", "held"] and slack.account(two.token).lives
    assert said.status == 4 and "run the command again" in said.report["findings"][1]["response"]["reason"]


def test_a_run_that_goes_on_is_left_alone(slack: Standin, program: Program, pushed: Repo) -> None:
    account = slack.plant("bot")
    pushed.commit({"a.env": account.token.encode()})
    publish(pushed)
    process = begun(program, pushed, slack, faults.held("before"))
    busy = program.json("journal", "resume")
    assert busy.status == 4 and "busy with 1 more" in busy.notes
    said: Said = program.json(*ACT, program.config(OURS))
    assert said.state == "failed" and said.status == 4 and "is acting on" in said.reason
    slack.gate.release()
    assert process.wait(WAIT) == 1 and slack.revocations(account.token) == 1
    assert program.asked().count(REVOKE) == 1


def test_nothing_was_ever_planned(program: Program) -> None:
    said = program.json("journal", "resume")
    assert said.status == 0 and said.notes == "nothing was left to be resumed"


def test_a_refusal_is_an_end_and_status_4(slack: Standin, program: Program, pushed: Repo) -> None:
    account = slack.plant("bot")
    started(program, pushed, slack, account)
    slack.change(account.token, state="active", revoke_error="cannot_revoke_org_bot_token")
    said = program.json("journal", "resume", program.config(OURS))
    assert said.status == 4 and said.state == "refused" and entry(program) == "refused"
    assert "By hand: " in said.reason


def test_no_state_folder_that_can_be_used(slack: Standin, program: Program) -> None:
    program.state.write_text("no folder")
    assert program("journal", "resume").status == 4 and slack.requests == ()


def test_a_journal_that_cannot_be_written_is_said_of_each(slack: Standin, program: Program, pushed: Repo) -> None:
    started(program, pushed, slack, slack.plant("bot"))
    with sqlite3.connect(program.state / "journal.sqlite3") as db:
        db.execute("CREATE TRIGGER full BEFORE INSERT ON steps BEGIN SELECT RAISE(ABORT, 'no room'); END")
    db.close()
    before = len(slack.requests)
    said = program.json("journal", "resume")
    assert said.status == 4 and said.state == "failed" and len(slack.requests) == before
