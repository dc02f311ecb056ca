"""Fakes: the right shapes, the same each time, and templates."""

from __future__ import annotations

from random import Random

import pytest

from scanner import fakes, rules
from scanner.model import Rule
from tests.rules.drawing import detector


def test_the_same_seed_draws_the_same() -> None:
    for kind in fakes.KINDS:
        assert fakes.fake(kind, Random(5)) == fakes.fake(kind, Random(5))
        assert len({fakes.fake(kind, Random(seed)) for seed in range(20)}) == 20


def test_every_kind_of_the_rules_has_its_fakes() -> None:
    assert set(fakes.KINDS) == {rule.kind for rule in rules.builtin()}


@pytest.mark.parametrize("rule", rules.builtin(), ids=lambda rule: rule.id)
def test_a_template_is_called_like_its_rule(rule: Rule) -> None:
    name = rule.id.removeprefix("slack-").replace("-", "_")
    for seed in range(20):
        text = fakes.render(f"{{{{{name}}}}}", seed)
        if rule.kind != "app-secret":
            assert [match.rule for match in detector().scan(text.encode()).matches] == [rule.id]


def test_an_unknown_kind() -> None:
    with pytest.raises(KeyError):
        fakes.fake("nothing", Random(1))


def test_pieces() -> None:
    assert fakes.render("no template", 1) == "no template"
    assert fakes.render("{{x}}ox and {{ y }}", 1) == "xox and y"
    assert fakes.render("<{{repeat:ab:3}}>", 1) == "<ababab>"
    for name, length in {"hex": 32, "alnum": 24, "digits": 12, "upper": 9, "lower": 8}.items():
        text = fakes.render(f"{{{{{name}:{length}}}}}", 1)
        assert len(text) == length and text.isalnum()
    one, two = fakes.render("{{hex:32}} {{hex:32}}", 1).split()
    assert one != two


def test_filters() -> None:
    plain = fakes.render("{{incoming_webhook}}", 3)
    assert fakes.render("{{incoming_webhook|json}}", 3) == plain.replace("/", "\\/")
    assert fakes.render("{{incoming_webhook|host}}", 3) == plain.removeprefix("https://")
    assert fakes.render("{{incoming_webhook|host|percent}}", 3) == plain.removeprefix("https://").replace("/", "%2F")


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{{bot}}", "unknown template {{bot}}"),
        ("{{bot_token|upside}}", "unknown filter 'upside' in {{bot_token|upside}}"),
        ("a {{bot_token b", "a {{ without its }}"),
        ("{{hex}}", "{{hex}} wants its arguments"),
        ("{{hex:many}}", "{{hex:many}} wants its arguments"),
        ("{{repeat:x}}", "{{repeat:x}} wants its arguments"),
    ],
)
def test_what_is_no_template(template: str, why: str) -> None:
    with pytest.raises(ValueError) as error:
        fakes.render(template, 1)
    assert str(error.value).startswith(why)
