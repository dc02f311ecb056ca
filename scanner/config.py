"""`.xoxscan.yaml`: what the operator and the repository allow, and which rules they add (docs/suppressing.md).

Whose word counts is decided by the caller (docs/trust.md): it hands over the operator's files, and the repository's own
as it stood before the change. What is wrong with a file is a ConfigError that names file, line and key.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from scanner import rules as ruleset
from scanner.detect import Detector
from scanner.errors import ConfigError
from scanner.filters import fingerprints, gitignore, paths
from scanner.filters.baseline import Baseline
from scanner.filters.entries import (
    EMPTY,
    Config,
    Entry,
    Notices,
    PolicyLine,
    accepts,
    is_date,
    is_fingerprint,
    nearest,
)
from scanner.model import Finding, Problem, Rule, Snapshot

if TYPE_CHECKING:
    from scanner.policy import Policy
    from scanner.yamltree import Value

__all__ = ["EMPTY", "Config", "Entry", "accepts", "expired", "load", "merge", "parse", "policy", "stale"]

NAME = b".xoxscan.yaml"
# Only the operator says where anything is sent, what is ours, and how much may be destroyed (docs/trust.md).
_OPERATOR = ("workspaces", "public_remote", "max_revoke", "unverified", "notices")


def load(base: Snapshot | None, operator: Sequence[tuple[str, bytes]]) -> Config:
    """The repository's configuration as it stands in `base` and the operator's files (label, content), as one."""
    content = base.read(NAME) if base else None
    found = parse(content, f"{base.label}:{NAME.decode()}", base=True) if base and content is not None else EMPTY
    for label, content in operator:
        found = merge(parse(content, label), found)
    return found


def merge(operator: Config, base: Config) -> Config:
    """Both count. Of two answers on head the stricter one does; the operator's paths come last, and so win; its lines
    of policy come first, as there the first decides; of other answers its own is taken."""
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
        policy=operator.policy + base.policy,
        workspaces=base.workspaces + operator.workspaces,
        public_remote=operator.public_remote or base.public_remote,
        max_revoke=base.max_revoke if operator.max_revoke is None else operator.max_revoke,
        unverified=operator.unverified or base.unverified,
        notices=operator.notices or base.notices,
    )


def policy(config: Config) -> Policy:
    """What `scanner.policy.decide` needs of a configuration."""
    from scanner.policy import Policy  # here: the hook decides nothing

    return Policy(
        operator=[line for line in config.policy if not line.base],
        base=[line for line in config.policy if line.base],
        globs=_globs,
        workspaces=frozenset(config.workspaces),
        unverified=config.unverified,
    )


def _globs(patterns: tuple[str, ...], path: bytes) -> bool:
    return gitignore.decide([gitignore.parse(text.encode()) for text in patterns], path) is not None


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


def parse(content: bytes, label: str, *, base: bool = False) -> Config:
    """What a file says that people know as `label`. With `base` it is a repository's own: what only the operator may
    say is an error there, and its policy counts where it is stricter."""
    _refuse_credentials(content, label)
    from scanner import yamltree  # here: PyYAML costs 13 ms, and most repositories have no configuration

    tree = yamltree.read(content, label)
    if tree is None:
        return EMPTY
    fields = _Field("the file", tree, label).mapping(tuple(_KEYS))
    for name in _OPERATOR if base else ():
        if name in fields:
            hint = "put it into a configuration outside the work tree: --config, XOXSCAN_CONFIG, or your own"
            raise fields[name].wrong("is for the operator to say, not for the repository", hint)
    found = EMPTY._replace(**{name: _KEYS[name](field) for name, field in fields.items()})
    return found._replace(policy=tuple(line._replace(base=base) for line in found.policy))


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


def _one_of(*words: str) -> Callable[[_Field], str]:
    def read(field: _Field) -> str:
        if field.of(str) not in words:
            raise field.wrong(f"must be {' or '.join(words)}", nearest(field.of(str), words))
        return field.of(str)

    return read


def _whole(field: _Field) -> int:
    """A whole number. The tree does not say which: no key of ours was one before."""
    written = str(field.value.node.value)
    if type(field.value.content) is not int or not written.isdecimal() or len(written) > 6:
        raise field.wrong("must be a whole number of at most six digits")
    return int(written)


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


def _words(read: Callable[[_Field], str]) -> Callable[[_Field], tuple[str, ...]]:
    """Reads one value or a list of values."""

    def words(field: _Field) -> tuple[str, ...]:
        found = field.items() if isinstance(field.value.content, list) else [field]
        if not found:
            raise field.wrong("must not be empty")
        return tuple(read(one) for one in found)

    return words


def _that(pattern: str, complaint: str) -> Callable[[_Field], str]:
    """Reads a text that `pattern` matches whole. What stands there instead is not repeated."""

    def read(field: _Field) -> str:
        if not re.fullmatch(pattern, field.text()):
            raise field.wrong(complaint)
        return field.text()

    return read


def _kind(field: _Field) -> str:
    return _one_of(*dict.fromkeys(rule.kind for rule in ruleset.builtin()))(field)


def _glob(field: _Field) -> str:
    return _checked(field, lambda text: gitignore.parse(text.encode()))


_workspace = _that("[TE][A-Z0-9]{2,}", "must be the id of a workspace (T…) or of an organisation (E…)")
_days: Callable[[_Field], tuple[str, ...]] = lambda field: (str(_whole(field)),)  # noqa: E731
_WHEN: Mapping[str, Callable[[_Field], tuple[str, ...]]] = {
    "kind": _words(_kind),
    "workspace": _words(_workspace),
    "scope": _words(_that(r"\S+", "must be a scope")),
    "branch": _words(_glob),
    "path": _words(_glob),
    "older_than": _days,
    "younger_than": _days,
    "exposed": lambda field: (str(_flag(field)).lower(),),
    "visibility": _words(_one_of("public", "private")),
    "verdict": _words(_one_of("active", "restricted", "inactive", "rejected", "unknown", "unsupported")),
    "code": _words(_that("[a-z0-9_]+", "must be a code of Slack's, as not_allowed_token_type")),
}


def _policy(field: _Field) -> tuple[PolicyLine, ...]:
    """Lines; after the last of them the default may be named."""
    items = field.items()
    if items and isinstance(items[-1].value.content, dict) and "default" in items[-1].value.content:
        _one_of("mirror-slack")(items.pop().mapping(("default",))["default"])
    return tuple(_line(item) for item in items)


def _line(item: _Field) -> PolicyLine:
    fields = item.mapping(("when", "then", "reason"), ("then", "reason"))
    conditions = fields["when"].mapping(tuple(_WHEN)) if "when" in fields else {}
    when = tuple((name, _WHEN[name](value)) for name, value in conditions.items())
    then = _one_of("revoke", "rehearse", "report", "hold", "never")(fields["then"])
    return PolicyLine(when, then, fields["reason"].sentence(), f"{item.label}:{item.value.line}")


_variable = _that("[A-Z_][A-Z0-9_]*", "must name an environment variable, in capitals, that holds the secret")
_NOTICES: Mapping[str, Callable[[_Field], str]] = {
    "slack_webhook_env": _variable,
    "slack_token_env": _variable,
    "channel": _that(r"\S+", "must be a channel"),
    "webhook_url": _that(
        r"https://[^\s@?#]+|http://(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?(?:/[^\s@?#]*)?",
        "must be an https:// address without user, password and query, as it is no place for a secret",
    ),
    "webhook_secret_env": _variable,
}
_TOGETHER = (("slack_token_env", "channel"), ("webhook_url", "webhook_secret_env"))


def _notices(field: _Field) -> Notices:
    fields = field.mapping(tuple(_NOTICES))
    for pair in _TOGETHER:
        if len(fields.keys() & pair) == 1:
            raise field.wrong(f"needs {pair[0]} and {pair[1]} together")
    return Notices(**{name: _NOTICES[name](value) for name, value in fields.items()})


_skipped = _entries("rule", str, ())

_KEYS: Mapping[str, Callable[[_Field], Any]] = {
    "accept_foreign_markers": _flag,
    "head_suppressions": _one_of("accept", "refuse"),
    "paths": _entries("pattern", lambda text: gitignore.parse(text.encode())),
    "fingerprints": _entries("fingerprint", _fingerprint),
    "patterns": _entries("regex", fingerprints.compiled),
    "problems": _entries("what", str),
    "rules": _rules,
    "skip_rules": lambda field: tuple(entry.what for entry in _skipped(field)),
    "policy": _policy,
    "workspaces": _words(_workspace),
    "public_remote": _that(r"[^\s-]\S*", "must be the name of a remote"),
    "max_revoke": _whole,
    "unverified": _one_of("rehearse", "revoke", "hold"),
    "notices": _notices,
}
