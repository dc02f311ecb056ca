"""Scanning runs nothing of what is scanned: each way in which a repository, or an environment, makes git start a
program is planted, scanned, and then shown to work on plain git."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from scanner.git.run import require_version, sealed
from tests.conftest import Repo, Run, token


class Scene:
    """A repository with a history, something staged and something edited; and a program that leaves a mark."""

    def __init__(self, folder: Path) -> None:
        self.mark = folder / "mark"
        self.program = folder / "program"
        self.environ: dict[str, str] = {}
        self.program.write_text(f"#!/bin/sh\necho >>{self.mark}\n")
        self.program.chmod(0o755)
        self.repo = Repo(folder / "repo")
        self.repo.commit({"a.txt": b"one\n", "b.txt": b"one\n"}, "the first")
        self.repo.commit({"a.txt": token(seed=1) + b"\n"}, "the second")
        self.repo.write("b.txt", token(seed=2) + b"\n")
        self.repo.git("add", "b.txt")
        self.touch()

    def touch(self) -> None:
        """Makes git look at a.txt anew."""
        path = self.repo.write("a.txt", b"edited\n")
        os.utime(path, (1, 1))

    def config(self, name: str, value: str | None = None) -> None:
        self.repo.git("config", name, str(self.program) if value is None else value)

    def attributes(self, words: str, file: str = ".gitattributes") -> None:
        self.repo.write(file, f"*.txt {words}\n".encode())

    def git(self, *words: str, stdin: bytes = b"") -> None:
        """Plain git; what it makes of it does not matter."""
        environ = {**os.environ, **self.environ}
        subprocess.run(["git", *words], cwd=self.repo.path, input=stdin, capture_output=True, check=False, env=environ)

    def on_terminal(self, *words: str) -> None:
        """The same on a terminal."""
        import pty  # not on Windows

        ours, theirs = pty.openpty()
        environ = {**os.environ, **self.environ, "TERM": "dumb"}
        with subprocess.Popen(["git", *words], cwd=self.repo.path, stdin=theirs, stdout=theirs, env=environ) as git:
            git.wait()
        os.close(theirs)
        os.close(ours)

    def promisor(self, url: str) -> str:
        """Makes it a partial clone of `url` that lacks a blob of its history: git fetches it when it is needed."""
        for name, value in (("url", url), ("promisor", "true"), ("partialclonefilter", "blob:none")):
            self.config(f"remote.origin.{name}", value)
        self.config("extensions.partialClone", "origin")
        self.config("core.repositoryFormatVersion", "1")
        oid = self.repo.git("rev-parse", "HEAD:a.txt")
        (self.repo.path / ".git/objects" / oid[:2] / oid[2:]).unlink()
        return oid


class Vector(NamedTuple):
    """What is planted, and the plain git command that falls for it (from a version on)."""

    plant: Callable[[Scene], object]
    fire: Callable[[Scene], object]
    since: tuple[int, ...] = (2, 34)


def _fsmonitor(scene: Scene) -> None:
    scene.config("core.fsmonitor")


def _included(scene: Scene) -> None:
    scene.repo.write(".git/more", f"[core]\n\tfsmonitor = {scene.program}\n".encode())
    scene.config("include.path", "more")


def _worktree_config(scene: Scene) -> None:
    scene.config("extensions.worktreeConfig", "true")
    scene.repo.git("config", "--worktree", "core.fsmonitor", str(scene.program))


def _environment_config(scene: Scene) -> None:
    pair = {"GIT_CONFIG_KEY_0": "core.fsmonitor", "GIT_CONFIG_VALUE_0": str(scene.program)}
    scene.environ = {"GIT_CONFIG_COUNT": "1", **pair}


def _driver(name: str, words: str, file: str = ".gitattributes") -> Callable[[Scene], None]:
    def plant(scene: Scene) -> None:
        scene.config(name)
        scene.attributes(words, file)

    return plant


def _signed(scene: Scene) -> None:
    scene.config("gpg.program")
    scene.config("log.showSignature", "true")
    raw = scene.repo.git("cat-file", "commit", "HEAD")
    header, _, message = raw.partition("\n\n")
    signature = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n AAAA\n -----END PGP SIGNATURE-----"
    signed = f"{header}\n{signature}\n\n{message}".encode()
    oid = scene.repo.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=signed)
    scene.repo.git("update-ref", "HEAD", oid)


def _hooks(folder: str) -> Callable[[Scene], None]:
    def plant(scene: Scene) -> None:
        for name in ("post-index-change", "pre-commit", "reference-transaction", "fsmonitor-watchman", "post-checkout"):
            path = scene.repo.write(f"{folder}/{name}", scene.program.read_bytes())
            path.chmod(0o755)

    return plant


def _hooks_path(scene: Scene) -> None:
    _hooks("elsewhere")(scene)
    scene.config("core.hooksPath", "elsewhere")


def _config_hook(scene: Scene) -> None:
    scene.config("hook.evil.event", "post-index-change")
    scene.config("hook.evil.command")


def _alternate_refs(scene: Scene) -> None:
    other = Repo(scene.repo.path.parent / "other")
    scene.repo.write(".git/objects/info/alternates", f"{other.path}/.git/objects\n".encode())
    scene.config("core.alternateRefsCommand")


def _ssh(scene: Scene) -> None:
    scene.promisor("ssh://nobody@localhost/none")
    scene.config("core.sshCommand")


def _environment_ssh(scene: Scene) -> None:
    scene.promisor("ssh://nobody@localhost/none")
    scene.environ = {"GIT_SSH_COMMAND": str(scene.program), "GIT_SSH": str(scene.program)}


def _upload_pack(scene: Scene) -> None:
    scene.promisor(f"file://{scene.repo.path}")
    scene.config("remote.origin.uploadpack")


def _ext(scene: Scene) -> None:
    scene.promisor(f"ext::{scene.program}")
    scene.config("protocol.ext.allow", "always")


def _submodule(scene: Scene) -> None:
    inner = Repo(scene.repo.path.parent / "inner")
    inner.commit({"c.txt": b"one\n"})
    scene.repo.git("submodule", "--quiet", "add", str(inner.path), "part")
    scene.repo.git("-C", "part", "config", "core.fsmonitor", str(scene.program))
    scene.repo.write("part/c.txt", b"edited\n")


def _aliases(scene: Scene) -> None:
    for word in ("evil", "rev-parse", "cat-file", "ls-files", "diff-tree", "diff-index", "rev-list", "for-each-ref"):
        scene.config(f"alias.{word}", f"!{scene.program}")


def _git(*words: str) -> Callable[[Scene], None]:
    return lambda scene: scene.git(*words)


def _read_missing(scene: Scene) -> None:
    tree = scene.repo.git("ls-tree", "HEAD", "a.txt")
    scene.git("cat-file", "-p", tree.split()[2])


_ASKED = b"protocol=https\nhost=localhost\n\n"
VECTORS = {
    "core.fsmonitor": Vector(_fsmonitor, _git("status")),
    "core.fsmonitor through include.path": Vector(_included, _git("status")),
    "core.fsmonitor of a work tree": Vector(_worktree_config, _git("status")),
    "core.fsmonitor in the environment": Vector(_environment_config, _git("status")),
    "core.fsmonitor of a submodule": Vector(_submodule, _git("status")),
    "diff.external": Vector(lambda scene: scene.config("diff.external"), _git("diff")),
    "GIT_EXTERNAL_DIFF": Vector(
        lambda scene: scene.environ.update(GIT_EXTERNAL_DIFF=str(scene.program)), _git("diff", "--cached")
    ),
    "diff.evil.command": Vector(_driver("diff.evil.command", "diff=evil"), _git("diff")),
    "diff.evil.textconv": Vector(_driver("diff.evil.textconv", "diff=evil"), _git("log", "-p")),
    "info/attributes": Vector(_driver("diff.evil.textconv", "diff=evil", ".git/info/attributes"), _git("log", "-p")),
    "filter.evil.clean": Vector(_driver("filter.evil.clean", "filter=evil"), _git("diff")),
    "filter.evil.smudge": Vector(_driver("filter.evil.smudge", "filter=evil"), _git("checkout", "--", "a.txt")),
    "filter.evil.process": Vector(_driver("filter.evil.process", "filter=evil"), _git("diff")),
    "gpg.program": Vector(_signed, _git("log")),
    "hooks": Vector(_hooks(".git/hooks"), _git("checkout", "--", "a.txt")),
    "core.hooksPath": Vector(_hooks_path, _git("checkout", "--", "a.txt")),
    "a hook in the configuration": Vector(_config_hook, _git("checkout", "--", "a.txt"), since=(2, 54)),
    "core.alternateRefsCommand": Vector(_alternate_refs, _git("rev-list", "--alternate-refs")),
    "core.sshCommand": Vector(_ssh, _read_missing),
    "GIT_SSH_COMMAND": Vector(_environment_ssh, _read_missing),
    "remote.origin.uploadpack": Vector(_upload_pack, _read_missing),
    "ext::": Vector(_ext, _read_missing),
    "core.pager": Vector(lambda scene: scene.config("core.pager"), lambda scene: scene.on_terminal("log")),
    "GIT_PAGER": Vector(
        lambda scene: scene.environ.update(GIT_PAGER=str(scene.program)), lambda scene: scene.on_terminal("log")
    ),
    "core.editor": Vector(lambda scene: scene.config("core.editor"), _git("commit", "--amend")),
    "core.askPass": Vector(
        lambda scene: scene.config("core.askPass"), lambda scene: scene.git("credential", "fill", stdin=_ASKED)
    ),
    "credential.helper": Vector(
        lambda scene: scene.config("credential.helper"), lambda scene: scene.git("credential", "fill", stdin=_ASKED)
    ),
    "aliases": Vector(_aliases, _git("evil")),
}


@pytest.mark.no_cover
@pytest.mark.parametrize("name", VECTORS)
def test_nothing_fires(name: str, run: Run, tmp_path: Path) -> None:
    vector = VECTORS[name]
    scene = Scene(tmp_path)
    vector.plant(scene)
    scene.touch()
    _scan(run, scene)
    assert not scene.mark.exists()
    vector.fire(scene)
    here = require_version(sealed(str(tmp_path), os.environ, own=False))
    assert scene.mark.exists() == (here >= vector.since), "what is planted does not work on plain git"


def _scan(run: Run, scene: Scene) -> None:
    """Every command that looks at a repository. What it finds is the other tests' business, but it does look."""
    message = scene.repo.write(".git/MESSAGE", b"a message\n")
    commands = (
        ("scan",),
        ("scan", "--recurse-submodules"),
        ("staged",),
        ("range", "HEAD~1..HEAD"),
        ("history",),
        ("history", "--reachable", "--recurse-submodules"),
        ("hook",),
        ("hook", "a.txt", "b.txt"),
        ("hook", "--commit-msg-file", message),
    )
    for command in commands:
        result = run("-C", scene.repo.path, *command, env=scene.environ)
        assert result.status in (0, 1, 3), result
        assert b"bug" not in result.err, result
