"""The journal: what was planned, intended, sent, answered and proven, on the disk before anything is done.

What a call says has happened is committed when it returns. Of two processes, or threads, only one gets an intent for a
token: intents come with a lease on its fingerprint. The journal also keeps the two rules that must never break: a step
`sent` allows one auth.revoke, and none is repeated before a fresh look said that the token lives (docs/trust.md).
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from scanner import __version__
from scanner.report.redactor import Redactor
from scanner.respond import journal_entries
from scanner.respond.journal_entries import (
    ENDS,
    REFRESH_KINDS,
    STEPS,
    Answered,
    Entry,
    Place,
    Planned,
    Request,
    Step,
)
from scanner.respond.journal_export import bundle
from scanner.respond.journal_lease import Machine, this_machine
from scanner.respond.journal_notices import Notices
from scanner.respond.journal_steps import REVOKE, Busy, Hand, WrongStep
from scanner.respond.journal_steps import fingerprint as checked
from scanner.respond.journal_store import JournalError, Store, exists, folder

__all__ = [
    "ENDS",
    "REFRESH_KINDS",
    "STEPS",
    "Answered",
    "Busy",
    "Entry",
    "Journal",
    "JournalError",
    "Place",
    "Planned",
    "Request",
    "Step",
    "WrongStep",
    "exists",
    "folder",
]


class Journal:
    """The journal in the folder `where` (see `folder`), which is made if need be.

    `clock` gives seconds since 1970. `clean` masks the run's secrets in any text (default: what looks like a token):
    names of files and Slack's answers are strangers' words. Threads may share one. JournalError where it cannot be
    used: then nothing may be sent.
    """

    def __init__(
        self,
        where: str,
        clock: Callable[[], float],
        *,
        clean: Callable[[bytes], bytes] | None = None,
        machine: Machine | None = None,
    ) -> None:
        self._clean = clean or Redactor().clean
        self._clock = clock
        self._machine = machine or this_machine()
        self._store = Store(where)
        self._session = 0
        self._once = threading.Lock()
        self.notices = Notices(self._writing, self._reading)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *ended: object) -> None:
        self.close()

    @property
    def path(self) -> str:
        """The file."""
        return self._store.path

    def close(self) -> None:
        """Gives up all leases: what is not at its end can be resumed at once."""
        if self._session and self._machine.me.pid == os.getpid():
            with suppress(JournalError), self._writing() as hand:  # else they end with the process
                hand.db.execute("DELETE FROM leases WHERE session = ?", (hand.session,))
                hand.db.execute("UPDATE sessions SET ended = ? WHERE id = ?", (hand.now, hand.session))
        self._session = 0
        self._store.close()

    # What is done about a token

    def plan(self, run: str, planned: Sequence[Planned]) -> list[Entry]:
        """New entries, in this order: all of them, or none."""
        with self._writing() as hand:
            hand.db.execute("INSERT OR IGNORE INTO runs VALUES (?, ?, ?)", (hand.text(run), hand.session, hand.now))
            numbers = [hand.add(run, each) for each in planned]
            for number in numbers:
                hand.write(number, "planned")
            return [hand.one(number) for number in numbers]

    def intent(self, entry: int) -> str:
        """Takes the lease on the entry's token; the id of the intent. Busy where somebody living has it; WrongStep."""
        with self._writing() as hand:
            hand.take_lease(hand.allowed(entry, "intent"))
            hand.write(entry, "intent")
            return hand.one(entry).intent or ""

    def sent(self, entry: int) -> None:
        """To be called right before auth.revoke is sent, each time. Busy where the lease is not ours any more.
        WrongStep where one was sent before with this token, by whomever, and no request of this session has shown
        since that it lives: an auth.test that was ok, or for a refresh token a rehearsal."""
        with self._writing() as hand:
            found = hand.allowed(entry, "sent")
            hand.check_lease(found)
            hand.check_repetition(found)
            hand.write(entry, "sent")

    def answered(self, entry: int, answer: Answered) -> None:
        """What auth.revoke answered."""
        self._move(entry, "answered", answer=answer)

    def proven(self, entry: int, proof: str, answer: Answered | None = None) -> None:
        """It is dead, and this is how one knows; `answer` is the one that shows it. The lease ends."""
        self._move(entry, "proven", proof=proof, answer=answer)

    def unproven(self, entry: int, reason: str, answer: Answered | None = None) -> None:
        """It may live. The lease ends; the entry can be resumed."""
        self._move(entry, "unproven", reason, answer=answer)

    def held(self, entry: int, reason: str) -> None:
        """A person must decide. The lease ends."""
        self._move(entry, "held", reason)

    def refused(self, entry: int, reason: str, answer: Answered | None = None) -> None:
        """Slack said no. The lease ends."""
        self._move(entry, "refused", reason, answer=answer)

    def committed(self, intent: str, fingerprint: str) -> bool:
        """Whether auth.revoke may be sent now: this session holds the lease, `intent` is its intent for this token, the
        step `sent` is written, and no auth.revoke was begun since."""
        with self._reading() as hand:
            found = hand.sendable(fingerprint)
            return found is not None and found.intent == intent

    # Every HTTP request (scanner.slack.api.Log)

    def begin(self, method: str, fingerprint: str) -> int:
        """Before a request is sent: the row to `end`. WrongStep for an auth.revoke that is not `committed`."""
        with self._writing() as hand:
            if method == REVOKE and hand.sendable(fingerprint) is None:
                raise WrongStep("an auth.revoke without a committed intent, or a second one", "it was not sent")
            values = (hand.session, hand.text(method), checked(fingerprint), hand.now)
            row = "INSERT INTO requests (session, method, fingerprint, began) VALUES (?, ?, ?, ?)"
            return int(hand.db.execute(row, values).lastrowid or 0)

    def end(self, row: int, answer: Answered) -> None:
        """How the request of that row went."""
        with self._writing() as hand:
            words = (hand.text(answer.error), hand.text(answer.failure))
            done = hand.db.execute(
                "UPDATE requests SET ended = ?, ok = ?, code = ?, failure = ?, revoked = ?, status = ?, date = ?,"
                " request_id = ? WHERE id = ? AND ended IS NULL",
                (hand.now, answer.ok, *words, *hand.facts(answer), row),
            )
            if done.rowcount != 1:
                raise WrongStep(f"request {row} is not under way")

    # Reading

    def entries(self, run: str | None = None, fingerprint: str | None = None) -> list[Entry]:
        """All entries, oldest first; or those of one run, of one token."""
        with self._reading() as hand:
            where = "(?1 IS NULL OR e.run = ?1) AND (?2 IS NULL OR e.fingerprint = ?2)"
            return [entry for entry, _ in journal_entries.entries(hand.db, where, (run, fingerprint))]

    def entry(self, number: int) -> Entry | None:
        """One entry, or None."""
        with self._reading() as hand:
            return next((entry for entry, _ in journal_entries.entries(hand.db, "e.id = ?", (number,))), None)

    def steps(self, entry: int) -> list[Step]:
        """All that was done about an entry."""
        with self._reading() as hand:
            return journal_entries.steps(hand.db, entry)

    def requests(self, fingerprint: str | None = None) -> list[Request]:
        """Every request that was ever made, oldest first; or those with one token."""
        with self._reading() as hand:
            return journal_entries.requests(hand.db, fingerprint)

    def unfinished(self) -> list[Entry]:
        """What is not at its end and that no other living session is busy with, oldest first: what was only planned,
        too."""
        ends = ", ".join(f"'{state}'" for state in ENDS)
        with self._reading() as hand:
            found = journal_entries.entries(hand.db, f"s.state NOT IN ({ends})")
            busy = {session: hand.works(session) for session in {session for _, session in found}}
            return [entry for entry, session in found if not busy[session]]

    def export(self) -> dict[str, object]:
        """All of it, as one bundle of evidence: see scanner.respond.journal_export."""
        with self._reading() as hand:
            return bundle(hand.db, hand.now, self._clean)

    def _move(self, entry: int, state: str, reason: str = "", proof: str = "", answer: Answered | None = None) -> None:
        with self._writing() as hand:
            hand.allowed(entry, state)
            hand.write(entry, state, reason, proof, answer)

    @contextmanager
    def _writing(self) -> Iterator[Hand]:
        self._register()
        with self._store.writing() as db:
            yield self._hand(db)

    @contextmanager
    def _reading(self) -> Iterator[Hand]:
        with self._store.reading() as db:
            yield self._hand(db)

    def _hand(self, db: sqlite3.Connection) -> Hand:
        return Hand(db, self._session, self._machine, self._now(), self._clean)

    def _register(self) -> None:
        """This session's row, before the first thing that it writes: who looks only leaves no trace."""
        with self._once:
            if self._session:
                return
            row = "INSERT INTO sessions (pid, boot, space, start, began, version) VALUES (?, ?, ?, ?, ?, ?)"
            with self._store.writing() as db:
                number = db.execute(row, (*self._machine.me, self._now(), __version__)).lastrowid
            self._session = int(number or 0)

    def _now(self) -> str:
        return datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
