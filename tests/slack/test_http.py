"""The transport: nothing leaks, everything ends, TLS is verified, proxies are those of the environment."""

from __future__ import annotations

import http.client
import logging
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from scanner.errors import UsageError
from scanner.slack.api import Refused
from scanner.slack.http import Http, Timeouts, _Hurried, _why, bundle, loopback, proxies_for
from tests.slack.conftest import BOT, OK, Make, Seen, Server, found, holds, said
from tests.slack.conftest import http as answer

# Nothing leaks


def test_no_logger_and_no_debuglevel_shows_the_token(
    make: Make, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 5)
    monkeypatch.setattr(http.client.HTTPSConnection, "debuglevel", 5)
    bench, hook = make(), found("webhook")
    for name in ("urllib3", "urllib3.connectionpool", "urllib3.made.later", "requests"):
        logging.getLogger(name).disabled = False
    with caplog.at_level(logging.DEBUG), caplog.at_level(logging.DEBUG, "urllib3.connectionpool"):
        bench.slack.auth_test(BOT)
        bench.server.answer = lambda seen: answer(b"no_service", 404)
        bench.slack.try_webhook(hook)
        bench.server.answer = lambda seen: [b"garbage\r\n\r\n"]
        bench.slack.rehearse(BOT)
    out, err = capfd.readouterr()
    everything = caplog.text + out + err
    assert "POST" not in everything and not holds(everything) and not holds(everything, hook)
    assert hook.secret.reveal().decode()[-24:] not in everything


def test_failures_are_words_and_no_exception_of_requests_gets_out(make: Make, server: Server) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{free.getsockname()[1]}/api/"
    got = make(base=closed).slack.auth_test(BOT)
    assert got.failure == "connection failed" and not holds(repr(got))
    broken = make()
    broken.server.answer = lambda seen: [b"no http at all\r\n\r\n"]
    assert broken.slack.auth_test(BOT).failure in ("connection failed", "the answer broke off")


def test_a_refusal_tells_nothing_of_the_secret_even_in_a_traceback(make: Make) -> None:
    with pytest.raises(Refused) as caught:
        make().slack.revoke(BOT, "nothing")
    text = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert not holds(text)


# Everything ends


@pytest.mark.parametrize("where", ["head", "body", "interim"])
def test_a_server_that_drips_for_ever_is_ended(make: Make, where: str) -> None:
    bench = make(timeouts=Timeouts(5, 5, 0.4))
    bench.intents.add(("i", BOT.fingerprint))
    first = {"head": b"HTTP/1.1 200 OK\r\nX-A: ", "body": b"HTTP/1.1 200 OK\r\n\r\n", "interim": b""}[where]

    def drip(seen: Seen) -> Iterator[bytes]:
        yield first
        while not bench.server.stop.wait(0.01):
            yield b"HTTP/1.1 100 Continue\r\n\r\n" if where == "interim" else b"x"

    bench.server.answer = drip
    assert bench.slack.revoke(BOT, "i").failure == "timeout"


def test_a_server_that_sends_gigabytes_is_ended(make: Make) -> None:
    bench, sent = make(), [0]

    def flood(seen: Seen) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n"
        while not bench.server.stop.is_set() and sent[0] < 1 << 30:
            sent[0] += 1 << 16
            yield b" " * (1 << 16)

    bench.server.answer = flood
    assert bench.slack.auth_test(BOT).failure == "the answer is too long"
    assert sent[0] < 1 << 30


def test_a_redirect_that_sends_gigabytes_is_ended_too_and_gets_no_token(make: Make) -> None:
    bench = make()

    def flood(seen: Seen) -> Iterator[bytes]:
        yield b"HTTP/1.1 307 X\r\nLocation: /api/other\r\nContent-Length: 9999999999\r\n\r\n"
        while not bench.server.stop.is_set():
            yield b" " * (1 << 16)

    bench.server.answer = flood
    assert not bench.slack.auth_test(BOT).ok and len(bench.server.seen) == 1


def test_a_compressed_answer_is_not_unpacked(make: Make) -> None:
    bench = make(tiers={})
    bench.server.answer = lambda seen: answer(b"\x1f\x8b" + b"x" * 50, headers={"Content-Encoding": "gzip"})
    assert bench.slack.auth_test(BOT).failure == "not JSON"
    assert bench.server.seen[0].headers["accept-encoding"] == "identity"


def test_a_silent_server_is_a_timeout(make: Make) -> None:
    bench = make(tiers={}, timeouts=Timeouts(5, 0.05, 5))
    bench.server.answer = lambda seen: [b""] if bench.server.stop.wait(0.2) else []
    assert bench.slack.auth_test(BOT).failure == "timeout"


