"""What Slack's words mean for a leaked secret: one row for each code, with its source, and the verdict that follows.

That Slack looks at the token before it gives one of the codes in the row `restricted` is read out of their documented
meanings, and unconfirmed code by code.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from scanner.model import Verdict
from scanner.slack.answers import AUTH_TEST, DEADLINE, REHEARSAL, REVOKE, WEBHOOK, Answer, Token
from scanner.slack.impact import impact

ACTIVE, RESTRICTED, INACTIVE = "active", "restricted", "inactive"
REJECTED, UNKNOWN, UNSUPPORTED = "rejected", "unknown", "unsupported"

TEST = "docs.slack.dev/reference/methods/auth.test"
COMMON = "docs.slack.dev/reference/methods/auth.test (errors that all methods share)"
INFERRED = f"{TEST} (that the token lives is inferred: unconfirmed)"
REVOKING = "docs.slack.dev/reference/methods/auth.revoke"
CLI = "the source of slackapi/slack-cli (not in the reference of auth.revoke)"
HOOKS = "docs.slack.dev/messaging/sending-messages-using-incoming-webhooks"
HOOK_CHANGES = "docs.slack.dev/changelog (2016-05-17, errors of incoming webhooks)"
HOOKS_SEEN = "seen by other scanners (unconfirmed by Slack)"


class Row(NamedTuple):
    """What one code means: the state of the secret, why, and who says so."""

    state: str
    reason: str
    source: str


_OURS = "Slack did not understand the request of xoxscan, which says nothing about the token; please report it"
_TROUBLE = "Slack was in trouble, which says nothing about the token; ask again later"
_REJECTED = (
    "Slack rejects it, which does not prove that it is dead: it may be revoked or regenerated, or cut or altered where "
    "it was found; the workspace's IP allow-list may shut out this address (then it lives for others); or it belongs "
    "to GovSlack (set SLACK_API_URL=https://slack-gov.com/api/ and ask again), or to slack.com if GovSlack was asked"
)
_EXPIRED = (
    "this access token has expired; the refresh token of the same grant may live, and makes new ones: look for it, and "
    "revoke it first"
)

CODES: Mapping[str, Row] = {
    "token_revoked": Row(INACTIVE, "revoked, or its user or app was removed", TEST),
    "account_inactive": Row(INACTIVE, "deactivated: its owner, its workspace or its app is gone", TEST),
    "token_expired": Row(INACTIVE, _EXPIRED, TEST),
    "invalid_auth": Row(REJECTED, _REJECTED, f"{TEST}; docs.slack.dev/authentication/best-practices-for-security"),
    "missing_scope": Row(RESTRICTED, "alive, but without a scope that was asked for", INFERRED),
    "not_allowed_token_type": Row(RESTRICTED, "alive, but this method refuses tokens of its type", INFERRED),
    "no_permission": Row(RESTRICTED, "alive, but its workspace has not permitted this", INFERRED),
    "access_denied": Row(RESTRICTED, "alive, but access to this is denied", INFERRED),
    "accesslimited": Row(RESTRICTED, "alive, but not from this network: from another it may work", INFERRED),
    "org_login_required": Row(RESTRICTED, "alive, but its workspace is moving into an organisation", INFERRED),
    "ekm_access_denied": Row(RESTRICTED, "alive, but an administrator has suspended access (EKM)", INFERRED),
    "team_access_not_granted": Row(RESTRICTED, "alive, but not for the workspace that was asked about", INFERRED),
    "team_added_to_org": Row(RESTRICTED, "alive, but its workspace is being moved into an organisation", INFERRED),
    "two_factor_setup_required": Row(RESTRICTED, "alive, but its user must set up a second factor first", INFERRED),
    "enterprise_is_restricted": Row(RESTRICTED, "alive, but its organisation refuses this method", INFERRED),
    "is_bot": Row(RESTRICTED, "alive, but a bot's, and this method refuses bots", INFERRED),
    "user_is_bot": Row(RESTRICTED, "alive, but a bot's, and this method refuses bots", INFERRED),
    "ratelimited": Row(UNKNOWN, "Slack was asked too often; ask again later", COMMON),
    "service_unavailable": Row(UNKNOWN, _TROUBLE, COMMON),
    "fatal_error": Row(UNKNOWN, f"{_TROUBLE} (a revocation may be done in part)", COMMON),
    "internal_error": Row(UNKNOWN, f"{_TROUBLE} (a revocation may be done in part)", COMMON),
    "request_timeout": Row(UNKNOWN, "the request did not reach Slack whole; ask again", COMMON),
    "not_authed": Row(
        UNKNOWN, f"the token did not reach Slack, perhaps a proxy took it away; otherwise: {_OURS}", TEST
    ),
    "invalid_arg_name": Row(UNKNOWN, _OURS, COMMON),
    "invalid_array_arg": Row(UNKNOWN, _OURS, COMMON),
    "invalid_arguments": Row(UNKNOWN, _OURS, COMMON),
    "invalid_charset": Row(UNKNOWN, _OURS, COMMON),
    "invalid_form_data": Row(UNKNOWN, _OURS, COMMON),
    "invalid_post_type": Row(UNKNOWN, _OURS, COMMON),
    "missing_post_type": Row(UNKNOWN, _OURS, COMMON),
    "invalid_json": Row(UNKNOWN, _OURS, COMMON),
    "json_not_object": Row(UNKNOWN, _OURS, COMMON),
    "unknown_method": Row(UNKNOWN, f"{_OURS} (or SLACK_API_URL is wrong)", COMMON),
    "method_deprecated": Row(UNKNOWN, _OURS, COMMON),
    "deprecated_endpoint": Row(UNKNOWN, _OURS, COMMON),
    "upgrade_required": Row(UNKNOWN, _OURS, COMMON),
    "not_bearer_token": Row(UNKNOWN, "auth.revoke takes no tokens of this type: it may live", REVOKING),
    "cannot_revoke_org_bot_token": Row(
        RESTRICTED, "alive: the bot token of an organisation, which only its administrators can remove", CLI
    ),
}

WEBHOOK_CODES: Mapping[str, Row] = {
    "invalid_payload": Row(ACTIVE, "it takes messages: it found only our deliberate nonsense to be none", HOOKS),
    "no_text": Row(ACTIVE, "it takes messages: it missed only the text", HOOKS),
    "missing_text_or_fallback_or_attachments": Row(ACTIVE, "it takes messages: it missed only the text", HOOKS_SEEN),
    "action_prohibited": Row(RESTRICTED, "alive, but an administrator limits what it may post", HOOKS),
    "channel_is_archived": Row(RESTRICTED, "alive, but its channel is archived", HOOKS),
    "channel_not_found": Row(RESTRICTED, "alive, but its channel is gone", HOOKS),
    "posting_to_general_channel_denied": Row(RESTRICTED, "alive, but may not post into #general", HOOKS),
    "invalid_token": Row(INACTIVE, "removed, regenerated or never valid", HOOKS),
    "no_service": Row(INACTIVE, "removed or switched off", HOOKS),
    "no_service_id": Row(INACTIVE, "removed: its id is unknown", HOOKS),
    "no_team": Row(INACTIVE, "its workspace is gone", HOOKS),
    "no_active_hooks": Row(INACTIVE, "switched off", HOOKS),
    "team_disabled": Row(INACTIVE, "its workspace is switched off", HOOKS),
    "rollup_error": Row(UNKNOWN, _TROUBLE, HOOK_CHANGES),
}

_NO_API = "there is no check that does no harm"
_REFRESH = (
    "a refresh token is not asked about: to use it would break its owner, and what auth.test says of a live one is "
    "unconfirmed. It is not proven dead, and often lives when its access token has expired"
)
_TRIGGER = f"{_NO_API}: whatever is sent to it may start the workflow"
_UNSUPPORTED: Mapping[str, str] = {
    "refresh": _REFRESH,
    "config-refresh": _REFRESH,
    "export": f"{_NO_API}: to ask for the file would be to download it",
    "session-cookie": "a session cookie says nothing without a client token (xoxc); it is reported on its shape alone",
    "workflow-webhook": _TRIGGER,
    "trigger": _TRIGGER,
    "workflow": f"{_NO_API}; Slack lets tokens of this kind live 15 minutes at most",
    "app-secret": f"{_NO_API}: it is used together with what else belongs to its app",
}
_PROBED = (
    "asked by --probe-sessions, from another place than the session's own: Slack may have logged the person out or "
    "raised an alarm"
)


def unsupported(kind: str) -> Verdict | None:
    """The verdict on secrets of a kind that Slack cannot be asked about without harm; None for the others."""
    reason = _UNSUPPORTED.get(kind)
    return Verdict(UNSUPPORTED, reason, impact=impact((), kind)) if reason else None


def verdict(token: Token, answer: Answer, now: str) -> Verdict:
    """What follows from Slack's answer about this token, at `now` (RFC 3339, UTC). A code without a row is unknown."""
    row = _row(answer)
    reason = "; ".join(filter(None, (row.reason, _more(row, answer), _PROBED if token.cookie else "")))
    return Verdict(
        row.state,
        reason,
        identity=answer.identity,
        scopes=answer.scopes,
        impact=() if row.state == INACTIVE else impact(answer.scopes, token.kind),
        checked_at=now,
        code=answer.error or None,
        expires_in=answer.expires_in,
        org_wide=answer.org_wide,
    )


