"""All that a text holds, whatever encodings are on each other: found once, whole, in its place; nothing invented."""

from __future__ import annotations

import base64
import codecs
import quopri
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner import allowance, rules
from scanner import uncover as uncovering
from scanner.decode import views
from scanner.detect import Detector
from scanner.examine import NOTHING, UNFOLDS, examine
from scanner.inside import hides, is_packed
from scanner.model import Match, Secret
from scanner.uncover import Shown, uncover
from tests.conftest import token

RULES = rules.builtin()
FAST = Detector(RULES, 5.0, fast=True, names=views.NAMES)
PLAIN = Detector(RULES, 5.0, names=views.NAMES)

ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "base64": base64.b64encode,
    "percent": lambda data: b"".join(b"%%%02x" % byte for byte in data),
    "escape": lambda data: b"".join(b"\\u%04x" % byte for byte in data),
    "html": lambda data: b"".join(b"&#%d;" % byte for byte in data),
    "hex": lambda data: data.hex().encode(),
}
# Two that leave no letter as it is cannot be seen on each other (docs/detection.md); base64 can, five times.
CHAINS = [[name] for name in ENCODERS] + [["base64"] * deep for deep in range(2, 6)]


@pytest.mark.no_cover
@pytest.mark.parametrize("chain", CHAINS)
@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10**6), before=st.text("ab =:\n", max_size=20), after=st.text(" \n;", max_size=5))
def test_a_chain_of_encodings(chain: list[str], seed: int, before: str, after: str) -> None:
    plain = token(seed=seed)
    encoded = b'{"t": "' + plain + b'"}'
    for name in chain:
        encoded = ENCODERS[name](encoded)
    text = before.encode() + b" " + encoded + after.encode()
    (shown,) = uncover(FAST, text).shown
    assert shown.match.secret.reveal() == plain
    assert shown.encoding == tuple(reversed(chain))
    start = len(before) + 1
    assert start <= shown.match.start < shown.match.end <= start + len(encoded)


@pytest.mark.parametrize("name", ENCODERS)
def test_what_no_library_helps_to_look_for(name: str) -> None:
    (shown,) = uncover(PLAIN, b"x = " + ENCODERS[name](token()) + b"\n").shown
    assert (shown.match.secret.reveal(), shown.encoding) == (token(), (name,))


@pytest.mark.no_cover
@pytest.mark.parametrize("written", [bytes, unquote_to_bytes])
@pytest.mark.parametrize("indent", range(76))
def test_a_cookie_in_a_mail_is_told_whole(indent: int, written: Callable[[bytes], bytes]) -> None:
    """A soft line break's sign is not the padding of what stands before it."""
    cookie = token("session-cookie")
    mail = quopri.encodestring(b"x" * indent + b" d=" + written(cookie) + b"; x=1\n")
    (shown,) = uncover(FAST, mail).shown
    assert shown.match.secret.reveal() == unquote_to_bytes(cookie)
    assert shown.encoding[0] == "quoted-printable"
    part = quopri.decodestring(mail[shown.match.start : shown.match.end])
    assert unquote_to_bytes(part) == unquote_to_bytes(cookie)


def test_plain_text_is_told_once_and_as_it_stands() -> None:
    text = b'T = "' + token() + b'"  # %78 \\u0078 &#120;\n'
    (shown,) = uncover(FAST, text).shown
    assert shown.encoding == () and text[shown.match.start : shown.match.end] == token()


def test_pieces() -> None:
    whole = token()
    text = b'T = ("' + whole[:20] + b'"\n     "' + whole[20:] + b'")\n'
    (hit,) = examine(FAST, text).hits
    assert hit.match.secret.reveal() == whole and hit.encoding == ("joined",)
    assert [(piece.line, piece.column) for piece in hit.pieces] == [(1, 7), (2, 7)]


def test_a_charset_is_the_text() -> None:
    """Lines and columns are those of the decoded text."""
    text = ("first\nT = " + token().decode() + "\n").encode("utf-16")
    (hit,) = examine(FAST, text).hits
    assert (hit.position.line, hit.position.column, hit.encoding) == (2, 5, ("utf-16-le",))
    assert text[hit.match.start : hit.match.end].replace(b"\0", b"") == token()


def test_half_a_file_in_another_charset() -> None:
    text = "one\n".encode("utf-16") + ("T = " + token(seed=1).decode() + "\n").encode("utf-16-le")
    more = text + b"\nT = " + token(seed=2) + b"\n"
    assert {hit.match.secret.reveal() for hit in examine(FAST, more).hits} >= {token(seed=2)}


CHARSETS = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
CHARSETS |= {"utf-32-le": codecs.BOM_UTF32_LE, "utf-32-be": codecs.BOM_UTF32_BE}


