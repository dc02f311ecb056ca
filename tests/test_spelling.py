"""How punctuation may be spelled, and back."""

from __future__ import annotations

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.spelling import expand, issued, spellings
from scanner.spelling import spelled as how

MARKS = {"dash": "-", "slash": "/", "colon": ":", "dot": ".", "plus": "+", "equals": "="}
_NAMES = {"%": "percent", "\\": "escape", "&": "html"}


def spelled_in(mark: str) -> list[str]:
    code = f"{ord(mark):02x}"
    forms = [
        mark,
        f"\\{mark}",
        f"\\\\{mark}",
        f"%{code}",
        f"%25{code}",
        f"%2525{code}",
        f"\\u00{code}",
        f"\\\\u00{code}",
    ]
    forms += [f"\\x{code}", f"\\u{{{code}}}", f"\\u{{00{code}}}", f"&#{ord(mark)};", f"&#0{ord(mark)};", f"&#x{code};"]
    forms += [f"&amp;#{ord(mark)};", f"\\0{ord(mark):o}", f"%25u00{code}"]
    return [*forms, f"%u00{code}", *(form.replace(code, code.upper()) for form in forms[3:])]


@pytest.mark.parametrize("name", MARKS)
def test_every_spelling_matches_and_is_taken_back(name: str) -> None:
    pattern = regex.compile(spellings(name).encode())
    for form in spelled_in(MARKS[name]):
        assert pattern.fullmatch(form.encode()), form
        assert issued(f"a{form}b".encode()) == f"a{MARKS[name]}b".encode()


def test_html_knows_names() -> None:
    named = zip(MARKS.values(), ("hyphen", "sol", "colon", "period", "plus", "equals"), strict=True)
    for mark, entity in named:
        assert issued(f"a&{entity};b&amp;{entity};c".encode()) == f"a{mark}b{mark}c".encode()
    for dash in ("&dash;", "&ndash;", "&mdash;", "&#8209;", "&#8211;", "\\u2011", "\\\\u2013"):
        assert issued(f"a{dash}b".encode()) == b"a-b"


def test_what_is_no_punctuation_stays() -> None:
    for raw in (b"a%20b", b"a\\nb", b"a\\u0041b", b"a&amp;b", b"a%b", b"a\\", b"%u0041", b"&#65;", b"a_b"):
        assert issued(raw) == raw


def test_hyphens_are_dashes() -> None:
    for hyphen in "\u2010\u2011\u2012\u2013\u2014\u2015":
        assert regex.fullmatch(expand("a(?&dash)b").encode(), f"a{hyphen}b".encode())
        assert issued(f"a{hyphen}b".encode()) == b"a-b"


def test_other_calls_are_left_alone() -> None:
    assert expand("(?&other)(?P<x>a)") == "(?&other)(?P<x>a)"
    assert expand("a(?&dot)b").startswith("a(?:")


@given(st.text("abcXYZ019", max_size=30))
@settings(deadline=None)
def test_letters_and_digits_stay(text: str) -> None:
    assert issued(text.encode()) == text.encode()


@given(st.binary(max_size=40))
@settings(deadline=None)
def test_anything_can_be_taken_back(raw: bytes) -> None:
    assert len(issued(raw)) <= len(raw)


@pytest.mark.parametrize(
    ("raw", "names"),
    [
        (b"abc", ()),
        (b"xoxb-1-2-a", ()),
        (b"https://hooks.slack.com/a+b=", ()),
        (b"a%2Fb%252F", ("percent",)),
        (b"a%u002db", ("percent",)),
        (b"a\\/b\\u002dc", ("escape",)),
        (b"a\\-b", ("escape",)),
        (b"a&#45;b&amp;sol;c", ("html",)),
        (b"a\\u002db%2Dc&#x2d;", ("escape", "percent", "html")),
        ("a\u2011b".encode(), ("typographic",)),
        (b"a\\u2011b", ("escape", "typographic")),
        (b"a&#8209;b", ("html", "typographic")),
        (b"a&ndash;b&mdash;c", ("html", "typographic")),
        (b"a&hyphen;b", ("html", "typographic")),
        (b"a&period;b", ("html",)),
    ],
)
def test_how_it_is_spelled(raw: bytes, names: tuple[str, ...]) -> None:
    assert how(raw) == names


@given(st.lists(st.sampled_from([(form, mark) for mark in MARKS.values() for form in spelled_in(mark)])))
@settings(deadline=None)
def test_every_spelling_has_a_name(forms: list[tuple[str, str]]) -> None:
    raw = "a".join(form for form, _ in forms).encode()
    expected = {_NAMES[form[0]] for form, mark in forms if form != mark}
    assert set(how(raw)) == expected


@given(st.binary(max_size=60))
@settings(deadline=None)
def test_anything_may_be_asked(raw: bytes) -> None:
    assert set(how(raw)) <= {*_NAMES.values(), "typographic"}
