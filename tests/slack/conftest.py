"""A small real HTTP server on loopback, and a Slack that asks it with a clock that only sleeping moves."""

from __future__ import annotations

import json
import os
import socketserver
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import parse_qs

import pytest

from scanner.model import Secret
from scanner.slack.answers import Answer, Token
from scanner.slack.api import Slack
from scanner.slack.http import Timeouts
from scanner.slack.limits import TIERS, Limits, Tier
from tests.conftest import token as fake

# Kinds that nothing may be asked about.
UNASKED = [
    "refresh",
    "config-refresh",
    "export",
    "session-cookie",
    "workflow-webhook",
    "trigger",
    "app-secret",
    "workflow",
]
OK = {
    "ok": True,
    "team": "Acme",
    "team_id": "T0ACME",
    "user": "ada",
    "user_id": "U0ADA",
    "url": "https://acme.slack.com/",
}


class Seen(NamedTuple):
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes
    raw: bytes

    @property
    def form(self) -> dict[str, list[str]]:
        return parse_qs(self.body.decode())

    @property
    def bearer(self) -> str:
        return self.headers.get("authorization", "").removeprefix("Bearer ")


Pieces = Iterable[bytes]


def http(body: bytes, status: int = 200, headers: Mapping[str, str] = {}, length: int | None = None) -> list[bytes]:
    """The bytes of an HTTP answer; a wrong `length` tears it."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body) if length is None else length}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ["\r\n".join(lines).encode() + b"\r\n\r\n" + body]


def said(value: object, status: int = 200, headers: Mapping[str, str] = {}) -> list[bytes]:
    """An HTTP answer of JSON."""
    return http(json.dumps(value).encode(), status, {"Content-Type": "application/json", **headers})


class Server(socketserver.ThreadingTCPServer):
    """Answers each request with what `answer` gives for it: the pieces of raw bytes, as they are to go out."""

    daemon_threads = True
    allow_reuse_address = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer: Callable[[Seen], Pieces] = lambda seen: said(OK)
        self.seen: list[Seen] = []
        self.connections = 0
        self.stop = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_address[1]}/api/"
        self.origin = f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hung up is what some tests are about."""


class _Handler(socketserver.StreamRequestHandler):
    server: Server

    def handle(self) -> None:
        self.server.connections += 1
        while seen := self._read():
            self.server.seen.append(seen)
            for piece in self.server.answer(seen):
                self.wfile.write(piece)

    def _read(self) -> Seen | None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self.rfile.readline()
            if not line:
                return None
            head += line
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
        body = self.rfile.read(int(headers.get("content-length", "0")))
        return Seen(first, headers, body, head + body)


@pytest.fixture
def server() -> Iterator[Server]:
    """The server, running."""
    with Server() as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.stop.set()
        made.shutdown()
        thread.join()


class Clock:
    """Seconds that pass only by sleeping; threads that sleep do so one after the other."""

    def __init__(self) -> None:
        self.now, self.slept = 1000.0, list[float]()
        self._lock = threading.Lock()

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
            self.now += seconds


class Rows:
    """A log in memory."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, str]] = []
        self.ended: dict[int, Answer] = {}
        self._lock = threading.Lock()

    def begin(self, method: str, fingerprint: str) -> int:
        with self._lock:
            self.begun.append((method, fingerprint))
            return len(self.begun) - 1

    def end(self, row: int, answer: Answer) -> None:
        self.ended[row] = answer


class Bench(NamedTuple):
    """A Slack with all that it works with."""

    slack: Slack
    server: Server
    clock: Clock
    rows: Rows
    intents: set[tuple[str, str]]


class Make:
    """Makes a Slack that asks the server."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def __call__(
        self,
        *,
        base: str | None = None,
        environ: Mapping[str, str] | None = None,
        deadline: float = 120.0,
        tiers: Mapping[str, Tier] = TIERS,
        timeouts: Timeouts = Timeouts(30, 30, 30),  # noqa: B008
        jitter: float = 0.0,
    ) -> Bench:
        clock, rows, intents = Clock(), Rows(), set[tuple[str, str]]()
        slack = Slack(
            base or self._server.url,
            environ=os.environ if environ is None else environ,
            clock=clock,
            sleep=clock.sleep,
            random=lambda: jitter,
            deadline=deadline,
            log=rows,
            committed=lambda intent, fingerprint: (intent, fingerprint) in intents,
            limits=Limits(clock, clock.sleep, tiers),
            hooks=None if base else self._server.origin,
            timeouts=timeouts,
        )
        return Bench(slack, self._server, clock, rows, intents)


@pytest.fixture
def make(server: Server) -> Make:
    """Makes benches."""
    return Make(server)


def holds(text: str | bytes, token: Token | None = None) -> bool:
    """Whether any 12 characters of the end of the token (BOT's) stand in the text."""
    text = text.decode("latin-1") if isinstance(text, bytes) else text
    tail = (token or BOT).secret.reveal().decode()[-24:]
    return any(tail[i : i + 12] in text for i in range(13))


def found(kind: str = "bot", seed: int = 1, cookie: Secret | None = None) -> Token:
    """A found token of this kind."""
    return Token(Secret(fake(kind, seed)), f"v1:{kind}:{seed}", kind, cookie)


BOT = found()
PLAIN = BOT.secret.reveal().decode()
