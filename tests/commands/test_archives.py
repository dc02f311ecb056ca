"""What is packed in archives is looked at wherever a file is, and what stays closed is said."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from typing import Any

import pytest

from bench.recall_matrix.containers import tar
from scanner.examine import TOO_LARGE, is_packed
from tests.conftest import Repo, Run, token


def zipped(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def encrypted() -> bytes:
    """A zip that says of its only entry that it is encrypted."""
    data = bytearray(zipped(secret=b"x" * 100))
    for at in (data.index(b"PK\x03\x04") + 6, data.index(b"PK\x01\x02") + 8):
        data[at] |= 1
    return bytes(data)


FILES = {
    "a.zip": zipped(conf=b"one\nT=" + token(seed=1) + b"\n"),
    "b.tgz": gzip.compress(tar("d/e.env", token(seed=2))),
    "c.zip": zipped(inner=zipped(deep=gzip.compress(token(seed=3)))),
    "d.zip": encrypted(),
    "e.tar": tar("plain", b"T=" + token(seed=4)),
}
PLACES = {
    ("a.zip", ("conf",), (), 2, 3),
    ("b.tgz", ("d/e.env",), ("gzip",), 1, 1),
    ("c.zip", ("inner", "deep"), ("gzip",), 1, 1),
    ("e.tar", ("plain",), (), 1, 3),
}
SCANS = [
    ("scan",),
    ("staged",),
    ("history", "--engine", "git", "--no-cache"),
    ("history", "--engine", "pack", "--no-cache"),
    ("range", "HEAD~1..HEAD"),
]


@pytest.mark.parametrize("command", SCANS, ids=" ".join)
def test_wherever_it_stands(repo: Repo, run: Run, command: tuple[str, ...]) -> None:
    repo.commit({"README": b"nothing\n"})
    for name, content in FILES.items():
        repo.write(name, content)
    repo.git("add", ".")
    if command[0] not in ("scan", "staged"):
        repo.commit()
        repo.git("gc", "-q")
    report: dict[str, Any] = json.loads(run(*command, "--decode", "-f", "json").out)
    found = [place for finding in report["findings"] for place in finding["locations"]]
    assert {
        (place["path"], tuple(place["member"]), tuple(place["encoding"]), place["line"], place["column"])
        for place in found
    } == PLACES
    assert {"what": "packed content", "reason": "encrypted", "count": 1} in report["coverage"]["skipped"]
    assert report["problems"] == []


def test_strict(repo: Repo, run: Run) -> None:
    repo.write("d.zip", encrypted())
    assert (run("scan", "--decode").status, run("scan", "--decode", "--strict").status) == (0, 3)


def test_a_rescan_says_the_same(repo: Repo, run: Run) -> None:
    repo.commit(dict(FILES))
    reports = [json.loads(run("history", "--decode", "-f", "json").out) for _ in range(2)]
    assert reports[1]["state_used"]
    one, other = ({key: report[key] for key in ("findings", "coverage", "problems")} for report in reports)
    assert one == other


def test_an_archive_of_more_than_one_window(repo: Repo, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.write("a.zip", FILES["a.zip"] + b"\0" * (9 << 20))
    report = json.loads(run("scan", "--decode", "-f", "json").out)
    assert report["coverage"]["skipped"] == [TOO_LARGE._asdict()]


def test_a_container_is_known_within_a_larger_piece() -> None:
    around = b"x" * 1000
    for content in (*FILES.values(), b"#!/usr/bin/python\n" + FILES["a.zip"]):
        assert is_packed(around + content + around, 1000, 1000 + len(content))
    for content in (b"", b"PK", b"#!/bin/sh\n", b"text"):
        assert not is_packed(around + content + around, 1000, 1000 + len(content))
