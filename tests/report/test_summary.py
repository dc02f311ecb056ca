"""The job summary, as Markdown and as people read it."""

from __future__ import annotations

import io
import json
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from markdown_it import MarkdownIt

from scanner import rules
from scanner.model import Event, Location, Problem, Report, Suppressed, Suppression, Target
from scanner.report import Options, summary
from scanner.report.markdown import code
from tests.report.consumers import commands, markdown_shape
from tests.report.samples import ALLOWED, FULL, PUBLIC, RESPONSE, VERDICT, finding, location, report, reports

PLAIN = Options()
MARKED = Suppressed(finding(), Suppression("inline", "a fake", None, "2031-01-01"))
MIB = 1 << 20


def written(given: Report, options: Options = PLAIN) -> str:
    out = io.BytesIO()
    summary.write(given, out, options)
    return out.getvalue().decode()


def headings(page: str) -> list[str]:
    return [line for line in page.splitlines() if line.startswith("#")]


def rows(page: str) -> list[list[str]]:
    """The cells of every row of every table, as HTML."""
    parsed = MarkdownIt("commonmark").enable("table").parse(page)
    found: list[list[str]] = []
    for token, after in pairwise(parsed):
        if token.type == "tr_open":
            found.append([])
        if token.type in ("td_open", "th_open"):
            found[-1].append(after.content)
    return found


def test_what_the_change_excuses_itself_comes_first_then_what_was_found() -> None:
    page = written(FULL._replace(target=Target("range"), suppressed=(MARKED, *FULL.suppressed)))
    assert headings(page) == [
        "## xoxscan: 2 findings, 1 problem; exit status 1: findings",
        "### Excused by this change: 1",
        "### Findings: 2",
        "### What to do",
        "### Not scanned: 1",
        "### Allowed: 1",
        "### Looked at",
    ]
    assert rows(page)[1] == [
        f"`slack-bot-token`<br>`{PUBLIC}****`", "`conf/app.py:3:5`", "`a fake` (until `2031-01-01`)", "`Jo`",
    ]  # fmt: skip


def test_a_finding_what_where_since_whose_alive_done() -> None:
    told = finding()._replace(verdict=VERDICT, response=RESPONSE._replace(proof="asked again"))
    head, row = rows(written(report([told])))
    assert head == ["what", "where", "since", "whose", "alive?", "what was done"]
    assert row == [
        f"`slack-bot-token`<br>`{PUBLIC}****`",
        "`conf/app.py:3:5`",
        "`2024-05-06`<br>commit `c0ffee0000`<br>by `Jo`",
        "`team` `Acme`<br>`team_id` `T123`<br>`user` `deploy`<br>`user_id` `U1`<br>`bot_id` `B1`",
        "**alive**: `auth.test answered ok`<br>lets an attacker: `read every file`, `post as the bot`",
        "`held`: `a person must decide`<br>decided by `policy.yaml:3`<br>proof: `asked again`",
    ]


def test_what_is_not_known_is_said() -> None:
    bare = finding()._replace(introduced=None, anatomy=(), locations=())
    silent = finding()._replace(
        introduced=Event(None, None, None, None), verdict=VERDICT._replace(impact=(), identity=None, state="odd")
    )
    plain, other = rows(written(report([bare, silent])))[1:]
    assert plain[1:] == ["in no known place", "not known", "not known", "not asked", "nothing"]
    assert other[2:5] == ["not known", "`team` `123456789012`", "**not known**: `auth.test answered ok`"]


def test_many_places_are_counted_and_verbose_lists_more() -> None:
    several = report([finding(*(location(line=line) for line in range(1, 100)))])
    assert "and 94 more places" in written(several) and written(several).count("conf/app.py") == 5
    assert "and 49 more places" in written(several, Options(verbose=True))


def test_what_was_allowed_is_counted_or_listed() -> None:
    given = report([], [Suppressed(finding(Location("worktree", b"a")), ALLOWED._replace(reason=None)), MARKED])
    assert "### Allowed: 2\n\nMarkers, paths, fingerprints or the baseline allow these.\n" in written(given)
    _, first, second = rows(written(given, Options(show_suppressed=True)))
    assert first[1:] == ["`a`", "no reason (until `2031-01-01`)", "`docs team`"]
    assert second[2:] == ["`a fake` (until `2031-01-01`)", "`Jo`"]
    nobody = Suppressed(finding()._replace(introduced=None, locations=()), Suppression("inline", "x"))
    assert rows(written(report([], [nobody]), Options(show_suppressed=True)))[1][3] == "not known"


