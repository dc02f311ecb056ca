"""Repositories of every kind that the program may meet, each with two planted tokens: 1 in old.txt, which a later
commit removes, and 2 in now.txt. All of them are made with the real git."""

from __future__ import annotations

import os
import shutil
import zlib
from pathlib import Path

import pytest

from tests.conftest import Repo, token


def opened(path: Path) -> Repo:
    """A repository that is there already."""
    repo = Repo.__new__(Repo)
    repo.path = path
    return repo


def plain(folder: Path, *options: str) -> Repo:
    """Three commits in `folder`/repo."""
    repo = Repo(folder / "repo", *options)
    repo.commit({"old.txt": token(seed=1) + b"\n"}, "the first")
    repo.git("rm", "-q", "old.txt")
    repo.commit({"now.txt": token(seed=2) + b"\n"}, "the second")
    repo.commit({"clean.txt": b"nothing here\n"}, "the third")
    return repo


def cloned(folder: Path, *options: str, source: Repo | None = None) -> Repo:
    """A clone of it, as over the network."""
    source = source or plain(folder)
    source.git("clone", "-q", "--no-local", *options, f"file://{source.path}", str(folder / "clone"))
    return opened(folder / "clone")


def partial(folder: Path) -> Repo:
    """A clone without any blob but those that are checked out; whoever fetches more leaves a mark."""
    source = plain(folder)
    source.git("config", "uploadpack.allowFilter", "true")
    clone = cloned(folder, "--filter=blob:none", source=source)
    trap = folder / "upload-pack"
    trap.write_text(f'#!/bin/sh\ntouch {folder}/fetched\nexec git-upload-pack "$@"\n')
    trap.chmod(0o755)
    clone.git("config", "remote.origin.uploadpack", str(trap))
    return clone


def borrowing(folder: Path) -> Repo:
    """A clone that borrows all objects of another repository, in which there is a third token on a branch of its own,
    and a fourth that the clone holds itself."""
    source = plain(folder)
    source.git("clone", "-q", "--shared", str(source.path), str(folder / "clone"))
    source.commit({"later.txt": token(seed=3) + b"\n"}, "later")
    clone = opened(folder / "clone")
    clone.commit({"mine.txt": token(seed=4) + b"\n"}, "mine")
    return clone


def replaced(folder: Path) -> Repo:
    """Where both tokens' blobs are replaced by harmless ones."""
    repo = plain(folder)
    harmless = repo.git("hash-object", "-w", "--stdin", stdin=b"nothing\n")
    for name in ("HEAD~2:old.txt", "HEAD:now.txt"):
        repo.git("replace", repo.git("rev-parse", name), harmless)
    return repo


def grafted(folder: Path) -> Repo:
    """Where grafts hide all commits but the last."""
    repo = plain(folder)
    (repo.path / ".git/info/grafts").write_text(repo.git("rev-parse", "HEAD") + "\n")
    return repo


def loose(repo: Repo, name: str) -> Path:
    """The file of a loose object."""
    oid = repo.git("rev-parse", name)
    return repo.path / ".git/objects" / oid[:2] / oid[2:]


def absent(folder: Path, name: str = "HEAD~2:old.txt") -> Repo:
    """Without one object: the blob of the first token."""
    repo = plain(folder)
    loose(repo, name).unlink()
    return repo


def damaged_header(folder: Path) -> Repo:
    """Where the blob of the first token is no object at all."""
    repo = plain(folder)
    path = loose(repo, "HEAD~2:old.txt")
    path.chmod(0o644)
    path.write_bytes(b"this is not what zlib makes")
    return repo


def damaged_content(folder: Path) -> Repo:
    """Where the blob of the first token is cut off after its header, in the middle of a compressed block."""
    repo = plain(folder)
    path = loose(repo, "HEAD~2:old.txt")
    packed = zlib.compress(b"blob 100000\0" + os.urandom(100000))
    path.chmod(0o644)
    path.write_bytes(packed[:50000])
    return repo


def packed(folder: Path) -> Repo:
    """In one pack."""
    repo = plain(folder)
    repo.git("repack", "-q", "-a", "-d")
    return repo


def damaged_pack(folder: Path) -> Repo:
    """In a pack in which the bytes of one large blob (not of the tokens) are wrong."""
    repo = plain(folder)
    repo.commit({"large.bin": os.urandom(200_000)}, "large")
    repo.git("repack", "-q", "-a", "-d")
    oid = repo.git("rev-parse", "HEAD:large.bin")
    (pack,) = (repo.path / ".git/objects/pack").glob("*.pack")
    listed = repo.git("verify-pack", "-v", str(pack))
    offset = next(int(line.split()[4]) for line in listed.splitlines() if line.startswith(oid))
    pack.chmod(0o644)
    data = bytearray(pack.read_bytes())
    data[offset + 50_000 : offset + 60_000] = bytes(10_000)
    pack.write_bytes(data)
    return repo


