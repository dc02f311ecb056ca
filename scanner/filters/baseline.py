"""Judges secrets: what a folder of small files, one a fingerprint, says is known.

A file is the simplest kind of YAML, so that people and other programs can read it and the hook needs no YAML reader:

    # a comment has its own line
    fingerprint: v1:bot:…
    rule: slack-bot-token
    redacted: "xoxb-…-****"          for people; nothing reads it
    verdict: known                   known (default) | false-alarm | real; what is real stays a finding
    reason: "text in double quotes, or bare where YAML would read it as it stands"
    owner: security
    until: 2030-01-31                if wanted: the last day on which it counts

The name of the file is the fingerprint with dots for colons: two branches never write the same file for two secrets.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from scanner.errors import ConfigError
from scanner.filters.entries import Entry, is_date, is_fingerprint, nearest
from scanner.model import Snapshot, Suppression

FOLDER = b".xoxscan-baseline"
VERDICTS = ("known", "false-alarm", "real")
_REQUIRED = ("fingerprint", "rule", "reason", "owner")
_FIELDS = (*_REQUIRED, "redacted", "verdict", "until")


class Known(NamedTuple):
    """One file of the baseline. `entry.what` is the fingerprint."""

    entry: Entry
    rule: str
    redacted: str = ""
    verdict: str = VERDICTS[0]

    def decided(self, today: str) -> bool:
        """Has somebody looked at it and said what it is, and does that still count?"""
        return self.verdict != VERDICTS[0] and self.entry.active(today)


class Baseline(NamedTuple):
    """What is known, by fingerprint."""

    known: Mapping[str, Known] = {}


EMPTY = Baseline()


def read(snapshot: Snapshot, folder: bytes = FOLDER) -> Baseline:
    """The baseline as it stands in `snapshot`; empty where there is none. ConfigError for a file that is wrong."""
    found: dict[str, Known] = {}
    for name in snapshot.names(folder):
        if not name.endswith(b".yaml"):
            continue  # a README, what an editor left behind
        path = folder + b"/" + name if folder else name
        content = snapshot.read(path)
        if content is not None:
            known = parse(content, f"{snapshot.label}:{path.decode('utf-8', 'backslashreplace')}")
            if name != filename(known.entry.what).encode():
                hint = f"it should be {filename(known.entry.what)}"
                raise ConfigError(f"{known.entry.origin}: the file is not named after its fingerprint", hint)
            found[known.entry.what] = known
    return Baseline(found)


def judge(baseline: Baseline, fingerprint: str, today: str) -> Suppression | None:
    """What allows the secret with this fingerprint."""
    known = baseline.known.get(fingerprint)
    if known is None or known.verdict == "real" or not known.entry.active(today):
        return None
    return known.entry.suppression("baseline")


def filename(fingerprint: str) -> str:
    """The name of the file for `fingerprint`; different for different ones, and harmless in any file system."""
    if not is_fingerprint(fingerprint):
        raise ConfigError(f"{fingerprint!a} is no fingerprint", "a report shows them; they start with v1:")
    return fingerprint.replace(":", ".") + ".yaml"


def render(known: Known) -> bytes:
    """The content of the file for `known`. What is not printable, line breaks included, becomes a space."""
    entry = known.entry
    lines = [f"fingerprint: {entry.what}", f"rule: {_quoted(known.rule)}", f"redacted: {_quoted(known.redacted)}"]
    lines += [f"verdict: {known.verdict}", f"reason: {_quoted(entry.reason)}", f"owner: {_quoted(entry.owner)}"]
    if entry.until:
        lines.append(f"until: {entry.until}")
    return "".join(line + "\n" for line in lines).encode()


def parse(content: bytes, label: str) -> Known:
    """The entry in a file that people know as `label`. ConfigError, with the line, for one that is wrong."""
    fields: dict[str, str] = {}
    lines: dict[str, int] = {}
    for number, line in enumerate(_lines(content, label), 1):
        if not line or line.startswith("#"):
            continue
        where = f"{label}:{number}"
        key, value = _field(line, where)
        if key in fields:
            raise ConfigError(f"{where}: {key} stands twice", f"first in line {lines[key]}")
        fields[key], lines[key] = value, number
    _check(fields, lines, label)
    entry = Entry(fields["fingerprint"], fields["reason"], fields["owner"], fields.get("until"), f"{label}:1")
    return Known(entry, fields["rule"], fields.get("redacted", ""), fields.get("verdict", VERDICTS[0]))


def _lines(content: bytes, label: str) -> list[str]:
    try:
        return [line.rstrip(" \r") for line in content.decode().split("\n")]
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{label}:{line}: the file is not UTF-8") from None


_LINE = r"(?P<key>[A-Za-z_-]+):(?: +(?P<value>.*))?"
_QUOTED = r'"(?:[^"\\]|\\["\\])*"'
_BARE = r"(?![-?:,\[\]{}#&*!|>'\"%@`])(?:(?!: | #).)+(?<!:)"  # what YAML takes as it stands


def _field(line: str, where: str) -> tuple[str, str]:
    found = re.fullmatch(_LINE, line)
    if not found:
        raise ConfigError(f"{where}: not of the form «key: value»", "each line of a baseline file is one")
    key, value = found["key"], found["value"] or ""
    if key not in _FIELDS:
        raise ConfigError(f"{where}: unknown key {key!r}", nearest(key, _FIELDS))
    if not value.isprintable():
        raise ConfigError(f"{where}: {key} holds a control character")
    if re.fullmatch(_QUOTED, value):
        return key, re.sub(r"\\(.)", r"\1", value[1:-1])
    if not re.fullmatch(_BARE, value):
        raise ConfigError(f"{where}: {key} must stand in double quotes", 'inside them only \\" and \\\\ are special')
    return key, value


def _check(fields: Mapping[str, str], lines: Mapping[str, int], label: str) -> None:
    for key in _REQUIRED:
        if not fields.get(key, "").strip():
            raise ConfigError(f"{label}:{lines.get(key, 1)}: {key} is required")
    if not is_fingerprint(fields["fingerprint"]):
        raise ConfigError(f"{label}:{lines['fingerprint']}: this is no fingerprint", "reports show them")
    if fields.get("verdict", VERDICTS[0]) not in VERDICTS:
        raise ConfigError(f"{label}:{lines['verdict']}: unknown verdict", f"known are: {', '.join(VERDICTS)}")
    if "until" in fields and not is_date(fields["until"]):
        raise ConfigError(f"{label}:{lines['until']}: until is not a date", "write it as 2030-01-31")


def _quoted(text: str) -> str:
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'
