"""Asks Slack about many secrets at once: each distinct secret by one question, in its kind's harmless way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from scanner.model import Secret, Verdict
from scanner.slack.answers import Answer, Token
from scanner.slack.api import SESSION, TESTABLE, Slack
from scanner.slack.verdicts import UNSUPPORTED, unsupported, verdict

Key = tuple[str, Secret]  # fingerprint and secret: legacy tokens with a short secret may share a fingerprint
_NOT_PROBED = (
    "sessions are not asked about: Slack watches for them in other places, and may log the person out or raise an "
    "alarm (--probe-sessions asks all the same)"
)
_NO_COOKIE = (
    "alone a client token is always rejected, also a live one: its cookie (xoxd) was not found, or several were"
)


def verify(
    slack: Slack,
    tokens: Sequence[Token],
    *,
    probe_sessions: bool,
    threads: int,
    now: Callable[[], str],
    seen: Callable[[Token, Verdict], None],
) -> dict[Key, Verdict]:
    """The verdict on each token. `now` gives the time as RFC 3339, UTC. `seen` is called in this thread with each token
    and its verdict as it comes in. Raises what the log of `slack` raises; then nothing more is begun."""
    found: dict[Key, Verdict] = {}
    ready, groups = _sorted(_paired(tokens) if probe_sessions else tokens, probe_sessions)
    for token, said in ready:
        _take(found, token, said, seen)
    pool = ThreadPoolExecutor(max(threads, 1), thread_name_prefix="verify")
    try:
        asked = {pool.submit(_ask, slack, group[0], now): group for group in groups}
        for done in as_completed(asked):
            answer, at = done.result()
            for token in asked[done]:
                _take(found, token, verdict(token, answer, at), seen)
    finally:
        pool.shutdown(cancel_futures=True)
    return found


def _ask(slack: Slack, token: Token, now: Callable[[], str]) -> tuple[Answer, str]:
    answer = slack.try_webhook(token) if token.kind == "webhook" else slack.auth_test(token)
    return answer, now()


def _sorted(tokens: Sequence[Token], probe_sessions: bool) -> tuple[list[tuple[Token, Verdict]], list[list[Token]]]:
    """What needs no question, with its verdict; and the rest, grouped by secret."""
    ready: list[tuple[Token, Verdict]] = []
    groups: dict[Secret, list[Token]] = {}
    for token in tokens:
        if (said := _unasked(token, probe_sessions)) is not None:
            ready.append((token, said))
        else:
            groups.setdefault(token.secret, []).append(token)
    return ready, list(groups.values())


def _unasked(token: Token, probe_sessions: bool) -> Verdict | None:
    """The verdict on what must not be asked about, or None."""
    if token.kind == SESSION:
        reason = (_NO_COOKIE if token.cookie is None else "") if probe_sessions else _NOT_PROBED
        return Verdict(UNSUPPORTED, reason) if reason else None
    if token.kind in TESTABLE or token.kind == "webhook":
        return None
    return unsupported(token.kind) or Verdict(UNSUPPORTED, f"xoxscan knows no check for {token.kind}")


def _paired(tokens: Iterable[Token]) -> list[Token]:
    """Client tokens without a cookie get the one that was found, if just one was."""
    listed = list(tokens)
    cookies = {token.secret for token in listed if token.kind == "session-cookie"}
    only = next(iter(cookies)) if len(cookies) == 1 else None
    return [token._replace(cookie=token.cookie or only) if token.kind == SESSION else token for token in listed]


def _take(found: dict[Key, Verdict], token: Token, said: Verdict, seen: Callable[[Token, Verdict], None]) -> None:
    found[token.fingerprint, token.secret] = said
    seen(token, said)
