"""Characters escaped by a backslash."""

from __future__ import annotations

import json
import subprocess
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.decode.escapes import VIEW
from tests.conftest import often, token
from tests.decode.planting import Spell, contexts, each, places, planted, prefixed, randoms, tokens


def spell(form: str) -> Spell:
    return lambda byte: (form % byte).encode()


COMMON = [
    "\\x%02x", "\\x%02X", "\\u%04x", "\\u%04X", "\\uu%04x", "\\U%08x", "\\u{%x}", "\\u{%04X}", "\\x{%x}", "\\%03o",
    "\\0%03o", "\\o{%o}", "`u{%x}", "\\'%02x",
]  # fmt: skip
CSS = ["\\%x ", "\\%06x", "\\%06X ", "\\%04x"]
DECIMAL = ["\\%03d"]


@given(tokens, contexts, contexts, st.sampled_from([*COMMON, *CSS, *DECIMAL]), st.integers(0, 2))
@settings(deadline=None, max_examples=often(50))
def test_every_character(secret: bytes, before: bytes, behind: bytes, form: str, times: int) -> None:
    encoded = each(secret, spell(form)).replace(b"\\", b"\\" * 2**times)
    planted(VIEW, before + b" ", encoded, b"," + behind, secret)


@given(prefixed, contexts, contexts, randoms)
@settings(deadline=None)
def test_some_characters(secret: bytes, before: bytes, behind: bytes, chance: Random) -> None:
    forms = ["\\x%02x", "\\x%02X", "\\u%04x", "\\u{%x}", "\\U%08x", "\\%03o"]
    planted(VIEW, before + b" ", each(secret, *map(spell, forms), chance=chance), b" " + behind, secret)


@given(prefixed, contexts, st.sampled_from([CSS[1], CSS[3], *DECIMAL]), randoms)
@settings(deadline=None)
def test_some_characters_of_other_dialects(secret: bytes, before: bytes, form: str, chance: Random) -> None:
    encoded = each(secret, spell(form.replace("04", "06")), chance=chance)
    planted(VIEW, before + b" ", encoded, b'"', secret)


@given(tokens, st.text(max_size=30))
@settings(deadline=None)
def test_json_takes_back_the_same(secret: bytes, beside: str) -> None:
    text = json.dumps({beside: secret.decode()}).encode().replace(b"x", b"\\u0078").replace(b"ks", b"\\u006b\\u0073")
    assert secret in json.dumps(list(json.loads(text).values())).encode()
    ((start, end),) = places(VIEW, text, secret)
    assert json.loads(b'"' + text[start:end] + b'"').encode() == secret


def test_a_shell_prints_the_same() -> None:
    secret = token()
    for form in ("\\x%x", "\\%o", "\\u%x", "\\U%x"):
        encoded = each(secret[:4], spell(form)) + secret[4:]
        shown = subprocess.run(["bash", "-c", b"printf %s $'" + encoded + b"'"], capture_output=True, check=True)
        assert shown.stdout == secret
        planted(VIEW, b"T=$'", encoded, b"'", secret)


def test_python_reads_the_same() -> None:
    secret = token("user")
    for form in ("\\x%02x", "\\%03o", "\\u%04x", "\\U%08x"):
        encoded = each(secret, spell(form))
        assert encoded.decode("unicode-escape").encode() == secret
        planted(VIEW, b"t = '", encoded, b"'", secret)


def test_blanks_and_marks() -> None:
    text = b'{\\"a\\": \\"xox\\x62\\n\\t\\r\\/\\-\\"}'
    assert next(VIEW.decode(text)).data == b'{"a": "xoxb\n\t\r/-"}'


def test_what_is_no_character_stays() -> None:
    text = b"xox\\x62\\U7fffffff\\u{ffffff}\\o{99}\\q\\"
    assert next(VIEW.decode(text)).data == b"xoxb" + text[7:]
    assert next(VIEW.decode(b"xox\\u0062\\ud83d")).data == b"xoxb\xed\xa0\xbd"


def test_the_same_digits_in_three_dialects() -> None:
    parts = [part.data for part in VIEW.decode(b"xox\\142|xox\\98|xox\\62 |")]
    assert parts == [b"xoxb|xox\\98|xox2 |", "xox\u0142|xox\u0098|xoxb|".encode(), b"xox\xc2\x8e|xoxb|xox> |"]


@pytest.mark.parametrize(
    "text", [b"C:\\x\\u\\n", b"\\d{8}", token() + b"\\n", b"caf\\u00e9", token() + b'\\"', b"\\\\"]
)
def test_nothing_to_decode(text: bytes) -> None:
    assert not list(VIEW.decode(text))
