"""What goes to Slack, how often, and what never does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import requests

from scanner import __version__
from scanner.model import Identity, Secret
from scanner.slack.answers import AUTH_TEST, REHEARSAL
from scanner.slack.api import Refused, Token
from scanner.slack.http import Timeouts
from tests.slack.conftest import BOT, OK, PLAIN, UNASKED, Make, found, said
from tests.slack.conftest import http as answer

# What is sent


def test_auth_test_is_a_post_with_a_bearer_token_and_our_name(make: Make) -> None:
    bench = make()
    got = bench.slack.auth_test(BOT)
    assert got.ok and got.identity == Identity("Acme", "T0ACME", None, "ada", "U0ADA", url="https://acme.slack.com/")
    (seen,) = bench.server.seen
    assert seen.path == "POST /api/auth.test HTTP/1.1" and seen.bearer == PLAIN
    assert seen.headers["user-agent"] == f"xoxscan/{__version__}" and seen.body == b""
    assert seen.raw.count(PLAIN.encode()) == 1
    assert bench.rows.begun == [(AUTH_TEST, BOT.fingerprint)] and bench.rows.ended == {0: got}


def test_netrc_does_not_replace_the_token_and_gives_webhooks_none(make: Make, sealed: Path) -> None:
    (sealed / ".netrc").write_text("machine 127.0.0.1 login eve password stolen\ndefault login eve password stolen\n")
    (sealed / ".netrc").chmod(0o600)
    bench = make()
    assert requests.get(bench.server.url, timeout=5).ok, "requests itself would take it"
    assert bench.server.seen.pop().headers["authorization"].startswith("Basic")
    bench.slack.auth_test(BOT)
    assert bench.server.seen.pop().bearer == PLAIN
    bench.server.answer = lambda seen: answer(b"invalid_payload", 400)
    bench.slack.try_webhook(found("webhook"))
    assert "authorization" not in bench.server.seen.pop().headers


def test_a_rehearsal_always_says_that_it_is_one(make: Make) -> None:
    bench = make()
    bench.server.answer = lambda seen: said({"ok": True, "revoked": False})
    for kind in ("bot", "config-refresh", "refresh", "user"):
        got = bench.slack.rehearse(found(kind))
        assert got.ok and got.revoked is False and got.method == REHEARSAL
    assert all(seen.form == {"test": ["1"]} and "auth.revoke" in seen.path for seen in bench.server.seen)


def test_a_revocation_goes_out_once_with_its_intent(make: Make) -> None:
    bench = make()
    bench.server.answer = lambda seen: said({"ok": True, "revoked": True})
    bench.intents.add(("i1", BOT.fingerprint))
    got = bench.slack.revoke(BOT, "i1")
    assert got.ok and got.revoked is True
    (seen,) = bench.server.seen
    assert seen.path == "POST /api/auth.revoke HTTP/1.1" and seen.bearer == PLAIN and not seen.form


@pytest.mark.parametrize("intent", ["", "i1", "i2"])
def test_without_a_committed_intent_for_this_very_token_nothing_is_sent(make: Make, intent: str) -> None:
    bench = make()
    bench.intents.update({("i1", found("bot", 2).fingerprint), ("i2", found("user").fingerprint)})
    with pytest.raises(Refused) as caught:
        bench.slack.revoke(BOT, intent)
    assert caught.value.status == 4 and not bench.server.seen and not bench.rows.begun


@pytest.mark.parametrize(
    "pieces",
    [
        answer(b"", 503),
        said({"ok": False, "error": "internal_error"}),
        said({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": "1"}),
        answer(b"<html>", 200),
        answer(b'{"ok": true', 200, length=500),
    ],
)
def test_a_revocation_is_never_repeated(make: Make, pieces: list[bytes]) -> None:
    bench = make(timeouts=Timeouts(5, 0.3, 0.5))
    bench.server.answer = lambda seen: pieces
    bench.intents.add(("i", BOT.fingerprint))
    got = bench.slack.revoke(BOT, "i")
    assert not got.ok and (got.failure or got.error) and len(bench.server.seen) == 1
    assert len(bench.rows.begun) == len(bench.rows.ended) == 1


def test_a_revocation_takes_a_connection_of_its_own(make: Make) -> None:
    bench = make()
    bench.intents.add(("i", BOT.fingerprint))
    bench.slack.auth_test(BOT)
    bench.slack.auth_test(BOT)
    assert bench.server.connections == 1
    bench.slack.revoke(BOT, "i")
    assert bench.server.connections == 2
    bench.slack.close()


def test_a_log_that_cannot_be_written_stops_the_request(make: Make) -> None:
    bench = make()

    def full(method: str, fingerprint: str) -> int:
        raise OSError("disk full")

    bench.rows.begin = full  # type: ignore[method-assign]
    bench.intents.add(("i", BOT.fingerprint))
    with pytest.raises(OSError, match="disk full"):
        bench.slack.revoke(BOT, "i")
    with pytest.raises(OSError, match="disk full"):
        bench.slack.auth_test(BOT)
    assert not bench.server.seen


@pytest.mark.parametrize("kind", [*UNASKED, "webhook", "session-client"])
def test_nothing_is_sent_for_kinds_that_must_not_be_asked_about(make: Make, kind: str) -> None:
    bench, token = make(), Token(Secret(b"x" * 40), "f", kind)
    bench.intents.add(("i", "f"))
    with pytest.raises(Refused):
        bench.slack.auth_test(token)
    if kind != "webhook":
        with pytest.raises(Refused):
            bench.slack.try_webhook(token)
    if kind not in ("refresh", "config-refresh", "workflow"):
        for ask in (bench.slack.rehearse, lambda token: bench.slack.revoke(token, "i")):
            with pytest.raises(Refused):
                ask(token)
    assert not bench.server.seen and not bench.rows.begun


@pytest.mark.parametrize("encoded", [True, False])
def test_a_client_token_goes_in_the_form_with_its_cookie(make: Make, encoded: bool) -> None:
    raw = "xox" + "d-" + "Ab1/+=" * 20
    cookie = raw.replace("/", "%2F").replace("+", "%2B").replace("=", "%3D")
    bench, token = make(), found("session-client", cookie=Secret((cookie if encoded else raw).encode()))
    bench.server.answer = lambda seen: said(OK | {"team": f"a {cookie}", "user": f"b {raw}"})
    got = bench.slack.auth_test(token)
    (seen,) = bench.server.seen
    assert seen.headers["cookie"] == f"d={cookie}" and "authorization" not in seen.headers
    assert seen.form == {"token": [token.secret.reveal().decode()]}
    assert got.identity and got.identity.team is None and got.identity.user is None


def test_cookies_that_a_server_sets_are_forgotten(make: Make) -> None:
    bench = make()
    bench.server.answer = lambda seen: said(OK, headers={"Set-Cookie": "d=evil; Path=/"})
    bench.slack.auth_test(BOT)
    bench.slack.auth_test(BOT)
    assert all("cookie" not in seen.headers for seen in bench.server.seen)


def test_a_secret_that_cannot_stand_in_a_header_is_not_sent(make: Make) -> None:
    bench = make()
    bench.intents.add(("i", "f"))
    for value in (b"a b", b"a\r\nX: y", "ä".encode(), b"", b"x" * 5000):
        token = Token(Secret(value), "f", "bot")
        assert bench.slack.auth_test(token).failure.startswith("not sent")
        assert bench.slack.revoke(token, "i").failure.startswith("not sent")
        assert bench.slack.try_webhook(token._replace(kind="webhook")).failure.startswith("not sent")
    odd = found("session-client", cookie=Secret(b"\n"))
    assert bench.slack.auth_test(odd).failure.startswith("not sent")
    assert not bench.server.seen


# Webhooks


@pytest.mark.parametrize(
    "host", ["https://hooks.slack.com", "http://hooks.slack-gov.com", "hooks.slack.com", "HTTPS://Hooks.Slack.com"]
)
def test_a_webhook_is_asked_with_what_is_no_json(make: Make, host: str) -> None:
    bench = make()
    bench.server.answer = lambda seen: answer(b"invalid_payload", 400)
    path = "/services/T0ABCDEFG/B0ABCDEFG/" + "aB3" * 8
    got = bench.slack.try_webhook(Token(Secret((host + path).encode()), "f", "webhook"))
    (seen,) = bench.server.seen
    assert (got.error, got.status, got.failure) == ("invalid_payload", 400, "")
    assert seen.path == f"POST {path} HTTP/1.1" and seen.headers["content-type"].startswith("application/json")
    with pytest.raises(ValueError, match="Expecting"):
        json.loads(seen.body)


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.slack.com.evil.example/services/T0ABCDEFG/B0ABCDEFG/abc",
        "https://evil.example/services/T0ABCDEFG/B0ABCDEFG/abc",
        "https://x@hooks.slack.com/services/T0ABCDEFG/B0ABCDEFG/abc",
        "https://hooks.slack.com/workflows/T0ABCDEFG/A0ABCDEFG/1/abc",
        "https://hooks.slack.com/triggers/T0ABCDEFG/1/abc",
        "https://hooks.slack.com/services/T0ABCDEFG/B0ABCDEFG/abc/../x",
    ],
)
def test_what_is_no_incoming_webhook_of_slack_is_not_posted_to(make: Make, url: str) -> None:
    bench = make()
    assert bench.slack.try_webhook(Token(Secret(url.encode()), "f", "webhook")).failure.startswith("not sent")
    assert not bench.server.seen


@pytest.mark.parametrize(
    ("body", "status", "expected"),
    [
        (b"ok", 200, (True, "", "")),
        (b"no_service\n", 404, (False, "no_service", "")),
        (b"<html>", 200, (False, "", "HTTP 200, and not in a webhook's words")),
        (b"hello", 200, (False, "", "HTTP 200, and not in a webhook's words")),
        (b"\xff\xfe" * 300, 404, (False, "", "HTTP 404, and not in a webhook's words")),
        (b"", 403, (False, "", "HTTP 403, and not in a webhook's words")),
    ],
)
def test_a_webhooks_body_decides(make: Make, body: bytes, status: int, expected: tuple[bool, str, str]) -> None:
    bench = make()
    bench.server.answer = lambda seen: answer(body, status)
    got = bench.slack.try_webhook(found("webhook"))
    assert (got.ok, got.error, got.failure) == expected and len(bench.server.seen) == 1
