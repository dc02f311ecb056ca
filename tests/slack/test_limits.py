"""The limiter: Slack's tiers hold in every minute, whoever asks."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.slack.answers import AUTH_TEST, REHEARSAL, REVOKE, WEBHOOK
from scanner.slack.limits import NONE, TIERS, Limits, Tier
from tests.slack.conftest import Clock

FOREVER = float("inf")


def made(tiers: object = TIERS) -> tuple[Limits, Clock]:
    clock = Clock()
    return Limits(clock, clock.sleep, tiers), clock  # type: ignore[arg-type]


@given(
    st.lists(st.floats(0, 30), max_size=200),
    st.builds(Tier, minute=st.integers(11, 200), burst=st.integers(1, 10)),
)
def test_no_minute_has_more_turns_than_the_tier_allows(pauses: list[float], tier: Tier) -> None:
    limits, clock = made({AUTH_TEST: tier})
    turns = []
    for pause in [*pauses, *[0.0] * 250]:
        clock.sleep(pause)
        assert limits.wait(AUTH_TEST, "f", FOREVER)
        turns.append(clock.now)
    for first, last in zip(turns, turns[tier.minute :], strict=False):
        assert last - first >= 60 - 1e-6


@pytest.mark.parametrize(("method", "least"), [(AUTH_TEST, 600), (REVOKE, 50), (WEBHOOK, 60)])
def test_the_tiers_are_slacks_and_are_nearly_used_up(method: str, least: int) -> None:
    limits, clock = made()
    for _ in range(least):
        limits.wait(method, "f", FOREVER)
    assert 55 < clock.now - 1000 <= 61
    assert TIERS[method].minute == least


def test_a_few_go_at_once() -> None:
    limits, clock = made()
    assert all(limits.wait(AUTH_TEST, "f", FOREVER) for _ in range(20)) and clock.now == 1000
    assert limits.wait(AUTH_TEST, "f", FOREVER) and clock.now > 1000


def test_rehearsals_and_revocations_count_together_webhooks_apart() -> None:
    limits, clock = made()
    for method in [REHEARSAL, REVOKE] * 3:
        limits.wait(method, "f", FOREVER)
    assert clock.now > 1000
    limits, clock = made()
    assert all(limits.wait(WEBHOOK, each, FOREVER) for each in "abcdef") and clock.now == 1000
    limits.wait(WEBHOOK, "a", FOREVER)
    assert clock.now > 1001


def test_a_turn_after_the_end_is_not_taken() -> None:
    limits, clock = made({WEBHOOK: Tier(60, 1)})
    assert limits.wait(WEBHOOK, "a", 1000.5)
    assert not limits.wait(WEBHOOK, "a", 1000.5) and clock.now == 1000
    assert limits.wait(WEBHOOK, "a", 1002) and clock.now < 1001.1
    assert not limits.wait(AUTH_TEST, "a", 1000)


def test_switched_off_it_waits_for_nobody() -> None:
    limits, clock = made(NONE)
    assert all(limits.wait(REVOKE, "a", 1001) for _ in range(1000)) and clock.now == 1000
    assert not limits.wait(REVOKE, "a", 1000)


def test_many_threads_share_one_tier() -> None:
    slept: list[float] = []
    limits = Limits(lambda: 0.0, slept.append, {REVOKE: Tier(61, 1)})

    def ask() -> None:
        for _ in range(25):
            limits.wait(REVOKE, "f", FOREVER)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(slept) == [float(turn) for turn in range(1, 200)]
