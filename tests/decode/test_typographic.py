"""Characters that nobody sees, and those that look like others."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings

from scanner.decode.typographic import VIEW
from tests.conftest import token
from tests.decode.planting import contexts, places, planted, prefixed, randoms
from tests.decode.test_ansi import cut

USUAL = tuple(mark.encode() for mark in "\u00ad\u200b\u200c\u200d\u2060\ufeff")
OTHERS = tuple(mark.encode() for mark in "\u034f\u061c\u180e\u200e\u202a\u2066\ufe0f")
DASHES = tuple(dash.encode() for dash in "\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\ufe58\ufe63\uff0d")


@given(prefixed, contexts, contexts, randoms)
@settings(deadline=None)
def test_invisible_characters(secret: bytes, before: bytes, behind: bytes, chance: Random) -> None:
    planted(VIEW, before + b" ", cut(secret, chance, USUAL), b" " + behind, secret)


@given(prefixed, contexts, contexts, randoms)
@settings(deadline=None)
def test_invisible_characters_behind_the_first_letters(
    secret: bytes, before: bytes, behind: bytes, chance: Random
) -> None:
    planted(VIEW, before + b" ", cut(secret, chance, USUAL + OTHERS, 4), b" " + behind, secret)


@pytest.mark.parametrize("dash", [*DASHES, b"\x96", b"\x97"])
def test_dashes(dash: bytes) -> None:
    """Those that rules know are decoded only beside something that they do not."""
    secret = token()
    text = secret.replace(b"-", dash)
    planted(VIEW, b"", text[:9] + USUAL[0] + text[9:], b"", secret)
    if dash not in DASHES[:6]:
        planted(VIEW, b"\xfc ", text, b" \xe4", secret)


def test_a_soft_hyphen_of_latin_1() -> None:
    secret = token()
    planted(VIEW, b"\xfc ", secret[:12] + b"\xad" + secret[12:], b" \xe4", secret)


@pytest.mark.parametrize("slash", ["\u2044", "\u2215", "\uff0f"])
def test_slashes(slash: str) -> None:
    secret = token("webhook", 5)
    at = secret.index(b"hooks")
    planted(VIEW, b"", secret[:at] + secret[at:].replace(b"/", slash.encode()), b" ", secret)


@given(prefixed, contexts, contexts, randoms)
@settings(deadline=None)
def test_wide_letters(secret: bytes, before: bytes, behind: bytes, chance: Random) -> None:
    wide = [chr(byte + 0xFEE0).encode() for byte in secret]
    planted(VIEW, before + b" ", b"".join(wide), b" " + behind, secret)
    some = chance.randrange(len(secret))
    planted(VIEW, before + b" ", secret[:some] + b"".join(wide[some:]), b" " + behind, secret)


def test_a_wide_address() -> None:
    secret = token("trigger", 5)
    planted(VIEW, b"", b"".join(chr(byte + 0xFEE0).encode() for byte in secret), b"", secret)


@pytest.mark.parametrize(
    "text", [token(), token().replace(b"-", "\u2011".encode()), token() + "\u200b ".encode(), "Unix\u2013x".encode()]
)
def test_nothing_to_decode(text: bytes) -> None:
    assert not list(VIEW.decode(text))


def test_a_letter_s_second_byte_is_no_dash() -> None:
    text = "xo\u00adxb \u0416a\u2116 \u00e9".encode()
    assert next(VIEW.decode(text)).data == "xoxb \u0416a\u2116 \u00e9".encode()
    assert not places(VIEW, text, b"xoxc")


@pytest.mark.parametrize("mark", USUAL[:2])
def test_within_a_host_s_name(mark: bytes) -> None:
    secret = token("webhook", 6)
    first = secret.index(b"hooks")
    for at in range(first + 1, first + 8):
        planted(VIEW, b"u: ", secret[:at] + mark + secret[at:], b"\n", secret)
