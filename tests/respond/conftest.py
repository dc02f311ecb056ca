"""What tests of acting share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner.demo.standin import Standin
from tests.respond.slacks import Bench, bench


@pytest.fixture
def here(slack: Standin, tmp_path: Path) -> Iterator[Bench]:
    """All that acting needs, with a real journal."""
    with bench(slack, tmp_path) as made:
        yield made
