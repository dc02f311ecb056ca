"""The action's second step: runs `xoxscan ci`, and hands what came out to the runner.

`python -I -m scanner.ci.action`. The inputs of action.yml come in INPUT_… variables, so that no expression of a
workflow ever becomes part of a script (docs.github.com: Script injections). Exits with the program's own status.
"""

from __future__ import annotations

import io
import itertools
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from scanner.ci.runnerfiles import annotated, put, summarize
from scanner.errors import FINDINGS, INCOMPLETE, INTERRUPTED, OK, RESPONSE, UsageError, XoxscanError
from scanner.model import Finding, Report, Streams
from scanner.pairs import paired
from scanner.report import Options, summary
from scanner.report.output import OutStream
from scanner.report.places import harmless
from scanner.report.reading import to_report
from scanner.report.redactor import Redactor
from scanner.report.sentences import excused

# Of what the program says on stderr so much is kept: its last words tell why it ended.
LAST = 1 << 16
LINE = 1_000  # characters of one that is shown again
_SAYS = b"xoxscan: "

# What a workflow's free words may not switch on: one prints tokens, the other destroys without asking. `--` would turn
# our own options into arguments.
REFUSED = ("--show-secrets", "--yes", "--")


class Ended(NamedTuple):
    """How the program ended, and the last that it said on stderr."""

    status: int
    said: bytes = b""


Start = Callable[[Sequence[str], str], Ended]


class Inputs(NamedTuple):
    """The inputs of action.yml, as their texts; empty where none was given."""

    mode: str = "auto"
    range: str = ""
    respond: str = "none"
    fail_on: str = "any"
    config: str = ""
    baseline: str = ""
    sarif: str = ""
    deepen: str = "auto"
    extra_args: str = ""
    working_directory: str = ""


class Files(NamedTuple):
    """Where the reports go."""

    report: str
    sarif: str


def inputs(environ: Mapping[str, str]) -> Inputs:
    """What the runner passed; an input set to nothing counts as not given."""
    given = {name: environ.get(f"INPUT_{name.upper()}", "").strip() for name in Inputs._fields}
    return Inputs(**{name: value for name, value in given.items() if value})


def arguments(asked: Inputs, files: Files) -> list[str]:
    """The words after `xoxscan ci`. Each value stands in one word with its option, so that none can become another
    option. The free words come first: an input wins over the same option there. Raises UsageError."""
    options = {"mode": asked.mode, "respond": asked.respond, "fail-on": asked.fail_on, "deepen": asked.deepen}
    options |= {"config": asked.config, "baseline": asked.baseline}
    words = [f"--{name}={value}" for name, value in options.items() if value]
    words += ["--yes"] if asked.respond == "revoke" else []
    reports = [f"--report=json={files.report}", f"--report=sarif={files.sarif}"]
    return [*_extra(asked.extra_args), *words, *_between(asked.range), "--format=github", *reports]


def _extra(text: str) -> list[str]:
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"extra-args: {error}", "quote it as a POSIX shell would") from None
    for word in words:
        if word.partition("=")[0] in REFUSED:
            hint = "respond: revoke implies --yes; tokens are never shown in a log"
            raise UsageError(f"extra-args may not hold {word.partition('=')[0]}", hint)
    return words


def _between(text: str) -> list[str]:
    """A..B as the options that name its ends; one may be left out, and is HEAD then, as git has it. UsageError where
    that makes both the same: variables that are not set would be a range of nothing, for ever."""
    if not text:
        return []
    base, dots, head = text.partition("..")
    if not dots or head.startswith("."):
        raise UsageError("range is not of the form A..B", "A...B counts from the merge base: name that one instead")
    if not (base and head) and (base or "HEAD") == (head or "HEAD"):
        hint = "an end that is left out is HEAD, so this is always empty: is a variable of it not set?"
        raise UsageError(f"range: {text} names no commits", hint)
    return [f"--base={base or 'HEAD'}", f"--head={head or 'HEAD'}"]


def outputs(report: Report | None, files: Files, status: int) -> dict[str, str]:
    """The outputs of action.yml. What is not known is empty, never 0."""
    found = {"report": files.report, "sarif": files.sarif} if report else {}
    return {**_numbers(report), **found, "exit-status": str(status)}


def _numbers(report: Report | None) -> dict[str, str]:
    if report is None:
        return {}
    numbers = {
        "findings": len(report.findings),
        "live": _live(report.findings),
        "revoked": sum(_revoked(each) for each in report.findings),
        "excused": len(excused(report)),
    }
    return {name: "" if number is None else str(number) for name, number in numbers.items()}


_OPEN = ("unknown", "unsupported")  # Slack could not be asked, or not about this kind


