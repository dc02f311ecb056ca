"""What is packed in archives is looked at wherever a file is, and what stays closed is said."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from pathlib import Path
from random import Random
from time import process_time
from typing import Any

import pytest

from bench.recall_matrix.containers import tar
from scanner import inside, rules
from scanner.decode import views
from scanner.decode.containers_source import Forward
from scanner.detect import Detector
from scanner.inside import is_packed
from scanner.sources import files
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


def test_a_skip_names_the_first_twenty(tmp_path: Path, run: Run) -> None:
    for number in range(25):
        (tmp_path / f"{number:02}.gz").write_bytes(b"\x1f\x8b\x08\0" + b"\xff" * 40)
    (skip,) = json.loads(run("-C", tmp_path, "scan", ".", "-f", "json").out)["coverage"]["skipped"]
    assert (skip["what"], skip["count"]) == ("packed content", 25)
    assert skip["first"] == [f"{number:02}.gz" for number in range(20)]
    assert b": 00.gz, \xe2\x80\xa6 (-v lists more)\n" in run("-C", tmp_path, "scan", ".").out


@pytest.mark.parametrize("command", SCANS, ids=" ".join)
def test_wherever_it_stands(repo: Repo, run: Run, command: tuple[str, ...]) -> None:
    repo.commit({"README": b"nothing\n"})
    for name, content in FILES.items():
        repo.write(name, content)
    repo.git("add", ".")
    if command[0] not in ("scan", "staged"):
        repo.commit()
        repo.git("gc", "-q")
    report: dict[str, Any] = json.loads(run(*command, "-f", "json").out)
    found = [place for finding in report["findings"] for place in finding["locations"]]
    assert {
        (place["path"], tuple(place["member"]), tuple(place["encoding"]), place["line"], place["column"])
        for place in found
    } == PLACES
    (closed,) = (each for each in report["coverage"]["skipped"] if each["reason"] == "encrypted")
    assert (closed["what"], closed["count"]) == ("packed content", 1)
    (name,) = closed["first"]  # of an object whose path is not known its id
    file, _, member = name.partition("!")
    assert member == "secret" and (file in FILES or file.startswith("blob "))
    assert report["problems"] == []


def test_strict(repo: Repo, run: Run) -> None:
    repo.write("d.zip", encrypted())
    assert (run("scan").status, run("scan", "--strict").status) == (0, 3)


def test_a_rescan_says_the_same(repo: Repo, run: Run) -> None:
    repo.commit(dict(FILES))
    reports = [json.loads(run("history", "-f", "json").out) for _ in range(2)]
    assert reports[1]["state_used"]
    for report in reports:
        report["coverage"].pop("expanded")  # what was unpacked by this run alone
    one, other = ({key: report[key] for key in ("findings", "coverage", "problems")} for report in reports)
    assert one == other


def test_a_container_is_known_within_a_larger_piece() -> None:
    around = b"x" * 1000
    for content in (*FILES.values(), b"#!/usr/bin/python\n" + FILES["a.zip"]):
        assert is_packed(around + content + around, 1000, 1000 + len(content))
    for content in (b"", b"PK", b"#!/bin/sh\n", b"text"):
        assert not is_packed(around + content + around, 1000, 1000 + len(content))


NOISE = Random(1).randbytes(9 << 20)  # more than one window, packed or not


def large() -> dict[str, bytes]:
    """Archives of more than one window, each with a token at its end."""
    text = b"".join(b"%08d one line of many\n" % at for at in range(2_500_000))  # 75 MB: more than is held of a member
    tail = zipped(conf=b"\nT=" + token(seed=6))
    return {
        "a.zip": zipped(noise=NOISE, conf=b"one\nT=" + token(seed=1) + b"\n"),
        "b.tgz": gzip.compress(tar("noise", NOISE) + tar("d/e.env", token(seed=2)), 1),
        "c.tar": tar("noise", NOISE) + tar("plain", b"T=" + token(seed=3)),
        "d.sql.gz": gzip.compress(NOISE[:1] + text + b"\nT=" + token(seed=4) + b"\n", 1),
        "e.tgz": gzip.compress(tar("log", text + b"T=" + token(seed=5)) + tar("in.zip", tail) + tar("n", NOISE), 1),
    }


@pytest.fixture(scope="module")
def archives() -> dict[str, bytes]:
    return large()


LARGE_PLACES = {
    ("a.zip", ("conf",), (), 2, 3),
    ("b.tgz", ("d/e.env",), ("gzip",), 1, 1),
    ("c.tar", ("plain",), (), 1, 3),
    ("d.sql.gz", (), ("gzip",), 2_500_002, 3),
    ("e.tgz", ("log",), ("gzip",), 2_500_001, 3),
    ("e.tgz", ("in.zip", "conf"), ("gzip",), 2, 3),
}


def places(report: dict[str, Any]) -> set[tuple[Any, ...]]:
    return {
        (place["path"], tuple(place["member"]), tuple(place["encoding"]), place["line"], place["column"])
        for finding in report["findings"]
        for place in finding["locations"]
    }


def test_archives_of_more_than_one_window(repo: Repo, run: Run, archives: dict[str, bytes]) -> None:
    for name, content in archives.items():
        repo.write(name, content)
    report = json.loads(run("scan", "-f", "json").out)
    assert places(report) == LARGE_PLACES
    assert (report["problems"], report["coverage"]["skipped"]) == ([], [])
    assert run("scan", "--no-decode", "a.zip").status == 0


@pytest.mark.parametrize("name", ["a.zip", "b.tgz"])
def test_a_large_archive_that_comes_by_a_pipe(run: Run, archives: dict[str, bytes], name: str) -> None:
    report = json.loads(run("scan", "-", "-f", "json", stdin=archives[name]).out)
    assert places(report) == {(None, *place[1:]) for place in LARGE_PLACES if place[0] == name}
    assert report["coverage"]["bytes"] == len(archives[name])


def test_what_is_too_large_to_be_held(archives: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be sought in is held, up to a bound; beyond it only what is read from its beginning is opened."""
    monkeypatch.setattr(inside, "HELD", 9 << 20)
    monkeypatch.setattr(inside, "WHOLE", 8 << 20)
    detector = Detector(rules.builtin(), 5.0, names=views.NAMES)
    for name, content in archives.items():
        seen = inside.examine_stream(detector, io.BytesIO(content).read)
        found = {(tuple(map(bytes.decode, hit.member)), hit.encoding, *hit.position[:2]) for hit in seen.hits}
        if name == "a.zip":
            assert (found, seen.skipped) == (set(), (inside.TOO_LARGE,))
        else:
            assert found == {place[1:] for place in LARGE_PLACES if place[0] == name}, name


