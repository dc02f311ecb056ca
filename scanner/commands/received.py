"""How a server tells a push what was found: not more than somebody reads, and nothing that sounds better than it is."""

from __future__ import annotations

import io
from contextlib import suppress

from scanner.commands.receiving import Excuse
from scanner.commands.scanning import Setup, anchor
from scanner.errors import OK
from scanner.model import Report, Skip, Streams
from scanner.report import text
from scanner.report.output import STDOUT, Output, OutStream, secrets, write_report
from scanner.report.places import many
from scanner.report.redactor import Redactor

SHOWN = 20  # findings, and problems, that a push is told; reports that go to files hold all
UNSEEN = ("commit", "ref")  # what a Skip of ours calls what the budget did not suffice for


def write(made: Report, setup: Setup, streams: Streams, asked: Excuse | None) -> None:
    """Writes every report that was asked for, what belongs together as one finding; of the text that a push is shown,
    the beginning. OutputError where a file cannot be written."""
    if len(made.findings) > 1:
        from scanner.pairs import paired  # here: most pushes bring nothing

        made = paired(made)
    told = Output("text", STDOUT)
    rest = [output for output in setup.outputs if output != told]
    if rest:
        options = setup.options
        write_report(made, rest, streams.stdout, options._replace(anchor=anchor(setup.base) or options.anchor))
    if told in setup.outputs:
        with suppress(BrokenPipeError):  # who pushed is gone; the push is judged all the same
            streams.stdout.write(_shown(made, setup, asked))
            streams.stdout.flush()


def _shown(made: Report, setup: Setup, asked: Excuse | None) -> bytes:
    out = io.BytesIO()
    stream = OutStream(out, None if setup.options.show_secrets else Redactor(secrets(made)))
    text.write(_first(made), stream, setup.options)
    stream.finish()
    lines = out.getvalue().splitlines(keepends=True)
    if not setup.options.quiet:
        lines[-1:] = [f"{_last(made, asked)}\n".encode()]
    more = [(len(made.findings) - SHOWN, "more finding"), (len(made.problems) - SHOWN, "more problem")]
    words = [f"and {many(count, what)}\n".encode() for count, what in more if count > 0]
    return b"".join([*lines[:-1], *words, *lines[-1:]])


def _first(made: Report) -> Report:
    """So much of it as is shown. How many were not looked at stands in the words already."""
    skipped = (each._replace(count=1) if each.what in UNSEEN else each for each in made.coverage.skipped)
    return made._replace(
        findings=made.findings[:SHOWN],
        problems=made.problems[:SHOWN],
        coverage=made.coverage._replace(skipped=tuple(skipped)),
    )


def _last(made: Report, asked: Excuse | None) -> str:
    """The line of the text report that says what the status means. A push that was let through is not called clean."""
    line = text.summary(made)
    why = _through(made.coverage.skipped, asked)
    return line.removesuffix(text.MEANING[OK]) + f"let through, {why}" if made.exit == OK and why else line


def _through(skipped: tuple[Skip, ...], asked: Excuse | None) -> str:
    unseen = [many(each.count, each.what) for each in skipped if each.what in UNSEEN]
    words = ["as a push option asked"] if asked and asked.refused is None else []
    return " and ".join([*words, *(f"with {each} not looked at" for each in unseen)])
