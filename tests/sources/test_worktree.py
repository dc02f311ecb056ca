"""What git says of a work tree, asked of real repositories."""

from __future__ import annotations

import os
import pathlib
import subprocess
from collections.abc import Callable, Iterable

import pytest

from scanner.errors import GitError
from scanner.git.run import sealed
from scanner.model import Problem, Skip
from scanner.sources.listing import Batch, Item, Listing, batches
from scanner.sources.worktree import lister

ask = lister(lambda folder: sealed(folder, os.environ, own=False))


def git(*arguments: str, cwd: pathlib.Path | str = ".") -> None:
    identity = ["-c", "user.name=A U Thor", "-c", "user.email=author@example.com", "-c", "protocol.file.allow=always"]
    subprocess.run(["git", *identity, *arguments], cwd=cwd, check=True, capture_output=True)


def plant(*names: str, content: str = "") -> None:
    for name in names:
        path = pathlib.Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def listed(folder: bytes = b".") -> Listing:
    listing = ask(folder)
    assert listing is not None
    return listing


def files(items: Iterable[Item]) -> list[bytes]:
    return [item.shown + name for item in items if isinstance(item, Batch) for name in item.names]


def faults(items: Iterable[Item]) -> list[Problem | Skip]:
    return [item for item in items if not isinstance(item, Batch)]


