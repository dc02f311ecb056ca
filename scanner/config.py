"""`.xoxscan.yaml`: what the operator and the repository allow, and which rules they add (docs/suppressing.md).

Whose word counts is decided by the caller (docs/trust.md): it hands over the operator's files, and the repository's own
as it stood before the change. What is wrong with a file is a ConfigError that names file, line and key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from scanner import rules as ruleset
from scanner.detect import Detector
from scanner.errors import ConfigError
from scanner.filters import fingerprints, gitignore, paths
from scanner.filters.baseline import Baseline
from scanner.filters.entries import EMPTY, Config, Entry, accepts, is_date, is_fingerprint, nearest
from scanner.model import Finding, Problem, Rule, Snapshot

if TYPE_CHECKING:
    from scanner.yamltree import Value

__all__ = ["EMPTY", "Config", "Entry", "accepts", "expired", "load", "merge", "parse", "stale"]

NAME = b".xoxscan.yaml"
_HEAD = ("accept", "refuse")


def load(base: Snapshot | None, operator: Sequence[tuple[str, bytes]]) -> Config:
    """The repository's configuration as it stands in `base` and the operator's files (label, content), as one."""
    content = base.read(NAME) if base else None
    found = parse(content, f"{base.label}:{NAME.decode()}") if base and content is not None else EMPTY
    for label, content in operator:
        found = merge(parse(content, label), found)
    return found


def merge(operator: Config, base: Config) -> Config:
    """Both count. Of two answers on head the stricter one does; the operator's paths come last, and so win."""
    refused = "refuse" in (operator.head_suppressions, base.head_suppressions)
    return Config(
        accept_foreign_markers=operator.accept_foreign_markers or base.accept_foreign_markers,
        head_suppressions="refuse" if refused else "accept",
        paths=base.paths + operator.paths,
        fingerprints=base.fingerprints + operator.fingerprints,
        patterns=base.patterns + operator.patterns,
        problems=base.problems + operator.problems,
        skip_rules=base.skip_rules + operator.skip_rules,
        rules=base.rules + operator.rules,
    )


def expired(config: Config, baseline: Baseline, today: str) -> tuple[str, ...]:
    """A note for each entry that no longer counts on `today` (ISO date)."""
    return tuple(
        f"expired: {_shown(each)} until {each.until}" for each in _all(config, baseline) if not each.active(today)
    )


def stale(
    config: Config, baseline: Baseline, findings: Iterable[Finding], problems: Iterable[Problem] | None = None
) -> tuple[str, ...]:
    """A note for each entry that allows nothing any more. `findings` and `problems` are all of a complete run, those
    included that somebody allowed; without `problems` nothing is said of accepted ones."""
    findings = tuple(findings)
    present = {finding.fingerprint for finding in findings}
    files = {place.path for finding in findings for place in finding.locations if place.path is not None}
    unused = [entry for entry in config.paths if not (_negated(entry) or any(paths.matches(entry, f) for f in files))]
    unused += [entry for entry in config.fingerprints if entry.what not in present]
    secrets = [finding.secret for finding in findings]
    unused += [entry for entry in config.patterns if not any(fingerprints.matches(entry, each) for each in secrets)]
    unused += [known.entry for known in baseline.known.values() if known.entry.what not in present]
    if problems is not None:
        named = {problem.what for problem in problems}
        unused += [entry for entry in config.problems if entry.what not in named]
    return tuple(f"stale: {_shown(entry)} matches nothing any more" for entry in unused)


def _all(config: Config, baseline: Baseline) -> Iterator[Entry]:
    yield from (*config.paths, *config.fingerprints, *config.patterns, *config.problems)
    yield from (known.entry for known in baseline.known.values())


def _negated(entry: Entry) -> bool:
    return entry.what.startswith("!")


def _shown(entry: Entry) -> str:
    return f"{entry.origin}: {entry.what} ({entry.reason}, {entry.owner})"


def parse(content: bytes, label: str) -> Config:
    """What a file says that people know as `label`."""
    _refuse_credentials(content, label)
    from scanner import yamltree  # here: PyYAML costs 13 ms, and most repositories have no configuration

    tree = yamltree.read(content, label)
    if tree is None:
        return EMPTY
    fields = _Field("the file", tree, label).mapping(tuple(_KEYS))
    return EMPTY._replace(**{name: _KEYS[name](field) for name, field in fields.items()})


