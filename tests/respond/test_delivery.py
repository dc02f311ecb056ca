"""Notices on their way: in the journal before they are sent, and until they have arrived; with the real stand-in."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner.demo import standin_faults as faults
from scanner.demo.standin import Standin
from scanner.model import Finding, Response, Secret, Verdict
from scanner.report.redactor import Redactor
from scanner.respond.delivery import deliver
from scanner.respond.journal import Journal
from scanner.respond.message import Context
from scanner.respond.roads import Road, SlackPost, SlackWebhook, Webhook, choose, credentials
from scanner.slack.http import Http
from tests.conftest import CLOCK
from tests.respond.slacks import finding

CONTEXT = Context("run", "2026-01-02T03:04:05Z", "xoxscan history", "/srv/<!channel>")
REVOKED = Response("revoked", "it is dead", "mirror-slack", "2026-01-02T03:04:05Z", "so it said")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(str(tmp_path / "state"), lambda: CLOCK) as made:
        yield made


def hook(slack: Standin) -> SlackWebhook:
    path = slack.plant("webhook").token.partition(".com")[2]
    return SlackWebhook(Secret(f"{slack.hooks}{path}".encode()))


def post(slack: Standin) -> SlackPost:
    account = slack.plant("bot", seed=7, channels=("C0OPS",), scopes=("chat:write",))
    return SlackPost(Secret(account.token.encode()), "C0OPS", slack.url)


def inbox(slack: Standin) -> Webhook:
    return Webhook(Secret(f"{slack.hooks}/_inbox/ops".encode()), Secret(b"k" * 32))


def sent(journal: Journal, several: list[Road], *findings: Finding) -> list[str]:
    http, slept = Http({}), list[float]()
    clean = Redactor(each.secret for each in findings).clean
    try:
        return deliver(
            several, findings, CONTEXT, journal, http=http, clock=lambda: CLOCK, sleep=slept.append, clean=clean
        )
    finally:
        http.close()


def done(slack: Standin, **fields: object) -> Finding:
    return finding(slack.plant("user"), **{"response": REVOKED, **fields})


def test_each_audience_is_told_once(slack: Standin, journal: Journal) -> None:
    made = done(slack)
    assert sent(journal, [hook(slack), post(slack), inbox(slack)], made) == []
    assert len(slack.messages) == 1 and len(slack.letters) == 1
    assert all(notice.done for notice in journal.notices.all()) and len(journal.notices.all()) == 2
    told = slack.messages[0].blocks.encode() + slack.letters[0].body
    assert made.secret.reveal() not in told and b"mrkdwn" not in told and b"plain_text" in told


def test_it_is_written_down_before_it_is_sent_and_without_the_token(slack: Standin, journal: Journal) -> None:
    made = done(slack)
    slack.faults.add("webhook", faults.broken(503), times=0)
    (note,) = sent(journal, [hook(slack)], made)
    assert note.startswith("slack was not told (slack-webhook: HTTP 503") and note.endswith("the next run tries again")
    (notice,) = journal.notices.all()
    assert notice.tries == 1 and notice.done is None and notice.failure and notice.fingerprint == made.fingerprint
    assert made.secret.reveal().decode() not in notice.what


def test_each_request_with_a_notice_is_a_request_of_the_journal(slack: Standin, journal: Journal) -> None:
    made, other = done(slack), done(slack)._replace(fingerprint=f"v1:user:{'a' * 52}")
    slack.faults.add("webhook", faults.broken(503), times=0)
    sent(journal, [hook(slack), post(slack), inbox(slack)], made, other)
    requests = journal.requests()
    methods = ["notice slack-webhook"] * 3 + ["notice chat.postMessage", "notice webhook"]
    assert [(each.method, each.fingerprint) for each in requests] == [(name, made.fingerprint) for name in methods]
    assert len(requests) == len(slack.requests) and all(each.ended for each in requests)
    assert [each.ok for each in requests] == [False, False, False, True, True]
    assert {each.failure for each in requests[:3]} == {"HTTP 503, and not in Slack's words"}
    stored = Path(journal.path).read_bytes() + repr(journal.export()).encode()
    for road in (hook(slack), post(slack)):
        for secret in credentials(road):
            assert secret.reveal() not in stored
    assert made.secret.reveal() not in stored


def test_where_the_only_credential_is_dead_another_one_is_asked_for(slack: Standin, journal: Journal) -> None:
    webhook, bot = hook(slack), post(slack)
    slack.plant("webhook", state="no_service")
    for state in ("token_revoked", "invalid_auth", "account_inactive"):
        slack.plant("bot", seed=7, state=state)
        (note,) = sent(journal, [bot], done(slack))
        assert note.startswith(f"slack was not told (slack-post: {state}); set another token or webhook")
    both: list[Road] = [webhook, bot]
    for several in (both[:1], both):
        (note,) = sent(journal, several)
        assert "set another token or webhook" in note and "tries again" not in note
    slack.faults.add("chat.postMessage", faults.broken(503), times=0)
    (note,) = sent(journal, [webhook, bot])
    assert "no_service" in note and note.endswith("the next run tries again")
    slack.faults.clear()
    new = slack.plant("bot", seed=8, channels=("C0OPS",), scopes=("chat:write",))
    assert sent(journal, [bot._replace(token=Secret(new.token.encode()))]) == [] and len(slack.messages) == 1


def test_what_was_not_told_is_told_by_the_next_run_though_that_has_nothing_to_tell(
    slack: Standin, journal: Journal
) -> None:
    slack.faults.add("webhook", faults.closed(), times=3)
    several: list[Road] = [hook(slack)]
    assert sent(journal, several, done(slack)) and not slack.messages
    assert sent(journal, several) == [] and len(slack.messages) == 1
    assert sent(journal, several) == [] and len(slack.messages) == 1


def test_of_two_roads_to_slack_the_other_is_taken_where_one_fails(slack: Standin, journal: Journal) -> None:
    slack.faults.add("webhook", faults.broken(503), times=0)
    assert sent(journal, [hook(slack), post(slack)], done(slack)) == []
    assert [message.channel for message in slack.messages] == ["C0OPS"]


def test_if_the_found_token_is_the_one_that_notifies_another_road_is_first(slack: Standin, journal: Journal) -> None:
    leaked, other = post(slack), hook(slack)
    made = done(slack)._replace(secret=leaked.token)
    assert sent(journal, list(choose([leaked, other], {leaked.token})), made) == []
    assert [seen.method for seen in slack.requests] == ["webhook"]


def test_a_road_that_is_gone_keeps_the_notice(slack: Standin, journal: Journal) -> None:
    slack.faults.add("inbox", faults.broken(503), times=0)
    assert sent(journal, [inbox(slack)], done(slack))
    (note,) = sent(journal, [hook(slack)])
    assert "no road leads there any more" in note and not slack.messages


def test_a_damaged_notice_is_not_sent(slack: Standin, journal: Journal) -> None:
    made = done(slack)
    journal.notices.add(made.fingerprint, "slack no JSON at all")
    (note,) = sent(journal, [hook(slack)])
    assert "damaged" in note and not slack.messages


@pytest.mark.parametrize(
    ("verdict", "response", "told"),
    [
        (Verdict("active", "so"), None, True),
        (Verdict("restricted", "so"), None, True),
        (Verdict("inactive", "so"), None, False),
        (None, None, False),
        (Verdict("unsupported", "so"), Response("held", "ask"), True),
    ],
)
def test_what_is_worth_telling(
    slack: Standin, journal: Journal, verdict: Verdict | None, response: Response | None, told: bool
) -> None:
    assert sent(journal, [hook(slack)], done(slack, verdict=verdict, response=response)) == []
    assert bool(slack.messages) == told


def test_a_journal_that_fails_is_a_note_and_no_error(slack: Standin, tmp_path: Path) -> None:
    with Journal(str(tmp_path / "state"), lambda: CLOCK) as journal:
        journal.notices.all()
        with sqlite3.connect(journal.path) as db:
            db.execute("DROP TABLE notices")
        (note,) = sent(journal, [hook(slack)], done(slack))
    assert note.startswith("nobody was told: ") and not slack.messages
