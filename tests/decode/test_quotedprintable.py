"""Quoted-printable mails."""

from __future__ import annotations

import json
import quopri
from email.header import Header
from random import Random
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.decode.quotedprintable import VIEW, few
from scanner.decode.views import NAMES
from scanner.detect import Detector
from scanner.rules import builtin
from scanner.uncover import uncover
from tests.conftest import token
from tests.decode.planting import contexts, each, places, planted, prefixed, randoms, tokens


def upper(byte: int) -> bytes:
    return b"=%02X" % byte


@given(tokens, contexts, contexts)
@settings(deadline=None)
def test_every_character(secret: bytes, before: bytes, behind: bytes) -> None:
    planted(VIEW, before + b" ", each(secret, upper), b" " + behind, secret)


@given(prefixed, contexts, contexts, randoms)
@settings(deadline=None)
def test_some_characters(secret: bytes, before: bytes, behind: bytes, chance: Random) -> None:
    planted(
        VIEW,
        before + b" ",
        each(secret.replace(b"=", b""), upper, chance=chance),
        b" " + behind,
        secret.replace(b"=", b""),
    )


@given(tokens, st.integers(0, 80), st.sampled_from([b"\n", b"\r\n"]))
@settings(deadline=None)
def test_the_standard_library_s_lines(secret: bytes, indent: int, end: bytes) -> None:
    """Wherever in its line the token begins; the line is longer than any is allowed to be."""
    secret = secret[secret.find(b"hooks") :] if b"hooks" in secret else secret
    mail = quopri.encodestring(b"a" * indent + b" " + secret + b" " + b"b" * 80).replace(b"\n", end)
    places_found = places(VIEW, mail, secret)
    assert places_found or secret in mail
    for start, stop in places_found:
        assert quopri.decodestring(mail[start:stop]) == secret


@pytest.mark.parametrize("at", [1, 2, 3, 4, 5, 20])
@pytest.mark.parametrize("end", [b"=\n", b"=\r\n", b"= \t\r\n", b"=\\n", b"=\\r\\n", b"=\\\\n"])
def test_soft_breaks(at: int, end: bytes) -> None:
    secret = token()
    if end in (b"= \t\r\n", b"=\\\\n") and at < 4:
        return
    planted(VIEW, b"t: ", secret[:at] + end + secret[at:], b"\n", secret)


@given(prefixed, st.integers(0, 80), st.sampled_from(["\n", "\r\n"]))
@settings(deadline=None)
def test_a_mail_in_a_string_of_json(secret: bytes, indent: int, end: str) -> None:
    mail = quopri.encodestring(b"a" * indent + b" " + secret + b" " + b"b" * 80).decode().replace("\n", end)
    text = json.dumps({"body": mail}).encode()
    if secret not in text:
        ((start, stop),) = places(VIEW, text, secret)
        assert quopri.decodestring(json.loads(b'"' + text[start:stop] + b'"')) == secret
        assert any(anchor in text for anchor in VIEW.anchors)


def test_the_few_literals_ask_for_no_escapes() -> None:
    """`\\n` stands everywhere in strings of JSON; without a library each of them would be looked at."""
    assert set(few()) < set(VIEW.anchors)
    assert not any(b"\\" in one for one in few())


def test_encoded_words() -> None:
    secret = token("session-client")
    header = Header("caf\u00e9 " + secret.decode(), "iso-8859-1", maxlinelen=60).encode().encode()
    assert secret not in header
    assert len(places(VIEW, header, secret)) == 1


@pytest.mark.parametrize("text", [b"a=78&b=79", b"caf=C3=A9", token() + b"=\n\n", token() + b"= 1", b"x=\ny"])
def test_nothing_to_decode(text: bytes) -> None:
    assert not list(VIEW.decode(text))


@pytest.mark.parametrize("form", ["C={}\nOTHER = 5\n", "C={}\r\nmore\r\n", '{{"a": "b\\n{}\\nmore"}}'])
def test_the_padding_of_a_cookie_is_no_soft_break(form: str) -> None:
    """A line of a mail is shorter than a cookie."""
    for seed in range(40):
        cookie = unquote_to_bytes(token("session-cookie", seed)).rstrip(b"=") + b"="
        shown = [part.data for part in VIEW.decode(form.format(cookie.decode()).encode())]
        assert not any(cookie[:-1] + word in data for data in shown for word in (b"OTHER", b"more"))


@pytest.mark.parametrize(
    "before", ['{"id": "18c2f0", "from": "a@example.com", "to": "b@example.com", "body": "', "<mail a='b'><body>"]
)
@pytest.mark.parametrize("said", [0, 20, 60, 120])
def test_a_soft_break_in_the_first_line_of_a_body_behind_other_text(before: str, said: int) -> None:
    secret = token("bot", 5).decode()
    detector = Detector(builtin(), 5, True, NAMES)
    for cut in (30, 40, 50):
        body = f'{before}{("a few words " * 12)[:said]}{secret[:cut]}=\n{secret[cut:]}"'
        assert [one.match.secret.reveal().decode() for one in uncover(detector, body.encode()).shown] == [secret]
