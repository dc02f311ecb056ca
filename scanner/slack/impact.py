"""What a secret lets an attacker do, worst first, by its scopes and its kind.

Sources: docs.slack.dev/reference/scopes for what each scope grants; for the legacy ones (identify, read, post, client,
admin: what tester tokens had) docs.slack.dev/legacy/legacy-oauth-scopes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple


class Harm(NamedTuple):
    """What scopes of one form allow. `pattern` must match the whole scope."""

    pattern: str
    text: str


# The order is the rank: the first is the worst. A scope counts by its first row.
HARMS: tuple[Harm, ...] = (
    Harm(r"admin", "administer the workspace: change its members, settings and apps"),
    Harm(r"scim(:.*)?|admin\.users(:write|\.session:write)", "make, change and remove people's accounts and sessions"),
    Harm(r"admin\.(apps|roles|teams|barriers|conversations|app_activities)[a-z_.]*:write", "change the organisation"),
    Harm(r"client", "act as the person in everything that the Slack client can do"),
    Harm(r"admin(\..+|:.+)", "read or change what only administrators see"),
    Harm(r"auditlogs:read", "read the organisation's audit log"),
    Harm(r"app_configurations:write", "change the configuration of apps, also where their data goes"),
    Harm(r"read", "read all messages and files that the person can read"),
    Harm(r"(im|mpim|groups):history", "read private messages and private channels"),
    Harm(r"search:read(\..*)?", "search everything that the person can read, private messages too"),
    Harm(r"files:read", "download files"),
    Harm(r"channels:history", "read the messages of public channels"),
    Harm(r"post", "write messages as the person"),
    Harm(r"chat:write:user", "write messages as the person"),
    Harm(r"chat:write(\.customize|:bot)", "write messages under any name and picture"),
    Harm(r"chat:write(\.public)?", "write messages, with links that colleagues trust"),
    Harm(r"incoming-webhook", "write messages into one channel"),
    Harm(r"bot", "act as a bot: read the channels that it is in, and write there"),
    Harm(r"connections:write", "receive the events of the app, in its place (Socket Mode)"),
    Harm(r"authorizations:read", "list where the app is installed"),
    Harm(r"app_configurations:read", "read the configuration of apps"),
    Harm(r"files:write(:user)?|remote_files:(write|share)", "upload, change and delete files"),
    Harm(r"(im|mpim):write", "begin private conversations"),
    Harm(r"(channels|groups|conversations)[:.](write|manage|join)[a-z.:]*", "make, join and archive channels"),
    Harm(r"users:read\.email", "list people with their e-mail addresses"),
    Harm(r"users:read|users\.profile:read", "list people and their profiles"),
    Harm(r"(channels|groups|im|mpim):read", "list channels and who is in them"),
    Harm(r"(users|users\.profile|usergroups|dnd|reminders|bookmarks|pins|stars|reactions|canvases|lists|calls):write(:user)?",
         "change profiles, groups, pins, canvases and the like"),
    Harm(r"workflow\.steps:execute|triggers:write|workflows?[.:].*", "run workflows, or change what starts them"),
    Harm(r"identify|identity\..+|openid|email|profile", "learn who the person is"),
    Harm(r".+:(read|history)", "read {scope}"),
    Harm(r".+:(write|manage|execute)", "change {scope}"),
)  # fmt: skip

_KINDS = {
    "webhook": "write messages into one channel, with links that colleagues trust",
    "workflow-webhook": "start a workflow with data of one's own choice",
    "trigger": "start a workflow with data of one's own choice",
    "session-client": "with the cookie: act as the person in everything that the Slack client can do",
    "session-cookie": "with a client token: act as the person, in every workspace of the sign-in",
    "legacy-session": "act as the person in everything that the Slack client can do",
    "refresh": "make new access tokens, again and again",
    "config-refresh": "make new access tokens, again and again",
    "export": "download a file of the workspace",
    "app-secret": "speak for the app: forge Slack's requests to it, or finish its installations",
}
_UNKNOWN = len(HARMS)


def impact(scopes: Iterable[str], kind: str = "") -> tuple[str, ...]:
    """What an attacker can do with these scopes (names as in X-OAuth-Scopes) and this kind of secret, worst first, each
    with the scopes that allow it; scopes that no row knows come last, by name."""
    found: dict[int, list[str]] = {}
    for scope in dict.fromkeys(scopes):
        found.setdefault(_rank(scope), []).append(scope)
    by_kind = [_KINDS[kind]] if kind in _KINDS else []
    return (*by_kind, *(line for number in sorted(found) for line in _lines(number, found[number])))


def rank(scopes: Iterable[str]) -> int:
    """How bad the worst of these scopes is: 0 is the worst, and more is less bad. Without any, the highest number."""
    return min((_rank(scope) for scope in scopes), default=_UNKNOWN + 1)


def _rank(scope: str) -> int:
    rows = (number for number, harm in enumerate(HARMS) if re.fullmatch(harm.pattern, scope))
    return next(rows, _UNKNOWN)


def _lines(number: int, scopes: list[str]) -> list[str]:
    if number == _UNKNOWN:
        return [f"whatever {scope} allows" for scope in scopes]
    if "{scope}" in HARMS[number].text:
        return [HARMS[number].text.format(scope=scope.rpartition(":")[0]) + f" ({scope})" for scope in scopes]
    return [f"{HARMS[number].text} ({', '.join(scopes)})"]
