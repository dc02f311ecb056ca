"""What a repository is like: where it stands, its hash, whether it is bare, shallow, partial, or borrows objects."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from scanner.errors import GitError
from scanner.git import plain
from scanner.git.run import Git, failure, refused, sealed

# The empty tree of each hash: git knows it without having it stored (git/Documentation, hash-function-transition).
EMPTY_TREE = {
    "sha1": b"4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    "sha256": b"6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
}

_FACTS = (
    *("--show-object-format", "--is-bare-repository", "--is-shallow-repository"),
    *("--absolute-git-dir", "--git-common-dir"),
)


class Repository(NamedTuple):
    """A repository that was found. `common` is the git folder that all its work trees share. `top` is None where it is
    bare or where we stand inside its git folder."""

    git: Git
    object_format: str  # sha1 | sha256
    bare: bool
    shallow: bool
    git_dir: str
    common: str
    top: str | None

    @property
    def empty_tree(self) -> bytes:
        """The id of the tree without entries."""
        return EMPTY_TREE[self.object_format]


def find(cwd: str, environ: Mapping[str, str], *, own: bool) -> Repository:
    """The repository around `cwd`. With `own`, the caller's GIT_* variables count. GitError where there is none, or
    where git would wait for ever at what is no plain file in it."""
    if not own:
        plain.require_plain(cwd)
    git = sealed(cwd, environ, own=own)
    # --show-toplevel comes last: where there is no work tree it fails, after the others have been printed.
    done = git.once("rev-parse", *_FACTS, "--show-toplevel")
    if refused(done):
        git = git.for_anyone()
        done = git.once("rev-parse", *_FACTS, "--show-toplevel")
    status, out, err = done
    lines = out.decode("utf-8", "surrogateescape").split("\n")[:-1]
    if len(lines) == len(_FACTS):
        return _repository(git, lines, None)
    if status == 0 and len(lines) == len(_FACTS) + 1:
        return _repository(git, lines[:-1], lines[-1])
    if status == 0:  # a line feed in a folder's name: ask one by one
        facts = [_line(git, fact) for fact in _FACTS]
        return _repository(git, facts, _line(git, "--show-toplevel"))
    raise failure(("rev-parse",), status, err)


def _line(git: Git, fact: str) -> str:
    return git.run("rev-parse", fact).decode("utf-8", "surrogateescape").removesuffix("\n")


def _repository(git: Git, facts: list[str], top: str | None) -> Repository:
    object_format, bare, shallow, git_dir, common = facts
    if object_format not in EMPTY_TREE:
        raise GitError(f"the hash {object_format} is not known", "upgrade xoxscan")
    common = os.path.normpath(os.path.join(git.cwd, common))  # git may say it from where it stands
    return Repository(git, object_format, bare == "true", shallow == "true", git_dir, common, top)


def common_dir(repository: Repository) -> str:
    """The git folder that all work trees of the repository share."""
    return repository.common


def own_folders(repository: Repository) -> list[str]:
    """The git folder that its work trees share, its own, and its work tree, if it has one."""
    return [common_dir(repository), repository.git_dir, *([repository.top] if repository.top else [])]


def shallow_commits(repository: Repository) -> frozenset[bytes]:
    """The commits whose parents were cut off by a shallow clone."""
    try:
        return frozenset(plain.read(os.path.join(common_dir(repository), "shallow")).split())
    except FileNotFoundError:
        return frozenset()


def is_partial(repository: Repository) -> bool:
    """Whether objects were left out on purpose (a promisor remote), to be fetched when needed. We never fetch."""
    pattern = r"^(extensions\.partialclone|remote\..*\.promisor)$"
    return bool(repository.git.run("config", "--get-regexp", pattern, ok=(0, 1)).strip())


def resolve(repository: Repository, revision: str) -> bytes:
    """The id of the commit that `revision` names. GitError, saying what may be done, where there is none here."""
    status, out, _ = repository.git.attempt(
        "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
    )
    oid = out.strip().split(b"\n")[-1]
    if status or not oid:
        hint = "fetch it first; in CI, check out with the whole history (fetch-depth: 0)"
        raise GitError(f"{revision} is not a commit here", hint)
    return oid


def head(repository: Repository) -> bytes | None:
    """The commit of HEAD, or None on an unborn branch. GitError where HEAD names a commit that is not here."""
    status, out, _ = repository.git.attempt("rev-parse", "--verify", "--quiet", "HEAD")
    if status == 0:
        return out.strip()
    branch = repository.git.run("symbolic-ref", "-q", "HEAD", ok=(0, 1)).strip()
    if branch and repository.git.attempt("show-ref", "--verify", "--quiet", branch)[0] == 1:
        return None
    raise GitError("HEAD does not name a commit that is here", "git fsck shows what is damaged")
