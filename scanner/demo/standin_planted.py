"""The workspace that `serve` and the demo start with: fakes of every kind, in the states that histories hold."""

from __future__ import annotations

from typing import Any

from scanner import fakes
from scanner.demo import scratch
from scanner.demo.standin_accounts import Account

_OTHER = ("xoxscan stand-in", 2)  # seed of what does not stand in the demo's repository
CHANNEL = "C0SECURITY"  # where the operator of the demo is told


def planted() -> tuple[Account, ...]:
    """The accounts, the same each time. Those of the demo's repository (`scanner.demo.scratch`) live, but for the
    access token of a rotation: it has expired, as nearly all that a history holds."""
    return (*_in_the_repository(), *_elsewhere(), *_hooks(), operators())


def operators() -> Account:
    """The operator's own bot, which tells people in `CHANNEL`. It stands in no repository."""
    return _account("bot_token", "the operator's", user="securitybot", channels=(CHANNEL,), scopes=("chat:write",))


def _in_the_repository() -> tuple[Account, ...]:
    fake = scratch.tokens()
    bot: dict[str, Any] = {"app_id": "A0DEPLOY", "user": "deploybot", "user_id": "U0DEPLOY", "bot_id": "B0DEPLOY"}
    new_bot: dict[str, Any] = {"app_id": "A0TRY", "user": "trybot", "user_id": "U0TRY", "bot_id": "B0TRY"}
    grant: dict[str, Any] = {"grant": "demo", "app_id": "A0DEMO", "user": "dana"}
    configures = ("app_configurations:write",)
    return (
        Account(fake.bot, **bot, channels=("C0DEPLOY",), scopes=("chat:write", "files:read", "channels:history")),
        Account(fake.new_bot, **new_bot, scopes=("chat:write",)),
        Account(fake.access, state="expired", expires_in=0, scopes=configures, **grant),
        Account(fake.refresh, **grant),
        Account(fake.cookie),
        _account("session_token", scratch.SEED, user="dana", cookie=fake.cookie),
        Account(fake.webhook),
    )


def _elsewhere() -> tuple[Account, ...]:
    seed = repr(_OTHER)
    return (
        _account("user_token", seed, user="robin", scopes=("admin", "files:read", "users:read.email")),
        _account("legacy_user_token", seed, user="kim", scopes=("identify", "read", "post", "client")),
        _account("bot_token", seed, state="revoked"),
        _account("legacy_bot_token", seed, state="account_inactive"),
        _account("app_token", seed, app_id="A0DEMO", app_name="Deploy bot", scopes=("connections:write",)),
        _account("workspace_token", seed, state="invalid_auth"),
    )


def _hooks() -> tuple[Account, ...]:
    seed = repr(_OTHER)
    return (
        _account("incoming_webhook", seed, state="no_service"),
        _account("workflow_webhook", seed),
        _account("workflow_trigger", seed),
    )


def _account(template: str, seed: int | str, **fields: object) -> Account:
    return Account(_fake(template, seed), **fields)  # type: ignore[arg-type]


def _fake(template: str, seed: int | str) -> str:
    return fakes.render("{{" + template + "}}", seed)
