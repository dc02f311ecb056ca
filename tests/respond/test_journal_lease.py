"""Whether the holder of a lease lives, where the system does not say."""

from __future__ import annotations

import os
from pathlib import Path

from scanner.respond import journal_lease as lease

NOBODY = 2**22 + 1  # above the highest number that Linux gives


def test_without_proc_the_number_is_asked_for(tmp_path: Path) -> None:
    me = lease.process(os.getpid(), str(tmp_path))
    assert lease.alive(me, me, str(tmp_path)) is None
    assert lease.alive(me._replace(pid=NOBODY), me, str(tmp_path)) is False


def test_on_windows_nobody_is_asked(tmp_path: Path) -> None:
    assert lease._answers(NOBODY, windows=True)
