"""`xoxscan pre-push [REMOTE [URL]]`: git's own hook, which looks at all that a push sends, whatever the number of refs.

git tells on standard input what it is about to send, a line for each ref (githooks(5), pre-push).
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

from scanner.commands import ranging
from scanner.commands.push_remote import held
from scanner.commands.pushing import Beside
from scanner.commands.scanning import Outcome, add_options, finish, prepare
from scanner.git.objects import Cat
from scanner.git.repository import Repository, find, head
from scanner.git.snapshots import TreeSnapshot
from scanner.model import Streams
from scanner.report.places import many
from scanner.sources import pushed
from scanner.sources.pushed import Update

SUMMARY = "git's pre-push hook: every new commit of every ref that a push sends."

# git starts this hook with no line where all that was asked for is over there already (seen with git 2.39).
_NO_LINE = (
    b"xoxscan: git named no ref, so nothing was looked at: all is up to date, or an earlier script has read the input\n"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See scanner.commands.scanning."""
    parser.add_argument(
        "remote", nargs="?", default="", metavar="REMOTE", help="the name of the remote, as git gives it"
    )
    parser.add_argument("url", nargs="?", default="", metavar="URL", help="its address, as git gives it")
    add_options(parser)


def run(args: argparse.Namespace, streams: Streams) -> int:
    """The exit status. Errors: see scanner.errors."""
    repository = find(os.getcwd(), streams.environ, own=args.folder is None)
    updates = pushed.sending(streams.stdin)
    tip = head(repository)
    if not updates and args.remote and _unsent(repository, tip, args.remote):
        streams.stderr.write(_NO_LINE)
    with Cat(repository.git) as cat:
        setup = prepare(args, streams, TreeSnapshot(repository.git, cat, tip, "HEAD") if tip else None, repository)
        objects = pushed.objects(cat, updates)
        known = held(repository, args.remote, args.url, updates)
        span = pushed.commits(repository, cat, objects.commits, updates, *known)
        beside = Beside(repository, cat, setup)
        beside.look(updates, objects)
        made = beside.added(ranging.outcome(args, streams, repository, cat, setup, span))
        return finish(args, streams, setup, _told(made, repository, updates))


def _unsent(repository: Repository, tip: bytes | None, remote: str) -> bool:
    """Whether HEAD holds what the remote is not known to hold."""
    words = ("rev-list", "-n1", tip or b"", "--not", f"--remotes={remote}")
    return bool(tip and repository.git.run(*words))


def _told(made: Outcome, repository: Repository, updates: Sequence[Update]) -> Outcome:
    """`made` as that of a hook, with what was pushed."""
    gone = sum(update.new is None for update in updates)
    words = many(len(updates), "ref") + (f", of which {gone:,} deleted" if gone else "")
    notes = made.notes if made.coverage.commits else ("no commit is new to the remote",)
    target = made.target._replace(kind="hook", repository=repository.top or repository.git_dir)
    return made._replace(target=target, notes=[f"pushed: {words}", *notes])
