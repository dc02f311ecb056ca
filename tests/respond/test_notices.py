"""Telling people, over real HTTP on loopback: what is sent, what counts as told, and what never leaks."""

from __future__ import annotations

import http.client
import json
import logging
import re
import shutil
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner import fakes
from scanner.errors import ConfigError
from scanner.model import Secret
from scanner.respond.message import Message
from scanner.respond.notices import Failed, Patience, Sent, signature, tell, told
from scanner.respond.roads import (
    Road,
    SlackPost,
    SlackWebhook,
    Webhook,
    audience,
    choose,
    compromised,
    name,
    roads,
)
from scanner.slack.answers import Answer
from scanner.slack.http import Http, Timeouts
from tests.conftest import CLOCK, token

BLOCKS = '[{"type": "header", "text": {"type": "plain_text", "text": "hi"}}]'
NOTICE = Message(
    "n1-abc", "xoxscan: 1 leaked Slack credential", BLOCKS, '{"schema": "xoxscan.notice/1", "id": "n1-abc"}'
)
KEY = Secret(b"k" * 32)
TOKEN = Secret(token("bot", 9))
SECRET_PATH = "services/T0/B0/" + "s" * 24  # too plain for a credential, and secret all the same
ABOUT = "v1:bot:abc"
TIMEOUTS = Timeouts(5.0, 5.0, 5.0)


class Reply(NamedTuple):
    """One answer of the server. `hang` waits for the end of the test; `tear` ends the answer in its middle."""

    status: int = 200
    body: bytes = b"ok"
    headers: Mapping[str, str] = {}
    hang: bool = False
    tear: bool = False


class Seen(NamedTuple):
    path: str
    headers: dict[str, str]
    body: bytes


