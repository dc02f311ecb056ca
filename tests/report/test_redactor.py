"""No secret gets past the redactor, however it is written."""

from __future__ import annotations

import json
import random
import string
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.model import Secret
from scanner.report.places import harmless
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
    "base64 in base64": lambda text, rng: _shifted(b64encode)(_shifted(b64encode)(text, rng).decode(), rng),
    "base64 of utf-16le": lambda text, rng: b64encode(b"ab" * rng.randrange(3) + text.encode("utf-16le")),
    "base64 of utf-16be": lambda text, rng: b64encode(b"ab" * rng.randrange(3) + text.encode("utf-16be")),
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


# Often with an escape that is begun just before a secret, and would take its first characters for its own.
BEFORE = st.builds(bytes.__add__, st.binary(max_size=40), st.sampled_from([b"", b"%", b"%0", b"\\", b"\\u", b"\\u00"]))


@pytest.mark.no_cover
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25)
@given(seed=st.integers(0, 2**32), before=BEFORE, after=st.binary(max_size=40))
def test_no_form_of_a_known_secret_survives(kind: str, form: str, seed: int, before: bytes, after: bytes) -> None:
    rng = random.Random(seed)
    public, part = KINDS[kind](rng)
    written = FORMS[form](public + part, rng)
    cleaned = Redactor([Secret((public + part).encode())]).clean(before + written + after)
    assert b"****" in cleaned
    assert not _survivors(part, cleaned, form)
    assert len(cleaned) < len(before + written + after) - len(part) + RUN


PUBLIC_BOT = "xo" + "xb-123456789012-1234567890123-"


def _secret(text: str) -> Secret:
    return Secret(text.encode())


@pytest.mark.no_cover
@given(st.integers(0, 2**32), st.sampled_from(sorted(KINDS)), st.sampled_from(sorted(FORMS)))
def test_many_secrets_at_once(seed: int, kind: str, form: str) -> None:
    rng = random.Random(seed)
    tokens = [KINDS[kind](rng) for _ in range(20)]
    # Base64 and UTF-16 of several in one string would shift each other: every one for itself, in a line.
    written = b"\n-\n".join(FORMS[form](public + part, rng) for public, part in tokens)
    cleaned = Redactor(_secret(public + part) for public, part in tokens).clean(written)
    assert not [survivor for _, part in tokens for survivor in _survivors(part, cleaned, form)]


@given(st.integers(0, 2**32))
def test_one_secret_inside_another(seed: int) -> None:
    rng = random.Random(seed)
    inner = _tail(rng, HEX, 32)
    outer = f"{_tail(rng, ALNUM, 9)}{inner}{_tail(rng, ALNUM, 9)}"
    for known in ([inner, outer], [outer, inner]):
        cleaned = Redactor(map(_secret, known)).clean(f"a {outer} b {inner} c {outer[:20]}{outer}{inner}.".encode())
        assert cleaned.startswith(b"a **** b **** c ") and cleaned.endswith(b"****.")
        assert not _survivors(inner, cleaned, "raw")


def test_public_ids_stay() -> None:
    cleaned = Redactor([_secret(PUBLIC_BOT + "aB3dE5gH7jK9mN1pQ3sT5vX7")]).clean(
        f"keys/{PUBLIC_BOT}aB3dE5gH7jK9mN1pQ3sT5vX7.txt and {PUBLIC_BOT}****".encode()
    )
    assert cleaned == f"keys/{PUBLIC_BOT}****.txt and {PUBLIC_BOT}****".encode()


@pytest.mark.parametrize("tail", ["a1b2c3", "a1b2c3d4e5"])
def test_a_short_secret_part_goes_with_its_token_only(tail: str) -> None:
    public = "xo" + "xp-1234567890-1234567890-1234567890-"
    redactor = Redactor([_secret(public + tail)])
    assert tail.encode() not in redactor.clean(f"a{public}{tail}b".encode())
    assert tail.encode() not in redactor.clean(_percent(public + tail, random.Random(1)))
    assert redactor.clean(f"commit {tail}".encode()) == f"commit {tail}".encode()


