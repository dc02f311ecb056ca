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
        os.killpg(process.pid, signal.SIGKILL)
        said, _ = process.communicate()
        return None, said
    return process.returncode, said