class Server:
    """A real HTTP server that answers from a list, the last answer for ever."""

    def __init__(self, *replies: Reply) -> None:
        self.seen: list[Seen] = []
        self.replies = list(replies) or [Reply()]
        self.over = threading.Event()
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.http.daemon_threads = True
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_port}/"

    def close(self) -> None:
        self.over.set()
        self.http.shutdown()
        self.http.server_close()

    def _handler(server) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                server.seen.append(Seen(self.path, dict(self.headers.items()), body))
                reply = server.replies.pop(0) if len(server.replies) > 1 else server.replies[0]
                if reply.hang:
                    server.over.wait(30)
                    return
                self.send_response(reply.status)
                for field, value in reply.headers.items():
                    self.send_header(field, value)
                self.send_header("Content-Length", str(len(reply.body) + reply.tear))
                self.end_headers()
                self.wfile.write(reply.body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler


Serve = Callable[..., Server]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts servers: `serve(Reply(500), Reply())`."""
    running: list[Server] = []

    def start(*replies: Reply) -> Server:
        running.append(Server(*replies))
        return running[-1]

    yield start
    for server in running:
        server.close()


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = CLOCK
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Rows:
    """A log in memory."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, str]] = []
        self.ended: list[Answer] = []

    def begin(self, method: str, fingerprint: str) -> int:
        self.begun.append((method, fingerprint))
        return len(self.begun) - 1

    def end(self, row: int, answer: Answer) -> None:
        assert row == len(self.ended) and answer.method == self.begun[row][0]
        self.ended.append(answer)


def send(
    *several: Road,
    time: Time | None = None,
    notice: Message = NOTICE,
    environ: Mapping[str, str] | None = None,
    timeouts: Timeouts = TIMEOUTS,
    patience: Patience = Patience(),  # noqa: B008
    rows: Rows | None = None,
) -> list[Sent | Failed]:
    time, rows = time or Time(), rows or Rows()
    client = Http(environ or {}, timeouts)
    try:
        return tell(
            several,
            notice,
            http=client,
            log=rows,
            fingerprint=ABOUT,
            patience=patience,
            clock=time.clock,
            sleep=time.sleep,
        )
    finally:
        client.close()


def hook(server: Server) -> SlackWebhook:
    return SlackWebhook(Secret((server.url + SECRET_PATH).encode()))


def post(server: Server) -> SlackPost:
    return SlackPost(TOKEN, "C1", server.url + "api/")


def generic(server: Server) -> Webhook:
    return Webhook(Secret((server.url + "in?key=" + "q" * 20).encode()), KEY)


def said(**fields: object) -> Reply:
    return Reply(200, json.dumps(fields).encode())


def failed(outcome: list[Sent | Failed]) -> Failed:
    (only,) = outcome
    assert isinstance(only, Failed)
    return only


# What is sent


def test_an_incoming_webhook_gets_blocks_and_a_line(serve: Serve) -> None:
    server = serve()
    assert send(hook(server)) == [Sent("slack-webhook", "slack", 1)]
    (seen,) = server.seen
    assert seen.path == "/" + SECRET_PATH and "Authorization" not in seen.headers
    assert seen.headers["Content-Type"] == "application/json; charset=utf-8"
    assert re.match(r"xoxscan/\d", seen.headers["User-Agent"])
    assert json.loads(seen.body) == {
        "text": NOTICE.text, "blocks": json.loads(BLOCKS), "unfurl_links": False, "unfurl_media": False,
    }  # fmt: skip


def test_chat_post_message_gets_the_token_in_its_header_alone_and_everything_quiet(serve: Serve) -> None:
    server = serve(said(ok=True, ts="1.2"))
    assert send(post(server)) == [Sent("slack-post", "slack", 1)]
    (seen,) = server.seen
    assert seen.path == "/api/chat.postMessage"
    assert seen.headers["Authorization"] == f"Bearer {TOKEN.reveal().decode()}"
    assert TOKEN.reveal() not in seen.body
    body = json.loads(seen.body)
    assert body["channel"] == "C1" and body["text"] == NOTICE.text and body["blocks"] == json.loads(BLOCKS)
    assert (body["mrkdwn"], body["parse"], body["link_names"]) == (False, "none", False)
    assert (body["unfurl_links"], body["unfurl_media"]) == (False, False)
    assert body["metadata"] == {"event_type": "xoxscan_notice", "event_payload": {"id": "n1-abc"}}


def example() -> Callable[..., bool]:
    """`verified` of docs/notices.md, as it stands there."""
    page = Path(__file__).parents[2].joinpath("docs", "notices.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", page, re.S)
    names: dict[str, Any] = {}
    exec(block, names)
    verified: Callable[..., bool] = names["verified"]
    return verified


def test_the_documented_example_verifies_what_a_webhook_gets(serve: Serve) -> None:
    server, verified = serve(Reply(204, b"")), example()
    assert send(generic(server)) == [Sent("webhook", "webhook", 1)]
    (seen,) = server.seen
    header = seen.headers["X-Xoxscan-Signature"]
    assert seen.headers["Idempotency-Key"] == "n1-abc" and seen.body == NOTICE.document.encode()
    key = KEY.reveal()
    assert verified(key, header, seen.body, CLOCK + 299)
    assert not verified(key, header, seen.body, CLOCK + 301) and not verified(key, header, seen.body, CLOCK - 301)
    assert not verified(b"another key", header, seen.body, CLOCK)
    assert not verified(key, header, seen.body + b" ", CLOCK)
    assert not verified(key, header.replace("t=", "t=1"), seen.body, CLOCK)


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=64), st.binary(max_size=200), st.integers(0, 2**33), st.text(max_size=60))
def test_only_a_signature_is_taken_for_one(key: bytes, body: bytes, now: int, other: str) -> None:
    verified = example()
    good = signature(Secret(key), body, now + 0.7)
    assert verified(key, good, body, now)
    assert not verified(key, other, body, now)
    assert not verified(key, good, b"x" + body, now) and not verified(key, good, body, now + 302)
    assert not verified(key, f"t={now},v1={other}", body, now)


