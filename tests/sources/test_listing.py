"""What there is to look at, in folders of all kinds."""

from __future__ import annotations

import errno
import os
import pathlib
import socket
import subprocess
from collections.abc import Callable, Iterable
from functools import partial

import pytest

from scanner.errors import GitError
from scanner.model import Problem, Skip
from scanner.sources import listing
from scanner.sources.descent import Descent
from scanner.sources.listing import BATCH, Batch, Item, Listing, batches
from tests.sources.test_descent import DEPTH, HELD_ALONE, chain, deep

__all__ = ["deep"]  # the fixture


@pytest.fixture(autouse=True, params=[pytest.param(True, marks=HELD_ALONE, id="open"), pytest.param(False, id="path")])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Through open folders, or by their paths (scanner.sources.folder)."""
    monkeypatch.setattr(listing, "Descent", partial(Descent, by_descriptor=request.param))
    return bool(request.param)


def no_git(folder: bytes) -> Listing | None:
    return None


def broken(folder: bytes) -> Listing | None:
    raise GitError("the index is damaged")


def shown(items: Iterable[Item]) -> list[bytes]:
    """The files to be read, as a report would show them."""
    return [item.shown + name for item in items if isinstance(item, Batch) for name in item.names]


def named(items: Iterable[Item]) -> list[bytes]:
    """What is not opened, but looked at by name."""
    return [item.shown + name for item in items if isinstance(item, Batch) for name in item.others]


def faults(items: Iterable[Item]) -> list[Problem | Skip]:
    return [item for item in items if not isinstance(item, Batch)]


@pytest.fixture(autouse=True)
def top(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def plant(*names: str) -> None:
    for name in names:
        path = pathlib.Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


def test_a_folder_without_git_gives_all_that_is_in_it() -> None:
    plant("b/2", "b/1", "a", "c/d/e", ".hidden")
    pathlib.Path("link").symlink_to("b")
    pathlib.Path("hollow").mkdir()
    items = list(batches([b"."], no_git))
    assert shown(items) == [b".hidden", b"a", b"link", b"b/1", b"b/2", b"c/d/e"]
    assert named(items) == [b"hollow"]
    assert not faults(items)
    assert len(items) == 1  # small folders share a batch


@pytest.mark.parametrize(
    ("path", "wanted"),
    [(b"sub", b"sub/a"), (b"./sub//", b"sub/a"), (b"sub/a", b"sub/a"), (b"./sub/a", b"sub/a"), (b"sub/../sub", None)],
)
def test_paths_are_shown_as_they_were_named(path: bytes, wanted: bytes | None) -> None:
    plant("sub/a")
    assert shown(batches([path], no_git)) == [wanted or path + b"/a"]


def test_absolute_paths_stay_absolute(top: pathlib.Path) -> None:
    plant("sub/a")
    whole = os.fsencode(top)
    assert shown(batches([whole], no_git)) == [whole + b"/sub/a"]
    assert shown(batches([whole + b"/sub/a"], no_git)) == [whole + b"/sub/a"]


def test_paths_that_overlap_give_each_file_once() -> None:
    plant("a", "sub/b", "sub/c")
    pathlib.Path("link").symlink_to("sub")
    items = list(batches([b"sub/c", b".", b"sub", b"sub/c", b"link", b"link/b"], no_git))
    assert shown(items) == [b"sub/c", b"a", b"link", b"sub/b"]


def test_many_named_files_of_a_folder_share_a_batch() -> None:
    plant(*(f"sub/{n:03}" for n in range(100)))
    [item] = batches([b"sub/%03d" % n for n in range(100)], no_git)
    assert isinstance(item, Batch)
    assert len(item.names) == 100


def test_an_absent_path_is_a_problem() -> None:
    plant("file")
    items = list(batches([b"absent", b"", b"file/below", b"file"], no_git))
    assert [fault.what for fault in faults(items)] == ["absent", "", "file/below"]
    assert all(isinstance(fault, Problem) and fault.hint for fault in faults(items))
    assert shown(items) == [b"file"]


def test_a_named_symlink_is_looked_at_and_followed(top: pathlib.Path) -> None:
    plant("sub/a", "sub/b")
    pathlib.Path("folder").symlink_to("sub")
    pathlib.Path("file").symlink_to("sub/b")
    pathlib.Path("nothing").symlink_to("absent")
    (top.parent / "outside").write_bytes(b"")
    pathlib.Path("out").symlink_to("../outside")
    assert shown(batches([b"folder"], no_git)) == [b"folder", b"folder/a", b"folder/b"]
    assert shown(batches([b"file"], no_git)) == [b"file", b"sub/b"]
    assert shown(batches([b"out"], no_git)) == [b"out", os.fsencode(top.parent / "outside")]
    items = list(batches([b"nothing"], no_git))
    assert shown(items) == [b"nothing"]
    assert [fault.what for fault in faults(items)] == ["nothing"]


def test_symlinks_that_go_round_end() -> None:
    plant("sub/a")
    pathlib.Path("sub/up").symlink_to("..")
    pathlib.Path("loop").symlink_to("loop")
    assert shown(batches([b"."], no_git)) == [b"loop", b"sub/a", b"sub/up"]
    [fault] = faults(batches([b"loop"], no_git))
    assert os.strerror(errno.ELOOP) in str(fault)


def test_what_is_no_file_is_skipped_by_kind() -> None:
    os.mkfifo("fifo")
    plant("file")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        items = list(batches([b"."], no_git))
        alone = list(batches([b"fifo", b"/dev/null"], no_git))
    assert [fault.what for fault in faults(items)] == ["fifo", "socket"]
    assert "name -" in str(faults(items)[0])
    assert named(items) == [b"fifo", b"socket"]
    assert [fault.what for fault in faults(alone)] == ["fifo", "device"]
    assert shown(items) == [b"file"]
    assert shown(alone) == []


def test_a_folder_that_may_not_be_read_is_a_problem(
    open_folder: pathlib.Path, unprivileged: Callable[[], None]
) -> None:
    plant("a", "closed/b", "z/c")
    pathlib.Path("closed").chmod(0)
    unprivileged()
    items = list(batches([b"."], no_git))
    assert shown(items) == [b"a", b"z/c"]
    assert named(items) == [b"closed"]
    assert [fault.what for fault in faults(items)] == ["closed"]
    assert [fault.what for fault in faults(batches([b"closed"], no_git))] == ["closed"]


def test_a_tree_deeper_than_any_path_may_be_long(deep: pathlib.Path, way: bool) -> None:
    items = list(batches([b"deep"], no_git))
    if not way:  # what is too deep is a problem
        [fault] = faults(items)
        assert isinstance(fault, Problem) and os.strerror(errno.ENAMETOOLONG) in fault.message
        return
    assert named(items) == [b"deep/" + chain(DEPTH)]
    assert not faults(items)


def test_a_walk_is_lazy() -> None:
    plant("a/first", "c/last")
    pathlib.Path("b").mkdir()
    os.mkfifo("b/fifo")
    items = batches([b"."], no_git)
    assert isinstance(next(items), Skip)
    pathlib.Path("c/last").unlink()
    assert shown(items) == [b"a/first"]


def test_a_large_folder_comes_in_batches() -> None:
    plant(*(f"{n:05}" for n in range(BATCH + 1)))
    items = list(batches([b"."], no_git))
    assert [len(item.names) for item in items if isinstance(item, Batch)] == [BATCH, 1]


def repository(name: str, *files: str) -> None:
    subprocess.run(["git", "init", "-q", name], check=True)
    plant(*(f"{name}/{file}" for file in files))


def test_a_repository_inside_is_left_out_and_named() -> None:
    repository("inner", "a")
    repository("inner/innermost", "b")
    plant("file")
    items = list(batches([b"."], no_git))
    assert shown(items) == [b"file"]
    assert named(items) == [b"inner"]
    [skip] = faults(items)
    assert isinstance(skip, Skip)
    assert skip.what == "nested repository"
    assert skip.reason.startswith("inner: ")
    assert "--recurse-submodules" in skip.reason


def test_a_repository_inside_is_looked_into_when_asked() -> None:
    repository("inner", "a")
    repository("inner/innermost", "b")
    plant("file")
    asked: list[bytes] = []

    def lister(folder: bytes) -> Listing | None:
        asked.append(folder)
        return None

    items = list(batches([b"."], lister, recurse=True))
    assert shown(items) == [b"file", b"inner/a", b"inner/innermost/b"]
    assert asked == [b".", b"./inner", b"./inner/innermost"]
    assert not faults(items)


def test_a_folder_named_git_hides_nothing() -> None:
    repository("real", "a")
    plant("linked/b", "named/.git/config", "named/c", "empty/d", "odd/e")
    pathlib.Path("linked/.git").write_text("gitdir: ../real/.git\n")
    pathlib.Path("empty/.git").write_bytes(b"")
    os.mkfifo("odd/.git")
    items = list(batches([b"."], no_git))
    assert shown(items) == [b"empty/.git", b"empty/d", b"named/c", b"named/.git/config", b"odd/e"]
    assert [fault.what for fault in faults(items)] == ["nested repository", "fifo", "nested repository"]
    assert shown(batches([b"real"], no_git)) == [b"real/a"]
    assert b"real/.git/HEAD" in shown(batches([b"real/.git"], no_git))


def test_without_ignoring_git_is_not_asked() -> None:
    repository(".", "a")
    assert shown(batches([b"."], broken, no_ignore=True)) == [b"a"]


def test_where_git_fails_everything_is_looked_at_and_it_is_a_problem() -> None:
    repository(".", "a")
    items = list(batches([b"."], broken))
    assert shown(items) == [b"a"]
    [fault] = faults(items)
    assert isinstance(fault, Problem)
    assert "the index is damaged" in fault.message
    assert "--no-ignore" in fault.hint


def test_a_folder_that_vanished_is_a_problem() -> None:
    def lister(folder: bytes) -> Listing | None:
        os.rmdir(folder)
        return Listing(())

    pathlib.Path("sub").mkdir()
    [fault] = faults(batches([b"sub"], lister))
    assert isinstance(fault, Problem)
    assert fault.what == "sub"


def test_a_submodule_reached_through_a_symlink_is_left_out() -> None:
    repository("elsewhere/sub", "a")
    pathlib.Path("work").mkdir()
    pathlib.Path("work/link").symlink_to("../elsewhere")
    listing = Listing((b"x",), submodules=(b"link/sub",))
    items = list(batches([b"work"], lambda folder: listing if folder == b"work" else None, recurse=True))
    assert shown(items) == [b"work/x"]
    assert "symlink" in str(faults(items))
