"""What may be done about a leaked token: pure decisions, each with its reasons (docs/responding.md).

The operator's lines come first, then the default, `mirror-slack`; the first that applies decides. What the repository's
own lines say counts only where it is stricter. Whatever decided, limits hold that no line can lift: `LIMITS`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from scanner.model import Identity, Verdict

# From what acts to what does not, each doing less than the one before: destroy; ask Slack for a rehearsal; say it;
# wait for a person; leave it alone.
ACTIONS = ("revoke", "rehearse", "report", "hold", "never")
DEFAULT = "mirror-slack"
REFRESH = frozenset({"refresh", "config-refresh"})
ROTATING = REFRESH | {"config-access"}
ALIVE = ("active", "restricted")
# Codes after which a person must look: the workspace is changing hands, or its organisation has a say
# (docs.slack.dev/reference/methods/auth.test).
HELD = frozenset({"org_login_required", "enterprise_is_restricted", "team_added_to_org"})

When = tuple[tuple[str, tuple[str, ...]], ...]
Globs = Callable[[tuple[str, ...], bytes], bool]  # do these gitignore patterns, taken together, match this path?


class Line(Protocol):
    """A line of the policy; scanner.filters.entries has the noun."""

    @property
    def when(self) -> When:
        """Conditions, all of which must hold, each with the values of which one must."""

    @property
    def then(self) -> str:
        """One of ACTIONS."""

    @property
    def reason(self) -> str:
        """Why, for people."""

    @property
    def origin(self) -> str:
        """File and line."""


class Policy(NamedTuple):
    """Who says what. `workspaces` are the operator's own team and enterprise ids."""

    operator: Sequence[Line]
    base: Sequence[Line]
    globs: Globs
    workspaces: frozenset[str] = frozenset()
    unverified: str | None = None  # rehearse | revoke | hold; None: as mirror-slack has it


class Facts(NamedTuple):
    """What is known of one token."""

    fingerprint: str
    kind: str
    verdict: Verdict | None = None  # None: Slack was not asked
    exposed: bool = False
    public: bool = False  # the repository is known to be public
    where: str = "no place of it is known"  # why it is exposed, or is not
    identity: Identity | None = None  # its own, or of a refresh token that of an access token of its grant
    org_wide: bool = False  # is_enterprise_install
    branches: tuple[str, ...] = ()
    cut: bool = False  # there are, or may be, more branches than these
    paths: tuple[bytes, ...] = ()
    age_days: int | None = None  # since the first exposed place came in, as its author dates it
    revocable: bool = True  # auth.revoke takes this kind
    access_revoked_too: bool = False  # of a refresh token: the access token of its grant will be revoked
    access_expired: bool = False  # … or has expired, and is exposed
    both_forms: bool = False  # a long-lived and a rotating token of one installation were found
    interactive: bool = False  # a person is asked before each is revoked


def stored(facts: Facts) -> str:
    """`facts` without the verdict, as JSON that `restored` reads; the ids of its identity alone."""
    ids = (facts.identity.team_id, facts.identity.enterprise_id) if facts.identity else (None, None)
    paths = [path.decode("utf-8", "surrogateescape") for path in facts.paths]
    plain = facts._asdict() | {"verdict": None, "identity": ids, "paths": paths}
    return json.dumps(plain)


def restored(text: str, fingerprint: str, kind: str) -> Facts:
    """The facts that `stored` wrote; of a text that is none only that nothing is known."""
    try:
        told = json.loads(text)
        team, enterprise = told["identity"]
        paths = tuple(path.encode("utf-8", "surrogateescape") for path in told["paths"])
        told |= {"identity": Identity(team_id=team, enterprise_id=enterprise), "paths": paths}
        return Facts(**told | {"branches": tuple(told["branches"])})
    except (ValueError, TypeError, KeyError, AttributeError):
        return Facts(fingerprint, kind, cut=True)


class Decision(NamedTuple):
    """What is to be done with a token; `line` (file:line, or mirror-slack) decided, `why` are the steps to it."""

    action: str
    reason: str
    line: str
    why: tuple[str, ...] = ()


def strictness(action: str) -> int:
    """How little an action does: 0 for `revoke` to 4 for `never`."""
    return ACTIONS.index(action)


