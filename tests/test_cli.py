"""The command line itself: dispatch, errors, statuses."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scanner import cli
from scanner.commands import scan
from scanner.model import Streams
from tests.conftest import Repo, Run, token


def test_an_unknown_command_names_the_nearest(run: Run) -> None:
    result = run("hisory")
    assert result.status == 2
    assert b"history" in result.err


@pytest.mark.parametrize("command", cli.PLANNED)
def test_a_planned_command_says_so(run: Run, command: str) -> None:
    result = run(command)
    assert result.status == 2
    assert b"not built yet" in result.err


def test_no_command_is_wrong_usage(run: Run) -> None:
    assert run().status == 2


def test_a_folder_that_is_not_there(run: Run) -> None:
    result = run("-C", "/no/such/folder", "scan")
    assert result.status == 2
    assert b"/no/such/folder" in result.err


def test_options_are_not_abbreviated(run: Run, repo: Repo) -> None:
    assert run("scan", "--no-ig").status == 2


def test_a_bug_is_status_3_and_shows_no_value(run: Run, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> int:
        raise ValueError(token().decode())

    monkeypatch.setattr(scan, "run", broken)
    result = run("scan")
    assert result.status == 3
    assert b"ValueError" in result.err and b"broken" in result.err
    assert token()[-12:] not in result.err and b"Traceback" not in result.err


def test_an_interrupt_is_status_130(run: Run, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(scan, "run", interrupted)
    result = run("scan")
    assert (result.status, result.err) == (130, b"xoxscan: interrupted\n")


def test_errors_are_redacted_and_harmless(run: Run, repo: Repo) -> None:
    result = run("range", f"{token().decode()}\x1b[31m..HEAD")
    assert result.status == 3
    assert token()[-12:] not in result.err and b"\x1b" not in result.err


def test_a_closed_stderr_is_no_crash(repo: Repo) -> None:
    class Closed(io.BytesIO):
        def write(self, data: object, /) -> int:
            raise BrokenPipeError

    streams = Streams(io.BytesIO(), io.BytesIO(), Closed(), os.environ, lambda: 0.0)
    assert cli.main(["nonsense"], streams) == 2


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("scan . <&-", 1),
        ("scan . 2>&-", 1),
        ("scan . >&-", 3),
        ("scan . <&- >&- 2>&-", 3),
        ("doctor >/dev/full", 3),
        ("rules list >&-", 3),
        ("--help >&-", 3),
    ],
)
def test_closed_streams(repo: Repo, command: str, status: int) -> None:
    """What cannot be told is incomplete, and never looks like «findings» or «clean»."""
    repo.write("a.env", token() + b"\n")
    repo.git("add", ".")
    shell = f"{sys.executable} -m scanner {command}"
    done = subprocess.run(["sh", "-c", shell], cwd=repo.path, capture_output=True, check=False)
    assert done.returncode == status
    assert b"Traceback" not in done.stderr and b"a bug" not in done.stderr


def test_python_m_does_the_same(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "scanner", "--version"], capture_output=True, check=True)
    assert done.stdout.startswith(b"xoxscan ")


def test_help_lists_every_command_and_loads_none() -> None:
    done = subprocess.run([sys.executable, "-m", "scanner", "--help"], capture_output=True, check=True)
    for name, _, _ in cli.COMMANDS:
        assert name.encode() in done.stdout


def test_a_work_folder_that_is_gone(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"text")
    gone = tmp_path / "gone"
    gone.mkdir()
    code = "import os, sys; os.rmdir(os.getcwd()); from scanner.cli import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, "scan", str(tmp_path / "file")], cwd=gone, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"the folder that this was started in is gone" in done.stderr
