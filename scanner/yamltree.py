"""YAML with line numbers and without surprises: what people write by hand, never more.

Aliases, tags of one's own, two documents, duplicate keys and deep nesting are refused, so nothing can grow beyond the
bytes that stand there. Text is text: only `true` and `false` are truth values (not `yes` and `no`), and dates are text.
Importing this loads PyYAML: do so only where there is a file to read.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

import yaml

from scanner.errors import ConfigError

_LARGEST = 256 * 1024  # bytes: PyYAML takes about two seconds for so many
_DEEPEST = 20
_TAG = "tag:yaml.org,2002:"

Content = str | bool | int | float | None | list["Value"] | dict[str, "Value"]


class Value(NamedTuple):
    """A value, the line that it (or its key) stands in, and the node that it was made of."""

    content: Content
    line: int
    node: yaml.Node


def read(data: bytes, label: str) -> Value | None:
    """The tree in a file that people know as `label`, None if it is empty. ConfigError, with the line, for what is no
    such YAML."""
    text = _text(data, label)
    try:
        loader = _Loader(text, label)
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise ConfigError(f"{label}:{mark.line + 1 if mark else 1}: {error.problem}") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ConfigError(f"{label}:{line}: a control character") from None
    except (ValueError, OverflowError):  # PyYAML does not look at the digits of an escape or of a version
        raise ConfigError(f"{label}:{loader.line + 1}: a number that is too large") from None
    return None if node is None else _value(node, node.start_mark.line + 1, label)


def _text(data: bytes, label: str) -> str:
    if len(data) > _LARGEST:
        raise ConfigError(f"{label}: larger than {_LARGEST // 1024} KiB", "many fingerprints belong in a baseline")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{label}:{line}: the file is not UTF-8") from None


class _Loader(yaml.SafeLoader):
    """Composes nodes, and never constructs objects."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - as PyYAML declares it
        first: [(tag, form) for tag, form in forms if tag.removeprefix(_TAG) in ("int", "float", "null")]
        for first, forms in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def __init__(self, text: str, label: str) -> None:
        super().__init__(text)
        self._label = label
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """See PyYAML's Composer."""
        event = self.peek_event()  # type: ignore[no-untyped-call]
        where = f"{self._label}:{event.start_mark.line + 1}"
        if isinstance(event, yaml.AliasEvent):
            raise ConfigError(f"{where}: aliases (*{event.anchor}) are not taken", "write it out")
        if self._depth == _DEEPEST:
            raise ConfigError(f"{where}: nested too deeply")
        self._depth += 1
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node


_Loader.add_implicit_resolver(f"{_TAG}bool", re.compile("^(?:true|false)$"), list("tf"))


def _value(node: yaml.Node, line: int, label: str) -> Value:
    tag = node.tag.removeprefix(_TAG)
    content: Content
    if isinstance(node, yaml.MappingNode) and tag == "map":
        content = _mapping(node, label)
    elif isinstance(node, yaml.SequenceNode) and tag == "seq":
        content = [_value(item, item.start_mark.line + 1, label) for item in node.value]
    elif isinstance(node, yaml.ScalarNode) and tag in _SCALARS:
        content = _SCALARS[tag](node.value)
    else:
        raise ConfigError(f"{label}:{line}: the tag {node.tag} is not taken", "write plain text, lists and mappings")
    return Value(content, line, node)


def _mapping(node: yaml.MappingNode, label: str) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise ConfigError(f"{label}:{line}: a key must be text")
        name = _printable(key.value)
        if name in found:
            raise ConfigError(f"{label}:{line}: {name} stands twice", f"first in line {found[name].line}")
        found[name] = _value(value, line, label)
    return found


def _printable(text: str) -> str:
    """Without lone surrogates, which YAML can spell and nothing can write."""
    return text.encode("utf-8", "replace").decode()


_SCALARS: dict[str, Callable[[str], Content]] = {
    "str": _printable,
    "bool": lambda text: text == "true",
    "int": lambda text: 0,  # no key of ours is a number: that it is one is all that matters
    "float": lambda text: 0.0,
    "null": lambda text: None,
}
