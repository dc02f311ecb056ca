"""The stand-in for Slack: what auth.revoke takes, and what revoking does to the token and to others."""

from __future__ import annotations

import pytest
import requests

from scanner import fakes
from scanner.demo.standin import Standin, Switches
from scanner.demo.standin_accounts import RESTRICTED, REVOCABLE, UNCONFIRMED
from tests.conftest import CLOCK
from tests.demo.asking import ask, error, once, plant


@pytest.mark.parametrize("kind", REVOCABLE)
def test_what_the_api_revokes_is_dead_afterwards(slack: Standin, kind: str) -> None:
    slack.switches = Switches(test_refresh=True)
    account = slack.plant(kind, scopes=("chat:write",))
    assert error(slack, "auth.test", account.token) == "ok"
    answer = ask(slack, "auth.revoke", account.token)
    assert answer == {"ok": True, "revoked": True, "response_metadata": {"scopes": ["chat:write"]}}
    assert error(slack, "auth.test", account.token) == "token_revoked"
    assert error(slack, "auth.revoke", account.token) == "token_revoked"
    assert slack.revocations(account.token) == 1


@pytest.mark.parametrize("says", ["token_revoked", "account_inactive", "invalid_auth"])
def test_what_a_dead_token_is_told_is_a_switch(slack: Standin, says: str) -> None:
    slack.switches = Switches(revoked_says=says)
    token = slack.plant("bot").token
    ask(slack, "auth.revoke", token)
    assert error(slack, "auth.test", token) == error(slack, "auth.revoke", token) == says


@pytest.mark.parametrize("revoked", [False, True])
@pytest.mark.parametrize("value", ["1", "true"])
def test_a_dry_run_keeps_the_token_and_its_word_is_a_switch(slack: Standin, value: str, revoked: bool) -> None:
    slack.switches = Switches(dry_run_revoked=revoked)
    token = slack.plant("bot").token
    assert ask(slack, "auth.revoke", token, test=value)["revoked"] is revoked
    assert error(slack, "auth.test", token) == "ok"
    assert (slack.revocations(token), slack.requests[0].dry, slack.requests[0].revokes) == (0, True, False)


def test_a_dry_run_of_a_bad_token_says_so(slack: Standin) -> None:
    assert error(slack, "auth.revoke", fakes.render("{{bot_token}}", 9), test="1") == "invalid_auth"
    assert error(slack, "auth.revoke", slack.plant("user", state="revoked").token, test="1") == "token_revoked"


@pytest.mark.parametrize("value", ["0", "false", "no"])
def test_a_test_that_is_false_revokes(slack: Standin, value: str) -> None:
    token = slack.plant("bot").token
    assert ask(slack, "auth.revoke", token, test=value)["revoked"] is True
    assert slack.revocations(token) == 1


@pytest.mark.parametrize(
    ("kind", "switch"),
    [
        ("app-level", Switches(revoke_app_level=True)),
        *((kind, Switches(revoke_unconfirmed=True)) for kind in UNCONFIRMED),
    ],
)
def test_kinds_that_slack_does_not_speak_of_are_switches(slack: Standin, kind: str, switch: Switches) -> None:
    account = plant(slack, kind)
    headers = {"Cookie": f"d={once(account.cookie)}"}

    def tried() -> object:
        data = {"token": account.token}
        return requests.post(slack.url + "auth.revoke", data=data, headers=headers, timeout=10).json().get("error")

    assert tried() == "not_bearer_token"
    slack.switches = switch
    assert tried() is None
    assert slack.revocations(account.token) == 1


def test_a_bot_of_a_whole_org_and_other_refusals(slack: Standin) -> None:
    org = slack.plant("bot", org_wide=True)
    stubborn = slack.plant("user", revoke_error="no_permission")
    for test in ({}, {"test": "1"}):
        assert error(slack, "auth.revoke", org.token, **test) == "cannot_revoke_org_bot_token"
        assert error(slack, "auth.revoke", stubborn.token, **test) == "no_permission"
    assert slack.account(org.token).lives


def test_whether_a_dry_run_sees_what_the_real_one_refuses_is_a_switch(slack: Standin) -> None:
    slack.switches = Switches(dry_run_checks=False)
    token = slack.plant("bot", org_wide=True).token
    assert error(slack, "auth.revoke", token, test="1") == "ok"
    assert error(slack, "auth.revoke", token) == "cannot_revoke_org_bot_token"


