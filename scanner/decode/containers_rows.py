"""Archives that are rows of headers and contents: ar (deb packages, static libraries), cpio (the old ASCII form and the
new one, as in an initramfs) and rpm, whose payload is a cpio.

Sources: ar(5) of GNU binutils and of BSD, deb(5); cpio(5); rpm's docs/manual/format_v4.md (lead, signature, header).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from struct import Struct

from scanner.decode.containers_limits import CUT, DAMAGED, Budget, Closed, Member, expanded
from scanner.decode.containers_source import Source, packed_size, past_zeros
from scanner.decode.containers_sparse import plain

_MARK = b"!<arch>\n"
_AR = re.compile(rb"(.{16}).{32}(\d{1,10}) *`\n", re.S)
_AR_SIZE = 60
_NAMES = 1 << 20  # bytes of names: more are no names
_BSD_NAME = re.compile(rb"#1/(\d{1,7}) *")
_GNU_NAME = re.compile(rb"/(\d{1,7}) *")
# Magic, then the size of the name and that of the content.
_NEW = re.compile(rb"07070[12][0-9a-fA-F]{48}([0-9a-fA-F]{8})[0-9a-fA-F]{32}([0-9a-fA-F]{8})[0-9a-fA-F]{8}")
_OLD = re.compile(rb"070707[0-7]{53}([0-7]{6})([0-7]{11})")
_CPIO_SIZE = 110  # of the larger header
_LAST = b"TRAILER!!!"
_HEADER, _LEAD = b"\x8e\xad\xe8\x01", 96
_HEADER_FIELDS = Struct(">8xII")  # entries of the index, and bytes of what they index


def is_cpio(head: bytes) -> bool:
    """Whether a header of a cpio stands there."""
    return bool(_NEW.match(head) or _OLD.match(head))


def ar(data: Source, budget: Budget) -> Iterator[Member | Closed]:
    """The members of an ar, and what stays closed. Never raises for what is in `data`."""
    at, names = len(_MARK), b""
    while head := data[at : at + _AR_SIZE]:
        found = _AR.match(head)
        if reason := budget.entry() or ("" if found else DAMAGED if len(head) == _AR_SIZE else CUT):
            yield Closed(None, reason)
            return
        assert found
        name, size, start = found[1].rstrip(b" "), int(found[2]), at + _AR_SIZE
        at = start + size + size % 2
        if name == b"//":
            names = data[start : start + min(size, _NAMES)]
            continue
        if told := _BSD_NAME.fullmatch(name):
            length = min(int(told[1]), size)
            name, start, size = data[start : start + length].rstrip(b"\0"), start + length, size - length
        elif told := _GNU_NAME.fullmatch(name):
            name = names[int(told[1]) :].partition(b"\n")[0].rstrip(b"/")
        yield from _content(data, name.rstrip(b"/") or name, start, size, budget)
        if budget.spent:
            return


def _content(data: Source, name: bytes, start: int, size: int, budget: Budget) -> Iterator[Member | Closed]:
    yield from expanded(plain(data, start, start + size), name, "archive", lambda: size + 1, budget)


def cpio(data: Source, budget: Budget) -> Iterator[Member | Closed]:
    """The members of a cpio, and of those that follow it; what stays closed. Never raises for what is in `data`."""
    at = 0
    while head := data[at : at + _CPIO_SIZE]:
        if reason := budget.entry():
            yield Closed(None, reason)
            return
        if not (row := _row(data, head, at)):
            yield Closed(None, DAMAGED if len(head) == _CPIO_SIZE else CUT)
            return
        name, start, size, at = row
        if name == _LAST:
            at = past_zeros(data, at)
        elif size:  # folders have no content, nor have all but the last of linked files
            yield from _content(data, name, start, size, budget)
            if budget.spent:
                return


def _row(data: Source, head: bytes, at: int) -> tuple[bytes, int, int, int] | None:
    """Name, place and size of a content, and where the next header stands; None where no header stands here. The new
    form fills up to four bytes."""
    if found := _NEW.match(head):
        named, size, fill = int(found[2], 16), int(found[1], 16), 4
    elif found := _OLD.match(head):
        named, size, fill = int(found[1], 8), int(found[2], 8), 1
    else:
        return None
    begin = at + found.end()
    start = begin + named + -(begin - at + named) % fill
    name = data[begin : begin + min(named, _NAMES)].partition(b"\0")[0]
    return name, start, size, start + size + -size % fill


def rpm(data: Source, budget: Budget) -> Iterator[Member | Closed]:
    """The payload of an rpm. Behind the lead stand a signature, filled up to eight bytes, and a header."""
    signature = _behind_header(data, _LEAD)
    at = _behind_header(data, signature + -signature % 8) if signature else 0
    if reason := budget.entry() or ("" if at else DAMAGED):
        yield Closed(None, reason)
        return
    yield from expanded(_rest(data, at), None, "rpm", lambda: packed_size(data), budget)


def _behind_header(data: Source, at: int) -> int:
    """Where what follows the header at `at` begins; 0 where none stands there."""
    head = data[at : at + _HEADER_FIELDS.size]
    if len(head) < _HEADER_FIELDS.size or not head.startswith(_HEADER):
        return 0
    entries, size = _HEADER_FIELDS.unpack(head)
    return int(at + _HEADER_FIELDS.size + 16 * entries + size)


def _rest(data: Source, at: int) -> Iterator[bytes]:
    while piece := data[at : at + (1 << 20)]:
        yield piece
        at += len(piece)
