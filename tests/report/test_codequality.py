"""GitLab's code-quality report: valid, and what it says."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings

from scanner.model import Location, Report, Verdict
from scanner.report import Options, codequality
from tests.report.samples import ALLOWED, BLOB, PUBLIC, VERDICT, finding, location, report, reports

SCHEMA = Path(__file__).parents[1] / "data" / "gitlab-codequality.json"
VALIDATOR = jsonschema.Draft7Validator(json.loads(SCHEMA.read_bytes()))
PLAIN = Options()


def issues(given: Report, options: Options = PLAIN) -> Any:
    out = io.BytesIO()
    codequality.write(given, out, options)
    found = json.loads(out.getvalue())
    VALIDATOR.validate(found)
    return found


@settings(max_examples=60)
@given(reports)
def test_every_report_is_valid(given: Report) -> None:
    assert len(issues(given)) >= len(given.findings)


def test_nothing_found_is_a_report_too() -> None:
    assert issues(report()) == []


@pytest.mark.parametrize(
    ("severity", "theirs"),
    [("critical", "blocker"), ("high", "critical"), ("medium", "major"), ("low", "minor"), ("odd", "blocker")],
)
def test_severities(severity: str, theirs: str) -> None:
    found = finding()._replace(severity=severity)
    dead = found._replace(verdict=Verdict("inactive", "account_inactive"))
    assert [issues(report([each]))[0]["severity"] for each in (found, dead)] == [theirs, "minor"]


def test_limits() -> None:
    wordy = finding(*[location()] * 300)._replace(verdict=VERDICT._replace(reason="because " * 5000))
    found = issues(report([wordy]))
    assert len(found) == 100 and max(len(each["description"]) for each in found) <= 2000


def test_an_issue() -> None:
    (only,) = issues(report([finding()]))
    assert only["check_name"] == "slack-bot-token"
    assert only["location"] == {"path": "conf/app.py", "lines": {"begin": 3}}
    assert only["description"].startswith(f"{PUBLIC}**** stands in conf/app.py:3:5; since: 2024-05-06, commit c0ffee")


def test_fingerprints_of_issues_are_their_own_and_stay() -> None:
    moved = location(line=77)
    before = issues(report([finding(location(), location(line=9), location(b"b.py"))]))
    after = issues(report([finding(moved, location(line=99), location(b"b.py"))]))
    assert [each["fingerprint"] for each in before] == [each["fingerprint"] for each in after]
    assert len({each["fingerprint"] for each in before}) == 3


def test_issues_in_no_file_are_anchored_and_allowed_places_are_none() -> None:
    lost = Location("blob", None, blob=BLOB)
    (only,) = issues(report([finding(lost)]), Options(anchor="READ ME"))
    assert only["location"] == {"path": "READ ME", "lines": {"begin": 1}}
    found = finding(location(b"ok.py")._replace(suppressed=ALLOWED), lost, location(b"a.zip")._replace(member=(b"b",)))
    assert [each["location"] for each in issues(report([found]))] == [{"path": "a.zip", "lines": {"begin": 1}}]
