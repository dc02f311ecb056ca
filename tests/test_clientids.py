"""Which client id stands beside which client secret, and where: in texts, views and files of any size."""

from __future__ import annotations

import base64
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner import fakes, rules
from scanner.clientids import LINES
from scanner.decode.views import NAMES
from scanner.detect import Detector
from scanner.examine import Examined, examine
from scanner.inside import examine_stream
from scanner.model import Beside, Position

RULES = tuple(rule for rule in rules.builtin() if rule.kind == "app-secret")
DETECTOR = Detector(RULES, 5.0, names=NAMES)
FIRST, SECOND = "123456789012.1234567890123", "3336676.5692009542"


def secret(seed: int = 1) -> str:
    return fakes.render("{{client_secret}}", seed)


def beside(text: str | bytes) -> list[tuple[str, ...]]:
    """The ids beside each secret in a text, in its order."""
    found = examine(DETECTOR, text.encode() if isinstance(text, str) else text)
    return [tuple(each.value for each in hit.beside) for hit in found.hits]


@pytest.mark.parametrize(
    "text",
    [
        f"SLACK_CLIENT_ID={FIRST}\nSLACK_CLIENT_SECRET={secret()}\n",
        f"SLACK_CLIENT_SECRET={secret()}\nSLACK_CLIENT_ID={FIRST}\n",
        f'slack:\n  client_id: "{FIRST}"\n  # the secret\n  client_secret: {secret()}\n',
        f"https://slack.com/api/oauth.v2.access?client_id={FIRST}&client_secret={secret()}&code=1",
        f"https://example.org/?next=oauth%3Fclient_id%3D{FIRST}&slack_client_secret={secret()}",
        f'{{"slack": {{"clientSecret": "{secret()}", "clientId": "{FIRST}"}}}}',
    ],
)
def test_the_id_beside_a_secret_is_found(text: str) -> None:
    assert beside(text) == [(FIRST,)]


def test_an_id_of_seven_digits_is_one() -> None:
    assert beside(f"SLACK_CLIENT_ID={SECOND}\nSLACK_CLIENT_SECRET={secret()}\n") == [(SECOND,)]


@pytest.mark.parametrize(
    "other",
    [
        "1628712345.000200",  # when a message was sent
        "1628712345.123456789",  # nanoseconds
        "10.0.123.1234567890",
        f"{FIRST}.1",
        f"1.{FIRST}",
        "12345678901234567.1234567890",  # too long
    ],
)
def test_what_is_no_id_is_none(other: str) -> None:
    assert beside(f"SLACK_X={other}\nSLACK_CLIENT_SECRET={secret()}\n") == [()]


def test_a_point_behind_an_id_ends_a_sentence() -> None:
    assert beside(f"SLACK_CLIENT_SECRET={secret()}\nThe id is {FIRST}.\n") == [(FIRST,)]


@pytest.mark.parametrize(("lines", "found"), [(LINES, (FIRST,)), (LINES + 1, ())])
def test_it_stands_within_a_few_lines(lines: int, found: tuple[str, ...]) -> None:
    between = "\n" * lines
    assert beside(f"SLACK_CLIENT_ID={FIRST}{between}SLACK_CLIENT_SECRET={secret()}") == [found]
    assert beside(f"SLACK_CLIENT_SECRET={secret()}{between}SLACK_CLIENT_ID={FIRST}") == [found]


def test_on_a_long_line_it_stands_near() -> None:
    far = "x" * 1100
    assert beside(f"SLACK_CLIENT_SECRET={secret()} {far} {FIRST}") == [()]
    assert beside(f"{FIRST} {far} SLACK_CLIENT_SECRET={secret()}") == [()]
    # An id that the limit cuts is not taken for a shorter one.
    for size in range(980, 1060):
        assert beside(f"SLACK_CLIENT_SECRET={secret()} {'x' * size}{FIRST}")[0] in ((), (FIRST,))


