"""The workspace that `serve` starts with: fakes of every kind, in the states that a history holds them in."""

from __future__ import annotations

from scanner import fakes
from scanner.demo.scratch import SEED
from scanner.demo.standin_accounts import Account

_OTHER = ("xoxscan stand-in", 2)  # seed of what does not stand in the demo's repository


def planted() -> tuple[Account, ...]:
    """The accounts, the same each time. Those of the demo's repository (`scanner.demo.scratch`) live."""
    return (*_in_the_repository(), *_elsewhere(), *_hooks())


def _in_the_repository() -> tuple[Account, ...]:
    grant = {"grant": "demo", "app_id": "A0DEMO", "user": "dana"}
    cookie = _fake("session_cookie", SEED)
    return (
        _account(
            "bot_token", SEED, user="deploybot", bot_id="B0DEMO", app_id="A0DEPLOY", channels=("C0DEPLOY",)
        )._replace(scopes=("chat:write", "files:read", "channels:history")),
        _account("rotating_token", SEED, state="expired", expires_in=0, scopes=("app_configurations:write",), **grant),
        _account("rotation_refresh_token", SEED, **grant),
        _account("session_cookie", SEED),
        _account("session_token", SEED, user="dana", cookie=cookie),
        _account("incoming_webhook", SEED),
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
