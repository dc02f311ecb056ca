"""Incoming webhooks, workflows and an inbox, of the stand-in.

Sources: docs.slack.dev/messaging/sending-messages-using-incoming-webhooks (words and some statuses; those of
no_active_hooks and team_disabled are unconfirmed).
"""

from __future__ import annotations

import json
from urllib.parse import parse_qs

from scanner.demo.standin_accounts import Account
from scanner.demo.standin_calls import FORM, Call, Reply, plain, said
from scanner.demo.standin_state import Letter, Message, State

# What webhooks answer, by the word of the body.
DEAD_HOOKS = {
    "invalid_token": 403,
    "no_service": 404,
    "no_service_id": 404,
    "no_team": 404,
    "no_active_hooks": 404,
    "team_disabled": 403,
}
BLOCKED_HOOKS = {
    "action_prohibited": 403,
    "channel_is_archived": 410,
    "channel_not_found": 404,
    "posting_to_general_channel_denied": 403,
}
_STATUS = {**DEAD_HOOKS, **BLOCKED_HOOKS, "rollup_error": 500}


def webhook(state: State, call: Call) -> Reply:
    """An incoming webhook: what is no JSON gets 400 and invalid_payload where it lives; anything else is posted."""
    account = state.account(call.path)
    if account is None or account.kind != "webhook":
        return _stranger(state, call)
    if account.state == "active":
        return _payload(state, call, account)
    word = "no_service" if account.state == "revoked" else account.state
    if word in BLOCKED_HOOKS and not state.switches.blocked_before_payload and _tree(call) is None:
        return plain(400, "invalid_payload")
    return _dead(state, word)


def _dead(state: State, word: str) -> Reply:
    status = state.switches.invalid_token_status if word == "invalid_token" else _STATUS.get(word, 403)
    return plain(status, word)


def _stranger(state: State, call: Call) -> Reply:
    """A webhook that Slack does not know: its workspace, or its secret."""
    teams = {account.team_id for account in state.accounts()}
    return _dead(state, "invalid_token" if teams & set(call.path.split("/")) else "no_team")


def _tree(call: Call) -> dict[str, object] | None:
    """The message, as JSON or in the form field `payload`; None where there is none."""
    text = call.body.decode("utf-8", "replace")
    if call.header("content-type").partition(";")[0] == FORM:
        text = parse_qs(text).get("payload", [""])[0]
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return tree if isinstance(tree, dict) else None


def _payload(state: State, call: Call, account: Account) -> Reply:
    tree = _tree(call)
    if tree is None:
        return plain(400, "invalid_payload")
    text, blocks = tree.get("text"), tree.get("blocks")
    if not text and not blocks:
        return plain(400, state.switches.empty_message)
    number, name = len(state.messages) + 1, state.named(account.token).fingerprint
    state.messages.append(Message(number, name, "", str(text or ""), json.dumps(blocks) if blocks else ""))
    return plain(200, "ok")


def workflow(state: State, call: Call) -> Reply:
    """A workflow's webhook or trigger: whatever comes starts it. Nobody may probe these."""
    account = state.account(call.path)
    if account is None or account.state != "active":
        return said("invalid_token" if account is None else "trigger_not_found")._replace(status=404)
    state.started[state.named(account.token).fingerprint] += 1
    return said()


def inbox(state: State, call: Call) -> Reply:
    """Takes whatever comes to /_inbox/NAME and keeps it."""
    state.letters.append(Letter(call.path.rpartition("/")[2], call.headers, call.body))
    return said()
