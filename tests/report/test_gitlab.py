"""GitLab's secret-detection report: valid, and what it says."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings

from scanner.errors import INCOMPLETE
from scanner.model import Location, Problem, Report, Verdict
from scanner.report import Options, gitlab
from tests.report.consumers import markdown_shape
from tests.report.samples import (
    COMMIT,
    FULL,
    PUBLIC,
    RESPONSE,
    VERDICT,
    finding,
    location,
    report,
    reports,
)

SCHEMA = Path(__file__).parents[1] / "data" / "gitlab-secret-detection-15.2.1.json"
VALIDATOR = jsonschema.Draft7Validator(json.loads(SCHEMA.read_bytes()))
PLAIN = Options()


def document(given: Report) -> Any:
    out = io.BytesIO()
    gitlab.write(given, out, PLAIN)
    found = json.loads(out.getvalue())
    VALIDATOR.validate(found)
    return found


def vulnerabilities(*given: Any) -> Any:
    return document(report(given))["vulnerabilities"]


@settings(max_examples=60)
@given(reports)
def test_every_report_is_valid(given: Report) -> None:
    assert len(document(given)["vulnerabilities"]) == len(given.findings)


def test_the_scan() -> None:
    scan = document(FULL)["scan"]
    assert (scan["start_time"], scan["end_time"]) == ("2024-06-01T23:59:59", "2024-06-02T00:00:01")
    assert scan["status"] == "failure"
    assert scan["messages"] == [
        {"level": "warn", "value": "not scanned: locked.bin: it cannot be read (change its mode)"},
        {"level": "info", "value": "note: an entry has expired"},
        {"level": "info", "value": "skipped: submodule: not asked for (2, first in vendor)"},
    ]
    assert document(report())["scan"]["status"] == "success"
    assert document(report(exit=INCOMPLETE))["scan"]["status"] == "failure"
    unknown = document(report(problems=[Problem("a", "b")])._replace(started="", finished="soon"))["scan"]
    assert unknown["start_time"] == unknown["end_time"] == "1970-01-01T00:00:00"
    assert unknown["messages"][0]["value"] == "not scanned: a: b"


def test_nothing_found_is_a_report_too() -> None:
    assert document(report())["vulnerabilities"] == []


def test_a_vulnerability() -> None:
    (only,) = vulnerabilities(finding()._replace(verdict=VERDICT, response=RESPONSE))
    assert (only["name"], only["severity"]) == ("Slack bot token", "Critical")
    assert only["solution"] == "Revoke it. Then make a new one."
    assert [(each["type"], each["value"]) for each in only["identifiers"]] == [
        ("xoxscan_rule_id", "slack-bot-token"), ("xoxscan_fingerprint", "v1:bot:ABCDEF"),
    ]  # fmt: skip
    assert only["location"] == {
        "commit": {"sha": COMMIT, "author": "Jo", "date": "2024-05-06T07:08:09Z"},
        "file": "conf/app.py", "start_line": 3, "end_line": 3,
    }  # fmt: skip
    assert only["description"].startswith(f"`{PUBLIC}****` stands in `conf/app.py:3:5`.\n\nSince: `2024-05-06, ")
    assert only["details"]["life"]["value"].startswith("active: auth.test answered ok; it speaks for team Acme")
    assert only["details"]["deed"]["value"] == "held: a person must decide (decided by policy.yaml:3)"
    assert "raw_source_code_extract" not in only


def test_ids_follow_the_secret() -> None:
    (here,), (there,) = vulnerabilities(finding()), vulnerabilities(finding(location(b"b", 9)))
    (other,) = vulnerabilities(finding()._replace(fingerprint="v1:bot:XYZ"))
    assert here["id"] == there["id"] != other["id"]


def test_places_without_file_commit_or_line() -> None:
    message = Location("commit-message", commit=COMMIT)
    (only,) = vulnerabilities(finding(message))
    assert only["location"] == {"commit": {"sha": COMMIT}}
    assert only["details"]["places"]["items"] == [{"type": "text", "value": "commit message c0ffee0000"}]
    (only,) = vulnerabilities(finding(Location("worktree", b"a.zip", (b"b",), position=location().position)))
    assert only["location"] == {"commit": {"sha": COMMIT}, "file": "a.zip"}  # of the report's target
    target = report()._replace(target=report().target._replace(head=None))
    (only,) = document(target._replace(findings=(finding()._replace(locations=(), remediation=""),)))["vulnerabilities"]
    assert only["location"] == {"commit": {"sha": "0000000"}}
    assert "in no known place" in only["description"] and "places" not in only["details"]


@pytest.mark.parametrize(
    ("severity", "theirs"),
    [("critical", "Critical"), ("high", "High"), ("medium", "Medium"), ("low", "Low"), ("odd", "Unknown")],
)
def test_severities(severity: str, theirs: str) -> None:
    found = finding()._replace(severity=severity)
    dead = found._replace(verdict=Verdict("inactive", "account_inactive"))
    assert [vulnerabilities(each)[0]["severity"] for each in (found, dead)] == [theirs, "Low"]


def test_limits() -> None:
    wordy = finding(*[location()] * 300, rule="a rule " * 100)._replace(remediation="word " * 5000)
    wordy = wordy._replace(verdict=VERDICT._replace(reason="because " * 5000))
    (only,) = vulnerabilities(wordy)
    assert len(only["details"]["places"]["items"]) == 100 and only["details"]["more"]["value"] == 200


def test_descriptions_are_markdown_that_holds_only_ours() -> None:
    hostile = "@all <img src=x> [a](b) `c` | ~~~ \n# d"
    shapes = []
    for name in ("harmless", hostile):
        told = VERDICT._replace(reason=name, identity=VERDICT.identity and VERDICT.identity._replace(team=name))
        found = finding(location(name.encode()))._replace(redacted=name, verdict=told)
        shapes.append(markdown_shape(vulnerabilities(found)[0]["description"].encode()))
    assert shapes[0] == shapes[1]
