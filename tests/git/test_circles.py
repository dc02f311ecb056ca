"""Circles of deltas, at which git never ends: found before it is asked, whichever engine, and whatever leads in."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from scanner.git.circles import circles
from scanner.git.packs import size
from scanner.git.run import sealed
from tests.conftest import Repo, token
from tests.pack import packs
from tests.pack.packs import OFS, REF, Entry, Object, copy, delta

MADE = delta(9, 9, copy(0, 9))


def ring(names: Sequence[bytes]) -> list[Entry]:
    """Deltas of these ids, each of the next."""
    return [Entry(REF, MADE, named=name) for name in [*names[1:], names[0]]]


def names(*numbers: int) -> list[bytes]:
    return [bytes([number]) * 20 for number in numbers]


def report(repo: Repo, *options: str) -> dict[str, Any]:
    """What `history` says; that it comes to an end is half of it."""
    done = subprocess.run(
        [sys.executable, "-m", "scanner", "history", "-f", "json", *options, str(repo.path)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        check=False,
        timeout=90,
    )
    assert done.stdout, done
    told: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (1 if told["findings"] else 3)
    return told


@pytest.fixture
def bare(tmp_path: Path) -> Repo:
    """A repository whose HEAD has a tree that is in a circle, with a token in another pack, and one that is loose."""
    repo = Repo(tmp_path / "bare", "--bare")
    tree = names(1, 2)
    packs.add(repo.path, "ring", [*ring(tree), Entry(OFS, MADE, base=0)], [*tree, *names(3)])
    commit = b"tree %b\nauthor A <a@a> 1 +0000\ncommitter A <a@a> 1 +0000\n\nm\n" % tree[0].hex().encode()
    text = token()
    packs.add(repo.path, "fine", [Entry(1, commit), Entry(3, text)], [Object(1, commit).oid(), Object(3, text).oid()])
    for ref in ("main", token("bot", 3).decode()):
        file = repo.path / "refs/heads" / ref
        file.write_text(Object(1, commit).oid().hex() + "\n")
    repo.git("symbolic-ref", "HEAD", "refs/heads/main")
    repo.git("hash-object", "-w", "--stdin", stdin=token("bot", 2))
    return repo


@pytest.mark.parametrize("options", [(), ("--strict",), ("--engine=pack",), ("--engine=both",)])
def test_what_the_pack_engine_can_read_is_scanned(bare: Repo, options: tuple[str, ...]) -> None:
    told = report(bare, "--no-cache", *options)
    assert len(told["findings"]) == 3
    problem, *rest = told["problems"]
    assert problem["what"] == "pack-ring.pack"
    assert problem["message"].endswith(" ".join(name.hex() for name in names(1, 2)))
    assert {one["what"] for one in rest} == {name.hex() for name in names(1, 2, 3)}


@pytest.mark.parametrize("options", [("--engine=git",), ("--reachable",)])
def test_what_only_git_could_read_is_refused(bare: Repo, options: tuple[str, ...]) -> None:
    told = report(bare, *options)
    assert [one["what"] for one in told["problems"]] == ["pack-ring.pack", "git objects"]


def test_another_pack_that_is_damaged_does_not_lead_to_git(bare: Repo) -> None:
    path = bare.path / "objects/pack/pack-fine.pack"
    path.write_bytes(path.read_bytes()[:-3])
    told = report(bare)
    assert told["problems"][0]["what"] == "pack-ring.pack"
    assert "does not fit its index" in told["problems"][1]["message"]


def test_a_borrowed_one(bare: Repo, tmp_path: Path) -> None:
    other = Repo(tmp_path / "other", "--bare")
    (other.path / "objects/info/alternates").write_text(f"{bare.path}/objects\n")
    assert report(other)["problems"][0]["what"] == "pack-ring.pack"


@pytest.mark.parametrize("large", [200_000, -1])
@pytest.mark.parametrize("seed", range(20))
def test_exactly_what_is_in_a_circle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, large: int) -> None:
    """Random bases: against a walk from each entry until it ends, or comes back to where it began."""
    monkeypatch.setattr("scanner.git.circles._LARGE", large)
    draw = random.Random(seed)
    repo = Repo(tmp_path / "bare", "--bare")
    ids = [draw.randbytes(20) for _ in range(40)]
    entries, bases = [], []
    for at in range(len(ids)):
        how = draw.choice([3, REF, REF, OFS]) if at else REF
        base = draw.randrange(at) if how == OFS else draw.randrange(len(ids))
        bases.append(-1 if how == 3 else base)
        made = Entry(how, MADE, base=base) if how == OFS else Entry(REF, MADE, named=ids[base])
        entries.append(Entry(3, draw.randbytes(draw.choice([9, 9000]))) if how == 3 else made)
    written = packs.pack(entries)
    packs.store(repo.path, "x", written.data, packs.index(ids, written.offsets, written.data[-20:]))

    def comes_back(start: int) -> bool:
        at = bases[start]
        for _ in ids:
            if at in (start, -1):
                break
            at = bases[at]
        return at == start

    expected = sorted(ids[at].hex().encode() for at in range(len(ids)) if comes_back(at))
    found = dict(circles(str(repo.path / "objects"), 20))
    assert found == ({"pack-x": expected} if expected else {})


def version_1(listed: bytes, count: int) -> bytes:
    """The same index in the older format."""
    ids, offsets = listed[1032:], listed[1032 + 24 * count :]
    rows = b"".join(offsets[4 * at : 4 * at + 4] + ids[20 * at : 20 * at + 20] for at in range(count))
    return listed[8:1032] + rows + listed[-40:]


def test_other_indexes(tmp_path: Path) -> None:
    folder = tmp_path / "pack"
    folder.mkdir()
    ids = names(1, 2)
    written = packs.pack(ring(ids))
    listed = packs.index(ids, written.offsets, written.data[-20:])
    large = listed[:1080] + b"\x80\0\0\0\x80\0\0\1" + b"".join(at.to_bytes(8, "big") for at in written.offsets)
    outside = packs.index([*ids, *names(7)], [*written.offsets, 1 << 20], written.data[-20:])
    kinds = {"old": version_1(listed, 2), "large": large + listed[-40:], "outside": outside}
    odd = {"cut": listed[:1060], "short": listed[:50], "fan": listed[:8] + b"\xff" + listed[9:], "empty": b""}
    for name, index in {**kinds, **odd}.items():
        (folder / f"{name}.idx").write_bytes(index)
        (folder / f"{name}.pack").write_bytes(written.data)
    (folder / "alone.idx").write_bytes(listed)
    (folder / "torn.idx").write_bytes(packs.index(ids, [12, 13], written.data[-20:]))
    (folder / "torn.pack").write_bytes(written.data[:12] + b"\xff" * 9 + b"\xf0")
    os.mkfifo(folder / "pipe.pack")
    (folder / "pipe.idx").write_bytes(listed)
    assert {name: sorted(found) for name, found in circles(str(tmp_path), 20)} == {
        name: [oid.hex().encode() for oid in ids] for name in kinds
    }
    assert list(circles(str(tmp_path / "none"), 20)) == []
    assert size(str(tmp_path / "none")) == 0


def test_what_no_index_names_ends_by_itself(tmp_path: Path) -> None:
    """git is bounded in memory: it ends as it does at damage."""
    repo = Repo(tmp_path / "bare", "--bare")
    first = names(1)
    written = packs.pack([Entry(REF, MADE, named=first[0]), Entry(OFS, MADE, base=0)], count=1)
    listed = packs.index(first, [written.offsets[1]], written.data[-20:])
    packs.store(repo.path, "x", written.data, listed)
    assert list(circles(str(repo.path / "objects"), 20)) == []
    git = sealed(str(repo.path), os.environ, own=False)._replace(room=200 << 20)
    assert git.bounded(5).room == (4 << 30) + 5
    assert git.attempt("cat-file", "-t", first[0].hex())[0] != 0
