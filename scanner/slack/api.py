"""The only module that talks to Slack: auth.test, auth.revoke and the harmless question to a webhook.

Facts: docs.slack.dev/reference/methods/auth.test and .../auth.revoke (both take POST with a Bearer token and need no
scope), docs.slack.dev/apis/web-api/rate-limits (Retry-After in seconds). Nothing here raises what requests raises.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

import requests

from scanner.errors import UsageError
from scanner.model import Secret
from scanner.slack.answers import (
    AUTH_TEST,
    DEADLINE,
    NOT_JSON,
    RATE_LIMITED,
    REHEARSAL,
    REVOKE,
    WEBHOOK,
    Answer,
    Log,
    Refused,
    Token,
    read,
)
from scanner.slack.http import TIMEOUTS, Http, Sign, Timeouts, loopback
from scanner.slack.limits import Limits

__all__ = ["Answer", "Log", "Refused", "Slack", "Token", "base_url"]

DEFAULT = "https://slack.com/api/"
HOSTS = ("slack.com", "slack-gov.com")
SESSION = "session-client"
_CLASSIC = frozenset(("bot", "bot-legacy", "legacy-session", "user", "user-legacy", "workspace"))
TESTABLE = _CLASSIC | {"app-level", "config-access", SESSION}
# All bearer tokens. Whether Slack revokes some of them (xapp, xwfp) is unconfirmed; policy and rules say what is tried.
REVOCABLE = (TESTABLE - {SESSION}) | {"config-refresh", "refresh", "workflow"}
# Slack's own words for «try again»; what else it says is final.
TRANSIENT = frozenset(("fatal_error", "internal_error", "request_timeout", "rollup_error", "service_unavailable"))
UNLIKE = "not sent: no credential of Slack looks like this"
TRIES = 5  # on everything but a rate limit, which tells when to come again
_FORMS: Mapping[str, Mapping[str, str]] = {AUTH_TEST: {}, REHEARSAL: {"test": "1"}, REVOKE: {}}
_FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
_JSON = {"Content-Type": "application/json; charset=utf-8"}
_MALFORMED = b"not JSON, on purpose: is this webhook alive?"
_HOOK = re.compile(
    r"(?i:https?://)?(?P<host>(?i:hooks\.slack(?:-gov)?\.com))"
    r"(?P<path>(?:/services)?/[TE][A-Z0-9]{1,32}/B[A-Z0-9]{1,32}/[A-Za-z0-9]{1,64})"
)


class _Ask(NamedTuple):
    """One request: to whom, with what, how it is signed."""

    method: str
    url: str
    form: Mapping[str, str] | bytes
    headers: Mapping[str, str]
    sign: Sign
    secrets: tuple[str, ...]  # what no answer may repeat

    def __repr__(self) -> str:
        return f"_Ask({self.method})"


class Slack:
    """Slack's Web API for one run. `clock` gives seconds that never go back, `random` numbers in [0, 1); `deadline` is
    in seconds from now. `committed(intent, fingerprint)` says whether this intent to revoke is on disk. `hooks`: what
    stands for the webhooks' hosts in tests. Raises UsageError where an address or a CA bundle is none."""

    def __init__(
        self,
        base: str,
        *,
        environ: Mapping[str, str],
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        random: Callable[[], float],
        deadline: float,
        log: Log,
        committed: Callable[[str, str], bool],
        limits: Limits,
        hooks: str | None = None,
        timeouts: Timeouts = TIMEOUTS,
    ) -> None:
        self._base = _checked(base)
        self._hooks = _checked(hooks).rstrip("/") if hooks else None
        self._http = Http(environ, timeouts)
        self._clock, self._sleep, self._random = clock, sleep, random
        self._end = clock() + deadline
        self._log, self._committed, self._limits = log, committed, limits

    def auth_test(self, token: Token) -> Answer:
        """Whether the token lives, and whose it is. A client token goes with its cookie, as a browser sends both.
        Raises Refused for kinds that cannot be asked so."""
        _permit(token.kind in TESTABLE and (token.kind != SESSION or token.cookie is not None), token)
        return self._until(self._ask(AUTH_TEST, token), token)

    def rehearse(self, token: Token) -> Answer:
        """What auth.revoke says with test=1: nothing is revoked. Raises Refused for what no API revokes."""
        _permit(token.kind in REVOCABLE, token)
        return self._until(self._ask(REHEARSAL, token), token)

    def revoke(self, token: Token, intent: str) -> Answer:
        """Revokes, by one request that is never repeated. Raises Refused, and sends nothing, unless this intent is
        committed for this token."""
        _permit(token.kind in REVOCABLE, token)
        ask = self._ask(REVOKE, token)
        if isinstance(ask, Answer):
            return ask
        if not self._turn(ask, token):
            return Answer(REVOKE, False, failure=DEADLINE)
        if self._committed(intent, token.fingerprint) is not True:
            raise Refused("auth.revoke without an intent in the journal", "this is a bug in xoxscan: nothing was sent")
        return self._send(ask, token, fresh=True)[0]

    def try_webhook(self, token: Token) -> Answer:
        """Posts to the webhook what is no JSON, so that it says how it is and posts nothing. Raises Refused for
        everything else than an incoming webhook."""
        _permit(token.kind == "webhook", token)
        return self._until(self._hook(token), token)

    def close(self) -> None:
        """Ends the connections that are kept."""
        self._http.close()

    def _ask(self, method: str, token: Token) -> _Ask | Answer:
        """An answer, at once, where the secret holds what no token holds and what could not stand in a header."""
        secret, cookie = _plain(token.secret), _plain(token.cookie) if token.cookie else ""
        if secret is None or cookie is None:
            return Answer(method, False, failure=UNLIKE)
        url, form = self._base + method.split()[0], _FORMS[method]
        if token.kind != SESSION:
            return _Ask(method, url, form, _FORM, _bearer(secret), (secret,))
        worn = cookie if "%" in cookie else quote(cookie, safe="")
        session = {**_FORM, "Cookie": f"d={worn}"}
        return _Ask(method, url, {**form, "token": secret}, session, _unsigned, (secret, worn, unquote(cookie)))

    def _hook(self, token: Token) -> _Ask | Answer:
        found = _HOOK.fullmatch(_plain(token.secret) or "")
        if found is None:
            return Answer(WEBHOOK, False, failure=UNLIKE)
        origin = self._hooks or f"https://{found['host'].lower()}"
        return _Ask(WEBHOOK, origin + found["path"], _MALFORMED, _JSON, _unsigned, (found["path"],))

    def _until(self, ask: _Ask | Answer, token: Token) -> Answer:
        """The first answer that is final. After TRIES failures the last of them; where the next try would come after
        the deadline, `failure` is that and what was wrong with the last answer, whose status and error stay."""
        if isinstance(ask, Answer):
            return ask
        last, tries, failed = Answer(ask.method, False), 0, 0
        while self._turn(ask, token):
            last, pause = self._send(ask, token, fresh=False)
            tries, failed = tries + 1, failed + (last.failure != RATE_LIMITED)
            if not _again(last) or failed >= TRIES:
                return last
            if not self._rest(pause, tries):
                break
        return last._replace(failure=_late(last))

    def _turn(self, ask: _Ask, token: Token) -> bool:
        """Waits until it may be sent; False where that is after the deadline."""
        return self._limits.wait(ask.method, token.fingerprint, self._end) and self._left() > 0

    def _send(self, ask: _Ask, token: Token, *, fresh: bool) -> tuple[Answer, float | None]:
        """One request, with its row in the log; the seconds after which Slack wants to be asked again."""
        row = self._log.begin(ask.method, token.fingerprint)
        reply = self._http.post(ask.url, ask.form, ask.headers, ask.sign, left=self._left(), fresh=fresh)
        answer = read(ask.method, reply, ask.secrets)
        self._log.end(row, answer)
        return answer, retry_after(reply.headers.get("retry-after", ""))

    def _rest(self, pause: float | None, tries: int) -> bool:
        """Sleeps until the next try; False where that would come after the deadline."""
        step = pause or min(0.5 * 2 ** min(tries - 1, 10), 30.0)
        # Jitter: what failed together must not come again together. Never earlier than Slack says.
        wait = step + self._random() * max(step / 2, 0.5)
        if wait >= self._left():
            return False
        self._sleep(wait)
        return True

    def _left(self) -> float:
        return self._end - self._clock()