def test_each_try_is_signed_anew_and_has_the_same_id(serve: Serve) -> None:
    server = serve(Reply(503), Reply(502), Reply(201))
    time = Time()
    assert send(generic(server), time=time) == [Sent("webhook", "webhook", 3)]
    assert time.slept == [1.0, 2.0]
    assert len({seen.headers["X-Xoxscan-Signature"] for seen in server.seen}) == 3
    assert {seen.headers["Idempotency-Key"] for seen in server.seen} == {"n1-abc"}


# Who is told


def test_slack_is_told_by_one_road_and_the_webhook_besides(serve: Serve) -> None:
    first, second, third = serve(), serve(said(ok=True)), serve()
    assert told(send(hook(first), post(second), generic(third))) == {"slack", "webhook"}
    assert [len(server.seen) for server in (first, second, third)] == [1, 0, 1]


def test_the_next_road_is_taken_where_one_fails_and_only_who_is_left_is_told_later(serve: Serve) -> None:
    dead, alive, down = serve(Reply(404, b"no_service")), serve(said(ok=True)), serve(Reply(500))
    every = (hook(dead), post(alive), generic(down))
    outcome = send(*every)
    assert outcome == [
        Failed("slack-webhook", "slack", 1, "no_service", False, dead=True),
        Sent("slack-post", "slack", 1),
        Failed("webhook", "webhook", 3, "HTTP 500", True),
    ]
    assert told(outcome) == {"slack"}


# What counts as told


@pytest.mark.parametrize(
    ("reply", "reason", "again"),
    [
        (Reply(404, b"no_service"), "no_service", False),
        (Reply(403, b"invalid_token"), "invalid_token", False),
        (Reply(410, b"channel_is_archived"), "channel_is_archived", False),
        (Reply(500, b"rollup_error"), "rollup_error", True),
        (Reply(404, b"<html>Not here</html>"), "HTTP 404, and not in Slack's words", True),
        (said(ok=False, error="invalid_auth"), "invalid_auth", False),
        (Reply(200, b'{"ok":false}'), "HTTP 200, and not in Slack's words", False),
        (Reply(302, b"", {"Location": "https://evil.example/"}), "HTTP 302: redirects are not followed", False),
    ],
)
def test_a_webhook_of_slack_says_why_not(serve: Serve, reply: Reply, reason: str, again: bool) -> None:
    server = serve(reply)
    assert failed(send(hook(server)))[3:5] == (reason, again)
    assert len(server.seen) == (3 if again else 1)


@pytest.mark.parametrize("reply", [Reply(), Reply(200, b"ok\n"), Reply(200, b"something new"), said(ok=True)])
def test_any_2xx_of_a_webhook_of_slack_is_a_message_that_went_out(serve: Serve, reply: Reply) -> None:
    assert send(hook(serve(reply))) == [Sent("slack-webhook", "slack", 1)]


@pytest.mark.parametrize(
    ("reply", "reason", "again"),
    [
        (said(ok=False, error="not_in_channel"), "not_in_channel", False),
        (said(ok=False, error="fatal_error"), "fatal_error", True),
        (said(ok="yes"), "HTTP 200, and not in Slack's words", False),
        (said(ok=False, error="Spaces & more"), "HTTP 200, and not in Slack's words", False),
        (Reply(200, b"ok"), "ok", False),
        (Reply(200, b"[1]"), "HTTP 200, and not in Slack's words", True),
        (Reply(200, b"[" * 60_000), "HTTP 200, and not in Slack's words", True),
        (Reply(502, b"\xff<html>"), "HTTP 502, and not in Slack's words", True),
    ],
)
def test_the_web_api_counts_by_its_json_alone(serve: Serve, reply: Reply, reason: str, again: bool) -> None:
    assert failed(send(post(serve(reply))))[3:5] == (reason, again)


