"""How much there is to look at, counted in the middle of a scan."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.model import Coverage, Skip
from scanner.sources.ahead import Ahead
from scanner.sources.files import walk
from scanner.sources.listing import Batch, Item
from tests.conftest import HOLES


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@given(sizes=st.lists(st.integers(0, 50), min_size=1, max_size=9), asked=st.integers(0, 8))
def test_it_is_the_same_whenever_it_is_asked_and_nothing_is_lost(
    sizes: list[int], asked: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("files")
    for number, size in enumerate(sizes):
        (folder / str(number)).write_bytes(b"x" * size)
    items = [Batch(os.fsencode(folder), b"", (b"%d" % number,)) for number in range(len(sizes))]
    done = [0, 0]
    ahead = Ahead(lambda: (done[0], done[1]))
    seen = []
    for number, item in enumerate(ahead.through(iter(items))):
        if number == asked:
            assert ahead.total() == (len(sizes), sum(sizes))
        seen.append(item)
        done[0], done[1] = done[0] + 1, done[1] + sizes[number]
    assert seen == items
    assert ahead.total()[0] >= len(sizes)


def test_what_is_no_file_counts_for_nothing(folder: Path) -> None:
    (folder / "a").write_bytes(b"12345")
    items: list[Item] = [Skip("device", "x"), Batch(b".", b"", (b"a", b"gone"), (b"fifo",))]
    ahead = Ahead(lambda: (0, 0))
    next(ahead.through(iter(items)))
    assert ahead.total() == (2, 5)


@HOLES
def test_holes_are_not_counted(folder: Path) -> None:
    with open("sparse", "wb") as file:
        file.write(b"x" * 5000)
        file.truncate(1 << 40)
    ahead = Ahead(lambda: (0, 0))
    next(ahead.through(iter([Batch(b".", b"", (b"sparse",))])))
    assert 5000 <= ahead.total()[1] < 1 << 20


def test_in_the_middle_of_one_large_file(folder: Path) -> None:
    (folder / "large").write_bytes(b"\n" * (20 << 20))
    (folder / "small").write_bytes(b"12345")
    read = [0, 0]
    ahead = Ahead(lambda: (read[0], read[1]))
    totals = set()
    walked = walk([b"small", b"large"], io.BytesIO(), lambda path: None, lambda data: False, through=ahead.through)
    for seen in walked:
        if isinstance(seen, Coverage):
            read[0], read[1] = read[0] + (seen.files or 0), read[1] + (seen.bytes or 0)
            totals.add(ahead.total())
    assert totals == {(2, (20 << 20) + 5)}
    assert read == [2, (20 << 20) + 5]
