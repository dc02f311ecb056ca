"""Conducts the response to what a run found: asks Slack about every secret, plans by the policy, and rehearses or
revokes (docs/responding.md). What it says goes into the findings; nothing here prints."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from scanner.model import Finding, Response, Rule, Suppressed, Verdict
from scanner.policy import stored
from scanner.respond import act
from scanner.respond.act import Means
from scanner.respond.journal import REFRESH_KINDS, JournalError, Place, Planned
from scanner.respond.plan import Plan, Situation, Step, grants, lines, plan, response
from scanner.slack.answers import Token
from scanner.slack.verify import Key, verify

_ALIVE = ("active", "restricted")
# What leaves nothing to be done about a token that policy wants dead.
_DONE = ("revoked", "skipped")
_A_GUESS = (
    "it stands there with other dashes, or with characters that nobody sees, so what Slack issued is a guess:"
    " write it out, and ask with `xoxscan verify`"
)


class Orders(NamedTuple):
    """How far to go: `level` is verify, rehearse or revoke. `rules` are by id; `consent` is asked before each
    revocation; `place` says where a token can be read again; `run` names the run in the journal."""

    level: str
    situation: Situation
    ceiling: int
    rules: Mapping[str, Rule]
    run: str
    consent: Callable[[Step], bool]
    place: Callable[[Finding], Place | None]
    probe_sessions: bool = False
    threads: int = 8
    seen: Callable[[Token, Verdict], None] = lambda token, said: None
    asked: Callable[[], None] = lambda: None  # called when all verdicts are in


class Conducted(NamedTuple):
    """The findings with verdicts and responses; what is suppressed and does not live; what people must know. `failed`:
    a token that policy wants dead is not proven dead, or the plan was not begun (status 4)."""

    findings: tuple[Finding, ...]
    suppressed: tuple[Suppressed, ...]
    notes: tuple[str, ...]
    failed: bool
    run: str


def conduct(findings: Sequence[Finding], suppressed: Sequence[Suppressed], orders: Orders, means: Means) -> Conducted:
    """Does as `orders` say. Raises JournalError where the journal cannot be used and nothing was begun."""
    sure = [finding for finding in findings if not _guessed(finding)]
    done = _conduct(sure, [each for each in suppressed if not _guessed(each.finding)], orders, means)
    # What only looks like a token, with other dashes than Slack's, is never sent there by itself.
    held = None if orders.level == "verify" else Response("held", _A_GUESS, at=means.now())
    guesses = [finding._replace(verdict=Verdict("unsupported", _A_GUESS), response=held) for finding in findings]
    quiet = [each for each in suppressed if _guessed(each.finding)]
    return done._replace(findings=(*done.findings, *filter(_guessed, guesses)), suppressed=(*done.suppressed, *quiet))


def _guessed(finding: Finding) -> bool:
    return bool(finding.locations) and all("typographic" in place.encoding for place in finding.locations)


def _conduct(findings: Sequence[Finding], suppressed: Sequence[Suppressed], orders: Orders, means: Means) -> Conducted:
    everyone = [*findings, *(each.finding for each in suppressed)]
    verdicts = _verdicts(everyone, orders, means)
    orders.asked()
    found = [_with(finding, verdicts) for finding in findings]
    quiet = [each._replace(finding=_with(each.finding, verdicts)) for each in suppressed]
    alive = [each for each in quiet if _lives(each.finding)]
    found += [each.finding for each in alive]
    quiet = [each for each in quiet if each not in alive]
    drawn = _drawn(found, quiet, orders.situation)
    found += [each.finding for each in drawn]
    quiet = [each for each in quiet if each not in drawn]
    notes = (*map(_alive_note, alive), *map(_drawn_note, drawn))
    if orders.level == "verify":
        return Conducted(tuple(found), tuple(quiet), notes, False, orders.run)
    made = plan(found, orders.situation, orders.ceiling)
    if orders.level == "rehearse":
        answers = {key(step.finding): _rehearsed(step, means) for step in made.steps}
        failed = False
    else:
        answers = _over(made, means) if made.over else _revoked(made, orders, means)
        failed = bool(made.over) or any(_open(answers[key(step.finding)]) for step in made.revocations)
        notes += lines(made) if made.over else ()
    done = tuple(finding._replace(response=answers[key(finding)]) for finding in found)
    return Conducted(done, tuple(quiet), notes, failed, orders.run)


def key(finding: Finding) -> Key:
    """What tells one secret from all others: a fingerprint alone does not, see scanner.pipeline.short."""
    return finding.fingerprint, finding.secret


def token_of(finding: Finding) -> Token:
    """What Slack is asked about."""
    return Token(finding.secret, finding.fingerprint, finding.kind)


def _verdicts(findings: Iterable[Finding], orders: Orders, means: Means) -> dict[Key, Verdict]:
    tokens = [token_of(finding) for finding in findings]
    return verify(
        means.slack,
        tokens,
        probe_sessions=orders.probe_sessions,
        threads=orders.threads,
        now=means.now,
        seen=orders.seen,
    )


def _with(finding: Finding, verdicts: Mapping[Key, Verdict]) -> Finding:
    return finding._replace(verdict=verdicts.get(key(finding)))


def _alive_note(each: Suppressed) -> str:
    who = f" by {each.suppression.owner}" if each.suppression.owner else ""
    return f"{each.finding.redacted} is alive, although it was allowed ({each.suppression.by}){who}: it is a finding"


def _lives(finding: Finding) -> bool:
    return finding.verdict is not None and finding.verdict.state in _ALIVE


def _drawn(found: Sequence[Finding], quiet: Sequence[Suppressed], situation: Situation) -> list[Suppressed]:
    """Suppressed refresh tokens of a grant of which a token was found: nobody can ask whether they live, and allowing
    the living half of a leak must not keep it alive."""
    groups = grants([*found, *(each.finding for each in quiet)], situation.grant)
    leaked = {groups.get(finding.fingerprint) for finding in found} - {None}
    return [
        each for each in quiet if each.finding.kind in REFRESH_KINDS and groups.get(each.finding.fingerprint) in leaked
    ]


def _drawn_note(each: Suppressed) -> str:
    who = f" by {each.suppression.owner}" if each.suppression.owner else ""
    return f"{each.finding.redacted} is of the grant of a token that was found, although it was allowed{who}: a finding"


def _over(made: Plan, means: Means) -> dict[Key, Response | None]:
    """A plan above the ceiling sends nothing, not even what would be harmless."""
    at = means.now()
    return {
        key(step.finding): Response("held", made.over, step.decision.line, at)
        if step.decision.action == "revoke"
        else response(step.decision, step.facts.revocable, at)
        for step in made.steps
    }


def _rehearsed(step: Step, means: Means) -> Response | None:
    if step.decision.action in ("revoke", "rehearse"):
        return act.rehearse(means, token_of(step.finding), step.decision.line)
    return response(step.decision, step.facts.revocable, means.now())


def _revoked(made: Plan, orders: Orders, means: Means) -> dict[Key, Response | None]:
    """Everyone is asked first; then the journal gets the whole plan; then it is done, in its order."""
    agreed = [step for step in made.revocations if orders.consent(step)]
    answers = {
        key(step.finding): Response("held", "a person said no", step.decision.line, means.now())
        for step in made.revocations
        if step not in agreed
    }
    held = [step for step in made.steps if step.decision.action == "hold"]
    entries = means.journal.plan(orders.run, [_planned(step, orders) for step in (*agreed, *held)])
    for step, entry in zip(held, entries[len(agreed) :], strict=True):
        means.journal.held(entry.id, step.decision.reason)
    means.at("planned")
    means = means.acting(len(agreed))
    broken = ""
    for step, entry in zip(agreed, entries, strict=False):
        token, rule = token_of(step.finding), orders.rules.get(step.finding.rule)
        try:
            said = _not_begun(step, broken, means) if broken else act.revoke(means, token, entry, rule)
        except JournalError as error:  # nothing more is begun that could not be written down
            broken = str(error)
            said = Response("failed", f"{broken}; `xoxscan journal resume` goes on", step.decision.line, means.now())
        answers[key(step.finding)] = said
    rest = (step for step in made.steps if step.decision.action != "revoke")
    return {**answers, **{key(step.finding): _rehearsed(step, means) for step in rest}}


def _not_begun(step: Step, broken: str, means: Means) -> Response:
    return Response("failed", f"it was not begun: {broken}", step.decision.line, means.now())


def _planned(step: Step, orders: Orders) -> Planned:
    finding = step.finding
    return Planned(
        finding.fingerprint,
        finding.kind,
        finding.rule,
        finding.redacted,
        step.decision.line,
        orders.place(finding),
        step.grant,
        stored(step.facts),
    )


def _open(said: Response | None) -> bool:
    return said is None or said.state not in _DONE
