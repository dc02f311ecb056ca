"""Objects that are too large to hold: read in windows, whatever their kind."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scanner.git.objects import Cat
from scanner.git.repository import find
from scanner.git.run import sealed
from scanner.git.stream import BEGINNING, stream
from tests.conftest import Repo, token
from tests.pack.packs import compare, holders, seen

LARGE = BEGINNING + (1 << 18)  # bytes


@pytest.fixture
def heads(repo: Repo) -> dict[str, bytes]:
    """A commit and a tag of more than LARGE bytes, each with a token behind its beginning, by id."""
    tip = repo.commit({"a": b"a"})
    text = b"x" * 99 + b"\n"
    much = text * (2 * LARGE // len(text)) + token() + b"\n"
    commit = repo.git("cat-file", "commit", tip).encode() + b"\nparent\n" + much
    commit = commit.replace(b"\nauthor", b"\nparent " + tip.encode() + b"\nauthor", 1)
    tag = b"object %b\ntype commit\ntag much\ntagger T <t@t> 1700000000 +0000\n\n" % tip.encode() + much
    made = {}
    for kind, content in (("commit", commit), ("tag", tag)):
        oid = repo.git("hash-object", "-t", kind, "-w", "--stdin", stdin=content)
        repo.git("update-ref", f"refs/tags/{kind}", oid)
        made[oid] = content
    return made


def test_commits_and_tags_are_read_in_windows(repo: Repo, heads: dict[str, bytes]) -> None:
    git = sealed(str(repo.path), os.environ, own=False)
    oids = b"".join(oid.encode() + b"\n" for oid in heads)
    told = []
    for piece in stream(git, oids, LARGE):
        for oid, _, start, end in piece.objects:
            content = heads[oid.decode()]
            assert piece.read
            assert (len(piece.data), end - start) == (BEGINNING, len(content))
            assert content.startswith(piece.data[start:end])
            assert b"".join(iter(lambda read=piece.read: read(1 << 16), b"")) == content  # type: ignore[misc]
            told.append(oid.decode())
    assert told == list(heads)


@pytest.mark.parametrize("engine", ["git", "pack"])
def test_what_is_read_in_windows_is_the_same(repo: Repo, heads: dict[str, bytes], engine: str) -> None:
    repo.git("repack", "-adq")
    cut, whole = seen(engine, repo.path, large=LARGE), seen(engine, repo.path)
    assert {len(item.content) for item in cut.found} == {BEGINNING}  # enough to say who and when
    cut = cut._replace(found=tuple(item._replace(content=b"") for item in cut.found))
    compare(cut, whole._replace(found=tuple(item._replace(content=b"") for item in whole.found)))
    assert holders(cut) == set(heads)


def test_no_more_is_read_than_is_wanted(repo: Repo, heads: dict[str, bytes]) -> None:
    with Cat(find(str(repo.path), os.environ, own=False).git) as cat:
        found = {name.decode(): content for name, _, content in cat.contents(map(str.encode, heads), 50)}
    assert found == {oid: content[:50] for oid, content in heads.items()}


def test_what_is_large_is_not_for_the_repository_to_say(repo: Repo) -> None:
    repo.git("config", "core.bigFileThreshold", "1")
    git = sealed(str(Path(repo.path)), os.environ, own=False)
    assert git.run("config", "core.bigFileThreshold") == b"32m\n"
