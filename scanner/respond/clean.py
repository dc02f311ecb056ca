"""Whether findings still stand in a repository, and at its remote. What was looked at is all that is claimed."""

from __future__ import annotations

import os
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from scanner.git.objects import Cat
from scanner.git.reach import reach_of
from scanner.git.refs import Name
from scanner.git.repository import Repository, common_dir
from scanner.git.run import Git
from scanner.model import Finding, Location, Problem, Report, Rule
from scanner.respond.keepers import Keeper, keepers

_SHOWN = 20
# What is never seen from here, whatever the scan says.
UNSEEN = (
    "forks and other people's clones",
    "what the forge caches, serves by commit id, or keeps in refs that it does not show (refs/keep-around/*)",
    "LFS objects, submodules, CI logs and artifacts, packages, images, backups",
)
_UNASKED = (
    "the remote, which was not asked (--remote NAME): refs/pull/*, refs/merge-requests/* and whatever was not pushed"
)


class Standing(NamedTuple):
    """A finding that is still there, and what keeps it."""

    finding: Finding
    kept: tuple[Keeper, ...]


class Shown(NamedTuple):
    """A ref that the remote shows, and why it counts."""

    ref: str
    why: str


class Remote(NamedTuple):
    """What the remote shows: how many refs, which of them still lead to a finding, and which to commits that are not
    here, so that nobody can tell."""

    url: str
    refs: int
    standing: tuple[Shown, ...]
    unknown: tuple[str, ...]


class Cleanliness(NamedTuple):
    """The answer."""

    standing: tuple[Standing, ...]
    gone: tuple[str, ...]  # fingerprints of the report that stand nowhere any more
    allowed: int  # findings that somebody allowed, and that nobody asked about
    problems: tuple[Problem, ...]
    remote: Remote | None
    unseen: tuple[str, ...]


def wanted(report: Report | None) -> frozenset[str] | None:
    """The fingerprints that are asked about; None for all."""
    return None if report is None else frozenset(finding.fingerprint for finding in report.findings)


def still(made: Report, asked: Collection[str] | None) -> tuple[Standing, ...]:
    """What of `asked` (fingerprints; None: whatever nobody allows) a scan found."""
    everything = (*made.findings, *(each.finding for each in made.suppressed))
    found = made.findings if asked is None else [each for each in everything if each.fingerprint in asked]
    return tuple(Standing(finding, keepers(finding.locations)) for finding in found)


def unlooked(report: Report | None, rules: Iterable[Rule]) -> Iterator[Problem]:
    """A problem for each rule of the report that this scan does not have: what it found cannot be called gone."""
    known = {rule.id for rule in rules}
    for name in sorted({finding.rule for finding in report.findings} - known if report else ()):
        yield Problem(name, "the report has findings of this rule, which is not here", "--rules or --config brings it")


def judge(
    made: Report,
    asked: Collection[str] | None,
    problems: Sequence[Problem],
    remote: Remote | None = None,
    asking: Sequence[Problem] = (),
) -> Cleanliness:
    """Puts the answer together. `problems` are those of the scan, `asking` those of asking the remote."""
    standing = still(made, asked)
    here = {each.finding.fingerprint for each in standing}
    return Cleanliness(
        standing=standing,
        gone=() if problems else tuple(sorted(set(asked or ()) - here)),  # what was not seen is not gone
        allowed=0 if asked is not None else len(made.suppressed),
        problems=(*problems, *asking),
        remote=remote,
        unseen=UNSEEN if remote else (_UNASKED, *UNSEEN),
    )


def present(git: Git, names: Iterable[Name]) -> list[Name]:
    """Those of `names` whose objects are here, with all that they lead to: an old commit may be left without its own
    past."""
    listed = list(names)
    with Cat(git) as cat:
        here = {oid for oid, header, _ in cat.readers({name.oid for name in listed}) if header.size >= 0}
    if not _is_whole(git, here):
        here = {oid for oid in here if _is_whole(git, [oid])}
    return [name for name in listed if name.oid in here]


def _is_whole(git: Git, oids: Collection[bytes]) -> bool:
    words = ("rev-list", "--objects", "--no-object-names", "--missing=print", "--stdin", "--not", "--all")
    asked = b"\n".join([*oids, b""])
    status, out, _ = git.attempt(*words, stdin=asked) if oids else (0, b"", b"")
    return status == 0 and not any(line.startswith(b"?") for line in out.split(b"\n"))


def before(repository: Repository, report: Report | None) -> Mapping[bytes, str]:
    """Commits that are known to hold a finding, or to descend from one that does, with the reason: those that the
    report names, and those that git filter-repo has rewritten here (.git/filter-repo/commit-map)."""
    old = dict.fromkeys(
        _rewritten(repository), "a commit from before git filter-repo rewrote it here: push it, or ask the forge"
    )
    places = (place for finding in report.findings for place in finding.locations) if report else ()
    holding = (p.commit.encode() for p in places if p.commit and p.source not in ("tag-message", "ref-name"))
    named = dict.fromkeys(holding, "a commit of the report, which holds a finding")
    return {**old, **named}


def _rewritten(repository: Repository) -> Iterator[bytes]:
    try:
        with open(os.path.join(common_dir(repository), "filter-repo", "commit-map"), "rb") as file:
            rows = [line.split() for line in file]
    except OSError:
        return
    yield from (row[0] for row in rows if len(row) == 2 and row[0] != row[1] and len(row[0]) in (40, 64))


def text(ref: bytes) -> str:
    """A ref's name for people."""
    return ref.decode("utf-8", "backslashreplace")


def leading(places: Iterable[Location], names: Sequence[Name]) -> Iterator[str]:
    """Which of `names` lead to any of `places`, whose reach was asked with these as the only refs; for more than the
    reach names, how many more there may be."""
    full: dict[str, str] = {}
    for name in names:
        full.setdefault(_short(name), text(name.name))
    held = keepers(place for place in places if place.source != "index")
    for keeper in held:
        if keeper.what in ("notes", "stash"):
            yield from (text(name.name) for name in names if name.name.startswith(b"refs/" + keeper.what.encode()))
        yield from (full.get(name, name) for name in keeper.names.first)
        more = keeper.names.count - len(keeper.names.first)
        if more > 0:
            yield f"{more} more {keeper.what}"


def _short(name: Name) -> str:
    """A ref's name as a Reach has it."""
    held = reach_of([name.name])
    return (held.branches.first + held.tags.first + (text(name.name),))[0]


def absent_problem(remote: Remote, named: str) -> Iterator[Problem]:
    """A problem where refs of the remote lead to what is not here."""
    if remote.unknown:
        first = ", ".join(remote.unknown[:_SHOWN])
        more = f" and {len(remote.unknown) - _SHOWN} more" if len(remote.unknown) > _SHOWN else ""
        hint = f"git fetch {shlex.quote(named)} '+refs/*:refs/remotes/all/*' brings them; then ask again"
        yield Problem("remote", f"it shows refs whose commits are not here: {first}{more}", hint)
