"""The Web API methods of the stand-in. Each takes the state and a call, changes the one and answers the other.

Sources: docs.slack.dev/reference/methods/{auth.test,auth.revoke,chat.postMessage,tooling.tokens.rotate} and
docs.slack.dev/authentication/using-token-rotation; what is unconfirmed is a switch (`Switches`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from random import Random
from urllib.parse import unquote

from scanner import fakes
from scanner.demo import standin_accounts as known
from scanner.demo.standin_accounts import Account, Switches
from scanner.demo.standin_calls import Call, Reply, plain, said
from scanner.demo.standin_hooks import inbox, webhook, workflow
from scanner.demo.standin_state import Message, State

Method = Callable[[State, Call], Reply]
LIFE = 43200  # seconds that a rotating access token lives
_LONGEST = {"header": 150}  # characters of a text object, by type of its block
_LONG = 3000
_BLOCKS = 50


def method(name: str) -> Method:
    """The method of that name; one that answers unknown_method where there is none."""
    return _METHODS.get(name, _unknown)


def _unknown(state: State, call: Call) -> Reply:
    return said("unknown_method", req_method=call.method)


def _authenticated(state: State, call: Call) -> tuple[Account | None, str]:
    """Whose token it is, and ok or the code that stands in the way. A known account comes with its code."""
    if call.problem:
        return None, call.problem
    if not call.token:
        return None, "invalid_auth" if "query" in call.token_in else "not_authed"
    account = state.account(call.token)
    if account is None or account.kind not in known.WEB_API or not _session(state, account, call):
        return None, "invalid_auth"
    return account, _code(account, state.switches)


def _session(state: State, account: Account, call: Call) -> bool:
    """A session token is nothing without its living cookie."""
    if account.kind != "session-client":
        return True
    if not account.cookie or call.cookie != unquote(account.cookie):
        return False
    cookie = state.account(account.cookie)
    by_form = "header" not in call.token_in
    return (cookie is None or cookie.lives) and (by_form or state.switches.session_by_header)


def _code(account: Account, switches: Switches) -> str:
    return {"active": "ok", "revoked": switches.revoked_says, "expired": "token_expired"}.get(
        account.state, account.state
    )


def _refused(account: Account, code: str) -> Reply:
    if code != "missing_scope":
        return said(code)
    return _scoped(said(code, needed="users:read", provided=",".join(account.scopes)), account)


def _scoped(reply: Reply, account: Account, accepted: str = "") -> Reply:
    headers = (("x-oauth-scopes", ",".join(account.scopes)), ("x-accepted-oauth-scopes", accepted))
    return reply._replace(headers=headers)


def _test(state: State, call: Call) -> Reply:
    account, code = _authenticated(state, call)
    if account is None:
        return said(code)
    if code == "ok" and account.kind in known.REFRESH and not state.switches.test_refresh:
        code = "invalid_auth"
    return _scoped(said("ok", **_identity(account)), account) if code == "ok" else _refused(account, code)


def _identity(account: Account) -> dict[str, object]:
    """The fields of auth.test's answer: bot_id for bots, app_id for app-level tokens, expires_in where it expires."""
    fields: dict[str, object] = {
        "url": f"https://{account.team.lower().replace(' ', '-')}.slack.com/",
        "team": account.team,
        "user": account.user,
        "team_id": account.team_id,
        "user_id": account.user_id,
        "is_enterprise_install": account.org_wide,
    }
    some = {"bot_id": account.bot_id, "enterprise_id": account.enterprise_id, "expires_in": account.expires_in}
    if account.kind == "app-level":
        some |= {"app_id": account.app_id, "app_name": account.app_name}
    return {**fields, **{name: value for name, value in some.items() if value is not None}}


def _revoke(state: State, call: Call) -> Reply:
    account, code = _authenticated(state, call)
    if account is None:
        return said(code)
    if code in known.RESTRICTED and state.switches.restricted_revokes:
        code = "ok"
    if code == "ok" and (not call.dry or state.switches.dry_run_checks):
        code = _objection(account, state.switches)
    if code != "ok":
        return _refused(account, code)
    if not call.dry:
        state.revoke(account)
    revoked = state.switches.dry_run_revoked if call.dry else True
    return _scoped(said(revoked=revoked, response_metadata={"scopes": list(account.scopes)}), account)


