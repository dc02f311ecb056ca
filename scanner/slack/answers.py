"""What is asked of Slack and what comes back, as values. Pure: what a server says is taken apart here, and nothing of
it goes further that does not look as Slack documents it (facts: docs.slack.dev/reference/methods/auth.test and
.../auth.revoke, docs.slack.dev/messaging/sending-messages-using-incoming-webhooks)."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import NamedTuple, Protocol

from scanner.errors import RESPONSE, XoxscanError
from scanner.model import Identity, Secret

AUTH_TEST, REHEARSAL, REVOKE, WEBHOOK = "auth.test", "auth.revoke test", "auth.revoke", "webhook"

RATE_LIMITED, DEADLINE, NOT_JSON = "rate limited", "deadline", "not JSON"
STRANGE = "an answer that Slack does not give"

# With these webhooks refuse: docs.slack.dev/messaging/sending-messages-using-incoming-webhooks (its 500 says nothing).
HOOK_STATUSES = (400, 403, 404, 410)

_CODE = re.compile(r"[a-z][a-z0-9_]{0,63}")
_ID = re.compile(r"[A-Z0-9]{2,32}")
_SCOPE = re.compile(r"[a-z][a-z0-9_.:-]{0,63}")
_URL = re.compile(r"https://[A-Za-z0-9.-]{1,100}/?")
_REQUEST = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LONGEST, _MOST_SCOPES, _YEARS = 120, 300, 10 * 366 * 86400
# Control, format (bidi!), surrogate, private and unassigned characters, line and paragraph separators.
_UNSAFE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


class Refused(XoxscanError):
    """This module was asked to send what must not be sent; nothing was sent."""

    status = RESPONSE


class Token(NamedTuple):
    """A secret to ask Slack about. `cookie`: the session cookie found with a client token."""

    secret: Secret
    fingerprint: str
    kind: str
    cookie: Secret | None = None


class Answer(NamedTuple):
    """What came of one question. `error` is Slack's own code, `failure` says why there is no usable answer; `ok` only
    where neither stands. Every text is short, printable, and free of the secret that was asked about."""

    method: str
    ok: bool
    error: str = ""
    failure: str = ""
    revoked: bool | None = None
    identity: Identity | None = None
    scopes: tuple[str, ...] = ()
    expires_in: int | None = None  # seconds
    org_wide: bool = False
    needed: str = ""  # the scope that missing_scope asks for
    status: int | None = None  # of HTTP
    request_id: str | None = None
    date: str | None = None  # RFC 3339, UTC, by Slack's clock


class Log(Protocol):
    """Where every request is written down: begun before it is sent, ended with what came of it."""

    def begin(self, method: str, fingerprint: str) -> int:
        """Writes the request down and gives the number of its row. What it raises stops the request."""

    def end(self, row: int, answer: Answer) -> None:
        """Writes down what came of the request in this row."""


class Reply(NamedTuple):
    """One HTTP answer as it came (headers by lower-case name), or `failure`, why there is none."""

    status: int | None = None
    headers: Mapping[str, str] = {}
    body: bytes = b""
    failure: str = ""


def read(method: str, reply: Reply, secrets: tuple[str, ...]) -> Answer:
    """The answer that this reply to a call of `method` holds. Whatever the server wrote, it never raises; what repeats
    one of `secrets` is left out."""
    answer = _webhook(reply) if method == WEBHOOK else _api(method, reply, _Clean(secrets))
    return stamped(answer, reply, secrets)


def stamped(answer: Answer, reply: Reply, secrets: tuple[str, ...]) -> Answer:
    """`answer` with what the reply of Slack says about itself: status, request id and time."""
    return answer._replace(
        status=reply.status,
        request_id=_Clean(secrets).shaped(reply.headers.get("x-slack-req-id"), _REQUEST),
        date=_date(reply.headers.get("date", "")),
    )


def _api(method: str, reply: Reply, clean: _Clean) -> Answer:
    said = _object(reply.body)
    if failure := _unusable(reply, said):
        return Answer(method, False, _code(said) if _limited(said) and failure == RATE_LIMITED else "", failure)
    assert said is not None
    scopes = _scopes(reply, said, clean)
    if said.get("ok") is not True:
        return _refusal(method, said, clean)._replace(scopes=scopes)
    identity = _identity(said, clean)
    if method == AUTH_TEST and identity is None:
        return Answer(method, False, failure=f"{STRANGE} (ok, and nobody's)")
    revoked = said.get("revoked")
    return Answer(
        method,
        True,
        revoked=revoked if isinstance(revoked, bool) else None,
        identity=identity,
        scopes=scopes,
        expires_in=_seconds(said.get("expires_in")),
        org_wide=said.get("is_enterprise_install") is True,
    )


def _unusable(reply: Reply, said: dict[str, object] | None) -> str:
    """Why this is no answer of the Web API, or nothing. Slack's own come with 200, failures too, or with 429
    (docs.slack.dev/apis/web-api): with another status somebody in between speaks, whatever the body says."""
    status = reply.status or 0
    if reply.failure:
        return reply.failure
    if status == 429:
        return RATE_LIMITED
    if status != 200:
        return f"HTTP {status}" + (": a redirect, not followed" if 300 <= status < 400 else "")
    if said is None:
        return NOT_JSON
    if _limited(said):
        return RATE_LIMITED
    plain = isinstance(said.get("ok"), bool) and (said["ok"] is False) == bool(_code(said))
    return "" if plain else STRANGE


def _limited(said: dict[str, object] | None) -> bool:
    return _code(said) in ("ratelimited", "rate_limited")


def _refusal(method: str, said: dict[str, object], clean: _Clean) -> Answer:
    identity = _identity(said, clean)
    return Answer(method, False, _code(said), identity=identity, needed=clean.text(said.get("needed")) or "")


def _webhook(reply: Reply) -> Answer:
    """Webhooks answer in plain text, with a status of their own; the body decides."""
    word, status = reply.body[:200].strip().decode("ascii", "replace"), reply.status or 0
    if reply.failure or status == 429:
        return Answer(WEBHOOK, False, failure=reply.failure or RATE_LIMITED)
    if word == "ok" and status == 200:
        return Answer(WEBHOOK, True)
    if _CODE.fullmatch(word) and status in HOOK_STATUSES:
        return Answer(WEBHOOK, False, word)
    own = ", and not in a webhook's words" if status in (200, *HOOK_STATUSES) else ""
    return Answer(WEBHOOK, False, failure=f"HTTP {status}{own}")


def _object(body: bytes) -> dict[str, object] | None:
    """The JSON object in `body`; an empty one, which says nothing, where a key stands twice: each reader of such an
    object may choose another of its values."""
    try:
        said = json.loads(body, object_pairs_hook=_once)
    except _Twice:
        return {}
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


class _Twice(Exception):
    """A key stands twice in an object."""


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise _Twice
    return made


def _code(said: dict[str, object] | None) -> str:
    error = said.get("error") if said else None
    return error if isinstance(error, str) and _CODE.fullmatch(error) else ""


def _identity(said: dict[str, object], clean: _Clean) -> Identity | None:
    found = Identity(
        team=clean.text(said.get("team")),
        user=clean.text(said.get("user")),
        url=clean.shaped(said.get("url"), _URL),
        **{name: clean.shaped(said.get(name), _ID) for name in Identity._fields if name.endswith("_id")},
    )
    return found if any(found) else None


def _scopes(reply: Reply, said: dict[str, object], clean: _Clean) -> tuple[str, ...]:
    """The granted scopes: from the header; recorded answers of auth.revoke have them in response_metadata."""
    header = reply.headers.get("x-oauth-scopes")
    given: object = header.split(",") if header else None
    metadata = said.get("response_metadata")
    if given is None and isinstance(metadata, dict):
        given = metadata.get("scopes")
    listed = given[:_MOST_SCOPES] if isinstance(given, list) else []
    kept = (clean.shaped(each.strip() if isinstance(each, str) else None, _SCOPE) for each in listed)
    return tuple(dict.fromkeys(each for each in kept if each))


def _seconds(value: object) -> int | None:
    good = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _YEARS
    return value if good else None  # type: ignore[return-value]  # an int, by the line above


def _date(value: str) -> str | None:
    try:
        at = parsedate_to_datetime(value[:64])
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at.tzinfo and not at.utcoffset() else None


class _Clean:
    """Lets through what looks as it should and does not repeat a secret that was sent."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        self._tails = [secret[-64:] for secret in secrets if secret]

    def text(self, value: object) -> str | None:
        """A name that people gave, without what could steer a terminal, cut to a sane length."""
        if not isinstance(value, str):
            return None
        kept = "".join(each for each in value[: 4 * _LONGEST] if unicodedata.category(each) not in _UNSAFE)
        return None if self._repeats(kept) else kept.strip()[:_LONGEST] or None

    def shaped(self, value: object, shape: re.Pattern[str]) -> str | None:
        """`value`, where all of it has this shape."""
        good = isinstance(value, str) and shape.fullmatch(value) and not self._repeats(value)
        return value if good else None  # type: ignore[return-value]  # a str, by the line above

    def _repeats(self, value: str) -> bool:
        """Whether any 12 characters of a secret's tail stand in it: what is at its front are ids."""
        return any(tail[i : i + 12] in value for tail in self._tails for i in range(max(len(tail) - 11, 1)))
