"""Texts in UTF-16 and UTF-32, whole files or strings within other bytes, and the mark before UTF-8.

Sources: the Unicode Standard 16.0, 3.10 and 23.8 (encoding schemes and the byte order mark), RFC 2781, UAX #19.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import accumulate

from scanner.decode.around import any_of, regions
from scanner.decode.view import Decoded, Raw, Run, View, through

# The longer marks first: that of UTF-32 begins as that of UTF-16 does.
_MARKS = (
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\xfe\xff", "utf-16-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xef\xbb\xbf", "utf-8"),
)
# Without a mark: which bytes of a character are zero in nearly all text that holds ASCII.
_ZEROS = (("utf-32-le", 4, (1, 2, 3)), ("utf-32-be", 4, (0, 1, 2)), ("utf-16-le", 2, (1,)), ("utf-16-be", 2, (0,)))
_SAMPLE = 8 * 1024  # bytes that tell
_SHORTEST = 20  # letters of a string within other bytes: no token is shorter
_STRIDE = 1024  # characters between two places that are known on the way back
_WORDS = (b"xox", b"xapp", b"xwfp", b"slack", b"Slack", b"SLACK")
_ASCII = rb"[\t\n\r\x20-\x7e]"
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a]")  # no text holds them; what only begins as one does


def text(data: bytes) -> tuple[str, bytes, Raw] | None:
    """`data` as UTF-8 and the name of the encoding that it is in, if that is UTF-16, UTF-32 or UTF-8 with a mark; None
    for all else. The mark is no part of the text. What is no whole character at the end is left out."""
    mark, name = next((known for known in _MARKS if data.startswith(known[0])), (b"", _unmarked(data)))
    if not name:
        return None
    body = data[len(mark) :]
    if name == "utf-8":
        return name, body, through([Run(0, len(body), len(mark), len(data))])
    return _text(data, name, mark, sure=mark != b"")


def _text(data: bytes, name: str, mark: bytes, sure: bool) -> tuple[str, bytes, Raw] | None:
    """The same for a text in that encoding; `sure`, that it is in that."""
    body = data[len(mark) :]
    try:
        decoded = body[: len(body) - len(body) % _width(name)].decode(name, "surrogatepass")
    except UnicodeDecodeError:
        return None
    shown, raw = _told(decoded, name, len(mark))
    return (name, shown, raw) if sure or not _CONTROLS.search(shown) else None


def wide(data: bytes) -> str:
    """UTF-16 or UTF-32, in either order, if `data` is the beginning of a text in it; else nothing."""
    name = next((name for mark, name in _MARKS if data.startswith(mark)), "") or _unmarked(data)
    return "" if name == "utf-8" else name


def plain(data: bytes, name: str) -> bytes:
    """A part of a text in that encoding as UTF-8, whatever stands in it; a mark stays."""
    return data.decode(name, "surrogatepass" if _whole(data, name) else "replace").encode("utf-8", "surrogatepass")


def part(data: bytes, name: str, first: bool) -> tuple[str, bytes, Raw] | None:
    """As `text` gives it, for a part of a text in that encoding; `first`: its beginning, which may have a mark."""
    return text(data) if first else _text(data, name, b"", sure=True)


def _whole(data: bytes, name: str) -> bool:
    try:
        data.decode(name, "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True


def is_wide(data: bytes) -> bool:
    """Whether `text` may give something for `data` that is in UTF-16 or UTF-32."""
    known = data.startswith(tuple(mark for mark, name in _MARKS if name != "utf-8"))
    return known or _unmarked(data) != ""


def _width(name: str) -> int:
    return 4 if name.startswith("utf-32") else 2


def _unmarked(data: bytes) -> str:
    sample = data[:_SAMPLE]
    if len(sample) < 8 or sample.count(0) * 3 < len(sample):  # of the least it is a little more than that
        return ""
    return next((name for name, width, zeros in _ZEROS if _looks(sample, width, zeros)), "")


def _looks(sample: bytes, width: int, zeros: Sequence[int]) -> bool:
    """Whether nearly all bytes are zero that should be, and hardly any that should not."""
    size = len(sample) // width
    letters = next(at for at in range(width) if at in (0, width - 1) and at not in zeros)
    enough = all(sample[at::width].count(0) * 10 >= size * 7 for at in zeros)
    return enough and sample[letters::width].count(0) * 50 <= size


def _told(decoded: str, name: str, begin: int) -> tuple[bytes, Raw]:
    """A text in UTF-8, and the way back to the bytes behind the mark."""
    pieces = [decoded[at : at + _STRIDE] for at in range(0, len(decoded), _STRIDE)]
    spelled = [piece.encode("utf-8", "surrogatepass") for piece in pieces]
    shown = b"".join(spelled)
    here = [0, *accumulate(map(len, spelled))]
    there = list(accumulate((_units(piece, name) for piece in pieces), initial=begin))

    def place(offset: int) -> int:
        known = bisect_right(here, offset) - 1
        return there[known] + _units(shown[here[known] : offset].decode("utf-8", "surrogatepass"), name)

    def raw(start: int, end: int) -> tuple[int, int]:
        return place(_boundary(shown, start)), place(_boundary(shown, end, forward=True))

    return shown, raw


def _units(piece: str, name: str) -> int:
    """How many bytes of the encoding it takes."""
    return len(piece.encode(name, "surrogatepass"))


def _boundary(shown: bytes, at: int, forward: bool = False) -> int:
    """The end of a character: `at`, or the next to it if that is within one."""
    while 0 < at < len(shown) and shown[at] & 0xC0 == 0x80:
        at += 1 if forward else -1
    return at


def _strings(data: bytes, gap: int) -> Iterator[Decoded]:
    """The strings around the anchors. Their letters are ASCII; another ends a string."""
    for start, end in regions(data, any_of(_anchors(gap)), _shape(gap)):
        yield _string(data, start, end, gap)


@cache
def _shape(gap: int) -> re.Pattern[bytes]:
    """Either byte order looks alike from the first letter to the last: letters with zeros between them."""
    return re.compile(rb"%b(?:\x00{%d}%b){%d,}+" % (_ASCII, gap, _ASCII, _SHORTEST - 1))


def _string(data: bytes, start: int, end: int, gap: int) -> Decoded:
    """One string, whose letters stand `gap` zeros apart: behind the letter, or in front of it if none are behind the
    last."""
    zeros = bytes(gap)
    behind = gap if data[end : end + gap] == zeros else 0
    front = gap if not behind and start >= gap and data[start - gap : start] == zeros else 0
    step = gap + 1

    def raw(begin: int, stop: int) -> tuple[int, int]:
        first = start - front + begin * step
        return first, max(first, min(start - front + stop * step, end + behind))

    return Decoded(data[start:end:step], raw)


def _anchors(gap: int) -> tuple[bytes, ...]:
    return tuple(bytes(gap).join(bytes((letter,)) for letter in word) for word in _WORDS)


UTF_16 = View("utf-16", lambda: _anchors(1), lambda data, found=(), /: _strings(data, 1))
UTF_32 = View("utf-32", lambda: _anchors(3), lambda data, found=(), /: _strings(data, 3))
