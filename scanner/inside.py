"""What a whole file holds: as a text, packed in it, and behind a pointer of Git LFS. No I/O of its own: what reads a
large one, or one that is kept apart, is handed over.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO

from scanner.allowance import Allowance
from scanner.decode.containers import HEADS, ZIP, ZIP_END, Closed, Opened, everything, format_of
from scanner.detect import Detector
from scanner.errors import GitError
from scanner.examine import BEGINNING, NOTHING, Examined, examine, in_windows, is_wide, placed, summed
from scanner.model import Hit, Secret, Skip
from scanner.windows import WHOLE, WINDOW

if TYPE_CHECKING:
    from scanner.decode.containers_source import Source

_POINTER = b"version http"
_ZIP_PARTS = (b"PK\1\2", b"PK\3\4", b"PK\5\6", b"PK\6\6", b"PK\7\b")  # what may follow a content
_LONGEST = 4096  # bytes of a secret
ABSENT = Skip("LFS object", "it is not here; git lfs fetch brings it")
TOO_LARGE = Skip("packed content", "the archive is too large to be opened where it cannot be read from its end")
HELD = 128 << 20  # bytes of an archive that comes piece by piece, and is held for that: GitHub takes no larger blob

# Opens what Git LFS keeps, by its SHA-256; None where that is not here (scanner.git.lfs). OSError, or GitError.
Kept = Callable[[str], BinaryIO | None]


def examine_file(detector: Detector, data: bytes, foreign: bool = False, kept: Kept | None = None) -> Examined:
    """All hits in a whole file, and in what is packed in it; these say in which member, and where there. Where the file
    is a pointer, those of the content that is `kept`, and where there."""
    seen = _whole(detector, data, foreign, kept)
    return _outside(seen, examine_packed(detector, data, foreign, kept), data)


def _whole(
    detector: Detector, data: bytes, foreign: bool, kept: Kept | None, shared: Allowance | None = None
) -> Examined:
    """All hits in a file that is held, and in what it stands for, if it is a pointer."""
    seen = examine(detector, data, foreign, shared=shared)
    if kept and detector.decodes and (oid := _pointer(data)):
        return _with(seen, _examine_kept(detector, oid, kept, foreign), len(data))
    return seen


def examine_packed(
    detector: Detector, data: Source, foreign: bool = False, kept: Kept | None = None, name: str = ""
) -> Examined:
    """What is packed in a file of any size, without what its own bytes hold; NOTHING where nothing is. `name` is its
    format, where that is known. What reading it raises comes out of here."""
    name = name or (format_of(data) if detector.decodes else "")
    return _inside(detector, data, name, foreign, kept) if name else NOTHING


def _inside(detector: Detector, data: Source, name: str, foreign: bool, kept: Kept | None) -> Examined:
    """What is packed in a container of that format."""
    hits: list[Hit] = []
    overrun: dict[str, None] = {}
    unread: list[str] = []
    closed: list[Skip] = []
    from scanner.decode.containers_source import packed_size

    tried, shared = False, Allowance(lambda: packed_size(data))
    for one in everything(data, name=name):
        if isinstance(one, Closed):
            names = one.before if one.path is None else (*one.before, one.path)
            closed += _named([Skip("packed content", one.reason)], names)
        elif not one.format:  # else what it holds comes next
            detector.unpacked(len(one.data))
            if one.more:
                from scanner.decode.containers_source import reading

                seen = in_windows(detector, reading(_counted(detector, one.more), one.data), foreign, shared)
            else:
                seen = _whole(detector, one.data, foreign, kept, shared)
            tried = tried or seen is not NOTHING
            hits += [_packed(hit, one, len(data)) for hit in seen.hits]
            overrun.update(dict.fromkeys(seen.overrun))
            closed += _named(seen.skipped, one.member)
            unread += seen.unread
    if not (tried or closed):
        return NOTHING
    return Examined(tuple(hits), (), tuple(overrun), summed(closed), tuple(unread))


def _named(skips: Sequence[Skip], member: Sequence[bytes]) -> Iterable[Skip]:
    """`skips` of what has these names in archives."""
    return placed(skips, b"!".join(member)) if member else skips


def _counted(detector: Detector, pieces: Iterator[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        detector.unpacked(len(piece))
        yield piece


def _outside(seen: Examined, inner: Examined, data: bytes = b"") -> Examined:
    """What the bytes of a file hold as they stand, and what is packed in it. `data`: all of it, if it is held."""
    if inner is NOTHING:
        return seen
    told = {hit.match.secret for hit in inner.hits}
    outer = [hit for hit in seen.hits if not shows_through(hit, data, told)]
    overrun = tuple(dict.fromkeys((*seen.overrun, *inner.overrun)))
    unread = (*seen.unread, *inner.unread)
    return Examined((*outer, *inner.hits), seen.dropped, overrun, summed((*seen.skipped, *inner.skipped)), unread)


def shows_through(hit: Hit, data: bytes, told: Collection[Secret]) -> bool:
    """Whether `hit`, in the bytes `data` of a container, is one of the secrets that were found inside: what is not
    compressed shows from outside, too, and may be read on there into what the container itself says next."""
    if hit.match.secret in told:
        return True
    start, end = hit.match.start, hit.match.end
    return any(
        _between(data, at) and Secret(data[start:at]) in told
        for at in range(start + 1, min(end, start + _LONGEST) if told else 0)
    )


def _between(data: bytes, at: int) -> bool:
    """Whether a container goes on at `at`, behind a content, with bytes of its own."""
    if data.startswith(_ZIP_PARTS, at) or data[at + 58 : at + 60] == b"`\n" or data[at + 257 : at + 262] == b"ustar":
        return True
    if not data.startswith(b"0707", at):
        return False
    from scanner.decode.containers_rows import is_cpio

    return is_cpio(data[at : at + 110])


def _pointer(data: bytes) -> str:
    """The content that `data` stands for, if it is a pointer."""
    if not data.startswith(_POINTER):
        return ""
    from scanner.decode import pointers  # here, as with all that few files need: a hook loads it in vain

    return pointers.pointer(data)


def _examine_kept(detector: Detector, oid: str, kept: Kept, foreign: bool) -> Examined:
    """What the content holds that Git LFS knows by `oid`. It is checked while it is read, and looked at all the same
    where it is not what it should be."""
    from scanner.decode.pointers import Checked

    try:
        file = kept(oid)
        if file is None:
            return Examined(skipped=(ABSENT,))
        with file:
            read = Checked(file)
            detector.unpacked(read.size)
            seen = _examine_open(detector, file, read, read.size, foreign)
    except (OSError, GitError) as error:
        why = (error.strerror if isinstance(error, OSError) else "") or str(error)
        return Examined(unread=(f"the LFS object {oid} cannot be read: {why}",))
    right = read.digest() == oid
    return seen if right else seen._replace(unread=(f"the LFS object {oid} is damaged: its SHA-256 is another one",))


def _with(seen: Examined, content: Examined, size: int) -> Examined:
    """A pointer of so many bytes, and what it stands for."""
    hits = (
        hit._replace(match=hit.match._replace(start=0, end=size), encoding=("lfs", *hit.encoding))
        for hit in content.hits
    )
    down = ((at, item._replace(start=0, end=size)) for at, item in content.dropped)
    overrun = tuple(dict.fromkeys((*seen.overrun, *content.overrun)))
    # Never NOTHING: what is not here today may be tomorrow, so nobody may remember that nothing is in it.
    return Examined((*seen.hits, *hits), (*seen.dropped, *down), overrun, content.skipped, content.unread)


def _packed(hit: Hit, one: Opened, size: int) -> Hit:
    whole = hit.match._replace(start=0, end=size)
    return hit._replace(match=whole, member=(*one.member, *hit.member), encoding=(*one.encoding, *hit.encoding))


def hides(data: bytes) -> bool:
    """Whether the file `data` may hold what none of its bytes betray: it is a container, in UTF-16 or UTF-32, or a
    pointer of Git LFS."""
    if data.find(b"\0", 0, BEGINNING) >= 0:
        return format_of(data) != "" or is_wide(data) or data.startswith(_POINTER)
    # This is done for each of very many texts.
    return (data[:2] in HEADS and format_of(data) != "") or data[-22:-18] == ZIP_END or data.startswith(_POINTER)


def is_silent(examined: Examined, data: bytes) -> bool:
    """Whether the same rules find nothing in `data` however often they look: nothing was found, nothing stayed closed
    or took too long, and neither it nor a member of it stands for what is kept elsewhere, and may come and go."""
    told = examined.hits or examined.overrun or examined.skipped or examined.unread
    return not told and not data.startswith(_POINTER) and not format_of(data)


def is_packed(data: bytes, start: int, end: int) -> bool:
    """The same for the file that stands at `data[start:end]`; it is copied only where that has to be looked into."""
    if data[start : start + 2] in HEADS or data.find(b"\0", start, min(start + BEGINNING, end)) >= 0:
        return hides(data[start:end])
    return data[end - 22 : end - 18] == ZIP_END or data.startswith(_POINTER, start, end)


def worth(detector: Detector, data: bytes) -> bool:
    """Whether `data` has to be examined: False is sure."""
    return detector.may_hold(data) or (detector.decodes and hides(data))


def examine_open(detector: Detector, file: BinaryIO, foreign: bool = False, kept: Kept | None = None) -> Examined:
    """All hits in an open file of any size that can be sought in; `kept` as in `examine_file`. OSError."""
    size = file.seek(0, 2)
    file.seek(0)
    return _examine_open(detector, file, file.read, size, foreign, kept)


def _examine_open(
    detector: Detector,
    file: BinaryIO,
    read: Callable[[int], bytes],
    size: int,
    foreign: bool,
    kept: Kept | None = None,
) -> Examined:
    """The same, all of which `read` reads once."""
    if size <= WHOLE:
        return examine_file(detector, b"".join(iter(lambda: read(WINDOW), b"")), foreign, kept)
    seen = in_windows(detector, read, foreign)
    from scanner.decode.containers_source import Paged

    def part(at: int, wanted: int) -> bytes:
        file.seek(at)
        return file.read(wanted)

    return _outside(seen, examine_packed(detector, Paged(part, size), foreign, kept))


def examine_stream(
    detector: Detector, read: Callable[[int], bytes], foreign: bool = False, kept: Kept | None = None
) -> Examined:
    """The same for what `read(n)` gives, which may be of any size: it is looked at in windows of bounded memory. An
    archive is held, as far as that may be."""
    from scanner.decode.containers_source import Forward, pieces, reading, up_to

    begun = up_to(read, b"", WHOLE)
    if len(begun) < WHOLE:
        return examine_file(detector, begun, foreign, kept)
    name = format_of(begun) if detector.decodes else ""
    if not name:
        return in_windows(detector, reading(pieces(read), begun), foreign)
    whole = up_to(read, begun, HELD)
    if len(whole) < HELD:
        return _outside(examine(detector, whole, foreign), _inside(detector, whole, name, foreign, kept), whole)
    if name != ZIP:
        return _inside(detector, Forward(pieces(read), whole), name, foreign, kept)
    seen = in_windows(detector, reading(pieces(read), whole), foreign)
    return seen._replace(skipped=summed((*seen.skipped, TOO_LARGE)))
