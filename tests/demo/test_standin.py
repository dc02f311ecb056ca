"""The stand-in for Slack, asked as a client asks: who a token is, and what is on record afterwards."""

from __future__ import annotations

import http.client
import threading
from email.utils import parsedate_to_datetime
from urllib.parse import quote

import pytest
import requests

from scanner import fakes
from scanner.demo.standin import Standin, Switches
from scanner.demo.standin_accounts import CODES, WEB_API
from tests.conftest import CLOCK
from tests.demo.asking import ask, error, once, plant

# auth.test


def test_a_bot_is_told_who_it_is(slack: Standin) -> None:
    bot = slack.plant(
        "bot", user="deploybot", bot_id="B1", team="Our Team", team_id="T1", user_id="U1", enterprise_id="E1"
    )
    assert ask(slack, "auth.test", bot.token) == {
        "ok": True,
        "url": "https://our-team.slack.com/",
        "team": "Our Team",
        "user": "deploybot",
        "team_id": "T1",
        "user_id": "U1",
        "bot_id": "B1",
        "enterprise_id": "E1",
        "is_enterprise_install": False,
    }


def test_only_app_level_tokens_name_their_app_and_rotating_ones_their_end(slack: Standin) -> None:
    app = slack.plant("app-level", app_id="A1", app_name="Bot")
    user = slack.plant("user", app_id="A1", app_name="Bot")
    rotating = slack.plant("config-access", expires_in=1200)
    assert ask(slack, "auth.test", app.token)["app_id"] == "A1"
    assert "app_id" not in ask(slack, "auth.test", user.token)
    assert ask(slack, "auth.test", rotating.token)["expires_in"] == 1200


def test_headers_carry_scopes_a_request_id_and_the_date(slack: Standin) -> None:
    user = slack.plant("user", scopes=("admin", "files:read"))
    answers = [
        requests.post(slack.url + "auth.test", headers={"Authorization": f"Bearer {user.token}"}, timeout=10)
        for _ in range(2)
    ]
    assert answers[0].headers["X-OAuth-Scopes"] == "admin,files:read"
    assert "x-accepted-oauth-scopes" in answers[0].headers
    assert parsedate_to_datetime(answers[0].headers["Date"]).timestamp() == CLOCK
    assert len({answer.headers["x-slack-req-id"] for answer in answers}) == 2


@pytest.mark.no_cover
@pytest.mark.parametrize("code", CODES)
def test_every_code_is_answered_on_demand(slack: Standin, code: str) -> None:
    account = slack.plant("user", state=code)
    answer = requests.post(slack.url + "auth.test", data={"token": account.token}, timeout=10)
    assert answer.json()["error"] == code
    assert answer.status_code == (429 if code == "ratelimited" else 200)
    assert ("Retry-After" in answer.headers) is (code == "ratelimited")
    assert ("needed" in answer.json()) is (code == "missing_scope")
    assert error(slack, "auth.test", account.token) == slack.requests[-1].code == code


@pytest.mark.parametrize(
    ("state", "code"), [("active", "ok"), ("revoked", "token_revoked"), ("expired", "token_expired")]
)
@pytest.mark.parametrize(
    "kind", ["bot", "bot-legacy", "user", "user-legacy", "config-access", "app-level", "workspace"]
)
def test_tokens_of_every_kind_in_every_state(slack: Standin, kind: str, state: str, code: str) -> None:
    assert error(slack, "auth.test", plant(slack, kind, state).token) == code


@pytest.mark.parametrize("kind", sorted(set(fakes.KINDS) - set(WEB_API)))
def test_what_is_no_token_is_invalid(slack: Standin, kind: str) -> None:
    assert error(slack, "auth.test", slack.plant(kind).token) == "invalid_auth"


def test_a_token_is_taken_from_the_header_or_the_form_and_not_from_the_query_or_json(slack: Standin) -> None:
    token, url = slack.plant("bot").token, slack.url + "auth.test"
    bearer = {"Authorization": f"Bearer {token}"}
    answers = [
        requests.post(url, headers=bearer, timeout=10),
        requests.get(url, headers=bearer, timeout=10),
        requests.post(url, data={"token": token}, timeout=10),
        requests.post(url, headers=bearer, data={"token": token}, timeout=10),
        requests.post(url, params={"token": token}, timeout=10),
        requests.post(url, json={"token": token}, timeout=10),
        requests.post(url, headers={"Authorization": "Basic eA=="}, timeout=10),
        requests.post(url, timeout=10),
    ]
    assert [answer.json().get("error") for answer in answers] == [
        *(None, None, None, None),
        *("invalid_auth", "not_authed", "not_authed", "not_authed"),
    ]
    ways = [seen.token_in for seen in slack.requests]
    assert ways == ["header", "header", "form", "header+form", "query", "json", "", ""]
    assert all(token not in repr(seen) for seen in slack.requests)


def test_an_unknown_token_is_invalid_and_has_a_name_on_record(slack: Standin) -> None:
    stranger = fakes.render("{{bot_token}}", 9)
    assert error(slack, "auth.test", stranger) == "invalid_auth"
    assert slack.requests[0].fingerprint == slack.named(stranger).fingerprint
    assert slack.named(stranger).kind == "bot"
    assert slack.named("something else").kind == "unknown"


