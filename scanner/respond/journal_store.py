"""The journal's file: where it is, who may read it, and transactions that are on the disk when they end.

Facts: https://sqlite.org/wal.html (-wal and -shm get the mode of the file; a network file system will not do),
https://sqlite.org/howtocorrupt.html (closing the file by any other handle drops SQLite's locks: so it is never opened
here), https://sqlite.org/rescode.html.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

from scanner.errors import RESPONSE, XoxscanError
from scanner.ownership import allows, me, strange
from scanner.respond import journal_schema as schema

NAME = "journal.sqlite3"
_BESIDE = ("-wal", "-shm", "-journal")
_LEAST = 512  # bytes of the smallest database; less is an empty one to SQLite, which would throw its log away
_OURS = getattr(os, "O_CLOEXEC", 0)
_PATIENCE = 30.0  # seconds that a writer waits for another one's transaction, which takes milliseconds


class JournalError(XoxscanError):
    """The journal cannot be used, so nothing may be sent; the hint says what to do."""

    status = RESPONSE


def folder(environ: Mapping[str, str]) -> str:
    """The state folder: XOXSCAN_STATE_DIR, else xoxscan in XDG_STATE_HOME or ~/.local/state. A relative XDG_STATE_HOME
    does not count (https://specifications.freedesktop.org/basedir-spec)."""
    own = environ.get("XOXSCAN_STATE_DIR")
    if own:
        return os.path.abspath(own)
    base = environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(base):
        base = os.path.join(environ.get("HOME") or os.path.expanduser("~"), ".local", "state")
    return os.path.join(base, "xoxscan")


def exists(where: str) -> bool:
    """Whether there is a journal, or what is left of one, in the folder `where`."""
    return any(os.path.lexists(os.path.join(where, NAME + suffix)) for suffix in ("", "-wal"))


class Store:
    """The open file. Threads may share it: one transaction at a time. JournalError for all that can go wrong."""

    def __init__(self, where: str, uid: int | None = None) -> None:
        self.path = os.path.join(os.path.abspath(where), NAME)
        owner = me() if uid is None else uid
        with translated(self.path):
            _prepare_folder(os.path.dirname(self.path), owner)
            if _missing(self.path):
                _create(self.path)
            _check_files(self.path, owner)
            self._db = _opened(self.path)
        self._lock = threading.RLock()
        self._pid = os.getpid()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that is on the disk when the block has ended well, and that never was when it has not."""
        with self._transaction("BEGIN IMMEDIATE") as db:
            yield db

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """All reads of the block see the same moment."""
        with self._transaction("BEGIN") as db:
            yield db

    def close(self) -> None:
        """Lets go of the file; a forked child's copy is only dropped."""
        with self._lock, translated(self.path):
            if os.getpid() == self._pid:
                self._db.close()

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        if os.getpid() != self._pid:
            raise JournalError("a forked process cannot use its parent's journal", "let it open its own")
        with self._lock, translated(self.path):
            self._db.execute(begin)
            try:
                yield self._db
                self._db.execute("COMMIT")
            finally:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")


@contextmanager
def translated(path: str) -> Iterator[None]:
    """What SQLite and the system complain about, as a JournalError that says what to do."""
    try:
        yield
    except OSError as error:
        raise JournalError(f"the journal {path}: {error.strerror}", _ELSEWHERE) from None
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", None)
        if name is None:
            raise  # we misused the module: a bug
        raise _explained(path, name, str(error)) from None


_ELSEWHERE = "nothing more is sent without it; make its folder writable, or name another one in XOXSCAN_STATE_DIR"
_FULL = "nothing more is sent without it; make room on its disk, or name another folder in XOXSCAN_STATE_DIR"
_KEEP = "move it away and keep it, it is evidence (`sqlite3 FILE .recover` may read it); the next run begins a new one"
_REASONS = (  # the beginning of SQLite's name for it, our words, what to do
    ("SQLITE_FULL", "there is no room for the journal", _FULL),
    ("SQLITE_IOERR", "the journal could not be written or read", _FULL),
    ("SQLITE_TOOBIG", "the journal cannot take so long a text", _KEEP),
    ("SQLITE_READONLY", "the journal cannot be written", _ELSEWHERE),
    ("SQLITE_PERM", "the journal cannot be written", _ELSEWHERE),
    ("SQLITE_CANTOPEN", "the journal cannot be opened", _ELSEWHERE),
    ("SQLITE_NOTADB", "this is no journal, or it is damaged", _KEEP),
    ("SQLITE_CORRUPT", "the journal is damaged", _KEEP),
    ("SQLITE_BUSY", "another process is writing the journal and does not end", "look for it, then try again"),
)


def _explained(path: str, name: str, message: str) -> JournalError:
    for begin, words, hint in _REASONS:
        if name.startswith(begin):
            return JournalError(f"{words}: {path} ({message})", hint)
    return JournalError(f"the journal is not as it should be: {path} ({message})", _KEEP)


def _prepare_folder(where: str, owner: int | None) -> None:
    with suppress(FileExistsError):
        os.makedirs(os.path.dirname(where), exist_ok=True)
        os.mkdir(where, 0o700)
    found = os.lstat(where)
    if not stat.S_ISDIR(found.st_mode):
        raise JournalError(f"the state folder {where} is no folder", "name the real folder in XOXSCAN_STATE_DIR")
    if strange(found, owner):
        raise JournalError(
            f"the state folder {where} belongs to somebody else (user {found.st_uid})",
            "name a folder of your own in XOXSCAN_STATE_DIR",
        )
    if allows(found, 0o022):
        raise JournalError(
            f"others may write into the state folder {where}", f"see what is in it, then chmod 700 {where}"
        )
    if allows(found, 0o077):
        _tighten_folder(where)


def _tighten_folder(where: str) -> None:
    """Only a folder that is ours alone: a home that others may look into stays as its owner wants it."""
    if exists(where) or not os.listdir(where):
        os.chmod(where, 0o700)
        return
    raise JournalError(
        f"others may look into the state folder {where}, which holds other things",
        f"chmod 700 {where}, or name a folder of its own in XOXSCAN_STATE_DIR",
    )


def _missing(path: str) -> bool:
    if os.path.lexists(path):
        return False
    if os.path.lexists(f"{path}-wal") and not os.path.lexists(path):
        raise JournalError(
            f"the journal {path} is gone, but its log is still there",
            f"put {NAME} back beside it, or move {NAME}-wal away and keep it: it is evidence",
        )
    return True


def _create(path: str) -> None:
    """A whole journal appears at once: a kill in between leaves none, and a cut one is told from a new one."""
    beside = f"{path}.{os.urandom(6).hex()}.tmp"
    os.close(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_RDWR | _OURS, 0o600))
    try:
        _opened(beside, schema.migrate).close()
        with suppress(FileExistsError):  # another process was first
            os.link(beside, path)
        _sync_folder(os.path.dirname(path))
    finally:
        for suffix in ("", *_BESIDE):
            with suppress(FileNotFoundError):
                os.unlink(beside + suffix)