def _objection(account: Account, switches: Switches) -> str:
    """Why auth.revoke does not take a living token, or ok."""
    if account.revoke_error:
        return account.revoke_error
    if account.org_wide and account.kind in known.BOTS:
        return "cannot_revoke_org_bot_token"
    taken = account.kind in known.REVOCABLE
    taken |= account.kind == "app-level" and switches.revoke_app_level
    taken |= account.kind in known.UNCONFIRMED and switches.revoke_unconfirmed
    return "ok" if taken else "not_bearer_token"


def _post(state: State, call: Call) -> Reply:
    account, code = _authenticated(state, call)
    if account is None or code != "ok":
        return said(code) if account is None else _refused(account, code)
    if not {"chat:write", "post"} & set(account.scopes):
        provided = ",".join(account.scopes)
        return _scoped(said("missing_scope", needed="chat:write", provided=provided), account, "chat:write")
    code = _unpostable(account, call.arguments)
    return _scoped(_posted(state, call) if code == "ok" else said(code), account, "chat:write")


def _posted(state: State, call: Call) -> Reply:
    text, channel, blocks = (call.arguments.get(name, "") for name in ("text", "channel", "blocks"))
    number = len(state.messages) + 1
    state.messages.append(Message(number, state.named(call.token).fingerprint, channel, text, blocks))
    ts = f"{int(state.clock())}.{number:06}"
    return said(channel=channel, ts=ts, message={"type": "message", "text": text, "ts": ts})


def _unpostable(account: Account, arguments: Mapping[str, str]) -> str:
    """Why nothing can be posted, or ok. A bot without memberships may post nowhere; a user everywhere."""
    channel = arguments.get("channel", "")
    if not channel:
        return "channel_not_found"
    if account.kind in known.BOTS and channel not in account.channels:
        return "not_in_channel"
    if not arguments.get("text") and not arguments.get("blocks"):
        return "no_text"
    return "ok" if valid_blocks(arguments.get("blocks", "[]")) else "invalid_blocks"


def valid_blocks(text: str) -> bool:
    """Whether Slack would take `text` (JSON) as Block Kit: count, types, and the length of texts."""
    try:
        blocks = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(blocks, list) and len(blocks) <= _BLOCKS and all(map(_valid_block, blocks))


def _valid_block(block: object) -> bool:
    if not isinstance(block, dict) or not isinstance(block.get("type"), str):
        return False
    fields = block.get("fields", [])
    texts = [block.get("text"), *fields] if isinstance(fields, list) else [fields]
    longest = _LONGEST.get(block["type"], _LONG)
    return all(_valid_text(text, longest) for text in texts if text is not None)


def _valid_text(text: object, longest: int) -> bool:
    if not isinstance(text, dict) or text.get("type") not in ("plain_text", "mrkdwn"):
        return False
    return isinstance(text.get("text"), str) and 0 < len(text["text"]) <= longest


def _rotate(state: State, call: Call) -> Reply:
    """Consumes a refresh token and hands out a new pair; at most two access tokens of a grant live, the oldest dies."""
    old = state.account(call.arguments.get("refresh_token", ""))
    if old is None or old.kind != "config-refresh" or old.state != "active":
        return said("invalid_refresh_token")
    grant = old.grant or state.named(old.token).fingerprint
    family = [one for one in state.accounts() if one.grant == grant and one.kind == "config-access" and one.lives]
    random = Random(f"{grant} {len(state.accounts())}")
    refresh = old._replace(token=fakes.fake("config-refresh", random).decode(), grant=grant)
    access = refresh._replace(token=fakes.fake("config-access", random).decode(), kind="config-access", expires_in=LIFE)
    worn = [one._replace(state="revoked") for one in [old, *family[:-1]]]
    state.replace([*worn, refresh, access])
    now = int(state.clock())
    ids = {"team_id": old.team_id, "user_id": old.user_id, "iat": now, "exp": now + LIFE}
    return said("ok", token=access.token, refresh_token=refresh.token, **ids)


_METHODS: dict[str, Method] = {
    "api.test": lambda state, call: said(),
    "auth.test": _test,
    "auth.revoke": _revoke,
    "chat.postMessage": _post,
    "tooling.tokens.rotate": _rotate,
    "webhook": webhook,
    "workflow": workflow,
    "inbox": inbox,
    "elsewhere": lambda state, call: plain(404, "not found"),
}
