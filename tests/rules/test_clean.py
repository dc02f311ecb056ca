"""What looks like a token and is none."""

from __future__ import annotations

import pytest

from tests.rules.drawing import draw, fake, found, hexes, letters, number, scan


@pytest.mark.parametrize(
    "text",
    [
        "https://hooks.slack.com.example.org/services/T{u}/B{u}/{s}",
        "https://webhooks.slack.com/services/T{u}/B{u}/{s}",
        "staging.hooks.slack.com/services/T{u}/B{u}/{s}",
        "https://hooks.slack.com/commands/T{u}/123456789012/{s}",
        "https://hooks.slack.com/actions/T{u}/123456789012/{s}",
        "https://hooks.slack.com/services/T{u}/B{u}/{s}{s}",
        "https://hooks.example.com/services/T{u}/B{u}/{s}",
    ],
)
def test_what_looks_like_a_webhook_is_none(text: str) -> None:
    assert found(text.format(u=draw(7, "ABCDEFGHIJ0123456789", 9), s=letters(8, 24))) == []


@pytest.mark.parametrize("kind", ["user", "export", "session-client", "trigger", "app-level", "legacy-session"])
def test_a_tail_is_not_cut_out_of_a_longer_one(kind: str) -> None:
    for seed in range(10):
        token = fake(kind, seed).removeprefix("xoxe.")  # what follows that is taken whole: its tail is not known
        assert found(token + "0" * 40) == []
        assert found(token + "abc123" * 8) == []


@pytest.mark.parametrize("kind", ["webhook", "workflow-webhook", "bot", "bot-legacy", "user-legacy"])
def test_a_mixed_tail_is_not_cut_out_of_a_longer_one(kind: str) -> None:
    for seed in range(10):
        assert found(fake(kind, seed) + letters(seed, 30)) == []


