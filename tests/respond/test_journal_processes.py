"""The journal among processes: who gets the intent, what a SIGKILL leaves, whose lease still counts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scanner.respond.journal import Busy, Journal, WrongStep
from scanner.respond.journal_lease import LEASE, Machine, Process, alive, holds, process, this_machine
from tests.respond.journals import CLOCK, LIVES, Other, fingerprint, opened, planned


def test_of_two_processes_one_gets_each_token(tmp_path: Path) -> None:
    tokens = range(12)
    with opened(tmp_path) as journal:
        entries = [entry.id for entry in journal.plan("run", [planned(number) for number in (*tokens, *tokens)])]
    others = [Other(tmp_path) for _ in range(2)]
    halves = (entries[:12], entries[12:])
    for one, two in zip(*halves, strict=True):  # both are told before either is heard
        others[0].say("intent", one)
        others[1].say("intent", two)
    got = [sum(isinstance(other.hear(), str) for _ in tokens) for other in others]
    assert sum(got) == 12
    with opened(tmp_path) as journal:
        taken = [entry.planned.fingerprint for entry in journal.entries() if entry.state == "intent"]
        assert sorted(taken) == sorted(map(fingerprint, tokens))
    for other in others:
        other.end()


def test_two_begin_a_new_journal_at_once(tmp_path: Path) -> None:
    program = "import sys; sys.stdin.read()\n"
    program += "from tests.respond.journals import *; import pathlib\n"
    program += "with opened(pathlib.Path(sys.argv[1])) as j: j.plan('run', [planned()])"
    ready = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path)], stdin=subprocess.PIPE, cwd=Path(__file__).parents[2]
        )
        for _ in range(4)
    ]
    for each in ready:
        assert each.stdin
        each.stdin.close()
    assert [each.wait() for each in ready] == [0, 0, 0, 0]
    with opened(tmp_path) as journal:
        assert len(journal.entries()) == 4
        assert os.listdir(tmp_path / "state") and not [name for name in os.listdir(tmp_path / "state") if "tmp" in name]


# What is done, the state it leaves, and what the next process does about it.
_CALLS: tuple[tuple[str, tuple[object, ...], str], ...] = (
    ("plan", (0,), "planned"),
    ("intent", (1,), "intent"),
    ("begin", ("auth.test", fingerprint()), "intent"),
    ("end", (1, "LIVES"), "intent"),
    ("sent", (1,), "sent"),
    ("begin", ("auth.revoke", fingerprint()), "sent"),
    ("end", (2, "REVOKED"), "sent"),
    ("answered", (1, "REVOKED"), "answered"),
    ("unproven", (1, "it still answers"), "unproven"),
)


@pytest.mark.parametrize("count", range(1, len(_CALLS) + 1))
def test_a_kill_between_any_two_calls(tmp_path: Path, count: int) -> None:
    other = Other(tmp_path)
    for name, arguments, _ in _CALLS[:count]:
        assert isinstance(other.ask(name, *arguments), list) == (name == "plan")
    with opened(tmp_path) as journal:
        if _CALLS[count - 1][2] in ("intent", "sent"):
            with pytest.raises((Busy, WrongStep)):  # while it lives
                journal.intent(1)
        assert journal.unfinished() == []
    other.kill()
    assert (tmp_path / "state" / "journal.sqlite3-wal").stat().st_size  # that is where it all is
    with opened(tmp_path) as journal:
        (found,) = journal.unfinished()
        assert found.state == _CALLS[count - 1][2]
        begun = [arguments[0] for name, arguments, _ in _CALLS[:count] if name == "begin"]
        assert [each.method for each in journal.requests()] == begun
        _resume(journal, found.state)


def _resume(journal: Journal, state: str) -> None:
    if state == "planned":
        journal.held(1, "nothing was begun")
    elif state == "answered":
        journal.proven(1, "token_revoked")
    else:
        if state == "sent":
            journal.unproven(1, "nobody wrote down how it went")
        intent = journal.intent(1)
        journal.end(journal.begin("auth.test", fingerprint()), LIVES)
        journal.sent(1)
        assert journal.committed(intent, fingerprint())


def test_a_kill_in_the_middle_of_many_calls(tmp_path: Path) -> None:
    """What was answered is there; the journal can be read, wherever the kill fell."""
    for number in range(5):
        other = Other(tmp_path)
        for _ in range(200):
            other.say("plan", number, number)
        seen = 0
        while seen < number * 3:
            seen += bool(other.hear())
        other.kill()
        with opened(tmp_path) as journal:
            found = journal.entries(fingerprint=fingerprint(number))
            assert len(found) >= 2 * seen and len(found) % 2 == 0
            assert all(entry.state == "planned" for entry in found)


def test_an_intent_of_the_dead_is_worth_nothing_to_the_living(tmp_path: Path) -> None:
    other = Other(tmp_path)
    other.ask("plan", 0)
    old = other.ask("intent", 1)
    other.ask("sent", 1)
    assert other.ask("committed", old, fingerprint()) is True
    with opened(tmp_path) as journal:
        assert not journal.committed(str(old), fingerprint())
        other.kill()
        assert not journal.committed(str(old), fingerprint())
        journal.unproven(1, "killed")
        assert journal.intent(1) != old


def test_a_forked_child_keeps_its_hands_off(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        journal.plan("run", [planned()])
        child = os.fork()
        if not child:
            try:
                journal.entries()
            except Exception as error:  # noqa: BLE001 - nothing may leave the child
                journal.close()
                os._exit(0 if "forked" in str(error) else 2)
            os._exit(1)
        assert os.waitpid(child, 0)[1] == 0
        assert len(journal.entries()) == 1


# Whose lease still counts


def _machine(me: Process, seen: bool | None, uptime: float = 0.0) -> Machine:
    return Machine(me, lambda other: seen, lambda: uptime)


@pytest.mark.parametrize(
    ("seen", "later", "busy"),
    [
        (True, 0.0, True),
        (True, LEASE * 9, True),  # it hangs, and it may still send
        (False, 0.0, False),
        (None, LEASE - 1, True),  # in another container: its lease counts as long as it lasts
        (None, LEASE + 1, False),
        (None, -1e6, False),  # the machine was started again
    ],
)
def test_a_lease(tmp_path: Path, seen: bool | None, later: float, busy: bool) -> None:
    me = this_machine().me
    state = str(tmp_path / "state")
    with (
        Journal(state, lambda: CLOCK, machine=_machine(me, True, 1e7)) as first,
        Journal(state, lambda: CLOCK, machine=_machine(me, seen, 1e7 + later)) as second,
    ):
        (entry,) = first.plan("run", [planned()])
        intent = first.intent(entry.id)
        if busy:
            with pytest.raises(Busy):
                second.intent(entry.id)
            first.sent(entry.id)
            assert first.committed(intent, fingerprint())
        else:
            assert second.intent(entry.id) != intent
            with pytest.raises((Busy, WrongStep)):
                first.sent(entry.id)
            second.sent(entry.id)
            assert not first.committed(intent, fingerprint())


def test_each_step_makes_the_lease_longer(tmp_path: Path) -> None:
    me, state = this_machine().me, str(tmp_path / "state")
    times = [0.0]
    unseen = Machine(me, lambda other: None, lambda: times[0])
    with (
        Journal(state, lambda: CLOCK, machine=unseen) as first,
        Journal(state, lambda: CLOCK, machine=unseen) as second,
    ):
        one, two = first.plan("run", [planned(), planned()])
        first.intent(one.id)
        times[0] = LEASE - 1
        first.sent(one.id)
        times[0] = LEASE + 1
        with pytest.raises(Busy):
            second.intent(two.id)


def test_what_lives() -> None:
    me = process(os.getpid())
    assert alive(me, me) is True and me.start and me.boot
    assert alive(me._replace(start="1"), me) is False  # the number was given to another
    assert alive(me._replace(boot="another"), me) is False
    assert alive(me._replace(space="pid:[1]"), me) is None
    child = subprocess.Popen(["sleep", "60"])
    found = process(child.pid)
    assert alive(found, me) is True
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert alive(found, me) is False  # dead, though nobody has fetched it
    child.wait()
    assert alive(found, me) is False


def test_where_there_is_no_proc(tmp_path: Path) -> None:
    bare = str(tmp_path)
    me = process(os.getpid(), bare)
    assert me == Process(os.getpid(), "", "", "")
    assert this_machine(bare).alive(me) is None  # it may be another of the same number
    assert alive(me._replace(pid=1), me, bare) is None
    child = subprocess.Popen(["true"])
    child.wait()
    assert alive(me._replace(pid=child.pid), me, bare) is False


def test_one_that_we_may_not_ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(pid: int, signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)  # the first process of the machine, where we are not root
    me = process(os.getpid(), str(tmp_path))
    assert alive(me, me, str(tmp_path)) is None


def test_a_lease_of_one_that_is_seen() -> None:
    me = this_machine().me
    assert holds(me, -1.0, _machine(me, True)) and not holds(me, 1.0, _machine(me, False))
