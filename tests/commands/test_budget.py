"""The time limit: what it ends, and what it lets come to its end first."""

from __future__ import annotations

import argparse
import math
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scanner.commands.budget import Budget, Spent, looking, seconds
from scanner.git.run import Git, close

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no alarm clock")
HOURS = 10_000.0


def alarmed(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, and an alarm in its last moment."""

    def run(*arguments: Any, **named: Any) -> Any:
        try:
            return function(*arguments, **named)
        finally:
            signal.raise_signal(signal.SIGALRM)

    return run


def test_ends_whatever_goes_on() -> None:
    with pytest.raises(Spent), Budget(0.001):
        time.sleep(HOURS)


def test_none_never_ends() -> None:
    with Budget(math.inf):
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_leaves_the_clock_as_it_was() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with Budget(HOURS):
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0 and signal.getsignal(signal.SIGALRM) is before


def test_no_git_is_forgotten_while_it_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess.Popen, "__init__", alarmed(subprocess.Popen.__init__))
    started = None
    with pytest.raises(Spent), Budget(HOURS):
        started = Git(str(tmp_path), os.environ).start("version")
        signal.raise_signal(signal.SIGALRM)
    assert started
    close(started)
    assert started.returncode is not None


def test_no_git_is_left_while_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git = Git(str(tmp_path), os.environ).start("version")
    monkeypatch.setattr(git, "wait", alarmed(git.wait))
    with Budget(HOURS):
        close(git)
    assert git.returncode is not None


def test_the_time_for_looking() -> None:
    assert looking(4, 0) == 3
    assert looking(100, 5) == 90
    assert looking(math.inf, 5) == math.inf
    assert looking(1, 50) > 0


@pytest.mark.parametrize(
    ("word", "value"), [("4s", 4), ("500ms", 0.5), ("2m", 120), ("4", 4), ("1.5", 1.5), ("none", math.inf)]
)
def test_words(word: str, value: float) -> None:
    assert seconds(word) == value


@pytest.mark.parametrize("word", ["", "0", "0.5ms", "4h", "-1", "1e3", "٤s"])
def test_no_time(word: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is no time"):
        seconds(word)
