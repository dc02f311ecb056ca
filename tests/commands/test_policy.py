"""`xoxscan policy explain`: what would happen, which line decides, and why; nothing is sent."""

from __future__ import annotations

import argparse
import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scanner.commands import policy as command
from scanner.errors import ConfigError, UsageError
from scanner.model import (
    Finding,
    Identity,
    Location,
    Names,
    Reach,
    Report,
    Secret,
    Streams,
    Suppressed,
    Suppression,
    Verdict,
)
from scanner.report import Options, writer
from tests.conftest import CLOCK, Repo, token
from tests.report.samples import report as sample

ACTIVE = Verdict("active", "auth.test said ok", Identity("Acme", "T012345"), ("chat:write",), ("post messages",))
GRANT = (("team", "1"), ("grant", "2"))
Explain = Callable[..., tuple[str, Any]]


def finding(
    name: str, rule: str = "slack-bot-token", kind: str = "bot", commit: str | None = None, **more: Any
) -> Finding:
    place = Location(
        "blob", b"deploy/app.env", commit=commit, date="2026-01-01T00:00:00Z", reach=Reach(Names(1, ("main",)))
    )
    return Finding(Secret(b""), f"v1:{kind}:{name}", rule, kind, "high", f"{kind}-{name}-****", (), (place,))._replace(
        **more
    )


def explain(*argv: str, stdin: bytes = b"", env: dict[str, str] | None = None) -> tuple[int, str]:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    out = io.BytesIO()
    streams = Streams(io.BytesIO(stdin), out, io.BytesIO(), {**os.environ, **(env or {})}, lambda: CLOCK)
    status = command.run(parser.parse_args(["explain", *argv]), streams)
    return status, out.getvalue().decode()


def written(*findings: Finding, **more: Any) -> bytes:
    out = io.BytesIO()
    made: Report = sample(findings)._replace(**more)
    writer("json")(made, out, Options())
    return out.getvalue()


def document(*argv: str, stdin: bytes = b"") -> dict[str, Any]:
    status, out = explain(*argv, "-f", "json", stdin=stdin)
    assert status == 0
    made: dict[str, Any] = json.loads(out)
    assert made["schema"] == "xoxscan.policy/1"
    return made


@pytest.fixture
def operator(tmp_path: Path) -> str:
    file = tmp_path / "operator.yaml"
    file.write_text(
        "workspaces: [T012345]\n"
        "policy:\n"
        "- when: {kind: user}\n  then: never\n  reason: asked to be left alone\n"
        "- default: mirror-slack\n"
    )
    return str(file)


@pytest.fixture
def pushed(repo: Repo, tmp_path: Path) -> tuple[Repo, str]:
    """A repository whose commit a remote holds."""
    repo.git("init", "-q", "--bare", str(tmp_path / "remote"))
    oid = repo.commit({"deploy/app.env": b"x"})
    repo.git("remote", "add", "origin", str(tmp_path / "remote"))
    repo.git("push", "-q", "origin", "main")
    return repo, oid


def of(repo: Repo, *findings: Finding, **more: Any) -> bytes:
    """A report of this repository."""
    made = sample(findings)
    return written(*findings, target=made.target._replace(kind="history", repository=str(repo.path)), **more)


def test_it_says_what_happens_which_line_decides_and_why(pushed: tuple[Repo, str], operator: str) -> None:
    repo, oid = pushed
    data = of(repo, finding("a", commit=oid, verdict=ACTIVE), finding("b", "slack-user-token", "user", verdict=ACTIVE))
    status, shown = explain("-", "--config", operator, "--visibility", "public", stdin=data)
    assert status == 0
    assert shown == (
        "slack-bot-token  bot-a-****\n"
        "  v1:bot:a\n"
        f"  revoke: it is exposed: commit {oid[:12]} is in origin, of a public remote\n"
        "  decided by mirror-slack\n"
        "    1. the kind bot can be revoked by auth.revoke\n"
        "    2. Slack's verdict is active: auth.test said ok\n"
        f"    3. exposed: commit {oid[:12]} is in origin, of a public remote\n"
        f"    4. {operator}:3 does not apply: kind user: not so\n"
        f"    5. mirror-slack: it is exposed: commit {oid[:12]} is in origin, of a public remote\n"
        "\n"
        "slack-user-token  user-b-****\n"
        "  v1:user:b\n"
        "  never: asked to be left alone\n"
        f"  decided by {operator}:3\n"
        "    1. the kind user can be revoked by auth.revoke\n"
        "    2. Slack's verdict is active: auth.test said ok\n"
        "    3. not exposed: no commit that holds it is known to be in origin\n"
        f"    4. {operator}:3 applies: kind user\n"
        "\n"
        "2 findings, 1 to be revoked in a run without a terminal\n"
    )


