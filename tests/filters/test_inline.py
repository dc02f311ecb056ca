from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner import rules
from scanner.decode import views
from scanner.detect import Detector
from scanner.examine import examine
from scanner.filters import inline
from scanner.model import Match, Secret, Suppression
from tests.conftest import token as fake

TOKEN = b"TOKEN"


def match(data: bytes, token: bytes = TOKEN, rule: str = "rule-a", start: int | None = None) -> Match:
    begin = data.index(token) if start is None else start
    return Match(rule, "kind", Secret(token), "TO****", (), begin, begin + len(token))


def allowed(data: bytes, token: bytes = TOKEN, *, foreign: bool = False) -> Suppression | None:
    return inline.judge(inline.markers(data, foreign), match(data, token))


@pytest.mark.parametrize(
    "data",
    [
        b"a = TOKEN # xoxscan:ignore",
        b"/* xoxscan:ignore */ a = TOKEN",
        b"xoxscan:ignore TOKEN",
        b"TOKEN,xoxscan:ignore",
        b"x\r\nTOKEN xoxscan:ignore\r\ny",
        b"x\rTOKEN xoxscan:ignore\ry",
        b"TOKEN # xoxscan:ignore[rule-a]",
        b"TOKEN # xoxscan:ignore[ rule-b , rule-a ] because",
        b"TOKEN # xoxscan:ignore[rule-b] xoxscan:ignore[rule-a]",
        b"# xoxscan:ignore-next-line\nTOKEN",
        b"# xoxscan:ignore-next-line\r\nTOKEN",
        b"# xoxscan:ignore-next-line\rTOKEN",
        b"# xoxscan:ignore-next-line[rule-a] why\nTOKEN\n",
        b"TOKEN " + b"x" * 5_000_000 + b";xoxscan:ignore",
    ],
)
def test_a_marker_allows_its_line(data: bytes) -> None:
    found = allowed(data)
    assert found is not None
    assert found.by == "inline"


@pytest.mark.parametrize(
    "data",
    [
        b"TOKEN",
        b"xoxscan:ignore\nTOKEN\nxoxscan:ignore",
        b"xoxscan:ignore\rTOKEN\rxoxscan:ignore",
        b"xoxscan:ignore\r\nTOKEN\r\nxoxscan:ignore",
        b"TOKEN xoxscan:ignored",
        b"TOKEN xoxscan:ignore-this",
        b"TOKEN noxoxscan:ignore",
        b"TOKEN XOXSCAN:IGNORE",
        b"TOKEN xoxscan:ignore[rule-b]",
        b"TOKEN xoxscan:ignore[rule]",
        b"TOKEN xoxscan:ignore[]",
        b"TOKEN xoxscan:ignore[rule-a",
        b"TOKEN xoxscan:ignore[rule-a\n]",
        b"TOKEN xoxscan:ignore-next-line",
        b"xoxscan:ignore-next-line\n\nTOKEN",
        b"xoxscan:ignore-next-line\n\rTOKEN",
        b"TOKEN\nxoxscan:ignore-next-line",
        b"TOKEN gitleaks:allow",
    ],
)
def test_nothing_else_does(data: bytes) -> None:
    assert allowed(data) is None


def test_a_marker_within_the_token_is_none() -> None:
    token = b"https://x/xoxscan:ignore/y"
    assert allowed(b"a " + token, token) is None
    assert allowed(b"xoxscan:ignore-next-line\na " + token, token) is not None
    assert allowed(token + b" xoxscan:ignore", token) is not None
    assert allowed(b"xoxscan:ignore " + token, token) is not None
    assert allowed(b"xoxscan:ignore[rule-b] " + token, token) is None


def test_a_token_over_several_lines_is_allowed_in_any_of_them() -> None:
    token = b"TO\nKE\nN"
    for data in (b"xoxscan:ignore TO\nKE\nN", b"TO\nKE\nN xoxscan:ignore", b"xoxscan:ignore-next-line\nTO\nKE\nN"):
        assert allowed(data, token) is not None
    assert allowed(b"xoxscan:ignore\nTO\nKE\nN\nxoxscan:ignore", token) is None


@pytest.mark.parametrize("marked", range(3))
@pytest.mark.parametrize("sign", [b"//", b"/*"])
def test_a_token_in_pieces_is_allowed_in_the_line_of_any(marked: int, sign: bytes) -> None:
    ends = [sign + b" xoxscan:ignore[rule-a] made up" if at == marked else b"" for at in range(3)]
    data = b't = "TO" + %b\n  "KE" + %b\n  "N" %b\n' % tuple(ends)
    pieces = [re.search(piece, data).span() for piece in (b"TO", b"KE", rb"\bN\b")]  # type: ignore[union-attr]
    whole = Match("rule-a", "kind", Secret(TOKEN), "TO****", (), pieces[0][0], pieces[-1][1])
    assert inline.judge(inline.markers(data, False), whole, pieces) == Suppression("inline", "made up")
    assert (inline.judge(inline.markers(data, False), whole) is None) == (marked < 2)


