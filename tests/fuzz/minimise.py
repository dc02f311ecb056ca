"""The smallest input that still breaks the same promise: pieces are left out, then bytes are made plain."""

from __future__ import annotations

import traceback
from collections.abc import Callable

Broken = Callable[[bytes], str]
_TRIES = 4000


def broken_by(target: Callable[[bytes], None]) -> Broken:
    """What an input breaks, in a word: the exception and where it was raised; nothing where it breaks nothing."""

    def broken(data: bytes) -> str:
        try:
            target(data)
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            last = traceback.extract_tb(error.__traceback__)[-1]
            return f"{type(error).__name__} in {last.name}: {last.line}"
        return ""

    return broken


def smallest(data: bytes, broken: Broken, tries: int = _TRIES) -> bytes:
    """The smallest part of `data` that breaks what `data` breaks, after so many tries at most."""
    wanted, left = broken(data), tries
    size = max(len(data) // 2, 1)
    while left > 0:
        at, before = 0, len(data)
        while at < len(data) and left > 0:
            shorter = data[:at] + data[at + size :]
            left -= 1
            if broken(shorter) == wanted:
                data = shorter
            else:
                at += size
        if size == 1 and len(data) == before:
            break
        size = max(size // 2, 1)
    return _plainer(data, broken, wanted, left)


def _plainer(data: bytes, broken: Broken, wanted: str, left: int) -> bytes:
    for at in range(min(len(data), left)):
        plain = data[:at] + b"0" + data[at + 1 :]
        if broken(plain) == wanted:
            data = plain
    return data
