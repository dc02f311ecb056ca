"""What is new in a content: whatever stands in it and not in its base stands in one of the parts."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.pack import fresh as module
from scanner.pack.unpack import codec, heading
from tests.conftest import often
from tests.pack.packs import copy, delta, insert, made_from


@pytest.fixture(autouse=True)
def of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WORTH", 0)
    monkeypatch.setattr(module, "_LEAST", 0)


def new_in(made: bytes, content: bytes, reach: int) -> bytes:
    """What the delta `made` brings."""
    return module.fresh(made, heading(made)[1], content, reach)


def windows(data: bytes, size: int) -> set[bytes]:
    """Everything of that size that stands in `data`."""
    return {data[at : at + size] for at in range(len(data) - size + 1)}


@given(st.integers(0, 1 << 32), st.integers(0, 40), st.sampled_from([b"ab", bytes(range(256))]))
@settings(max_examples=often(100))
def test_whatever_the_base_does_not_hold_stands_in_it(seed: int, reach: int, letters: bytes) -> None:
    draw = random.Random(seed)
    base = bytes(draw.choices(letters, k=draw.choice([0, 9, 300, 2000])))
    made, content = made_from(base, draw)
    new = new_in(made, content, reach)
    for size in {1, reach // 2 + 1, reach + 1}:
        assert windows(content, size) - windows(base, size) <= windows(new, size)


@given(st.integers(0, 1 << 32))
def test_it_says_the_same_of_every_form_of_a_copy(seed: int) -> None:
    draw = random.Random(seed)
    sizes = [draw.choice([1, 255, 256, 0xFF00, 0xFFFF, 0x10000, 0x10001, 0xFF0000, 0xFFFFFF]) for _ in range(3)]
    base = draw.randbytes(0x1000000)
    parts = [copy(0, size, full=draw.random() < 0.3 and size != 0x10000) for size in sizes]
    made = delta(len(base), sum(sizes) + 2, parts[0], insert(b"!"), parts[1], insert(b"?"), parts[2])
    content = b"".join(codec().apply(base, made))
    new = new_in(made, content, 3)
    assert b"!" in new and b"?" in new and len(new) <= 2 * (1 + 6) + sum(size for size in sizes if size <= 6)


def test_only_seams_and_what_is_inserted() -> None:
    base = bytes(range(97, 123)) * 10
    made = delta(260, 204, copy(0, 100), insert(b"NEW!"), copy(100, 50), copy(0, 50))
    content = base[:100] + b"NEW!" + base[100:150] + base[:50]
    assert new_in(made, content, 2) == content[98:106] + content[152:156]
    assert new_in(delta(260, 260, copy(0, 260)), base, 9) == b""
    assert new_in(delta(260, 5, copy(0, 5)), base[:5], 9) == base[:5]


def test_where_it_saves_little_it_is_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LEAST", 300)
    base = bytes(260)
    assert new_in(delta(260, 260, copy(0, 260)), base, 9) == base


def test_a_delta_that_makes_another_content() -> None:
    assert new_in(delta(9, 9, copy(0, 9)), bytes(10), 1) == bytes(10)
    with pytest.raises(IndexError):
        new_in(delta(9, 9, b"\xb0\1"), bytes(10), 1)
