from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import pytest

from scanner.git.lfs import Around, Store, store
from scanner.git.repository import Repository, find
from tests.conftest import Repo

CONTENT = b"content"
OID = sha256(CONTENT).hexdigest()


def put(objects: Path) -> None:
    folder = objects / OID[:2] / OID[2:4]
    folder.mkdir(parents=True)
    (folder / OID).write_bytes(CONTENT)


def at(folder: Path | str) -> Repository:
    return find(str(folder), os.environ, own=False)


def content(kept: Store) -> bytes | None:
    file = kept.open(OID)
    if file is None:
        return None
    with file:
        return file.read()


@pytest.mark.parametrize("setting", ["", "media/lfs", "absolute", "~/of mine"])
def test_where_objects_are(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    named = str(tmp_path / "elsewhere") if setting == "absolute" else setting
    if named:
        repo.git("config", "lfs.storage", named)
    assert content(store(at(repo.path))) is None
    put((repo.path / ".git" / (os.path.expanduser(named) or "lfs")) / "objects")
    assert content(store(at(repo.path))) == CONTENT


def test_a_linked_work_tree_and_a_repository_that_borrows(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"a": b"a"})
    put(repo.path / ".git/lfs/objects")
    repo.git("worktree", "add", str(tmp_path / "linked"))
    repo.git("clone", "-q", "--shared", str(repo.path), str(tmp_path / "borrower"))
    repo.git("clone", "-q", str(repo.path), str(tmp_path / "other"))
    every = [content(store(at(tmp_path / name))) for name in ("linked", "borrower", "other")]
    assert every == [CONTENT, CONTENT, None]


def test_alternates_that_are_no_file(repo: Repo) -> None:
    repository = at(repo.path)
    put(repo.path / ".git/lfs/objects")
    os.mkfifo(repo.path / ".git/objects/info/alternates")
    assert content(store(repository)) == CONTENT


@pytest.mark.parametrize("kind", ["pipe", "link", "folder"])
def test_what_is_no_plain_file(repo: Repo, kind: str) -> None:
    put(repo.path / ".git/lfs/objects")
    path = repo.path / ".git/lfs/objects" / OID[:2] / OID[2:4] / OID
    path.rename(path.with_name("moved"))
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "link":
        path.symlink_to("moved")
    else:
        path.mkdir()
    with pytest.raises(OSError):
        store(at(repo.path)).open(OID)


def test_a_file_in_place_of_a_folder(repo: Repo) -> None:
    (repo.path / ".git/lfs").write_bytes(b"")
    assert store(at(repo.path)).open(OID) is None


def test_the_store_around_a_folder(repo: Repo, tmp_path: Path) -> None:
    asked: list[str] = []

    def finds(folder: str) -> Repository:
        asked.append(folder)
        return at(folder)

    around = Around(finds)
    (repo.path / "a/b").mkdir(parents=True)
    stores = [around.store(str(repo.path / name)) for name in ("a/b", "a", "")]
    assert stores == [store(at(repo.path))] * 3
    assert asked == [os.path.realpath(repo.path)]
    assert around.store("/") == Store()