def test_nothing_found_says_how_much_was_looked_at() -> None:
    assert written(report()) == (
        "## xoxscan: nothing found; exit status 0: clean\n"
        "\n### Looked at\n\n12 files, 3,400 blobs, 5.6 MB, 1.5 s\n\n"
        "- note: `an entry has expired`\n- skipped: `submodule`: `not asked for` (2, first in `vendor`)\n"
    )


def test_our_own_advice_is_markdown_and_others_is_text() -> None:
    ours = next(rule for rule in rules.builtin() if rule.id == "slack-bot-token")
    own = finding()._replace(remediation=ours.remediation)
    other = finding(rule="theirs")._replace(remediation="**do**\n[this](https://example.org)")
    page = written(report([own, other, finding(rule="none")._replace(remediation="")]))
    assert f"- `slack-bot-token`: {' '.join(ours.remediation.split())}\n" in page
    assert "- `theirs`: `**do** [this](https://example.org)`\n" in page
    assert "- `none`" not in page


def test_what_was_revoked_with_proof_needs_no_advice() -> None:
    gone = finding()._replace(response=RESPONSE._replace(state="revoked"))
    page = written(report([gone]))
    assert "What to do" not in page and "`revoked`: `a person must decide`" in page


def test_hints() -> None:
    page = written(report(problems=[Problem("a", "b"), Problem("c", "d", "e")]))
    assert "- `a`: `b`\n- `c`: `d` (hint: `e`)\n" in page


def test_it_stays_under_a_mebibyte_and_says_what_it_leaves_out() -> None:
    long = finding(*(location(b"x" * 900 + b"%d" % number) for number in range(9)))
    marked = Suppressed(long, Suppression("inline", "y" * 900))
    problems = [Problem("z" * 900, "z" * 900, "z" * 900)] * 3000
    huge = report([long] * 3000, [marked] * 1000, problems)
    huge = huge._replace(notes=("n" * 900,) * 3000, target=Target("range"))
    page = written(huge)
    assert 900_000 < len(page.encode()) < MIB
    parts = page.split("\n### ")
    assert all("too much for this page" in part for part in (parts[1], parts[2], parts[-1])) and len(parts) == 6
    shown = sum(cell[0].startswith("`slack") for cell in rows(parts[2]))
    assert f"\n{3000 - shown:,} more findings: too much for this page, but in the other reports.\n" in parts[2]


def test_more_of_everything_than_there_is_room() -> None:
    rule = [finding(rule=f"rule {number}")._replace(remediation="word " * 190) for number in range(2000)]
    page = written(report(rule, [Suppressed(finding(), ALLOWED)] * 9000), Options(show_suppressed=True))
    assert len(page.encode()) < MIB and "more rules: too much" in page


@settings(max_examples=60)
@given(reports)
def test_every_report_has_its_rows_and_nothing_else(given: Report) -> None:
    page = written(given, Options(show_suppressed=True))
    found = [row for row in rows(page) if row[0] != "what"]
    parts = sum(len(each.parts) for each in given.findings)
    assert len(found) == len(given.findings) + parts + len(given.suppressed)
    assert {len(row) for row in found} <= {4, 6}
    shape = markdown_shape(page.encode())
    assert not {kind for _, kind, *_ in shape} & {"link_open", "image"}
    assert {content for _, kind, _, content in (s for s in shape if len(s) == 4) if kind == "html_inline"} <= {"<br>"}
    assert commands(page.encode()) == []


@given(reports)
def test_a_code_span_is_one_whatever_it_holds(given: Report) -> None:
    for text in _texts(json.loads(json.dumps(given, default=str))):
        (only,) = MarkdownIt("commonmark").parseInline(f"x {code(text)} y")
        assert only.children and [child.type for child in only.children] == ["text", "code_inline", "text"]


def _texts(value: Any) -> list[str]:
    if isinstance(value, list):
        return [text for inner in value for text in _texts(inner)]
    return [value] if isinstance(value, str) else []
