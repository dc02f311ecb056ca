"""How much there is to look at, found out only when somebody wants to know: it costs a system call for each file."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator

from scanner.sources.folder import stored
from scanner.sources.listing import Batch, Item

_HOLES = 1 << 20  # bytes


class Ahead:
    """Items on their way to whoever reads them. How much they are is found out when it is asked for: all that is left
    is listed then, and each of its files is looked up. `done` tells how many files and bytes were read so far."""

    def __init__(self, done: Callable[[], tuple[int, int]]) -> None:
        self._done = done
        self._source: Iterator[Item] = iter(())
        self._listed: deque[Item] = deque()  # what comes before the rest of the source
        self._now: Item | None = None
        self._before = (0, 0)  # what was read before it

    def through(self, items: Iterable[Item]) -> Iterator[Item]:
        """The same items."""
        self._source = iter(items)
        while item := self._listed.popleft() if self._listed else next(self._source, None):
            self._now, self._before = item, self._done()
            yield item

    def total(self) -> tuple[int, int]:
        """How many files and bytes it is in all."""
        self._listed.extend(self._source)
        left = [_amount(item) for item in (self._now, *self._listed) if isinstance(item, Batch)]
        return self._before[0] + sum(files for files, _ in left), self._before[1] + sum(size for _, size in left)


def _amount(batch: Batch) -> tuple[int, int]:
    """The files and bytes of a batch."""
    return len(batch.names), sum(_size(os.path.join(batch.root, name)) for name in batch.names)


def _size(path: bytes) -> int:
    """The bytes of a file, without those of large holes: they are not read."""
    try:
        status = os.lstat(path)
    except OSError:  # whoever reads it will say so
        return 0
    without = stored(status)
    return without if without + _HOLES < status.st_size else status.st_size
