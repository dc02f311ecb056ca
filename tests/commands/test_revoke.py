"""`xoxscan revoke` with the stand-in for Slack: rehearsal, and with --yes the act and its proof."""

from __future__ import annotations

import pytest

from scanner.demo import standin_faults as faults
from scanner.demo.standin import Account, Standin, Switches
from tests.commands.conftest import OURS, Program
from tests.commands.terminal import talk
from tests.respond.slacks import rotating

LOOK, DRY, REVOKE = "auth.test", "auth.revoke test", "auth.revoke"


def lines(*accounts: Account) -> bytes:
    return b"".join(f"{account.token}\n".encode() for account in accounts)


@pytest.mark.parametrize(
    ("state", "status", "response"),
    [("active", 1, "rehearsed"), ("missing_scope", 1, "rehearsed"), ("revoked", 0, None), ("invalid_auth", 3, None)],
)
def test_without_yes_it_rehearses_and_the_status_is_that_of_verify(
    slack: Standin, program: Program, state: str, status: int, response: str | None
) -> None:
    said = program.json("revoke", stdin=lines(slack.plant("bot", state=state)))
    assert (said.status, said.state) == (status, response) and REVOKE not in program.asked()
    assert program.asked() == ([LOOK, DRY] if response else [LOOK])


@pytest.mark.parametrize("revoked", [True, False])
def test_a_rehearsal_concludes_nothing_from_revoked(slack: Standin, program: Program, revoked: bool) -> None:
    slack.switches = Switches(dry_run_revoked=revoked)
    account = slack.plant("config-refresh")
    said = program.json("revoke", stdin=lines(account))
    assert said.state == "rehearsed" and said.status == 3 and slack.account(account.token).lives
    assert said.finding["verdict"]["state"] == "unsupported"


def test_yes_revokes_and_proves(slack: Standin, program: Program) -> None:
    account = slack.plant("bot")
    said = program.json("revoke", "--yes", program.config(OURS), stdin=lines(account))
    assert said.state == "revoked" and said.status == 0 and slack.revocations(account.token) == 1
    assert said.finding["locations"] == [] and "token_revoked" in said.finding["response"]["proof"]


@pytest.mark.parametrize("state", ["revoked", "account_inactive", "expired"])
def test_what_was_dead_before_is_fine(slack: Standin, program: Program, state: str) -> None:
    said = program.json("revoke", "--yes", program.config(OURS), stdin=lines(slack.plant("bot", state=state)))
    assert said.status == 0 and REVOKE not in program.asked()


def test_what_died_between_two_looks_is_fine(slack: Standin, program: Program) -> None:
    account = slack.plant("bot")
    ok = '{"ok":true,"team":"Demo","team_id":"T0DEMO","user_id":"U0DEMO","url":"https://demo.slack.com/"}'
    slack.change(account.token, state="revoked")
    slack.faults.add(LOOK, faults.answers(ok))
    said = program.json("revoke", "--yes", program.config(OURS), stdin=lines(account))
    assert said.state == "skipped" and said.finding["response"]["proof"] == "auth.test answered token_revoked"
    assert said.status == 0 and REVOKE not in program.asked()


@pytest.mark.parametrize("state", ["invalid_auth", "fatal_error"])
def test_what_is_not_proven_dead_is_status_4(slack: Standin, program: Program, state: str) -> None:
    said = program.json("revoke", "--yes", program.config(OURS), stdin=lines(slack.plant("bot", state=state)))
    assert said.status == 4 and REVOKE not in program.asked()


def test_without_a_terminal_only_our_own_workspaces(slack: Standin, program: Program) -> None:
    account = slack.plant("bot")
    said = program.json("revoke", "--yes", stdin=lines(account))
    assert said.state == "held" and said.status == 4 and REVOKE not in program.asked()


@pytest.mark.parametrize(("options", "status"), [((), 4), (("--workspace", "T0OTHER"), 0)])
def test_at_a_terminal_too_only_the_operators_own_is_revoked(
    slack: Standin, program: Program, options: tuple[str, ...], status: int
) -> None:
    """Nobody is asked: tokens come on the standard input."""
    account = slack.plant("bot", team_id="T0OTHER")
    script = [("", account.token + "\n"), ("", "\x04")]
    got, seen = talk(["revoke", "--yes", *options], script, program.env)
    assert got == status and slack.revocations(account.token) == (status == 0) and account.token not in seen


