"""Every kind of repository: what is found in it, which status the program ends with, and what it says to do."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.acceptance import repositories as made
from tests.conftest import Repo, Run, token

BOTH = {(1, "old.txt"), (2, "now.txt")}
SECOND = {(2, "now.txt")}
Make = Callable[[Path], Repo]


class Row(NamedTuple):
    """A kind of repository, a command in it, which tokens are found at which path, the status (findings aside), and
    words of the hint or note."""

    make: Make
    command: str
    found: set[tuple[int, str]]
    status: int = 0
    says: str = ""


ROWS = [
    Row(made.plain, "history", BOTH),
    Row(made.plain, "range HEAD~2..HEAD", SECOND),
    Row(made.plain, "scan", SECOND),
    Row(made.plain, "staged", set(), 0, "nothing is staged"),
    Row(lambda folder: made.cloned(folder, "--bare"), "history", BOTH),
    Row(lambda folder: made.cloned(folder, "--bare"), "range HEAD~2..HEAD", SECOND),
    Row(lambda folder: made.cloned(folder, "--mirror"), "history", BOTH),
    Row(lambda folder: made.cloned(folder, "--depth=2"), "history", SECOND, 3, "git fetch --unshallow"),
    Row(lambda folder: made.cloned(folder, "--depth=2"), "history --allow-shallow", SECOND),
    Row(lambda folder: made.cloned(folder, "--depth=2"), "range HEAD~1..HEAD", set()),
    Row(lambda folder: made.cloned(folder, "--depth=1"), "range HEAD~1..HEAD", set(), 3, "fetch-depth: 0"),
    Row(made.partial, "history", SECOND, 3, "git fetch --refetch --no-filter"),
    Row(made.partial, "history --reachable", SECOND, 3, "git fetch --refetch --no-filter"),
    Row(made.partial, "range HEAD~1..HEAD", set()),
    Row(made.partial, "scan", SECOND),
    Row(lambda folder: made.plain(folder, "--object-format=sha256"), "history", BOTH),
    Row(lambda folder: made.plain(folder, "--object-format=sha256"), "range HEAD~2..HEAD", SECOND),
    Row(made.borrowing, "history", {*BOTH, (4, "mine.txt")}),
    Row(made.borrowing, "history --alternates", {*BOTH, (3, "later.txt"), (4, "mine.txt")}),
    Row(made.replaced, "history", BOTH),
    Row(made.replaced, "range HEAD~2..HEAD", SECOND),
    Row(made.grafted, "history", BOTH),
    Row(made.grafted, "range HEAD~2..HEAD", SECOND),
    Row(made.absent, "history", SECOND, 3, "git fsck"),
    Row(made.absent, "history --reachable", SECOND, 3, "git fsck"),
    Row(lambda folder: made.absent(folder, "HEAD:now.txt"), "range HEAD~2..HEAD", set(), 3, "git fsck"),
    Row(lambda folder: made.absent(folder, "HEAD^{tree}"), "range HEAD~2..HEAD", SECOND, 3, "git fsck"),
    Row(lambda folder: made.absent(folder, "HEAD~1"), "range HEAD~2..HEAD", set(), 3, "fetch it first"),
    Row(lambda folder: made.absent(folder, "HEAD~1"), "history", BOTH, 3, "git fsck"),
    Row(lambda folder: made.absent(folder, "HEAD~1^{tree}"), "history", BOTH, 3, "git fsck"),
    Row(lambda folder: made.absent(folder, "HEAD^{tree}"), "history", BOTH, 3, "git fsck"),
    Row(made.damaged_header, "history", SECOND, 3, "git fsck"),
    Row(made.damaged_content, "history", SECOND, 3, "git fsck"),
    Row(made.packed, "history", BOTH),
    Row(made.damaged_pack, "history", BOTH, 3, "git fsck"),
    Row(made.truncated_pack, "history", set(), 3, "git fsck"),
    Row(made.foreign, "history", BOTH),
    Row(made.foreign, "range HEAD~2..HEAD", SECOND),
    Row(made.foreign, "scan", SECOND),
    Row(made.foreign, "staged", set(), 0, "nothing is staged"),
    Row(made.worktree, "history", BOTH),
    Row(made.worktree, "range HEAD~2..HEAD", SECOND),
    Row(made.worktree, "scan", SECOND),
    Row(made.with_submodule, "history", set(), 0, "--recurse-submodules scans it: part"),
    Row(made.with_submodule, "history --recurse-submodules", {(1, "part/old.txt"), (2, "part/now.txt")}),
    Row(made.deinitialized, "history", set(), 0, "--recurse-submodules scans it: part"),
    Row(made.deinitialized, "history --recurse-submodules", {(1, "part/old.txt"), (2, "part/now.txt")}),
    Row(made.without_submodule, "history --recurse-submodules", set(), 0, "git submodule update --init"),
    Row(made.without_submodule, "history --strict", set(), 3, "--recurse-submodules"),
    Row(made.empty, "history", set(), 3, "--allow-empty"),
    Row(made.empty, "history --allow-empty", set()),
    Row(made.none, "history", set(), 3, "name a git repository"),
    Row(made.detached, "history", BOTH),
    Row(made.detached, "history --reachable", BOTH),
    Row(made.unborn, "history", BOTH),
    Row(made.headless, "history", BOTH, 3, "git fsck"),
    Row(made.broken_ref, "history", BOTH, 3, "git fsck"),
    Row(made.orphaned, "history", BOTH),
    Row(made.lying_graph, "history", BOTH),
    Row(made.lying_graph, "range HEAD~2..HEAD", SECOND),
    Row(made.strange_names, "history", {(1, 'old\n"\t.txt'), (2, "now\\xff\\xfe.txt")}),
    Row(made.strange_names, "range HEAD~1..HEAD", {(2, "now\\xff\\xfe.txt")}),
    Row(made.strange_names, "scan", {(1, 'old\n"\t.txt'), (2, "now\\xff\\xfe.txt")}),
]


def _name(row: Row) -> str:
    make = row.make.__name__ if row.make.__name__ != "<lambda>" else " ".join(row.make.__code__.co_consts[1:2])
    return f"{make} {row.command}"


@pytest.mark.parametrize("row", ROWS, ids=_name)
def test_row(row: Row, run: Run, tmp_path: Path) -> None:
    repo = row.make(tmp_path)
    command, *words = row.command.split(" ")
    result = run("-C", repo.path, command, *words, "--fail-on", "none", "--show-secrets", "-f", "json", "--jobs", "2")
    report = json.loads(result.out) if result.out else {"findings": [], "problems": []}
    assert (result.status, found(report)) == (row.status, row.found), result
    assert row.says in said(report) + result.err.decode()
    assert not (tmp_path / "fetched").exists()


def test_50000_refs_cost_little(run: Run, tmp_path: Path) -> None:
    repo = made.many_refs(tmp_path)
    before = _cpu()
    result = run("-C", repo.path, "history", "-f", "json", "--show-secrets")
    assert _cpu() - before < 10  # seconds; it takes one, and a walk a ref would take minutes
    report = json.loads(result.out)
    assert found(report) == BOTH
    tags = [each["locations"][0]["reach"]["tags"] for each in report["findings"]]
    assert [(names["count"], len(names["first"])) for names in tags] == [(50_000, 20)] * 2


def _cpu() -> float:
    import resource  # not on Windows

    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def test_reftable(run: Run, tmp_path: Path) -> None:
    if not _git_has("init", "ref-format"):
        pytest.skip("this git knows no reftable (before 2.45)")
    repo = made.reftable(tmp_path)
    result = run("-C", repo.path, "history", "-f", "json", "--show-secrets")
    assert (result.status, found(json.loads(result.out))) == (1, BOTH)


def _git_has(command: str, option: str) -> bool:
    usage = subprocess.run(["git", command, "-h"], capture_output=True, check=False)
    return f"--[no-]{option}".encode() in usage.stdout or f"--{option}".encode() in usage.stdout


def test_what_only_an_alternate_holds_is_marked(run: Run, tmp_path: Path) -> None:
    repo = made.borrowing(tmp_path)
    report = json.loads(run("-C", repo.path, "history", "--alternates", "-f", "json", "--show-secrets").out)
    seeds = {token(seed=seed).decode(): seed for seed in range(10)}
    flags = {
        (seeds[each["secret"]], place["reach"]["alternate"], place["reach"]["unreachable"])
        for each in report["findings"]
        for place in each["locations"]
    }
    assert flags == {(1, True, False), (2, True, False), (3, True, True), (4, False, False)}


def found(report: dict[str, Any]) -> set[tuple[int, str]]:
    """Which tokens, by seed, at which paths."""
    seeds = {token(seed=seed).decode(): seed for seed in range(10)}
    return {(seeds[each["secret"]], place["path"] or "") for each in report["findings"] for place in each["locations"]}


def said(report: dict[str, Any]) -> str:
    """Everything that the report says besides findings."""
    return json.dumps({key: value for key, value in report.items() if key != "findings"})