@pytest.mark.parametrize("name", ["a.zip", "b.tgz", "c.tar"])
def test_pieces_of_a_pipe(archives: dict[str, bytes], name: str) -> None:
    content = archives[name]
    sizes = files.SIZES._replace(held=9 << 20, large=8 << 20)
    seen = list(files.read_stdin(io.BytesIO(content), lambda data: False, sizes))
    packed = [one for one in seen if isinstance(one, files.Packed)]
    assert (not packed) == (inside.TOO_LARGE in seen) == (name == "a.zip")
    if packed:  # nobody has read it
        assert isinstance(packed[0].data, Forward)


def test_a_large_archive_in_git_lfs(repo: Repo, run: Run, archives: dict[str, bytes]) -> None:
    from tests.commands.test_lfs import keep

    repo.write("a.zip", keep(repo, archives["a.zip"]))
    repo.git("add", ".")
    for command in ("scan", "staged"):
        report = json.loads(run(command, "-f", "json").out)
        assert places(report) == {("a.zip", ("conf",), ("lfs",), 2, 3)}
        assert report["problems"] == []


def test_a_large_bomb(repo: Repo, run: Run) -> None:
    bomb = gzip.compress(bytes(9 << 20)) + gzip.compress(NOISE)
    repo.write("a.gz", bomb)
    repo.write("b.zip", zipped(noise=NOISE, **{str(at): bytes(63 << 20) for at in range(6)}))
    report = json.loads(run("scan", "-f", "json").out)
    assert {(each["what"], each["reason"]) for each in report["coverage"]["skipped"]} == {
        ("packed content", "it becomes more than 200 times as large"),
    }


def test_many_members_share_what_it_may_take() -> None:
    """A rule that takes long on each member is not tried on a thousand of them."""
    slow = rules.builtin()[0]._replace(
        id="slow", kind="slow", anchors=(b"aaaa",), also=(), pattern=r"(?:a+)+b", checks=(), origin=""
    )
    detector = Detector((slow,), 0.02, names=views.NAMES)
    data = zipped(**{str(at): b"a" * 5000 + b"c" for at in range(1000)})
    before = process_time()
    seen = inside.examine_file(detector, data)
    assert seen.overrun == ("slow",)
    assert process_time() - before < 5


def test_a_skip_names_the_member(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    bomb = gzip.compress(bytes(9 << 20), 9)
    inner = zipped(**{"d/bomb.gz": bomb, "text": b"here"})
    (tmp_path / "a.zip").write_bytes(zipped(**{"b.zip": inner, "bomb.gz": bomb}))
    (tmp_path / "alone.gz").write_bytes(bomb)
    (skip,) = json.loads(run("scan", "-f", "json").out)["coverage"]["skipped"]
    assert skip["first"] == ["a.zip!b.zip!d/bomb.gz", "a.zip!bomb.gz", "alone.gz"]
    told = run("scan", "-v")
    assert all(f"  {place}\n".encode() in told.out + told.err for place in skip["first"])
