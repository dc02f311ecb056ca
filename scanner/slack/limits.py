"""How fast Slack may be asked: one limiter for all threads, a row for each method.

Source of the tiers: docs.slack.dev/apis/web-api/rate-limits (tier 3: 50 a minute; a webhook: one message a second);
auth.test has a special tier of some hundreds a minute (600 is what the Java SDK models; unconfirmed). How Slack counts
calls with tokens of different apps is unconfirmed, so all calls of a method count together.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import NamedTuple

from scanner.slack.answers import AUTH_TEST, REHEARSAL, REVOKE, WEBHOOK


class Tier(NamedTuple):
    """At most `minute` calls in any 60 seconds, `burst` of them at once."""

    minute: int
    burst: int


TIERS: Mapping[str, Tier] = {AUTH_TEST: Tier(600, 20), REVOKE: Tier(50, 5), WEBHOOK: Tier(60, 1)}
NONE: Mapping[str, Tier] = {}


class Limits:
    """Hands out turns. `clock` gives seconds that never go back; NONE as `tiers` switches it off."""

    def __init__(
        self, clock: Callable[[], float], sleep: Callable[[float], None], tiers: Mapping[str, Tier] = TIERS
    ) -> None:
        self._clock, self._sleep, self._tiers = clock, sleep, tiers
        self._lock = threading.Lock()
        self._due: dict[str, float] = {}

    def wait(self, method: str, fingerprint: str, until: float) -> bool:
        """Sleeps until it is this call's turn. False, at once, where that would be after `until`: then no turn is
        taken. A rehearsal counts as a revocation; webhooks count each for itself (`fingerprint`)."""
        name = REVOKE if method == REHEARSAL else method
        if (tier := self._tiers.get(name)) is None:
            return self._clock() < until
        pause = self._turn(tier, f"{name} {fingerprint}" if name == WEBHOOK else name, until)
        if pause is None:
            return False
        if pause > 1e-6:  # less is rounding
            self._sleep(pause)
        return True

    def _turn(self, tier: Tier, key: str, until: float) -> float | None:
        """Seconds to the next turn, which is taken. `_due` runs ahead of the clock by what was taken early."""
        step = 60 / (tier.minute - tier.burst)
        with self._lock:
            now = self._clock()
            due = max(self._due.get(key, now), now)
            start = max(now, due - (tier.burst - 1) * step)
            if start >= until:
                return None
            self._due[key] = due + step
            return start - now
