"""SARIF: valid, and as GitHub takes it."""

from __future__ import annotations

import gzip
import io
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings

from scanner import rules
from scanner.model import Location, Position, Problem, Report, Suppressed, Suppression
from scanner.report import Options, sarif
from scanner.report.output import Output, write_report
from tests.report.samples import ALLOWED, BLOB, COMMIT, FULL, PART, TOKEN, finding, location, report, reports

SCHEMA = json.loads((Path(__file__).parents[1] / "data" / "sarif-schema-2.1.0.json").read_bytes())
VALIDATOR = jsonschema.Draft4Validator(SCHEMA)
PLAIN = Options()


def written(given: Report, options: Options = PLAIN) -> bytes:
    out = io.BytesIO()
    sarif.write(given, out, options)
    return out.getvalue()


def run(given: Report, options: Options = PLAIN) -> Any:
    document = json.loads(written(given, options))
    assert document["version"] == "2.1.0"
    (only,) = document["runs"]
    return only


def results(given: Report, options: Options = PLAIN) -> Any:
    return run(given, options)["results"]


def places(result: Any) -> list[tuple[str, tuple[int, ...]]]:
    physical = [each["physicalLocation"] for each in result["locations"]]
    return [(each["artifactLocation"]["uri"], tuple(each["region"].values())) for each in physical]


@pytest.mark.no_cover
@settings(max_examples=30)
@given(reports)
def test_every_report_is_valid_and_what_github_asks_for_is_there(given: Report) -> None:
    options = Options(show_suppressed=True)
    VALIDATOR.validate(json.loads(written(given, options)))
    for rule in run(given, options)["tool"]["driver"]["rules"]:
        assert 0 < len(rule["shortDescription"]["text"]) <= 1024 and 0 < len(rule["fullDescription"]["text"]) <= 1024
        assert rule["help"]["text"] and rule["help"]["markdown"] and 0 < len(rule["name"]) <= 255
        assert float(rule["properties"]["security-severity"]) > 0 and "security" in rule["properties"]["tags"]
    for result in results(given, options):
        assert result["message"]["text"] and result["locations"]
        for uri, region in places(result):
            assert uri and re.fullmatch(r"[A-Za-z0-9/._~%:-]+", uri) and len(region) == 4


def test_the_known_rules_describe_themselves() -> None:
    known = {rule.id: rule for rule in rules.builtin()}["slack-bot-token"]
    first, second = run(FULL)["tool"]["driver"]["rules"]
    assert (first["id"], second["id"]) == ("slack-bot-token", "our-own-rule") or (second["id"], first["id"]) == (
        "slack-bot-token", "our-own-rule",
    )  # fmt: skip
    builtin, own = sorted((first, second), key=lambda rule: rule["id"], reverse=True)
    assert builtin["shortDescription"]["text"] == known.name
    assert builtin["fullDescription"]["text"] == known.description[:1024]
    assert builtin["help"]["text"] == known.remediation
    assert builtin["defaultConfiguration"] == {"level": "error"}
    assert builtin["properties"] == {
        "tags": ["security", "secret", "slack"], "precision": "high", "security-severity": "9.5",
    }  # fmt: skip
    assert own["shortDescription"]["text"] == "our-own-rule"
    assert own["help"]["text"] == "Revoke it.\nThen make a new one."
    for result in results(FULL):
        assert run(FULL)["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


def test_a_result() -> None:
    (result,) = results(report([finding(location(), location(b"b.py", 9))]))
    assert places(result) == [("conf/app.py", (3, 5, 3, 60)), ("b.py", (9, 5, 9, 60))]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uriBaseId"] == "%SRCROOT%"
    assert result["message"]["text"] == (
        f"slack-bot-token: {finding().redacted} stands in conf/app.py:3:5, since commit {COMMIT}, and in 1 more place."
    )
    assert (result["level"], result["ruleId"]) == ("error", "slack-bot-token")


def test_the_fingerprint_follows_the_secret_and_names_nobody() -> None:
    here, moved = (
        results(report([finding(place)]))[0]["partialFingerprints"] for place in (location(), location(b"b", 8))
    )
    assert here == moved
    assert re.fullmatch("[0-9a-f]{16}:1", here["primaryLocationLineHash"])
    assert b"example.org" not in written(FULL, Options(show_suppressed=True))


def test_columns_are_characters() -> None:
    only = run(FULL)
    assert only["columnKind"] == "unicodeCodePoints"
    assert list(only["originalUriBaseIds"]) == ["%SRCROOT%"]


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        (b"a b#c?d%e.py", "a%20b%23c%3Fd%25e.py"),
        ("\N{SNOWMAN}/x:y".encode(), "%E2%98%83/x%3Ay"),
        (b"\xff", "%FF"),
        (b"/etc/x y", "file:///etc/x%20y"),
    ],
)
def test_paths_are_uris(path: bytes, uri: str) -> None:
    assert places(results(report([finding(location(path))]))[0])[0][0] == uri


