"""What takes the place of a revoked credential: an instruction for each rule of our own, which says on its own what to
do, where, and who may. Pure; the facts are those of the rules' remediation texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Words(NamedTuple):
    """`replace` is an instruction; `also` is what else belongs to revoking, or nothing."""

    replace: str
    also: str = ""


_NONE = "Make no new one: nothing that is still in use needs it."
_APP = "a Slack app with scoped tokens"
_SETTINGS = "api.slack.com/apps -> the app ->"
_SESSION = Words(
    f"Make no new one: have the person sign in again wherever they work, and give scripts {_APP} instead.",
    "Do not try it out: Slack watches for sessions that appear from elsewhere and may raise an alarm.",
)
_TESTER = "api.slack.com/custom-integrations/legacy-tokens"
_APP_SECRET = Words(
    f"Take the new value that regenerating it has made: {_SETTINGS} Basic Information -> App Credentials; the app's "
    "collaborators may.",
)
_ROTATING = Words(
    "Have the installer go through the app's OAuth flow again, which makes a new pair of tokens. In place of a "
    "configuration token its owner makes a new one at api.slack.com/apps -> Your App Configuration Tokens.",
    "Have the owner of a configuration token delete it, too: api.slack.com/apps -> Your App Configuration Tokens.",
)
_STARTS = "Do not try it out: any request may start the workflow."

WORDS: Mapping[str, Words] = {
    "slack-app-token": Words(
        f"Generate a new one with the same scopes: {_SETTINGS} Basic Information -> App-Level Tokens; the app's "
        "collaborators may."
    ),
    "slack-signing-secret": _APP_SECRET,
    "slack-client-secret": _APP_SECRET,
    "slack-verification-token": _APP_SECRET,
    "slack-rotating-token": _ROTATING,
    "slack-rotation-refresh-token": _ROTATING,
    "slack-export-token": Words(
        "Make a new export if somebody still needs it: slack.com/services/export; a workspace owner may."
    ),
    "slack-legacy-session-token": Words(_SESSION.replace),
    "slack-session-token": _SESSION,
    "slack-session-cookie": _SESSION,
    "slack-user-token": Words(
        "Have the person go through the app's OAuth flow again (Installed apps -> the app -> Remove App, and install). "
        f"In place of a legacy tester token, use {_APP}: new ones cannot be made since 2020, and only the member can "
        f"re-issue theirs at {_TESTER} (guests cannot, and where app approval is on it is a request)."
    ),
    "slack-legacy-user-token": Words(
        f"Use {_APP} in its place; if that takes time, have the member it belongs to re-issue it at {_TESTER}."
    ),
    "slack-bot-token": Words(
        f"Reinstall the app in its settings ({_SETTINGS} Install App; where app approval is on, owners and permitted "
        "members may) and invite the bot to its channels again.",
        "Use the organisation's admin console for a token of an organisation-wide installation: auth.revoke does not "
        "revoke it.",
    ),
    "slack-legacy-bot-token": Words(
        f"Use {_APP} in its place: Slack has discontinued bots of this kind. If that takes time, give the bot the "
        "regenerated token and invite it to its channels again."
    ),
    "slack-workspace-token": Words(
        "Use a Slack app with bot and user tokens in its place: tokens of this kind cannot be issued again."
    ),
    "slack-refresh-token": Words(
        "Use a Slack app with bot and user tokens in its place: apps of this type ended in August 2021."
    ),
    "slack-incoming-webhook": Words(
        f"Add a new one for the same channel: {_SETTINGS} Incoming Webhooks; the app's collaborators may."
    ),
    "slack-workflow-webhook": Words(
        "Give what starts the workflow the address of its new webhook step, which Workflow Builder shows; the "
        "workflow's managers may see it.",
        _STARTS,
    ),
    "slack-workflow-trigger": Words(
        "Give what starts the workflow the address of the new trigger, as Workflow Builder shows it, or the slack CLI "
        "for an app of your own.",
        _STARTS,
    ),
    "slack-workflow-token": Words(_NONE),
}


def words(rule: str, then: str, *, revocable: bool) -> Words:
    """What is said of a rule by its id. `then`: what a rule that is not ours says comes after revoking; `revocable`:
    whether there is anything to revoke of it."""
    if rule in WORDS:
        return WORDS[rule]
    if not revocable:
        return Words(_NONE)
    return Words(_alone(then) or "Make a new one where the old one was made, with no more scopes than it needs.")


def _alone(text: str) -> str:
    """A text without the «Then» that ties it to what stood before."""
    rest = text.removeprefix("Then ").lstrip(", ")
    return rest[:1].upper() + rest[1:]
