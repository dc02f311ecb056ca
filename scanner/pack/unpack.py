"""Contents: inflated, and made from their deltas; with a bound on the memory that takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from scanner.pack.fresh import fresh

LARGE = 32 << 20  # bytes: an object of more is left to git
STACKED = 64 << 20  # bytes of contents that are kept because others are made from them
_RATIO = 1032  # deflate makes at most so many bytes of one (zlib's technical notes)
_FREE = 1 << 15  # bytes, deflated, that may be inflated without asking: the ratio bounds what comes out
_DIGITS = 9  # of each of the two sizes that a delta begins with, seven bits each


class Codec(NamedTuple):
    """What does the work: `inflate(data, size)` and `apply(base, delta)`. Whatever they raise, the data is odd."""

    inflate: Callable[[memoryview, int], bytes]
    apply: Callable[[bytes, bytes], Sequence[bytes]]


def codec() -> Codec:
    """The compiled ones, isal and dulwich. ImportError where they are not installed."""
    from dulwich._pack import apply_delta
    from isal.isal_zlib import decompress, decompressobj

    def inflate(data: memoryview, size: int) -> bytes:
        if len(data) <= _FREE:
            return decompress(data, 15, size or 1)
        machine = decompressobj()
        content: bytes = machine.decompress(data, size + 1)
        if not machine.eof:
            raise ValueError("more than was claimed, or without an end")
        return content

    return Codec(inflate, apply_delta)


class Nodes(NamedTuple):
    """Entries of a pack: where the deflated content of each begins and ends, how many bytes it makes, and the number of
    the one that it is made from (-1: it is whole)."""

    start: Sequence[int]
    end: Sequence[int]
    size: Sequence[int]
    base: Sequence[int]


# The number of a node, its content, and what of that its base does not hold (see scanner.pack.fresh).
Unpacked = tuple[int, bytes, bytes]


class Unpacker:
    """Gives contents, each base before what is made from it. `left` are the nodes that are odd or too large, with all
    that is made from them: nothing is known of these. Whoever looks for literals of up to `reach` + 1 bytes need not
    look at more than what is new, where the base holds none; 0: all of each is new."""

    def __init__(
        self, data: memoryview, codec: Codec, large: int = LARGE, stacked: int = STACKED, reach: int = 0
    ) -> None:
        self._data = data
        self._inflate, self._apply = codec
        self._large, self._stacked, self._reach = large, stacked, reach
        self.left: list[int] = []

    def contents(self, nodes: Nodes) -> Iterator[Unpacked]:
        """Number and content of each of `nodes`, and what is new in it."""
        children: list[list[int]] = [[] for _ in nodes.base]
        for node, base in enumerate(nodes.base):
            if base >= 0:
                children[base].append(node)
        entries = list(zip(*nodes, strict=True))
        # Depth first. What waits is a node with the content that it is made from, and whether it is the last to need
        # that; only a content that others wait for stays.
        whole = [node for node, base in enumerate(nodes.base) if base < 0]
        waiting = [(node, b"", True) for node in reversed(whole)]
        held = 0
        while waiting:
            node, source, last = waiting.pop()
            held -= len(source) if last else 0
            made = self._content(*entries[node], source, self._stacked - held)
            if made is None:
                self._leave(node, children)
                continue
            content = made[0]
            yield node, *made
            if below := children[node]:
                held += len(content)
                waiting.append((below[0], content, True))
                waiting += [(child, content, False) for child in below[1:]]

    def _content(
        self, start: int, end: int, size: int, base: int, source: bytes, room: int
    ) -> tuple[bytes, bytes] | None:
        """The content of a node, and what is new in it; None where it is odd or takes more than there is `room` for.
        There are hundreds of thousands, and calls are what takes long."""
        if size > self._large or size > _RATIO * (end - start) or size > room:
            return None
        try:
            content = self._inflate(self._data[start:end], size)
            if len(content) != size:
                return None
            if base < 0:
                return content, content
            target, at = heading(content)
            if target > self._large or target > room - len(source):
                return None
            parts = self._apply(source, content)
            made = parts[0] if len(parts) == 1 else b"".join(parts)
            return made, fresh(content, at, made, self._reach) if self._reach else made
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001 - each library has its own; git says what it is
            return None

    def _leave(self, node: int, children: Sequence[list[int]]) -> None:
        waiting = [node]
        while waiting:
            node = waiting.pop()
            self.left.append(node)
            waiting += children[node]


def heading(delta: bytes) -> tuple[int, int]:
    """How many bytes a delta makes, the second of the two sizes that it begins with, and where its instructions begin.
    ValueError or IndexError where there is none."""
    at = 0
    while delta[at] >= 128:
        at += 1
        if at == _DIGITS:
            raise ValueError("a size of more than 63 bits")
    at += 1
    byte = delta[at]
    size, shift = byte & 127, 7
    while byte >= 128:
        at += 1
        byte = delta[at]
        size |= (byte & 127) << shift
        shift += 7
        if shift > 7 * _DIGITS:
            raise ValueError("a size of more than 63 bits")
    return size, at + 1
