"""A whole token stays as it is, whatever stands beside it and however its punctuation is spelled: no view adds anything
to it, or takes anything from it."""

from __future__ import annotations

from itertools import product
from random import Random

import pytest

from scanner import rules
from scanner.decode import views
from scanner.detect import Detector
from scanner.spelling import issued
from scanner.uncover import uncover
from tests.conftest import token
from tests.rules.drawing import PREFIXED
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
    *("{} abc", "{}, abc", "{}. Abc", "{}.", "{}\u2026", "{} \u2014 abc", "{}--abc", "|{}|abc|", "{}\tabc"),
    *("<td>{}</td><td>abc</td>", "{}<br>abc", "{}&nbsp;abc", "{}&#10;abc", "{}%0Aabc", "{}%20abc"),
    *("{}\u200b", "\u200b{}", "{}\u00ad\n", "{}\x1b[0m abc"),
)
# `\033` is an escape in a shell, and `3` in CSS: behind a backslash that belongs to the token it is taken for that.
KNOWN = {("\\033[1;31m{}\\033[0m", spelling) for spelling in ("backslashes", "JSON slashes", "JSON in JSON")}


@pytest.mark.no_cover
@pytest.mark.parametrize("context", [*CONTEXTS, *LINES, *SOURCE, *PROSE])
def test_a_whole_token_is_told_as_it_is(context: str) -> None:
    draw = Random(context)
    for seed, (name, spell) in product(range(3), SPELLINGS.items()):
        secret = issued(token(draw.choice(PREFIXED), seed))
        text = context.format(spell(secret.decode())).encode()
        for detector in DETECTORS if (context, name) not in KNOWN else ():
            assert [one.match.secret.reveal() for one in uncover(detector, text).shown] == [secret], name
