"""Numbers, extended records and maps of sparse files in a tar (POSIX pax, "pax Extended Header"; GNU tar's manual,
"Storing Sparse Files": the old format, and 0.0, 0.1 and 1.0 of pax)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from scanner.decode.containers_source import Source

Map = list[tuple[int, int]]  # where each piece of a file stands, and how long it is
Records = tuple[tuple[bytes, bytes], ...]

_OCTAL = re.compile(rb"[ \0]*([0-7]*)[ \0]*")
_DECIMAL = re.compile(rb"\d{1,19}")
_LINE = re.compile(rb"(\d{1,19})\n")
_RECORD = re.compile(rb"(\d{1,7}) ")
_LONGEST = 20  # bytes of a line
_BLOCK = 512
_HOLE = bytes(1 << 18)
_PIECE = 1 << 20
_MOST = 100_000  # pieces of a sparse file


def number(field: bytes) -> int | None:
    """A number of a header: octal, or binary with the highest bit set (GNU). None where it is neither; zero where
    nothing stands there."""
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:], "big")
    told = _OCTAL.fullmatch(field)
    return int(told[1] or b"0", 8) if told else None


def records(data: bytes) -> Records:
    """The records of an extended header, `LENGTH KEY=VALUE\\n` each, up to the first that is none."""
    found, at = [], 0
    while told := _RECORD.match(data, at):
        end = at + int(told[1])
        key, equals, value = data[told.end() : end - 1].partition(b"=")
        if not equals or end > len(data):
            break
        found.append((key, value))
        at = end
    return tuple(found)


def decimal(value: bytes) -> int | None:
    """A number of a record; None where it is none."""
    return int(value) if _DECIMAL.fullmatch(value) else None


def map_of_header(data: Source, at: int) -> tuple[Map, int, int]:
    """The map of an entry of the old format, whose header stands at `at`; the size of the file; and where its data
    begins: behind the blocks that go on with the map. ValueError where it makes no sense."""
    pairs, size = _pairs(data[at + 386 : at + 482]), _must(number(data[at + 483 : at + 495]))
    more, at = data[at + 482 : at + 483], at + _BLOCK
    while more.strip(b"\0 0"):
        if at + _BLOCK > len(data) or len(pairs) > _MOST:
            raise ValueError
        pairs += _pairs(data[at : at + 504])
        more, at = data[at + 504 : at + 505], at + _BLOCK
    return pairs, size, at


def _pairs(field: bytes) -> Map:
    """Pairs of numbers of 12 bytes each, up to the first that is empty."""
    pairs = []
    for at in range(0, len(field), 24):
        if not field[at : at + 24].strip(b"\0"):
            break
        pairs.append((_must(number(field[at : at + 12])), _must(number(field[at + 12 : at + 24]))))
    return pairs


def map_of_records(found: Records) -> Map:
    """The map of pax 0.0 (offset and size in records of their own) or 0.1 (all in one). ValueError where it makes no
    sense."""
    numbers = [value for key, value in found if key in (b"GNU.sparse.offset", b"GNU.sparse.numbytes")]
    whole = [value for key, value in found if key == b"GNU.sparse.map"]
    if whole:
        numbers = whole[-1].split(b",") if whole[-1] else []
    return _paired([_must(decimal(value)) for value in numbers])


def map_in_data(data: Source, start: int, end: int) -> tuple[Map, int]:
    """The map of pax 1.0, which stands before the data: the count of pairs and they, a line for each number, filled up
    to a block. The map, and where the data begins. ValueError where it makes no sense."""
    numbers: list[int] = []
    text = data[start : min(start + _BLOCK, end)]
    at, count = 0, 0
    while len(numbers) < 1 + 2 * count:
        if len(text) - at < _LONGEST:
            text += data[start + len(text) : min(start + 2 * len(text), end)]
        line = _LINE.match(text, at)
        if not line or count > _MOST:
            raise ValueError
        numbers.append(int(line[1]))
        at, count = line.end(), numbers[0]
    return _paired(numbers[1:]), start + -(-at // _BLOCK) * _BLOCK


def _paired(numbers: Sequence[int]) -> Map:
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _must(found: int | None) -> int:
    if found is None:
        raise ValueError
    return found


def filled(data: Source, start: int, end: int, pieces: Map, size: int) -> Iterator[bytes]:
    """A sparse file of `size` bytes, whose `pieces` stand in `data` from `start` to `end`. ValueError where the map
    makes no sense, EOFError where data is missing."""
    made = 0
    for place, length in (*pieces, (max(size, sum(pieces[-1]) if pieces else 0), 0)):
        if place < made or start + length > end:
            raise ValueError
        yield from _hole(place - made)
        yield from plain(data, start, start + length)
        start, made = start + length, place + length


def _hole(size: int) -> Iterator[bytes]:
    while size > 0:
        yield _HOLE[:size]
        size -= len(_HOLE)


def plain(data: Source, start: int, end: int) -> Iterator[bytes]:
    """Data as it stands there, in pieces. EOFError where it is cut off."""
    for at in range(start, end, _PIECE):
        piece = data[at : min(at + _PIECE, end)]
        yield piece
        if len(piece) < min(_PIECE, end - at):
            raise EOFError
