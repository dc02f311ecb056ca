"""`xoxscan staged` as a native hook of the real `git commit` and `git merge`, in the environment that git makes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.histories import add
from tests.conftest import Repo, Run, token

BOT, USER = token(), token("user")
PROGRAM = Path(sys.executable).parent / "xoxscan"


@pytest.fixture
def hooked(repo: Repo) -> Iterator[Repo]:
    """A repository whose commits and merges are looked at by the console script."""
    repo.commit({"a.txt": b"one\n", "sub/b.txt": b"two\n"})
    hook(repo.path / ".git" / "hooks")
    yield repo


def hook(folder: Path, *names: str) -> None:
    for name in names or ("pre-commit", "pre-merge-commit"):
        (folder / name).write_text(f'#!/bin/sh\necho hook in "$PWD" >&2\nexec "{PROGRAM}" staged\n')
        (folder / name).chmod(0o755)


def commits(repo: Repo, *arguments: str, cwd: Path | None = None, **env: str) -> bool:
    """Whether `git commit` (or what `arguments` begin with) went through; if not, it was for a finding."""
    words = arguments if arguments[:1] in (("merge",), ("commit",)) else ("commit", "-q", "-m", "change", *arguments)
    done = subprocess.run(
        ["git", *words], cwd=cwd or repo.path, capture_output=True, check=False, env={**os.environ, **env}
    )
    assert b"hook in" in done.stderr, done
    assert (done.returncode == 0) == (b"slack-" not in done.stdout + done.stderr), done
    assert BOT not in done.stdout + done.stderr
    return done.returncode == 0


def test_hook_commit(hooked: Repo) -> None:
    add(hooked, "c.env", BOT)
    assert not commits(hooked)
    add(hooked, "c.env", b"none")
    hooked.write("c.env", BOT)
    assert commits(hooked)


def test_hook_commit_all(hooked: Repo) -> None:
    hooked.write("a.txt", BOT)
    assert not commits(hooked, "-a")
    hooked.write("a.txt", b"none")
    assert commits(hooked, "-a")


def test_hook_commit_of_a_path_looks_at_that_path_alone(hooked: Repo) -> None:
    add(hooked, "c.env", BOT)
    hooked.write("a.txt", b"changed")
    assert commits(hooked, "--", "a.txt")
    assert not commits(hooked)
    hooked.write("sub/b.txt", USER)
    assert not commits(hooked, "--", "sub/b.txt")


def test_hook_commit_including_a_path(hooked: Repo) -> None:
    add(hooked, "c.txt", b"none")
    hooked.write("a.txt", BOT)
    assert not commits(hooked, "-i", "a.txt")


def test_hook_commit_from_a_folder_below(hooked: Repo) -> None:
    hooked.write("sub/b.txt", BOT)
    assert not commits(hooked, "-a", cwd=hooked.path / "sub")
    assert not commits(hooked, "b.txt", cwd=hooked.path / "sub")


def test_hook_amend_looks_at_what_is_new_since_head(hooked: Repo) -> None:
    hooked.git("commit", "-q", "--no-verify", "--allow-empty", "-m", "x")
    add(hooked, "c.env", BOT)
    assert not commits(hooked, "--amend")


def test_hook_first_commit_without_any_identity(repo: Repo) -> None:
    hook(repo.path / ".git" / "hooks")
    add(repo, "c.env", BOT)
    nobody = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GIT_AUTHOR", "GIT_COMMITTER")) and name != "EMAIL"
    }
    done = subprocess.run(
        [PROGRAM, "staged"], cwd=repo.path, capture_output=True, check=False, env={**nobody, "GIT_CONFIG_COUNT": "0"}
    )
    assert (done.returncode, b"slack-bot-token" in done.stdout) == (1, True)
    assert not commits(repo)


def test_hook_in_a_linked_worktree(hooked: Repo) -> None:
    hooked.git("worktree", "add", "-q", "../linked")
    linked = hooked.path.parent / "linked"
    (linked / "sub" / "b.txt").write_bytes(BOT)
    assert not commits(hooked, "-a", cwd=linked)
    assert not commits(hooked, "b.txt", cwd=linked / "sub")
    (linked / "sub" / "b.txt").write_bytes(b"none")
    add(hooked, "main.env", USER)
    assert commits(hooked, "-a", cwd=linked)


def test_hook_in_a_submodule(hooked: Repo, tmp_path: Path) -> None:
    other = Repo(tmp_path / "other")
    other.commit({"x": b"x"})
    hooked.git("submodule", "--quiet", "add", str(other.path), "module")
    assert commits(hooked)
    hook(hooked.path / ".git" / "modules" / "module" / "hooks")
    module = hooked.path / "module"
    (module / "x").write_bytes(BOT)
    assert not commits(hooked, "-a", cwd=module)
    assert commits(hooked, "--allow-empty")


def test_hook_with_a_git_folder_elsewhere(hooked: Repo, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere.git"
    shutil.move(hooked.path / ".git", moved)
    (hooked.path / "a.txt").write_bytes(BOT)
    assert not commits(hooked, "-a", GIT_DIR=str(moved), GIT_WORK_TREE=str(hooked.path))


# Merges


def branch(repo: Repo, name: str, files: dict[str, bytes]) -> None:
    repo.git("switch", "-q", "-c", name, "main")
    for file, content in files.items():
        add(repo, file, content)
    repo.git("commit", "-q", "--no-verify", "-m", name)
    repo.git("switch", "-q", "main")


def test_merge_of_a_branch_that_holds_a_token_introduces_nothing(hooked: Repo) -> None:
    branch(hooked, "topic", {"known.env": BOT})
    branch(hooked, "other", {"else.txt": b"x"})
    hooked.git("merge", "-q", "--ff-only", "other")
    assert commits(hooked, "merge", "--no-edit", "topic")
    assert hooked.git("rev-list", "--count", "--merges", "HEAD") == "1"


def test_merge_without_fast_forward(hooked: Repo) -> None:
    branch(hooked, "topic", {"known.env": BOT})
    assert commits(hooked, "merge", "--no-edit", "--no-ff", "topic")


def test_octopus_merge(hooked: Repo) -> None:
    for name in ("one", "two", "three"):
        branch(hooked, name, {f"{name}.env": token("bot", len(name))})
    hooked.git("commit", "-q", "--no-verify", "--allow-empty", "-m", "ours")
    assert commits(hooked, "merge", "--no-edit", "one", "two", "three")
    assert len(hooked.git("log", "-1", "--format=%P").split()) == 4


def test_the_variables_that_name_the_parents_are_really_there(hooked: Repo) -> None:
    """In pre-merge-commit there is no MERGE_HEAD yet: what the merge rule needs is in the environment alone."""
    branch(hooked, "topic", {"known.env": BOT})
    script = '#!/bin/sh\ntest ! -e .git/MERGE_HEAD && env | grep -q "^GITHEAD_$(git rev-parse topic)="\n'
    (hooked.path / ".git/hooks/pre-merge-commit").write_text(script)
    hooked.git("merge", "-q", "--no-edit", "--no-ff", "topic")


def test_merge_in_which_a_driver_plants_a_token(hooked: Repo) -> None:
    branch(hooked, "topic", {"a.txt": b"theirs\n"})
    branch(hooked, "ours", {"a.txt": b"ours\n", ".gitattributes": b"a.txt merge=planting\n"})
    hooked.git("merge", "-q", "--ff-only", "ours")
    hooked.write("plant", BOT)
    hooked.git("config", "merge.planting.driver", "cp plant %A")
    assert not commits(hooked, "merge", "--no-edit", "topic")


def test_conflict_that_is_resolved_with_a_new_token(hooked: Repo) -> None:
    branch(hooked, "topic", {"a.txt": b"theirs\n", "known.env": USER})
    branch(hooked, "ours", {"a.txt": b"ours\n"})
    hooked.git("merge", "-q", "--ff-only", "ours")
    hooked.git("merge", "topic", ok=(1,))
    add(hooked, "a.txt", BOT)
    assert not commits(hooked)
    add(hooked, "a.txt", b"both\n")
    assert commits(hooked)


def test_conflict_between_two_sides_that_hold_the_same_token(hooked: Repo) -> None:
    branch(hooked, "topic", {"a.txt": b"theirs " + BOT})
    branch(hooked, "ours", {"a.txt": b"ours " + BOT})
    hooked.git("merge", "-q", "--ff-only", "ours")
    hooked.git("merge", "topic", ok=(1,))
    add(hooked, "a.txt", b"both " + BOT + b" and " + BOT)
    assert commits(hooked)
    hooked.git("reset", "-q", "--hard", "HEAD^")
    hooked.git("merge", "topic", ok=(1,))
    add(hooked, "a.txt", b"more " + BOT + b" and " + BOT + b" and " + BOT)
    assert not commits(hooked)


def test_merge_that_was_not_to_be_committed_yet(hooked: Repo) -> None:
    branch(hooked, "topic", {"known.env": BOT})
    hooked.git("merge", "-q", "--no-commit", "--no-ff", "topic")
    assert (hooked.path / ".git/MERGE_HEAD").exists()
    assert commits(hooked)


def test_merge_in_a_linked_worktree(hooked: Repo) -> None:
    branch(hooked, "topic", {"a.txt": b"theirs\n", "known.env": USER})
    hooked.git("worktree", "add", "-q", "-b", "linked", "../linked")
    linked = hooked.path.parent / "linked"
    (linked / "a.txt").write_bytes(b"ours\n")
    hooked.git("-C", str(linked), "commit", "-qam", "ours", "--no-verify")
    hooked.git("-C", str(linked), "merge", "topic", ok=(1,))
    (linked / "a.txt").write_bytes(b"both\n")
    hooked.git("-C", str(linked), "add", "a.txt")
    assert commits(hooked, cwd=linked)


def test_squashed_merge_has_one_parent_and_introduces(hooked: Repo) -> None:
    branch(hooked, "topic", {"known.env": BOT})
    hooked.git("merge", "-q", "--squash", "topic")
    assert not commits(hooked)


def test_a_merge_whose_other_parent_is_not_here(run: Run, repo: Repo) -> None:
    repo.commit({"a": b"a"})
    add(repo, "a.env", BOT)
    (repo.path / ".git/MERGE_HEAD").write_text("1" * 40 + "\n")
    result = run("staged")
    assert result.status == 3
    assert b"git fsck" in result.err
