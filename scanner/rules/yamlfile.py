"""YAML -> Rule. Every complaint names file, line, field and reason, so nodes are walked, not loaded.

`yaml.compose` with the safe loader builds nodes with their line numbers and runs nothing; duplicate keys, which YAML
itself lets pass, are refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import yaml

from scanner.checks import CHECKS, arguments
from scanner.detect import compiled
from scanner.errors import RuleError
from scanner.model import Check, Rule
from scanner.rules import nearest
from scanner.runs import run

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # fifteen times as fast, where libyaml is there
SEVERITIES = ("critical", "high", "medium", "low")
VERIFY = ("auth.test", "auth.test-with-cookie", "webhook-malformed", "none")
REVOKE = ("auth.revoke", "manual", "none")
SHORTEST_ANCHOR = 3

Fields = Mapping[str, tuple[yaml.Node, yaml.Node]]  # name -> the node of the key, the node of the value


class _Complaint(Exception):
    """What is wrong at a node; the caller adds file, line and field."""

    def __init__(self, node: yaml.Node, reason: str, hint: str = "", field: str = "") -> None:
        super().__init__(reason)
        self.node, self.hint, self.field = node, hint, field


def load(path: Path) -> tuple[Rule, ...]:
    """The rules of a YAML file, or of all `*.yaml` in a folder, sorted by name. An id that stands twice is refused."""
    files = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
    if not files:
        raise RuleError(f"{path}: no *.yaml file in this folder")
    rules: dict[str, Rule] = {}
    for file in files:
        try:
            text = file.read_bytes()
        except OSError as error:
            raise RuleError(f"{file}: {error.strerror}") from None
        for rule in parse(text, str(file)):
            if rule.id in rules:
                raise RuleError(f"{rule.origin}: field id: {rule.id!r} is taken by {rules[rule.id].origin}")
            rules[rule.id] = rule
    return tuple(rules.values())


def parse(text: bytes, origin: str) -> tuple[Rule, ...]:
    """The rules of one YAML text, which is a mapping with the one key `rules`."""
    try:
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise RuleError(f"{origin}:{line}: not YAML: {error.problem}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RuleError(f"{origin}:1: not YAML: {str(error).splitlines()[0]}") from None
    try:
        if root is None:
            return ()
        fields = _mapping(root, ("rules",))
    except _Complaint as complaint:
        raise _error(origin, complaint) from None
    return parse_node(fields["rules"][1], origin) if fields else ()


def parse_node(node: yaml.Node, origin: str) -> tuple[Rule, ...]:
    """The rules of a YAML sequence that is composed already (the value of `rules:` in a config)."""
    rules: dict[str, Rule] = {}
    try:
        for item in _sequence(node):
            rule = _rule(item, origin)
            if rule.id in rules:
                raise _Complaint(item, f"{rule.id!r} is taken by {rules[rule.id].origin}", field="id")
            rules[rule.id] = rule
    except _Complaint as complaint:
        raise _error(origin, complaint) from None
    return tuple(rules.values())


def _error(origin: str, complaint: _Complaint) -> RuleError:
    field = f"field {complaint.field}: " if complaint.field else ""
    return RuleError(f"{origin}:{complaint.node.start_mark.line + 1}: {field}{complaint}", complaint.hint)


def _mapping(node: yaml.Node, known: tuple[str, ...]) -> Fields:
    if not isinstance(node, yaml.MappingNode):
        raise _Complaint(node, f"a mapping is wanted here (with {', '.join(known)})")
    fields: dict[str, tuple[yaml.Node, yaml.Node]] = {}
    for key, value in node.value:
        name = _text(key)
        if name not in known:
            raise _Complaint(key, "is unknown", nearest(name, known) or f"known are: {', '.join(known)}", name)
        if name in fields:
            raise _Complaint(key, "stands twice", field=name)
        fields[name] = key, value
    return fields


def _sequence(node: yaml.Node) -> list[yaml.Node]:
    if not isinstance(node, yaml.SequenceNode):
        raise _Complaint(node, "a list is wanted here")
    return list(node.value)


def _text(node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode) or node.tag == "tag:yaml.org,2002:null":
        raise _Complaint(node, "a text is wanted here")
    return str(node.value)


def _texts(node: yaml.Node) -> tuple[str, ...]:
    return tuple(_text(item) for item in _sequence(node))


def _slug(node: yaml.Node) -> str:
    value = _text(node)
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", value):
        raise _Complaint(node, f"{value!r} is not made of lower-case words with dashes between them")
    return value


def _one_of(known: tuple[str, ...]) -> Callable[[yaml.Node], str]:
    def read(node: yaml.Node) -> str:
        value = _text(node)
        if value not in known:
            raise _Complaint(node, f"{value!r} is none of {', '.join(known)}", nearest(value, known))
        return value

    return read


def _literals(least: int, how: str = "that stands in") -> Callable[[yaml.Node], tuple[bytes, ...]]:
    """Reads literals of at least so many bytes, one of which is `how` every match."""

    def read(node: yaml.Node) -> tuple[bytes, ...]:
        literals = tuple(_text(item).encode() for item in _sequence(node))
        for item, literal in zip(_sequence(node), literals, strict=True):
            if len(literal) < least:
                raise _Complaint(item, f"{literal.decode()!r} is shorter than {least} bytes")
        if not literals:
            raise _Complaint(node, f"at least one literal is needed {how} every match")
        return literals

    return read


def _run(node: yaml.Node) -> str:
    value = _text(node)
    try:
        run(value)
    except ValueError as error:
        raise _Complaint(node, str(error)) from None
    return value


def _checks(node: yaml.Node) -> tuple[Check, ...]:
    return tuple(_check(item) for item in _sequence(node))


def _check(node: yaml.Node) -> Check:
    """`random`, or `mixed: {letters: 2}`."""
    if isinstance(node, yaml.ScalarNode):
        return Check(_one_of(tuple(CHECKS))(node), {})
    fields = _mapping(node, tuple(CHECKS))
    if len(fields) != 1:
        raise _Complaint(node, "one check with its arguments is wanted here")
    name, (_, value) = next(iter(fields.items()))
    given = _mapping(value, tuple(arguments(name)) or ("no arguments",))
    return Check(name, {argument: _number(node) for argument, (_, node) in given.items()})


def _number(node: yaml.Node) -> int:
    value = _text(node)
    if not value.isdigit():
        raise _Complaint(node, f"{value!r} is no number")
    return int(value)


_READERS: Mapping[str, Callable[[yaml.Node], object]] = {
    "id": _slug,
    "name": _text,
    "kind": _slug,
    "description": _text,
    "severity": _one_of(SEVERITIES),
    "anchors": _literals(SHORTEST_ANCHOR),
    "also": _literals(SHORTEST_ANCHOR),
    "begins": _literals(2, "that is the beginning of"),  # one byte stands at too many places
    "holds": _run,
    "pattern": _text,
    "checks": _checks,
    "examples": _texts,
    "counter_examples": _texts,
    "references": _texts,
    "remediation": _text,
    "verify": _one_of(VERIFY),
    "revoke": _one_of(REVOKE),
}
_OPTIONAL: Mapping[str, object] = {
    "also": (),
    "begins": (),
    "holds": "",
    "checks": (),
    "references": (),
    "verify": "none",
    "revoke": "none",
}


def _values(fields: Fields, node: yaml.Node) -> Iterator[tuple[str, object]]:
    for name, read in _READERS.items():
        if name in fields:
            try:
                yield name, read(fields[name][1])
            except _Complaint as complaint:
                path = f"{name}.{complaint.field}" if complaint.field else name
                raise _Complaint(complaint.node, str(complaint), complaint.hint, path) from None
        elif name in _OPTIONAL:
            yield name, _OPTIONAL[name]
        else:
            raise _Complaint(node, "is missing", field=name)


def _rule(node: yaml.Node, origin: str) -> Rule:
    fields = _mapping(node, tuple(_READERS))
    values = dict(_values(fields, node))
    rule = Rule(**values, origin=f"{origin}:{node.start_mark.line + 1}")  # type: ignore[arg-type]
    try:
        pattern = compiled(rule)
    except RuleError as error:
        raise _Complaint(fields["pattern"][1], str(error).partition("field pattern: ")[2], field="pattern") from None
    if pattern.fullmatch(b""):
        raise _Complaint(fields["pattern"][1], "matches the empty text", field="pattern")
    return rule
