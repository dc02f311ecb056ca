"""The journal as evidence: one JSON document, each part with its SHA-256, and one over all.

The sums show that nothing was lost or changed by mistake on the way; who changes a part can make new sums too, so the
one over all belongs where others keep it (a ticket, a signed mail).
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import stat
from collections.abc import Callable, Mapping
from contextlib import suppress

from scanner import __version__
from scanner.errors import OutputError
from scanner.respond import journal_entries
from scanner.respond.journal_schema import version

SCHEMA = "xoxscan.evidence/1"
_OURS = getattr(os, "O_CLOEXEC", 0)
PARTS = ("runs", "entries", "requests", "notices")


def bundle(db: sqlite3.Connection, now: str, clean: Callable[[bytes], bytes]) -> dict[str, object]:
    """All that the journal holds, as it stands in this transaction. `clean` masks secrets once more."""
    found = dict(zip(PARTS, (_runs(db), _entries(db), _requests(db), _rows(db, _NOTICES)), strict=True))
    parts = {}
    for name, data in found.items():
        masked = json.loads(clean(canonical(data)))
        parts[name] = {"sha256": _sum(masked), "data": masked}
    head = {"schema": SCHEMA, "made": now, "tool": {"name": "xoxscan", "version": __version__}, "tables": version(db)}
    whole: dict[str, object] = {**head, "parts": parts}
    return {**whole, "sha256": _sum(whole)}


def verify_export(document: object) -> tuple[str, ...]:
    """What is wrong with a bundle that was read back from JSON: a sentence each, none if it is whole."""
    if not isinstance(document, Mapping) or document.get("schema") != SCHEMA:
        return (f"this is no {SCHEMA}",)
    parts = document.get("parts")
    if not isinstance(parts, Mapping):
        return ("it has no parts",)
    complaints = [_complaint(name, parts.get(name)) for name in PARTS]
    rest = {key: value for key, value in document.items() if key != "sha256"}
    if document.get("sha256") != _sum(rest):
        complaints.append("the sum over all does not fit")
    return tuple(complaint for complaint in complaints if complaint)


def canonical(data: object) -> bytes:
    """The bytes that a sum is taken over: JSON in ASCII, keys sorted, no spaces."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def save(path: str, data: bytes) -> None:
    """Writes `data` to the file `path`: whole and with mode 0600, or not at all. Not through a symlink. OutputError."""
    if os.path.lexists(path) and not stat.S_ISREG(os.lstat(path).st_mode):
        raise OutputError(f"cannot write {path}: it is no plain file", "name another one")
    where, name = os.path.split(os.path.abspath(path))
    beside = os.path.join(where, f".{name}.{os.urandom(6).hex()}.tmp")
    try:
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _OURS, 0o600), "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        os.replace(beside, path)
    except OSError as error:
        with suppress(OSError):
            os.unlink(beside)
        raise OutputError(f"cannot write {path}: {error.strerror}", "nothing of it was kept") from None


def _complaint(name: str, part: object) -> str:
    if not isinstance(part, Mapping) or "data" not in part:
        return f"the part {name} is missing"
    return "" if part.get("sha256") == _sum(part["data"]) else f"the sum of the part {name} does not fit"


def _sum(data: object) -> str:
    return hashlib.sha256(canonical(data)).hexdigest()


_NOTICES = "SELECT id, fingerprint, what, added, tries, tried, failure, done FROM notices ORDER BY id"
_RUNS = """SELECT runs.id, runs.began, sessions.ended, pid AS process, version FROM runs
    JOIN sessions ON sessions.id = session ORDER BY runs.rowid"""


def _rows(db: sqlite3.Connection, query: str) -> list[dict[str, object]]:
    found = db.execute(query)
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found]


def _runs(db: sqlite3.Connection) -> list[dict[str, object]]:
    return _rows(db, _RUNS)


def _entries(db: sqlite3.Connection) -> list[dict[str, object]]:
    return [described(entry, journal_entries.steps(db, entry.id)) for entry, _ in journal_entries.entries(db)]


def _requests(db: sqlite3.Connection) -> list[dict[str, object]]:
    return [described_request(request) for request in journal_entries.requests(db)]


def described_request(request: journal_entries.Request) -> dict[str, object]:
    """A request as JSON shows it; whose clock a time is of stands in its name."""
    return _dated(request._asdict())


def described(entry: journal_entries.Entry, steps: list[journal_entries.Step]) -> dict[str, object]:
    """An entry with all its steps, as JSON shows it."""
    planned = entry.planned
    return {
        "id": entry.id,
        "run": entry.run,
        **{key: value for key, value in planned._asdict().items() if key != "place"},
        "place": None if planned.place is None else _place(planned.place),
        "state": entry.state,
        "steps": [_step(step) for step in steps],
    }


def _place(place: journal_entries.Place) -> dict[str, object]:
    path = None if place.path is None else place.path.decode("utf-8", "backslashreplace")
    repository = os.fsencode(place.repository).decode("utf-8", "backslashreplace")
    return {"repository": repository, "object": place.object, "start": place.start, "end": place.end, "path": path}


def _step(step: journal_entries.Step) -> dict[str, object]:
    return _dated(step._asdict())


def _dated(fields: dict[str, object]) -> dict[str, object]:
    return {("slack_date" if name == "date" else name): value for name, value in fields.items()}
