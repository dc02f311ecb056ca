"""JUnit's XML, as its readers see it."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings

from scanner.errors import INCOMPLETE
from scanner.model import Location, Problem, Report, Suppressed, Suppression, Target
from scanner.report import Options, junit
from tests.report.consumers import Element, xml_root
from tests.report.samples import ALLOWED, FULL, PUBLIC, RESPONSE, VERDICT, finding, location, report, reports


def written(given: Report) -> bytes:
    out = io.BytesIO()
    junit.write(given, out, Options())
    return out.getvalue()


def suite(given: Report) -> Element:
    """The one suite, whose numbers must be right, as those around it."""
    root = xml_root(written(given))
    (only,) = root.children
    around = {key: value for key, value in only.attributes.items() if key != "skipped"}
    assert (root.tag, only.tag, root.attributes) == ("testsuites", "testsuite", around)
    outcomes = [inner.tag for case in only.children for inner in case.children]
    for tag, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        assert only.attributes[name] == str(outcomes.count(tag))
    assert only.attributes["tests"] == str(len(only.children))
    return only


def cases(given: Report) -> list[Element]:
    return suite(given).children


@settings(max_examples=60)
@given(reports)
def test_every_report_is_well_formed_and_no_name_is_there_twice(given: Report) -> None:
    found = cases(given)
    assert len(found) == 1 + len(given.findings) + len(given.suppressed)
    assert len({case.attributes["name"] for case in found}) == len(found)
    for case in found:
        assert case.tag == "testcase" and {"classname", "name"} <= case.attributes.keys() <= {
            "classname",
            "name",
            "file",
        }
        assert [inner.tag for inner in case.children] in ([], ["failure"], ["error"], ["skipped"])


def test_nothing_found_is_one_test_that_passes() -> None:
    (only,) = cases(report())
    assert only.attributes == {"classname": "xoxscan", "name": "everything that should be scanned was scanned"}
    assert only.children == []
    assert suite(report()).attributes["time"] == "1.500"
    assert "time" not in suite(report()._replace(started="")).attributes


def test_a_finding_is_a_failing_test() -> None:
    found = finding()._replace(verdict=VERDICT, response=RESPONSE)
    _, case = cases(report([found]))
    assert case.attributes == {
        "classname": "slack-bot-token", "name": f"{PUBLIC}**** in conf/app.py:3:5", "file": "conf/app.py",
    }  # fmt: skip
    (failure,) = case.children
    assert failure.attributes == {"message": f"{PUBLIC}**** stands in conf/app.py:3:5", "type": "critical"}
    lines = "".join(failure.text).split("\n")
    assert lines[1:] == [
        "since: 2024-05-06, commit c0ffee0000, by Jo",
        (
            "Slack says: active: auth.test answered ok; it speaks for team Acme, team_id T123, user deploy, "
            "user_id U1, bot_id B1"
        ),
        "response: held: a person must decide (decided by policy.yaml:3)",
        "what to do: Revoke it. Then make a new one.",
    ]


def test_a_type_is_one_of_our_words() -> None:
    strange = finding()._replace(severity="yaml")
    _, failure, skipped = cases(report([strange], [Suppressed(strange, Suppression("yaml"))]))
    assert [case.children[0].attributes["type"] for case in (failure, skipped)] == ["other", "other"]


def test_what_stands_in_no_file_names_none() -> None:
    _, case = cases(report([finding(Location("commit-message"))]))
    assert "file" not in case.attributes


def test_what_could_not_be_scanned_is_an_error() -> None:
    first, *_ = cases(FULL)
    (error,) = first.children
    assert error.tag == "error" and error.attributes["message"] == "locked.bin: it cannot be read"
    assert "".join(error.text).endswith("exit status 1: findings")
    many = report(problems=[Problem("a", "b")] * 1001)
    assert "\nand 1 more problem\n" in "".join(cases(many)[0].children[0].text)
    assert cases(report(exit=INCOMPLETE))[0].children[0].tag == "error"


@pytest.mark.parametrize("kind", ["history", "range"])
def test_what_somebody_allowed_is_a_skipped_test_with_the_reason(kind: str) -> None:
    given = report([], [Suppressed(finding(), ALLOWED), Suppressed(finding(), Suppression("inline"))])
    _, first, second = cases(given._replace(target=Target(kind)))
    assert first.children[0].tag == "skipped" and first.children[0].attributes["type"] == "path"
    assert "".join(first.children[0].text).endswith("allowed (path) by docs team until 2031-01-01: an example")
    assert second.attributes["name"].startswith("(2) ") and second.children[0].attributes["type"] == "inline"


def test_a_file_that_would_be_too_large_says_what_it_leaves_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(junit, "SIZE", 10_000)
    found = report([finding(location(f"{number}.py".encode())) for number in range(100)])
    assert len(written(found)) < 11_000
    last = cases(found)[-1]
    left = 101 - (len(cases(found)) - 1)
    assert "".join(last.children[0].text) == f"{left} cases left out: GitLab takes 30 MB"


def test_names_are_cut_and_still_differ() -> None:
    long = [finding(location(b"x" * 3000)), finding(location(b"x" * 3001))]
    assert [len(case.attributes["name"]) < 2100 for case in cases(report(long))] == [True] * 3
    assert len({case.attributes["name"] for case in cases(report(long))}) == 3
