"""The runbook: what to do about findings, in the order in which it helps. Pure; the words per kind are the rules' own.

Revoking comes first because nothing else stops whoever has a copy; rewriting a history comes last because it stops
nobody, and because a rewritten history no longer says where the token was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from scanner.model import SEVERITIES, Finding, Location, Named, Rule, Shared
from scanner.pairs import together
from scanner.report.places import many, place
from scanner.respond import rewriting
from scanner.respond.keepers import Keeper, keepers
from scanner.respond.replacing import words

_SHOWN = 20
_BREAKS = "What breaks: "
_REFRESH = ("config-refresh", "refresh")
_NO_HISTORY = ("worktree", "index", "stdin")

# What no clone reaches, and whom to ask. Forge specifics: docs.github.com «Removing sensitive data from a repository»,
# docs.gitlab.com «Reduce repository size» (repository cleanup); both read for this text, unconfirmed by trial.
_FORKS = "Ask the owners of forks and clones to delete them or clone anew: until then they keep the old commits."
_GITHUB = (
    "On GitHub, ask https://support.github.com to remove cached views and the references in pull requests, with the "
    "repository's name, the numbers of the pull requests, and the first changed commits that git filter-repo names: "
    "GitHub keeps refs/pull/* (nobody can push to them), cached views, and every commit by its id."
)
_GITLAB = (
    "On GitLab, have an owner upload .git/filter-repo/commit-map under Settings -> Repository -> Repository "
    "maintenance, and prune the repository: GitLab keeps refs/merge-requests/* and refs/keep-around/*."
)
_OTHERS = (
    "On another forge, ask its administrator to delete the refs that it keeps of changes for review, and to run "
    "git gc --prune=now in the repository."
)
_BESIDES = (
    "Look through CI logs, caches and artifacts, releases, container images, packages, LFS objects and backups, which "
    "may hold it too: no git command looks there."
)
ELSEWHERE = (_FORKS, _GITHUB, _GITLAB, _OTHERS, _BESIDES)
_LAST = (
    "Rewrite the history only when all is revoked and redeployed, and only if it is worth it: that takes the token "
    "from nobody who has it, and everybody who has a clone must clone anew. Tell them, and stop pushes until then."
)
_MIRROR = (
    "Run git filter-repo (pip install git-filter-repo) in a fresh mirror clone, which holds more than other clones do."
)
_REPLACE = (
    "Expressions also replace what stands encoded in a text, or in pieces: all bytes from the first of a token to its "
    "last. Of a base64 value that held more the rest stays, but does not decode any more; what stood between pieces "
    "goes with them; an archive in base64 goes as a whole."
)
_FILE = "/somewhere/outside/expressions.txt"


class Advice(NamedTuple):
    """What a rule's remediation says: how to revoke, what breaks, and what comes then."""

    how: str
    breaks: str
    then: str


class Step(NamedTuple):
    """One step of the runbook. `phase` is revoke, replace, redeploy, rewrite, elsewhere or verify; `tokens` are masked;
    `done` says that the run which made the report has proven it."""

    phase: str
    title: str
    tokens: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    fingerprints: tuple[str, ...] = ()
    done: bool = False


class Runbook(NamedTuple):
    """The steps in order, and what keeps the secrets."""

    steps: tuple[Step, ...]
    kept: tuple[Keeper, ...]


Reaches = Callable[[Finding, Location], bool]  # whether an expression takes the finding away at this place


_Key = tuple[str, str]  # two secrets may share a fingerprint


def _by_place(finding: Finding, location: Location) -> bool:
    return rewriting.by_expression(location)


def advice(remediation: str) -> Advice:
    """The parts of a remediation text; one that does not say what breaks is all «how»."""
    how, mark, rest = remediation.partition(_BREAKS)
    breaks, _, then = rest.partition(". ")
    return Advice(how.strip(), breaks.strip().removesuffix(".") if mark else "", then.strip())


def runbook(findings: Sequence[Finding], rules: Mapping[str, Rule], reaches: Reaches = _by_place) -> Runbook:
    """What to do about `findings`. `rules`, by id, say whether the API revokes; a rule that is not there does not.
    `reaches`: what expressions can do, if more is known than places tell."""
    if not findings:
        return Runbook((), ())
    groups = _by_rule(findings)
    kept = keepers(_places(findings))
    beside = _beside(findings)
    steps = [_revoke(group, rules.get(group[0].rule), beside) for group in groups]
    steps += [_replace(group, rules.get(group[0].rule)) for group in groups]
    steps.append(_redeploy(findings))
    if any(location.source not in _NO_HISTORY for location in _places(findings)):
        steps += [_rewrite(findings, kept, reaches), Step("elsewhere", "What no clone reaches", text=ELSEWHERE)]
        steps.append(_verify(findings))
    return Runbook(tuple(steps), kept)


def _places(findings: Iterable[Finding]) -> list[Location]:
    return [location for finding in findings for location in finding.locations]


def _by_rule(findings: Iterable[Finding]) -> list[list[Finding]]:
    """One group a rule. Refresh tokens first: whoever holds one buys new access tokens meanwhile (trust.md)."""
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.rule, []).append(finding)
    return sorted(groups.values(), key=_urgency)


def _urgency(group: Sequence[Finding]) -> tuple[bool, int, str]:
    worst = min(SEVERITIES.index(f.severity) if f.severity in SEVERITIES else len(SEVERITIES) for f in group)
    return group[0].kind not in _REFRESH, worst, group[0].rule


def is_dead(finding: Finding) -> bool:
    """Whether the report proves that nothing is left to revoke. An expired access token is not enough: its refresh
    token may live."""
    if finding.response and finding.response.state == "revoked":
        return True
    verdict = finding.verdict
    return bool(verdict and verdict.state == "inactive" and verdict.code and verdict.code != "token_expired")


