"""Refs and reflogs: where they lead to, as git itself says it."""

from __future__ import annotations

import os
from pathlib import Path

from scanner.git import refs
from scanner.git.refs import LogEntry
from scanner.git.repository import find
from scanner.git.run import Git
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
    assert told(refs.reflogs(git_of(repo.path))) == by_git(repo)


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


def test_the_default_branch(repo: Repo, tmp_path: Path) -> None:
    tip = repo.commit({"a": b"a"}).encode()
    assert refs.default_branch(find(str(repo.path), os.environ, own=False)) is None
    for number, option in enumerate((["--bare"], [])):
        folder = str(tmp_path / f"clone{number}")
        repo.git("clone", "-q", *option, str(repo.path), folder)
        assert refs.default_branch(find(folder, os.environ, own=False)) == tip
