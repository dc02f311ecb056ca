"""Acting on one token, with a real journal and the stand-in for Slack: what is sent, what it means, what proves it."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.demo import standin_faults as faults
from scanner.demo.standin import Account, Fault, Standin, Switches
from scanner.respond import act
from scanner.respond.act import LOOKS, PAUSE, RATE_PAUSE, TRIES
from tests.respond.slacks import RULES, Bench, bench, name, token

LOOK, DRY, REVOKE = "auth.test", "auth.revoke test", "auth.revoke"
ACCESS = ("user", "user-legacy", "bot", "bot-legacy", "config-access")
REFRESH = ("config-refresh", "refresh")
NO_ANSWER = (
    faults.broken(503),
    faults.html(),
    faults.torn(acts=False),
    faults.closed(),
    faults.closed(reset=True),
    faults.answers('{"ok":false,"error":"fatal_error"}'),
    faults.answers('{"ok":false,"error":"internal_error"}'),
)
DONE_UNSAID = (faults.broken(500, acts=True), faults.html(acts=True), faults.torn(), faults.closed(acts=True))


def dead(slack: Standin, account: Account) -> bool:
    return not slack.account(account.token).lives


# Access tokens


@pytest.mark.parametrize("kind", ACCESS)
def test_it_was_ok_it_was_revoked_and_it_is_dead(slack: Standin, here: Bench, kind: str) -> None:
    account = slack.plant(kind)
    said = here.revoke(account)
    assert said.state == "revoked" and said.policy == "mirror-slack"
    assert said.proof == (
        "auth.revoke answered revoked: true; then auth.test answered token_revoked (2026-01-02T03:04:05Z)"
    )
    assert here.asked() == [LOOK, REVOKE, LOOK] and here.state() == "proven" and dead(slack, account)


def test_every_step_is_written_down_before_it_is_done(slack: Standin, here: Bench) -> None:
    here.revoke(slack.plant("bot"))
    assert [step.state for step in here.journal.steps(1)] == ["planned", "intent", "sent", "answered", "proven"]
    assert here.journal.steps(1)[3].date == "2026-01-02T03:04:05Z"  # Slack's clock
    assert here.steps == ["look", "intent", "sent", "request", "answer", "answered", "look", "proven"]
    assert [request.method for request in here.journal.requests()] == here.asked()


@pytest.mark.parametrize("says", ["token_revoked", "account_inactive", "invalid_auth"])
def test_what_says_that_it_is_dead_after_it_was_ok_from_here(slack: Standin, here: Bench, says: str) -> None:
    slack.switches = Switches(revoked_says=says)
    said = here.revoke(slack.plant("bot"))
    assert said.state == "revoked" and f"then auth.test answered {says}" in (said.proof or "")


def test_invalid_auth_alone_proves_nothing_where_it_was_not_ok_from_here(slack: Standin, here: Bench) -> None:
    slack.switches = Switches(revoked_says="invalid_auth")
    said = here.revoke(slack.plant("bot", state="access_denied"))
    assert said.state == "unproven" and "invalid_auth" in said.reason and here.state() == "unproven"


@pytest.mark.parametrize("says", ["token_revoked", "account_inactive"])
def test_a_restricted_token_is_revoked_and_proven_by_words_that_need_no_history(
    slack: Standin, here: Bench, says: str
) -> None:
    slack.switches = Switches(revoked_says=says)
    account = slack.plant("bot", state="missing_scope")
    assert here.revoke(account).state == "revoked" and dead(slack, account)


def test_six_looks_within_a_minute_then_it_is_unproven(slack: Standin, here: Bench) -> None:
    """Slack said «revoked: true» and did nothing."""
    slack.faults.add(REVOKE, faults.answers('{"ok":true,"revoked":true}'))
    account = slack.plant("bot")
    said = here.revoke(account)
    assert said.state == "unproven" and "it may live" in said.reason and said.proof is None
    assert here.asked() == [LOOK, REVOKE, *[LOOK] * 6]
    assert here.clock.slept == list(LOOKS) and sum(LOOKS) == 60
    assert here.state() == "unproven"


@pytest.mark.parametrize("late", range(1, 6))
def test_a_revocation_that_shows_late_is_proven_when_it_shows(slack: Standin, here: Bench, late: int) -> None:
    account = slack.plant("bot")
    stale = '{"ok":true,"team":"Demo","team_id":"T0DEMO","user_id":"U0DEMO","url":"https://demo.slack.com/"}'
    first = faults.answers(stale)
    slack.faults.add(LOOK, first, times=1 + late)  # the look before, and `late` after
    assert here.revoke(account).state == "revoked"
    assert here.asked().count(LOOK) == 2 + late and here.asked().count(REVOKE) == 1


@pytest.mark.parametrize("revoked", ["false", "null"])
def test_revoked_false_is_no_word_to_build_on(slack: Standin, here: Bench, revoked: str) -> None:
    account = slack.plant("bot")
    slack.faults.add(REVOKE, faults.answers(f'{{"ok":true,"revoked":{revoked}}}'))
    said = here.revoke(account)
    assert said.state == "unproven" and not dead(slack, account)
    assert here.asked().count(REVOKE) == 1


def test_invalid_auth_after_revoked_false_proves_nothing(slack: Standin, here: Bench) -> None:
    slack.switches = Switches(revoked_says="invalid_auth")
    slack.faults.add(REVOKE, faults.answers('{"ok":true,"revoked":false}', acts=True))
    assert here.revoke(slack.plant("bot")).state == "unproven"


@pytest.mark.parametrize("state", ["revoked", "account_inactive", "expired"])
def test_what_is_dead_already_is_left_alone(slack: Standin, here: Bench, state: str) -> None:
    said = here.revoke(slack.plant("bot", state=state))
    assert said.state == "skipped" and "nothing was sent" in said.reason
    assert bool(said.proof) == (state != "expired")
    assert here.asked() == [LOOK] and here.state() == "held"


@pytest.mark.parametrize("state", ["invalid_auth", "not_authed", "internal_error"])
def test_what_is_not_seen_alive_is_not_revoked(slack: Standin, here: Bench, state: str) -> None:
    said = here.revoke(slack.plant("bot", state=state))
    assert said.state == "failed" and "nothing was sent" in said.reason
    assert REVOKE not in here.asked() and here.state() == "held"


# Answers that are none


@pytest.mark.parametrize("fault", NO_ANSWER, ids=lambda fault: fault.name)
def test_after_no_clear_answer_slack_is_looked_at_before_it_is_sent_again(
    slack: Standin, here: Bench, fault: Fault
) -> None:
    account = slack.plant("bot")
    slack.faults.add(REVOKE, fault)
    assert here.revoke(account).state == "revoked"
    assert here.asked() == [LOOK, REVOKE, LOOK, REVOKE, LOOK]
    assert all(seen.fresh for seen in slack.requests if seen.revokes)
    assert here.clock.slept[0] == PAUSE and slack.revocations(account.token) == 1


@pytest.mark.parametrize("fault", DONE_UNSAID, ids=lambda fault: fault.name)
def test_what_was_done_without_an_answer_is_seen_and_not_done_again(slack: Standin, here: Bench, fault: Fault) -> None:
    account = slack.plant("bot")
    slack.faults.add(REVOKE, fault)
    said = here.revoke(account)
    assert said.state == "revoked" and "a later look answered token_revoked" in (said.proof or "")
    assert here.asked() == [LOOK, REVOKE, LOOK] and here.state() == "proven"


@pytest.mark.parametrize("fault", [*NO_ANSWER, faults.answers('{"ok":false,"error":"not_authed"}')])
def test_it_is_not_tried_for_ever(slack: Standin, here: Bench, fault: Fault) -> None:
    slack.faults.add(REVOKE, fault, times=0)
    said = here.revoke(slack.plant("bot"))
    assert said.state == "unproven" and "it still lives" in said.reason
    assert here.asked().count(REVOKE) == TRIES
    assert all(seen.fresh for seen in slack.requests if seen.revokes) and here.state() == "unproven"


def test_after_a_rate_limit_more_time_is_left(slack: Standin, here: Bench) -> None:
    slack.faults.add(REVOKE, faults.rate_limited("30"))
    assert here.revoke(slack.plant("bot")).state == "revoked"
    assert here.clock.slept[0] == RATE_PAUSE >= 30


def test_without_a_look_that_said_ok_nothing_is_sent_again(slack: Standin, here: Bench) -> None:
    """Slack is gone after the first auth.revoke."""
    account = slack.plant("bot")
    slack.faults.add(REVOKE, faults.closed())
    here.revoke(slack.plant("bot", seed=2))  # takes the fault; its looks work
    slack.faults.add(REVOKE, faults.closed(), fingerprint=name(account.token))
    ok = faults.slow(0.0)
    slack.faults.add(LOOK, ok, fingerprint=name(account.token))
    slack.faults.add(LOOK, faults.broken(503), times=0, fingerprint=name(account.token))
    said = here.revoke(account)
    assert said.state == "unproven" and "HTTP 503" in said.reason
    assert [seen.revokes for seen in slack.requests if seen.fingerprint == name(account.token)].count(True) == 1


def test_a_restricted_token_is_not_sent_twice_as_no_look_says_ok(slack: Standin, here: Bench) -> None:
    slack.faults.add(REVOKE, faults.broken(503))
    account = slack.plant("bot", state="missing_scope")
    said = here.revoke(account)
    assert said.state == "unproven" and "only after auth.test said ok" in said.reason
    assert here.asked().count(REVOKE) == 1 and here.state() == "unproven"
    again = here.revoke(account)  # a later run that plans it anew
    assert again.state == "failed" and here.asked().count(REVOKE) == 1


def test_a_word_beside_a_rate_limit_is_no_word_about_the_token(slack: Standin, here: Bench) -> None:
    account = slack.plant("bot")
    slack.faults.add(REVOKE, faults.answers('{"ok":false,"error":"token_revoked"}', 429))
    assert here.revoke(account).state == "revoked"
    assert slack.revocations(account.token) == 1


# Refusals


@pytest.mark.parametrize("code", ["cannot_revoke_org_bot_token", "not_bearer_token", "missing_scope", "a_new_code"])
def test_a_refusal_says_who_must_click_where(slack: Standin, here: Bench, code: str) -> None:
    said = here.revoke(slack.plant("bot", revoke_error=code))
    assert said.state == "refused" and said.reason.startswith(f"Slack refused: {code}")
    assert " ".join(RULES["bot"].remediation.split()) in said.reason
    assert here.asked() == [LOOK, REVOKE] and here.state() == "refused"


def test_the_bot_of_an_organisation_is_for_its_administrators(slack: Standin, here: Bench) -> None:
    said = here.revoke(slack.plant("bot", org_wide=True, enterprise_id="E0DEMO"))
    assert said.state == "refused" and "only its administrators can remove" in said.reason


def test_of_a_token_without_a_rule_the_code_is_said(slack: Standin, here: Bench) -> None:
    account = slack.plant("bot", revoke_error="not_bearer_token")
    said = act.revoke(here.means, token(account), here.plan(account), None)
    assert said.state == "refused" and "By hand" not in said.reason


@pytest.mark.parametrize("state", ["token_revoked", "account_inactive"])
def test_auth_revoke_that_finds_it_dead_counts_as_done(slack: Standin, here: Bench, state: str) -> None:
    slack.faults.add(REVOKE, faults.answers(f'{{"ok":false,"error":"{state}"}}'))
    said = here.revoke(slack.plant("bot"))
    assert said.state == "revoked" and (said.proof or "").startswith(f"auth.revoke answered {state}")


# Refresh tokens


@pytest.mark.parametrize("kind", REFRESH)
@pytest.mark.parametrize("says", ["token_revoked", "account_inactive", "invalid_auth"])
def test_a_second_revocation_proves_a_refresh_token_dead(slack: Standin, here: Bench, kind: str, says: str) -> None:
    slack.switches = Switches(revoked_says=says)
    account = slack.plant(kind)
    said = here.revoke(account)
    assert said.state == "revoked" and f"then auth.revoke answered {says}" in (said.proof or "")
    assert here.asked() == [REVOKE, REVOKE] and dead(slack, account)
    states = [step.state for step in here.journal.steps(1)]
    assert states == ["planned", "intent", "sent", "answered", "sent", "answered", "proven"]


@pytest.mark.parametrize("test_refresh", [True, False])
def test_auth_test_is_never_asked_about_a_refresh_token(slack: Standin, here: Bench, test_refresh: bool) -> None:
    slack.switches = Switches(test_refresh=test_refresh)
    slack.faults.add(REVOKE, faults.broken(503))
    assert here.revoke(slack.plant("config-refresh")).state == "revoked"
    assert LOOK not in here.asked()


def test_there_is_no_third_revocation(slack: Standin, here: Bench) -> None:
    account = slack.plant("config-refresh")
    slack.faults.add(REVOKE, faults.answers('{"ok":true,"revoked":true}'), times=2)
    slack.faults.add(REVOKE, faults.answers('{"ok":true,"revoked":false}'), times=0)  # of all rehearsals
    said = here.revoke(account)
    assert said.state == "unproven" and here.state() == "unproven"
    assert here.asked() == [REVOKE, REVOKE, *[DRY] * 6]


def test_a_second_revocation_without_an_answer_is_followed_by_looks(slack: Standin, here: Bench) -> None:
    account = slack.plant("config-refresh")
    slack.faults.add(REVOKE, faults.slow(0.0))
    slack.faults.add(REVOKE, faults.broken(503))
    said = here.revoke(account)
    assert said.state == "revoked" and here.asked() == [REVOKE, REVOKE, DRY]


def test_a_refresh_token_whose_revocation_says_false_is_not_sent_again(slack: Standin, here: Bench) -> None:
    account = slack.plant("config-refresh")
    slack.faults.add(REVOKE, faults.answers('{"ok":true,"revoked":false}'))
    said = here.revoke(account)
    assert said.state == "unproven" and not dead(slack, account)
    assert here.asked() == [REVOKE, *[DRY] * 6]
    assert here.state() == "unproven"


@pytest.mark.parametrize("dry", [True, False])
def test_a_rehearsal_that_says_invalid_auth_is_no_proof(slack: Standin, here: Bench, dry: bool) -> None:
    slack.switches = Switches(revoked_says="invalid_auth", dry_run_revoked=dry)
    account = slack.plant("config-refresh")
    slack.faults.add(REVOKE, faults.closed(acts=True))
    said = here.revoke(account)
    assert said.state == "unproven" and dead(slack, account)
    assert here.asked() == [REVOKE, DRY]


def test_invalid_auth_at_once_does_not_count_for_a_refresh_token(slack: Standin, here: Bench) -> None:
    said = here.revoke(slack.plant("config-refresh", state="invalid_auth"))
    assert said.state == "refused" and "invalid_auth" in said.reason


def test_a_later_run_looks_before_it_revokes_a_refresh_token_again(slack: Standin, here: Bench) -> None:
    account = slack.plant("config-refresh")
    slack.faults.add(REVOKE, faults.broken(503), times=0)
    assert here.revoke(account).state == "unproven"
    slack.faults.clear()
    before = len(here.asked())
    assert here.revoke(account).state == "revoked"
    assert here.asked()[before:] == [DRY, REVOKE, REVOKE]


@pytest.mark.parametrize(("state", "response"), [("revoked", "skipped"), ("invalid_auth", "failed")])
def test_a_later_run_sends_nothing_unless_that_look_said_ok(
    slack: Standin, here: Bench, state: str, response: str
) -> None:
    account = slack.plant("config-refresh")
    slack.faults.add(REVOKE, faults.broken(503), times=0)
    here.revoke(account)
    slack.faults.clear()
    slack.change(account.token, state=state)
    before = len(here.asked())
    assert here.revoke(account).state == response and here.state(2) == "held"
    assert here.asked()[before:] == [DRY]


# Rehearsing


@pytest.mark.parametrize("revoked", [True, False])
@pytest.mark.parametrize("kind", [*ACCESS, *REFRESH])
def test_a_rehearsal_revokes_nothing_and_concludes_nothing(
    slack: Standin, here: Bench, kind: str, revoked: bool
) -> None:
    slack.switches = Switches(dry_run_revoked=revoked)
    account = slack.plant(kind)
    said = act.rehearse(here.means, token(account), "a line")
    assert said.state == "rehearsed" and "nothing was revoked" in said.reason and said.policy == "a line"
    assert here.asked() == [DRY] and not dead(slack, account)


@pytest.mark.parametrize("code", ["cannot_revoke_org_bot_token", "not_bearer_token", "a_new_code"])
def test_a_rehearsal_says_what_slack_answered(slack: Standin, here: Bench, code: str) -> None:
    said = act.rehearse(here.means, token(slack.plant("bot", revoke_error=code)), "")
    assert said.state == "rehearsed" and code in said.reason


def test_a_rehearsal_that_comes_to_nothing_says_so(slack: Standin, here: Bench) -> None:
    slack.faults.add(REVOKE, faults.broken(503), times=0)
    said = act.rehearse(here.means, token(slack.plant("bot")), "")
    assert said.state == "failed" and "HTTP 503" in said.reason


# Two at once


def test_two_processes_never_act_on_one_token_at_once(slack: Standin, here: Bench, tmp_path: Path) -> None:
    account = slack.plant("bot")
    mine = here.plan(account)
    here.journal.intent(mine.id)
    with bench(slack, tmp_path) as other:
        said = other.revoke(account)
    assert said.state == "failed" and "is acting on" in said.reason and "not touched here" in said.reason
    assert REVOKE not in here.asked()


def test_another_process_may_be_through_between_the_look_and_the_intent(
    slack: Standin, here: Bench, tmp_path: Path
) -> None:
    account = slack.plant("bot")

    def at(step: str) -> None:
        if step == "intent":
            with bench(slack, tmp_path) as other:
                assert other.revoke(account).state == "revoked"

    said = act.revoke(here.means._replace(at=at), token(account), here.plan(account), None)
    assert said.state == "revoked" and said.proof and "a fresh look answered token_revoked" in said.proof
    assert slack.revocations(account.token) == 1 and here.asked().count(REVOKE) == 1


@pytest.mark.parametrize("alive", [True, False])
def test_another_process_may_have_failed_between_the_look_and_the_intent(
    slack: Standin, here: Bench, tmp_path: Path, alive: bool
) -> None:
    account = slack.plant("bot")

    def at(step: str) -> None:
        if step == "intent":
            slack.faults.add(REVOKE, faults.broken(503), times=TRIES)
            with bench(slack, tmp_path) as other:
                assert other.revoke(account).state == "unproven"
            if not alive:
                slack.faults.add(LOOK, faults.broken(503), times=0)

    said = act.revoke(here.means._replace(at=at), token(account), here.plan(account), None)
    assert said.state == ("revoked" if alive else "unproven")
    assert here.asked().count(REVOKE) == TRIES + alive
    assert all(seen.fresh for seen in slack.requests if seen.revokes)


# Resuming


def stopped(here: Bench, account: Account, where: str) -> None:
    """A process that ended right before step `where`."""

    def at(step: str) -> None:
        if step == where:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        act.revoke(here.means._replace(at=at), token(account), here.plan(account), None)
    here.close()


@pytest.mark.parametrize("kind", ["bot", "config-refresh"])
@pytest.mark.parametrize("where", ["sent", "request", "answer", "answered", "proven"])
def test_wherever_it_stopped_it_is_brought_to_an_end(slack: Standin, tmp_path: Path, kind: str, where: str) -> None:
    account = slack.plant(kind)
    stopped(Bench(slack, tmp_path), account, where)
    slack.mark()
    with bench(slack, tmp_path) as later:
        assert later.resume(account).state == "revoked" and later.state() == "proven"
    assert slack.revocations(account.token) == 1
    sent = [seen for seen in slack.requests if seen.revokes]
    if kind == "bot":
        assert all(seen.fresh for seen in sent)


@pytest.mark.parametrize("where", ["request", "answer", "answered"])
def test_after_a_restart_invalid_auth_is_no_proof(slack: Standin, tmp_path: Path, where: str) -> None:
    slack.switches = Switches(revoked_says="invalid_auth")
    account = slack.plant("bot")
    stopped(Bench(slack, tmp_path), account, where)
    slack.change(account.token, state="invalid_auth")
    with bench(slack, tmp_path) as later:
        assert later.resume(account).state == "unproven" and later.state() == "unproven"


def test_what_was_only_planned_is_not_begun(slack: Standin, here: Bench) -> None:
    account = slack.plant("bot")
    here.plan(account)
    said = here.resume(account)
    assert said.state == "held" and here.asked() == [] and here.state() == "held"


def test_an_intent_of_which_slack_says_nothing_was_never_sent(slack: Standin, tmp_path: Path) -> None:
    account = slack.plant("bot")
    stopped(Bench(slack, tmp_path), account, "sent")
    slack.change(account.token, state="invalid_auth")
    with bench(slack, tmp_path) as later:
        said = later.resume(account)
        assert said.state == "failed" and "nothing was sent" in said.reason and later.state() == "held"


def test_an_intent_after_an_earlier_try_is_not_said_to_be_unsent(slack: Standin, tmp_path: Path) -> None:
    account = slack.plant("bot")
    with bench(slack, tmp_path) as first:
        slack.faults.add(REVOKE, faults.broken(503), times=TRIES)
        assert first.revoke(account).state == "unproven"
        first.journal.intent(1)
    slack.change(account.token, state="invalid_auth")
    with bench(slack, tmp_path) as later:
        assert later.resume(account).state == "unproven" and later.state() == "intent"


def test_a_restricted_token_is_sent_by_resume_only_if_it_never_was(slack: Standin, tmp_path: Path) -> None:
    account = slack.plant("bot", state="missing_scope")
    stopped(Bench(slack, tmp_path), account, "sent")
    with bench(slack, tmp_path) as later:
        slack.faults.add(REVOKE, faults.broken(503))
        assert later.resume(account).state == "unproven" and later.asked().count(REVOKE) == 1
    with bench(slack, tmp_path) as last:
        assert last.resume(account).state == "unproven" and last.asked().count(REVOKE) == 1


def test_resume_keeps_off_what_somebody_else_is_at(slack: Standin, here: Bench, tmp_path: Path) -> None:
    account = slack.plant("bot")
    here.journal.intent(here.plan(account).id)
    with bench(slack, tmp_path) as other:
        assert "not touched here" in other.resume(account).reason
    assert REVOKE not in here.asked()


def test_no_time_left_is_no_request(slack: Standin, tmp_path: Path) -> None:
    account = slack.plant("bot")
    with bench(slack, tmp_path, deadline=5.0) as late:
        late.clock.now = 6.0
        said = late.revoke(account)
    assert said.state == "failed" and "deadline" in said.reason and slack.requests == ()


def test_the_deadline_may_come_right_before_the_request(slack: Standin, tmp_path: Path) -> None:
    account = slack.plant("bot")
    with bench(slack, tmp_path, deadline=5.0) as late:

        def at(step: str) -> None:
            late.clock.now = 6.0 if step == "request" else late.clock.now

        said = act.revoke(late.means._replace(at=at), token(account), late.plan(account), None)
        assert said.state == "unproven" and "deadline" in said.reason and late.asked() == [LOOK]
        assert late.state() == "unproven"
