"""The options about asking Slack; and what loads the network only if somebody wants that: it costs more to load than
most scans take."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from scanner.commands import scanning
from scanner.commands.scanning import Setup
from scanner.git.repository import Repository
from scanner.model import Report, Streams

Respond = Callable[[Report], Report]
LEVELS = ("none", "verify", "rehearse", "revoke")


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of every scanning command that may ask Slack."""
    scanning.add_options(parser)
    add = parser.add_argument
    add("--respond", choices=LEVELS, default="none", help="what to ask of Slack: docs/responding.md (default none)")
    add("--visibility", choices=("public", "private"), help="who can see the repository (default private)")
    add_asking(parser)
    add("--max-revoke", type=int, metavar="N", help="the most tokens that one run may revoke (default 5)")
    add("--yes", action="store_true", help="act without asking")


def add_asking(parser: argparse.ArgumentParser) -> None:
    """The options of everything that asks Slack."""
    add = parser.add_argument
    add("--deadline", type=_seconds, default=120.0, metavar="S", help="seconds for asking Slack (default 120)")
    add("--probe-sessions", action="store_true", help="also try sessions, which Slack may notice: docs/responding.md")


def _seconds(word: str) -> float:
    try:
        seconds = float(word)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < 10**6:
        raise argparse.ArgumentTypeError(f"{word!r} is not a number of seconds above 0")
    return seconds


def responder(args: argparse.Namespace, streams: Streams) -> Callable[[Setup, Repository | None], Respond]:
    """For a scan's setup what gives its report what Slack said and what was done, as `--respond` says. Refuses at once
    what is wrong about the options: UsageError."""
    if args.respond == "none":
        return lambda setup, repository: lambda report: report
    from scanner.commands import responding

    responding.refuse(args, streams)
    return lambda setup, repository: lambda report: responding.responded(args, streams, setup, repository, report)