# Proxies and certificates


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, {}),
        ({"HTTPS_PROXY": "http://p:1"}, {"https": "http://p:1"}),
        ({"HTTPS_PROXY": "http://p:1", "https_proxy": "http://q:1"}, {"https": "http://q:1"}),
        ({"ALL_PROXY": "socks5://p:1", "HTTP_PROXY": "http://q:1"}, {"all": "socks5://p:1", "http": "http://q:1"}),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "example.org,slack.com"}, {}),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"}, {}),
        ({"HTTPS_PROXY": "http://p:1", "no_proxy": "example.org"}, {"https": "http://p:1"}),
    ],
)
def test_proxies_are_those_of_the_environment_that_was_given(
    environ: dict[str, str], expected: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://not-this:1")
    monkeypatch.setenv("NO_PROXY", "not.this")
    before = dict(os.environ)
    assert proxies_for("https://slack.com/api/", environ) == expected
    assert proxies_for("http://127.0.0.1:5/", {**environ, "HTTP_PROXY": "http://p:1"}) == {}
    assert dict(os.environ) == before


def test_loopback() -> None:
    assert all(map(loopback, ("127.0.0.1", "127.9.9.9", "::1", "localhost")))
    assert not any(map(loopback, ("", "127.evil.example", "10.0.0.1", "localhost.evil.example")))


def test_a_bundle_that_is_not_there(make: Make, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="CURL_CA_BUNDLE"):
        bundle({"CURL_CA_BUNDLE": str(tmp_path / "none")})
    assert bundle({"REQUESTS_CA_BUNDLE": str(tmp_path), "CURL_CA_BUNDLE": "/none"}) == str(tmp_path)
    assert bundle({"REQUESTS_CA_BUNDLE": ""}) is True


class Tls:
    """A proxy that leads every CONNECT to a server that says that it is slack.com, with a certificate of its own."""

    def __init__(self, folder: Path) -> None:
        self.certificate = folder / "ca.pem"
        key = folder / "key.pem"
        words = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=slack.com -addext subjectAltName=DNS:slack.com"
        if not shutil.which("openssl"):
            pytest.skip("no openssl to make a certificate with")
        made = ["openssl", *words.split(), "-keyout", str(key), "-out", str(self.certificate)]
        subprocess.run(made, check=True, capture_output=True)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(self.certificate, key)
        self.connects: list[bytes] = []
        self.inside: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://me:pass@127.0.0.1:{self._socket.getsockname()[1]}"
        self.refuse = False
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._socket.accept()
            except OSError:
                return
            with peer:
                self._tunnel(peer)

    def _tunnel(self, peer: socket.socket) -> None:
        self.connects.append(peer.recv(4096))
        if self.refuse:
            peer.sendall(b"HTTP/1.1 407 Who are you\r\n\r\n")
            return
        peer.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            with self._context.wrap_socket(peer, server_side=True) as safe:
                self.inside.append(safe.recv(65536))
                safe.sendall(said(OK)[0])
        except OSError:
            return

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


@pytest.fixture
def tls(tmp_path: Path) -> Iterator[Tls]:
    made = Tls(tmp_path)
    yield made
    made.close()


def test_tls_goes_through_the_proxy_and_is_verified_with_the_bundle(
    make: Make, tls: Tls, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    environ: Mapping[str, str] = {"HTTPS_PROXY": tls.url, "REQUESTS_CA_BUNDLE": str(tls.certificate)}
    bench = make(base="https://slack.com/api/", environ=environ)
    assert bench.slack.auth_test(BOT).ok and bench.slack.auth_test(BOT).ok
    assert tls.connects[0].startswith(b"CONNECT slack.com:443") and b"Proxy-Authorization: Basic" in tls.connects[0]
    assert not holds(tls.connects[0]) and holds(tls.inside[0])
    assert b"Proxy-Authorization" not in tls.inside[0]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("host", ["slack.com", "slack-gov.com"])
def test_a_certificate_that_nobody_vouches_for_gets_no_token(make: Make, tls: Tls, host: str) -> None:
    environ = {"HTTPS_PROXY": tls.url}
    if host == "slack-gov.com":
        environ["REQUESTS_CA_BUNDLE"] = str(tls.certificate)  # vouched for, but for another name
    bench = make(base=f"https://{host}/api/", environ=environ)
    assert bench.slack.auth_test(BOT).failure == "TLS failed"
    assert not any(map(holds, tls.connects + tls.inside)) and len(tls.connects) == 1


def test_a_proxy_that_refuses(make: Make, tls: Tls) -> None:
    tls.refuse = True
    got = make(base="https://slack.com/api/", environ={"HTTPS_PROXY": tls.url}).slack.auth_test(BOT)
    assert got.failure == "the proxy refused" and "pass" not in repr(got)


def test_a_proxy_of_an_unknown_scheme(make: Make) -> None:
    got = make(base="https://slack.com/api/", environ={"HTTPS_PROXY": "gopher://127.0.0.1:1"}).slack.auth_test(BOT)
    assert got.failure and not holds(repr(got))
    assert _why(RuntimeError("x")) == "the request failed"


def test_when_the_time_is_over_nothing_more_is_read() -> None:
    near, far = socket.socketpair()
    with near, far:
        far.sendall(b"more")
        late = _Hurried(near.makefile("rb", buffering=0), near, time.monotonic() - 1)
        with pytest.raises(TimeoutError):
            late.readinto(bytearray(4))
        late.close()


def test_one_http_for_many_threads(server: Server) -> None:
    shared, statuses = Http({}), list[int | None]()

    def ask() -> None:
        for _ in range(20):
            reply = shared.post(server.url, {}, {}, lambda request: request, left=10, fresh=False)
            statuses.append(reply.status)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    shared.close()
    assert statuses == [200] * 160
