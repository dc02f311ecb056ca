"""Notices that are still to be sent: kept until they are, whatever happens to the process. Their text is made when they
are sent; here stands only which token they are about, and what happened to it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple

from scanner.respond.journal_steps import Hand
from scanner.respond.journal_steps import fingerprint as checked
from scanner.respond.journal_store import JournalError

Transaction = Callable[[], AbstractContextManager[Hand]]


class Notice(NamedTuple):
    """One message that people are to get."""

    id: int
    fingerprint: str
    what: str  # what happened and which road it goes, in the sender's words
    added: str  # RFC 3339, UTC
    tries: int
    tried: str | None  # the last one
    failure: str  # why that failed
    done: str | None


class Notices:
    """The notices of one journal (`Journal.notices`). JournalError as for the journal itself."""

    def __init__(self, writing: Transaction, reading: Transaction) -> None:
        self._writing, self._reading = writing, reading

    def add(self, fingerprint: str, what: str) -> int:
        """A notice that is due from now on; its number. The same one that is still due is not added twice."""
        with self._writing() as hand:
            values = (checked(fingerprint), hand.text(what))
            same = "SELECT id FROM notices WHERE fingerprint = ? AND what = ? AND done IS NULL"
            for (number,) in hand.db.execute(same, values):
                return int(number)
            row = "INSERT INTO notices (fingerprint, what, added) VALUES (?, ?, ?)"
            return int(hand.db.execute(row, (*values, hand.now)).lastrowid or 0)

    def due(self, most: int = 10) -> list[Notice]:
        """What is still to be sent and failed less than `most` times, oldest first."""
        return [notice for notice in self.all() if notice.done is None and notice.tries < most]

    def done(self, notice: int) -> None:
        """It was sent."""
        self._tried("done = ?1, failure = ''", "", notice)

    def failed(self, notice: int, reason: str) -> None:
        """It could not be sent; it stays due."""
        self._tried("failure = ?2", reason, notice)

    def all(self) -> list[Notice]:
        """All notices, oldest first."""
        columns = ", ".join(Notice._fields)
        with self._reading() as hand:
            return [Notice(*row) for row in hand.db.execute(f"SELECT {columns} FROM notices ORDER BY id")]

    def _tried(self, change: str, reason: str, notice: int) -> None:
        update = f"UPDATE notices SET tries = tries + 1, tried = ?1, {change} WHERE id = ?3 AND done IS NULL"
        with self._writing() as hand:
            if hand.db.execute(update, (hand.now, hand.text(reason), notice)).rowcount != 1:
                raise JournalError(f"notice {notice} is not due", "it was sent before, or never added")
