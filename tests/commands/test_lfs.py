"""What Git LFS keeps is looked at in the place of its pointers, where it is here; else that is said."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from scanner.inside import ABSENT
from tests.commands.test_archives import zipped
from tests.conftest import Repo, Run, token

TEXT = b"one\n\xc3\xa9 T=" + token() + b"\n"
SCANS = [("scan",), ("staged",), ("hook",)]
LARGE = b"x" * (9 << 20) + b"\nT=" + token() + b"\n"


def pointer(oid: str, size: int = 9) -> bytes:
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {size}\n".encode()


def keep(repo: Repo, content: bytes, oid: str = "") -> bytes:
    """The pointer to what is kept now, under that name if it is given."""
    oid = oid or sha256(content).hexdigest()
    path = repo.path / ".git/lfs/objects" / oid[:2] / oid[2:4] / oid
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return pointer(oid, len(content))


def stage(repo: Repo, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        repo.write(name, content)
        repo.git("add", "--", name)


def report(run: Run, *words: str, status: int = 1, stdin: bytes = b"", decode: bool = True) -> dict[str, Any]:
    done = run(*words, *([] if decode else ["--no-decode"]), "-f", "json", stdin=stdin)
    assert done.status == status, done.err
    made: dict[str, Any] = json.loads(done.out)
    return made


def places(made: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    for finding in made["findings"]:
        for place in finding["locations"]:
            yield place["path"], tuple(place["member"]), tuple(place["encoding"]), place["line"], place["column"]


@pytest.mark.parametrize("words", SCANS)
@pytest.mark.parametrize(
    ("content", "place"),
    [
        (TEXT, ((), ("lfs",), 2, 5)),
        (TEXT.decode().encode("utf-16"), ((), ("lfs", "utf-16-le"), 2, 5)),
        (zipped(conf=TEXT), (("conf",), ("lfs",), 2, 5)),
        (LARGE, ((), ("lfs",), 2, 3)),
    ],
)
def test_a_content_that_is_here(repo: Repo, run: Run, words: tuple[str], content: bytes, place: tuple[Any]) -> None:
    stage(repo, {"a/b.bin": keep(repo, content)})
    made = report(run, *words)
    assert list(places(made)) == [("a/b.bin", *place)]
    assert (made["problems"], made["coverage"]["skipped"]) == ([], [])
    assert report(run, *words, decode=False, status=0)["findings"] == []


def skipped(*places: str) -> list[dict[str, Any]]:
    return [{**ABSENT._asdict(), "count": len(places), "first": list(places)}]


@pytest.mark.parametrize("words", SCANS)
def test_contents_that_are_not_here(repo: Repo, run: Run, words: tuple[str]) -> None:
    stage(repo, {f"{number}.bin": pointer(f"{number}" * 64) for number in range(3)})
    made = report(run, *words, status=0)
    assert made["coverage"]["skipped"] == skipped("0.bin", "1.bin", "2.bin")
    assert report(run, *words, "--strict", status=3)["problems"] == []
    assert report(run, *words, "--strict", decode=False, status=0)["coverage"]["skipped"] == []


@pytest.mark.parametrize("words", SCANS)
def test_a_content_that_is_another_one(repo: Repo, run: Run, words: tuple[str]) -> None:
    stage(repo, {"a.bin": keep(repo, TEXT, "1" * 64), "b.bin": keep(repo, b"none", "2" * 64)})
    made = report(run, *words)
    assert {place[0] for place in places(made)} == {"a.bin"}
    said = {problem["what"]: problem["message"] for problem in made["problems"]}
    assert said.keys() == {"a.bin", "b.bin"}
    assert said["a.bin"] == f"the LFS object {'1' * 64} is damaged: its SHA-256 is another one"


@pytest.mark.parametrize("words", SCANS)
def test_a_content_that_cannot_be_read(repo: Repo, run: Run, words: tuple[str]) -> None:
    found = keep(repo, TEXT)
    (path,) = (repo.path / ".git/lfs/objects").glob("*/*/*")
    path.unlink()
    path.mkdir()
    stage(repo, {"a.bin": found})
    (problem,) = report(run, *words, status=3)["problems"]
    assert (problem["what"], problem["message"].partition(": ")[0].split()[-3:]) == ("a.bin", ["cannot", "be", "read"])


def test_a_range(repo: Repo, run: Run) -> None:
    repo.commit({"README": b"nothing"})
    repo.commit({"a.bin": keep(repo, TEXT)})
    repo.commit({"a.bin": keep(repo, b"clean")})
    made = report(run, "range", "HEAD~2..HEAD")
    assert list(places(made)) == [("a.bin", (), ("lfs",), 2, 5)]


def test_what_a_change_brings(repo: Repo, run: Run) -> None:
    """A token that stood in the version before is not new."""
    repo.commit({"a.bin": keep(repo, TEXT)})
    stage(repo, {"a.bin": keep(repo, b"# more\n" + TEXT)})
    assert report(run, "staged", status=0)["findings"] == []


def test_files_of_another_repository_and_of_none(repo: Repo, run: Run, tmp_path: Path) -> None:
    found = keep(repo, TEXT)
    stage(repo, {"a.bin": found})
    plain = tmp_path / "plain"
    plain.mkdir()
    (plain / "b.bin").write_bytes(found)
    other = tmp_path / "elsewhere"
    other.mkdir()
    made = report(run, "-C", str(other), "scan", str(repo.path), str(plain))
    assert [place[0] for place in places(made)] == [f"{repo.path}/a.bin"]
    assert made["coverage"]["skipped"] == skipped(str(plain / "b.bin"))
    (place,) = places(report(run, "-C", str(repo.path), "scan", "-", stdin=found))
    assert place == (None, (), ("lfs",), 2, 5)


@pytest.mark.parametrize("engine", ["git", "pack"])
def test_history(repo: Repo, run: Run, engine: str) -> None:
    """What is not here at the first run is looked at once it is: nobody remembers that a pointer is clean."""
    digest = sha256(TEXT).hexdigest()
    repo.commit({"a.bin": pointer(digest), "b.bin": pointer("0" * 64), "c.txt": b"text\n"})
    repo.commit({"a.bin": b"gone\n"})
    if engine == "pack":
        repo.git("gc", "-q")
    words = ("history", "--engine", engine)
    blobs = [f"blob {repo.git('rev-parse', f'HEAD~1:{name}')}" for name in ("a.bin", "b.bin")]
    for _ in range(2):
        assert report(run, *words, status=0)["coverage"]["skipped"] == skipped(*sorted(blobs))
    keep(repo, TEXT)
    made = report(run, *words)
    assert list(places(made)) == [("a.bin", (), ("lfs",), 2, 5)]
    assert made["coverage"]["skipped"] == skipped(blobs[1])
    keep(repo, b"another", "0" * 64)
    made = report(run, *words)
    assert [problem["message"] for problem in made["problems"]] == [
        f"the LFS object {'0' * 64} is damaged: its SHA-256 is another one"
    ]
    assert report(run, *words, decode=False, status=0)["problems"] == []


@pytest.mark.parametrize("engine", ["git", "pack"])
def test_history_of_what_is_encoded_in_a_wide_text(repo: Repo, run: Run, engine: str) -> None:
    text = "first\n  " + b64encode(token()).decode() + "\n"
    repo.commit({"a.ps1": text.encode("utf-16"), "b.txt": b"text\n" * 99})
    if engine == "pack":
        repo.git("gc", "-q")
    (place,) = places(report(run, "history", "--no-cache", "--engine", engine))
    assert place == ("a.ps1", (), ("utf-16-le", "base64"), 2, 3)