def truncated_pack(folder: Path) -> Repo:
    """In a pack of which the second half is missing."""
    repo = packed(folder)
    (pack,) = (repo.path / ".git/objects/pack").glob("*.pack")
    pack.chmod(0o644)
    pack.write_bytes(pack.read_bytes()[: pack.stat().st_size // 2])
    return repo


def foreign(folder: Path) -> Repo:
    """Owned by somebody else."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    repo = plain(folder)
    for path in (repo.path, *repo.path.rglob("*")):
        os.lchown(path, 12345, 12345)
    return repo


def worktree(folder: Path) -> Repo:
    """A linked work tree on a branch of its own."""
    repo = plain(folder)
    repo.git("worktree", "add", "-q", "-b", "side", str(folder / "linked"))
    return opened(folder / "linked")


def with_submodule(folder: Path) -> Repo:
    """A clean repository with a submodule, which holds the tokens."""
    inner = plain(folder)
    repo = Repo(folder / "outer")
    repo.git("submodule", "--quiet", "add", str(inner.path), "part")
    repo.commit({"clean.txt": b"nothing here\n"}, "a part")
    return repo


def deinitialized(folder: Path) -> Repo:
    """The same after `git submodule deinit`: its repository is kept inside of .git."""
    repo = with_submodule(folder)
    repo.git("submodule", "--quiet", "deinit", "-f", "part")
    return repo


def without_submodule(folder: Path) -> Repo:
    """A fresh clone of it: its repository is not here."""
    repo = with_submodule(folder)
    return cloned(folder, source=repo)


def many_refs(folder: Path) -> Repo:
    """With 50,000 refs, packed as `git pack-refs` does it (making them one by one takes half a minute)."""
    repo = plain(folder)
    oid = repo.git("rev-parse", "HEAD")
    lines = sorted(f"{oid} refs/tags/v{number}\n" for number in range(50_000))
    (repo.path / ".git/packed-refs").write_text("# pack-refs with: peeled fully-peeled sorted \n" + "".join(lines))
    assert repo.git("tag", "-l").count("\n") == 49_999
    return repo


def empty(folder: Path) -> Repo:
    """Just made."""
    return Repo(folder / "repo")


def none(folder: Path) -> Repo:
    """A folder."""
    (folder / "none").mkdir()
    return opened(folder / "none")


def detached(folder: Path) -> Repo:
    """HEAD on no branch, and no branch that leads there."""
    repo = plain(folder)
    repo.git("checkout", "-q", "--detach")
    repo.git("branch", "-q", "-D", "main")
    return repo


def unborn(folder: Path) -> Repo:
    """HEAD on a branch that is not there yet, beside another that is."""
    repo = plain(folder)
    repo.git("symbolic-ref", "HEAD", "refs/heads/other")
    return repo


def headless(folder: Path) -> Repo:
    """HEAD on a commit that is not here."""
    repo = plain(folder)
    (repo.path / ".git/HEAD").write_text("12" * 20 + "\n")
    return repo


def broken_ref(folder: Path) -> Repo:
    """With a ref to what is not here."""
    repo = plain(folder)
    (repo.path / ".git/refs/heads/broken").write_text("12" * 20 + "\n")
    return repo


def orphaned(folder: Path) -> Repo:
    """A dropped commit whose parent was pruned already."""
    repo = plain(folder)
    tree = repo.git("rev-parse", "HEAD^{tree}")
    raw = f"tree {tree}\nparent {'12' * 20}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nlost\n"
    repo.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=raw.encode())
    return repo


def strange_names(folder: Path) -> Repo:
    """The tokens in files whose names hold a line feed, a tab, quotes and bytes that are not UTF-8."""
    repo = Repo(folder / "re\npo")
    for seed, name in ((1, b'old\n"\t.txt'), (2, b"now\xff\xfe.txt")):
        repo.write(name, token(seed=seed) + b"\n")
        repo.git("add", "--", name)
        repo.git("commit", "-q", "-m", f"with {seed}")
    return repo


def reftable(folder: Path) -> Repo:
    """With refs in a table."""
    return plain(folder, "--ref-format=reftable")


def lying_graph(folder: Path) -> Repo:
    """With a commit-graph that belongs to another history."""
    repo = plain(folder)
    (folder / "other").mkdir()
    other = Repo(folder / "other/repo")
    other.commit({"a": b"a"}, "another")
    other.git("commit-graph", "write", "--reachable")
    shutil.copytree(other.path / ".git/objects/info", repo.path / ".git/objects/info", dirs_exist_ok=True)
    return repo
