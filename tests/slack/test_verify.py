"""Many secrets at once: each asked about once, each in its own way, all with a verdict."""

from __future__ import annotations

import random
import threading

import pytest

from scanner.model import Secret, Verdict
from scanner.slack.answers import Token
from scanner.slack.limits import TIERS
from scanner.slack.verify import verify
from tests.slack.conftest import OK, UNASKED, Bench, Make, Seen, found, said
from tests.slack.conftest import http as answer

NOW = "2026-11-22T00:00:00Z"


def run(
    bench: Bench, tokens: list[Token], *, probe: bool = False, threads: int = 4, told: list[Token] | None = None
) -> dict[str, Verdict]:
    def seen(token: Token, verdict: Verdict) -> None:
        assert threading.current_thread() is threading.main_thread()
        if told is not None:
            told.append(token)

    got = verify(bench.slack, tokens, probe_sessions=probe, threads=threads, now=lambda: NOW, seen=seen)
    return {fingerprint: said for (fingerprint, _), said in got.items()}


def bots(count: int) -> list[Token]:
    return [found("bot", seed) for seed in range(count)]


def test_each_in_its_own_way(make: Make) -> None:
    bench = make()
    bench.server.answer = lambda seen: answer(b"no_service", 404) if "/services/" in seen.path else said(OK)
    tokens = [
        found("bot"),
        found("app-level"),
        found("webhook"),
        *map(found, UNASKED),
        found("session-client"),
        Token(Secret(b"x"), "v1:odd:1", "odd"),
    ]
    told: list[Token] = []
    got = run(bench, tokens, told=told)
    assert {token.fingerprint for token in told} == set(got)
    assert len(got) == len(tokens) == len(told)
    states = {fingerprint.split(":")[1]: verdict.state for fingerprint, verdict in got.items()}
    assert states.pop("bot") == states.pop("app-level") == "active" and states.pop("webhook") == "inactive"
    assert set(states.values()) == {"unsupported"} and len(bench.server.seen) == 3
    assert got["v1:bot:1"].checked_at == NOW


@pytest.mark.parametrize("kind", UNASKED)
@pytest.mark.parametrize("probe", [True, False])
def test_nothing_at_all_is_sent_for_these(make: Make, kind: str, probe: bool) -> None:
    bench = make()
    got = run(bench, [found(kind, seed) for seed in range(3)], probe=probe)
    assert {verdict.state for verdict in got.values()} == {"unsupported"}
    assert not bench.server.seen and not bench.rows.begun and bench.server.connections == 0


def test_one_request_for_each_distinct_secret(make: Make) -> None:
    bench = make()
    one, two = found("bot", 1), found("bot", 2)
    again = one._replace(fingerprint="another", kind="bot-legacy")
    got = run(bench, [one, two, one, again, two])
    assert len(bench.server.seen) == 2 and set(got) == {one.fingerprint, two.fingerprint, "another"}


def test_two_secrets_with_one_fingerprint_are_two(make: Make) -> None:
    bench = make()
    dead, alive = found("user-legacy", 1), found("user-legacy", 2)._replace(fingerprint="v1:user-legacy:1")
    value = alive.secret.reveal().decode()
    gone = {"ok": False, "error": "token_revoked"}
    bench.server.answer = lambda seen: said(OK if seen.bearer == value else gone)
    for order in ([dead, alive], [alive, dead]):
        got = verify(
            bench.slack, order, probe_sessions=False, threads=2, now=lambda: NOW, seen=lambda token, verdict: None
        )
        assert got[alive.fingerprint, alive.secret].state == "active"
        assert got[dead.fingerprint, dead.secret].state == "inactive"


def test_a_session_is_asked_about_only_by_order_and_with_its_cookie(make: Make) -> None:
    bench, client, cookie = make(), found("session-client"), found("session-cookie")
    quiet = run(bench, [client, cookie])[client.fingerprint]
    assert quiet.state == "unsupported" and "--probe-sessions" in quiet.reason and not bench.server.seen
    alone = run(bench, [client], probe=True)[client.fingerprint]
    assert alone.state == "unsupported" and "cookie" in alone.reason and not bench.server.seen
    unsure = run(bench, [client, cookie, found("session-cookie", 2)], probe=True)[client.fingerprint]
    assert unsure.state == "unsupported" and not bench.server.seen
    asked = run(bench, [client, cookie], probe=True)
    assert asked[client.fingerprint].state == "active" and "logged the person out" in asked[client.fingerprint].reason
    assert asked[cookie.fingerprint].state == "unsupported"
    (seen,) = bench.server.seen
    assert seen.headers["cookie"].startswith("d=xoxd-") and "authorization" not in seen.headers


def test_a_cookie_that_came_with_the_token_is_taken(make: Make) -> None:
    bench = make()
    own = found("session-client", cookie=Secret(b"xox" + b"d-own"))
    run(bench, [own, found("session-cookie")], probe=True)
    assert bench.server.seen[0].headers["cookie"] == "d=" + "xox" + "d-own"


class Moody:
    """Answers 20 % of the requests with 429, by the luck of a seed; what it says else depends on the token alone."""

    def __init__(self, tokens: list[Token], wait: str) -> None:
        self._states = {token.secret.reveal().decode(): number % 3 for number, token in enumerate(tokens)}
        self._luck, self._lock, self._wait = random.Random(20), threading.Lock(), wait
        self.limited = 0

    def __call__(self, seen: Seen) -> list[bytes]:
        with self._lock:
            unlucky = self._luck.random() < 0.2
            self.limited += unlucky
        if unlucky:
            return said({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": self._wait})
        error = ("", "token_revoked", "invalid_auth")[self._states[seen.bearer]]
        return said({"ok": False, "error": error} if error else OK)


@pytest.mark.no_cover
@pytest.mark.parametrize("threads", [1, 8])
def test_a_thousand_tokens_with_a_fifth_of_rate_limits_end_right(make: Make, threads: int) -> None:
    bench, tokens = make(deadline=10_000, tiers=TIERS, jitter=0.5), bots(1000)
    bench.server.answer = moody = Moody(tokens, "3")
    got = run(bench, tokens, threads=threads)
    states = [got[token.fingerprint].state for token in tokens]
    assert states == [("active", "inactive", "rejected")[number % 3] for number in range(1000)]
    assert moody.limited > 150 and len(bench.server.seen) == 1000 + moody.limited == len(bench.rows.ended)


def test_at_the_deadline_the_rest_is_unknown_and_says_so(make: Make) -> None:
    bench, tokens = make(deadline=120, jitter=0.5), bots(1000)
    bench.server.answer = moody = Moody(tokens, "5")
    got = run(bench, tokens, threads=1)
    late = [verdict for verdict in got.values() if verdict.state == "unknown"]
    assert len(got) == 1000 and 0 < len(late) < 1000
    assert all(verdict.reason.startswith("deadline") for verdict in late)
    assert len(bench.server.seen) < 1000 + moody.limited and bench.clock.now <= 1000 + 120


def test_a_log_that_fails_stops_everything(make: Make) -> None:
    bench, count = make(tiers={}), [0]

    def full(method: str, fingerprint: str) -> int:
        count[0] += 1
        raise OSError("disk full")

    bench.rows.begin = full  # type: ignore[method-assign]
    with pytest.raises(OSError, match="disk full"):
        run(bench, bots(50), threads=1)
    assert not bench.server.seen and count[0] <= 50


def test_nothing_to_ask(make: Make) -> None:
    assert run(make(), []) == {}