def _refuse_credentials(content: bytes, label: str) -> None:
    """A configuration is read by many and needs no secret: what a scan would report must not stand in it."""
    detector = Detector(ruleset.builtin(), timeout=1.0)
    if not detector.may_hold(content):
        return
    for match in detector.scan(content).matches:
        line = content.count(b"\n", 0, match.start) + 1
        hint = "name a secret by its fingerprint, which reports show, and revoke this one"
        raise ConfigError(f"{label}:{line}: a literal credential ({match.redacted})", hint)


T = TypeVar("T")
_KINDS = {str: "text", bool: "true or false", list: "a list", dict: "a mapping"}


class _Field(NamedTuple):
    """A value of the file, with its name and the name of the file, for complaints."""

    name: str
    value: Value
    label: str

    def wrong(self, message: str, hint: str = "") -> ConfigError:
        return ConfigError(f"{self.label}:{self.value.line}: {self.name} {message}", hint)

    def of(self, kind: type[T]) -> T:
        content = self.value.content
        if type(content) is not kind:
            hint = "put it in quotes" if kind is str and not isinstance(content, list | dict | None) else ""
            raise self.wrong(f"must be {_KINDS[kind]}", hint)
        return content

    def items(self) -> list[_Field]:
        return [_Field(f"an entry of {self.name}", item, self.label) for item in self.of(list)]

    def mapping(self, known: Sequence[str], required: Sequence[str] = ()) -> dict[str, _Field]:
        fields = {name: _Field(name, value, self.label) for name, value in self.of(dict).items()}
        for name, field in fields.items():
            if name not in known:
                raise _Field(f"{name!a}", field.value, self.label).wrong(
                    "is no key that is known here", nearest(name, known)
                )
        for name in required:
            if name not in fields:
                raise self.wrong(f"needs {name}", f"each has {', '.join(required)}")
        return fields

    def text(self) -> str:
        if not self.of(str).strip():
            raise self.wrong("must not be empty")
        return self.of(str)

    def sentence(self) -> str:
        return " ".join(self.text().split())


def _flag(field: _Field) -> bool:
    return field.of(bool)


def _head(field: _Field) -> str:
    if field.of(str) not in _HEAD:
        raise field.wrong(f"must be {' or '.join(_HEAD)}")
    return field.of(str)


Check = Callable[[str], object]  # ValueError, with the reason, for what is wrong


def _entries(name: str, check: Check, optional: tuple[str, ...] = ("until",)) -> Callable[[_Field], tuple[Entry, ...]]:
    """Reads a list of entries, which name what they allow under `name`."""
    required = (name, "reason", "owner")

    def read(field: _Field) -> tuple[Entry, ...]:
        return tuple(entry(item) for item in field.items())

    def entry(item: _Field) -> Entry:
        fields = item.mapping((*required, *optional), required)
        what = _checked(fields[name], check)
        until = _checked(fields["until"], _date) if "until" in fields else None
        if until and name == "pattern" and what.startswith("!"):
            raise fields["until"].wrong("cannot stand with a pattern that takes back what others allow")
        origin = f"{item.label}:{item.value.line}"
        return Entry(what, fields["reason"].sentence(), fields["owner"].sentence(), until, origin)

    return read


def _checked(field: _Field, check: Check) -> str:
    text = field.text()
    try:
        check(text)
    except ValueError as error:
        raise field.wrong(f"is wrong: {error}") from None
    return text


def _date(text: str) -> None:
    if not is_date(text):
        raise ValueError("write a date as 2030-01-31")


def _fingerprint(text: str) -> None:
    if not is_fingerprint(text):
        raise ValueError("this is no fingerprint; reports show them")


def _rules(field: _Field) -> tuple[Rule, ...]:
    from scanner.rules import yamlfile

    return yamlfile.parse_node(field.value.node, field.label)


_skipped = _entries("rule", str, ())

_KEYS: Mapping[str, Callable[[_Field], Any]] = {
    "accept_foreign_markers": _flag,
    "head_suppressions": _head,
    "paths": _entries("pattern", lambda text: gitignore.parse(text.encode())),
    "fingerprints": _entries("fingerprint", _fingerprint),
    "patterns": _entries("regex", fingerprints.compiled),
    "problems": _entries("what", str),
    "rules": _rules,
    "skip_rules": lambda field: tuple(entry.what for entry in _skipped(field)),
}
