"""What was drawn at random, and what was not."""

from __future__ import annotations

import sys
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner import placeholder
from tests.conftest import often

HEX = "0123456789abcdef"
MIXED = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


@pytest.mark.many
@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("alphabet", "length", "draws", "share"),
    [
        (HEX, 64, 200, 0),
        (HEX, 32, 1000, 0),
        ("0123456789" * 3 + "abcdef", 32, 1000, 0),
        (MIXED, 24, 1500, 0),
        (MIXED, 16, 1500, 0),
        (MIXED[:26] + "0123456789", 24, 1000, 0),
        (HEX, 10, 2000, 0),
        ("0123456789", 10, 2000, 1 / 10_000),
        (MIXED, 6, 4000, 3 / 8000),
        (HEX, 6, 4000, 5 / 8000),
        (MIXED + "+/", 150, 60, 0),
    ],
)
def test_what_is_drawn_is_hardly_ever_taken_for_made_up(alphabet: str, length: int, draws: int, share: float) -> None:
    random = Random(7)
    drawn = ("".join(random.choices(alphabet, k=length)) for _ in range(often(draws)))
    assert sum(placeholder.made_up(text) != "" for text in drawn) <= often(draws) * share


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("x" * 24, "24 times the same character in a row"),
        ("9fK2mQ7xXXXXXXb4LtR8zWc3", "6 times the same character in a row"),
        ("9fK2mQ7x00000000b4LtR8zW", "8 times the same character in a row"),
        ("aa", "2 times the same character in a row"),
        ("aabab1212abab1212abababa", "only 4 different characters"),
    ],
)
def test_masks(text: str, why: str) -> None:
    assert placeholder.masked(text) == why
    assert placeholder.made_up(text) == why


@pytest.mark.parametrize(
    "text",
    [
        "abcdefghijklmnopqrstuvwx", "zyxwvutsrqponmlkjihgfedc", "AbCdEfGhIjKlMnOpQrStUvWx",
        "1234567890123456789012345678",
        "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210", "a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6",
        "f0e1d2c3b4a5968778695a4b3c2d1e0f", "00112233445566778899aabbccddeeff", "1q2w3e4r5t6y7u8i9o0p",
        "qwertyuiopasdfghjkl", "qazwsxedcrfvtgbyhnujmikolp", "1qaz2wsx3edc4rfv5tgb", "deadbeefdeadbeefdeadbeef12345678",
        "qKirRWalryBGqKirRWalryBG", "abc123abc123abc123abc123",
        "aaaabbbbccccddddeeeeffff",
        "13579bdf02468ace13579bdf02468ace",
        "ABC123DEF456GHI789JKL012", "zaq12wsxcde34rfvbgt56yhn", "abcdef", "123456",
        "123abc", "abcabc", "a1b2c3", "1234567890", "abcdef1234", "qwertyuiop",
    ],
)  # fmt: skip
def test_sequences_and_repetitions(text: str) -> None:
    assert "runs, sequences or repetitions" in placeholder.sequential(text)


@pytest.mark.parametrize(
    "text",
    [
        "YourTokenGoesRightHere12", "SlackAppConfigurationAccessTokenHere", "FAKE5lrlR3O9eYVKf4eKpras",
        "9fK2mQ7xVb4LtR8zWc3NTEST",
        "hardcodedWebhook01", "thequickbrownfoxjumpsove", "loremipsumdolorsitametco", "supercalifragilisticexpi",
        "4mt0t4lly4f4k3t0k3nf0ry0u", "y0urt0k3ng0e5h3r3", "THISONEISNOTREALATALLHERE", "foobar", "secret", "tester",
        "deadbeef12ab90cd77e1a4c3f0921b6d", "cafebabef00dc0defacefeedbad1dea5",
    ],
)  # fmt: skip
def test_words(text: str) -> None:
    assert placeholder.wordy(text)
    assert placeholder.made_up(text)


@pytest.mark.parametrize(
    "text",
    [
        "9fK2mQ7xVb4LtR8zWc3NpY6h",
        "e7c1a95b0d3f48266b1f90ad5c7e3248",
        "k3J9xQ",
        "b1ce57f70d",
        "fAkE2mQ7xVb4LtR8zWc3NpY6",
    ],
)
def test_nothing_is_said_about_the_rest(text: str) -> None:
    assert placeholder.made_up(text) == ""


@given(st.text(MIXED, max_size=80))
@settings(deadline=None)
def test_shares_are_shares(text: str) -> None:
    assert 0 <= placeholder.regularity(text) <= 1


@given(st.binary(min_size=6, max_size=6), st.integers(3, 9))
@settings(deadline=None)
def test_repetition_is_regular(unit: bytes, times: int) -> None:
    assert placeholder.regularity(unit.hex() * times) >= 0.5


def test_bytes_that_count() -> None:
    assert placeholder.regular_bytes(bytes(range(40)))
    assert placeholder.regular_bytes(bytes(40))
    assert not placeholder.regular_bytes(Random(1).randbytes(40))


def test_most_of_it_is_compared_as_pieces() -> None:
    """A text may hold a hundred thousand candidates: their characters are not gone through one by one for each order
    and each distance."""
    text, calls = "9f2c81b7d0e64a35c8f17b29e0d4a653", []
    placeholder.made_up(text)  # what is made once
    sys.setprofile(lambda frame, event, called: calls.append(event))
    try:
        placeholder.sequential(text)
    finally:
        sys.setprofile(None)
    assert len(calls) < 10 * len(text)
