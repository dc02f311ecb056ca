from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.decode.hexviews import VIEW
from scanner.fakes import KINDS
from tests.conftest import token

TOKENS = st.builds(
    token, st.sampled_from([kind for kind in KINDS if kind not in ("app-secret", "trigger")]), st.integers(0, 9)
)


def visible(row: bytes) -> bytes:
    return bytes(byte if 32 <= byte < 127 else ord(".") for byte in row)


def rows(plain: bytes, width: int = 16) -> list[tuple[int, bytes]]:
    return [(at, plain[at : at + width]) for at in range(0, len(plain), width)]


def xxd(plain: bytes, group: int = 2) -> bytes:
    """As `xxd` writes it."""
    width = 32 + 16 // group
    lines = []
    for at, row in rows(plain):
        digits = b" ".join(row[begin : begin + group].hex().encode() for begin in range(0, len(row), group))
        lines.append(b"%08x: %b %b\n" % (at, digits.ljust(width), visible(row)))
    return b"".join(lines)


def hexdump(plain: bytes) -> bytes:
    """As `hexdump -C` writes it."""
    lines = []
    for at, row in rows(plain):
        digits = row[:8].hex(" ").ljust(23) + "  " + row[8:].hex(" ").ljust(23)
        lines.append(b"%08x  %b  |%b|\n" % (at, digits.encode(), visible(row)))
    return b"".join(lines) + b"%08x\n" % len(plain)


def od(plain: bytes) -> bytes:
    """As `od -A o -t x1z` writes it."""
    lines = [b"%07o %b  >%b<\n" % (at, row.hex(" ").ljust(47).encode(), visible(row)) for at, row in rows(plain)]
    return b"".join(lines)


def tcpdump(plain: bytes) -> bytes:
    """As `tcpdump -X` writes it."""
    return b"".join(b"\t0x" + line[4:9] + b" " + line[9:] for line in xxd(plain).splitlines(keepends=True))


def included(plain: bytes) -> bytes:
    """As `xxd -i` writes it."""
    return b",\n".join(b"  " + b", ".join(b"0x%02x" % byte for byte in row) for _, row in rows(plain, 12))


FORMS: dict[str, Callable[[bytes], bytes]] = {
    "lower": lambda plain: plain.hex().encode(),
    "upper": lambda plain: plain.hex().upper().encode(),
    "lines": lambda plain: b"\n".join(row.hex().encode() for _, row in rows(plain, 30)),
    "literals": lambda plain: b'" \\\n  "'.join(row.hex().encode() for _, row in rows(plain, 16)),
    "spaces": lambda plain: plain.hex(" ").encode(),
    "colons": lambda plain: plain.hex(":").upper().encode(),
    "dashes": lambda plain: plain.hex("-").upper().encode(),
    "commas": lambda plain: plain.hex(",").encode(),
    "array": lambda plain: b", ".join(b"0x%02X" % byte for byte in plain),
    "xxd -i": included,
    "xxd": xxd,
    "xxd -g 1": lambda plain: xxd(plain, 1),
    "xxd -g 4": lambda plain: xxd(plain, 4),
    "hexdump -C": hexdump,
    "od": od,
    "tcpdump": tcpdump,
}


@pytest.mark.parametrize("form", FORMS)
@given(secret=TOKENS, before=st.binary(max_size=40), behind=st.binary(max_size=40))
@settings(deadline=None, max_examples=15)
def test_every_form(form: str, secret: bytes, before: bytes, behind: bytes) -> None:
    data = FORMS[form](before + b"=" + secret + b"\n" + behind)
    assert any(anchor in data for anchor in VIEW.anchors)
    [(part, at)] = [(part, at) for part in VIEW.decode(data) if (at := part.data.find(secret)) >= 0]
    begin, end = part.raw(at, at + len(secret))
    first, last = b"%02x" % secret[0], b"%02x" % secret[-1]
    assert (data[begin : begin + 2].lower(), data[end - 2 : end].lower()) == (first, last)
    if form in ("lower", "upper"):
        assert data[begin:end].lower() == secret.hex().encode()


@given(TOKENS, st.text("0123456789abcdef", max_size=9), st.binary(max_size=9))
@settings(deadline=None, max_examples=50)
def test_digits_before_it(secret: bytes, before: str, behind: bytes) -> None:
    """An odd number of them, too."""
    data = b"id " + before.encode() + secret.hex().encode() + behind.hex().encode()
    places = [part.raw(at, at + len(secret)) for part in VIEW.decode(data) if (at := part.data.find(secret)) >= 0]
    assert places == [(3 + len(before), 3 + len(before) + 2 * len(secret))]


@given(TOKENS)
@settings(deadline=None, max_examples=50)
def test_a_registry_value(secret: bytes) -> None:
    """hex(2): a string in UTF-16, over lines that end with a backslash."""
    wide = (secret.decode() + "\0").encode("utf-16-le").hex(",").encode()
    data = b'"Token"=hex(2):' + b"\\\r\n  ".join(wide[at : at + 75] for at in range(0, len(wide), 75))
    assert any(secret.decode().encode("utf-16-le") in part.data for part in VIEW.decode(data))


@given(TOKENS, st.binary(max_size=20), st.booleans())
@settings(deadline=None, max_examples=50)
def test_what_was_base64_before(secret: bytes, before: bytes, upper: bool) -> None:
    coded = b64encode(before + secret)
    digits = coded.hex().encode()
    data = b"x=" + (digits.upper() if upper else digits)
    assert any(anchor in data for anchor in VIEW.anchors)
    places = [part.raw(at, at + len(coded)) for part in VIEW.decode(data) if (at := part.data.find(coded)) >= 0]
    assert places == [(2, 2 + 2 * len(coded))]


@given(st.binary(max_size=900), st.lists(st.sampled_from(VIEW.anchors), max_size=9), st.text("0a \n:|.-", max_size=80))
@settings(deadline=None, max_examples=50)
def test_whatever_the_text(before: bytes, betrayed: list[bytes], between: str) -> None:
    data = before + between.encode().join(betrayed) + between.encode()
    for part in VIEW.decode(data):
        assert len(part.data) <= len(data) // 2 + 1
        begin, end = part.raw(0, len(part.data))
        assert 0 <= begin < end <= len(data)


def test_hardly_any_digits_are_no_token() -> None:
    assert not list(VIEW.decode(b"786f78622d"))


def test_a_text_far_longer_than_a_region() -> None:
    secrets = [token("bot", seed) for seed in range(5)]
    data = b"".join(b"a" * 30_000 + secret for secret in secrets).hex().encode()
    shown = list(VIEW.decode(data))
    assert all(any(secret in part.data for part in shown) for secret in secrets)
    assert max(len(part.data) for part in shown) <= 48 * 1024
