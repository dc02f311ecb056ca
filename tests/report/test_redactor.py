"""No secret gets past the redactor, however it is written."""

from __future__ import annotations

import json
import random
import string
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.model import Secret
from scanner.report.redactor import Redactor

ALNUM = string.ascii_letters + string.digits
HEX = "0123456789abcdef"
RUN = 12  # no more consecutive characters of a secret part than this may survive


def _digits(rng: random.Random) -> str:
    return "".join(rng.choices(string.digits, k=rng.randint(9, 14)))


def _tail(rng: random.Random, alphabet: str, length: int) -> str:
    return "".join(rng.choices(alphabet, k=length))


# The name of a kind -> (what is public, what is secret).
KINDS: dict[str, Callable[[random.Random], tuple[str, str]]] = {
    "bot": lambda rng: (f"xoxb-{_digits(rng)}-{_digits(rng)}-", _tail(rng, ALNUM, 24)),
    "user": lambda rng: (f"xoxp-{_digits(rng)}-{_digits(rng)}-{_digits(rng)}-", _tail(rng, HEX, 32)),
    "app-level": lambda rng: (f"xapp-1-A{_tail(rng, string.ascii_uppercase, 9)}-{_digits(rng)}-", _tail(rng, HEX, 64)),
    "rotating": lambda rng: ("xoxe.xoxb-1-", _tail(rng, ALNUM + "+/", 163)),
    "cookie": lambda rng: ("xoxd-", _tail(rng, ALNUM + "+/", 120) + "=="),
    "workflow": lambda rng: ("xwfp-", _tail(rng, ALNUM + "-", 40)),
    "webhook": lambda rng: ("https://hooks.slack.com/services/T0AB12CD3/B0AB12CD3/", _tail(rng, ALNUM, 24)),
    "app-secret": lambda rng: ("", _tail(rng, HEX, 32)),
}


def _percent(text: str, rng: random.Random) -> bytes:
    every = (f"%{ord(c):02{rng.choice('xX')}}" if rng.random() < 0.5 else c for c in text)
    return "".join(every).encode()


def _json(text: str, rng: random.Random) -> bytes:
    every = (f"\\u{ord(c):04{rng.choice('xX')}}" if rng.random() < 0.3 else c for c in text)
    return "".join(every).replace("/", "\\/").encode()


def _shifted(encode: Callable[[bytes], bytes]) -> Callable[[str, random.Random], bytes]:
    return lambda text, rng: encode(bytes(rng.randrange(256) for _ in range(rng.randrange(7))) + text.encode() + b"z")


FORMS: dict[str, Callable[[str, random.Random], bytes]] = {
    "raw": lambda text, rng: text.encode(),
    "percent": _percent,
    "percent twice": lambda text, rng: quote(_percent(text, rng)).encode(),
    "json": _json,
    "percent in json": lambda text, rng: _json(_percent(text, rng).decode(), rng),
    "json in json": lambda text, rng: json.dumps(_json(text, rng).decode())[1:-1].encode(),
    "base64": _shifted(b64encode),
    "base64 for urls": _shifted(urlsafe_b64encode),
    "base64 in json": lambda text, rng: _json(_shifted(b64encode)(text, rng).decode(), rng),
    "hex": lambda text, rng: text.encode().hex().encode(),
    "HEX": lambda text, rng: text.encode().hex().upper().encode(),
    "utf-16le": lambda text, rng: text.encode("utf-16le"),
    "utf-16be": lambda text, rng: text.encode("utf-16be"),
    "utf-16 in json": lambda text, rng: json.dumps(text.encode("utf-16le").decode("latin-1"))[1:-1].encode(),
}


def _survivors(secret: str, cleaned: bytes, form: str) -> list[bytes]:
    """Runs of the secret part that can still be read in `cleaned`, in the form it was written in."""
    runs = [secret[i : i + RUN].encode() for i in range(len(secret) - RUN)]
    if form.lower() == "hex":
        cleaned, runs = cleaned.lower(), [run.hex().encode() for run in runs]
    return [run for run in runs if run in cleaned]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
@given(seed=st.integers(0, 2**32), before=st.binary(max_size=40), after=st.binary(max_size=40))
def test_no_form_of_a_known_secret_survives(kind: str, form: str, seed: int, before: bytes, after: bytes) -> None:
    rng = random.Random(seed)
    public, part = KINDS[kind](rng)
    written = FORMS[form](public + part, rng)
    cleaned = Redactor([Secret((public + part).encode())]).clean(before + written + after)
    assert b"****" in cleaned
    assert not _survivors(part, cleaned, form)
    assert len(cleaned) < len(before + written + after) - len(part) + RUN
