"""The roads that notices take: the operator's Slack by an incoming webhook or by chat.postMessage, and a webhook of the
operator's own. Addresses come from the operator's configuration, credentials from the environment (docs/trust.md).
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from scanner.errors import ConfigError
from scanner.model import Secret

SLACK, WEBHOOK = "slack", "webhook"  # audiences
KEY = 16  # bytes that a signing key has at least

_HOOK_HOSTS = ("hooks.slack.com", "hooks.slack-gov.com")


class SlackWebhook(NamedTuple):
    """An incoming webhook of the operator's Slack."""

    address: Secret


class SlackPost(NamedTuple):
    """chat.postMessage with a token of the operator's own."""

    token: Secret
    channel: str  # id or name
    base: str  # of the Web API, as SLACK_API_URL says; ends with a slash


class Webhook(NamedTuple):
    """Any HTTP server of the operator's; what it gets is signed with `key`."""

    address: Secret  # an address may hold credentials in its path or query
    key: Secret


Road = SlackWebhook | SlackPost | Webhook

_NAMES: Mapping[type, tuple[str, str]] = {
    SlackWebhook: ("slack-webhook", SLACK),
    SlackPost: ("slack-post", SLACK),
    Webhook: ("webhook", WEBHOOK),
}


def name(road: Road) -> str:
    """What people and the journal call a road; nothing of its address."""
    return _NAMES[type(road)][0]


def audience(road: Road) -> str:
    """Whom a road leads to: each audience is told once."""
    return _NAMES[type(road)][1]


def roads(
    *,
    slack_webhook_env: str | None = None,
    slack_token_env: str | None = None,
    channel: str | None = None,
    webhook_url: str | None = None,
    webhook_secret_env: str | None = None,
    environ: Mapping[str, str],
    base: str,
) -> tuple[Road, ...]:
    """The roads that the operator's configuration names (its keys under `notices:`), in the order they are taken.

    `base` is the address of the Web API. ConfigError where a variable is not set, an address is none of https (http: of
    loopback alone), or half of a pair is missing; it names the variable, never its value."""
    return (
        *_slack_webhook(slack_webhook_env, environ),
        *_slack_post(slack_token_env, channel, environ, base),
        *_webhook(webhook_url, webhook_secret_env, environ),
    )


def choose(several: Iterable[Road], leaked: Container[Secret]) -> tuple[Road, ...]:
    """`several` with those that were found leaked last: by then they may be dead, and whoever has them may be reading.

    `leaked` holds the secrets that were found, as issued."""
    return tuple(sorted(several, key=lambda road: compromised(road, leaked)))


def compromised(road: Road, leaked: Container[Secret]) -> bool:
    """Whether a credential of `road` is one of the found: equal bytes, or the same webhook spelled otherwise."""
    return any(secret in leaked for secret in credentials(road))


def _slack_webhook(variable: str | None, environ: Mapping[str, str]) -> Iterator[Road]:
    if variable:
        value = _value(variable, environ)
        parts = _address(value, f"the value of {variable}")
        if parts.hostname not in _HOOK_HOSTS and not _is_loopback(parts.hostname or ""):
            raise ConfigError(f"notices: the value of {variable} is no Slack webhook", f"its host is {_HOOK_HOSTS[0]}")
        yield SlackWebhook(Secret(value.encode()))


def _slack_post(variable: str | None, channel: str | None, environ: Mapping[str, str], base: str) -> Iterator[Road]:
    if variable or channel:
        if not (variable and channel):
            raise ConfigError("notices: slack_token_env and channel belong together", "give both or none")
        value = _value(variable, environ)
        if not re.fullmatch(r"[\x21-\x7e]+", value):
            raise ConfigError(f"notices: the value of {variable} is no token", "a token has no spaces")
        yield SlackPost(Secret(value.encode()), channel, base)


def _webhook(address: str | None, variable: str | None, environ: Mapping[str, str]) -> Iterator[Road]:
    if address or variable:
        if not (address and variable):
            raise ConfigError("notices: webhook_url and webhook_secret_env belong together", "give both or none")
        _address(address, "webhook_url")
        key = _value(variable, environ).encode("utf-8", "surrogateescape")
        if len(key) < KEY:
            raise ConfigError(f"notices: the value of {variable} is too short to sign with", f"at least {KEY} bytes")
        yield Webhook(Secret(address.encode()), Secret(key))


def _value(variable: str, environ: Mapping[str, str]) -> str:
    value = environ.get(variable, "").strip()
    if not value:
        raise ConfigError(f"notices: the environment variable {variable} is not set", "set it, or take the road out")
    return value


def _address(value: str, what: str) -> SplitResult:
    """The parts of an address that may be used. ConfigError for any other, without showing it."""
    hint = "https, with a host and without user and password; http only of this machine"
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise ConfigError(f"notices: {what} is no address", hint) from None
    plain = parts.scheme == "http" and _is_loopback(host)
    if not re.fullmatch(r"[\x21-\x7e]+", value) or "@" in parts.netloc or not host:
        raise ConfigError(f"notices: {what} is no address that may be used", hint)
    if parts.scheme != "https" and not plain:
        raise ConfigError(f"notices: {what} is no address that may be used", hint)
    return parts


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def credentials(road: Road) -> Iterator[Secret]:
    """What must not be found anywhere, in every spelling that a scan may have found it in."""
    match road:
        case SlackPost():
            yield road.token
        case SlackWebhook():
            yield from _spellings(road.address)
        case Webhook():
            yield from (road.address, road.key)


def _spellings(address: Secret) -> Iterator[Secret]:
    """A webhook as it may stand elsewhere: with another scheme or none, and in the old form without /services."""
    yield address
    host, _, path = address.reveal().partition(b"://")[2].partition(b"/")
    path = path.partition(b"?")[0].rstrip(b"/").removeprefix(b"services/")
    for scheme in (b"https://", b"http://", b""):
        for folder in (b"/services/", b"/"):
            yield Secret(scheme + host.lower() + folder + path)
