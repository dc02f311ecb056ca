"""`xoxscan pre-receive`: the hook of a server, which looks at a push before any ref is changed.

What is pushed stands in a quarantine that git's own variables name (git-receive-pack(1)); they are kept. It is judged
by the configuration of the default branch as it was before (scanner.commands.received_config). Servers do not wait for
long: GitHub Enterprise Server gives all hooks of a push five seconds, so there is a budget, and what it did not suffice
for is named.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator, Sequence

from scanner.commands.budget import Budget, Spent, looking, seconds
from scanner.commands.pushing import Beside
from scanner.commands.ranging import Scan
from scanner.commands.received import write
from scanner.commands.received_broken import readable
from scanner.commands.received_config import Judging, judging, refuse_broken
from scanner.commands.receiving import Excuse, excuse, excused, say, stopping
from scanner.commands.scanning import Outcome, add_options, report
from scanner.errors import GitError
from scanner.git.objects import Cat
from scanner.git.repository import Repository, find, head
from scanner.model import Coverage, Problem, Skip, Streams, Target
from scanner.pipeline import Occurrence
from scanner.report.places import many
from scanner.report.progress import Progress
from scanner.sources import pushed
from scanner.sources.commits import Range
from scanner.sources.pushed import Objects, Update

SUMMARY = "git's pre-receive hook, for a server: every new commit of every ref, within a budget of time."
NAMED = 10  # refs that were not reached are named up to this number
LARGEST = 64  # commits that are looked at in one go: what the end of the budget finds unfinished is lost


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See scanner.commands.scanning."""
    add = parser.add_argument
    add("--budget", type=seconds, default=4.0, metavar="T", help="4s, 500ms, 2m or none (default 4s)")
    add("--on-budget", choices=("fail", "pass"), default="fail", help="when it does not suffice (default fail)")
    add("--no-skip", action="store_true", help="no push option lets a push through")
    add_options(parser)


def run(args: argparse.Namespace, streams: Streams) -> int:
    """The exit status. Errors: see scanner.errors."""
    began = time.monotonic()
    repository = find(os.getcwd(), streams.environ, own=args.folder is None)
    updates = pushed.received(streams.stdin)
    if not updates:
        raise GitError(
            "no line on standard input, and git never starts this hook without one: nothing was looked at",
            "an earlier script may have read it: give this hook the whole input",
        )
    tip = head(repository)
    with Cat(repository.git) as cat:
        judged = judging(args, streams, repository, cat, tip)
        with stopping(streams):
            refuse_broken(args, streams, repository, cat, tip, updates)
        asked = excuse(streams.environ, "forbidden here" if args.no_skip else judged.forbidden)
        left = looking(args.budget, time.monotonic() - began)
        outcome = Looking(args, streams, repository, cat, judged, updates, left).outcome(asked)
        setup, outcome = readable(args, judged.setup, outcome, "push a corrected one to the default branch")
        made = excused(report(args, streams, setup, outcome), asked)
    say(made, streams)
    write(made, setup, streams, asked)
    return made.exit


class Looking:
    """One push being looked at, as long as there is time."""

    def __init__(
        self,
        args: argparse.Namespace,
        streams: Streams,
        repository: Repository,
        cat: Cat,
        judged: Judging,
        updates: Sequence[Update],
        left: float,
    ) -> None:
        self._left, self._more, setup = left, judged.notes, judged.setup
        self._args, self._repository, self._cat, self._updates = args, repository, cat, updates
        self._span = Range(b"", b"")
        self._objects: Objects | None = None
        self._done: set[bytes] = set()
        self._found: list[Occurrence] = []
        self._listed = False
        self._beside = Beside(repository, cat, setup)
        self._scan = Scan(repository, cat, setup, Progress(streams.stderr, False, streams.clock))

    def outcome(self, asked: Excuse | None) -> Outcome:
        """What was found; and where the time was over first, what was not reached."""
        try:
            with Budget(self._left):
                self._look()
            late: list[str] = []
        except Spent:
            self._cat.close()  # it may be in the middle of an answer; the next question starts it anew
            late = self._unreached()
        made = self._beside.added(self._made(late))
        return made._replace(notes=[*([asked.told] if asked else []), *made.notes])

    def _look(self) -> None:
        self._objects = pushed.objects(self._cat, self._updates)
        self._beside.look(self._updates, self._objects)
        commits = self._objects.commits
        self._span = pushed.commits(self._repository, self._cat, commits, self._updates, "--all")
        self._listed = True
        for part in _parts(self._span):
            self._found += list(self._scan.occurrences(part))
            self._done.update(each.commit for each in part.commits())

    def _unreached(self) -> list[str]:
        """The refs of which not all commits were looked at. Parents are looked at first: a ref whose commit was is
        done."""
        if not self._listed or self._objects is None:
            return [_shown(update.ref) for update in self._updates if update.new]
        left = {each.commit for each in self._span.commits()} - self._done
        return [_shown(ref) for ref, tip in self._objects.tips.items() if tip in left]

    def _made(self, late: Sequence[str]) -> Outcome:
        looker = self._scan.looker
        skips = self._scan.skips
        problems = [*self._span.problems, *looker.problems, *self._scan.problems]
        words = self._words(late)
        if late and self._args.on_budget == "fail":
            hint = "push fewer commits at a time, or let the server's operator raise --budget"
            problems.append(Problem("the push", words, hint))
        elif late:
            skips = (*skips, self._skip(words, len(late)))
        return Outcome(
            Target("hook", self._repository.git_dir),
            Coverage(None, looker.blobs, len(self._done), looker.bytes, skips, self._scan.expanded),
            self._found,
            problems,
            self._notes(),
            self._scan.dropped,
        )

    def _words(self, late: Sequence[str]) -> str:
        left = self._span.total - len(self._done)
        what = f"{left:,} of {many(self._span.total, 'commit')}" if self._listed else many(len(late), "ref")
        more = f" and {len(late) - NAMED:,} more" if len(late) > NAMED else ""
        named = ", ".join(late[:NAMED]) + more
        of = ", of" if self._listed else ":"
        return f"the time budget of {self._args.budget:g} s is spent: {what} not looked at{of} {named}"

    def _skip(self, words: str, late: int) -> Skip:
        return Skip("commit", words, self._span.total - len(self._done)) if self._listed else Skip("ref", words, late)

    def _notes(self) -> list[str]:
        gone = sum(update.new is None for update in self._updates)
        words = many(len(self._updates), "ref") + (f", of which {gone:,} deleted" if gone else "")
        empty = ["no commit is new here"] if self._listed and not self._span.total else []
        return [*self._more, f"pushed: {words}", *empty]


def _parts(span: Range) -> Iterator[Range]:
    """The range in parts that grow: the first ones are a commit each, so that a large one does not cost the finds of
    small ones before it."""
    lines = span.listed.splitlines(keepends=True)
    done = 0
    while done < len(lines):
        size = min(1 + done // 4, LARGEST)
        yield span._replace(listed=b"".join(lines[done : done + size]))
        done += size


def _shown(ref: bytes) -> str:
    return ref.decode("utf-8", "backslashreplace")
