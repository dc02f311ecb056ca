"""Scanning a repository runs nothing of it: every way in which git would start a program is planted, and none is started.

Each vector first proves that it works: the same repository and a plain git do start the program.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Repo, Run, token

COMMANDS = (("scan",), ("staged",), ("range", "HEAD~1..HEAD"), ("history",), ("hook",), ("hook", "a.txt"))


class Trap:
    """A program that leaves a mark when it is run."""

    def __init__(self, folder: Path) -> None:
        self._mark = folder / "mark"
        self.path = folder / "trap"
        self.path.write_text(f"#!/bin/sh\necho \"$0 $*\" >>'{self._mark}'\nexit 0\n")
        self.path.chmod(0o755)

    def sprung(self) -> str:
        """What was run since the last time, if anything."""
        text = self._mark.read_text() if self._mark.exists() else ""
        self._mark.unlink(missing_ok=True)
        return text


@pytest.fixture
def trap(tmp_path: Path) -> Trap:
    folder = tmp_path / "trap"
    folder.mkdir()
    return Trap(folder)


@pytest.fixture
def victim(repo: Repo) -> Repo:
    """Two commits, something staged, something changed on disk."""
    repo.commit({"a.txt": b"one\n", "b.txt": b"two\n"})
    repo.commit({"a.txt": b"one\n" + token() + b"\n"})
    repo.write("b.txt", b"staged\n")
    repo.git("add", "b.txt")
    repo.write("a.txt", b"changed\n")
    return repo


def fsmonitor(repo: Repo, trap: Trap) -> list[str]:
    repo.git("config", "core.fsmonitor", str(trap.path))
    return ["status"]


def external_diff(repo: Repo, trap: Trap) -> list[str]:
    repo.git("config", "diff.external", str(trap.path))
    return ["diff", "--cached"]


def diff_driver(repo: Repo, trap: Trap) -> list[str]:
    repo.git("config", "diff.evil.command", str(trap.path))
    repo.write(".git/info/attributes", b"* diff=evil\n")
    return ["diff", "--cached"]


def textconv(repo: Repo, trap: Trap) -> list[str]:
    repo.git("config", "diff.evil.textconv", str(trap.path))
    repo.write(".git/info/attributes", b"* diff=evil\n")
    return ["log", "-p"]


def clean_filter(repo: Repo, trap: Trap) -> list[str]:
    repo.git("config", "filter.evil.clean", str(trap.path))
    repo.write(".git/info/attributes", b"* filter=evil\n")
    return ["diff"]


def process_filter(repo: Repo, trap: Trap) -> list[str]:
    repo.git("config", "filter.evil.process", str(trap.path))
    repo.write(".git/info/attributes", b"* filter=evil\n")
    return ["diff"]


def smudge_filter(repo: Repo, trap: Trap) -> list[str]:
    repo.git("config", "filter.evil.smudge", str(trap.path))
    repo.write(".git/info/attributes", b"* filter=evil\n")
    return ["cat-file", "--filters", "HEAD:b.txt"]


def signature(repo: Repo, trap: Trap) -> list[str]:
    repo.git("config", "gpg.program", str(trap.path))
    repo.git("config", "log.showSignature", "true")
    body = repo.git("cat-file", "commit", "HEAD")
    head, _, message = body.partition("\n\n")
    signed = f"{head}\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n abc\n -----END PGP SIGNATURE-----\n\n{message}"
    oid = repo.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=signed.encode())
    repo.git("update-ref", "refs/heads/main", oid)
    return ["log"]


def hooks(repo: Repo, trap: Trap) -> list[str]:
    folder = repo.path / ".git" / "hooks"
    folder.mkdir(exist_ok=True)
    for name in ("post-index-change", "pre-commit", "post-checkout", "reference-transaction", "pre-auto-gc"):
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(trap.path)
    return ["update-index", "--refresh", "-q", "--really-refresh"]


def hooks_path(repo: Repo, trap: Trap) -> list[str]:
    folder = trap.path.parent / "hooks"
    folder.mkdir()
    (folder / "post-index-change").symlink_to(trap.path)
    repo.git("config", "core.hooksPath", str(folder))
    return ["update-index", "--refresh", "-q", "--really-refresh"]


def pager(repo: Repo, trap: Trap) -> list[str]:
    repo.git("config", "core.pager", str(trap.path))
    return ["--paginate", "log"]


VECTORS = (
    fsmonitor, external_diff, diff_driver, textconv, clean_filter, process_filter, smudge_filter, signature, hooks,
    hooks_path, pager,
)  # fmt: skip


@pytest.mark.parametrize("plant", VECTORS)
def test_nothing_of_a_repository_is_run(
    run: Run, victim: Repo, trap: Trap, plant: Callable[[Repo, Trap], list[str]]
) -> None:
    fires = plant(victim, trap)
    trap.sprung()
    if plant is not pager:  # git starts a pager for a terminal alone
        victim.git(*fires, ok=tuple(range(256)))
        assert trap.sprung(), "the trap itself does not work"
    for command in COMMANDS:
        result = run(*command)
        assert result.status in (0, 1), result
        assert trap.sprung() == "", command
    assert run("history", victim.path).status == 1
    assert trap.sprung() == ""


def _partial(repo: Repo, tmp_path: Path, settings: dict[str, str]) -> Repo:
    """A clone without blobs, of which one is wanted for every look at HEAD; fetching it would run what is planted."""
    repo.git("config", "uploadpack.allowFilter", "true")
    repo.git("config", "uploadpack.allowAnySHA1InWant", "true")
    there = tmp_path / "partial"
    subprocess.run(
        ["git", "clone", "-q", "--no-checkout", "--filter=blob:none", repo.path.as_uri(), there],
        check=True, env=dict(os.environ),
    )  # fmt: skip
    made = Repo.__new__(Repo)
    made.path = there
    for name, value in settings.items():
        made.git("config", name, value)
    return made


@pytest.mark.parametrize(
    "settings",
    [
        {"remote.origin.url": "ssh://host.invalid/x", "core.sshCommand": "{trap}"},
        {"remote.origin.uploadpack": "{trap}"},
        {"remote.origin.url": "ext::{trap} x", "protocol.ext.allow": "always"},
    ],
)
def test_nothing_is_fetched(
    run: Run, victim: Repo, trap: Trap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str]
) -> None:
    planted = {name: value.format(trap=trap.path) for name, value in settings.items()}
    clone = _partial(victim, tmp_path, planted)
    clone.git("cat-file", "-p", "HEAD:a.txt", ok=tuple(range(256)))
    assert trap.sprung(), "the trap itself does not work"
    monkeypatch.chdir(clone.path)
    for command in (("scan", "--allow-empty"), ("staged",), ("range", "HEAD~1..HEAD"), ("history",), ("hook",)):
        run(*command)
        assert trap.sprung() == "", command
    result = run("history")
    assert result.status == 3
    assert b"partial" in result.out


def test_programs_of_the_environment_are_not_started(run: Run, victim: Repo, trap: Trap) -> None:
    names = ("GIT_EXTERNAL_DIFF", "GIT_SSH_COMMAND", "GIT_PAGER", "GIT_ASKPASS", "GIT_EDITOR", "PAGER")
    for command in COMMANDS:
        assert run(*command, env=dict.fromkeys(names, str(trap.path))).status in (0, 1)
        assert trap.sprung() == ""
