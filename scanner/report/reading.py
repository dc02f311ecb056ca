"""A JSON document of schema xoxscan.report/1 back into a Report. Complaints name the place in the document."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from scanner.errors import UsageError
from scanner.model import (
    Counts,
    Coverage,
    Dropped,
    Event,
    Finding,
    Held,
    Identity,
    Location,
    Named,
    Names,
    Position,
    Problem,
    Reach,
    Report,
    Response,
    Secret,
    Skip,
    Suppressed,
    Suppression,
    Target,
    Verdict,
)
from scanner.report.schema import SCHEMA

T = TypeVar("T")

# What states there are: docs/report.schema.json.
VERDICTS = ("active", "restricted", "inactive", "rejected", "unknown", "unsupported")
RESPONSES = ("rehearsed", "revoked", "unproven", "failed", "held", "refused", "skipped")

_NAMES = {str: "text", int: "a number", bool: "true or false", list: "a list", dict: "an object", type(None): "null"}


class _Node(NamedTuple):
    """A value of the document, and where it stands."""

    value: Any
    where: str

    def of(self, kind: type[T]) -> T:
        """The value, which must be of this kind (true is no number)."""
        if type(self.value) is not kind:
            found = _NAMES.get(type(self.value), "a fraction")
            raise UsageError(f"{self.where or 'the report'}: expected {_NAMES[kind]}, found {found}")
        return self.value

    def __call__(self, key: str) -> _Node:
        """What stands under a key, which must be there."""
        if key not in self.of(dict):
            raise UsageError(f"{self.where or 'the report'}: the key {key!r} is missing")
        return _Node(self.value[key], f"{self.where}.{key}".lstrip("."))

    def each(self, read: Callable[[_Node], T]) -> tuple[T, ...]:
        """Every item of a list."""
        return tuple(read(_Node(item, f"{self.where}[{i}]")) for i, item in enumerate(self.of(list)))

    def among(self, words: Sequence[str]) -> str:
        """The value, which must be one of these words."""
        if self.of(str) not in words:
            raise UsageError(f"{self.where}: expected one of {', '.join(words)}, found {self.value[:40]!r}")
        return str(self.value)

    def maybe(self, read: Callable[[_Node], T]) -> T | None:
        """The value, or None for null."""
        return None if self.value is None else read(self)


def to_report(data: bytes) -> Report:
    """The report in `data`. Raises UsageError that says what is wrong and where.

    Paths come back as UTF-8 of what the document says; tokens only if it was made with `--show-secrets`. Each secret
    comes back as a finding of its own, whatever it was a part of (scanner.pairs puts them together again).
    """
    try:
        document = _Node(json.loads(data), "")
    except (ValueError, RecursionError) as error:
        raise UsageError(f"this is no JSON: {error}", "wanted is what `-f json` wrote") from None
    schema = document("schema").of(str)
    if schema != SCHEMA:
        raise UsageError(f"the schema is {schema!r}; this version reads {SCHEMA}")
    return _report(document)


def _report(node: _Node) -> Report:
    return Report(
        target=_target(node("target")),
        started=_text(node("started")),
        finished=_text(node("finished")),
        rules=_number(node("tool")("rules")),
        config_from=_maybe(node, "config_from"),
        state_used=_maybe(node, "state_used"),
        coverage=_coverage(node("coverage")),
        findings=tuple(each for found in node("findings").each(_finding) for each in found.singly()),
        suppressed=node("suppressed").each(_suppressed),
        problems=node("problems").each(lambda each: Problem(*(_text(each(key)) for key in Problem._fields))),
        notes=_added(node, "notes").each(_text),
        dropped=_added(node, "dropped").each(_dropped),
        exit=_number(node("exit")),
    )


def _target(node: _Node) -> Target:
    whole = "whole" in node.of(dict) and _flag(node("whole"))
    repository, head, span = (_maybe(node, key) for key in ("repository", "head", "range"))
    return Target(_text(node("kind")), repository, head, span, whole)


def _added(node: _Node, key: str) -> _Node:
    """A list that reports of /1 need not have."""
    return node(key) if key in node.of(dict) else _Node([], key)


def _text(node: _Node) -> str:
    return node.of(str)


def _number(node: _Node) -> int:
    return node.of(int)


def _flag(node: _Node) -> bool:
    return node.of(bool)


def _bytes(node: _Node) -> bytes:
    return node.of(str).encode("utf-8", "backslashreplace")


def _maybe(node: _Node, key: str) -> str | None:
    return node(key).maybe(_text)


def _coverage(node: _Node) -> Coverage:
    return Coverage(
        files=node("files").maybe(_number),
        blobs=node("blobs").maybe(_number),
        commits=node("commits").maybe(_number),
        bytes=node("bytes").maybe(_number),
        skipped=node("skipped").each(_skip),
        expanded=node("expanded").maybe(_number) if "expanded" in node.of(dict) else None,
    )


def _skip(node: _Node) -> Skip:
    first = node("first").each(_text) if "first" in node.of(dict) else ()
    return Skip(_text(node("what")), _text(node("reason")), _number(node("count")), first)


def _finding(node: _Node) -> Finding:
    anatomy = node("anatomy").of(dict)
    return Finding(
        secret=Secret(_bytes(node("secret")) if "secret" in node.of(dict) else b""),
        fingerprint=_text(node("fingerprint")),
        rule=_text(node("rule")),
        kind=_text(node("kind")),
        severity=_text(node("own_severity" if "own_severity" in node.of(dict) else "severity")),
        redacted=_text(node("redacted")),
        anatomy=tuple((key, _text(node("anatomy")(key))) for key in anatomy),
        locations=node("locations").each(_location),
        introduced=node("introduced").maybe(_event),
        removed=node("removed").maybe(_event),
        exposed=(_maybe(node("exposed"), "from"), _maybe(node("exposed"), "until")),
        counts=_counts(node("counts")),
        remediation=_text(node("remediation")),
        verdict=node("verdict").maybe(_verdict),
        response=node("response").maybe(_response),
        held=_held(node("held")) if "held" in node.of(dict) else Held(),
        parts=tuple(part for part in _added(node, "parts").each(_part) if part),
    )


def _part(node: _Node) -> Finding | Named | None:
    """A secret or a public id; None for a secret that stands whole in another finding."""
    keys = node.of(dict)
    if "rule" in keys:
        return _finding(node)
    return (
        Named(_text(node("kind")), _text(node("value")), node("locations").each(_location)) if "value" in keys else None
    )


def _counts(node: _Node) -> Counts:
    old = {key: node(key).maybe(_number) for key in ("occurrences", "blobs", "paths", "commits")}
    return Counts(**old, removals=node("removals").maybe(_number) if "removals" in node.of(dict) else None)


def _held(node: _Node) -> Held:
    flags = (node(key).maybe(_flag) for key in ("head", "default_branch"))
    return Held(*flags, *(node(key).maybe(_number) for key in Held._fields[2:]))


def _verdict(node: _Node) -> Verdict:
    return Verdict(
        state=node("state").among(VERDICTS),
        reason=_text(node("reason")),
        identity=node("identity").maybe(lambda each: Identity(*(_maybe(each, key) for key in Identity._fields))),
        scopes=node("scopes").each(_text),
        impact=node("impact").each(_text),
        checked_at=_maybe(node, "checked_at"),
        code=_maybe(node, "code"),
        expires_in=node("expires_in").maybe(_number),
        org_wide=_flag(node("org_wide")),
    )


def _response(node: _Node) -> Response:
    more = (_maybe(node, key) for key in ("policy", "at", "proof"))
    return Response(node("state").among(RESPONSES), _text(node("reason")), *more)


def _suppressed(node: _Node) -> Suppressed:
    return Suppressed(_finding(node("finding")), _suppression(node))


def _suppression(node: _Node) -> Suppression:
    return Suppression(_text(node("by")), *(_maybe(node, key) for key in Suppression._fields[1:]))


def _dropped(node: _Node) -> tuple[Location, Dropped]:
    texts = {key: _text(node(key)) for key in ("rule", "check", "why")}
    return _location(node("location")), Dropped(shown=_text(node("redacted")), start=0, end=0, **texts)


def _location(node: _Node) -> Location:
    return Location(
        source=_text(node("source")),
        path=node("path").maybe(_bytes),
        member=node("member").each(_bytes),
        encoding=node("encoding").each(_text),
        position=None if node("line").value is None else _position(node),
        pieces=node("pieces").each(_position),
        blob=_maybe(node, "blob"),
        commit=_maybe(node, "commit"),
        author=_maybe(node, "author"),
        date=_maybe(node, "date"),
        reach=node("reach").maybe(_reach),
        suppressed=node("suppressed").maybe(_suppression),
    )


def _position(node: _Node) -> Position:
    return Position(*(_number(node(key)) for key in Position._fields))


def _reach(node: _Node) -> Reach:
    flags = {key: _flag(node(key)) for key in Reach._fields[2:]}
    return Reach(branches=_names(node("branches")), tags=_names(node("tags")), **flags)


def _names(node: _Node) -> Names:
    return Names(_number(node("count")), node("first").each(_text))


def _event(node: _Node) -> Event:
    return Event(_maybe(node, "commit"), _maybe(node, "author"), _maybe(node, "date"), node("path").maybe(_bytes))
