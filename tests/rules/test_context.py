"""Secrets without a prefix: their name tells."""

from __future__ import annotations

import pytest

from tests.rules.drawing import found, hexes, letters, only

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
