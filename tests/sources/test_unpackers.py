"""Processes that read packs themselves: whatever happens to them, nothing is lost, and nothing is told twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import pytest

from scanner.sources import crew, packed
from scanner.sources.unpackers import Task
from tests.conftest import Repo
from tests.pack.histories import history, packs
from tests.pack.packs import agree, compare, seen

pytestmark = pytest.mark.processes


class Dies(NamedTuple):
    """A worker that is killed, or cuts its pack off, when it has answered so many portions."""

    task: Task
    path: Path | None = None  # of a pack to cut off; None: it is killed

    def __call__(self, pipe: Connection, inherited: Sequence[Connection]) -> None:
        if self.path:
            signal.signal(signal.SIGBUS, signal.SIG_DFL)  # without pytest's faulthandler
            os.truncate(self.path, 4096)
            self.task(pipe, inherited)
        else:
            os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture
def bare(tmp_path: Path) -> Repo:
    """A repository with a large pack, and one that overlaps."""
    repo = history(tmp_path / "bare", commits=60)
    objects = repo.git("rev-list", "--objects", "--no-object-names", "main~20")
    repo.git("pack-objects", "-q", "objects/pack/pack", stdin=objects.encode())
    return repo


@pytest.mark.parametrize("processes", [1, 2])
def test_a_worker_that_is_killed(bare: Repo, monkeypatch: pytest.MonkeyPatch, processes: int) -> None:
    expected = agree(bare.path)
    monkeypatch.setattr(packed, "Task", lambda *parts: Dies(Task(*parts)))
    compare(seen("pack", bare.path, processes=processes), expected)


def test_a_pack_that_is_cut_off(bare: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process that reads behind its end is killed; git says what cannot be read any more."""
    path = max(packs(bare), key=lambda pack: pack.stat().st_size)
    path.chmod(0o644)
    monkeypatch.setattr(packed, "Task", lambda *parts: Dies(Task(*parts), path))
    found = seen("pack", bare.path)
    assert found.problems
    assert found.blobs + found.commits + found.tags > 0


def test_little_room_for_what_others_are_made_from(bare: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """What there is no room for is read through git."""
    bare.git("repack", "-adfq", "--depth=50")
    expected = agree(bare.path)
    for stacked in (0, 9000, 20_000):
        monkeypatch.setattr(packed, "STACKED", stacked)
        compare(seen("pack", bare.path), expected)


def test_without_fork(bare: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = agree(bare.path)
    monkeypatch.setattr(crew, "FORKS", False)
    compare(seen("pack", bare.path, processes=2), expected)


def test_an_interrupt(tmp_path: Path) -> None:
    """As a terminal does it: to the whole group. Status 130, no trace, no orphan."""
    repo = history(tmp_path / "bare", commits=300)
    gate = tmp_path / "site"
    gate.mkdir()
    # Each worker says that it is there, and takes its time.
    (gate / "sitecustomize.py").write_text(
        "import os, time\n"
        "from scanner.sources.tally import Tally\n"
        "def whole(self, *rest):\n"
        f"    open({str(tmp_path / 'there')!r} + str(os.getpid()), 'w').close()\n"
        "    time.sleep(60)\n"
        "Tally.contents = whole\n"
    )
    where = os.pathsep.join([str(gate), os.getcwd()])
    process = subprocess.Popen(
        [sys.executable, "-m", "scanner", "history", "--engine", "pack", "--no-cache", "--jobs", "2", str(repo.path)],
        env={**os.environ, "PYTHONPATH": where},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    while not list(tmp_path.glob("there*")):
        assert process.poll() is None, process.stderr and process.stderr.read()
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert b"Traceback" not in err
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
