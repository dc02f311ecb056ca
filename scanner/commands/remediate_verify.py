"""`xoxscan remediate --verify-clean`: whether findings still stand, here and at a remote."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import NamedTuple

from scanner.commands.remediate_scan import Asked, Scanned, options_of, repository_of, scan
from scanner.commands.scanning import TIMEOUT
from scanner.errors import FINDINGS, INCOMPLETE, OK, GitError
from scanner.examine import examine
from scanner.git import refs
from scanner.git.reach import Holders
from scanner.git.refs import Name
from scanner.model import Problem, Secret, Streams
from scanner.pipeline import fingerprint
from scanner.report.output import secrets
from scanner.respond import clean, remote, telling
from scanner.sources import engines, origins
from scanner.sources.history import Scope
from scanner.sources.jobs import Job


class Answer(NamedTuple):
    """What is to be written, what must be masked in it, and the exit status."""

    data: bytes
    hidden: tuple[Secret, ...]
    status: int


def verify(args: argparse.Namespace, streams: Streams, asked: Asked) -> Answer:
    """Looks at all objects, and with `--remote` at what the remote shows. Errors: see scanner.errors."""
    address = remote.address_of(repository_of(asked, streams), args.remote) if args.remote is not None else None
    scanned = scan(args, streams, asked)
    problems = [*scanned.report.problems, *clean.unlooked(asked.report, scanned.setup.rules)]
    seen, asking = None, list[Problem]()
    if address:
        try:
            seen = _remote(address, streams, asked, scanned, args)
            asking += clean.absent_problem(seen, args.remote)
        except GitError as error:
            asking.append(Problem("remote", str(error), error.hint))
    answer = clean.judge(scanned.report, clean.wanted(asked.report), problems, seen, asking)
    left = answer.standing or (seen and seen.standing)
    status = FINDINGS if left else INCOMPLETE if answer.problems else OK
    notes = scanned.outcome.notes
    write = telling.clean_json if args.format == "json" else telling.clean_text
    return Answer(write(answer, notes, status), tuple(secrets(scanned.report)), status)


def _remote(
    address: remote.Address, streams: Streams, asked: Asked, scanned: Scanned, args: argparse.Namespace
) -> clean.Remote:
    """What the remote shows, beside what is here."""
    shown = remote.ls_remote(address, streams.environ)
    names = [Name(ref.name, ref.oid) for ref in shown]
    here = clean.present(scanned.repository.git, names)
    known = {name.oid for name in here}  # what these lead to is looked at
    old = clean.before(scanned.repository, asked.report)
    absent = {clean.text(ref.name): old.get(ref.peeled) for ref in shown if ref.oid not in known}
    standing = {name: why for name, why in absent.items() if why}
    standing |= dict.fromkeys(_named_so(names, scanned, clean.wanted(asked.report)), "its name holds a finding")
    standing |= dict.fromkeys(_leading(here, scanned, asked, args), "it leads to a finding")
    unknown = tuple(name for name, why in absent.items() if not why)
    return clean.Remote(address.url, len(names), tuple(clean.Shown(*each) for each in standing.items()), unknown)


def _named_so(names: Iterable[Name], scanned: Scanned, asked: frozenset[str] | None) -> Iterable[str]:
    detector = scanned.setup.detector()
    for name in names:
        for hit in examine(detector, name.name).hits:
            if asked is None or fingerprint(hit.match) in asked:
                yield clean.text(name.name)


def _leading(names: list[Name], scanned: Scanned, asked: Asked, args: argparse.Namespace) -> Iterable[str]:
    """The refs of the remote whose commits are here and lead to what still stands; of very many, the first. Where
    nothing stands here none does; else all is looked at once more, with the remote's refs in place of ours."""
    standing = clean.still(scanned.report, clean.wanted(asked.report))
    if not standing or not names:
        return ()
    options = options_of(args, asked)
    setup, repository = scanned.setup, scanned.repository
    job = Job(repository.git, setup.rules, TIMEOUT, setup.foreign_markers, decode=setup.decode)
    seen = engines.look("auto", repository, job, Scope(False, options.alternates), options.jobs).whole()
    holders = Holders(refs.peel(repository.git, names), [])
    told = origins.Teller(repository, seen, holders, setup.allow, options.jobs).told()
    chosen = {each.finding.secret for each in standing}
    places = [item.location for item in told.occurrences if item.hit.match.secret in chosen]
    return clean.leading(places, names)
