"""The tables of the journal, and how an older journal becomes a newer one.

Nothing in them can hold a token: fingerprints, redacted forms, and the one place where the token can be read again.
Order is by row number and never by time, since clocks jump. Steps are only ever added.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

# «xoxJ»: tells our file from another program's (https://sqlite.org/pragma.html#pragma_application_id).
APPLICATION = 0x786F784A

_FIRST = """
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY AUTOINCREMENT, pid INTEGER NOT NULL, boot TEXT NOT NULL, space TEXT NOT NULL,
    start TEXT NOT NULL, began TEXT NOT NULL, version TEXT NOT NULL, ended TEXT
) STRICT;
CREATE TABLE runs (
    id TEXT PRIMARY KEY, session INTEGER NOT NULL REFERENCES sessions, began TEXT NOT NULL
) STRICT;
CREATE TABLE entries (
    id INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL REFERENCES runs, fingerprint TEXT NOT NULL,
    kind TEXT NOT NULL, rule TEXT NOT NULL, redacted TEXT NOT NULL, policy TEXT NOT NULL, "grant" TEXT,
    facts TEXT NOT NULL, repository BLOB, object TEXT, start INTEGER, "end" INTEGER, path BLOB
) STRICT;
CREATE INDEX entries_by_fingerprint ON entries (fingerprint);
CREATE TABLE steps (
    id INTEGER PRIMARY KEY AUTOINCREMENT, entry INTEGER NOT NULL REFERENCES entries,
    session INTEGER NOT NULL REFERENCES sessions, state TEXT NOT NULL, at TEXT NOT NULL, reason TEXT NOT NULL,
    code TEXT NOT NULL, proof TEXT NOT NULL, revoked INTEGER, status INTEGER, date TEXT, request_id TEXT,
    after INTEGER NOT NULL
) STRICT;
CREATE INDEX steps_by_entry ON steps (entry);
CREATE TABLE requests (
    id INTEGER PRIMARY KEY AUTOINCREMENT, session INTEGER NOT NULL REFERENCES sessions, method TEXT NOT NULL,
    fingerprint TEXT NOT NULL, began TEXT NOT NULL, ended TEXT, ok INTEGER, code TEXT, failure TEXT, revoked INTEGER,
    status INTEGER, date TEXT, request_id TEXT
) STRICT;
CREATE INDEX requests_by_fingerprint ON requests (fingerprint);
CREATE TABLE leases (
    fingerprint TEXT PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entries,
    session INTEGER NOT NULL REFERENCES sessions, until REAL NOT NULL
) STRICT;
CREATE TABLE notices (
    id INTEGER PRIMARY KEY AUTOINCREMENT, fingerprint TEXT NOT NULL, what TEXT NOT NULL, added TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0, tried TEXT, failure TEXT NOT NULL DEFAULT '', done TEXT
) STRICT;
CREATE TRIGGER steps_stay BEFORE UPDATE ON steps BEGIN SELECT RAISE(ABORT, 'a step is never changed'); END;
CREATE TRIGGER steps_remain BEFORE DELETE ON steps BEGIN SELECT RAISE(ABORT, 'a step is never taken out'); END;
CREATE TRIGGER requests_remain BEFORE DELETE ON requests BEGIN
    SELECT RAISE(ABORT, 'a request is never taken out');
END;
"""

# One script a version: what makes of version n the version n + 1. Only ever added to.
MIGRATIONS = (_FIRST,)


def version(db: sqlite3.Connection) -> int:
    """How many of the migrations the open file has seen."""
    (number,) = db.execute("PRAGMA user_version").fetchone()
    return int(number)


def application(db: sqlite3.Connection) -> int:
    """The mark of the program whose file it is; 0 where it set none."""
    (number,) = db.execute("PRAGMA application_id").fetchone()
    return int(number)


def migrate(db: sqlite3.Connection, migrations: Sequence[str] = MIGRATIONS) -> None:
    """Brings the open file to the newest version: all the way, or not at all. sqlite3.Error where that fails."""
    if version(db) >= len(migrations):
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        for script in migrations[version(db) :]:  # asked again: another process may have been first
            _each(db, script)
        db.execute(f"PRAGMA application_id = {APPLICATION}")
        db.execute(f"PRAGMA user_version = {len(migrations)}")
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _each(db: sqlite3.Connection, script: str) -> None:
    """One statement after the other: `executescript` would commit what is begun."""
    statement = ""
    for line in script.strip().splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            db.execute(statement)
            statement = ""
