"""Moving through trees of any depth, without following a symlink."""

from __future__ import annotations

import os
import pathlib
import subprocess
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.sources.descent import Descent

DEPTH = 1400  # more than a recursive walk may go, and with 4 bytes a level more than the longest path


def content(descent: Descent, folder: bytes) -> list[str]:
    return sorted(os.listdir(descent.at(folder)))


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


@settings(deadline=None)
@given(st.lists(st.integers(0, 90), min_size=1, max_size=8))
def test_any_way_through_a_tree_leads_where_it_should(
    tmp_path_factory: pytest.TempPathFactory, depths: list[int]
) -> None:
    top = tmp_path_factory.getbasetemp() / "chain"
    if not top.exists():
        top.mkdir()
        deepen(top, 91)
    with Descent(os.fsencode(top)) as descent:
        for depth in depths:
            assert content(descent, chain(depth)) == [f"{depth:03}"]


def test_the_way_down_and_up_a_very_deep_tree(deep: pathlib.Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with Descent(os.fsencode(deep)) as descent:
        assert content(descent, chain(DEPTH)) == []
        assert len(os.listdir("/proc/self/fd")) - before < 40
        assert content(descent, chain(DEPTH - 1)) == [f"{DEPTH - 1:03}"]
        assert content(descent, chain(1)) == ["001"]
        assert content(descent, b"") == ["000"]
    assert len(os.listdir("/proc/self/fd")) == before


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


def test_neither_symlinks_nor_dots_are_followed(tmp_path: pathlib.Path) -> None:
    (tmp_path / "real" / "sub").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real")
    with Descent(os.fsencode(tmp_path / "link")) as descent:  # the root is followed: it was named
        assert content(descent, b"") == ["sub"]
    with Descent(os.fsencode(tmp_path)) as descent:
        for name in (b"link", b"link/sub", b"..", b"real/..", b"real/./sub", b"/etc", b"real//sub"):
            with pytest.raises(OSError):
                descent.at(name)
        assert content(descent, b"real") == ["sub"]


def test_a_root_must_be_a_folder(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for name in ("file", "absent"):
        with pytest.raises(OSError):
            Descent(os.fsencode(tmp_path / name))
