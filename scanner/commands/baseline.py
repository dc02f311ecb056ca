"""`xoxscan baseline write|update|prune|audit`: the folder of known findings, one small file each."""

from __future__ import annotations

import argparse
import io
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from scanner.commands import asking, history, scan
from scanner.errors import INCOMPLETE, OK, Incomplete, OutputError, UsageError
from scanner.filters import baseline as baselines
from scanner.filters.baseline import Known
from scanner.filters.entries import Entry, is_date
from scanner.git.repository import Repository
from scanner.git.snapshots import FolderSnapshot
from scanner.model import Finding, Report, Streams
from scanner.report.reading import to_report

SUMMARY = "Known findings, a small file each: write, update, prune, or audit them one by one."

_ACTIONS = (
    ("write", "a file for every finding; the folder must be empty"),
    ("update", "files for what is new; what is there stays as it is"),
    ("prune", "take out the files whose secrets occur no more"),
    ("audit", "ask about each finding that nobody has decided about: real, or a false alarm?"),
)
_SOURCES = {"scan": scan, "history": history}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The four actions and their options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, text in _ACTIONS:
        action = actions.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        add = action.add_argument
        add("source", nargs="?", choices=tuple(_SOURCES), help="what to scan (default: history, outside of git scan)")
        add("--report", metavar="FILE", help="take a JSON report instead of scanning; - is the standard input")
        add("--baseline", metavar="DIR", help="the folder (default: .xoxscan-baseline at the top of the work tree)")
        add("--config", metavar="FILE", help="a configuration besides the repository's own")
        add("--rules", action="append", default=[], metavar="PATH", help="more rules: a file or a folder; repeatable")
        add("--jobs", metavar="N", help="processes (default: one a core)")
        add("--no-progress", action="store_true", help="no progress on the terminal")
        if name in ("write", "update"):
            add("--reason", required=True, help="why these findings are known")
            add("--owner", required=True, help="who answers for them")
            add("--until", metavar="DATE", help="the last day on which they are, as 2030-01-31")
        if name == "prune":
            add("--yes", action="store_true", help="do not ask")


def run(args: argparse.Namespace, streams: Streams) -> int:
    """The exit status. Errors: see scanner.errors."""
    if args.action == "audit":
        from scanner.commands import baseline_audit

        return baseline_audit.run(args, streams)
    return _prune(args, streams) if args.action == "prune" else _write(args, streams)


def _write(args: argparse.Namespace, streams: Streams) -> int:
    for option in ("reason", "owner"):
        complaint = asking.text_complaint(getattr(args, option))
        if complaint:
            raise UsageError(f"--{option}: {complaint}")
    if args.until is not None and not is_date(args.until):
        raise UsageError(f"--until {args.until} is not a date", "write it as 2030-01-31")
    folder = folder_of(args, streams)
    known = read(folder)
    if known and args.action == "write":
        raise UsageError(f"{folder} holds {len(known)} entries already", "baseline update adds to them")
    report = report_of(args, streams)
    new = [finding for finding in candidates(report) if finding.fingerprint not in known]
    for finding in new:
        entry = Entry(finding.fingerprint, args.reason.strip(), args.owner.strip(), args.until)
        store(folder, Known(entry, finding.rule, finding.redacted))
    asking.say(streams, f"{len(new)} written to {folder}, {len(known)} were there")
    if new and not args.baseline:
        asking.say(streams, "they count once they are committed; in the hook, once they are staged")
    if report.problems:
        asking.say(streams, f"the report is incomplete: {len(report.problems)} problems; there may be more findings")
    return INCOMPLETE if report.problems else OK


def _prune(args: argparse.Namespace, streams: Streams) -> int:
    if not args.yes and not asking.terminal(streams):
        raise UsageError("prune asks on a terminal, and this is none", "--yes takes them out without asking")
    folder = folder_of(args, streams)
    known = read(folder)
    report = _whole(args, streams)
    present = {finding.fingerprint for finding in (*report.findings, *(s.finding for s in report.suppressed))}
    gone = [each for fingerprint, each in known.items() if fingerprint not in present]
    for each in gone:
        asking.say(streams, f"{each.entry.what}  {each.redacted}  {each.entry.reason} ({each.entry.owner})")
    if not gone:
        asking.say(streams, f"all {len(known)} entries of {folder} still occur")
    elif args.yes or _agreed(streams, len(gone)):
        for each in gone:
            with _writing(folder):
                (folder / baselines.filename(each.entry.what)).unlink(missing_ok=True)
        asking.say(streams, f"{len(gone)} taken out of {folder}, {len(known) - len(gone)} left")
    return OK