def test_what_is_no_workspace(program: Program) -> None:
    assert program("revoke", "--workspace", "acme").status == 2


@pytest.mark.parametrize("swapped", [False, True])
def test_two_secrets_with_one_fingerprint_are_two(slack: Standin, program: Program, swapped: bool) -> None:
    """A fingerprint of a legacy token with a short secret covers its public ids alone."""
    alive = slack.plant("user-legacy")
    dead = slack.add(Account(alive.token[:-6] + "aB3dE5", "user-legacy", state="revoked"))
    given = lines(dead, alive) if swapped else lines(alive, dead)
    said = program.json("revoke", "--yes", program.config(OURS), stdin=given)
    states = {each["verdict"]["state"]: each["response"] for each in said.report["findings"]}
    assert said.status == 0 and slack.revocations(alive.token) == 1
    assert states["active"]["state"] == "revoked" and states["inactive"] is None


def test_the_operators_lines_and_limits_stay(slack: Standin, program: Program) -> None:
    policy = OURS + "policy:\n  - {when: {kind: bot}, then: hold, reason: ask first}\n"
    said = program.json("revoke", "--yes", program.config(policy), stdin=lines(slack.plant("bot")))
    assert said.state == "held" and said.reason == "ask first" and said.status == 4


@pytest.mark.parametrize("kind", ["webhook", "app-level"])
def test_what_has_no_api_says_so(slack: Standin, program: Program, kind: str) -> None:
    said = program.json("revoke", "--yes", program.config(OURS), stdin=lines(slack.plant(kind)))
    assert said.state == "skipped" and said.status == 4 and "by hand" in said.reason
    assert not {DRY, REVOKE} & set(program.asked())


def test_the_ceiling_holds_here_too(slack: Standin, program: Program) -> None:
    accounts = [slack.plant("bot", seed=seed) for seed in range(3)]
    said = program.json("revoke", "--yes", "--max-revoke", "2", program.config(OURS), stdin=lines(*accounts))
    assert said.status == 4 and set(program.asked()) == {LOOK} and "nothing was sent" in said.notes


def test_a_grant_that_is_handed_over_dies_refresh_token_first(slack: Standin, program: Program) -> None:
    access, refresh = (slack.add(Account(text)) for text in rotating())
    said = program.json("revoke", "--yes", program.config(OURS), stdin=lines(access, refresh))
    assert said.status == 0 and set(said.states.values()) == {"revoked"}
    names = [slack.named(each.token).fingerprint for each in (refresh, refresh, access)]
    assert [seen.fingerprint for seen in slack.requests if seen.revokes] == names


def test_a_line_that_is_none_is_incomplete_after_all_else_is_done(slack: Standin, program: Program) -> None:
    account = slack.plant("bot")
    said = program.json("revoke", "--yes", program.config(OURS), stdin=b"what is this\n" + lines(account))
    assert said.status == 3 and said.state == "revoked"


def test_the_base_of_the_folder_around_says_nothing_here(
    slack: Standin, program: Program, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / ".xoxscan.yaml").write_text(OURS)
    monkeypatch.chdir(folder)
    assert program.json("revoke", "--yes", stdin=lines(slack.plant("bot"))).state == "held"


def test_on_a_runner_the_export_is_written(
    slack: Standin, program: Program, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(str(tmp_path))
    config = program.config(OURS)
    said = program.json("revoke", "--yes", config, stdin=lines(slack.plant("bot")), env={"CI": "1"})
    assert said.status == 0 and "xoxscan.journal.json" in said.notes
    assert (program.folder / "xoxscan.journal.json").exists()


def test_a_missing_journal_stops_before_acting(slack: Standin, program: Program) -> None:
    program.state.write_text("no folder")
    result = program("revoke", "--yes", program.config(OURS), stdin=lines(slack.plant("bot")))
    assert result.status == 4 and slack.requests == ()
