"""Named files: where they stand, and what may not be read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from scanner.git.changes import Change
from scanner.git.objects import Cat
from scanner.git.repository import find
from scanner.sources import named
from scanner.sources.looker import LARGE
from scanner.sources.staged import staged
from tests.conftest import Repo


def test_paths_are_from_the_top(tmp_path: Path) -> None:
    top = tmp_path / "top"
    (top / "real/deep").mkdir(parents=True)
    (top / "linked").symlink_to("real")
    (tmp_path / "other name").symlink_to("top")
    names = [
        b"%b/%b" % (os.fsencode(tmp_path), rest) for rest in (b"top/a", b"top/linked/deep/b", b"other name/c/", b"d")
    ]
    found = named.paths(names, os.fsencode(tmp_path / "other name"))
    assert found == dict(zip([b"a", b"real/deep/b", b"c", b"../d"], names, strict=True))


def test_what_is_named_twice_is_one_file(tmp_path: Path) -> None:
    here = os.fsencode(tmp_path)
    assert list(named.paths([here + b"/a", here + b"//a", here + b"/./a"], here)) == [b"a"]


def test_what_may_not_be_read_is_a_problem(unprivileged: Callable[[], None], open_folder: Path) -> None:
    """`open_folder` is the current one, so that somebody without privileges finds the way to it."""
    repo = Repo(open_folder / "repo")
    for name in ("staged.env", "loose.env"):
        repo.write(name, b"text").chmod(0o644)
    repo.write("below/deep.env", b"text")
    repo.git("add", "staged.env")
    found = find(str(repo.path), os.environ, own=False)
    change = staged(found).change
    for name in ("staged.env", "loose.env", "below"):
        (repo.path / name).chmod(0)
    files = {name: os.fsencode(repo.path) + b"/" + name for name in (b"loose.env", b"staged.env", b"below/deep.env")}
    with Cat(found.git) as cat:
        list(cat.contents([b"HEAD"]))  # git is started before
        unprivileged()
        result = {each.path: each for each in named.compare(found, cat, change, files)}
    states = {path: (each.state, each.problem and each.problem.message) for path, each in result.items()}
    if os.geteuid() == repo.path.stat().st_uid:
        (repo.path / "below").chmod(0o755)  # or it could not be removed
    assert states == {
        b"staged.env": ("staged", "cannot be read: Permission denied"),
        b"loose.env": ("unread", "cannot be read: Permission denied"),
        b"below/deep.env": ("unread", "cannot be read: Permission denied"),
    }


def test_the_end_of_a_large_file_counts(repo: Repo) -> None:
    """Beyond what is read whole, pieces are compared; the last one ends where the file does."""
    size = LARGE + (1 << 20)
    repo.write("large", b"x" * size)
    repo.git("add", "large")
    found = find(str(repo.path), os.environ, own=False)
    change: Change = staged(found).change

    def state() -> str:
        with Cat(found.git) as cat:
            (each,) = named.compare(found, cat, change, {b"large": b"large"})
            if each.file:
                assert each.file.tell() == 0
                each.file.close()
        return each.state

    assert state() == "staged"
    with (repo.path / "large").open("r+b") as file:
        file.seek(size - 1)
        file.write(b"y")
    assert state() == "on disk"
    with (repo.path / "large").open("r+b") as file:
        file.truncate(size - 1)
    assert state() == "on disk"
    with (repo.path / "large").open("ab") as end:
        end.write(b"xx")
    assert state() == "on disk"