def decide(policy: Policy, facts: Facts) -> Decision:
    """What is to be done. Lines of the repository make it stricter or do not count."""
    own = _decision(policy, policy.operator, facts) or _default(policy, facts)
    said = _decision(policy, policy.base, facts)
    if said is None:
        return own
    if strictness(said.action) > strictness(own.action):
        step = f"{said.line} is the repository's, and stricter than {own.action} ({own.line}): it counts"
        return said._replace(why=(*own.why, *said.why, step))
    step = f"{said.line} is the repository's, and {said.action} is not stricter than {own.action}: it does not count"
    return own._replace(why=(*own.why, step))


def _decision(policy: Policy, lines: Sequence[Line], facts: Facts) -> Decision | None:
    """What the first of `lines` that applies says, within the limits."""
    why: list[str] = []
    for line in lines:
        refuted, steps = _applies(line, policy, facts)
        if not refuted:
            why += [f"{line.origin} applies: {', '.join(steps) or 'it has no conditions'}"]
            return _limited(policy, facts, Decision(line.then, line.reason, line.origin, tuple(why)))
        why.append(f"{line.origin} does not apply: {refuted}")
    return None


def _default(policy: Policy, facts: Facts) -> Decision:
    why = tuple(f"{line.origin} does not apply: {_applies(line, policy, facts)[0]}" for line in policy.operator)
    action, reason = mirror_slack(policy, facts)
    return _limited(policy, facts, Decision(action, reason, DEFAULT, (*why, f"{DEFAULT}: {reason}")))


def mirror_slack(policy: Policy, facts: Facts) -> tuple[str, str]:
    """The default: Slack revokes what shows up in public repositories. An action, and why."""
    if not facts.revocable:
        return "report", _by_hand(facts)
    if facts.kind in REFRESH:
        return _refresh(policy, facts)
    if facts.verdict and facts.verdict.code in HELD:
        return "hold", f"Slack said {facts.verdict.code}: a person must decide"
    return _as_exposed(facts)


def _as_exposed(facts: Facts) -> tuple[str, str]:
    if facts.public and facts.exposed:
        return "revoke", f"it is exposed: {facts.where}"
    return "rehearse", f"it is not exposed: {facts.where}"


def _refresh(policy: Policy, facts: Facts) -> tuple[str, str]:
    """A refresh token, of which Slack cannot be asked whether it lives."""
    if policy.unverified in ("hold", "rehearse"):
        return policy.unverified, f"a refresh token, and the configuration says «unverified: {policy.unverified}»"
    if policy.unverified == "revoke":
        return _as_exposed(facts)
    if not (facts.access_revoked_too or facts.access_expired):
        return "hold", "whether a refresh token lives is not known, and no access token of its grant tells"
    if not (facts.public and facts.exposed):
        return "hold", f"whether a refresh token lives is not known, and it is not exposed itself: {facts.where}"
    other = "is revoked, too" if facts.access_revoked_too else "has expired and is exposed"
    return "revoke", f"the access token of its grant {other}; {facts.where}"


def _limited(policy: Policy, facts: Facts, decision: Decision) -> Decision:
    """The decision, as far as no limit speaks against it."""
    for limit in LIMITS:
        found = limit(policy, facts, decision.action)
        if found:
            action, reason = found
            return Decision(
                action, reason, decision.line, (*decision.why, f"{action}, not {decision.action}: {reason}")
            )
    return decision


Limit = Callable[[Policy, Facts, str], tuple[str, str] | None]


def _no_api(policy: Policy, facts: Facts, action: str) -> tuple[str, str] | None:
    """Slack's API revokes some kinds only."""
    acts = action in ("revoke", "rehearse")
    return ("report", _by_hand(facts)) if acts and not facts.revocable else None


def _by_hand(facts: Facts) -> str:
    return f"the API cannot revoke the kind {facts.kind}: it must be done by hand, as the finding says"


def _not_alive(policy: Policy, facts: Facts, action: str) -> tuple[str, str] | None:
    """Only what Slack calls alive is acted on; refresh tokens, of which it cannot be asked, unless known dead."""
    if action not in ("revoke", "rehearse"):
        return None
    if facts.verdict is None:
        return None if facts.kind in REFRESH else ("report", "Slack has not been asked whether it lives")
    state = facts.verdict.state
    if state in ALIVE or (facts.kind in REFRESH and state == "unsupported"):
        return None
    return "report", f"Slack's verdict is {state}: {facts.verdict.reason}"