def test_as_json(pushed: tuple[Repo, str], operator: str, tmp_path: Path) -> None:
    repo, oid = pushed
    file = tmp_path / "report.json"
    file.write_bytes(of(repo, finding("a", commit=oid, verdict=ACTIVE)))
    made = document(str(file), "--config", operator, "--visibility", "public")
    (found,) = made["findings"]
    assert (found["action"], found["line"], found["exposed"], found["if_alive"]) == (
        "revoke",
        "mirror-slack",
        True,
        None,
    )
    assert (made["revocations"], made["max_revoke"], made["over"]) == (1, 5, False)
    assert made["policy"] == [
        {"when": {"kind": ["user"]}, "then": "never", "reason": "asked to be left alone", "line": f"{operator}:3",
         "stricter_only": False}
    ]  # fmt: skip
    assert document(str(file), "--config", operator)["findings"][0]["action"] == "rehearse"
    assert document(str(file), "--visibility", "public")["findings"][0]["action"] == "hold"


def test_without_a_verdict_it_says_what_would_be(pushed: tuple[Repo, str], operator: str) -> None:
    repo, oid = pushed
    data = of(repo, finding("a", commit=oid), finding("w", "slack-incoming-webhook", "webhook"))
    _, shown = explain("-", "--config", operator, "--visibility", "public", stdin=data)
    assert "  report: Slack has not been asked whether it lives\n" in shown
    assert "the report has no verdict: Slack was not asked\n" in shown
    assert "  if Slack says that it lives, and it is one of ours: revoke (mirror-slack: it is exposed: " in shown
    assert "the kind webhook cannot be revoked by the API\n" in shown
    assert shown.count("if Slack says") == 1
    made = document("-", "--config", operator, "--visibility", "public", stdin=data)["findings"]
    assert [each["if_alive"] and each["if_alive"]["action"] for each in made] == ["revoke", None]


