r"""Tokens whose pieces are the elements of a list, or the arguments of a format: `["xoxb", "1", …].join("-")`,
`"-".join(…)`, `implode`, `strings.Join`, `"%s-%s" % (…)`, `Sprintf("…%s-%s", …)`, `"…{}-{}".format(…)`, `qw(…)`.

Which function joins a list may stand anywhere (`parts = […]` here, `join(parts)` there), so elements are joined as a
token needs it: by a dash (a slash in an address), or by nothing where one stands at the border already. Only where a
word near by says that something is joined, by nothing at all as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from scanner.decode.joined_gaps import CLOSE, OPEN, SPACE, begins, compiled, run, whole

PIECES = 8  # of one token, at most


class Piece(NamedTuple):
    """A piece of a token: where it stands, and what comes between it and the piece before."""

    start: int
    end: int
    glue: bytes = b""


_GAP = 600
_COMMA = CLOSE + rb"?" + SPACE + rb"," + SPACE + rb"(?:" + OPEN + rb"|(?=\d{8,16}\b))"
_JOINS = rb"(?i:join|implode|concat|format|printf|paste|intercalate|mkstring|glue)"
_BEFORE, _BEHIND = 200, 80  # bytes in which such a word is looked for
_HOLE = rb"(?:%(?:\d\$)?[sdv]|\{\d?\})"
_TEMPLATE = (
    rb"[A-Za-z0-9_./:-]*+(?:" + _HOLE + rb"[-_./:A-Za-z0-9]*+){1,6}"
    + CLOSE + SPACE + rb"(?:,|%|\.\s?format\s?\()" + SPACE + rb"\(?" + SPACE + rb"(?:" + OPEN + rb"|(?=\d{8}))"
)  # fmt: skip
_WORDS = rb"(?:%[wWiI]|\bqw)\s?[\[({<|!/]\s{0,20}\Z"
_WORD = rb"(?:\s++)(?=[A-Za-z0-9_%-])"


def lists(data: bytes, first: Piece) -> Iterator[list[Piece]]:
    """The ways in which elements of a list that begins with `first` may make a token: none, one, or two."""
    at = first.end
    gap = _COMMA if compiled(_COMMA).match(data, at, at + _GAP) else _spaced(data, first)
    if not gap or whole(data[first.start : at]):
        return
    elements = list(_elements(data, first, gap))
    if len(elements) < 2:
        return
    yield _joined(data, elements)
    if _says_joined(data, elements):
        yield elements


def _spaced(data: bytes, first: Piece) -> bytes:
    """What parts the words of a list of Ruby's or Perl's; nothing where `first` begins no such list."""
    within = data[first.end : first.end + 1].isspace()
    return _WORD if within and compiled(_WORDS).search(data, max(first.start - 30, 0), first.start) else b""


def _elements(data: bytes, first: Piece, gap: bytes) -> Iterator[Piece]:
    yield first
    at = first.end
    for _ in range(PIECES):
        found = compiled(gap).match(data, at, at + _GAP)
        start = found.end() if found else at
        at = run(data, start) if found else at
        if not found or at == start or begins(data[start : start + 8]):
            return
        yield Piece(start, at)


def _joined(data: bytes, elements: Sequence[Piece]) -> list[Piece]:
    mark = b"/" if b"hooks.slack" in data[elements[0].start : elements[0].end] else b"-"
    made = [elements[0]]
    for piece in elements[1:]:
        border = mark in (data[made[-1].end - 1 : made[-1].end], data[piece.start : piece.start + 1])
        made.append(piece if border else piece._replace(glue=mark))
    return made


def _says_joined(data: bytes, elements: Sequence[Piece]) -> bool:
    start, end = elements[0].start, elements[-1].end
    search = compiled(_JOINS).search
    return bool(search(data, max(start - _BEFORE, 0), start) or search(data, end, end + _BEHIND))


def template(data: bytes, start: int) -> list[Piece]:
    """The pieces of a token that begins in a template, with the constants that are put into it: none where the text at
    `start` is no template."""
    found = compiled(_TEMPLATE).match(data, start, start + _GAP)
    if not found:
        return []
    first = found.end()
    values = list(_elements(data, Piece(first, run(data, first)), _COMMA))
    return list(_filled(data, start, found.end(), values))


def _filled(data: bytes, start: int, end: int, values: Sequence[Piece]) -> Iterator[Piece]:
    """What stands before each hole, then its value; and what stands behind the last."""
    at = start
    for hole, value in zip(compiled(_HOLE).finditer(data, start, end), values, strict=False):
        if hole.start() > at:
            yield Piece(at, hole.start())
        yield value
        at = hole.end()
    last = run(data, at)
    if last > at:
        yield Piece(at, last)
