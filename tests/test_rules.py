"""Where rules come from, and which of them a run uses."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scanner import rules
from scanner.errors import RuleError, UsageError
from scanner.model import Rule
from scanner.rules import selftest
from scanner.rules.yamlfile import REVOKE, SEVERITIES, VERIFY

# The rule table of the command line's contract: id and kind. It does not change.
CONTRACT = {
    "slack-user-token": "user",
    "slack-legacy-user-token": "user-legacy",
    "slack-bot-token": "bot",
    "slack-legacy-bot-token": "bot-legacy",
    "slack-workspace-token": "workspace",
    "slack-refresh-token": "refresh",
    "slack-legacy-session-token": "legacy-session",
    "slack-rotating-token": "config-access",
    "slack-rotation-refresh-token": "config-refresh",
    "slack-export-token": "export",
    "slack-session-token": "session-client",
    "slack-session-cookie": "session-cookie",
    "slack-app-token": "app-level",
    "slack-workflow-token": "workflow",
    "slack-incoming-webhook": "webhook",
    "slack-workflow-webhook": "workflow-webhook",
    "slack-workflow-trigger": "trigger",
    "slack-signing-secret": "app-secret",
    "slack-client-secret": "app-secret",
    "slack-verification-token": "app-secret",
}
ROOT = Path(__file__).resolve().parents[1]


def test_the_rules_are_those_of_the_contract() -> None:
    assert {rule.id: rule.kind for rule in rules.builtin()} == CONTRACT


@pytest.mark.parametrize("rule", rules.builtin(), ids=lambda rule: rule.id)
def test_a_built_in_rule_is_complete_and_does_what_it_says(rule: Rule) -> None:
    assert selftest.check(rule, limit=4) == ()
    assert all((rule.name, rule.description, rule.remediation, rule.examples, rule.counter_examples, rule.references))
    assert rule.severity in SEVERITIES and rule.verify in VERIFY and rule.revoke in REVOKE
    assert all(reference.startswith("https://") for reference in rule.references)
    assert rule.origin.startswith("rules/")


def test_remediation_says_what_breaks() -> None:
    for rule in rules.builtin():
        assert any(word in rule.remediation for word in ("breaks", "break", "Nothing needs")), rule.id


def test_only_kinds_that_the_api_revokes_say_so() -> None:
    revoked = {rule.kind for rule in rules.builtin() if rule.revoke == "auth.revoke"}
    assert revoked == {
        "user", "user-legacy", "bot", "bot-legacy", "workspace", "refresh", "legacy-session",
        "config-access", "config-refresh",
    }  # fmt: skip
    unverified = {rule.kind for rule in rules.builtin() if rule.verify == "none"}
    assert {"refresh", "config-refresh", "workflow-webhook", "trigger", "app-secret", "session-cookie"} <= unverified


def test_anchors_are_few() -> None:
    from scanner.literals import minimal_cover

    assert len(minimal_cover(anchor for rule in rules.builtin() for anchor in rule.anchors)) <= 15


def test_json_holds_the_same() -> None:
    found = rules.builtin()
    assert rules.from_json(rules.to_json(found)) == found


def test_json_counts_until_the_yaml_is_newer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = tmp_path / "rules.json"
    made.write_bytes(rules.to_json(rules.builtin()[:2]))
    folder = tmp_path / "rules"
    folder.mkdir()
    file = folder / "mine.yaml"
    file.write_bytes((ROOT / "rules" / "rotation.yaml").read_bytes())
    monkeypatch.setattr(rules, "_JSON", str(made))
    monkeypatch.setattr(rules, "_FOLDERS", (str(folder), str(tmp_path / "absent")))
    os.utime(file, ns=(1, 1))
    assert len(rules.builtin()) == 2
    os.utime(made, ns=(0, 0))
    assert {rule.origin.partition(":")[0] for rule in rules.builtin()} == {"rules/mine.yaml"}
    monkeypatch.setattr(rules, "_FOLDERS", (str(tmp_path / "absent"), str(folder)))
    assert len(rules.builtin()) == 2
    made.unlink()
    assert len(rules.builtin()) == 3
    monkeypatch.setattr(rules, "_FOLDERS", (str(tmp_path / "absent"),))
    with pytest.raises(RuleError, match="missing from this installation"):
        rules.builtin()


def test_combine_chooses() -> None:
    known = rules.builtin()
    mine = (known[0]._replace(id="mine"),)
    assert rules.combine(known, mine) == (*known, *mine)
    assert [rule.id for rule in rules.combine(known, mine, only=["mine"])] == ["mine"]
    assert len(rules.combine(known, mine, skip=["mine", "slack-bot-token"])) == len(known) - 1
    assert rules.combine(known, (), only=["slack-bot-token"], skip=["slack-bot-token"]) == ()


def test_combine_refuses_an_id_that_is_taken() -> None:
    known = rules.builtin()
    with pytest.raises(RuleError, match=r"mine\.yaml:7: field id: 'slack-bot-token' is taken by rules/tokens\.yaml:"):
        rules.combine(known, [rule._replace(origin="mine.yaml:7") for rule in known if rule.id == "slack-bot-token"])


@pytest.mark.parametrize(("only", "skip"), [(["slack-bot-tokn"], []), ([], ["slack-bot-tokn"])])
def test_combine_names_the_nearest_rule(only: list[str], skip: list[str]) -> None:
    with pytest.raises(UsageError, match="no rule is called 'slack-bot-tokn'") as error:
        rules.combine(rules.builtin(), (), only, skip)
    assert error.value.hint == "did you mean 'slack-bot-token'?"


def test_nothing_near_is_no_hint() -> None:
    assert rules.nearest("zzzzz", ["slack-bot-token"]) == ""
