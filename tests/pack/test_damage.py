"""Packs and indexes that are damaged: both engines say the same of every object, and nothing loops or breaks."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner.errors import GitError
from scanner.git.repository import find
from scanner.sources import engines
from scanner.sources.history import Seen
from scanner.sources.jobs import Job
from tests.conftest import Repo, token
from tests.pack import packs
from tests.pack.histories import history
from tests.pack.histories import packs as stored
from tests.pack.packs import OFS, OWN, REF, RULES, Entry, Object, copy, delta, insert, made_from


def chains(draw: random.Random, number: int, kinds: tuple[int, ...]) -> tuple[list[Entry], list[bytes]]:
    """Entries in chains of deltas, some of them with tokens, and their ids."""
    entries: list[Entry] = []
    objects: list[Object] = []
    for kind in kinds:
        text = b"%d %d\n%b\n" % (number, kind, token("bot", number)) + draw.randbytes(100).hex().encode()
        base = len(entries)
        entries.append(Entry(kind, text))
        objects.append(Object(kind, text))
        for _ in range(4):
            at = draw.randrange(base, len(entries))
            made, new = made_from(objects[at].content, draw)
            item = Object(kind, new)
            if item not in objects:
                named = objects[at].oid()
                entries.append(draw.choice([Entry(OFS, made, base=at), Entry(REF, made, named=named)]))
                objects.append(item)
    return entries, [item.oid() for item in objects]


def damaged(draw: random.Random, data: bytes) -> bytes:
    """The pack, with something changed between its header and its trailer."""
    wrong = bytearray(data)
    how = draw.randrange(6)
    at = draw.randrange(12, len(data) - 20)
    if how < 3:
        wrong[at] ^= 1 << draw.randrange(8)
    elif how == 3:
        wrong[at : min(at + 10, len(data) - 20)] = draw.randbytes(min(10, len(data) - 20 - at))
    elif how == 4:
        del wrong[at : len(data) - 20]
    else:
        del wrong[at : at + draw.randint(1, min(30, len(data) - 20 - at))]
    return bytes(wrong)


def both(bare: Repo, broken: bool = False) -> Seen:
    """What the pack engine sees, after a comparison with what git says of each object by itself. (The engine `git` is
    no oracle here: the git that lists all objects ends at the first one that lies outside of its pack.) Where a tree
    alone is damaged git may say more: we inflate none. With `broken`, a delta of a base that the index does not name
    may be a problem that git reads: such a one may be part of a ring, and git is not asked."""
    found = packs.seen("pack", bare.path)
    readable, damaged_ones = set(), set()
    for path in stored(bare, ".idx"):
        for line in bare.git("show-index", stdin=path.read_bytes()).splitlines():
            oid = line.split()[1]
            done = subprocess.run(
                ["git", "cat-file", "--batch"],
                cwd=bare.path,
                input=f"{oid}\n".encode(),
                capture_output=True,
                check=False,
                timeout=60,
            )
            told = done.stdout.partition(b"\n")[0].split()
            if done.returncode or told[1] == b"missing" or len(done.stdout) < int(told[2]):
                damaged_ones.add(oid)
            elif told[1] != b"tree":
                readable.add(b"%b %b %b" % (told[0], told[2], told[1]))
    told_of = {problem.what for problem in found.problems}
    missed = readable - set(packs.oids(found))
    assert sorted(set(packs.oids(found)) - readable) == []
    if broken:
        assert {line.split()[0].decode() for line in missed} <= told_of
    else:
        assert sorted(missed) == []
        assert told_of <= damaged_ones
    assert len(packs.oids(found)) == len(set(packs.oids(found)))
    return found


@pytest.mark.parametrize(("seed", "kinds"), [(1, (3, 1)), (2, (3, 4)), (3, (3, 2)), (4, (3,)), (5, (3,))])
def test_bytes_of_packs(tmp_path: Path, seed: int, kinds: tuple[int, ...]) -> None:
    draw = random.Random(seed)
    bare = Repo(tmp_path / "bare", "--bare")
    for number in range(20):
        entries, ids = chains(draw, number, kinds)
        written = packs.pack(entries)
        listed = packs.index(ids, written.offsets, written.data[-20:])
        packs.store(bare.path, str(number), damaged(draw, written.data), listed)
    found = both(bare)
    assert found.problems
    assert 20 < found.blobs < 20 * 5


def test_offsets_of_indexes(tmp_path: Path) -> None:
    """Into the middle of an entry, before the first one, behind the end, and two of the same."""
    draw = random.Random(7)
    bare = Repo(tmp_path / "bare", "--bare")
    for number in range(20):
        entries, ids = chains(draw, number, (3, 1))
        written = packs.pack(entries)
        offsets = list(written.offsets)
        wrong = draw.choice([0, 4, 11, len(written.data) - 20, len(written.data), 1 << 30, 1 << 31, 1 << 40, 1 << 61])
        middle = draw.randrange(12, len(written.data) - 20)
        offsets[draw.randrange(len(offsets))] = draw.choice([wrong, middle, middle, draw.choice(offsets)])
        packs.store(bare.path, str(number), written.data, packs.index(ids, offsets, written.data[-20:]))
    found = both(bare, broken=True)
    assert found.problems
    assert found.blobs > 20


def ring(size: int) -> tuple[list[Entry], list[bytes]]:
    names = [Object(3, b"%d of %d" % (at, size)).oid() for at in range(size)]
    made = delta(9, 9, copy(0, 9))
    return [Entry(REF, made, named=name) for name in [*names[1:], names[0]]], names


def test_rings_of_bases(tmp_path: Path) -> None:
    """git 2.39 goes round these for ever, and takes more and more memory: so it is not asked, also not for what hangs
    on one, whatever other pack holds it, too."""
    bare = Repo(tmp_path / "bare", "--bare")
    for size in (1, 2, 5):
        entries, names = ring(size)
        tail = Entry(OFS, delta(9, 9, copy(0, 9)), base=0)
        packs.add(bare.path, str(size), [*entries, tail], [*names, bytes([size]) * 20])
    text = token()
    again = [Entry(3, b"x" * 9, after=bytes(2000)), Entry(3, b"odd", size=4)]
    packs.add(bare.path, "fine", [Entry(3, text), *again], [Object(3, text).oid(), ring(1)[1][0], ring(2)[1][0]])
    found = packs.seen("pack", bare.path)
    assert (found.blobs, packs.holders(found)) == (2, {Object(3, text).oid().hex()})
    expected = {b"\1" * 20, b"\2" * 20, b"\5" * 20, *ring(2)[1], *ring(5)[1]}
    told = {problem.what for problem in found.problems}
    assert told == {*(oid.hex() for oid in expected), "pack-1.pack", "pack-2.pack", "pack-5.pack"}


def test_rings_through_what_no_index_names(tmp_path: Path) -> None:
    """An entry that is left out of the index, or in it twice."""
    bare = Repo(tmp_path / "bare", "--bare")
    first, second = b"\1" * 20, b"\2" * 20
    made = delta(9, 9, copy(0, 9))
    written = packs.pack([Entry(REF, made, named=first), Entry(OFS, made, base=0)], count=2)
    listed = packs.index([first, second], [written.offsets[1], 9], written.data[-20:])
    packs.store(bare.path, "x", written.data, listed)
    twice = packs.pack([Entry(REF, made, named=b"\3" * 20)], count=2)
    listed = packs.index([b"\3" * 20, b"\4" * 20], twice.offsets * 2, twice.data[-20:])
    packs.store(bare.path, "twice", twice.data, listed)
    found = packs.seen("pack", bare.path)
    told = {problem.what for problem in found.problems}
    assert told == {*((bytes([at]) * 20).hex() for at in (1, 2, 3, 4)), "pack-twice.pack"}


def test_claims(tmp_path: Path) -> None:
    bare = Repo(tmp_path / "bare", "--bare")
    text = token() + b" and some more"
    entries = [Entry(3, text)]
    entries += [Entry(3, b"hello", size=size) for size in (0, 4, 6, 1 << 20, 1 << 33, 1 << 60)]
    made = [delta(len(text), 4, b"\x7fabcd"), delta(len(text), 1 << 40, insert(b"abcd")), delta(3, 4, insert(b"abcd"))]
    made += [b"\x80" * 90, delta(len(text), 9, copy(len(text) - 3, 9)), delta(len(text), 4, insert(b"abcd"))]
    entries += [Entry(OFS, one, base=0) for one in made]
    entries += [Entry(OFS, made[-1], base=0, size=size) for size in (1 << 31, 1 << 60, 5)]
    entries += [Entry(OFS, made[-1], base=0, distance=away) for away in (0, 1, 1 << 40, 1 << 62)]
    ids = [Object(3, text).oid(), *(bytes([at]) * 20 for at in range(1, len(entries)))]
    packs.add(bare.path, "x", entries, ids)
    found = both(bare)
    assert found.blobs == 2
    assert len(found.problems) == len(entries) - 2


def test_a_copy_in_another_pack_counts(tmp_path: Path) -> None:
    """The larger pack is read first; where it is damaged, git finds the other copy."""
    bare = Repo(tmp_path / "bare", "--bare")
    text = token()
    oid = Object(3, text).oid()
    packs.add(bare.path, "small", [Entry(3, text)], [oid])
    packs.add(bare.path, "large", [Entry(3, text, size=5), Entry(3, b"x" * 10, after=bytes(999))], [oid, b"x" * 20])
    found = both(bare)
    assert (found.blobs, found.problems, packs.holders(found)) == (2, (), {oid.hex()})


def test_loose_objects(tmp_path: Path) -> None:
    bare = Repo(tmp_path / "bare", "--bare")
    names = [bare.git("hash-object", "-w", "--stdin", stdin=token("bot", at)) for at in range(4)]
    for name, content in zip(names, (b"", b"nonsense", None), strict=False):
        file = bare.path / "objects" / name[:2] / name[2:]
        file.chmod(0o644)
        file.write_bytes(file.read_bytes()[:-9] if content is None else content)
    (bare.path / "objects/00").mkdir()
    (bare.path / "objects/00/tmp_obj_x").touch()
    (bare.path / "objects/zz").touch()
    found = packs.agree(bare.path)
    assert packs.holders(found) == {names[3]}
    assert {problem.what for problem in found.problems} == set(names[:3])


# What is refused as a whole: git shows no object of such a pack


def refusals(pack: bytes, index: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Packs and indexes of which one cannot be used."""
    yield pack[:-1], index
    yield pack + b"trailing garbage", index
    yield pack[: len(pack) // 2], index
    yield b"", index
    yield b"PACK", index
    yield b"JUNK" + pack[4:], index
    yield pack[:4] + b"\0\0\0\4" + pack[8:], index
    yield pack[:11] + b"\x01" + pack[12:], index
    yield pack, b""
    yield pack, index[:-1]
    yield pack, index[:1032]
    yield pack, index[:-40] + bytes(40)
    yield pack, index[:8] + b"\xff" + index[9:]
    yield pack, index[:1028] + b"\xff\xff\xff\xff" + index[1032:]
    yield pack, index[:1032] + index[1052:1072] + index[1052:]  # an id that is there twice


def test_what_is_refused(tmp_path: Path) -> None:
    """The engine `pack` does not guess; `auto` says why it asks git."""
    bare = history(tmp_path / "bare")
    (path,) = stored(bare)
    whole = path.read_bytes(), path.with_suffix(".idx").read_bytes()
    path.chmod(0o644)
    path.with_suffix(".idx").chmod(0o644)
    repository = find(str(bare.path), os.environ, own=False)
    for pack, index in refusals(*whole):
        path.write_bytes(pack)
        path.with_suffix(".idx").write_bytes(index)
        with pytest.raises(GitError, match=r"as git writes it|does not fit its index"):
            packs.seen("pack", bare.path)
        looked = engines.look("auto", repository, Job(repository.git, RULES, 5.0, account=True), OWN, 1)
        assert looked.note
        packs.compare(looked.seen, packs.seen("git", bare.path))


# Memory


_BOUNDED = """
import resource, sys
from pathlib import Path
from tests.pack import packs
packs.seen("pack", Path(sys.argv[1]))  # all is loaded
with open("/proc/self/statm") as file:
    used = int(file.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (200 << 20),) * 2)
print(len(packs.seen("pack", Path(sys.argv[1])).problems))
"""


def test_memory(tmp_path: Path) -> None:
    """Of what a pack claims, and what it inflates to, no more is taken than a worker may hold. (git's own share is
    bounded by the same limit: what it cannot allocate is a problem.)"""
    bare = Repo(tmp_path / "bare", "--bare")
    entries = [Entry(3, token())]
    entries += [Entry(3, bytes(1 << 20), size=size) for size in (5, 30 << 20, 1 << 30, (1 << 31) - 1, 1 << 60)]
    entries += [Entry(OFS, delta(len(token()), size, copy(0, 9)), base=0) for size in (31 << 20, 1 << 34, 1 << 60)]
    ids = [Object(3, token()).oid(), *(bytes([at]) * 20 for at in range(1, len(entries)))]
    packs.add(bare.path, "x", entries, ids)
    done = subprocess.run(
        [sys.executable, "-c", _BOUNDED, str(bare.path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == (b"%d\n" % (len(entries) - 1), b"")