def test_a_short_secret_of_somebodys_own_rule() -> None:
    assert Redactor([_secret("hunter2!")]).clean(b"hunter2!hunter2! aHVudGVyMiE=") == b"**** ****E="
    assert Redactor([_secret("abc"), _secret("")]).clean(b"abcabc") == b"abcabc"


@pytest.mark.parametrize("data", [b"", b"1234567", b"%", b"\\"])
def test_hardly_anything(data: bytes) -> None:
    assert Redactor([_secret("a" * 40)]).clean(data) == data


@given(st.binary(max_size=60), st.integers(0, 2**32))
def test_json_stays_json(around: bytes, seed: int) -> None:
    rng = random.Random(seed)
    public, part = KINDS[rng.choice(sorted(KINDS))](rng)
    form = FORMS[rng.choice(["raw", "percent", "base64", "hex", "utf-16le"])](public + part, rng)
    text = (around + form + around[::-1]).decode("latin-1")
    document = json.dumps({"path": text, "next": [text]}, ensure_ascii=rng.random() < 0.5).encode()
    cleaned = json.loads(Redactor([_secret(public + part)]).clean(document))
    assert list(cleaned) == ["path", "next"]
    assert part not in str(cleaned)


@pytest.mark.parametrize(
    "before", ["\\", "\\\\", "\\" * 9, "\\" * 10, "\\u", "\\u0", "\\u006", "\\x", "%", "%4", "\b", "\x1f"]
)
@pytest.mark.parametrize("first", ["b", "n", "u", "4", "x", "0"])
def test_an_escape_that_ends_in_a_secret_is_not_left_open(before: str, first: str) -> None:
    secret = first + "aB3dE5gH7jK9mN1pQ3sT5vX7"
    cleaned = Redactor([_secret(secret)]).clean(json.dumps(before + secret).encode())
    assert json.loads(cleaned).endswith("****")


def test_a_secret_that_begins_inside_an_escape() -> None:
    document = json.dumps("\x1baB3dE5gH7jK9mN1pQ3sT5vX7").encode()
    assert json.loads(Redactor([_secret("1baB3dE5gH7jK9mN1pQ3sT5vX7")]).clean(document)) == "****"


LOOKALIKES = {name: make(random.Random(5)) for name, make in KINDS.items() if name != "app-secret"} | {
    "legacy user": ("xo" + "xp-1234567890-1234567890-1234567890-", "a1b2c3d4e5"),
    "legacy bot": ("xo" + "xb-1234567890-", "aB3dE5gH7jK9mN1pQ3sT5vX7"),
    "workspace": ("xo" + "xa-2-1234567890-1234567890-1234567890-", "0123456789abcdef0123456789abcdef"),
    "refresh": ("xo" + "xe-1-", "My0xLTEyMzQ1Njc4OTAxMi0xMjM0NTY3ODkwMTIz"),
    "trigger": ("https://hooks.slack" + ".com/triggers/E0AB12CD3/1234567890123/", "0123456789abcdef0123456789abcdef"),
    "government": ("https://hooks.slack" + "-gov.com/services/T0AB12CD3/B0AB12CD3/", "aB3dE5gH7jK9mN1pQ3sT5vX7"),
    "webhook in capitals": ("HTTPS://HOOKS.SLACK" + ".COM/services/T0AB12CD3/B0AB12CD3/", "aB3dE5gH7jK9mN1pQ3sT5vX7"),
    "webhook in title case": ("Hooks.slack" + ".com/services/T0AB12CD3/B0AB12CD3/", "aB3dE5gH7jK9mN1pQ3sT5vX7"),
    "old webhook": ("https://hooks.slack" + ".com/T0AB12CD3/B0AB12CD3/", "aB3dE5gH7jK9mN1pQ3sT5vX7"),
}


