from __future__ import annotations

from pathlib import Path

import pytest

from bench import table
from bench.cases import Bar, Case, Section
from bench.measure import Command, Peak, Sample
from bench.table import Row

COMMAND = Command(("true",), Path(), {})
YARDSTICK = Row(Case("yardstick", COMMAND), [Sample(1, 1), Sample(1, 1)], Peak(5_000_000, 1))
SECTION = Section("A title", "things", [], objects=1_000_000, blobs=10)


def ours(wall: float = 1, fault: str = "", memory: int = 0, looked: int | None = None) -> Row:
    case = Case("ours", COMMAND, bar=2.5, ours=True)
    return Row(case, [Sample(wall, 0.5, fault)] * 2, Peak(memory, 1) if memory else None, looked)


def test_within_all_bars_nothing_is_said() -> None:
    assert table.over(SECTION, [YARDSTICK, ours(2.5, memory=290_000_000, looked=10)]) == []


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (ours(3), "took 3.00 times the yardstick, may take 2.5"),
        (ours(memory=291_000_000), "291 MB, may take 290"),
        (ours(looked=9), "looked at 9 of 10 blobs"),
        (ours(fault="status 3"), "failed: status 3"),
    ],
)
def test_each_bar_that_is_missed_is_said(row: Row, said: str) -> None:
    (sentence,) = table.over(SECTION, [YARDSTICK, row])
    assert sentence.startswith("ours: ") and said in sentence


def test_a_row_may_have_bars_beside_other_rows() -> None:
    peer = Row(Case("peer", COMMAND), [Sample(6, 1)] * 2)
    bars = (Bar("peer", 1 / 3), Bar("yardstick", 1, plus=0.4), Bar("absent", 1))
    good, bad = (row._replace(case=row.case._replace(bar=None, bars=bars)) for row in (ours(1.3), ours(2.4)))
    assert table.over(SECTION, [YARDSTICK, peer, good]) == []
    assert table.over(SECTION, [YARDSTICK, peer, bad]) == [
        "ours: 0.400 times peer, at most 0.333",
        "ours: 1.40 s more than yardstick, at most 0.4 s",
    ]
    shown = table.markdown(SECTION, [YARDSTICK, peer, bad])
    assert "- ours: 0.400 times peer, at most 0.333 (missed)\n" in shown
    assert "(missed)" not in table.text(SECTION, [YARDSTICK, peer, good])


def test_a_row_may_have_more_memory_to_spare() -> None:
    row = ours(memory=340_000_000)
    assert table.over(SECTION, [YARDSTICK, row._replace(case=row.case._replace(spare=300e6))]) == []


def test_a_peer_may_take_what_it_likes() -> None:
    peer = Row(Case("peer", COMMAND), [Sample(99, 99)], Peak(10**10, 1))
    assert table.over(SECTION, [YARDSTICK, peer]) == []


def test_without_a_yardstick_there_is_no_ratio() -> None:
    absent = Row(Case("yardstick", None))
    assert table.times(ours(), absent) is None
    assert table.over(SECTION, [absent, ours()]) == []


def test_memory_has_no_bar_where_objects_do_not_count() -> None:
    assert table.over(SECTION._replace(objects=None), [YARDSTICK, ours(memory=10**10)]) == []


def test_an_absent_and_a_failed_row_say_so() -> None:
    rows = [YARDSTICK, Row(Case("rg", None, why="not there")), ours(fault="status 2")]
    shown = table.text(SECTION, rows)
    assert "rg: absent" in shown and "ours: failed (status 2)" in shown


def test_markdown_has_a_cell_for_every_column() -> None:
    lines = [line for line in table.markdown(SECTION, [YARDSTICK, ours(2)]).splitlines() if line.startswith("|")]
    assert {line.count("|") for line in lines} == {len(table.HEAD) + 1}
    assert lines[3] == "| ours | 2.00 | 2.00-2.00 | 0.500 | 2.00 | 2.5 |  | 2 |"


@pytest.mark.parametrize(
    ("value", "shown"), [(0.02741, "0.0274"), (0.3141, "0.314"), (6.283, "6.28"), (31.41, "31.4"), (314.1, "314.1")]
)
def test_seconds_have_the_digits_that_mean_something(value: float, shown: str) -> None:
    assert table.seconds(value) == shown


PAGE = "Above\n\n<!-- bench: a -->\nold\n<!-- end: a -->\n\nbelow\n<!-- bench: b -->\n<!-- end: b -->\n"


def test_tables_replace_what_stands_between_their_marks() -> None:
    page = table.between(PAGE, "a", "new\n")
    assert page == PAGE.replace("old\n", "\nnew\n\n")
    assert table.between(page, "a", "new\n") == page


def test_a_page_without_the_marks_is_not_touched() -> None:
    with pytest.raises(ValueError, match="bench: c"):
        table.between(PAGE, "c", "new")
