"""What is no plain file in a repository: git would wait for ever at it, or read it without end."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scanner.errors import GitError
from scanner.git.plain import object_folders, read, require_plain
from tests.conftest import Repo, token


def history(repo: Repo, *options: str) -> tuple[int, str]:
    """Status and all that is said."""
    done = subprocess.run(
        [sys.executable, "-m", "scanner", "history", *options, str(repo.path)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        check=False,
        timeout=90,
    )
    return done.returncode, (done.stdout + done.stderr).decode()


def fifo(path: Path) -> None:
    os.mkfifo(path)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


PLACES = (
    "objects/pack/x.idx",
    "objects/pack/x.pack",
    "objects/pack/multi-pack-index",
    "objects/info/alternates",
    "objects/info/commit-graphs/commit-graph-chain",
    "shallow",
    "config.worktree",
    "info/grafts",
    "packed-refs",
)


@pytest.mark.parametrize("make", [fifo, device])
@pytest.mark.parametrize("place", PLACES)
def test_git_is_not_started(repo: Repo, make: Callable[[Path], None], place: str) -> None:
    repo.commit({"a": token()})
    path = repo.path / ".git" / place
    path.parent.mkdir(exist_ok=True)
    make(path)
    with pytest.raises(
        GitError, match=f"{path.name} is no plain file|no plain file, so git is not started: .*{path.name}"
    ):
        require_plain(str(repo.path))


@pytest.mark.parametrize("place", ["objects/pack/x.idx", "shallow"])
def test_the_program_says_so(repo: Repo, place: str) -> None:
    repo.commit({"a": token()})
    device(repo.path / ".git" / place)
    status, said = history(repo)
    assert status == 3
    assert place in said


@pytest.mark.parametrize("make", [fifo, device])
@pytest.mark.parametrize("engine", ["auto", "git"])
def test_loose_objects_are_left_out_and_told(repo: Repo, make: Callable[[Path], None], engine: str) -> None:
    repo.commit({"a": token()})
    repo.git("repack", "-adq")
    repo.git("hash-object", "-w", "--stdin", stdin=token("bot", 2))
    oid = repo.git("hash-object", "-w", "--stdin", stdin=b"another")
    path = repo.path / ".git/objects" / oid[:2] / oid[2:]
    path.unlink()
    make(path)
    status, said = history(repo, f"--engine={engine}", "-f", "json")
    assert status == (1 if engine == "auto" else 3)
    assert f'"{oid}"' in said
    assert said.count('"fingerprint"') == (2 if engine == "auto" else 0)


def test_very_many_loose_ones(repo: Repo) -> None:
    repo.commit({"a": b"a"})
    folder = repo.path / ".git/objects/00"
    folder.mkdir(exist_ok=True)
    for number in range(120):
        device(folder / f"{number:038x}")
    status, said = history(repo)
    assert (status, "20 more" in said) == (3, True)


def test_links_to_files_and_to_nothing_are_fine(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"a": b"a"})
    repo.git("repack", "-adq")
    (index,) = (repo.path / ".git/objects/pack").glob("*.idx")
    index.rename(tmp_path / "index")
    index.symlink_to(tmp_path / "index")
    (repo.path / ".git/objects/pack/nothing.idx").symlink_to(tmp_path / "nothing")
    assert history(repo)[0] == 0


def test_work_trees_and_what_is_borrowed(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"a": b"a"})
    other, linked = Repo(tmp_path / "other"), tmp_path / "linked"
    repo.git("worktree", "add", "-q", str(linked))
    quoted = f'"{repo.path}/.git/objects"\n# no folder\n{tmp_path}/none\n'
    (other.path / ".git/objects/info/alternates").write_text(quoted)
    assert object_folders(f"{other.path}/.git/objects")[1:] == [f"{repo.path}/.git/objects"]
    (linked / "below").mkdir()
    for folder in (other.path, linked, linked / "below", tmp_path):
        require_plain(str(folder))
    device(repo.path / ".git/objects/pack/x.pack")
    for folder in (other.path, linked, linked / "below"):
        with pytest.raises(GitError, match=r"x\.pack"):
            require_plain(str(folder))


def test_reading_is_bounded(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x" * 11)
    assert read(str(file), 11) == b"x" * 11
    with pytest.raises(GitError, match="larger than"):
        read(str(file), 10)
    with pytest.raises(GitError, match="no plain file"):
        read("/dev/zero")


def test_nothing_is_left_open(repo: Repo) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        require_plain(str(repo.path))
    assert len(os.listdir("/proc/self/fd")) == before
