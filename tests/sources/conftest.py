"""For tests of what may not be read: as root, nothing is closed."""

from __future__ import annotations

import os
import pathlib
import tempfile
from collections.abc import Callable, Iterator

import pytest

_NOBODY = 65534


@pytest.fixture
def open_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[pathlib.Path]:
    """A folder, the current one and HOME, that every user may enter; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        monkeypatch.setenv("HOME", name)
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)  # git stops where it may not read its configuration
        monkeypatch.chdir(folder)
        yield folder


@pytest.fixture
def unprivileged(open_folder: pathlib.Path) -> Iterator[Callable[[], None]]:
    """Call it to go on as a user without privileges; root is nobody from there on."""
    user = os.geteuid()

    def drop() -> None:
        if user == 0:
            os.seteuid(_NOBODY)

    try:
        yield drop
    finally:
        if user == 0:
            os.seteuid(0)
