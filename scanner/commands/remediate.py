"""`xoxscan remediate`: the runbook for findings, the expressions that rewrite a history, and whether it is clean."""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from scanner import rules as ruleset
from scanner.commands import history
from scanner.commands.scanning import TIMEOUT, Outcome, Setup, prepare, progress, report
from scanner.errors import FINDINGS, INCOMPLETE, OK, GitError, NothingToScan, UsageError
from scanner.git import refs
from scanner.git.objects import Cat
from scanner.git.reach import Holders
from scanner.git.refs import Name
from scanner.git.repository import Repository, common_dir, find, head
from scanner.git.run import require_version
from scanner.git.snapshots import TreeSnapshot
from scanner.model import Finding, Match, Problem, Report, Secret, Snapshot, Streams
from scanner.pipeline import examine, fingerprint
from scanner.report.output import secrets
from scanner.report.reading import to_report
from scanner.report.redactor import Redactor
from scanner.respond import clean, expressions, outside, remote, telling
from scanner.respond.remediate import runbook
from scanner.sources import origins
from scanner.sources.history import Scope, engine
from scanner.sources.workers import Job

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


class Asked(NamedTuple):
    """What the words on the command line name."""

    report: Report | None
    repository: str | None
    verify: bool


class Scanned(NamedTuple):
    """A scan of all that a repository holds."""

    repository: Repository
    setup: Setup
    outcome: Outcome
    report: Report


def run(args: argparse.Namespace, streams: Streams) -> int:
    """The exit status: 0 nothing is left to do, 1 something still stands, 3 the look was incomplete."""
    asked = _asked(args, streams)
    _refuse(args, asked)
    if asked.verify:
        return _verify(args, streams, asked)
    return _runbook(args, streams, asked)


def _asked(args: argparse.Namespace, streams: Streams) -> Asked:
    words = [*args.words, *([args.verify_clean] if args.verify_clean else [])]
    folders = [word for word in words if word != "-" and os.path.isdir(word)]
    files = [word for word in words if word not in folders]
    if len(folders) > 1 or len(files) > 1:
        raise UsageError("one report and one repository at most", "xoxscan remediate REPORT.json REPO")
    known = _read(files[0], streams) if files else None
    return Asked(known, folders[0] if folders else None, args.verify_clean is not None)


def _read(file: str, streams: Streams) -> Report:
    try:
        return to_report(streams.stdin.read() if file == "-" else Path(file).read_bytes())
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}", "name a JSON report, or a repository") from None
    except UsageError as error:
        raise UsageError(f"{file}: {error}", error.hint) from None


def _refuse(args: argparse.Namespace, asked: Asked) -> None:
    if args.remote is not None and not asked.verify:
        raise UsageError("--remote asks a remote only with --verify-clean")
    if asked.verify and args.expressions is not None:
        raise UsageError("--expressions and --verify-clean are two runs", "first the one, then rewrite, then the other")
    if args.expressions == "-":
        raise UsageError("--expressions needs a file: it holds the tokens in the clear", "name a new file")


# The runbook


def _runbook(args: argparse.Namespace, streams: Streams, asked: Asked) -> int:
    if asked.report and args.expressions is None:
        return _tell_runbook(args, streams, asked.report, None, list(asked.report.problems), [])
    place = _expressions_place(args, streams, asked) if args.expressions is not None else None
    scanned = _scan(args, streams, asked)
    known = asked.report or scanned.report
    problems = [*clean.unlooked(asked.report, scanned.setup.rules), *scanned.report.problems]
    if place is None:
        return _tell_runbook(args, streams, known, None, problems, [])
    standing = [each.finding for each in clean.still(scanned.report, clean.wanted(asked.report))]
    spelled = _spelled(scanned, standing)
    problems += spelled.problems
    notes = list(_missing(known, standing, spelled.spellings))
    if spelled.spellings:
        outside.create(place, expressions.render(spelled.spellings))
    written = _written(place, scanned.repository, spelled, len(standing)) if spelled.spellings else None
    return _tell_runbook(args, streams, known, written, problems, notes, [*secrets(scanned.report), *spelled.spellings])


def _expressions_place(args: argparse.Namespace, streams: Streams, asked: Asked) -> str:
    """Looked at before the scan: a refusal after it would cost minutes."""
    repository = _find(asked, streams)
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


def _missing(known: Report, standing: Iterable[Finding], spellings: Iterable[Secret]) -> Iterable[str]:
    here = {finding.fingerprint for finding in standing}
    gone = [finding.redacted for finding in known.findings if finding.fingerprint not in here]
    if gone:
        yield f"not in this repository, so not among the expressions: {', '.join(gone)}"
    if not list(spellings):
        yield "no expressions were written: there is nothing in a blob or a message to replace"


def _written(place: str, repository: Repository, spelled: expressions.Spelled, tokens: int) -> telling.Written:
    folder, file = shlex.quote(repository.top or repository.git_dir), shlex.quote(place)
    commands = (
        f"git -C {folder} filter-repo --replace-text {file} --replace-message {file}",
        f"rm {file}",
    )
    return telling.Written(place, len(spelled.spellings), tokens, spelled.binary, commands)


def _tell_runbook(
    args: argparse.Namespace,
    streams: Streams,
    known: Report,
    written: telling.Written | None,
    problems: list[Problem],
    notes: list[str],
    hidden: Iterable[Secret] = (),
) -> int:
    book = runbook(known.findings, {rule.id: rule for rule in ruleset.builtin()})
    status = FINDINGS if known.findings else INCOMPLETE if problems else OK
    if args.format == "json":
        data = telling.runbook_json(book, written, problems, notes, status)
    else:
        data = telling.runbook_text(book, written, problems, notes)
    _out(args, streams, data, [*secrets(known), *hidden])
    return status


