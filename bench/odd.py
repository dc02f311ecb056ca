"""Copies of a repository in which the same objects lie in other ways: each a way that git or others write packs.

The original is only read. Each maker takes it and a folder that is not there yet; it leaves a bare repository in it.
"""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bench.seal import git_environ

HEAPS = 5  # packs of `several`
FETCHED = 20  # blobs that a partial clone has
LATE = 20  # commits that are not there at first
SMALL = 1000  # bytes of an object that dulwich makes a delta of
WIDE = "--index-version=2,0x40"  # offsets from 64 on are written as 64-bit ones, as in packs of more than 2 GiB


def git(folder: Path, *argv: str, given: bytes = b"") -> bytes:
    """What git prints there. CalledProcessError where it fails."""
    command = ["git", "-C", str(folder), *argv]
    environ = git_environ() | {"GIT_ALLOW_PROTOCOL": "file"}
    return subprocess.run(command, input=given, env=environ, stdout=subprocess.PIPE, check=True).stdout


def as_it_is(source: Path, target: Path) -> None:
    """A copy with the packs of the original. What stands beside packs is left out: with a mark that they came from a
    promisor git would keep all that is in them."""
    git(source, "init", "--quiet", "--bare", str(target))
    shutil.rmtree(target / "objects")
    beside = shutil.ignore_patterns("*.promisor", "*.keep", "*.bitmap", "*.rev", "*.mtimes")
    shutil.copytree(objects(source), target / "objects", copy_function=shutil.copyfile, ignore=beside)
    refs = git(source, "for-each-ref", "--format=%(objectname) %(refname)")
    (target / "packed-refs").write_bytes(refs)
    git(target, "symbolic-ref", "HEAD", _branch(source))


def objects(repo: Path) -> Path:
    """The folder of its objects."""
    return (repo / git(repo, "rev-parse", "--git-path", "objects").decode().strip()).resolve()


def _branch(source: Path) -> str:
    return git(source, "symbolic-ref", "HEAD").decode().strip()


def repacked(*options: str, config: Sequence[str] = ()) -> Callable[[Path, Path], None]:
    """A maker of a copy in one pack that git made anew with these `options`."""

    def make(source: Path, target: Path) -> None:
        as_it_is(source, target)
        set_to = [word for each in config for word in ("-c", each)]
        git(target, *set_to, "repack", "-a", "-d", "-k", "--quiet", *options)

    return make


def sha256(source: Path, target: Path) -> None:
    """What refs reach, with ids by SHA-256."""
    git(source, "init", "--quiet", "--bare", "--object-format=sha256", str(target))
    _exported(source, target)
    git(target, "repack", "-a", "-d", "-f", "--quiet")


def imported(source: Path, target: Path) -> None:
    """What refs reach, in a pack as `git fast-import` leaves it."""
    git(source, "init", "--quiet", "--bare", str(target))
    _exported(source, target)


def _exported(source: Path, target: Path) -> None:
    export = ["fast-export", "--all", "--signed-tags=strip", "--tag-of-filtered-object=drop", "--reencode=no"]
    command = ["git", "-C", str(source), *export]
    argv = ["git", "-C", str(target), "-c", "fastimport.unpackLimit=1", "fast-import", "--quiet", "--force"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=git_environ()) as process:
        subprocess.run(argv, stdin=process.stdout, env=git_environ(), check=True)
    git(target, "symbolic-ref", "HEAD", _branch(source))


def cruft(source: Path, target: Path) -> None:
    """One branch is left, without its newest commits; what only the others reached is in a cruft pack."""
    as_it_is(source, target)
    branch, tip = _branch(source), _late(source)
    (target / "packed-refs").write_text(f"{tip} {branch}\n")
    git(target, "gc", "--quiet", "--cruft", "--prune=never")
    if not list((target / "objects/pack").glob("*.mtimes")):
        raise RuntimeError("git gc made no cruft pack")


def _late(source: Path) -> str:
    """The commit that was the newest one some time ago."""
    return git(source, "rev-list", "--max-count=1", f"--skip={LATE}", "HEAD").decode().strip()


def partial(source: Path, target: Path) -> None:
    """A clone without blobs, into which some were fetched later."""
    serve = "git -c uploadpack.allowFilter=true -c uploadpack.allowAnySHA1InWant=true upload-pack"
    address = f"file://{source.resolve()}"
    git(source, "clone", "--quiet", "--bare", "--filter=blob:none", f"--upload-pack={serve}", address, str(target))
    git(target, "config", "remote.origin.uploadpack", serve)
    listed = git(target, "rev-list", "--objects", "--no-object-names", "--missing=print", "HEAD").decode().split()
    absent = sorted(oid[1:] for oid in listed if oid.startswith("?"))[:FETCHED]
    git(target, "cat-file", "--batch", given="".join(f"{oid}\n" for oid in absent).encode())