@pytest.mark.parametrize("works", [True, False])
@pytest.mark.parametrize("code", RESTRICTED)
def test_revoking_what_is_restricted_is_a_switch(slack: Standin, code: str, works: bool) -> None:
    slack.switches = Switches(restricted_revokes=works)
    account = slack.plant("user", state=code)
    assert error(slack, "auth.revoke", account.token) == ("ok" if works else code)
    assert slack.account(account.token).lives is not works


# What revoking does to others


def test_a_bot_loses_its_channels_and_with_the_last_token_the_installation_ends(slack: Standin) -> None:
    user = slack.plant("user", app_id="A1", user_id="U1")
    bot = slack.plant("bot", app_id="A1", user_id="U2", channels=("C1", "C2"))
    ask(slack, "auth.revoke", bot.token)
    assert slack.account(bot.token).channels == ()
    assert [(event.name, event.users) for event in slack.events] == [("tokens_revoked", ("U2",))]
    assert error(slack, "auth.test", user.token) == "ok"
    ask(slack, "auth.revoke", user.token)
    assert [event.name for event in slack.events[1:]] == ["tokens_revoked", "app_uninstalled"]


@pytest.mark.parametrize("kills", [True, False])
def test_the_installers_user_token_may_take_the_bot_with_it(slack: Standin, kills: bool) -> None:
    slack.switches = Switches(installer_kills_bot=kills)
    bot = slack.plant("bot", app_id="A1", channels=("C1",))
    other = slack.plant("bot", app_id="A2", seed=2)
    installer = slack.plant("user", app_id="A1", installer=True)
    ask(slack, "auth.revoke", installer.token)
    assert error(slack, "auth.test", bot.token) == ("token_revoked" if kills else "ok")
    assert slack.account(bot.token).channels == (() if kills else ("C1",))
    assert error(slack, "auth.test", other.token) == "ok"
    assert (slack.revocations(installer.token), slack.revocations(bot.token)) == (1, 0)


def test_a_rotating_token_dies_alone_and_in_silence(slack: Standin) -> None:
    first, second = (slack.plant("config-access", seed=seed, grant="one", app_id="A1") for seed in (1, 2))
    refresh = slack.plant("config-refresh", grant="one", app_id="A1")
    ask(slack, "auth.revoke", first.token)
    assert error(slack, "auth.test", second.token) == "ok"
    assert slack.account(refresh.token).lives
    ask(slack, "auth.revoke", refresh.token)
    assert error(slack, "auth.test", second.token) == "ok"
    assert slack.events == ()


@pytest.mark.parametrize("ends", [True, False])
def test_the_long_lived_token_of_a_migration_may_end_the_rotating_ones(slack: Standin, ends: bool) -> None:
    slack.switches = Switches(migration_ends_rotating=ends)
    old = slack.plant("bot", app_id="A1")
    new = slack.plant("config-access", app_id="A1")
    ask(slack, "auth.revoke", old.token)
    assert slack.account(new.token).lives is not ends


def test_a_token_of_no_app_tells_nobody(slack: Standin) -> None:
    legacy, other = slack.plant("user-legacy"), slack.plant("bot-legacy")
    ask(slack, "auth.revoke", legacy.token)
    assert (slack.events, slack.account(other.token).lives) == ((), True)


def test_a_refresh_token_is_consumed_and_the_third_access_token_ends_the_oldest(slack: Standin) -> None:
    refresh = slack.plant("config-refresh", grant="one").token
    access = []
    for _ in range(3):
        answer = ask(slack, "tooling.tokens.rotate", "", refresh_token=refresh)
        assert error(slack, "tooling.tokens.rotate", "", refresh_token=refresh) == "invalid_refresh_token"
        refresh = str(answer["refresh_token"])
        access.append(str(answer["token"]))
        assert answer["exp"] == int(CLOCK) + 43200
    assert [error(slack, "auth.test", token) for token in access] == ["token_revoked", "ok", "ok"]
    assert all(refresh not in repr(seen) for seen in slack.requests)


def test_a_refresh_token_that_was_revoked_cannot_be_rotated(slack: Standin) -> None:
    refresh = slack.plant("config-refresh").token
    ask(slack, "auth.revoke", refresh)
    assert error(slack, "tooling.tokens.rotate", "", refresh_token=refresh) == "invalid_refresh_token"
    lone = slack.plant("config-refresh", seed=2).token
    assert ask(slack, "tooling.tokens.rotate", "", refresh_token=lone)["ok"] is True
