"""`xoxscan scan [PATH…]`: files, folders, stdin, and their names."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from functools import partial
from typing import BinaryIO

from scanner.allowance import Allowance
from scanner.commands.responder import add_options, responder
from scanner.commands.scanning import Outcome, Setup, finish, nothing, prepare, progress, report
from scanner.config import NAME
from scanner.detect import Detector
from scanner.errors import GitError, UsageError
from scanner.examine import Examined, examine, placed, summed
from scanner.git.lfs import Around
from scanner.git.objects import Cat
from scanner.git.repository import Repository, find, head, own_folders
from scanner.git.run import sealed
from scanner.git.snapshots import FolderSnapshot, IndexSnapshot, TreeSnapshot
from scanner.inside import examine_file, examine_packed, shows_through, worth
from scanner.model import Coverage, Dropped, Location, Problem, Report, Secret, Skip, Snapshot, Streams, Target
from scanner.pipeline import Occurrence
from scanner.report.progress import Progress
from scanner.sources.ahead import Ahead
from scanner.sources.compiled import compiled
from scanner.sources.files import STDIN, Packed, Piece, Seen, walk
from scanner.sources.looker import overruns
from scanner.sources.owned import folder
from scanner.sources.worktree import is_git_folder, lister
from scanner.windows import Window

SUMMARY = "Scans files and folders (default: this one), or stdin with -. In a git work tree, what git does not ignore."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See scanner.commands.scanning."""
    parser.add_argument("paths", nargs="*", metavar="PATH", help="files and folders; - is stdin (default .)")
    parser.add_argument("--no-ignore", action="store_true", help="also what git ignores")
    parser.add_argument("--recurse-submodules", action="store_true", help="also submodules and nested repositories")
    add_options(parser)


def run(args: argparse.Namespace, streams: Streams) -> int:
    """The exit status. Errors: see scanner.errors."""
    if args.respond == "revoke":
        hint = "what stands in a folder is not known to be exposed; history and range know"
        raise UsageError("scan does not revoke", hint)
    respond = responder(args, streams)
    repository = around(streams)
    cat = Cat(repository.git) if repository else None
    try:
        setup = prepare(args, streams, base(repository, cat), repository)
        made = outcome(args, streams, setup, repository)
        return finish(args, streams, setup, made, respond(setup, repository))
    finally:
        if cat:
            cat.close()


def report_of(args: argparse.Namespace, streams: Streams) -> Report:
    """The report of a scan, unwritten."""
    repository = around(streams)
    cat = Cat(repository.git) if repository else None
    try:
        setup = prepare(args, streams, base(repository, cat), repository)
        return report(args, streams, setup, outcome(args, streams, setup, repository))
    finally:
        if cat:
            cat.close()


def around(streams: Streams) -> Repository | None:
    """The repository around this folder, if there is one."""
    try:
        return find(os.getcwd(), streams.environ, own=False)
    except GitError as error:
        if "not a git repository" in str(error):
            return None
        raise


def base(repository: Repository | None, cat: Cat | None) -> Snapshot:
    """Where the configuration counts from: HEAD, the index before the first commit, or this folder outside of git."""
    if repository is None or cat is None:
        return FolderSnapshot(".", "this folder")
    tip = head(repository)
    return TreeSnapshot(repository.git, cat, tip, "HEAD") if tip else IndexSnapshot(repository.git, cat)


def outcome(args: argparse.Namespace, streams: Streams, setup: Setup, repository: Repository | None) -> Outcome:
    """Looks at everything that was named."""
    paths = [os.fsencode(path) for path in args.paths] or [b"."]
    top = os.fsencode(repository.top) if repository and repository.top else b""
    scanned = [*map(os.fsdecode, paths), *(own_folders(repository) if repository else ())]
    detector = setup.detector(beside=True, keep=compiled(folder(streams.environ), scanned))
    stores = Around(lambda folder: find(folder, streams.environ, own=False))
    tally = Tally(setup, detector, top, stores)
    list_git = lister(lambda folder: sealed(folder, streams.environ, own=False))
    ahead = Ahead(lambda: (tally.files, tally.bytes))
    walked = walk(
        paths,
        streams.stdin,
        list_git,
        partial(worth, detector),
        no_ignore=args.no_ignore,
        recurse=args.recurse_submodules,
        opens=detector.decodes,
        through=ahead.through,
    )
    with progress(args, streams) as shown:
        _take(walked, tally, shown, ahead)
    if not (tally.files or tally.problems or (STDIN in paths and tally.bytes)):
        nothing(
            args, "there was nothing to scan", "name files, or pipe something in; --allow-empty makes this no fault"
        )
    whole = not (args.only or args.skip) and any(os.path.realpath(path) == tally.top for path in paths)
    differs = f"{NAME.decode()} on disk is not the one that counts: commit it first (docs/trust.md)"
    notes = [*([differs] if _drifted(setup, tally) else []), *_compressed(paths)]
    return Outcome(
        Target("scan", repository.top if repository else None, whole=whole),
        Coverage(tally.files, None, None, tally.bytes, summed(tally.skips), detector.expanded),
        tally.occurrences,
        tally.problems,
        notes,
        dropped=tally.dropped,
        whole=whole and repository is None,
    )


