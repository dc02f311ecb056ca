"""Session cookies whose percent signs are escaped."""

from __future__ import annotations

import configparser
from urllib.parse import quote_from_bytes, unquote_to_bytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.decode.cookies import VIEW
from tests.conftest import token
from tests.decode.planting import contexts, places, planted

SIGNS = (b"%%", b"^%^", b"^%", b"\\%", b"\\\\%", b'"%"', b"%%25", b"^%^25", b"%%%%")
cookies = st.builds(token, st.just("session-cookie"), st.integers(0, 10**6)).map(unquote_to_bytes)


@given(cookies, contexts, contexts, st.sampled_from(SIGNS))
@settings(deadline=None)
def test_escaped_percent_signs(secret: bytes, before: bytes, behind: bytes, sign: bytes) -> None:
    encoded = quote_from_bytes(secret, safe="").encode().replace(b"%", sign)
    if encoded != secret:
        planted(VIEW, before + b" ", encoded, b" " + behind, secret)


def test_what_configparser_reads() -> None:
    secret = b"xo" + b"xd-" + b"aB3+" * 20 + b"/9="
    value = quote_from_bytes(secret, safe="")
    text = "[slack]\nd = " + value.replace("%", "%%") + "\n"
    config = configparser.ConfigParser()
    config.read_string(text)
    assert config["slack"]["d"] == value
    assert len(places(VIEW, text.encode(), secret)) == 1


def test_addresses() -> None:
    secret = token("webhook", 4)
    for sign in (b"%%", b"^%^"):
        planted(VIEW, b"u=", secret.replace(b"/", sign + b"2F").replace(b":", sign + b"3A"), b"&", secret)


@pytest.mark.parametrize("sign", [b"%", b"%25"])
def test_what_rules_see_is_left_to_them(sign: bytes) -> None:
    cookie = b"Cookie: d=xo" + b"xd-" + b"aB3%2B" * 20 + b"%2F9%3D; b=1"
    assert not list(VIEW.decode(cookie.replace(b"%", sign)))
