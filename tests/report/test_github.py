"""Workflow commands: what GitHub's runner makes of them."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.model import Location, Problem, Report, Response, Suppressed, Suppression, Target, Verdict
from scanner.report import Options, github
from tests.conftest import often
from tests.report.consumers import Command, commands
from tests.report.samples import ALLOWED, FULL, PUBLIC, RESPONSE, VERDICT, finding, location, report, reports

PLAIN = Options()
DEAD = Verdict("inactive", "token_revoked")


def written(given: Report, options: Options = PLAIN) -> bytes:
    out = io.BytesIO()
    github.write(given, out, options)
    return out.getvalue()


def read(given: Report, options: Options = PLAIN) -> list[Command]:
    return commands(written(given, options))


def test_a_finding_is_shown_at_its_lines() -> None:
    told = finding()._replace(verdict=VERDICT, response=RESPONSE._replace(proof="asked again"))
    (only,) = read(report([told])._replace(notes=()))
    assert only == Command(
        "error",
        (("file", "conf/app.py"), ("line", "3"), ("endLine", "3"), ("col", "5"), ("endColumn", "60"),
         ("title", "slack-bot-token")),
        f"{PUBLIC}**** stands in conf/app.py:3:5\n"
        "since: 2024-05-06, commit c0ffee0000, by Jo\n"
        "Slack says: active: auth.test answered ok; it speaks for team Acme, team_id T123, user deploy, user_id U1, "
        "bot_id B1\n"
        "response: held: a person must decide (decided by policy.yaml:3); proof: asked again\n"
        "what to do: Revoke it. Then make a new one.",
    )  # fmt: skip


def test_what_is_asked_for_comes_out_and_the_last_line_sums_up() -> None:
    assert [(each.name, dict(each.properties)["title"]) for each in read(FULL)] == [
        ("error", "slack-bot-token"), ("error", "our-own-rule"), ("warning", "not scanned"), ("notice", "xoxscan"),
    ]  # fmt: skip
    assert written(FULL).splitlines()[-1].startswith(b"xoxscan: 2 findings, 1 problem in 12 files")
    assert "hint: change its mode" in read(FULL)[2].data


def test_what_was_revoked_with_proof_needs_no_advice() -> None:
    (only,) = read(report([finding()._replace(response=RESPONSE._replace(state="revoked"))])._replace(notes=()))
    assert only.name == "warning" and "what to do" not in only.data


def test_quiet_leaves_out_notes_and_the_sum() -> None:
    quiet = written(FULL, Options(quiet=True, show_suppressed=True))
    assert [each.name for each in commands(quiet)] == ["error", "error", "warning"]
    assert quiet.count(b"\n") == 3


def test_the_most_urgent_first() -> None:
    dead = finding(location(b"dead"))._replace(verdict=DEAD)
    gone = finding(location(b"gone"))._replace(response=Response("revoked", "it is dead"))
    unknown = finding(location(b"unknown"))._replace(severity="medium")
    alive = finding(location(b"alive"))._replace(severity="low", verdict=VERDICT)
    strange = finding(location(b"strange"))._replace(severity="odd")
    found = read(report([dead, gone, unknown, alive, strange])._replace(notes=()))
    assert [(each.properties[0][1], each.name) for each in found] == [
        ("alive", "notice"), ("strange", "error"), ("unknown", "warning"), ("dead", "warning"), ("gone", "warning"),
    ]  # fmt: skip


@pytest.mark.parametrize("count", [8, 9, 10, 500])
def test_nine_of_a_level_and_how_many_more(count: int) -> None:
    several = [finding(location(f"{number}.py".encode())) for number in range(count)]
    problems = [Problem("a.bin", "is locked")] * count
    found = read(report(several, problems=problems)._replace(notes=("a note",) * count))
    for level in ("error", "warning", "notice"):
        of_it = [each for each in found if each.name == level]
        assert len(of_it) == min(count, 10)
        assert all("more" not in each.data for each in of_it[:9])
        if count > 9:
            assert of_it[9].data.startswith(f"and {count - 9} more: ")
            assert of_it[9].properties == (("title", "xoxscan"),)


def test_what_the_change_excuses_itself_comes_first() -> None:
    marked = Suppressed(finding(), Suppression("inline", "a fake", None, "2031-01-01"))
    pushed = report([finding()], [marked, Suppressed(finding(), ALLOWED)])._replace(target=Target("range"), notes=())
    first, second = read(pushed)
    assert first.name == "notice" and ("title", "excused by this change") in first.properties
    assert first.data == (
        f"slack-bot-token: {PUBLIC}**** stands in conf/app.py:3:5; allowed (inline) by Jo until 2031-01-01: a fake"
    )
    assert second.name == "error"
    assert read(pushed, Options(show_suppressed=True))[2].data.startswith("1 finding allowed before")
    assert [each.name for each in read(pushed._replace(target=Target("history")))] == ["error"]


@pytest.mark.parametrize(
    ("place", "keys"),
    [
        (Location("commit-message", None), ["title"]),
        (Location("ref-name", b"refs/heads/x"), ["title"]),
        (Location("worktree", b"a.py"), ["file", "title"]),
        (location(b"a.zip")._replace(member=(b"b",)), ["file", "title"]),
    ],
)
def test_where_there_are_no_lines_to_show_it_at(place: Location, keys: list[str]) -> None:
    (only,) = read(report([finding(place)])._replace(notes=()))
    assert [key for key, _ in only.properties] == keys


def test_a_place_in_a_file_is_shown_rather_than_another() -> None:
    several = finding(location(b"ok.py")._replace(suppressed=ALLOWED), Location("commit-message"), location(b"b.py"))
    (only,) = read(report([several])._replace(notes=()))
    assert only.properties[0] == ("file", "b.py")
    assert "in b.py:3:5, and in 1 more place\n" in only.data
    (only,) = read(report([finding()._replace(locations=(), introduced=None, remediation="")])._replace(notes=()))
    assert only.data == f"{PUBLIC}**** stands in no known place\nwhat to do: Revoke it, then take it out."


def test_a_name_like_an_escape_comes_back_as_it_is() -> None:
    (only,) = read(report([finding(location(b"50%,a:b%0A%2525.py"))])._replace(notes=()))
    assert only.properties[0] == ("file", "50%,a:b%0A%2525.py")


def test_a_message_is_no_longer_than_github_shows() -> None:
    wordy = finding(location(b"x " * 3000))._replace(remediation="word " * 3000, verdict=VERDICT)
    (only,) = read(report([wordy])._replace(notes=()))
    assert len(only.data) <= 4096 and only.data.count("…") == 2
    assert "Slack says: active" in only.data


@settings(max_examples=often(33))
@given(reports)
def test_whatever_it_holds_only_our_commands_come_out(given: Report) -> None:
    found = read(given)
    assert {each.name for each in found} <= {"error", "warning", "notice"}
    assert len(found) >= len(given.findings) + len(given.problems) + len(given.notes)
    for each in found:
        assert {key for key, _ in each.properties} <= {"file", "line", "endLine", "col", "endColumn", "title"}
        assert [key for key, _ in each.properties][-1] == "title"
    assert len(written(given).splitlines()) == len(found) + 1


@given(st.text(max_size=40), st.text(max_size=40))
def test_names_stay_in_their_property(path: str, rule: str) -> None:
    name = path.encode("utf-8", "surrogatepass") or b"x"
    (only,) = read(report([finding(location(name), rule=rule)])._replace(notes=()))
    assert [key for key, _ in only.properties] == ["file", "line", "endLine", "col", "endColumn", "title"]
