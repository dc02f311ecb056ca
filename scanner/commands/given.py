"""Tokens that people hand over on the standard input, one a line: as findings without places, and the report on them.

What `explain`, `verify`, `revoke` and `journal resume -` share. A token is never taken from the command line.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple

from scanner.commands.scanning import TIMEOUT, Setup, prepare, stamp
from scanner.commands.silence import silent
from scanner.detect import Detector
from scanner.errors import NothingToScan, UsageError
from scanner.model import Coverage, Finding, Hit, Location, Position, Problem, Report, Rule, Streams, Target
from scanner.pipeline import Occurrence, group
from scanner.report.output import write_report
from scanner.report.redactor import Redactor

LONGEST = 64 * 1024  # bytes of a line that are looked at; no credential is as long


class Given(NamedTuple):
    """What came: a finding for each distinct token, and the lines that hold none."""

    findings: tuple[Finding, ...]
    problems: tuple[Problem, ...]


class Line(NamedTuple):
    """A line of the input, without its end. `data` is None where it is longer than LONGEST."""

    number: int  # from 1
    size: int  # bytes
    data: bytes | None


def words(argv: Sequence[str]) -> list[str]:
    """`argv`, unless a token stands in it. UsageError then, which does not repeat it."""
    if any(Redactor().clean(data) != data for data in map(os.fsencode, argv)):
        raise on_the_command_line()
    return list(argv)


def on_the_command_line() -> UsageError:
    """What is said of a token there."""
    return UsageError(
        "tokens are read from the standard input, never from the command line",
        "a token that was given there is now in the shell's history, and other processes could see it: "
        "take it out of there, and treat it as leaked",
    )


def lines(stdin: BinaryIO) -> Iterator[Line]:
    """The lines that are not empty, in bounded memory. At a terminal an empty line is the end."""
    number = 0
    while chunk := stdin.readline(LONGEST + 1):
        number += 1
        size, last = len(chunk), chunk
        while size > LONGEST and last and not last.endswith(b"\n"):
            last = stdin.readline(LONGEST)
            size += len(last)
        size -= last.endswith(b"\n")
        if size > LONGEST:
            yield Line(number, size, None)
        elif data := chunk.strip():
            yield Line(number, size, data)
        elif stdin.isatty():
            return


@contextmanager
def unseen(streams: Streams) -> Iterator[None]:
    """At a terminal nothing that is typed is shown, as getpass does it."""
    if not streams.stdin.isatty():
        yield
        return
    with silent(streams.stdin.fileno()):
        streams.stderr.write(b"Tokens, one a line; they are not shown. An empty line ends.\n")
        streams.stderr.flush()
        yield


def add_options(parser: argparse.ArgumentParser) -> None:
    """How to report, and with which configuration."""
    add = parser.add_argument
    # What no option wants: argparse would repeat it in its complaint, and not every secret looks like one.
    add("strays", nargs="*", help=argparse.SUPPRESS)
    add("-f", "--format", default="text", metavar="FORMAT", help="text, json or jsonl (default text)")
    add("-o", "--output", default="-", metavar="FILE", help="write the report to FILE, not to stdout")
    add("--report", action="append", default=[], metavar="FORMAT=FILE", help="one more report; repeatable")
    add("--config", metavar="FILE", help="a configuration besides your own")
    add("--rules", action="append", default=[], metavar="PATH", help="more rules: a file or a folder; repeatable")
    add("--no-progress", action="store_true", help="no progress on the terminal")
    add("-q", "--quiet", action="store_true", help="tokens and problems only")
    add("-v", "--verbose", action="store_true", help="more words")
    add("--color", choices=("auto", "always", "never"), default="auto", help="colour (default auto)")


def setup(args: argparse.Namespace, streams: Streams, allowed: Sequence[str] = ()) -> Setup:
    """Configuration (the operator's alone) and rules. UsageError for words that are not `allowed`, ConfigError and
    RuleError for what is wrong."""
    if any(word not in allowed for word in args.strays):
        raise on_the_command_line()
    silent = {"only": [], "skip": [], "show_secrets": False, "show_suppressed": False, "fail_on": "any"}
    return prepare(argparse.Namespace(**vars(args), **silent), streams, None, None)


def read(streams: Streams, known: Sequence[Rule]) -> Given:
    """Reads to the end. NothingToScan where nothing came, UsageError where no line holds a token that `known` finds."""
    detector = Detector(known, TIMEOUT)
    occurrences: list[Occurrence] = []
    problems: list[Problem] = []
    with unseen(streams):
        for line in lines(streams.stdin):
            scan = detector.scan(line.data or b"")
            at = Position(line.number, 1, line.number, 1)
            occurrences += (Occurrence(Hit(match, at), Location("stdin", position=at)) for match in scan.matches)
            if scan.overrun or not scan.matches:
                hint = "`xoxscan explain` says what each line is"
                problems.append(Problem(f"line {line.number}", "no Slack credential was found in it", hint))
    if not occurrences and problems:
        raise UsageError("no line of the standard input holds a Slack credential", problems[0].hint)
    if not occurrences:
        raise NothingToScan("nothing came on the standard input", "give it tokens, one a line, from a file")
    findings = group(occurrences, known, lambda secret: None)
    return Given(tuple(finding._replace(locations=()) for finding in findings), tuple(problems))


def report(
    kind: str, made: Setup, streams: Streams, findings: Iterable[Finding], problems: Iterable[Problem]
) -> Report:
    """A report on tokens whose places nobody asked for."""
    return Report(
        target=Target(kind),
        started=stamp(made.started),
        finished=stamp(streams.clock()),
        rules=len(made.rules),
        config_from=made.config_from,
        coverage=Coverage(),
        findings=tuple(findings),
        suppressed=(),
        problems=tuple(problems),
    )


def write(done: Report, made: Setup, streams: Streams) -> int:
    """Writes it as it was asked for; its exit status."""
    write_report(done._replace(finished=stamp(streams.clock())), made.outputs, streams.stdout, made.options)
    return done.exit