def _revoke(group: Sequence[Finding], rule: Rule | None, beside: Mapping[_Key, Sequence[str]]) -> Step:
    means = rule.revoke if rule else "manual"
    told = advice(group[0].remediation)
    also = words(group[0].rule, told.then, revocable=means != "none").also
    text = [told.how, f"{_BREAKS}{told.breaks}." if told.breaks else "", also]
    if means == "manual":
        text.append("Do not wait for a program to do it: Slack's API does not revoke this kind, a person does it.")
    call = means == "auth.revoke" and not all(map(is_dead, group))
    return Step(
        "revoke",
        f"Revoke: {rule.name if rule else group[0].rule}",
        tuple(_token(each, beside.get(_key(each), ())) for each in group),
        tuple(line for line in text if line),
        ("xoxscan revoke        # tokens on standard input: rehearses; --yes revokes",) if call else (),
        _fingerprints(group),
        all(map(is_dead, group)),
    )


def _token(finding: Finding, beside: Iterable[str]) -> str:
    """A masked token, where it stands first, and what belongs to it."""
    where = [place(location) for location in finding.locations[:1]]
    more = len(finding.locations) - 1
    dead = ", dead already" if is_dead(finding) else ""
    others = f" and {many(more, 'place')} more" if more > 0 else ""
    return f"{finding.redacted}  {', '.join(where)}{others}{dead}{''.join(f', {word}' for word in beside)}"


def _key(finding: Finding | Shared) -> _Key:
    return finding.fingerprint, finding.redacted


def _beside(findings: Iterable[Finding]) -> dict[_Key, list[str]]:
    """What belongs together, as reports put it together: for each secret its public ids and the other secrets."""
    told: dict[_Key, list[str]] = {}
    for whole in together(findings):
        for part in whole.parts:
            if isinstance(part, Named):
                told.setdefault(_key(whole), []).append(_with(part.kind, part.value))
                continue
            told.setdefault(_key(whole), []).append(_with(part.kind, part.redacted))
            told.setdefault(_key(part), []).append(_with(whole.kind, whole.redacted))
            named = part.parts if isinstance(part, Finding) else ()
            told[_key(part)] += [_with(each.kind, each.value) for each in named if isinstance(each, Named)]
    return {key: list(dict.fromkeys(words)) for key, words in told.items()}


def _with(kind: str, shown: str) -> str:
    return f"with {kind} {shown}"


def _fingerprints(findings: Iterable[Finding]) -> tuple[str, ...]:
    return tuple(finding.fingerprint for finding in findings)


def _replace(group: Sequence[Finding], rule: Rule | None) -> Step:
    revocable = rule is None or rule.revoke != "none"
    text = words(group[0].rule, advice(group[0].remediation).then, revocable=revocable).replace
    return Step(
        "replace", f"Replace: {rule.name if rule else group[0].rule}", text=(text,), fingerprints=_fingerprints(group)
    )


def _redeploy(findings: Sequence[Finding]) -> Step:
    paths = dict.fromkeys(
        place(one._replace(position=None, encoding=())) for one in _places(findings) if one.path is not None
    )
    text = [
        "Give the new values to everything that ran with the old ones, from a secret store and not from a repository."
    ]
    if paths:
        shown = ", ".join(list(paths)[:_SHOWN])
        more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
        text.append(f"Where the old ones stood: {shown}{more}. What reads these files needs the new values.")
    text.append("See that it works, and take the old values out of these files with a normal commit.")
    return Step("redeploy", "Redeploy", text=tuple(text), fingerprints=_fingerprints(findings))


def _rewrite(findings: Sequence[Finding], kept: Sequence[Keeper], reaches: Reaches) -> Step:
    """Only what applies: a recipe that does nothing would look as if something had been done."""
    past = [(each, at) for each in findings for at in each.locations if at.source not in _NO_HISTORY]
    replaced = any(reaches(*one) for one in past)
    files = rewriting.paths(at for each, at in past if not reaches(each, at))
    text = [_LAST, _MIRROR]
    text += [_REPLACE] if any(at.encoding and reaches(each, at) for each, at in past) else []
    text += [rewriting.BY_PATH] if files else []
    text += [rewriting.LFS] if any("lfs" in at.encoding for _, at in past) else []
    text += [f"What keeps it now: {told(keeper)}" for keeper in kept]
    commands = tuple(_rewriting(replaced, files))
    return Step(
        "rewrite", "Rewrite the history", text=tuple(text), commands=commands, fingerprints=_fingerprints(findings)
    )


def _rewriting(replaced: bool, files: Sequence[bytes]) -> Iterable[str]:
    """The commands, if any does anything."""
    if not replaced and not files:
        return
    yield "git clone --mirror URL fresh.git"
    if replaced:
        yield f"xoxscan remediate fresh.git --expressions {_FILE}"
    yield rewriting.command(_FILE if replaced else "", files, "fresh.git")
    yield "git -C fresh.git push --force --mirror URL"
    if replaced:
        yield f"rm {_FILE}"


def told(keeper: Keeper) -> str:
    """A keeper in one line, with the names that are known."""
    names, more = keeper.names.first, keeper.names.count - len(keeper.names.first)
    shown = f" ({', '.join(names)}{f' and {more} more' if more > 0 else ''})" if names else ""
    return f"{keeper.why}{shown}."


def _verify(findings: Sequence[Finding]) -> Step:
    text = "Scan all objects again, also in every clone that is kept, and ask the remote what it still shows."
    command = "xoxscan remediate REPORT.json --verify-clean fresh.git --remote URL"
    return Step(
        "verify", "See that it is gone", text=(text,), commands=(command,), fingerprints=_fingerprints(findings)
    )
