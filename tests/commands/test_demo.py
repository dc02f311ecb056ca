"""The demo tells the whole story, says it the same way each time, and leaves nothing behind."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import requests

from scanner.demo import scratch, standin_planted
from scanner.demo.scratch import Planted
from scanner.demo.standin_accounts import Account
from scanner.model import Secret
from tests.conftest import Run, token

WAIT = 30.0  # seconds; far more than it takes


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Temporary files go where the test can look."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def rows(out: bytes) -> list[list[str]]:
    """The last three columns of the table at the end."""
    table = out.decode().partition("\nplanted ")[2].partition("\n\n")[0].splitlines()[1:]
    return [line[70:].split(maxsplit=2) for line in table]


def test_everything_planted_is_found_and_nothing_is_shown_in_full(run: Run, tmp_path: Path, elsewhere: Path) -> None:
    done = run("demo")
    assert (done.status, done.err) == (0, b"")
    assert b"\n6 of 6 were found; one is proven dead" in done.out
    for fake in scratch.build(tmp_path, {}):
        assert fake.where.encode() in done.out
        assert fake.secret.reveal()[-16:] not in done.out
    assert standin_planted.operators().token[-16:].encode() not in done.out
    assert list(elsewhere.iterdir()) == []


def test_each_token_comes_to_its_own_end(run: Run) -> None:
    ends = rows(run("demo").out)
    assert [end for _, _, end in ends] == [
        "dead, proven",
        "has expired",
        "a person decides",
        "by hand",
        "by hand",
        "alive: take it out",
    ]
    assert [found for *found, _ in ends] == [["–", "found"]] * 5 + [["found", "–"]]


def test_it_is_rehearsed_before_and_proven_after_and_people_are_told(run: Run) -> None:
    told = run("demo").out
    assert b" ".join(told.split()).count(b"nobody is here to ask (of one grant with config-access)") == 1
    steps = [
        b"auth.revoke would be accepted (test=1): nothing was revoked",
        b"auth.revoke answered revoked: true; then",
        b"auth.test answered token_revoked (2026-01-02T03:04:05Z)",
        b"  bot             planned -> intent -> sent -> answered -> proven\n",
        b"  config-refresh  planned -> held\n",
        b"# Told: in the operator's channel C0SECURITY\n",
        b"1 revoked,\n",
        b"; Slack bot token (done); ",
    ]
    places = [told.index(step) for step in steps]
    assert places == sorted(places)


def test_a_second_run_says_the_same(run: Run) -> None:
    first = run("demo")
    assert first.status == 0
    assert run("demo") == first


def test_what_the_user_has_configured_does_not_count(run: Run, sealed: Path, tmp_path: Path) -> None:
    (sealed / ".config" / "xoxscan").mkdir(parents=True)
    (sealed / ".config" / "xoxscan" / "config.yaml").write_text("no such key: 1\n")
    (sealed / ".gitconfig").write_text(
        "[core]\n\tautocrlf = true\n\texcludesFile = /dev/stdin\n[commit]\n\tgpgSign = yes\n"
    )
    state = tmp_path / "state"
    own = {
        "GIT_DIR": str(tmp_path),
        "XOXSCAN_CONFIG": str(tmp_path),
        "XOXSCAN_STATE_DIR": str(state),
        "SLACK_API_URL": "https://slack.example/api/",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "ALL_PROXY": "http://127.0.0.1:9",
    }
    assert run("demo", env=own).status == 0
    assert not state.exists()


def test_a_fake_that_is_not_found_is_no_success(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    build = scratch.build

    def more(folder: Path, environ: Mapping[str, str]) -> tuple[Planted, ...]:
        return (*build(folder, environ), Planted("bot", "nowhere at all", Secret(token())))

    monkeypatch.setattr(scratch, "build", more)
    done = run("demo")
    assert done.status == 3
    assert b"\n6 of 7 were found;" in done.out


def dead_before(accounts: tuple[Account, ...]) -> tuple[Account, ...]:
    return tuple(one._replace(state="revoked") if one.user == "deploybot" else one for one in accounts)


def no_channel(accounts: tuple[Account, ...]) -> tuple[Account, ...]:
    return tuple(one._replace(channels=()) if one.user == "securitybot" else one for one in accounts)


@pytest.mark.parametrize("other", [dead_before, no_channel])
def test_a_story_that_ends_otherwise_is_no_success(
    run: Run, monkeypatch: pytest.MonkeyPatch, other: Callable[[tuple[Account, ...]], tuple[Account, ...]]
) -> None:
    accounts = other(standin_planted.planted())
    monkeypatch.setattr(standin_planted, "planted", lambda: accounts)
    done = run("demo")
    assert done.status == 3
    assert b"\n6 of 6 were found; not all came to pass as it should." in done.out


def test_the_stand_in_alone_answers_until_it_is_told_to_stop() -> None:
    command = [sys.executable, "-m", "scanner", "demo", "--serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout
        told = [process.stdout.readline().decode() for _ in range(4)]
        url, control = (told[line].split("=")[-1].split()[-1] for line in (2, 3))
        bearer = {"Authorization": f"Bearer {scratch.tokens().bot}"}
        said = requests.post(f"{url}auth.test", headers=bearer, timeout=WAIT).json()
        requests.post(f"{control}stop", timeout=WAIT)
        process.stdout.read()
    assert (said["user"], process.returncode) == ("deploybot", 0)


def test_ports_that_cannot_be(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        for words in (["--port", "80"], ["--serve", "--port", "65536"], ["--serve", "--port", "-1"]):
            assert run("demo", *words).status == 2
        assert b"cannot be listened on" in run("demo", "--serve", "--port", str(taken.getsockname()[1])).err
