"""How hooks start this program: so that nothing which the environment names is loaded into it.

A hook runs in the work tree. With `PYTHONPATH=.` Python would load a `regex.py` of the repository in place of ours; its
option -I takes neither that nor any other variable (docs.python.org, «Command line and environment»).
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

from scanner.errors import UsageError
from scanner.hooks.scripts import CLEAN

_NEEDED = "import regex, requests, yaml, scanner.cli"
# -I leaves out the user's own packages, too: it may be among them.
_ISOLATED = (("-I",), ("-E", "-P"))
_SECONDS = 30.0


def program(argv0: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    """The words that start this program from anywhere: its console script below an isolated interpreter, or else by
    itself; without one, its module. UsageError where only the environment says where it is."""
    script = _script(argv0)
    rest = (script,) if script else ("-m", "scanner")
    for options in _ISOLATED:
        if _runs((sys.executable, *options, "-c", _NEEDED), environ):
            return (sys.executable, *options, *rest)
    if script and _runs((script, "--version"), environ):
        return (script,)
    raise UsageError(
        "xoxscan is found through PYTHONPATH alone, and a hook does not look there: it may name the repository itself",
        "install it with pip, pipx or uv, and then: xoxscan install",
    )


def _script(argv0: str) -> str | None:
    named = os.path.abspath(argv0) if os.path.dirname(argv0) else ""
    beside = os.path.join(os.path.dirname(sys.executable), "xoxscan")
    for path in (named, beside, f"{beside}.exe"):
        if os.path.basename(path).removesuffix(".exe") == "xoxscan" and os.path.isfile(path):
            return path
    return None


def _runs(words: tuple[str, ...], environ: Mapping[str, str]) -> bool:
    """Whether these words start something, as a hook would, in a folder that brings nothing."""
    clean = {**environ, **{name.rstrip("="): "" for name in CLEAN.split()}}
    try:
        done = subprocess.run(
            words,
            cwd=os.path.abspath(os.sep),
            env=clean,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            timeout=_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
