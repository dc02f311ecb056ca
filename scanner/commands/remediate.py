"""`xoxscan remediate`: the runbook for findings, the expressions that rewrite a history, and whether it is clean."""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from scanner import rules as ruleset
from scanner.commands.remediate_scan import Asked, Scanned, repository_of, scan
from scanner.commands.remediate_verify import verify
from scanner.errors import FINDINGS, INCOMPLETE, OK, UsageError
from scanner.git import refs
from scanner.git.repository import Repository, common_dir
from scanner.model import Finding, Location, Match, Problem, Report, Rule, Secret, Streams
from scanner.report.output import Output, check, secrets
from scanner.report.reading import to_report
from scanner.report.redactor import Redactor
from scanner.respond import clean, expressions, outside, rewriting, telling
from scanner.respond.remediate import runbook

SUMMARY = "What to do about findings, in order; the expressions that rewrite a history; and whether it is clean."
_FORMATS = ("text", "json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `remediate`."""
    add = parser.add_argument
    add("words", nargs="*", metavar="REPORT.json|REPO", help="a JSON report (- is stdin), a repository, or both")
    add("-f", "--format", choices=_FORMATS, default="text", help="text or json (default text)")
    add("-o", "--output", default="-", metavar="FILE", help="write the answer to FILE, mode 0600, not to stdout")
    add("--expressions", metavar="FILE", help="a new file for git filter-repo --replace-text; IT HOLDS THE TOKENS")
    add("--verify-clean", nargs="?", const="", metavar="REPO", help="scan all objects: does any finding still stand?")
    add("--remote", metavar="NAME", help="with --verify-clean: ask this remote (or address) which refs it shows")
    add("--config", metavar="FILE", help="a configuration besides the repository's own")
    add("--rules", action="append", default=[], metavar="PATH", help="more rules: a file or a folder; repeatable")
    add("--jobs", metavar="N", help="processes (default: one a core)")
    add("--alternates", action="store_true", help="also what is only in borrowed object databases")
    add("--allow-shallow", action="store_true", help="a shallow clone is what is wanted")
    add("--trust-repo-config", action="store_true", help="let a foreign repository's configuration count")
    add("--no-progress", action="store_true", help="no progress on the terminal")


def run(args: argparse.Namespace, streams: Streams) -> int:
    """The exit status: 0 nothing is left to do, 1 something still stands, 3 the look was incomplete."""
    asked = _asked(args, streams)
    _refuse(args, asked)
    if asked.verify:
        answer = verify(args, streams, asked)
        _out(args, streams, answer.data, answer.hidden)
        return answer.status
    return _runbook(args, streams, asked)


def _asked(args: argparse.Namespace, streams: Streams) -> Asked:
    words = [*args.words, *([args.verify_clean] if args.verify_clean else [])]
    folders = [word for word in words if word != "-" and os.path.isdir(word)]
    files = [word for word in words if word not in folders]
    if len(folders) > 1 or len(files) > 1:
        raise UsageError("one report and one repository at most", "xoxscan remediate REPORT.json REPO")
    known = _read(files[0], streams) if files else None
    verifies = args.verify_clean is not None
    if verifies and known and not known.findings:  # «clean of nothing» would be no answer: then any find counts
        known = None
    return Asked(known, folders[0] if folders else None, verifies)


def _read(file: str, streams: Streams) -> Report:
    try:
        return to_report(streams.stdin.read() if file == "-" else Path(file).read_bytes())
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}", "name a JSON report, or a repository") from None
    except UsageError as error:
        raise UsageError(f"{file}: {error}", error.hint) from None


def _refuse(args: argparse.Namespace, asked: Asked) -> None:
    check([Output(args.format, args.output)])
    if args.remote is not None and not asked.verify:
        raise UsageError("--remote asks a remote only with --verify-clean")
    if asked.verify and args.expressions is not None:
        raise UsageError("--expressions and --verify-clean are two runs", "first the one, then rewrite, then the other")
    if args.expressions == "-":
        raise UsageError("--expressions needs a file: it holds the tokens in the clear", "name a new file")


class Told(NamedTuple):
    """What a runbook is made of: whose findings, the rules, what went wrong, what else is to be said, what must be
    masked, the expressions file if one was made, and which spellings were looked for."""

    known: Report
    rules: tuple[Rule, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...] = ()
    hidden: tuple[Secret, ...] = ()
    written: telling.Written | None = None
    spelled: expressions.Spelled = expressions.Spelled()


