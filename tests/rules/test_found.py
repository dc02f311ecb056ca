"""Tokens of every kind are found, to the character, however they are written down."""

from __future__ import annotations

import base64
from collections.abc import Callable
from itertools import product
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.fakes import render
from scanner.spelling import issued
from tests.rules.drawing import (
    PREFIXED,
    URLS,
    detector,
    draw,
    fake,
    found,
    hexes,
    ids,
    letters,
    number,
    only,
    payload,
    scan,
)


def punctuated(spell: Callable[[str], str]) -> Callable[[str], str]:
    return lambda token: "".join(mark if mark.isalnum() else spell(mark) for mark in token)


SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": lambda token: token,
    "percent": lambda token: quote(token, safe=""),
    "percent, dashes too": punctuated(lambda mark: f"%{ord(mark):02X}"),
    "percent, lower case": punctuated(lambda mark: f"%{ord(mark):02x}"),
    "percent, twice": punctuated(lambda mark: f"%25{ord(mark):02X}"),
    "JSON slashes": lambda token: token.replace("/", "\\/"),
    "JSON in JSON": lambda token: token.replace("/", "\\\\\\/"),
    "escaped slashes": lambda token: token.replace("/", "\\u002f"),
    "JSON escapes": punctuated(lambda mark: f"\\u{ord(mark):04x}"),
    "C escapes": punctuated(lambda mark: f"\\x{ord(mark):02X}"),
    "braced escapes": punctuated(lambda mark: f"\\u{{{ord(mark):x}}}"),
    "backslashes": punctuated(lambda mark: f"\\{mark}"),
    "HTML": punctuated(lambda mark: f"&#{ord(mark)};"),
    "HTML, hexadecimal": punctuated(lambda mark: f"&#x{ord(mark):x};"),
    "hyphens": lambda token: token.replace("-", "\u2011"),
}
CONTEXTS = (
    "{}",
    "x={}",
    '{{"token": "{}", "next": 1}}',
    '"one\\n{}\\ntwo"',
    '"\\t{}\\t\\r\\n"',
    '{{\\"token\\":\\"{}\\"}}',
    "\\\\\\\"{}\\\\\\\"",
    "\\u0022{}\\u0022",
    "\\x22{}\\x22",
    "\\012{}\\012",
    "next=1%26token%3D{}%26pretty%3D1",
    "%0A{}%0A",
    "\x1b[31m{}\x1b[0m",
    "\x1b[1;38;5;208m{}\x1b[0m",
    "\\x1b[31m{}\\x1b[0m",
    "\\033[1;31m{}\\033[0m",
    "\\e[32m{}\\e[0m",
    "\\u001b[32m{}\\u001b[39m",
    "a\r\n{}\r\nb",
    "a\r{}\rb",
    "SLACK_{}_END",
    "?token={}&pretty=1",
    "?a=1&amp;t={}&amp;b=2",
    "<token>{}</token>",
    "&quot;{}&quot;",
    "`{}`",
    "**{}**",
    "[{}](there)",
    "slack://bot@{}",
    "user:{}@host",
    "['{}',1]",
    "d: {}\ne: f",
    "é{}é",
    "\0{}\0",
    "\ufeff{}\n",
    "see {}, and {{}}.",
    "`{}`\\\n",
)  # fmt: skip


@pytest.mark.no_cover
@pytest.mark.parametrize("kind", PREFIXED)
def test_every_kind_is_found_whole_wherever_it_stands(kind: str) -> None:
    for seed, context in product(range(3), CONTEXTS):
        token = fake(kind, seed)
        assert (found(context.format(token)), only(context.format(token)).kind) == ([token], kind)


