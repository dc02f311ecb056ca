"""The rules of the journal, in one transaction: which step may follow, who holds a lease, what may be sent again."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable
from typing import NamedTuple

from scanner.respond import journal_entries
from scanner.respond.journal_entries import ENDS, REFRESH_KINDS, STEPS, Answered, Entry, Planned
from scanner.respond.journal_lease import LEASE, Machine, Process, holds
from scanner.respond.journal_store import JournalError

REVOKE, REHEARSE, LOOK = "auth.revoke", "auth.revoke test", "auth.test"  # as scanner.slack.api names requests
_FINGERPRINT = r"v1:[a-z0-9]+(-[a-z0-9]+)*:[a-z2-7]+"
_RESUME = "nothing was sent; `xoxscan journal resume` goes on where it stands"


class Busy(JournalError):
    """Another process, or thread, is acting on this token."""


class WrongStep(JournalError):
    """A step that may not follow; nothing was written. The caller's mistake, or another process was quicker."""


class Hand(NamedTuple):
    """One session's hand in the journal, for one transaction. `session` is 0 where it has written nothing yet."""

    db: sqlite3.Connection
    session: int
    machine: Machine
    now: str
    clean: Callable[[bytes], bytes]

    def one(self, number: int) -> Entry:
        """An entry as it stands. WrongStep where there is none."""
        for entry, _ in journal_entries.entries(self.db, "e.id = ?", (number,)):
            return entry
        raise WrongStep(f"the journal has no entry {number}", "`xoxscan journal list` shows them")

    def add(self, run: str, planned: Planned) -> int:
        """The number of a new entry, which has no step yet."""
        place = planned.place
        where = (
            (None,) * 5
            if place is None
            else (
                self.clean(os.fsencode(place.repository)),
                place.object,
                place.start,
                place.end,
                None if place.path is None else self.clean(place.path),
            )
        )
        texts = [self.text(value) for value in (planned.kind, planned.rule, planned.redacted, planned.policy)]
        grant = None if planned.grant is None else self.text(planned.grant)
        done = self.db.execute(
            'INSERT INTO entries (run, fingerprint, kind, rule, redacted, policy, "grant", facts, repository, object,'
            ' start, "end", path) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
            (self.text(run), fingerprint(planned.fingerprint), *texts, grant, self.text(planned.facts), *where),
        )
        return int(done.lastrowid or 0)

    def allowed(self, number: int, state: str) -> Entry:
        """The entry, if `state` may follow. WrongStep where it may not, Busy where somebody else is at it."""
        entry = self.one(number)
        if state not in STEPS[entry.state]:
            hint = "another process may have been quicker" if entry.state in ENDS else _RESUME
            raise WrongStep(f"entry {number} is {entry.state}: {state} cannot follow", hint)
        if state != "intent":
            self._refuse_held("entry = ? AND session <> ?", number, self.session)
        return entry

    def write(self, number: int, state: str, reason: str = "", proof: str = "", answer: Answered | None = None) -> None:
        """The step itself, and what it means for the lease: an end gives it up, all others make it longer."""
        code = "" if answer is None else self.text(answer.error)
        facts = (None,) * 4 if answer is None else self.facts(answer)
        (after,) = self.db.execute("SELECT coalesce(max(id), 0) FROM requests").fetchone()
        self.db.execute(
            "INSERT INTO steps (entry, session, state, at, reason, code, proof, revoked, status, date, request_id,"
            " after) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (number, self.session, state, self.now, self.text(reason), code, self.text(proof), *facts, after),
        )
        if state in (*ENDS, "unproven"):
            self.db.execute("DELETE FROM leases WHERE entry = ?", (number,))
        else:
            until = (self._until(), number, self.session)
            self.db.execute("UPDATE leases SET until = ? WHERE entry = ? AND session = ?", until)

    def take_lease(self, entry: Entry) -> None:
        """The lease on the entry's token. Busy where anybody living has it, another thread of this process too."""
        name = entry.planned.fingerprint
        self._refuse_held("fingerprint = ?", name)
        values = (name, entry.id, self.session, self._until())
        self.db.execute("INSERT OR REPLACE INTO leases VALUES (?, ?, ?, ?)", values)

    def check_lease(self, entry: Entry) -> None:
        """Busy where the lease is not ours any more."""
        row = self.db.execute("SELECT entry, session FROM leases WHERE fingerprint = ?", (entry.planned.fingerprint,))
        if row.fetchone() != (entry.id, self.session):
            raise Busy(f"the lease of entry {entry.id} is not ours any more", _RESUME)

    def check_repetition(self, entry: Entry) -> None:
        """WrongStep where auth.revoke was sent with this token before, and nothing newer of this session says that it
        lives; the second one that proves a refresh token dead is allowed."""
        refresh = entry.planned.kind in REFRESH_KINDS
        if entry.state == "answered":
            if not (refresh and entry.revoked):
                raise WrongStep(f"entry {entry.id} was answered: auth.revoke is not sent twice", _RESUME)
            return
        name = entry.planned.fingerprint
        last = self._last_revoke(name)
        look = self.db.execute(
            "SELECT ok FROM requests WHERE fingerprint = ? AND method = ? AND session = ? AND id > ?"
            " AND ended IS NOT NULL ORDER BY id DESC LIMIT 1",
            (name, REHEARSE if refresh else LOOK, self.session, last),
        ).fetchone()
        if last and look != (1,):
            raise WrongStep(f"entry {entry.id}: auth.revoke was sent before, and nobody looked since", _RESUME)

    def sendable(self, name: str) -> Entry | None:
        """The entry whose auth.revoke with this token may be sent now, by this session, and was not begun yet."""
        row = self.db.execute("SELECT entry FROM leases WHERE fingerprint = ? AND session = ?", (name, self.session))
        held = row.fetchone()
        entry = self.one(held[0]) if held else None
        if entry is None or entry.state != "sent":
            return None
        (after,) = self.db.execute("SELECT after FROM steps WHERE entry = ? ORDER BY id DESC", (entry.id,)).fetchone()
        return entry if self._last_revoke(name) <= after else None

    def works(self, session: int) -> bool:
        """Whether another session than this one still goes on."""
        ended, *who = self.db.execute(
            "SELECT ended, pid, boot, space, start FROM sessions WHERE id = ?", (session,)
        ).fetchone()
        return session != self.session and ended is None and self.machine.alive(Process(*who)) is True

    def facts(self, answer: Answered) -> tuple[bool | None, int | None, str | None, str | None]:
        """What is kept of an answer besides Slack's word: revoked, HTTP status, Slack's date, request id."""
        date, request_id = (None if value is None else self.text(value) for value in (answer.date, answer.request_id))
        return answer.revoked, answer.status, date, request_id

    def text(self, text: str) -> str:
        """Any text as it may be kept: with nothing secret in it, and in a form that SQLite takes."""
        return self.clean(text.encode("utf-8", "backslashreplace")).decode("utf-8", "replace")

    def _last_revoke(self, name: str) -> int:
        """The row of the last auth.revoke that was begun with this token, by whomever; 0 if there is none."""
        request = "SELECT coalesce(max(id), 0) FROM requests WHERE fingerprint = ? AND method = ?"
        (number,) = self.db.execute(request, (name, REVOKE)).fetchone()
        return int(number)

    def _refuse_held(self, where: str, *values: object) -> None:
        columns = "leases.fingerprint, until, pid, boot, space, sessions.start"
        row = f"SELECT {columns} FROM leases JOIN sessions ON sessions.id = session WHERE {where}"
        for name, until, *who in self.db.execute(row, values):
            holder = Process(*who)
            if holds(holder, until, self.machine):
                raise Busy(f"process {holder.pid} is acting on {name}", "wait until it has ended, then try again")

    def _until(self) -> float:
        return self.machine.uptime() + LEASE


def fingerprint(text: str) -> str:
    """`text`, if it is a fingerprint: what is none could be a token. ValueError, which does not show it."""
    if not re.fullmatch(_FINGERPRINT, text):
        raise ValueError("not a fingerprint")
    return text
