"""Files, folders and stdin: yields what is to be looked at, piece by piece, and knows nothing of what is looked for.

A small file costs four system calls (openat, fstat, read, close) and is one window; a large one comes in windows of
bounded memory, a sparse one without its holes. Nothing is mapped: a file that is cut short meanwhile would be a SIGBUS.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO, NamedTuple

from scanner.decode.containers import ZIP, format_of
from scanner.decode.containers_source import Forward, Paged, Source, pieces, reading, up_to
from scanner.examine import wide as wide_text
from scanner.inside import HELD, TOO_LARGE
from scanner.model import Coverage, Problem, Skip
from scanner.positions import advance
from scanner.sources.descent import Descent
from scanner.sources.extents import Extent, Parts
from scanner.sources.folder import FILE, Folder, leads_away, stored
from scanner.sources.listing import Batch, Item, Lister, batches, failed, special
from scanner.windows import MARGIN, OVERLAP, WHOLE, WINDOW, Window, windows

STDIN = b"-"


class Piece(NamedTuple):
    """Bytes to look at, and where they stand. Its window says which matches are its own, and where its lines begin."""

    path: bytes | None  # as reached from the current folder; None for stdin
    source: str  # worktree | symlink | path-name | stdin
    window: Window


class Packed(NamedTuple):
    """A container that is larger than one piece; its pieces follow. What it is read from may raise an OSError."""

    path: bytes | None
    source: str
    data: Source


class Sizes(NamedTuple):
    """In bytes. Windows of 1 MiB fit a cache: they are read and searched twice as fast as those of 8 MiB."""

    whole: int = WINDOW  # a smaller file is one piece
    window: int = 1 << 20
    overlap: int = OVERLAP
    margin: int = MARGIN
    held: int = HELD  # of a container that cannot be sought in
    large: int = WHOLE  # a file up to this is one piece where any of it may hold something; of others it comes so


SIZES = Sizes()
Seen = Piece | Packed | Problem | Skip | Coverage
MayHold = Callable[[bytes], bool]


def walk(
    paths: Iterable[bytes],
    stdin: BinaryIO,
    lister: Lister,
    may_hold: MayHold,
    *,
    no_ignore: bool = False,
    recurse: bool = False,
    opens: bool = True,
    through: Callable[[Iterator[Item]], Iterator[Item]] = iter,
) -> Iterator[Seen]:
    """All pieces of `paths` that `may_hold` lets through; `-` is `stdin`. Coverage comes in parts, to be added up. What
    is listed goes `through` something that may look at it (see listing.Ahead)."""
    named = list(paths)
    listed = batches((path for path in named if path != STDIN), lister, no_ignore=no_ignore, recurse=recurse)
    for item in through(listed):
        if isinstance(item, Batch):
            yield from read(item, may_hold, opens=opens)
        else:
            yield item
    if STDIN in named:
        yield from read_stdin(stdin, may_hold, opens=opens)


def read_stdin(stream: BinaryIO, may_hold: MayHold, sizes: Sizes = SIZES, *, opens: bool = True) -> Iterator[Seen]:
    """The pieces of a stream of any length. `opens`: are containers told?"""
    try:
        whole = max(sizes.whole, sizes.large if opens else 0)
        begun = up_to(stream.read, b"", whole)
        if len(begun) < whole:
            yield Coverage(bytes=len(begun))
            if may_hold(begun):
                yield Piece(None, "stdin", Window(begun, 1, 1, 0, len(begun) + 1))
        elif opens and (name := format_of(begun)):
            yield from _packed(name, stream, begun, may_hold, sizes)
        else:
            yield from _all_pieces(stream, begun, may_hold, sizes, opens)
    except OSError as error:
        yield failed(b"standard input", error)


def _packed(name: str, stream: BinaryIO, begun: bytes, may_hold: MayHold, sizes: Sizes) -> Iterator[Seen]:
    """A container that comes from a pipe: the end of a zip tells what is in it, others may be of any size."""
    begun = up_to(stream.read, begun, sizes.held)
    if len(begun) < sizes.held:
        yield Packed(None, "stdin", begun)
    elif name != ZIP:
        data = Forward(pieces(stream.read), begun)
        yield Packed(None, "stdin", data)
        yield Coverage(bytes=data.reached)
        return
    else:
        yield TOO_LARGE
    yield from _all_pieces(stream, begun, may_hold, sizes, opens=False)


def _all_pieces(stream: BinaryIO, begun: bytes, may_hold: MayHold, sizes: Sizes, opens: bool) -> Iterator[Seen]:
    read = reading(pieces(stream.read), begun)
    if opens:
        yield from _wider(read, None, "stdin", may_hold, sizes)
    else:
        yield from _pieces(_cut(read, sizes), None, "stdin", may_hold)


def read(batch: Batch, may_hold: MayHold, sizes: Sizes = SIZES, *, opens: bool = True) -> Iterator[Seen]:
    """The pieces of a batch, names first, that `may_hold` lets through; then how much was read. `opens`: are large
    containers told?"""
    yield from _names(batch, may_hold)
    if not batch.names:
        return
    try:
        descent = Descent(batch.root)
    except OSError as error:
        yield failed(batch.root, error)
        return
    with descent:
        yield from _files(batch, descent, may_hold, sizes, opens)


def _names(batch: Batch, may_hold: MayHold) -> Iterator[Piece]:
    names = batch.names + batch.others
    if may_hold(b"\n".join(names)):  # nearly always all names of a batch are turned down at once
        column = advance(batch.shown, 1, 1)[1]
        for name in filter(may_hold, names):
            yield Piece(batch.shown + name, "path-name", Window(name, 1, column, 0, len(name) + 1))


def _files(batch: Batch, descent: Descent, may_hold: MayHold, sizes: Sizes, opens: bool) -> Iterator[Seen]:
    here: bytes | None = None
    files = size = 0
    for name in batch.names:
        folder, _, leaf = name.rpartition(b"/")
        try:
            if folder != here:
                here = None
                place = descent.at(folder)
                held = place.descriptor
                here = folder
            opened = place.open(leaf) if held is None else os.open(leaf, FILE, dir_fd=held)  # no call of ours for each
            data = _whole(opened, sizes.whole)
        except OSError as error:
            if here is None:
                yield failed(batch.shown + name, error)
                continue
            data = None
        if data is None:
            yield from _closer(place, leaf, batch.shown + name, may_hold, sizes, opens)
            continue
        files += 1
        size += len(data)
        if may_hold(data):
            yield Piece(batch.shown + name, "worktree", Window(data, 1, 1, 0, len(data) + 1))
    yield Coverage(files=files, bytes=size)


def _whole(descriptor: int, limit: int) -> bytes | None:
    """The content of a regular file of up to `limit` bytes, which is closed; None for what needs a closer look."""
    try:
        status = os.fstat(descriptor)
        if stat.S_ISREG(status.st_mode) and status.st_size < limit:
            data = os.read(descriptor, status.st_size + 1)  # a byte more than there should be: is this the end?
            if len(data) == status.st_size:
                return data
        return None
    finally:
        os.close(descriptor)


def _closer(folder: Folder, name: bytes, path: bytes, may_hold: MayHold, sizes: Sizes, opens: bool) -> Iterator[Seen]:
    """What could not be read at once: symlinks, large and changing files, what is no file, what may not be read."""
    try:
        status = folder.lstat(name)
        mode = status.st_mode
        if leads_away(status):
            target = folder.readlink(name)
            yield Coverage(files=1, bytes=len(target))
            if may_hold(target):
                yield Piece(path, "symlink", Window(target, 1, 1, 0, len(target) + 1))
        elif stat.S_ISREG(mode):
            yield from _stream(folder, name, path, may_hold, sizes, opens)
        elif stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, "it became a folder during the scan")
        else:
            yield special(path, mode)
    except OSError as error:
        yield failed(path, error)


def _stream(folder: Folder, name: bytes, path: bytes, may_hold: MayHold, sizes: Sizes, opens: bool) -> Iterator[Seen]:
    descriptor = folder.open(name)
    try:
        status = os.fstat(descriptor)
        yield Coverage(files=1)
        sparse = stored(status) + sizes.whole < status.st_size
        # A file that is being written may grow while we read, but not for ever.
        end = status.st_size + sizes.whole
        read = Extent(descriptor, 0, end).read
        if sparse:
            yield from _pieces(_without_holes(descriptor, end, sizes), path, "worktree", may_hold)
        elif opens and format_of(data := Paged(Parts(descriptor).read, status.st_size)):
            yield Packed(path, "worktree", data)
            yield from _pieces(_cut(read, sizes), path, "worktree", may_hold)
        elif opens and status.st_size > sizes.large:
            yield from _wider(read, path, "worktree", may_hold, sizes)
        else:
            found = _pieces(_cut(read, sizes), path, "worktree", may_hold)
            yield from _at_once(found, Extent(descriptor, 0, end)) if opens else found
        if os.fstat(descriptor).st_size > end:
            raise OSError(errno.EFBIG, f"it grew as fast as it was read; what comes after byte {end} was not looked at")
    finally:
        os.close(descriptor)


def _pieces(cut: Iterable[Window], path: bytes | None, source: str, may_hold: MayHold) -> Iterator[Piece | Coverage]:
    for window in cut:
        yield Coverage(bytes=window.size)
        if may_hold(window.data):
            yield Piece(path, source, window)


def _at_once(found: Iterable[Piece | Coverage], extent: Extent) -> Iterator[Piece | Coverage]:
    """As soon as a piece may hold something, the whole file in its place."""
    counted = 0
    for seen in found:
        if isinstance(seen, Piece):
            data = up_to(extent.read, b"", sys.maxsize)
            yield Coverage(bytes=max(len(data) - counted, 0))
            yield seen._replace(window=Window(data, 1, 1, 0, len(data) + 1))
            return
        counted += seen.bytes or 0
        yield seen


def _wider(
    read: Callable[[int], bytes], path: bytes | None, source: str, may_hold: MayHold, sizes: Sizes
) -> Iterator[Piece | Coverage]:
    """From the first window on that may hold something, in much larger ones: what is packed in it and encoded may be as
    long."""
    for window in _cut(read, sizes):
        if may_hold(window.data):
            again, begin = reading(pieces(read), window.data), (window.line, window.column, window.first)
            wide = windows(again, sizes.large, sizes.overlap, sizes.margin, begin, wide_text)
            yield from _pieces(wide, path, source, may_hold)
            return
        yield Coverage(bytes=window.size)


def _cut(read: Callable[[int], bytes], sizes: Sizes) -> Iterator[Window]:
    return windows(read, sizes.window, sizes.overlap, sizes.margin)


def _without_holes(descriptor: int, end: int, sizes: Sizes) -> Iterator[Window]:
    """The windows of a sparse file. Its holes hold no bytes but NULs: they are columns and nothing else."""
    at, line, column = 0, 1, 1
    while (begin := _seek(descriptor, at, os.SEEK_DATA)) is not None and begin < end:
        column += begin - at
        at = min(_seek(descriptor, begin, os.SEEK_HOLE) or end, end)
        for window in _cut(Extent(descriptor, begin, at).read, sizes):
            first = column if window.line == 1 else 1
            yield (window := window._replace(line=window.line + line - 1, column=window.column + first - 1))
        line, column = advance(window.data, window.line, window.column)


def _seek(descriptor: int, at: int, whence: int) -> int | None:
    """Where the next data or hole begins, or None where only a hole is left."""
    try:
        return os.lseek(descriptor, at, whence)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        return None
