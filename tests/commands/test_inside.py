"""Every command that looks at files sees what is in archives, and what pointers of Git LFS stand for, also there."""

from __future__ import annotations

import gzip
import json
from hashlib import sha256
from typing import Any

import pytest

from bench.recall_matrix.containers import tar
from tests.commands.test_archives import places, zipped
from tests.commands.test_lfs import keep
from tests.conftest import Repo, Run, token

ZEROS = "0" * 40
KEPT = [b"one\nT=" + token(seed=seed) + b"\n" for seed in (11, 12)]
PLACES = {
    ("a.zip", ("conf",), (), 2, 3),
    ("b.tgz", ("d/e.env",), ("gzip",), 1, 3),
    ("c.bin", (), ("lfs",), 2, 3),
    ("d.zip", ("p.bin",), ("lfs",), 2, 3),
}
MISSING = {"what": "LFS object", "reason": "it is not here; git lfs fetch brings it", "count": 1}
CLOSED = "cut off: it ends too early"
# What is run; `TIP` and `BASE` stand for commits, and what stands on standard input is the last.
COMMANDS = {
    "scan": ("scan",),
    "staged": ("staged",),
    "hook": ("hook",),
    "hook FILE": ("hook", "a.zip", "b.tgz", "c.bin", "d.zip", "e.zip"),
    "hook FILE, not staged": ("hook", "a.zip", "b.tgz", "c.bin", "d.zip", "e.zip"),
    "hook, a push": ("hook",),
    "range": ("range", "BASE..TIP"),
    "history git": ("history", "--engine", "git", "--no-cache"),
    "history pack": ("history", "--engine", "pack", "--no-cache"),
    "ci": ("ci", "--base", "BASE", "--head", "TIP"),
    "pre-push": ("pre-push", "origin"),
    "pre-receive": ("pre-receive", "--budget", "none"),
}
INPUT = {"pre-push": f"refs/heads/main TIP refs/heads/main {ZEROS}\n", "pre-receive": "BASE TIP refs/heads/main\n"}
LATER = ("scan", "staged", "hook", "hook FILE", "hook FILE, not staged")  # no commit holds them yet


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command(repo: Repo, run: Run, name: str) -> None:
    base = repo.commit({"README": b"nothing\n"})
    tip = _planted(repo, name)
    words = [word.replace("TIP", tip).replace("BASE", base) for word in COMMANDS[name]]
    env = {"PRE_COMMIT_FROM_REF": base, "PRE_COMMIT_TO_REF": tip} if name == "hook, a push" else {}
    stdin = INPUT.get(name, "").replace("TIP", tip).replace("BASE", base).encode()
    done = run(*words, "-f", "json", env=env, stdin=stdin)
    made: dict[str, Any] = json.loads(done.out)
    assert (places(made), done.status) == (PLACES, 1), done.err
    skipped = made["coverage"]["skipped"]
    whose = f"blob {repo.git('hash-object', 'e.zip')}" if name.startswith("history") else "e.zip"
    assert {**MISSING, "first": [f"{whose}!gone"]} in skipped
    assert [each["first"] for each in skipped if each["reason"] == CLOSED] == [[f"{whose}!torn"]]
    assert made["problems"] == []
    assert made["coverage"]["expanded"] > sum(map(len, KEPT)) + 2 * len(token())


def _planted(repo: Repo, name: str) -> str:
    """Everything that is planted; the commit that has it, if one shall."""
    files = {
        "a.zip": zipped(conf=b"one\nT=" + token(seed=1) + b"\n"),
        "b.tgz": gzip.compress(tar("d/e.env", b"T=" + token(seed=2))),
        "c.bin": keep(repo, KEPT[0]),
        "d.zip": zipped(**{"p.bin": keep(repo, KEPT[1])}),
        "e.zip": zipped(gone=b"version https://git-lfs.github.com/spec/v1\noid sha256:%b\nsize 1\n" % (b"0" * 64),
                        torn=gzip.compress(b"words " * 99)[:-9]),
    }  # fmt: skip
    for path, content in files.items():
        repo.write(path, content)
    if name != "hook FILE, not staged":
        repo.git("add", ".")
    if name in LATER:
        return ""
    tip = repo.commit()
    if name == "pre-receive":  # no ref may have it yet
        repo.git("reset", "-q", "--hard", "HEAD~1")
    return tip


@pytest.mark.parametrize("name", ["a.zip", "b.tgz", "c.bin", "d.zip"])
def test_standard_input(repo: Repo, run: Run, name: str) -> None:
    _planted(repo, "scan")
    made = json.loads(run("scan", "-", "-f", "json", stdin=(repo.path / name).read_bytes()).out)
    assert places(made) == {(None, *place[1:]) for place in PLACES if place[0] == name}


def test_an_object_that_is_an_archive_with_its_own_pointer(repo: Repo, run: Run) -> None:
    """What stands for itself, or for another that stands for it, is looked at once."""
    digest = sha256(b"").hexdigest()
    inner = keep(repo, zipped(again=keep(repo, token(), digest)), digest)
    repo.write("a.bin", inner)
    made = json.loads(run("scan", "-f", "json").out)
    assert made["findings"] == []
    assert [each["message"] for each in made["problems"]] == [
        f"the LFS object {digest} is damaged: its SHA-256 is another one"
    ]


def test_what_a_tag_names_by_itself(repo: Repo, run: Run) -> None:
    """A blob that is pushed without a commit."""
    repo.commit({"README": b"nothing\n"})
    blob = repo.git("hash-object", "-w", "--stdin", stdin=zipped(gone=b"", torn=gzip.compress(b"words " * 99)[:-9]))
    line = f"refs/tags/x {blob.strip()} refs/tags/x {ZEROS}\n"
    made = json.loads(run("pre-push", "origin", "-f", "json", stdin=line.encode()).out)
    assert [(each["reason"], each["first"]) for each in made["coverage"]["skipped"]] == [
        (CLOSED, [f"blob {blob}!torn"])
    ]


@pytest.mark.parametrize("name", COMMANDS)
def test_names_of_files(repo: Repo, run: Run, name: str) -> None:
    """A token as the name of a file, wherever names are at hand."""
    base = repo.commit({"README": b"nothing\n"})
    path = f"a/{token(seed=20).decode()}.txt"
    repo.write(path, b"text\n")
    if name != "hook FILE, not staged":
        repo.git("add", ".")
    tip = "" if name in LATER else repo.commit()
    if name == "pre-receive":
        repo.git("reset", "-q", "--hard", base)
    chosen = ("hook", path) if name.startswith("hook FILE") else COMMANDS[name]
    words = [word.replace("TIP", tip).replace("BASE", base) for word in chosen]
    env = {"PRE_COMMIT_FROM_REF": base, "PRE_COMMIT_TO_REF": tip} if name == "hook, a push" else {}
    stdin = INPUT.get(name, "").replace("TIP", tip).replace("BASE", base).encode()
    done = run(*words, "-f", "json", env=env, stdin=stdin)
    (finding,) = json.loads(done.out)["findings"]
    (place,) = finding["locations"]
    assert (done.status, place["source"], place["line"], place["column"]) == (1, "path-name", 1, 3)
    assert token(seed=20) not in done.out  # nor is it named where it stands