def _out(args: argparse.Namespace, streams: Streams, data: bytes, hidden: Iterable[Secret]) -> None:
    masked = Redactor(hidden).clean(data)
    if args.output == "-":
        streams.stdout.write(masked)
        streams.stdout.flush()
    else:
        outside.replace(args.output, masked)


# The scan that all of it rests on


def _find(asked: Asked, streams: Streams) -> Repository:
    return find(asked.repository or os.getcwd(), streams.environ, own=False)


def _scan(args: argparse.Namespace, streams: Streams, asked: Asked) -> Scanned:
    """All objects, as `history` scans them; but no configuration of the repository switches a rule off: what is called
    clean has been looked for."""
    repository = _find(asked, streams)
    require_version(repository.git)
    options = _options(args, asked)
    foreign = history.is_foreign(asked.repository, repository, streams) and not args.trust_repo_config
    with Cat(repository.git) as cat:
        setup = prepare(options, streams, None if foreign else _base(repository, cat), repository)
        plain = prepare(options, streams, None, repository)
        chosen = {rule.id: rule for rule in (*plain.rules, *setup.rules)}
        setup = setup._replace(rules=tuple(chosen.values()))
        with progress(options, streams) as shown:
            made = history.outcome(options, repository, setup, shown)
        if not (made.coverage.blobs or made.coverage.commits or made.problems):
            raise NothingToScan("the repository is empty", "name the one that held the findings")
        return Scanned(repository, setup, made, report(options, streams, setup, made))


def _base(repository: Repository, cat: Cat) -> Snapshot | None:
    """The configuration of HEAD, which says what is allowed; none where it cannot be read."""
    with suppress(GitError):
        tip = head(repository)
        if tip:
            repository.git.run("ls-tree", tip)
            return TreeSnapshot(repository.git, cat, tip, "HEAD")
    return None


def _options(args: argparse.Namespace, asked: Asked) -> argparse.Namespace:
    """The options of `history`: those of ours that it shares."""
    parser = argparse.ArgumentParser(exit_on_error=False)
    history.add_arguments(parser)
    words = ["--format=json", *(f"--rules={path}" for path in args.rules)]
    words += [f"--config={args.config}"] if args.config else []
    words += [f"--jobs={args.jobs}"] if args.jobs else []
    flags = ("alternates", "allow_shallow", "trust_repo_config", "no_progress")
    words += [f"--{flag.replace('_', '-')}" for flag in flags if getattr(args, flag)]
    words += ["--", asked.repository] if asked.repository else []
    try:
        return parser.parse_args(words)
    except argparse.ArgumentError as error:
        raise UsageError(str(error)) from None


# Is it clean?


def _verify(args: argparse.Namespace, streams: Streams, asked: Asked) -> int:
    address = remote.address_of(_find(asked, streams), args.remote) if args.remote is not None else None
    scanned = _scan(args, streams, asked)
    problems = [*scanned.report.problems, *clean.unlooked(asked.report, scanned.setup.rules)]
    seen = None
    if address:
        try:
            seen = _remote(address, streams, asked, scanned, args)
            problems += clean.absent_problem(seen, args.remote)
        except GitError as error:
            problems.append(Problem("remote", str(error), error.hint))
    answer = clean.judge(scanned.report, clean.wanted(asked.report), problems, seen)
    left = answer.standing or (seen and seen.standing)
    status = FINDINGS if left else INCOMPLETE if problems else OK
    notes = scanned.outcome.notes
    write = telling.clean_json if args.format == "json" else telling.clean_text
    _out(args, streams, write(answer, notes, status), secrets(scanned.report))
    return status


def _remote(
    address: remote.Address, streams: Streams, asked: Asked, scanned: Scanned, args: argparse.Namespace
) -> clean.Remote:
    """What the remote shows, beside what is here."""
    names = remote.ls_remote(address, streams.environ)
    old = clean.before(scanned.repository, asked.report)
    here = clean.present(scanned.repository.git, names)
    standing = {clean.shown(name): old[name.oid] for name in names if name.oid in old}
    standing |= dict.fromkeys(_named_so(names, scanned, clean.wanted(asked.report)), "its name holds a finding")
    standing |= dict.fromkeys(_leading(here, scanned, asked, args), "it leads to a finding")
    known = {name.oid for name in here} | old.keys()
    unknown = tuple(clean.shown(name) for name in names if name.oid not in known)
    return clean.Remote(address.url, len(names), tuple(clean.Shown(*each) for each in standing.items()), unknown)


def _named_so(names: Iterable[Name], scanned: Scanned, asked: frozenset[str] | None) -> Iterable[str]:
    detector = scanned.setup.detector()
    for name in names:
        for hit in examine(detector, name.name).hits:
            if asked is None or fingerprint(hit.match) in asked:
                yield clean.shown(name)


def _leading(names: list[Name], scanned: Scanned, asked: Asked, args: argparse.Namespace) -> Iterable[str]:
    """The refs of the remote whose commits are here and lead to what still stands; of very many, the first. Where
    nothing stands here none does; else all is looked at once more, with the remote's refs in place of ours."""
    standing = clean.still(scanned.report, clean.wanted(asked.report))
    if not standing or not names:
        return ()
    options = _options(args, asked)
    setup, repository = scanned.setup, scanned.repository
    job = Job(repository.git, setup.rules, TIMEOUT, setup.foreign_markers)
    seen = engine(repository, job, Scope(False, options.alternates), options.jobs)
    holders = Holders(refs.peel(repository.git, names), [])
    told = origins.tell(repository, seen, holders, setup.allow, options.jobs)
    chosen = {each.finding.secret for each in standing}
    places = [item.location for item in told.occurrences if item.hit.match.secret in chosen]
    return clean.leading(places, names)
