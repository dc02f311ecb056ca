"""A place in an archive is told with its member, in every report and for whatever holds the archive."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from pathlib import Path

import pytest

from scanner.model import Location, Position
from scanner.report.places import place
from tests.conftest import Repo, Run, token


def packed() -> bytes:
    """One token in two members, the second of which is packed once more."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.env", b"\n" + token() + b"\n")
        archive.writestr("deep/b.gz", gzip.compress(token() + b"\n", mtime=0))
    return file.getvalue()


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        (Location("stdin"), "the standard input!a!b"),
        (Location("blob", blob="0" * 40), "blob 0000000000!a!b"),
        (Location("commit-message", commit="1" * 40), "commit message 1111111111!a!b"),
        (Location("note", b"n"), "note n!a!b"),
        (Location("worktree", b"z.zip"), "z.zip!a!b"),
    ],
)
def test_the_member_is_named_wherever_it_is(location: Location, shown: str) -> None:
    inner = location._replace(member=(b"a", b"b"), position=Position(2, 3, 2, 9), encoding=("zip",))
    assert place(inner) == f"{shown}:2:3 (in zip)"


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        (("joined",), "x (broken up)"),
        (("base64", "joined"), "x (broken up in base64)"),
        (("joined", "base64", "gzip"), "x (in gzip in base64 broken up)"),
    ],
)
def test_what_is_broken_up_is_called_so(encoding: tuple[str, ...], shown: str) -> None:
    assert place(Location("worktree", b"x", encoding=encoding)) == shown


def test_the_standard_input(run: Run) -> None:
    said = run("scan", "-", "-q", stdin=packed()).out
    assert b"the standard input!a.env:2:1\n" in said and b"the standard input!deep/b.gz:1:1" in said


def test_a_blob_that_nothing_reaches(run: Run, repo: Repo) -> None:
    repo.commit({"a": b"nothing"})
    blob = repo.git("hash-object", "-w", "--stdin", stdin=packed())
    said = run("-C", repo.path, "history", "-q").out.decode()
    assert f"blob {blob[:10]}!a.env:2:1" in said and f"blob {blob[:10]}!deep/b.gz:1:1" in said


def test_reports_for_machines_name_each(run: Run, tmp_path: Path) -> None:
    (tmp_path / "z.zip").write_bytes(packed())
    (result,) = json.loads(run("-C", tmp_path, "scan", ".", "-f", "sarif").out)["runs"][0]["results"]
    told = [(each["logicalLocations"][0], each["message"]["text"]) for each in result["locations"]]
    assert [(each["name"], each["fullyQualifiedName"], text.split()[0]) for each, text in told] == [
        ("deep/b.gz", "z.zip!deep/b.gz", "z.zip!deep/b.gz:1:1"),
        ("a.env", "z.zip!a.env", "z.zip!a.env:2:1"),
    ]
    issues = json.loads(run("-C", tmp_path, "scan", ".", "-f", "codequality").out)
    for issue, shown in zip(issues, ("z.zip!deep/b.gz:1:1", "z.zip!a.env:2:1"), strict=True):
        assert f"in {shown}" in issue["description"] and "in 1 more place" in issue["description"]
    (found,) = json.loads(run("-C", tmp_path, "scan", ".", "-f", "gitlab").out)["vulnerabilities"]
    items = [each["value"].split()[0] for each in found["details"]["places"]["items"]]
    assert items == ["z.zip!deep/b.gz:1:1", "z.zip!a.env:2:1"]


def test_the_pieces_are_told_to_those_who_ask(run: Run, tmp_path: Path) -> None:
    half = token()[:30].decode(), token()[30:].decode()
    (tmp_path / "a.py").write_text(f'x = (\n    "{half[0]}"\n    "{half[1]}"\n)\n')
    assert b"a.py:2:6 (broken up)  pieces at 2:6, 3:6\n" in run("-C", tmp_path, "scan", ".", "-v").out
    assert b"pieces" not in run("-C", tmp_path, "scan", ".").out
