"""`xoxscan hook [FILE…]`: the entry of the pre-commit framework's hooks."""

from __future__ import annotations

import argparse
import os
import stat
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from scanner.commands import range as range_command
from scanner.commands import staged as staged_command
from scanner.commands.scanning import HOOK_TIMEOUT, Outcome, Setup, add_options, finish, prepare
from scanner.errors import NothingToScan
from scanner.git.changes import GITLINK, Change, Side
from scanner.git.objects import Cat
from scanner.git.repository import Repository, find, head, resolve
from scanner.git.snapshots import IndexSnapshot, TreeSnapshot
from scanner.model import Coverage, Location, Problem, Streams, Target
from scanner.pipeline import Examined, Occurrence, examine
from scanner.sources import commits as ranges
from scanner.sources import message as messages
from scanner.sources.looker import overruns
from scanner.sources.staged import staged

SUMMARY = "The entry of the pre-commit framework's hooks: the index, a push's commits, or a message."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See scanner.commands.scanning."""
    parser.add_argument("files", nargs="*", metavar="FILE", help="report on these alone")
    parser.add_argument("--commit-msg-file", metavar="F", help="scan the message in F instead")
    add_options(parser, responds=False)


def run(args: argparse.Namespace, streams: Streams) -> int:
    """The exit status. Errors: see scanner.errors."""
    repository = find(os.getcwd(), streams.environ, own=args.folder is None)
    with Cat(repository.git) as cat:
        if args.commit_msg_file is not None:
            setup = prepare(args, streams, IndexSnapshot(repository.git, cat), repository)
            made = _message(args.commit_msg_file, repository, setup, streams)
        elif _pushing(streams):
            made, setup = _push(args, streams, repository, cat)
        else:
            setup = prepare(args, streams, IndexSnapshot(repository.git, cat), repository)
            change = staged(repository, streams.environ)
            made = staged_command.outcome(repository, cat, setup, change)
            if args.files:
                made = Named(args.files, repository, cat, setup).outcome(made, change)
            made = made._replace(target=made.target._replace(kind="hook"))
        return finish(args, streams, setup, made)


def _message(path: str, repository: Repository, setup: Setup, streams: Streams) -> Outcome:
    """Looks at the message of the commit that is being made."""
    text = messages.read(path, repository.git, streams.environ)
    examined = examine(setup.detector(HOOK_TIMEOUT, fast=False), text, setup.foreign_markers)
    place = Location("commit-message")
    return Outcome(
        Target("hook", repository.top),
        Coverage(bytes=len(text)),
        [Occurrence(hit, place._replace(position=hit.position, suppressed=hit.inline)) for hit in examined.hits],
        overruns(b"commit message", examined),
        dropped=[(place._replace(position=at), dropped) for at, dropped in examined.dropped],
    )


# Pushes. pre-commit names the two ends of what is pushed; where that holds a root commit, only the remote.


def _pushing(streams: Streams) -> bool:
    environ = streams.environ
    return bool(environ.get("PRE_COMMIT_TO_REF") or environ.get("PRE_COMMIT_REMOTE_NAME"))


def _push(args: argparse.Namespace, streams: Streams, repository: Repository, cat: Cat) -> tuple[Outcome, Setup]:
    """Looks at every commit that the push brings. The configuration is HEAD's: this machine is the operator's."""
    tip = head(repository)
    setup = prepare(args, streams, TreeSnapshot(repository.git, cat, tip, "HEAD") if tip else None, repository)
    environ = streams.environ
    start, end = environ.get("PRE_COMMIT_FROM_REF"), environ.get("PRE_COMMIT_TO_REF")
    if start and end:
        span = ranges.commits(repository, f"{start}..{end}")
    else:
        pushed = resolve(repository, end or environ.get("PRE_COMMIT_LOCAL_BRANCH") or "HEAD")
        known = f"--remotes={environ.get('PRE_COMMIT_REMOTE_NAME', '')}".encode()
        span = ranges.of(repository, (pushed, b"--not", known), None)
    made = range_command.outcome(repository, cat, setup, span)
    return made._replace(target=made.target._replace(kind="hook")), setup


# Named files


class Looked(NamedTuple):
    """What became of a named file: looked at in the index, on disk too, or why not."""

    occurrences: Sequence[Occurrence] = ()
    problems: Sequence[Problem] = ()
    size: int = 0
    on_disk: bool = False
    skipped: str = ""  # deleted | submodule | other


class Named:
    """The files that the framework named: it reports on these alone, and looks at those on disk that the index does not
    hold as they stand."""

    def __init__(self, files: Sequence[str], repository: Repository, cat: Cat, setup: Setup) -> None:
        self._top = os.path.realpath(os.fsencode(repository.top or os.getcwd()))
        self._paths = {self._relative(os.fsencode(name)): os.fsencode(name) for name in files}
        self._cat = cat
        self._setup = setup
        self._detector = setup.detector(HOOK_TIMEOUT, fast=False)

    def _relative(self, name: bytes) -> bytes:
        """The path from the top of the work tree, with slashes."""
        folder = os.path.realpath(os.path.dirname(name) or b".")
        path = os.path.relpath(os.path.join(folder, os.path.basename(name)), self._top)
        return path.replace(os.fsencode(os.sep), b"/")

    def outcome(self, made: Outcome, change: Change) -> Outcome:
        """What was staged, cut down to the named files, and these files on disk where they differ from the index."""
        staged = {delta.new.path: delta.new for diff in change.diffs for delta in diff if delta.new}
        looked = [self._look(path, name, staged.get(path)) for path, name in self._paths.items()]
        seen = [one for one in looked if not one.skipped]
        if not seen and any(one.skipped == "other" for one in looked):
            raise NothingToScan(f"none of the {len(looked)} named files could be looked at", "name files that are here")
        mine = [item for item in made.occurrences if item.location.path in self._paths]
        known = {(item.location.path, item.hit.match.secret) for item in mine}
        on_disk = (item for one in looked for item in one.occurrences)
        fresh = [item for item in on_disk if (item.location.path, item.hit.match.secret) not in known]
        coverage = made.coverage
        return made._replace(
            coverage=coverage._replace(files=len(seen), bytes=(coverage.bytes or 0) + sum(one.size for one in looked)),
            occurrences=[*mine, *fresh],
            problems=[*made.problems, *(problem for one in looked for problem in one.problems)],
            notes=[_told(looked)],
            dropped=[item for item in made.dropped if item[0].path in self._paths],
        )

    def _look(self, path: bytes, name: bytes, staged: Side | None) -> Looked:
        try:
            data = _on_disk(name)
        except FileNotFoundError:
            return Looked() if staged else Looked(skipped="deleted")
        except OSError as error:
            problem = Problem(os.fsdecode(path), f"cannot be read: {error.strerror}", "make it readable, or unstage it")
            return Looked(problems=[problem], skipped="" if staged else "other")
        if data is None or (staged and staged.mode == GITLINK):
            return Looked(skipped="submodule" if os.path.isdir(name) else "other")
        if staged and self._same(staged, data):
            return Looked()
        examined = examine(self._detector, data, self._setup.foreign_markers)
        return Looked(list(self._stand(path, examined)), overruns(path, examined), len(data), True)

    def _same(self, staged: Side, data: bytes) -> bool:
        """Whether the index holds what stands on disk, line ends aside (core.autocrlf)."""
        ((_, _, content),) = self._cat.contents([staged.oid])
        return content == data or content == data.replace(b"\r\n", b"\n")

    def _stand(self, path: bytes, examined: Examined) -> Iterator[Occurrence]:
        for hit in examined.hits:
            allowed = self._setup.allow(path, hit)
            yield Occurrence(hit, Location("worktree", path, position=hit.position, suppressed=allowed))


def _on_disk(name: bytes) -> bytes | None:
    """The content of a file, the target of a symlink, or None for anything else."""
    mode = os.lstat(name).st_mode
    if stat.S_ISLNK(mode):
        return os.readlink(name)
    if not stat.S_ISREG(mode):
        return None
    with open(name, "rb") as file:
        return file.read()


def _told(looked: Sequence[Looked]) -> str:
    """The one line that says what became of the named files."""
    skipped = [one.skipped for one in looked if one.skipped]
    reasons = ", ".join(f"{skipped.count(reason)} {reason}" for reason in dict.fromkeys(skipped))
    on_disk = sum(one.on_disk for one in looked)
    seen = f"{len(looked) - len(skipped)} looked at, {on_disk} of them as they stand on disk"
    return f"{len(looked)} files were named: {seen}; {len(skipped)} skipped" + (f" ({reasons})" if reasons else "")
