"""`xoxscan report`."""

from __future__ import annotations

import argparse
import io
import json
from pathlib import Path

import pytest

from scanner.commands import report as command
from scanner.errors import UsageError
from scanner.model import Streams
from scanner.report import Options, writer
from tests.report.samples import FULL, PART


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A report as `-f json` wrote it."""
    with open(tmp_path / "report.json", "wb") as out:
        writer("json")(FULL, out, Options())
    return tmp_path / "report.json"


def run(*argv: str, stdin: bytes = b"") -> tuple[int, str]:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    out = io.BytesIO()
    status = command.run(parser.parse_args(argv), Streams(io.BytesIO(stdin), out, io.BytesIO(), {}, lambda: 0.0))
    return status, out.getvalue().decode()


def test_text_is_the_default(saved: Path) -> None:
    status, shown = run(str(saved))
    assert status == 0
    assert "conf/app.py:3:5" in shown and shown.endswith("exit status 1: findings\n")
    assert "--show-suppressed" in shown


@pytest.mark.parametrize("name", ["text", "json", "jsonl"])
def test_it_says_what_the_run_would_have_said(saved: Path, name: str) -> None:
    out = io.BytesIO()
    writer(name)(FULL, out, Options())
    assert run(str(saved), "-f", name) == (0, out.getvalue().decode())


def test_sarif(saved: Path) -> None:
    status, shown = run(str(saved), "-f", "sarif")
    assert status == 0 and len(json.loads(shown)["runs"][0]["results"]) == 2


def test_from_stdin_to_a_file(saved: Path, tmp_path: Path) -> None:
    assert run("-", "-f", "json", "-o", str(tmp_path / "copy"), stdin=saved.read_bytes()) == (0, "")
    assert (tmp_path / "copy").read_bytes() == saved.read_bytes()


def test_how_it_looks(saved: Path) -> None:
    assert "\x1b[" in run(str(saved), "--color", "always")[1]
    assert "\x1b[" not in run(str(saved))[1]
    assert "exit status" not in run(str(saved), "-q")[1]
    assert "fingerprint: " in run(str(saved), "-v")[1]
    assert "allowed (path) by docs team" in run(str(saved), "--show-suppressed")[1]


def test_tokens_in_it_are_masked(tmp_path: Path) -> None:
    with open(tmp_path / "a.json", "wb") as out:
        writer("json")(FULL, out, Options(show_secrets=True))
    assert PART in (tmp_path / "a.json").read_text()
    for name in ("text", "json", "jsonl"):
        assert PART not in run(str(tmp_path / "a.json"), "-f", name)[1]


def test_wrong_files(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello")
    with pytest.raises(UsageError, match=r"a\.txt: this is no JSON") as caught:
        run(str(tmp_path / "a.txt"))
    assert "-f json" in caught.value.hint
    with pytest.raises(UsageError, match=r"cannot read .*: No such file"):
        run(str(tmp_path / "none"))
    with pytest.raises(UsageError, match=r"-: the report: the key 'schema' is missing"):
        run("-", stdin=b"{}")
    with pytest.raises(UsageError, match="the format html is not built yet"):
        run(str(tmp_path / "none"), "-f", "html")
