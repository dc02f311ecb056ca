"""Pieces of files, folders and stdin: all that is there, each with its place, whatever stands in the way."""

from __future__ import annotations

import errno
import io
import os
import pathlib
import re
import socket
from collections.abc import Callable, Iterable, Iterator
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.model import Coverage, Position, Problem, Skip
from scanner.positions import position
from scanner.sources import files
from scanner.sources.descent import Descent
from scanner.sources.files import Piece, Seen, Sizes, read, read_stdin, walk
from scanner.sources.listing import Batch
from tests.conftest import HOLES
from tests.sources.test_descent import HELD_ALONE

NEEDLE = b"needle"
SMALL = Sizes(whole=64, window=64, overlap=16, margin=8, large=64)


@pytest.fixture(autouse=True, params=[pytest.param(True, marks=HELD_ALONE, id="open"), pytest.param(False, id="path")])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Through open folders, or by their paths (scanner.sources.folder)."""
    monkeypatch.setattr(files, "Descent", partial(Descent, by_descriptor=request.param))
    return bool(request.param)


def may_hold(data: bytes) -> bool:
    return NEEDLE in data


def everything(data: bytes) -> bool:
    return True


def places(items: Iterable[Seen]) -> list[tuple[bytes | None, str, Position]]:
    """Where the needle stands: path, source, position."""
    return [
        (piece.path, piece.source, position(window.data, *match.span(), window.line, window.column))
        for piece in items
        if isinstance(piece, Piece)
        for window in [piece.window]
        for match in re.finditer(NEEDLE, window.data)
        if window.owns(match.start())
    ]


def covered(items: Iterable[Seen]) -> tuple[int, int]:
    """Files and bytes looked at."""
    parts = [item for item in items if isinstance(item, Coverage)]
    return sum(part.files or 0 for part in parts), sum(part.bytes or 0 for part in parts)


def faults(items: Iterable[Seen]) -> list[Problem | Skip]:
    return [item for item in items if isinstance(item, (Problem, Skip))]


def batch(folder: pathlib.Path, *names: bytes) -> Batch:
    return Batch(os.fsencode(folder), b"", names)


def at(line: int, column: int) -> Position:
    return Position(line, column, line, column + len(NEEDLE))


def test_files_of_a_batch_are_read_and_counted(tmp_path: pathlib.Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "a").write_bytes(b"one\n  needle\n")
    (tmp_path / "sub" / "b").write_bytes(b"nothing")
    (tmp_path / "sub" / "c").write_bytes(b"\xef\xbb\xbfneedle")
    (tmp_path / "empty").write_bytes(b"")
    items = list(read(Batch(os.fsencode(tmp_path), b"top/", (b"a", b"empty", b"sub/b", b"sub/c")), may_hold))
    assert places(items) == [(b"top/a", "worktree", at(2, 3)), (b"top/sub/c", "worktree", at(1, 1))]
    assert covered(items) == (4, 13 + 7 + 9)


def test_names_are_looked_at_also_those_of_what_is_not_opened(tmp_path: pathlib.Path) -> None:
    (tmp_path / "needle").mkdir()
    (tmp_path / "needle" / "file").write_bytes(b"")
    given = Batch(os.fsencode(tmp_path), "é/".encode(), (b"needle/file",), (b"x\nneedle", b"plain"))
    assert places(read(given, may_hold)) == [
        ("é/needle/file".encode(), "path-name", at(1, 3)),
        ("é/x\nneedle".encode(), "path-name", at(2, 1)),
    ]
    assert list(read(Batch(b"absent", b"", (), (b"plain",)), may_hold)) == []


def test_names_are_bytes(tmp_path: pathlib.Path) -> None:
    name = b"\xff\n\xe2\x82"
    (tmp_path / os.fsdecode(name)).write_bytes(NEEDLE)
    assert places(read(batch(tmp_path, name), may_hold)) == [(name, "worktree", at(1, 1))]


def test_the_target_of_a_symlink_is_looked_at_and_not_followed(tmp_path: pathlib.Path) -> None:
    (tmp_path / "secret").write_bytes(NEEDLE)
    (tmp_path / "to-file").symlink_to("secret")
    (tmp_path / "to-nothing").symlink_to("some/needle")
    items = list(read(batch(tmp_path, b"to-file", b"to-nothing"), may_hold))
    assert places(items) == [(b"to-nothing", "symlink", at(1, 6))]
    assert covered(items) == (2, 6 + 11)
    assert not faults(items)


def test_a_symlink_in_the_place_of_a_folder_is_not_followed(tmp_path: pathlib.Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "file").write_bytes(NEEDLE)
    (tmp_path / "link").symlink_to("real")
    items = list(read(batch(tmp_path, b"link/file", b"real/file"), may_hold))
    assert [fault.what for fault in faults(items)] == ["link/file"]
    assert [place[0] for place in places(items)] == [b"real/file"]


def test_what_is_gone_is_a_problem_and_the_rest_is_read(tmp_path: pathlib.Path) -> None:
    (tmp_path / "z").write_bytes(NEEDLE)
    items = list(read(batch(tmp_path, b"file", b"folder/a", b"folder/b", b"z"), may_hold))
    assert [fault.what for fault in faults(items)] == ["file", "folder/a", "folder/b"]
    assert all(isinstance(fault, Problem) and "vanished" in fault.hint for fault in faults(items))
    assert [place[0] for place in places(items)] == [b"z"]
    assert covered(items) == (1, 6)


def test_a_root_that_is_gone_is_a_problem(tmp_path: pathlib.Path) -> None:
    [fault] = faults(read(batch(tmp_path / "gone", b"a", b"b"), may_hold))
    assert isinstance(fault, Problem)
    assert fault.what == str(tmp_path / "gone")


def test_names_that_lead_out_of_the_root_are_problems(tmp_path: pathlib.Path) -> None:
    (tmp_path / "outside").write_bytes(NEEDLE)
    (tmp_path / "root").mkdir()
    items = list(read(batch(tmp_path / "root", b"../outside", b"/etc/passwd", b"a/.."), everything))
    assert [fault.what for fault in faults(items)] == ["../outside", "/etc/passwd", "a/.."]


def test_a_file_that_may_not_be_read_is_a_problem(open_folder: pathlib.Path, unprivileged: Callable[[], None]) -> None:
    (open_folder / "closed").write_bytes(NEEDLE)
    (open_folder / "closed").chmod(0)
    (open_folder / "open").write_bytes(NEEDLE)
    unprivileged()
    items = list(read(batch(open_folder, b"closed", b"open"), may_hold))
    [fault] = faults(items)
    assert fault == Problem("closed", f"cannot be read: {os.strerror(errno.EACCES)}", "scan as a user who may read it")
    assert [place[0] for place in places(items)] == [b"open"]


def test_what_is_no_file_is_skipped_and_never_waited_for(tmp_path: pathlib.Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(tmp_path)  # the name of a socket has room for 107 bytes
        server.bind("socket")
        os.chdir(here)
        items = list(read(batch(tmp_path, b"fifo", b"socket"), everything))
    assert [fault.what for fault in faults(items) if isinstance(fault, Skip)] == ["fifo", "socket"]
    assert covered(items) == (0, 0)
    [device] = faults(read(Batch(b"/dev", b"/dev/", (b"zero",)), everything))
    assert device == Skip("device", "/dev/zero: a device is not opened")


def test_a_file_that_became_a_folder_is_a_problem(tmp_path: pathlib.Path) -> None:
    (tmp_path / "a").mkdir()
    [fault] = faults(read(batch(tmp_path, b"a"), everything))
    assert isinstance(fault, Problem)
    assert "became a folder" in fault.message


linux = pytest.mark.skipif(not os.path.exists("/proc/self/mem"), reason="a file of the Linux kernel")


@linux
def test_a_file_of_the_kernel_without_a_size_is_read() -> None:
    items = list(read(Batch(b"/proc/self", b"", (b"status",)), everything))
    [piece] = [item for item in items if isinstance(item, Piece) and item.source == "worktree"]
    assert piece.window.data.startswith(b"Name:")
    assert covered(items)[1] == len(piece.window.data)


words = st.sampled_from([NEEDLE, b"\n", b"\r\n", b"\r", b"abc", "é€😀".encode(), b"\xff\xc3", b"\0"])
texts = st.builds(lambda start, rest: start + b"".join(rest), st.sampled_from([b"", b"\xef\xbb\xbf"]), st.lists(words))


@settings(deadline=None)
@given(texts, st.integers(64, 100), st.sampled_from([100, 200, 10_000]))
def test_windows_lose_nothing_find_nothing_twice_and_keep_the_place(
    tmp_path_factory: pytest.TempPathFactory, text: bytes, window: int, large: int
) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / "text").write_bytes(text)
    wanted = [position(text, *match.span()) for match in re.finditer(NEEDLE, text)]
    items = list(read(batch(folder, b"text"), everything, Sizes(window, window, 16, 8, large=large)))
    assert [place for _, source, place in places(items) if source == "worktree"] == wanted
    assert covered(items) == (1, len(text))
    items = list(read_stdin(io.BytesIO(text), everything, Sizes(window, window, 16, 8, large=large)))
    assert places(items) == [(None, "stdin", place) for place in wanted]
    assert covered(items) == (0, len(text))


def test_memory_is_bounded_by_the_window(tmp_path: pathlib.Path) -> None:
    (tmp_path / "large").write_bytes(b"\n".join(b"%d needle" % n for n in range(1000)))
    items = list(read(batch(tmp_path, b"large"), may_hold, SMALL))
    assert max(len(item.window.data) for item in items if isinstance(item, Piece)) <= sum(SMALL[1:4]) + 8
    assert [place.line for _, _, place in places(items)] == list(range(1, 1001))


def test_what_fits_is_one_piece_where_any_of_it_may_hold_something(tmp_path: pathlib.Path) -> None:
    text = b"\n" * 500 + NEEDLE + b"\n" * 500
    (tmp_path / "large").write_bytes(text)
    for size, holding, opens in ((1006, 1, True), (1005, 0, True), (1006, 0, False)):
        sizes = SMALL._replace(large=size)
        for items in (
            list(read(batch(tmp_path, b"large"), may_hold, sizes, opens=opens)),
            list(read_stdin(io.BytesIO(text), may_hold, sizes._replace(large=size + 1), opens=opens)),
        ):
            whole = [item for item in items if isinstance(item, Piece) and item.window.data == text]
            assert len(whole) == holding
            assert [place[2] for place in places(items)] == [at(501, 1)]
            assert covered(items)[1] == 1006


def test_only_windows_that_may_hold_something_are_passed_on(tmp_path: pathlib.Path) -> None:
    (tmp_path / "large").write_bytes(b"\n" * 500 + NEEDLE + b"\n" * 500)
    items = list(read(batch(tmp_path, b"large"), may_hold, SMALL))
    assert len([item for item in items if isinstance(item, Piece)]) <= 2
    assert places(items) == [(b"large", "worktree", at(501, 1))]
    assert covered(items) == (1, 1006)


def test_a_file_that_always_grows_ends_as_a_problem(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"x" * 100)

    def growing(data: bytes) -> bool:
        with path.open("ab") as file:
            file.write(b"needle\n" * 100)
        return True

    items = list(read(batch(tmp_path, b"log"), growing, SMALL))
    [fault] = faults(items)
    assert isinstance(fault, Problem)
    assert "grew" in fault.message
    assert covered(items)[1] < 2000


def test_a_file_that_shrinks_meanwhile_ends(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"needle\n" * 100)

    def shrinking(data: bytes) -> bool:
        if data != b"log":
            os.truncate(path, 10)
        return True

    items = list(read(batch(tmp_path, b"log"), shrinking, SMALL))
    assert [place.line for _, _, place in places(items)] == list(range(1, 10))
    assert not faults(items)


@HOLES
def test_a_sparse_file_is_read_without_its_holes(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "sparse"
    block, hole = 1 << 16, 1 << 40
    with path.open("wb") as file:
        file.write(b"first needle\n")
        file.seek(hole)
        file.write(b"second needle\nthird needle\n")
        file.seek(hole + (64 << 20))
        file.write(b"\0" * block + b"fourth needle")
        file.truncate(2 * hole)
    items = list(read(batch(tmp_path, b"sparse"), may_hold))
    lines = [(place.line, place.column) for _, _, place in places(items)]
    # Between the lines there are as many columns as there are bytes in the hole.
    assert lines == [(1, 7), (2, hole - 13 + 1 + 7), (3, 7), (4, (64 << 20) - 27 + block + 1 + 7)]
    assert covered(items)[1] < 4 << 20


@HOLES
def test_a_hole_at_the_end_or_everywhere_is_nothing_to_read(tmp_path: pathlib.Path) -> None:
    for name, content in (("end", NEEDLE), ("everywhere", b"")):
        (tmp_path / name).write_bytes(content)
        os.truncate(tmp_path / name, 1 << 40)
    items = list(read(batch(tmp_path, b"end", b"everywhere"), may_hold))
    assert places(items) == [(b"end", "worktree", at(1, 1))]
    assert covered(items)[0] == 2


@HOLES
def test_a_disk_that_cannot_tell_its_holes_is_a_problem(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int, at: int, whence: int) -> int:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    (tmp_path / "sparse").touch()
    os.truncate(tmp_path / "sparse", 1 << 40)
    monkeypatch.setattr(os, "lseek", refuse)
    [fault] = faults(read(batch(tmp_path, b"sparse"), everything))
    assert isinstance(fault, Problem)


@linux
def test_an_error_of_the_disk_is_a_problem() -> None:
    [fault] = faults(read(Batch(b"/proc/self", b"", (b"mem",)), everything))
    assert isinstance(fault, Problem)
    assert os.strerror(errno.EIO) in fault.message


def test_stdin_that_cannot_be_read_is_a_problem(tmp_path: pathlib.Path) -> None:
    with (tmp_path / "file").open("wb") as closed, open(closed.fileno(), "rb", closefd=False) as stream:
        [fault] = faults(read_stdin(stream, everything))
    assert isinstance(fault, Problem)
    assert fault.what == "standard input"


@pytest.fixture
def inside(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pathlib.Path]:
    monkeypatch.chdir(tmp_path)
    yield tmp_path


def test_walk_takes_files_folders_and_stdin_once(inside: pathlib.Path) -> None:
    (inside / "sub").mkdir()
    (inside / "sub" / "a").write_bytes(NEEDLE)
    (inside / "b").write_bytes(NEEDLE)
    stdin = io.BytesIO(b"\nneedle")
    items = list(walk([b"-", b"sub", b"b", b"-", b"absent"], stdin, lambda folder: None, may_hold))
    assert places(items) == [
        (b"sub/a", "worktree", at(1, 1)),
        (b"b", "worktree", at(1, 1)),
        (None, "stdin", at(2, 1)),
    ]
    assert [fault.what for fault in faults(items)] == ["absent"]
    assert covered(items) == (2, 6 + 6 + 7)


def test_stdin_is_left_alone_unless_it_is_named(inside: pathlib.Path) -> None:
    stdin = io.BytesIO(NEEDLE)
    assert list(walk([b"."], stdin, lambda folder: None, may_hold)) == []
    assert stdin.read() == NEEDLE
