"""The seal around every test, and what many of them need: the program, a real repository, and a stand-in for Slack."""

from __future__ import annotations

import io
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pytest
from hypothesis import HealthCheck, settings

from scanner import fakes, rules
from scanner.cli import main
from scanner.decode import views
from scanner.demo.standin import Standin
from scanner.detect import Detector
from scanner.model import Streams

DATE = "2026-01-02T03:04:05+00:00"
CLOCK = 1767323045.0  # the same moment
MODES = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="files have no mode here")
HOLES = pytest.mark.skipif(not hasattr(os, "SEEK_DATA"), reason="no system call tells holes here, and a file is large")


def pytest_configure(config: pytest.Config) -> None:
    """What tests may be marked with."""
    for line in (
        "many: draws at random, and more often in `make soak`, as what hypothesis draws for",
        "processes: coverage counts in what multiprocessing starts, too (elsewhere that is left out: it takes long)",
    ):
        config.addinivalue_line("markers", line)


# So many times as often as in `make test` is drawn what is drawn at random: `make soak` says ten.
MANY = int(os.environ.get("XOXSCAN_MANY", "1"))


def often(examples: int) -> int:
    """How many examples: so many in `make test`, and more in `make soak`."""
    return examples * MANY


# A busy machine is no fault: nothing that is tested depends on how long it takes. Nor is luck: `make test` draws the
# same each time, and what fails there fails again.
settings.register_profile(
    "unhurried",
    deadline=None,
    derandomize=MANY == 1,
    max_examples=often(40),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("unhurried")
# What runs in the background may ignore interrupts, and so would every program that it starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# A commit starts no second git that looks whether there is something to pack, and none waits for the disk.
GITCONFIG = """[init]
	defaultBranch = main
[protocol "file"]
	allow = always
[gc]
	auto = 0
[maintenance]
	auto = false
[core]
	fsync = none
"""


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Folders that are not there yet. (`mktemp` looks through all that there are, each time.)"""
    above = tmp_path_factory.mktemp("homes")
    return (above / str(number) for number in count())


@pytest.fixture(autouse=True)
def sealed(monkeypatch: pytest.MonkeyPatch, homes: Iterator[Path]) -> Iterator[Path]:
    """A home of its own, git with a fixed identity and date and no configuration of this machine, and no network but
    loopback."""
    home = next(homes)
    home.mkdir(mode=0o700)
    for name in list(os.environ):
        if name.startswith(("GIT_", "XOXSCAN_", "PRE_COMMIT", "XDG_", "SLACK_", "GITHUB_", "GITLAB_")) or name == "CI":
            monkeypatch.delenv(name)
    fixed = {
        "HOME": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
        "GIT_AUTHOR_NAME": "Ada",
        "GIT_AUTHOR_EMAIL": "ada@example.org",
        "GIT_AUTHOR_DATE": DATE,
        "GIT_COMMITTER_NAME": "Ada",
        "GIT_COMMITTER_EMAIL": "ada@example.org",
        "GIT_COMMITTER_DATE": DATE,
        "NO_COLOR": "1",
    }
    for name, value in fixed.items():
        monkeypatch.setenv(name, value)
    (home / ".gitconfig").write_text(GITCONFIG)
    monkeypatch.setattr(socket.socket, "connect", _loopback(socket.socket.connect))
    yield home


@pytest.fixture(scope="session", autouse=True)
def databases() -> Iterator[None]:
    """The same literals make the same database of hyperscan, which takes a twentieth of a second: it is made once, and
    not in each of thousands of runs. Processes that are forked have it, too."""
    maker = _maker()
    if maker is None:  # not installed
        yield
        return
    made: dict[tuple[bytes, ...], Any] = {}
    make = maker._database

    def kept(literals: Sequence[bytes]) -> Any:
        key = tuple(literals)
        if key not in made:
            made[key] = make(literals)
        return made[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(maker, "_database", kept)
        Detector(rules.builtin(), 5.0, fast=True, names=views.NAMES).views(b"")
        yield


def _maker() -> Any:
    """The module that makes databases."""
    for name in ("scanner.onepass", "scanner.prefilter"):
        with suppress(ImportError):
            module = import_module(name)
            if hasattr(module, "_database"):
                return module
    return None


@pytest.fixture(autouse=True)
def unmeasured(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test starts with `multiprocessing` is measured only where it says `processes`: counting lines makes each
    of them cost three times as much, and a few tests reach all that runs in them."""
    coverage = sys.modules.get("coverage.multiproc")
    if coverage is not None and not request.node.get_closest_marker("processes"):
        monkeypatch.setattr(coverage.OriginalProcess, "_bootstrap", _untraced(coverage.original_bootstrap))


def _untraced(bootstrap: Callable[..., int]) -> Callable[..., int]:
    def started(*arguments: object, **words: object) -> int:
        threading.settrace(None)
        sys.settrace(None)
        return bootstrap(*arguments, **words)

    return started


# Modules and names that only POSIX has: a test that asks for one itself cannot run on Windows. What the program asks
# for must be there: that is no reason to skip.
_WINDOWS = os.name == "nt"
_TESTS = Path(__file__).parent
_POSIX = (os, signal, socket)
_MODULES = ("fcntl", "grp", "pty", "pwd", "resource", "termios", "tty")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Iterator[None]:
    """Skips, on Windows, what asks for POSIX in the course of a test."""
    with _posix():
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Iterator[None]:
    """The same of what a fixture asks for."""
    with _posix():
        yield


@contextmanager
def _posix() -> Iterator[None]:
    try:
        yield
    except (AttributeError, ModuleNotFoundError) as error:
        gone = getattr(error, "obj", None) in _POSIX if isinstance(error, AttributeError) else error.name in _MODULES
        *_, last = traceback.walk_tb(error.__traceback__)
        if _WINDOWS and gone and _TESTS in Path(last[0].f_code.co_filename).parents:
            pytest.skip(f"on Windows: {error}")
        raise


def _loopback(connect: Callable[..., None]) -> Callable[..., None]:
    def guarded(self: socket.socket, address: object) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = address[0] if isinstance(address, tuple) else ""
            assert host in ("127.0.0.1", "::1", "localhost"), f"a test reached for {host}"
        connect(self, address)

    return guarded


class Result(NamedTuple):
    """What the program did."""

    status: int
    out: bytes
    err: bytes


class Run(Protocol):
    """Runs the program in this process, as its console script would."""

    def __call__(self, *argv: str | Path, stdin: bytes = b"", env: dict[str, str] | None = None) -> Result: ...


@pytest.fixture
def run() -> Run:
    """The program: `run("scan", "-f", "json")`."""

    def call(*argv: str | Path, stdin: bytes = b"", env: dict[str, str] | None = None) -> Result:
        out, err = io.BytesIO(), io.BytesIO()
        streams = Streams(io.BytesIO(stdin), out, err, {**os.environ, **(env or {})}, lambda: CLOCK)
        here = os.getcwd()
        try:
            status = main([str(word) for word in argv], streams)
        finally:
            os.chdir(here)
        return Result(status, out.getvalue(), err.getvalue())

    return call


class Repo:
    """A real repository, driven by the real git."""

    def __init__(self, path: Path, *options: str) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", *options)

    def git(
        self, *arguments: str | bytes, stdin: bytes = b"", ok: tuple[int, ...] = (0,), env: dict[str, str] | None = None
    ) -> str:
        """git's output, without the last line end. AssertionError where its status is not in `ok`."""
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            input=stdin,
            capture_output=True,
            check=False,
            env={**os.environ, **(env or {})},
        )
        assert done.returncode in ok, done.stderr.decode()
        return done.stdout.decode("utf-8", "surrogateescape").removesuffix("\n")

    def write(self, name: str | bytes, content: bytes) -> Path:
        """A file in the work tree."""
        file = self.path / os.fsdecode(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        return file

    def commit(self, files: dict[str, bytes] | None = None, message: str = "a change") -> str:
        """Commits these files (and whatever is staged); the id of the commit."""
        for name, content in (files or {}).items():
            self.write(name, content)
        if files:
            self.git("--literal-pathspecs", "add", "-f", "--", *files)
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """A new repository, which is the current folder."""
    made = Repo(tmp_path / "repo")
    monkeypatch.chdir(made.path)
    return made


def token(kind: str = "bot", seed: int = 1) -> bytes:
    """A fake of the right shape, the same each time."""
    return fakes.fake(kind, random.Random(f"{kind} {seed}"))


@pytest.fixture
def slack() -> Iterator[Standin]:
    """The stand-in for Slack, running."""
    with Standin(clock=lambda: CLOCK) as standin:
        yield standin
