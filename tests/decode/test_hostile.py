"""Texts made to take long: what is looked at of them is bounded, and what is left out is said. Counted, not timed."""

from __future__ import annotations

import pytest

from scanner import allowance, rules, uncover
from scanner.decode import kubernetes, views
from scanner.detect import Detector
from scanner.uncover import UNFOLDED


class Counting(Detector):
    """Counts the parts that it is asked about."""

    asked = 0

    def may_hold(self, data: bytes) -> bool:
        """As the detector says."""
        self.asked += 1
        return super().may_hold(data)


def test_very_many_small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes some time, however small it is: they count for more than their bytes."""
    monkeypatch.setattr(allowance, "_ROOM", 1 << 16)
    detector = Counting(rules.builtin(), 5.0, names=views.NAMES)
    found = uncover.uncover(detector, b'"cell_type"\\"xoxb' * 2000)
    assert found.overrun == (UNFOLDED,)
    assert detector.asked < 1700


@pytest.mark.parametrize("name", ["utf-16", "utf-32"])
def test_strings_that_are_too_short_for_any_token(name: str) -> None:
    gap = bytes(int(name[-2:]) // 8 - 1)
    text = b"".join(bytes((letter,)) + gap for letter in b"xoxb-1234")
    assert not list(views.decode(name, (text + b"\n") * 100))


def test_a_secret_that_has_no_values_is_not_shown_again() -> None:
    assert not list(kubernetes.decode(b"kind: Secret\nslack: eG94\n" * 100))
    assert list(kubernetes.decode(b"kind: Secret\nslack: c2xhY2sgc2xhY2s=\n"))
