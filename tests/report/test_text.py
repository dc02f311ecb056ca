"""The report for people."""

from __future__ import annotations

import io
import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.model import Coverage, Event, Location, Names, Position, Problem, Reach, Report, Skip, Suppressed
from scanner.report import Options, text
from scanner.report.places import harmless, place
from tests.report.samples import ALLOWED, BLOB, COMMIT, FULL, PART, PUBLIC, TOKEN, finding, location, report, reports

PLAIN = Options()


def written(given: Report, options: Options = PLAIN) -> str:
    out = io.BytesIO()
    text.write(given, out, options)
    return out.getvalue().decode()


def test_a_whole_report() -> None:
    several = finding(*(location(line=line) for line in range(1, 9)))
    found = report([several], [Suppressed(finding(), ALLOWED)], [Problem("a.bin", "is locked", "unlock it")], exit=1)
    places = "".join(
        f"  conf/app.py:{line}:5  c0ffee0000, Jo <jo@example.org>, 2024-05-06"
        "  branches main, dev and 1 more; tag v1; stash\n"
        for line in range(1, 6)
    )
    assert written(found) == (
        f"slack-bot-token  critical  {PUBLIC}****\n" + places + "  and 3 more places (-v lists them)\n"
        "  introduced: c0ffee0000, Jo <jo@example.org>, 2024-05-06, in conf/old.py\n"
        "\n"
        "what to do: slack-bot-token\n"
        "  Revoke it. Then make a new one.\n"
        "\n"
        "Is one no secret? Then end its line with xoxscan:ignore and the reason: docs/suppressing.md.\n"
        "1 suppressed finding (--show-suppressed lists them)\n"
        "problem: a.bin: is locked\n"
        "  hint: unlock it\n"
        "note: an entry has expired\n"
        "skipped: submodule: not asked for (2 times): vendor, … (-v lists more)\n"
        "1 finding, 1 problem in 12 files, 3,400 blobs, 5.6 MB, 1.5 s; exit status 1: findings\n"
    )


def test_nothing_found() -> None:
    clean = report()._replace(notes=(), coverage=Coverage(1, None, 1, 999))
    assert written(clean) == "nothing found in 1 file, 1 commit, 999 bytes, 1.5 s; exit status 0: clean\n"


def test_quiet_is_findings_and_problems_only() -> None:
    assert written(report(), Options(quiet=True)) == ""
    shown = written(FULL, Options(quiet=True))
    assert "what to do" not in shown and "problem: locked.bin" in shown
    assert not re.search("note:|skipped:|dropped:|suppressed|exit status", shown)


def test_verbose_lists_every_place_and_the_fingerprint() -> None:
    shown = written(report([finding(*[location()] * 30)]), Options(verbose=True))
    assert shown.count("conf/app.py:3:5") == 30
    assert "more place" not in shown
    assert "fingerprint: v1:bot:ABCDEF" in shown


def test_one_more_place() -> None:
    assert "  and 1 more place (-v lists them)\n" in written(report([finding(*[location()] * 6)]))


def test_suppressed_findings_are_listed_on_demand() -> None:
    shown = written(FULL, Options(show_suppressed=True))
    assert (
        f"slack-bot-token  {PUBLIC}****  allowed (path) by docs team until 2031-01-01: an example\n  conf/app.py:3:5"
        in shown
    )
    assert "--show-suppressed" not in shown


def test_a_place_that_is_allowed_is_marked() -> None:
    shown = written(report([finding(location(), location()._replace(suppressed=ALLOWED._replace(owner=None)))]))
    assert "[allowed (path) until 2031-01-01: an example]" in shown


def test_what_was_dropped_and_why() -> None:
    expected = "dropped: conf/app.py:3:5  slack-bot-token  " + "xo" + "xb-1-****  entropy: a constant\n"
    assert expected in written(FULL)


def test_the_token_is_shown_only_on_demand() -> None:
    assert PART not in written(FULL)
    assert f"critical  {TOKEN.decode()}\n" in written(FULL, Options(show_secrets=True))


def test_removed() -> None:
    gone = finding()._replace(introduced=None, removed=Event(None, None, "2024-05-06T07:08:09Z", None), remediation="")
    assert "\n  removed: 2024-05-06\n\n" in written(report([gone]))


def test_advice_begins_no_line_with_a_command_and_breaks_no_word() -> None:
    long = "word " * 18 + "::error::x " + "a-" * 100 + "b"
    shown = written(report([finding()._replace(remediation=long)]))
    assert "\n  :\\x3aerror::x\n  " + "a-" * 100 + "b\n" in shown
    assert "what to do" in written(report([finding()._replace(remediation=" ")]))


