"""The real program, interrupted, told to end, or killed in the middle of a long scan: it ends at once, and nothing of
it stays behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import Repo, token

pty = pytest.importorskip("pty", reason="Windows interrupts processes in its own way")

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="sessions are read from /proc")
PROGRAM = [sys.executable, "-m", "scanner"]
PLAIN = ("--engine", "git", "--no-cache")  # the other engine: tests/sources/test_unpackers.py
SOON = 40.0  # seconds, on a machine that does much else; no test waits so long where all is well


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository whose scan takes some ten seconds: 150 MB in which every line could be a token and is none."""
    folder = tmp_path_factory.mktemp("slow")
    body = (b"xoxb" + b"-123456789012-") * (1_000_000 // 18)
    stream = [b"commit refs/heads/main\ncommitter A <a@b> 1 +0000\ndata 0\n"]
    for number in range(150):
        content = b"%d %b" % (number, body)
        stream.append(b"M 100644 inline f%d\ndata %d\n%b\n" % (number, len(content), content))
    git = ["git", "-C", str(folder)]
    subprocess.run([*git, "init", "-q", "--bare"], check=True)
    subprocess.run([*git, "fast-import", "--quiet"], input=b"".join(stream), check=True)
    return folder


def session(leader: int) -> set[int]:
    """All processes of a session but its leader."""
    found = set()
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                fields = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == leader and fields[0] != "Z":
                found.add(int(entry))
    return found - {leader}


def wait_for(leader: int, least: int, most: int = 1000) -> None:
    """Until the session has so many processes besides its leader."""
    end = time.monotonic() + SOON
    while not least <= len(session(leader)) <= most:
        assert time.monotonic() < end, session(leader)
        time.sleep(0.02)


@contextmanager
def started(*arguments: str | Path, least: int, environ: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """The program in a session of its own, well into its work."""
    command = [*PROGRAM, *map(str, arguments)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, start_new_session=True, env=environ) as process:
        try:
            wait_for(process.pid, least)
            time.sleep(0.3)
            assert process.poll() is None
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_to_the_program_alone(slow: Path, number: signal.Signals) -> None:
    two_of_ours_and_two_of_gits = 4
    with started(
        "history", slow, *PLAIN, "--jobs", "2", least=two_of_ours_and_two_of_gits, environ={**os.environ}
    ) as process:
        process.send_signal(number)
        out, err = process.communicate(timeout=SOON)
        assert process.returncode == (130 if number == signal.SIGINT else -number)
        assert out == b""
        assert err == (b"xoxscan: interrupted\n" if number == signal.SIGINT else b"")
        wait_for(process.pid, 0, 0)


def test_ctrl_c_on_a_terminal(slow: Path) -> None:
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [*PROGRAM, "history", str(slow), *PLAIN, "--jobs", "2"])
    wait_for(child, 4)
    time.sleep(0.3)
    began = time.monotonic()
    os.write(terminal, b"\x03")
    shown = b"".join(_until_closed(terminal))
    _, status = os.waitpid(child, 0)
    assert time.monotonic() - began < SOON
    assert os.waitstatus_to_exitcode(status) == 130
    assert b"interrupted" in shown
    assert b"Traceback" not in shown
    wait_for(child, 0, 0)
    os.close(terminal)


def _until_closed(terminal: int) -> Iterator[bytes]:
    while True:
        try:
            data = os.read(terminal, 4096)
        except OSError:  # all have closed their side
            return
        if not data:
            return
        yield data


@pytest.mark.parametrize("command", ["diff-tree", "--batch-all-objects", "rev-list"])
def test_interrupted_while_git_works_for_it(repo: Repo, tmp_path: Path, command: str) -> None:
    """One git takes very long: a program in its place that only sleeps."""
    repo.commit({"a": token()})
    real = shutil.which("git")
    script = tmp_path / "bin/git"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\ncase " $* " in *" {command} "*) exec sleep 60;; *) exec {real} "$@";; esac\n')
    script.chmod(0o755)
    environ = {**os.environ, "PATH": f"{script.parent}:{os.environ['PATH']}"}
    with started("history", *PLAIN, "--jobs", "2", least=1, environ=environ) as process:
        time.sleep(0.7)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=SOON)
        assert (process.returncode, err) == (130, b"xoxscan: interrupted\n")
        wait_for(process.pid, 0, 0)


def test_nobody_reads_the_report(repo: Repo) -> None:
    for number in range(50):
        repo.write(f"f{number}", token(seed=number))
    repo.git("add", ".")
    repo.commit()
    command = f"{sys.executable} -m scanner history -v -f json"
    done = subprocess.run(["sh", "-c", f"{command} | head -c 10"], capture_output=True, check=True)
    assert (len(done.stdout), done.stderr) == (10, b"")
