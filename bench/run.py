"""`make bench`: the program beside its yardsticks and its peers, as a table.

It exits with 1 when a bar is missed. `--repo PATH` takes any repository in place of the made-up ones.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from bench import archives, cases, engines, history, memory, ours, peers, sizes, table, verify
from bench.cases import Bench, Section
from bench.corpus import Shape
from bench.measure import Command, Others, interleave, peak
from bench.table import Row

SECTIONS: dict[str, Callable[[Bench], Section]] = {
    "hook": cases.hook,
    "anchored-hook": cases.anchored_hook,
    "scan": cases.scan,
    "archives": archives.archives,
    "history": history.history,
    "rescan": history.rescan,
}
VERIFY, ENGINES, SIZES, MEMORY = "verify", "engines", "sizes", "memory"  # their rows are no programs
APART = (ENGINES, SIZES, MEMORY)  # written into a page only where they are named
SMALL = Shape(files=30, size=600, commits=25, changed=3)
TREE = Shape(files=5000, size=11_000, commits=1, planted=1)
PAST = Shape(files=3000, size=14_000, commits=8000, changed=8)
HOOK_TURNS = 4


def options() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.run", description=__doc__)
    parser.add_argument("--repo", type=Path, help="scan, history and rescan of this repository; no hook")
    parser.add_argument(
        "--also",
        type=Path,
        action="append",
        default=[],
        metavar="REPO",
        help="sizes, memory: this one too (repeatable)",
    )
    parser.add_argument("--plot", type=Path, metavar="FILE", help="put the plot of section sizes into FILE")
    parser.add_argument("--only", choices=(*SECTIONS, VERIFY, *APART), action="append", help="one section (repeatable)")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="turns that count (default %(default)s)")
    parser.add_argument("--patience", type=float, default=200, metavar="S", help="seconds that one row may take in all")
    parser.add_argument("--limit", type=float, default=300, metavar="S", help="seconds after which a run is ended")
    parser.add_argument(
        "--rows", action="append", metavar="TEXT", help="only rows with TEXT in their names (repeatable)"
    )
    parser.add_argument("--cores", type=int, default=2, metavar="N", help="cores to run on (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="another seed makes another corpus")
    parser.add_argument("--markdown", action="store_true", help="tables in Markdown")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put them into FILE too, between its bench marks")
    parser.add_argument("--mark", default="corpus", metavar="NAME", help="which marks (default %(default)s)")
    parser.add_argument("--no-install", action="store_true", help="take the peers that are there, install none")
    parser.add_argument("--quick", action="store_true", help="small, one turn, this checkout: shows that all works")
    return parser


def prepare(args: argparse.Namespace, folder: Path) -> Bench:
    """Installs what is needed, and says which corpora to make."""
    if args.quick:
        small = SMALL._replace(seed=args.seed)
        return Bench(folder, ours.here(), peers.find(folder), small._replace(commits=1), small, args.repo)
    if not args.no_install:
        peers.install(folder, say)
    tree, past = TREE._replace(seed=args.seed), PAST._replace(seed=args.seed)
    return Bench(folder, ours.installed(folder), peers.find(folder), tree, past, args.repo)


def measured(section: Section, runs: int, patience: float) -> list[Row]:
    """The rows of a section: first all times, taken in turn, then the memory of those that want it."""
    present = [case for case in section.cases if case.command]
    commands = [case.command for case in present if case.command]
    taken = dict(zip((case.name for case in present), interleave(commands, runs, patience), strict=True))
    return [weighed(Row(case, taken.get(case.name, ()))) for case in section.cases]


def weighed(row: Row) -> Row:
    """The row with its memory, from a run of its own; ours also says in it how many blobs it looked at."""
    command = row.case.command
    if command is None or row.fault or not row.case.weigh:
        return row
    if row.case.ours:
        command = command._replace(argv=(*command.argv, "--format", "json"))
    taken = peak(command)
    return row._replace(peak=taken, looked=_blobs(command) if row.case.ours else None)


def _blobs(command: Command) -> int | None:
    """What the report that was just written says of blobs: a fast scan of half of them would be no feat."""
    if command.stdout is None:
        return None
    blobs: int | None = json.loads(command.stdout.read_bytes())["coverage"]["blobs"]
    return blobs


def heading(args: argparse.Namespace, bench: Bench) -> str:
    """On what, with what and how often: without it a table says nothing."""
    git = subprocess.run(["git", "version"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    cores = f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores, Python {platform.python_version()}, {git}"
    absent = [f"{peer.name} is absent ({peer.why})" for peer in bench.peers.values() if peer.path is None]
    return "; ".join([cores, f"{args.runs} turns", f"seed {args.seed}", *absent]) + "."


def main(argv: Sequence[str] | None = None, folder: Path | None = None) -> int:
    """Prints the tables; 1 when a bar is missed."""
    args = options().parse_args(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what is being measured is ended, too
    args.runs = 1 if args.quick else args.runs
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: args.cores])
    bench = prepare(args, folder or peers.home())
    head = heading(args, bench)
    print(head + "\n", flush=True)
    pages, missed = [head + "\n"], []
    for name in args.only or ((*SECTIONS, VERIFY, *APART) if args.repo is None else ("scan", "history", "rescan")):
        say(f"measuring: {name}")
        made = MAKERS[name](args, bench) if name in MAKERS else section(name, args, bench)
        print(made.markdown if args.markdown else made.text, flush=True)
        pages += [made.markdown] if name not in APART or args.only else []
        missed += made.missed
    for sentence in missed:
        print(f"over the bar: {sentence}", flush=True)
    if args.write:
        args.write.write_text(table.between(args.write.read_text(), args.mark, "\n".join(pages)))
    return 1 if missed and not args.quick else 0


class Page(NamedTuple):
    """A section's table, twice, and a sentence for each bar that was missed."""

    text: str
    markdown: str
    missed: list[str]


