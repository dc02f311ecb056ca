"""Lines and columns, compared with an oracle that is slow and obvious."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.model import Position
from scanner.positions import advance, boundary, position, positions

BOM, CUT = b"\xef\xbb\xbf", b"\xe2\x82"
WIDE = ("é".encode(), "€".encode(), "😀".encode())
PIECES = (b"\n", b"\r", b"\r\n", b"a", b"token", *WIDE, b"\xff", CUT, b"\x80", b"\0", BOM)
texts = st.lists(st.sampled_from(PIECES) | st.binary(max_size=3), max_size=12).map(b"".join)


def characters(data: bytes) -> list[tuple[int, int, str]]:
    """(begin, end, character) of each character; a byte that is not UTF-8 is one."""
    found, at = [], 0
    for character in data.decode("utf-8", "surrogateescape"):
        size = len(character.encode("utf-8", "surrogateescape"))
        found.append((at, at + size, character))
        at += size
    return found


def oracle(data: bytes) -> list[tuple[int, int]]:
    """Line and column of every byte, and of the end, by walking over the characters one by one."""
    places: list[tuple[int, int]] = []
    line, column = 1, 1
    for begin, end, character in characters(data):
        places.extend([(line, column)] * (end - begin))
        if character == "\n" or (character == "\r" and data[end : end + 1] != b"\n"):
            line, column = line + 1, 1
        elif not (begin == 0 and character == "\ufeff"):
            column += 1
    return [*places, (line, column)]


def slow(data: bytes, start: int, end: int) -> Position:
    places = oracle(data)
    ends = {offset: stop for begin, stop, _ in characters(data) for offset in range(begin, stop)}
    begins = {offset: begin for begin, stop, _ in characters(data) for offset in range(begin, stop)}
    first = begins.get(start, start)
    return Position(*places[first], *places[ends[end - 1] if end > start else first])


@st.composite
def spans(draw: st.DrawFn) -> tuple[bytes, list[tuple[int, int]]]:
    data = draw(texts)
    offsets = st.integers(0, len(data))
    pairs = draw(st.lists(st.tuples(offsets, offsets), max_size=5))
    return data, [(min(pair), max(pair)) for pair in pairs]


@settings(deadline=None)
@given(spans())
def test_a_span_stands_where_an_editor_shows_it(case: tuple[bytes, list[tuple[int, int]]]) -> None:
    data, pairs = case
    wanted = [slow(data, start, end) for start, end in pairs]
    assert [position(data, start, end) for start, end in pairs] == wanted
    assert positions(data, pairs) == wanted
    assert positions(data, sorted(pairs)) == [slow(data, start, end) for start, end in sorted(pairs)]


@settings(deadline=None)
@given(texts, st.integers(0, 40), st.integers(4, 40))
def test_a_text_in_two_pieces_is_as_the_whole(data: bytes, at: int, size: int) -> None:
    cut = boundary(data, min(at, len(data)))
    if 0 < cut < 4:  # a piece that starts at line 1, column 1 is the start of the file
        cut = 0
    line, column = advance(data[: cut + size], 1, 1, end=cut)
    assert (line, column) == oracle(data)[cut]
    for start in range(cut, len(data)):
        assert position(data[cut:], start - cut, start + 1 - cut, line, column) == slow(data, start, start + 1)


@settings(deadline=None)
@given(texts, st.integers(0, 40))
def test_a_boundary_is_near_and_between_characters(data: bytes, at: int) -> None:
    at = min(at, len(data))
    cut = boundary(data, at)
    assert at - 5 < cut <= at
    assert cut in {0, len(data)} | {begin for begin, _, _ in characters(data)}
    assert not (0 < cut < len(data) and data[cut - 1 : cut + 1] == b"\r\n")


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (b"token", Position(1, 1, 1, 6)),
        (b"\xef\xbb\xbftoken", Position(1, 1, 1, 6)),
        (b"a\r\nb\rc\n token\n", Position(4, 2, 4, 7)),
        ("é€😀 token".encode(), Position(1, 5, 1, 10)),
        (b"\xff\xfe\x80token", Position(1, 4, 1, 9)),
        (b"\n\xef\xbb\xbftoken", Position(2, 2, 2, 7)),
    ],
)
def test_known_places(data: bytes, wanted: Position) -> None:
    start = data.index(b"token")
    assert position(data, start, start + 5) == wanted


def test_a_boundary_among_bytes_that_are_no_text() -> None:
    assert [boundary(b"\x80" * 9, at) for at in range(10)] == list(range(10))
    assert [boundary("😀😀".encode(), at) for at in range(9)] == [0, 0, 0, 0, 4, 4, 4, 4, 8]


def test_an_end_after_a_line_break_is_the_first_column_of_the_next_line() -> None:
    assert position(b"ab\r\nc", 1, 4) == Position(1, 2, 2, 1)
    assert position(b"ab\r\nc", 1, 3) == Position(1, 2, 1, 4)  # between \r and \n the line has not ended


def test_ten_thousand_matches_in_one_line_of_megabytes_take_one_pass() -> None:
    data = b"x" * 500 * 10_000
    pairs = [(at, at + 50) for at in range(0, len(data), 500)]
    began = time.perf_counter()
    found = positions(data, pairs)
    assert time.perf_counter() - began < 2  # some 20 ms; quadratic it would be 50 s
    assert found[-1] == Position(1, len(data) - 499, 1, len(data) - 449)
