"""Rules that do not do what they say are found out."""

from __future__ import annotations

import time

import pytest

from scanner.model import Check, Rule
from scanner.rules import selftest

GOOD = Rule(
    "acme", "Acme key", "acme", "", "low", (b"acme_",), r"acme_(?P<secret>[a-z0-9]{20})(?![a-z0-9])",
    (Check("random", {}),), ("key: acme_{{hex:20}}",), ("acme_{{repeat:x:20}}", "acme_{{hex:19}}"),
    (), "", "none", "none", "acme.yaml:2",
)  # fmt: skip


def complaints(**fields: object) -> list[str]:
    return [str(one) for one in selftest.check(GOOD._replace(**fields))]  # type: ignore[arg-type]


def test_a_good_rule() -> None:
    assert complaints() == []


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"pattern": "acme_("}, "field pattern: does not compile: missing )"),
        ({"examples": ()}, "field examples: at least one is needed"),
        ({"examples": ("acme_{{hex:19}}",)}, "field examples: 'acme_{{hex:19}}' is found 0 times, not once"),
        (
            {"examples": ("acme_{{repeat:a:20}}",)},
            "field examples: 'acme_{{repeat:a:20}}' is found 0 times, not once (random: 20 times the same character",
        ),
        (
            {"examples": ("acme_{{hex:20}} acme_{{hex:20}}",)},
            "field examples: 'acme_{{hex:20}} acme_{{hex:20}}' is found 2 times, not once",
        ),
        ({"examples": ("acme_{{hexes:20}}",)}, "field examples: unknown template {{hexes:20}}"),
        ({"counter_examples": ("acme_{{hex:20}}",)}, "field counter_examples: 'acme_{{hex:20}}' is found"),
        (
            {"anchors": (b"key:",)},
            "field anchors: the pattern matches in 'key: acme_{{hex:20}}', and nothing of this stands in what it",
        ),
        ({"holds": "[a-z]{20}"}, "field holds: the pattern matches in 'key: acme_{{hex:20}}', and nothing of this"),
        (
            {"begins": (b"cme", b"me")},
            "field begins: the pattern matches in 'key: acme_{{hex:20}}', and what it matches",
        ),
        ({"anchors": (b"ACME",)}, "field anchors: the pattern matches in 'key: acme_{{hex:20}}', and nothing of"),
    ],
)
def test_a_bad_rule(fields: dict[str, object], complaint: str) -> None:
    found = complaints(**fields)
    assert found and all(one.startswith("acme.yaml:2: rule acme: " + complaint) for one in found)


@pytest.mark.parametrize(
    "pattern",
    [
        r"acme_(?P<secret>[a-z0-9]{20})(?:a|a)*(?:a|aa)*\b!|acme_(?P<secret>[a-z0-9]{20})",
        r"acme_(?:[a-z]+)+!|acme_(?P<secret>[a-z0-9]{20})",
        r"acme_(?P<secret>[a-z0-9]{20})(?:[\s\S]*acme_[\s\S]*END)?",
    ],
)
def test_a_pattern_that_hangs(pattern: str) -> None:
    begun = time.process_time()
    (complaint,) = selftest.check(GOOD._replace(pattern=pattern), limit=0.2)
    assert time.process_time() - begun < 5
    assert complaint.field == "pattern"
    assert complaint.reason.startswith("takes longer than 0.2 s on ")