@pytest.fixture(autouse=True)
def top(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """A repository with one commit, and we stand in it."""
    (tmp_path / "top").mkdir()
    monkeypatch.chdir(tmp_path / "top")
    git("init", "-q")
    plant("tracked", "sub/tracked")
    plant(".gitignore", content="ignored*\n")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    return tmp_path / "top"


def test_tracked_and_untracked_files_but_not_ignored_ones() -> None:
    plant("ignored", "ignored-folder/file", "new", "sub/ignored", "sub/new", "ignored-but-tracked")
    git("add", "-f", "ignored-but-tracked")
    assert listed().names == (b".gitignore", b"ignored-but-tracked", b"new", b"sub/new", b"sub/tracked", b"tracked")
    assert listed(b"sub").names == (b"new", b"tracked")


def test_names_of_any_bytes(top: pathlib.Path) -> None:
    names = {b"new\nline", b"\xff\xfe", b'quo"te', b"tab\t", b"R gone", b"H 100644 file", b" "}
    for name in names:
        (top / os.fsdecode(name)).write_bytes(b"")
    assert names <= set(listed().names)
    git("add", ".")
    assert names <= set(listed().names)


def test_files_that_were_deleted_are_not_missed() -> None:
    pathlib.Path("tracked").unlink()
    pathlib.Path("sub/tracked").unlink()
    pathlib.Path("sub").rmdir()
    assert listed().names == (b".gitignore",)


def test_a_folder_in_the_place_of_a_file_and_the_other_way_round() -> None:
    pathlib.Path("tracked").unlink()
    plant("tracked/inner", "other/file")
    pathlib.Path("sub").rename("moved")
    pathlib.Path("sub").symlink_to("moved")
    assert listed().names == (b".gitignore", b"moved/tracked", b"other/file", b"sub", b"tracked/inner")


def test_a_conflict_is_listed_once() -> None:
    git("checkout", "-q", "-b", "side")
    plant("tracked", content="one")
    git("commit", "-q", "-a", "-m", "one")
    git("checkout", "-q", "-")
    plant("tracked", content="two")
    git("commit", "-q", "-a", "-m", "two")
    with pytest.raises(subprocess.CalledProcessError):
        git("merge", "side")
    assert listed().names == (b".gitignore", b"sub/tracked", b"tracked")


def test_a_sparse_checkout_lists_what_is_checked_out() -> None:
    git("sparse-checkout", "set", "--no-cone", "/tracked")
    assert listed().names == (b"tracked",)
    plant("sub/tracked")
    assert listed().names == (b"sub/tracked", b"tracked")


@pytest.fixture
def submodules(top: pathlib.Path) -> None:
    """A submodule, one that is not checked out, and a repository that is no submodule."""
    library = top.parent / "library"
    library.mkdir()
    git("init", "-q", cwd=library)
    (library / "code").write_bytes(b"")
    git("add", ".", cwd=library)
    git("commit", "-q", "-m", "code", cwd=library)
    git("submodule", "add", "-q", str(library), "lib")
    git("submodule", "add", "-q", str(library), "sub/hollow")
    git("commit", "-q", "-m", "submodules")
    git("submodule", "deinit", "-q", "sub/hollow")
    git("clone", "-q", str(library), "nested")


@pytest.mark.usefixtures("submodules")
def test_repositories_inside_are_told_from_files() -> None:
    assert listed().submodules == (b"lib", b"sub/hollow")
    assert listed().nested == (b"nested",)
    assert listed().names == (b".gitignore", b".gitmodules", b"sub/tracked", b"tracked")


@pytest.mark.usefixtures("submodules")
def test_repositories_inside_are_skipped_unless_asked_for() -> None:
    items = list(batches([b"."], ask))
    assert [(fault.what, str(fault)) for fault in faults(items) if "--recurse-submodules" not in str(fault)] == []
    assert [fault.what for fault in faults(items)] == ["submodule", "submodule", "nested repository"]
    plant("lib/new")
    items = list(batches([b"."], ask, recurse=True))
    assert faults(items) == [Skip("submodule", "sub/hollow: not checked out")]
    assert files(items)[-3:] == [b"lib/code", b"lib/new", b"nested/code"]


@pytest.mark.usefixtures("submodules")
def test_a_submodule_that_was_replaced_or_removed() -> None:
    git("rm", "-q", "--cached", "sub/hollow")
    pathlib.Path("lib").rename("nested/lib")
    assert listed().submodules == ()
    plant("lib")
    assert listed().submodules == ()
    assert b"lib" in listed().names


def test_outside_of_any_work_tree_git_is_not_started(top: pathlib.Path) -> None:
    (top.parent / "plain").mkdir()
    never = lister(lambda folder: pytest.fail("git was started"))
    assert never(os.fsencode(top.parent / "plain")) is None


def test_a_git_folder_a_bare_repository_and_a_false_one_are_folders_like_any_other(top: pathlib.Path) -> None:
    git("init", "-q", "--bare", "../bare")
    (top.parent / "false" / ".git").mkdir(parents=True)
    for folder in (".git", "../bare", "../false"):
        assert ask(os.fsencode(folder)) is None


def test_a_damaged_index_is_an_error() -> None:
    pathlib.Path(".git/index").write_bytes(b"DIRC")
    with pytest.raises(GitError, match="index"):
        ask(b".")
    items = list(batches([b"."], ask))
    assert files(items) == [b".gitignore", b"tracked", b"sub/tracked"]
    assert len(faults(items)) == 1


def test_a_folder_that_git_ignores_is_not_a_green_nothing() -> None:
    plant("ignored/file")
    [skip] = batches([b"ignored"], ask)
    assert isinstance(skip, Skip)
    assert skip.what == "ignored folder"
    assert "--no-ignore" in skip.reason
    assert files(batches([b"ignored"], ask, no_ignore=True)) == [b"ignored/file"]
    assert files(batches([b"ignored/file"], ask)) == [b"ignored/file"]


def test_a_folder_that_git_cannot_read_is_a_problem(
    open_folder: pathlib.Path, unprivileged: Callable[[], None]
) -> None:
    git("init", "-q")
    plant("it's closed/a", "b")
    pathlib.Path("it's closed").chmod(0)
    unprivileged()
    items = list(batches([b"."], ask))
    assert files(items) == [b"b"]
    [fault] = faults(items)
    assert isinstance(fault, Problem)
    assert fault.what == "it's closed/"
    assert "Permission denied" in fault.message
