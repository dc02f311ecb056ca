"""What earlier runs of `history` learned, in one SQLite file. Nothing here may make a run fail: whatever is wrong with
the file or its folder is a note, and the run goes without.

It holds ids and checksums, never a byte of what was scanned. Facts: https://sqlite.org/wal.html,
https://sqlite.org/rescode.html, https://sqlite.org/howtocorrupt.html (a file that is replaced while another process has
it open may be torn: so every row carries a checksum of its own, and a row that does not fit it is not there).
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from typing import NamedTuple, TypeVar

from scanner.sources.owned import Unusable, Worthless, check, inside, prepare

NAME = "xoxscan-history.sqlite3"
SETS = 50  # rows that are kept: the latest
EACH = 5  # of one repository with the same rules
_LARGEST = 32 << 20  # bytes of a row; larger ones are not kept
_MOST = 256 << 20  # bytes of all rows together
_BESIDE = ("", "-wal", "-shm", "-journal")
_LEAST = 512  # bytes of the smallest database; less is an empty one to SQLite
_OURS = getattr(os, "O_CLOEXEC", 0)
_PATIENCE = 1.0  # seconds that one waits for another process
_APPLICATION = 0x786F7863  # "xoxc" (PRAGMA application_id)
_DAMAGED = ("SQLITE_NOTADB", "SQLITE_CORRUPT", "SQLITE_SCHEMA", "SQLITE_MISMATCH", "SQLITE_ERROR")
MIGRATIONS = (
    """CREATE TABLE sets (id INTEGER PRIMARY KEY, place BLOB NOT NULL, packs BLOB NOT NULL, used INTEGER NOT NULL,
    value BLOB NOT NULL, digest BLOB NOT NULL, UNIQUE (place, packs))""",
)
T = TypeVar("T")


class Row(NamedTuple):
    """What is known of some packs of a repository: both as scanner.sources.known writes them."""

    packs: bytes
    value: bytes


class Cache:
    """The file in the folder `where`. It is open only while it is read or written: never while other processes are
    started. `notes` is what went wrong, each a sentence."""

    def __init__(self, where: str) -> None:
        self.where = os.path.abspath(where)
        self.path = os.path.join(self.where, NAME)
        self.notes: list[str] = []

    def told(self) -> list[str]:
        """The notes that were not told yet."""
        notes, self.notes = self.notes, []
        return notes

    def lies_in(self, folders: Iterable[str]) -> bool:
        """Whether it would be inside one of `folders`; then a note says so."""
        within = inside(self.where, folders)
        if within:
            self._note(f"the cache folder {self.where} lies inside the repository: no cache is used")
        return within

    def load(self, place: bytes, choose: Callable[[list[bytes]], bytes | None]) -> Row | None:
        """The row of the packs that `choose` takes, of all that are known of `place`."""
        return self._guarded(lambda: self._load(place, choose)) if os.path.lexists(self.path) else None

    def save(self, place: bytes, row: Row) -> None:
        """Keeps a row, and forgets the oldest."""
        if len(row.value) + len(row.packs) <= _LARGEST:
            self._guarded(lambda: self._save(place, row))

    def _load(self, place: bytes, choose: Callable[[list[bytes]], bytes | None]) -> Row | None:
        with self._open() as db:
            every = [packs for (packs,) in db.execute("SELECT packs FROM sets WHERE place = ? ORDER BY used", [place])]
            packs = choose(every)
            if packs is None:
                return None
            (value, digest), *_ = db.execute(
                "SELECT value, digest FROM sets WHERE place = ? AND packs = ?", [place, packs]
            )
            if digest != _digest(place, packs, value):
                raise Worthless("damaged")
            _touch(db, place, packs)
            return Row(packs, value)

    def _save(self, place: bytes, row: Row) -> None:
        prepare(self.where)
        if not os.path.lexists(self.path):
            with suppress(FileExistsError):
                os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | _OURS, 0o600))
        with self._open() as db:
            db.execute("BEGIN IMMEDIATE")
            db.execute(
                "INSERT OR REPLACE INTO sets (place, packs, used, value, digest)"
                " VALUES (?, ?, (SELECT ifnull(max(used), 0) + 1 FROM sets), ?, ?)",
                [place, row.packs, row.value, _digest(place, *row)],
            )
            _prune(db, place)
            db.execute("COMMIT")

    def _guarded(self, do: Callable[[], T]) -> T | None:
        """What `do` gives; None, and a note, where it cannot."""
        try:
            return do()
        except Worthless as error:
            self.throw_away(str(error))
        except Unusable as error:
            self._note(f"no cache is used: {error}")
        except OSError as error:
            self._note(f"no cache is used: {self.path}: {error.strerror}")
        except (TypeError, ValueError, OverflowError):  # of a damaged file SQLite's own words may be no UTF-8
            self.throw_away("damaged")
        except sqlite3.Error as error:
            name = getattr(error, "sqlite_errorname", None) or ""
            if name.startswith(_DAMAGED):
                self.throw_away("damaged")
            else:
                self._note(f"no cache is used: {self.path}: {error}")
        return None

    def throw_away(self, why: str) -> None:
        """Forgets everything, and notes `why`."""
        self._note(f"the cache {self.path} was {why}: it was thrown away")
        for suffix in _BESIDE:
            with suppress(OSError):
                os.unlink(self.path + suffix)

    def _note(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        check(self.path)
        if 0 < os.path.getsize(self.path) < _LEAST:
            raise Worthless("damaged")
        db = sqlite3.connect(self.path, timeout=_PATIENCE, isolation_level=None)
        try:
            _migrate(db)
            yield db
        finally:
            db.close()


def _migrate(db: sqlite3.Connection) -> None:
    """Makes the tables of a new file; whatever else is not ours is worthless."""
    db.execute("BEGIN")  # another process may be making them: all of this is as it was at one time
    application, version = _number(db, "application_id"), _number(db, "user_version")
    empty = not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    db.execute("COMMIT")
    if version > len(MIGRATIONS) and application == _APPLICATION:
        raise Worthless("written by a newer xoxscan")
    if application != _APPLICATION and not (empty and application == version == 0):
        raise Worthless("another program's file")
    db.execute("PRAGMA synchronous = NORMAL")
    if version == len(MIGRATIONS):
        return
    db.execute("PRAGMA journal_mode = WAL")  # where the disk does not allow it, a journal does as well
    db.execute("BEGIN IMMEDIATE")
    for statement in MIGRATIONS[_number(db, "user_version") :]:  # another process may have been first
        db.execute(statement)
    db.execute(f"PRAGMA application_id = {_APPLICATION}")
    db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    db.execute("COMMIT")


def _number(db: sqlite3.Connection, name: str) -> int:
    return int(db.execute(f"PRAGMA {name}").fetchone()[0])


def _touch(db: sqlite3.Connection, place: bytes, packs: bytes) -> None:
    """What was used last is forgotten last. Where that cannot be written, it is not."""
    newest = "(SELECT max(used) FROM sets)"
    with suppress(sqlite3.Error):
        if db.execute(f"SELECT used < {newest} FROM sets WHERE place = ? AND packs = ?", [place, packs]).fetchone()[0]:
            db.execute(f"UPDATE sets SET used = {newest} + 1 WHERE place = ? AND packs = ?", [place, packs])


def _prune(db: sqlite3.Connection, place: bytes) -> None:
    """Forgets the oldest rows: of one place, of all, and as many as are too much together."""
    latest = "SELECT id FROM sets {} ORDER BY used DESC LIMIT -1 OFFSET ?"
    db.execute(f"DELETE FROM sets WHERE id IN ({latest.format('WHERE place = ?')})", [place, EACH])
    db.execute(f"DELETE FROM sets WHERE id IN ({latest.format('')})", [SETS])
    sizes = "SELECT id, sum(length(value) + length(packs)) OVER (ORDER BY used DESC) AS total FROM sets"
    db.execute(f"DELETE FROM sets WHERE id IN (SELECT id FROM ({sizes}) WHERE total > ?)", [_MOST])


def _digest(place: bytes, packs: bytes, value: bytes) -> bytes:
    lengths = b"%d %d %d\n" % (len(place), len(packs), len(value))
    return blake2b(lengths + place + packs + value, digest_size=16).digest()
