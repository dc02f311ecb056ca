"""What is to be done about all findings, in order, before anything is sent (docs/trust.md, «Plan first»)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from scanner.model import Finding, Identity, Response, Rule, Verdict
from scanner.policy import ALIVE, REFRESH, ROTATING, Decision, Facts, Policy, decide
from scanner.respond.exposure import Known, age, exposure
from scanner.slack import impact

CEILING = 5
# Scopes of legacy tester tokens (docs.slack.dev/legacy/legacy-custom-integrations); no app has them today.
_TESTER = frozenset({"client", "post", "read"})
_PERSON = ("user", "bot")


def payload(finding: Finding) -> tuple[str, ...] | None:
    """The ids in the payload of a rotating token that say which grant it is of, by its anatomy; None where it names
    none (scanner.slack.anatomy says how sure that is)."""
    ids = dict(finding.anatomy)
    if finding.kind not in ("config-access", "config-refresh") or not ("team" in ids and "grant" in ids):
        return None
    return ids["team"], ids["grant"]


class Situation(NamedTuple):
    """What a plan is made in. `now` is in seconds since 1970; `revocable` holds the ids of rules whose tokens
    auth.revoke takes; `grant` says what two rotating tokens of one grant have in common (None: nothing is known);
    `rank` is the lower the worse the scopes are."""

    policy: Policy
    known: Known
    now: float
    revocable: frozenset[str]
    grant: Callable[[Finding], tuple[str, ...] | None] = payload
    rank: Callable[[tuple[str, ...]], int] = impact.rank
    interactive: bool = False


class Step(NamedTuple):
    """What is to be done about one finding. `grant` is the same for all tokens of one grant, None where there is but
    one; `effects` are sentences about what revoking it breaks."""

    finding: Finding
    facts: Facts
    decision: Decision
    grant: str | None
    effects: tuple[str, ...]


class Plan(NamedTuple):
    """All steps, in the order in which they are taken."""

    steps: tuple[Step, ...]
    ceiling: int = CEILING

    @property
    def revocations(self) -> tuple[Step, ...]:
        """The steps that would destroy something."""
        return tuple(step for step in self.steps if step.decision.action == "revoke")

    @property
    def over(self) -> str:
        """Why nothing of the plan may be sent: a sentence, empty where it may."""
        many = len(self.revocations)
        if many <= self.ceiling:
            return ""
        tokens = "1 token" if many == 1 else f"{many:,} tokens"
        return f"the plan would revoke {tokens}, more than --max-revoke {self.ceiling}: nothing was sent"


def revocable(rules: Iterable[Rule]) -> frozenset[str]:
    """The ids of the rules whose tokens auth.revoke takes. Hand over the program's own and the operator's rules, never
    those of a repository: that one revokes a kind is no word of its."""
    return frozenset(rule.id for rule in rules if rule.revoke == "auth.revoke")


def plan(findings: Sequence[Finding], situation: Situation, ceiling: int = CEILING) -> Plan:
    """A step for each finding. Each token passes the policy by itself; that of a refresh token may ask what becomes of
    the access token of its grant, so access tokens are decided first."""
    groups = grants(findings, situation.grant)
    migrating = both_forms(findings)
    steps: list[Step] = []
    for finding in sorted(findings, key=lambda each: each.kind in REFRESH):
        facts = _facts(finding, situation, finding.fingerprint in migrating)
        if finding.kind in REFRESH:
            facts = _with_grant(facts, [each for each in steps if _together(each, finding, groups)])
        decision = decide(situation.policy, facts)
        grant = groups.get(finding.fingerprint)
        steps.append(Step(finding, facts, decision, grant, effects(finding, facts)))
    return Plan(tuple(sorted(steps, key=lambda step: _rank(step, situation))), ceiling)


def _together(step: Step, finding: Finding, groups: Mapping[str, str]) -> bool:
    return step.grant is not None and step.grant == groups.get(finding.fingerprint) and step.finding.kind not in REFRESH


def _rank(step: Step, situation: Situation) -> tuple[bool, bool, int, str]:
    """Refresh before access, so that nobody can rotate in between; public before private; worst scopes first."""
    facts = step.facts
    scopes = facts.verdict.scopes if facts.verdict else ()
    return (
        facts.kind not in REFRESH,
        not (facts.public and facts.exposed),
        situation.rank(scopes),
        facts.fingerprint,
    )


def _facts(finding: Finding, situation: Situation, migrating: bool) -> Facts:
    found = exposure(finding, situation.known)
    reaches = [place.reach for place in finding.locations]
    branches = {name for reach in reaches if reach for name in reach.branches.first}
    verdict = finding.verdict
    return Facts(
        fingerprint=finding.fingerprint,
        kind=finding.kind,
        verdict=verdict,
        exposed=found.exposed,
        public=situation.known.public,
        where=found.reason,
        identity=verdict.identity if verdict else None,
        org_wide=bool(verdict and verdict.org_wide),
        branches=tuple(sorted(branches)),
        cut=any(reach is None or reach.branches.count > len(reach.branches.first) for reach in reaches),
        paths=tuple(sorted({place.path for place in finding.locations if place.path is not None})),
        age_days=age(found.since, situation.now),
        revocable=finding.rule in situation.revocable,
        both_forms=migrating,
        interactive=situation.interactive,
    )


def _with_grant(facts: Facts, others: Sequence[Step]) -> Facts:
    """What the access tokens of its grant tell about a refresh token."""
    identities = [step.facts.identity for step in others if step.facts.identity]
    return facts._replace(
        identity=facts.identity or next(iter(identities), None),
        org_wide=facts.org_wide or any(step.facts.org_wide for step in others),
        access_revoked_too=any(step.decision.action == "revoke" for step in others),
        access_expired=any(_expired(step.facts) for step in others),
    )


def _expired(facts: Facts) -> bool:
    return facts.verdict is not None and facts.verdict.code == "token_expired" and facts.exposed and facts.public


def grants(findings: Iterable[Finding], key: Callable[[Finding], tuple[str, ...] | None]) -> dict[str, str]:
    """By fingerprint the name of the grant (its first fingerprint), for tokens that share one with another: the same
    ids in the payload, or the same team, app and user or bot from auth.test. That they stand near means nothing."""
    groups: list[tuple[set[str], set[tuple[str | None, ...]]]] = []
    for finding in findings:
        members, marks = {finding.fingerprint}, set(_marks(finding, key))
        apart = [group for group in groups if group[1].isdisjoint(marks)]
        for group in groups:
            if not group[1].isdisjoint(marks):
                members |= group[0]
                marks |= group[1]
        groups = [*apart, (members, marks)]
    return {each: min(members) for members, _ in groups if len(members) > 1 for each in members}


def _marks(finding: Finding, key: Callable[[Finding], tuple[str, ...] | None]) -> Iterable[tuple[str | None, ...]]:
    ids = key(finding) if finding.kind in ROTATING else None
    if ids is not None:
        yield ("payload", *ids)
    identity = finding.verdict.identity if finding.verdict else None
    if identity and identity.team_id and identity.app_id and (identity.bot_id or identity.user_id):
        yield ("identity", identity.team_id, identity.app_id, identity.bot_id or identity.user_id)


def both_forms(findings: Sequence[Finding]) -> frozenset[str]:
    """The fingerprints of long-lived tokens of which a rotating form was found as well: the same team, and the same
    user or bot, by auth.test or by the ids in the tokens. A rotating token that Slack does not know proves nothing:
    anybody can make up one with these ids, to keep the long-lived one alive."""
    rotating = [finding for finding in findings if finding.kind in ROTATING and _genuine(finding.verdict)]
    lasting = [finding for finding in findings if finding.kind not in ROTATING]
    return frozenset(one.fingerprint for one in lasting if any(_one_installation(one, other) for other in rotating))


def _genuine(verdict: Verdict | None) -> bool:
    """Whether Slack knows it, or was not asked; a refresh token, of which it is not asked, is no proof."""
    return verdict is None or verdict.state in ALIVE or verdict.code == "token_expired"


def _one_installation(one: Finding, other: Finding) -> bool:
    told, said = (each.verdict.identity if each.verdict else None for each in (one, other))
    if told and said and _same(told, said):
        return True
    mine, its = dict(one.anatomy), dict(other.anatomy)
    people = {mine.get(name) for name in _PERSON} & {its.get(name) for name in _PERSON} - {None}
    return mine.get("team") is not None and mine.get("team") == its.get("team") and bool(people)


def _same(one: Identity, other: Identity) -> bool:
    if one.app_id and other.app_id and one.app_id != other.app_id:
        return False
    team = one.team_id is not None and one.team_id == other.team_id
    bot = one.bot_id is not None and one.bot_id == other.bot_id
    return team and (bot or (one.user_id is not None and one.user_id == other.user_id))


_AUTHORISED = "whoever authorised it must do so again; if that is who installed the app, its bot token may die, too"
_EFFECTS = {
    "bot": "its bot user is deactivated and loses its channel memberships: it must be invited again",
    "bot-legacy": "its bot user is deactivated and loses its channel memberships; none of this kind can be made anew",
    "user": _AUTHORISED,
    "user-legacy": _AUTHORISED,
    "config-access": "only this token dies: another access token of the grant, and the refresh token, live on",
    "config-refresh": "nobody can renew the access of this grant any more: the app must be authorised again",
    "refresh": "nobody can renew the access of this grant any more: the app must be authorised again",
}


def effects(finding: Finding, facts: Facts) -> tuple[str, ...]:
    """What revoking it breaks, for the one who has to agree. Sources: docs.slack.dev/reference/methods/auth.revoke,
    docs.slack.dev/authentication/using-token-rotation."""
    found = ["this cannot be undone, and whatever uses the token stops"]
    if finding.kind in _EFFECTS:
        found.append(_EFFECTS[finding.kind])
    scopes = facts.verdict.scopes if facts.verdict else ()
    if finding.kind == "user-legacy" or (finding.kind == "user" and not _TESTER.isdisjoint(scopes)):
        found.append("a legacy tester token can never be made again: what was built on it needs a Slack app")
    if facts.org_wide:
        found.append("it is installed for a whole organisation: all its workspaces lose it")
    return tuple(found)


def consent(step: Step) -> tuple[str, ...]:
    """What a person is shown before agreeing to one revocation: whose it is, what it can do, what breaks."""
    verdict = step.finding.verdict
    lines = [f"{step.finding.redacted} ({step.finding.kind})", f"  whose: {whose(step.facts.identity)}"]
    lines += [f"  it lets its holder: {harm}" for harm in (verdict.impact if verdict else ())]
    lines += [f"  if revoked: {effect}" for effect in step.effects]
    return (*lines, f"  policy: {step.decision.line}: {step.decision.reason}")


def whose(identity: Identity | None) -> str:
    """Whom a token speaks for, in a line."""
    if identity is None:
        return "not known"
    pairs = [("team", identity.team, identity.team_id), ("organisation", None, identity.enterprise_id)]
    pairs += [("user", identity.user, identity.user_id), ("bot", None, identity.bot_id), ("app", None, identity.app_id)]
    words = [f"{what} {' '.join(filter(None, (name, oid)))}" for what, name, oid in pairs if name or oid]
    return ", ".join(words) or "not known"


def lines(plan: Plan) -> tuple[str, ...]:
    """The plan for people: a line for each step, and why nothing of it is sent, if that is so."""
    shown = [
        f"{step.decision.action}: {step.finding.redacted} ({step.decision.line}: {step.decision.reason})"
        for step in plan.steps
    ]
    return (*shown, *([plan.over] if plan.over else []))


_STATES = {"hold": "held", "never": "skipped"}


def response(decision: Decision, revocable: bool, at: str | None = None) -> Response | None:
    """What a report says of a token that nothing is sent for; None where there is nothing to say. `at` is RFC 3339."""
    if decision.action == "report" and not revocable:
        return Response("skipped", decision.reason, decision.line, at)
    state = _STATES.get(decision.action)
    return Response(state, decision.reason, decision.line, at) if state else None
