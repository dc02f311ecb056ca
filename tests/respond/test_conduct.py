"""Conducting a whole response: verdicts, plan, consent, order, and what becomes of the rest when something breaks."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scanner import config, rules
from scanner.demo import standin_faults as faults
from scanner.demo.standin import Account, Standin
from scanner.model import Finding, Location, Names, Reach, Rule, Suppressed, Suppression
from scanner.respond.conduct import Conducted, Orders, conduct
from scanner.respond.exposure import Known
from scanner.respond.journal import JournalError, Place
from scanner.respond.plan import Situation, Step, revocable
from scanner.slack.api import Slack
from tests.conftest import CLOCK
from tests.respond.slacks import Bench, bench, finding, name, rotating

LOOK, DRY, REVOKE = "auth.test", "auth.revoke test", "auth.revoke"
OUT = Known(public=True, remote="origin", commits=frozenset({"c1"}))
WHERE = Place("/srv/code", "4b825dc642cb6eb9a060e54bf8d69288fbee4904", 0, 57, b"a")
BUILTIN: tuple[Rule, ...] = rules.builtin()


def leak(account: Account, commit: str = "c1") -> Finding:
    place = Location("blob", b"a", commit=commit, date="2025-12-23T00:00:00Z", reach=Reach(Names(1, ("main",))))
    return finding(account, locations=(place,))


def orders(level: str = "revoke", text: str = "workspaces: T0DEMO", ceiling: int = 5, **fields: object) -> Orders:
    policy = config.policy(config.parse(text.encode(), "op"))
    made = Orders(
        level,
        Situation(policy, OUT, CLOCK, revocable(BUILTIN)),
        ceiling,
        {rule.id: rule for rule in BUILTIN},
        "run",
        consent=lambda step: True,
        place=lambda found: WHERE,
        threads=1,
    )
    return made._replace(**fields)  # type: ignore[arg-type]


def states(done: Conducted) -> dict[str, str | None]:
    return {each.kind: each.response and each.response.state for each in done.findings}


def test_the_whole_plan_is_written_down_before_the_first_is_begun(slack: Standin, here: Bench) -> None:
    one, two = leak(slack.plant("bot")), leak(slack.plant("user"))
    held = leak(slack.plant("bot", seed=2, team_id="T0OTHER"))
    planned: list[list[str]] = []

    def at(step: str) -> None:
        if step == "planned":
            planned.append([entry.state for entry in here.journal.entries()])
            assert REVOKE not in here.asked()

    done = conduct([one, two, held], (), orders(), here.means._replace(at=at))
    assert planned == [["planned", "planned", "held"]] and not done.failed and done.run == "run"
    entries = here.journal.entries()
    assert all(entry.planned.place == WHERE and entry.run == "run" for entry in entries)
    assert [entry.state for entry in entries] == ["proven", "proven", "held"]


@pytest.mark.parametrize("level", ["verify", "rehearse", "revoke"])
def test_a_guess_is_never_sent(slack: Standin, here: Bench, level: str) -> None:
    """A token with typographic dashes everywhere; one plain place is enough to be sure."""
    guess = leak(slack.plant("bot"))
    odd = guess.locations[0]._replace(encoding=("typographic",))
    done = conduct([guess._replace(locations=(odd,))], (), orders(level), here.means)
    (told,) = done.findings
    assert here.asked() == [] and told.verdict and told.verdict.state == "unsupported" and not done.failed
    assert (told.response and told.response.state) == (None if level == "verify" else "held")
    conduct([guess._replace(locations=(odd, guess.locations[0]))], (), orders("verify"), here.means)
    assert here.asked() == [LOOK]


def test_consent_is_asked_of_all_before_anything_is_done(slack: Standin, here: Bench) -> None:
    asked: list[str] = []

    def consent(step: Step) -> bool:
        asked.append(step.finding.kind)
        assert REVOKE not in here.asked() and not here.journal.entries()
        return step.finding.kind == "bot"

    done = conduct([leak(slack.plant("bot")), leak(slack.plant("user"))], (), orders(consent=consent), here.means)
    assert sorted(asked) == ["bot", "user"] and states(done) == {"bot": "revoked", "user": "held"}
    assert done.failed and len(here.journal.entries()) == 1


def test_people_may_take_longer_than_slack_was_given(slack: Standin, tmp_path: Path) -> None:
    """The deadline is for asking: what is agreed to is done however long that took."""
    with bench(slack, tmp_path, deadline=10.0) as late:
        renewed: list[int] = []

        def consent(step: Step) -> bool:
            late.clock.now += 3600.0
            return True

        def again(tokens: int) -> Slack:
            renewed.append(tokens)
            return late.asking(10.0)

        means = late.means._replace(renewed=again)
        done = conduct([leak(slack.plant("bot"))], (), orders(consent=consent), means)
    assert states(done) == {"bot": "revoked"} and renewed == [1]


def test_a_journal_that_breaks_in_the_middle_stops_all_that_follows(slack: Standin, here: Bench) -> None:
    accounts = [slack.plant("bot", seed=seed) for seed in range(3)]
    intents: list[str] = []

    def at(step: str) -> None:
        intents.extend([step] * (step == "intent"))
        if len(intents) == 2:
            raise JournalError("the disk is full", "make room")

    done = conduct([leak(each) for each in accounts], (), orders(), here.means._replace(at=at))
    said = [each.response for each in done.findings if each.response]
    assert sorted(each.state for each in said) == ["failed", "failed", "revoked"] and done.failed
    reasons = " / ".join(each.reason for each in said)
    assert "the disk is full; `xoxscan journal resume` goes on" in reasons and "it was not begun" in reasons
    assert here.asked().count(REVOKE) == 1


def test_a_journal_that_cannot_take_the_plan_stops_before_acting(slack: Standin, here: Bench) -> None:
    def place(found: Finding) -> Place | None:
        raise JournalError("the disk is full", "make room")

    with pytest.raises(JournalError):
        conduct([leak(slack.plant("bot"))], (), orders(place=place), here.means)
    assert here.asked() == [LOOK]


def test_above_the_ceiling_not_even_a_rehearsal_is_sent(slack: Standin, here: Bench) -> None:
    found = [leak(slack.plant("bot")), leak(slack.plant("user")), leak(slack.plant("bot", seed=2), "c2")]
    done = conduct(found, (), orders(ceiling=1), here.means)
    assert set(here.asked()) == {LOOK} and done.failed and not here.journal.entries()
    assert [each.response and each.response.state for each in done.findings] == ["held", "held", None]
    assert done.notes[-1] == "the plan would revoke 2 tokens, more than --max-revoke 1: nothing was sent"
    assert len(done.notes) == 4


def test_the_order_is_refresh_then_worst_scopes(slack: Standin, here: Bench) -> None:
    access, refresh = (slack.add(Account(text)) for text in rotating())
    worst = slack.plant("bot", scopes=("admin",), user_id="U1")
    mild = slack.plant("bot", seed=2, scopes=("emoji:read",), user_id="U2")
    done = conduct([leak(each) for each in (mild, access, worst, refresh)], (), orders(), here.means)
    assert {each.response and each.response.state for each in done.findings} == {"revoked"}
    sent = list(dict.fromkeys(seen.fingerprint for seen in slack.requests if seen.revokes))
    assert sent[0] == name(refresh.token) and sent.index(name(worst.token)) < sent.index(name(mild.token))
    grants = [entry.planned.grant for entry in here.journal.entries()]
    assert len(grants) - grants.count(None) == 2


def test_a_refresh_token_that_is_not_proven_dead_does_not_save_the_access_token(slack: Standin, here: Bench) -> None:
    access, refresh = (slack.add(Account(text)) for text in rotating())
    slack.faults.add(REVOKE, faults.broken(503), times=0, fingerprint=name(refresh.token))
    done = conduct([leak(access), leak(refresh)], (), orders(), here.means)
    assert states(done) == {"config-access": "revoked", "config-refresh": "unproven"} and done.failed
    assert not slack.account(access.token).lives and slack.account(refresh.token).lives


def test_a_suppressed_refresh_token_of_an_expired_leak_is_drawn_in(slack: Standin, here: Bench) -> None:
    access, refresh = rotating()
    found = leak(slack.add(Account(access, state="expired")))
    quiet = Suppressed(leak(slack.add(Account(refresh))), Suppression("inline"))
    done = conduct([found], [quiet], orders(), here.means)
    assert states(done) == {"config-access": None, "config-refresh": "held"} and not done.suppressed
    assert len(done.notes) == 1 and "although it was allowed: a finding" in done.notes[0]


def test_verdicts_are_told_as_they_come(slack: Standin, here: Bench) -> None:
    seen: list[str] = []
    made = orders("verify", seen=lambda token, said: seen.append(said.state), asked=lambda: seen.append("all"))
    done = conduct([leak(slack.plant("bot"))], (), made, here.means)
    assert seen == ["active", "all"] and not done.failed and states(done) == {"bot": None}


KINDS = ("bot", "user", "config-access", "config-refresh", "webhook", "app-level")


@given(
    picks=st.lists(
        st.tuples(
            st.sampled_from(KINDS),
            st.sampled_from(["active", "missing_scope", "org_login_required", "revoked", "expired", "invalid_auth"]),
            st.sampled_from(["T0DEMO", "T0OTHER"]),
            st.sampled_from(["c1", "c2"]),
            st.booleans(),
        ),
        max_size=6,
    ),
    level=st.sampled_from(["verify", "rehearse", "revoke"]),
    ceiling=st.integers(0, 6),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_dies_that_policy_does_not_want_dead(
    tmp_path_factory: pytest.TempPathFactory, picks: list[tuple[str, str, str, str, bool]], level: str, ceiling: int
) -> None:
    """Whatever was found: what dies was asked for, exposed, ours, below the ceiling and in the journal before."""
    with Standin(clock=lambda: CLOCK) as slack, bench(slack, tmp_path_factory.mktemp("state")) as here:
        found, kept = [], []
        for seed, (kind, state, team, commit, agreed) in enumerate(picks):
            account = slack.plant(kind, seed=seed, state=state, team_id=team, user_id=f"U{seed}")
            found.append(leak(account, commit))
            if not (level == "revoke" and team == "T0DEMO" and commit == "c1" and agreed):
                kept.append(account)
        wanted = {each.fingerprint for each, pick in zip(found, picks, strict=True) if pick[4]}
        made = orders(level, ceiling=ceiling, consent=lambda step: step.finding.fingerprint in wanted)
        done = conduct(found, (), made, here.means)
        assert all(slack.account(each.token).state == each.state for each in kept)
        sent = {seen.fingerprint for seen in slack.requests if seen.revokes}
        proven = {entry.planned.fingerprint for entry in here.journal.entries() if entry.state == "proven"}
        assert len(sent) <= ceiling and sent <= proven
        said = {each.fingerprint for each in done.findings if each.response and each.response.state == "revoked"}
        assert said == proven and all(seen.fresh for seen in slack.requests if seen.revokes)
