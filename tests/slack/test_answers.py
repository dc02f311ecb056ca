"""Answers that are none, and hostile ones: named, cut, cleaned."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.model import Identity
from scanner.slack.answers import AUTH_TEST, REHEARSAL, REVOKE, WEBHOOK, Reply, read
from scanner.slack.api import TRIES
from scanner.slack.http import Timeouts
from scanner.slack.verdicts import verdict
from tests.conftest import often
from tests.slack.conftest import BOT, OK, PLAIN, Make, Seen, holds, said
from tests.slack.conftest import http as answer

# Answers that are none


@pytest.mark.parametrize(
    ("pieces", "failure"),
    [
        (answer(b"<html>", 200), "not JSON"),
        (answer(b"[1]", 200), "not JSON"),
        (answer(b"[" * 100_000, 200), "not JSON"),
        (answer(b"9" * 100_000, 200), "not JSON"),
        (answer(b'{"ok": true}', 500), "HTTP 500"),
        (answer(b"", 503), "HTTP 503"),
        (answer(b"<html>", 403), "HTTP 403"),
        (answer(b"{}"), "an answer that Slack does not give"),
        (said({"ok": "true"}), "an answer that Slack does not give"),
        (said({"ok": 1, "team_id": "T1"}), "an answer that Slack does not give"),
        (said({"ok": False}), "an answer that Slack does not give"),
        (said({"ok": True, "error": "token_revoked"}), "an answer that Slack does not give"),
        (said({"ok": False, "error": "x" * 1000}), "an answer that Slack does not give"),
        (said({"ok": False, "error": "\x1b[2J"}), "an answer that Slack does not give"),
        (said({"ok": False, "error": {"a": []}}), "an answer that Slack does not give"),
        (said({"ok": True}), "an answer that Slack does not give (ok, and nobody's)"),
        (
            said({"ok": True, "team_id": 7, "user": ["x"], "url": "javascript:x"}),
            "an answer that Slack does not give (ok, and nobody's)",
        ),
        (answer(b"", 302, {"Location": "/api/elsewhere"}), "HTTP 302: a redirect, not followed"),
        (answer(b"x" * (300 << 10)), "the answer is too long"),
        (answer(b'{"ok": true', length=4000), "timeout"),
    ],
)
def test_what_is_no_answer_is_named(make: Make, pieces: list[bytes], failure: str) -> None:
    bench = make(tiers={}, timeouts=Timeouts(30, 0.1 if failure == "timeout" else 30, 30))
    bench.server.answer = lambda seen: pieces
    got = bench.slack.auth_test(BOT)
    assert not got.ok and got.failure == failure and got.identity is None
    assert {seen.path for seen in bench.server.seen} == {"POST /api/auth.test HTTP/1.1"}


def test_an_answer_that_is_torn_by_a_hangup(make: Make) -> None:
    bench = make(tiers={})

    def torn(seen: Seen) -> Iterator[bytes]:
        yield answer(b'{"ok": true', length=4000)[0]
        raise ConnectionError

    bench.server.answer = torn
    assert bench.slack.auth_test(BOT).failure == "the answer broke off" and len(bench.server.seen) == TRIES


# 500 and more are a proxy's or a server's in trouble, 407 a proxy's, the others no status of the Web API.
@pytest.mark.parametrize("status", [201, 204, 206, 400, 401, 403, 404, 407, 410, 451, 500, 501, 502, 503, 504, 599])
@pytest.mark.parametrize(
    "body", [{"ok": False, "error": "token_revoked"}, {"ok": False, "error": "ratelimited"}, dict(OK)]
)
@pytest.mark.parametrize("method", [AUTH_TEST, REHEARSAL, REVOKE])
def test_with_a_status_that_is_not_slacks_nothing_counts(method: str, body: dict[str, object], status: int) -> None:
    got = read(method, Reply(status, {}, json.dumps({**body, "revoked": True}).encode()), (PLAIN,))
    assert (got.ok, got.error, got.failure, got.status) == (False, "", f"HTTP {status}", status)
    assert got.identity is None and got.revoked is None
    said = verdict(BOT, got, "2026-11-22T00:00:00Z")
    assert (said.state, said.reason, said.code) == ("unknown", f"HTTP {status}", None)


@pytest.mark.parametrize("status", [201, 204, 302, 401, 407, 409, 500, 502, 503])
@pytest.mark.parametrize("word", [b"ok", b"no_service", b"invalid_payload", b"rollup_error"])
def test_a_webhook_speaks_with_its_own_statuses_alone(word: bytes, status: int) -> None:
    got = read(WEBHOOK, Reply(status, {}, word), ())
    assert (got.ok, got.error, got.failure) == (False, "", f"HTTP {status}")


@pytest.mark.parametrize("status", [400, 403, 404, 410])
def test_a_webhooks_words_count(status: int) -> None:
    assert read(WEBHOOK, Reply(status, {}, b"no_service\n"), ()).error == "no_service"
    assert read(WEBHOOK, Reply(200, {}, b"ok"), ()).ok
    assert read(WEBHOOK, Reply(200, {}, b"no_service"), ()).failure == "HTTP 200, and not in a webhook's words"


@pytest.mark.parametrize(
    "body",
    [
        b'{"ok": true, "team_id": "T1", "ok": false, "error": "token_revoked"}',
        b'{"ok": false, "error": "token_revoked", "ok": true, "team_id": "T1"}',
        b'{"ok": false, "error": "token_revoked", "error": "invalid_auth"}',
        b'{"ok": false, "error": "token_revoked", "\\u006fk": false}',
        b'{"ok": true, "team_id": "T1", "response_metadata": {"scopes": [], "scopes": ["admin"]}}',
    ],
)
def test_a_key_given_twice_is_an_answer_that_slack_does_not_give(body: bytes) -> None:
    for method in (AUTH_TEST, REHEARSAL, REVOKE):
        got = read(method, Reply(200, {}, body), ())
        assert (got.ok, got.error, got.failure) == (False, "", "an answer that Slack does not give")


def test_no_code_comes_from_what_is_no_answer() -> None:
    for status, ok in ((429, "false"), (200, "true")):
        got = read(AUTH_TEST, Reply(status, {}, f'{{"ok": {ok}, "error": "token_revoked"}}'.encode()), ())
        assert got.failure and not got.error
    assert read(AUTH_TEST, Reply(429, {}, b'{"ok": false, "error": "ratelimited"}'), ()).error == "ratelimited"


# What an answer may bring

HOSTILE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=300) | st.just(PLAIN),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
FIELDS = [
    "team",
    "team_id",
    "user",
    "user_id",
    "bot_id",
    "app_id",
    "enterprise_id",
    "url",
    "expires_in",
    "needed",
    "error",
]
FIELDS += ["is_enterprise_install", "revoked", "response_metadata", "ok"]


@pytest.mark.no_cover
@settings(max_examples=often(75), deadline=None)
@given(
    st.sampled_from([AUTH_TEST, REHEARSAL, REVOKE, WEBHOOK]),
    st.dictionaries(st.sampled_from(FIELDS), HOSTILE),
    st.dictionaries(
        st.sampled_from(["x-oauth-scopes", "x-slack-req-id", "date"]), st.text(max_size=100) | st.just(PLAIN)
    ),
    st.integers(100, 599),
    st.booleans(),
)
def test_a_hostile_answer_crashes_nothing_and_brings_nothing_strange(
    method: str, fields: dict[str, object], headers: dict[str, str], status: int, ok: bool
) -> None:
    body = json.dumps({"ok": ok, "team_id": "T123", **fields}).encode()
    got = read(method, Reply(status, headers, body), (PLAIN,))
    texts = [
        *(got.identity or ()),
        *got.scopes,
        got.error,
        got.failure,
        got.needed,
        got.request_id or "",
        got.date or "",
    ]
    for text in filter(None, texts):
        assert len(text) <= 120 and text.isprintable() and not holds(text)
    assert got.revoked in (None, True, False) and (got.expires_in is None or 0 <= got.expires_in < 2**31)


def test_names_lose_what_steers_a_terminal() -> None:
    said = {"ok": True, "team": "\x1b[31mAc\u202eme\x00\u2028", "user": "\ud800x" + "y" * 5000, "team_id": "T1\n"}
    body = json.dumps(said).encode()
    got = read(AUTH_TEST, Reply(200, {}, body), (PLAIN,))
    assert got.identity == Identity(team="[31mAcme", user="x" + "y" * 119)


def test_headers_bring_scopes_request_and_date() -> None:
    headers = {
        "x-oauth-scopes": "identify, read,post,,read,Bad Scope,users:read.email",
        "x-slack-req-id": "abc123",
        "date": "Sun, 22 Nov 2026 01:02:03 GMT",
    }
    body = json.dumps(OK | {"expires_in": 42000, "is_enterprise_install": True, "bot_id": "B0BOT"}).encode()
    got = read(AUTH_TEST, Reply(200, headers, body), (PLAIN,))
    assert got.scopes == ("identify", "read", "post", "users:read.email")
    assert (got.request_id, got.date) == ("abc123", "2026-11-22T01:02:03Z")
    assert got.expires_in == 42000 and got.org_wide and got.identity and got.identity.bot_id == "B0BOT"
    for date in ("Sun, 22 Nov 2026 01:02:03 +0100", "yesterday", "Sun, 99 Nov 99999 01:02:03 GMT", ""):
        assert read(AUTH_TEST, Reply(200, {"date": date}, body), (PLAIN,)).date is None


def test_scopes_also_come_in_the_metadata_and_a_refusal_says_what_it_needs() -> None:
    body = json.dumps({"ok": True, "revoked": True, "response_metadata": {"scopes": ["chat:write", 7]}}).encode()
    assert read(REVOKE, Reply(200, {}, body), (PLAIN,)).scopes == ("chat:write",)
    body = json.dumps({"ok": False, "error": "missing_scope", "needed": "admin", "provided": "read"}).encode()
    got = read(AUTH_TEST, Reply(200, {"x-oauth-scopes": "read"}, body), ())
    assert (got.error, got.needed, got.scopes) == ("missing_scope", "admin", ("read",))