def base_url(environ: Mapping[str, str]) -> str:
    """Where the Web API is: SLACK_API_URL, or https://slack.com/api/; it ends with a slash. Raises UsageError for every
    other address than https on slack.com or slack-gov.com, or this machine. The value is not repeated: it may hold a
    credential."""
    return _checked(environ.get("SLACK_API_URL") or DEFAULT)


def retry_after(value: str) -> float | None:
    """The seconds that a Retry-After header asks for, as many as they are; None for what is no number of seconds, or
    less than one."""
    digits = value.strip()
    seconds = min(int(digits), 10**9) if re.fullmatch("[0-9]{1,400}", digits) else 0
    return float(seconds) if seconds else None


def _checked(address: str) -> str:
    try:
        url = urlsplit(address)
        host, port = url.hostname or "", url.port
    except ValueError:
        host, port, url = "", None, urlsplit("")
    plain = re.fullmatch(r"[!-~]+", address) and not (set(address) & set("@?#\\"))
    slack = url.scheme == "https" and host in HOSTS and port in (None, 443) and url.path.rstrip("/") == "/api"
    if not plain or not (slack or (url.scheme in ("http", "https") and loopback(host))):
        raise UsageError(
            "SLACK_API_URL is not an address of Slack",
            "https://slack.com/api/, https://slack-gov.com/api/, or a loopback address",
        )
    return address.rstrip("/") + "/"


def _again(answer: Answer) -> bool:
    """Whether asking once more may give a better answer."""
    passing = ("timeout", "connection failed", "the answer broke off", NOT_JSON, RATE_LIMITED, "HTTP 5")
    return answer.error in TRANSIENT or answer.failure.startswith(passing)


def _late(last: Answer) -> str:
    """That the deadline came, and what was wrong with the answer before it, if there was one."""
    said = last.error or last.failure
    plain = last.status in (None, 200) or said.startswith("HTTP ")
    why = said if plain else f"HTTP {last.status}, {said}"
    return f"{DEADLINE} (the last answer: {why})" if why else DEADLINE


def _permit(allowed: bool, token: Token) -> None:
    if not allowed:
        raise Refused(
            f"nothing of this kind may be sent so: {token.kind}", "this is a bug in xoxscan: nothing was sent"
        )


def _plain(secret: Secret) -> str | None:
    """The secret as text, if it can stand in a header: printable ASCII without blanks."""
    value = secret.reveal()
    return value.decode("ascii") if re.fullmatch(rb"[!-~]{1,4096}", value) else None


def _bearer(secret: str) -> Sign:
    def sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {secret}"
        return request

    return sign


def _unsigned(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
