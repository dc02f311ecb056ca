"""The order of what is looked at, and its parts."""

from __future__ import annotations

import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scanner.pack.entries import BLOB, BROKEN, ODD, Entries
from scanner.pack.forest import forest, portions

TREE = 2


@given(st.integers(0, 1 << 32), st.integers(0, 60), st.integers(0, 1 << 20), st.integers(1, 9))
def test_every_entry_is_in_one_portion(seed: int, count: int, least: int, shares: int) -> None:
    """With all that it is made from; and nothing is there that no wanted one needs."""
    draw = random.Random(seed)
    base = [draw.choice([-1, draw.randrange(at)]) if at else -1 for at in range(count)]
    root: list[int] = []
    for at in range(count):
        root.append(at if base[at] < 0 else root[base[at]])
    kinds = [draw.choice([BLOB, TREE, ODD, BROKEN]) for _ in range(count)]
    kind = np.array([kinds[at] for at in root], np.uint8)
    place = np.array(draw.sample(range(count), count), np.int32)
    wanted = np.array([draw.random() < 0.5 for _ in range(count)], np.bool_)
    zeros = np.zeros(count, np.int64)
    trees = forest(Entries(place, zeros, zeros, zeros + 5, np.array(base, int), np.array(root, int), kind), wanted)
    blobs = [at for at in range(count) if kind[at] == BLOB]
    needed = {root[at] for at in blobs if wanted[place[at]]}
    assert sorted(trees.place.tolist()) == sorted(int(place[at]) for at in blobs if root[at] in needed)
    assert (trees.wanted == wanted[trees.place]).all()
    assert set(trees.broken.tolist()) == {int(place[at]) for at in range(count) if kind[at] == BROKEN}
    odd = {int(place[at]) for at in range(count) if kind[at] in (ODD, BROKEN) and wanted[place[at]]}
    assert set(trees.odd.tolist()) == odd
    parts = list(portions(trees, least, shares))
    assert [number for begin, end in parts for number in range(begin, end)] == list(range(len(trees.place)))
    for begin, end in parts:
        assert all(int(number) < 0 or begin <= number < end for number in trees.base[begin:end])
