from __future__ import annotations

import codecs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.decode.charset import UTF_16, UTF_32, text
from scanner.fakes import KINDS
from tests.conftest import token

TOKENS = st.builds(
    token, st.sampled_from([kind for kind in KINDS if kind not in ("app-secret", "trigger")]), st.integers(0, 9)
)
WIDE = ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]
MARKS = {
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "utf-32-le": codecs.BOM_UTF32_LE,
    "utf-32-be": codecs.BOM_UTF32_BE,
    "utf-8": codecs.BOM_UTF8,
}
ANY = st.text(st.characters(codec="utf-8", exclude_categories=()), max_size=60).map(lambda one: one.lstrip("\0"))
PLAIN = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), max_size=200)


@given(TOKENS, ANY, ANY, st.sampled_from(list(MARKS)), st.sampled_from([0, 5000]))
@settings(deadline=None, max_examples=50)
def test_a_file_with_a_mark(secret: bytes, before: str, behind: str, charset: str, far: int) -> None:
    before += "é" * far
    data = MARKS[charset] + (before + secret.decode() + behind).encode(charset)
    found = text(data)
    assert found
    name, shown, raw = found
    at = len(before.encode())
    assert (name, shown) == (charset, (before + secret.decode() + behind).encode())
    begin, end = raw(at, at + len(secret))
    assert data[begin:end] == secret.decode().encode(charset)
    assert raw(0, len(shown)) == (len(MARKS[charset]), len(data))


@given(TOKENS, st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=99), PLAIN, st.sampled_from(WIDE))
@settings(deadline=None, max_examples=50)
def test_a_file_without_a_mark(secret: bytes, before: str, behind: str, charset: str) -> None:
    words = before + "\r\n" + secret.decode() + "\r\n"
    data = (words + behind[: len(words) // 4]).encode(charset)
    found = text(data)
    assert found
    begin, end = found[2](len(before) + 2, len(before) + 2 + len(secret))
    assert found[0] == charset
    assert data[begin:end] == secret.decode().encode(charset)


def test_half_a_character_at_the_end_is_left_out() -> None:
    found = text(codecs.BOM_UTF16_LE + "abc".encode("utf-16-le") + b"d")
    assert found
    assert found[1] == b"abc"


def test_a_place_within_a_character() -> None:
    found = text(codecs.BOM_UTF16_LE + "a€b".encode("utf-16-le"))
    assert found
    assert found[2](2, 3) == (4, 6)


def test_a_lone_surrogate_is_kept() -> None:
    found = text(codecs.BOM_UTF16_LE + b"a\0\x00\xd8b\0")
    assert found
    assert found[2](4, 5) == (6, 8)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"plain text",
        b"\0",
        bytes(500),
        codecs.BOM_UTF32_LE + b"\xff\xff\xff\xff",
        bytes(range(256)),
        "wide at first".encode("utf-16-le") * 900 + b"\x00\x00\x01\x00binary then",
        "wide".encode("utf-16-le") + b"then narrow, for most of the text",
    ],
)
def test_no_text_in_these(data: bytes) -> None:
    assert text(data) is None


@given(TOKENS, st.binary(max_size=60), st.binary(max_size=60), st.sampled_from(WIDE))
@settings(deadline=None, max_examples=50)
def test_a_string_within_other_bytes(secret: bytes, before: bytes, behind: bytes, charset: str) -> None:
    """As in a program: zeros before and behind it."""
    data = before + b"\x01\x00\x00\x00" + secret.decode().encode(charset) + b"\x00\x00\x00\x01" + behind
    view = UTF_16 if charset.startswith("utf-16") else UTF_32
    assert any(anchor in data for anchor in view.anchors)
    [(part, at)] = [(part, at) for part in view.decode(data) if (at := part.data.find(secret)) >= 0]
    begin, end = part.raw(at, at + len(secret))
    width = 2 if view is UTF_16 else 4
    assert end - begin == width * len(secret)
    assert abs(begin - len(before) - 4) < width  # zeros on both sides: either byte order is right


@given(TOKENS, st.sampled_from(WIDE))
@settings(deadline=None, max_examples=50)
def test_the_byte_order_where_it_can_be_told(secret: bytes, charset: str) -> None:
    wide = secret.decode().encode(charset)
    data = b"ab\x01" + wide + b"\x01cd"
    view = UTF_16 if charset.startswith("utf-16") else UTF_32
    [part] = view.decode(data)
    at = part.data.find(secret)
    begin, end = part.raw(at, at + len(secret))
    assert data[begin:end] == wide


@given(st.binary(max_size=500), st.sampled_from([*UTF_16.anchors, *UTF_32.anchors]), st.binary(max_size=500))
@settings(deadline=None, max_examples=50)
def test_whatever_the_bytes(before: bytes, anchor: bytes, behind: bytes) -> None:
    data = before + anchor + behind
    for view in (UTF_16, UTF_32):
        for part in view.decode(data):
            begin, end = part.raw(0, len(part.data))
            assert 0 <= begin < end <= len(data)
    text(data)


def test_strings_far_longer_than_a_region() -> None:
    secrets = [token("bot", seed) for seed in range(5)]
    data = b"\xff\x01\x00" + "".join("a" * 30_000 + " " + secret.decode() + " " for secret in secrets).encode(
        "utf-16-le"
    )
    shown = list(UTF_16.decode(data))
    assert all(any(secret in part.data for part in shown) for secret in secrets)
    assert max(len(part.data) for part in shown) <= 40 * 1024


def test_anchors_without_a_string_cost_no_more() -> None:
    assert not list(UTF_16.decode(b"x\0o\0xyz" * 100_000))
