"""The program as a user has it: a wheel of this checkout, installed into a virtual environment of its own.

Two of them: with the base packages only, and with extra `history`.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent


class Program(NamedTuple):
    """How to start the program, the interpreter that runs it, and what is installed beside it."""

    argv: tuple[str, ...]
    python: Path
    what: str


def here() -> list[Program]:
    """The program of the running interpreter, as it lies in the checkout: for a quick look, not for figures."""
    return [Program((sys.executable, "-m", "scanner"), Path(sys.executable), "this checkout")]


def installed(folder: Path) -> list[Program]:
    """Builds the wheel of this checkout and installs it twice below `folder`, unless it is there already."""
    wheel = build(folder / "wheel")
    plain = _venv(folder / "plain", wheel, "")
    fast = _venv(folder / "fast", wheel, "[history]")
    return [_program(fast, "extra history"), _program(plain, "base")]


def build(folder: Path) -> Path:
    """The wheel of this checkout, fresh in `folder`."""
    shutil.rmtree(folder, ignore_errors=True)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "-w", str(folder), str(ROOT)], check=True)
    return next(folder.glob("*.whl"))


def _venv(folder: Path, wheel: Path, extra: str) -> Path:
    """A virtual environment with just `wheel`; its packages stay, the wheel is put in anew when it has changed."""
    stamp, digest = folder / "wheel.sha256", hashlib.sha256(wheel.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == digest:
        return folder
    if not folder.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip = [str(folder / "bin/python"), "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, f"{wheel}{extra}"], check=True)
    subprocess.run([*pip, "--no-deps", "--force-reinstall", str(wheel)], check=True)
    stamp.write_text(digest)
    return folder


def _program(venv: Path, what: str) -> Program:
    return Program((str(venv / "bin/xoxscan"),), venv / "bin/python", what)