def test_a_live_refresh_token_is_a_switch(slack: Standin) -> None:
    token = slack.plant("config-refresh").token
    assert error(slack, "auth.test", token) == "invalid_auth"
    slack.switches = Switches(test_refresh=True)
    assert error(slack, "auth.test", token) == "ok"


def test_a_session_wants_its_living_cookie(slack: Standin) -> None:
    session = plant(slack, "session-client")
    assert session.cookie is not None
    cookie = {"Cookie": f"b=1; d={once(session.cookie)}"}

    def tried(headers: dict[str, str]) -> object:
        url = slack.url + "auth.test"
        return requests.post(url, data={"token": session.token}, headers=headers, timeout=10).json()["ok"]

    assert tried(cookie) is True
    assert slack.requests[-1].cookie is True
    assert tried({}) is False
    assert tried({"Cookie": "d=other"}) is False
    assert tried({"Cookie": f"d={quote(once(session.cookie))}"}) is False
    slack.change(session.cookie, state="revoked")
    assert tried(cookie) is False
    slack.change(session.token, cookie=None)
    assert tried(cookie) is False


def test_a_session_in_the_header_is_a_switch(slack: Standin) -> None:
    session = plant(slack, "session-client")
    headers = {"Authorization": f"Bearer {session.token}", "Cookie": f"d={once(session.cookie)}"}
    for counts in (True, False):
        slack.switches = Switches(session_by_header=counts)
        assert requests.post(slack.url + "auth.test", headers=headers, timeout=10).json()["ok"] is counts


def test_methods_that_do_not_exist(slack: Standin) -> None:
    token = slack.plant("bot").token
    assert ask(slack, "auth.tests", token) == {"ok": False, "error": "unknown_method", "req_method": "auth.tests"}
    assert ask(slack, "api.test", token) == {"ok": True}
    assert requests.get(slack.hooks + "/elsewhere", timeout=10).status_code == 404


# What is on record


def test_of_many_revocations_at_once_one_is_real(slack: Standin) -> None:
    token = slack.plant("user", app_id="A1").token
    together = threading.Barrier(16)

    def revoke() -> None:
        together.wait()
        ask(slack, "auth.revoke", token)

    threads = [threading.Thread(target=revoke) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert slack.revocations(token) == sum(seen.effective for seen in slack.requests) == 1
    assert sorted(seen.number for seen in slack.requests) == list(range(1, 17))
    assert [event.name for event in slack.events] == ["tokens_revoked", "app_uninstalled"]


def test_a_revocation_knows_whether_a_fresh_test_came_before(slack: Standin) -> None:
    one, other = slack.plant("user").token, slack.plant("user", seed=2).token
    for method, token in (
        *(("auth.revoke", other), ("auth.test", one), ("auth.test", other), ("auth.revoke", one)),
        *(("auth.revoke", one), ("auth.test", one), ("auth.revoke", one)),
    ):
        ask(slack, method, token)
    assert [(seen.fresh, seen.effective) for seen in slack.requests if seen.revokes] == [
        *((False, True), (True, True), (False, False), (False, False)),
    ]


def test_a_dry_run_uses_no_fresh_test_up_and_a_mark_does(slack: Standin) -> None:
    token = slack.plant("user").token
    ask(slack, "auth.test", token)
    ask(slack, "auth.revoke", token, test="1")
    slack.mark()
    ask(slack, "auth.revoke", token)
    assert [seen.fresh for seen in slack.requests] == [False, True, False]


def test_a_request_is_on_record_with_what_may_be_known_of_it(slack: Standin) -> None:
    token = slack.plant("bot").token
    requests.post(
        slack.url + "auth.revoke?x=y", data={"token": token, "test": "1"}, headers={"User-Agent": "me/1"}, timeout=10
    )
    (seen,) = slack.requests
    assert (seen.method, seen.verb, seen.path) == ("auth.revoke", "POST", "/api/auth.revoke")
    assert seen.arguments == (("x", "y"), ("test", "1"))
    assert (seen.user_agent, seen.at, seen.code, seen.answered) == ("me/1", CLOCK, "ok", True)
    assert "content-type" in seen.headers


def test_accounts_do_not_print_themselves(slack: Standin) -> None:
    account = slack.plant("bot")
    assert account.token not in repr(account)
    with pytest.raises(KeyError):
        slack.account("nobody")


def test_one_connection_serves_many_requests(slack: Standin) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", int(slack.hooks.rpartition(":")[2]), timeout=10)
    token = slack.plant("bot").token
    for _ in range(3):
        connection.request(
            "POST", "/api/auth.test", f"token={token}", {"Content-Type": "application/x-www-form-urlencoded"}
        )
        answer = connection.getresponse()
        assert b'"ok":true' in answer.read()
        assert not answer.will_close
    connection.close()


def test_a_body_without_a_length_is_refused_and_the_connection_closed(slack: Standin) -> None:
    answer = requests.post(slack.url + "auth.test", data=iter([b"token=x"]), timeout=10)
    assert (answer.status_code, answer.headers["Connection"]) == (411, "close")
    assert slack.requests == ()
