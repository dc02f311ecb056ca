"""Fixtures for tests of what may not be read."""

from __future__ import annotations

from tests.sources.conftest import open_folder, unprivileged

__all__ = ["open_folder", "unprivileged"]
