"""The sections of histories: what is beside what, with which bars."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bench import corpus, history, memory, odd, peers, sizes
from bench.cases import Bench
from bench.measure import Peak, Sample
from bench.ours import Program
from bench.sizes import Size

SMALL = corpus.Shape(files=10, size=300, commits=5, changed=2, planted=1)
PROGRAMS = [
    Program((sys.executable, "-m", "scanner"), Path(sys.executable), what) for what in ("extra history", "base")
]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, PROGRAMS, peers.find(tmp_path), SMALL._replace(commits=1), SMALL)


def test_a_small_history_has_bars_of_its_own(bench: Bench) -> None:
    section = history.history(bench)
    bars = {case.name: case.bar for case in section.cases if case.ours}
    assert bars[history.named(1)] is None
    assert bars[history.named(2)] == history.OF_GIT_SMALL
    assert bars["xoxscan history, engine git (extra history)"] == history.PLAIN
    assert not any(case.bars for case in section.cases)
    assert section.cases[0].name == history.YARDSTICK


def test_a_large_history_has_all_bars(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "LARGE", 1)
    cases = {case.name: case for case in history.history(bench).cases}
    ours = cases[history.named(2)]
    assert ours.bar == history.OF_GIT
    assert {bar.than for bar in ours.bars} <= set(cases)
    assert len(ours.bars) == 4


def test_what_git_lists_is_what_there_is(bench: Bench) -> None:
    repo = history.subject(bench)
    held = history.listed(repo)
    blobs = [line for line in every(repo) if b" blob " in line]
    assert (held.objects, held.blobs) == (len(every(repo)), len(blobs))
    assert held.size == sum(int(line.split()[2]) for line in blobs)
    assert sorted(held.ids.split()) == sorted(line.split()[0] for line in blobs)


def test_a_rescan_has_a_cache_of_its_own_outside_the_repository(bench: Bench) -> None:
    _, again, full = history.rescan(bench).cases
    assert again.command and full.command
    assert Path(again.command.environ["XOXSCAN_CACHE_DIR"]).is_relative_to(bench.folder / "out")
    assert "--no-cache" in full.command.argv and "--no-cache" not in again.command.argv
    assert again.bars[0].plus == history.RESCAN


def every(repo: Path) -> list[bytes]:
    return odd.git(repo, "cat-file", "--batch-all-objects", "--batch-check").splitlines()


def size(name: str, blobs: int, wall: float, made: bool = True) -> Size:
    held = history.Listed(b"", 3 * blobs, blobs, 1000 * blobs)
    return Size(name, made, held, [Sample(wall, wall)], [Sample(2 * wall, wall)])


def test_a_blob_that_takes_longer_in_a_larger_history_is_said() -> None:
    small, large = size("small", 1000, 1.0), size("large", 10_000, 10.0)
    assert list(sizes.grown([small, large])) == []
    assert list(sizes.grown([small, size("slow", 10_000, 12.0)])) == ["slow: 1200.0 µs a blob, small: 1000.0"]
    assert list(sizes.grown([small, size("public", 10_000, 99.0, made=False)])) == []


def test_a_row_and_the_plot_of_sizes() -> None:
    found = [size("small", 1000, 1.0), size("rails", 10_000, 10.0, made=False)]
    assert sizes.cells(found[0]) == ("small", "3,000", "1,000", "1", "1.00", "1000.0", "1", "2000.0", "0.50")
    shown = sizes.picture(found)
    assert ">rails</text>" in shown and shown.count("<circle") == 2 + 2 + 3


def test_repositories_joined_hold_what_each_holds(tmp_path: Path) -> None:
    repos = [corpus.history(tmp_path / name, SMALL._replace(seed=at)) for at, name in enumerate("ab")]
    whole = memory.joined(repos, tmp_path)
    assert memory.joined(repos, tmp_path) == whole
    assert set(every(whole)) == {line for repo in repos for line in every(repo)}
    assert odd.git(whole, "for-each-ref", "--format=%(refname)").split() == [
        b"refs/remotes/a/heads/main",
        b"refs/remotes/b/heads/main",
    ]


def test_memory_has_a_bar_for_the_quick_engine_only() -> None:
    most = Peak(300_000_000, 9)
    over = memory.Weight("rails", 1_000_000, 1, "pack", most)
    assert over.over == "rails: 300 MB, may take 290"
    assert over._replace(engine="git").over == ""
    assert over._replace(objects=2_000_000).over == ""
    assert memory.cells(over) == ("rails", "1,000,000", "1", "pack", "300", "290", "300")
