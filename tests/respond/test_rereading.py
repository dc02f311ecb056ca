"""A place for the journal, and the token again from it: with real repositories."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scanner import rules
from scanner.demo.standin import Account
from scanner.detect import Detector
from scanner.errors import GitError
from scanner.git.repository import Repository, find
from scanner.model import Finding, Location, Secret
from scanner.respond.journal import Place
from scanner.respond.rereading import place, secret
from tests.conftest import Repo, token
from tests.respond.slacks import finding

BOT, OTHER = token(), token(seed=2)
DETECTOR = Detector(rules.builtin(), 5.0)
ABSENT = "0" * 39 + "1"


def opened(repo: Repo) -> Repository:
    return find(str(repo.path), dict(os.environ), own=False)


def found(*places: Location) -> Finding:
    return finding(Account(BOT.decode(), "bot"), locations=places)


def again(where: Place, wanted: str) -> Secret | None:
    return secret(where, DETECTOR, wanted, dict(os.environ))


def test_a_blob_and_the_token_in_it(repo: Repo) -> None:
    repo.commit({"a.env": b"first " + OTHER + b"\nthen: " + BOT + b"\n"})
    oid = repo.git("rev-parse", "HEAD:a.env")
    made = found(Location("worktree", b"a.env"), Location("blob", b"a.env", blob=oid))
    where = place(made, opened(repo), DETECTOR)
    start = len(b"first " + OTHER + b"\nthen: ")
    assert where == Place(os.path.realpath(repo.path), oid, start, start + len(BOT), b"a.env")
    assert again(where, made.fingerprint) == Secret(BOT)


def test_a_commit_message(repo: Repo) -> None:
    oid = repo.commit(message="use " + BOT.decode())
    made = found(Location("commit-message", commit=oid))
    where = place(made, opened(repo), DETECTOR)
    assert where is not None and where.object == oid and where.path is None
    assert again(where, made.fingerprint) == Secret(BOT)


def test_the_first_place_that_can_be_read_again_counts(repo: Repo) -> None:
    repo.commit({"a.env": OTHER, "b.env": BOT})
    wrong, right = repo.git("rev-parse", "HEAD:a.env"), repo.git("rev-parse", "HEAD:b.env")
    places = [Location("blob", b"x", blob=oid) for oid in (ABSENT, wrong, right)]
    where = place(found(*places), opened(repo), DETECTOR)
    assert where is not None and where.object == right


@pytest.mark.parametrize(
    "at",
    [
        Location("stdin"),
        Location("index", b"a.env"),
        Location("blob", b"a", blob=ABSENT),
        Location("reflog", commit=ABSENT),
    ],
)
def test_no_object_holds_it(repo: Repo, at: Location) -> None:
    repo.commit()
    assert place(found(at), opened(repo), DETECTOR) is None


def test_a_bare_repository(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"a.env": BOT})
    repo.git("clone", "-q", "--bare", str(repo.path), str(tmp_path / "bare.git"))
    made = found(Location("blob", b"a.env", blob=repo.git("rev-parse", "HEAD:a.env")))
    where = place(made, find(str(tmp_path / "bare.git"), dict(os.environ), own=False), DETECTOR)
    assert where is not None and again(where, made.fingerprint) == Secret(BOT)


def test_what_does_not_stand_there_any_more(repo: Repo) -> None:
    repo.commit({"a.env": OTHER})
    name = found().fingerprint
    oid = repo.git("rev-parse", "HEAD:a.env")
    folder = str(repo.path)
    assert again(Place(folder, oid, 0, 57), name) is None
    assert again(Place(folder, ABSENT, 0, 57), name) is None
    assert again(Place(folder, None, 0, 57), name) is None


def test_a_repository_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(GitError):
        again(Place(str(tmp_path / "gone"), ABSENT, 0, 57), found().fingerprint)