@pytest.mark.parametrize("id_first", [True, False])
@pytest.mark.parametrize("gap", ["\n", "\n\n", " "])
def test_of_two_apps_each_has_its_own(id_first: bool, gap: str) -> None:
    apps = []
    for seed, (name, value) in enumerate((("A", FIRST), ("B", SECOND), ("C", "1234567890.9876543210"))):
        lines = [f"{name}_SLACK_CLIENT_ID={value}", f"{name}_SLACK_CLIENT_SECRET={secret(seed)}"]
        apps.append(gap.join(lines if id_first else reversed(lines)))
    assert beside(gap.join(apps)) == [(FIRST,), (SECOND,), ("1234567890.9876543210",)]


def test_two_secrets_may_share_an_id() -> None:
    text = f"SLACK_CLIENT_ID={FIRST}\nSLACK_CLIENT_SECRET={secret(1)}\nSLACK_CLIENT_SECRET_OLD={secret(2)}\n"
    assert beside(text) == [(FIRST,), (FIRST,)]


IDS = (FIRST, SECOND, "1234567890.9876543210")


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("secrets_first", [False, True])
@pytest.mark.parametrize(
    "name",
    [
        "SLACK_CLIENT_%s_A SLACK_CLIENT_%s_B SLACK_CLIENT_%s_C",
        "SLACK_CLIENT_%s SLACK_CLIENT_%s_2 SLACK_CLIENT_%s_3",
        "SLACK_CLIENT_%s1 SLACK_CLIENT_%s2 SLACK_CLIENT_%s3",
        "DEV_SLACK_CLIENT_%s PROD_SLACK_CLIENT_%s SLACK_CLIENT_%s_STAGING",
        "slack.dev.client_%s slack.prod.client_%s slack.test.client_%s",
    ],
)
def test_ids_and_then_secrets_are_told_apart_by_their_names(name: str, secrets_first: bool, swapped: bool) -> None:
    small = name.islower() or "." in name
    ids = [f"{one % ('id' if small else 'ID')}={value}" for one, value in zip(name.split(), IDS, strict=True)]
    secrets = [f"{one % ('secret' if small else 'SECRET')}={secret(seed)}" for seed, one in enumerate(name.split())]
    secrets = list(reversed(secrets)) if swapped else secrets
    expected = [(value,) for value in (reversed(IDS) if swapped else IDS)]
    assert beside("\n".join((*secrets, *ids) if secrets_first else (*ids, *secrets))) == expected


def test_ids_that_no_name_tells_apart_are_not_named() -> None:
    ids = f"SLACK_CLIENT_ID_A={FIRST}\nSLACK_CLIENT_ID_B={SECOND}\n"
    assert beside(f"{ids}SLACK_CLIENT_SECRET={secret(1)}\nSLACK_CLIENT_SECRET_OLD={secret(2)}") == [(), ()]
    bare = f"# slack\n{FIRST}\n{SECOND}\n"
    assert beside(f"{bare}SLACK_CLIENT_SECRET_A={secret(1)}\nSLACK_CLIENT_SECRET_B={secret(2)}") == [(), ()]


@pytest.mark.parametrize("between", [" ", ", ", "\n", "\n\n", "\n\n\n\n"])
@pytest.mark.parametrize("gap", [" ", "\n", "\n\n"])
@pytest.mark.parametrize("name", ["SLACK_CLIENT_SECRET%.0s", "SLACK_CLIENT_SECRET_%s", "SLACK_%s_CLIENT_SECRET"])
@pytest.mark.parametrize("secrets_first", [False, True])
def test_bare_ids_in_a_row_have_no_secret(between: str, gap: str, name: str, secrets_first: bool) -> None:
    """Nothing tells whether the secrets stand in the same order."""
    ids = f"# slack {FIRST}{between}{SECOND}"
    secrets = gap.join(f"{name % app}={secret(seed)}" for seed, app in enumerate("BA"))
    assert beside(f"{secrets}\n{ids}" if secrets_first else f"{ids}\n{secrets}") == [(), ()]


@pytest.mark.parametrize("between", [" ", "\n"])
@pytest.mark.parametrize("gap", [" ", "\n", "\n\n"])
@pytest.mark.parametrize("apps", ["AB", "BA"])
def test_ids_in_a_row_that_have_names_have_their_secrets(between: str, gap: str, apps: str) -> None:
    ids = {"A": FIRST, "B": SECOND}
    row = between.join(f"SLACK_CLIENT_ID_{app}={value}" for app, value in ids.items())
    secrets = gap.join(f"SLACK_CLIENT_SECRET_{app}={secret(seed)}" for seed, app in enumerate(apps))
    assert beside(f"{row}\n{secrets}") == [(ids[app],) for app in apps]


