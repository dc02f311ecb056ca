from __future__ import annotations

import pytest

from scanner.filters.entries import Config, Entry, accepts, is_date, nearest
from scanner.model import Problem, Suppression

TODAY = "2030-01-31"


def test_a_problem_that_somebody_looked_at_is_accepted_by_name() -> None:
    config = Config(problems=(Entry("big.bin", "why", "me", "2030-01-30"), Entry("big.bin", "why", "you")))
    assert accepts(config, Problem("big.bin", "too slow"), TODAY) == Suppression("problem", "why", "you")
    assert accepts(config, Problem("a/big.bin", "too slow"), TODAY) is None


@pytest.mark.parametrize("text", ["2030-01-31", "2028-02-29", "0001-01-01"])
def test_a_day_of_the_calendar_is_a_date(text: str) -> None:
    assert is_date(text)


@pytest.mark.parametrize(
    "text", ["", "2030-02-29", "20300131", "2030-W05-4", "2030-1-1", "2030-01-31T00:00", "٢٠٣٠-٠١-٣١"]
)
def test_nothing_else_is(text: str) -> None:
    assert not is_date(text)


def test_a_hint_names_the_nearest_or_all() -> None:
    assert nearest("reson", ("reason", "owner")) == "did you mean 'reason'?"
    assert nearest("zzz", ("reason", "owner")) == "known are: reason, owner"
