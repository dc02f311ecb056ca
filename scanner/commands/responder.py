"""What loads the network only if somebody wants Slack to be asked: it costs more to load than most scans take."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from scanner.commands.scanning import Setup
from scanner.git.repository import Repository
from scanner.model import Report, Streams

Respond = Callable[[Report], Report]


def responder(args: argparse.Namespace, streams: Streams) -> Callable[[Setup, Repository | None], Respond]:
    """For a scan's setup what gives its report what Slack said and what was done, as `--respond` says. Refuses at once
    what is wrong about the options: UsageError."""
    if args.respond == "none":
        return lambda setup, repository: lambda report: report
    from scanner.commands import responding

    responding.refuse(args, streams)
    return lambda setup, repository: lambda report: responding.responded(args, streams, setup, repository, report)
