"""Percent-encoding."""

from __future__ import annotations

from random import Random
from urllib.parse import quote_from_bytes, unquote_to_bytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.decode import characters
from scanner.decode.percent import VIEW
from tests.conftest import token
from tests.decode.planting import contexts, each, places, planted, prefixed, randoms, tokens


def lower(byte: int) -> bytes:
    return b"%%%02x" % byte


def upper(byte: int) -> bytes:
    return b"%%%02X" % byte


def wide(byte: int) -> bytes:
    return b"%%u%04x" % byte


def again(encoded: bytes, times: int) -> bytes:
    """As often encoded once more as `times` says."""
    return again(encoded.replace(b"%", b"%25"), times - 1) if times else encoded


@given(tokens, contexts, contexts, st.sampled_from([lower, upper, wide]), st.integers(0, 2))
@settings(deadline=None)
def test_every_character(secret: bytes, before: bytes, behind: bytes, spell: object, times: int) -> None:
    assert callable(spell)
    planted(VIEW, before + b" ", again(each(secret, spell), times), b" " + behind, secret)


@given(prefixed, contexts, contexts, randoms, st.integers(0, 2))
@settings(deadline=None)
def test_some_characters(secret: bytes, before: bytes, behind: bytes, chance: Random, times: int) -> None:
    encoded = each(secret.replace(b"%", b""), lower, upper, chance=chance)
    planted(VIEW, before + b" ", again(encoded, times), b" " + behind, secret.replace(b"%", b""))


@given(tokens)
@settings(deadline=None)
def test_what_the_standard_library_takes_back(secret: bytes) -> None:
    text = (
        quote_from_bytes(b'{"token": "%b"}' % secret, safe="").encode().replace(b"x", b"%78").replace(b"ks", b"%6B%73")
    )
    (part,) = VIEW.decode(text)
    assert part.data == unquote_to_bytes(text) or b"%" in secret


@pytest.mark.parametrize("text", [b"a%20b%3Dc", b"100% of %d and %s", b"?id=2578", token(), b"xoxb-%20", b""])
def test_nothing_to_decode(text: bytes) -> None:
    assert not list(VIEW.decode(text))


def test_punctuation_alone_is_left_to_the_rules() -> None:
    cookie = b"d=" + token("session-cookie", 3).replace(b"/", b"%2F").replace(b"+", b"%2b") + b"; path=%2F"
    assert not list(VIEW.decode(cookie))


def test_a_plus_stays() -> None:
    text = b"xox%62-1+2%20x"
    assert next(VIEW.decode(text)).data == b"xoxb-1+2 x"


def test_half_an_escape_stays() -> None:
    assert next(VIEW.decode(b"xox%62%4%zz%")).data == b"xoxb%4%zz%"
    assert next(VIEW.decode(b"xox%62%25zz")).data == b"xoxb%zz"


def test_far_apart_places_are_parts_of_their_own() -> None:
    secret = token()
    one = each(secret, lower)
    data = one + b" " * 300_000 + one
    assert len(list(VIEW.decode(data))) == 2
    assert places(VIEW, data, secret) == {(0, len(one)), (len(data) - len(one), len(data))}


def test_a_long_one_comes_in_parts_that_overlap() -> None:
    secret = token()
    one = each(secret, lower)
    gap = b"%41" * 8_000 + b"%78"
    data = b"".join([one, gap] * 45)
    starts = {index * (len(one) + len(gap)) for index in range(45)}
    assert len(list(VIEW.decode(data))) == 2
    assert places(VIEW, data, secret) == {(start, start + len(one)) for start in starts}


def test_what_was_found_is_compared_once_for_many_parts() -> None:
    """Thousands of small parts with the same literals in them: which places these mean is the same for all."""
    compared: list[bytes] = []

    class Literal(bytes):
        def __contains__(self, other: object) -> bool:
            compared.append(self)
            return super().__contains__(other)  # type: ignore[operator]

    dialect = characters.Dialect(rb"%[0-9a-f]{2}", lambda found: b"x", tuple(Literal(b"%%7%d" % at) for at in range(9)))
    for _ in range(50):
        list(characters.parts(b"xoxb and %78", dialect, (b"%78",)))
    assert len(compared) == 9
