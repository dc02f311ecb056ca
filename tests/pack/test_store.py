"""Where objects are: packs that come and go, and what may not be read."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from scanner.errors import GitError
from scanner.pack import store
from tests.conftest import Repo
from tests.pack.histories import history, packs
from tests.pack.packs import agree


@pytest.fixture
def bare(tmp_path: Path) -> Repo:
    return history(tmp_path / "bare", commits=8)


def test_a_pack_that_goes_while_they_are_opened(bare: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `git gc` in another process does it: the list is made anew, and what is open stays readable."""
    opened = store._pack
    gone: list[str] = []

    def late(path: str, width: int) -> store.Pack:
        if not gone:
            gone.append(path)
            bare.git("repack", "-adfq")
        return opened(path, width)

    monkeypatch.setattr(store, "_pack", late)
    (found,) = store.packs(str(bare.path / "objects"), 20)
    bare.git("repack", "-adfq", "--depth=3")
    shutil.rmtree(bare.path / "objects/pack")
    assert bytes(found.data.data[:4]) == b"PACK"


def test_packs_that_are_replaced_all_the_time(bare: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(path: str, width: int) -> store.Pack:
        raise FileNotFoundError

    monkeypatch.setattr(store, "_pack", gone)
    with pytest.raises(GitError, match="again and again"):
        store.packs(str(bare.path / "objects"), 20)


def test_a_pack_that_comes_while_they_are_opened(bare: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = store._pack
    came: list[str] = []

    def late(path: str, width: int) -> store.Pack:
        if not came:
            came.append(path)
            bare.git("pack-objects", "-q", "objects/pack/pack", stdin=bare.git("rev-parse", "main").encode())
        return opened(path, width)

    monkeypatch.setattr(store, "_pack", late)
    assert len(store.packs(str(bare.path / "objects"), 20)) == 2


def test_nothing_there(tmp_path: Path) -> None:
    assert store.packs(str(tmp_path), 20) == []
    assert list(store.loose(str(tmp_path / "none"), 20)) == []
    assert store.alternates(str(tmp_path)) == []


def test_a_quoted_alternate(bare: Repo) -> None:
    (bare.path / "objects/info/alternates").write_text('"/some\\twhere"\n')
    with pytest.raises(GitError, match="quoted"):
        store.alternates(str(bare.path / "objects"))


@pytest.mark.parametrize("name", ["pack", "ab", "info/alternates", "pack/x"])
def test_what_may_not_be_read(name: str, unprivileged: Callable[[], None], open_folder: Path) -> None:
    objects = open_folder / "objects"
    for folder in ("pack", "ab", "info"):
        (objects / folder).mkdir(parents=True)
    (objects / "info/alternates").touch()
    (objects / "pack/x.pack").touch()
    (objects / "pack/x.idx").touch()
    for closed in [objects / name] if name != "pack/x" else [objects / "pack/x.pack", objects / "pack/x.idx"]:
        closed.chmod(0)
    unprivileged()
    with pytest.raises(GitError, match="cannot be read: Permission denied"):
        store.packs(str(objects), 20) if name.startswith("pack") else None
        list(store.loose(str(objects), 20))
        store.alternates(str(objects))


def test_a_folder_in_the_place_of_a_pack(bare: Repo) -> None:
    (path,) = packs(bare)
    path.unlink()
    path.mkdir()
    with pytest.raises(GitError, match="cannot be read"):
        agree(bare.path)


def test_what_is_no_plain_file(tmp_path: Path) -> None:
    """Nothing waits at a pipe, and a device is not read."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero"), tmp_path):
        with pytest.raises(OSError, match=r"no plain file|Is a directory"):
            store.Mapped(str(path))
