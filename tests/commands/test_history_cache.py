"""`xoxscan history` with its cache finds what it finds without."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from scanner.sources.cache import NAME
from tests.conftest import Repo, Run, token

ONE, TWO = token(seed=1) + b"\n", token(seed=2) + b"\n"
ANOTHER = b"corp_"  # an anchor that no rule of ours has
RULE = """
rules:
- id: acme-token
  name: x
  kind: acme
  description: x
  severity: high
  anchors: [{anchor}]
  pattern: 'corp_[a-z]{{{length}}}'
  examples: [x]
  counter_examples: [x]
  references: [https://example.org]
  remediation: x
"""


class Both(NamedTuple):
    """The program on one repository, with and without its cache."""

    run: Run
    repo: Repo
    folder: Path

    def report(self, *options: str, **changed: Any) -> dict[str, Any]:
        """A report with the cache. AssertionError where it differs from one without, times left out."""
        mine, status = self._one(*options)
        other, expected = self._one("--no-cache", *options)
        assert (mine, status) == (other, expected)
        return mine

    def _one(self, *options: str) -> tuple[dict[str, Any], int]:
        result = self.run(
            "history", str(self.repo.path), "-f", "json", "--jobs", "1", "--trust-repo-config", *options,
            env={"XOXSCAN_CACHE_DIR": str(self.folder)},
        )  # fmt: skip
        assert result.out, result
        report: dict[str, Any] = json.loads(result.out)
        for key in ("started", "finished", "state_used"):
            report.pop(key, None)
        report["coverage"].pop("expanded")  # what was unpacked by this run alone
        return report, result.status

    def notes(self, *options: str) -> list[str]:
        """What is said of the cache in one run with it."""
        return [note for note in self._one(*options)[0]["notes"] if "cache" in note]


def loaded(both: Both) -> set[str]:
    """Which of the costly modules a run with the cache loads, in the process that began it."""
    program = "import sys\nfrom scanner.cli import main\nmain(sys.argv[1:])\nprint(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", program, "history", str(both.repo.path), "--no-progress", "--jobs", "1"],
        capture_output=True,
        env={**os.environ, "XOXSCAN_CACHE_DIR": str(both.folder)},
        check=True,
    )
    return {"numpy", "hyperscan", "isal", "scanner.pack.forest"} & set(done.stderr.decode().split())


@pytest.fixture
def both(repo: Repo, run: Run, tmp_path: Path) -> Both:
    """With a history of some commits and a tag, all of it loose."""
    repo.git("config", "gc.auto", "0")
    repo.commit({"a": b"clean\n", "b": b"slack: the word alone\n"})
    repo.commit({"c": ONE}, "the first")
    repo.commit({"c": b"gone\n"})
    repo.git("tag", "-a", "-m", "a tag", "v1")
    return Both(run, repo, tmp_path / "cache")


def test_nothing_new(both: Both) -> None:
    first = both.report()
    assert both.report() == first and len(first["findings"]) == 1
    both.repo.git("gc", "-q")
    packed = both.report()
    assert both.report() == packed and packed["coverage"]["blobs"] == 4


@pytest.mark.parametrize("packed", [False, True])
def test_a_rescan_loads_little(repo: Repo, run: Run, tmp_path: Path, packed: bool) -> None:
    repo.commit({"a": b"clean\n"})
    if packed:
        repo.git("gc", "-q")
    both = Both(run, repo, tmp_path / "cache")
    assert "numpy" in loaded(both)
    assert loaded(both) == set()
    both.report()


def literals(both: Both) -> set[str]:
    """What is kept of no history (scanner.sources.compiled): one file."""
    (file,) = both.folder.glob("xoxscan-literals-*.bin")
    return {file.name}


def test_a_file_of_ours_alone_without_secrets(both: Both) -> None:
    both.report()
    assert stat.S_IMODE(both.folder.stat().st_mode) == 0o700
    assert {file.name for file in both.folder.iterdir()} - {NAME} == literals(both)
    for file in both.folder.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        content = file.read_bytes()
        assert ONE.strip() not in content and b"clean" not in content and os.fsencode(both.repo.path) not in content


def test_the_report_says_what_was_used(both: Both) -> None:
    def used() -> object:
        env = {"XOXSCAN_CACHE_DIR": str(both.folder)}
        return json.loads(both.run("history", str(both.repo.path), "-f", "json", env=env).out)["state_used"]

    assert used() is None
    assert used() == str(both.folder / "xoxscan-history.sqlite3")


def test_no_cache_writes_nothing(both: Both) -> None:
    both.report("--no-cache")
    assert not both.folder.exists()
    both.report("--engine", "git")
    both.report("--engine", "both")
    both.report("--reachable")
    assert {file.name for file in both.folder.iterdir()} == literals(both)


def test_what_comes(both: Both) -> None:
    """Loose, then in a pack of its own."""
    both.repo.git("gc", "-q")
    both.report()
    both.repo.commit({"d": TWO}, "the second")
    assert len(both.report()["findings"]) == 2
    both.repo.git("repack", "-dq")
    assert len(list((both.repo.path / ".git/objects/pack").glob("*.pack"))) == 2
    assert len(both.report()["findings"]) == 2
    both.report()


def test_places_that_differ_in_nothing(both: Both) -> None:
    """They come in the same order, whichever of them were known."""
    for number in range(6):
        both.repo.git("tag", "-a", "-m", TWO.decode(), f"t{number}")
        both.report("--only", "slack-bot-token")


def test_what_is_fetched(both: Both, tmp_path: Path) -> None:
    clone = Repo(tmp_path / "other")
    clone.git("pull", "-q", str(both.repo.path), "HEAD")
    clone.git("gc", "-q")
    both.repo.git("gc", "-q")
    both.report()
    for number in range(3):
        clone.commit({"n": b"new %d\n" % number, "d": TWO}, f"commit {number}")
    both.repo.git("-c", "fetch.unpackLimit=1", "fetch", "-q", str(clone.path), "HEAD")
    found = both.report()
    assert len(found["findings"]) == 2 and found["coverage"]["commits"] == 6
    both.report()


@pytest.mark.parametrize(
    "command", [("gc",), ("repack", "-ad"), ("repack", "-adf"), ("repack", "-a"), ("prune-packed",)]
)
def test_packed_anew(both: Both, command: tuple[str, ...]) -> None:
    both.repo.git("repack", "-dq")
    both.repo.commit({"d": TWO})
    both.report()
    both.repo.git(*command, "-q")
    both.report()
    both.report()


def test_loose_and_packed(both: Both) -> None:
    """What stands twice is counted once, and still is known when one of the two is gone."""
    both.repo.git("repack", "-aq")
    first = both.report()
    assert both.report() == first
    both.repo.git("prune-packed")
    assert both.report()["coverage"] == first["coverage"]


def test_two_packs_that_share_objects(both: Both) -> None:
    """Each may go: what both held is known as long as both are there, and is looked at again afterwards."""
    objects = both.repo.path / ".git/objects/pack"
    both.repo.git("repack", "-adq")
    both.repo.commit({"d": TWO})
    names = both.repo.git("rev-list", "--objects", "--no-object-names", "--all")
    both.repo.git("pack-objects", "-q", str(objects / "pack"), stdin=names.encode() + b"\n")
    both.report()
    small = min(objects.glob("*.pack"), key=lambda path: path.stat().st_size)
    both.repo.git("prune-packed")
    both.report()
    for suffix in (".pack", ".idx", ".rev"):
        small.with_suffix(suffix).unlink(missing_ok=True)
    assert len(both.report()["findings"]) == 2
    both.report()


def test_pruned(both: Both) -> None:
    both.repo.git("switch", "-q", "-c", "side")
    both.repo.commit({"d": TWO})
    both.repo.git("switch", "-q", "main")
    assert len(both.report()["findings"]) == 2
    both.repo.git("branch", "-q", "-D", "side")
    assert len(both.report()["findings"]) == 2
    both.repo.git("reflog", "expire", "--expire=now", "--all")
    both.repo.git("-c", "gc.pruneExpire=never", "gc", "-q", "--cruft")
    assert len(both.report()["findings"]) == 2
    both.repo.git("gc", "-q", "--prune=now")
    assert len(both.report()["findings"]) == 1


def test_deleted_refs(both: Both) -> None:
    both.report()
    both.repo.git("tag", "-d", "v1")
    both.repo.git("branch", "-m", "other")
    both.report()


def test_rules(both: Both, tmp_path: Path) -> None:
    """Others with anchors of their own, the same with another pattern, fewer."""
    both.repo.commit({"e": ANOTHER + b"abcdef\n"})
    both.report()
    rule = tmp_path / "rule.yaml"
    for anchor, length, found in (("corp_", 9, 1), ("corp_", 6, 2), ("corp_", 4, 2), ("corp_a", 6, 2)):
        rule.write_text(RULE.format(anchor=anchor, length=length))
        assert len(both.report("--rules", str(rule))["findings"]) == found
    assert both.report("--skip", "slack-bot-token")["findings"] == []
    assert both.report("--only", "slack-app-token")["findings"] == []
    assert len(both.report("--only", "slack-bot-token", "--explain-drops")["findings"]) == 1


def test_suppressions(both: Both) -> None:
    assert len(both.report()["findings"]) == 1
    both.repo.commit({".xoxscan.yaml": b"paths:\n- {pattern: c, reason: a test, owner: ada}\n"})
    found = both.report()
    assert found["findings"] == [] and len(found["suppressed"]) == 1
    both.repo.commit({".xoxscan.yaml": b"accept_foreign_markers: true\n"})
    assert len(both.report()["findings"]) == 1


def broken(repo: Repo, oid: str) -> bytes:
    """Damages a loose object; what it was."""
    file = repo.path / ".git/objects" / oid[:2] / oid[2:]
    content = file.read_bytes()
    file.chmod(0o600)
    file.write_bytes(content[:5] + b"\0\0\0\0" + content[9:])
    return content


def test_problems_that_stay_and_heal(both: Both) -> None:
    oid = both.repo.git("rev-parse", "HEAD~1:c")
    content = broken(both.repo, oid)
    for _ in range(2):
        assert oid in {problem["what"] for problem in both.report()["problems"]}
    (both.repo.path / ".git/objects" / oid[:2] / oid[2:]).write_bytes(content)
    healed = both.report()
    assert healed["problems"] == [] and len(healed["findings"]) == 1


def broken_entry(repo: Repo, oid: str) -> tuple[Path, bytes] | None:
    """Damages an entry of a pack, whose checksum stays; the pack, and what it was. None where no pack holds it."""
    for pack in (repo.path / ".git/objects/pack").glob("*.pack"):
        listed = repo.git("verify-pack", "-v", str(pack.with_suffix(".idx")), ok=(0, 1)).splitlines()
        for offset in (int(line.split()[4]) for line in listed if line.startswith(oid)):
            whole = pack.read_bytes()
            pack.chmod(0o600)
            pack.write_bytes(whole[: offset + 3] + b"\0\0\0\0" + whole[offset + 7 :])
            return pack, whole
    return None


def test_problems_in_a_pack(both: Both) -> None:
    """The pack is damaged where an entry begins; its checksum stays."""
    both.repo.git("repack", "-adq")
    oid = both.repo.git("rev-parse", "HEAD~1:c")
    damaged = broken_entry(both.repo, oid)
    assert damaged
    for _ in range(2):
        assert oid in {problem["what"] for problem in both.report()["problems"]}
    damaged[0].write_bytes(damaged[1])
    healed = both.report()
    assert healed["problems"] == [] and len(healed["findings"]) == 1


def test_a_loose_object_stands_in_for_a_damaged_entry(both: Both) -> None:
    """What git read there is not known of the pack: it is gone with the loose object."""
    both.repo.commit({"d": bytes(range(256)) * 20})
    both.repo.git("repack", "-aq")
    oid = both.repo.git("rev-parse", "HEAD:d")
    assert broken_entry(both.repo, oid)
    assert both.report()["problems"] == []
    both.repo.git("prune-packed")
    for _ in range(2):
        assert oid in {problem["what"] for problem in both.report()["problems"]}


def test_a_loose_object_stands_in_for_the_base_of_another(both: Both) -> None:
    body = b"".join(b"%d lines\n" % number for number in range(500))
    both.repo.commit({"d": body})
    both.repo.commit({"d": body + b"more\n"})
    both.repo.git("repack", "-aq")
    base, delta = both.repo.git("rev-parse", "HEAD:d"), both.repo.git("rev-parse", "HEAD~1:d")
    (both.repo.path / ".git/objects" / delta[:2] / delta[2:]).unlink()
    assert broken_entry(both.repo, base)
    assert both.report()["problems"] == []
    both.repo.git("prune-packed")
    for _ in range(2):
        assert {base, delta} <= {problem["what"] for problem in both.report()["problems"]}


def test_a_repository_that_borrows(both: Both, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    both.repo.git("clone", "-q", "--shared", str(both.repo.path), str(clone))
    other = both._replace(repo=Repo(clone))
    other.repo.commit({"d": TWO})
    other.report()
    assert not (both.folder / NAME).exists()  # what it borrows depends on its refs
    for _ in range(2):
        assert len(other.report("--alternates")["findings"]) == 2
    assert both.folder.exists()


def test_a_repository_that_borrows_and_lacks_a_commit(both: Both, tmp_path: Path) -> None:
    """git cannot tell what its refs reach then: what it stores itself is looked at all the same, and that is said."""
    clone = tmp_path / "clone"
    both.repo.git("clone", "-q", "--shared", str(both.repo.path), str(clone))
    other = both._replace(repo=Repo(clone))
    tree = both.repo.git("rev-parse", "HEAD^{tree}")
    commit = b"tree %b\nparent %b\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\n%b\n"
    lacking = commit % (tree.encode(), b"1" * 40, token(seed=7))
    oid = other.repo.git("hash-object", "-t", "commit", "-w", "--stdin", "--literally", stdin=lacking)
    other.repo.git("update-ref", "refs/heads/main", oid)
    report = other.report()
    assert any(place["source"] == "commit-message" for found in report["findings"] for place in found["locations"])
    assert any("not all objects could be listed" in problem["message"] for problem in report["problems"])


def test_a_folder_in_the_repository(both: Both) -> None:
    for place in (both.repo.path / "cache", both.repo.path / ".git/cache"):
        inside = both._replace(folder=place)
        assert any("inside the repository" in note for note in inside.notes())
        assert not place.exists()


def test_submodules(both: Both, tmp_path: Path) -> None:
    outer = Repo(tmp_path / "outer")
    outer.git("submodule", "add", "-q", str(both.repo.path), "inner")
    outer.commit()
    other = both._replace(repo=outer)
    for _ in range(2):
        assert len(other.report("--recurse-submodules")["findings"]) == 1
