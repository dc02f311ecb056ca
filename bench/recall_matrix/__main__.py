"""`python -m bench.recall_matrix`: which encodings, containers and corners of git this scanner and its peers see.

One random token is planted for each row, and every program looks at all of them, without network. A cell says yes
where the program reports the whole token (its exact text; a cookie may be percent-encoded; of detect-secrets, which
shows none, its SHA-1) in the file,
or of the repository, that holds it. A program that has no way to look at such a thing has a dash. The status is 1 when
this scanner no longer sees what it saw: all rows that bench/recall_matrix/known.py does not name.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench import peers, table
from bench.recall_matrix import node, programs
from bench.recall_matrix import table as matrix
from bench.recall_matrix.corners import CORNERS
from bench.recall_matrix.known import NOT_SEEN
from bench.recall_matrix.programs import Program

NOT_RUN = "ggshield is not run: it needs an account, and sends what it scans there"


def options() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.recall_matrix", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="another seed plants other tokens")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the table into FILE too, between its marks")
    parser.add_argument("--mark", default="matrix", metavar="NAME", help="which marks (default %(default)s)")
    parser.add_argument("--no-install", action="store_true", help="take the peers that are there, install none")
    parser.add_argument("--alone", action="store_true", help="no peers")
    return parser


def columns(args: argparse.Namespace, folder: Path, home: Path) -> tuple[list[Program], list[str]]:
    """The programs, and a sentence for each that is not among them."""
    run = programs.runner(home)
    own = [programs.ours(programs.this(run)), programs.ours(programs.this(run), "--no-decode")]
    if args.alone:
        return own, []
    if not args.no_install:
        peers.install(folder, say)
        node.install(folder, say)
    there = {**peers.find(folder), "secretlint": node.find(folder)}
    known = [there[name] for name in programs.NAMES]
    absent = [f"{peer.name} is not there: {peer.why}" for peer in known if peer.path is None]
    return own + [programs.peer(run, peer) for peer in known if peer.path], [*absent, NOT_RUN]


def main(argv: Sequence[str] | None = None, folder: Path | None = None) -> int:
    """Prints the table; 1 when a cell of ours has turned."""
    args = options().parse_args(argv)
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch) / "home"
        home.mkdir()
        asked, absent = columns(args, folder or peers.home(), home)
        say(f"{len(matrix.rows())} files, {len(CORNERS)} repositories, {len(asked)} columns")
        made = matrix.outcome(asked, Path(scratch), args.seed)
    page = page_of(asked, made, absent, args.seed)
    print(page, flush=True)
    if args.write:
        args.write.write_text(table.between(args.write.read_text(), args.mark, page))
    for failure in made.failures:
        say(failure)
    for row in matrix.better(made.lines):
        print(f"seen by now, and still in known.py: {row}")
    turned = matrix.turned(made.lines)
    for row in turned:
        print(f"not seen any more: {row}")
    return 1 if turned else 0


def page_of(asked: Sequence[Program], made: matrix.Outcome, absent: Sequence[str], seed: int) -> str:
    """The table with what stands above and below it."""
    head = "; ".join([f"{len(made.lines)} rows, seed {seed}", *absent]) + ".\n"
    below = f"Not seen, and why:\n\n{matrix.reasons()}" if NOT_SEEN else ""
    return "\n".join([head, matrix.markdown(asked, made.lines), below]).rstrip() + "\n"


def say(text: str) -> None:
    """One line on stderr."""
    print(f"bench: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
