"""The program without all that Windows lacks (tests/acceptance/without_posix): the same findings, the same status.

It shows that nothing is asked of the system that Windows has not. What Windows does in its own way (drives,
backslashes, consoles, its git) only Windows shows: .github/workflows/ci.yml runs the tests there, too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scanner.demo.standin import Standin
from tests.conftest import Repo, Result, Run, token

ROOT = Path(__file__).parents[2]
PRELUDE = Path(__file__).parent / "without_posix"
PATIENCE = 120.0  # seconds, on a machine that does much else
TIMES = ("started", "finished")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="takes away from Linux what Windows lacks")


def poorer(*argv: str, stdin: bytes = b"", env: dict[str, str] | None = None, cwd: Path | None = None) -> Result:
    """The program in a process without it, or with `-c` any other Python."""
    path = f"{PRELUDE}{os.pathsep}{ROOT}"
    done = subprocess.run(
        [sys.executable, *(() if argv[0] == "-c" else ("-m", "scanner")), *argv],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        check=False,
        timeout=PATIENCE,
        env={**os.environ, **(env or {}), "PYTHONPATH": path, "PYTHONIOENCODING": "cp1252"},
    )
    assert b"a bug in" not in done.stderr and b"Traceback" not in done.stderr, done.stderr.decode()
    return Result(done.returncode, done.stdout, done.stderr)


def told(result: Result) -> tuple[int, dict[str, Any]]:
    """The status, and the report without times."""
    report = json.loads(result.out)
    return result.status, {key: value for key, value in report.items() if key not in TIMES}


def same(run: Run, *argv: str, stdin: bytes = b"", env: dict[str, str] | None = None) -> dict[str, Any]:
    """The report, which is the same with all and without what Windows lacks. Something is found."""
    whole = told(run(*argv, "-f", "json", stdin=stdin, env=env))
    assert told(poorer(*argv, "-f", "json", stdin=stdin, env=env)) == whole
    assert whole[1]["findings"]
    return whole[1]


def test_it_is_taken_away() -> None:
    words = "import os, select, signal, sys\n"
    for gone in ("os.O_DIRECTORY", "os.geteuid()", "os.fork()", "signal.SIGALRM", "os.open('a', 0, dir_fd=1)"):
        tried = f"{words}try: {gone}\nexcept (AttributeError, NotImplementedError): sys.exit(7)"
        assert poorer("-c", tried).status == 7


def test_every_module_is_loaded() -> None:
    words = """import importlib, pkgutil, scanner
