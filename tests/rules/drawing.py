"""Built-in rules and what to test them with: tokens are drawn, never written down."""

from __future__ import annotations

import base64
from functools import cache
from random import Random

from scanner import fakes, rules
from scanner.detect import Detector, Scan
from scanner.model import Match

PREFIXED = tuple(kind for kind in fakes.KINDS if kind != "app-secret")
DASHED = tuple(kind for kind in PREFIXED if kind not in ("webhook", "workflow-webhook", "trigger", "session-cookie"))
URLS = ("webhook", "workflow-webhook", "trigger")


@cache
def detector(fast: bool = False) -> Detector:
    return Detector(rules.builtin(), 5, fast)


def scan(text: str) -> Scan:
    return detector().scan(text.encode())


def found(text: str) -> list[str]:
    """The raw text of every match."""
    data = text.encode()
    return [data[match.start : match.end].decode() for match in detector().scan(data).matches]


def only(text: str) -> Match:
    (match,) = scan(text).matches
    return match


def fake(kind: str, seed: int) -> str:
    return fakes.fake(kind, Random(seed)).decode()


def draw(seed: int, alphabet: str, length: int) -> str:
    return "".join(Random(f"{seed} {length}").choices(alphabet, k=length))


def number(seed: int, width: int) -> str:
    return str(1 + seed % 9) + draw(seed, "0123456789", width - 1)


def hexes(seed: int, length: int) -> str:
    return draw(seed, "0123456789abcdef", length)


def letters(seed: int, length: int) -> str:
    return draw(seed, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ23456789", length - 1) + "k"


def ids(seed: int, *widths: int) -> str:
    return "-".join(number(seed + place, width) for place, width in enumerate(widths))


def payload(seed: int, head: str, *widths: int) -> str:
    return base64.b64encode(f"{head}-{ids(seed, *widths)}-{hexes(seed, 64)}".encode()).decode().rstrip("=")
