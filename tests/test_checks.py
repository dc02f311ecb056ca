"""Each structure check by itself."""

from __future__ import annotations

import base64
import hashlib
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner import checks
from scanner.checks import CHECKS, Candidate, Verdict

RANDOM = b"9fK2mQ7xVb4LtR8zWc3NpY6h"


def candidate(text: bytes = b"", start: int = 0, **fields: object) -> Candidate:
    made = Candidate(text, start, len(text), b"xoxb-", RANDOM, b"", ())
    return made._replace(**fields)  # type: ignore[arg-type]


def after(before: bytes, token: bytes = b"xapp-1-A") -> Verdict:
    return checks.unglued(candidate(before + token, len(before)))


@pytest.mark.parametrize(
    "before", [b"", b" ", b"_", b"-", b".", b'"', b"\n", b"\r", b"\0", "é".encode(), b"=", b"/", b"\\"]
)
def test_a_token_may_follow_what_is_no_letter(before: bytes) -> None:
    assert isinstance(after(before), Candidate)


@pytest.mark.parametrize(
    "before",
    [
        rb"\n", rb"\\n", rb"\r\n", rb"\t", rb"\e", rb"\0", rb"\33", rb"\033", rb"\012", rb"\x1b", rb"\u003d",
        rb"\U0000003d", b"%3D", b"%0a", b"%u003D", rb"\033[31m", rb"\e[0;1m", b"\x1b[m", b"\x1b[38;5;208m", b"[31m",
    ],
)  # fmt: skip
def test_a_token_may_follow_an_escape_that_ends_in_a_letter(before: bytes) -> None:
    assert isinstance(after(before), Candidate)
    assert isinstance(after(b"some text" + before), Candidate)


@pytest.mark.parametrize("before", [b"m", b"linu", b"1", b"n", b"u003d", b"3D", b"31m", b"\\_n", b"[a31m"])
def test_a_token_is_no_end_of_a_word(before: bytes) -> None:
    assert after(before) == "it is the end of a longer word"


def test_a_scheme_or_a_longer_prefix_is_no_end_of_a_word() -> None:
    assert isinstance(after(b"X", b"xoxe.xapp-1-A"), Candidate)
    assert isinstance(after(b"URL", b"https://hooks"), Candidate)
    assert isinstance(after(b"URL", b"HTTPS://HOOKS"), Candidate)
    assert after(b"web", b"hooks.slack") == "it is the end of a longer word"


def test_inside_of_a_blob_is_noise() -> None:
    blob = b"QmFzZTY0IGlzIGV2ZXJ5d2hlcmUh"
    assert checks.outside_noise(candidate(blob + b"xoxd-", len(blob))) == "it stands inside a longer run of base64"
    for before in (
        b"",
        b"d=",
        blob + b"=",
        blob + b" ",
        blob + b"-",
        b"a-long-name-of-something-that-ends-here/",
        blob[:20],
    ):
        assert isinstance(checks.outside_noise(candidate(before + b"xoxd-", len(before))), Candidate)


def test_a_random_secret_passes() -> None:
    good = candidate(ids=(("team", "483920174652"), ("bot", "1029384756019")))
    assert checks.random(good) == good


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"secret": b"x" * 24}, "24 times the same character in a row"),
        ({"secret": b"abcdefghijklmnopqrstuvwx"}, "100% of it are runs, sequences or repetitions"),
        ({"secret": b"thisIsMySecretToken12345"}, "the word 'secret' is in it"),
        ({"ids": (("team", "123456789012"), ("bot", "1111111111111"))}, "all of its ids are runs or sequences"),
        ({"ids": (("team", "T0123456789"), ("bot", "B00000000"))}, "all of its ids are runs or sequences"),
        ({"ids": (("team", "T00EXAMPLE1"),)}, "the word 'example' is in an id"),
    ],
)
def test_what_is_not_random(fields: dict[str, object], why: str) -> None:
    assert checks.random(candidate()._replace(**fields)) == why  # type: ignore[arg-type]


