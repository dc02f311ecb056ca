"""The engine `pack` sees what the engine `git` sees, however the objects of a repository are stored."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from dulwich.object_format import DEFAULT_OBJECT_FORMAT
from dulwich.objects import Blob
from dulwich.pack import write_pack

from scanner.errors import GitError
from scanner.git.repository import find
from scanner.sources import engines
from scanner.sources.history import Scope
from scanner.sources.jobs import Job
from tests.conftest import Repo, token
from tests.pack import histories
from tests.pack.histories import history, packs
from tests.pack.packs import RULES, agree, holders, oids, seen

pytestmark = pytest.mark.processes


@pytest.fixture
def bare(tmp_path: Path) -> Repo:
    """A bare repository with one pack of 30 commits, 3 tags and 121 blobs."""
    return history(tmp_path / "bare")


def complete(repo: Repo, commits: int = 30) -> None:
    """Both engines see the same, and not too little."""
    found = agree(repo.path)
    assert (found.commits, found.tags, found.blobs) == (commits, 3, 121)
    assert len(holders(found)) == 94
    assert not found.problems


def test_a_pack_of_fast_import(bare: Repo) -> None:
    complete(bare)


@pytest.mark.parametrize(
    "options",
    [
        ("-adf", "--depth=250", "--window=50"),
        ("-adF", "--window=5"),
        ("-ad", "--max-pack-size=1m"),
        ("-adf", "--depth=0"),
    ],
)
def test_repacked(bare: Repo, options: tuple[str, ...]) -> None:
    bare.git("-c", "pack.packSizeLimit=0", "repack", "-q", *options)
    complete(bare)


def test_deltas_of_commits_and_tags(bare: Repo) -> None:
    bare.git("repack", "-adfq", "--depth=250", "--window=50")
    assert histories.types(bare) >= {("commit", True), ("tag", True), ("tree", True), ("blob", True), ("blob", False)}


def test_several_processes(bare: Repo) -> None:
    bare.git("repack", "-adfq")
    assert oids(agree(bare.path, processes=3)) == oids(seen("pack", bare.path))


def test_packs_that_overlap(bare: Repo) -> None:
    for tip in ("main~20", "main~10", "main~5", "v23"):
        objects = bare.git("rev-list", "--objects", "--no-object-names", tip)
        bare.git("pack-objects", "-q", "objects/pack/pack", stdin=objects.encode())
    assert len(packs(bare)) == 5
    complete(bare)


def test_many_packs(tmp_path: Path) -> None:
    """More than there are file descriptors, had each two."""
    repo = Repo(tmp_path / "many", "--bare")
    for at in range(60):
        histories.load(repo, b"blob\ndata 54\n%b\n" % token("bot", at)[:54].ljust(54))
    assert len(packs(repo)) == 60
    assert agree(repo.path).blobs == 60


def test_a_multi_pack_index(bare: Repo) -> None:
    histories.load(bare, b"blob\ndata 4\nmore\n")
    bare.git("multi-pack-index", "write")
    assert agree(bare.path).blobs == 122


def test_a_multi_pack_index_alone(bare: Repo) -> None:
    """git reads nothing of it either, and its list of all objects says nothing: here it is said."""
    bare.git("multi-pack-index", "write")
    packs(bare, ".idx")[0].unlink()
    with pytest.raises(GitError, match="1 packs have no index of their own"):
        seen("pack", bare.path)
    repository = find(str(bare.path), os.environ, own=False)
    looked = engines.look("auto", repository, Job(repository.git, RULES, 5.0), Scope(), 1)
    assert "have no index of their own" in looked.note


def test_a_pack_without_an_index_is_none(bare: Repo) -> None:
    packs(bare, ".idx")[0].unlink()
    assert agree(bare.path).commits == 0


def test_loose_objects(bare: Repo) -> None:
    histories.unpack(bare)
    assert not packs(bare)
    complete(bare)


def test_loose_and_packed(bare: Repo, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    for file in (bare.path / "objects/pack").iterdir():
        (kept / file.name).write_bytes(file.read_bytes())
    histories.unpack(bare)
    for file in kept.iterdir():
        file.rename(bare.path / "objects/pack" / file.name)
    complete(bare)


def test_bases_by_id(bare: Repo) -> None:
    objects = bare.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)")
    old = packs(bare)[0]
    bare.git("pack-objects", "-q", "--window=50", "--no-reuse-delta", "objects/pack/pack", stdin=objects.encode())
    old.unlink()
    old.with_suffix(".idx").unlink()
    complete(bare)


@pytest.mark.parametrize("options", ["--index-version=2,0x40", "--index-version=1"])
def test_indexes(bare: Repo, options: str) -> None:
    bare.git("repack", "-adfq")
    histories.reindex(bare, options)
    complete(bare)


def test_sha256(tmp_path: Path) -> None:
    repo = history(tmp_path / "bare", "--object-format=sha256")
    complete(repo)
    for options in (("-adfq",), ("-adfq", "--depth=250", "--window=50")):
        repo.git("repack", *options)
        complete(repo)
    histories.reindex(repo, "--index-version=2,0x40", "--object-format=sha256")
    complete(repo)


def test_cruft(bare: Repo) -> None:
    for ref in ("refs/heads/main", "refs/tags/v23"):
        bare.git("update-ref", ref, "main~10")
    bare.git("-c", "gc.pruneExpire=never", "gc", "-q", "--cruft")
    assert packs(bare, ".mtimes")
    complete(bare)


@pytest.mark.parametrize("suffix", [".keep", ".promisor"])
def test_marked_packs(bare: Repo, suffix: str) -> None:
    packs(bare)[0].with_suffix(suffix).touch()
    histories.load(bare, b"blob\ndata 4\nmore\n")
    bare.git("repack", "-adkq")
    assert agree(bare.path).blobs == 122


def test_a_partial_clone(bare: Repo, tmp_path: Path) -> None:
    bare.git("config", "uploadpack.allowFilter", "true")
    bare.git("clone", "-q", "--bare", "--filter=blob:none", f"file://{bare.path}", str(tmp_path / "part"))
    found = agree(tmp_path / "part")
    assert (found.blobs, found.commits, found.tags) == (0, 30, 3)


def test_absent_blobs(bare: Repo) -> None:
    histories.unpack(bare)
    for oid in ("main~3:a", "main:b/c"):
        name = bare.git("rev-parse", oid)
        (bare.path / "objects" / name[:2] / name[2:]).unlink()
    assert agree(bare.path).blobs == 119


def test_completed_thin_packs(bare: Repo, tmp_path: Path) -> None:
    """What is fetched comes as deltas of what is here; index-pack adds the bases at the end."""
    bare.git("repack", "-adfq")
    clone = Repo(tmp_path / "clone", "--bare")
    for tip in ("main~20", "main~10", "main"):
        oid = bare.git("rev-parse", tip)
        bare.git("update-ref", "refs/heads/next", oid)
        clone.git("-c", "fetch.unpackLimit=1", "fetch", "-q", "--no-tags", f"file://{bare.path}", "next:next")
    assert len(packs(clone)) == 3
    assert agree(clone.path).blobs == 121


def test_a_pack_of_dulwich(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "bare", "--bare")
    draw = random.Random(1)
    text = [draw.randbytes(30).hex().encode() for _ in range(50)]
    blobs = []
    for at in range(20):
        text[draw.randrange(50)] = token("bot", at)
        blobs.append((Blob.from_string(b"\n".join(text)), None))
    write_pack(str(repo.path / "objects/pack/pack-by-dulwich"), blobs, DEFAULT_OBJECT_FORMAT, deltify=True)
    found = agree(repo.path)
    assert (found.blobs, len(holders(found))) == (20, 20)


def test_an_empty_repository(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "bare", "--bare")
    assert agree(repo.path).looked == b""
    repo.git("pack-objects", "-q", "objects/pack/pack")
    assert len(packs(repo)) == 1
    assert agree(repo.path).looked == b""


# Alternates


@pytest.fixture
def borrower(bare: Repo, tmp_path: Path) -> Repo:
    """A repository with two blobs of its own, one loose, that borrows from one that borrows from `bare`."""
    middle = Repo(tmp_path / "middle", "--bare")
    (middle.path / "objects/info/alternates").write_text("# far\n\n../../bare/objects\n")
    histories.load(middle, b"blob\ndata 6\nmiddle\n")
    repo = Repo(tmp_path / "near", "--bare")
    lines = [
        tmp_path / "middle/objects",
        tmp_path / "nowhere",
        repo.path / "objects",
        tmp_path / "middle/../middle/objects",
    ]
    (repo.path / "objects/info/alternates").write_text("".join(f"{line}\n" for line in lines))
    histories.load(repo, b"blob\ndata 4\nnear\n")
    repo.git("hash-object", "-w", "--stdin", stdin=b"loose")
    return repo


def test_what_is_borrowed(borrower: Repo) -> None:
    assert agree(borrower.path).blobs == 2
    assert agree(borrower.path, scope=Scope(alternates=True)).blobs == 124


def test_what_is_borrowed_and_reached(borrower: Repo) -> None:
    borrower.git("update-ref", "refs/heads/main", borrower.git("--git-dir=../bare", "rev-parse", "main~5"))
    found = agree(borrower.path)
    assert (found.commits, found.problems) == (25, ())


@pytest.mark.no_cover
def test_alternates_in_a_ring(borrower: Repo, bare: Repo) -> None:
    (bare.path / "objects/info/alternates").write_text("../../near/objects\n" * 2000)
    assert agree(borrower.path, scope=Scope(alternates=True)).blobs == 124
    assert agree(bare.path, scope=Scope(alternates=True)).blobs == 124


@pytest.mark.parametrize("links", [4, 8])
def test_alternates_in_a_row(bare: Repo, tmp_path: Path, links: int) -> None:
    """git follows so many, and no more."""
    last = bare
    for at in range(links):
        repo = Repo(tmp_path / f"link{at}", "--bare")
        (repo.path / "objects/info/alternates").write_text(f"{last.path}/objects\n")
        histories.load(repo, b"blob\ndata 1\n%d\n" % at)
        last = repo
    assert agree(last.path, scope=Scope(alternates=True)).blobs == (125 if links == 4 else 7)


# Large ones


def test_what_is_too_large_is_left_to_git(bare: Repo) -> None:
    """With all that is made from it."""
    bare.git("repack", "-adfq")
    expected = seen("pack", bare.path)
    for large in (0, 2500, 8300):
        assert oids(agree(bare.path, large=large)) == oids(expected)


def test_huge_blobs(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "bare", "--bare")
    body = bytes(33 << 20)
    for secret in (token("bot", 1), token("bot", 2)):
        repo.git("hash-object", "-w", "--stdin", stdin=body + b"\n" + secret + b"\n")
    repo.git("hash-object", "-w", "--stdin", stdin=b"small " + token("bot", 3))
    objects = repo.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)")
    repo.git("-c", "core.bigFileThreshold=100m", "pack-objects", "-q", "objects/pack/pack", stdin=objects.encode())
    repo.git("prune-packed")
    assert ("blob", True) in histories.types(repo)
    assert len(holders(agree(repo.path))) == 3