def _sync_folder(where: str) -> None:
    if not hasattr(os, "O_DIRECTORY"):  # Windows opens no folder
        return
    handle = os.open(where, os.O_RDONLY | os.O_DIRECTORY | _OURS)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _check_files(path: str, owner: int | None) -> None:
    """Plain files of ours that nobody else may read. By name, not by handle: see the facts above."""
    for name in (path, *(path + suffix for suffix in _BESIDE)):
        with suppress(FileNotFoundError):
            found = os.lstat(name)
            if not stat.S_ISREG(found.st_mode):
                raise JournalError(f"{name} is no plain file", "somebody may have put it there: look, then remove it")
            if strange(found, owner):
                raise JournalError(f"{name} belongs to somebody else (user {found.st_uid})", _ELSEWHERE)
            if allows(found, 0o077):
                os.chmod(name, stat.S_IMODE(found.st_mode) & 0o700)
    if os.lstat(path).st_size < _LEAST:
        raise JournalError(f"the journal {path} was cut short", _KEEP)


def _opened(path: str, prepare: Callable[[sqlite3.Connection], None] | None = None) -> sqlite3.Connection:
    """The file with our settings; `prepare` is for a new one, else it has to be a journal already."""
    db = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
    try:
        if prepare is None:
            _check_content(db, path)
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA fullfsync = ON")  # a Mac's disk keeps back what it was told to write
        db.execute("PRAGMA foreign_keys = ON")
        (mode,) = db.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            raise JournalError(f"the disk of {path} does not allow a write-ahead log", _ELSEWHERE)
        (prepare or schema.migrate)(db)
    except BaseException:
        db.close()
        raise
    return db


def _check_content(db: sqlite3.Connection, path: str) -> None:
    """Nothing is written before this has said that the file is ours, whole, and not of a newer program."""
    if schema.application(db) != schema.APPLICATION:
        raise JournalError(f"{path} is another program's file", "name another folder in XOXSCAN_STATE_DIR")
    found = schema.version(db)
    if found > len(schema.MIGRATIONS):
        raise JournalError(
            f"the journal {path} was written by a newer xoxscan (version {found} of its tables)",
            "use that one here too: this one would not understand what it planned",
        )
    (said,) = db.execute("PRAGMA quick_check(1)").fetchone()
    if said != "ok":
        raise JournalError(f"the journal is damaged: {path} ({said})", _KEEP)