def _migrating(policy: Policy, facts: Facts, action: str) -> tuple[str, str] | None:
    """In a migration to rotation the long-lived token must stay: revoking it forces a new installation
    (docs.slack.dev/authentication/using-token-rotation)."""
    if action != "revoke" or not facts.both_forms or facts.kind in ROTATING:
        return None
    return "hold", "its app is migrating to rotation (both forms were found): revoking it forces a new installation"


def _not_ours(policy: Policy, facts: Facts, action: str) -> tuple[str, str] | None:
    """Without somebody to ask only the operator's own; what an organisation has installed only where that is listed."""
    ids = owners(facts.identity)
    if action != "revoke":
        return None
    if facts.org_wide:
        listed = any(name.startswith("E") for name in ids & policy.workspaces)
        reason = "it is installed for a whole organisation, which is not among the operator's workspaces"
        return None if listed else ("hold", reason)
    if ids & policy.workspaces or facts.interactive:
        return None
    whose = (
        f"it belongs to {' and '.join(sorted(ids))}, not" if ids else "Slack has not said whose it is: not known to be"
    )
    return "hold", f"{whose} among the operator's workspaces, and nobody is here to ask"


LIMITS: tuple[Limit, ...] = (_no_api, _not_alive, _migrating, _not_ours)


def owners(identity: Identity | None) -> frozenset[str]:
    """The ids of the workspace and the organisation that an identity names."""
    return frozenset(name for name in (identity.team_id, identity.enterprise_id) if name) if identity else frozenset()


def _applies(line: Line, policy: Policy, facts: Facts) -> tuple[str, list[str]]:
    """What refutes the line ("" for nothing), and what speaks for it. What is not known refutes only a line that
    revokes: in doubt the token stays."""
    steps = []
    for name, wanted in line.when:
        answer = CONDITIONS[name](wanted, facts, policy.globs)
        shown = f"{name} {' or '.join(wanted)}"
        if answer is False or (answer is None and line.then == "revoke"):
            return f"{shown}: {'not so' if answer is False else 'not known'}", []
        steps.append(shown if answer else f"{shown} (not known: then it counts, as it does not revoke)")
    return "", steps


Condition = Callable[[tuple[str, ...], Facts, Globs], bool | None]


def _workspace(wanted: tuple[str, ...], facts: Facts, globs: Globs) -> bool | None:
    ids = owners(facts.identity)
    return not ids.isdisjoint(wanted) if ids else None


def _scope(wanted: tuple[str, ...], facts: Facts, globs: Globs) -> bool | None:
    held = facts.verdict.scopes if facts.verdict else ()
    return not set(held).isdisjoint(wanted) if held else None


def _branch(wanted: tuple[str, ...], facts: Facts, globs: Globs) -> bool | None:
    """Patterns of whole names, so `main` is not `feature/main`."""
    whole = tuple(f"!/{name[1:]}" if name.startswith("!") else f"/{name}" for name in wanted)
    if any(globs(whole, branch.encode("utf-8", "surrogateescape")) for branch in facts.branches):
        return True
    return None if facts.cut else False


def _path(wanted: tuple[str, ...], facts: Facts, globs: Globs) -> bool | None:
    return any(globs(wanted, path) for path in facts.paths)


def _older(wanted: tuple[str, ...], facts: Facts, globs: Globs) -> bool | None:
    return None if facts.age_days is None else facts.age_days > int(wanted[0])


def _younger(wanted: tuple[str, ...], facts: Facts, globs: Globs) -> bool | None:
    return None if facts.age_days is None else facts.age_days < int(wanted[0])


def _verdict(wanted: tuple[str, ...], facts: Facts, globs: Globs) -> bool | None:
    return facts.verdict.state in wanted if facts.verdict else None


def _code(wanted: tuple[str, ...], facts: Facts, globs: Globs) -> bool | None:
    return facts.verdict.code in wanted if facts.verdict else None


CONDITIONS: Mapping[str, Condition] = {
    "kind": lambda wanted, facts, _: facts.kind in wanted,
    "workspace": _workspace,
    "scope": _scope,
    "branch": _branch,
    "path": _path,
    "older_than": _older,
    "younger_than": _younger,
    "exposed": lambda wanted, facts, _: str(facts.exposed).lower() in wanted,
    "visibility": lambda wanted, facts, _: ("public" if facts.public else "private") in wanted,
    "verdict": _verdict,
    "code": _code,
}
