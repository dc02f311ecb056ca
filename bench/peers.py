"""The programs that the benchmarks run beside: where they are, and how to get them.

Everything goes into one folder outside the repository ($XOXSCAN_BENCH_DIR, else ~/.cache/xoxscan-bench); nothing is
part of the project. A peer that is not there is a row that says so.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from bench.seal import offline

PYPI = {"kingfisher": "kingfisher-bin", "detect-secrets": "detect-secrets"}
GO = {"gitleaks": "github.com/zricethezav/gitleaks/v8@latest"}  # a Go module is installed by the name in its go.mod
# Built from their modules in a folder of their own: `go install` refuses modules with replace directives, and asks the
# module proxy for a list of versions, which it does not have of each.
BUILT = {
    "betterleaks": ("github.com/betterleaks/betterleaks", "1.7.0"),
    "trufflehog": ("github.com/trufflesecurity/trufflehog/v3", "3.97.0"),
}


class Peer(NamedTuple):
    """A program: its name, its version, where it is (None: absent, and `why`)."""

    name: str
    path: Path | None
    version: str = ""
    why: str = ""

    @property
    def label(self) -> str:
        """Name and version for the table."""
        return f"{self.name} {self.version}".strip()


def home(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder that peers, corpora and our own test installs are kept in."""
    named = environ.get("XOXSCAN_BENCH_DIR")
    return Path(named) if named else Path("~/.cache/xoxscan-bench").expanduser()


def find(folder: Path) -> dict[str, Peer]:
    """Every peer by name, present or not."""
    return {name: _describe(name, where(folder), folder) for name, where in PLACES.items()}


def install(folder: Path, say: Callable[[str], object]) -> None:
    """Gets the peers that are absent and can be had; what cannot be had stays absent. Never raises for one."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, peer in find(folder).items():
        if peer.path is None and (get := GETS.get(name)):
            say(f"installing {name}")
            get(folder, name)


def _pip(folder: Path, name: str) -> None:
    venv = folder / "peers"
    if not venv.exists():
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    _quietly([str(venv / "bin/python"), "-m", "pip", "install", "--quiet", PYPI[name]], {})


def _go(folder: Path, name: str) -> None:
    if go := shutil.which("go"):
        _quietly([go, "install", GO[name]], _go_environ(folder))


def _build(folder: Path, name: str) -> None:
    """`go build` in a copy of the module, since the original cannot be written to."""
    module, version = BUILT[name]
    if not (go := shutil.which("go")):
        return
    environ = _go_environ(folder) | {"GOFLAGS": "-mod=mod"}
    said = _quietly([go, "mod", "download", "-json", f"{module}@v{version}"], environ)
    if source := _folder_of(said):
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            copied = Path(scratch) / "source"
            shutil.copytree(source, copied, copy_function=shutil.copyfile)
            for path in (copied, *copied.rglob("*")):
                path.chmod(0o755)
            _quietly([go, "build", "-o", str(_built(folder, name)), "."], environ, copied)


def _folder_of(said: str) -> str | None:
    """Where `go mod download -json` says that it put a module."""
    try:
        folder: str | None = json.loads(said).get("Dir")
    except ValueError:
        return None
    return folder


def _go_environ(folder: Path) -> dict[str, str]:
    return {"GOBIN": str(folder / "go/bin"), "GOPATH": str(folder / "go/path")}


def _built(folder: Path, name: str) -> Path:
    return folder / "go/bin" / f"{name}-{BUILT[name][1]}"


def _quietly(argv: list[str], extra: Mapping[str, str], cwd: Path | None = None) -> str:
    environ = {**os.environ, **extra}
    return subprocess.run(argv, env=environ, cwd=cwd, capture_output=True, text=True, check=False).stdout


def _describe(name: str, path: Path | None, folder: Path) -> Peer:
    if path is None:
        return Peer(name, None, why=HINTS[name])
    return Peer(name, path, _version(name, path, folder))


def _version(name: str, path: Path, folder: Path) -> str:
    if name in BUILT:
        return BUILT[name][1]
    if name == "gitleaks":  # built by `go install` it does not know its version, but the binary records the module's
        return _search(r"mod\s+\S*gitleaks\S*\s+v([\d.]+)", ["go", "version", "-m", str(path)], folder)
    return _search(r"(\d+(?:\.\d+)+)", [str(path), "--version"], folder)


def _search(pattern: str, argv: list[str], folder: Path) -> str:
    try:
        done = subprocess.run(argv, env=offline(folder), capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = re.search(pattern, done.stdout + done.stderr)
    return found[1] if found else ""


def _ripgrep(_: Path) -> Path | None:
    return Path(found) if (found := shutil.which("rg")) else None


def _kingfisher(folder: Path) -> Path | None:
    # the binary itself: the package's console script would add a start of Python to each of its times
    return next(folder.glob("peers/lib/python*/site-packages/kingfisher/bin/kingfisher"), None)


def _detect_secrets(folder: Path) -> Path | None:
    return _there(folder / "peers/bin/detect-secrets-hook")


def _gitleaks(folder: Path) -> Path | None:
    return _there(folder / "go/bin/gitleaks")


def _there(path: Path) -> Path | None:
    return path if path.exists() else None


PLACES: Mapping[str, Callable[[Path], Path | None]] = {
    "ripgrep": _ripgrep,
    "kingfisher": _kingfisher,
    "detect-secrets": _detect_secrets,
    "gitleaks": _gitleaks,
    "betterleaks": lambda folder: _there(_built(folder, "betterleaks")),
    "trufflehog": lambda folder: _there(_built(folder, "trufflehog")),
}
GETS: Mapping[str, Callable[[Path, str], None]] = {
    **dict.fromkeys(PYPI, _pip),
    **dict.fromkeys(GO, _go),
    **dict.fromkeys(BUILT, _build),
}
HINTS = {
    "ripgrep": "no rg on PATH; Debian has it as ripgrep",
    "kingfisher": "the package kingfisher-bin could not be installed",
    "detect-secrets": "the package detect-secrets could not be installed",
    "gitleaks": "no Go, or its module could not be had",
    "betterleaks": "no Go, or a module that it needs could not be had",
    "trufflehog": "no Go, or a module that it needs could not be had",
}
