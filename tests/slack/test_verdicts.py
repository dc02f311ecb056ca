"""Every word of Slack has its row, and what follows from it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.model import Identity
from scanner.slack.answers import AUTH_TEST, DEADLINE, REHEARSAL, REVOKE, WEBHOOK, Answer
from scanner.slack.verdicts import CODES, WEBHOOK_CODES, unsupported, verdict
from tests.slack.conftest import BOT, found

NOW = "2026-11-22T00:00:00Z"

# facts, section 2, and the two of section 3.
FACTS = {
    "inactive": "token_revoked account_inactive token_expired",
    "rejected": "invalid_auth",
    "restricted": (
        "missing_scope not_allowed_token_type no_permission access_denied accesslimited org_login_required "
        "ekm_access_denied team_access_not_granted team_added_to_org two_factor_setup_required "
        "enterprise_is_restricted is_bot user_is_bot cannot_revoke_org_bot_token"
    ),
    "unknown": (
        "ratelimited service_unavailable fatal_error internal_error request_timeout not_authed invalid_arg_name "
        "invalid_array_arg invalid_arguments invalid_charset invalid_form_data invalid_post_type missing_post_type "
        "invalid_json json_not_object unknown_method method_deprecated deprecated_endpoint upgrade_required "
        "not_bearer_token"
    ),
}
# facts, section 4.
HOOK_FACTS = {
    "active": "invalid_payload no_text missing_text_or_fallback_or_attachments",
    "inactive": "invalid_token no_service no_service_id no_team no_active_hooks team_disabled",
    "restricted": "action_prohibited channel_is_archived channel_not_found posting_to_general_channel_denied",
    "unknown": "rollup_error",
}


def rows(facts: dict[str, str]) -> list[tuple[str, str]]:
    return [(code, state) for state, codes in facts.items() for code in codes.split()]


def of(code: str, method: str = AUTH_TEST, kind: str = "bot") -> tuple[str, str]:
    got = verdict(found(kind), Answer(method, False, code, status=200), NOW)
    assert (got.code, got.checked_at) == (code, NOW)
    return got.state, got.reason


@pytest.mark.parametrize(("code", "state"), rows(FACTS))
def test_every_code_has_its_row(code: str, state: str) -> None:
    said, reason = of(code)
    assert said == state and reason and CODES[code].source
    assert ("unconfirmed" in CODES[code].source) == (state == "restricted" and code != "cannot_revoke_org_bot_token")


@pytest.mark.parametrize(("code", "state"), rows(HOOK_FACTS))
def test_every_word_of_a_webhook_has_its_row(code: str, state: str) -> None:
    said, reason = of(code, WEBHOOK, "webhook")
    assert said == state and reason and WEBHOOK_CODES[code].source


def test_the_tables_hold_nothing_else() -> None:
    assert set(CODES) == {code for code, _ in rows(FACTS)}
    assert set(WEBHOOK_CODES) == {code for code, _ in rows(HOOK_FACTS)}


@given(st.from_regex(r"[a-z][a-z_]{0,40}", fullmatch=True))
def test_another_code_is_unknown(code: str) -> None:
    if code not in CODES:
        state, reason = of(code)
        assert state == "unknown" and code in reason
    if code not in WEBHOOK_CODES:
        assert of(code, WEBHOOK, "webhook")[0] == "unknown"


def test_the_tables_are_kept_apart() -> None:
    assert of("no_service")[0] == "unknown" and of("token_revoked", WEBHOOK, "webhook")[0] == "unknown"


def test_rejected_says_what_it_can_mean() -> None:
    reason = of("invalid_auth")[1]
    for word in ("does not prove", "IP allow-list", "GovSlack", "slack-gov.com", "cut", "revoked"):
        assert word in reason


def test_expired_does_not_close_the_case() -> None:
    assert "refresh token of the same grant may live" in of("token_expired")[1]


@pytest.mark.parametrize("failure", ["timeout", "not JSON", "HTTP 503", "rate limited", "connection failed", DEADLINE])
def test_a_failure_is_unknown_with_its_reason(failure: str) -> None:
    got = verdict(BOT, Answer(AUTH_TEST, False, failure=failure), NOW)
    assert (got.state, got.reason, got.code) == ("unknown", failure, None)


def test_a_failure_names_the_last_word() -> None:
    busy = Answer(AUTH_TEST, False, "ratelimited", "rate limited", status=429)
    assert verdict(BOT, busy, NOW).reason == "rate limited (ratelimited)"
    late = busy._replace(failure=f"{DEADLINE} (the last answer: HTTP 429, ratelimited)")
    assert verdict(BOT, late, NOW).reason == late.failure


def test_a_failure_wins_over_whatever_else_is_said() -> None:
    assert verdict(BOT, Answer(AUTH_TEST, True, "token_revoked", "timeout"), NOW).state == "unknown"


def test_alive_brings_identity_scopes_impact_and_expiry() -> None:
    whose = Identity("Acme", "T1", user_id="U1")
    answer = Answer(AUTH_TEST, True, identity=whose, scopes=("chat:write", "admin"), expires_in=60, org_wide=True)
    got = verdict(BOT, answer, NOW)
    assert (got.state, got.identity, got.scopes, got.code) == ("active", whose, ("chat:write", "admin"), None)
    assert got.impact[0].startswith("administer") and got.expires_in == 60 and got.org_wide
    assert got.reason == "Slack accepts it; it expires in 60 s; it holds for a whole organisation"


def test_a_dead_secret_harms_nobody_and_a_missing_scope_is_named() -> None:
    dead = verdict(found("webhook"), Answer(WEBHOOK, False, "no_service"), NOW)
    assert dead.impact == () and verdict(found("webhook"), Answer(WEBHOOK, True), NOW).impact
    lacking = Answer(AUTH_TEST, False, "missing_scope", needed="admin.users:read")
    assert "it lacks admin.users:read" in verdict(BOT, lacking, NOW).reason


@pytest.mark.parametrize("method", [REHEARSAL, REVOKE, "api.test"])
def test_ok_of_another_method_proves_nothing(method: str) -> None:
    for revoked in (True, False, None):
        assert verdict(BOT, Answer(method, True, revoked=revoked), NOW).state == "unknown"


def test_a_probed_session_is_told_of() -> None:
    token = found("session-client", cookie=BOT.secret)
    for answer in (
        Answer(AUTH_TEST, True),
        Answer(AUTH_TEST, False, "invalid_auth"),
        Answer(AUTH_TEST, False, failure="x"),
    ):
        assert "logged the person out" in verdict(token, answer, NOW).reason


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("refresh", "not proven dead"),
        ("config-refresh", "not proven dead"),
        ("export", "download"),
        ("session-cookie", "shape alone"),
        ("workflow-webhook", "start the workflow"),
        ("trigger", "start the workflow"),
        ("workflow", "15 minutes"),
        ("app-secret", "no check"),
    ],
)
def test_kinds_without_a_harmless_check(kind: str, word: str) -> None:
    got = unsupported(kind)
    assert got is not None and got.state == "unsupported" and word in got.reason and got.checked_at is None


@pytest.mark.parametrize("kind", ["bot", "user", "app-level", "config-access", "webhook", "session-client"])
def test_the_others_can_be_asked_about(kind: str) -> None:
    assert unsupported(kind) is None
