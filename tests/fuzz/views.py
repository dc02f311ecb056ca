"""What a view promises, whatever the text: it never raises, shows a bounded amount, and each part leads back to the
bytes that it was made from."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from itertools import pairwise

from scanner.decode import (
    ansi,
    charset,
    cookies,
    entities,
    escapes,
    kubernetes,
    notebook,
    percent,
    quotedprintable,
    typographic,
    views,
)
from scanner.decode.characters import Dialect, compiled
from scanner.decode.view import Decoded

# A view may show a text several times over: in four phases, in three dialects, and where regions overlap.
MANY, FREE = 24, 4 << 20
_AROUND = 64
_SPANS = 24  # of a part, so many are looked at


def check(data: bytes) -> None:
    """All views on `data`, whatever betrays them."""
    for name in views.NAMES:
        shown = 0
        for part in views.decode(name, data):
            shown += len(part.data)
            assert shown <= MANY * len(data) + FREE, f"{name} shows too much"
            leads_back(name, data, part)


def leads_back(name: str, data: bytes, part: Decoded) -> None:
    """AssertionError where a span of `part` does not lead to the bytes of `data` that make it."""
    spans = list(_spans(part.data))
    for start, end in spans:
        first, last = part.raw(start, end)
        assert 0 <= first <= last <= len(data), f"{name}: {first}:{last} of {len(data)}"
        made_of(name, data, (first, last), part.data[start:end])
        if part.pieces:
            pieces(data, part.pieces(start, end), part.data[start:end])
    if name != "joined":  # the pieces of a format stand in any order
        monotone(name, part, sorted(spans))


def _spans(text: bytes) -> Iterator[tuple[int, int]]:
    """The words of a text, and a few more spans of it: all that a rule may take, and what it may not."""
    for number, found in enumerate(re.finditer(rb"[\w.%/+:=-]{4,}", text)):
        if number == _SPANS:
            break
        yield found.span()
    step = max(len(text) // 5, 1)
    for start in range(0, len(text), step):
        yield start, min(start + step, len(text))
        yield start, start + 1
    if text:
        yield 0, len(text)


def monotone(name: str, part: Decoded, spans: list[tuple[int, int]]) -> None:
    """What stands behind comes from behind."""
    for one, other in pairwise(spans):
        first, second = part.raw(*one), part.raw(*other)
        assert first[0] <= second[0], f"{name}: the way back goes backwards"
        assert one[1] > other[1] or first[1] <= second[1], f"{name}: the way back ends backwards"


def pieces(data: bytes, found: tuple[tuple[int, int], ...], text: bytes) -> None:
    """The pieces are `text`, apart from what joins them."""
    assert all(0 <= start <= end <= len(data) for start, end in found)
    parts = [] if text in (b"-", b"/") else [data[start:end] for start, end in found]
    glued = b"[-/]?" + b"[-/]?".join(map(re.escape, parts)) + b"[-/]?"
    assert re.fullmatch(glued, text, re.S), "joined: the pieces are not what was shown"


def made_of(name: str, data: bytes, place: tuple[int, int], shown: bytes) -> None:
    """AssertionError where what stands at `place` does not show `shown`, as another way of reading it tells. A span may
    begin or end within what looks otherwise alone: then what stands around it is read along."""
    told, (first, last) = _TOLD[name], place
    around = data[max(first - _AROUND, 0) : last + _AROUND]
    assert told(data[first:last], shown) or told(around, shown), f"{name}: what is shown does not stand there"


def _spelled(*dialects: Dialect) -> Callable[[bytes, bytes], bool]:
    def told(raw: bytes, shown: bytes) -> bool:
        return shown in raw or any(shown in compiled(one.pattern).sub(one.plain, raw) for one in dialects)

    return told


def _module(view: object) -> Callable[[bytes, bytes], bool]:
    """Of a view of characters: any of the dialects that it is made of."""
    return _spelled(*_dialects(view))


def _dialects(view: object) -> list[Dialect]:
    closed = [cell.cell_contents for cell in view.decode.__closure__]  # type: ignore[attr-defined]
    return [one for cell in closed if isinstance(cell, tuple) for one in cell if isinstance(one, Dialect)]


def _mailed(raw: bytes, shown: bytes) -> bool:
    """A line's length says whether its end is a soft line break; of a slice that cannot be told."""
    ends, (dialect,) = re.compile(quotedprintable._BREAK), _dialects(quotedprintable.VIEW)
    plain = compiled(dialect.pattern).sub(dialect.plain, raw)
    return shown in raw or ends.sub(b"", shown) in ends.sub(b"", plain)


def _ordered(small: bytes, large: bytes) -> bool:
    """Whether the bytes of `small` stand in `large`, in order."""
    rest = iter(large)
    return all(byte in rest for byte in small)


def _wide(raw: bytes, shown: bytes) -> bool:
    return raw.replace(b"\0", b"") == shown


def _digits(raw: bytes, shown: bytes) -> bool:
    return _ordered(shown.hex().encode(), raw.lower())


def _base64(raw: bytes, shown: bytes) -> bool:
    """The characters that `shown` alone decides are there, for one of three places in a group; or it is a value of a
    Kubernetes Secret, or what stands around that."""
    plain = raw.translate(bytes.maketrans(b"-_", b"+/"))
    return any(_ordered(_decided(shown, offset), plain) for offset in range(3)) or shown in _values(raw)


def _decided(shown: bytes, offset: int) -> bytes:
    image = b64encode(bytes(offset) + shown + bytes(-(offset + len(shown)) % 3))
    bits = 8 * (offset + len(shown))
    return image[-(-8 * offset // 6) : bits // 6]


def _values(raw: bytes) -> bytes:
    def plain(found: re.Match[bytes]) -> bytes:
        return found[1] + (kubernetes._plain(found[2]) or found[2])

    return kubernetes._VALUE.sub(plain, raw) + b"\n" + raw


def _lines(raw: bytes, shown: bytes) -> bool:
    return shown in notebook._escape().sub(notebook._plain, raw)


def _joined(raw: bytes, shown: bytes) -> bool:
    return True  # `pieces` tells more


_TOLD: dict[str, Callable[[bytes, bytes], bool]] = {
    "percent": _module(percent.VIEW),
    "escape": _module(escapes.VIEW),
    "html": _module(entities.VIEW),
    "quoted-printable": _mailed,
    "ansi": _module(ansi.VIEW),
    "cookie": _module(cookies.VIEW),
    "typographic": _module(typographic.VIEW),
    "utf-16": _wide,
    "utf-32": _wide,
    "notebook": _lines,
    "joined": _joined,
    "base64": _base64,
    "hex": _digits,
}


def check_charset(data: bytes) -> None:
    """What `charset.text` says of a whole file, and the way back from it."""
    told = charset.text(data)
    if told is None:
        return
    name, shown, raw = told
    assert len(shown) <= 2 * len(data)
    leads_back_whole(data, Decoded(shown, raw), name)


def leads_back_whole(data: bytes, part: Decoded, name: str) -> None:
    """The same for a text that is decoded as a whole; whole characters come from whole characters."""
    spans = sorted(set(_spans(part.data)))
    for start, end in spans:
        first, last = part.raw(start, end)
        assert 0 <= first <= last <= len(data)
        plain = data[first:last].decode(name, "surrogatepass" if name != "utf-8" else "surrogateescape")
        again = plain.encode("utf-8", "surrogatepass" if name != "utf-8" else "surrogateescape")
        assert part.data[start:end] in again, f"{name}: not what stands there"
    monotone(name, part, spans)
