"""The keys of `.xoxscan.yaml`, and how each is read (docs/suppressing.md, docs/responding.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from scanner import rules as ruleset
from scanner.config.fields import Check, Field, checked, flag, one_of, one_or_more, that, whole
from scanner.filters import fingerprints, gitignore
from scanner.filters.entries import Entry, Notices, PolicyLine, is_date, is_fingerprint
from scanner.model import Rule
from scanner.rules import yamlfile


def _entries(name: str, check: Check, optional: tuple[str, ...] = ("until",)) -> Callable[[Field], tuple[Entry, ...]]:
    """Reads a list of entries, which name what they allow under `name`."""
    required = (name, "reason", "owner")

    def read(field: Field) -> tuple[Entry, ...]:
        return tuple(entry(item) for item in field.items())

    def entry(item: Field) -> Entry:
        fields = item.mapping((*required, *optional), required)
        what = checked(fields[name], check)
        until = checked(fields["until"], _date) if "until" in fields else None
        if until and name == "pattern" and what.startswith("!"):
            raise fields["until"].wrong("cannot stand with a pattern that takes back what others allow")
        origin = f"{item.label}:{item.value.line}"
        return Entry(what, fields["reason"].sentence(), fields["owner"].sentence(), until, origin)

    return read


def _date(text: str) -> None:
    if not is_date(text):
        raise ValueError("write a date as 2030-01-31")


def _fingerprint(text: str) -> None:
    if not is_fingerprint(text):
        raise ValueError("this is no fingerprint; reports show them")


def _rules(field: Field) -> tuple[Rule, ...]:
    return yamlfile.parse_node(field.value.node, field.label)


@cache
def _kinds() -> tuple[str, ...]:
    return tuple(dict.fromkeys(rule.kind for rule in ruleset.builtin()))


def _kind(field: Field) -> str:
    return one_of(*_kinds())(field)


def _glob(field: Field) -> str:
    return checked(field, lambda text: gitignore.parse(text.encode()))


_workspace = that("[TE][A-Z0-9]{2,}", "must be the id of a workspace (T…) or of an organisation (E…)")
_days: Callable[[Field], tuple[str, ...]] = lambda field: (str(whole(field)),)  # noqa: E731
_WHEN: Mapping[str, Callable[[Field], tuple[str, ...]]] = {
    "kind": one_or_more(_kind),
    "workspace": one_or_more(_workspace),
    "scope": one_or_more(that(r"\S+", "must be a scope")),
    "branch": one_or_more(_glob),
    "path": one_or_more(_glob),
    "older_than": _days,
    "younger_than": _days,
    "exposed": lambda field: (str(flag(field)).lower(),),
    "visibility": one_or_more(one_of("public", "private")),
    "verdict": one_or_more(one_of("active", "restricted", "inactive", "rejected", "unknown", "unsupported")),
    "code": one_or_more(that("[a-z0-9_]+", "must be a code of Slack's, as not_allowed_token_type")),
}


def _policy(field: Field) -> tuple[PolicyLine, ...]:
    """Lines; after the last of them the default may be named."""
    items = field.items()
    if items and isinstance(items[-1].value.content, dict) and "default" in items[-1].value.content:
        one_of("mirror-slack")(items.pop().mapping(("default",))["default"])
    return tuple(_line(item) for item in items)


def _line(item: Field) -> PolicyLine:
    fields = item.mapping(("when", "then", "reason"), ("then", "reason"))
    conditions = fields["when"].mapping(tuple(_WHEN)) if "when" in fields else {}
    when = tuple((name, _WHEN[name](value)) for name, value in conditions.items())
    then = one_of("revoke", "rehearse", "report", "hold", "never")(fields["then"])
    return PolicyLine(when, then, fields["reason"].sentence(), f"{item.label}:{item.value.line}")


_variable = that("[A-Z_][A-Z0-9_]*", "must name an environment variable, in capitals, that holds the secret")
_NOTICES: Mapping[str, Callable[[Field], str]] = {
    "slack_webhook_env": _variable,
    "slack_token_env": _variable,
    "channel": that(r"\S+", "must be a channel"),
    "webhook_url": that(
        r"https://[^\s@?#]+|http://(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?(?:/[^\s@?#]*)?",
        "must be an https:// address without user, password and query, as it is no place for a secret",
    ),
    "webhook_secret_env": _variable,
}
_TOGETHER = (("slack_token_env", "channel"), ("webhook_url", "webhook_secret_env"))


def _notices(field: Field) -> Notices:
    fields = field.mapping(tuple(_NOTICES))
    for pair in _TOGETHER:
        if len(fields.keys() & pair) == 1:
            raise field.wrong(f"needs {pair[0]} and {pair[1]} together")
    return Notices(**{name: _NOTICES[name](value) for name, value in fields.items()})


_skipped = _entries("rule", str, ())

KEYS: Mapping[str, Callable[[Field], Any]] = {
    "accept_foreign_markers": flag,
    "head_suppressions": one_of("accept", "refuse"),
    "paths": _entries("pattern", lambda text: gitignore.parse(text.encode())),
    "fingerprints": _entries("fingerprint", _fingerprint),
    "patterns": _entries("regex", fingerprints.compiled),
    "problems": _entries("what", str),
    "rules": _rules,
    "skip_rules": lambda field: tuple(entry.what for entry in _skipped(field)),
    "policy": _policy,
    "workspaces": one_or_more(_workspace),
    "public_remote": that(r"[^\s-]\S*", "must be the name of a remote"),
    "max_revoke": whole,
    "unverified": one_of("rehearse", "revoke", "hold"),
    "notices": _notices,
}
