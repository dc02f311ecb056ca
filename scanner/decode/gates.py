"""Looking for many literals without a library that is made for it: by a byte of each that is rare in most texts.

Where that byte stands nowhere, no literal with it does; to see that takes a tenth of the time of looking for one
literal. Where it stands, a pattern that begins with it tells more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from scanner.decode.around import branches

_RARE = b"\0\x1b\b\xef\xe2\xc2`\\&%#=<^74GQYUHZSxk"  # bytes, the rarest first


class Gate(NamedTuple):
    """Those of some literals that have the byte `rare`: where `pattern` matches, one stands. Where `beside` does
    not, which says what may stand beside that byte, `pattern` does not either: it takes far less time to compile, and
    is all that most texts need."""

    rare: bytes
    beside: bytes
    pattern: bytes


def rare(literal: bytes) -> bytes:
    """The byte of a literal by which its gate is known; nothing, if all are usual."""
    return next((bytes((byte,)) for byte in _RARE if byte in literal), b"")


def gates_for(literals: Iterable[bytes]) -> Iterator[Gate]:
    """The fewest that let all of these literals through, each of which has a rare byte."""
    groups: dict[bytes, dict[bytes, list[bytes]]] = {}  # by rare byte, and by what stands before it
    for literal in literals:
        before, byte, behind = literal.partition(rare(literal))
        groups.setdefault(byte, {}).setdefault(before, []).append(behind)
    for byte, ways in groups.items():
        ends = [before for before, behind in ways.items() if b"" in behind]
        goes_on = {before: behind for before, behind in ways.items() if b"" not in behind}
        either = (*_ending(ends, byte), *_going_on(goes_on, byte))
        yield Gate(byte, _ways(byte, _beside(ends, goes_on, byte)), _ways(byte, either))


def _ways(byte: bytes, ways: Iterable[bytes]) -> bytes:
    return re.escape(byte) + b"(?:" + b"|".join(ways) + b")"


def _beside(befores: Sequence[bytes], ways: Mapping[bytes, Sequence[bytes]], byte: bytes) -> Iterator[bytes]:
    """What the two bytes before it may be, or the three behind it."""
    yield from (_before(before, byte) for before in sorted({before[-2:] for before in befores}))
    if ways:
        yield _any_of(sorted({one[:3] for behind in ways.values() for one in behind}))


# Which byte stands beside it at all is asked first: that is quicker than to ask it of each way.


def _ending(befores: Sequence[bytes], byte: bytes) -> Iterator[bytes]:
    """A pattern for the literals that end with `byte`, by what stands before it."""
    if befores:
        ways = b"|".join(b"(?<=" + re.escape(before + byte) + b")" for before in befores)
        yield b"(?<=" + _one_of(before[-1:] for before in befores) + re.escape(byte) + b")(?:" + ways + b")"


def _going_on(ways: Mapping[bytes, Sequence[bytes]], byte: bytes) -> Iterator[bytes]:
    """A pattern for those that go on behind it."""
    if ways:
        every = b"|".join(_before(before, byte) + _any_of(behind) for before, behind in ways.items())
        yield b"(?=" + _one_of(one[:1] for behind in ways.values() for one in behind) + b")(?:" + every + b")"


def _before(before: bytes, byte: bytes) -> bytes:
    return b"(?<=" + re.escape(before + byte) + b")" if before else b""


def _any_of(literals: Sequence[bytes]) -> bytes:
    return b"(?:" + b"|".join(first + rest for first, rest in branches(literals)) + b")"


def _one_of(characters: Iterable[bytes]) -> bytes:
    return b"[" + b"".join(map(re.escape, sorted(set(characters)))) + b"]"
