"""What all encodings that spell characters one by one have in common."""

from __future__ import annotations

import re
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.decode import ansi, characters, cookies, entities, escapes, percent, quotedprintable, typographic
from scanner.decode.characters import STARTS, Dialect, character, view
from scanner.decode.view import View
from scanner.detect import Detector
from scanner.rules import builtin
from tests.conftest import token
from tests.decode.planting import bounded, places, randoms

VIEWS = tuple(module.VIEW for module in (percent, escapes, entities, quotedprintable, ansi, typographic, cookies))
# What each is spelled with, and what tokens begin with.
SPELLED = {
    "percent": "%2578uxob6F f",
    "escape": "\\\\ux7803{}U o16b'`",
    "html": "&#xX;0129amp78<b/>wr o",
    "quoted-printable": "=78xob6F \n?Qqp",
    "ansi": "\x1b[]\\;0m\x07xobK\x08^u1",
    "typographic": "\u00ad\u200b\u2011\uff58xob-",
    "cookie": '%^\\"25BFxod-',
}
HOSTILE = (
    *(b"x", b"%", b"\\", b'"', b"=", b"&", b"^", b"\x1b", b"\xe2\x80", b"xoxb", b"&amp;"),
    *(b"&#0", b"%25", b"<b ", b"\\u", b"?= "),
    *(b"xoxb" + more for more in (b"\\", b"&", b"=\n", b"\\u", b"\x1b]", b"<b xxxxxxx", b"\x1b[0000")),
)
BITS = (
    *(b"xoxb", b"xoxp-", b"%78", b"\\x78", b"&#120;", b"=78", b"\x1b[m"),
    *(b"\xc2\xad", b"-", b"%%2F", b"7", b"word ", b"=\n"),
)


def _letter(found: re.Match[bytes]) -> bytes:
    return found[1]


TOY = view("toy", Dialect(rb"~(.)", _letter, (b"~x",)))


@given(st.lists(st.sampled_from([b"xoxb", b"xox", b"xapp", b"~b", b"~x", b"-", b"z" * 9000]), max_size=9).map(b"".join))
def test_remembered_places_make_no_difference(data: bytes) -> None:
    shown = [(part.data, part.raw(0, len(part.data))) for part in TOY.decode(data)]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(characters, "_FEW", 0)
        characters._known.cache_clear()
        assert [(part.data, part.raw(0, len(part.data))) for part in TOY.decode(data)] == shown
    characters._known.cache_clear()


def test_names_are_told_apart() -> None:
    assert [one.name for one in VIEWS] == list(SPELLED)


@pytest.mark.parametrize("one", VIEWS, ids=lambda one: one.name)
def test_anchors_are_long_enough_and_of_their_own(one: View) -> None:
    assert len(set(one.anchors)) == len(one.anchors)
    assert all(len(anchor) >= 3 for anchor in one.anchors)
    assert set(STARTS) <= set(one.anchors) or one.name == "cookie"


@pytest.mark.parametrize("one", VIEWS, ids=lambda one: one.name)
def test_a_plain_token_is_left_to_the_rules(one: View) -> None:
    text = b"a: " + token() + b"\n" + token("webhook") + b'", "' + token("session-cookie") + b"\n"
    assert not list(one.decode(text))


@pytest.mark.no_cover
@pytest.mark.parametrize("one", VIEWS, ids=lambda one: one.name)
def test_hostile_texts_come_to_an_end(one: View) -> None:
    """Of a quadratic one 200 KB would take minutes."""
    for piece in HOSTILE:
        data = piece * (200_000 // len(piece))
        assert sum(len(part.data) for part in one.decode(data)) <= 3 * len(data)  # a dialect, a time


@pytest.mark.no_cover
@pytest.mark.parametrize("one", VIEWS, ids=lambda one: one.name)
@given(st.data())
@settings(deadline=None)
def test_anything_can_be_decoded(one: View, data: st.DataObject) -> None:
    bounded(one, data.draw(st.text(SPELLED[one.name], max_size=200).map(str.encode) | st.binary(max_size=200)))


@given(randoms)
@settings(deadline=None, max_examples=30)
def test_no_token_is_invented(chance: Random) -> None:
    """In random text that begins like tokens and holds bits of every encoding."""
    data = b"".join(chance.choices(BITS, k=60))
    detector = Detector(builtin(), 5.0)
    for one in VIEWS:
        for part in one.decode(data):
            assert not detector.scan(part.data).matches


def test_the_way_back_is_asked_more_than_once() -> None:
    (part,) = TOY.decode(b"a ~xox~b-1 b")
    assert part.data == b"a xoxb-1 b"
    assert [part.raw(2, 3), part.raw(2, 6), part.raw(0, 10), part.raw(3, 4)] == [(2, 4), (2, 8), (0, 12), (4, 5)]


def test_a_place_beside_an_anchor_is_decoded_once() -> None:
    """One where a token begins in plain letters lies within what an anchor betrays already."""
    data = b"~xoxb " + b"." * 20_000 + b" xoxb~1 " + b"." * 100_000 + b" xoxb~2"
    assert [len(part.data) for part in TOY.decode(data)] == [60_965, 1_029]
    assert [part.raw(0, 1) for part in TOY.decode(b"." * 5_000 + b"~xoxb")] == [(3_976, 3_977)]
    assert places(TOY, data, b"xoxb2") == {(len(data) - 6, len(data))}


@given(st.integers(0, 0x1FFFFF))
def test_characters(code: int) -> None:
    assert character(code, b"?") == (b"?" if code > 0x10FFFF else chr(code).encode("utf-8", "surrogatepass"))


def test_an_anchor_that_stands_for_nothing_costs_no_part() -> None:
    assert not list(TOY.decode(b" ~xyz" * 1_000 + b"xo~x"))
    parts = list(TOY.decode(b" ~xyz" * 1_000 + b"~xoxb-1 " + b"~xyz" * 1_000))
    assert len(parts) == 1 and b"xoxb-1" in parts[0].data