def test_secrets_on_both_sides_of_two_ids_have_the_nearest() -> None:
    text = f"SLACK_CLIENT_SECRET={secret(1)}\n{FIRST}\n{SECOND}\nSLACK_CLIENT_SECRET={secret(2)}\n"
    assert beside(text) == [(FIRST,), (SECOND,)]


def test_an_id_that_is_named_twice_is_one() -> None:
    text = f"SLACK_CLIENT_ID={FIRST}  # {FIRST}\nSLACK_CLIENT_SECRET={secret(1)}\nSLACK_CLIENT_SECRET_2={secret(2)}\n"
    assert beside(text) == [(FIRST,), (FIRST,)]


def test_an_id_that_another_secret_has_is_no_alternative() -> None:
    text = f"SLACK_CLIENT_ID={FIRST}\nSLACK_CLIENT_SECRET={secret(1)}\nSLACK_CLIENT_SECRET_OLD={secret(2)}\n\n\n"
    text += f"SLACK_CLIENT_ID={SECOND}\nSLACK_CLIENT_SECRET={secret(3)}\n"
    assert beside(text) == [(FIRST,), (FIRST,), (SECOND,)]


def test_a_signing_secret_has_none() -> None:
    value = fakes.render("{{signing_secret}}", 1)
    assert beside(f"SLACK_CLIENT_ID={FIRST}\nSLACK_SIGNING_SECRET={value}\n") == [()]


def test_its_place_is_that_in_the_file() -> None:
    (hit,) = examine(DETECTOR, f"# é\nSLACK_CLIENT_ID={FIRST}\nSLACK_CLIENT_SECRET={secret()}\n".encode()).hits
    assert hit.beside == (Beside("client-id", FIRST, Position(2, 17, 2, 17 + len(FIRST))),)


def test_behind_an_encoding_it_has_the_place_in_the_file() -> None:
    inner = f"SLACK_CLIENT_ID={FIRST}\nSLACK_CLIENT_SECRET={secret()}\n".encode()
    (hit,) = examine(DETECTOR, b"env: >\n  " + base64.b64encode(inner) + b"\n").hits
    assert hit.encoding == ("base64",)
    ((kind, value, at),) = hit.beside
    assert (kind, value, at.line) == ("client-id", FIRST, 2) and at.column < hit.position.column


def test_in_a_file_in_utf_16_it_has_the_place_in_its_text() -> None:
    text = f"SLACK_CLIENT_ID={FIRST}\nSLACK_CLIENT_SECRET={secret()}\n".encode("utf-16")
    (hit,) = examine(DETECTOR, text).hits
    assert [each.position.line for each in hit.beside] == [1]


@given(st.integers(0, 40), st.integers(0, 60), st.booleans(), st.integers(0, 10**6))
def test_wherever_they_stand_the_place_is_right(above: int, indent: int, behind: bool, seed: int) -> None:
    draw = random.Random(seed)
    value = f"{draw.randrange(10**6, 10**13)}.{draw.randrange(10**9, 10**13)}"
    lines = [f"{' ' * indent}SLACK_CLIENT_ID={value}", f"SLACK_CLIENT_SECRET={secret(seed)}"]
    text = "é\n" * above + "\n".join(reversed(lines) if behind else lines)
    hits = examine(DETECTOR, text.encode()).hits
    for hit in hits:  # a draw without letters or digits enough is no secret
        ((_, found, at),) = hit.beside
        line = text.split("\n")[at.line - 1]
        assert found == value == line[at.column - 1 : at.end_column - 1]


def test_in_windows_it_is_found_as_well() -> None:
    text = f"{'x' * 79}\n".encode() * 60_000 + f"SLACK_CLIENT_ID={FIRST}\nSLACK_CLIENT_SECRET={secret()}\n".encode()
    left = [text]

    def read(size: int) -> bytes:
        piece, left[0] = left[0][:size], left[0][size:]
        return piece

    seen: Examined = examine_stream(DETECTOR, read)
    assert [each.position.line for hit in seen.hits for each in hit.beside] == [60_001]
