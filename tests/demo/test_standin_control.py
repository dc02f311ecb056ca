"""The stand-in in a process of its own: what it prints, and what can be asked and set from outside."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import requests

from scanner import fakes
from scanner.demo import scratch
from scanner.demo.standin import Standin, serve
from scanner.demo.standin_planted import planted
from scanner.errors import OK, UsageError
from scanner.model import Streams
from tests.conftest import CLOCK, token

WAIT = 60  # seconds: patience, never reached
BOT = token("bot").decode()

_PROGRAM = """
import sys
from scanner.cli import standard
from scanner.demo.standin import serve
sys.exit(serve(standard(), 0))
"""
_CLIENT = "import sys, requests; requests.post(sys.argv[1], data={'token': sys.argv[2]}, timeout=60)"


class Far(NamedTuple):
    """A stand-in in another process."""

    url: str
    printed: str
    process: subprocess.Popen[bytes]

    def get(self, what: str) -> Any:
        return requests.get(f"{self.url}_control/{what}", timeout=WAIT).json()

    def post(self, what: str, tree: object = None) -> Any:
        return requests.post(f"{self.url}_control/{what}", json=tree, timeout=WAIT).json()

    def ask(self, method: str, secret: str) -> Any:
        return requests.post(f"{self.url}api/{method}", data={"token": secret}, timeout=WAIT).json()


@pytest.fixture
def far() -> Iterator[Far]:
    with subprocess.Popen([sys.executable, "-c", _PROGRAM], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        printed = process.stdout.readline().decode()
        while "trigger " not in printed:
            printed += process.stdout.readline().decode()
        url = printed.partition("SLACK_API_URL=")[2].partition("api/")[0]
        yield Far(url, printed, process)
        process.kill()


def test_another_process_asks_sets_and_ends_it(far: Far) -> None:
    (name,) = far.post("accounts", {"token": BOT, "scopes": ["chat:write"], "app_id": "A1"})
    assert far.post("faults", {"method": "auth.revoke", "name": "stop", "acts": True, "hold": "after"}) is None
    assert far.ask("auth.test", BOT)["ok"] is True
    client = subprocess.Popen([sys.executable, "-c", _CLIENT, far.url + "api/auth.revoke", BOT])
    (held,) = far.get(f"held?count=1&seconds={WAIT}")
    assert (held["method"], held["fingerprint"], held["when"]) == ("auth.revoke", name, "after")
    client.kill()
    client.wait()
    far.post("release")
    assert far.ask("auth.test", BOT)["error"] == "token_revoked"
    account = next(one for one in far.get("state")["accounts"] if one["fingerprint"] == name)
    assert (account["state"], account["revoked"], account["fresh"]) == ("revoked", 1, False)
    (revoke,) = [seen for seen in far.get("requests") if seen["revokes"]]
    assert (revoke["fresh"], revoke["effective"], revoke["answered"]) == (True, True, False)
    far.post("stop")
    assert far.process.wait() == OK


def test_it_prints_where_it_is_and_what_it_knows_and_no_token(far: Far) -> None:
    for account in planted():
        assert account.token not in far.printed
        assert account.state in far.printed
    assert "****" in far.printed
    assert far.ask("auth.test", planted()[0].token)["user"] == "deploybot"
    far.process.send_signal(2)
    assert far.process.wait() == OK


def test_what_the_demos_repository_holds_is_known(tmp_path: Path) -> None:
    known = {account.token.encode() for account in planted()}
    for fake in scratch.build(tmp_path, {"PATH": os.environ["PATH"]}):
        assert fake.secret.reveal() in known, fake.kind


def test_planted_are_fakes_of_many_kinds_and_states() -> None:
    assert planted() == planted()
    assert len({account.token for account in planted()}) == len(planted())
    with Standin() as slack:
        kinds = {slack.add(account).kind for account in planted()}
    assert kinds == set(fakes.KINDS) - {"refresh", "legacy-session", "export", "workflow", "app-secret"}


def test_accounts_of_ones_own_and_a_port_that_is_taken() -> None:
    out = io.BytesIO()
    streams = Streams(io.BytesIO(), out, io.BytesIO(), {}, lambda: CLOCK)
    with Standin() as slack, pytest.raises(UsageError, match="cannot be listened on"):
        serve(streams, int(slack.hooks.rpartition(":")[2]))
    written = _Told()
    thread = threading.Thread(target=serve, args=(streams._replace(stdout=written), 0, ()))
    thread.start()
    assert written.told.wait(WAIT)
    printed = written.getvalue().decode()
    assert "active" not in printed
    requests.post(printed.partition("controls: ")[2].split()[0] + "stop", timeout=WAIT)
    thread.join()


class _Told(io.BytesIO):
    def __init__(self) -> None:
        super().__init__()
        self.told = threading.Event()

    def flush(self) -> None:
        self.told.set()


def control(slack: Standin, what: str, tree: object = None) -> Any:
    answer = requests.post(slack.control + what, data=json.dumps(tree), timeout=WAIT)
    assert answer.status_code in (200, 400)
    return answer.json()


def test_accounts_are_changed_and_switches_set(slack: Standin) -> None:
    names = control(slack, "accounts", [{"token": BOT}, {"token": token("user").decode(), "state": "expired"}])
    assert [slack.named(BOT).fingerprint, slack.named(token("user").decode()).fingerprint] == names
    assert control(slack, "change", {"token": BOT, "state": "account_inactive", "channels": ["C1"]}) == names[0]
    assert slack.account(BOT).channels == ("C1",)
    assert control(slack, "switches", {"dry_run_revoked": True})["dry_run_revoked"] is True
    assert slack.switches.dry_run_revoked


def test_faults_are_queued_and_cleared(slack: Standin) -> None:
    fault = {"method": "api.test", "name": "busy", "status": 429, "body": "", "headers": [["Retry-After", "2"]]}
    control(slack, "faults", {**fault, "times": 0, "every": 2, "fingerprint": None})
    answers = [requests.post(slack.url + "api.test", timeout=WAIT) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 429, 200, 429]
    assert answers[1].headers["Retry-After"] == "2"
    assert requests.delete(slack.control + "faults", timeout=WAIT).status_code == 200
    control(slack, "faults", {"name": "late", "acts": True, "fingerprint": slack.named(BOT).fingerprint})
    assert requests.post(slack.url + "api.test", timeout=WAIT).status_code == 200


def test_a_mark_makes_earlier_tests_count_for_nothing(slack: Standin) -> None:
    slack.plant("bot")
    requests.post(slack.url + "auth.test", data={"token": BOT}, timeout=WAIT)
    assert slack.state.fresh(BOT)
    control(slack, "mark")
    assert not slack.state.fresh(BOT)


def test_the_state_shows_everything_but_tokens(slack: Standin) -> None:
    bot = slack.plant("bot", app_id="A1", scopes=("chat:write",), channels=("C1",))
    trigger = slack.plant("trigger")
    requests.post(slack.hooks + "/_inbox/x", data=b"\xff", timeout=WAIT)
    requests.post(slack.hooks + trigger.token.partition(".com")[2], timeout=WAIT)
    fields = {"token": bot.token, "channel": "C1", "text": "hello"}
    requests.post(slack.url + "chat.postMessage", data=fields, timeout=WAIT)
    requests.post(slack.url + "auth.revoke", data={"token": bot.token}, timeout=WAIT)
    text = requests.get(slack.control + "state", timeout=WAIT).text
    state = json.loads(text)
    assert bot.token not in text + requests.get(slack.control + "requests", timeout=WAIT).text
    assert state["messages"][0]["text"] == "hello"
    assert base64.b64decode(state["letters"][0]["body"]) == b"\xff"
    assert [event["name"] for event in state["events"]] == ["tokens_revoked", "app_uninstalled"]
    assert state["started"] == {slack.named(trigger.token).fingerprint: 1}
    assert state["accounts"][0]["masked"] == slack.named(bot.token).masked
    assert state["switches"] == slack.switches._asdict()


@pytest.mark.parametrize(
    ("what", "tree"),
    [
        *(("nothing", {}), ("accounts", {}), ("accounts", 1), ("accounts", {"token": "x", "colour": "red"})),
        *(("change", {"token": "x", "state": "active"}), ("change", {"token": "x", "colour": "red"})),
        *(("faults", {"method": "x"}), ("faults", {"name": "x", "every": 0}), ("faults", {"name": "x", "times": "1"})),
        *(("switches", {"colour": True}), ("switches", [])),
    ],
)
def test_what_cannot_be_done_is_refused(slack: Standin, what: str, tree: object) -> None:
    assert list(control(slack, what, tree)) == ["error"]


def test_what_cannot_be_seen_is_refused(slack: Standin) -> None:
    for what in ("nothing", "held?count=x"):
        assert requests.get(slack.control + what, timeout=WAIT).status_code == 400
    assert requests.post(slack.control + "accounts", data=b"{", timeout=WAIT).status_code == 400
    assert requests.delete(slack.control + "state", timeout=WAIT).status_code == 400


def test_web_pages_are_kept_out(slack: Standin) -> None:
    for headers in ({"Origin": "https://example.org"}, {"Host": "example.org"}):
        assert requests.get(slack.control + "state", headers=headers, timeout=WAIT).status_code == 403
