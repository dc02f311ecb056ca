"""What a credential says about itself, offline: its public ids by name, and which rotating tokens belong together.

Pure: bytes in, names and ids out. Nothing of the secret part comes out; of a rotating token, whose ids stand inside its
base64 body, the ids do and the hash behind them does not. Sources: docs.slack.dev/authentication/tokens and
docs.slack.dev/authentication/using-token-rotation for the forms. Slack describes neither the numbers inside a token nor
the body of a rotating one: their names are those that public samples and other scanners agree on, and `meaning` says
where that is unconfirmed.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping

from scanner.checks import Candidate, payload

Ids = tuple[tuple[str, str], ...]

_LONGEST = 4096  # bytes; a longer one is no credential of Slack's
_PREFIXED: dict[str, tuple[tuple[bytes, ...], tuple[str, ...], int]] = {
    # kind: prefixes, names of the numbers between prefix and secret, and how many of them there are at least
    "user": ((b"xoxp",), ("team", "user", "grant", "serial"), 2),
    "user-legacy": ((b"xoxp",), ("team", "user", "grant"), 3),
    "bot": ((b"xoxb",), ("team", "bot", "serial"), 2),
    "bot-legacy": ((b"xoxb",), ("bot",), 1),
    "workspace": ((b"xoxa",), ("team", "user", "grant", "serial"), 2),
    "refresh": ((b"xoxr",), ("team", "user", "grant"), 2),
    "legacy-session": ((b"xoxs", b"xoxo"), ("team", "user", "session"), 3),
    "session-client": ((b"xoxc",), ("team", "user", "session"), 3),
    "export": ((b"xoxe",), ("team", "user", "grant"), 3),
}
_HOST = rb"https://(?P<host>hooks\.slack(?:-gov)?\.com)"
_TEAM = rb"/(?P<team>[TE][A-Z0-9]{7,15})"
_WRITTEN: dict[str, tuple[bytes, ...]] = {  # kind: patterns of the whole credential, the first that fits counts
    "app-level": (
        rb"(?:xoxe\.)?xapp-(?P<version>[0-9]{1,2})-(?P<app>[A-Z0-9]{8,16})-(?P<serial>[0-9]{8,16})-[0-9a-fA-F]{56,72}",
        rb"xoxe\.xapp-(?P<version>[0-9]{1,2})-[A-Za-z0-9_-]+",
    ),
    "webhook": (_HOST + rb"(?:/services)?" + _TEAM + rb"/(?P<bot>B[A-Z0-9]{6,15})/[A-Za-z0-9]+",),
    "workflow-webhook": (
        _HOST + rb"/workflows" + _TEAM + rb"/(?P<app>[A-Z][A-Z0-9]{7,15})/(?P<number>[0-9]{12,20})/[A-Za-z0-9]+",
    ),
    "trigger": (_HOST + rb"/triggers" + _TEAM + rb"/(?P<number>[0-9]{10,16})/[0-9a-fA-F]+",),
}
_ROTATING = {
    "config-access": rb"(xoxe\.xox[bp]-([0-9])-)([A-Za-z0-9]{100,300})",
    "config-refresh": rb"(xoxe-([0-9])-)([A-Za-z0-9]{100,300})",
}
_LAYOUTS = {  # the first number of a decoded body, and the names of the ids that follow
    "1": {"team", "bot", "grant", "serial"},
    "2": {"team", "user", "grant", "serial"},
    "3": {"team", "grant", "serial"},
}


def anatomy(kind: str, secret: bytes) -> Ids:
    """The public ids in `secret`, a credential of `kind` (cli.md) as issued, by name and in the order they stand in.

    Names: version, payload_version (the first two numbers of a rotating token's body), team, user, bot, grant, serial,
    session, app, number, host. Empty for a kind whose form holds none, and for what has not the form of its kind.
    """
    if len(secret) > _LONGEST:
        return ()
    if kind in _PREFIXED:
        return _prefixed(secret, *_PREFIXED[kind])
    if kind in _ROTATING:
        return _rotating(kind, secret)
    return _written(secret, _WRITTEN.get(kind, ()))


def grant(kind: str, secret: bytes) -> tuple[str, ...] | None:
    """What tells that two rotating tokens belong together: team and grant of the decoded body. None for other kinds,
    and for a body whose layout is not one of the two known.

    That an access token carries at its third place the number that its refresh token carries at the second is read off
    the pair in osv-scalibr's published tests (veles/secrets/slacktoken); Slack does not say so: unconfirmed. The user
    is no part of it, since a refresh token names none.
    """
    return grant_of(kind, dict(anatomy(kind, secret)))


def grant_of(kind: str, ids: Mapping[str, str]) -> tuple[str, ...] | None:
    """The same of what `anatomy` gave: a report has that, and not the secret."""
    if kind not in _ROTATING:
        return None
    layout = _LAYOUTS.get(ids.get("payload_version", "")[:1])
    return (ids["team"], ids["grant"]) if ids.keys() - {"version", "payload_version"} == layout else None


def meaning(name: str, value: str) -> str:
    """What an id of `anatomy` stands for, in a few words for people; "" for a name that it does not give."""
    if name == "payload_version":
        return f"{_BODIES.get(value[:1], 'of an unknown sort')}, as public samples have it; unconfirmed"
    if name == "team" and not value.isdecimal():
        return "Enterprise organisation" if value.startswith("E") else "workspace"
    if name == "bot" and not value.isdecimal():
        return "bot that the webhook posts as"
    if name == "host":
        return "GovSlack" if "-gov" in value else "Slack"
    return _MEANINGS.get(name, "")


_BODIES = {"1": "access token of a bot", "2": "access token of a person, or for configuration", "3": "refresh token"}
_MEANINGS = {
    "version": "version of the form",
    "team": "workspace, as a number and not as its T… id",
    "user": "person, as a number and not as the U… id",
    "bot": "bot user, as a number",
    "grant": "app, installation or authorisation; exact meaning unconfirmed",
    "serial": "number of the token itself; exact meaning unconfirmed",
    "session": "sign-in; exact meaning unconfirmed",
    "app": "app",
    "number": "workflow or trigger, as a number",
}


def _prefixed(secret: bytes, prefixes: tuple[bytes, ...], names: tuple[str, ...], least: int) -> Ids:
    """Of `prefix-1-111…-222…-secret`, the version being optional. What stands behind the last dash is the secret."""
    prefix, *sections = secret.split(b"-")
    version = [sections.pop(0)] if sections and re.fullmatch(rb"[0-9]", sections[0]) else []
    numbers = sections[:-1]
    plain = all(re.fullmatch(rb"[0-9]{8,16}", number) for number in numbers)
    if prefix not in prefixes or not plain or not least <= len(numbers) <= len(names) or not sections[-1].isalnum():
        return ()
    return _named(["version"] * len(version) + [*names], version + numbers)


def _named(names: list[str], values: list[bytes]) -> Ids:
    return tuple((name, value.decode("ascii")) for name, value in zip(names, values, strict=False))


def _written(secret: bytes, patterns: tuple[bytes, ...]) -> Ids:
    for pattern in patterns:
        if found := re.fullmatch(pattern, secret):
            return _named(list(found.groupdict()), list(found.groups()))
    return ()


def _rotating(kind: str, secret: bytes) -> Ids:
    """The body is at most 300 bytes by then, and decodes once: nothing in it can grow."""
    found = re.fullmatch(_ROTATING[kind], secret)
    if not found:
        return ()
    before, version, body = found.groups()
    read = payload(Candidate(secret, 0, len(secret), before, body, b"", ()))
    if isinstance(read, str):
        return ()
    head = binascii.a2b_base64(body[:24]).split(b"-")[:2]  # 18 bytes: more than the first two numbers
    return *_named(["version", "payload_version"], [version, b"-".join(head)]), *read.ids
