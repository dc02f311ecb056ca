"""Cells and outputs of notebooks, with the way back to the raw file."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from scanner.decode import joined, notebook
from scanner.fakes import KINDS, fake
from tests.conftest import token


def book(lines: Sequence[str] | str, output: Sequence[str] | str = (), indent: int | None = 1) -> bytes:
    """A notebook with one cell, written as Jupyter does (or without any space)."""
    outputs = [{"name": "stdout", "output_type": "stream", "text": output}]
    cell = {"cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": outputs, "source": lines}
    made = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(made, indent=indent, ensure_ascii=False).encode("utf-8", "surrogatepass")


TOKEN = token("bot", 5).decode()


@given(
    st.sampled_from(KINDS),
    st.integers(),
    st.lists(st.text(max_size=20), max_size=20),
    st.sampled_from([None, 1, 4]),
    st.booleans(),
)
def test_a_cell_is_shown_as_it_is_and_each_token_has_its_place(
    kind: str, seed: int, around: list[str], indent: int | None, output: bool
) -> None:
    whole = fake("bot" if kind == "app-secret" else kind, random.Random(seed)).decode()
    lines = [*(f"{line}\n" for line in around), f'say("{whole}", "é\t")\n', "# bye"]
    raw = book([], lines, indent) if output else book(lines, [], indent)
    parts = [part for part in notebook.decode(raw) if f'say("{whole}", "é\t")\n'.encode() in part.data]
    assert parts
    at = parts[0].data.index(whole.encode())
    start, end = parts[0].raw(at, at + len(whole))
    assert json.loads(b'"' + raw[start:end] + b'"') == whole
    quoted = parts[0].data.index(b'"' + whole.encode())
    assert raw[slice(*parts[0].raw(quoted, quoted + 1))] == b'\\"'


def test_a_token_that_goes_on_in_the_next_line_of_a_cell_is_found_whole_at_its_lines() -> None:
    lines = ["x = 1\n", f't = "{TOKEN[:20]}\\\n', f'{TOKEN[20:30]}" \\\n', f'    "{TOKEN[30:]}"\n', "y = 2"]
    raw = book(lines)
    (part,) = notebook.decode(raw)
    assert part.data == "".join(lines).encode()
    (whole,) = (found for found in joined.decode(part.data) if TOKEN.encode() in found.data)
    at = whole.data.index(TOKEN.encode())
    start, end = part.raw(*whole.raw(at, at + len(TOKEN)))
    assert raw[start:end].startswith(TOKEN[:20].encode()) and raw[start:end].endswith(TOKEN[30:].encode())
    assert raw[start:end].count(b"\n") == 2


def test_a_source_that_is_one_string() -> None:
    raw = book(f'a = 1\nt = ("{TOKEN[:20]}"\n     "{TOKEN[20:]}")\n')
    (part,) = notebook.decode(raw)
    assert part.data == f'a = 1\nt = ("{TOKEN[:20]}"\n     "{TOKEN[20:]}")\n'.encode()


def test_strings_that_are_no_lines_stay_apart() -> None:
    raw = json.dumps({"cell_type": TOKEN, "source": "abc", "tags": [f"\t{TOKEN}", "def", "ghi"]}).encode()
    assert [part.data for part in notebook.decode(raw)] == [b"\t" + TOKEN.encode()]


def test_ten_lines_before_are_shown_and_no_more() -> None:
    (part,) = notebook.decode(book([*(f"line {number}\n" for number in range(30)), TOKEN]))
    assert part.data.startswith(b"line 20\n")


def test_escapes_of_every_kind() -> None:
    raw = b'{"cell_type": "code", "source": "xox\\u00e9\\ud83d\\ude00\\ud800\\/\\b\\f\\r\\\\n\\q"}'
    (part,) = notebook.decode(raw)
    assert part.data == "xoxé😀\ud800/\b\f\r\\n\\q".encode("utf-8", "surrogatepass")
    assert raw[slice(*part.raw(3, 5))] == b"\\u00e9" and raw[slice(*part.raw(5, 9))] == b"\\ud83d\\ude00"


def test_a_token_that_stands_where_a_long_cell_is_cut() -> None:
    for size in (20_000, 32_740, 33_000, 70_000):
        raw = book("xoxb" + "-\n\n" * (size // 5) + TOKEN + "-\n" * 7_000)
        assert any(TOKEN.encode() in part.data for part in notebook.decode(raw)), size
        assert all(len(part.data) <= 40 << 10 for part in notebook.decode(raw))


def test_no_notebook_has_no_cells() -> None:
    assert list(notebook.decode(json.dumps({"source": [TOKEN]}).encode())) == []
    assert list(notebook.decode(b'"cell_type" \\" xoxb')) != []


@given(st.lists(st.sampled_from([b'"', b"\\", b"xoxb", b",", b"\\n", b"a", b"\n", b'"cell_type"', b"\\u12", b"\xff"])))
def test_nothing_raises_and_the_way_back_stays_within(pieces: list[bytes]) -> None:
    raw = b'"cell_type"' + b"".join(pieces)
    for part in notebook.decode(raw):
        for at in range(len(part.data)):
            start, end = part.raw(at, at + 1)
            assert 0 <= start < end <= len(raw)
