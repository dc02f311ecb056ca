"""A whole token stays as it is, whatever stands beside it and however its punctuation is spelled: no view adds anything
to it, or takes anything from it. Where something that nobody sees stands in it, it is told whole."""

from __future__ import annotations

from itertools import product
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner import rules
from scanner.decode import views
from scanner.detect import Detector
from scanner.lengths import likely
from scanner.spelling import issued
from scanner.uncover import uncover
from tests.conftest import token
from tests.rules.drawing import PREFIXED, letters
from tests.rules.test_found import CONTEXTS, SPELLINGS

DETECTORS = [Detector(rules.builtin(), 5.0, fast=fast, names=views.NAMES) for fast in (True, False)]
LINES = (
    *("T = {}\nmore words\n", "T = {}\nOTHER = 5\n", "T = {}\r\nmore words\r\n", "- {}\n- other\n", "{}\nabcdef\n"),
    *("> {}\n> more words\n", "# {}\n# more words\n", "curl {} \\\n  more\n", 'echo "{}" \\\n "abc"\n', "{}\\\\n"),
)
SOURCE = (
    *("'{}' 'more'", '"{}" "more"', 'f("{}", "more")', 'x = "{}" + name + "abc"', '["{}", "abc"]', "{};abc", "%s {}"),
    *('["{}", "abc"].join("\\n")', "('{}'\n 'abc')", "{}{{more}}", "${{x}}{}", "{}${{x}}", '{{"a": "{}", "b": 1}}'),
    *("{} %s", "{}%", "{}%%", "{}\\", "{}\\tabc", "{}\\u000aabc", "{}\\r\\nabc", "T={}\\nU=abcdef", "T={} U=abcdef"),
)
PROSE = (
    *(
        "{} abc",
        "{}, abc",
        "{}. Abc",
        "{}.",
        "{}\u2026",
        "{} \u2014 abc",
        "{}\u2014abc",
        "{}&mdash;abc",
        "{}--abc",
        "|{}|abc|",
        "{}\tabc",
    ),
    *("<td>{}</td><td>abc</td>", "{}<br>abc", "{}&nbsp;abc", "{}&#10;abc", "{}%0Aabc", "{}%20abc"),
    *("{}\u200b", "\u200b{}", "{}\u00ad\n", "{}\x1b[0m abc"),
)
# In CSS these are digits and letters, in decimals as well.
OCTAL = ("\\033[1m{}\\033[0m", "\\033[1m{}\\033(B", "\\042{}\\042, 1", "\\047{}\\047", "{}\\040abc")


@pytest.mark.no_cover
@pytest.mark.parametrize("context", [*CONTEXTS, *LINES, *SOURCE, *PROSE, *OCTAL])
def test_a_whole_token_is_told_as_it_is(context: str) -> None:
    draw = Random(context)
    for seed, (name, spell) in product(range(3), SPELLINGS.items()):
        secret = issued(token(draw.choice(PREFIXED), seed))
        text = context.format(spell(secret.decode())).encode()
        for detector in DETECTORS:
            assert [one.match.secret.reveal() for one in uncover(detector, text).shown] == [secret], name


UNSEEN = {mark.encode(): "typographic" for mark in ("\u00ad", "\u200b", "\u2060", "\ufeff", "\U000e0061", "\U000e007f")}
UNSEEN |= {b"\x1b[31m": "ansi", b"\x1b[0m": "ansi", b"\\u001b[0m": "ansi"}
FIXED = [kind for kind in PREFIXED if kind not in ("workflow", "session-cookie", "user-legacy")]
unseen, seeds, detectors = st.sampled_from(sorted(UNSEEN)), st.integers(0, 10**6), st.sampled_from(DETECTORS)
words = st.text("abcxyzKLM0123456789", min_size=1, max_size=12)


def as_usual(kind: str, seed: int) -> bytes:
    """A fake that is as long as those of its kind are, if that is known."""
    ways = (issued(token(kind, seed + more)) for more in range(99))
    return next(one for one in ways if likely(one) != 1 and not one.startswith(b"xoxe.xapp"))


@pytest.mark.no_cover
@given(st.sampled_from(PREFIXED), seeds, unseen, st.integers(1, 40), detectors)
@settings(deadline=None, max_examples=200)
def test_what_nobody_sees_within_the_last_characters(
    kind: str, seed: int, mark: bytes, last: int, detector: Detector
) -> None:
    secret = as_usual(kind, seed)
    at = max(len(secret) - last, 16)
    text = b"t = " + secret[:at] + mark + secret[at:] + b" more words\n"
    (shown,) = uncover(detector, text).shown
    assert (shown.match.secret.reveal(), shown.encoding) == (secret, (UNSEEN[mark],))
    assert text[shown.match.start : shown.match.end] == text[4:-12]


@pytest.mark.no_cover
@given(st.sampled_from(FIXED), seeds, unseen, words, detectors)
@settings(deadline=None, max_examples=200)
def test_a_word_right_behind_what_nobody_sees(kind: str, seed: int, mark: bytes, word: str, detector: Detector) -> None:
    secret = as_usual(kind, seed)
    (shown,) = uncover(detector, b"t = " + secret + mark + word.encode() + b"\n").shown
    assert (shown.match.secret.reveal(), shown.encoding) == (secret, ())


@pytest.mark.no_cover
@given(st.sampled_from(PREFIXED), seeds, unseen, words, st.sampled_from(" .,;\n\t\"'"), detectors)
@settings(deadline=None, max_examples=200)
def test_a_word_of_its_own_behind_what_nobody_sees(
    kind: str, seed: int, mark: bytes, word: str, between: str, detector: Detector
) -> None:
    secret = issued(token(kind, seed))
    (shown,) = uncover(detector, b"t = " + secret + mark + between.encode() + word.encode() + b"\n").shown
    assert (shown.match.secret.reveal(), shown.encoding) == (secret, ())


@pytest.mark.parametrize(("length", "word", "whole"), [(24, "abc", False), (23, "abc", True), (27, "abc", False)])
def test_a_length_that_is_usual_outweighs_one_that_was_seen(length: int, word: str, whole: bool) -> None:
    secret = next(one for seed in range(999) if len((one := token("bot", seed)).rpartition(b"-")[2]) == length)
    (shown,) = uncover(DETECTORS[0], secret + "\u200b".encode() + word.encode()).shown
    assert shown.match.secret.reveal() == secret + word.encode() * whole


@pytest.mark.parametrize("dash", ["\u2013", "\u2014", "\\u2014", "&mdash;", "&#8212;"])
def test_a_dash_of_sentences(dash: str) -> None:
    """It is none of a token's own, unless all of these are such."""
    rotating = ("xox" + "e.xapp-1-" + letters(3, 80) + "-" + letters(4, 60)).encode()
    for secret in (token("workflow"), rotating):
        for word in ("abc", "more words", "Abcdef9"):
            (shown,) = uncover(DETECTORS[0], secret + (dash + word).encode()).shown
            assert shown.match.secret.reveal() == secret
        (shown,) = uncover(DETECTORS[0], secret.replace(b"-", dash.encode())).shown
        assert shown.match.secret.reveal() == secret
