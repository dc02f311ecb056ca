"""The columns: this scanner and its peers, and what each reports of a folder of files or of a repository.

Peers run as their users would have them, with all their rules, archives up to five deep where that is an option, and
without validation, updates and network. They all show what they found in full, when asked, or (detect-secrets) its
SHA-1; so none has to be taken at less than its word.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from bench.cases import ALARM, FINE
from bench.ours import ROOT
from bench.peers import Peer
from bench.recall_matrix.cells import Planted
from bench.recall_matrix.corners import HISTORY, STAGED
from bench.seal import offline

FILES = "files"
LIMIT = 120  # seconds for one run
FOUND = (0, 1)


class Failed(Exception):
    """A program did not do its work."""


class Reported(NamedTuple):
    """What was reported, and the file where."""

    text: str
    place: str


Look = Callable[[Path], Iterable[Reported]]


class Program(NamedTuple):
    """A column: its head, and how the program looks at files, at what is staged and at history (where it can)."""

    head: str
    looks: Mapping[str, Look]
    exact: bool = False  # it must report the token and nothing more


def sees(program: Program, planted: Planted, reported: Iterable[Reported]) -> bool:
    """Whether the whole of a token was reported, in the file (or the repository) in which it stands. A peer may show
    more than the token, or show a cookie percent-encoded; a part of a token is none."""
    texts = {text for text, place in reported if planted.folder in place}
    secret = planted.token.decode()
    if program.exact:
        return secret in texts
    digests = {
        hashlib.sha1(each.encode(), usedforsecurity=False).hexdigest() for each in (secret, quote(secret, safe=""))
    }
    return any(secret in text or secret in unquote(text) or text in digests for text in texts)


def runner(home: Path) -> Callable[..., bytes]:
    """What runs a program in a sealed environment and gives what it printed. Failed where it says that it failed."""

    def run(argv: Sequence[str | Path], cwd: Path, fine: tuple[int, ...], alarm: bytes = b"") -> bytes:
        environ = offline(home) | {"GIT_ALLOW_PROTOCOL": "file"}
        with tempfile.TemporaryFile() as out:  # a pipe is closed by Node before all is in it
            try:
                done = subprocess.run(
                    list(map(str, argv)), cwd=cwd, env=environ, stdin=subprocess.DEVNULL, stdout=out,
                    stderr=subprocess.PIPE, check=False, timeout=LIMIT,
                )  # fmt: skip
            except subprocess.TimeoutExpired:
                raise Failed(f"more than {LIMIT} s") from None
            if done.returncode not in fine or (alarm and alarm in done.stderr):
                raise Failed(f"status {done.returncode}: {done.stderr[-300:].decode(errors='replace')}")
            out.seek(0)
            return out.read()

    return run


Run = Callable[..., bytes]
Call = Callable[[Sequence[str]], bytes]


def ours(call: Call, *options: str) -> Program:
    """This scanner. `call` runs it and gives its report."""

    def look(*words: str) -> Look:
        def reported(folder: Path) -> Iterator[Reported]:
            told = call(["-C", str(folder), *words, *options, "--format", "json", "--show-secrets", "--no-progress"])
            for finding in json.loads(told)["findings"]:
                yield from _told(finding)

        return reported

    looks = {
        FILES: look("scan", "."),
        STAGED: _anywhere(look("staged")),
        HISTORY: _anywhere(look("history", "--no-cache", "--allow-shallow")),
    }
    return Program(" ".join(["xoxscan", *options]), looks, exact=True)


def _told(finding: Mapping[str, Any]) -> Iterator[Reported]:
    """A secret, and those that belong to it."""
    for location in finding["locations"]:
        yield Reported(finding["secret"], location["path"] or "")
    for part in finding["parts"]:
        if "secret" in part:
            yield from _told(part)


def this(run: Run) -> Call:
    """The program of the running interpreter, as a process."""
    return lambda words: run([sys.executable, "-m", "scanner", *words], ROOT, FOUND)


def _anywhere(look: Look) -> Look:
    """What is reported of a repository that holds one token: wherever it says that it stands."""
    return lambda folder: [Reported(text, folder.name) for text, _ in look(folder)]


def peer(run: Run, found: Peer) -> Program:
    """The column of a peer that is there."""
    assert found.path is not None
    return Program(found.label, {how: _guarded(how, look) for how, look in _PEERS[found.name](run, found.path).items()})


def _guarded(how: str, look: Look) -> Look:
    return look if how == FILES else _anywhere(look)


def _kingfisher(run: Run, path: Path) -> dict[str, Look]:
    flags = ["--no-validate", "--no-update-check", "--quiet", "--git-repo-timeout", "0", "--no-dedup"]

    def look(*more: str) -> Look:
        def reported(folder: Path) -> Iterator[Reported]:
            argv = [path, "scan", ".", *flags, "--extraction-depth", "5", "--format", "json", *more]
            for item in json.loads(run(argv, folder, FINE["kingfisher"]) or b'{"findings": []}')["findings"]:
                yield Reported(item["finding"]["snippet"], item["finding"]["path"])

        return reported

    return {FILES: look("--git-history", "none"), STAGED: look("--staged"), HISTORY: look()}


def _gitleaks(run: Run, path: Path) -> dict[str, Look]:
    flags = ["--no-banner", "--log-level", "error", "--exit-code", "77", "--max-archive-depth", "5"]

    def look(*words: str) -> Look:
        def reported(folder: Path) -> Iterator[Reported]:
            argv = [path, *words, *flags, "--report-format", "json", "--report-path", "-", "."]
            for item in json.loads(run(argv, folder, FINE["gitleaks"], ALARM["gitleaks"]) or b"[]"):
                yield Reported(item["Secret"], item["File"])

        return reported

    return {FILES: look("dir"), STAGED: look("git", "--pre-commit", "--staged"), HISTORY: look("git")}


def _trufflehog(run: Run, path: Path) -> dict[str, Look]:
    kept = "verified,unknown,unverified,filtered_unverified"
    flags = ["--json", "--no-verification", "--no-update", f"--results={kept}", "--archive-max-depth=5"]

    def look(*words: str) -> Look:
        def reported(folder: Path) -> Iterator[Reported]:
            where = folder.as_uri() if words[0] == "git" else "."
            for told in run([path, *words, *flags, where], folder, FINE["trufflehog"]).splitlines():
                item = json.loads(told)
                yield Reported(item["Raw"], item["SourceMetadata"]["Data"].get("Filesystem", {}).get("file", ""))

        return reported

    git = ["git", "--trust-local-git-config"]
    return {FILES: look("filesystem"), STAGED: look(*git, "--since-commit", "HEAD"), HISTORY: look(*git)}


def _detect_secrets(run: Run, path: Path) -> dict[str, Look]:
    def look(*words: str) -> Look:
        def reported(folder: Path) -> Iterator[Reported]:
            told = run([path.with_name("detect-secrets"), "scan", "--no-verify", *words, "."], folder, FOUND)
            for place, items in json.loads(told)["results"].items():
                yield from (Reported(item["hashed_secret"], place) for item in items)

        return reported

    return {FILES: look("--all-files"), STAGED: look()}  # what git tracks, as it stands in the work tree


def _secretlint(run: Run, path: Path) -> dict[str, Look]:
    rules = json.dumps({"rules": [{"id": "@secretlint/secretlint-rule-preset-recommend"}]})

    def reported(folder: Path) -> Iterator[Reported]:
        files = [str(file.relative_to(folder)) for file in sorted(folder.rglob("*")) if file.is_file()]
        argv = [path, "--format", "json", "--no-maskSecrets", "--secretlintrcJSON", rules, "--no-glob", *files]
        for item in json.loads(run(argv, folder, FOUND)):
            yield from (Reported(message["message"], item["filePath"]) for message in item["messages"])

    return {FILES: reported}


_PEERS: Mapping[str, Callable[[Run, Path], dict[str, Look]]] = {
    "kingfisher": _kingfisher,
    "detect-secrets": _detect_secrets,
    "secretlint": _secretlint,
    "gitleaks": _gitleaks,
    "betterleaks": _gitleaks,
    "trufflehog": _trufflehog,
}
NAMES = tuple(_PEERS)
