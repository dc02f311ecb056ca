"""json and jsonl: the schema, the way back, and what strangers may put into it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings

from scanner.errors import UsageError
from scanner.model import Finding, Location, Named, Report, Secret
from scanner.report import Options, writer
from scanner.report.reading import RESPONSES, VERDICTS, to_report
from scanner.report.schema import readable
from tests.report.samples import BLOB, COMMIT, FULL, PUBLIC, TOKEN, finding, location, report, reports

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "report.schema.json").read_bytes())
PLAIN = Options()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def written(given: Report, name: str = "json", options: Options = PLAIN) -> bytes:
    out = io.BytesIO()
    writer(name)(given, out, options)
    return out.getvalue()


def document(given: Report, options: Options = PLAIN) -> Any:
    return json.loads(written(given, options=options).decode("utf-8", "strict"))


def test_the_schema_of_the_report_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.no_cover
@settings(max_examples=40)
@given(reports)
def test_every_report_is_valid(given: Report) -> None:
    VALIDATOR.validate(document(given))
    VALIDATOR.validate(document(given, Options(show_secrets=True)))


def _keys(value: Any, path: str = "") -> set[str]:
    if isinstance(value, list):
        return {key for item in value for key in _keys(item, path)}
    if not isinstance(value, dict):
        return set()
    return {f"{path}.{key}" for key in value} | {
        key for name, item in value.items() for key in _keys(item, f"{path}.{name}")
    }


def _without(value: Any, path: list[str]) -> Any:
    """A copy without one key, wherever it stands in the lists on the way."""
    if isinstance(value, list):
        return [_without(item, path) for item in value]
    if not isinstance(value, dict) or path[0] not in value:
        return value
    copy = dict(value)
    if len(path) == 1:
        del copy[path[0]]
    else:
        copy[path[0]] = _without(value[path[0]], path[1:])
    return copy


def test_no_key_may_be_missing() -> None:
    whole = document(FULL)
    keys = {key for key in _keys(whole) if ".anatomy." not in key} - {".notes", ".dropped"}
    assert len(keys) > 100
    optional = {
        key
        for key in keys
        if not key.startswith(".dropped") and VALIDATOR.is_valid(_without(whole, key[1:].split(".")))
    }
    assert optional == set()


def test_the_document_is_the_one_of_the_contract() -> None:
    found = document(FULL)
    assert list(found) == [
        "schema", "tool", "started", "finished", "target", "config_from", "state_used", "coverage", "findings",
        "suppressed", "problems", "notes", "dropped", "exit",
    ]  # fmt: skip
    assert found["schema"] == "xoxscan.report/1"
    assert found["target"] == {"kind": "scan", "repository": "/srv/repo", "head": COMMIT, "range": None, "whole": False}
    skipped = [{"what": "submodule", "reason": "not asked for", "count": 2, "first": ["vendor", "zlib"]}]
    coverage = {"complete": False, "files": 12, "blobs": 3400, "commits": None, "bytes": 5_600_000, "skipped": skipped}
    assert found["coverage"] == coverage | {"expanded": None}
    first = found["findings"][0]
    assert list(first) == [
        "fingerprint", "rule", "kind", "severity", "own_severity", "redacted", "parts", "locations", "introduced",
        "removed", "exposed", "counts", "held", "anatomy", "verdict", "response", "remediation",
    ]  # fmt: skip
    assert first["locations"] == [
        {
            "source": "blob", "path": "conf/app.py", "member": [], "encoding": [], "line": 3, "column": 5,
            "end_line": 3, "end_column": 60, "pieces": [], "blob": BLOB, "commit": COMMIT,
            "author": "Jo <jo@example.org>", "date": "2024-05-06T07:08:09Z",
            "reach": {
                "branches": {"count": 3, "first": ["main", "dev", "old"]}, "tags": {"count": 1, "first": ["v1"]},
                "stash": True, "notes": False, "reflog": False, "alternate": False, "unreachable": False,
            },
            "suppressed": None,
        }
    ]  # fmt: skip
    assert first["counts"] == {"occurrences": None, "blobs": None, "paths": None, "commits": None, "removals": None}
    assert set(first["held"].values()) == {None}
    assert {key: found["suppressed"][0][key] for key in ("by", "reason", "owner", "until")} == {
        "by": "path", "reason": "an example", "owner": "docs team", "until": "2031-01-01",
    }  # fmt: skip
    assert found["problems"] == [{"what": "locked.bin", "message": "it cannot be read", "hint": "change its mode"}]


def test_the_token_is_written_only_on_demand() -> None:
    assert TOKEN not in written(FULL)
    assert document(FULL, Options(show_secrets=True))["findings"][0]["secret"].encode() == TOKEN


@pytest.mark.parametrize(
    ("exit", "complete"), [(0, True), (1, True), (2, True), (3, False), (130, False)]
)  # findings do not make a run incomplete
def test_complete(exit: int, complete: bool) -> None:
    assert document(report(exit=exit))["coverage"]["complete"] is complete


def test_paths_that_are_not_utf8_stay_readable() -> None:
    found = document(report([finding(location(b"caf\xe9/\xf0\x9f\x98\x80"))]))
    assert found["findings"][0]["locations"][0]["path"] == "caf\\xe9/\N{GRINNING FACE}"


def test_half_a_surrogate_does_no_harm() -> None:
    assert readable("a\udcffb") == "a\\udcffb"


def test_what_a_terminal_or_a_ci_runner_would_obey_is_escaped() -> None:
    nasty = "\x1b[2J\x9b2J\u202e##[add-mask]x\u2066\x7f"
    data = written(report([finding(location(nasty.encode()))]))
    assert not any(character in data.decode() for character in "\x1b\x9b\u202e\u2066\x7f")
    assert b"##[" not in data
    assert json.loads(data)["findings"][0]["locations"][0]["path"] == nasty


def test_jsonl_is_one_finding_a_line_and_then_the_summary() -> None:
    lines = [json.loads(line) for line in written(FULL, "jsonl").splitlines()]
    whole = document(FULL)
    assert lines[:-1] == whole.pop("findings")
    assert lines[-1] == {"summary": whole}


def _as_written(found: Finding) -> Finding:
    """A finding as it can come back: no secret, and bytes as text shows them."""

    def text(value: bytes) -> bytes:
        return value.decode("utf-8", "backslashreplace").encode()

    def place(location: Location) -> Location:
        path = None if location.path is None else text(location.path)
        return location._replace(path=path, member=tuple(map(text, location.member)))

    events = [
        event and event._replace(path=None if event.path is None else text(event.path))
        for event in (found.introduced, found.removed)
    ]
    return found._replace(
        secret=Secret(b""),
        introduced=events[0],
        removed=events[1],
        locations=tuple(map(place, found.locations)),
        parts=tuple(
            part._replace(locations=tuple(map(place, part.locations)))
            for part in found.parts
            if isinstance(part, Named)
        ),
    )


@pytest.mark.no_cover
@given(reports)
def test_the_way_back(given: Report) -> None:
    expected = given._replace(
        findings=tuple(_as_written(each) for each in given.findings),
        suppressed=tuple(each._replace(finding=_as_written(each.finding)) for each in given.suppressed),
    )
    assert to_report(written(given)) == expected
    assert to_report(written(given, options=Options(show_secrets=True))).findings == tuple(
        each._replace(secret=Secret(TOKEN)) for each in expected.findings
    )


def test_the_way_back_keeps_what_was_dropped() -> None:
    assert [(place.path, dropped.why) for place, dropped in to_report(written(FULL)).dropped] == [
        (b"conf/app.py", "a constant")
    ]


def test_a_report_without_the_keys_that_came_later_is_read() -> None:
    early = {key: value for key, value in document(FULL).items() if key not in ("notes", "dropped")}
    assert to_report(json.dumps(early).encode()).notes == ()


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "no JSON"),
        (b"\xff\xfe\x00", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[]", "the report: expected an object, found a list"),
        (b"{}", "the report: the key 'schema' is missing"),
        (b'{"schema": "xoxscan.report/2"}', "'xoxscan.report/2'; this version reads xoxscan.report/1"),
        (b'{"schema": "xoxscan.report/1"}', "the key 'target' is missing"),
    ],
)
def test_what_is_no_report(data: bytes, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint.replace("[", r"\[")):
        to_report(data)


def test_a_complaint_names_the_place() -> None:
    broken = document(FULL)
    broken["findings"][1]["locations"][0]["line"] = True
    with pytest.raises(
        UsageError, match=r"findings\[1\]\.locations\[0\]\.line: expected a number, found true or false"
    ):
        to_report(json.dumps(broken).encode())
    broken["findings"][1]["locations"][0]["line"] = 1.5
    with pytest.raises(UsageError, match="found a fraction"):
        to_report(json.dumps(broken).encode())


@pytest.mark.parametrize("part", ["verdict", "response"])
@pytest.mark.parametrize("state", ["", "Active", "alive", "revoked ", "x" * 500, "\x1b[2J"])
def test_a_state_that_is_none_is_named_with_its_place(part: str, state: str) -> None:
    for suppressed, where in ((False, "findings[0]"), (True, "suppressed[0].finding")):
        broken = document(FULL)
        told = broken["findings"][0]
        said = broken["suppressed"][0]["finding"] if suppressed else told
        said[part] = told[part] | {"state": state}
        if suppressed:
            broken["findings"] = []
        with pytest.raises(UsageError) as caught:
            to_report(json.dumps(broken).encode())
        assert str(caught.value).startswith(f"{where}.{part}.state: expected one of ")
        assert len(str(caught.value)) < 250 and "\x1b" not in str(caught.value)


def test_the_states_that_are_read_are_those_of_the_schema() -> None:
    parts = SCHEMA["$defs"]["finding"]["properties"]
    assert tuple(parts["verdict"]["properties"]["state"]["enum"]) == VERDICTS
    assert tuple(parts["response"]["properties"]["state"]["enum"]) == RESPONSES


def test_a_token_that_is_public_stays() -> None:
    assert document(FULL)["findings"][0]["redacted"] == PUBLIC + "****"


def test_older_reports_have_no_first_places_of_skips() -> None:
    old = document(FULL)
    del old["coverage"]["skipped"][0]["first"]
    (skip,) = to_report(json.dumps(old).encode()).coverage.skipped
    assert skip == FULL.coverage.skipped[0]._replace(first=())
