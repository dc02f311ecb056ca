"""Telling people: a notice goes to the operator's Slack and to the operator's webhook, and to nobody else.

What fails is told as a value: no notice ever stops a revocation. What is sent and how it is signed: docs/notices.md.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from scanner.model import Secret
from scanner.respond.message import Message
from scanner.respond.roads import WEBHOOK, Road, SlackPost, SlackWebhook, Webhook, audience, credentials, name
from scanner.slack.answers import HOOK_STATUSES, Answer, Log, stamped
from scanner.slack.http import Http, Sign
from scanner.slack.verdicts import CODES, INACTIVE, REJECTED, WEBHOOK_CODES

if TYPE_CHECKING:
    import requests

    from scanner.slack.answers import Reply

# What the log calls a request on each road.
_METHODS: Mapping[type, str] = {
    SlackWebhook: "notice slack-webhook",
    SlackPost: "notice chat.postMessage",
    Webhook: "notice webhook",
}
_TYPE = "application/json; charset=utf-8"
# Codes that pass by themselves. docs.slack.dev/reference/methods/chat.postMessage,
# docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
_PASSING = (
    *("ratelimited", "rate_limited", "service_unavailable", "fatal_error", "internal_error", "request_timeout"),
    *("rollup_error", "team_added_to_org"),
)
_BLOCKS_REFUSED = ("invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long")
_LASTING = ("TLS failed", "the proxy's address is wrong", "the request failed")  # of Http: waiting does not mend them


class Patience(NamedTuple):
    """How long one road is tried in one `tell`."""

    deadline: float = 30.0  # seconds, waits included
    tries: int = 3


PATIENCE = Patience()


class Sent(NamedTuple):
    """A notice arrived."""

    road: str
    audience: str
    tries: int


class Failed(NamedTuple):
    """A notice did not arrive, or nobody said that it did. Nothing in it is secret."""

    road: str
    audience: str
    tries: int
    reason: str
    again: bool  # may pass by itself; else the operator has to mend something first
    after: float | None = None  # seconds that the other side asked us to wait
    dead: bool = False  # Slack says that the credential of this road is dead, or refuses it: another one is needed


def tell(
    roads: Sequence[Road],
    message: Message,
    *,
    http: Http,
    log: Log,
    fingerprint: str,
    patience: Patience = PATIENCE,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> list[Sent | Failed]:
    """Sends `message` to each audience by the first of its roads that works; what became of each road that was tried.

    Every request is written into `log`, under `fingerprint` (of what the notice is about), before it is sent. Raises
    nothing but what `log` raises. At least once: where an answer is lost a notice may arrive twice, with the same id.
    `clock` gives seconds since 1970 (they are signed)."""
    means = _Means(http, log, fingerprint, patience, clock, sleep)
    done: list[Sent | Failed] = []
    for road in roads:
        if audience(road) not in told(done):
            done.append(_deliver(road, message, means))
    return done


def told(done: Iterable[Sent | Failed]) -> frozenset[str]:
    """The audiences that a notice reached."""
    return frozenset(each.audience for each in done if isinstance(each, Sent))


def signature(key: Secret, body: bytes, now: float) -> str:
    """The value of X-Xoxscan-Signature: `t=<seconds since 1970>,v1=<hex HMAC-SHA256 of "<t>.<body>">`."""
    stamp = str(int(now))
    signed = hmac.new(key.reveal(), stamp.encode() + b"." + body, hashlib.sha256)
    return f"t={stamp},v1={signed.hexdigest()}"


class _Means(NamedTuple):
    """What a notice is sent with."""

    http: Http
    log: Log
    fingerprint: str
    patience: Patience
    clock: Callable[[], float]
    sleep: Callable[[float], None]


class _Trouble(NamedTuple):
    """Why a try did not succeed. The first fields are those of Failed; `coded`: `reason` is Slack's
    own word."""

    reason: str
    again: bool
    after: float | None = None
    dead: bool = False
    coded: bool = False


class _Request(NamedTuple):
    """What is sent in one try. Never shown."""

    url: str
    body: bytes
    headers: Mapping[str, str]
    sign: Sign


def _deliver(road: Road, message: Message, means: _Means) -> Sent | Failed:
    """One road, tried until it works, a person is needed, or time or tries are up."""
    clock, patience = means.clock, means.patience
    end = clock() + patience.deadline
    bare, tries = False, 0
    while True:
        tries += 1
        trouble = _try(_request(road, message, bare, clock()), road, means, end - clock())
        if trouble is None:
            return Sent(name(road), audience(road), tries)
        wait = float(2 ** (tries - 1)) if trouble.after is None else trouble.after
        bare = bare or trouble.reason in _BLOCKS_REFUSED
        if not trouble.again or tries >= patience.tries or clock() + wait > end:
            return Failed(name(road), audience(road), tries, *trouble[:4])
        means.sleep(wait)


def _try(request: _Request, road: Road, means: _Means, left: float) -> _Trouble | None:
    """One request, with its row in the log."""
    row = means.log.begin(_METHODS[type(road)], means.fingerprint)
    reply = means.http.post(request.url, request.body, request.headers, request.sign, left=left, fresh=True)
    trouble = _judge(road, reply, reply.status or 0)
    means.log.end(row, _answer(road, reply, trouble))
    return trouble


def _answer(road: Road, reply: Reply, trouble: _Trouble | None) -> Answer:
    """What the log is told of a request. Of an operator's own server only the status: its words are nobody's."""
    why = trouble.reason if trouble else ""
    error, failure = (why, "") if trouble and trouble.coded else ("", why)
    answer = Answer(_METHODS[type(road)], trouble is None, error, failure, status=reply.status)
    if audience(road) == WEBHOOK:
        return answer
    return stamped(answer, reply, tuple(secret.reveal().decode("ascii", "replace") for secret in credentials(road)))


def _request(road: Road, message: Message, bare: bool, now: float) -> _Request:
    headers = {"Content-Type": _TYPE}
    match road:
        case SlackWebhook():
            body = json.dumps(_posting(message, bare)).encode()
            return _Request(road.address.reveal().decode(), body, headers, _unsigned)
        case SlackPost():
            body = json.dumps(_post(road.channel, message, bare)).encode()
            return _Request(f"{road.base}chat.postMessage", body, headers, _bearer(road.token))
        case Webhook():
            body = message.document.encode()
            signed = {"X-Xoxscan-Signature": signature(road.key, body, now), "Idempotency-Key": message.id}
            return _Request(road.address.reveal().decode(), body, {**headers, **signed}, _unsigned)


def _posting(message: Message, bare: bool) -> dict[str, Any]:
    """A message for Slack. Bare: without blocks, where Slack refused them; its line of fixed words still says what."""
    quiet: dict[str, Any] = {"unfurl_links": False, "unfurl_media": False}
    if bare:
        where = f"Notice {message.id}; the report and `xoxscan journal list` have the rest."
        return {**quiet, "text": f"{message.text}. {where}"}
    return {**quiet, "text": message.text, "blocks": json.loads(message.blocks)}


def _post(channel: str, message: Message, bare: bool) -> dict[str, Any]:
    known = {"event_type": "xoxscan_notice", "event_payload": {"id": message.id}}
    quiet = {"channel": channel, "mrkdwn": False, "parse": "none", "link_names": False, "metadata": known}
    return {**_posting(message, bare), **quiet}


def _unsigned(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _bearer(token: Secret) -> Sign:
    def sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {token.reveal().decode()}"
        return request

    return sign


def _judge(road: Road, reply: Reply, status: int) -> _Trouble | None:
    """None where the notice arrived."""
    if reply.failure:
        return _Trouble(reply.failure, reply.failure not in _LASTING)
    after = _seconds(reply.headers.get("retry-after", ""))
    if status == 429:
        return _Trouble("rate limited", True, after)
    if 300 <= status < 400:
        return _Trouble(f"HTTP {status}: redirects are not followed", False)
    if audience(road) == WEBHOOK:
        return None if 200 <= status < 300 else _Trouble(f"HTTP {status}", _passes(status), after)
    return _slack(road, reply.body, status, after)


def _slack(road: Road, body: bytes, status: int, after: float | None) -> _Trouble | None:
    """Web API: `ok` in the JSON, whatever the status. Webhook: any 2xx means that a message went out."""
    ok, error = _said(body)
    if ok or (ok is None and isinstance(road, SlackWebhook) and 200 <= status < 300):
        return None
    code = error if re.fullmatch(r"[a-z_]{2,60}", error) else ""
    if not code or any(code.encode() in secret.reveal() for secret in credentials(road)):
        return _Trouble(f"HTTP {status}, and not in Slack's words", ok is None or _passes(status), after)
    again = code in (*_PASSING, *_BLOCKS_REFUSED) or _passes(status)
    return _Trouble(code, again, after, _dead(road, code, status), coded=True)


def _dead(road: Road, code: str, status: int) -> bool:
    """Whether this word of Slack means that nobody is told by this credential again."""
    table, own = (WEBHOOK_CODES, HOOK_STATUSES) if isinstance(road, SlackWebhook) else (CODES, (200,))
    return code in table and table[code].state in (INACTIVE, REJECTED) and status in own


def _said(body: bytes) -> tuple[bool | None, str]:
    """`ok` and `error` of an answer; of one that is not JSON, its text as the error."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return None, body[:80].decode("ascii", "replace").strip()
    if not isinstance(said, dict):
        return None, ""
    return said.get("ok") is True, str(said.get("error", ""))


def _seconds(value: str) -> float | None:
    return float(value) if re.fullmatch(r"[0-9]{1,6}", value) else None


def _passes(status: int) -> bool:
    return status >= 500 or status in (408, 425)
