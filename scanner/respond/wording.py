"""The words of a notice: what became of a credential, whose it was, what breaks, what to do; and how a stranger's words
may be shown. Pure.

Names, subjects and paths stand in plain_text objects alone, and without the characters that mentions, links and
entities begin with: Slack does not parse plain_text (docs.slack.dev/reference/block-kit/composition-objects), yet
names in angle brackets have been seen to turn into mentions there (slackapi/node-slack-sdk issue 712).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from scanner.model import Event, Finding, Identity, Location
from scanner.report.places import harmless, place, short

Clean = Callable[[bytes], bytes]

ORDER = {  # what a person must look at comes first
    "failed": "could not be revoked",
    "unproven": "revoked, but NOT proven dead",
    "refused": "NOT revoked: Slack refused",
    "held": "NOT revoked: a person must decide",
    "active": "alive",
    "restricted": "alive, but restricted",
    "rehearsed": "rehearsed only: nothing was revoked",
    "skipped": "NOT revoked: left to you",
    "found": "found, and not checked",
    "unknown": "no answer that could be used",
    "rejected": "rejected by Slack, which is no proof that it is dead",
    "unsupported": "cannot be checked safely",
    "revoked": "revoked, and proven dead",
    "inactive": "dead already",
}
DONE = ("revoked", "unproven")  # what breaks, breaks now
_FIRST = {  # what to do before everything else
    "revoked": "Replace it wherever it is used, and redeploy.",
    "inactive": "Replace it wherever it is still used.",
    "unproven": "Ask again: xoxscan journal resume. Treat it as alive until then.",
    "failed": "Try again: xoxscan journal resume. It is to be taken as alive.",
    "held": "Decide, and revoke it if nothing speaks against it.",
}
_BREAKS = re.compile(r"(?:What breaks|Nothing should break): .*?\.(?= [A-Z]|$)")

_TRANSLATION = str.maketrans({"<": "\u2039", ">": "\u203a", "@": "\uff20", "&": "\uff06"})


def state(finding: Finding) -> str:
    """What became of a finding: the response's state, else the verdict's, else «found»."""
    if finding.response and finding.response.state in ORDER:
        return finding.response.state
    return finding.verdict.state if finding.verdict and finding.verdict.state in ORDER else "found"


class Words(NamedTuple):
    """How a stranger's words may be shown."""

    clean: Clean

    def plain(self, text: str | bytes, most: int = 300) -> str:
        """Masked, in one line, without control characters, and not too long."""
        raw = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
        return cut(harmless(self.clean(raw)), most)

    def inert(self, text: str | bytes, most: int = 300) -> str:
        """The same, for Slack: nothing in it is a mention, a link or an entity."""
        shown = self.plain(text, most).replace("->", "\u2192").replace("://", "[:]//")
        return shown.translate(_TRANSLATION)


def size(text: str) -> int:
    """Characters as Slack may count them: UTF-16 units, the largest of the usual ways."""
    return len(text.encode("utf-16-le")) // 2


def cut(text: str, most: int) -> str:
    """At most `most` characters, by `size`."""
    if size(text) <= most:
        return text
    return text.encode("utf-16-le")[: 2 * (most - 1)].decode("utf-16-le", "ignore") + "\u2026"


def spot(location: Location) -> str:
    """Where a secret stands: the place, and commit, author and day as far as they are known."""
    about = (short(location.commit), location.author or "", (location.date or "")[:10])
    return ", ".join(filter(None, (place(location), *about)))


def event(happened: Event) -> str:
    """Which commit brought a secret, by whom, on which day."""
    return ", ".join(filter(None, (short(happened.commit), happened.author or "", (happened.date or "")[:10])))


def whose(finding: Finding) -> str:
    """Whom Slack named; else what the token says by itself."""
    known = _identity(finding.verdict.identity) if finding.verdict and finding.verdict.identity else ""
    if known:
        return known
    ids = ", ".join(f"{name} {number}" for name, number in finding.anatomy)
    return f"Slack was not asked or did not say; the token itself says {ids}" if ids else "not known"


def _identity(identity: Identity) -> str:
    pairs = (
        ("team", _named(identity.team, identity.team_id)),
        ("enterprise", identity.enterprise_id),
        ("user", _named(identity.user, identity.user_id)),
        ("bot", identity.bot_id),
        ("app", identity.app_id),
    )
    return ", ".join(f"{name} {shown}" for name, shown in pairs if shown)


def _named(name: str | None, number: str | None) -> str:
    return f"{name} ({number})" if name and number else name or number or ""


def advice(finding: Finding) -> tuple[str, str]:
    """What breaks when it is revoked, and what to do now, from the rule's remediation. The first may be empty.

    Of a credential that is dead, what stands before «What breaks» (how to revoke it) is left out."""
    now = state(finding)
    text = " ".join(finding.remediation.split())
    found = _BREAKS.search(text)
    how, after = (text[: found.start()], text[found.end() :]) if found else (text, "")
    parts = [_FIRST.get(now, ""), "" if now in ("revoked", "inactive") else how.strip(), after.strip()]
    todo = " ".join(filter(None, parts)) or "Revoke it, replace it, and redeploy."
    return (found[0].removeprefix("What breaks: ") if found else ""), todo
