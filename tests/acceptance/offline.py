"""Running real tools as on a machine of its own: no caller's settings, no network, packages from the wheelhouse."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WHEELHOUSE = ROOT / ".wheelhouse"
DATE = "2026-01-02T03:04:05Z"


def environment(home: Path) -> dict[str, str]:
    """Everything that a tool may know: `home` as its home, pinned git identity and dates, pip without an index."""
    assert (WHEELHOUSE / ".filled").exists(), "no wheelhouse: run `make dev`"
    home.mkdir(parents=True, exist_ok=True)
    return {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "TMPDIR": str(home),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(WHEELHOUSE),
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PRE_COMMIT_HOME": str(home / "pre-commit"),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "A. Author",
        "GIT_AUTHOR_EMAIL": "author@example.com",
        "GIT_AUTHOR_DATE": DATE,
        "GIT_COMMITTER_NAME": "C. Committer",
        "GIT_COMMITTER_EMAIL": "committer@example.com",
        "GIT_COMMITTER_DATE": DATE,
    }


def run(*argv: str | Path, cwd: Path, env: Mapping[str, str], ok: bool = True) -> subprocess.CompletedProcess[str]:
    """Runs a tool; stdout and stderr come together, as a person sees them. `ok`: it must succeed."""
    quiet, both, pipe = subprocess.DEVNULL, subprocess.STDOUT, subprocess.PIPE
    done = subprocess.run(argv, check=False, cwd=cwd, env=env, stdin=quiet, stdout=pipe, stderr=both, text=True)
    assert not ok or done.returncode == 0, f"{argv} gave {done.returncode}:\n{done.stdout}"
    return done


def copy_of_project(target: Path) -> None:
    """Copies what git tracks, and what it would not ignore, as it stands now."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, stdout=subprocess.PIPE, check=True,
    ).stdout  # fmt: skip
    for name in filter(None, os.fsdecode(listed).split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
