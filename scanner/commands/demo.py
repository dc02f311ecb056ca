"""`xoxscan demo`: plants fakes in a throw-away repository, and lets `scan` and `history` find them again."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import chdir
from pathlib import Path
from types import ModuleType

from scanner.commands import history, scan
from scanner.demo import scratch
from scanner.demo.scratch import Planted
from scanner.errors import INCOMPLETE, OK, UsageError
from scanner.model import Match, Streams
from scanner.pipeline import fingerprint

SUMMARY = "Plants fakes in a throw-away repository and finds them again; needs no network and leaves nothing behind."

_BEGIN = "{count} fakes are planted in a throw-away repository: they look like Slack credentials, and never were any.\n"
_END = """
{found} of {count} were found. With a real one, begin with «what to do»: only revoking makes it harmless. Then keep the
next one out: README shows the hooks for the pre-commit framework.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the demo."""
    parser.add_argument("--serve", action="store_true", help="with a local stand-in for Slack (not built yet)")


def run(args: argparse.Namespace, streams: Streams) -> int:
    """OK when everything that was planted was found, else INCOMPLETE."""
    if args.serve:
        raise UsageError("demo --serve is not built yet", "xoxscan demo shows the scans alone")
    with tempfile.TemporaryDirectory(prefix="xoxscan-demo-") as folder:
        work, repository = Path(folder), Path(folder, "repository")
        repository.mkdir()
        quiet = streams._replace(environ=_sealed(streams.environ, work))
        planted = scratch.build(repository, quiet.environ)
        _say(streams, _BEGIN.format(count=len(planted)))
        reported = [_scan(command, repository, work / "report.json", quiet) for command in (scan, history)]
        return _conclude(streams, planted, reported)


def _sealed(environ: Mapping[str, str], home: Path) -> dict[str, str]:
    """What of the environment may count: not the user's own configuration of git or of xoxscan."""
    kept = {name: environ[name] for name in ("PATH", "TERM", "NO_COLOR", "LANG", "TMPDIR") if name in environ}
    return {**kept, "HOME": str(home), "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


def _scan(command: ModuleType, repository: Path, report: Path, streams: Streams) -> set[str]:
    """Runs a command as the command line would, in `repository`; gives the fingerprints that it reports."""
    name = command.__name__.rpartition(".")[2]
    _say(streams, f"\n$ xoxscan {name}\n")
    parser = argparse.ArgumentParser(prog=f"xoxscan {name}")
    command.add_arguments(parser)
    args = parser.parse_args(["--no-progress", f"--report=json={report}"])
    args.folder = None
    with chdir(repository):
        command.run(args, streams)
    return {finding["fingerprint"] for finding in json.loads(report.read_bytes())["findings"]}


def _conclude(streams: Streams, planted: Sequence[Planted], reported: Sequence[set[str]]) -> int:
    """Says which command found what, and gives the exit status."""
    missed = 0
    _say(streams, f"\n{'planted':<16}{'where':<54}{'scan':<7}history\n")
    for fake in planted:
        seen = [_fingerprint(fake) in fingerprints for fingerprints in reported]
        missed += not any(seen)
        scanned, held = ("found" if one else "–" for one in seen)
        _say(streams, f"{fake.kind:<16}{fake.where:<54}{scanned:<7}{held}\n")
    _say(streams, _END.format(found=len(planted) - missed, count=len(planted)))
    return INCOMPLETE if missed else OK


def _fingerprint(fake: Planted) -> str:
    """What a report calls the whole token, if it was found to the character."""
    return fingerprint(Match("", fake.kind, fake.secret, "****", (), 0, 0))


def _say(streams: Streams, text: str) -> None:
    streams.stdout.write(text.encode())
    streams.stdout.flush()
