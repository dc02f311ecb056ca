"""The bench itself, small and in seconds: that it runs and tells the truth about what it ran, never how fast."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench import corpus, run

ROOT = Path(__file__).parents[2]
SMALL = corpus.Shape(files=12, size=300, commits=6, changed=2, planted=1)


def bench(folder: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "XOXSCAN_BENCH_DIR": str(folder)}
    command = [sys.executable, "-m", "bench.run", "--quick", *argv]
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=120, check=False)


def test_every_section_has_its_yardstick_and_our_row(tmp_path: Path) -> None:
    done = bench(
        tmp_path, *(word for name in ("hook", "scan", "archives", "history", "verify") for word in ("--only", name))
    )
    assert done.returncode == 0, done.stderr
    for title in (
        "The hook: 10 staged files",
        "A work tree: 30 files",
        "Archives: 30 archives (zip, tar, tar.gz, tar.xz)",
        "A history: ",
    ):
        assert title in done.stdout
    for command in ("hook", "scan", "history"):
        row = next(line for line in done.stdout.splitlines() if f"xoxscan {command}" in line)
        assert "failed" not in row, done.stdout
    for way in ("requests, one connection", "8 threads, tiers off", "8 threads, tiers on"):
        assert f"{way}  " in done.stdout
    assert "kingfisher --staged, Slack rules: absent" in done.stdout
    assert " blobs\n" not in done.stdout  # it looked at all of them


def test_any_repository_can_be_benched(tmp_path: Path) -> None:
    repo = corpus.history(tmp_path / "mine", SMALL)
    page = tmp_path / "page.md"
    page.write_text("<!-- bench: mine -->\n<!-- end: mine -->\n")
    written = ("--write", str(page), "--mark", "mine")
    done = bench(tmp_path, "--repo", str(repo), "--only", "history", "--markdown", *written)
    assert done.returncode == 0, done.stderr
    assert "**A history**: " in done.stdout and "| xoxscan history" in done.stdout
    assert "The hook" not in done.stdout
    assert "| xoxscan history" in page.read_text()


def test_sizes_and_memory_of_made_up_and_of_named_repositories(tmp_path: Path) -> None:
    repos = [corpus.history(tmp_path / name, SMALL._replace(seed=seed)) for seed, name in enumerate(("one", "two"))]
    also = [word for repo in repos for word in ("--also", str(repo))]
    done = bench(tmp_path, "--only", "sizes", "--only", "memory", *also, "--plot", str(tmp_path / "plot.svg"))
    assert done.returncode == 0, done.stderr
    for row in ("made, 40 commits  ", "one  ", "2 of these as one  "):
        assert row in done.stdout
    assert (tmp_path / "plot.svg").read_text().startswith("<svg")


def test_rows_are_chosen_and_ended_after_the_limit(tmp_path: Path) -> None:
    repo = corpus.history(tmp_path / "mine", SMALL)
    argv = ("--repo", str(repo), "--only", "history", "--rows", "engine git", "--limit", "0.05")
    done = bench(tmp_path, *argv)
    assert "engine git (this checkout): failed (took more than 0.05 s)" in done.stdout
    assert "engine pack" not in done.stdout
    assert "git cat-file --batch --buffer" in done.stdout


def test_a_bare_repository_is_scanned_in_a_clone_that_is_not_in_it(tmp_path: Path) -> None:
    repo = corpus.history(tmp_path / "mine", SMALL)
    bare = tmp_path / "bare"
    subprocess.run(["git", "clone", "--quiet", "--bare", str(repo), str(bare)], check=True)
    before = sorted(bare.rglob("*"))
    done = bench(tmp_path, "--repo", str(bare), "--only", "scan")
    assert done.returncode == 0, done.stderr
    assert "A work tree: 12 files" in done.stdout
    assert sorted(bare.rglob("*")) == before


def test_the_options_have_a_help_that_says_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run.main(["--help"])
    assert "--repo PATH" in capsys.readouterr().out
