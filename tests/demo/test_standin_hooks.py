"""Webhooks, messages, workflows and the inbox of the stand-in."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from scanner import fakes
from scanner.demo import standin_faults as faults
from scanner.demo.standin import Standin, Switches
from scanner.demo.standin_calls import read
from scanner.demo.standin_hooks import BLOCKED_HOOKS, DEAD_HOOKS
from scanner.demo.standin_methods import valid_blocks

JSON = {"Content-Type": "application/json"}
BLOCKS = [
    {"type": "header", "text": {"type": "plain_text", "text": "Revoked"}},
    {"type": "section", "fields": [{"type": "plain_text", "text": "a bot"}]},
    {"type": "divider"},
]


def post(slack: Standin, token: str, body: bytes = b"{", headers: dict[str, str] = JSON) -> tuple[int, str]:
    answer = requests.post(slack.hooks + urlsplit(token).path, data=body, headers=headers, timeout=10)
    return answer.status_code, answer.text


@pytest.mark.parametrize("seed", range(6))  # both hosts, with /services and without
def test_a_live_webhook_finds_malformed_json_invalid_and_posts_nothing(slack: Standin, seed: int) -> None:
    token = slack.plant("webhook", seed=seed).token
    for body in (b"{", b"", b"[]", b"\xff"):
        assert post(slack, token, body) == (400, "invalid_payload")
    assert slack.messages == ()
    assert {seen.fingerprint for seen in slack.requests} == {slack.named(token).fingerprint}
    assert {seen.method for seen in slack.requests} == {"webhook"}


@pytest.mark.parametrize(("word", "status"), sorted(DEAD_HOOKS.items()))
def test_dead_webhooks_say_how(slack: Standin, word: str, status: int) -> None:
    assert post(slack, slack.plant("webhook", state=word).token) == (status, word)


@pytest.mark.parametrize("status", [400, 403])
def test_the_status_of_an_invalid_token_is_a_switch(slack: Standin, status: int) -> None:
    slack.switches = Switches(invalid_token_status=status)
    assert post(slack, slack.plant("webhook", state="invalid_token").token) == (status, "invalid_token")


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize(("word", "status"), sorted(BLOCKED_HOOKS.items()))
def test_a_blocked_webhook_lives(slack: Standin, word: str, status: int, first: bool) -> None:
    slack.switches = Switches(blocked_before_payload=first)
    token = slack.plant("webhook", state=word).token
    assert post(slack, token) == ((status, word) if first else (400, "invalid_payload"))
    assert post(slack, token, b'{"text":"x"}') == (status, word)


def test_what_passes_and_words_of_our_own(slack: Standin) -> None:
    assert post(slack, slack.plant("webhook", state="rollup_error").token) == (500, "rollup_error")
    assert post(slack, slack.plant("webhook", state="revoked", seed=2).token) == (404, "no_service")
    assert post(slack, slack.plant("webhook", state="new_word", seed=3).token) == (403, "new_word")
    token = slack.plant("webhook", seed=4).token
    slack.faults.add("webhook", faults.rate_limited("3"))
    assert post(slack, token)[0] == 429


def test_strangers(slack: Standin) -> None:
    token = fakes.render("{{incoming_webhook}}", 3)
    assert post(slack, token) == (404, "no_team")
    slack.plant("bot", team_id=next(part for part in urlsplit(token).path.split("/") if part.startswith("T")))
    assert post(slack, token) == (403, "invalid_token")


@pytest.mark.parametrize("word", ["no_text", "missing_text_or_fallback_or_attachments"])
def test_an_empty_message_is_a_switch(slack: Standin, word: str) -> None:
    slack.switches = Switches(empty_message=word)
    assert post(slack, slack.plant("webhook").token, b'{"text":""}') == (400, word)


def test_a_message_by_webhook_is_posted(slack: Standin) -> None:
    token = slack.plant("webhook").token
    assert post(slack, token, json.dumps({"text": "gone", "blocks": BLOCKS}).encode()) == (200, "ok")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert post(slack, token, b"payload=%7B%22text%22%3A%22x%22%7D", form) == (200, "ok")
    first, second = slack.messages
    assert (first.text, json.loads(first.blocks), first.fingerprint) == ("gone", BLOCKS, slack.named(token).fingerprint)
    assert (second.text, second.blocks, second.number) == ("x", "", 2)


@pytest.mark.parametrize("kind", ["workflow-webhook", "trigger"])
def test_whatever_comes_starts_a_workflow(slack: Standin, kind: str) -> None:
    live, dead = slack.plant(kind).token, slack.plant(kind, seed=2, state="revoked").token
    assert post(slack, live) == (200, '{"ok":true}')
    assert post(slack, dead)[0] == post(slack, live + "x")[0] == 404
    assert slack.state.started == {slack.named(live).fingerprint: 1}
    assert slack.requests[0].method == "workflow"


def test_the_inbox_keeps_what_comes(slack: Standin) -> None:
    requests.post(slack.hooks + "/_inbox/notices", data=b"{}", headers={**JSON, "X-Signature": "abc"}, timeout=10)
    (letter,) = slack.letters
    assert (letter.name, letter.body, dict(letter.headers)["x-signature"]) == ("notices", b"{}", "abc")


# chat.postMessage


def say(slack: Standin, token: str, **fields: object) -> dict[str, object]:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json; charset=utf-8"}
    url = slack.url + "chat.postMessage"
    tree: dict[str, object] = requests.post(url, data=json.dumps(fields), headers=headers, timeout=10).json()
    return tree


def test_a_message_by_token_is_posted_with_its_blocks(slack: Standin) -> None:
    token = slack.plant("bot", scopes=("chat:write",), channels=("C1",)).token
    answer = say(slack, token, channel="C1", text="gone", blocks=BLOCKS)
    assert (answer["ok"], answer["channel"]) == (True, "C1")
    (message,) = slack.messages
    assert (message.channel, message.text, json.loads(message.blocks)) == ("C1", "gone", BLOCKS)
    user = slack.plant("user", scopes=("post",)).token
    assert say(slack, user, channel="C9", text="x")["ok"] is True


def test_a_message_that_cannot_be_posted(slack: Standin) -> None:
    bot = slack.plant("bot", scopes=("chat:write",), channels=("C1",)).token
    mute = slack.plant("user", scopes=("files:read",)).token
    assert say(slack, bot, text="x")["error"] == "channel_not_found"
    assert say(slack, bot, channel="C2", text="x")["error"] == "not_in_channel"
    assert say(slack, bot, channel="C1")["error"] == "no_text"
    assert say(slack, bot, channel="C1", blocks=[{}])["error"] == "invalid_blocks"
    assert say(slack, mute, channel="C1", text="x")["needed"] == "chat:write"
    assert say(slack, "", channel="C1", text="x")["error"] == "not_authed"
    slack.change(bot, state="revoked")
    assert say(slack, bot, channel="C1", text="x")["error"] == "token_revoked"
    assert slack.messages == ()


@pytest.mark.parametrize(
    "blocks",
    [
        *("{", "{}", "[1]", "[{}]"),
        json.dumps([{"type": "divider"}] * 51),
        *(
            json.dumps([{"type": "section", "text": text}])
            for text in ("x", {"type": "html", "text": "x"}, {"type": "mrkdwn", "text": ""}, {"type": "mrkdwn"})
        ),
        json.dumps([{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}]),
        json.dumps([{"type": "section", "fields": 1}]),
    ],
)
def test_blocks_that_slack_would_not_take(blocks: str) -> None:
    assert not valid_blocks(blocks)
    assert valid_blocks(json.dumps(BLOCKS))


# Bodies


@pytest.mark.parametrize(
    ("content_type", "body", "code"),
    [
        ("application/json", b"{", "invalid_json"),
        ("application/json", b"[" * 100_000, "invalid_json"),
        ("application/json", b"[]", "json_not_object"),
        ("text/plain", b"x", "invalid_post_type"),
        ("", b"x", "missing_post_type"),
    ],
)
def test_bodies_that_are_our_own_fault(slack: Standin, content_type: str, body: bytes, code: str) -> None:
    headers = {"Authorization": f"Bearer {slack.plant('bot').token}", "Content-Type": content_type}
    answer = requests.post(slack.url + "auth.test", data=body, headers=headers, timeout=10)
    assert answer.json()["error"] == code


@pytest.mark.parametrize(
    ("content_type", "body", "warning"),
    [
        ("application/json", b"{}", "missing_charset"),
        ("application/x-www-form-urlencoded; charset=utf-8", b"a=b", "superfluous_charset"),
    ],
)
def test_a_warning_is_no_failure(slack: Standin, content_type: str, body: bytes, warning: str) -> None:
    headers = {"Authorization": f"Bearer {slack.plant('bot').token}", "Content-Type": content_type}
    answer = requests.post(slack.url + "auth.revoke", data=body, headers=headers, timeout=10).json()
    assert (answer["ok"], answer["warning"]) == (True, warning)
    assert answer["response_metadata"] == {"scopes": [], "warnings": [warning]}


def test_json_says_true_without_quotes(slack: Standin) -> None:
    token = slack.plant("bot").token
    headers = {"Authorization": f"Bearer {token}"}
    requests.post(slack.url + "auth.revoke", json={"test": True}, headers=headers, timeout=10)
    assert slack.revocations(token) == 0


def test_a_target_that_is_no_address_is_elsewhere() -> None:
    assert read("GET", "//[/api/auth.test", {}, b"").method == "elsewhere"


@given(
    verb=st.sampled_from(["GET", "POST"]),
    target=st.text(st.characters(min_codepoint=33, max_codepoint=126)).map(lambda text: "/" + text),
    headers=st.dictionaries(st.sampled_from(["authorization", "cookie", "content-type"]), st.text()),
    body=st.binary(),
)
def test_any_request_can_be_read(verb: str, target: str, headers: dict[str, str], body: bytes) -> None:
    assert read(verb, target, headers, body).verb == verb


@given(seed=st.integers(), place=st.sampled_from(["header", "form", "query", "json", "refresh_token"]))
def test_what_is_put_on_record_never_holds_the_token(seed: int, place: str) -> None:
    token = fakes.render("{{bot_token}}", seed)
    target = f"/api/auth.test?token={token}" if place == "query" else "/api/auth.test"
    headers = {"authorization": f"Bearer {token}"} if place == "header" else {}
    headers["content-type"] = "application/json" if place == "json" else "application/x-www-form-urlencoded"
    name = "refresh_token" if place == "refresh_token" else "token"
    body = json.dumps({name: token}) if place == "json" else f"{name}={token}"
    call = read("POST", target, headers, b"" if place in ("header", "query") else body.encode())
    assert token not in f"{call!r} {call.shown} {call.path}"
    assert place == "refresh_token" or place in call.token_in
