"""The action's first step: a virtual environment of its own, in the runner's temporary folder.

Run as a file, `python -I scanner/ci/installing.py`, by whatever Python 3.11 or newer the runner has: so this module
uses the standard library alone. `-I` keeps PYTHONPATH, the user's packages and the current folder away; the caller's
tree is on no path. What pip installs is pinned by hash, and no package's own code runs for it (wheels only). The
action's checkout is joined by a .pth file instead of being built, which would need build tools without hashes.
"""

from __future__ import annotations

import locale
import os
import subprocess
import sys
import sysconfig
import tempfile
import venv
from collections.abc import Mapping
from pathlib import Path

LOCK = "requirements-action.txt"
# A caller's settings for where and from what else pip installs; those of his package index stay (a mirror, a proxy).
_ASTRAY = ("TARGET", "PREFIX", "ROOT", "USER", "PYTHON", "REQUIREMENT", "CONSTRAINT", "NO_BINARY", "EDITABLE")
FAILED = 3


def main(environ: Mapping[str, str]) -> int:
    """Installs, and names the Python in GITHUB_OUTPUT as `python`. Returns 0, or 3 where it cannot be done.

    Wants the runner's GITHUB_ACTION_PATH, RUNNER_TEMP and GITHUB_OUTPUT
    (docs.github.com: Variables reference, Default environment variables).
    """
    checkout = Path(environ["GITHUB_ACTION_PATH"]).resolve()
    folder = Path(tempfile.mkdtemp(prefix="xoxscan-", dir=environ["RUNNER_TEMP"])).resolve()
    python = made(folder)
    try:
        subprocess.run(install(python, checkout / LOCK), cwd=folder, env=settings(environ), check=True)
        joined(folder, checkout)
        subprocess.run([python, "-I", "-m", "scanner", "--version"], cwd=folder, check=True)
    except (OSError, subprocess.CalledProcessError):
        print("::error title=xoxscan::it could not be installed; the lines above say why")  # noqa: T201 - for the runner
        return FAILED
    with open(environ["GITHUB_OUTPUT"], "ab") as out:
        out.write(f"python={python}\n".encode())
    return 0


def made(folder: Path) -> Path:
    """The Python of a new environment in `folder`."""
    windows = os.name == "nt"
    venv.EnvBuilder(symlinks=not windows, with_pip=True).create(folder)
    return folder / "Scripts" / "python.exe" if windows else folder / "bin" / "python"


def install(python: Path, lock: Path) -> list[str]:
    """The command that installs what `lock` names, and nothing else (pip: Hash-checking Mode)."""
    pip = [str(python), "-I", "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet"]
    return [*pip, "--require-hashes", "--only-binary", ":all:", "--requirement", str(lock)]


def settings(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for pip: the caller's, without what would lead it elsewhere."""
    astray = {f"PIP_{name}" for name in _ASTRAY}
    return {name: value for name, value in environ.items() if name.upper() not in astray}


def joined(folder: Path, checkout: Path) -> None:
    """Puts `checkout` on the path of the environment in `folder`, after what is installed there. `site` reads the file
    as UTF-8 since Python 3.13, before that in the system's encoding."""
    packages = sysconfig.get_path("purelib", "venv", {"base": str(folder), "platbase": str(folder)})
    encoding = "utf-8" if sys.version_info >= (3, 13) else locale.getencoding()
    Path(packages, "xoxscan.pth").write_text(f"{checkout}\n", encoding=encoding, errors="surrogateescape")


if __name__ == "__main__":
    sys.exit(main(os.environ))