@pytest.mark.no_cover
@pytest.mark.parametrize("kind", PREFIXED)
def test_punctuation_may_be_spelled_otherwise(kind: str) -> None:
    for seed, spelling in product(range(3), SPELLINGS):
        token = fake(kind, seed)
        if kind == "session-cookie":  # the browser's own percent signs are not spelled anew
            token = issued(token.encode()).decode()
        spelled = SPELLINGS[spelling](token)
        for context in ("{}", '"{}"', "x\\n{}\\n", "a={}&b"):
            assert found(context.format(spelled)) == [spelled]
            assert only(context.format(spelled)).secret.reveal() == token.encode()


@given(st.sampled_from(PREFIXED), st.integers(), st.sampled_from(sorted(SPELLINGS)), st.sampled_from(CONTEXTS))
@settings(deadline=None)
def test_any_kind_any_spelling_any_context(kind: str, seed: int, spelling: str, context: str) -> None:
    spelled = SPELLINGS[spelling](issued(fake(kind, seed).encode()).decode())
    assert found(context.format(spelled)) == [spelled]


@pytest.mark.no_cover
@pytest.mark.parametrize("width", range(8, 17))
@pytest.mark.parametrize("other", [8, 13, 16])
def test_ids_of_every_width(width: int, other: int) -> None:
    seed = width + other
    x = "xo" + "x"
    three = ids(seed, width, other, width)
    tokens = {
        f"{x}p-{three}-{hexes(seed, 32)}": "user",
        f"{x}p-1-{three}-{hexes(seed, 32)}": "user",
        f"{x}p-{three}-{hexes(seed, 10)}": "user-legacy",
        f"{x}p-{three}-{letters(seed, 6)}": "user-legacy",
        f"{x}b-{ids(seed, width, other)}-{letters(seed, 24)}": "bot",
        f"{x}b-{number(seed, width)}-{letters(seed, 24)}": "bot-legacy",
        f"{x}a-2-{three}-{hexes(seed, 32)}": "workspace",
        f"{x}a-{ids(seed, width, other)}-{hexes(seed, 32)}": "workspace",
        f"{x}r-{ids(seed, width, other)}-{letters(seed, 24)}": "refresh",
        f"{x}s-{three}-{hexes(seed, 10)}": "legacy-session",
        f"{x}o-{three}-{hexes(seed, 64)}": "legacy-session",
        f"{x}c-{three}-{hexes(seed, 64)}": "session-client",
        f"{x}e-{three}-{hexes(seed, 32)}": "export",
        f"{x}e.{x}p-1-{payload(seed, '2-2', width, other, width, other)}": "config-access",
        f"{x}e.{x}b-1-{payload(seed, '1-2', width, other, width, other)}": "config-access",
        f"{x}e-1-{payload(seed, '3-1', width, other, width)}": "config-refresh",
        f"xapp-1-A{draw(seed, 'ABCDEF0123456789', 10)}-{number(seed, width)}-{hexes(seed, 64)}": "app-level",
    }
    for token, kind in tokens.items():
        match = only(f"token: {token}\n")
        assert (found(f"token: {token}\n"), match.kind) == ([token], kind)
        assert match.secret.reveal().decode() == token


def test_the_whole_tail_of_a_bot_token() -> None:
    x = "xo" + "x"
    for length in range(16, 49):
        for token in (f"{x}b-{ids(1, 12, 13)}-{letters(3, length)}", f"{x}b-{number(2, 11)}-{letters(4, length)}"):
            assert found(f"'{token}'") == [token]


