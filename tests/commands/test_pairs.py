"""What belongs together, by the real program: one finding with parts, and every secret is still seen by all else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest

from scanner import fakes
from scanner.ci import action
from scanner.demo.scratch import tokens
from scanner.demo.standin import Account, Standin
from tests.commands.conftest import OURS, Program
from tests.commands.test_responding import ACT, PUBLIC, grant, shown
from tests.conftest import Repo, Result, Run, token

WHO = ("--owner", "Ada", "--reason", "known")
ID = "123456789012.1234567890123"
SESSION, COOKIE, ACCESS, REFRESH = "session-client", "session-cookie", "config-access", "config-refresh"


def har(*sessions: bytes, cookie: bytes) -> bytes:
    """What a browser saves: a request for each token, with the cookie among the headers."""
    value = f"b=.1; d={quote(cookie.decode(), safe='%')}; x=1"
    headers = [{"name": f"header-{number}", "value": "v"} for number in range(40)]
    return json.dumps(
        {
            "log": {
                "entries": [
                    {
                        "request": {
                            "url": "https://acme.slack.com/api/client.boot",
                            "headers": [{"name": "cookie", "value": value}, *headers],
                            "postData": {"text": f'name="token"\r\n\r\n{each.decode()}\r\n--'},
                        }
                    }
                    for each in sessions
                ]
            }
        },
        indent=2,
    ).encode()


def curl(session: bytes, cookie: bytes) -> bytes:
    header = quote(cookie.decode(), safe="%")
    return (
        f"curl 'https://acme.slack.com/api/conversations.list' \\\n  -H 'cookie: d={header}' \\\n"
        f"  --data-raw 'token={session.decode()}'\n"
    ).encode()


def env(seed: int = 1) -> bytes:
    return f"SLACK_CLIENT_ID={ID}\nSLACK_CLIENT_SECRET={fakes.render('{{client_secret}}', seed)}\n".encode()


def rotated() -> bytes:
    pair = tokens()
    return json.dumps({"access_token": pair.access, "refresh_token": pair.refresh}, indent=1).encode()


def files(folder: Path, **contents: bytes) -> None:
    for name, content in contents.items():
        (folder / name).write_bytes(content)


def found(result: Result) -> list[dict[str, Any]]:
    findings = json.loads(result.out)["findings"]
    assert isinstance(findings, list)
    return findings


def shape(findings: list[dict[str, Any]]) -> list[tuple[str, list[str]]]:
    return [(each["kind"], [part["kind"] for part in each["parts"]]) for each in findings]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "files").mkdir()
    monkeypatch.chdir(tmp_path / "files")
    return tmp_path / "files"


def test_a_folder(run: Run, folder: Path) -> None:
    files(folder, a_har=har(token(SESSION, 1), token(SESSION, 2), cookie=token(COOKIE)))
    files(folder, b_sh=curl(token(SESSION, 3), token(COOKIE, 2)), c_env=env(), d_json=rotated())
    result = run("scan", "-f", "json")
    findings = found(result)
    assert result.status == 1
    assert shape(findings) == [
        (SESSION, [COOKIE]),
        (SESSION, [COOKIE]),
        (SESSION, [COOKIE]),
        (ACCESS, [REFRESH]),
        ("app-secret", ["client-id"]),
    ]
    whole, named = findings[0]["parts"][0], findings[1]["parts"][0]
    assert [place["path"] for place in whole["locations"]] == ["a_har", "a_har"] and whole["remediation"]
    assert named == {
        "kind": COOKIE,
        "redacted": whole["redacted"],
        "fingerprint": whole["fingerprint"],
        "held_by": findings[0]["fingerprint"],
        "holder": findings[0]["redacted"],
    }
    (part,) = findings[4]["parts"]
    place = part.pop("locations")[0]
    assert part == {"kind": "client-id", "value": ID}
    assert (place["path"], place["line"], place["column"]) == ("c_env", 1, 17)
    text = run("scan").out.decode()
    assert "5 findings (8 secrets) in 4 files" in text and f"  with client-id  {ID}\n    c_env:1:17\n" in text


def test_a_secret_that_is_suppressed_is_no_part(run: Run, folder: Path) -> None:
    session, cookie = token(SESSION), token(COOKIE)
    files(folder, a=b"cookie: d=%b xoxscan:ignore a test account\ntoken=%b\n" % (cookie, session))
    report = json.loads(run("scan", "-f", "json").out)
    assert shape(report["findings"]) == [(SESSION, [])]
    assert [each["finding"]["kind"] for each in report["suppressed"]] == [COOKIE]
    files(folder, a=b"cookie: d=%b\ntoken=%b xoxscan:ignore a test account\n" % (cookie, session))
    report = json.loads(run("scan", "-f", "json").out)
    assert shape(report["findings"]) == [(COOKIE, [])]


def test_the_baseline_takes_every_part(run: Run, repo: Repo) -> None:
    repo.commit({"a.har": har(token(SESSION), cookie=token(COOKIE)), "b.json": rotated(), "c.env": env()})
    assert run("baseline", "write", *WHO).out.startswith(b"5 written")
    repo.git("add", ".")
    repo.commit({})
    report = json.loads(run("history", "-f", "json").out)
    assert report["findings"] == [] and len(report["suppressed"]) == 5
    # A part that is taken out of the baseline is a finding by itself again.
    (entry,) = [file for file in Path(".xoxscan-baseline").iterdir() if COOKIE in file.read_text()]
    entry.unlink()
    repo.git("add", ".")
    repo.commit({})
    assert shape(found(run("history", "-f", "json"))) == [(COOKIE, [])]


def test_a_report_goes_on_to_other_forms_and_commands(run: Run, repo: Repo, tmp_path: Path) -> None:
    repo.commit({"a.har": har(token(SESSION), cookie=token(COOKIE)), "b.json": rotated(), "c.env": env()})
    made = run("history", "-f", "json").out
    (tmp_path / "made.json").write_bytes(made)
    assert run("report", tmp_path / "made.json", "-f", "json").out == made
    assert run("report", tmp_path / "made.json").out == run("history").out
    flat = json.loads(made)
    for each in list(flat["findings"]):
        flat["findings"] += [part for part in each["parts"] if "rule" in part]
        each["parts"] = [part for part in each["parts"] if "value" in part]
    assert run("report", "-", "-f", "json", stdin=json.dumps(flat).encode()).out == made
    steps = json.loads(run("remediate", tmp_path / "made.json", "-f", "json").out)
    assert len({name for step in steps["steps"] for name in step["fingerprints"]}) == 5
    assert run("baseline", "write", *WHO, "--report", tmp_path / "made.json").out.startswith(b"5 written")


def test_history_pairs_what_stood_in_one_version(run: Run, repo: Repo) -> None:
    for number in range(3):
        repo.commit({"session.sh": curl(token(SESSION, number), token(COOKIE, number))})
    repo.commit({"session.sh": b"none\n"})
    findings = found(run("history", "-f", "json", "--show-secrets"))
    pairs = {each["secret"]: each["parts"][0]["secret"] for each in findings}
    assert pairs == {token(SESSION, n).decode(): unquote(token(COOKIE, n).decode()) for n in range(3)}


@pytest.mark.parametrize("command", ["staged", "hook"])
def test_a_commit(run: Run, repo: Repo, command: str) -> None:
    repo.commit()
    repo.write("session.sh", curl(token(SESSION), token(COOKIE)))
    repo.git("add", ".")
    result = run(command, *(["session.sh"] if command == "hook" else []))
    assert result.status == 1 and b"  with slack-session-cookie  critical  " in result.out
    assert b"1 finding (2 secrets)" in result.out


def test_a_message_has_its_own_lines(run: Run, repo: Repo) -> None:
    repo.commit({}, f"Set it up\n\n{env().decode()}")
    (one,) = found(run("history", "-f", "json"))
    (part,) = one["parts"]
    assert [(place["source"], place["line"]) for place in part["locations"]] == [("commit-message", 3)]
    assert one["locations"][0]["line"] == 4


def test_each_of_a_pair_has_its_verdict_and_response(slack: Standin, program: Program, pushed: Repo) -> None:
    access, refresh = grant(slack, state="expired")
    shown(pushed, access, refresh)
    said = program.json("history", *ACT, *PUBLIC, program.config(OURS), "--fail-on", "live")
    (one,) = said.report["findings"]
    (part,) = one["parts"]
    assert (one["verdict"]["state"], one["response"]) == ("inactive", None)
    assert (part["verdict"]["state"], part["response"]["state"]) == ("unsupported", "held")
    assert said.status == 1


def test_more_revocations_than_allowed_are_counted_by_secret(slack: Standin, program: Program, pushed: Repo) -> None:
    access, refresh = grant(slack, scopes=("admin",))
    shown(pushed, access, refresh)
    said = program.json("history", *ACT, *PUBLIC, program.config(OURS), "--max-revoke=1")
    assert (said.status, set(said.states.values())) == (4, {"held"})
    assert len(said.report["findings"]) == 1


def test_the_comment_of_the_action_shows_the_parts(run: Run, folder: Path) -> None:
    files(folder, a=curl(token(SESSION), token(COOKIE)), b=env())
    run("scan", "-f", "json", "-o", folder / "report.json")
    report = action.read(str(folder / "report.json"))
    text = action.markdown(report, 1).decode()
    assert "2 findings (3 secrets)" in text and "with `slack-session-cookie`" in text and ID in text
    numbers = action.outputs(report, action.Files("", ""), 1)
    assert numbers["findings"] == "3"  # credentials


def test_tokens_that_are_handed_over_belong_together_by_their_grant(slack: Standin, program: Program) -> None:
    pair = tokens()
    lines = [pair.access, pair.refresh, token(SESSION).decode(), token(COOKIE).decode()]
    for each, kind in zip(lines[:2], (ACCESS, REFRESH), strict=True):
        slack.add(Account(each, kind))
    said = program.json("verify", stdin="\n".join(lines).encode())
    assert sorted(shape(said.report["findings"])) == [(ACCESS, [REFRESH]), (SESSION, []), (COOKIE, [])]
    assert len(said.secrets) == 4
