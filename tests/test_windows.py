"""Windows: whatever their sizes, together they are the text. What is found in them: test_pipeline.py."""

from __future__ import annotations

import base64
import io
import re
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner import rules
from scanner.decode import charset, views
from scanner.detect import Detector
from scanner.examine import wide
from scanner.inside import examine_open
from scanner.positions import position
from scanner.windows import WINDOW, Window, windows
from tests.conftest import token

BYTES = [b"\n", b"\r", b"\r\n", b"a", b"bc ", *(character.encode() for character in "é€😀"), b"\xff", b"\x80"]
PIECES = st.sampled_from(BYTES)
TEXTS = st.lists(PIECES, max_size=60).map(b"".join)


class Sizes(NamedTuple):
    size: int
    overlap: int
    margin: int


SIZES = st.builds(
    lambda overlap, more, margin: Sizes(overlap + more, overlap, margin),
    overlap=st.integers(4, 20),
    more=st.integers(1, 20),
    margin=st.integers(4, 20),
)


def reader(text: bytes, most: int) -> Callable[[int], bytes]:
    """Gives at most `most` bytes at a time, as a pipe may."""
    stream = io.BytesIO(text)
    return lambda size: stream.read(min(size, most))


def cut(text: bytes, sizes: Sizes, most: int = 1000) -> list[Window]:
    return list(windows(reader(text, most), *sizes))


@given(text=TEXTS, sizes=SIZES, most=st.integers(1, 30))
def test_every_byte_belongs_to_one_window(text: bytes, sizes: Sizes, most: int) -> None:
    own = [window.data[window.first : window.last] for window in cut(text, sizes, most)]
    assert b"".join(own) == text


@given(text=TEXTS, sizes=SIZES)
def test_every_start_is_owned_by_one_window(text: bytes, sizes: Sizes) -> None:
    owners: Counter[int] = Counter()
    at = 0
    for window in cut(text, sizes):
        owners.update(at - window.first + start for start in range(len(window.data)) if window.owns(start))
        at += window.last - window.first
    assert owners == Counter(range(len(text)))


@given(text=TEXTS, sizes=SIZES)
def test_what_follows_an_own_byte_and_what_stands_before_it_is_there(text: bytes, sizes: Sizes) -> None:
    """A match as long as the overlap is whole in its window, with as much before it as the margin, borders aside."""
    at = 0
    for window in cut(text, sizes):
        start = at - window.first
        assert text[start : start + len(window.data)] == window.data
        assert window.first >= min(at, sizes.margin)
        end = at + window.last - window.first
        assert start + len(window.data) >= min(end + sizes.overlap, len(text))
        at = end


@given(text=TEXTS, sizes=SIZES)
def test_lines_and_columns_go_on(text: bytes, sizes: Sizes) -> None:
    at = 0
    for window in cut(text, sizes):
        start = at - window.first
        whole = position(text, start, start)
        assert (window.line, window.column) == (whole.line, whole.column)
        at += window.last - window.first


@given(text=TEXTS, sizes=SIZES)
def test_memory_is_bounded(text: bytes, sizes: Sizes) -> None:
    most = sizes.size + sizes.overlap + sizes.margin + 8  # borders move by up to a character and a line end
    assert all(len(window.data) <= most for window in cut(text, sizes))


@settings(max_examples=20)
@given(text=TEXTS)
def test_a_short_text_is_one_window(text: bytes) -> None:
    (window,) = windows(reader(text, 1 << 20))
    assert (window.data, window.line, window.column) == (text, 1, 1)
    assert all(window.owns(start) for start in range(len(text) + 1))


def test_no_more_is_asked_for_than_a_window() -> None:
    asked: list[int] = []

    def read(size: int) -> bytes:
        asked.append(size)
        return b"x" * size if len(asked) < 4 else b""

    assert sum(window.last - window.first for window in windows(read)) == 3 * WINDOW + 1
    assert max(asked) <= WINDOW


@pytest.mark.parametrize("name", ["utf-16", "utf-16-be", "utf-32", "utf-32-le"])
def test_a_text_in_a_wide_charset_keeps_lines_columns_and_encodings(name: str) -> None:
    """Of a text that is larger than what is looked at at once only the beginning tells its charset."""
    lines = ["aé ok, a line of some text"] * 9 + ["aé ok, a line \U0001f600 here"] * 30
    text = "\n".join(lines).encode(name)
    for window in windows(io.BytesIO(text).read, 256, 64, 16, wide=wide):
        assert window.charset.startswith(name)
        shown = charset.plain(window.data, window.charset)
        for found in re.finditer(b"ok", shown):
            assert position(shown, *found.span(), window.line, window.column)[1] in (4, 5)  # after a mark, 5


def test_a_large_file_in_utf_16() -> None:
    text = "a line of some text here, é ok\n" * 600_000 + f"  T={token().decode()}\n"
    text += f"  U={base64.b64encode(token('user')).decode()}\n"
    detector = Detector(rules.builtin(), 5.0, names=views.NAMES)
    with io.BytesIO(text.encode("utf-16")) as file:
        hits = examine_open(detector, file).hits
    assert [(hit.encoding[1:], hit.position[:2]) for hit in hits] == [((), (600_001, 5)), (("base64",), (600_002, 5))]
