"""Refs and reflogs: where they lead to, as git itself says it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scanner.errors import GitError
from scanner.git import refs
from scanner.git.refs import LogEntry
from scanner.git.repository import find
from scanner.git.run import Git
from tests.commands.test_history_cache import broken_entry
from tests.conftest import Repo


def git_of(path: Path) -> Git:
    """A sealed git for a folder."""
    return find(str(path), os.environ, own=False).git


def told(entries: list[LogEntry]) -> set[tuple[bytes, bytes]]:
    """Which commit, and what was noted."""
    return {(entry.oid, entry.message) for entry in entries}


def by_git(repo: Repo) -> set[tuple[bytes, bytes]]:
    """The same in git's own words, for all refs."""
    lines = repo.git("log", "-g", "--all", "--format=%H %gs").splitlines()
    return {(line[:40].encode(), line[41:].encode()) for line in lines}


def test_reflogs_of_all_work_trees_and_the_stash(repo: Repo) -> None:
    repo.commit({"a": b"a"}, "one")
    repo.write("a", b"b")
    repo.git("stash", "-q")
    repo.git("worktree", "add", "-q", "--detach", "../linked")
    linked = Repo.__new__(Repo)
    linked.path = repo.path.parent / "linked"
    linked.commit({"a": b"c"}, "two")
    for folder in (repo.path, linked.path):
        found = refs.reflogs(git_of(folder))
        assert told(found) == by_git(repo) | by_git(linked)
        assert any(entry.name == b"refs/stash@{0}" for entry in found)


def test_a_reflog_whose_ref_is_gone(repo: Repo) -> None:
    repo.commit({"a": b"a"}, "one")
    logs = repo.path / ".git" / "logs"
    (logs / "refs" / "heads" / "gone").write_bytes((logs / "HEAD").read_bytes())
    found = refs.reflogs(git_of(repo.path))
    assert told(found) == by_git(repo)
    assert b"refs/heads/gone@{0}" in {entry.name for entry in found}


def test_reflogs_are_read_as_git_reads_them(repo: Repo) -> None:
    """Torn lines, others without a message, commits that are gone: what is left has the same number."""
    repo.commit({"a": b"a"}, "one")
    repo.commit({"a": b"b"}, "a > b\there")
    repo.git("branch", "side")
    log = repo.path / ".git/logs/refs/heads/main"
    lines = log.read_bytes().splitlines(keepends=True)
    bare = lines[1].partition(b"\t")[0] + b"\n"
    gone = lines[1].replace(lines[1].split()[1], b"1" * 40)
    log.write_bytes(b"".join([lines[0], b"torn\n", bare, lines[0][30:], gone, b"\n", lines[1], lines[1][:-1]]))
    shown = repo.git("log", "-g", "--format=%gD %H %gs", "main").splitlines()
    expected = {tuple(line.encode().split(b" ", 2)) for line in shown}
    found = {tuple(entry) for entry in refs.reflogs(git_of(repo.path)) if b"/main@" in entry.name}
    assert found == {
        (name.replace(b"main@", b"refs/heads/main@") if name[:4] == b"main" else name, *rest)
        for name, *rest in expected
    }


def test_only_plain_files_are_reflogs(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.commit({"a": b"a"}, "one")
    expected = set(refs.reflogs(git_of(repo.path)))
    logs = repo.path / ".git/logs/refs/heads"
    os.mkfifo(logs / "pipe")
    os.symlink(logs / "main", logs / "link")
    os.symlink("/nowhere", logs / "nowhere")
    assert set(refs.reflogs(git_of(repo.path))) == expected
    monkeypatch.setattr(refs, "_MOST", 10)
    with pytest.raises(GitError, match="bytes"):
        refs.reflogs(git_of(repo.path))


def test_reflogs_that_are_no_files_are_read_by_git(repo: Repo) -> None:
    repo.commit({"a": b"a"}, "one")
    git = git_of(repo.path)
    before = told(refs.reflogs(git))
    other = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "extensions.refstorage", "GIT_CONFIG_VALUE_0": "reftable"}
    assert told(refs.reflogs(git._replace(environ={**git.environ, **other}))) == before


@pytest.mark.parametrize("content", [b"1" * 40, b"no id"])
def test_a_broken_ref_is_told(repo: Repo, content: bytes) -> None:
    repo.commit({"a": b"a"}, "one")
    repo.git("branch", "side")
    (repo.path / ".git/refs/heads/side").write_bytes(content + b"\n")
    with pytest.raises(GitError, match="refs/heads/side"):
        refs.reflogs(git_of(repo.path))


def test_no_reflog(repo: Repo) -> None:
    assert refs.reflogs(git_of(repo.path)) == []


def test_tags_of_tags_and_of_what_is_gone(repo: Repo) -> None:
    commit = repo.commit({"a": b"a"})
    repo.git("tag", "-a", "-m", "in", "inner")
    repo.git("-c", "advice.nestedTag=false", "tag", "-a", "-m", "out", "outer", "inner")
    blob = repo.git("rev-parse", "HEAD:a")
    repo.git("tag", "-a", "-m", "blob", "blob", blob)
    (repo.path / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    git = git_of(repo.path)
    found = {ref.name: ref for ref in refs.peel(git, refs.names(git))}
    inner, outer = (repo.git("rev-parse", name).encode() for name in ("inner", "outer"))
    assert found[b"refs/tags/outer"][2:] == (commit.encode(), b"commit", (outer, inner))
    assert found[b"refs/tags/blob"][2:4] == (blob.encode(), b"missing")


def test_a_damaged_object_does_not_hide_the_others(repo: Repo) -> None:
    oids = [repo.commit({"a": b"%d" % number}) for number in range(8)]
    for number, oid in enumerate(oids):
        repo.git("tag", f"v{number}", oid)
    damaged = sorted(oids)[3]
    file = repo.path / ".git" / "objects" / damaged[:2] / damaged[2:]
    file.chmod(0o600)
    file.write_bytes(b"no object")
    named = [refs.Name(b"refs/tags/x", oid.encode()) for oid in oids]
    kinds = {ref.oid.decode(): ref.kind for ref in refs.peel(git_of(repo.path), named)}
    assert {oid for oid, kind in kinds.items() if kind == b"commit"} == set(oids) - {damaged}


def test_a_tag_that_is_damaged_in_its_pack(repo: Repo) -> None:
    """git stops in the middle of it."""
    tip = repo.commit({"a": b"a"})
    for name in ("v1", "v2", "v3"):
        repo.git("tag", "-a", "-m", f"{name} and what it is about", name)
    repo.git("repack", "-adq")
    repo.git("prune-packed")
    damaged = repo.git("rev-parse", "v2")
    assert broken_entry(repo, damaged)
    found = {
        ref.oid.decode(): ref.peeled.decode() for ref in refs.peel(git_of(repo.path), refs.names(git_of(repo.path)))
    }
    assert found.pop(damaged) == damaged
    assert set(found.values()) == {tip}


def test_the_default_branch(repo: Repo, tmp_path: Path) -> None:
    tip = repo.commit({"a": b"a"}).encode()
    assert refs.default_branch(find(str(repo.path), os.environ, own=False)) is None
    for number, option in enumerate((["--bare"], [])):
        folder = str(tmp_path / f"clone{number}")
        repo.git("clone", "-q", *option, str(repo.path), folder)
        assert refs.default_branch(find(folder, os.environ, own=False)) == tip
