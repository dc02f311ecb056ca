"""What people allowed, as `.xoxscan.yaml` says it (docs/suppressing.md): the nouns of the filters. No I/O here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from scanner.model import Problem, Rule, Suppression

# Strings: `re` keeps what it compiled, and the hook compiles nothing that it does not use.
_FINGERPRINT = r"v1:[a-z0-9]+(-[a-z0-9]+)*:[a-z2-7]{52}"
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"


class Entry(NamedTuple):
    """One thing that somebody allowed. `what` is a pattern, a fingerprint, an object id … as its list wants it."""

    what: str
    reason: str
    owner: str
    until: str | None = None  # ISO date, the last day on which it counts
    origin: str = ""  # file and line, for complaints and notes

    def active(self, today: str) -> bool:
        """Does it still count on `today` (ISO date)?"""
        return self.until is None or today <= self.until

    def suppression(self, by: str) -> Suppression:
        """What the report says of it."""
        return Suppression(by, self.reason, self.owner, self.until)


class PolicyLine(NamedTuple):
    """A line of the policy: where all of `when` hold (a name, and values of which one must), `then` is done."""

    when: tuple[tuple[str, tuple[str, ...]], ...]
    then: str  # revoke | rehearse | report | hold | never
    reason: str
    origin: str = ""  # file and line
    base: bool = False  # the repository's own: it counts only where it is stricter


class Notices(NamedTuple):
    """Where the operator wants to be told. Secrets are named by the environment variables that hold them."""

    slack_webhook_env: str | None = None
    slack_token_env: str | None = None
    channel: str | None = None  # for slack_token_env
    webhook_url: str | None = None
    webhook_secret_env: str | None = None  # signs what goes to webhook_url


class Config(NamedTuple):
    """Everything that `.xoxscan.yaml` can say. Later entries of `paths` win over earlier ones, as in gitignore."""

    accept_foreign_markers: bool = False
    head_suppressions: str = "accept"  # accept | refuse: may a change excuse its own findings?
    paths: tuple[Entry, ...] = ()
    fingerprints: tuple[Entry, ...] = ()
    patterns: tuple[Entry, ...] = ()
    problems: tuple[Entry, ...] = ()
    skip_rules: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    policy: tuple[PolicyLine, ...] = ()  # the first that applies decides; those of the repository come last
    # From here on the operator's alone: in a repository's own file they are an error.
    workspaces: tuple[str, ...] = ()  # ids of the teams and organisations that are ours
    public_remote: str | None = None  # of several remotes the one that a public repository stands for
    max_revoke: int | None = None
    unverified: str | None = None  # rehearse | revoke | hold: refresh tokens
    notices: Notices | None = None


EMPTY = Config()


def named(entries: Sequence[Entry], what: str, today: str) -> Entry | None:
    """The first entry for exactly `what` that still counts."""
    return next((entry for entry in entries if entry.what == what and entry.active(today)), None)


def accepts(config: Config, problem: Problem, today: str) -> Suppression | None:
    """Has somebody looked at this problem and accepted it, by its path or object id?"""
    entry = named(config.problems, problem.what, today)
    return entry and entry.suppression("problem")


def is_fingerprint(text: str) -> bool:
    """Has `text` the form of a fingerprint, as reports show them?"""
    return re.fullmatch(_FINGERPRINT, text) is not None


def is_date(text: str) -> bool:
    """Is `text` a day of the calendar, written as YYYY-MM-DD?"""
    import datetime  # here: only an entry with `until` needs it

    if not re.fullmatch(_DATE, text):
        return False
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def nearest(name: str, known: Sequence[str]) -> str:
    """A hint: the name that `name` was probably meant to be, or all there are."""
    import difflib  # here: only a complaint needs it

    close = difflib.get_close_matches(name, known, 1)
    return f"did you mean {close[0]!r}?" if close else f"known are: {', '.join(known)}"
