"""`xoxscan report`: a JSON report in another form."""

from __future__ import annotations

import argparse
from pathlib import Path

from scanner.commands.scanning import anchor
from scanner.errors import OK, UsageError
from scanner.git.snapshots import FolderSnapshot
from scanner.model import Report, Streams
from scanner.report import FORMATS, Options
from scanner.report.output import STDOUT, Output, check, colored, write_report
from scanner.report.reading import to_report

SUMMARY = "turn a JSON report into another format"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `report`."""
    parser.add_argument("file", metavar="FILE.json", help="what `-f json` wrote; - is the standard input")
    parser.add_argument("-f", "--format", default="text", help=f"one of {', '.join(FORMATS)} (default: text)")
    parser.add_argument("-o", "--output", metavar="FILE", default=STDOUT, help="write to FILE, mode 0600")
    parser.add_argument("--show-suppressed", action="store_true", help="list suppressed findings too")
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="default: auto")
    parser.add_argument("-q", "--quiet", action="store_true", help="findings and problems only")
    parser.add_argument("-v", "--verbose", action="store_true", help="every place of every finding")


def run(args: argparse.Namespace, streams: Streams) -> int:
    """Write the report. The status is 0 when it is written, whatever it says; tokens in it are masked."""
    outputs = [Output(args.format, args.output)]
    check(outputs)
    options = Options(
        color=colored(args.color, streams.stdout, streams.environ),
        show_suppressed=args.show_suppressed,
        quiet=args.quiet,
        verbose=args.verbose,
        anchor=anchor(FolderSnapshot(".", "here")) or Options().anchor,
    )
    write_report(_read(args.file, streams), outputs, streams.stdout, options)
    return OK


def _read(file: str, streams: Streams) -> Report:
    try:
        data = streams.stdin.read() if file == "-" else Path(file).read_bytes()
        return to_report(data)
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}") from None
    except UsageError as error:
        raise UsageError(f"{file}: {error}", error.hint) from None