def _runbook(args: argparse.Namespace, streams: Streams, asked: Asked) -> int:
    if asked.report and args.expressions is None:
        return _tell(args, streams, Told(asked.report, _rules(args), asked.report.problems))
    place = _expressions_place(args, streams, asked) if args.expressions is not None else None
    scanned = scan(args, streams, asked)
    known = asked.report or scanned.report
    problems = (*clean.unlooked(asked.report, scanned.setup.rules), *scanned.report.problems)
    told = Told(known, scanned.setup.rules, problems, tuple(scanned.outcome.notes), tuple(secrets(scanned.report)))
    standing = [each.finding for each in clean.still(scanned.report, clean.wanted(asked.report))]
    told = told._replace(spelled=_spelled(scanned, standing))
    return _tell(args, streams, told if place is None else _with_expressions(place, scanned, standing, told))


def _with_expressions(place: str, scanned: Scanned, standing: Sequence[Finding], told: Told) -> Told:
    """Makes the expressions file, if there is anything to replace."""
    spelled = told.spelled
    known = (*standing, *told.known.findings)  # a mirror clone lacks what Git LFS keeps; the report may know of it
    left = [at for each in known for at in each.locations if not spelled.reaches(each, at)]
    written = None
    if spelled.spellings:
        outside.create(place, expressions.render(spelled.spellings))
        written = _written(place, scanned.repository, spelled, left)
    return told._replace(
        problems=(*told.problems, *spelled.problems),
        notes=(*told.notes, *_missing(told.known, standing, spelled.spellings, left)),
        hidden=(*told.hidden, *spelled.spellings),
        written=written,
    )


def _expressions_place(args: argparse.Namespace, streams: Streams, asked: Asked) -> str:
    """Looked at before the scan: a refusal after it would cost minutes."""
    repository = repository_of(asked, streams)
    folders = [tree.folder for tree in refs.worktrees(repository.git)]
    roots = (repository.git_dir, common_dir(repository), *([repository.top] if repository.top else []), *folders)
    return outside.new_file(args.expressions, tuple(roots))


def _spelled(scanned: Scanned, standing: Iterable[Finding]) -> expressions.Spelled:
    chosen = {(finding.kind, finding.secret) for finding in standing}
    places = [
        item.location for item in scanned.outcome.occurrences if (item.hit.match.kind, item.hit.match.secret) in chosen
    ]

    def wanted(match: Match) -> bool:
        return (match.kind, match.secret) in chosen

    git = scanned.repository.git
    return expressions.collect(git, scanned.setup.detector(), expressions.objects(git, places), wanted)


def _missing(
    known: Report, standing: Iterable[Finding], spellings: Iterable[Secret], left: Iterable[Location]
) -> Iterable[str]:
    here = {finding.fingerprint for finding in standing}
    gone = [finding.redacted for finding in known.findings if finding.fingerprint not in here]
    if gone:
        yield f"not in this repository, so not among the expressions: {', '.join(gone)}"
    if not list(spellings):
        yield "no expressions were written: there is nothing in a blob or a message to replace"
        if blobs := _blobs(left):
            yield telling.unreached(blobs)


def _blobs(left: Iterable[Location]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(at.blob for at in left if at.blob))


def _written(
    place: str, repository: Repository, spelled: expressions.Spelled, left: Sequence[Location]
) -> telling.Written:
    folder, file = shlex.quote(repository.top or repository.git_dir), shlex.quote(place)
    commands = (rewriting.command(file, rewriting.paths(left), folder), f"rm {file}")
    tokens = len({fingerprint for _, fingerprint in spelled.reached})
    return telling.Written(place, len(spelled.spellings), tokens, _blobs(left), commands)


def _rules(args: argparse.Namespace) -> tuple[Rule, ...]:
    return (*ruleset.builtin(), *(rule for path in args.rules for rule in ruleset.load(Path(path))))


def _tell(args: argparse.Namespace, streams: Streams, told: Told) -> int:
    known, written = told.known, told.written
    book = runbook(known.findings, {rule.id: rule for rule in told.rules}, told.spelled.reaches)
    status = FINDINGS if known.findings else INCOMPLETE if told.problems else OK
    if args.format == "json":
        data = telling.runbook_json(book, written, told.problems, told.notes, status)
    else:
        data = telling.runbook_text(book, written, told.problems, told.notes)
    _out(args, streams, data, [*secrets(known), *told.hidden])
    return status


def _out(args: argparse.Namespace, streams: Streams, data: bytes, hidden: Iterable[Secret]) -> None:
    masked = Redactor(hidden).clean(data)
    if args.output == "-":
        streams.stdout.write(masked)
        streams.stdout.flush()
    else:
        outside.replace(args.output, masked)
