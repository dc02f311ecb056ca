"""What the stand-in for Slack knows: credentials, their states, and what Slack has not documented.

Sources: docs.slack.dev/reference/methods/auth.test and auth.revoke, docs.slack.dev/authentication/using-token-rotation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from scanner import rules
from scanner.detect import Detector
from scanner.model import Match, Secret
from scanner.pipeline import fingerprint

# The codes of auth.test and auth.revoke, by what they say about the token (which of the second line Slack really
# answers to auth.test is unconfirmed).
DEAD = ("token_revoked", "account_inactive", "token_expired", "invalid_auth")
RESTRICTED = (
    *("missing_scope", "not_allowed_token_type", "no_permission", "access_denied", "accesslimited"),
    *("org_login_required", "ekm_access_denied", "team_access_not_granted", "team_added_to_org"),
    *("two_factor_setup_required", "enterprise_is_restricted", "is_bot", "user_is_bot"),
)
RETRY = ("ratelimited", "service_unavailable", "fatal_error", "internal_error", "request_timeout")
OURS = (
    *("not_authed", "invalid_arg_name", "invalid_array_arg", "invalid_arguments", "invalid_charset"),
    *("invalid_form_data", "invalid_post_type", "missing_post_type", "invalid_json", "json_not_object"),
    *("unknown_method", "method_deprecated", "deprecated_endpoint", "upgrade_required"),
)
REVOKE_ONLY = ("not_bearer_token", "cannot_revoke_org_bot_token")
CODES = (*DEAD, *RESTRICTED, *RETRY, *OURS, *REVOKE_ONLY)

REFRESH = ("config-refresh", "refresh")
BOTS = ("bot", "bot-legacy")
# Revoked by auth.revoke: documented, or done by Slack's own command-line tool (workspace refresh tokens: unconfirmed).
REVOCABLE = ("user", "user-legacy", *BOTS, "config-access", *REFRESH)
UNCONFIRMED = ("session-client", "workflow", "workspace", "legacy-session")
# Whatever else there is (secrets of apps, cookies, exports, webhooks) is no token to the Web API.
WEB_API = (*REVOCABLE, *UNCONFIRMED, "app-level")


class Account(NamedTuple):
    """One credential that the stand-in knows: the token (of a webhook the whole URL), and whom it speaks for.

    `state` is active, revoked, expired, or any error code that Slack shall answer instead (of webhooks: the word of
    the body, such as no_service). `kind` is found by the rules where it is left out. `expires_in` is in seconds.
    `grant` names the tokens that came of one authorization; `cookie` is the xoxd that a session token wants;
    `channels` are a bot's memberships; `installer` marks the user who installed the app; `revoke_error` is what
    auth.revoke answers instead of revoking.
    """

    token: str
    kind: str = ""
    state: str = "active"
    team: str = "Demo"
    team_id: str = "T0DEMO"
    enterprise_id: str | None = None
    user: str | None = None
    user_id: str = "U0DEMO"
    bot_id: str | None = None
    app_id: str | None = None
    app_name: str | None = None
    scopes: tuple[str, ...] = ()
    expires_in: int | None = None
    org_wide: bool = False
    grant: str | None = None
    cookie: str | None = None
    channels: tuple[str, ...] = ()
    installer: bool = False
    revoke_error: str = ""

    def __repr__(self) -> str:
        return f"Account({self.kind}, {self.state}, {self.team_id}, ****)"

    @property
    def rotating(self) -> bool:
        """A token of a rotation: it dies alone."""
        return self.token.startswith("xoxe")

    @property
    def lives(self) -> bool:
        """Whether it can still be used, if perhaps not for everything."""
        return self.state == "active" or self.state in RESTRICTED


class Switches(NamedTuple):
    """What Slack has not documented (all unconfirmed): both positions of each can be tried."""

    dry_run_revoked: bool = False  # `revoked` in the answer of auth.revoke with test=1
    dry_run_checks: bool = True  # the dry run refuses what the real one would refuse (kind, bot of a whole org)
    test_refresh: bool = False  # auth.test says ok to a live refresh token; else invalid_auth
    revoke_app_level: bool = False  # auth.revoke takes app-level tokens; else not_bearer_token
    revoke_unconfirmed: bool = False  # auth.revoke takes session, workflow and workspace tokens; else not_bearer_token
    restricted_revokes: bool = True  # auth.revoke works where auth.test names a restriction; else it answers the same
    session_by_header: bool = True  # a session token counts in the Authorization header, too, if its cookie came
    installer_kills_bot: bool = True  # revoking the installer's user token kills the bot (seen in 2019)
    migration_ends_rotating: bool = True  # revoking the long-lived token during a migration ends the rotating ones
    revoked_says: str = "token_revoked"  # auth.test after auth.revoke; also account_inactive or invalid_auth
    invalid_token_status: int = 403  # a dead webhook's invalid_token; 400 since 2026
    empty_message: str = "no_text"  # a webhook's answer to an empty message; also missing_text_or_fallback_or_…
    blocked_before_payload: bool = False  # a webhook whose channel is blocked says so before it reads the payload


class Named(NamedTuple):
    """What may be shown of a credential."""

    kind: str
    fingerprint: str
    masked: str


class Namer:
    """Names credentials as a report would: by kind, fingerprint and what its rule shows of it."""

    def __init__(self) -> None:
        self._detector = Detector(rules.builtin(), timeout=1.0)

    def name(self, token: str, kind: str = "") -> Named:
        """`kind` wins over what the rules say; what no rule knows is «unknown»."""
        whole = Match("", kind or "unknown", Secret(token.encode()), "****", (), 0, 0)
        match = _covering(token, self._detector.scan(token.encode()).matches) or whole
        match = match._replace(kind=kind or match.kind)
        return Named(match.kind, fingerprint(match), match.redacted)


def _covering(token: str, matches: Sequence[Match]) -> Match | None:
    return next((match for match in matches if match.end - match.start == len(token.encode())), None)


class Event(NamedTuple):
    """What Slack tells an app's owner through the Events API: user ids, never tokens."""

    name: str  # tokens_revoked | app_uninstalled
    team_id: str
    app_id: str
    users: tuple[str, ...] = ()


class Effects(NamedTuple):
    """What a revocation changes: the accounts as they are afterwards (the revoked one first), and the events."""

    changed: tuple[Account, ...]
    events: tuple[Event, ...] = ()


def effects(account: Account, others: Sequence[Account], switches: Switches) -> Effects:
    """What revoking `account` does. A rotating token dies alone and in silence; the end of a long-lived one is told,
    and with the last of an installation the installation ends."""
    if account.rotating or account.app_id is None:
        return Effects((_dead(account),))
    installed = [one for one in others if _together(one, account) and one.token != account.token and one.lives]
    killed = [one for one in installed if _dragged(account, one, switches)]
    ids = account.team_id, account.app_id
    events = [Event("tokens_revoked", *ids, (account.user_id,))]
    if all(one.rotating or one in killed for one in installed):
        events.append(Event("app_uninstalled", *ids))
    return Effects(tuple(map(_dead, [account, *killed])), tuple(events))


def _dead(account: Account) -> Account:
    """A bot user is deactivated and loses its memberships."""
    return account._replace(state="revoked", channels=())


def _together(one: Account, other: Account) -> bool:
    return (one.team_id, one.app_id) == (other.team_id, other.app_id)


def _dragged(account: Account, other: Account, switches: Switches) -> bool:
    if other.rotating:
        return switches.migration_ends_rotating
    return switches.installer_kills_bot and account.installer and other.kind in BOTS
