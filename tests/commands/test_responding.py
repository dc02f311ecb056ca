"""`--respond` of history, range and scan: whose word counts, what is exposed, what is sent, and the statuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scanner.demo import standin_faults as faults
from scanner.demo.standin import Account, Standin
from tests.commands.conftest import OURS, Program, publish
from tests.commands.terminal import talk
from tests.conftest import Repo, Result
from tests.respond.slacks import rotating

LOOK, DRY, REVOKE = "auth.test", "auth.revoke test", "auth.revoke"
PUBLIC = ("--visibility", "public")
ACT = ("--respond", "revoke", "--yes")
EXPIRED = "token_expired"


def commit(repo: Repo, *accounts: Account) -> str:
    return repo.commit({f"{number}.env": f"{each.token}\n".encode() for number, each in enumerate(accounts)})


def shown(repo: Repo, *accounts: Account) -> str:
    """Commits and pushes."""
    oid = commit(repo, *accounts)
    publish(repo)
    return oid


def grant(slack: Standin, **fields: object) -> tuple[Account, Account]:
    """An access token and the refresh token of its grant."""
    access, refresh = rotating()
    return slack.add(Account(access)._replace(**fields)), slack.add(Account(refresh))  # type: ignore[arg-type]


# How far to go


def test_nothing_is_sent_unless_somebody_asks_for_it(slack: Standin, program: Program, pushed: Repo) -> None:
    pushed.commit()
    shown(pushed, slack.plant("bot"))
    for command in (("history",), ("range", "HEAD~1..HEAD"), ("scan",)):
        assert program(*command, env={"SLACK_API_URL": "http://127.0.0.1:9/api/"}).status == 1
    assert slack.requests == () and not program.state.exists()


def test_verify_asks_once_for_each_secret_wherever_it_stands(slack: Standin, program: Program, pushed: Repo) -> None:
    account = slack.plant("bot", user="deploybot", bot_id="B0DEMO", scopes=("chat:write",))
    commit(pushed, account)
    pushed.commit({"again.env": account.token.encode(), "once more": account.token.encode()}, account.token)
    said = program.json("history", "--respond", "verify")
    assert program.asked() == [LOOK] and said.status == 1
    verdict = said.finding["verdict"]
    assert verdict["state"] == "active" and verdict["scopes"] == ["chat:write"] and verdict["impact"]
    assert verdict["identity"]["team_id"] == "T0DEMO" and verdict["identity"]["bot_id"] == "B0DEMO"
    assert said.finding["response"] is None


def test_rehearse_sends_no_revocation_even_of_what_is_exposed(slack: Standin, program: Program, pushed: Repo) -> None:
    shown(pushed, *grant(slack), slack.plant("bot", user_id="U1"), slack.plant("user", user_id="U2"))
    config = program.config(OURS + "unverified: revoke\n")
    said = program.json("history", "--respond", "rehearse", "--yes", *PUBLIC, config)
    assert set(said.states.values()) == {"rehearsed"} and said.status == 1
    assert set(program.asked()) == {LOOK, DRY}
    assert all(account.lives for account in slack.state.accounts())


def test_revoke_revokes_what_is_exposed_and_ours_with_proof(slack: Standin, program: Program, pushed: Repo) -> None:
    account = slack.plant("bot")
    shown(pushed, account)
    said = program.json("history", *ACT, *PUBLIC, program.config(OURS))
    assert said.state == "revoked" and said.status == 1  # its bytes still stand there
    response = said.finding["response"]
    assert response["policy"] == "mirror-slack" and "token_revoked" in response["proof"] and response["at"]
    assert program.asked() == [LOOK, LOOK, REVOKE, LOOK] and slack.revocations(account.token) == 1


def test_a_range_is_revoked_like_a_history(slack: Standin, program: Program, pushed: Repo) -> None:
    before = pushed.commit({"README": b"first\n"})
    shown(pushed, slack.plant("bot"))
    assert program.json("range", f"{before}..HEAD", *ACT, *PUBLIC, program.config(OURS)).state == "revoked"


def test_scan_verifies_and_rehearses_and_never_revokes(slack: Standin, program: Program, pushed: Repo) -> None:
    shown(pushed, slack.plant("bot"))
    result = program("scan", *ACT, *PUBLIC, program.config(OURS))
    assert result.status == 2 and slack.requests == ()
    assert program.json("scan", "--respond", "verify").finding["verdict"]["state"] == "active"
    assert program.json("scan", "--respond", "rehearse", *PUBLIC, program.config(OURS)).state == "rehearsed"
    assert REVOKE not in program.asked()


def test_a_scan_outside_any_repository_can_ask_too(
    slack: Standin, program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plain").mkdir()
    monkeypatch.chdir(tmp_path / "plain")
    (tmp_path / "plain" / "a.env").write_text(slack.plant("bot").token)
    said = program.json("scan", "--respond", "rehearse", *PUBLIC, program.config(OURS))
    assert said.state == "rehearsed" and program.asked() == [LOOK, DRY]


@pytest.mark.parametrize("command", ["hook", "staged"])
def test_hooks_never_touch_the_network(slack: Standin, program: Program, repo: Repo, command: str) -> None:
    repo.write("a.env", slack.plant("bot").token.encode())
    repo.git("add", "-A")
    assert program(command, "--respond", "verify").status == 2
    assert program(command).status == 1 and slack.requests == ()


# Exposed


def test_a_private_repository_is_only_rehearsed(slack: Standin, program: Program, pushed: Repo) -> None:
    shown(pushed, slack.plant("bot"))
    for visibility in ((), ("--visibility", "private")):  # unknown counts as private
        said = program.json("history", *ACT, *visibility, program.config(OURS))
        assert said.state == "rehearsed" and said.status == 1
    assert REVOKE not in program.asked()


def hidden_unpushed(repo: Repo, secret: bytes) -> None:
    repo.commit({"a.env": secret})


def hidden_stash(repo: Repo, secret: bytes) -> None:
    repo.write("README", secret)
    repo.git("stash", "-q")


def hidden_reflog(repo: Repo, secret: bytes) -> None:
    repo.commit({"a.env": secret})
    repo.git("reset", "-q", "--hard", "HEAD~1")


def hidden_unreachable(repo: Repo, secret: bytes) -> None:
    repo.git("hash-object", "-w", "--stdin", stdin=secret)


def hidden_index(repo: Repo, secret: bytes) -> None:
    repo.write("a.env", secret)
    repo.git("add", "-A")


@pytest.mark.parametrize(
    "hide", [hidden_unpushed, hidden_stash, hidden_reflog, hidden_unreachable, hidden_index], ids=lambda f: f.__name__
)
def test_what_no_public_remote_holds_is_not_exposed(
    slack: Standin, program: Program, pushed: Repo, hide: object
) -> None:
    pushed.commit({"README": b"first\n"})
    publish(pushed)
    assert callable(hide)
    hide(pushed, slack.plant("bot").token.encode())
    said = program.json("history", *ACT, *PUBLIC, program.config(OURS))
    assert said.state == "rehearsed" and REVOKE not in program.asked()


def test_one_exposed_place_is_enough(slack: Standin, program: Program, pushed: Repo) -> None:
    account = slack.plant("bot")
    shown(pushed, account)
    pushed.git("rm", "-q", "0.env")
    pushed.commit({"elsewhere.env": account.token.encode()})
    assert program.json("history", *ACT, *PUBLIC, program.config(OURS)).state == "revoked"


# Ours


def test_foreign_workspaces_are_held(slack: Standin, program: Program, pushed: Repo) -> None:
    shown(pushed, slack.plant("bot", team_id="T0OTHER"))
    for words in ((), (program.config(OURS),)):
        said = program.json("history", *ACT, *PUBLIC, *words)
        assert said.state == "held" and "T0OTHER" in said.reason
    assert REVOKE not in program.asked()


def test_an_organisation_counts_as_its_workspaces_do(slack: Standin, program: Program, pushed: Repo) -> None:
    shown(pushed, slack.plant("bot", team_id="T0OTHER", enterprise_id="E0DEMO"))
    assert program.json("history", *ACT, *PUBLIC, program.config("workspaces: E0DEMO")).state == "revoked"


def test_what_an_organisation_installed_is_held_unless_listed(slack: Standin, program: Program, pushed: Repo) -> None:
    shown(pushed, slack.plant("user", enterprise_id="E0DEMO", org_wide=True))
    said = program.json("history", *ACT, *PUBLIC, program.config(OURS))
    assert said.state == "held" and "whole organisation" in said.reason and REVOKE not in program.asked()
    listed = program.config("workspaces: [T0DEMO, E0DEMO]")
    assert program.json("history", *ACT, *PUBLIC, listed).state == "revoked"


@pytest.mark.parametrize("code", ["org_login_required", "enterprise_is_restricted", "team_added_to_org"])
def test_what_a_person_must_decide_is_held(slack: Standin, program: Program, pushed: Repo, code: str) -> None:
    shown(pushed, slack.plant("bot", state=code))
    said = program.json("history", *ACT, *PUBLIC, program.config(OURS))
    assert said.state == "held" and code in said.reason and REVOKE not in program.asked()


def test_a_restricted_token_is_known_by_no_workspace_and_held_without_a_person(
    slack: Standin, program: Program, pushed: Repo
) -> None:
    shown(pushed, slack.plant("bot", state="missing_scope"))
    assert program.json("history", *ACT, *PUBLIC, program.config(OURS)).state == "held"


# Kinds without an API


@pytest.mark.parametrize("kind", ["webhook", "app-level", "session-client"])
def test_what_the_api_cannot_revoke_says_who_must_click_where(
    slack: Standin, program: Program, pushed: Repo, kind: str
) -> None:
    shown(pushed, slack.plant(kind))
    said = program.json("history", *ACT, *PUBLIC, program.config(OURS))
    assert said.state == "skipped" and "by hand" in said.reason and len(said.finding["remediation"]) > 80
    assert not {DRY, REVOKE} & set(program.asked())


# The base


def test_the_repository_cannot_have_anything_revoked(slack: Standin, program: Program, pushed: Repo) -> None:
    loose = b"policy:\n  - {then: revoke, reason: all of it}\n"
    pushed.commit({".xoxscan.yaml": loose})
    shown(pushed, slack.plant("bot"))
    said = program.json("history", *ACT, program.config(OURS))
    assert said.state == "rehearsed" and said.finding["response"]["policy"] == "mirror-slack"


def test_the_repository_can_hold_what_would_be_revoked(slack: Standin, program: Program, pushed: Repo) -> None:
    pushed.commit({".xoxscan.yaml": b"policy:\n  - {then: hold, reason: call the billing team}\n"})
    shown(pushed, slack.plant("bot"))
    said = program.json("history", *ACT, *PUBLIC, program.config(OURS))
    assert said.state == "held" and said.reason == "call the billing team" and REVOKE not in program.asked()


@pytest.mark.parametrize(
    "line", ["workspaces: T0DEMO", "max_revoke: 50", "unverified: revoke", "public_remote: origin"]
)
def test_what_only_the_operator_may_say_ends_the_run(slack: Standin, program: Program, pushed: Repo, line: str) -> None:
    pushed.commit({".xoxscan.yaml": line.encode() + b"\n"})
    shown(pushed, slack.plant("bot"))
    assert program("history", *ACT, *PUBLIC).status == 2 and slack.requests == ()


KNOWS_BETTER = """
skip_rules:
- {rule: slack-bot-token, reason: ours is better, owner: ada}
rules:
- id: our-bot
  name: A rule that says it knows better
  kind: bot
  description: The same token by another name.
  severity: high
  anchors: [xoxb]
  pattern: 'xoxb-(?P<secret>[0-9A-Za-z-]{20,90})'
  examples: []
  counter_examples: []
  references: [https://example.org/]
  remediation: None.
  verify: auth.test
  revoke: auth.revoke
"""


def test_a_rule_of_the_repository_does_not_make_a_kind_revocable(
    slack: Standin, program: Program, pushed: Repo
) -> None:
    pushed.commit({".xoxscan.yaml": KNOWS_BETTER.encode()})
    shown(pushed, slack.plant("bot"))
    said = program.json("history", *ACT, *PUBLIC, program.config(OURS))
    assert said.finding["rule"] == "our-bot" and said.finding["verdict"]["state"] == "active"
    assert said.state == "skipped" and "by hand" in said.reason and REVOKE not in program.asked()


@pytest.mark.parametrize("inside", [True, False])
def test_rules_of_the_command_line_count_unless_they_lie_in_the_work_tree(
    slack: Standin, program: Program, pushed: Repo, tmp_path: Path, inside: bool
) -> None:
    file = (pushed.path if inside else tmp_path) / "own.yaml"
    file.write_text(KNOWS_BETTER.partition("owner: ada}\n")[2])
    shown(pushed, slack.plant("bot"))
    words = ("--rules", file, "--skip", "slack-bot-token")
    said = program.json("history", *ACT, *PUBLIC, *words, program.config(OURS))
    assert said.state == ("skipped" if inside else "revoked")


def test_the_change_itself_says_nothing(slack: Standin, program: Program, pushed: Repo) -> None:
    before = pushed.commit({"README": b"first\n"})
    pushed.commit({".xoxscan.yaml": b"policy:\n  - {then: never, reason: keep it}\n"})
    shown(pushed, slack.plant("bot"))
    assert program.json("range", f"{before}..HEAD", *ACT, *PUBLIC, program.config(OURS)).state == "revoked"


def test_the_operators_policy_may_be_looser(slack: Standin, program: Program, pushed: Repo) -> None:
    shown(pushed, slack.plant("bot"))
    policy = OURS + "policy:\n  - {then: revoke, reason: wherever it stands}\n"
    said = program.json("history", *ACT, program.config(policy))
    assert said.state == "revoked" and said.finding["response"]["policy"].endswith("operator.yaml:3")


def test_never_is_skipped(slack: Standin, program: Program, pushed: Repo) -> None:
    shown(pushed, slack.plant("bot"))
    policy = OURS + "policy:\n  - {when: {workspace: T0DEMO}, then: never, reason: a playground}\n"
    said = program.json("history", *ACT, *PUBLIC, program.config(policy))
    assert said.state == "skipped" and said.reason == "a playground" and said.status == 1


# The plan and its ceiling


def test_a_plan_above_the_ceiling_sends_nothing_and_prints_itself(
    slack: Standin, program: Program, pushed: Repo
) -> None:
    accounts = [slack.plant("bot", seed=seed) for seed in range(3)]
    private = slack.plant("user", state="missing_scope")
    shown(pushed, *accounts, private)
    said = program.json("history", *ACT, *PUBLIC, "--max-revoke", "2", program.config(OURS))
    assert said.status == 4 and set(program.asked()) == {LOOK}
    assert {each["response"]["state"] for each in said.report["findings"]} == {"held"}
    assert said.notes.count("revoke: ") == 3 and "more than --max-revoke 2: nothing was sent" in said.notes
    assert said.notes.count("hold: ") == 1
    assert program.json("history", *ACT, *PUBLIC, "--max-revoke", "3", program.config(OURS)).status == 1
    assert not any(slack.account(each.token).lives for each in accounts)


def test_the_ceiling_is_five_unless_somebody_says_otherwise(slack: Standin, program: Program, pushed: Repo) -> None:
    accounts = [slack.plant("bot", seed=seed) for seed in range(6)]
    shown(pushed, *accounts)
    command = ("history", *ACT, *PUBLIC)
    assert program.json(*command, program.config(OURS)).status == 4
    assert program.json(*command, program.config(OURS + "max_revoke: 0\n")).status == 4
    assert REVOKE not in program.asked()
    over = program.config(OURS + "max_revoke: 0\n")
    assert program.json(*command, over, "--max-revoke", "6").status == 1
    assert program.asked().count(REVOKE) == 6


def test_what_is_no_number_of_tokens_is_refused(slack: Standin, program: Program, pushed: Repo) -> None:
    shown(pushed, slack.plant("bot"))
    assert program("history", *ACT, "--max-revoke", "-1").status == 2 and slack.requests == ()


# Consent


def test_without_a_terminal_it_needs_yes(slack: Standin, program: Program, pushed: Repo) -> None:
    shown(pushed, slack.plant("bot"))
    result = program("history", "--respond", "revoke", *PUBLIC, program.config(OURS))
    assert result.status == 2 and b"--yes" in result.err and slack.requests == ()


def asked_on_a_terminal(program: Program, *answers: str) -> tuple[int, str]:
    script = [("revoke it, for good? [yes/no] ", answer) for answer in answers]
    return talk(["history", "--respond", "revoke", *PUBLIC], script, program.env)


def test_a_person_sees_whose_it_is_and_what_breaks_and_agrees(slack: Standin, program: Program, pushed: Repo) -> None:
    account = slack.plant("bot", team="Acme", team_id="T0OTHER", bot_id="B0ACME", scopes=("admin",))
    shown(pushed, account)
    status, seen = asked_on_a_terminal(program, "maybe\n", "yes\n")
    assert status == 1 and slack.revocations(account.token) == 1
    assert "whose: team Acme T0OTHER" in seen and "bot B0ACME" in seen and "type yes or no" in seen
    assert "it lets its holder: " in seen and "loses its channel memberships" in seen
    assert account.token not in seen


def test_the_impact_of_user_tokens_is_told(slack: Standin, program: Program, pushed: Repo) -> None:
    shown(pushed, slack.plant("user-legacy", scopes=("read", "post", "client")))
    status, seen = asked_on_a_terminal(program, "no\n")
    assert status == 4 and "its bot token may die, too" in seen and "can never be made again" in seen


@pytest.mark.parametrize("answer", ["no\n", "\x04"], ids=["no", "left"])
def test_a_person_who_does_not_agree_is_obeyed(slack: Standin, program: Program, pushed: Repo, answer: str) -> None:
    shown(pushed, slack.plant("bot"))
    status, seen = asked_on_a_terminal(program, answer)
    assert status == 4 and "a person said no" in seen and REVOKE not in program.asked()


def test_everybody_is_asked_before_anything_is_done(slack: Standin, program: Program, pushed: Repo) -> None:
    one, two = slack.plant("bot", scopes=("admin",)), slack.plant("bot", seed=2)
    shown(pushed, one, two)
    status, _ = asked_on_a_terminal(program, "yes\n", "no\n")
    assert status == 4 and not slack.account(one.token).lives and slack.account(two.token).lives


def test_an_organisations_installation_is_held_even_if_a_person_is_there(
    slack: Standin, program: Program, pushed: Repo
) -> None:
    shown(pushed, slack.plant("user", enterprise_id="E0DEMO", org_wide=True))
    status, seen = asked_on_a_terminal(program)
    assert status == 1 and "whole organisation" in seen and REVOKE not in program.asked()


# Grants


def test_the_refresh_token_goes_first(slack: Standin, program: Program, pushed: Repo) -> None:
    access, refresh = grant(slack, scopes=("admin",))
    shown(pushed, access, refresh)
    said = program.json("history", *ACT, *PUBLIC, program.config(OURS))
    assert said.states == {"config-access": "revoked", "config-refresh": "revoked"}
    names = [slack.named(each.token).fingerprint for each in (refresh, refresh, access)]
    assert [seen.fingerprint for seen in slack.requests if seen.revokes] == names
    assert LOOK not in [seen.method for seen in slack.requests if seen.fingerprint == names[0]]


def test_an_expired_access_token_does_not_close_its_grant(slack: Standin, program: Program, pushed: Repo) -> None:
    """Without a terminal nobody can say whose it is; a person can."""
    access, refresh = grant(slack, state="expired")
    shown(pushed, access, refresh)
    said = program.json("history", *ACT, *PUBLIC, program.config(OURS), "--fail-on", "live")
    assert said.states == {"config-access": None, "config-refresh": "held"} and said.status == 1
    status, _ = asked_on_a_terminal(program, "yes\n")
    assert status == 1 and not slack.account(refresh.token).lives
    assert [seen.fingerprint for seen in slack.requests if seen.revokes] == [slack.named(refresh.token).fingerprint] * 2


def test_a_refresh_token_alone_is_held(slack: Standin, program: Program, pushed: Repo) -> None:
    shown(pushed, slack.plant("config-refresh"))
    said = program.json("history", *ACT, *PUBLIC, program.config(OURS))
    assert said.state == "held" and slack.requests == ()
    assert said.finding["verdict"]["state"] == "unsupported" and "not proven dead" in said.finding["verdict"]["reason"]


def test_unverified_says_what_becomes_of_it(slack: Standin, program: Program, pushed: Repo) -> None:
    account = slack.plant("config-refresh")
    shown(pushed, account)
    rehearse = program.config(OURS + "unverified: rehearse\n")
    assert program.json("history", *ACT, *PUBLIC, rehearse).state == "rehearsed"
    assert program.asked() == [DRY] and slack.account(account.token).lives
    hold = program.config("unverified: hold\n")
    assert program.json("history", *ACT, *PUBLIC, hold).state == "held"


def test_nearness_is_no_grant(slack: Standin, program: Program, pushed: Repo) -> None:
    access, refresh = slack.plant("config-access"), slack.plant("config-refresh")
    pushed.commit({"both.env": f"{access.token} {refresh.token}\n".encode()})
    publish(pushed)
    said = program.json("history", *ACT, *PUBLIC, program.config(OURS))
    assert said.states == {"config-access": "revoked", "config-refresh": "held"}


def test_a_grant_passes_policy_token_by_token(slack: Standin, program: Program, pushed: Repo) -> None:
    access, refresh = grant(slack)
    shown(pushed, refresh)
    pushed.commit({"unpushed.env": access.token.encode()})
    said = program.json("history", *ACT, *PUBLIC, program.config(OURS))
    assert said.states == {"config-access": "rehearsed", "config-refresh": "held"}
    assert REVOKE not in program.asked()


def test_the_long_lived_form_of_an_app_that_migrates_is_held(slack: Standin, program: Program, pushed: Repo) -> None:
    access, refresh = grant(slack, app_id="A0DEMO", bot_id="B0DEMO")
    lasting = slack.plant("bot", app_id="A0DEMO", bot_id="B0DEMO")
    shown(pushed, access, refresh, lasting)
    said = program.json("history", *ACT, *PUBLIC, program.config(OURS))
    assert said.states == {"config-access": "revoked", "config-refresh": "revoked", "bot": "held"}
    assert slack.account(lasting.token).lives


# Suppressed


def test_what_lives_is_a_finding_whoever_suppressed_it(slack: Standin, program: Program, pushed: Repo) -> None:
    alive, dead = slack.plant("bot"), slack.plant("user", state="revoked")
    allow = "paths:\n  - {pattern: '*.env', reason: examples, owner: ada}\n"
    pushed.commit({".xoxscan.yaml": allow.encode()})
    shown(pushed, alive, dead)
    assert program.json("history").status == 0
    said = program.json("history", *ACT, *PUBLIC, program.config(OURS))
    assert said.state == "revoked" and said.finding["kind"] == "bot" and said.status == 1
    assert [each["finding"]["kind"] for each in said.report["suppressed"]] == ["user"]
    assert "is alive, although it was allowed (path) by ada" in said.notes


def test_what_is_allowed_and_could_not_be_asked_about_is_not_clean(
    slack: Standin, program: Program, pushed: Repo
) -> None:
    pushed.commit({".xoxscan.yaml": b"paths:\n  - {pattern: '*.env', reason: examples, owner: ada}\n"})
    shown(pushed, slack.plant("bot"))
    slack.faults.add("auth.test", faults.broken(503), times=0)
    said = program.json("history", "--respond", "verify")
    assert said.status == 3 and "whether it lives could not be asked" in said.report["problems"][0]["message"]


def test_an_allowed_refresh_token_of_a_leaked_grant_is_planned_with_it(
    slack: Standin, program: Program, pushed: Repo
) -> None:
    access, refresh = grant(slack)
    pushed.commit({".xoxscan.yaml": b"paths:\n  - {pattern: 1.env, owner: ada, reason: an example}\n"})
    shown(pushed, access, refresh)
    said = program.json("history", *ACT, *PUBLIC, program.config(OURS))
    assert said.states == {"config-access": "revoked", "config-refresh": "revoked"}
    assert "is of the grant of a token that was found" in said.notes and not slack.account(refresh.token).lives


def test_an_allowed_refresh_token_of_no_leaked_grant_stays_allowed(
    slack: Standin, program: Program, pushed: Repo
) -> None:
    pushed.commit({".xoxscan.yaml": b"paths:\n  - {pattern: 1.env, owner: ada, reason: an example}\n"})
    shown(pushed, slack.plant("bot"), slack.plant("config-refresh"))
    said = program.json("history", *ACT, *PUBLIC, program.config(OURS))
    assert said.states == {"bot": "revoked"} and len(said.report["suppressed"]) == 1


# Statuses


def test_fail_on_live_needs_an_answer(slack: Standin, program: Program, pushed: Repo) -> None:
    shown(pushed, slack.plant("bot"))
    assert program("history", "--fail-on", "live").status == 2


@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("kind", "state", "status"),
    [
        ("bot", "active", 1),
        ("bot", "missing_scope", 1),
        ("bot", "invalid_auth", 1),
        ("config-refresh", "active", 1),
        ("bot", "fatal_error", 3),
        ("bot", "revoked", 0),
        ("bot", "expired", 0),
    ],
)
def test_fail_on_live_counts_all_but_the_dead(
    slack: Standin, program: Program, pushed: Repo, kind: str, state: str, status: int
) -> None:
    shown(pushed, slack.plant(kind, state=state))
    assert program("history", "--respond", "verify", "--fail-on", "live").status == status
    assert program("history", "--respond", "verify").status == 1
    assert program("history", "--respond", "verify", "--fail-on", "none").status == 0


def test_what_is_proven_dead_does_not_count_as_live(slack: Standin, program: Program, pushed: Repo) -> None:
    shown(pushed, slack.plant("bot"))
    assert program("history", *ACT, *PUBLIC, program.config(OURS), "--fail-on", "live").status == 0


@pytest.mark.parametrize("code", ["cannot_revoke_org_bot_token", "not_bearer_token"])
def test_a_refusal_is_status_4_and_says_what_to_click(
    slack: Standin, program: Program, pushed: Repo, code: str
) -> None:
    shown(pushed, slack.plant("bot", revoke_error=code))
    said = program.json("history", *ACT, *PUBLIC, program.config(OURS))
    assert said.status == 4 and said.state == "refused" and code in said.reason and "By hand: " in said.reason


def test_unproven_is_status_4_whatever_fail_on_says(slack: Standin, program: Program, pushed: Repo) -> None:
    shown(pushed, slack.plant("bot"))
    slack.faults.add(REVOKE, faults.answers('{"ok":true,"revoked":true}'))
    said = program.json("history", *ACT, *PUBLIC, program.config(OURS), "--fail-on", "none")
    assert said.status == 4 and said.state == "unproven" and sum(program.slept) >= 60


def test_slack_out_of_reach_is_said_and_no_reason_to_wait_for_ever(program: Program, pushed: Repo) -> None:
    shown(pushed, program.slack.plant("bot"))
    gone = {"SLACK_API_URL": "http://127.0.0.1:9/api/"}
    said = program.json("history", *ACT, *PUBLIC, program.config(OURS), "--fail-on", "live", env=gone)
    assert said.status == 3 and said.finding["verdict"]["state"] == "unknown"
    assert "connection" in said.finding["verdict"]["reason"] and said.finding["response"] is None


@pytest.mark.parametrize("level", ["verify", "rehearse", "revoke"])
def test_the_deadline_ends_the_asking(slack: Standin, program: Program, pushed: Repo, level: str) -> None:
    """Also where tokens may be revoked afterwards, for which there is time of its own."""
    shown(pushed, slack.plant("bot"))
    slack.faults.add(LOOK, faults.rate_limited("90"), times=0)
    words = ("--respond", level, "--yes", "--deadline", "60", *PUBLIC, program.config(OURS))
    said = program.json("history", *words)
    assert said.finding["verdict"]["reason"].startswith("deadline") and len(slack.requests) == 1


def test_a_wrong_address_of_slack_is_refused_before_anything(program: Program, pushed: Repo) -> None:
    pushed.commit()
    result = program("history", "--respond", "verify", env={"SLACK_API_URL": "https://example.org/api/"})
    assert result.status == 2 and result.out == b""


# The journal


def test_without_a_journal_nothing_is_sent(slack: Standin, program: Program, pushed: Repo) -> None:
    shown(pushed, slack.plant("bot"))
    program.state.write_text("no folder")
    for level in ("verify", "rehearse", "revoke"):
        result = program("history", "--respond", level, "--yes", *PUBLIC, program.config(OURS))
        assert result.status == 4 and result.err
    assert slack.requests == ()


def test_every_request_and_every_step_is_in_the_journal_without_the_token(
    slack: Standin, program: Program, pushed: Repo
) -> None:
    account = slack.plant("bot")
    oid = shown(pushed, account)
    program.json("history", *ACT, *PUBLIC, program.config(OURS))
    listed = json.loads(program("journal", "list", "--requests", "-f", "json").out)["requests"]
    assert [each["method"] for each in listed] == program.asked()
    (entry,) = json.loads(program("journal", "list", "-f", "json").out)["entries"]
    assert entry["state"] == "proven" and entry["place"]["object"] == pushed.git("rev-parse", f"{oid}:0.env")
    for file in program.state.iterdir():
        assert account.token.encode() not in file.read_bytes() and file.stat().st_mode & 0o77 == 0


def test_a_held_token_is_in_the_journal(slack: Standin, program: Program, pushed: Repo) -> None:
    shown(pushed, slack.plant("bot", team_id="T0OTHER"))
    program.json("history", *ACT, *PUBLIC, program.config(OURS))
    (entry,) = json.loads(program("journal", "list", "-f", "json").out)["entries"]
    assert entry["state"] == "held"


def test_on_a_runner_the_journals_export_lies_beside_the_report(
    slack: Standin, program: Program, pushed: Repo, tmp_path: Path
) -> None:
    shown(pushed, slack.plant("bot"))
    file = tmp_path / "report.json"
    words = ("history", *ACT, *PUBLIC, program.config(OURS), "-f", "json", "-o", str(file))
    result = program(*words, env={"CI": "true"})
    assert result.status == 1
    export = tmp_path / "report.json.journal.json"
    assert "may not outlive this runner" in json.loads(file.read_text())["notes"][-1]
    assert b"proven" in export.read_bytes() and export.stat().st_mode & 0o777 == 0o600


def test_an_export_that_fails_is_said(slack: Standin, program: Program, pushed: Repo, tmp_path: Path) -> None:
    shown(pushed, slack.plant("bot"))
    (pushed.path / "xoxscan.journal.json").mkdir()
    said = program.json("history", *ACT, *PUBLIC, program.config(OURS), env={"CI": "true"})
    assert said.state == "revoked" and "its export failed" in said.notes


# Telling people

TELL = OURS + "notices:\n  slack_webhook_env: OPS\n"


def road(slack: Standin) -> dict[str, str]:
    account = slack.plant("webhook", seed=9)
    return {"OPS": slack.hooks + account.token.partition("slack")[2].partition(".com")[2]}


def history(program: Program, env: dict[str, str]) -> Result:
    return program("history", *ACT, *PUBLIC, program.config(TELL), "-f", "json", env=env)


def test_the_operators_people_are_told(slack: Standin, program: Program, pushed: Repo) -> None:
    account = slack.plant("bot")
    shown(pushed, account)
    result = history(program, road(slack))
    assert result.status == 1 and len(slack.messages) == 1
    assert "mrkdwn" not in slack.messages[0].blocks and account.token not in slack.messages[0].blocks


def test_a_notice_that_fails_stops_nothing_and_is_sent_by_the_next_run(
    slack: Standin, program: Program, pushed: Repo
) -> None:
    shown(pushed, slack.plant("bot"))
    slack.faults.add("webhook", faults.broken(503), times=3)
    way = road(slack)
    result = history(program, way)
    report = json.loads(result.out)
    assert result.status == 1 and report["findings"][0]["response"]["state"] == "revoked"
    assert "the next run tries again" in report["notes"][-1] and not slack.messages
    said = program.json("journal", "resume", program.config(TELL), env=way)
    assert said.status == 0 and len(slack.messages) == 1 and "tries again" not in said.notes


def test_a_road_that_leads_nowhere_is_found_out_before_anything_is_sent(
    slack: Standin, program: Program, pushed: Repo
) -> None:
    shown(pushed, slack.plant("bot"))
    assert history(program, {}).status == 2 and slack.requests == ()
    assert program("history", "--respond", "verify", program.config(TELL)).status == 1


def test_asking_and_rehearsing_tell_nobody(slack: Standin, program: Program, pushed: Repo) -> None:
    shown(pushed, slack.plant("bot"))
    for level in ("verify", "rehearse"):
        program("history", "--respond", level, program.config(TELL), env=road(slack))
    assert not slack.messages