@pytest.mark.parametrize(
    "source", ["commit-message", "tag-message", "note", "reflog", "ref-name", "path-name", "stdin"]
)
def test_what_stands_in_no_file_is_anchored(source: str) -> None:
    nowhere = Location(source, b"some/name", position=Position(7, 8, 7, 9), commit=COMMIT)
    (result,) = results(report([finding(nowhere)]), Options(anchor="doc/READ ME"))
    assert places(result) == [("doc/READ%20ME", (1, 1, 1, 2))]
    assert "which is no file" in result["message"]["text"]
    (result,) = results(report([finding(nowhere, location())]))
    assert places(result) == [("conf/app.py", (3, 5, 3, 60)), ("README.md", (1, 1, 1, 2))]
    assert "which is no file" not in result["message"]["text"]


def test_an_unreachable_blob_and_a_finding_without_any_place() -> None:
    lost = Location("blob", None, position=Position(7, 8, 7, 9), blob=BLOB)
    found = [finding(lost), finding()._replace(locations=())]
    first, second = results(report(found))
    assert places(first) == places(second) == [("README.md", (1, 1, 1, 2))]
    assert "stands in blob b10b000000:7:8 (which is no file" in first["message"]["text"]
    assert "in no known place" in second["message"]["text"]


def test_a_member_of_an_archive_is_shown_at_the_archive() -> None:
    inside = location(b"a.zip")._replace(member=(b"b.txt",))
    (result,) = results(report([finding(inside)]))
    assert places(result) == [("a.zip", (1, 1, 1, 2))]
    assert "a.zip!b.txt:3:5" in result["message"]["text"]


def test_a_name_becomes_no_link() -> None:
    (result,) = results(report([finding(location(b"[click](https://example.org)"))]))
    assert r"\[click\](https://example.org)" in result["message"]["text"]
    (result,) = results(report([finding(location(b"pages/[id].js"))]))
    assert "pages/[id].js" in result["message"]["text"]


def test_suppressed_results_only_on_demand() -> None:
    given = report([], [
        Suppressed(finding(), ALLOWED),
        Suppressed(finding(), Suppression("inline")),
    ])  # fmt: skip
    assert results(given) == []
    external, inline = results(given, Options(show_suppressed=True))
    assert external["suppressions"] == [{"kind": "external", "status": "accepted", "justification": "an example"}]
    assert inline["suppressions"][0]["kind"] == "inSource"


def test_places_that_are_allowed_are_left_out() -> None:
    allowed = location(b"allowed.py")._replace(suppressed=ALLOWED)
    (result,) = results(report([finding(allowed, location())]))
    assert [uri for uri, _ in places(result)] == ["conf/app.py"]
    (result,) = results(report([finding(allowed)]))
    assert [uri for uri, _ in places(result)] == ["allowed.py"]
    (result,) = results(report([finding(allowed, location())]), Options(show_suppressed=True))
    assert len(places(result)) == 2


def test_problems_are_notifications() -> None:
    (invocation,) = run(FULL)["invocations"]
    assert invocation["executionSuccessful"] is False and invocation["exitCode"] == 1
    assert [(each["level"], each["message"]["text"]) for each in invocation["toolExecutionNotifications"]] == [
        ("error", "locked.bin: it cannot be read (change its mode)"),
        ("note", "an entry has expired"),
        ("note", "skipped: submodule: not asked for (2, first in vendor)"),
    ]
    assert run(report())["invocations"][0]["executionSuccessful"] is True
    (invocation,) = run(report(problems=[Problem("a", "b")], exit=3))["invocations"]
    assert invocation["toolExecutionNotifications"][0]["message"]["text"] == "a: b"


def test_too_many_places() -> None:
    given = report([finding(*(location(line=line) for line in range(1, 1500)))])
    (result,) = results(given)
    assert len(result["locations"]) == 1000
    assert ", and in 1,498 more places." in result["message"]["text"]
    texts = [each["message"]["text"] for each in run(given)["invocations"][0]["toolExecutionNotifications"]]
    assert "only 1,000 places each of 1 result: GitHub takes no more" in texts


@pytest.mark.no_cover
def test_too_many_results() -> None:
    mild, severe = finding()._replace(severity="low", redacted="mild"), finding()._replace(redacted="severe")
    only = run(report([mild, *[severe] * 25_000]))
    assert len(only["results"]) == 25_000
    assert all("severe" in result["message"]["text"] for result in only["results"])
    texts = [each["message"]["text"] for each in only["invocations"][0]["toolExecutionNotifications"]]
    assert texts[0].startswith("1 result left out: ")


def test_too_many_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "ZIPPED", 20_000)
    many = report(
        [
            finding(*(location(line=line) for line in range(n, n + 40)))._replace(fingerprint=f"v1:{n * 7919}")
            for n in range(400)
        ]
    )
    data = written(many)
    assert len(gzip.compress(data)) < 25_000
    only = json.loads(data)["runs"][0]
    left_out = 400 - len(only["results"])
    assert 0 < left_out < 400
    texts = [each["message"]["text"] for each in only["invocations"][0]["toolExecutionNotifications"]]
    assert texts[0] == f"{left_out} results left out: GitHub takes 25,000, and 10 MB when zipped"


def test_uris_and_messages_are_masked() -> None:
    leaky = report([finding(location(b"a/" + TOKEN + b"?.py"))])
    out = io.BytesIO()
    write_report(leaky, [Output("sarif")], out, PLAIN)
    assert PART.encode() not in out.getvalue()
    uri = json.loads(out.getvalue())["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"][
        "uri"
    ]
    assert uri.endswith("-****%3F.py")
