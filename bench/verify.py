"""How many tokens a second are verified: by `scanner.slack.verify` against the stand-in for Slack, which is a process
of its own, on this machine. Slack itself is further away and slower; what is measured is what we add.

The yardstick is one connection of requests that asks the same, one question after the other, and writes nothing down.
"""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import requests

from bench import table
from bench.measure import Others
from bench.ours import ROOT
from bench.seal import git_environ
from scanner import fakes
from scanner.model import Secret, Verdict
from scanner.respond.journal import Journal
from scanner.slack.answers import Token
from scanner.slack.api import Slack
from scanner.slack.limits import NONE, TIERS, Limits, Tier
from scanner.slack.verify import verify

TOKENS, FEW = 200, 30  # FEW: more than the burst of a tier
YARDSTICK = "requests, one connection"
TITLE = "Verifying"
HEAD = ("what", "seconds", "least-most", "tokens a second", "runs")
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"


class Way(NamedTuple):
    """One way to verify: what it is called, how many threads, at which tiers."""

    name: str
    threads: int
    tiers: Mapping[str, Tier]


WAYS = (
    Way("xoxscan, 1 thread, tiers off", 1, NONE),
    Way("xoxscan, 8 threads, tiers off", 8, NONE),
    Way("xoxscan, 8 threads, tiers on", 8, TIERS),
)


class Plant(NamedTuple):
    """A token as the program knows it, and as it is spelled."""

    token: Token
    text: str

    def __repr__(self) -> str:
        return "Plant(****)"


class Figure(NamedTuple):
    """What came out: how many tokens each run verified, and the seconds of each."""

    name: str
    tokens: int
    walls: Sequence[float]


@contextmanager
def standin(plants: Sequence[Plant]) -> Iterator[str]:
    """A stand-in for Slack that knows these tokens, in a process of its own; where its Web API is."""
    command = [sys.executable, "-m", "scanner", "demo", "--serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, env=git_environ(), text=True) as process:
        assert process.stdout is not None
        said = next(line for line in process.stdout if "SLACK_API_URL=" in line)
        base = said.partition("=")[2].strip()
        try:
            accounts = [{"token": plant.text, "kind": plant.token.kind} for plant in plants]
            _control(base, "accounts", accounts)
            yield base
        finally:
            _control(base, "stop", None)


def _control(base: str, name: str, body: object) -> None:
    address = base.replace("/api/", f"/_control/{name}")
    urllib.request.urlopen(urllib.request.Request(address, json.dumps(body).encode())).close()


def planted(count: int) -> list[Plant]:
    """So many tokens of bots, each with a fingerprint of its own."""
    draw = random.Random("verify")
    secrets = [fakes.fake("bot", draw) for _ in range(count)]
    names = [f"v1:bot:{''.join(draw.choices(_ALPHABET, k=52))}" for _ in secrets]
    return [Plant(Token(Secret(each), name, "bot"), each.decode()) for each, name in zip(secrets, names, strict=True)]


def figures(count: int, runs: int) -> list[Figure]:
    """The yardstick and each of WAYS, in turn, after one turn that does not count. With tiers on one run is enough:
    the tiers say how long it takes. ValueError where a token is not found alive: fast and wrong is no feat."""
    plants = planted(count)
    tokens = [plant.token for plant in plants]
    free, tied = ([way for way in WAYS if (way.tiers is NONE) is off] for off in (True, False))
    with standin(plants) as base:
        turns = [[_plain(base, plants), *(_ours(base, tokens, way) for way in free)] for _ in range(runs + 1)][1:]
        slow = [Figure(way.name, count, [_ours(base, tokens, way)]) for way in tied]
    names = [YARDSTICK, *(way.name for way in free)]
    return [*(Figure(name, count, walls) for name, walls in zip(names, zip(*turns, strict=True), strict=True)), *slow]


def _plain(base: str, plants: Sequence[Plant]) -> float:
    began = time.perf_counter()
    with requests.Session() as session:
        session.trust_env = False
        for plant in plants:
            bearer = {"Authorization": f"Bearer {plant.text}"}
            if not session.post(f"{base}auth.test", headers=bearer, timeout=30).json()["ok"]:
                raise ValueError("the stand-in does not know its own tokens")
    return time.perf_counter() - began


def _ours(base: str, tokens: Sequence[Token], way: Way) -> float:
    """With a journal, as the program has one: every request is on the disk before it is sent."""
    with tempfile.TemporaryDirectory() as folder, Journal(f"{folder}/state", time.time) as journal:
        slack = Slack(
            base,
            environ={},
            clock=time.monotonic,
            sleep=time.sleep,
            random=random.random,
            deadline=600.0,
            log=journal,
            committed=journal.committed,
            limits=Limits(time.monotonic, time.sleep, way.tiers),
        )
        began = time.perf_counter()
        said = verify(slack, tokens, probe_sessions=False, threads=way.threads, now=_now, seen=_seen)
        wall = time.perf_counter() - began
        slack.close()
    if [each.state for each in said.values()] != ["active"] * len(tokens):
        raise ValueError("not all tokens were found alive")
    return wall


def _now() -> str:
    return "2026-01-02T03:04:05Z"


def _seen(token: Token, said: Verdict) -> None:
    pass


def pages(count: int, runs: int) -> tuple[str, str]:
    """The table for a terminal, and in Markdown."""
    others = Others()
    rows = [cells(figure) for figure in figures(count, runs)]
    about = f"{count} tokens that live; {others.share():.0%} of the machine was busy otherwise"
    return table.aligned(f"{TITLE}: {about}", HEAD, rows), table.piped(f"**{TITLE}**: {about}.", HEAD, rows)


def cells(figure: Figure) -> tuple[str, ...]:
    """A row of the table."""
    middle = statistics.median(figure.walls)
    between = "-".join(table.seconds(wall) for wall in (min(figure.walls), max(figure.walls)))
    return figure.name, table.seconds(middle), between, f"{figure.tokens / middle:.0f}", str(len(figure.walls))
