"""Plants all rows, lets the programs look at them, and prints what each saw."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from bench.recall_matrix import broken, containers, context, corners, encodings
from bench.recall_matrix.cells import Planted, Row, plant
from bench.recall_matrix.corners import CORNERS, Corner
from bench.recall_matrix.known import NOT_SEEN
from bench.recall_matrix.programs import FILES, Failed, Program, sees

Spread = Callable[..., Iterable[Any]]  # map, or that of a pool
YES, NO, ABSENT, FAILED = "yes", "no", "–", "fails"
TOGETHER = 2  # programs that run at once


class Line(NamedTuple):
    """A row with a word for each program."""

    id: str
    cells: tuple[str, ...]


class Outcome(NamedTuple):
    """The table, and what programs said that failed."""

    lines: list[Line]
    failures: list[str]


def rows() -> tuple[Row, ...]:
    """All rows that are files."""
    return (*encodings.rows(), *broken.rows(), *containers.rows(), *context.rows())


def outcome(programs: Sequence[Program], folder: Path, seed: int) -> Outcome:
    """What `programs` see. `folder` is empty, and may be thrown away afterwards."""
    failures: list[str] = []
    with ThreadPoolExecutor(TOGETHER) as pool:
        lines = [
            *files(programs, folder / "files", seed, failures, pool.map),
            *repositories(programs, folder / "repos", seed, failures, pool.map),
        ]
    return Outcome(lines, failures)


def files(
    programs: Sequence[Program], root: Path, seed: int, failures: list[str], spread: Spread = map
) -> Iterator[Line]:
    """One run of each program over all files but the large ones, and one over each of these."""
    numbered = list(enumerate(rows()))
    heaps = [[each for each in numbered if not each[1].large], *([each] for each in numbered if each[1].large)]
    planted = [list(plant(heap, root / f"heap{number}", seed)) for number, heap in enumerate(heaps)]
    seen: dict[str, list[str]] = {row.id: [] for _, row in numbered}
    jobs = [(program, heap, each) for program in programs for heap, each in enumerate(planted)]
    columns = spread(lambda job: _column(job[0], FILES, root / f"heap{job[1]}", job[2], failures), jobs)
    for (_, _, heap), column in zip(jobs, columns, strict=True):
        for each, cell in zip(heap, column, strict=True):
            seen[each.id].append(cell)
    yield from (Line(name, tuple(cells)) for name, cells in seen.items())


def repositories(
    programs: Sequence[Program], root: Path, seed: int, failures: list[str], spread: Spread = map
) -> Iterator[Line]:
    """One run of each program over each repository."""

    def line(numbered: tuple[int, Corner]) -> Line:
        number, corner = numbered
        planted = corners.plant(corner, root, number, seed)
        folder = root / planted.folder
        return Line(
            corner.id, tuple(_column(program, corner.how, folder, [planted], failures)[0] for program in programs)
        )

    yield from spread(line, enumerate(CORNERS))


def _column(
    program: Program, how: str, folder: Path, planted: Sequence[Planted], failures: list[str]
) -> tuple[str, ...]:
    look = program.looks.get(how)
    if look is None:
        return (ABSENT,) * len(planted)
    try:
        reported = list(look(folder))
    except (Failed, ValueError) as error:
        failures.append(f"{program.head}, {planted[0].id if len(planted) == 1 else how}: {error}")
        return (FAILED,) * len(planted)
    return tuple(YES if sees(program, each, reported) else NO for each in planted)


def markdown(programs: Sequence[Program], lines: Sequence[Line]) -> str:
    """The table: a line for each group, its rows below it, and the sums."""
    heads = ("", *(program.head for program in programs))
    table = [_piped(heads), _piped(["---"] + [":-:"] * len(programs))]
    for group, of_group in groupby(lines, lambda line: line.id.partition(": ")[0]):
        table.append(_piped([f"**{group}**", *[""] * len(programs)]))
        table += [_piped([_plain(line.id.partition(": ")[2]), *line.cells]) for line in of_group]
    sums = [_sum(line.cells[number] for line in lines) for number in range(len(programs))]
    return "\n".join([*table, _piped(["**seen**", *sums])]) + "\n"


def _sum(cells: Iterable[str]) -> str:
    judged = [cell for cell in cells if cell != ABSENT]
    return f"{judged.count(YES)} of {len(judged)}"


def _piped(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _plain(name: str) -> str:
    """A name in which nothing means anything to Markdown."""
    return "".join(f"\\{letter}" if letter in "\\|<>*_`[]&$" else letter for letter in name)


def reasons(known: Mapping[str, str] = NOT_SEEN) -> str:
    """What is not seen, and why, as a list: those with one reason together."""
    by_reason: dict[str, list[str]] = {}
    for name, why in known.items():
        by_reason.setdefault(why, []).append(name)
    return "".join(f"- {_plain('; '.join(names))}: {why}.\n" for why, names in by_reason.items())


def turned(lines: Iterable[Line], known: Mapping[str, str] = NOT_SEEN) -> list[str]:
    """Rows that the first column does not see although nothing says that it need not."""
    return [line.id for line in lines if line.cells[0] != YES and line.id not in known]


def better(lines: Iterable[Line], known: Mapping[str, str] = NOT_SEEN) -> list[str]:
    """Rows that it sees although it is said that it does not."""
    return [line.id for line in lines if line.cells[0] == YES and line.id in known]
