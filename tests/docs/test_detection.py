"""docs/detection.md: the names in its table are those of reports, its numbers are those of the program, and its
example is what the program prints."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest

from scanner import allowance, clientids, inside, pairs, uncover, windows
from scanner.decode import joined, joined_lists, views
from scanner.decode.containers_limits import LIMITS
from tests.conftest import Run, token
from tests.decode.archives import STREAMS, zipped
from tests.test_uncover import CHARSETS

PAGE = Path(__file__).parents[2] / "docs/detection.md"
TEXT = PAGE.read_text()
MB = 1 << 20


def section(title: str) -> str:
    """What stands below a heading, in one line."""
    return " ".join(TEXT.partition(f"\n## {title}\n")[2].partition("\n## ")[0].split())


def test_the_table_names_what_reports_name() -> None:
    rows = re.findall(r"^\|([^|]+)\|", TEXT.partition("## Encodings")[2].partition("\n## ")[0], re.M)
    assert set(re.findall("`(.+?)`", "".join(rows))) == {*views.NAMES, *CHARSETS, *STREAMS, "rpm"}


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("What belongs together", f"at most {pairs.LINES} lines away"),
        ("What belongs together", f"{clientids._AROUND:,} bytes"),
        ("Limits", f"at most {LIMITS.total // MB} MB are unpacked, or ten times its size"),
        ("Limits", f"no stream becomes more than {LIMITS.ratio} times as large once it is over 8 MB"),
        ("Limits", f"{LIMITS.entries:,} entries, or one for each {LIMITS.share:,} bytes"),
        ("Limits", f"is opened up to {LIMITS.member // MB} MB"),
        ("Limits", f"is held up to {inside.HELD // MB} MB"),
        ("Limits", f"for each {windows.WINDOW // MB} MB that are looked at"),
        ("Limits", f"four times the text and {allowance._ROOM // MB} MB"),
        ("Limits", f"{allowance._EXCESS // MB} MB are looked at beyond that"),
        ("Limits", f"a larger one in windows of {windows.WHOLE // MB} MB"),
    ],
)
def test_numbers(title: str, words: str) -> None:
    assert words in section(title)


def test_numbers_in_words() -> None:
    assert (LIMITS.depth, LIMITS.times, uncover.DEEP, uncover._MIXED) == (5, 10, 5, 3)
    assert "in each other up to five deep" in section("Archives and Git LFS")
    assert "At most five encodings on each other, three of them different" in section("Limits")
    assert (joined_lists.PIECES, joined._LINES) == (8, 10)
    assert "more than eight pieces or over more than ten lines" in section("Not seen, and why")


def test_the_example(run: Run, tmp_path: Path) -> None:
    secret = b"kind: Secret\ndata:\n  token: " + base64.b64encode(token()) + b"\n"
    (tmp_path / "backup.zip").write_bytes(zipped({"k8s/slack.yaml": secret}))
    printed = run("-C", tmp_path, "scan", "backup.zip").out.decode().splitlines()
    told = re.findall(r"^    (?!\$)(.+)", TEXT, re.M)[:2]
    assert [re.sub(r"xoxb-\d+-\d+", "", line) for line in told] == [re.sub(r"xoxb-\d+-\d+", "", x) for x in printed[:2]]
