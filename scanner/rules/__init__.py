"""The rules: where they come from, and which of them a run uses.

The built-in ones are YAML files in rules/ of the repository; a wheel carries them as scanner/data/rules.json, made when
it is built, so that the hook need not load YAML. yamlfile.py reads YAML, selftest.py tests rules.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from scanner.errors import RuleError, UsageError
from scanner.model import Check, Rule

if TYPE_CHECKING:
    from pathlib import Path

_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_JSON = os.path.join(_HERE, "data", "rules.json")
_FOLDERS = (os.path.join(os.path.dirname(_HERE), "rules"), os.path.join(_HERE, "data", "rules"))


def builtin() -> tuple[Rule, ...]:
    """The rules that come with the program. In a checkout whose YAML is newer than the JSON the YAML counts."""
    if _fresh():
        with open(_JSON, "rb") as file:
            return from_json(file.read())
    from pathlib import Path

    folder = next((Path(folder) for folder in _FOLDERS if os.path.isdir(folder)), None)
    if folder is None:
        raise RuleError("the rules are missing from this installation", "install xoxscan again")
    files = sorted(folder.glob("*.yaml"))
    return combine((), [rule for file in files for rule in parse(file.read_bytes(), f"rules/{file.name}")])


def _fresh() -> bool:
    try:
        made = os.stat(_JSON).st_mtime_ns
    except OSError:
        return False
    try:
        with os.scandir(_FOLDERS[0]) as entries:
            return all(entry.stat().st_mtime_ns <= made for entry in entries if entry.name.endswith(".yaml"))
    except OSError:
        return True  # no checkout around: an installed wheel


_BYTES = ("anchors", "also", "begins")


def to_json(rules: Iterable[Rule]) -> bytes:
    """`rules` as what scanner/data/rules.json holds."""
    rows = [
        rule._asdict() | {name: [one.decode("latin-1") for one in getattr(rule, name)] for name in _BYTES}
        for rule in rules
    ]
    return json.dumps([list(row.values()) for row in rows], ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def from_json(text: bytes) -> tuple[Rule, ...]:
    """The rules that `to_json` wrote."""
    return tuple(_revived(Rule(*row)) for row in json.loads(text))


def _revived(row: Rule) -> Rule:
    """JSON knows no tuples and no bytes."""
    return row._replace(
        **{name: tuple(one.encode("latin-1") for one in getattr(row, name)) for name in _BYTES},  # type: ignore[arg-type]
        checks=tuple(Check(*check) for check in row.checks),
        examples=tuple(row.examples),
        counter_examples=tuple(row.counter_examples),
        references=tuple(row.references),
    )


def load(path: Path) -> tuple[Rule, ...]:
    """The rules of a YAML file, or of all `*.yaml` in a folder. RuleError names file, line, field and reason."""
    from scanner.rules import yamlfile

    return yamlfile.load(path)


def parse(text: bytes, origin: str) -> tuple[Rule, ...]:
    """The rules of a YAML text `rules: [...]`; `origin` is what complaints call it."""
    from scanner.rules import yamlfile

    return yamlfile.parse(text, origin)


def combine(
    rules: Sequence[Rule], extra: Sequence[Rule], only: Sequence[str] = (), skip: Sequence[str] = ()
) -> tuple[Rule, ...]:
    """`rules` and `extra`, of them `only` these (all, if none is named) without those of `skip`.

    RuleError if an id stands twice; UsageError, with the nearest known id, if `only` or `skip` name an unknown one.
    """
    known: dict[str, Rule] = {}
    for rule in (*rules, *extra):
        if rule.id in known:
            raise RuleError(f"{rule.origin}: field id: {rule.id!r} is taken by {known[rule.id].origin}")
        known[rule.id] = rule
    for name in (*only, *skip):
        if name not in known:
            hint = nearest(name, known) or "xoxscan rules list shows them"
            raise UsageError(f"no rule is called {name!r}", hint)
    return tuple(rule for rule in known.values() if (not only or rule.id in only) and rule.id not in skip)


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint that names the known word nearest to `name`, or "" where none is near."""
    from difflib import get_close_matches

    close = get_close_matches(name, list(known), 1)
    return f"did you mean {close[0]!r}?" if close else ""
