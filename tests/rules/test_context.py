"""Secrets without a prefix: their name tells."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner import context
from tests.rules.contexts import NAMES, formats, written
from tests.rules.drawing import found, hexes, letters, number, only, scan
from tests.rules.lookalikes import MADE_UP, OTHERS, WORDS, drawn

FORMATS = [(rule, name) for rule in NAMES for name in formats(rule)]

CONTEXT = (
    ("SLACK_SIGNING_SECRET={}", "slack-signing-secret"),
    ('slack_signing_secret: "{}"', "slack-signing-secret"),
    ("slackSigningSecret = '{}';", "slack-signing-secret"),
    ('"slack": {{"signingSecret": "{}"}}', "slack-signing-secret"),
    ('{{\\"slack_signing_secret\\":\\"{}\\"}}', "slack-signing-secret"),
    ("<slack_signing_secret>{}</slack_signing_secret>", "slack-signing-secret"),
    ("os.environ.get('SLACK_SIGNING_SECRET', '{}')", "slack-signing-secret"),
    ("process.env.SLACK_SIGNING_SECRET || '{}'", "slack-signing-secret"),
    ("const bolt = require('@slack/bolt');\napp = new bolt.App({{\n signingSecret: '{}',", "slack-signing-secret"),
    ("Slack signing secret: {}", "slack-signing-secret"),
    ("SLACK_CLIENT_SECRET={}", "slack-client-secret"),
    ("slack:\r\n  client_secret: {}\r\n", "slack-client-secret"),
    ('"Slack": {{"OAuth": {{"ClientSecret": "{}"}}}}', "slack-client-secret"),
    ("slack.client.secret={}", "slack-client-secret"),
)  # fmt: skip


@pytest.mark.parametrize(("template", "rule"), CONTEXT)
def test_secrets_without_a_prefix_are_found_by_their_name(template: str, rule: str) -> None:
    for seed in range(5):
        text = template.format(value := hexes(seed, 32))
        match = only(text)
        assert (match.rule, match.kind, match.redacted) == (rule, "app-secret", "****")
        assert match.secret.reveal().decode() == value
        assert found(text) == [value]


SPELLED_NAMES = ("\\u005f", "\\\\u005F", "\\x5f", "%5F", "%255f", "&#95;", "&#x5F;")


@pytest.mark.parametrize("mark", SPELLED_NAMES)
def test_a_spelled_name_is_read(mark: str) -> None:
    """Another secret of Slack's is no client secret."""
    for name in ("SLACK_SIGNING_SECRET", "slack_webhook_secret", "SLACK_SESSION_SECRET"):
        assert found(f'{{"{name.replace("_", mark)}": "{hexes(1, 32)}"}}') == []
    assert found('{"SLACK_\\u0053IGNING_SECRET": "' + hexes(1, 32) + '"}') == []
    assert only(f'{{"{"SLACK_CLIENT_SECRET".replace("_", mark)}": "{hexes(1, 32)}"}}').rule == "slack-client-secret"


@pytest.mark.parametrize(
    "template",
    [
        "SPOTIFY_CLIENT_SECRET={h}",
        "SLACK_CHANNEL=general\nSPOTIFY_CLIENT_SECRET={h}",
        "SLACK_CHANNEL=general\nSTRIPE_SIGNING_SECRET={h}",
        "slack:\n  channel: x\nfacebook:\n  client_secret: {h}",
        "providers: [slack, github]\nclient_secret = {h}",
        "SLACK_SIGNING_SECRET={h}{h}",
        "SLACK_SIGNING_SECRET={s}",
        "SLACK_SIGNING_SECRET=00000000000000000000000000000000",
        "SLACK_VERIFICATION_TOKEN=0123456789abcdefghijklmn",
        "SLACK_VERIFICATION_TOKEN=YourVerificationToken123",
        "slack_md5: {h}",
        "black_signing: {h}",
        "slack " + "far away " * 60 + "signing_secret: {h}",
    ],
)
def test_secrets_of_others_are_left_alone(template: str) -> None:
    assert found(template.format(h=hexes(3, 32), s=letters(2, 32))) == []


def test_a_verification_token_needs_its_name() -> None:
    value = letters(1, 22) + "4B"
    assert found(f"SLACK_VERIFICATION_TOKEN={value}") == [value]
    assert found(f"slack:\n  verification_token: '{value}'") == [value]
    assert found(f"FACEBOOK_VERIFICATION_TOKEN={value}") == []


@pytest.mark.no_cover
@pytest.mark.parametrize(("rule", "name"), FORMATS)
def test_it_is_found_in_each_format(rule: str, name: str) -> None:
    for seed in range(3):
        text, secret = written(formats(rule)[name], rule, seed)
        assert found(text) == [secret]
        assert only(text).rule == rule


