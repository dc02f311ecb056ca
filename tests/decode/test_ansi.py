"""Colours and links within a token."""

from __future__ import annotations

import subprocess
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.decode.ansi import VIEW
from tests.conftest import token
from tests.decode.planting import contexts, places, planted, prefixed, randoms

SEQUENCES = (
    b"\x1b[31m",
    b"\x1b[0m",
    b"\x1b[m\x1b[K",
    b"\x1b[38;5;208m",
    b"\x1b]8;;https://example.org\x1b\\",
    b"\x1b]8;;\x07",
)
ESCAPES = (b"\\u001b", b"\\u001B", b"\\x1b", b"\\033", b"\\e", b"^[", b"\\\\u001b")


def cut(secret: bytes, chance: Random, between: tuple[bytes, ...], least: int = 1) -> bytes:
    """`secret` with something put in at one place or more."""
    places_in = {chance.randrange(least, len(secret)) for _ in range(chance.randint(1, 6))}
    return b"".join(
        (chance.choice(between) if at in places_in else b"") + secret[at : at + 1] for at in range(len(secret))
    )


@given(prefixed, contexts, contexts, randoms)
@settings(deadline=None)
def test_within_a_token(secret: bytes, before: bytes, behind: bytes, chance: Random) -> None:
    inner = tuple(one for one in SEQUENCES if one.startswith(b"\x1b["))
    planted(VIEW, before + b" ", cut(secret, chance, inner), b" " + behind, secret)


@given(prefixed, contexts, contexts, randoms, st.sampled_from(ESCAPES))
@settings(deadline=None)
def test_spelled_escape_characters(secret: bytes, before: bytes, behind: bytes, chance: Random, escape: bytes) -> None:
    spelled = tuple(one.replace(b"\x1b", escape) for one in SEQUENCES[:4])
    planted(VIEW, before + b" ", cut(secret, chance, spelled, 4), b" " + behind, secret)


def test_every_letter_in_its_own_colour() -> None:
    secret = token()
    text = b"".join(b"\x1b[%dm%c" % (31 + at % 6, byte) for at, byte in enumerate(secret)) + b"\x1b[0m"
    assert places(VIEW, text, secret) == {(5, len(text) - 4)}


@pytest.mark.parametrize("kind", ["bot", "app-level", "webhook"])
def test_links(kind: str) -> None:
    secret = token(kind, 2)
    for at in (20, len(secret) - 5):
        for link in SEQUENCES[4:]:
            planted(VIEW, b"see ", secret[:at] + link + secret[at:], b"\n", secret)


@pytest.mark.parametrize("pattern", ["xox", "xo", "xoxb-[0-9]*", "x"])
def test_what_grep_prints(pattern: str) -> None:
    secret = token()
    call = ["grep", "--color=always", pattern]
    text = subprocess.run(call, input=b"t: " + secret + b"\n", capture_output=True, check=True).stdout
    assert secret not in text
    assert len(places(VIEW, text, secret)) == 1


@pytest.mark.parametrize("over", ["{0}\x08{0}", "_\x08{0}"])
def test_bold_and_underlined_letters(over: str) -> None:
    secret = token()
    text = "".join(map(over.format, secret.decode())).encode()
    assert places(VIEW, b"a " + text, secret) == {(4, 2 + len(text))}


@pytest.mark.parametrize("text", [b"\x1b[31m" + token() + b"\x1b[0m\n", b"\x1b[1mLinux\x1b", b"[31mx[0m", b"x\x08"])
def test_nothing_to_decode(text: bytes) -> None:
    assert not list(VIEW.decode(text))
