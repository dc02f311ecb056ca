"""The program is killed in the middle of revoking, at every step of the journal, before a request is sent, after
Slack has done what it was asked, and before the answer is written down, while tokens live, are dead already, or Slack
answers with 5xx. Then `journal resume`: no token is unaccounted for, none died that policy forbids, none was sent a
second auth.revoke before somebody had looked, and whatever was begun has a known end.

`make soak` kills ten times as often (XOXSCAN_KILLS).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner.demo.standin import Standin
from scanner.demo.standin_faults import broken
from scanner.respond.journal import ENDS, Entry
from tests.acceptance import crashes
from tests.acceptance.crashes import COMMANDS, PHASES, REFRESH, STEPS, WEATHERS, Forge, Leak, Point, Scene

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="a dead holder is told by /proc")
LEAST = 30
KILLS = int(os.environ.get("XOXSCAN_KILLS", LEAST))
# Where `journal resume` is killed, too, in the runs that `make soak` adds.
AGAIN = (None, ("look", "", 0), ("request", "", 0), ("answer", "", 0), ("proven", "", 0), ("sent", "", 1))


class Stage:
    """What all kills share: the repository, the process that runs the program, and where to kill it."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._leak, self._forge = folder, crashes.leak(folder), Forge()
        self._number = 0

    def scene(self, slack: Standin, command: str, weather: str) -> Scene:
        """A new one."""
        self._number += 1
        folder = self._folder / str(self._number)
        folder.mkdir()
        return Scene(self.leak, self._forge, slack, folder, command, weather)

    @property
    def leak(self) -> Leak:
        """The repository."""
        return self._leak

    def points(self) -> list[Point]:
        """Where the program could be killed at all."""
        found = []
        for command in COMMANDS:
            for weather in WEATHERS:
                with Standin() as slack:
                    found += self.scene(slack, command, weather).trace()
        return found

    def close(self) -> None:
        """Ends it."""
        self._forge.close()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("crash")
    with pytest.MonkeyPatch.context() as patch:
        crashes.sealed(patch, folder)
        made = Stage(folder)
        yield made
        made.close()


@pytest.fixture(scope="module")
def kills(stage: Stage) -> list[Point]:
    return crashes.chosen(stage.points(), KILLS)


def test_every_step_phase_and_weather_is_among_them(kills: list[Point]) -> None:
    least = kills[:LEAST]
    assert len(set(kills)) == KILLS
    assert {point.command for point in least} == set(COMMANDS)
    assert {point.name for point in least} >= set(STEPS)
    for method, states in (("auth.revoke", {"sent"}), ("auth.test", {"planned", "answered", "unproven"})):
        for phase in PHASES:
            here = [point for point in least if point.name == f"{phase} {method}"]
            assert {point.state for point in here} == states
            assert method == "auth.test" or {point.weather for point in here} == set(WEATHERS)
    assert {point.state for point in least} == {"planned", "intent", "sent", "answered", "unproven"}


@pytest.mark.no_cover
@pytest.mark.parametrize("number", range(KILLS))
def test_after_a_kill_all_is_accounted_for(stage: Stage, kills: list[Point], number: int) -> None:
    point = kills[number]
    with Standin() as slack:
        scene = stage.scene(slack, point.command, point.weather)
        scene.crash(point)
        if point.weather == "5xx":  # it goes on, while somebody resumes
            slack.faults.add("*", broken(), times=0)
            assert scene.resume() in (0, 4), scene.said()
            slack.faults.clear()
        if number >= LEAST:
            scene.resume(AGAIN[number % len(AGAIN)])
        assert scene.resume() in (0, 4), (str(point), scene.said())  # 4: what was only planned has to be run again
        assert scene.resume() == 0, (str(point), scene.said())  # all is at an end
        accounted(scene, str(point))


def accounted(scene: Scene, about: str) -> None:
    """What the journal says is what Slack has seen."""
    entries, requests = scene.journal()
    for name, account in scene.names.items():
        mine = [entry for entry in entries if entry.planned.fingerprint == name]
        seen = [each for each in scene.slack.requests if each.fingerprint == name]
        sent = [each for each in seen if each.revokes]
        noted = [each for each in requests if each.fingerprint == name and each.method == "auth.revoke"]
        assert len(sent) <= len(noted), about  # a row without a request: it was killed before it could send it
        assert not crashes.repeated(seen, account.kind), about
        assert account.kind == REFRESH or all(each.fresh for each in sent), about
        assert {entry.state for entry in mine} <= set(ENDS), (about, mine)
        if account in scene.leak.spared:
            assert not sent and scene.slack.account(account.token).state == "active", about
            assert {entry.state for entry in mine} <= {"held"}, about
        elif sent:
            assert ended(mine) and not scene.slack.account(account.token).lives, (about, scene.said())


def ended(entries: list[Entry]) -> bool:
    """Whether the one entry of a token says that it is dead, and how one knows."""
    return len(entries) == 1 and entries[0].state == "proven" and bool(entries[0].proof)