@pytest.mark.no_cover
@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("inner", ENCODERS)
@settings(deadline=None, max_examples=20)
@given(
    seed=st.integers(0, 10**6),
    charset=st.sampled_from(list(CHARSETS)),
    marked=st.booleans(),
    before=st.text("ab =:\né", max_size=20),
)
def test_what_is_encoded_in_a_wide_text(
    inner: str, fast: bool, seed: int, charset: str, marked: bool, before: str
) -> None:
    words = "a = b\r\n" + before + "\n  " + ENCODERS[inner](token(seed=seed)).decode() + "\n"
    data = (CHARSETS[charset] if marked else b"") + words.encode(charset)
    assert hides(data)
    assert is_packed(b"x" * 99 + data + b"x" * 99, 99, 99 + len(data))
    (hit,) = examine(FAST if fast else PLAIN, data).hits
    assert hit.match.secret.reveal() == token(seed=seed)
    assert hit.encoding == (charset, inner)
    assert (hit.position.line, hit.position.column) == (words[:-1].count("\n") + 1, 3)
    assert data[: hit.match.start].endswith(words[: words.rindex("\n  ") + 3].encode(charset))


def test_a_wide_text_without_anything() -> None:
    text = "nothing to see\n".encode("utf-16")
    assert hides(text)
    assert examine(FAST, text) is NOTHING
    assert examine(Detector(RULES, 5.0), text) is NOTHING


@pytest.mark.parametrize("data", [b"", b"\0", b"\0" * 999, b"MZ" + bytes(50) + bytes(range(256)) * 9, b"text\n" * 99])
def test_what_is_no_wide_text(data: bytes) -> None:
    assert not hides(data)
    assert not is_packed(b"a" + data + b"b", 1, 1 + len(data))


@settings(deadline=None)
@given(st.binary(max_size=4000))
def test_nothing_is_invented(data: bytes) -> None:
    for detector in (FAST, PLAIN):
        assert uncover(detector, data).shown == ()


@settings(deadline=None)
@given(st.text("xop%78\\u0eG94b;&#1=\n", max_size=3000))
def test_nothing_is_invented_of_what_looks_encoded(text: str) -> None:
    assert uncover(FAST, text.encode()).shown == ()


def test_what_unfolds_to_very_much_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowance, "_ROOM", -10_000)
    text = base64.b64encode(b"T = " + token() + b" " * 50)
    assert uncover(FAST, text).overrun == (uncovering.UNFOLDED,)
    seen = examine(FAST, text)
    assert (seen.hits, seen.overrun, seen.skipped) == ((), (), (UNFOLDS,))
    assert examine(FAST, text.decode().encode("utf-16")).skipped == (UNFOLDS,)


def test_what_betrays_nothing_is_not_looked_at() -> None:
    assert examine(FAST, b"nothing") is NOTHING
    assert not uncover(FAST, b"nothing").tried


@pytest.mark.parametrize("text", [b"%78 and %2578", b"&#120; alone", b"a: ZUc5NFlp", b"'94b'", b"xo" + b"-\n-x"])
def test_what_shows_nothing_is_nothing(text: bytes) -> None:
    assert examine(FAST, text) is NOTHING


def test_what_shows_something_to_try_is_something() -> None:
    for text in (b"%78oxb-1", base64.b64encode(b"a xoxb-1 here"), b"xoxb-1"):
        assert uncover(FAST, text).tried and not uncover(FAST, text).shown


def test_nothing_is_taken_off_unasked() -> None:
    text = b"x = " + base64.b64encode(token()) + b"\n"
    for fast in (False, True):
        assert examine(Detector(RULES, 5.0, fast=fast), text) is NOTHING


def test_what_overlaps_is_told_once_however_much_there_is() -> None:
    """The order in which it is shown says nothing; what is kept stays by place."""
    one = Shown(Match("r", "bot", Secret(b"abc"), "", (), 0, 1))
    places = [(at, at + 9) for at in range(0, 2000, 10)]
    many = [one._replace(match=one.match._replace(start=start, end=end)) for start, end in reversed(places)]
    inner = [item._replace(match=item.match._replace(end=item.match.start + 3)) for item in many]
    kept = uncovering._distinct([*inner, *many])
    assert [(item.match.start, item.match.end) for item in kept] == places


@pytest.mark.no_cover
@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=12, unique=True), st.sampled_from([FAST, PLAIN]))
@settings(deadline=None, max_examples=40)
def test_lines_that_were_encoded_one_by_one(seeds: list[int], detector: Detector) -> None:
    """Where no padding parts them they look like one text, which holds other tokens."""
    secrets = {token("bot", seed) for seed in seeds}
    text = b"".join(base64.b64encode(secret) + b"\n" for secret in secrets)
    assert {one.match.secret.reveal() for one in uncover(detector, text).shown} == secrets
