from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bench import corpus
from bench.corpus import History, Shape
from bench.seal import git_environ

SMALL = Shape(files=40, size=700, commits=30, changed=3, planted=4)


def git(repo: Path, *argv: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(repo), *argv], env=git_environ(), capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return corpus.history(tmp_path_factory.mktemp("corpus") / "past", SMALL)


def test_the_same_seed_makes_the_same_commits(past: Path, tmp_path: Path) -> None:
    again = corpus.history(tmp_path / "again", SMALL)
    assert git(again, "rev-parse", "HEAD", "HEAD^{tree}") == git(past, "rev-parse", "HEAD", "HEAD^{tree}")


def test_another_seed_makes_another_tree(past: Path, tmp_path: Path) -> None:
    other = corpus.history(tmp_path / "other", SMALL._replace(seed=2))
    assert git(other, "rev-parse", "HEAD^{tree}") != git(past, "rev-parse", "HEAD^{tree}")


def test_a_history_has_the_size_that_was_asked_for(past: Path) -> None:
    assert git(past, "rev-list", "--count", "HEAD") == "30"
    assert len(git(past, "ls-files").splitlines()) == 40
    assert git(past, "for-each-ref", "--format=%(refname)") == "refs/heads/main"


def test_a_history_has_merges_that_bring_something(past: Path) -> None:
    merges = git(past, "rev-list", "--merges", "HEAD").splitlines()
    assert merges
    assert all(git(past, "diff", "--name-only", merge + "^1", merge) for merge in merges)


def test_a_history_has_deltas_and_binary_files(past: Path) -> None:
    bases = git(past, "cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(deltabase)").splitlines()
    assert [line for line in bases if line.startswith("blob") and line.split()[1].strip("0")]
    numstat = git(past, "diff", "--numstat", git(past, "hash-object", "-t", "tree", "/dev/null"), "HEAD")
    assert sum(line.startswith("-\t-\t") for line in numstat.splitlines()) == 2  # 3 % of 40 files: numbers 0 and 33


def test_a_clean_work_tree_is_there(past: Path) -> None:
    assert git(past, "status", "--porcelain") == ""


def test_the_fakes_are_planted_in_text_files() -> None:
    bare = Shape(files=40, size=700, commits=30, changed=3, planted=0)
    without = b"".join(History(bare).commands())
    planted = b"".join(History(SMALL).commands())
    assert without.count(b"xox") == 0
    assert planted.count(b"xox") >= 2


def test_the_mean_size_is_about_what_was_asked_for(tmp_path: Path) -> None:
    repo = corpus.work_tree(tmp_path / "tree", Shape(files=400, size=2000, planted=0))
    sizes = [(repo / name).stat().st_size for name in git(repo, "ls-files").splitlines()]
    assert 1000 < sum(sizes) / len(sizes) < 4000


def test_a_corpus_is_made_once(past: Path) -> None:
    pack = next((past / ".git/objects/pack").glob("*.pack"))
    before = pack.stat().st_mtime_ns
    corpus.history(past, SMALL)
    assert pack.stat().st_mtime_ns == before


def test_staging_changes_the_index_of_that_many_text_files(tmp_path: Path) -> None:
    repo = corpus.work_tree(tmp_path / "tree", SMALL._replace(planted=0))
    staged = corpus.stage(repo, 10, seed=7)
    assert git(repo, "diff", "--cached", "--name-only").splitlines() == sorted(staged)
    assert len(staged) == 10 and not any(name.endswith(".bin") for name in staged)


def test_what_is_staged_can_be_kept_free_of_words_and_given_a_line(tmp_path: Path) -> None:
    repo = corpus.work_tree(tmp_path / "tree", SMALL._replace(planted=0))
    staged = corpus.stage(repo, 5, without=[b"#include", b"def "], line=b"last\n")
    texts = [(repo / name).read_bytes() for name in staged]
    assert len(texts) == 5 and not any(b"def " in text for text in texts)
    assert [text.endswith(b"last\n") for text in texts] == [True, False, False, False, False]


def test_two_shapes_never_share_a_folder() -> None:
    names = {SMALL._replace(**{field: 3}).name for field in SMALL._fields}
    assert len(names) == len(SMALL._fields)