def test_one_regular_id_is_no_reason() -> None:
    for ids in ((("team", "123456789012"), ("bot", "4839201746521")), (("bot", "123456789012"),), (("version", "1"),)):
        assert isinstance(checks.random(candidate(ids=ids)), Candidate)


def test_letters_and_digits_are_counted() -> None:
    assert checks.mixed(candidate(secret=b"12345678")) == "0 letters in the secret part, 1 needed"
    assert checks.mixed(candidate(secret=b"abcdefgh"), digits=2) == "0 digits in the secret part, 2 needed"
    assert checks.mixed(candidate(secret=b"abcdefgh"), upper=1) == "0 capitals in the secret part, 1 needed"
    assert checks.mixed(candidate(secret=b"ABC"), lower=1) == "0 small letters in the secret part, 1 needed"
    assert isinstance(checks.mixed(candidate(secret=b"aBc12"), letters=3, digits=2, upper=1, lower=2), Candidate)


def test_parts() -> None:
    assert checks.parts(candidate(secret=b"123-abc")) == "its longest part has 3 characters, 12 needed"
    assert checks.parts(candidate(secret=b"abcdefghkmnp-1")) == "its longest part does not mix letters and digits"
    assert checks.parts(candidate(secret=b"x1x1x1x1x1x1x1x1-1")) == "100% of it are runs, sequences or repetitions"
    assert checks.parts(candidate(secret=b"example-" + RANDOM)) == "the word 'example' is in it"
    assert isinstance(checks.parts(candidate(secret=b"12345-" + RANDOM), longest=24), Candidate)


def body(
    head: str = "2-2", ids: tuple[str, ...] = ("483920174652", "1029384756019", "99881726354", "7766554433221")
) -> bytes:
    tail = "".join(Random(4).choices("0123456789abcdef", k=64))
    return base64.b64encode("-".join([head, *ids, tail]).encode()).rstrip(b"=")


@given(st.lists(st.integers(10**7, 10**16 - 1).map(str), min_size=2, max_size=4), st.text("ABCabc0123", max_size=9))
@settings(deadline=None)
def test_a_payload_ends_where_its_hash_does(ids: list[str], surplus: str) -> None:
    whole = body("1-2", tuple(ids))
    text = b"before" + whole + surplus.encode() + b"behind"
    given = Candidate(text, 6, 6 + len(whole) + len(surplus), b"xoxe-1-", whole + surplus.encode(), b"", ())
    verdict = checks.payload(given)
    assert isinstance(verdict, Candidate)
    assert (verdict.secret, verdict.start, verdict.end) == (whole, 6, 6 + len(whole))
    assert [value for _, value in verdict.ids] == ids


def test_a_payload_names_its_ids() -> None:
    names = {
        ("2-2", 4): ("team", "user", "grant", "serial"),
        ("1-2", 4): ("team", "bot", "grant", "serial"),
        ("3-1", 3): ("team", "grant", "serial"),
        ("3-1", 5): (),
    }
    for (head, count), expected in names.items():
        verdict = checks.payload(candidate(secret=body(head, ("123456789",) * count), ids=(("version", "1"),)))
        assert isinstance(verdict, Candidate)
        assert tuple(name for name, _ in verdict.ids) == ("version", *expected)


@pytest.mark.parametrize(
    ("secret", "why"),
    [
        (RANDOM * 6, "its body does not decode to version, ids and 64 hex digits"),
        (RANDOM * 6 + b"a", "its body does not decode to version, ids and 64 hex digits"),
        (body()[:-2], "its body does not decode to version, ids and 64 hex digits"),
        (base64.b64encode(b"2-2-483920174652-1029384756019-" + b"0" * 64), "the hash in its body is made up"),
    ],
)
def test_a_body_that_is_no_payload(secret: bytes, why: str) -> None:
    assert checks.payload(candidate(secret=secret.rstrip(b"="))) == why