def section(name: str, args: argparse.Namespace, bench: Bench) -> Page:
    """Measures programs side by side."""
    asked, others = narrowed(SECTIONS[name](bench), args.rows, args.limit), Others()
    rows = measured(asked, args.runs * turns(name, args.quick), args.patience)
    asked = asked._replace(about=f"{asked.about}; {others.share():.0%} of the machine was busy otherwise")
    return Page(table.text(asked, rows), table.markdown(asked, rows), table.over(asked, rows))


def narrowed(asked: Section, texts: Sequence[str] | None, limit: float) -> Section:
    """The yardstick and the rows that were asked for, each with a limit."""
    chosen = [
        case
        for number, case in enumerate(asked.cases)
        if not (texts and number) or any(text in case.name for text in texts or ())
    ]
    limited = [case._replace(command=case.command and case.command._replace(limit=limit)) for case in chosen]
    return asked._replace(cases=limited)


def verified(args: argparse.Namespace, bench: Bench) -> Page:
    """Measures how fast tokens are verified; there is no bar."""
    return Page(*verify.pages(verify.FEW if args.quick else verify.TOKENS, args.runs), [])


def compared(args: argparse.Namespace, bench: Bench) -> Page:
    """Both engines over a made-up repository and odd copies of it; see bench.engines for others."""
    named = [f"made={kind}" for kind in ("", *QUICK)] if args.quick else []
    rows = list(engines.compared(named, bench.folder, args.cores))
    missed = [f"{cells[0]}, {cells[1]}: {cells[-1]}" for cells in rows if cells[-1] != "yes"]
    title = "The engines compared"
    return Page(table.aligned(title, engines.HEAD, rows), table.piped(f"**{title}**", engines.HEAD, rows), missed)


def sized(args: argparse.Namespace, bench: Bench) -> Page:
    """Time per blob from small to large."""
    commits = sizes.FEW if args.quick else sizes.COMMITS if args.only else sizes.COMMITS[:-1]
    return Page(*sizes.pages(bench, args.also, commits, args.runs, args.patience, args.plot))


def weighed_all(args: argparse.Namespace, bench: Bench) -> Page:
    """Memory over the number of objects."""
    return Page(*memory.pages(bench, args.also))


MAKERS: dict[str, Callable[[argparse.Namespace, Bench], Page]] = {
    VERIFY: verified,
    ENGINES: compared,
    SIZES: sized,
    MEMORY: weighed_all,
}
QUICK = ("sha256", "several")  # kinds of odd copies


def turns(name: str, quick: bool) -> int:
    """How many times as often as the others a section is run: a hook takes little time, and varies the more."""
    return HOOK_TURNS if name.endswith("hook") and not quick else 1


def say(text: str) -> None:
    """One line on stderr."""
    print(f"bench: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