def _live(findings: Sequence[Finding]) -> int | None:
    """How many still work, by Slack's own word; None where of one it has none, and its death is not proven."""
    if any(not _revoked(each) and (each.verdict is None or each.verdict.state in _OPEN) for each in findings):
        return None
    return sum(_works(each) and not _revoked(each) for each in findings)


def _works(finding: Finding) -> bool:
    return finding.verdict is not None and finding.verdict.state in ("active", "restricted")


def _revoked(finding: Finding) -> bool:
    return finding.response is not None and finding.response.state == "revoked"


def read(path: str) -> Report | None:
    """The JSON report that a run left at `path`; None where it left none, as it ended before that."""
    try:
        with open(path, "rb") as file:
            return to_report(file.read())
    except FileNotFoundError:
        return None


def why(said: bytes) -> list[str]:
    """The program's last message and its hint, a line each, without secrets and harmless (scanner.cli prints them)."""
    lines = Redactor().clean(said).splitlines()
    first = max((at for at, line in enumerate(lines) if line.startswith(_SAYS)), default=None)
    if first is None:
        return []
    rest = itertools.takewhile(lambda line: line.startswith(b"  "), lines[first + 1 :])
    return [harmless(line)[:LINE] for line in (lines[first].removeprefix(_SAYS), *map(bytes.strip, rest))]


def markdown(report: Report | None, status: int, reasons: Sequence[str] = ()) -> bytes:
    """The job summary: of the report, or that there is none and the reasons, which are harmless lines: indented, they
    are code, in which nothing means anything (CommonMark 4.4)."""
    if report is None:
        lines = "".join(f"    {each}\n" for each in reasons)
        told = f":\n\n{lines}" if lines else "; its log says why.\n"
        return f"### xoxscan\n\nNothing is known: the scan ended with status {status}{told}".encode()
    out = io.BytesIO()
    redacted = OutStream(out, Redactor())
    summary.write(paired(report), redacted, Options())
    redacted.finish()
    return out.getvalue()


def run(streams: Streams, start: Start) -> int:
    """The whole step; the exit status of `xoxscan ci`, which `start` runs with these arguments in
    this folder."""
    environ = streams.environ
    folder = tempfile.mkdtemp(prefix="xoxscan-report-", dir=environ["RUNNER_TEMP"])
    asked = inputs(environ)
    sarif = asked.sarif or os.path.join(folder, "xoxscan.sarif")
    files = Files(os.path.join(folder, "xoxscan.json"), os.path.abspath(sarif))
    report, status, reasons = _ran(start, asked, files)
    if report is None and status != INTERRUPTED:
        words = reasons or [f"the scan ended with status {status}; its log says why"]
        streams.stdout.write(annotated("error", "; ".join(words)))
    put(environ["GITHUB_OUTPUT"], outputs(report, files, status))
    if path := environ.get("GITHUB_STEP_SUMMARY"):
        summarize(path, markdown(report, status, reasons))
    return status


def _ran(start: Start, asked: Inputs, files: Files) -> tuple[Report | None, int, list[str]]:
    """The report, if the program left one; the status; and where there is no report, why."""
    try:
        ended = start(arguments(asked, files), _folder(asked.working_directory))
        report = read(files.report)
        return report, _known(ended.status, report), why(ended.said)
    except XoxscanError as error:
        said = f"xoxscan: {harmless(str(error))}\n  {harmless(error.hint)}".encode("utf-8", "backslashreplace")
        return None, error.status, why(said)


def _folder(name: str) -> str:
    """The folder to run in. UsageError where there is none of that name."""
    if name and not os.path.isdir(name):
        raise UsageError(f"working-directory {name}: there is no such folder", "name the `path` of actions/checkout")
    return name or os.curdir


def _known(status: int, report: Report | None) -> int:
    """A run that was killed has scanned nothing for sure; nor has one that is well, and has no report (`--help`)."""
    if report is None and status in (OK, FINDINGS):
        return INCOMPLETE
    return status if 0 <= status <= RESPONSE or status == INTERRUPTED else INCOMPLETE


def scan(words: Sequence[str], folder: str) -> Ended:
    """`xoxscan ci` in a process of its own, in `folder`, none of whose modules it can load. What it says on stderr goes
    on to the log at once."""
    said = b""
    command = [sys.executable, "-I", "-m", "scanner", "ci", *words]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE) as process:
        assert process.stderr
        while piece := os.read(process.stderr.fileno(), LAST):
            said = (said + piece)[-LAST:]
            os.write(sys.stderr.fileno(), piece)
    return Ended(process.returncode, said)


def main() -> int:
    """The step, with the process's own streams."""
    streams = Streams(sys.stdin.buffer, sys.stdout.buffer, sys.stderr.buffer, os.environ, time.time)
    try:
        return run(streams, scan)
    finally:
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