@pytest.mark.parametrize(("status", "again"), [(400, False), (401, False), (308, False), (408, True), (500, True)])
def test_a_webhook_counts_by_its_status(serve: Serve, status: int, again: bool) -> None:
    assert failed(send(generic(serve(Reply(status))))).again == again


def test_blocks_that_slack_refuses_are_left_out_and_the_line_still_arrives(serve: Serve) -> None:
    server = serve(said(ok=False, error="invalid_blocks"), said(ok=True))
    assert send(post(server)) == [Sent("slack-post", "slack", 2)]
    second = json.loads(server.seen[1].body)
    assert "blocks" not in second and second["text"].startswith(NOTICE.text) and "n1-abc" in second["text"]
    assert not set("<>@&") & set(second["text"])


def test_slacks_wish_to_wait_is_kept_within_the_deadline(serve: Serve) -> None:
    server, time = serve(Reply(429, b"", {"Retry-After": "7"}), said(ok=True)), Time()
    assert send(post(server), time=time) == [Sent("slack-post", "slack", 2)]
    assert time.slept == [7.0]
    busy, time = serve(Reply(429, b"", {"Retry-After": "3600"})), Time()
    assert failed(send(post(busy), time=time)) == Failed("slack-post", "slack", 1, "rate limited", True, 3600.0)
    assert time.slept == []


@pytest.mark.parametrize("wish", ["-1", "nan", "1e9", "99999999", "Fri, 31 Dec 1999 23:59:59 GMT", ""])
def test_a_wish_that_is_no_number_of_seconds_is_not_heeded(serve: Serve, wish: str) -> None:
    time = Time()
    assert failed(send(generic(serve(Reply(429, b"", {"Retry-After": wish}))), time=time)).after is None
    assert time.slept == [1.0, 2.0]


@pytest.mark.parametrize(
    ("code", "status", "dead"),
    [
        *((code, 200, True) for code in ("token_revoked", "invalid_auth", "account_inactive", "token_expired")),
        *((code, 200, False) for code in ("missing_scope", "not_in_channel", "internal_error", "no_service")),
        *(("invalid_auth", status, False) for status in (407, 502)),
    ],
)
def test_a_dead_token_of_the_operators_is_told_apart(serve: Serve, code: str, status: int, dead: bool) -> None:
    server = serve(Reply(status, json.dumps({"ok": False, "error": code}).encode()))
    assert failed(send(post(server))).dead is dead


@pytest.mark.parametrize(
    ("word", "status", "dead"),
    [
        *((word, 404, True) for word in ("no_service", "no_service_id", "no_team", "no_active_hooks")),
        ("invalid_token", 400, True),
        ("invalid_token", 403, True),
        ("channel_is_archived", 410, False),
        ("action_prohibited", 403, False),
        ("token_revoked", 403, False),
        *(("no_service", status, False) for status in (407, 503)),
    ],
)
def test_a_dead_webhook_of_the_operators_is_told_apart(serve: Serve, word: str, status: int, dead: bool) -> None:
    assert failed(send(hook(serve(Reply(status, word.encode()))))).dead is dead
    assert not failed(send(generic(serve(Reply(status, word.encode()))))).dead


# What is written down


