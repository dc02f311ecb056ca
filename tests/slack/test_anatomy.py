"""What a credential says of itself: all that its rule reads, nothing of its secret part, nothing if it is hostile."""

from __future__ import annotations

import base64
import random
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scanner import fakes, rules
from scanner.detect import Detector
from scanner.model import Match
from scanner.slack.anatomy import anatomy, grant, meaning
from tests.conftest import token

DETECTOR = Detector(rules.builtin(), 60)
FORMED = tuple(kind for kind in fakes.KINDS if kind not in ("session-cookie", "workflow", "app-secret"))
HASH = "".join(random.Random(7).choices("0123456789abcdef", k=64))
XOXB, HOOKS = "xo" + "xb", "https://hooks.slack.com"
TEAM, USER, GRANT, SERIAL = "1234098765", "2345109876", "3456210987654", "45673210987651"


def rotating(plain: str, before: str = "xoxe.xoxp-1-") -> bytes:
    """A rotating token around a body."""
    return before.encode() + base64.b64encode(plain.encode("latin-1")).rstrip(b"=")


def found(text: bytes) -> Match:
    """The one credential in a text."""
    (match,) = DETECTOR.scan(text).matches
    return match


@given(st.sampled_from(FORMED), st.integers(0, 10_000))
def test_it_tells_what_the_rule_reads_and_more(kind: str, seed: int) -> None:
    secret = token(kind, seed)
    ids = anatomy(kind, secret)
    assert ids and dict(ids).items() >= dict(found(secret).anatomy).items()
    assert len(dict(ids)) == len(ids)


def test_so_it_does_for_every_example_of_the_rules() -> None:
    for rule in rules.builtin():
        for seed, text in enumerate(rule.examples):
            match = found(fakes.render(text, seed).encode())
            ids = dict(anatomy(match.kind, match.secret.reveal()))
            assert ids.items() >= dict(match.anatomy).items(), (rule.id, text)


@given(st.sampled_from(fakes.KINDS), st.integers(0, 10_000))
def test_nothing_of_the_secret_part_comes_out(kind: str, seed: int) -> None:
    secret = token(kind, seed)
    match = found(secret) if kind != "app-secret" else None
    hidden = secret.removeprefix(match.redacted.partition("****")[0].encode()) if match else secret
    for name, value in anatomy(kind, secret):
        assert value.encode() not in hidden or len(value) < 4, name


@pytest.mark.parametrize("kind", ["session-cookie", "workflow", "app-secret", "acme", ""])
def test_forms_without_ids(kind: str) -> None:
    secret = token(kind) if kind in fakes.KINDS else token("bot")
    assert anatomy(kind, secret) == ()
    assert grant(kind, secret) is None


@pytest.mark.parametrize(
    ("before", "head", "ids"),
    [
        ("xoxe.xoxp-1-", "2-2", (("team", TEAM), ("user", USER), ("grant", GRANT), ("serial", SERIAL))),
        ("xoxe.xoxb-1-", "1-2", (("team", TEAM), ("bot", USER), ("grant", GRANT), ("serial", SERIAL))),
        ("xoxe-1-", "3-1", (("team", TEAM), ("grant", GRANT), ("serial", SERIAL))),
    ],
)
def test_a_rotating_token_is_decoded(before: str, head: str, ids: tuple[tuple[str, str], ...]) -> None:
    kind = "config-refresh" if before == "xoxe-1-" else "config-access"
    secret = rotating("-".join([head, *(value for _, value in ids), HASH]), before)
    assert anatomy(kind, secret) == (("version", "1"), ("payload_version", head), *ids)
    assert grant(kind, secret) == (TEAM, GRANT)


def test_tokens_of_one_grant_agree_and_others_do_not() -> None:
    access = rotating(f"2-2-{TEAM}-{USER}-{GRANT}-{SERIAL}-{HASH}")
    later = rotating(f"2-2-{TEAM}-{USER}-{GRANT}-{SERIAL[::-1]}-{HASH[::-1]}")
    refresh = rotating(f"3-1-{TEAM}-{GRANT}-{SERIAL}-{HASH}", "xoxe-1-")
    assert grant("config-access", access) == grant("config-access", later) == grant("config-refresh", refresh)
    for other in (f"3-1-{TEAM}-{GRANT[::-1]}-{SERIAL}-{HASH}", f"3-1-{TEAM[::-1]}-{GRANT}-{SERIAL}-{HASH}"):
        assert grant("config-refresh", rotating(other, "xoxe-1-")) not in (None, grant("config-access", access))


@pytest.mark.parametrize(
    "ids",
    [
        *("2-2-{TEAM}-{GRANT}-{SERIAL}", "3-1-{TEAM}-{USER}-{GRANT}-{SERIAL}", "3-1-{TEAM}-{GRANT}"),
        *("4-1-{TEAM}-{GRANT}-{SERIAL}", "2-2-{TEAM}-{USER}-{GRANT}-{SERIAL}-{SERIAL}"),
    ],
)
def test_an_unknown_layout_tells_no_grant(ids: str) -> None:
    plain = ids.format(TEAM=TEAM, USER=USER, GRANT=GRANT, SERIAL=SERIAL)
    for kind, before in (("config-access", "xoxe.xoxp-1-"), ("config-refresh", "xoxe-1-")):
        secret = rotating(f"{plain}-{HASH}", before)
        assert dict(anatomy(kind, secret))["payload_version"] == plain[:3]
        assert grant(kind, secret) is None


