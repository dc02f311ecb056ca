"""Does a piece of text look drawn at random, or did somebody make it up? Pure measures, no list of known tokens.

Each measure answers with a reason or with "". They are set so that a secret drawn at random, of the lengths that Slack
issues, is taken for a made-up one less than once in a hundred thousand; of six characters, once in ten thousand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise

_SHORT = 12  # up to here a secret is so short that nearly all of it must be regular before it counts as made up
_FEW, _FEW_FROM = 4, 20  # at most four different characters in twenty or more
_ORDERS = (
    "0123456789",
    "0123456789abcdef",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "qazwsxedcrfvtgbyhnujmikolp",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
)
_CHAIN = re.compile(rb"([\0\x01\xff])\1{2,}")  # steps between bytes


@cache
def _chains(terms: int) -> frozenset[str]:
    """All sequences of so many characters, each the same as the last one, the next one, or the one before."""
    steps = [(order, first, step) for order in _ORDERS for first in range(len(order)) for step in (0, 1, -1)]
    return frozenset(
        "".join(order[(first + step * term) % len(order)] for term in range(terms)) for order, first, step in steps
    )


def _copies(text: str, size: int) -> Iterator[int]:
    """Indices covered by a copy, `size` characters or longer, of something that stood before."""
    seen: dict[str, int] = {}
    for index in range(len(text) - size + 1):
        if seen.setdefault(text[index : index + size], index) < index:
            yield from range(index, index + size)


def regularity(text: str, terms: int = 4, strides: Sequence[int] = (1, 2, 3, 4)) -> float:
    """The share of `text` (0 to 1) that repetitions and chains explain: runs and sequences of `terms` characters or
    more, also ones that stand interleaved, `strides` apart."""
    lower, chains = text.lower(), _chains(terms)
    covered = set(_copies(lower, 4))
    for stride in strides:
        reach = stride * terms
        for at in range(len(lower) - reach + stride):
            if lower[at : at + reach : stride] in chains:
                covered.update(range(at, at + reach, stride))
    return len(covered) / max(1, len(text))


def regular_bytes(data: bytes) -> bool:
    """Whether bytes count up or down, or stay the same, for half of their length or more."""
    steps = bytes((later - byte) % 256 for byte, later in pairwise(data))
    covered = {at for chain in _CHAIN.finditer(steps) for at in range(chain.start(), chain.end() + 1)}
    return len(covered) * 2 >= max(1, len(data))


def _longest_run(text: str) -> tuple[int, str]:
    runs = re.finditer(r"(.)\1*", text, re.S)
    return max(((len(run[0]), run[1]) for run in runs), default=(0, ""))


def masked(text: str) -> str:
    """The reason why `text` is a mask: a long run of one character, or too few different ones."""
    length, character = _longest_run(text)
    if length >= 8 or (length >= 6 and character in "xX") or (length == len(text) > 1):
        return f"{length} times the same character in a row"
    if len(text) >= _FEW_FROM and len(set(text)) <= _FEW:
        return f"only {len(set(text))} different characters"
    return ""


def sequential(text: str) -> str:
    """The reason why `text` is a sequence or a repetition: half of it long chains, or nearly all of it short ones."""
    share = regularity(text, 3, (1, 2))
    if share < (1 if len(text) <= _SHORT else 0.7):
        share = regularity(text) if len(text) > _SHORT else 0
    return f"{share:.0%} of it are runs, sequences or repetitions" if share >= 0.5 else ""


# Words that people write where a secret belongs. Long ones count anywhere and in any case; those of five letters
# anywhere in one case; those of four only at an edge. (A random secret of 24 characters holds "fake" somewhere, in some
# mixture of cases, once in 40,000 times: too often.)
_LONG_WORDS = """
    access anything change changeme company completely correct deadbeef different example expired foobar goodbye
    hardcoded incorrect initial insert integration invalid notreal original password placeholder production random
    redacted refresh removed replace revoked sample secret signing something string tester testing tokens unknown
    verification webhook workflow workspace yourkey yourtoken youtoken
