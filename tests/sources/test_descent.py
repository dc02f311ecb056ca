"""Moving through trees of any depth, without following a symlink."""

from __future__ import annotations

import errno
import os
import pathlib
import stat
import subprocess
from collections.abc import Iterator
from typing import NamedTuple, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.sources.descent import Descent
from scanner.sources.folder import HELD, Folder, leads_away, root, single, stored

HELD_ALONE = pytest.mark.skipif(not HELD, reason="this system looks up no name from an open folder")
DEPTH = 1400  # more than a recursive walk may go, and with 4 bytes a level more than the longest path


both = pytest.mark.parametrize(
    "held", [pytest.param(True, marks=HELD_ALONE, id="open"), pytest.param(False, id="path")]
)


def content(descent: Descent, folder: bytes) -> list[str]:
    with descent.at(folder).entries() as entries:
        return sorted(os.fsdecode(entry.name) for entry in entries)


def deepen(top: pathlib.Path, depth: int) -> None:
    """Makes `depth` folders, each in the last one."""
    folder = os.open(top, os.O_RDONLY)
    for level in range(depth):
        name = f"{level:03}"
        os.mkdir(name, dir_fd=folder)
        inner = os.open(name, os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    os.close(folder)


@pytest.fixture
def deep(tmp_path: pathlib.Path) -> Iterator[pathlib.Path]:
    (tmp_path / "deep").mkdir()
    deepen(tmp_path / "deep", DEPTH)
    yield tmp_path / "deep"
    subprocess.run(["rm", "-rf", tmp_path / "deep"], check=True)  # shutil.rmtree of 3.11 is recursive


def chain(depth: int) -> bytes:
    return b"/".join(b"%03d" % level for level in range(depth))


@both
@settings(deadline=None)
@given(depths=st.lists(st.integers(0, 90), min_size=1, max_size=8))
def test_any_way_through_a_tree_leads_where_it_should(
    tmp_path_factory: pytest.TempPathFactory, held: bool, depths: list[int]
) -> None:
    top = tmp_path_factory.getbasetemp() / "chain"
    if not top.exists():
        (top / os.fsdecode(chain(91))).mkdir(parents=True)
    with Descent(os.fsencode(top), held) as descent:
        for depth in depths:
            assert content(descent, chain(depth)) == [f"{depth:03}"]


@HELD_ALONE
def test_the_way_down_and_up_a_very_deep_tree(deep: pathlib.Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with Descent(os.fsencode(deep)) as descent:
        assert content(descent, chain(DEPTH)) == []
        assert len(os.listdir("/proc/self/fd")) - before < 40
        assert content(descent, chain(DEPTH - 1)) == [f"{DEPTH - 1:03}"]
        assert content(descent, chain(1)) == ["001"]
        assert content(descent, b"") == ["000"]
    assert len(os.listdir("/proc/self/fd")) == before


@HELD_ALONE
def test_a_folder_that_was_moved_away_is_an_error_and_then_forgotten(tmp_path: pathlib.Path) -> None:
    (tmp_path / "top").mkdir()
    (tmp_path / "elsewhere").mkdir()
    deepen(tmp_path / "top", 50)
    with Descent(os.fsencode(tmp_path / "top")) as descent:
        descent.at(chain(50))
        (tmp_path / "top" / os.fsdecode(chain(5))).rename(tmp_path / "elsewhere" / "moved")
        with pytest.raises(OSError, match="moved away"):
            descent.at(b"000")
        assert content(descent, b"000") == ["001"]


@both
def test_neither_symlinks_nor_dots_are_followed(tmp_path: pathlib.Path, held: bool) -> None:
    (tmp_path / "real" / "sub").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real")
    with Descent(os.fsencode(tmp_path / "link"), held) as descent:  # the root is followed: it was named
        assert content(descent, b"") == ["sub"]
    with Descent(os.fsencode(tmp_path), held) as descent:
        for name in (b"link", b"link/sub", b"..", b"real/..", b"real/./sub", b"/etc", b"real//sub"):
            with pytest.raises(OSError):
                descent.at(name)
        assert content(descent, b"real") == ["sub"]


@both
def test_a_root_must_be_a_folder(tmp_path: pathlib.Path, held: bool) -> None:
    (tmp_path / "file").write_bytes(b"")
    for name in ("file", "absent"):
        with pytest.raises(OSError):
            Descent(os.fsencode(tmp_path / name), held)


@both
def test_what_is_in_a_folder_is_opened_but_not_what_leads_away(tmp_path: pathlib.Path, held: bool) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "file").write_bytes(b"content")
    (tmp_path / "sub" / "link").symlink_to("file")
    with Descent(os.fsencode(tmp_path), held) as descent:
        folder = descent.at(b"sub")
        with open(folder.open(b"file"), "rb") as file:
            assert file.read() == b"content"
        with pytest.raises(OSError) as caught:
            folder.open(b"link")
        assert caught.value.errno == errno.ELOOP
        assert folder.readlink(b"link") == b"file"
        assert leads_away(folder.lstat(b"link")) and not leads_away(folder.lstat(b"file"))
        assert descent.at(b"").lstat(b"sub", b"file").st_size == 7


def test_by_path_a_pipe_is_not_waited_for(tmp_path: pathlib.Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with Descent(os.fsencode(tmp_path), False) as descent, pytest.raises(OSError):
        descent.at(b"").open(b"fifo")


def test_a_name_that_a_system_cannot_have_is_an_error_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Folder(None, b"./")
    for name in (b"", b"..", b"a/b", b"NUL\0"):
        for look in (folder.open, folder.lstat, folder.readlink):
            with pytest.raises(OSError):
                look(name)


@pytest.mark.parametrize("name", [b"a\\b", b"..\\outside", b"C:", b"file:stream", b"a/b", b"."])
def test_what_parts_names_on_windows_is_in_none(name: bytes) -> None:
    with pytest.raises(OSError):
        single(name, b"/\\:")
    single(b"a b. ", b"/\\\\:")


@pytest.mark.parametrize(
    ("named", "whole"),
    [
        (rb"C:\work", rb"\\?\C:\work"),
        (rb"C:/work/./a/../b/", rb"\\?\C:\work\b"),
        (rb"\\server\share\a", rb"\\?\UNC\server\share\a"),
        (rb"\\?\C:\work", rb"\\?\C:\work"),
        (rb"\\.\pipe\a", rb"\\.\pipe\a"),
    ],
)
def test_a_root_is_whole_on_windows(named: bytes, whole: bytes) -> None:
    assert root(named, windows=True) == whole


class Status(NamedTuple):
    """What Windows says of a file."""

    st_mode: int
    st_reparse_tag: int
    st_size: int = 5000


@pytest.mark.parametrize(
    ("mode", "tag", "away"),
    [
        (stat.S_IFLNK, 0xA000000C, True),  # a symlink
        (stat.S_IFDIR, 0xA0000003, True),  # a junction
        (stat.S_IFREG, 0xA000001D, True),  # a symlink of WSL
        (stat.S_IFREG, 0x9000301A, False),  # a file that is in OneDrive
        (stat.S_IFDIR, 0, False),
    ],
)
def test_what_leads_away_on_windows(mode: int, tag: int, away: bool) -> None:
    assert leads_away(cast(os.stat_result, Status(mode, tag))) is away
    assert stored(cast(os.stat_result, Status(mode, tag))) == 5000
