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
    done = bench(tmp_path)
    assert done.returncode == 0, done.stderr
    for title in ("The hook: 10 staged files", "A work tree: 30 files", "A history: "):
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