@pytest.mark.parametrize("form", ["raw", "percent", "json", "percent in json"])
@pytest.mark.parametrize("kind", LOOKALIKES)
def test_what_looks_like_a_token_is_masked_though_nobody_found_it(kind: str, form: str) -> None:
    public, part = LOOKALIKES[kind]
    cleaned = Redactor().clean(b"in /" + FORMS[form](public + part, random.Random(7)) + b" it")
    assert cleaned.startswith(b"in /") and cleaned.endswith(b"**** it")
    assert not _survivors(part, cleaned, form)


DASHES, UNSEEN = "\u2010\u2013\u2014\u2212\ufe63\uff0d", "\u00ad\u200b\u200d\u2060\ufeff\ufe0f"


def _dashed(text: str, rng: random.Random) -> str:
    return "".join(rng.choice(DASHES) if each == "-" else each for each in text)


def _parted(text: str, rng: random.Random) -> str:
    return "".join(rng.choice(UNSEEN) * (rng.random() < 0.3) + each for each in text)


def _shown(text: str, rng: random.Random) -> bytes:
    return harmless(text).encode()


DISGUISES: dict[str, Callable[[str, random.Random], bytes]] = {
    **{name: FORMS[name] for name in sorted(FORMS) if "base64" in name or "HEX" in name.upper()},
    "hex in percent": lambda text, rng: _percent(text.encode().hex(), rng),
    "dashes": lambda text, rng: _dashed(text, rng).encode(),
    "unseen": lambda text, rng: _parted(text, rng).encode(),
    "unseen as we show it": lambda text, rng: _shown(_parted(text, rng), rng),
    "both in json": lambda text, rng: json.dumps(_parted(_dashed(text, rng), rng))[1:-1].encode(),
    "both in percent": lambda text, rng: quote(_parted(_dashed(text, rng), rng)).encode(),
    "dashes in base64": lambda text, rng: b64encode(_dashed(text, rng).encode()),
}
# In these, hosts in other cases are not looked for.
DISGUISED = sorted(name for name in LOOKALIKES if "case" not in name and "capitals" not in name)


@pytest.mark.no_cover
@pytest.mark.parametrize("form", DISGUISES)
@pytest.mark.parametrize("kind", DISGUISED)
@settings(max_examples=4)
@given(seed=st.integers(0, 2**32))
def test_a_disguised_token_is_masked_though_nobody_found_it(kind: str, form: str, seed: int) -> None:
    public, part = LOOKALIKES[kind]
    written = DISGUISES[form](public + part, random.Random(seed))
    cleaned = Redactor().clean(b"in (" + written + b") it")
    before, _, after = cleaned.rpartition(b"****")
    assert before.startswith(b"in (") and after.endswith(b") it")
    assert len(after) < 20 and part[-8:].encode() not in cleaned and written[-32:] not in cleaned


def test_a_disguised_token_amid_a_run_is_masked_to_its_end() -> None:
    inside = (PUBLIC_BOT + "aB3dE5gH7jK9mN1pQ3sT5vX7").encode()
    for amid in (b"ab" * 9_000 + inside + b"c" * 9_000, (b"xo" + b"xb-1-") * 9_000 + inside):
        for written in (amid.hex().encode(), b64encode(amid), b64encode(b"c" + amid), b64encode(b"cc" + amid)):
            cleaned = Redactor().clean(written + b" " + written + b".")
            assert cleaned.count(b"****") == 2 and cleaned.rstrip(b"=").endswith((b"****.", b"****=.", b"****==."))
            assert not any(form.encode() in cleaned for form in (b64encode(inside[40:]).decode(), inside[40:].hex()))


