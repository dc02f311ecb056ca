"""Any sequence of calls against a plain model: states, leases, requests; two sessions, which may die and come back."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

from scanner.respond.journal import Busy, Journal, WrongStep
from scanner.respond.journal_lease import LEASE, Machine, this_machine
from tests.conftest import often
from tests.respond.journals import CLOCK, DEAD, LIVES, REVOKED, Answer, fingerprint, planned

# Written down here a second time on purpose: from the picture in docs/trust.md, not from the code.
FOLLOWS = {
    ("planned", "intent"),
    ("planned", "held"),
    ("planned", "refused"),
    ("intent", "sent"),
    ("intent", "intent"),
    ("intent", "proven"),
    ("intent", "held"),
    ("intent", "refused"),
    ("sent", "answered"),
    ("sent", "unproven"),
    ("answered", "proven"),
    ("answered", "unproven"),
    ("answered", "refused"),
    ("answered", "sent"),
    ("unproven", "proven"),
    ("unproven", "intent"),
}
ORDER = ("sent", "intent", "answered", "unproven", "proven", "held", "refused")
ENDS = ("proven", "held", "refused")
KINDS = ("bot", "config-refresh")
LOST = Answer(ok=False, failure="timeout", status=None, date=None, request_id=None)
ANSWERS = {"lives": LIVES, "revoked": REVOKED, "dead": DEAD, "lost": LOST}


class Modelled(NamedTuple):
    """An entry, in the model."""

    token: tuple[int, str]
    states: tuple[str, ...] = ("planned",)
    revoked: bool = False
    open: bool = False  # sent, and its auth.revoke not begun


class Journals(RuleBasedStateMachine):
    """Sessions 0 and 1. A crashed one never closes; nobody but the model's clock knows that it is gone."""

    under_way = Bundle("under_way")
    numbers = st.sampled_from((0, 1))
    anybody = st.integers(0, 3)
    tokens = st.tuples(st.just(0), st.sampled_from(KINDS))

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(dir="/dev/shm" if os.path.isdir("/dev/shm") else None))  # synced a lot
        self.uptime = 0.0
        self.model: dict[int, Modelled] = {}
        self.leases: dict[tuple[int, str], tuple[int, int, float]] = {}  # token -> entry, session, end
        self.asked: list[list[object]] = []  # session, method, token, answer
        self.generation = 0
        self.left: list[Journal] = []
        self.sessions = [self._open(), self._open()]

    def _open(self) -> tuple[int, Journal]:
        # Nobody sees whether the others live: leases run by time alone, which the model can tell.
        machine = Machine(this_machine().me, lambda other: None, lambda: self.uptime)
        self.generation += 1
        return self.generation, Journal(str(self.folder / "state"), lambda: CLOCK, machine=machine)

    def teardown(self) -> None:
        if hasattr(self, "sessions"):
            for journal in (*self.left, *(journal for _, journal in self.sessions)):
                journal.close()
            shutil.rmtree(self.folder)

    @rule(who=numbers, closes=st.booleans())
    def restart(self, who: int, closes: bool) -> None:
        session, journal = self.sessions[who]
        if closes:
            journal.close()
            self.leases = {token: lease for token, lease in self.leases.items() if lease[1] != session}
        else:
            self.left.append(journal)
        self.sessions[who] = self._open()

    @rule(seconds=st.sampled_from((1.0, 1.0, 1.0, LEASE / 2, LEASE * 2)))
    def wait(self, seconds: float) -> None:
        self.uptime += seconds

    @precondition(lambda self: len(self._open_entries()) < 4)
    @rule(who=numbers, tokens=st.lists(tokens, min_size=1, max_size=2))
    def plan(self, who: int, tokens: list[tuple[int, str]]) -> None:
        made = self.sessions[who][1].plan("run", [planned(*token) for token in tokens])
        self.model.update({entry.id: Modelled(token) for entry, token in zip(made, tokens, strict=True)})

    def _holder(self, token: tuple[int, str], otherwise: int) -> int:
        """Who holds the token's lease; to one of four it may as well be a stranger."""
        lease = self.leases.get(token)
        numbers = [number for number, (session, _) in enumerate(self.sessions) if lease and lease[1] == session]
        return numbers[0] if numbers and otherwise != 3 else otherwise % 2

    def _open_entries(self) -> list[int]:
        return [entry for entry, found in self.model.items() if found.states[-1] not in ENDS]

    def _foreign(self, token: tuple[int, str], entry: int, session: int) -> bool:
        """Does another session hold this entry?"""
        lease = self.leases.get(token)
        return lease is not None and lease[0] == entry and lease[1] != session and lease[2] >= self.uptime

    def _expected(self, entry: int, state: str, session: int) -> type[Exception] | None:
        found = self.model[entry]
        if (found.states[-1], state) not in FOLLOWS:
            return WrongStep
        lease = self.leases.get(found.token)
        if state == "intent":
            return Busy if lease and lease[2] >= self.uptime else None
        if self._foreign(found.token, entry, session):
            return Busy
        if state != "sent":
            return None
        if not lease or lease[:2] != (entry, session):
            return Busy
        return None if self._may_send(found, session) else WrongStep

    def _may_send(self, found: Modelled, session: int) -> bool:
        refresh = found.token[1] == "config-refresh"
        if found.states[-1] == "answered":
            return refresh and found.revoked
        sends = [at for at, asked in enumerate(self.asked) if asked[1:3] == ["auth.revoke", found.token]]
        look = "auth.revoke test" if refresh else "auth.test"
        since = self.asked[sends[-1] + 1 :] if sends else []
        looks = [asked[3] for asked in since if asked[:3] == [session, look, found.token] and asked[3]]
        return not sends or bool(looks and looks[-1] in ("lives", "revoked"))

    @precondition(lambda self: self._open_entries())
    @rule(
        who=anybody,
        pick=st.integers(0, 9),
        go=st.sampled_from((0, 0, 0, 1, 1, 2)),
        said=st.sampled_from(sorted(ANSWERS)),
    )
    def step_on(self, who: int, pick: int, go: int, said: str) -> None:
        """One that the table allows, mostly towards what is rare."""
        entries = self._open_entries()
        entry = entries[pick % len(entries)]
        legal = [state for state in ORDER if (self.model[entry].states[-1], state) in FOLLOWS]
        self._try(self._holder(self.model[entry].token, who), entry, legal[min(go, len(legal) - 1)], said)

    @precondition(lambda self: self.model)
    @rule(who=numbers, pick=st.integers(0, 9), state=st.sampled_from(ORDER), said=st.sampled_from(sorted(ANSWERS)))
    def step_anywhere(self, who: int, pick: int, state: str, said: str) -> None:
        entries = list(self.model)
        self._try(who, entries[pick % len(entries)], state, said)

    def _try(self, who: int, entry: int, state: str, said: str) -> None:
        session, journal = self.sessions[who]
        expected = self._expected(entry, state, session)
        arguments: dict[str, tuple[object, ...]] = {
            "answered": (ANSWERS[said],),
            "proven": ("proof", ANSWERS[said]),
            "unproven": ("why",),
            "held": ("why",),
            "refused": ("why",),
        }
        try:
            intent = getattr(journal, state)(entry, *arguments.get(state, ()))
        except (Busy, WrongStep) as error:
            assert type(error) is expected
            return
        assert expected is None
        self._moved(entry, state, session, said)
        if state == "intent":
            assert not journal.committed(intent, fingerprint(*self.model[entry].token))

    def _moved(self, entry: int, state: str, session: int, said: str) -> None:
        found = self.model[entry]
        self.model[entry] = found._replace(
            states=(*found.states, state), revoked=state == "answered" and said == "revoked", open=state == "sent"
        )
        lease = self.leases.get(found.token)
        if state == "intent":
            self.leases[found.token] = (entry, session, self.uptime + LEASE)
        elif lease and lease[0] == entry:
            if state in ("unproven", "proven", "held", "refused"):
                del self.leases[found.token]
            elif lease[1] == session:
                self.leases[found.token] = (entry, session, self.uptime + LEASE)

    @rule(
        target=under_way,
        who=anybody,
        token=tokens,
        method=st.sampled_from(("auth.test", "auth.revoke test", "auth.revoke", "auth.revoke")),
        said=st.sampled_from((None, *sorted(ANSWERS))),
    )
    def ask(self, who: int, token: tuple[int, str], method: str, said: str | None) -> object:
        who = self._holder(token, who)
        session, journal = self.sessions[who]
        lease = self.leases.get(token)
        entry = lease[0] if lease and lease[1] == session else None
        allowed = entry is not None and self.model[entry].open
        try:
            row = journal.begin(method, fingerprint(*token))
        except WrongStep:
            assert method == "auth.revoke" and not allowed
            return multiple()
        assert method != "auth.revoke" or allowed
        if method == "auth.revoke" and entry is not None:
            self.model[entry] = self.model[entry]._replace(open=False)
        self.asked.append([session, method, token, None])
        assert row == len(self.asked)
        if said is None:
            return row
        self.answer_row(who, row, said)
        return multiple()

    @rule(who=numbers, row=consumes(under_way), said=st.sampled_from(sorted(ANSWERS)))
    def answer(self, who: int, row: int, said: str) -> None:
        self.answer_row(who, row, said)

    def answer_row(self, who: int, row: int, said: str) -> None:
        self.sessions[who][1].end(row, ANSWERS[said])
        self.asked[row - 1][3] = said

    @invariant()
    def as_the_model_says(self) -> None:
        if not hasattr(self, "sessions"):
            return
        for session, journal in self.sessions:
            for entry in journal.entries():
                found = self.model[entry.id]
                assert entry.state == found.states[-1]
                held = self.leases.get(found.token, ())[:2] == (entry.id, session)
                assert journal.committed(entry.intent or "", fingerprint(*found.token)) == (held and found.open)
            assert len(journal.requests()) == len(self.asked)
        states = {entry: [step.state for step in journal.steps(entry)] for entry in self.model}
        assert states == {entry: list(found.states) for entry, found in self.model.items()}


Journals.TestCase.settings = settings(max_examples=often(40), stateful_step_count=50, deadline=None)
TestJournals = Journals.TestCase
