"""What may be done about a token: mirror-slack, the limits, the conditions, and that the repository only tightens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner import config
from scanner.filters.entries import PolicyLine
from scanner.model import Identity, Verdict
from scanner.policy import (
    ACTIONS,
    CONDITIONS,
    DEFAULT,
    HELD,
    REFRESH,
    Facts,
    Policy,
    decide,
    restored,
    stored,
    strictness,
)

OURS = Identity(team_id="T012345", user_id="U1")
ACTIVE = Verdict("active", "it lives", OURS, ("chat:write",))
LEAKED = Facts(
    "v1:bot:a", "bot", ACTIVE, exposed=True, public=True, where="in origin/main", identity=OURS,
    branches=("origin/main",), paths=(b"deploy/app.env",), age_days=10,
)  # fmt: skip
REFRESHING = LEAKED._replace(kind="config-refresh", verdict=Verdict("unsupported", "no safe check"))


def policy(text: str = "", base: str = "", workspaces: str = "T012345", unverified: str = "") -> Policy:
    """The operator's lines and the repository's, as their files would have them."""
    operator = f"{f'workspaces: {workspaces}' if workspaces else ''}\n"
    operator += f"{f'unverified: {unverified}' if unverified else ''}\n"
    own = config.parse((operator + lines(text)).encode(), "op")
    return config.policy(config.merge(own, config.parse(lines(base).encode(), "base", base=True)))


def lines(text: str) -> str:
    """`hold: {kind: bot}` a line: action and conditions."""
    found = [line.partition(":") for line in text.splitlines() if line.strip()]
    made = "".join(
        f"- {{then: {then.strip()}, when: {when.strip() or '{}'}, reason: because}}\n" for then, _, when in found
    )
    return f"policy:\n{made}" if made else ""


def action(facts: Facts, said: Policy | None = None) -> str:
    return decide(said or policy(), facts).action


# mirror-slack


def test_what_lives_is_exposed_ours_and_revocable_is_revoked() -> None:
    decision = decide(policy(), LEAKED)
    assert (decision.action, decision.line) == ("revoke", DEFAULT)
    assert "in origin/main" in decision.reason
    assert action(LEAKED._replace(verdict=ACTIVE._replace(state="restricted", code="missing_scope"))) == "revoke"


@pytest.mark.parametrize("state", ["inactive", "rejected", "unknown", "unsupported"])
def test_what_slack_does_not_call_alive_is_reported(state: str) -> None:
    decision = decide(policy(), LEAKED._replace(verdict=Verdict(state, "so it is")))
    assert (decision.action, decision.reason) == ("report", f"Slack's verdict is {state}: so it is")
    assert action(LEAKED._replace(verdict=None)) == "report"


@pytest.mark.parametrize("code", ["org_login_required", "enterprise_is_restricted", "team_added_to_org"])
def test_some_codes_hold(code: str) -> None:
    decision = decide(policy(), LEAKED._replace(verdict=ACTIVE._replace(state="restricted", code=code)))
    assert (decision.action, code in decision.reason, code in HELD) == ("hold", True, True)


@pytest.mark.parametrize(("exposed", "public"), [(False, True), (True, False), (False, False)])
def test_in_private_and_where_nothing_is_exposed_it_is_rehearsed(exposed: bool, public: bool) -> None:
    assert action(LEAKED._replace(exposed=exposed, public=public)) == "rehearse"


def test_what_the_api_cannot_revoke_is_reported() -> None:
    decision = decide(policy(), LEAKED._replace(kind="webhook", revocable=False))
    assert decision.action == "report" and "by hand" in decision.reason


# Ours


THEIRS = Identity(team_id="T999999", enterprise_id="E999999")


def test_without_a_terminal_only_our_own_are_revoked() -> None:
    assert action(LEAKED._replace(identity=THEIRS)) == "hold"
    assert action(LEAKED._replace(identity=None)) == "hold"
    assert action(LEAKED._replace(identity=THEIRS), policy(workspaces="[T012345, E999999]")) == "revoke"
    assert action(LEAKED, policy(workspaces="")) == "hold"
    assert action(LEAKED._replace(identity=THEIRS), policy("revoke:")) == "hold"


def test_on_a_terminal_a_person_is_asked_about_others() -> None:
    assert action(LEAKED._replace(identity=THEIRS, interactive=True)) == "revoke"


@pytest.mark.parametrize("interactive", [False, True])
def test_what_an_organisation_has_installed_is_held_unless_listed(interactive: bool) -> None:
    facts = LEAKED._replace(org_wide=True, interactive=interactive)
    assert action(facts) == "hold"  # the workspace is listed, its organisation is not
    listed = facts._replace(identity=Identity(team_id="T012345", enterprise_id="E012345"))
    assert action(listed) == "hold"
    assert action(listed, policy(workspaces="[E012345]")) == "revoke"


# Refresh tokens


def test_a_refresh_token_goes_with_the_access_token_of_its_grant() -> None:
    assert action(REFRESHING) == "hold"
    assert action(REFRESHING._replace(access_revoked_too=True)) == "revoke"
    assert action(REFRESHING._replace(access_expired=True)) == "revoke"
    assert action(REFRESHING._replace(verdict=None, kind="refresh", access_expired=True)) == "revoke"
    for exposed, public in ((True, False), (False, True)):
        assert action(REFRESHING._replace(access_expired=True, exposed=exposed, public=public)) == "hold"


def test_the_operator_says_what_is_done_about_what_cannot_be_verified() -> None:
    for word in ("rehearse", "hold"):
        decided = decide(policy(unverified=word), REFRESHING._replace(access_revoked_too=True))
        assert (decided.action, f"unverified: {word}" in decided.reason) == (word, True)
    assert action(REFRESHING, policy(unverified="revoke")) == "revoke"
    assert action(REFRESHING._replace(public=False), policy(unverified="revoke")) == "rehearse"
    assert action(REFRESHING._replace(identity=None), policy(unverified="revoke")) == "hold"


def test_a_refresh_token_that_is_known_dead_is_left() -> None:
    dead = REFRESHING._replace(verdict=Verdict("inactive", "revoked"), access_revoked_too=True)
    assert action(dead) == "report"


# Migration to rotation


def test_the_long_lived_token_is_held_when_both_forms_were_found() -> None:
    both = LEAKED._replace(both_forms=True)
    assert action(both) == "hold"
    assert action(both._replace(interactive=True), policy("revoke:")) == "hold"
    assert action(both._replace(kind="config-access")) == "revoke"


# Lines and their conditions


def test_the_first_line_that_applies_decides() -> None:
    said = policy("never: {kind: user}\nhold: {kind: bot}\nrevoke:")
    decision = decide(said, LEAKED)
    assert (decision.action, decision.line, decision.reason) == ("hold", "op:5", "because")
    assert decision.why == ("op:4 does not apply: kind user: not so", "op:5 applies: kind bot")
    assert decide(said, LEAKED._replace(kind="workspace")).why[-1] == "op:6 applies: it has no conditions"


def test_where_no_line_applies_the_default_decides_and_says_which_did_not() -> None:
    decision = decide(policy("never: {kind: user}"), LEAKED)
    assert (decision.line, decision.why[0]) == (DEFAULT, "op:4 does not apply: kind user: not so")


APPLIES = [
    ("kind: [user, bot]", True),
    ("kind: user", False),
    ("workspace: [T000001, T012345]", True),
    ("workspace: E012345", False),
    ("scope: [files:read, chat:write]", True),
    ("scope: admin", False),
    ("branch: origin/*", True),
    ("branch: main", False),
    ("branch: [origin/*, '!origin/main']", False),
    ("path: deploy/", True),
    ("path: ['*.env', '!app.env']", False),
    ("path: /app.env", False),
    ("older_than: 9", True),
    ("older_than: 10", False),
    ("younger_than: 11", True),
    ("younger_than: 10", False),
    ("exposed: true", True),
    ("exposed: false", False),
    ("visibility: public", True),
    ("visibility: private", False),
    ("verdict: [active, restricted]", True),
    ("verdict: inactive", False),
    ("code: missing_scope", True),
    ("code: no_permission", False),
    ("{kind: bot, path: deploy/, visibility: public}", True),
    ("{kind: bot, path: src/, visibility: public}", False),
]


@pytest.mark.parametrize(("when", "applies"), APPLIES)
def test_conditions(when: str, applies: bool) -> None:
    facts = LEAKED._replace(verdict=ACTIVE._replace(code="missing_scope"))
    braced = when if when.startswith("{") else f"{{{when}}}"
    assert (action(facts, policy(f"never: {braced}")) == "never") is applies


def test_every_condition_is_tried() -> None:
    assert {when.strip("{").partition(":")[0] for when, _ in APPLIES} == set(CONDITIONS)


UNKNOWN = [
    ("workspace: T012345", {"identity": None}),
    ("scope: chat:write", {"verdict": ACTIVE._replace(scopes=())}),
    ("scope: chat:write", {"verdict": None}),
    ("branch: release", {"cut": True}),
    ("older_than: 1", {"age_days": None}),
    ("younger_than: 99", {"age_days": None}),
    ("verdict: active", {"verdict": None}),
    ("code: no_permission", {"verdict": None}),
]


@pytest.mark.parametrize(("when", "lacking"), UNKNOWN)
def test_what_is_not_known_counts_for_a_line_that_does_not_revoke(when: str, lacking: dict[str, object]) -> None:
    facts = LEAKED._replace(interactive=True, public=False, **lacking)  # type: ignore[arg-type]
    held = decide(policy(f"never: {{{when}}}"), facts)
    assert held.action == "never" and "not known: then it counts" in held.why[-1]
    left = decide(policy(f"revoke: {{{when}}}"), facts)
    assert left.action in ("rehearse", "report") and left.why[0].endswith(": not known")


def test_a_line_may_loosen_what_mirror_slack_holds() -> None:
    facts = LEAKED._replace(public=False, verdict=ACTIVE._replace(state="restricted", code="org_login_required"))
    assert action(facts, policy("revoke: {code: org_login_required}")) == "revoke"


def test_no_line_revokes_what_is_not_alive_or_has_no_api() -> None:
    for word in ("revoke", "rehearse"):
        decision = decide(policy(f"{word}:"), LEAKED._replace(verdict=None))
        assert (decision.action, decision.line) == ("report", "op:4")
        assert decision.why[-1] == f"report, not {word}: Slack has not been asked whether it lives"
        assert action(LEAKED._replace(revocable=False), policy(f"{word}:")) == "report"
    assert action(LEAKED._replace(revocable=False), policy("never:")) == "never"


# The repository's own lines


def test_the_repository_makes_it_stricter_and_never_looser() -> None:
    stricter = decide(policy(base="hold: {path: deploy/}"), LEAKED)
    assert (stricter.action, stricter.line) == ("hold", "base:2")
    assert stricter.why[-1] == "base:2 is the repository's, and stricter than revoke (mirror-slack): it counts"
    looser = decide(policy("never: {kind: bot}", base="revoke:"), LEAKED)
    assert (looser.action, looser.line) == ("never", "op:4")
    assert looser.why[-1].endswith("revoke is not stricter than never: it does not count")
    assert action(LEAKED._replace(public=False), policy(base="revoke:")) == "rehearse"
    assert action(LEAKED, policy(base="hold: {kind: user}")) == "revoke"


def test_strictness_is_an_order() -> None:
    assert [strictness(each) for each in ("revoke", "rehearse", "report", "hold", "never")] == [0, 1, 2, 3, 4]


ids = st.sampled_from([None, "T012345", "E012345", "T999999"])
identities = st.none() | st.builds(Identity, team_id=ids, enterprise_id=ids)
codes = st.sampled_from([None, "missing_scope", "token_expired", *sorted(HELD)])
states = st.sampled_from(["active", "restricted", "inactive", "rejected", "unknown", "unsupported"])
scopes = st.sets(st.sampled_from(["chat:write", "admin"])).map(tuple)
verdicts = st.none() | st.builds(Verdict, states, st.just("so"), identities, scopes, code=codes)
branches = st.sets(st.sampled_from(["main", "origin/main", "release/1"])).map(tuple)
paths = st.sets(st.sampled_from([b"deploy/a", b"src/b", b"x.env"])).map(tuple)
flags = st.booleans()
kinds = st.sampled_from(["bot", "user", "refresh", "config-refresh", "config-access"])
facts = st.builds(
    Facts, st.just("v1:bot:a"), kinds, verdicts,
    flags, flags, st.just("somewhere"), identities, flags, branches, flags, paths, st.none() | st.integers(0, 99),
    flags, flags, flags, flags, flags,
)  # fmt: skip
conditions = st.one_of(
    st.tuples(st.just("kind"), st.sampled_from([("bot",), ("user", "refresh")])),
    st.tuples(st.just("workspace"), st.just(("T012345",))),
    st.tuples(st.just("scope"), st.just(("admin",))),
    st.tuples(st.just("branch"), st.sampled_from([("main",), ("release/*", "!release/1")])),
    st.tuples(st.just("path"), st.sampled_from([("deploy/",), ("*", "!x.env")])),
    st.tuples(st.sampled_from(["older_than", "younger_than"]), st.sampled_from([("5",), ("50",)])),
    st.tuples(st.just("exposed"), st.sampled_from([("true",), ("false",)])),
    st.tuples(st.just("visibility"), st.sampled_from([("public",), ("private",)])),
    st.tuples(st.just("verdict"), states.map(lambda state: (state,))),
    st.tuples(st.just("code"), st.just(("missing_scope",))),
)
made_lines = st.lists(
    st.builds(PolicyLine, st.lists(conditions, max_size=3).map(tuple), st.sampled_from(ACTIONS), st.just("because")),
    max_size=4,
)
policies = st.builds(
    Policy, made_lines, made_lines, st.just(policy().globs), st.sets(ids.filter(bool)).map(frozenset),
    st.sampled_from([None, "rehearse", "revoke", "hold"]),
)  # fmt: skip


@pytest.mark.no_cover
@given(policies, facts)
def test_whatever_the_repository_says_nothing_gets_looser(said: Policy, known: Facts) -> None:
    alone = decide(said._replace(base=()), known)
    assert strictness(decide(said, known).action) >= strictness(alone.action)


@pytest.mark.no_cover
@given(policies, facts)
def test_whatever_anybody_says_the_limits_hold(said: Policy, known: Facts) -> None:
    if decide(said, known).action != "revoke":
        return
    assert known.revocable
    assert known.kind in REFRESH or (known.verdict and known.verdict.state in ("active", "restricted"))
    assert not (known.both_forms and known.kind in ("bot", "user"))
    named = {known.identity.team_id, known.identity.enterprise_id} if known.identity else set()
    assert known.interactive or named & said.workspaces
    assert not known.org_wide or any(each and each.startswith("E") for each in named & said.workspaces)


@pytest.mark.no_cover
@given(policies, facts)
def test_the_default_revokes_only_what_is_exposed_in_public(said: Policy, known: Facts) -> None:
    if decide(said._replace(operator=()), known).action == "revoke":
        assert known.public and known.exposed


@pytest.mark.no_cover
@given(facts, st.sampled_from([b"a", b"\xff\n", "\u20ac".encode()]))
def test_facts_come_back_from_the_journal(known: Facts, path: bytes) -> None:
    """All but the verdict, and of the identity the ids."""
    known = known._replace(paths=(*known.paths, path))
    named = known.identity or Identity()
    ids_alone = Identity(team_id=named.team_id, enterprise_id=named.enterprise_id)
    again = restored(stored(known), "another", "kind")
    assert again == known._replace(verdict=None, identity=ids_alone)


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"identity": 1}', '{"identity": [1, 2], "paths": [1]}'])
def test_of_facts_that_are_none_nothing_is_known(text: str) -> None:
    assert restored(text, "v1:bot:a", "bot") == Facts("v1:bot:a", "bot", cut=True)
