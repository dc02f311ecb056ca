"""Every input that once broke a promise keeps it; and what keeps them gives them back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner import rules
from scanner.decode import views
from scanner.detect import Detector
from tests.conftest import token
from tests.fuzz import saved, seeds
from tests.fuzz.targets import TARGETS


@pytest.mark.no_cover
@pytest.mark.parametrize("path", list(saved.kept()), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_kept(path: Path) -> None:
    TARGETS[path.parent.name](saved.read(path.read_text()))


@pytest.mark.parametrize("name", TARGETS)
def test_seeds(name: str) -> None:
    """What the fuzzer begins with keeps every promise."""
    for data in seeds.of(name):
        TARGETS[name](data)


@given(st.binary(max_size=300))
def test_given_back(data: bytes) -> None:
    assert saved.read(saved.written(data, "why")) == data


def test_nothing_shows_in_a_file_that_keeps_a_token() -> None:
    text = saved.written(b"a " + token() + b"\n" + token().hex().encode(), "why").encode()
    assert not Detector(rules.builtin(), 5.0, fast=True, names=views.NAMES).may_hold(text)


def test_the_fuzzer_needs_no_test_library() -> None:
    """Its environment has what it fuzzes, and atheris."""
    program = "import sys; sys.modules |= dict.fromkeys(['pytest', 'hypothesis']); import tests.fuzz.__main__"
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[2])