@pytest.mark.no_cover
@pytest.mark.parametrize(
    "run",
    [
        *("786f78622d" * 40_000, "eG94Yi0x" * 50_000, "4b3hi" * 80_000, "hve" * 130_000, "eG94 " * 80_000),
        *("xox\u2013" * 70_000, "\u00ad" * 200_000, "\\u200b" * 70_000, "aG9va3Muc2xhY2" * 30_000),
    ],
)
def test_runs_of_nothing_but_beginnings_are_passed_once(run: str) -> None:
    """Each would take hours, were all that follows looked at again from each beginning."""
    assert Redactor().clean(run.encode()) == run.encode()


@given(st.binary(max_size=40).map(lambda data: data.hex().encode() + b"786f78622d" + data.hex().encode()))
def test_a_hash_is_no_token(digits: bytes) -> None:
    for written in (digits, digits[-40:], b64encode(digits), bytes.fromhex(digits.decode())):
        assert Redactor().clean(written) == written or Redactor().clean(bytes.fromhex(digits.decode())) != written


@pytest.mark.parametrize(
    "harmless",
    [
        "a786f78622d1c3a5b7d9e0f1a2b3c4d5e6f70819 786F78622D313233343536373839302D3132 eG94Yi0x/eG94Yi0",
        "xo\u200bxb\u2013123\u2013456 \u2013 a\u00adb \\u2013 \\xad %E2%80%93 \u4e2d\u56fd",
        PUBLIC_BOT + "****",
        "xo" + "xe-1234567890123-1234567890123-1234567890123-****",
        "xo" + "xp-1234567890-1234567890-1234567890-****",
        "xap" + "p-1-A0AB12CD34E-1234567890123-****",
        "https://hooks.slack" + ".com/services/T0AB12CD3/B0AB12CD3/****",
        "slack-incoming-webhook v1:bot:MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43UOV3HO6DZPI docs/hooks.slack.com/index.html",
        "c0ffeec0ffeec0ffeec0ffeec0ffeec0ffeec0ffe path%20with%2Fescapes \\u0041 C:\\x64\\new",
    ],
)
def test_what_is_public_is_left_alone(harmless: str) -> None:
    secret = Secret(("xo" + "xb-1-2-" + "Q" * 24).encode())
    assert Redactor([secret]).clean(harmless.encode()) == harmless.encode()


@pytest.mark.no_cover
def test_it_is_cheap_when_nothing_occurs() -> None:
    """Twenty thousand known forms cost no more than one, and ten megabytes well under a second or so."""
    rng = random.Random(3)
    secrets = [_secret("".join(KINDS["bot"](rng))) for _ in range(2000)]
    data = b'{"path": "some/where/in/the/tree.py", "line": 12}\n' * 200_000
    few, many = Redactor(secrets[:1]), Redactor(secrets)
    once = _seconds(lambda: few.clean(data))
    assert _seconds(lambda: many.clean(data)) < 10 * once + 0.5
    assert few.clean(data) is data


def _seconds(work: Callable[[], object]) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin


LONG = "1234567890123456"  # digits, as ids may have


@pytest.mark.parametrize(
    "shown",
    [
        "xox" + f"b-12345678901-{LONG}-****",
        "xap" + f"p-1-A1234567890-{LONG}-****",
        "xox" + f"c-12345678901-{LONG}-123456789012-****",
        "xox" + f"c-{LONG}-{LONG}-{LONG}-****",
        "xox" + f"c-2-{LONG}-{LONG}-{LONG}-****",
        "xox" + f"a-2-{LONG}-{LONG}-{LONG}-****",
        "xox" + f"p-{LONG}-{LONG}-{LONG}-****",
    ],
)
def test_a_long_id_before_a_masked_part_stays_readable(shown: str) -> None:
    assert Redactor().clean(shown.encode()) == shown.encode()


def test_what_only_stands_before_a_star_is_masked() -> None:
    for after in ("-*", "-1-*", "-****", f"-{LONG}-*.txt"):
        shown = Redactor().clean((PUBLIC_BOT + "aB3dE5gH7jK9mN1pQ3sT5vX7" + after).encode())
        assert shown == (PUBLIC_BOT + "****" + after).encode()
