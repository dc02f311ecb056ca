"""git with all its hooks, as its user starts it: for `doctor --try`, in a throw-away repository and nowhere else."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping

from scanner.git.run import LOCAL_VARIABLES, program

_SET = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_LFS_SKIP_SMUDGE": "1",
    "GIT_LFS_SKIP_PUSH": "1",
    "GIT_AUTHOR_NAME": "xoxscan doctor",
    "GIT_AUTHOR_EMAIL": "doctor@invalid",
    "GIT_COMMITTER_NAME": "xoxscan doctor",
    "GIT_COMMITTER_EMAIL": "doctor@invalid",
}
_GRACE = 10.0  # seconds
_SETTINGS = ("commit.gpgSign=false", "push.gpgSign=false", "gc.auto=0", "maintenance.auto=false")


def run(folder: str, environ: Mapping[str, str], *arguments: str, seconds: float) -> tuple[int | None, bytes]:
    """git's status and all that it and its hooks said. None where it took more than so many seconds; then it is ended,
    and with it all that its hooks started."""
    kept = {name: value for name, value in environ.items() if name not in LOCAL_VARIABLES}
    process = subprocess.Popen(
        [program(environ), *(word for setting in _SETTINGS for word in ("-c", setting)), *arguments],
        cwd=folder,
        env={**kept, **_SET},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        return None, _ended(process, environ)
    return process.returncode, said


def _ended(process: subprocess.Popen[bytes], environ: Mapping[str, str]) -> bytes:
    """Ends a git and all that it started; what it said, if nobody holds its output any more."""
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
    else:
        _end_tree(process, environ.get("SYSTEMROOT", r"C:\Windows"))
    try:
        return process.communicate(timeout=_GRACE)[0]
    except subprocess.TimeoutExpired:  # its output stays open: on Windows a thread of Python's own still reads there
        process.wait()
        return b""


def _end_tree(process: subprocess.Popen[bytes], system: str) -> None:
    """The same on Windows, which knows no groups of processes: taskkill ends one with all that came of it
    (https://learn.microsoft.com/windows-server/administration/windows-commands/taskkill)."""
    try:
        words = [os.path.join(system, "System32", "taskkill.exe"), "/F", "/T", "/PID", str(process.pid)]
        subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=_GRACE)
    except (OSError, subprocess.TimeoutExpired):
        pass
    process.kill()
