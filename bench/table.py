"""The tables: as text for a terminal, or as Markdown for docs/performance.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from bench.cases import SPARE, Bar, Case, Section
from bench.measure import Peak, Sample, median, ratio

HEAD = ("what", "seconds", "least-most", "CPU s", "times", "at most", "memory MB", "runs")
EACH = 40  # bytes of memory that a history scan may take for each object


class Row(NamedTuple):
    """A case with what came out: its samples (none: absent), and its memory where that was taken."""

    case: Case
    samples: Sequence[Sample] = ()
    peak: Peak | None = None
    looked: int | None = None  # how many blobs it says that it looked at

    @property
    def fault(self) -> str:
        """What shows that it did not do its work; empty where it did, or is absent."""
        return self.samples[0].fault if self.samples else ""


def times(row: Row, yardstick: Row) -> float | None:
    """How many times the yardstick's time the row took; None where either has none."""
    if not row.samples or row.fault or not yardstick.samples or yardstick.fault:
        return None
    return ratio(row.samples, yardstick.samples)


def over(section: Section, rows: Sequence[Row]) -> list[str]:
    """One sentence for each bar that was missed."""
    ours = [row for row in rows if row.case.ours]
    faults = [f"{row.case.name}: {fault}" for row in ours for fault in _faults(section, row, rows[0])]
    return [*faults, *(said for row in rows for said, missed in beside(row, rows) if missed)]


def beside(row: Row, rows: Sequence[Row]) -> Iterator[tuple[str, bool]]:
    """What a row took beside the others that it has a bar for, and whether that is too much."""
    for bar in row.case.bars:
        other = next((other for other in rows if other.case.name == bar.than), None)
        factor = times(row, other) if other else None
        if factor is not None and other:
            yield _beside(row, other, bar, factor)


def _beside(row: Row, other: Row, bar: Bar, factor: float) -> tuple[str, bool]:
    if bar.plus:
        more = median(row.samples).wall - bar.factor * median(other.samples).wall
        said = f"{row.case.name}: {more:.2f} s more than {bar.than}, at most {bar.plus:g} s"
        return said, more > bar.plus
    said = f"{row.case.name}: {factor:.3f} times {bar.than}, at most {bar.factor:.3f}"
    return said, factor > bar.factor


def _faults(section: Section, row: Row, yardstick: Row) -> Iterator[str]:
    factor = times(row, yardstick)
    if row.fault:
        yield f"failed: {row.fault}"
    if factor and row.case.bar and factor > row.case.bar:
        yield f"took {factor:.2f} times the yardstick, may take {row.case.bar:g}"
    may = allowed(section, row.case)
    if row.peak and row.peak.anonymous > may:
        yield f"took {row.peak.anonymous / 1e6:.0f} MB, may take {may / 1e6:.0f}"
    if section.blobs is not None and row.looked is not None and row.looked < section.blobs:
        yield f"looked at {row.looked} of {section.blobs} blobs"


def allowed(section: Section, case: Case | None = None) -> float:
    """The most memory that a scan of this many objects may take, in bytes; no bound where objects do not count."""
    spare = case.spare if case else SPARE
    return float("inf") if section.objects is None else spare + EACH * section.objects


def markdown(section: Section, rows: Sequence[Row]) -> str:
    """The table in Markdown, with its title and what was looked at, and the bars between its rows below it."""
    table = piped(f"**{section.title}**: {about(section)}.", HEAD, [_cell(row, rows[0]) for row in rows])
    return "\n".join([table, *_list(rows)])


def text(section: Section, rows: Sequence[Row]) -> str:
    """The same for a terminal."""
    table = aligned(f"{section.title}: {about(section)}", HEAD, [_cell(row, rows[0]) for row in rows])
    return "\n".join([table, *_list(rows)])


def _list(rows: Sequence[Row]) -> list[str]:
    said = [f"- {words}{' (missed)' if missed else ''}" for row in rows for words, missed in beside(row, rows)]
    return [*said, ""] if said else []


def piped(title: str, head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A table in Markdown: the first column to the left, the others to the right."""
    table = [head, tuple("---" if at == 0 else "--:" for at in range(len(head))), *rows]
    return "\n".join([title, "", *("| " + " | ".join(cells) + " |" for cells in table), ""])


def aligned(title: str, head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """The same for a terminal."""
    lines, table = [title, ""], [head, *rows]
    widths = [max(len(cells[at]) for cells in table) for at in range(len(head))]
    for cells in table:
        padded = (
            cell.ljust(width) if at == 0 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        lines.append("  " + "  ".join(padded).rstrip())
    return "\n".join([*lines, ""])


def between(page: str, mark: str, tables: str) -> str:
    """`page` with `tables` between the two comments that carry `mark`. ValueError where it has no such pair."""
    start, end = f"<!-- bench: {mark} -->\n", f"<!-- end: {mark} -->"
    before, opened, rest = page.partition(start)
    _, closed, after = rest.partition(end)
    if not (opened and closed):
        raise ValueError(f"there is no place between {start.strip()} and {end}")
    return f"{before}{start}\n{tables}\n{end}{after}"


def about(section: Section) -> str:
    """What was looked at, and how much memory that allows."""
    bound = allowed(section)
    return section.about + ("" if bound == float("inf") else f"; memory at most {bound / 1e6:.0f} MB")


def _cell(row: Row, yardstick: Row) -> tuple[str, ...]:
    bar = f"{row.case.bar:g}" if row.case.bar else ""
    memory = f"{row.peak.anonymous / 1e6:.0f}" if row.peak else ""
    if row.case.command is None:
        return (f"{row.case.name}: absent", *[""] * (len(HEAD) - 1))
    if row.fault or not row.samples:
        return (f"{row.case.name}: failed ({row.fault})", "", "", "", "", bar, "", "")
    middle, walls = median(row.samples), [sample.wall for sample in row.samples]
    factor = times(row, yardstick)
    return (
        row.case.name,
        seconds(middle.wall),
        f"{seconds(min(walls))}-{seconds(max(walls))}",
        seconds(middle.cpu),
        "" if factor is None else f"{factor:.2f}",
        bar,
        memory,
        str(len(row.samples)),
    )


def seconds(value: float) -> str:
    """Three significant digits, as far as a stop-watch makes sense: 0.0274, 0.314, 6.28, 31.4, 314."""
    return (
        f"{value:.4f}"
        if value < 0.1
        else f"{value:.3f}"
        if value < 1
        else f"{value:.2f}"
        if value < 10
        else f"{value:.1f}"
    )