def test_it_looks_at_the_repository_of_the_report_from_anywhere(
    pushed: tuple[Repo, str], operator: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo, oid = pushed
    data = of(repo, finding("a", commit=oid, verdict=ACTIVE))
    monkeypatch.chdir(tmp_path)
    _, shown = explain("-", "--config", operator, "--visibility", "public", stdin=data)
    assert f"revoke: it is exposed: commit {oid[:12]} is in origin" in shown


def test_a_report_of_another_repository_says_nothing_of_this_ones_remotes(
    pushed: tuple[Repo, str], operator: str
) -> None:
    _, oid = pushed
    data = written(finding("a", commit=oid, verdict=ACTIVE))
    made = document("-", "--config", operator, "--visibility", "public", stdin=data)
    assert [each["action"] for each in made["findings"]] == ["rehearse"]


def test_the_range_of_a_ci_run_of_a_public_repository_is_exposed(repo: Repo, operator: str) -> None:
    found = finding("a", commit="c1", verdict=ACTIVE)
    data = written(found, target=sample().target._replace(kind="ci"))
    made = document("-", "--config", operator, "--visibility", "public", stdin=data)
    assert [each["action"] for each in made["findings"]] == ["revoke"]
    assert [each["action"] for each in document("-", "--config", operator, stdin=data)["findings"]] == ["rehearse"]


def test_the_repositorys_own_lines_count_as_they_stand_in_head(repo: Repo, operator: str) -> None:
    repo.commit({".xoxscan.yaml": b"policy:\n- {then: hold, when: {kind: bot}, reason: ask the billing team}\n"})
    repo.write(".xoxscan.yaml", b"policy:\n- {then: never, reason: not yet landed}\n")
    data = of(repo, finding("a", verdict=ACTIVE), finding("b", "slack-user-token", "user", verdict=ACTIVE))
    _, shown = explain("-", "--config", operator, stdin=data)
    assert "  hold: ask the billing team\n  decided by HEAD:.xoxscan.yaml:2\n" in shown
    assert "HEAD:.xoxscan.yaml:2 is the repository's, and stricter than rehearse (mirror-slack): it counts" in shown
    assert "not yet landed" not in shown
    _, shown = explain("--config", operator)
    assert "HEAD:.xoxscan.yaml:2: hold when kind bot: ask the billing team (the repository's: counts only" in shown


def test_a_repository_that_names_its_own_workspaces_is_refused(repo: Repo) -> None:
    repo.commit({".xoxscan.yaml": b"workspaces: T012345\n"})
    with pytest.raises(ConfigError, match="workspaces is for the operator to say"):
        explain()


RULE = b"""\
rules:
  - {id: acme, name: A, kind: bot, description: D, severity: high, anchors: [acme_], pattern: "acme_[0-9a-f]{8}",
     examples: [acme_0a1b2c3d], counter_examples: [acme_], remediation: Ask., verify: auth.test, revoke: auth.revoke}
"""


def test_a_rule_of_the_repository_makes_nothing_revocable(repo: Repo, operator: str) -> None:
    repo.commit({".xoxscan.yaml": RULE})
    data = of(repo, finding("a", "acme", verdict=ACTIVE))
    (found,) = document("-", "--config", operator, stdin=data)["findings"]
    assert (found["action"], "the API cannot revoke" in found["reason"]) == ("report", True)


def test_a_config_in_the_work_tree_is_the_repositorys(repo: Repo) -> None:
    repo.commit({"ours.yaml": b"max_revoke: 100\n"})
    with pytest.raises(ConfigError, match="max_revoke is for the operator to say"):
        explain("--config", "ours.yaml")


def test_the_policy_itself(repo: Repo, operator: str) -> None:
    assert explain("--config", operator)[1] == (
        f"{operator}:3: never when kind user: asked to be left alone\n"
        "mirror-slack: revoke what lives, is exposed, ours, and of a kind that the API revokes (the default)\n"
        "workspaces: T012345\n"
        "unverified: as mirror-slack has it\n"
        "max_revoke: 5\n"
    )
    _, shown = explain()
    assert "workspaces: none, so that without a terminal nothing is revoked\n" in shown
    assert document()["findings"] is None


def test_the_policy_itself_with_all_there_is(repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("max_revoke: 0\nunverified: hold\npolicy: [{then: report, reason: only look}]\n")
    _, shown = explain("--config", str(tmp_path / "c.yaml"))
    assert "c.yaml:3: report always: only look\n" in shown
    assert "unverified: hold\nmax_revoke: 0\n" in shown


def test_outside_of_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, operator: str) -> None:
    (tmp_path / "plain").mkdir()
    monkeypatch.chdir(tmp_path / "plain")
    data = written(finding("a", commit="c1", verdict=ACTIVE))
    _, shown = explain("-", "--config", operator, "--visibility", "public", stdin=data)
    assert "rehearse: it is not exposed: which remote is the public one is not known" in shown


def test_a_plan_above_the_ceiling_is_said(pushed: tuple[Repo, str], operator: str) -> None:
    repo, oid = pushed
    data = of(repo, *(finding(name, commit=oid, verdict=ACTIVE) for name in "abcdef"))
    status, shown = explain("-", "--config", operator, "--visibility", "public", stdin=data)
    assert (status, shown.endswith("more than --max-revoke 5: nothing would be sent\n")) == (0, True)
    assert document("-", "--config", operator, "--visibility", "public", stdin=data)["over"] is True


def test_what_somebody_allowed_is_looked_at_too_and_grants_are_named(repo: Repo, operator: str) -> None:
    access = finding("a", "slack-rotating-token", "config-access", verdict=ACTIVE, anatomy=GRANT)
    refresh = finding("r", "slack-rotation-refresh-token", "config-refresh", anatomy=GRANT)
    data = of(repo, access, suppressed=(Suppressed(refresh, Suppression("baseline", "known")),))
    _, shown = explain("-", "--config", operator, stdin=data)
    assert "slack-rotation-refresh-token  config-refresh-r-****  (suppressed)\n" in shown
    assert "  of one grant with config-access-a-****\n" in shown
    made = document("-", "--config", operator, stdin=data)["findings"]
    assert [(each["suppressed"], each["grant"]) for each in made] == [
        (True, "v1:config-access:a"),
        (False, "v1:config-access:a"),
    ]


def test_what_a_report_says_reaches_no_terminal_raw_and_no_token_gets_out(repo: Repo) -> None:
    secret = token()
    bad = finding("a", redacted="\x1b[31mred", verdict=ACTIVE._replace(reason=f"of {secret.decode()} \x1b[0m"))
    for form in ("text", "json"):
        _, shown = explain("-", "-f", form, stdin=of(repo, bad))
        assert "\x1b" not in shown
        assert secret.decode().rpartition("-")[2] not in shown


def test_a_file_that_is_no_report(repo: Repo, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot read gone\.json"):
        explain("gone.json")
    with pytest.raises(UsageError, match=r"^-: this is no JSON"):
        explain("-", stdin=b"x")
