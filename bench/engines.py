"""Do both engines see the same? `python -m bench.engines [REPO[=KIND]…]`: a table, and status 1 where they do not.

Compared are the ids and sizes of all objects that each engine looked at, what it found in which, and the JSON reports
of the program (all but its times). A KIND (bench/odd.py, or `all` of them) takes a copy of the repository, below
$XOXSCAN_BENCH_DIR, whose packs are odd in that way; REPO `made` is one made from a seed. Without REPO it is `made` and
`made=all`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bench import corpus, odd, peers, table
from bench.ours import ROOT
from bench.seal import git_environ
from scanner import rules
from scanner.commands.scanning import TIMEOUT
from scanner.git.repository import find
from scanner.sources import engines
from scanner.sources.history import Scope, Seen
from scanner.sources.jobs import Job

MADE = corpus.Shape(files=60, size=2500, commits=150, changed=4, planted=4)
HEAD = ("repository", "what is odd", "objects", "blobs", "MB", "packs", "looked at", "found", "problems", "equal")
TIMES = ("started", "finished")  # of a report


class Told(NamedTuple):
    """What one engine saw: what it looked at (id and size, a line each, sorted), and the report, without times."""

    seen: Seen
    looked: list[bytes]
    report: dict[str, Any]


class Subject(NamedTuple):
    """A repository, what it is called, and what is odd about it (a key of odd.KINDS, or empty)."""

    name: str
    path: Path
    kind: str = ""


def told(repo: Path, engine: str, jobs: int) -> Told:
    """What `engine` says of a repository."""
    repository = find(str(repo), git_environ(), own=False)
    job = Job(repository.git, rules.builtin(), TIMEOUT, account=True)
    seen = engines.look(engine, repository, job, Scope(), jobs).seen
    return Told(seen, sorted(seen.looked.splitlines()), reported(repo, engine, jobs))


def reported(repo: Path, engine: str, jobs: int) -> dict[str, Any]:
    """The report of the program, in a process of its own, without the times in it. A stand-in where it gave none."""
    options = ["--engine", engine, "--no-cache", "--jobs", str(jobs), "--format", "json", str(repo)]
    command = [sys.executable, "-m", "scanner", "history", *options]
    done = subprocess.run(command, cwd=ROOT, env=git_environ(), stdout=subprocess.PIPE, check=False)
    report: dict[str, Any] = json.loads(done.stdout or b'{"findings": [], "problems": [], "exit": "none"}')
    return {key: value for key, value in report.items() if key not in TIMES}


def differences(mine: Told, true: Told) -> list[str]:
    """What the pack engine (`mine`) and git (`true`) say differently; nothing where all is well."""
    found = []
    if mine.looked != true.looked:
        fewer, more = set(true.looked) - set(mine.looked), set(mine.looked) - set(true.looked)
        found.append(f"looked at: {len(fewer)} missing, {len(more)} too many, {len(mine.looked)} in all")
    if _held(mine.seen) != _held(true.seen):
        found.append("what was found in which object")
    if sorted(mine.seen.problems) != sorted(true.seen.problems):
        found.append("problems")
    return [*found, *(f"{key} of the report" for key in true.report if mine.report.get(key) != true.report[key])]


def _held(seen: Seen) -> list[tuple[object, ...]]:
    return sorted(((item.oid, item.kind, repr(item.examined)) for item in seen.found), key=repr)


def row(subject: Subject, jobs: int) -> tuple[str, ...]:
    """The row of a repository."""
    mine, true = told(subject.path, "pack", jobs), told(subject.path, "git", jobs)
    found = differences(mine, true)
    counted = dict(line.split(": ") for line in odd.git(subject.path, "count-objects", "-v").decode().splitlines())
    return (
        subject.name,
        odd.SAYS[subject.kind],
        f"{int(counted['in-pack']) + int(counted['count']):,}",
        f"{true.seen.blobs:,}",
        f"{true.seen.size / 1e6:,.1f}",
        counted["packs"],
        f"{len(true.looked):,}",
        str(len(true.report["findings"])),
        str(len(true.report["problems"])),
        f"no: {'; '.join(found)}" if found else "yes",
    )


def subjects(named: Sequence[str], folder: Path) -> Iterator[Subject]:
    """The repositories that were named; an odd copy is deleted when the next one is asked for."""
    for each in named:
        repo, _, kind = each.rpartition("=") if each.rpartition("=")[2] in (*odd.KINDS, "all", "") else (each, "", "")
        path = corpus.history(folder / "corpora" / f"engines-{MADE.name}", MADE) if repo == "made" else Path(repo)
        name = "made" if repo == "made" else named_as(path)
        for one in odd.KINDS if kind == "all" else [kind]:
            yield from _copied(Subject(name, path.resolve(), one), folder) if one else [Subject(name, path)]


def _copied(subject: Subject, folder: Path) -> Iterator[Subject]:
    scratch = Path(tempfile.mkdtemp(prefix="odd-", dir=folder))
    try:
        odd.KINDS[subject.kind](subject.path, scratch / "copy")
        yield subject._replace(path=scratch / "copy")
    finally:
        shutil.rmtree(scratch)


def named_as(path: Path) -> str:
    """What a repository is called in a table: its folder, without .git."""
    place = path.resolve()
    place = place.parent if place.name in ("repo", ".git") else place
    return place.name.removesuffix(".git").replace("+", "/")


def kept(page: str, mark: str) -> dict[tuple[str, str], tuple[str, ...]]:
    """The rows of the table between the marks of a page, by repository and kind."""
    inside = page.partition(f"<!-- bench: {mark} -->")[2].partition("<!-- end:")[0]
    lines = [line for line in inside.splitlines() if line.startswith("| ")][2:]
    rows = [tuple(cell.strip() for cell in line.strip("|").split(" | ")) for line in lines]
    return {(cells[0], cells[1]): cells for cells in rows if len(cells) == len(HEAD)}


def write(page: Path, mark: str, cells: tuple[str, ...]) -> None:
    """Puts a row into the table of a page: in the place of that of the same repository and kind, or after them all."""
    text = page.read_text()
    merged = {**kept(text, mark), (cells[0], cells[1]): cells}
    title = f"**{len(merged)} repositories, {sum(row[-1] == 'yes' for row in merged.values())} of them equal**"
    page.write_text(table.between(text, mark, table.piped(title, HEAD, list(merged.values()))))


def compared(named: Sequence[str], folder: Path, jobs: int) -> Iterator[tuple[str, ...]]:
    """A row for each repository."""
    folder.mkdir(parents=True, exist_ok=True)
    for subject in subjects(named or ["made", "made=all"], folder):
        yield row(subject, jobs)


def main(argv: Sequence[str] | None = None) -> int:
    """Prints a row for each repository, as soon as it is known; 1 where the engines differ."""
    parser = argparse.ArgumentParser(prog="python -m bench.engines", description=__doc__)
    parser.add_argument("repo", nargs="*", metavar="REPO[=KIND]", help=f"KIND: all, {', '.join(odd.KINDS)}")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the rows into the table of FILE, too")
    parser.add_argument("--mark", default="engines", metavar="NAME", help="which marks (default %(default)s)")
    args = parser.parse_args(argv)
    equal = True
    for cells in compared(args.repo, peers.home(), args.jobs):
        print("  ".join(cells), flush=True)
        equal = equal and cells[-1] == "yes"
        if args.write:
            write(args.write, args.mark, cells)
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main())
