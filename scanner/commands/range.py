"""`xoxscan range A..B`: the commits of a range; what asks Slack about them, if that is wanted."""

from __future__ import annotations

import argparse
import os

from scanner.commands.ranging import outcome
from scanner.commands.responder import add_options, responder
from scanner.commands.scanning import finish, prepare, refuse
from scanner.errors import UsageError
from scanner.git.objects import Cat
from scanner.git.repository import find
from scanner.git.snapshots import TreeSnapshot
from scanner.model import Streams
from scanner.sources import commits as ranges

SUMMARY = "Scans every commit reachable from B and not from A: what it introduces, and its message."

_UNSET = "of the range {} one side is empty and stands for HEAD: is a variable of it not set?"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See scanner.commands.scanning."""
    parser.add_argument("range", metavar="A..B", help="as git means it; A...B too")
    add_options(parser)


def run(args: argparse.Namespace, streams: Streams) -> int:
    """The exit status. Errors: see scanner.errors."""
    refuse(args, streams)
    respond = responder(args, streams)
    if args.range in ("..", "..."):
        hint = "an end that is left out is HEAD, so this is always empty: is a variable of it not set?"
        raise UsageError(f"the range {args.range} names no commits", hint)
    repository = find(os.getcwd(), streams.environ, own=False)
    span = ranges.between(repository, args.range)
    with Cat(repository.git) as cat:
        label = args.range.partition("..")[0] or "HEAD"
        base = TreeSnapshot(repository.git, cat, span.base, label) if span.base else None
        setup = prepare(args, streams, base, repository)
        made = outcome(args, streams, repository, cat, setup, span)
        left = [] if span.listed else _left_out(args.range)
        made = made._replace(target=made.target._replace(range=args.range), notes=[*made.notes, *left])
        return finish(args, streams, setup, made, respond(setup, repository))


def _left_out(words: str) -> list[str]:
    """What is said of an empty range of which one end is: a variable that is not set gives just that."""
    return [_UNSET.format(words[:200])] if words.startswith("..") or words.endswith("..") else []
