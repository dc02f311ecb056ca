"""What goes to the runner, read back by the runner's rules."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from scanner.ci.runnerfiles import CUT, MOST, annotated, put, shortened, summarize
from tests.ci.runner import Command, commands, values

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"))
HOSTILE = st.lists(
    st.sampled_from(["::", "##[", "]", "error", "stop-commands", " ", "%0A", "%", "\n", "\r", "\x1b[31m", "x", ";"])
).map("".join)


@given(st.dictionaries(st.sampled_from(["findings", "report", "exit-status"]), TEXTS))
def test_outputs_come_back(given_values: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "out")
        put(str(path), given_values)
        assert values(path.read_bytes().decode()) == given_values


def test_a_value_cannot_end_itself(tmp_path: Path) -> None:
    drawn = [b"a", b"a", b"b"]
    first = "xoxscan_61"
    put(str(tmp_path / "out"), {"x": f"1\n{first}\ny=2"}, lambda size: drawn.pop(0))
    assert values((tmp_path / "out").read_text()) == {"x": f"1\n{first}\ny=2"}


@given(HOSTILE)
def test_one_line_is_one_command(text: str) -> None:
    (found,) = commands(annotated("error", text))
    assert found[:2] == ("error", {"title": "xoxscan"})


def test_its_words_stay() -> None:
    assert commands(annotated("warning", "50 % of a::b")) == [
        Command("warning", {"title": "xoxscan"}, "50 % of a::b"),
    ]


@given(st.binary(max_size=300), st.integers(0, 300))
def test_what_is_cut_fits(text: bytes, most: int) -> None:
    cut = shortened(text, most)
    assert len(cut) <= max(most, 0)
    assert cut in (b"", text) or (cut.endswith(CUT.encode()) and text.startswith(cut[: -len(CUT)]))


def test_a_summary_stays_below_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "summary"
    path.write_bytes(b"before\n")
    summarize(str(path), b"line\n" * 300_000)
    assert MOST - 10 < path.stat().st_size < MOST
    summarize(str(path), b"more\n" * 10)
    assert path.stat().st_size < MOST
    assert path.read_bytes().startswith(b"before\nline\n")