def test_a_marker_within_a_piece_is_none() -> None:
    data = b'"https://x/xoxscan:ignore/" +\n "y"'
    whole = Match("rule-a", "kind", Secret(b"https://x/xoxscan:ignore/y"), "h****", (), 1, len(data) - 1)
    assert inline.judge(inline.markers(data, False), whole, [(1, 26), (32, 33)]) is None


@pytest.mark.parametrize("marked", range(3))
def test_a_token_that_source_text_breaks_up_is_allowed_in_any_of_its_lines(marked: int) -> None:
    detector = Detector(rules.builtin(), 5.0, names=views.NAMES)
    lines = [b'"%b"' % part for part in (fake()[:20], fake()[20:30], fake()[30:])]
    lines = [line + b" +" * (at < 2) + b" // xoxscan:ignore made up" * (at == marked) for at, line in enumerate(lines)]
    (hit,) = examine(detector, b"T = " + b"\n  ".join(lines) + b"\n").hits
    assert (hit.encoding, hit.inline) == (("joined",), Suppression("inline", "made up"))


@pytest.mark.parametrize(
    "marker",
    [
        b"gitleaks:allow",
        b"betterleaks:allow",
        b"trufflehog:ignore",
        b"pragma: allowlist secret",
        b"pragma:allowlist-secret",
    ],
)
def test_markers_of_other_tools_count_only_if_asked_for(marker: bytes) -> None:
    data = b"a = TOKEN  # " + marker
    assert allowed(data) is None
    assert allowed(data, foreign=True) == Suppression("inline", marker.decode())
    assert allowed(marker + b"\nTOKEN", foreign=True) is None


def test_the_next_line_form_of_detect_secrets() -> None:
    assert allowed(b"# pragma: allowlist nextline secret\nTOKEN", foreign=True) is not None
    assert allowed(b"TOKEN # pragma: allowlist nextline secret", foreign=True) is None
    assert allowed(b"# pragma: allowlist nextline secret\nTOKEN") is None
    assert allowed(b"# pragma: once\nTOKEN", foreign=True) is None


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"TOKEN # xoxscan:ignore", None),
        (b"TOKEN # xoxscan:ignore[rule-a] a test account\nx", "a test account"),
        (b"TOKEN # xoxscan:ignore: revoked \r\nx", "revoked"),
        (b"TOKEN /* xoxscan:ignore - made up */", "made up"),
        (b"<!-- xoxscan:ignore-next-line made up -->\nTOKEN", "made up"),
        (b"TOKEN xoxscan:ignore bell\x07 \xe2\x80\xae \xff", "bell    \ufffd"),
        (b"xoxscan:ignore x = TOKEN", None),
        (b"TOKEN xoxscan:ignore " + b"x" * 300, None),
    ],
)
def test_the_reason_is_what_follows(data: bytes, reason: str | None) -> None:
    found = allowed(data)
    assert found is not None
    assert found.reason == reason


PIECES = ["TOKEN", "xoxscan:ignore", "xoxscan:ignore-next-line", "xoxscan:ignore[rule-b]", "\n", "\r", "\r\n", " ", "é"]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join).map(str.encode))
def test_it_agrees_with_looking_line_by_line(data: bytes) -> None:
    found = inline.markers(data, False)
    lines, at = [], 0
    for line in re.split(rb"(\r\n|\r|\n)", data):
        lines.append((at, line))
        at += len(line)
    texts = lines[::2]
    for number, (start, text) in enumerate(texts):
        words = text.split()
        before = texts[number - 1][1].split() if number else []
        expected = b"xoxscan:ignore" in words or b"xoxscan:ignore-next-line" in before
        for token in re.finditer(TOKEN, text):
            judged = inline.judge(found, match(data, start=start + token.start()))
            assert (judged is not None) == expected


def test_a_long_line_full_of_markers_and_tokens_is_no_problem() -> None:
    data = b"TOKEN xoxscan:ignore[rule-b] " * 50_000
    started = time.process_time()
    found = inline.markers(data, True)
    for at in range(0, len(data), 29):
        assert inline.judge(found, match(data, start=at)) is None
    assert time.process_time() - started < 5


def test_brackets_that_never_close_are_no_problem() -> None:
    data = b"TOKEN xoxscan:ignore[" * 50_000
    started = time.process_time()
    assert inline.judge(inline.markers(data, False), match(data)) is None
    assert time.process_time() - started < 5


@pytest.mark.no_cover
@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_many_short_lines_are_no_problem(end: bytes) -> None:
    data = (b"TOKEN" + end + b"xoxscan:ignore-next-line" + end) * 50_000
    started = time.process_time()
    found = inline.markers(data, True)
    assert inline.judge(found, match(data, start=0)) is None
    for at in range(29 + 2 * len(end), len(data), 29 + 2 * len(end)):
        assert inline.judge(found, match(data, start=at)) is not None
    assert time.process_time() - started < 5
