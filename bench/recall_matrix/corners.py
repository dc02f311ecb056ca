"""Rows: corners of git. Each has a repository of its own, made by the real git; only the corner holds the token."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from bench.recall_matrix.cells import BOT, Planted, line, page, token
from bench.recall_matrix.encodings import long_file, long_line
from bench.seal import git_environ

_WHO = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Ada"), ("EMAIL", "ada@example.org"), ("DATE", "2026-01-02T03:04:05+00:00"))
}
_SETTINGS = ("init.defaultBranch=main", "protocol.file.allow=always", "core.autocrlf=false", "commit.gpgSign=false")
HISTORY, STAGED = "history", "staged"


class Repo:
    """A repository below which git is run, with an identity and no settings of the user's."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True)
        self.git("init", "-q")
        for name in ("name", "email"):  # there are peers that commit what is staged
            self.git("config", f"user.{name}", _WHO[f"GIT_AUTHOR_{name.upper()}"])

    def git(self, *words: str | bytes, given: bytes = b"", fine: tuple[int, ...] = (0,)) -> str:
        """What git prints. CalledProcessError where its status is another than those."""
        settings = [word for each in _SETTINGS for word in ("-c", each)]
        argv = ["git", *settings, *words]
        done = subprocess.run(
            argv, cwd=self.path, env=git_environ() | _WHO, input=given, capture_output=True, check=False
        )
        if done.returncode not in fine:
            raise subprocess.CalledProcessError(done.returncode, argv, done.stdout, done.stderr)
        return done.stdout.decode("utf-8", "surrogateescape").strip()

    def write(self, name: str | bytes, content: bytes) -> None:
        """A file, which is also staged."""
        (self.path / os.fsdecode(name)).write_bytes(content)
        self.git("add", "-f", "--", name)

    def commit(self, name: str | bytes = "README.md", content: bytes = b"", message: str = "a change") -> None:
        """A commit with a file."""
        self.write(name, content or b"nothing\n")
        self.git("commit", "-q", "--allow-empty", "-m", message)


Make = Callable[[Repo, bytes], object]


class Corner(NamedTuple):
    """A row that is a repository: its name, what is made, and whether it is looked at as staged or as history."""

    name: str
    make: Make
    how: str = HISTORY

    @property
    def id(self) -> str:
        """What names it in the whole table."""
        return f"git: {self.name}"


def plant(corner: Corner, root: Path, number: int, seed: int) -> Planted:
    """Makes the repository of `corner`, below `root`."""
    secret, folder = token(BOT, corner.id, seed), f"repo{number:02}"
    made = Repo(root / folder)
    made.commit()
    corner.make(made, secret)
    return Planted(corner.id, secret, folder)


def _removed(repo: Repo, name: str | bytes, content: bytes) -> None:
    """A file that comes with one commit and goes with the next."""
    repo.commit(name, content)
    repo.git("rm", "-q", "--cached", "--", name)
    (repo.path / os.fsdecode(name)).unlink()
    repo.git("commit", "-q", "-m", "out again")


def _packed(repo: Repo, secret: bytes) -> None:
    _removed(repo, "config.txt", page(secret))
    repo.git("gc", "-q")


def _evil_merge(repo: Repo, secret: bytes) -> None:
    _branched(repo)
    repo.git("merge", "-q", "--no-commit", "--no-ff", "side")
    repo.write("merged.txt", page(secret))
    repo.git("commit", "-q", "-m", "merge")
    _clean(repo, "merged.txt")


def _resolution(repo: Repo, secret: bytes) -> None:
    _branched(repo, "same.txt")
    repo.git("merge", "-q", "side", fine=(1,))
    repo.write("same.txt", b"both\n" + page(secret))
    repo.git("commit", "-q", "-m", "merge")
    _clean(repo, "same.txt")


def _branched(repo: Repo, name: str = "") -> None:
    repo.git("checkout", "-q", "-b", "side")
    repo.commit(name or "side.txt", b"side\n")
    repo.git("checkout", "-q", "main")
    repo.commit(name or "main.txt", b"main\n")


def _clean(repo: Repo, name: str) -> None:
    repo.commit(name, b"clean\n")


def _stash(repo: Repo, secret: bytes) -> None:
    repo.write("README.md", page(secret))
    repo.git("stash", "-q")


def _untracked(repo: Repo, secret: bytes) -> None:
    (repo.path / "new.txt").write_bytes(page(secret))
    repo.git("stash", "-q", "-u")


def _reflog(repo: Repo, secret: bytes) -> None:
    repo.commit("config.txt", page(secret))
    repo.git("reset", "-q", "--hard", "HEAD~1")


def _unreachable(repo: Repo, secret: bytes) -> None:
    _reflog(repo, secret)
    repo.git("reflog", "expire", "--expire=now", "--all")
    (repo.path / ".git/ORIG_HEAD").unlink(missing_ok=True)