def _whole(args: argparse.Namespace, streams: Streams) -> Report:
    """The report that says what is gone. Errors where one does not tell that."""
    if args.source == "scan" and not args.report:  # before it is made
        _refuse_surface(scan.around(streams))
    report = report_of(args, streams)
    if report.target.kind not in _SOURCES:
        raise UsageError(f"a report of {report.target.kind} does not tell what is gone", "take one of scan or history")
    _refuse_part(report, streams)
    if report.problems:
        first = report.problems[0]
        raise Incomplete(f"what is gone cannot be told: {first.what}: {first.message}", first.hint)
    return report


def _refuse_part(report: Report, streams: Streams) -> None:
    """What a report did not look for, or looked for elsewhere, is not gone."""
    if not report.target.whole:
        raise UsageError("the report is of a part: paths or rules were left out", "make one of everything")
    repository = scan.around(streams)
    if report.target.repository != (repository.top if repository else None):
        raise UsageError("the report is of another repository or folder", "make one here")
    if report.target.kind == "scan":
        _refuse_surface(repository)


def _refuse_surface(repository: Repository | None) -> None:
    """What no longer stands in the files of a repository may still stand in its history."""
    if repository:
        message = "a scan of the work tree does not tell what is gone: history may hold it still"
        raise UsageError(message, "xoxscan baseline prune history looks at everything")


def _agreed(streams: Streams, count: int) -> bool:
    try:
        answer = asking.ask(streams, f"take out these {count}? [y/N]", lambda answer: "")
    except asking.Left:
        return False
    return answer.lower() in ("y", "yes")


def folder_of(args: argparse.Namespace, streams: Streams) -> Path:
    """The folder of the baseline, which need not be there."""
    if args.baseline:
        return Path(args.baseline)
    repository = scan.around(streams)
    folder = Path(_top(repository), os.fsdecode(baselines.FOLDER))
    if folder.is_symlink():
        raise UsageError(f"{folder} is a symlink: what stands behind it would never be committed", "make it a folder")
    return folder


def _top(repository: Repository | None) -> str:
    """The way from here to the top of the work tree."""
    return os.path.relpath(repository.top) if repository and repository.top else "."


def read(folder: Path) -> Mapping[str, Known]:
    """What is known, by fingerprint, as it stands on disk. ConfigError for a file that is wrong."""
    whole = Path(os.path.abspath(folder))
    return baselines.read(FolderSnapshot(str(whole.parent), "work tree"), os.fsencode(whole.name)).known


def store(folder: Path, known: Known) -> None:
    """Writes the file of one entry: all of it, or nothing. OutputError where that fails."""
    name = baselines.filename(known.entry.what)
    beside = folder / f".{name}.{os.urandom(6).hex()}.tmp"
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            beside.write_bytes(baselines.render(known))
            os.replace(beside, folder / name)
        finally:
            beside.unlink(missing_ok=True)


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"cannot write to {folder}: {error.strerror}", "nothing half-done was left there") from None


def candidates(report: Report) -> Iterable[Finding]:
    """What a baseline is about: findings, and those that only the baseline suppresses. One for each fingerprint."""
    known = (each.finding for each in report.suppressed if each.suppression.by == "baseline")
    return {finding.fingerprint: finding for finding in (*report.findings, *known)}.values()


def report_of(args: argparse.Namespace, streams: Streams) -> Report:
    """The report that was named, or that of a scan made now. Its tokens are masked either way."""
    if args.report:
        return to_report(_content(args.report, streams))
    out = io.BytesIO()
    module, options = scanning(args, streams)
    module.run(options, streams._replace(stdout=out))
    return to_report(out.getvalue())


def _content(file: str, streams: Streams) -> bytes:
    try:
        return streams.stdin.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}") from None


def scanning(args: argparse.Namespace, streams: Streams) -> tuple[ModuleType, argparse.Namespace]:
    """The command that scans, and its options: those of ours that it shares, and a JSON report on its output."""
    repository = scan.around(streams)
    module = _SOURCES[args.source or ("history" if repository else "scan")]
    parser = argparse.ArgumentParser(exit_on_error=False)
    module.add_arguments(parser)
    words = ["--format=json", *(f"--rules={path}" for path in args.rules)]
    words += [f"--config={args.config}"] if args.config else []
    words += [f"--jobs={args.jobs}"] if args.jobs else []
    words += ["--no-progress"] if args.no_progress else []
    words += [_top(repository)] if module is scan else []  # all of it, wherever we stand
    try:
        return module, parser.parse_args(words, argparse.Namespace(folder=args.folder))
    except argparse.ArgumentError as error:
        raise UsageError(str(error)) from None
