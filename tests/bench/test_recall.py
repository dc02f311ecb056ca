"""The bench of recall."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import recall
from scanner import fakes

BOT, USER, EXPORT = (fakes.render(f"{{{{{name}_token}}}}", 1) for name in ("bot", "user", "export"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Five cases, all of them easy."""
    rows = [
        {"id": "1", "text": f"a {BOT} b", "expect": "secret", "kind": "bot", "secret": [BOT]},
        {"id": "2", "text": f"{USER}\n{BOT}", "expect": "secret", "kind": "user", "secret": [USER, BOT]},
        {"id": "3", "text": EXPORT, "expect": "secret", "kind": "user", "secret": EXPORT},
        {"id": "4", "text": "xox and more", "expect": "clean", "kind": "placeholder"},
        {"id": "5", "text": "é\ud800", "expect": "ambiguous", "kind": "bot"},
    ]
    path = tmp_path / "cases.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def append(file: Path, **row: object) -> None:
    with file.open("a") as out:
        out.write(json.dumps(row) + "\n")


def test_a_perfect_file(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert recall.main([str(file), "--strict"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-4:] == [
        "| secret: user | 2 | 3 | 100.0 % | 100.0 % | 0 |",
        "| secret: all | 3 | 4 | 100.0 % | 100.0 % | 0 |",
        "| clean: placeholder | 1 | 0 | - | - | 0 |",
        "| clean: all | 1 | 0 | - | - | 0 |",
    ]


def test_what_is_missed_cut_or_fired_for_nothing(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    append(file, id="missed", text="nothing", expect="secret", kind="bot", secret=["noth"])
    append(file, id="cut", text=f"{USER} ", expect="secret", kind="user", secret=[USER[:-1]])
    append(file, id="kind", text=EXPORT, expect="secret", kind="trigger", secret=[EXPORT])
    append(file, id="fired", text=f"a {BOT}", expect="clean", kind="unrelated")
    append(file, id="more", text=f"{BOT} {USER}", expect="secret", kind="bot", secret=[BOT])
    append(file, id="made up", text="xo" + "xb-123456789012-" + "x" * 24, expect="secret", kind="bot", secret=["12345"])
    assert recall.main([str(file), "--verbose"]) == 0
    assert recall.main([str(file), "--strict"]) == 1
    out = capsys.readouterr().out
    for line in (
        "missed: secret bot: 0 exact of 1, 0 not expected",
        "cut: secret user: 0 exact of 1, 0 not expected",
        "kind: secret trigger: matched slack-export-token at 0-",
        "fired: clean unrelated: 0 exact of 0, 1 not expected",
        "more: secret bot: 1 exact of 1, 1 not expected",
        "made up: secret bot: dropped by random: 24 times the same character in a row: ",
        "| clean: all | 2 | 0 | - | - | 1 |",
        "| secret: bot | 4 | 4 | 50.0 % | 50.0 % | 1 |",
        "| secret: user | 3 | 4 | 100.0 % | 75.0 % | 0 |",
    ):
        assert line in out
    assert BOT not in out and USER not in out and EXPORT not in out
