"""secretlint, which comes from npm: where it is, and how to get it. The other peers are those of bench.peers."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from bench.peers import Peer

MAJOR = 12  # the last that runs with Node 20
PACKAGES = (f"secretlint@{MAJOR}", f"@secretlint/secretlint-rule-preset-recommend@{MAJOR}")


def find(folder: Path) -> Peer:
    """secretlint below `folder`, where the other peers are."""
    path = folder / "node/node_modules/.bin/secretlint"
    if not path.exists():
        return Peer("secretlint", None, why="no npm, or the package could not be had")
    version = json.loads((folder / "node/node_modules/secretlint/package.json").read_text())["version"]
    return Peer("secretlint", path, version)


def install(folder: Path, say: Callable[[str], object]) -> None:
    """Gets it, where it is absent and npm is there. Nothing of the packages is run."""
    npm = shutil.which("npm")
    if npm and find(folder).path is None:
        say("installing secretlint")
        (folder / "node").mkdir(parents=True, exist_ok=True)
        flags = ["--no-audit", "--no-fund", "--ignore-scripts", "--prefix", "."]
        subprocess.run([npm, "install", *flags, *PACKAGES], cwd=folder / "node", capture_output=True, check=False)
