"""Trying again: when, how often, how long; and where Slack is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scanner.errors import UsageError
from scanner.slack.answers import WEBHOOK
from scanner.slack.api import TRIES, base_url, retry_after
from scanner.slack.verdicts import verdict
from tests.slack.conftest import BOT, OK, Make, Seen, found, said
from tests.slack.conftest import http as answer

# Trying again


def test_a_rate_limit_is_waited_for_as_long_as_slack_says(make: Make) -> None:
    bench = make(jitter=0.5)
    bench.server.answer = lambda seen: (
        said(OK)
        if len(bench.server.seen) > 8
        else said({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": "7"})
    )
    assert bench.slack.auth_test(BOT).ok
    assert len(bench.server.seen) == 9 and bench.clock.slept == [7 + 0.5 * 3.5] * 8
    assert [ended.failure for ended in bench.rows.ended.values()] == ["rate limited"] * 8 + [""]


@pytest.mark.parametrize("asked", ["999999999999", "9" * 300, "121"])
def test_a_wait_beyond_the_deadline_is_not_begun(make: Make, asked: str) -> None:
    bench = make()
    bench.server.answer = lambda seen: said({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": asked})
    got = bench.slack.auth_test(BOT)
    assert (got.failure, got.error, got.status) == (
        "deadline (the last answer: HTTP 429, ratelimited)",
        "ratelimited",
        429,
    )
    assert len(bench.server.seen) == 1 and not bench.clock.slept


@pytest.mark.parametrize(
    "asked", ["0", "-5", "nan", "inf", "1e3", "soon", "Sun, 22 Nov 2026 01:02:03 GMT", "٣", "9" * 500, ""]
)
def test_an_absurd_wait_is_our_own_backoff(make: Make, asked: str) -> None:
    assert retry_after(asked) is None
    bench = make(deadline=20)
    bench.server.answer = lambda seen: answer(b"", 429, {"Retry-After": asked if asked.isascii() else "x"})
    assert bench.slack.auth_test(BOT).failure == "deadline (the last answer: HTTP 429, rate limited)"
    assert bench.clock.slept == [0.5, 1, 2, 4, 8]


def test_a_webhook_that_is_asked_too_often_is_asked_again(make: Make) -> None:
    bench = make()
    bench.server.answer = lambda seen: (
        answer(b"no_team", 404) if len(bench.server.seen) == 3 else answer(b"rate_limited", 429, {"Retry-After": "30"})
    )
    assert bench.slack.try_webhook(found("webhook")).error == "no_team" and bench.clock.slept == [30, 30]


def test_other_failures_are_tried_five_times_with_growing_pauses(make: Make) -> None:
    bench = make(jitter=0.999)
    bench.server.answer = lambda seen: answer(b"", 502)
    assert bench.slack.auth_test(BOT).failure == "HTTP 502"
    assert len(bench.server.seen) == TRIES
    assert [round(slept, 1) for slept in bench.clock.slept] == [1, 1.5, 3, 6]


@pytest.mark.parametrize("code", ["internal_error", "fatal_error", "service_unavailable", "request_timeout"])
def test_slacks_own_troubles_are_tried_again(make: Make, code: str) -> None:
    bench = make()
    bench.server.answer = lambda seen: said(OK if len(bench.server.seen) == 3 else {"ok": False, "error": code})
    assert bench.slack.auth_test(BOT).ok and len(bench.server.seen) == 3


def test_after_the_deadline_nothing_is_sent(make: Make) -> None:
    bench = make(deadline=1, tiers={})
    bench.intents.add(("i", BOT.fingerprint))
    bench.clock.sleep(1)
    for got in (bench.slack.auth_test(BOT), bench.slack.rehearse(BOT), bench.slack.revoke(BOT, "i")):
        assert got.failure == "deadline" and not got.ok and got.status is None
    assert bench.slack.try_webhook(found("webhook"))[:4] == (WEBHOOK, False, "", "deadline")
    assert not bench.server.seen and not bench.rows.begun


@pytest.mark.parametrize(
    ("pieces", "why"),
    [
        (answer(b"<html>"), "not JSON"),
        (answer(b"<html>", 502), "HTTP 502"),
        (said({"ok": False, "error": "token_revoked"}, 503), "HTTP 503"),
        (said({"ok": False, "error": "internal_error"}), "internal_error"),
        (said({"ok": False, "error": "ratelimited"}), "ratelimited"),
        (answer(b'{"ok": tr', length=4000), "the answer broke off"),
        ([], "connection failed"),
    ],
)
def test_at_the_deadline_the_last_reason_is_not_lost(make: Make, pieces: list[bytes], why: str) -> None:
    bench = make(deadline=2)

    def broken(seen: Seen) -> Iterator[bytes]:
        yield from pieces
        if not pieces or why == "the answer broke off":
            raise ConnectionError

    bench.server.answer = broken
    got = bench.slack.auth_test(BOT)
    assert got.failure == f"deadline (the last answer: {why})" and bench.clock.slept == [0.5, 1]
    told = verdict(BOT, got, "2026-11-22T00:00:00Z")
    assert (told.state, told.reason) == ("unknown", got.failure)


# Where to


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (None, "https://slack.com/api/"),
        ("", "https://slack.com/api/"),
        ("https://slack-gov.com/api", "https://slack-gov.com/api/"),
        ("https://slack.com:443/api/", "https://slack.com:443/api/"),
        ("http://127.0.0.1:8080/api/", "http://127.0.0.1:8080/api/"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x/"),
        ("http://localhost:1", "http://localhost:1/"),
    ],
)
def test_the_address_of_slack(given: str | None, meant: str) -> None:
    assert base_url({} if given is None else {"SLACK_API_URL": given}) == meant


@pytest.mark.parametrize(
    "given",
    [
        "http://slack.com/api/",
        "https://slack.com.evil.example/api/",
        "https://evil.example/api/",
        "https://evilslack.com/api/",
        "https://slack.com@evil.example/api/",
        "https://u:p@slack.com/api/",
        "https://slack.com/api/?x=y",
        "https://slack.com/api/#x",
        "https://slack.com\\@evil.example/api/",
        "https://slack.com/",
        "https://slack.com:8443/api/",
        "https://slack.com:port/api/",
        "https://[slack.com/api/",
        "https://slack.com/api/\n",
        "http://127.0.0.1.evil.example/",
        "ftp://127.0.0.1/",
        "slack.com",
    ],
)
def test_other_addresses_are_refused_and_not_repeated(given: str) -> None:
    with pytest.raises(UsageError) as caught:
        base_url({"SLACK_API_URL": given})
    assert given not in str(caught.value) and "slack-gov" in caught.value.hint