def _take(walked: Iterator[Seen], tally: Tally, shown: Progress, ahead: Ahead) -> None:
    """Adds up all that the source yields. How much there is in all is asked once somebody looks: it costs a system call
    for each file."""
    shown.phase("files", unit="files")
    counted = False
    for seen in walked:
        tally.take(seen)
        if isinstance(seen, Coverage):
            shown.advance(seen.files or 0, seen.bytes or 0)
            if shown.shown and not counted:
                counted = True
                shown.expect(*ahead.total())


def _compressed(paths: Sequence[bytes]) -> Iterator[str]:
    """A note for each repository that was named as if it were a folder like any other."""
    for path in filter(is_git_folder, paths):
        shown = os.fsdecode(path)
        yield f"{shown} is where git keeps a repository, compressed: xoxscan history {shown} reads what it holds"


def _drifted(setup: Setup, tally: Tally) -> bool:
    """Whether the configuration on disk is another one than the one that counts."""
    return setup.base is not None and FolderSnapshot(os.fsdecode(tally.top), "disk").read(NAME) != setup.base.read(NAME)


class Tally:
    """What a scan of files has seen so far."""

    def __init__(self, setup: Setup, detector: Detector, top: bytes, stores: Around) -> None:
        self._setup = setup
        self._detector = detector
        self._stores = stores
        self._here = os.path.realpath(b".")
        self.top = os.path.realpath(top) if top else self._here
        self.files = 0
        self.bytes = 0
        self.occurrences: list[Occurrence] = []
        self.problems: list[Problem] = []
        self.skips: list[Skip] = []
        self.dropped: list[tuple[Location, Dropped]] = []
        self._shared = Allowance()  # what it may take to look at one file, in all of its windows
        self._inside: tuple[bytes | None, frozenset[Secret]] = (None, frozenset())  # a large file, what is packed in it

    def take(self, seen: Seen) -> None:
        """Adds one thing that the source yields."""
        if isinstance(seen, Piece):
            self.occurrences += self._look(seen)
        elif isinstance(seen, Packed):
            self.occurrences += self._open(seen)
        elif isinstance(seen, Coverage):
            self.files += seen.files or 0
            self.bytes += seen.bytes or 0
        elif isinstance(seen, Problem):
            self.problems.append(seen)
        else:
            self.skips.append(seen)

    def _look(self, piece: Piece) -> Iterator[Occurrence]:
        window = piece.window
        examined = self._examined(window, piece.path)
        self.skips += placed(examined.skipped, piece.path or b"standard input")
        self.problems += overruns(piece.path or b"standard input", examined)
        place = Location(piece.source, piece.path)
        self.dropped += [
            (place._replace(position=at), item) for at, item in examined.dropped if window.owns(item.start)
        ]
        told = self._inside[1] if piece.path == self._inside[0] and piece.source != "path-name" else ()
        for hit in examined.hits:
            if window.owns(hit.match.start) and not shows_through(hit, window.data, told):
                allowed = self._setup.allow(self._rooted(piece.path), hit)
                yield Occurrence(hit, place.of(hit, allowed))

    def _open(self, packed: Packed) -> Iterator[Occurrence]:
        """What a large container holds: what shows from outside, too, is not told again."""
        try:
            kept = partial(self._kept, packed.path)
            examined = examine_packed(self._detector, packed.data, self._setup.foreign_markers, kept)
        except OSError as error:
            examined = Examined(unread=(f"what is packed in it cannot be read: {error.strerror}",))
        self.skips += placed(examined.skipped, packed.path or b"standard input")
        self.problems += overruns(packed.path or b"standard input", examined)
        self._inside = packed.path, frozenset(hit.match.secret for hit in examined.hits)
        for hit in examined.hits:
            allowed = self._setup.allow(self._rooted(packed.path), hit)
            yield Occurrence(hit, Location(packed.source, packed.path).of(hit, allowed))

    def _examined(self, window: Window, path: bytes | None) -> Examined:
        if window.line != 1 or window.column != 1 or window.cut:  # there is more of it
            if window.line == window.column == 1:
                self._shared = Allowance()
            foreign, shared = self._setup.foreign_markers, self._shared
            at, more = (window.line, window.column), (window.cut, window.charset)
            return examine(self._detector, window.data, foreign, *at, shared, *more)
        return examine_file(self._detector, window.data, self._setup.foreign_markers, partial(self._kept, path))

    def _kept(self, path: bytes | None, oid: str) -> BinaryIO | None:
        """What the repository around a file keeps in Git LFS; for stdin, that around this folder."""
        folder = os.path.dirname(os.fsdecode(path or b""))
        return self._stores.store(folder or ".").open(oid)

    def _rooted(self, path: bytes | None) -> bytes | None:
        """The path from the top of the work tree, which path entries are about."""
        if path is None:
            return None
        whole = os.path.join(self._here, path)
        if os.path.splitdrive(whole)[0].lower() == os.path.splitdrive(self.top)[0].lower():  # else it is not in there
            whole = os.path.relpath(whole, self.top)
        return whole.replace(os.fsencode(os.sep), b"/")
