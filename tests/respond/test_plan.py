"""The plan: every token passes policy by itself; the grant sets the order, and the ceiling stops all of it."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner import config, rules
from scanner.model import Finding, Identity, Location, Names, Reach, Secret, Verdict
from scanner.policy import REFRESH, Decision, strictness
from scanner.respond import plan as planning
from scanner.respond.exposure import Known
from scanner.respond.plan import Plan, Situation, both_forms, consent, grants, lines, plan, response, whose

OUT = Known(public=True, remote="origin", commits=frozenset({"c1"}))
OURS = Identity("Acme", "T012345", user="ada", user_id="U1", app_id="A1")
NOW = 1767312000.0  # 2026-01-02
REVOCABLE = planning.revocable(rules.builtin())
RULES = {rule.kind: rule.id for rule in rules.builtin()}


def verdict(state: str = "active", code: str | None = None, identity: Identity | None = OURS, *scopes: str) -> Verdict:
    return Verdict(state, "so it is", identity, scopes, tuple(f"use {scope}" for scope in scopes), code=code)


EXPIRED = verdict("inactive", "token_expired", None)
UNASKED = Verdict("unsupported", "no safe check")


def finding(
    name: str, kind: str = "bot", said: Verdict | None = None, commit: str = "c1", ids: tuple[tuple[str, str], ...] = ()
) -> Finding:
    place = Location("blob", b"deploy/a", commit=commit, date="2025-12-23T00:00:00Z", reach=Reach(Names(1, ("main",))))
    shown = f"shown-{name}"
    return Finding(Secret(b"t"), name, RULES[kind], kind, "high", shown, ids, (place,), verdict=said)


def situation(text: str = "workspaces: T012345", base: str = "", known: Known = OUT) -> Situation:
    said = config.merge(config.parse(text.encode(), "op"), config.parse(base.encode(), "base", base=True))
    return Situation(config.policy(said), known, NOW, REVOCABLE)


def done(made: Plan) -> dict[str, str]:
    return {step.finding.fingerprint: step.decision.action for step in made.steps}


GRANT = (("team", "1"), ("grant", "9"))


def pair(access: Verdict, commit: str = "c1") -> list[Finding]:
    """An access token and a refresh token of one grant."""
    return [
        finding("access", "config-access", access, commit, GRANT),
        finding("refresh", "config-refresh", UNASKED, ids=GRANT),
    ]


def test_refresh_before_access_public_before_private_worst_first_then_the_fingerprint() -> None:
    found = [
        finding("z", "bot", verdict("active", None, OURS, "chat:write", "admin")),
        finding("y", "bot", verdict("active", None, OURS, "files:read")),
        finding("x", "bot", verdict("active", None, OURS, "files:read")),
        finding("a", "bot", verdict("active", None, OURS, "admin"), commit="c2"),
        *pair(verdict()),
    ]
    for seed in range(5):
        random.Random(seed).shuffle(found)
        order = [step.finding.fingerprint for step in plan(found, situation()).steps]
        assert order == ["refresh", "z", "x", "y", "access", "a"]


def test_what_an_attacker_can_do_is_judged_by_whom_it_is_handed_to() -> None:
    found = [finding("a", "bot", verdict("active", None, OURS, "files:read")), finding("b", "bot", verdict())]
    made = plan(found, situation()._replace(rank=len))
    assert [step.finding.fingerprint for step in made.steps] == ["b", "a"]


# Grants


def test_a_refresh_token_goes_with_its_access_token() -> None:
    assert done(plan(pair(verdict()), situation())) == {"access": "revoke", "refresh": "revoke"}
    steps = plan(pair(verdict()), situation()).steps
    assert {step.grant for step in steps} == {"access"}
    assert steps[0].facts.access_revoked_too and steps[0].facts.identity == OURS


def test_or_where_that_has_expired_and_is_exposed() -> None:
    """Nobody has told whose it is: without a terminal it is held, on one a person is asked."""
    asked = situation()._replace(interactive=True)
    assert done(plan(pair(EXPIRED), asked)) == {"access": "report", "refresh": "revoke"}
    assert done(plan(pair(EXPIRED), situation())) == {"access": "report", "refresh": "hold"}
    assert done(plan(pair(EXPIRED, "c2"), asked)) == {"access": "report", "refresh": "hold"}
    assert done(plan(pair(verdict("inactive", "token_revoked")), asked))["refresh"] == "hold"


def test_each_passes_policy_by_itself() -> None:
    held = situation("workspaces: T012345\npolicy: [{when: {kind: config-refresh}, then: never, reason: x}]")
    assert done(plan(pair(verdict()), held)) == {"access": "revoke", "refresh": "never"}
    held = situation(base="policy: [{when: {kind: config-access}, then: hold, reason: x}]")
    assert done(plan(pair(verdict()), held)) == {"access": "hold", "refresh": "hold"}


def test_an_organisation_wide_installation_counts_for_its_refresh_token() -> None:
    assert done(
        plan(pair(verdict()._replace(org_wide=True)), situation("unverified: revoke\nworkspaces: T012345"))
    ) == {
        "access": "hold",
        "refresh": "hold",
    }


def test_nearness_in_a_file_is_no_grant() -> None:
    found = [finding("a", "config-access", verdict(), ids=GRANT), finding("r", "config-refresh", UNASKED)]
    assert grants(found, planning.payload) == {}
    assert done(plan(found, situation())) == {"a": "revoke", "r": "hold"}
    other = finding("r", "config-refresh", UNASKED, ids=(("team", "1"), ("grant", "8")))
    assert done(plan([found[0], other], situation()))["r"] == "hold"


def test_the_same_team_app_and_person_are_one_grant() -> None:
    bot = OURS._replace(bot_id="B1")
    found = [
        finding("a", "config-access", verdict("active", None, bot), ids=GRANT),
        finding("b", "config-access", verdict("active", None, bot)),
        finding("c", "config-refresh", UNASKED, ids=GRANT),
        finding("d", "bot", verdict("active", None, OURS._replace(app_id=None))),
        finding("e", "bot", verdict("active", None, OURS._replace(app_id=None))),
        finding("f", "bot", verdict("active", None, Identity(team_id="T012345", app_id="A1"))),
    ]
    for order in (found, found[::-1]):
        assert grants(order, planning.payload) == {"a": "a", "b": "a", "c": "a"}


def test_only_rotating_tokens_have_a_payload() -> None:
    assert planning.payload(finding("a", "config-refresh", ids=GRANT)) == ("1", "9")
    assert planning.payload(finding("a", "user", ids=GRANT)) is None
    assert planning.payload(finding("a", "refresh", ids=GRANT)) is None
    assert planning.payload(finding("a", "config-access", ids=GRANT[:1])) is None


# Migration


def test_in_a_migration_the_long_lived_token_is_held() -> None:
    found = [finding("old", "user", verdict()), finding("new", "config-access", verdict())]
    assert done(plan(found, situation())) == {"old": "hold", "new": "revoke"}


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (OURS, OURS, True),
        (OURS, OURS._replace(app_id=None), True),
        (OURS, OURS._replace(app_id="A2"), False),
        (OURS, OURS._replace(team_id="T2"), False),
        (OURS, OURS._replace(user_id="U2"), False),
        (OURS._replace(bot_id="B1"), OURS._replace(bot_id="B1", user_id=None), True),
        (OURS._replace(user_id=None), OURS._replace(user_id=None), False),
        (OURS._replace(team_id=None), OURS._replace(team_id=None), False),
    ],
)
def test_both_forms_by_identity(one: Identity, other: Identity, both: bool) -> None:
    found = [
        finding("old", "bot", verdict("active", None, one)),
        finding("new", "config-access", verdict(identity=other)),
    ]
    assert both_forms(found) == ({"old"} if both else set())


def test_both_forms_by_the_ids_in_them_also_where_one_has_expired() -> None:
    ids = (("team", "1"), ("bot", "2"))
    new = finding("new", "config-access", EXPIRED, ids=(*ids, ("grant", "3")))
    assert both_forms([finding("old", "bot", verdict(), ids=ids), new]) == {"old"}
    assert not both_forms([finding("old", "bot", verdict(), ids=(("team", "1"), ("bot", "4"))), new])
    assert not both_forms([finding("old", "bot", verdict(), ids=(("team", "5"), ("bot", "2"))), new])
    assert not both_forms([finding("old", "bot-legacy", verdict(), ids=(("bot", "2"),)), finding("x", "config-access")])


@pytest.mark.parametrize(("state", "code"), [("rejected", "invalid_auth"), ("unknown", None), ("inactive", None)])
def test_a_made_up_rotating_token_keeps_no_long_lived_one_alive(state: str, code: str | None) -> None:
    """Team and bot stand in every masked report: whoever can push can write them into one."""
    ids = (("team", "1"), ("bot", "2"))
    made_up = finding("new", "config-access", verdict(state, code, None), ids=ids)
    assert not both_forms([finding("old", "bot", verdict(), ids=ids), made_up])


# Ceiling


def test_a_plan_above_the_ceiling_sends_nothing_and_prints_itself() -> None:
    found = [finding(name, "bot", verdict()) for name in "abc"]
    made = plan(found, situation(), 2)
    assert made.over == "the plan would revoke 3 tokens, more than --max-revoke 2: nothing was sent"
    assert lines(made)[-1] == made.over
    assert lines(made)[0] == "revoke: shown-a (mirror-slack: it is exposed: commit c1 is in origin, of a public remote)"
    made = plan(found, situation(), 3)
    assert (made.over, len(made.revocations), len(lines(made))) == ("", 3, 3)
    assert plan(found[:1], situation(), 0).over
    assert plan([], situation(), 0) == Plan((), 0)


def test_facts_of_a_finding() -> None:
    facts = plan([finding("a", "bot", verdict())], situation()).steps[0].facts
    assert (facts.branches, facts.cut, facts.paths, facts.age_days) == (("main",), False, (b"deploy/a",), 10)
    many = finding("a")._replace(locations=(Location("blob", reach=Reach(Names(21, ("main",)))), Location("stdin")))
    facts = plan([many], situation()).steps[0].facts
    assert (facts.branches, facts.cut, facts.paths, facts.age_days) == (("main",), True, (), None)


# Consent


def test_consent_shows_whose_it_is_and_what_breaks() -> None:
    said = verdict("active", None, OURS, "admin", "chat:write")
    (step,) = plan([finding("a", "bot", said)], situation()).steps
    assert consent(step) == (
        "shown-a (bot)",
        "  whose: team Acme T012345, user ada U1, app A1",
        "  it lets its holder: use admin",
        "  it lets its holder: use chat:write",
        "  if revoked: this cannot be undone, and whatever uses the token stops",
        "  if revoked: its bot user is deactivated and loses its channel memberships: it must be invited again",
        "  policy: mirror-slack: it is exposed: commit c1 is in origin, of a public remote",
    )


@pytest.mark.parametrize(
    ("kind", "scopes", "words"),
    [
        ("bot", (), ["channel memberships"]),
        ("bot-legacy", (), ["channel memberships"]),
        ("user", (), ["its bot token may die"]),
        ("user", ("identify", "read", "post", "client"), ["its bot token may die", "never be made again"]),
        ("user-legacy", (), ["its bot token may die", "never be made again"]),
        ("config-access", (), ["only this token dies"]),
        ("config-refresh", (), ["nobody can renew"]),
        ("refresh", (), ["nobody can renew"]),
        ("workspace", (), []),
    ],
)
def test_what_breaks(kind: str, scopes: tuple[str, ...], words: list[str]) -> None:
    (step,) = plan([finding("a", kind, verdict("active", None, OURS, *scopes))], situation()).steps
    assert step.effects[0].startswith("this cannot be undone")
    assert len(step.effects) == 1 + len(words)
    assert all(word in effect for word, effect in zip(words, step.effects[1:], strict=True))


def test_an_organisation_loses_it_everywhere() -> None:
    (step,) = plan([finding("a", "workspace", verdict()._replace(org_wide=True))], situation()).steps
    assert "all its workspaces" in step.effects[-1]


def test_whose() -> None:
    assert whose(None) == whose(Identity(url="https://x/")) == "not known"
    assert whose(Identity(enterprise_id="E1", bot_id="B1")) == "organisation E1, bot B1"
    (step,) = plan([finding("a")], situation()).steps
    assert consent(step)[1] == "  whose: not known"


def test_what_a_report_says_where_nothing_is_sent() -> None:
    said = [
        response(Decision(action, "r", "l"), True, "now")
        for action in ("hold", "never", "report", "revoke", "rehearse")
    ]
    assert [each and (each.state, each.reason, each.policy, each.at) for each in said] == [
        ("held", "r", "l", "now"),
        ("skipped", "r", "l", "now"),
        None,
        None,
        None,
    ]
    by_hand = response(Decision("report", "by hand", "l"), False)
    assert by_hand is not None and by_hand.state == "skipped"


# Properties

identities = st.sampled_from([None, OURS, Identity(team_id="T9", user_id="U1"), OURS._replace(bot_id="B1")])
verdicts = st.sampled_from([None, UNASKED, EXPIRED]) | st.builds(
    verdict, st.sampled_from(["active", "restricted", "rejected"]), st.none(), identities
)
kinds = st.sampled_from(["bot", "user", "config-access", "config-refresh", "refresh", "webhook"])
found_lists = st.lists(st.tuples(kinds, verdicts, st.sampled_from(["c1", "c2"]), st.booleans()), max_size=6).map(
    lambda rows: [
        finding(f"f{number}", kind, said, commit, GRANT if rotating else ())
        for number, (kind, said, commit, rotating) in enumerate(rows)
    ]
)
BASES = st.sampled_from(
    [
        "",
        "policy: [{when: {kind: config-access}, then: hold, reason: x}]",
        "policy: [{then: revoke, reason: x}]",
        "policy: [{when: {verdict: active}, then: rehearse, reason: x}, {then: never, reason: x}]",
    ]
)
operators = st.sampled_from(["workspaces: T012345", "unverified: revoke\nworkspaces: T012345", "unverified: rehearse"])


@pytest.mark.no_cover
@given(found_lists, operators, BASES)
def test_the_repository_makes_no_step_of_a_plan_looser(found: list[Finding], operator: str, base: str) -> None:
    alone, both = done(plan(found, situation(operator))), done(plan(found, situation(operator, base)))
    assert alone.keys() == both.keys() == {each.fingerprint for each in found}
    assert all(strictness(both[name]) >= strictness(alone[name]) for name in alone)


@pytest.mark.no_cover
@given(found_lists, operators)
def test_a_plan_does_not_depend_on_the_order_and_refreshes_come_first(found: list[Finding], operator: str) -> None:
    made = plan(found, situation(operator))
    assert plan(found[::-1], situation(operator)) == made._replace(steps=made.steps)
    kinds = [step.finding.kind in REFRESH for step in made.steps]
    assert kinds == sorted(kinds, reverse=True)
