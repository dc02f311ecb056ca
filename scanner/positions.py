"""Byte offsets -> the lines and columns that an editor shows. Pure, and linear in the bytes that are passed over.

Lines end at `\\n`, `\\r\\n` or a bare `\\r`. Columns count the characters of the text decoded as UTF-8; a byte that is
no part of valid UTF-8 counts as one. A byte order mark at the start of a file is not counted. Both count from 1, and
the end is exclusive, as in SARIF 2.1.0 (3.30): `end_column` is the column of the first character after the match. An
end just after a line break is column 1 of the next line.

A text may be given in pieces: each piece is described by the line and column of its first byte, and the next piece
starts where `advance` got to. Pieces are cut at a `boundary`, never inside a character or a `\\r\\n`. A piece at line
1, column 1 is taken for the start of the file.
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.model import Position

_BOM = b"\xef\xbb\xbf"
_LONGEST = 4  # bytes of the longest UTF-8 sequence


def position(data: bytes, start: int, end: int, line: int = 1, column: int = 1) -> Position:
    """Where `data[start:end]` stands, if the first byte of `data` stands at `line` and `column`."""
    return positions(data, ((start, end),), line, column)[0]


def positions(data: bytes, spans: Iterable[tuple[int, int]], line: int = 1, column: int = 1) -> list[Position]:
    """Where many spans stand, in their order. One pass over the data if they are sorted; right in any order."""
    found: list[Position] = []
    at, here, origin = 0, (line, column), (line, column)
    for start, end in spans:
        first = _character(data, start)[0]
        if first < at:
            at, here = 0, origin
        at, here = first, advance(data, *here, begin=at, end=first)
        stop = first if end <= start else _character(data, end - 1)[1]
        found.append(Position(*here, *advance(data, *here, begin=at, end=stop)))
    return found


def advance(data: bytes, line: int, column: int, *, begin: int = 0, end: int | None = None) -> tuple[int, int]:
    """Line and column of the byte at `end` (default: after the last), given those of the byte at `begin`.

    Both offsets are ends of characters (`boundary` makes one). A `\\r` just before `end` is a line break of its own
    unless `data` goes on with `\\n`, which then is the break.
    """
    stop = len(data) if end is None else end
    breaks, last = _breaks(data, begin, stop)
    if breaks:
        return line + breaks, 1 + _characters(data, last, stop)
    if begin == 0 and line == 1 and column == 1 and data.startswith(_BOM):
        begin = min(len(_BOM), stop)
    return line, column + _characters(data, begin, stop)


def boundary(data: bytes, at: int) -> int:
    """The last offset up to `at` that is neither inside a character nor inside a `\\r\\n`."""
    if not 0 < at < len(data):
        return at
    for back in range(min(_LONGEST, at + 1)):
        if data[at - back] & 0xC0 != 0x80:
            at -= back
            break
    return at - 1 if at and data[at] == 0x0A and data[at - 1] == 0x0D else at


def _breaks(data: bytes, begin: int, end: int) -> tuple[int, int]:
    """How many lines end in `data[begin:end]`, and where the last of them ended."""
    count, last = data.count(b"\n", begin, end), data.rfind(b"\n", begin, end)
    if data.find(b"\r", begin, end) >= 0:
        bare = end - 1 if data[end - 1 : end + 1] == b"\r\n" else end  # its `\n` will be the break
        count += data.count(b"\r", begin, bare) - data.count(b"\r\n", begin, end)
        last = max(last, data.rfind(b"\r", begin, bare))
    return count, last + 1


def _characters(data: bytes, begin: int, end: int) -> int:
    return len(data[begin:end].decode("utf-8", "surrogateescape"))


def _character(data: bytes, at: int) -> tuple[int, int]:
    """Begin and end of the character that holds the byte at `at`; of that byte alone if it is not valid UTF-8."""
    if at >= len(data):
        return at, at
    if data[at] < 0x80:
        return at, at + 1
    for begin in range(at, max(at - _LONGEST, -1), -1):
        if data[begin] & 0xC0 != 0x80:
            end = begin + _length(data[begin])
            return (begin, end) if end > at and _valid(data[begin:end]) else (at, at + 1)
    return at, at + 1


def _length(lead: int) -> int:
    return 1 + (lead >= 0xC0) + (lead >= 0xE0) + (lead >= 0xF0)


def _valid(sequence: bytes) -> bool:
    try:
        return len(sequence.decode()) == 1
    except UnicodeDecodeError:
        return False
