"""The demo finds what it planted, says so the same way each time, and leaves nothing behind."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from scanner.demo import scratch
from scanner.demo.scratch import Planted
from scanner.model import Secret
from tests.conftest import Run, token


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Temporary files go where the test can look."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_everything_planted_is_found_and_nothing_is_shown_in_full(run: Run, tmp_path: Path, elsewhere: Path) -> None:
    done = run("demo")
    assert (done.status, done.err) == (0, b"")
    assert b"\n5 of 5 were found." in done.out
    for fake in scratch.build(tmp_path, {}):
        assert fake.where.encode() in done.out
        assert fake.secret.reveal()[-16:] not in done.out
    assert list(elsewhere.iterdir()) == []


def test_a_second_run_says_the_same(run: Run) -> None:
    first = run("demo")
    assert first.status == 0
    assert run("demo") == first


def test_what_the_user_has_configured_does_not_count(run: Run, sealed: Path, tmp_path: Path) -> None:
    (sealed / ".config" / "xoxscan").mkdir(parents=True)
    (sealed / ".config" / "xoxscan" / "config.yaml").write_text("no such key: 1\n")
    (sealed / ".gitconfig").write_text(
        "[core]\n\tautocrlf = true\n\texcludesFile = /dev/stdin\n[commit]\n\tgpgSign = yes\n"
    )
    assert run("demo", env={"GIT_DIR": str(tmp_path), "XOXSCAN_CONFIG": str(tmp_path)}).status == 0


def test_a_fake_that_is_not_found_is_no_success(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    build = scratch.build

    def more(folder: Path, environ: Mapping[str, str]) -> tuple[Planted, ...]:
        return (*build(folder, environ), Planted("bot", "nowhere at all", Secret(token())))

    monkeypatch.setattr(scratch, "build", more)
    done = run("demo")
    assert done.status == 3
    assert b"\n5 of 6 were found." in done.out


def test_the_stand_in_for_slack_is_not_built_yet(run: Run) -> None:
    assert run("demo", "--serve").status == 2
