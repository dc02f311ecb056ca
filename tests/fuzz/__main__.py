"""`python -m tests.fuzz [--seconds N] [--target NAME,…]`, `--replay FILE`: looks for inputs that break a promise.

Status 0 where none was found; 1 where one was: it is kept, and said how to replay it; 2 where nothing can be looked
for.
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.fuzz import minimise, saved, seeds
from tests.fuzz.targets import TARGETS

_SLOW = 30  # seconds that one input may take
_MEMORY = 3000  # MB
_LONGEST, _TEXT = 1 << 14, 1 << 11  # bytes of an input; of a text, which takes longer
_SHOWN = 40  # lines of what a target says
_COUNTS = re.compile(rb"#(\d+)\t\S+\s+cov: (\d+)(?: ft: (\d+))?")


def main(words: Sequence[str]) -> int:
    """The status."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Looks for inputs that break a promise.")
    parser.add_argument("--seconds", type=float, default=60, help="in all, shared by the targets")
    parser.add_argument("--target", default="", help=f"some of: {', '.join(TARGETS)}")
    parser.add_argument("--replay", type=Path, help="a file that keeps an input")
    parser.add_argument("--minimise", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args(words)
    names = [name for name in given.target.split(",") if name] or list(TARGETS)
    if unknown := [name for name in names if name not in TARGETS]:
        parser.error(f"no target: {', '.join(unknown)}; there are {', '.join(TARGETS)}")
    if given.minimise:
        return _minimise(*given.minimise)
    return replay(given.replay) if given.replay else every(names, given.seconds)


def replay(path: Path) -> int:
    """Runs the input that `path` keeps; the folder names its target. What it breaks is raised."""
    TARGETS[path.resolve().parent.name](saved.read(path.read_text()))
    print("it breaks nothing")
    return 0


def every(names: Sequence[str], seconds: float) -> int:
    """Each target for its share of the time."""
    if importlib.util.find_spec("atheris") is None:
        print(
            "fuzz: atheris is not installed here (it has wheels for Linux on x86-64): nothing was looked for",
            file=sys.stderr,
        )
        return 2
    end, status = time.monotonic() + seconds, 0
    for number, name in enumerate(names):
        share = max((end - time.monotonic()) / (len(names) - number), 1)
        status = max(status, fuzzed(name, int(share)))
    return status


def fuzzed(name: str, seconds: int) -> int:
    """One target; 1 where it breaks."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        begin(name, folder)
        options = [
            f"-max_total_time={seconds}",
            f"-timeout={_SLOW}",
            f"-rss_limit_mb={_MEMORY}",
            f"-max_len={_TEXT if name in seeds.TEXTS else _LONGEST}",
            f"-artifact_prefix={folder}/",
            f"-dict={folder}/words",
            f"{folder}/corpus",
        ]
        command = [sys.executable, "-m", "tests.fuzz.child", name, *options]
        done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True)
        output = done.stdout + done.stderr
        print(f"{name}: {_told(output)}", flush=True)
        found = [path for path in folder.iterdir() if path.name.startswith(("crash-", "timeout-", "oom-", "leak-"))]
        for path in found:
            _keep(name, path)
        if done.returncode and not found:  # it broke, and not because of an input
            print(b"\n".join(output.splitlines()[-_SHOWN:]).decode("utf-8", "replace"), flush=True)
        return int(bool(found or done.returncode))


def begin(name: str, folder: Path) -> None:
    """The corpus and the words that a target begins with."""
    corpus = folder / "corpus"
    corpus.mkdir()
    kept = [saved.read(path.read_text()) for path in saved.kept() if path.parent.name == name]
    for number, data in enumerate([*seeds.of(name), *kept]):
        (corpus / f"{number:03}").write_bytes(data)
    words = ('"' + "".join(f"\\x{byte:02x}" for byte in word) + '"\n' for word in seeds.words(name))
    (folder / "words").write_text("".join(words))


def _told(output: bytes) -> str:
    found = _COUNTS.findall(output)
    if not found:
        return "it did not begin"
    runs, blocks, features = (int(number or 0) for number in found[-1])
    return f"{runs:,} inputs; reached {blocks:,} places, {features:,} features"


def _keep(name: str, path: Path) -> None:
    """Makes what was found small, in another process, which it may end; keeps it; says how to replay it."""
    command = [sys.executable, "-m", "tests.fuzz", "--minimise", name, str(path)]
    try:
        done = subprocess.run(command, check=False, capture_output=True, timeout=300)
        why = done.stdout.decode().strip() or path.name.partition("-")[0]
    except subprocess.TimeoutExpired:
        why = path.name.partition("-")[0]
    file = saved.keep(name, path.read_bytes(), why)
    print(f"{name}: {why}\n  replay: {sys.executable} -m tests.fuzz --replay {file}", flush=True)


def _minimise(name: str, file: str) -> int:
    path = Path(file)
    broken = minimise.broken_by(TARGETS[name])
    data = path.read_bytes()
    print(broken(data))
    path.write_bytes(minimise.smallest(data, broken))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
