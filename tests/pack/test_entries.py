"""What stands before the contents of a pack, against what `git verify-pack` says of each entry."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from scanner.pack import entries, index
from scanner.pack.entries import BLOB, COMMIT, TAG, TREE
from tests.conftest import Repo
from tests.pack.histories import history, packs

KINDS = {COMMIT: "commit", TREE: "tree", BLOB: "blob", TAG: "tag"}
FORMATS = {"sha1": 20, "sha256": 32}


class Told(NamedTuple):
    """A line of git's: `size` is that of a delta where there is one, `room` what the entry takes in the pack."""

    kind: str
    size: int
    room: int
    offset: int
    depth: int = 0
    base: str = ""


def by_git(repo: Repo, pack: Path) -> dict[str, Told]:
    lines = (line.split() for line in repo.git("verify-pack", "-v", str(pack)).splitlines())
    rows = (line for line in lines if line[1] in KINDS.values())
    return {
        oid: Told(kind, int(size), int(room), int(at), *((int(delta[0]), delta[1]) if delta else ()))
        for oid, kind, size, room, at, *delta in rows
    }


def by_us(pack: Path, width: int) -> dict[str, Told]:
    listed = index.parse(memoryview(pack.with_suffix(".idx").read_bytes()), width)
    found = entries.parse(np.frombuffer(pack.read_bytes(), np.uint8), listed)
    oids = [bytes(listed.ids[place]).hex() for place in found.place]
    offsets = listed.offsets[found.place]
    told = {}
    for at, oid in enumerate(oids):
        chain = [at]
        while found.base[chain[-1]] >= 0:
            chain.append(int(found.base[chain[-1]]))
        assert chain[-1] == found.root[at]
        base = oids[chain[1]] if len(chain) > 1 else ""
        room = int(found.end[at] - offsets[at])
        kind = KINDS[int(found.kind[at])]
        told[oid] = Told(kind, int(found.size[at]), room, int(offsets[at]), len(chain) - 1, base)
    return told


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("relative", ["true", "false"])  # where a base lies, or its id
def test_every_entry_is_as_git_says(tmp_path: Path, form: str, relative: str) -> None:
    repo = history(tmp_path / "bare", f"--object-format={form}", commits=40)
    repo.git("-c", f"repack.useDeltaBaseOffset={relative}", "repack", "-adfq", "--depth=20")
    (pack,) = packs(repo)
    expected = by_git(repo, pack)
    assert by_us(pack, FORMATS[form]) == expected
    assert {each.kind for each in expected.values()} == set(KINDS.values())
    assert max(each.depth for each in expected.values()) > 1


def test_it_is_the_same_in_parts_and_where_no_thread_can_be_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = history(tmp_path / "bare", commits=40)
    repo.git("repack", "-adfq", "--depth=20")
    (pack,) = packs(repo)
    expected = by_us(pack, 20)
    monkeypatch.setattr(entries, "_MANY", 7)
    assert by_us(pack, 20) == expected

    def refuse(thread: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("threading.Thread.start", refuse)
    assert by_us(pack, 20) == expected


def test_an_empty_pack(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "bare", "--bare")
    repo.git("pack-objects", "-q", "objects/pack/pack", stdin=b"")
    (pack,) = packs(repo)
    assert by_us(pack, 20) == {}