def _row(answer: Answer) -> Row:
    if answer.failure:
        return Row(UNKNOWN, _failure(answer), "")
    if answer.ok:
        return _accepted(answer.method)
    table = WEBHOOK_CODES if answer.method == WEBHOOK else CODES
    said = f"Slack answered {answer.error}, a code that xoxscan does not know: alive or not"
    return table.get(answer.error) or Row(UNKNOWN, said, "")


def _accepted(method: str) -> Row:
    """What «ok» means. Of a rehearsal it is not concluded that a token lives, nor of a revocation that it is dead."""
    means = {
        AUTH_TEST: Row(ACTIVE, "Slack accepts it", TEST),
        WEBHOOK: Row(ACTIVE, "it takes messages (and took our nonsense for one)", HOOKS),
        REHEARSAL: Row(UNKNOWN, "auth.revoke with test=1 answered ok, which is no proof that it lives", REVOKING),
        REVOKE: Row(UNKNOWN, "auth.revoke answered ok, which is no proof that it is dead", REVOKING),
    }
    return means.get(method) or Row(UNKNOWN, "nobody knows what this means", "")


def _failure(answer: Answer) -> str:
    told = answer.failure.startswith(DEADLINE)  # there the code stands in it already
    return answer.failure + (f" ({answer.error})" if answer.error and not told else "")


def _more(row: Row, answer: Answer) -> str:
    parts = (
        f"it lacks {answer.needed}" if answer.needed else "",
        f"it expires in {answer.expires_in} s" if row.state == ACTIVE and answer.expires_in else "",
        "it holds for a whole organisation" if answer.org_wide else "",
    )
    return "; ".join(filter(None, parts))