def test_other_kinds_have_no_grant() -> None:
    for kind in set(fakes.KINDS) - {"config-access", "config-refresh"}:
        assert grant(kind, token(kind)) is None


def test_a_form_of_another_kind_tells_nothing() -> None:
    for kind in FORMED:
        for other in set(FORMED) - {kind}:
            secret = token(other)
            if secret[:5] != token(kind)[:5]:
                assert anatomy(kind, secret) == (), (kind, other)


def test_the_tail_of_a_rotating_app_token_is_secret() -> None:
    tail = "A1B2C3D4E5-1234567890-" + "Zz9" * 20  # looks like ids, and may be none
    assert anatomy("app-level", f"xoxe.xapp-1-{tail}".encode()) == (("version", "1"),)


@pytest.mark.parametrize(
    ("kind", "secret"),
    [
        ("bot", XOXB),
        ("bot", XOXB + "-1"),
        ("bot", XOXB + "-1234567890-"),
        ("bot", XOXB + "-12345678-1234567-" + "aB3" * 8),  # too short an id
        ("bot", XOXB + "-12345678-12345678-12345678-12345678-" + "aB3" * 8),  # too many
        ("bot", XOXB + "-1234\x1b[31m-12345678-" + "aB3" * 8),
        ("bot", XOXB + "-12345678-\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668-" + "aB3" * 8),  # digits, not ASCII
        ("webhook", HOOKS + ".example.org/services/T12345678/B12345678/" + "aB3" * 8),
        ("webhook", HOOKS + "/services/T1234\x005678/B12345678/" + "aB3" * 8),
        ("webhook", HOOKS + "/services/T12345678/B12345678/" + "aB3" * 8 + "\n"),
    ],
)
def test_what_has_not_the_form_of_its_kind(kind: str, secret: str) -> None:
    assert anatomy(kind, secret.encode()) == ()


@pytest.mark.parametrize(
    "plain",
    [
        f"2-2-{TEAM}\x1b[2J-{USER}-{GRANT}-{SERIAL}-{HASH}",
        f"2-2-{TEAM}\n-{USER}-{GRANT}-{SERIAL}-{HASH}",
        f"2-2-\xff{TEAM}-{USER}-{GRANT}-{SERIAL}-{HASH}",
        f"2\x00-2-{TEAM}-{USER}-{GRANT}-{SERIAL}-{HASH}",
        f"2-2-{TEAM}-{USER}-{GRANT}-{SERIAL}-{HASH[:-2]}",
        f"2-2-{'9' * 60}-{USER}-{HASH}",
        "\x00" * 120,
        f"2-2-{'-'.join([TEAM] * 9)}-{HASH}",
    ],
)
def test_a_hostile_body_tells_nothing(plain: str) -> None:
    for kind, before in (("config-access", "xoxe.xoxb-1-"), ("config-refresh", "xoxe-1-")):
        assert anatomy(kind, rotating(plain, before)) == ()
        assert grant(kind, rotating(plain, before)) is None


def test_a_bomb_is_not_decoded() -> None:
    for kind in FORMED:
        for size in (4097, 10_000_000):
            assert anatomy(kind, rotating("2-2-" + "1" * size)) == ()
            assert anatomy(kind, token(kind) + b"a" * size) == ()


@given(st.sampled_from((*fakes.KINDS, "acme")), st.binary(max_size=400), st.integers(0, 40), st.integers(0, 20))
@example("config-access", b"\x1b", 14, 1)
def test_whatever_is_damaged_names_harmless_ids_or_none(kind: str, noise: bytes, at: int, seed: int) -> None:
    whole = token(kind if kind in fakes.KINDS else "bot", seed)
    for secret in (noise, whole[:at] + noise + whole[at:], whole[:at] + noise, noise + whole):
        for name, value in anatomy(kind, secret):
            assert re.fullmatch(r"[A-Za-z0-9.-]{1,24}", value) and meaning(name, value)
        grant(kind, secret)


def test_each_id_has_a_meaning() -> None:
    for kind in FORMED:
        for name, value in anatomy(kind, token(kind)):
            assert meaning(name, value)
    assert meaning("acme", "1") == ""
    assert meaning("team", "E12345678") == "Enterprise organisation"
    assert meaning("team", "T12345678") == "workspace" != meaning("team", TEAM)
    assert meaning("bot", "B12345678") != meaning("bot", USER)
    assert meaning("host", "hooks.slack-gov.com") == "GovSlack"
    assert meaning("host", "hooks.slack.com") == "Slack"


@pytest.mark.parametrize("name", ["grant", "serial", "session", "payload_version"])
def test_what_slack_does_not_say_is_called_unconfirmed(name: str) -> None:
    for value in ("1", "2-2", "7-1"):
        assert "unconfirmed" in meaning(name, value)