"""
_LONG = tuple(_LONG_WORDS.split())
_FIVE = ("bogus", "dummy", "hello", "slack", "token", "valid", "value", "wrong")
_FOUR = ("fake", "here", "mock", "test", "todo", "your")
_COMMON_WORDS = """
    abc account admin all amet and any api app apps are bar baz bearer been best blah bot bots brown channel client
    code coded com config cool data demo dev dog dolor dont empty enter env file fill fix foo for fox free from get
    git give goes good guess hard has have hook hooks http info into ipsum jump jumps just key keys lazy leet life
    like long look lorem love made make message mine more must name need never new nice none not now old one only
    org our out over pass please prod put quick qux real safe set should slackbot something super temp text that the
    them then there this tok tokens total totally use used user users very void want was web what when will with
    word work world would xxx xyz you
"""
_COMMON = tuple(_COMMON_WORDS.split())
# What hex digits spell. Each word alone is what they do by themselves; half of a secret made of such is not.
_HEX_WORDS = "dead|beef|cafe|babe|face|feed|fade|deaf|bead|f00d|c0de|c0ffee|d00d|1dea|decade|facade|bad|add|1337"
_HEX_DIGITS = set("0123456789abcdef")
_LEET = (str.maketrans("0134578", "oieastb"), str.maketrans("0134578", "oleastb"))


@cache
def _vocabulary() -> re.Pattern[str]:
    words = {*_LONG, *_FIVE, *_FOUR, *_COMMON}
    return re.compile("|".join(sorted(words, key=len, reverse=True)))


@cache
def _hex_vocabulary() -> re.Pattern[str]:
    return re.compile(_HEX_WORDS)


@cache
def _telling() -> re.Pattern[str]:
    """Five-letter words in one case anywhere, four-letter words in one case at an edge."""
    five = "|".join(form for word in _FIVE for form in (word, word.upper(), word.title()))
    four = "|".join(form for word in _FOUR for form in (word, word.upper(), word.title()))
    return re.compile(f"{five}|^(?:{four})|(?:{four})$")


def _covered_by_words(lower: str) -> float:
    """The share of `lower` that is words; one of three letters counts as one letter, as chance makes many of these."""
    if set(lower) <= _HEX_DIGITS:
        found = [_hex_vocabulary().findall(lower)]
    else:
        spellings = (lower, *(lower.translate(leet) for leet in _LEET))
        found = [_vocabulary().findall(form) for form in spellings]
    return max(sum(len(word) if len(word) > 3 else 1 for word in words) for words in found) / max(1, len(lower))


_ONE_CASE = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_CLUSTER = re.compile(r"[^aeiouy]{5}")


def _reads_aloud(text: str) -> bool:
    """Letters of one case only, with as many vowels as a language has: nobody draws that at random."""
    if len(text) < 12 or not _ONE_CASE.fullmatch(text):
        return False
    lower = text.lower()
    return sum(letter in "aeiou" for letter in lower) / len(lower) >= 0.3 and not _CLUSTER.search(lower)


_CAMEL = re.compile(r"(?=.{22})[a-z]*(?:[A-Z][a-z]{2,}){2,}[0-9]{0,3}")


def wordy(text: str) -> str:
    """The reason why `text` was written by hand: a telling word in it, or words all over."""
    lower = text.lower()
    for word in _LONG:
        if word in lower:
            return f"the word {word!r} is in it"
    if telling := _telling().search(text):
        return f"the word {telling[0].lower()!r} is in it"
    if len(text) <= _SHORT:
        return "it is a word" if _vocabulary().fullmatch(lower) else ""
    if _covered_by_words(lower) >= 0.5 or _reads_aloud(text) or _CAMEL.fullmatch(text):
        return "it is made of words"
    return ""


def made_up(text: str) -> str:
    """The first reason why `text` was not drawn at random, or ""."""
    return masked(text) or sequential(text) or wordy(text)