def _gone(repo: Repo, secret: bytes) -> None:
    repo.write("config.txt", page(secret))
    (repo.path / "config.txt").unlink()


def _unborn(repo: Repo, secret: bytes) -> None:
    repo.git("checkout", "-q", "--orphan", "new")
    repo.git("rm", "-q", "-r", "--cached", ".")
    repo.write("config.txt", page(secret))


def _note(repo: Repo, secret: bytes) -> None:
    repo.git("notes", "add", "-m", line(secret).decode())


def _tag(repo: Repo, secret: bytes) -> None:
    repo.git("tag", "-a", "v1", "-m", line(secret).decode())


def _message(repo: Repo, secret: bytes) -> None:
    repo.git("commit", "-q", "--allow-empty", "-m", "a change\n\nmore words\n\n" + line(secret).decode())


def _author(repo: Repo, secret: bytes) -> None:
    repo.git("commit", "-q", "--allow-empty", "-m", "a change", "--author", f"{secret.decode()} <ada@example.org>")


def _branch(repo: Repo, secret: bytes) -> None:
    repo.git("branch", f"try-{secret.decode()}")
    repo.git("pack-refs", "--all")


def _link(repo: Repo, secret: bytes) -> None:
    (repo.path / "link").symlink_to(secret.decode())
    repo.git("add", "link")
    repo.git("commit", "-q", "-m", "a link")


def _shallow(repo: Repo, secret: bytes) -> None:
    _removed(repo, "config.txt", page(secret))
    _cut(repo, 2)


def _cut(repo: Repo, depth: int) -> None:
    """Makes the repository a shallow clone of what it was."""
    origin = repo.path / "origin"
    repo.git("clone", "-q", "--bare", ".", str(origin))
    (repo.path / ".git").rename(repo.path / "whole")
    repo.git("clone", "-q", "--bare", "--depth", str(depth), origin.as_uri(), ".git")
    repo.git("config", "core.bare", "false")
    for name in ("origin", "whole"):
        shutil.rmtree(repo.path / name)


def _attributed(attribute: str) -> Make:
    def make(repo: Repo, secret: bytes) -> None:
        repo.commit(".gitattributes", f"*.lock {attribute}\n".encode())
        _removed(repo, "config.lock", page(secret))

    return make


def _lfs(repo: Repo, secret: bytes) -> None:
    """A pointer, and the object where Git LFS keeps it (git-lfs, docs/spec.md)."""
    data = page(secret)
    name = hashlib.sha256(data).hexdigest()
    folder = repo.path / ".git/lfs/objects" / name[:2] / name[2:4]
    folder.mkdir(parents=True)
    (folder / name).write_bytes(data)
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{name}\nsize {len(data)}\n"
    repo.commit("a.bin", pointer.encode())


def _bytes(repo: Repo, secret: bytes) -> None:
    _removed(repo, b"odd \xff\n\"'$x\x01.txt", page(secret))


def _utf16(repo: Repo, secret: bytes) -> None:
    _removed(repo, "config.ini", b"\xff\xfe" + page(secret).decode().encode("utf-16-le"))


CORNERS: tuple[Corner, ...] = (
    Corner("staged", lambda repo, t: repo.write("config.txt", page(t)), STAGED),
    Corner("staged, no more in the work tree", _gone, STAGED),
    Corner("first commit, staged on no branch", _unborn, STAGED),
    Corner("deleted, loose", lambda repo, t: _removed(repo, "config.txt", page(t))),
    Corner("deleted, packed", _packed),
    Corner("only in a merge commit", _evil_merge),
    Corner("only in how a conflict was resolved", _resolution),
    Corner("stash", _stash),
    Corner("stash, untracked file", _untracked),
    Corner("only in the reflog", _reflog),
    Corner("unreachable", _unreachable),
    Corner("note", _note),
    Corner("message of a tag", _tag),
    Corner("message of a commit", _message),
    Corner("name of an author", _author),
    Corner("name of a branch", _branch),
    Corner("name of a file", lambda repo, t: _removed(repo, f"{t.decode()}.txt", b"nothing to see\n")),
    Corner("target of a symbolic link", _link),
    Corner("boundary of a shallow clone", _shallow),
    Corner(".gitattributes: binary", _attributed("binary")),
    Corner(".gitattributes: -diff", _attributed("-diff")),
    Corner("a file name with odd bytes", _bytes),
    Corner("a line of 5 MB", lambda repo, t: _removed(repo, "a.min.js", long_line(t))),
    Corner("a file of 60 MB", lambda repo, t: _removed(repo, "big.txt", long_file(t))),
    Corner("after NUL bytes", lambda repo, t: _removed(repo, "a.bin", bytes(5000) + line(t))),
    Corner("UTF-16", _utf16),
    Corner("CRLF", lambda repo, t: _removed(repo, "a.txt", page(t).replace(b"\n", b"\r\n"))),
    Corner("Git LFS, object here", _lfs),
)