BEFORE = (
    "",
    "\n\n",
    "#!/bin/sh\n\n",
    "import os\nimport sys\n\n\n",
    "version: 2\n\n",
    "GITHUB_TOKEN=x\n\n\n",
    "é\n" * 3000,
)


@given(st.sampled_from(FORMATS), st.integers(), st.sampled_from(BEFORE), st.booleans())
@settings(deadline=None)
def test_any_secret_in_any_format_is_found_at_its_place(
    kind: tuple[str, str], seed: int, before: str, dos: bool
) -> None:
    text, secret = written(formats(kind[0])[kind[1]], kind[0], seed)
    text = before + text + "\nnext = 1\n"
    text = text.replace("\r", "").replace("\n", "\r\n") if dos else text
    match = only(text)
    assert (match.rule, match.secret.reveal().decode()) == (kind[0], secret)
    assert text.encode()[match.start : match.end].decode() == secret


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_none_of_slacks_is_not_reported(name: str) -> None:
    assert [found(drawn(OTHERS[name], seed)) for seed in range(5)] == [[]] * 5


@given(st.lists(st.sampled_from(sorted(OTHERS.values())), min_size=1, max_size=3), st.integers())
@settings(deadline=None)
def test_nor_are_several_of_them_in_one_text(templates: list[str], seed: int) -> None:
    """With some lines between them: what is close to a word that says Slack may well be Slack's."""
    between = "\n" + "\n".join(f"x{number} = {number}" for number in range(60)) + "\n\n"
    assert found(drawn(between.join(templates), seed)) == []


@given(st.sampled_from(FORMATS), st.integers(), st.sampled_from([-8, -1, 1, 8]), st.booleans())
@settings(deadline=None)
def test_what_has_another_length_is_none(kind: tuple[str, str], seed: int, more: int, capitals: bool) -> None:
    """A digest in place of a secret, cut or longer, or in capitals."""
    text, secret = written(formats(kind[0])[kind[1]], kind[0], seed)
    other = hexes(seed, len(secret) + more)
    assert other not in found(text.replace(secret, other.upper() if capitals else other))


@pytest.mark.parametrize(("value", "name"), [*product(MADE_UP, ["SIGNING_SECRET", "CLIENT_SECRET"]),
                                             *product(WORDS, ["VERIFICATION_TOKEN"])])  # fmt: skip
def test_what_somebody_made_up_is_none(value: str, name: str) -> None:
    assert found(f"SLACK_{name}={value}\n") == []


@pytest.mark.parametrize(
    "text",
    [
        "slack-desktop signing key: {h}",
        "{h}  # the signing key of slack-desktop",
        "path/slack/client_secret/{h}",
        "curl https://vault/v1/secret/slack/client_secret/{h}",
        '{{"path": "slack\\/client_secret\\/{h}"}}',
        "https%3A%2F%2Fvault%2Fslack%2Fsigning_secret%2F{h}",
        "kv/slack/signing_secret_dev/{h}",
        "slack/verification_token/{v}",
    ],
)
def test_what_only_looks_like_the_name_of_a_secret(text: str) -> None:
    assert found(text.format(h=hexes(3, 32), v=letters(1, 22) + "4B")) == []


def test_what_ends_a_path_may_be_assigned() -> None:
    value = hexes(3, 32)
    assert found(f"slack/client_secret: {value}") == found(f"/slack/signing_secret={value}") == [value]


@pytest.mark.parametrize(
    "halves", ["gIkuvaNzQIHg 97ATvDxqgjtO", "z26uFbvR1xHJ EdHE1OQiO6t8", "Jhj5dZrVaK7Z wHHjRyZWjbDl"]
)
def test_an_example_of_the_documentation_is_no_secret(halves: str) -> None:
    value = halves.replace(" ", "")
    assert found(f"SLACK_VERIFICATION_TOKEN={value}") == []
    assert found(f"SLACK_VERIFICATION_TOKEN={value[1:]}b") == [f"{value[1:]}b"]


def test_a_verification_token_need_have_no_digit() -> None:
    value = "qWxKpLrTvZbNmHjGfDsYcQeU"
    assert found(f"SLACK_VERIFICATION_TOKEN={value}") == [value]


def test_an_id_says_whose_a_secret_is_though_its_name_does_not() -> None:
    text, secret = written('id = "{id}"\nclient_secret = "@"\n\n# posts to Slack\n', "slack-client-secret", 1)
    assert found(text) == [secret]
    assert found(text.replace("Slack", "a channel")) == []