MADE_UP = (
    "{x}oxb-XXXXXXXXXXXX-xxxxxxxxxxxx-XXXXXXXXXXXXXXXXXXXXXXXX",
    "{x}oxb-{n}-{n}-xxxxxxxxxxxxxxxxxxxxxxxx",
    "{x}oxb-{n}-{n}-{half}{half}",
    "{x}oxb-{n}-{n}-abcdefghijklmnopqrstuvwx",
    "{x}oxb-{n}-{n}-AbCdEfGhIjKlMnOpQrStUvWx",
    "{x}oxb-{n}-{n}-a1b2c3d4e5f6g7h8i9j0k1l2",
    "{x}oxb-{n}-{n}-1q2w3e4r5t6y7u8i9o0p1q2w",
    "{x}oxb-{n}-{n}-qwertyuiopasdfghjklzxcvb",
    "{x}oxb-{n}-{n}-123123123123123123123123",
    "{x}oxb-{n}-{n}-12345678901234567890abcd",
    "{x}oxb-{n}-{n}-YourSlackBotTokenGoesHere",
    "{x}oxb-{n}-{n}-EXAMPLEexampleEXAMPLE123",
    "{x}oxb-{n}-{n}-FAKE{half}{half}",
    "{x}oxb-{n}-{n}-thisisnotarealbotsecret1",
    "{x}oxb-{n}-{n}-4mt0t4lly4f4k3t0k3nf0ry0u",
    "{x}oxb-{n}-{n}-TheQuickBrownFoxJumps123",
    "{x}oxb-{n}-{n}-loremipsumdolorsitametco",
    "{x}oxb-{n}-{n}-{digits}",
    "{x}oxb-{n}-{digits}",
    "{x}oxb-123456789012-1234567890123-{half}{other}",
    "{x}oxb-111111111111-2222222222222-{half}{other}",
    "{x}oxp-{n}-{n}-{n}-00000000000000000000000000000000",
    "{x}oxp-{n}-{n}-{n}-0123456789abcdef0123456789abcdef",
    "{x}oxp-{n}-{n}-{n}-deadbeefdeadbeefdeadbeefdeadbeef",
    "{x}oxp-{n}-{n}-{n}-a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6",
    "{x}oxp-{n}-{n}-{n}-f0e1d2c3b4a5968778695a4b3c2d1e0f",
    "{x}oxp-{n}-{n}-{n}-aabbccddeeff00112233445566778899",
    "{x}oxp-{n}-{n}-{n}-1234567890",
    "{x}oxp-{n}-{n}-{n}-aaaaaaaaaa",
    "{x}oxp-{n}-{n}-{n}-abcdef",
    "{x}oxp-{n}-{n}-{n}-foobar",
    "{x}oxp-{n}-{n}-{n}-secret",
    "{x}oxp-{n}-{n}-{n}-*******",
    "{x}oxp-1234567890-1234567890-1234567890-1234567890",
    "{x}oxp-1234-1234-1234-{hex}",
    "{x}oxc-{n}-{n}-{n}-{fs}{fs}",
    "{x}oxc-{n}-{n}-{n}-{fs}{hex}",
    "{x}oxs-{n}-{n}-{n}-1111111111",
    "{x}oxd-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "{x}oxd-{half}",
    "{x}oxd-YOUR-COOKIE-GOES-HERE-AND-IT-IS-RATHER-LONG-AS-COOKIES-OF-SLACK-ARE-1",
    "{x}oxe-1-{half}",
    "{x}oxe.{x}oxp-1-RANDOMSTRINGHERE",
    "{x}app-1-A0123456789-1234567890123-{hex}{hex}",
    "{x}app-1-A{u}-{n}-0000000000000000000000000000000000000000000000000000000000000000",
    "{x}wfp-workflow-token-for-testing-purposes-only",
    "{x}wfp-123-abc",
    "{x}oxb-<your-token>",
    "{x}oxb-your-token-here",
    "{x}oxb-{n}-...",
    "{x}oxb-…",
    "{x}oxb-[0-9]{{10,13}}-[a-zA-Z0-9]{{24}}",
    "{hook}/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
    "{hook}/services/T{u}/B{u}/abcdefghijklmnopqrstuvwx",
    "{hook}/services/T0EXAMPLE/B{u}/{half}{other}",
    "{hook}/services/T{u}/B{u}/YourSecretWebhookToken12",
    "{hook}/triggers/T{u}/{n}/00000000000000000000000000000000",
    "{hook}/triggers/T{u}/{n}/NOT_HEX_TOKEN_zzzz",
    "{hook}/workflows/T{u}/A{u}/123456789012345678/abcdefghijklmnopqrstuvwx",
)  # fmt: skip


@pytest.mark.parametrize("template", MADE_UP)
def test_what_somebody_made_up_is_not_reported(template: str) -> None:
    for seed in range(5):
        text = template.format(
            x="x", hook="https://hooks.slack.com", n=number(seed, 12), u=draw(seed, "ABCDEFGHIJKLM23456789", 9),
            half=letters(seed, 12), other=letters(seed + 9, 12), hex=hexes(seed, 32), digits=number(seed, 20),
            fs="f" * 32,
        )  # fmt: skip
        assert found(f'token = "{text}"') == []


def test_a_drop_names_its_check_and_shows_nothing_secret() -> None:
    tail = "abcdefghijklmnopqrstuvwx"
    team, bot = number(1, 12), number(2, 13)
    (dropped,) = scan(f"a xoxb-{team}-{bot}-{tail} b").dropped
    assert (dropped.rule, dropped.check) == ("slack-bot-token", "random")
    assert dropped.shown == f"xoxb-{team}-{bot}-****"
    assert "sequences" in dropped.why and tail not in dropped.why
    assert (dropped.start, dropped.end) == (2, 2 + len(f"xoxb-{team}-{bot}-{tail}"))


def test_candidates_inside_of_a_match_are_no_drops() -> None:
    assert scan(fake("webhook", 1)).dropped == ()
    assert scan(fake("bot", 1)).dropped == ()
