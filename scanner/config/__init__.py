"""`.xoxscan.yaml`: what the operator and the repository allow, and which rules they add (docs/suppressing.md).

Whose word counts is decided by the caller (docs/trust.md): it hands over the operator's files, and the repository's own
as it stood before the change. What is wrong with a file is a ConfigError that names file, line and key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from scanner import rules as ruleset
from scanner.detect import Detector
from scanner.errors import ConfigError
from scanner.filters import fingerprints, gitignore, paths
from scanner.filters.baseline import Baseline
from scanner.filters.entries import EMPTY, Config, Entry, accepts
from scanner.model import Finding, Problem, Snapshot

if TYPE_CHECKING:
    from scanner.policy import Policy

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
    # Here: PyYAML costs 13 ms, and most repositories have no configuration.
    from scanner import yamltree
    from scanner.config.fields import Field
    from scanner.config.keys import KEYS

    tree = yamltree.read(content, label)
    if tree is None:
        return EMPTY
    fields = Field("the file", tree, label).mapping(tuple(KEYS))
    for name in _OPERATOR if base else ():
        if name in fields:
            hint = "put it into a configuration outside the work tree: --config, XOXSCAN_CONFIG, or your own"
            raise fields[name].wrong("is for the operator to say, not for the repository", hint)
    found = EMPTY._replace(**{name: KEYS[name](field) for name, field in fields.items()})
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
