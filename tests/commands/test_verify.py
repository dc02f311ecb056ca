"""`xoxscan verify` with the stand-in for Slack: verdicts on tokens from the standard input, and the status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scanner.demo import standin_faults as faults
from scanner.demo.standin import Account, Standin
from scanner.demo.standin_accounts import RESTRICTED, RETRY
from tests.commands.conftest import Program
from tests.commands.terminal import talk

LOOK = "auth.test"


def lines(*accounts: Account) -> bytes:
    return b"".join(f"{account.token}\n".encode() for account in accounts)


@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("state", "verdict", "status"),
    [
        ("active", "active", 1),
        *((code, "restricted", 1) for code in RESTRICTED),
        ("revoked", "inactive", 0),
        ("account_inactive", "inactive", 0),
        ("expired", "inactive", 0),
        ("invalid_auth", "rejected", 3),
        *((code, "unknown", 3) for code in RETRY),
        ("a_new_code", "unknown", 3),
    ],
)
def test_what_slack_says_and_the_status(
    slack: Standin, program: Program, state: str, verdict: str, status: int
) -> None:
    if state == "ratelimited":
        slack.faults.add(LOOK, faults.rate_limited("90"), times=0)
    account = slack.plant("bot", state=state)
    said = program.json("verify", "--deadline", "60", stdin=lines(account))
    assert (said.finding["verdict"]["state"], said.status) == (verdict, status)
    assert said.finding["locations"] == [] and said.finding["response"] is None
    assert said.report["schema"] == "xoxscan.report/1" and said.report["target"]["kind"] == "verify"
    assert "auth.revoke" not in program.asked()


@pytest.mark.parametrize(
    ("states", "status"),
    [(("revoked", "active"), 1), (("invalid_auth", "active"), 1), (("revoked", "invalid_auth"), 3)],
)
def test_the_worst_decides(slack: Standin, program: Program, states: tuple[str, str], status: int) -> None:
    accounts = [slack.plant("bot", seed=seed, state=state) for seed, state in enumerate(states)]
    assert program("verify", stdin=lines(*accounts)).status == status


def test_a_refresh_token_is_not_asked_about_and_not_called_dead(slack: Standin, program: Program) -> None:
    said = program.json("verify", stdin=lines(slack.plant("config-refresh"), slack.plant("refresh")))
    assert {each["verdict"]["state"] for each in said.report["findings"]} == {"unsupported"}
    assert said.status == 3 and slack.requests == ()


@pytest.mark.parametrize("kind", ["workflow-webhook", "trigger", "export", "session-cookie", "session-client"])
def test_what_has_no_safe_check_is_not_asked_about(slack: Standin, program: Program, kind: str) -> None:
    said = program.json("verify", stdin=lines(slack.plant(kind)))
    assert said.finding["verdict"]["state"] == "unsupported" and said.status == 3 and slack.requests == ()


def test_sessions_are_asked_about_only_with_probe_sessions(slack: Standin, program: Program) -> None:
    cookie = slack.plant("session-cookie")
    account = slack.plant("session-client", cookie=cookie.token)
    said = program.json("verify", "--probe-sessions", stdin=lines(account, cookie))
    verdicts = {each["kind"]: each["verdict"] for each in said.report["findings"]}
    assert program.asked() == [LOOK] and "raised an alarm" in verdicts["session-client"]["reason"]


def test_a_webhook_is_asked_by_nonsense_and_posts_nothing(slack: Standin, program: Program) -> None:
    said = program.json("verify", stdin=lines(slack.plant("webhook")))
    assert said.finding["verdict"]["state"] == "active" and program.asked() == ["webhook"] and not slack.messages


def test_a_secret_is_asked_about_once_however_often_it_comes(slack: Standin, program: Program) -> None:
    account = slack.plant("bot")
    said = program.json("verify", stdin=lines(account, account) + b'SLACK_TOKEN="' + account.token.encode() + b'"\n')
    assert program.asked() == [LOOK] and said.finding["verdict"]["state"] == "active"


@pytest.mark.no_cover
def test_a_thousand_tokens_with_a_fifth_of_rate_limits_end_correctly(slack: Standin, program: Program) -> None:
    accounts = [slack.plant("bot", seed=seed, state=("active", "revoked")[seed % 2]) for seed in range(1000)]
    slack.faults.add(LOOK, faults.rate_limited("1"), every=5, times=0)
    said = program.json("verify", "--deadline", "900000", stdin=lines(*accounts))
    states = [each["verdict"]["state"] for each in said.report["findings"]]
    assert len(states) == 1000 and states.count("active") == states.count("inactive") == 500 and said.status == 1
    assert sum(seen.fault == "429" for seen in slack.requests) == len(slack.requests) - 1000


def test_what_was_not_reached_is_unknown(slack: Standin, program: Program) -> None:
    slack.faults.add(LOOK, faults.rate_limited("90"), times=0)
    said = program.json("verify", "--deadline", "60", stdin=lines(slack.plant("bot")))
    assert said.status == 3 and said.finding["verdict"]["reason"].startswith("deadline")


def test_every_request_is_in_the_journal(slack: Standin, program: Program) -> None:
    program("verify", stdin=lines(slack.plant("bot"), slack.plant("webhook")))
    listed = json.loads(program("journal", "list", "--requests", "-f", "json").out)["requests"]
    assert sorted(each["method"] for each in listed) == ["auth.test", "webhook"]


def test_without_a_journal_nothing_is_asked(slack: Standin, program: Program) -> None:
    program.state.write_text("no folder")
    assert program("verify", stdin=lines(slack.plant("bot"))).status == 4 and slack.requests == ()


# What comes in


def test_a_token_on_the_command_line_is_refused_and_not_repeated(slack: Standin, program: Program) -> None:
    """Nor one that looks like none: a client secret is 32 digits, and argparse repeats what it does not know."""
    for secret in (slack.plant("bot").token, "0123456789abcdef" * 2):
        for command in (["verify"], ["revoke", "--yes"], ["journal", "resume"], ["journal", "resume", "-"]):
            result = program(*command, secret)
            assert result.status == 2 and secret[10:] not in result.err.decode() and slack.requests == ()
            assert b"never from the command line" in result.err


def test_a_line_without_a_token_is_a_problem(slack: Standin, program: Program) -> None:
    said = program.json("verify", stdin=b"nothing\n" + lines(slack.plant("bot", state="revoked")))
    assert said.status == 3 and said.report["problems"][0]["what"] == "line 1"


def test_no_token_at_all(program: Program) -> None:
    assert program("verify", stdin=b"").status == 3
    assert program("verify", stdin=b"nothing\n").status == 2


def test_tokens_typed_on_a_terminal_are_not_echoed(slack: Standin, program: Program) -> None:
    account = slack.plant("bot")
    status, seen = talk(["verify"], [("", account.token + "\n"), ("", "\x04")], program.env)
    assert status == 1 and account.token not in seen and "active" in seen


@pytest.mark.parametrize("words", [("--deadline", "0"), ("--deadline", "soon"), ("--fail-on", "any"), ("x",)])
def test_wrong_words(program: Program, words: tuple[str, ...]) -> None:
    assert program("verify", *words, stdin=b"").status == 2


def test_the_program_itself(slack: Standin, program: Program, tmp_path: Path) -> None:
    """In a process of its own: no token in what it says, under -v neither."""
    account = slack.plant("bot")
    done = subprocess.run(
        [sys.executable, "-m", "scanner", "verify", "-v"],
        input=lines(account),
        capture_output=True,
        check=False,
        env={**os.environ, **program.env, "PYTHONPATH": str(Path(__file__).parents[2])},
        cwd=tmp_path,
    )
    assert done.returncode == 1 and account.token.encode() not in done.stdout + done.stderr