def test_every_request_is_written_down_with_what_came_of_it(serve: Serve) -> None:
    slack = {"X-Slack-Req-Id": "abc123"}
    dead = serve(Reply(500, b"", slack), Reply(404, b"no_service", slack))
    alive = serve(Reply(429, b"", {"Retry-After": "1"}), Reply(200, b'{"ok": true}', slack))
    down = serve(Reply(500, b"no_service", slack))
    rows = Rows()
    send(hook(dead), post(alive), generic(down), rows=rows, patience=Patience(tries=2))
    hooked, posted, other = "notice slack-webhook", "notice chat.postMessage", "notice webhook"
    assert rows.begun == [(method, ABOUT) for method in (hooked, hooked, posted, posted, other, other)]
    assert [each[:4] for each in rows.ended] == [
        (hooked, False, "", "HTTP 500, and not in Slack's words"),
        (hooked, False, "no_service", ""),
        (posted, False, "", "rate limited"),
        (posted, True, "", ""),
        (other, False, "", "HTTP 500"),
        (other, False, "", "HTTP 500"),
    ]
    assert [each.status for each in rows.ended] == [500, 404, 429, 200, 500, 500]
    assert [each.request_id for each in rows.ended] == ["abc123", "abc123", None, "abc123", None, None]
    assert rows.ended[1].date and rows.ended[3].date and not rows.ended[4].date


def test_what_cannot_be_written_down_is_not_sent(serve: Serve) -> None:
    class Full(Rows):
        def begin(self, method: str, fingerprint: str) -> int:
            raise OSError("full")

    server = serve()
    with pytest.raises(OSError, match="full"):
        send(hook(server), rows=Full())
    assert server.seen == []


def test_a_request_that_nobody_answers_is_written_down(serve: Serve) -> None:
    server, rows = serve(), Rows()
    server.close()
    send(hook(server), rows=rows, patience=Patience(tries=1))
    assert rows.begun == [("notice slack-webhook", ABOUT)]
    assert rows.ended[0][:4] == ("notice slack-webhook", False, "", "connection failed")


# What goes wrong underneath


def test_nobody_listens(serve: Serve) -> None:
    server = serve()
    server.close()
    assert failed(send(hook(server)))[2:5] == (3, "connection failed", True)
    assert server.seen == []


def test_an_answer_that_never_comes_and_one_that_breaks_off(serve: Serve) -> None:
    quick = Timeouts(5.0, 0.2, 0.2)
    silent = serve(Reply(hang=True))
    assert failed(send(generic(silent), timeouts=quick, patience=Patience(tries=1))).reason == "timeout"
    torn = serve(Reply(200, b'{"ok": tru', tear=True), said(ok=True))
    assert send(post(torn)) == [Sent("slack-post", "slack", 2)]


def test_an_answer_without_end_is_not_read_to_its_end(serve: Serve) -> None:
    endless = serve(Reply(200, b"x" * 1_000_000))
    assert failed(send(generic(endless), patience=Patience(tries=1))).reason == "the answer is too long"


