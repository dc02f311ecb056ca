"""What the journal holds, as nouns; which step may follow which; and how both are read from its tables.

Source of the states: docs/trust.md, «Proof». docs/responding.md draws them.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

# From a state to those that may follow. Nothing follows an end: a later run plans a new entry.
STEPS: Mapping[str, tuple[str, ...]] = {
    "planned": ("intent", "held", "refused"),
    "intent": (
        "sent",
        "intent",  # another process takes over from one that died before it sent
        "proven",  # it was found dead when taken over: nothing had to be sent
        "held",
        "refused",
    ),
    "sent": ("answered", "unproven"),  # unproven: no answer came, or nobody was left to write it down
    "answered": (
        "proven",
        "unproven",
        "refused",
        "sent",  # the second auth.revoke that proves a refresh token dead, after «revoked: true» alone
    ),
    "unproven": ("proven", "intent"),  # it was found dead after all, or is tried again
    "proven": (),
    "held": (),
    "refused": (),
}
ENDS = tuple(state for state, following in STEPS.items() if not following)

# auth.test is not called with these (unsupported), so a rehearsal is the fresh look at them, and a second auth.revoke
# is their proof (docs/trust.md).
REFRESH_KINDS = ("config-refresh", "refresh")


class Place(NamedTuple):
    """One place where the token can be read again."""

    repository: str
    object: str | None  # git object id
    start: int  # byte offsets in it
    end: int
    path: bytes | None = None


class Planned(NamedTuple):
    """What a run means to do about one token; no token."""

    fingerprint: str
    kind: str
    rule: str
    redacted: str
    policy: str  # the line that decided
    place: Place | None = None
    grant: str | None = None
    facts: str = "{}"  # what the policy was asked with, as JSON (scanner.policy.stored)


class Entry(NamedTuple):
    """One planned revocation, and how it stands: what its last step said."""

    id: int
    run: str
    planned: Planned
    state: str
    reason: str
    code: str  # Slack's word, or ""
    proof: str
    at: str  # RFC 3339, UTC, our clock
    date: str | None  # RFC 3339, Slack's clock
    request_id: str | None
    revoked: bool | None
    intent: str | None  # the newest one


class Step(NamedTuple):
    """One step of one entry, as it was written down."""

    id: int
    state: str
    at: str
    reason: str
    code: str
    proof: str
    revoked: bool | None
    status: int | None
    date: str | None
    request_id: str | None
    process: int  # the pid


class Request(NamedTuple):
    """One HTTP request. Without `ended` nobody was left to write down how it went."""

    id: int
    process: int
    method: str
    fingerprint: str
    began: str
    ended: str | None
    ok: bool | None
    code: str | None  # Slack's word
    failure: str | None  # why there was no usable answer
    revoked: bool | None
    status: int | None
    date: str | None
    request_id: str | None


class Answered(Protocol):
    """What the journal keeps of an answer of Slack's (scanner.slack.api.Answer is one)."""

    @property
    def ok(self) -> bool:
        """Slack said ok."""

    @property
    def error(self) -> str:
        """Slack's word, or nothing."""

    @property
    def failure(self) -> str:
        """Why there is no usable answer, or nothing."""

    @property
    def revoked(self) -> bool | None:
        """What auth.revoke said of it."""

    @property
    def status(self) -> int | None:
        """The HTTP status."""

    @property
    def date(self) -> str | None:
        """Slack's clock, RFC 3339."""

    @property
    def request_id(self) -> str | None:
        """Slack's number for the request."""


_ENTRY = """
SELECT e.id, e.run, e.fingerprint, e.kind, e.rule, e.redacted, e.policy, e."grant", e.facts, e.repository, e.object,
    e.start, e."end", e.path, s.state, s.reason, s.code, s.proof, s.at, s.date, s.request_id, s.revoked, s.session,
    (SELECT max(id) FROM steps WHERE entry = e.id AND state = 'intent') AS intent
FROM entries e JOIN steps s ON s.id = (SELECT max(id) FROM steps WHERE entry = e.id)
"""


def entries(db: sqlite3.Connection, where: str = "", values: Sequence[object] = ()) -> list[tuple[Entry, int]]:
    """The entries for which the condition `where` holds, oldest first, each with the session of its last step."""
    condition = f"WHERE {where}" if where else ""
    return [(_entry(row), row[22]) for row in db.execute(f"{_ENTRY} {condition} ORDER BY e.id", values)]


def _entry(row: Sequence[object]) -> Entry:
    number, run, fingerprint, kind, rule, redacted, policy, grant, facts, repository, oid, start, end, path, *step = row
    state, reason, code, proof, at, date, request_id, revoked, _, intent = step
    place = None if repository is None else Place(os.fsdecode(repository), oid, start, end, path)  # type: ignore[arg-type]
    planned = Planned(fingerprint, kind, rule, redacted, policy, place, grant, facts)  # type: ignore[arg-type]
    name = None if intent is None else f"{number}-{intent}"
    return Entry(number, run, planned, state, reason, code, proof, at, date, request_id, _truth(revoked), name)  # type: ignore[arg-type]


def steps(db: sqlite3.Connection, entry: int) -> list[Step]:
    """All steps of an entry, in order."""
    rows = db.execute(
        "SELECT s.id, state, at, reason, code, proof, revoked, status, date, request_id, pid"
        " FROM steps s JOIN sessions ON sessions.id = session WHERE entry = ? ORDER BY s.id",
        (entry,),
    )
    return [Step(*row)._replace(revoked=_truth(row[6])) for row in rows]


def requests(db: sqlite3.Connection, fingerprint: str | None = None) -> list[Request]:
    """All requests, in order; or those made with one token."""
    rows: Iterable[Sequence[object]] = db.execute(
        "SELECT r.id, pid, method, fingerprint, r.began, r.ended, ok, code, failure, revoked, status, date, request_id"
        " FROM requests r JOIN sessions ON sessions.id = session WHERE ?1 IS NULL OR fingerprint = ?1 ORDER BY r.id",
        (fingerprint,),
    )
    return [Request(*row)._replace(ok=_truth(row[6]), revoked=_truth(row[9])) for row in rows]  # type: ignore[arg-type]


def _truth(value: object) -> bool | None:
    return None if value is None else bool(value)
