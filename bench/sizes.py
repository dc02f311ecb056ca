"""Histories from small to large: how long one blob takes. A table, and a plot (bench/plot.py)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from bench import corpus, history, plot, table
from bench.cases import Bench
from bench.engines import named_as
from bench.measure import Others, Sample, interleave, median, ratio

COMMITS = (500, 2000, 8000, 32000)
FEW = (10, 40)
SHAPE = corpus.Shape(size=5000, changed=8)
JOBS = 2
GROWS = 1.15  # a blob of a larger history may take so many times as long as one of the next smaller one, by noise
HEAD = ("repository", "objects", "blobs", "MB", "seconds", "µs a blob", "MB/s", "git's µs a blob", "times")
TITLE = "Time per blob"


class Size(NamedTuple):
    """A repository with what it holds and the times that it took: ours, and git's."""

    name: str
    made: bool
    held: history.Listed
    ours: Sequence[Sample]
    git: Sequence[Sample]

    @property
    def each(self) -> float:
        """Microseconds a blob."""
        return 1e6 * median(self.ours).wall / max(1, self.held.blobs)

    @property
    def git_each(self) -> float:
        """The same for git."""
        return 1e6 * median(self.git).wall / max(1, self.held.blobs)


def made(folder: Path, commits: Sequence[int], seed: int) -> Iterator[Path]:
    """Made-up histories of these numbers of commits: alike but for their length. The more commits, the more files, so
    that each file has as many versions: with every edit a file grows a little."""
    for count in commits:
        shape = SHAPE._replace(commits=count, seed=seed, files=max(10, count // SHAPE.changed))
        yield corpus.history(folder / "corpora" / f"size-{shape.name}", shape)


def measured(bench: Bench, repo: Path, name: str, is_made: bool, runs: int, patience: float) -> Size:
    """Git and we in turn."""
    held = history.listed(repo)
    commands = [history.printed(bench, repo, held).command, history.packed(bench, repo, JOBS).command]
    git, ours = interleave([command for command in commands if command], runs, patience)
    for sample in (git[0], ours[0]):
        if sample.fault:
            raise RuntimeError(f"{name}: {sample.fault}")
    return Size(name, is_made, held, ours, git)


def sizes(bench: Bench, also: Sequence[Path], commits: Sequence[int], runs: int, patience: float) -> list[Size]:
    """Those made from the seed, and the public ones, each from small to large."""
    own = [(path, f"made, {count} commits", True) for path, count in _own(bench, commits)]
    public = [(path, named_as(path), False) for path in also]
    found = [measured(bench, path, name, is_made, runs, patience) for path, name, is_made in [*own, *public]]
    return sorted(found, key=lambda size: (not size.made, size.held.blobs))


def _own(bench: Bench, commits: Sequence[int]) -> Iterator[tuple[Path, int]]:
    yield from zip(made(bench.folder, commits, bench.past.seed), commits, strict=True)


def cells(size: Size) -> tuple[str, ...]:
    """The row of a repository."""
    wall = median(size.ours).wall
    return (
        size.name,
        f"{size.held.objects:,}",
        f"{size.held.blobs:,}",
        f"{size.held.size / 1e6:,.0f}",
        table.seconds(wall),
        f"{size.each:.1f}",
        f"{size.held.size / 1e6 / wall:,.0f}",
        f"{size.git_each:.1f}",
        f"{ratio(size.ours, size.git):.2f}",
    )


def grown(found: Sequence[Size]) -> Iterator[str]:
    """A sentence for each made-up history of which a blob takes longer than of the next smaller one."""
    own = [size for size in found if size.made]
    for less, more in pairwise(own):
        if more.each > GROWS * less.each:
            yield f"{more.name}: {more.each:.1f} µs a blob, {less.name}: {less.each:.1f}"


def picture(found: Sequence[Size]) -> str:
    """The plot: ours of made-up and of public histories, and git's of all."""
    own = [plot.Point(size.held.blobs, size.each) for size in found if size.made]
    public = [plot.Point(size.held.blobs, size.each, size.name) for size in found if not size.made]
    git = [plot.Point(size.held.blobs, size.git_each) for size in found]
    lines = [
        plot.Line(f"xoxscan history, jobs {JOBS}, made-up histories", own),
        plot.Line("git cat-file, the same blobs", git, joined=False),
        plot.Line(f"xoxscan history, jobs {JOBS}, public histories", public, joined=False),
    ]
    shown = [line for line in lines if line.points]
    return plot.svg("Time per blob over the size of a history", "blobs in the history", "µs a blob", shown)


def pages(
    bench: Bench, also: Sequence[Path], commits: Sequence[int], runs: int, patience: float, picture_in: Path | None
) -> tuple[str, str, list[str]]:
    """The table for a terminal, in Markdown, and a sentence for each bar that was missed; the plot goes to a file."""
    others = Others()
    found = sizes(bench, also, commits, runs, patience)
    title = f"jobs {JOBS}; {others.share():.0%} of the machine was busy otherwise"
    rows = [cells(size) for size in found]
    if picture_in:
        picture_in.write_text(picture(found))
    return (
        table.aligned(f"{TITLE}: {title}", HEAD, rows),
        table.piped(f"**{TITLE}**: {title}.", HEAD, rows),
        list(grown(found)),
    )
