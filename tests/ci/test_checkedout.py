"""`xoxscan ci --mode scan`: all of what is checked out."""

from __future__ import annotations

import json
from pathlib import Path

from tests.ci.forge import CI
from tests.conftest import Repo, token


def test_the_files_from_the_top_and_what_is_not_there(ci: CI, repo: Repo) -> None:
    """A job in a folder of the work tree; two files that a sparse checkout left out, one marked so that is there."""
    tokens = {"a": token(), "sub/b": token("user"), "here": token("app-level")}
    repo.commit({**tokens, "far/c": b"c", "far/d e": b"d", "config": b"head_suppressions: refuse\n"})
    work = Repo.__new__(Repo)
    work.path = repo.path / "sub"
    whole = json.loads(ci(work, {}, "--mode", "scan", "--config", "../config", "--report", "json=out.json").out)
    assert {place["path"] for each in whole["findings"] for place in each["locations"]} == {"a", "sub/b", "here"}
    assert whole["target"]["whole"] and whole["coverage"]["skipped"] == []
    (repo.path / "sub/out.json").unlink()
    repo.git("update-index", "--skip-worktree", "far/c", "far/d e", "here")
    for name in ("c", "d e"):
        (repo.path / "far" / name).unlink()
    sparse = json.loads(ci(work, {}, "--mode", "scan").out)
    ((what, count),) = [(each["what"], each["count"]) for each in sparse["coverage"]["skipped"]]
    assert (what, count, len(sparse["findings"])) == ("file", 2, 3)


def test_nothing_is_checked_out(ci: CI, repo: Repo, tmp_path: Path) -> None:
    """A bare repository has no work tree that could lack files: its folder is one like any other."""
    repo.commit({"a": b"a"})
    repo.git("clone", "-q", "--bare", str(repo.path), str(tmp_path / "bare"))
    bare = Repo.__new__(Repo)
    bare.path = tmp_path / "bare"
    report = json.loads(ci(bare, {}, "--mode", "scan").out)
    assert report["coverage"]["skipped"] == [] and report["exit"] == 0
