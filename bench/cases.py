"""What is run beside what: one section a question, and in it the programs that answer it.

The first case of a section is the yardstick; a `bar` is how many times its time a case may take.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from bench import corpus
from bench.measure import Command
from bench.ours import Program
from bench.peers import Peer
from bench.seal import git_environ, offline
from scanner import rules

SPARE = 250e6  # bytes
AS_IT_STANDS, OF_AS_IT_STANDS = "--no-decode", 1.3  # without views and archives; of the time that it takes then
WITHOUT = 2.5  # without extra `history` a bar is this many times as high
FOUND = (0, 1)  # xoxscan, detect-secrets-hook: 1 is findings
# By peer: 200 and 77 (as told below) are findings.
FINE = {"kingfisher": (0, 200, 205), "gitleaks": (0, 77), "betterleaks": (0, 77), "trufflehog": (0,)}
ALARM = {"gitleaks": b"stderr is not empty"}  # git died on it, and it says 0 or 1 as if nothing were
SLACK_OF_KINGFISHER = (
    "betterleaks.slack",  # a prefix: its eleven rules
    "veles.secrets/slackappleveltoken",
    "veles.secrets/slackappconfigaccesstoken",
    "veles.secrets/slackappconfigrefreshtoken",
)
SLACK_OF_GITLEAKS = (
    "app",
    "bot",
    "user",
    "legacy",
    "legacy-bot",
    "legacy-workspace",
    "config-access",
    "config-refresh",
)


class Bar(NamedTuple):
    """What a row may take beside another one than the yardstick: so many times its time, and so many seconds more."""

    than: str  # the name of the other row
    factor: float
    plus: float = 0.0


class Case(NamedTuple):
    """One row: what it is called, how it is run (None: absent, and why), and what it may take: `bar` times as long as
    the yardstick, `bars` beside other rows, `spare` bytes of memory (and table.EACH for each object)."""

    name: str
    command: Command | None
    bar: float | None = None
    why: str = ""
    bars: tuple[Bar, ...] = ()
    spare: float = SPARE
    weigh: bool = False  # whether its memory is taken too
    ours: bool = False


class Section(NamedTuple):
    """One table: a title, what was looked at, the rows, and how many objects there are (for the bar of memory)."""

    title: str
    about: str
    cases: list[Case]
    objects: int | None = None
    blobs: int | None = None


class Bench(NamedTuple):
    """Where things are: the folder for everything made, the programs, the peers, and how large the corpora are."""

    folder: Path
    programs: list[Program]
    peers: Mapping[str, Peer]
    tree: corpus.Shape
    past: corpus.Shape
    repo: Path | None = None

    @property
    def scratch(self) -> Path:
        """A folder for outputs; every program that prints a report prints it into a file here."""
        path = self.folder / "out"
        path.mkdir(parents=True, exist_ok=True)
        return path

    def environ(self) -> dict[str, str]:
        """The environment of every program: a home of its own, no network."""
        home = self.folder / "home"
        home.mkdir(parents=True, exist_ok=True)
        return offline(home)

    def run(self, argv: Iterable[object], cwd: Path, fine: tuple[int, ...] = (0,)) -> Command:
        """A command whose output goes into a file."""
        return Command(tuple(map(str, argv)), cwd, self.environ(), stdout=self.scratch / "report", fine=fine)

    def peer(self, name: str, what: str, argv: Iterable[object], cwd: Path) -> Case:
        """The row of a peer, which may be absent."""
        peer = self.peers[name]
        if peer.path is None:
            return Case(f"{name} {what}", None, why=peer.why)
        command = self.run([peer.path, *argv], cwd, FINE.get(name, FOUND))
        return Case(f"{peer.label} {what}", command._replace(alarm=ALARM.get(name, b"")), weigh=True)

    def ours(self, what: list[str], cwd: Path, bar: float | None, relaxed: bool) -> list[Case]:
        """A row for each of our installs. `relaxed`: without extra `history` the bar is `WITHOUT` times as high."""
        names = [f"xoxscan {what[0]} ({program.what})" for program in self.programs]
        return [
            self.our(name, program, what, cwd)._replace(
                bar=bar and bar * (WITHOUT if relaxed and program.what == "base" else 1)
            )
            for name, program in zip(names, self.programs, strict=True)
        ]

    def python(self, name: str, what: str, cwd: Path) -> Case:
        """A row of Python itself."""
        return Case(name, self.run([self.programs[-1].python, "-c", what], cwd), weigh=True)

    def our(self, name: str, program: Program, what: list[str], cwd: Path) -> Case:
        """A row of ours."""
        return Case(name, self.run([*program.argv, *what], cwd, FOUND), weigh=True, ours=True)


def hook(bench: Bench) -> Section:
    """The hook on ten staged files, against the start of Python with three modules of its library."""
    repo, staged, about = _staged(bench, b"")
    cases = [
        _python(bench, repo),
        *bench.ours(["hook", *staged], repo, 2.5, relaxed=False),
        *as_it_stands(bench, ["hook", *staged], repo),
        bench.peer("kingfisher", "--staged, Slack rules", kingfisher(repo, "--staged"), repo),
        bench.peer("detect-secrets", "hook, Slack plugin", ["--no-verify", *_only_slack(bench), *staged], repo),
        bench.peer("gitleaks", "--staged, Slack rules", gitleaks("git", "--pre-commit", "--staged"), repo),
    ]
    return Section("The hook", about, cases)


def as_it_stands(bench: Bench, what: list[str], repo: Path) -> list[Case]:
    """The same without encodings and archives."""
    rows = bench.ours([*what, AS_IT_STANDS], repo, None, relaxed=False)
    return [row._replace(name=f"{row.name} {AS_IT_STANDS}") for row in rows]


def anchored_hook(bench: Bench) -> Section:
    """The same where one of the files says «slack»: then patterns have to run, and what runs them has to be loaded."""
    repo, staged, about = _staged(bench, b"# tell #slack-ops\n")
    cases = [_python(bench, repo), *bench.ours(["hook", *staged], repo, None, relaxed=False)]
    return Section("The hook, where a file says slack", about, cases)


def _staged(bench: Bench, line: bytes) -> tuple[Path, list[str], str]:
    """A repository with ten staged files, of which the first has one more line; the files, and what there is."""
    repo = corpus.work_tree(bench.folder / "corpora" / f"hook-{bench.tree.name}", bench.tree._replace(planted=0))
    git(repo, "reset", "--quiet", "--hard")
    seed = time.time_ns()  # other content each time: no cache may know it
    staged = corpus.stage(repo, 10, seed, without=anchors(), line=line)
    size = sum((repo / path).stat().st_size for path in staged)
    return repo, staged, f"{len(staged)} staged files, {size / 1e3:.0f} kB, in a repository of {bench.tree.files} files"


def _python(bench: Bench, repo: Path) -> Case:
    what = "import argparse, re, subprocess"
    return bench.python(f'python -c "{what}"', what, repo)


def scan(bench: Bench) -> Section:
    """A work tree, against ripgrep looking for the anchors in the same files."""
    repo = _checkout(bench) or corpus.work_tree(bench.folder / "corpora" / f"tree-{bench.tree.name}", bench.tree)
    listed = [path for path in git(repo, "ls-files", "-z").split(b"\0") if path]
    size = sum((repo / path.decode()).lstat().st_size for path in listed if (repo / path.decode()).is_file())
    literals = bench.scratch / "anchors"
    literals.write_bytes(b"\n".join(anchors()) + b"\n")
    search = ["--fixed-strings", "--text", "--hidden", "--glob=!.git", "--no-messages", f"--file={literals}", "."]
    rows, plain = bench.ours(["scan", "."], repo, 6, relaxed=True), as_it_stands(bench, ["scan", "."], repo)
    cases = [
        bench.peer("ripgrep", "-F, the anchors", search, repo),
        *_within(rows, plain),
        *plain,
        bench.peer("kingfisher", "scan, Slack rules", kingfisher(repo, "--git-history", "none"), repo),
        bench.peer("gitleaks", "dir, Slack rules", gitleaks("dir"), repo),
        bench.peer("betterleaks", "dir, Slack rules", betterleaks("dir"), repo),
    ]
    return Section("A work tree", f"{len(listed)} files, {size / 1e6:.0f} MB", cases)


def _within(rows: list[Case], plain: list[Case]) -> list[Case]:
    """The first row, which is that with extra `history`, with the bar that it has beside the same without views."""
    first, *rest = rows
    return [first._replace(bars=(Bar(plain[0].name, OF_AS_IT_STANDS),)), *rest]


def anchors() -> list[bytes]:
    """The literals that our own rules look for."""
    return sorted({anchor for rule in rules.builtin() for anchor in rule.anchors})


def kingfisher(repo: Path, *more: str) -> list[str]:
    """What Kingfisher is told: its rules for Slack only, no validation."""
    flags = ["--no-validate", "--no-update-check", "--quiet", "--git-repo-timeout", "0"]
    rules = [word for rule in SLACK_OF_KINGFISHER for word in ("--rule", rule)]
    return ["scan", str(repo), *flags, *rules, *more]


def gitleaks(*argv: str, more: tuple[str, ...] = ()) -> list[str]:
    """What gitleaks is told: its rules for Slack only, and `more` of them."""
    rules = ",".join([*(f"slack-{name}-token" for name in SLACK_OF_GITLEAKS), "slack-webhook-url", *more])
    return [*argv, "--no-banner", "--log-level", "error", "--exit-code", "77", "--enable-rule", rules, "."]


def _only_slack(bench: Bench) -> list[str]:
    """The options that leave detect-secrets its Slack plugin alone."""
    path = bench.peers["detect-secrets"].path
    if path is None:
        return []
    argv = [str(path), "--list-all-plugins"]
    listed = subprocess.run(argv, env=bench.environ(), capture_output=True, text=True, check=True).stdout.split()
    return [word for name in listed if name != "SlackDetector" for word in ("--disable-plugin", name)]


def _checkout(bench: Bench) -> Path | None:
    """The work tree of the repository that was named. For a bare one: of a clone, which borrows its objects."""
    if bench.repo is None or (bench.repo / ".git").exists():
        return bench.repo
    folder = bench.folder / "corpora" / f"clone-{bench.repo.resolve().parent.name}-{bench.repo.name}"
    if not folder.exists():
        git(bench.repo, "clone", "--quiet", "--shared", str(bench.repo), str(folder))
    return folder


def betterleaks(*argv: str) -> list[str]:
    """The same for betterleaks, which has two rules more."""
    return gitleaks(*argv, more=("slack-session-cookie", "slack-session-token"))


def git(repo: Path, *argv: str) -> bytes:
    """What git prints."""
    return subprocess.run(["git", "-C", str(repo), *argv], env=git_environ(), capture_output=True, check=True).stdout
