"""`xoxscan journal`."""

from __future__ import annotations

import argparse
import io
import json
import stat
from pathlib import Path

import pytest

from scanner.commands import journal as command
from scanner.errors import UsageError
from scanner.model import Streams
from scanner.respond.journal import JournalError
from scanner.respond.journal_export import verify_export
from tests.conftest import token
from tests.respond.journals import CLOCK, DEAD, LIVES, REVOKED, Answer, fingerprint, opened, planned


def run(folder: Path, *argv: str) -> tuple[int, str, str]:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    out, err = io.BytesIO(), io.BytesIO()
    environ = {"XOXSCAN_STATE_DIR": str(folder / "state")}
    status = command.run(parser.parse_args(argv), Streams(io.BytesIO(), out, err, environ, lambda: CLOCK))
    return status, out.getvalue().decode(), err.getvalue().decode()


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A folder whose journal holds two entries and four requests."""
    with opened(tmp_path) as journal:
        one, two = journal.plan("run 1", [planned(1), planned(2)._replace(place=None, grant=None)])
        journal.intent(one.id)
        journal.end(journal.begin("auth.test", fingerprint(1)), LIVES)
        journal.sent(one.id)
        journal.end(journal.begin("auth.revoke", fingerprint(1)), REVOKED)
        journal.answered(one.id, REVOKED)
        journal.end(journal.begin("auth.test", fingerprint(1)), Answer(ok=False, failure="HTTP 503", request_id=None))
        journal.proven(one.id, "auth.test says token_revoked", DEAD)
        journal.held(two.id, "not \x1b[31mours")
        journal.begin("auth.test", fingerprint(2))
    return tmp_path


def test_without_a_journal(tmp_path: Path) -> None:
    status, out, err = run(tmp_path, "list")
    assert (status, out) == (0, "") and "there is no journal yet in" in err
    assert json.loads(run(tmp_path, "list", "-f", "json")[1]) == {"schema": "xoxscan.journal/1", "entries": []}
    assert json.loads(run(tmp_path, "list", "--requests", "-f", "json")[1])["requests"] == []
    for words in (("show", "1"), ("export",)):
        with pytest.raises(UsageError, match="no journal yet"):
            run(tmp_path, *words)
    assert list(tmp_path.iterdir()) == []


def test_a_token_in_the_name_of_a_folder_is_masked(tmp_path: Path, kept: Path) -> None:
    bot = token("bot", 3).decode()
    secret = bot.rpartition("-")[2]
    for words in (("list",), ("list", "--requests", "-f", "json")):
        err = run(tmp_path / f"no {bot}\x1b[2J", *words)[2]
        assert err.startswith("xoxscan: there is no journal yet in") and "****" in err
        assert secret not in err and "\x1b" not in err
    folder = tmp_path / bot
    folder.mkdir()
    err = run(kept, "export", "-o", str(folder / "evidence.json"))[2]
    assert err.startswith("xoxscan: the journal is in") and "****" in err and secret not in err
    assert (folder / "evidence.json").exists()


def test_an_empty_journal(tmp_path: Path) -> None:
    opened(tmp_path).close()
    assert run(tmp_path, "list") == (0, "nothing was ever planned\n", "")
    assert run(tmp_path, "list", "--requests") == (0, "no request was ever made\n", "")


def test_a_line_for_each_entry_the_newest_last(kept: Path) -> None:
    status, out, err = run(kept, "list")
    assert (status, err) == (0, "")
    first, second = out.splitlines()
    at = "2026-01-02T03:04:05.000Z"
    assert first == f"1  {at}  proven  bot  a masked form  {fingerprint(1)}  auth.test says token_revoked"
    assert second == f"2  {at}  held    bot  a masked form  {fingerprint(2)}  not \\x1b[31mours"


def test_every_request(kept: Path) -> None:
    lines = run(kept, "list", "--requests")[1].splitlines()
    assert [line.split("  ")[2].strip() for line in lines] == ["auth.test", "auth.revoke", "auth.test", "auth.test"]
    assert lines[0].endswith("0123abc  ok") and lines[1].endswith("0123abc  ok, revoked: true")
    assert lines[2].endswith("-        HTTP 503") and lines[3].endswith("-        not known how it ended")
    assert all(fingerprint(1) in line for line in lines[:3])


def test_as_json(kept: Path) -> None:
    found = json.loads(run(kept, "list", "-f", "json")[1])
    assert [(entry["id"], entry["state"], len(entry["steps"])) for entry in found["entries"]] == [
        (1, "proven", 5),
        (2, "held", 2),
    ]
    found = json.loads(run(kept, "list", "--requests", "-f", "json")[1])
    assert [request["failure"] for request in found["requests"]] == ["", "", "HTTP 503", None]
    assert found["requests"][0]["slack_date"] == LIVES.date
    found = json.loads(run(kept, "show", "1", "-f", "json")[1])
    assert found["schema"] == "xoxscan.journal/1" and found["entry"]["id"] == 1 and len(found["requests"]) == 3


def test_one_entry(kept: Path) -> None:
    status, out, _ = run(kept, "show", "1")
    assert status == 0
    for text in ("state: proven", f"fingerprint: {fingerprint(1)}", "policy: mirror-slack", "grant: g1", "run: run 1"):
        assert f"{text}\n" in out
    assert "place: 4b825dc642cb6eb9a060e54bf8d69288fbee4904, bytes 10 to 67, conf/app.py, in /srv/code\n" in out
    assert "revoked: true, Slack's clock 2026-01-02T03:04:06Z, request 0123abc\n" in out
    assert "requests with this token:\n" in out and "HTTP 503" in out
    out = run(kept, "show", "2")[1]
    assert "place:" not in out and "grant:" not in out


def test_a_notice_is_a_request_but_none_with_the_token(kept: Path) -> None:
    with opened(kept) as journal:
        journal.end(journal.begin("notice chat.postMessage", fingerprint(2)), LIVES)
        journal.end(journal.begin("notice webhook", fingerprint(2)), Answer(ok=False, failure="HTTP 503"))
    listed = run(kept, "list", "--requests")[1].splitlines()
    assert len(listed) == 6 and "notice chat.postMessage" in listed[4] and listed[5].endswith("HTTP 503")
    with_it, about = run(kept, "show", "2")[1].partition("requests with this token:\n")[2].split("notices about it:\n")
    assert "auth.test" in with_it and "notice" not in with_it
    assert about.count("notice chat.postMessage") == about.count("notice webhook") == 1 and "auth.test" not in about
    assert "notices about it" not in run(kept, "show", "1")[1]


def test_one_without_requests(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        place = planned().place
        assert place
        journal.plan("run", [planned()._replace(place=place._replace(object=None, path=None))])
    out = run(tmp_path, "show", "1")[1]
    assert "requests" not in out and "place: no object, bytes 10 to 67, in /srv/code\n" in out


@pytest.mark.parametrize("name", ["3", "0", "one", "-1", "9" * 30, "²"])
def test_no_such_entry(kept: Path, name: str) -> None:
    with pytest.raises(UsageError, match="has no entry"):
        run(kept, "show", "--", name)


def test_the_evidence(kept: Path, tmp_path: Path) -> None:
    status, out, err = run(kept, "export")
    assert (status, err) == (0, "") and verify_export(json.loads(out)) == ()
    file = tmp_path / "evidence.json"
    status, out, err = run(kept, "export", "-o", str(file))
    assert (status, out) == (0, "") and str(file) in err
    assert verify_export(json.loads(file.read_bytes())) == () and stat.S_IMODE(file.stat().st_mode) == 0o600


def test_one_that_cannot_be_used(kept: Path) -> None:
    (kept / "state" / "journal.sqlite3").write_bytes(b"")
    for words in (("list",), ("show", "1"), ("export",)):
        with pytest.raises(JournalError, match="cut short"):
            run(kept, *words)