for found in pkgutil.walk_packages(scanner.__path__, "scanner."):
    found.name.endswith("__main__") or importlib.import_module(found.name)"""
    assert poorer("-c", words).status == 0


@pytest.fixture
def full(repo: Repo) -> Repo:
    """A repository with tokens in a file, a former version, a branch, what is staged, untracked, and ignored."""
    base = repo.commit({"a/b/c.env": b"x\n" + token(seed=1), "plain.txt": b"nothing", ".gitignore": b"ignored\n"})
    repo.git("tag", "base", base)
    repo.commit({"a/b/c.env": b"gone", "\u00fc \u2192.txt": token(seed=2)})
    repo.commit({"large.bin": b"\0" * (9 << 20) + b"\n" + token(seed=3)})
    repo.git("repack", "-adq")
    repo.commit({"loose.txt": token(seed=4)})
    repo.write("staged.txt", token(seed=5))
    repo.git("add", "staged.txt")
    repo.write("ignored", token(seed=6))
    repo.write("new/untracked.txt", token(seed=7))
    (repo.path / "link").symlink_to("/" + token(seed=8).decode())
    (repo.path / "new" / "folder").symlink_to("..")
    return repo


@pytest.mark.no_cover
@pytest.mark.parametrize(
    "argv",
    [
        ("scan",),
        ("scan", "a", "new/untracked.txt", "./a/b"),
        ("scan", "--no-ignore"),
        ("scan", "--jobs", "2"),
        ("staged",),
        ("hook", "staged.txt", "loose.txt"),
        ("range", "base..HEAD"),
        ("ci", "--base", "base", "--head", "HEAD"),
        ("history", "--engine", "git", "--jobs", "1"),
        ("history", "--engine", "git", "--jobs", "2"),
    ],
    ids=" ".join,
)
def test_the_same_is_found(run: Run, full: Repo, argv: tuple[str, ...]) -> None:
    same(run, *argv)


def test_both_engines_find_the_same(run: Run, full: Repo) -> None:
    pytest.importorskip("dulwich")
    pytest.importorskip("isal")
    env = {"XOXSCAN_CACHE_DIR": str(full.path.parent / "cache")}
    first = same(run, "history", "--engine", "both", "--jobs", "2", "--no-cache")
    for _ in range(2):  # without a cache, and with one
        made = told(poorer("history", "--engine", "pack", "--jobs", "2", "-f", "json", env=env))[1]
        assert made["findings"] == first["findings"] and made["coverage"]["complete"]
    assert list((full.path.parent / "cache").iterdir())


def test_the_standard_input(run: Run) -> None:
    same(run, "scan", "-", stdin=b"\r\n" + token() + b"\x1a\r\n" + token(seed=2))


def test_slack_is_asked_and_the_journal_kept(run: Run, slack: Standin, tmp_path: Path) -> None:
    account = slack.plant("bot")
    line = f"{account.token}\n".encode()
    (tmp_path / "operator.yaml").write_text("workspaces: T0DEMO\n")
    env = {"SLACK_API_URL": slack.url, "XOXSCAN_STATE_DIR": str(tmp_path / "state")}
    operator = ("--config", str(tmp_path / "operator.yaml"))
    assert poorer("verify", stdin=line, env=env).status == 1
    status, report = told(poorer("revoke", "--yes", *operator, "-f", "json", stdin=line, env=env))
    assert (status, report["findings"][0]["response"]["state"]) == (0, "revoked")
    assert slack.revocations(account.token) == 1
    for argv in (("list", "--requests"), ("show", "1"), ("resume",), ("export", "-o", str(tmp_path / "evidence.json"))):
        assert poorer("journal", *argv, env=env).status == run("journal", *argv, env=env).status == 0, argv
    assert (tmp_path / "evidence.json").stat().st_size


def test_a_baseline_is_written_and_reports_are_replaced(run: Run, full: Repo, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    for _ in range(2):
        assert poorer("scan", "-f", "json", "-o", str(report)).status == 1
    assert poorer("baseline", "write", "scan", "--reason", "known", "--owner", "ada").status == 0
    assert poorer("baseline", "update", "scan", "--reason", "known", "--owner", "ada").status == 0
    known = ("scan", "-q", "--baseline", ".xoxscan-baseline")
    assert poorer(*known).status == run(*known).status == 0
    assert poorer("baseline", "prune", "history", "--yes").status == 0


def test_the_whole_story() -> None:
    result = poorer("demo")
    assert result.status == 0 and b"6 of 6 were found; one is proven dead" in result.out


def test_hooks_come_and_go(repo: Repo) -> None:
    assert poorer("install").status == 0
    assert (repo.path / ".git" / "hooks" / "pre-commit").exists()
    assert b"pre-commit" in poorer("doctor").out
    assert poorer("uninstall").status == 0
    assert not (repo.path / ".git" / "hooks" / "pre-commit").exists()


def test_a_budget_is_refused_where_no_alarm_clock_is(full: Repo) -> None:
    zero, tip = "0" * 40, full.git("rev-parse", "HEAD")
    line = f"{zero} {tip} refs/heads/new\n".encode()
    refused = poorer("pre-receive", stdin=line)
    assert refused.status == 2 and b"--budget none" in refused.err
    assert poorer("pre-receive", "--budget", "none", stdin=line).status == 0  # nothing in it is new


@pytest.mark.parametrize("command", [(), ("scan",), ("revoke",), ("history",)])
def test_help_is_shown_in_any_encoding(command: tuple[str, ...]) -> None:
    for encoding in ("cp1252", "cp437", "ascii"):
        done = subprocess.run(
            [sys.executable, "-m", "scanner", *command, "--help"],
            capture_output=True,
            check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": encoding},
        )
        assert done.returncode == 0 and b"usage: xoxscan" in done.stdout and not done.stderr
