"""A history: our engines beside git printing the same blobs, and beside other scanners; and a rescan."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NamedTuple

from bench import corpus
from bench.cases import (
    AS_IT_STANDS,
    OF_AS_IT_STANDS,
    WITHOUT,
    Bar,
    Bench,
    Case,
    Section,
    betterleaks,
    git,
    gitleaks,
    kingfisher,
)
from bench.measure import Command
from bench.ours import Program
from bench.seal import git_environ

LARGE = 1_000_000  # objects; the bars of a small repository are others: the start of the program counts there
OF_GIT = 0.45  # of the time of the yardstick
OF_TURBO, OF_KINGFISHER = 1 / 3, 1 / 7
OF_ONE = {2: 1 / 1.7, 4: 1 / 3}  # by processes: of the time that one takes
OF_GIT_SMALL, PLAIN = 1.0, 1.3
PLAIN_SPARE = 300e6  # bytes: git's list of all objects is in memory, too
RESCAN = 0.4  # seconds more than its yardstick
YARDSTICK = "git cat-file --batch --buffer"
SLACK_OF_TRUFFLEHOG = "Slack,SlackWebhook"


class Listed(NamedTuple):
    """What a repository holds: the ids of its blobs in pack order, one a line, and how much there is."""

    ids: bytes
    objects: int
    blobs: int
    size: int

    @property
    def about(self) -> str:
        """In words."""
        return f"{self.objects} objects, of which {self.blobs} blobs with {self.size / 1e6:.0f} MB"


def listed(repo: Path) -> Listed:
    """What git lists of all objects."""
    form = "--batch-check=%(objectname) %(objecttype) %(objectsize)"
    out = git(repo, "cat-file", "--batch-all-objects", "--unordered", form)
    rows = [words for line in out.splitlines() if len(words := line.split()) == 3]
    blobs = [(oid, int(size)) for oid, kind, size in rows if kind == b"blob"]
    ids = b"".join(oid + b"\n" for oid, _ in blobs)
    return Listed(ids, len(rows), len(blobs), sum(size for _, size in blobs))


def subject(bench: Bench) -> Path:
    """The repository that was named, or one made from the seed."""
    return bench.repo or corpus.history(bench.folder / "corpora" / f"past-{bench.past.name}", bench.past)


def printed(bench: Bench, repo: Path, held: Listed) -> Case:
    """The yardstick: one git prints the blobs, in the order in which they lie in the packs, to nowhere."""
    ids = bench.scratch / f"blobs-{held.blobs}-{held.size}"
    ids.write_bytes(held.ids)
    cat = ("git", "-C", str(repo), "cat-file", "--batch", "--buffer")
    return Case(YARDSTICK, Command(cat, repo, git_environ(), stdin=ids), weigh=True)


def packed(bench: Bench, repo: Path, jobs: int, *options: str) -> Case:
    """Our quick engine."""
    what = ["history", "--engine", "pack", "--no-cache", "--jobs", str(jobs), *options, str(repo)]
    return bench.our(named(jobs, *options), bench.programs[0], what, repo)


def named(jobs: int, *options: str) -> str:
    """What the row of the quick engine is called."""
    return " ".join([f"xoxscan history, engine pack, jobs {jobs}", *options])


def history(bench: Bench) -> Section:
    """Everything that a repository holds."""
    repo = subject(bench)
    held = listed(repo)
    large = held.objects >= LARGE
    cases = [
        printed(bench, repo, held),
        *_packed(bench, repo, large),
        *_plain(bench, repo, bench.programs),
        *_peers(bench, repo),
    ]
    return Section("A history", held.about, cases, objects=held.objects, blobs=held.blobs)


def _packed(bench: Bench, repo: Path, large: bool) -> list[Case]:
    """The rows of the quick engine. On a large repository the one with two processes has all the bars."""
    many = [jobs for jobs in (1, 2, 4) if jobs <= max(2, len(os.sched_getaffinity(0)))]
    rows = {jobs: packed(bench, repo, jobs) for jobs in many}
    if not large:
        return [row._replace(bar=OF_GIT_SMALL if jobs == 2 else None) for jobs, row in rows.items()]
    bars: dict[int, tuple[Bar, ...]] = {jobs: (Bar(named(1), OF_ONE[jobs]),) for jobs in many if jobs in OF_ONE}
    fast, slow = (_label(bench, "kingfisher", what) for what in (TURBO, SCAN))
    bars[2] += (Bar(fast, OF_TURBO), Bar(slow, OF_KINGFISHER), Bar(named(2, AS_IT_STANDS), OF_AS_IT_STANDS))
    rated = [row._replace(bar=OF_GIT if jobs == 2 else None, bars=bars.get(jobs, ())) for jobs, row in rows.items()]
    return [*rated, packed(bench, repo, 2, AS_IT_STANDS)]


def _plain(bench: Bench, repo: Path, programs: list[Program]) -> list[Case]:
    """The engine that reads through git, with and without `hyperscan`."""
    what = ["history", "--engine", "git", "--no-cache", "--jobs", "2", str(repo)]
    rows = [bench.our(f"xoxscan history, engine git ({each.what})", each, what, repo) for each in programs]
    factors = [WITHOUT if each.what == "base" else 1 for each in programs]
    return [row._replace(bar=PLAIN * factor, spare=PLAIN_SPARE) for row, factor in zip(rows, factors, strict=True)]


SCAN, TURBO = "scan, Slack rules", "scan --turbo, Slack rules"


def _label(bench: Bench, peer: str, what: str) -> str:
    return f"{bench.peers[peer].label} {what}"


def _peers(bench: Bench, repo: Path) -> list[Case]:
    """Other scanners, each with its rules for Slack only, without validation and network."""
    trufflehog = ["git", f"file://{repo.resolve()}", "--no-verification", "--no-update", "--json"]
    trufflehog += [f"--include-detectors={SLACK_OF_TRUFFLEHOG}", f"--concurrency={len(os.sched_getaffinity(0))}"]
    return [
        bench.peer("kingfisher", SCAN, kingfisher(repo), repo),
        bench.peer("kingfisher", TURBO, kingfisher(repo, "--turbo"), repo),
        bench.peer("gitleaks", "git, Slack rules", gitleaks("git"), repo),
        bench.peer("betterleaks", "git, Slack rules", betterleaks("git"), repo),
        bench.peer("trufflehog", "git, Slack detectors", trufflehog, repo),
    ]


def rescan(bench: Bench) -> Section:
    """The same again with nothing new: the turn that does not count has filled the cache."""
    repo = subject(bench)
    held = listed(repo)
    folder = repo / os.fsdecode(git(repo, "rev-parse", "--git-path", "objects").strip())
    listing = ("sh", "-c", 'git -C "$0" for-each-ref && find "$1"', str(repo), str(folder))
    yardstick = Case("git for-each-ref, and a list of objects/", Command(listing, repo, git_environ()), weigh=True)
    cases = [yardstick, _again(bench, repo, yardstick), packed(bench, repo, 2)]
    return Section("A rescan", held.about, cases, objects=held.objects, blobs=None)


def _again(bench: Bench, repo: Path, yardstick: Case) -> Case:
    cache = bench.scratch / "cache"
    shutil.rmtree(cache, ignore_errors=True)
    row = bench.our("xoxscan history, again", bench.programs[0], ["history", "--jobs", "2", str(repo)], repo)
    assert row.command
    command = row.command._replace(environ={**row.command.environ, "XOXSCAN_CACHE_DIR": str(cache)})
    return row._replace(command=command, bars=(Bar(yardstick.name, 1, plus=RESCAN),))
