"""The stand-in for Slack, asked as a client asks."""

from __future__ import annotations

from urllib.parse import quote, unquote

import requests

from scanner.demo.standin import Account, Standin

Answer = dict[str, object]


def ask(slack: Standin, method: str, token: str, **fields: str) -> Answer:
    """What Slack's stand-in answers to a method."""
    answer = requests.post(slack.url + method, data=fields, headers={"Authorization": f"Bearer {token}"}, timeout=10)
    tree: Answer = answer.json()
    return tree


def error(slack: Standin, method: str, token: str, **fields: str) -> object:
    """Its error code, or ok."""
    return ask(slack, method, token, **fields).get("error", "ok")


def plant(slack: Standin, kind: str, state: str = "active") -> Account:
    """An account; a session with its cookie."""
    account = slack.plant(kind, state=state)
    if kind == "session-client":
        cookie = slack.plant("session-cookie")
        return slack.change(account.token, cookie=cookie.token)
    return account


def once(cookie: str | None) -> str:
    """Percent-encoded once, as a browser sends it; what was found may be encoded already."""
    return quote(unquote(cookie or ""), safe="")