def several(source: Path, target: Path) -> None:
    """Several packs, of which one object in ten is in two, with a multi-pack-index; some objects are loose."""
    as_it_is(source, target)
    draw = random.Random(1)
    listed = git(target, "cat-file", "--batch-all-objects", "--unordered", "--batch-check=%(objectname)").split()
    heaps: list[list[bytes]] = [[] for _ in range(HEAPS)]
    for oid in listed:
        for heap in draw.sample(heaps, 2 if draw.random() < 0.1 else 1):
            heap.append(oid)
    old = list((target / "objects/pack").iterdir())
    for heap in heaps:
        given = b"".join(oid + b"\n" for oid in heap)
        git(target, "pack-objects", "--quiet", str(target / "objects/pack/pack"), given=given)
    for path in old:
        path.unlink()
    git(target, "multi-pack-index", "write")


def loose(source: Path, target: Path) -> None:
    """Every object is a file of its own."""
    as_it_is(source, target)
    for pack in (target / "objects/pack").glob("*.pack"):
        aside = pack.rename(target / pack.name)
        pack.with_suffix(".idx").unlink()
        git(target, "unpack-objects", "-q", given=aside.read_bytes())
        aside.unlink()


def thin(source: Path, target: Path) -> None:
    """Fetched in two turns: the second pack came with deltas whose bases were in the first, and were added to it."""
    git(source, "init", "--quiet", "--bare", str(target))
    serve = "--upload-pack=git -c uploadpack.allowAnySHA1InWant=true upload-pack"
    fetch = ["-c", "fetch.unpackLimit=1", "fetch", "--quiet", serve, f"file://{source.resolve()}"]
    git(target, *fetch, f"{_late(source)}:refs/heads/early")
    git(target, *fetch, "+refs/*:refs/*")


def wide(source: Path, target: Path) -> None:
    """The offsets in the indexes of packs have 64 bits."""
    repacked("-f")(source, target)
    for pack in (target / "objects/pack").glob("*.pack"):
        pack.with_suffix(".idx").unlink()
        git(target, "index-pack", WIDE, str(pack))


def dulwich(source: Path, target: Path) -> None:
    """Two packs that dulwich wrote: the small objects as deltas of its own making, which takes it long, the others
    whole."""
    from dulwich.object_store import DiskObjectStore
    from dulwich.pack import write_pack

    as_it_is(source, target)
    pack = target / "objects/pack"
    old = list(pack.iterdir())
    store = DiskObjectStore(str(target / "objects"))
    every = [(store[oid], None) for oid in store]
    small = [item for item in every if len(item[0].as_raw_string()) <= SMALL]
    large = [item for item in every if len(item[0].as_raw_string()) > SMALL]
    write_pack(str(pack / "pack-small"), small, store.object_format, deltify=True, delta_window_size=2)
    write_pack(str(pack / "pack-large"), large, store.object_format, deltify=False)
    store.close()
    for path in old:
        path.unlink()


def borrowing(source: Path, target: Path) -> None:
    """A clone that borrows all objects but those of one commit of its own."""
    git(source, "clone", "--quiet", "--bare", "--shared", str(source), str(target))
    blob = git(target, "hash-object", "-w", "--stdin", given=b"of its own\n").strip()
    tree = git(target, "mktree", given=b"100644 blob " + blob + b"\town\n").decode().strip()
    who = ["-c", "user.name=Bench", "-c", "user.email=bench@example.invalid"]
    commit = git(target, *who, "commit-tree", tree, "-m", "own").decode().strip()
    git(target, "update-ref", "refs/heads/own", commit)


def damaged(source: Path, target: Path) -> None:
    """Some bytes of the largest pack are others."""
    repacked("-f")(source, target)
    pack = max((target / "objects/pack").glob("*.pack"), key=lambda path: path.stat().st_size)
    content, draw = bytearray(pack.read_bytes()), random.Random(1)
    for _ in range(5):
        content[draw.randrange(100, len(content) - 100)] ^= 0x55
    pack.unlink()
    pack.write_bytes(content)


KINDS: Mapping[str, Callable[[Path, Path], None]] = {
    "sha256": sha256,
    "cruft": cruft,
    "partial": partial,
    "deep": repacked("-f", "--depth=250", "--window=250"),
    "anew": repacked("-F"),
    "no-reuse-delta": repacked("-f", "--depth=5"),
    "ref-delta": repacked("-f", config=["repack.useDeltaBaseOffset=false"]),
    "index-v1": repacked("-f", config=["pack.indexVersion=1"]),
    "index-64-bit": wide,
    "several": several,
    "thin": thin,
    "fast-import": imported,
    "dulwich": dulwich,
    "loose": loose,
    "borrowing": borrowing,
    "damaged": damaged,
}
SAYS = {
    "": "as it is",
    "sha256": "SHA-256",
    "cruft": "a cruft pack (`gc --cruft`)",
    "partial": "partial clone, some blobs fetched",
    "deep": "`repack -adf --depth=250 --window=250`",
    "anew": "`repack -adF`",
    "no-reuse-delta": "`--no-reuse-delta`, short chains",
    "ref-delta": "deltas by id (REF_DELTA)",
    "index-v1": "version-1 index",
    "index-64-bit": "64-bit offsets in the index",
    "several": "several packs, multi-pack-index",
    "thin": "a completed thin pack",
    "fast-import": "a pack of `fast-import`",
    "dulwich": "packs of dulwich, one with deltas",
    "loose": "loose objects only",
    "borrowing": "borrows its objects",
    "damaged": "damaged pack",
}
