"""What it takes long to make ready and comes out the same each time: kept for the next run, in the cache folder.

Nothing here may make a run fail, or is worth a word: whatever is wrong, it is made anew. No byte of what was scanned
goes there.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from hashlib import blake2b
from typing import NamedTuple

from scanner.sources.owned import Unusable, Worthless, check, inside, prepare

_BEGINNING, _ENDING = "xoxscan-literals-", ".bin"
_MOST = 4  # files: one for each set of rules
_DIGEST = 32  # bytes


class Compiled(NamedTuple):
    """Files in the folder `where`, by key: letters and digits that say all that the content depends on."""

    where: str

    def load(self, key: str) -> bytes | None:
        """What was kept; None where nothing was, or it is not as it was written by us."""
        path = self._path(key)
        try:
            check(path)
            with open(path, "rb") as file:
                content = file.read()
        except (OSError, Unusable, Worthless):
            return None
        made = content[_DIGEST:]
        return made if content[:_DIGEST] == _digest(key, made) else None

    def save(self, key: str, made: bytes) -> None:
        """Keeps it, and forgets the oldest."""
        from tempfile import NamedTemporaryFile  # here: most runs find it made

        with suppress(OSError, Unusable):
            prepare(self.where)
            with NamedTemporaryFile(prefix=_BEGINNING, dir=self.where, delete=False) as file:
                try:
                    file.write(_digest(key, made) + made)
                    file.close()
                    os.replace(file.name, self._path(key))
                except OSError:
                    os.unlink(file.name)
            self._forget()

    def _forget(self) -> None:
        with os.scandir(self.where) as entries:
            ours = [entry for entry in entries if entry.name.startswith(_BEGINNING)]
        ours.sort(key=lambda entry: (entry.name.endswith(_ENDING), entry.stat().st_mtime_ns), reverse=True)
        for entry in ours[_MOST:]:  # also what a run that was killed has not ended
            os.unlink(entry.path)

    def _path(self, key: str) -> str:
        return os.path.join(self.where, f"{_BEGINNING}{key}{_ENDING}")


def compiled(where: str, scanned: Iterable[str]) -> Compiled | None:
    """The files in the cache folder `where`; None where that lies inside what is `scanned`."""
    return None if inside(where, scanned) else Compiled(where)


def _digest(key: str, made: bytes) -> bytes:
    return blake2b(key.encode() + b"\n" + made, digest_size=_DIGEST).digest()