def test_colour_only_if_wanted() -> None:
    assert "\x1b" not in written(FULL)
    coloured = written(FULL, Options(color=True))
    assert "\x1b[1;31mcritical\x1b[0m" in coloured
    assert re.sub("\x1b\\[[0-9;]+m", "", coloured) == written(FULL)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (Location("worktree", b"a.zip", (b"b.tar", b"c"), ("base64", "gzip"), Position(2, 1, 2, 9)),
         "a.zip!b.tar!c:2:1 (in gzip in base64)"),
        (Location("blob", None, blob=BLOB), "blob b10b000000"),
        (Location("stdin", None, position=Position(1, 2, 1, 9)), "the standard input:1:2"),
        (Location("commit-message", commit=COMMIT, position=Position(3, 1, 3, 9)), "commit message c0ffee0000:3:1"),
        (Location("tag-message", b"v1"), "tag message v1"),
        (Location("path-name", b"x"), "file name x"),
    ],
)  # fmt: skip
def test_places(given: Location, shown: str) -> None:
    assert place(given) == shown


def test_reach_says_what_still_holds_it() -> None:
    reach = Reach(Names(1, ("main",)), Names(0, ()), reflog=True, unreachable=True)
    assert "branch main; reflog; unreachable\n" in written(report([finding(location()._replace(reach=reach))]))


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (
            "caf\N{LATIN SMALL LETTER E WITH ACUTE} \N{GRINNING FACE}",
            "caf\N{LATIN SMALL LETTER E WITH ACUTE} \N{GRINNING FACE}",
        ),
        (b"\xff\x1b[2J", "\\xff\\x1b[2J"),
        ("a\nb\r\tc\x00", "a\\x0ab\\x0d\\x09c\\x00"),
        ("\u202egnp.exe\u2066", "\\u202egnp.exe\\u2066"),
        ("\udc80", "\\udc80"),
        ("\U000e0041", "\\U000e0041"),
        ("::error::x", ":\\x3aerror::x"),
        ("  ::warning::x", "  :\\x3awarning::x"),
        ("a##[group]b", "a##\\x5bgroup]b"),
        ("C::d", "C::d"),
    ],
)
def test_harmless(given: str | bytes, shown: str) -> None:
    assert harmless(given) == shown


@given(st.text())
def test_harmless_text_stays_in_its_line(given: str) -> None:
    shown = harmless(given)
    assert len(shown.splitlines()) <= 1
    assert "\x1b" not in shown and "##[" not in shown
    assert harmless(shown) == shown


@pytest.mark.no_cover
@given(reports)
def test_nothing_in_a_report_breaks_its_lines(given: Report) -> None:
    out = io.BytesIO()
    text.write(given, out, Options(verbose=True, show_suppressed=True))
    shown = out.getvalue().decode("utf-8", "strict")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)
    assert "##[" not in shown
    assert not re.search(r"(?m)^\s*::", shown)


def test_unknown_times_and_numbers_are_left_out() -> None:
    unknown = report()._replace(started="", finished="soon", coverage=Coverage(), notes=())
    assert written(unknown) == "nothing found in nothing; exit status 0: clean\n"


def test_a_skip_that_happened_once() -> None:
    once = report()._replace(coverage=Coverage(skipped=(Skip("fifo", "no content"),)))
    assert "skipped: fifo: no content\n" in written(once)


@pytest.mark.parametrize(
    ("places", "shown", "listed"),
    [
        ((), "", ""),
        (("a\x1b",), ": a\\x1b", "  a\\x1b\n"),
        (("a", "b"), ": a, … (-v lists more)", "  a\n  b\n"),
    ],
)
def test_a_skip_says_where(places: tuple[str, ...], shown: str, listed: str) -> None:
    often = report()._replace(coverage=Coverage(skipped=(Skip("packed content", "damaged", 3, places),)))
    assert f"skipped: packed content: damaged (3 times){shown}\n" in written(often)
    assert f"skipped: packed content: damaged (3 times)\n{listed}nothing" in written(
        often, PLAIN._replace(verbose=True)
    )


def test_it_is_light() -> None:
    """The hook pays for every import (docs of the project: start-up is a feature)."""
    code = "import sys; import scanner.report.text; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout.split()
    heavy = {"dataclasses", "json", "datetime", "subprocess", "inspect", "importlib.metadata", "yaml", "regex", "rich"}
    assert not heavy & set(loaded)
