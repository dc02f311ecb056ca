"""What belongs together: which secret becomes a part of which, and that none is lost on the way."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.model import Finding, Location, Named, Position, Report, Secret, Shared
from scanner.pairs import LINES, paired, together
from scanner.report import FORMATS, Options, writer
from scanner.report.output import secrets
from scanner.report.reading import to_report
from tests.report.samples import BLOB, COMMIT, RESPONSE, VERDICT, report, wholes

SCHEMA = json.loads((Path(__file__).parents[1] / "docs" / "report.schema.json").read_bytes())
PLAIN = Options()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
RULES = {
    "session-client": "slack-session-token",
    "session-cookie": "slack-session-cookie",
    "config-access": "slack-rotating-token",
    "config-refresh": "slack-rotation-refresh-token",
    "app-secret": "slack-client-secret",
    "bot": "slack-bot-token",
}
SEVERITY = {"config-access": "high", "bot": "high", "app-secret": "high"}


def at(line: int, path: bytes = b"a", column: int = 1, **more: Any) -> Location:
    """A place in a file."""
    return Location("worktree", path, position=Position(line, column, line, column + 9), **more)


def secret(kind: str, name: str, *places: Location, grant: str = "") -> Finding:
    """A finding of `kind` that is told from others by its name; rotating tokens are of a grant."""
    ids = {"version": "1", "payload_version": "3-1", "team": "1", "grant": grant, "serial": name}
    if kind == "config-access":
        ids |= {"payload_version": "2-2", "user": "9"}
    return Finding(
        Secret(name.encode()), f"v1:{kind}:{name}", RULES[kind], kind, SEVERITY.get(kind, "critical"),
        f"{name}-****", tuple(ids.items()) if grant else (), places or (at(1),), remediation=f"About {kind}.",
    )  # fmt: skip


def shape(findings: tuple[Finding, ...]) -> dict[str, list[str]]:
    """For each finding its parts: a name, one in brackets for what is only named, an id as it is."""

    def name(part: Finding | Named | Shared) -> str:
        if isinstance(part, Named):
            return part.value
        found = part.fingerprint.rpartition(":")[2]
        return found if isinstance(part, Finding) else f"({found})"

    return {name(each): [name(part) for part in each.parts] for each in findings}


def token(name: str, *places: Location) -> Finding:
    return secret("session-client", name, *places)


def cookie(name: str, *places: Location) -> Finding:
    return secret("session-cookie", name, *places)


def access(name: str, *places: Location, grant: str = "1") -> Finding:
    return secret("config-access", name, *places, grant=grant)


def refresh(name: str, *places: Location, grant: str = "1") -> Finding:
    return secret("config-refresh", name, *places, grant=grant)


def test_a_session_token_has_the_nearest_cookie() -> None:
    found = together([token("c", at(10)), cookie("near", at(12)), cookie("far", at(40))])
    assert shape(found) == {"c": ["near"], "far": []}


def test_on_one_line_columns_count() -> None:
    found = together([token("c", at(1, column=500)), cookie("far", at(1)), cookie("near", at(1, column=800))])
    assert shape(found) == {"c": ["near"], "far": []}


def test_beyond_the_bound_only_the_one_cookie_of_a_text_is_near() -> None:
    assert shape(together([token("c", at(1)), cookie("d", at(1000))])) == {"c": ["d"]}
    several = [token("c", at(1)), cookie("d", at(2 + LINES)), cookie("e", at(1000))]
    assert shape(together(several)) == {"c": [], "d": [], "e": []}
    assert shape(together([several[0], cookie("d", at(1 + LINES)), several[2]])) == {"c": ["d"], "e": []}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (at(1), at(1, b"b")),
        (at(1, member=(b"x",)), at(1, member=(b"y",))),
        (at(1, member=(b"x",)), at(1)),
        (at(1, blob="a" * 40), at(1, blob="b" * 40)),
        (at(1)._replace(source="commit-message", commit="a"), at(1)._replace(source="commit-message", commit="b")),
        (at(1)._replace(position=None), at(1)._replace(position=None)),
        (at(1)._replace(source="ref-name", path=None), at(1)._replace(source="ref-name", path=None)),
    ],
)
def test_in_different_texts_nothing_is_near(one: Location, other: Location) -> None:
    assert shape(together([token("c", one), cookie("d", other)])) == {"c": [], "d": []}


def test_a_blob_is_one_text_under_whatever_path() -> None:
    one, other = at(1, b"a", blob=BLOB), at(3, b"b", blob=BLOB)
    assert shape(together([token("c", one), cookie("d", other)])) == {"c": ["d"]}


def test_a_cookie_of_several_workspaces_stands_whole_once() -> None:
    found = together([token("c", at(1)), token("e", at(6)), cookie("d", at(4))])
    assert shape(found) == {"c": ["(d)"], "e": ["d"]}  # nearer to e
    (named,) = found[0].parts
    assert named == Shared("session-cookie", "d-****", "v1:session-cookie:d", "v1:session-client:e", "e-****")


def test_each_text_has_its_nearest() -> None:
    one = token("c", at(1), at(1, b"b"))
    assert shape(together([one, cookie("d", at(2)), cookie("e", at(3, b"b"))])) == {"c": ["d", "e"]}


def test_tokens_of_one_grant_belong_together_wherever_they_stand() -> None:
    assert shape(together([access("a", at(1)), refresh("r", at(9, b"b"))])) == {"a": ["r"]}


def test_nearness_is_no_grant() -> None:
    found = together([access("a", at(1)), refresh("r", at(1), grant="2")])
    assert shape(found) == {"a": [], "r": []}
    strange = access("a")._replace(anatomy=(("team", "1"), ("grant", "1")))  # an unknown layout tells no grant
    assert shape(together([strange, refresh("r")])) == {"a": [], "r": []}


def test_in_a_grant_the_nearest_go_together() -> None:
    texts = [at(1, f"v{number}".encode()) for number in range(3)]
    accesses = [access(f"a{number}", place) for number, place in enumerate(texts)]
    refreshes = [refresh(f"r{number}", place) for number, place in enumerate(texts)]
    found = together([*accesses, *reversed(refreshes)])
    assert shape(found) == {"a0": ["r0"], "a1": ["r1"], "a2": ["r2"]}


def test_in_a_grant_nobody_is_left_over() -> None:
    found = together([access("a", at(1)), access("b", at(1, b"b")), refresh("r", at(2)), refresh("s", at(2, b"c"))])
    assert shape(found) == {"a": ["r", "s"], "b": ["(r)"]}
    assert shape(together([access("a"), access("b", at(1, b"b"))])) == {"a": [], "b": []}


def test_the_severity_is_the_highest_and_the_worst_come_first() -> None:
    found = together([secret("bot", "x", at(1, b"0")), access("a", at(1, b"1")), refresh("r", at(1, b"2"))])
    assert [(each.worst, each.severity) for each in found] == [("critical", "high"), ("high", "high")]
    assert list(shape(found)) == ["a", "x"]


def test_a_severity_of_others_is_the_highest() -> None:
    assert token("c")._replace(severity="urgent", parts=(cookie("d"),)).worst == "urgent"


def test_without_anything_that_belongs_together_all_is_as_it_was() -> None:
    given = (secret("bot", "x", at(9)), cookie("d", at(1, b"b")), secret("bot", "a", at(1)))
    assert together(given) == given
    assert together(()) == ()


def test_a_client_id_stays_with_its_secret() -> None:
    named = Named("client-id", "123456789012.1234567890123", (at(4),))
    with_id = secret("app-secret", "s")._replace(parts=(named,))
    assert together([with_id, token("c"), cookie("d")])[1] == with_id
    assert list(with_id.singly()) == [with_id]


lines = st.integers(1, 500)
places = st.lists(st.builds(at, lines, st.sampled_from([b"a", b"b"]), st.integers(1, 9)), max_size=3).map(tuple)
kinds = st.sampled_from(list(RULES))
drawn = st.lists(st.tuples(kinds, places, st.sampled_from("12")), max_size=12)


def made(given: list[tuple[str, tuple[Location, ...], str]]) -> list[Finding]:
    found = []
    for number, (kind, where, grant) in enumerate(given):
        rotating = kind.startswith("config")
        each = secret(kind, f"n{number:02}", grant=grant if rotating else "")._replace(locations=where)
        if kind == "app-secret":
            each = each._replace(parts=(Named("client-id", "123456789012.1234567890123", where),))
        found.append(each)
    return found


def by_name(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda each: each.fingerprint)


@settings(deadline=None)
@given(drawn, st.randoms(use_true_random=False))
def test_no_secret_and_no_place_is_lost_in_any_order(given: Any, draw: random.Random) -> None:
    findings = made(given)
    found = together(findings)
    single = [each for finding in found for each in finding.singly()]
    assert by_name(single) == by_name(findings)  # every secret, whole, and once
    shuffled = draw.sample(findings, len(findings))
    assert {*together(shuffled)} == {*found}
    if any(len(list(each.singly())) > 1 for each in found):
        assert together(shuffled) == found
    assert together(found) == found  # what is put together stays so
    for each in found:
        for part in each.parts:
            if isinstance(part, Shared):  # what is only named stands whole where it says
                (holder,) = [one for one in found if one.fingerprint == part.held_by]
                assert part.fingerprint in [one.fingerprint for one in holder.singly()]
                assert (part.holder, each.kind) == (holder.redacted, holder.kind)


@settings(deadline=None)
@given(drawn)
def test_every_token_with_a_cookie_beside_it_names_one(given: Any) -> None:
    findings = made(given)
    found = {each.fingerprint: each for each in together(findings)}
    for one in findings:
        if one.kind == "session-client":
            near = [
                each
                for each in findings
                if each.kind == "session-cookie"
                for here in one.locations
                for there in each.locations
                if here.path == there.path and abs(here.position.line - there.position.line) <= LINES  # type: ignore[union-attr]
            ]
            named = {part.fingerprint for part in found[one.fingerprint].parts if not isinstance(part, Named)}
            assert bool(near) <= bool(named)


def written(given: Report, name: str, options: Options = PLAIN) -> bytes:
    out = io.BytesIO()
    writer(name)(given, out, options)
    return out.getvalue()


@pytest.mark.no_cover
@settings(deadline=None)
@given(drawn, st.booleans())
def test_json_has_all_of_it_and_the_way_back_takes_it_apart(given: Any, shown: bool) -> None:
    findings = made(given)
    options = Options(show_secrets=shown)
    document = written(paired(report(findings)), "json", options)
    VALIDATOR.validate(json.loads(document))
    back = to_report(document)
    expected = [each if shown else each._replace(secret=Secret(b"")) for each in findings]
    assert by_name(back.findings) == by_name(expected)
    assert written(paired(back), "json", options) == document
    lines = written(paired(report(findings)), "jsonl", options).splitlines()
    assert [json.loads(line) for line in lines[:-1]] == json.loads(document)["findings"]


WHOLE = report(
    [
        token("cone", at(1))._replace(verdict=VERDICT),
        token("ctwo", at(4)),
        cookie("done", at(2, b"a"), at(9, b"deep"))._replace(response=RESPONSE),
        access("aone", at(1, b"b")),
        refresh("rone", at(1, b"c")),
        secret("app-secret", "sone", at(1, b"e"))._replace(
            parts=(Named("client-id", "123456789012.1234567890123", (at(3, b"e"),)),)
        ),
    ],
    exit=1,
)


def test_a_report_that_knows_no_parts_is_read_and_put_together() -> None:
    old = json.loads(written(WHOLE, "json"))
    for each in old["findings"]:
        each["parts"] = []
        del each["own_severity"]
    found = paired(to_report(json.dumps(old).encode()))
    assert shape(found.findings) == {"cone": ["done"], "ctwo": ["(done)"], "aone": ["rone"], "sone": []}
    assert found.findings[2].worst == "critical"


def test_the_schema_knows_the_three_sorts_of_parts() -> None:
    document = json.loads(written(paired(WHOLE), "json"))
    VALIDATOR.validate(document)
    parts = [part for each in document["findings"] for part in each["parts"]]
    assert [min(part) for part in parts if "rule" not in part] == ["fingerprint", "kind"]
    for part in parts:
        for key in list(part):
            if key != "locations":
                short = {name: value for name, value in part.items() if name != key}
                broken = json.loads(json.dumps(document))
                broken["findings"][0]["parts"] = [short]
                assert not VALIDATOR.is_valid(broken), key


@pytest.mark.parametrize("name", FORMATS)
def test_every_form_shows_every_part_with_its_place(name: str) -> None:
    text = written(paired(WHOLE), name, Options(verbose=True)).decode()
    for shown in ("cone-****", "ctwo-****", "done-****", "aone-****", "rone-****", "sone-****"):
        assert shown in text
    assert "123456789012.1234567890123" in text
    assert "deep" in text or name in ("github", "junit")  # these tell the first place, and how many more
    assert "1 more place" in text or name not in ("github", "junit")
    assert VERDICT.state in text or "**alive**" in text
    assert RESPONSE.state in text


def test_counts_say_findings_and_secrets() -> None:
    for name in ("text", "summary", "github", "junit"):
        whole = WHOLE._replace(exit=3)  # so that junit says it
        assert "4 findings (6 secrets)" in written(paired(whole), name).decode()


def test_text_has_the_parts_under_the_finding() -> None:
    text = written(paired(WHOLE), "text", Options(verbose=True)).decode()
    first = text.partition("\n\n")[0].splitlines()
    assert first[0] == "slack-session-token  critical  cone-****"
    at_part = first.index("  with slack-session-cookie  critical  done-****")
    assert first[at_part + 1 :][:2] == ["    a:2:1", "    deep:9:1"]
    assert "    response: held: a person must decide (decided by policy.yaml:3)" in first
    assert "  with session-cookie  done-****  told with cone-****" in text
    assert "  with client-id  123456789012.1234567890123\n    e:3:1\n" in text


def test_what_lives_in_a_part_makes_the_finding_urgent() -> None:
    gone = VERDICT._replace(state="inactive")
    dead, alive = access("a", at(1, b"z"))._replace(verdict=gone), refresh("r", at(2, b"z"))._replace(verdict=VERDICT)
    given = paired(report([secret("bot", "x", at(1, b"0"))._replace(severity="critical"), dead, alive]))
    assert [each.name for each in _cases(given)] == ["a-**** in z:1:1", "x-**** in 0:1:1"]
    both = paired(report([dead, alive._replace(verdict=gone)]))
    assert json.loads(written(both, "gitlab"))["vulnerabilities"][0]["severity"] == "Low"
    one = paired(report([dead, alive]))
    assert json.loads(written(one, "gitlab"))["vulnerabilities"][0]["severity"] == "Critical"


def _cases(given: Report) -> list[Any]:
    from scanner.report import junit

    return [case for case in junit._cases(given) if case.outcome == "failure"]


def test_the_redactor_knows_the_parts() -> None:
    assert {each.reveal() for each in secrets(paired(WHOLE))} == {each.secret.reveal() for each in WHOLE.findings}


def schema(name: str) -> Any:
    return jsonschema.Draft7Validator(json.loads((Path(__file__).parent / "data" / name).read_bytes()))


SCHEMAS = {
    "json": VALIDATOR,
    "sarif": schema("sarif-schema-2.1.0.json"),
    "gitlab": schema("gitlab-secret-detection-15.2.1.json"),
    "codequality": schema("gitlab-codequality.json"),
}


@pytest.mark.no_cover
@settings(deadline=None, max_examples=30)
@given(wholes, st.booleans())
def test_every_form_is_valid_whatever_the_parts_are(given: Report, verbose: bool) -> None:
    for name in FORMATS:
        data = written(given, name, Options(verbose=verbose, show_suppressed=verbose)).decode()
        if name in SCHEMAS:
            SCHEMAS[name].validate(json.loads(data))
        elif name == "junit":
            ElementTree.fromstring(data)


def test_sarif_has_one_result_with_related_places() -> None:
    document = json.loads(written(paired(WHOLE), "sarif"))
    SCHEMAS["sarif"].validate(document)
    results = document["runs"][0]["results"]
    assert len(results) == 4
    related = results[0]["relatedLocations"]
    assert [each["physicalLocation"]["artifactLocation"]["uri"] for each in related] == ["a", "deep"]
    assert results[0]["properties"]["parts"][0]["fingerprint"] == "v1:session-cookie:done"
    assert results[1]["properties"]["parts"][0]["held_by"] == "v1:session-client:cone"
    assert "relatedLocations" not in results[1]
    assert results[0]["fingerprints"] == {"xoxscan/v1": "v1:session-client:cone"}


def test_a_finding_in_a_blob_of_a_commit_goes_the_same_way() -> None:
    place = at(3, blob=BLOB, commit=COMMIT)
    assert shape(together([token("c", place), cookie("d", place)])) == {"c": ["d"]}


@pytest.mark.no_cover
def test_what_is_too_much_for_a_form_is_said() -> None:
    places = tuple(at(line, b"a") for line in range(1, 1_003))
    given = paired(report([token("c", at(1)), cookie("d", *places)]))
    assert "and 902 more places" in written(given, "gitlab").decode()
    document = json.loads(written(given, "sarif"))
    SCHEMAS["sarif"].validate(document)
    (run,) = document["runs"]
    assert len(run["results"][0]["relatedLocations"]) == 1_000
    said = [each["message"]["text"] for each in run["invocations"][0]["toolExecutionNotifications"]]
    assert any("places each of 1 result" in text for text in said)