@pytest.mark.parametrize("length", [60, 61, 62, 63, 64, 100, 171, 399, 1000])
def test_a_cookie_of_any_length(length: int) -> None:
    end = "=" * (length % 3)
    body = draw(5, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/", length - 1) + "+" + end
    percent = quote(body, safe="")
    small = percent.replace("%2B", "%2b").replace("%2F", "%2f").replace("%3D", "%3d")
    for shown in (body, percent, small, percent.replace("%", "%25"), body.replace("/", "\\/")):
        cookie = "xo" + "xd-" + shown
        assert found(f"Cookie: d={cookie}; path=/") == [cookie]
    assert only("xo" + "xd-" + quote(body, safe="")).secret.reveal() == ("xo" + "xd-" + body).encode()


def test_a_cookie_of_letters_and_digits_may_use_the_other_alphabet() -> None:
    body = letters(1, 40) + "-" + letters(2, 40) + "_" + letters(3, 40)
    assert found("d=xo" + f"xd-{body}_ ") == ["xo" + f"xd-{body}"]


@pytest.mark.parametrize("kind", URLS)
@pytest.mark.parametrize("scheme", ["https://", "http://", "", "https:\\/\\/", "https%3A%2F%2F", "HTTPS is "])
def test_addresses_are_one_secret_however_they_begin(kind: str, scheme: str) -> None:
    for seed in range(8):
        token = fake(kind, seed)
        rest = token.removeprefix("https://")
        match = only(f"'{scheme}{rest}'")
        assert match.secret.reveal().decode() == token
        assert found(f"'{scheme}{rest}'") == [("" if scheme.endswith(" ") else scheme) + rest]


def test_both_hosts_and_the_old_form() -> None:
    team, bot, secret = (
        "T" + draw(1, "ABCDEFGHIJ0123456789", 9),
        "B" + draw(2, "ABCDEFGHIJ0123456789", 9),
        letters(3, 24),
    )
    for host in ("hooks.slack.com", "hooks.slack-gov.com"):
        for path in ("services/", ""):
            url = f"https://{host}/{path}{team}/{bot}/{secret}"
            match = only(f"<{url}>")
            assert (match.kind, match.secret.reveal().decode()) == ("webhook", url)
            assert match.redacted == f"https://{host}/{path}{team}/{bot}/****"
            assert match.anatomy == (("team", team), ("bot", bot))


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("host", ["HOOKS.SLACK.COM", "Hooks.Slack.com", "Hooks.slack.com", "hooks.Slack-Gov.com"])
def test_a_host_name_in_any_case_is_the_same_address(host: str, fast: bool) -> None:
    for kind in URLS:
        address = fake(kind, 4)
        path = address.split("/", 3)[3]
        wanted = f"https://{host.lower()}/{path}"
        for text in (
            f"HTTPS://{host}/{path}",
            f"https:\\/\\/{host}\\/{path}",
            f"https%3A%2F%2F{host}/{path}",
            f"{host}/{path}",
        ):
            (match,) = detector(fast).scan(f"x={text}\n".encode()).matches
            assert match.secret.reveal().decode() == wanted
            assert match.redacted.startswith(f"https://{host.lower()}/")


def test_a_prefix_may_be_fat_fingered_but_an_identifier_is_no_token() -> None:
    for kind in ("user", "bot", "bot-legacy", "config-access", "config-refresh", "session-client", "export"):
        token = fake(kind, 1)
        assert found(f"X{token}") == [token]
    for kind in ("app-level", "workflow"):
        token = next(token for seed in range(9) if not (token := fake(kind, seed)).startswith("xoxe"))
        for before in ("m", "linu", "4"):
            assert found(f"{before}{token}") == []
        (dropped,) = scan(f"m{token}").dropped
        assert (dropped.check, dropped.why) == ("unglued", "it is the end of a longer word")
        for before in ("my_", "-", "my.", "\\n", "\\\\n", "\\r\\n", "\\u003d", "\\x3d", "%3D", "\\033[0;31m", "\x1b[m"):
            assert found(f"{before}{token}") == [token]


@pytest.mark.no_cover
@pytest.mark.parametrize("kind", ["config-access", "config-refresh"])
def test_a_payload_ends_where_its_hash_ends(kind: str) -> None:
    for seed in range(30):
        token = fake(kind, seed)
        for after in ("AndMore", "0", "a1", "xoxb", "ffff", "=", "==", "-", "_x", "%3D", ""):
            assert found(token + after) == [token]


def test_a_payload_is_read() -> None:
    team, user, grant, serial = (number(seed, width) for seed, width in enumerate((12, 13, 14, 16)))
    plain = f"2-2-{team}-{user}-{grant}-{serial}-{hexes(1, 64)}"
    body = base64.b64encode(plain.encode()).decode().rstrip("=")
    match = only(f"xoxe.xoxp-1-{body}")
    assert match.anatomy == (("version", "1"), ("team", team), ("user", user), ("grant", grant), ("serial", serial))
    assert match.redacted == "xoxe.xoxp-1-****"
    bot = base64.b64encode(plain.replace("2-2", "1-2", 1).encode()).decode().rstrip("=")
    assert only(f"xoxe.xoxb-1-{bot}").anatomy[2] == ("bot", user)


def test_the_rotating_form_of_an_app_token_may_have_another_tail() -> None:
    for tail in (letters(1, 160), f"{letters(2, 80)}-{letters(3, 40)}", f"{letters(2, 80)}_{letters(3, 40)}"):
        token = "xo" + f"xe.xapp-1-{tail}"
        assert found(f'"{token}"') == [token]
        assert only(f"X{token}").kind == "app-level"


@pytest.mark.parametrize("kind", PREFIXED)
def test_what_is_shown_holds_nothing_secret(kind: str) -> None:
    for seed in range(20):
        token = fake(kind, seed)
        match = only(token)
        secret = match.secret.reveal().decode()
        shown = match.redacted.removesuffix("****")
        assert match.redacted == shown + "****"
        assert secret.startswith(shown)
        assert len(secret) - len(shown) >= 6
        assert not any(len(value) > 16 for name, value in match.anatomy if name != "number")
        assert all(value not in secret[len(shown) :] for _, value in match.anatomy if len(value) > 8)


def test_ids_are_named() -> None:
    team, user, grant = (number(seed, 12) for seed in (1, 2, 3))
    match = only(f"xoxp-{team}-{user}-{grant}-{hexes(1, 32)}")
    assert match.anatomy == (("team", team), ("user", user), ("grant", grant))
    assert match.redacted == f"xoxp-{team}-{user}-{grant}-****"
    assert match.rule == "slack-user-token"


def test_several_tokens_in_a_line_are_several_matches() -> None:
    tokens = [fake(kind, seed) for seed, kind in enumerate(PREFIXED)]
    for separator in (" ", ",", "\n", "\\n", "\t", "|", '","', "%2C", "\r"):
        assert found(separator.join(tokens)) == tokens
    assert found(f"{tokens[0]} {tokens[0]}") == [tokens[0]] * 2


@pytest.mark.parametrize(
    "kind, name",
    [
        ("verification_token", "SLACK_VERIFICATION_TOKEN"),
        ("signing_secret", "SLACK_SIGNING_SECRET"),
        ("client_secret", "SLACK_CLIENT_SECRET"),
    ],
)
@pytest.mark.parametrize(
    "text",
    [
        "- value: {0}\n  name: {name}\n- value: {1}\n  name: OTHER\n",
        '[{{"value": "{0}", "name": "{name}"}}, {{"value": "{1}", "name": "X"}}]',
        "{0} # {name}\n{1} # {name} 2\n",
    ],
)
def test_a_name_between_two_values_may_be_that_of_either(kind: str, name: str, text: str) -> None:
    values = [render(f"{{{{{kind}}}}}", str(number)) for number in range(2)]
    assert found(text.format(*values, name=name)) == values


@pytest.mark.parametrize("kind", ["signing_secret", "client_secret"])
@pytest.mark.parametrize(
    "text", ["| {0} | SLACK_{name} | {1} |", "{0}|slack_{name}={1}", '{0} -- "SLACK_{name}": "{1}"']
)
def test_what_stands_before_an_assignment_is_something_else(kind: str, text: str) -> None:
    values = [render(f"{{{{{kind}}}}}", str(number)) for number in range(2)]
    assert found(text.format(*values, name=kind.upper())) == values[1:]
