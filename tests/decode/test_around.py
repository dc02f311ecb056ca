"""Where a text is decoded: a look from near by says what one from far says."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.decode import around
from scanner.decode.base64views import _shape
from tests.conftest import often

_WORDS = (
    *(b"abcd", b"94b", b"\n", b"\n    ", b"' + '", b'"', b" ", b"; ", b"= ", b"eG94Yi0", b"\\n", b",", b"{}", b"//"),
    *(b"+", b"x" * 70, b"&#10;", b"(", b"\r\n> ", b"u8'", b"%0a"),
)


def from_far(data: bytes, place: int, floor: int) -> tuple[int, int]:
    """The first match from as far away as a region may begin."""
    for found in _shape().finditer(data, max(place - around.BEFORE, floor), place + around.BEHIND):
        if found.end() > place:
            return found.span()
    return place + around.BEHIND - around._OVERLAP, place + around.BEHIND


@given(st.integers(0, 1 << 32))
@settings(max_examples=often(75))
def test_a_region_is_the_same_from_near_and_from_far(seed: int) -> None:
    draw = Random(seed)
    data = b"".join(draw.choices(_WORDS, k=draw.randrange(1, 400)))
    place = draw.randrange(len(data))
    floor = draw.choice([0, draw.randrange(place + 1)])
    assert around._first(data, place, floor, _shape()) == from_far(data, place, floor)