def test_opaque() -> None:
    plain = Random(1).randbytes(90)
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        assert isinstance(checks.opaque(candidate(secret=encode(plain))), Candidate)
        assert isinstance(checks.opaque(candidate(secret=encode(plain).rstrip(b"=")[:-1])), Candidate)
    assert (
        checks.opaque(candidate(secret=base64.b64encode(bytes(range(64))))) == "it is base64 over bytes that count up"
    )
    assert checks.opaque(candidate(secret=b"a!!!")) == "it is no base64"
    text = base64.b64encode(b"this cookie was written by hand, for a test")
    assert checks.opaque(candidate(secret=text)) == "it is base64 over plain text"


@pytest.mark.parametrize("before", [b"https://hooks", b"http://hooks", b"hooks", b"HTTPS://HOOKS", b"Hooks"])
def test_an_address_starts_with_https(before: bytes) -> None:
    verdict = checks.url(candidate(before=before))
    assert isinstance(verdict, Candidate)
    assert verdict.before == b"https://hooks"
    verdict = checks.url(candidate(before=before + b"/services/T0AB12CD3/"))
    assert isinstance(verdict, Candidate) and verdict.before == b"https://hooks/services/T0AB12CD3/"


def test_an_address_without_a_scheme_is_no_end_of_a_host() -> None:
    assert checks.url(candidate(b"a.hooks", 2, before=b"hooks")) == "it is the end of a longer host name"
    for before in (b".", b"a-", b"a ", b" ."):
        assert isinstance(checks.url(candidate(before + b"hooks", len(before), before=b"hooks")), Candidate)
    assert isinstance(checks.url(candidate(b"a.https://", 2, before=b"https://hooks")), Candidate)


@pytest.mark.parametrize(
    ("secret", "why"),
    [
        (b"signing secret!!".hex().encode(), "it is hex over plain text"),
        (bytes(range(7, 23)).hex().encode(), "it is hex over bytes that count up"),
        (hashlib.md5(b"secret", usedforsecurity=False).hexdigest().encode(), "it is the MD5 of a word"),
        (base64.b64encode(b"eighteen letters.."), "it is base64 over plain text"),
    ],
)
def test_what_stands_for_something_else_is_no_secret(secret: bytes, why: str) -> None:
    assert checks.unspelled(candidate(secret=secret)) == why


@given(st.binary(min_size=16, max_size=18).filter(lambda plain: max(plain) > 127))
def test_other_bytes_may_be_one(plain: bytes) -> None:
    for secret in (plain.hex().encode(), base64.b64encode(plain)):
        assert checks.unspelled(candidate(secret=secret)) in (
            candidate(secret=secret), "it is hex over bytes that count up", "it is base64 over bytes that count up",
        )  # fmt: skip


def test_entropy_is_asked_for_by_different_characters() -> None:
    assert checks.mixed(candidate(secret=b"abab1212abab"), letters=2, different=5) == "only 4 different characters"
    assert isinstance(checks.mixed(candidate(), different=20), Candidate)


def test_the_name_is_asked_for() -> None:
    text = b"slack_signing_secret: x"
    assert isinstance(checks.signing_secret(candidate(text, len(text) - 1)), Candidate)
    assert checks.signing_secret(candidate(b"slack: x", 7)) == "no name beside it tells what it is"
    assert checks.signing_secret(candidate(b"<a/><slack/> signing_secret: x", 29)).__class__ is Candidate


def test_arguments_have_defaults() -> None:
    assert checks.arguments("mixed") == {"letters": 1, "digits": 0, "upper": 0, "lower": 0, "different": 1}
    assert checks.arguments("random") == {}
    assert all(isinstance(value, int) for name in CHECKS for value in checks.arguments(name).values())