def test_no_try_at_all_is_still_one(serve: Serve) -> None:
    assert failed(send(generic(serve(Reply(500))), patience=Patience(0.0, 0)))[2:4] == (1, "HTTP 500")


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that nobody signed but itself, and its key."""
    if not shutil.which("openssl"):
        pytest.skip("needs openssl")
    made, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    asked = ["-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj", "/CN=127.0.0.1"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(made)]
    subprocess.run(["openssl", "req", "-x509", *asked, *names], check=True, capture_output=True)
    return made, key


def test_tls_is_verified_and_the_operators_bundle_counts(serve: Serve, certificate: tuple[Path, Path]) -> None:
    server = serve()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    server.http.socket = context.wrap_socket(server.http.socket, server_side=True)
    road = Webhook(Secret(server.url.replace("http:", "https:").encode()), KEY)
    assert failed(send(road))[2:5] == (1, "TLS failed", False) and server.seen == []
    assert send(road, environ={"REQUESTS_CA_BUNDLE": str(certificate[0])}) == [Sent("webhook", "webhook", 1)]


def test_netrc_adds_nothing_and_replaces_nothing(serve: Serve, sealed: Path) -> None:
    (sealed / ".netrc").write_text("machine 127.0.0.1 login eve password letmein\n")
    (sealed / ".netrc").chmod(0o600)
    server = serve(said(ok=True))
    send(hook(server), generic(server))
    send(post(server))
    assert [seen.headers.get("Authorization", "")[:6] for seen in server.seen] == ["", "", "Bearer"]


# What must not leak


def test_nothing_secret_is_in_what_comes_back_or_is_logged_or_printed(
    serve: Serve, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    caplog.set_level(logging.DEBUG)
    parts = ("s" * 24, "q" * 20, "k" * 32, TOKEN.reveal().decode()[-12:])
    echo = "".join(parts).lower()
    replies = (
        Reply(404, ("s" * 24).encode(), {"X-Slack-Req-Id": "s" * 24}),
        said(ok=False, error=TOKEN.reveal().decode()),
        Reply(500, echo.encode()),
    )
    servers = [serve(reply) for reply in replies]
    every = (hook(servers[0]), post(servers[1]), generic(servers[2]))
    rows = Rows()
    outcome = send(*every, rows=rows)
    for server in servers:
        server.close()
    outcome += send(*every, rows=rows)
    assert len(outcome) == 6 and not told(outcome)
    printed = capfd.readouterr()
    everything = (
        repr(outcome) + repr(every) + repr(rows.begun) + repr(rows.ended) + caplog.text + printed.out + printed.err
    )
    assert not any(part in everything for part in parts)


# Which road first


WEBHOOK = fakes.render("{{incoming_webhook}}", 3).replace("slack-gov", "slack")
OLD = WEBHOOK.replace("/services", "")
OTHER = fakes.render("{{incoming_webhook}}", 4)
HOOK = SlackWebhook(Secret(WEBHOOK.encode()))
POST = SlackPost(TOKEN, "C1", "https://slack.com/api/")
GENERIC = Webhook(Secret(b"https://alerts.example.org/x"), KEY)
ALL: tuple[Road, ...] = (HOOK, POST, GENERIC)


@pytest.mark.parametrize(
    ("leaked", "order"),
    [
        ((), (HOOK, POST, GENERIC)),
        ((token("bot", 10), OTHER.encode()), (HOOK, POST, GENERIC)),
        ((TOKEN.reveal(),), (HOOK, GENERIC, POST)),
        ((WEBHOOK.encode(),), (POST, GENERIC, HOOK)),
        ((WEBHOOK.encode(), TOKEN.reveal()), (GENERIC, HOOK, POST)),
        ((KEY.reveal(),), (HOOK, POST, GENERIC)),
        ((b"https://alerts.example.org/x", WEBHOOK.encode()), (POST, HOOK, GENERIC)),
    ],
)
def test_a_road_that_was_found_leaked_comes_last(leaked: tuple[bytes, ...], order: tuple[Road, ...]) -> None:
    assert choose(ALL, {Secret(each) for each in leaked}) == order


@pytest.mark.parametrize("scheme", ["https://", "http://", ""])
@pytest.mark.parametrize("folder", ["/services/", "/"])
@pytest.mark.parametrize(
    "mine", [WEBHOOK, WEBHOOK.replace("/services", ""), WEBHOOK + "/", WEBHOOK.replace("hooks", "HOOKS")]
)
def test_the_same_webhook_is_known_however_it_was_spelled(scheme: str, folder: str, mine: str) -> None:
    host, _, ids = OLD.removeprefix("https://").partition("/")
    found = {Secret((scheme + host + folder + ids).encode())}
    assert compromised(SlackWebhook(Secret(mine.encode())), found)
    assert not compromised(SlackWebhook(Secret(OTHER.encode())), found)


@settings(deadline=None)
@given(st.permutations(ALL), st.sets(st.sampled_from([WEBHOOK.encode(), TOKEN.reveal(), KEY.reveal()])))
def test_choosing_keeps_every_road_and_the_order_otherwise(several: list[Road], leaked: set[bytes]) -> None:
    found = {Secret(each) for each in leaked}
    chosen = choose(several, found)
    assert sorted(map(name, chosen)) == sorted(map(name, several))
    bad = [compromised(road, found) for road in chosen]
    assert bad == sorted(bad)
    for half in (True, False):
        kept = [road for road in several if compromised(road, found) is half]
        assert [road for road in chosen if compromised(road, found) is half] == kept


def test_a_leaked_road_is_taken_where_every_other_fails(serve: Serve) -> None:
    down, leaked = serve(Reply(404, b"no_service")), serve(said(ok=True))
    outcome = send(*choose((post(leaked), hook(down)), {TOKEN}))
    assert [each.road for each in outcome] == ["slack-webhook", "slack-post"] and told(outcome) == {"slack"}


# The operator's configuration

ENVIRON = {"HOOK": WEBHOOK + "\n", "TOKEN": TOKEN.reveal().decode(), "KEY": "k" * 32, "SHORT": "k" * 15, "EMPTY": " "}


def configured(**keys: str) -> tuple[Road, ...]:
    return roads(**keys, environ=ENVIRON, base="https://slack.com/api/")


def test_roads_come_from_the_names_of_variables_in_the_order_they_are_taken() -> None:
    found = configured(
        slack_webhook_env="HOOK",
        slack_token_env="TOKEN",
        channel="C1",
        webhook_url="https://alerts.example.org/x",
        webhook_secret_env="KEY",
    )
    assert found == ALL and configured() == ()
    assert [name(road) for road in found] == ["slack-webhook", "slack-post", "webhook"]
    assert [audience(road) for road in found] == ["slack", "slack", "webhook"]


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:8/x", "http://localhost/x", "http://[::1]:8/", "https://a.example"]
)
def test_addresses_that_may_be_used(address: str) -> None:
    assert len(configured(webhook_url=address, webhook_secret_env="KEY")) == 1


UNUSABLE = (
    *("http://a.example/", "ftp://a.example", "a.example/x", "https://", "file:///x", "http://127.0.0.1.evil.example/"),
    *("https://u:p@a.example/", "https://a.example/ x", "https://a.example/\nx", "https://a.example:99999/"),
    *("https://[::1", "http://10.0.0.1/"),
)


@pytest.mark.parametrize("address", UNUSABLE)
def test_addresses_that_may_not(address: str) -> None:
    with pytest.raises(ConfigError) as caught:
        configured(webhook_url=address, webhook_secret_env="KEY")
    assert address not in str(caught.value) and "webhook_url" in str(caught.value) and caught.value.hint


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        ({"slack_webhook_env": "NONE"}, "NONE is not set"),
        ({"slack_webhook_env": "EMPTY"}, "EMPTY is not set"),
        ({"slack_webhook_env": "TOKEN"}, "TOKEN is no address"),
        ({"slack_token_env": "TOKEN"}, "belong together"),
        ({"channel": "C1"}, "belong together"),
        ({"webhook_url": "https://a.example"}, "belong together"),
        ({"webhook_secret_env": "KEY"}, "belong together"),
        ({"webhook_url": "https://a.example", "webhook_secret_env": "SHORT"}, "SHORT is too short"),
    ],
)
def test_what_is_wrong_names_the_variable_and_not_its_value(keys: dict[str, str], complaint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        configured(**keys)
    assert complaint in str(caught.value) and caught.value.status == 2
    assert not any(value.strip() and value.strip() in str(caught.value) for value in ENVIRON.values())


def test_a_slack_webhook_is_one_of_slacks_hosts_or_this_machine() -> None:
    made = {"ELSEWHERE": "https://hooks.slack.com.evil.example/x", "HERE": "http://127.0.0.1:8/services/x", "T": "a b"}
    with pytest.raises(ConfigError, match="no Slack webhook"):
        roads(slack_webhook_env="ELSEWHERE", environ=made, base="")
    assert len(roads(slack_webhook_env="HERE", environ=made, base="")) == 1
    with pytest.raises(ConfigError, match="no token"):
        roads(slack_token_env="T", channel="C1", environ=made, base="")