BASIC = (
    "curl -u {id}:{h} https://slack.com/api/oauth.v2.access -d code=1",
    "curl -F code=1 -u '{id}:{h}' \\\n  https://slack.com/api/oauth.v2.access",
    'curl https://slack.com/api/openid.connect.token --user "{id}:{h}"',
    "curl https://slack.com/api/openid.connect.token --user={id}:{h}",
    "curl https://slack.com/api/oauth.v2.access -d code=1 -u{id}:{h}",
    "https://{id}:{h}@slack.com/api/oauth.v2.access?code=1",
    'requests.post("https://slack.com/api/oauth.v2.access", auth=("{id}", "{h}"))',
    "url = 'https://slack.com/api/openid.connect.token'\nauth = HTTPBasicAuth('{id}', '{h}')",
    'req, _ := http.NewRequest("POST", "https://slack.com/api/oauth.v2.access")\nreq.SetBasicAuth("{id}", "{h}")',
    "axios.post('https://slack.com/api/oauth.v2.access', {{auth: {{username: '{id}', password: '{h}'}}}})",
    "# the app in Slack\n- uri: https://example.org\n  basic_auth: {id}:{h}",
    "SLACK_OAUTH_BASIC={id}:{h}",
    'slack_app_auth = "{id}:{h}"',
)


@pytest.mark.parametrize("template", BASIC)
def test_a_client_secret_behind_its_id_as_a_password(template: str) -> None:
    for seed in range(3):
        value = hexes(seed, 32)
        match = only(template.format(id=f"{number(seed, 12)}.{number(seed + 1, 13)}", h=value))
        assert (match.rule, match.secret.reveal().decode()) == ("slack-client-secret", value)


@pytest.mark.parametrize(
    "template",
    [
        *(one.replace("slack", "other").replace("Slack", "other").replace("SLACK", "OTHER") for one in BASIC),
        "curl -u {id}:{h}0 https://slack.com/api/oauth.v2.access",  # a longer digest
        "curl -u {id}:{H} https://slack.com/api/oauth.v2.access",
        "curl -u 1{id}.1:{h} https://slack.com/api/oauth.v2.access",
        "curl -u 1628712345.000200:{h} https://slack.com/api/oauth.v2.access",  # when a message was sent
        "curl -u me:{h} https://slack.com/api/oauth.v2.access",
        "curl -u {id}:00000000000000000000000000000000 https://slack.com/api/oauth.v2.access",
        "oauth of slack\nmtime {id} md5 {h}",
        "https://slack.com/api/oauth.v2.access?ts={id}#{h}",
        "curl -u {id}:{h} https://example.org\n" + "x\n" * 5000 + "slack",
    ],
)
def test_a_digest_behind_a_number_is_none(template: str) -> None:
    assert found(template.format(id="123456789012.2345678901234", h=hexes(3, 32), H=hexes(3, 32).upper())) == []


HOSTILE = (
    "slack.com/api/oauth -u 123456789012.2345678901234:{hex}g ",
    "slack.com/api/oauth auth=auth://user=123456789012.234567890123, ",
    "slack signing_secret ",
    "SLACK_SIGNING_SECRET={hex}g ",
    "slack({[" * 40 + "signing_secret: '{hex}g', ",
    "slack_client_secret\n  a: b\n",
    'slack_client_secret", "a": "b", ',
    "{hex} | slack | secret",
    "{hex}, name: slack_secre ",
    "slack secret --name secret --x y ",
    "slack secret = x || ",
    "slack verification_token: value value value ",
)


@pytest.mark.no_cover
@pytest.mark.parametrize("piece", HOSTILE)
def test_a_long_hostile_text_is_looked_at_in_time(piece: str) -> None:
    """2 MB: what takes the square of that would never end."""
    text = drawn(piece, 1)
    assert scan(text * (2_000_000 // len(text))).overrun == ()


def test_many_secrets_take_no_more_each_than_one() -> None:
    text = drawn("slack: {\n" + "  a: {\n" * 20 + "secret: '{hex}'\n", 1)
    assert len(scan(text * 500).dropped) == 500


def test_a_name_is_looked_for_near_by_first() -> None:
    """Lines that each have one: of the others before it nothing is looked at."""
    looked: list[int] = []

    class Core:
        def finditer(self, text: bytes, start: int, end: int) -> Iterator[re.Match[bytes]]:
            looked.append(end - start)
            return re.compile(rb"signing_secret").finditer(text, start, end)

    text = b"slack_signing_secret=%b\n" % (b"x" * 32) * 50
    value = text.rfind(b"=") + 1
    place = value - 15, value - 1
    assert context._last(Core(), text, value) == place  # type: ignore[arg-type]
    assert sum(looked) <= 100
    assert context._last(Core(), text + b" " * 400, len(text) + 400) == place  # type: ignore[arg-type]
