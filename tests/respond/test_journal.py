"""The journal: steps, leases among threads, requests, notices."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner import fakes
from scanner.respond.journal import ENDS, STEPS, Busy, Journal, JournalError, Place, WrongStep, folder
from tests.respond.journals import CLOCK, DEAD, LIVES, REVOKED, Answer, fingerprint, opened, planned


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with opened(tmp_path) as made:
        yield made


def _to_sent(journal: Journal, number: int = 0, kind: str = "bot") -> tuple[int, str]:
    (entry,) = journal.plan("run", [planned(number, kind)])
    intent = journal.intent(entry.id)
    journal.sent(entry.id)
    return entry.id, intent


def _request(journal: Journal, method: str, answer: Answer, number: int = 0, kind: str = "bot") -> None:
    journal.end(journal.begin(method, fingerprint(number, kind)), answer)


def test_the_whole_way(journal: Journal) -> None:
    (entry,) = journal.plan("run 1", [planned()])
    assert (entry.state, entry.run, entry.planned, entry.intent) == ("planned", "run 1", planned(), None)
    intent = journal.intent(entry.id)
    _request(journal, "auth.test", LIVES)
    assert not journal.committed(intent, fingerprint())  # the step `sent` is not written yet
    journal.sent(entry.id)
    assert journal.committed(intent, fingerprint())
    assert not journal.committed(intent, fingerprint(1)) and not journal.committed("1-1", fingerprint())
    row = journal.begin("auth.revoke", fingerprint())
    assert not journal.committed(intent, fingerprint())  # one request for one step
    journal.end(row, REVOKED)
    journal.answered(entry.id, REVOKED)
    journal.proven(entry.id, "auth.test says token_revoked", DEAD)
    found = journal.entry(entry.id)
    assert found and (found.state, found.code, found.proof) == (
        "proven",
        "token_revoked",
        "auth.test says token_revoked",
    )
    assert (found.date, found.request_id) == (DEAD.date, DEAD.request_id)
    assert [step.state for step in journal.steps(entry.id)] == ["planned", "intent", "sent", "answered", "proven"]
    assert {step.process for step in journal.steps(entry.id)} == {os.getpid()}
    assert [(each.method, each.ok, each.revoked) for each in journal.requests()] == [
        ("auth.test", True, None),
        ("auth.revoke", True, True),
    ]
    assert journal.unfinished() == []


def test_entries_by_run_and_token(journal: Journal) -> None:
    journal.plan("a", [planned(1), planned(2)])
    journal.plan("b", [planned(2)])
    assert [entry.id for entry in journal.entries()] == [1, 2, 3]
    assert [entry.id for entry in journal.entries(run="a")] == [1, 2]
    assert [entry.id for entry in journal.entries(fingerprint=fingerprint(2))] == [2, 3]
    assert journal.entry(4) is None and journal.requests(fingerprint(1)) == []
    assert [entry.id for entry in journal.unfinished()] == [1, 2, 3]


def test_what_was_planned_comes_back_as_it_was(journal: Journal) -> None:
    odd = planned()._replace(place=Place("/srv/\udcff'\n", None, 0, 1, b"\xff\x00"), grant=None)
    bare = planned()._replace(place=None)
    assert [entry.planned for entry in journal.plan("run", [odd, bare])] == [odd, bare]


_WAYS = {  # how each state is reached
    "planned": (),
    "intent": ("intent",),
    "sent": ("intent", "sent"),
    "answered": ("intent", "sent", "answered"),
    "unproven": ("intent", "sent", "unproven"),
    "proven": ("intent", "proven"),
    "held": ("held",),
    "refused": ("refused",),
}


def _step(journal: Journal, entry: int, state: str) -> None:
    arguments: dict[str, tuple[object, ...]] = {
        "answered": (REVOKED,),
        "proven": ("proof",),
        "unproven": ("no answer",),
        "held": ("ask",),
        "refused": ("cannot",),
    }
    getattr(journal, state)(entry, *arguments.get(state, ()))


@pytest.mark.no_cover
@pytest.mark.parametrize(("before", "after"), list(itertools.product(STEPS, list(STEPS)[1:])))
def test_only_the_steps_of_the_table(journal: Journal, before: str, after: str) -> None:
    (entry,) = journal.plan("run", [planned(kind="refresh")])
    for state in _WAYS[before]:
        _step(journal, entry.id, state)
    steps = journal.steps(entry.id)
    if after not in STEPS[before]:
        with pytest.raises(WrongStep):
            _step(journal, entry.id, after)
    elif (before, after) == ("intent", "intent"):
        with pytest.raises(Busy):  # we live
            _step(journal, entry.id, after)
    else:
        _step(journal, entry.id, after)
        assert [step.state for step in journal.steps(entry.id)] == [*(step.state for step in steps), after]
        return
    assert journal.steps(entry.id) == steps


def test_the_table_ends() -> None:
    assert set(ENDS) == {"proven", "held", "refused"} and set(STEPS) == {*_WAYS}


def test_no_entry(journal: Journal) -> None:
    with pytest.raises(WrongStep, match="no entry 7"):
        journal.intent(7)


# Requests


def test_no_auth_revoke_without_the_step(journal: Journal) -> None:
    (entry,) = journal.plan("run", [planned()])
    with pytest.raises(WrongStep, match="without a committed intent"):
        journal.begin("auth.revoke", fingerprint())
    journal.intent(entry.id)
    with pytest.raises(WrongStep):
        journal.begin("auth.revoke", fingerprint())
    _request(journal, "auth.revoke test", REVOKED)  # that one kills nothing
    journal.sent(entry.id)
    with pytest.raises(WrongStep):
        journal.begin("auth.revoke", fingerprint(1))
    journal.begin("auth.revoke", fingerprint())
    with pytest.raises(WrongStep, match="a second one"):
        journal.begin("auth.revoke", fingerprint())
    assert [each.method for each in journal.requests()] == ["auth.revoke test", "auth.revoke"]
    assert journal.requests()[1].ended is None


def test_a_request_ends_once(journal: Journal) -> None:
    row = journal.begin("auth.test", fingerprint())
    failed = Answer(ok=False, failure="timeout", status=None, date=None, request_id=None)
    journal.end(row, failed)
    with pytest.raises(WrongStep, match="not under way"):
        journal.end(row, LIVES)
    (found,) = journal.requests(fingerprint())
    assert (found.ok, found.failure, found.status, found.date, found.request_id) == (False, "timeout", None, None, None)


def test_none_is_repeated_before_a_fresh_look(journal: Journal) -> None:
    entry, _ = _to_sent(journal)
    _request(journal, "auth.revoke", Answer(ok=False, failure="HTTP 503"))
    journal.unproven(entry, "HTTP 503")
    journal.intent(entry)
    for answer in (None, DEAD):
        if answer:
            _request(journal, "auth.test", answer)
        with pytest.raises(WrongStep, match="nobody looked since"):
            journal.sent(entry)
    _request(journal, "auth.revoke test", LIVES)  # that is no look at an access token
    journal.begin("auth.test", fingerprint())  # nor is one that has no answer
    with pytest.raises(WrongStep):
        journal.sent(entry)
    _request(journal, "auth.test", LIVES)
    journal.sent(entry)


def test_the_look_has_to_be_our_own(tmp_path: Path) -> None:
    with opened(tmp_path) as first:
        entry, _ = _to_sent(first)
        _request(first, "auth.revoke", Answer(ok=False, failure="timeout"))
        first.unproven(entry, "timeout")
        _request(first, "auth.test", LIVES)
    with opened(tmp_path) as second:
        second.intent(entry)
        with pytest.raises(WrongStep, match="nobody looked"):
            second.sent(entry)
        _request(second, "auth.test", LIVES)
        second.sent(entry)


def test_an_entry_of_another_run_repeats_nothing_either(journal: Journal) -> None:
    entry, _ = _to_sent(journal)
    _request(journal, "auth.revoke", REVOKED)
    journal.unproven(entry, "it still answers")
    (again,) = journal.plan("another run", [planned()])
    journal.intent(again.id)
    with pytest.raises(WrongStep, match="nobody looked"):
        journal.sent(again.id)


def test_a_refresh_token_is_proven_by_a_second_revocation(journal: Journal) -> None:
    entry, intent = _to_sent(journal, kind="config-refresh")
    name = fingerprint(kind="config-refresh")
    _request(journal, "auth.revoke", REVOKED, kind="config-refresh")
    journal.answered(entry, REVOKED)
    assert not journal.committed(intent, name)
    journal.sent(entry)
    assert journal.committed(intent, name)
    _request(journal, "auth.revoke", DEAD, kind="config-refresh")
    journal.answered(entry, DEAD)
    with pytest.raises(WrongStep, match="not sent twice"):
        journal.sent(entry)
    journal.unproven(entry, "lost")
    journal.intent(entry)
    with pytest.raises(WrongStep):
        journal.sent(entry)
    _request(journal, "auth.revoke test", LIVES, kind="config-refresh")
    journal.sent(entry)


def test_an_access_token_is_not(journal: Journal) -> None:
    entry, _ = _to_sent(journal)
    journal.answered(entry, REVOKED)
    with pytest.raises(WrongStep, match="not sent twice"):
        journal.sent(entry)


# Leases within a process


def test_two_entries_of_one_token(journal: Journal) -> None:
    one, two = journal.plan("run", [planned(), planned()])
    journal.intent(one.id)
    with pytest.raises(Busy, match=f"process {os.getpid()} is acting on v1:bot:"):
        journal.intent(two.id)
    journal.held(one.id, "enough")
    journal.intent(two.id)


def test_closing_gives_up_what_is_open(tmp_path: Path) -> None:
    with opened(tmp_path) as first, opened(tmp_path) as second:
        entry, intent = _to_sent(first)
        assert second.unfinished() == []  # somebody living is at it
        with pytest.raises(Busy):
            second.unproven(entry, "taken")
        assert not second.committed(intent, fingerprint())
        first.close()
        assert [each.id for each in second.unfinished()] == [entry]
        second.unproven(entry, "nobody wrote down how it went")
        second.intent(entry)


def test_an_intent_is_worth_nothing_without_its_lease(journal: Journal) -> None:
    (entry,) = journal.plan("run", [planned()])
    journal.intent(entry.id)
    with journal._store.writing() as db:
        db.execute("DELETE FROM leases")
    with pytest.raises(Busy, match="not ours any more"):
        journal.sent(entry.id)


def test_threads(journal: Journal) -> None:
    """Twenty threads for each of five tokens: one gets each."""
    journal.plan("run", [planned(number) for number in range(5)] * 4)
    got: list[int] = []
    start = threading.Barrier(20)

    def work(entry: int) -> None:
        start.wait()
        try:
            journal.intent(entry)
        except Busy:
            return
        journal.begin("auth.test", fingerprint(0))
        got.append(entry)

    threads = [threading.Thread(target=work, args=(entry.id,)) for entry in journal.entries()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    owners = [entry.planned.fingerprint for entry in journal.entries() if entry.id in got]
    assert sorted(owners) == sorted(fingerprint(number) for number in range(5)) and len(journal.requests()) == 5


# Times, texts, places


def test_a_clock_that_jumps(tmp_path: Path) -> None:
    """Order is by row; a lease neither ends nor lasts for what the clock says."""
    times = itertools.cycle([CLOCK, CLOCK + 10**9, 0.0, 5.0, -(10.0**9)])
    with Journal(str(tmp_path / "state"), lambda: next(times)) as journal, opened(tmp_path) as other:
        entry, _ = _to_sent(journal)
        with pytest.raises(Busy):
            other.intent(other.plan("run", [planned()])[0].id)
        journal.answered(entry, REVOKED)
        journal.proven(entry, "dead")
        assert [step.state for step in journal.steps(entry)] == ["planned", "intent", "sent", "answered", "proven"]
        found = journal.entry(entry)
        assert found and found.state == "proven"


def test_no_token_is_ever_kept(tmp_path: Path) -> None:
    """Whoever hands one over by mistake: not in the file, not in its log."""
    token = fakes.render("{{bot_token}}", 7)
    said = Answer(ok=False, error=token, failure=f"no {token}", date=token, request_id=token)
    leaky = planned()._replace(
        kind=token,
        rule=token,
        redacted=token,
        policy=token,
        grant=token,
        place=Place(token, None, 1, 2, token.encode()),
    )
    with opened(tmp_path) as journal:
        (entry,) = journal.plan(token, [leaky])
        journal.end(journal.begin(token, fingerprint()), said)
        journal.intent(entry.id)
        journal.sent(entry.id)
        journal.unproven(entry.id, token, said)
        journal.proven(entry.id, token, said)
        notice = journal.notices.add(fingerprint(), token)
        journal.notices.failed(notice, token)
        assert token[-20:] not in repr(journal.export()) + repr(journal.entries()) + repr(journal.requests())
        kept = b"".join(file.read_bytes() for file in (tmp_path / "state").iterdir())
        assert len(list((tmp_path / "state").iterdir())) == 3
    kept += b"".join(file.read_bytes() for file in (tmp_path / "state").iterdir())
    secret = token.rpartition("-")[2].encode()
    assert not [at for at in range(len(secret) - 11) if secret[at : at + 12] in kept]


@pytest.mark.parametrize("name", [fakes.render("{{bot_token}}", 3), "", "v1:bot:", "v1:bot:a\n", "v1:BOT:abc"])
def test_what_is_no_fingerprint_is_refused_and_not_shown(journal: Journal, name: str) -> None:
    for call in (
        lambda: journal.begin("auth.test", name),
        lambda: journal.plan("run", [planned()._replace(fingerprint=name)]),
        lambda: journal.notices.add(name, "revoked"),
    ):
        with pytest.raises(ValueError, match=r"^not a fingerprint$"):
            call()
    assert not journal.entries() and not journal.requests() and not journal.notices.all()


def test_a_run_can_mask_what_it_knows(tmp_path: Path) -> None:
    with Journal(str(tmp_path / "s"), lambda: CLOCK, clean=lambda data: data.replace(b"hush", b"****")) as journal:
        (entry,) = journal.plan("run", [planned()])
        journal.held(entry.id, "hush \udcff")
        found = journal.entry(entry.id)
        assert found and found.reason == "**** \\udcff"


def test_all_or_none_is_planned(journal: Journal) -> None:
    with pytest.raises(ValueError, match="fingerprint"):
        journal.plan("run", [planned(), planned()._replace(fingerprint="no")])
    assert journal.entries() == [] and journal.plan("run", []) == []


def test_who_only_looks_leaves_no_trace(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        assert not journal.entries() and not journal.unfinished() and not journal.committed("1-1", fingerprint())
    with opened(tmp_path) as journal, journal._store.reading() as db:
        assert db.execute("SELECT count(*) FROM sessions").fetchone() == (0,)


@pytest.mark.parametrize("table", ["steps", "requests"])
def test_nothing_is_taken_out(journal: Journal, table: str) -> None:
    _to_sent(journal)
    _request(journal, "auth.test", LIVES)
    with pytest.raises(JournalError, match="never taken out"), journal._store.writing() as db:
        db.execute(f"DELETE FROM {table}")
    with pytest.raises(JournalError, match="never changed"), journal._store.writing() as db:
        db.execute("UPDATE steps SET state = 'proven'")
    assert len(journal.requests()) == 1


# Notices


def test_notices(journal: Journal) -> None:
    first = journal.notices.add(fingerprint(1), "revoked, by webhook")
    second = journal.notices.add(fingerprint(2), "held, by webhook")
    assert journal.notices.add(fingerprint(1), "revoked, by webhook") == first  # still due
    journal.notices.failed(first, "HTTP 503")
    journal.notices.done(second)
    (due,) = journal.notices.due()
    assert (due.id, due.fingerprint, due.what, due.tries, due.failure, due.done) == (
        first,
        fingerprint(1),
        "revoked, by webhook",
        1,
        "HTTP 503",
        None,
    )
    assert journal.notices.due(most=1) == []
    journal.notices.done(first)
    assert journal.notices.due() == [] and [(each.tries, each.failure) for each in journal.notices.all()] == [
        (2, ""),
        (1, ""),
    ]
    with pytest.raises(JournalError, match="not due"):
        journal.notices.done(first)
    assert journal.notices.add(fingerprint(1), "revoked, by webhook") not in (first, second)


# The folder


def test_where_it_is() -> None:
    assert folder({"XOXSCAN_STATE_DIR": "/a/../b/", "XDG_STATE_HOME": "/x"}) == "/b"
    assert folder({"XOXSCAN_STATE_DIR": "", "XDG_STATE_HOME": "/x"}) == "/x/xoxscan"
    assert folder({"XDG_STATE_HOME": "x", "HOME": "/h"}) == "/h/.local/state/xoxscan"
    assert folder({}) == os.path.expanduser("~/.local/state/xoxscan")


def test_the_file_is_named(journal: Journal, tmp_path: Path) -> None:
    assert journal.path == str(tmp_path / "state" / "journal.sqlite3")
