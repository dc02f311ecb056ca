"""`doctor --try`: a fake is committed and pushed in a throw-away clone with the same hooks. Is it stopped?

The clone borrows the objects of the repository and writes none there; no work tree is checked out. Nor does git touch
one there, which is what it does to an object that is to be written and stands in a borrowed folder (object-file.c,
freshen_loose_object): every tree that is made here holds a file of ours, so that none of them is there already. What
hooks do is their affair: those of the repository are started, as they are at every commit.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from random import SystemRandom

from scanner import fakes
from scanner.git import hooked
from scanner.git.repository import Repository, common_dir, head
from scanner.git.run import Git, require_version, sealed
from scanner.hooks import settings
from scanner.hooks.checks import GAP, OK, UNKNOWN, Check
from scanner.hooks.framework import FRAMEWORK
from scanner.hooks.place import Place, place

SECONDS = 120.0  # for one commit or push, hooks included
PLANT = "xoxscan-doctor.txt"
RULE = b"slack-bot-token"
_SETUP = (
    *(FRAMEWORK, ".husky", "package.json", "lefthook-local.yml", ".lefthook", ".overcommit.yml"),
    *("lefthook.yml", ".lefthook.yml", "lefthook.yaml", ".lefthook.yaml", "lefthook.toml", "lefthook.json"),
)


def trial(repository: Repository, environ: Mapping[str, str]) -> list[Check]:
    """What became of a planted commit, message and push. OSError and GitError where no clone can be made."""
    with tempfile.TemporaryDirectory(prefix="xoxscan-doctor-", ignore_cleanup_errors=True) as folder:
        return Trial(repository, environ, os.path.realpath(folder)).run()


class Trial:
    """One throw-away clone, and what is tried in it."""

    def __init__(self, repository: Repository, environ: Mapping[str, str], folder: str) -> None:
        self._repository = repository
        self._environ = environ
        self._folder = os.path.join(folder, "clone")
        self._far = os.path.join(folder, "remote.git")
        self._tip = head(repository)
        self._token = fakes.render("{{bot_token}}", SystemRandom().getrandbits(64))
        # Sealed git needs somebody who commits.
        who = dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), "xoxscan doctor")
        mail = dict.fromkeys(("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), "doctor@invalid")
        self._git = sealed(folder, {**environ, **who, **mail}, own=False)

    def run(self) -> list[Check]:
        """Makes the clone, and tries."""
        self._init(self._folder)
        self._init(self._far, "--bare")
        self._git = self._git._replace(cwd=self._folder)
        self._begin()
        self._hooks(place(self._repository))
        self._plant(f"token = {self._token}\n")
        checks = [self._tried("a commit", "commit", "--quiet", "--message=xoxscan doctor")]
        self._plant("nothing\n")
        self._restart()
        self._write(".git/message", f"Use {self._token}\n")
        checks.append(self._tried("a commit message", "commit", "--quiet", "--allow-empty", "--file=.git/message"))
        self._plant(f"token = {self._token}\n")
        self._restart()
        self._git.run("-c", "commit.gpgSign=false", "commit", "--quiet", "--no-verify", "--message=xoxscan doctor")
        return [*checks, self._tried("a push", "push", "origin", "HEAD:refs/heads/xoxscan-doctor")]

    def _init(self, path: str, *options: str) -> None:
        """A repository that borrows all objects, and holds as origin/main what HEAD is."""
        form = f"--object-format={self._repository.object_format}"
        self._git.run("init", "--quiet", "--template=", form, *options, "--", os.fsencode(path))
        inside = path if options else os.path.join(path, ".git")
        os.makedirs(os.path.join(inside, "objects", "info"), exist_ok=True)
        with open(os.path.join(inside, "objects", "info", "alternates"), "wb") as file:
            file.write(_quoted(os.path.join(common_dir(self._repository), "objects")) + b"\n")
        if self._repository.shallow:
            shutil.copy(os.path.join(common_dir(self._repository), "shallow"), inside)
        if self._tip:
            self._git._replace(cwd=path).run("update-ref", "refs/heads/xoxscan-base", self._tip)

    def _begin(self) -> None:
        self._git.run("config", "remote.origin.url", os.fsencode(self._far))
        self._git.run("config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")
        if self._tip:
            self._git.run("update-ref", "HEAD", self._tip)
            self._git.run("update-ref", "refs/remotes/origin/main", self._tip)
            self._git.run("read-tree", self._tip)
        # Nothing is checked out, and nobody is to miss it: pre-commit would bring all files back.
        listed = self._git.run("ls-files", "-z", "--cached")
        self._git.run("update-index", "-z", "--skip-worktree", "--stdin", stdin=listed)
        above = self._repository.top or ""
        copied = [name for name in _SETUP if _copy(os.path.join(above, name), os.path.join(self._folder, name))]
        files = b"".join(os.fsencode(path) + b"\0" for name in copied for path in _files(self._folder, name))
        known = set(listed.split(b"\0"))
        mine = b"".join(path + b"\0" for path in files.split(b"\0") if path and path in known)
        self._git.run("update-index", "-z", "--no-skip-worktree", "--stdin", stdin=mine)
        # What is the same is not written: neither trees, which marked entries would be in once more, nor files.
        if self._tip:
            self._git.run("read-tree", "-m", self._tip)
        self._git.run("update-index", "-q", "--refresh", ok=(0, 1))
        self._git.run("update-index", "-z", "--stdin", stdin=mine)

    def _restart(self) -> None:
        """No commit more than at the start."""
        if self._tip:
            self._git.run("update-ref", "HEAD", self._tip)
        else:
            self._git.run("update-ref", "-d", "HEAD", ok=(0, 1))

    def _hooks(self, at: Place) -> None:
        """The hooks of the repository: its folder, its core.hooksPath, and those that its configuration names."""
        source = self._repository
        own = os.path.join(common_dir(source), "hooks")
        if os.path.isdir(own):
            shutil.copytree(own, os.path.join(self._folder, ".git", "hooks"), ignore_dangling_symlinks=True)
        if at.setting and at.setting.scope in ("local", "worktree"):
            self._git.run("config", "core.hooksPath", os.fsencode(at.setting.value))
            if not os.path.isabs(at.setting.value):
                _copy(at.folder, os.path.join(self._folder, at.setting.value))
        if require_version(source.git) >= settings.SINCE:
            _entries(source.git, self._git)

    def _plant(self, text: str) -> None:
        """Our file, in the index."""
        self._write(PLANT, text)
        self._git.run("update-index", "--add", PLANT)

    def _write(self, name: str, text: str) -> None:
        with open(os.path.join(self._folder, name), "w", encoding="utf-8") as file:
            file.write(text)

    def _tried(self, what: str, *words: str) -> Check:
        """What became of one planted thing."""
        status, said = hooked.run(self._folder, self._environ, *words, seconds=SECONDS)
        if status == 0:
            return Check(GAP, "try", f"{what} with a fake token was not stopped", "xoxscan install")
        if status is None:
            return Check(UNKNOWN, "try", f"{what}: the hooks took more than {SECONDS:g} s", "")
        if RULE in said:
            return Check(OK, "try", f"{what} with a fake token was stopped")
        lines = [line.strip() for line in said.decode("utf-8", "backslashreplace").splitlines() if line.strip()]
        told = lines[-1][:200] if lines else "without a word"
        return Check(UNKNOWN, "try", f"{what} was stopped, but not by xoxscan: {told}", "git commit says what fails")


def _quoted(path: str) -> bytes:
    """A line of objects/info/alternates: quoted as in C where it would be two (odb.c, parse_alt_odb_entry)."""
    name = os.fsencode(path)
    if b"\n" not in name:
        return name
    return b'"' + name.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n") + b'"'


def _copy(source: str, target: str) -> bool:
    """Whether there is something at `source`, which then is at `target`, too."""
    if os.path.isdir(source):
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
    elif os.path.isfile(source):
        shutil.copy(source, target)
    else:
        return False
    return True


def _files(folder: str, name: str) -> list[str]:
    """The files at `name` below `folder`, from there."""
    path = os.path.join(folder, name)
    if not os.path.isdir(path):
        return [name]
    found = (os.path.join(above, each) for above, _, names in os.walk(path) for each in names)
    return [os.path.relpath(each, folder) for each in found]


def _entries(source: Git, target: Git) -> None:
    """Hooks that the repository's own configuration names; those of the user are there anyway."""
    for entry in settings.entries(source):
        if entry.scope in ("local", "worktree"):
            target.run("config", f"hook.{entry.name}.command", os.fsencode(entry.command))
            for event in entry.events:
                target.run("config", "--add", f"hook.{entry.name}.event", event)
            target.run("config", f"hook.{entry.name}.enabled", str(entry.enabled).lower())
    for switch in settings.switches(source):
        if switch.scope in ("local", "worktree"):
            target.run("config", f"hook.{switch.event}.enabled", str(switch.on).lower())
