"""No encoding, container or corner of git that was seen is missed; and how the table of them is made."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pytest

from bench.recall_matrix import __main__ as command
from bench.recall_matrix import cells, corners, programs, table
from bench.recall_matrix.cells import Planted
from bench.recall_matrix.corners import HISTORY
from bench.recall_matrix.known import NOT_SEEN
from bench.recall_matrix.programs import FILES, Failed, Program, Reported
from tests.conftest import Run, token

SEED = 7


@pytest.fixture
def ours(run: Run) -> Program:
    """Our column, in this process."""

    def call(words: Sequence[str]) -> bytes:
        done = run(*words, "--jobs", "1")
        assert done.status in (0, 1), done.err
        return done.out

    return programs.ours(call)


def test_no_file_that_was_seen_is_missed(ours: Program, tmp_path: Path) -> None:
    assert_as_known(list(table.files([ours], tmp_path, SEED, [])), git=False)


def test_no_corner_of_git_that_was_seen_is_missed(
    ours: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = tuple(corner for corner in corners.CORNERS if corner.name != "a file of 60 MB")  # git takes long to add it
    monkeypatch.setattr(table, "CORNERS", quick)
    assert_as_known(list(table.repositories([ours], tmp_path, SEED, [])), git=True)


def assert_as_known(lines: list[table.Line], git: bool) -> None:
    known = {name for name in NOT_SEEN if name.startswith("git: ") == git}
    assert {line.id for line in lines if line.cells != (table.YES,)} == known


def test_each_row_has_a_name_and_a_token_of_its_own() -> None:
    names = [*(row.id for row in table.rows()), *(corner.id for corner in corners.CORNERS)]
    assert len(set(names)) == len(names)
    assert set(NOT_SEEN) <= set(names)
    assert len({cells.token(cells.BOT, name, SEED) for name in names}) == len(names)


def test_the_whole_token_counts_and_only_where_it_stands() -> None:
    secret = token()
    planted = Planted("a row", secret, "cell007")
    text, digest = secret.decode(), hashlib.sha1(secret, usedforsecurity=False).hexdigest()
    peer = Program("peer", {})
    assert programs.sees(peer, planted, [Reported(f"T={text}", "./cell007/a.txt")])
    assert programs.sees(peer, planted, [Reported(text.replace("-", "%2D"), "cell007/a.txt")])
    assert programs.sees(peer, planted, [Reported(digest, "cell007/a.txt")])
    assert not programs.sees(peer, planted, [Reported(text[:-1], "cell007/a.txt"), Reported(text, "cell008/a.txt")])
    assert not programs.sees(Program("ours", {}, exact=True), planted, [Reported(f"T={text}", "cell007/a.txt")])


def broken(folder: Path) -> list[Reported]:
    """A program that dies."""
    raise Failed("status 3: no")


def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three rows."""
    wanted = ("plain: NAME=token", "base64: once")
    kept = tuple(row for row in table.rows() if row.id in wanted)
    monkeypatch.setattr(table, "rows", lambda: kept)
    few = tuple(corner for corner in corners.CORNERS if corner.name == "deleted, loose")
    monkeypatch.setattr(table, "CORNERS", few)


def test_a_program_that_fails_or_cannot_look(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    small(monkeypatch)
    made = table.outcome([Program("dies", {HISTORY: broken, FILES: broken}), Program("is blind", {})], tmp_path, SEED)
    assert {line.cells for line in made.lines} == {("fails", "–")}
    assert sorted(made.failures) == ["dies, files: status 3: no", "dies, git: deleted, loose: status 3: no"]
    assert table.markdown([Program("dies", {}), Program("is blind", {})], made.lines).splitlines()[-2:] == [
        "| deleted, loose | fails | – |",
        "| **seen** | 0 of 3 | 0 of 0 |",
    ]


def test_what_turned_either_way() -> None:
    lines = [table.Line("a", ("no",)), table.Line("b", ("yes",)), table.Line("c", ("no",)), table.Line("d", ("yes",))]
    known = {"c": "of c", "d": "of *d*"}
    assert table.turned(lines, known) == ["a"]
    assert table.better(lines, known) == ["d"]
    assert table.reasons({"c": "why", "<d>": "why", "e": "else"}) == "- c; \\<d\\>: why.\n- e: else.\n"


def test_the_command_writes_the_table_into_a_page(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small(monkeypatch)
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- bench: matrix -->\n<!-- end: matrix -->\nafter\n")
    assert command.main(["--no-install", "--write", str(page)], tmp_path / "no peers here") == 0
    text = page.read_text()
    assert "gitleaks is not there: no Go, or its module could not be had" in text
    assert "| once | yes | no |\n" in text
    assert "- container: zip with a password: " in text
    assert text.startswith("before\n<!-- bench: matrix -->\n\n3 rows, seed 1; ")
    assert "not seen any more" not in capsys.readouterr().out


def test_the_command_fails_where_a_cell_has_turned(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small(monkeypatch)
    monkeypatch.setattr(programs, "sees", lambda *_: False)
    monkeypatch.setattr(table, "sees", lambda *_: False)
    assert command.main(["--alone"], tmp_path) == 1
    assert capsys.readouterr().out.splitlines()[-3:] == [
        "not seen any more: plain: NAME=token",
        "not seen any more: base64: once",
        "not seen any more: git: deleted, loose",
    ]
