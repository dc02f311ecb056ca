"""Scopes as harm, worst first."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.slack.impact import HARMS, impact, rank

# Worst first, as issue and facts name them, and what is common.
ORDER = [
    "admin", "admin.users:write", "client", "read", "im:history", "search:read", "files:read", "channels:history",
    "post", "chat:write", "users:read.email", "users:read", "identify", "pins:read", "pins:made.up",
]  # fmt: skip


@given(st.permutations(ORDER))
def test_the_worst_stands_first_whatever_the_order(scopes: list[str]) -> None:
    lines = impact(scopes)
    where = [
        next(i for i, line in enumerate(lines) if re.search(rf"[( ]{re.escape(each)}[,) ]", line)) for each in ORDER
    ]
    assert where == sorted(where) and rank(scopes) == 0


def test_a_legacy_tester_token_is_told_as_what_it_is() -> None:
    assert impact(["identify", "read", "post", "client", "admin"]) == (
        "administer the workspace: change its members, settings and apps (admin)",
        "act as the person in everything that the Slack client can do (client)",
        "read all messages and files that the person can read (read)",
        "write messages as the person (post)",
        "learn who the person is (identify)",
    )


def test_scopes_of_one_harm_stand_together_and_once() -> None:
    assert impact(["im:history", "groups:history", "im:history"]) == (
        "read private messages and private channels (im:history, groups:history)",
    )


def test_what_no_row_knows_comes_last_by_name() -> None:
    assert impact(["zzz", "emoji:read", "calls:x", "stars:manage"]) == (
        "read emoji (emoji:read)",
        "change stars (stars:manage)",
        "whatever zzz allows",
        "whatever calls:x allows",
    )


@pytest.mark.parametrize(
    ("kind", "word"),
    [("webhook", "one channel"), ("session-client", "act as the person"), ("config-refresh", "new access tokens")],
)
def test_a_kind_has_its_own_harm(kind: str, word: str) -> None:
    assert word in impact((), kind)[0]
    assert impact(["admin"], kind)[1].startswith("administer")


def test_nothing_is_known_of_nothing() -> None:
    assert impact(()) == impact((), "bot") == ()
    assert rank(()) > rank(["zzz"]) > rank(["emoji:read"]) > rank(["chat:write"]) > rank(["admin"]) == 0


@given(st.lists(st.from_regex(r"[a-z][a-z0-9_.:-]{0,30}", fullmatch=True), max_size=20))
def test_every_scope_stands_in_one_line(scopes: list[str]) -> None:
    lines = impact(scopes)
    assert len(lines) <= len(set(scopes))
    for scope in scopes:
        assert any(scope in line for line in lines)


def test_every_row_is_reached_and_says_something() -> None:
    assert len({harm.pattern for harm in HARMS}) == len(HARMS)
    assert all(harm.text and re.compile(harm.pattern) for harm in HARMS)
