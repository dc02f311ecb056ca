"""How much memory a scan takes over the number of objects: Pss_Anon of all its processes, at its highest."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from bench import history, odd, table
from bench.cases import SPARE, Bench, Case
from bench.engines import named_as
from bench.measure import Others, Peak, peak
from bench.table import EACH

HEAD = ("repository", "objects", "packs", "engine", "memory MB", "at most", "bytes an object")
TITLE = "Memory"


class Weight(NamedTuple):
    """What one engine took of one repository."""

    name: str
    objects: int
    packs: int
    engine: str
    peak: Peak

    @property
    def bar(self) -> float:
        """The most that it may take, in bytes."""
        return SPARE + EACH * self.objects

    @property
    def over(self) -> str:
        """A sentence where it took more; the engine that reads through git has no bar here."""
        if self.engine == "git" or self.peak.anonymous <= self.bar:
            return ""
        return f"{self.name}: {self.peak.anonymous / 1e6:.0f} MB, may take {self.bar / 1e6:.0f}"


def joined(repos: Sequence[Path], folder: Path) -> Path:
    """One bare repository with the packs and refs of several, made unless it is there: in `folder`, by their names."""
    target = folder / "corpora" / "joined-{}".format("-".join(named_as(path).replace("/", "+") for path in repos))
    if not (target / "bench-done").exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        odd.git(repos[0], "init", "--quiet", "--bare", str(target))
        (target / "packed-refs").write_bytes(b"".join(_join(repo, target) for repo in repos))
        (target / "bench-done").touch()
    return target


def _join(repo: Path, target: Path) -> bytes:
    """Copies the objects of a repository into another one; its refs, below its name."""
    prefix = f"refs/remotes/{named_as(repo)}/".encode()
    shutil.copytree(odd.objects(repo), target / "objects", copy_function=_copied, dirs_exist_ok=True)
    listed = odd.git(repo, "for-each-ref", "--format=%(objectname) %(refname)").splitlines(keepends=True)
    return b"".join(line.replace(b" refs/", b" " + prefix, 1) for line in listed)


def _copied(source: str, target: str) -> None:
    if not os.path.exists(target):
        shutil.copyfile(source, target)


def weights(bench: Bench, repos: Mapping[str, Path], engines: Sequence[str]) -> Iterator[Weight]:
    """A run for each repository and engine."""
    for name, repo in repos.items():
        counted = dict(line.split(": ") for line in odd.git(repo, "count-objects", "-v").decode().splitlines())
        objects = int(counted["in-pack"]) + int(counted["count"])
        for engine in engines:
            case = _case(bench, repo, engine)
            if case.command:
                taken = peak(case.command)
                print(f"bench: {name}, {engine}: {taken.anonymous / 1e6:.0f} MB", file=sys.stderr, flush=True)
                yield Weight(name, objects, int(counted["packs"]), engine, taken)


def _case(bench: Bench, repo: Path, engine: str) -> Case:
    what = ["history", "--engine", engine, "--no-cache", "--jobs", "2", str(repo)]
    return bench.our(engine, bench.programs[0], what, repo)


def cells(weight: Weight) -> tuple[str, ...]:
    """The row of a repository and engine."""
    return (
        weight.name,
        f"{weight.objects:,}",
        str(weight.packs),
        weight.engine,
        f"{weight.peak.anonymous / 1e6:.0f}",
        "" if weight.engine == "git" else f"{weight.bar / 1e6:.0f}",
        f"{weight.peak.anonymous / max(1, weight.objects):.0f}",
    )


def pages(bench: Bench, also: Sequence[Path]) -> tuple[str, str, list[str]]:
    """The table for a terminal, in Markdown, and a sentence for each bar that was missed. Measured are a made-up
    history, the public ones that were named, and all of these in one repository."""
    others = Others()
    repos = {"made": history.subject(bench._replace(repo=None)), **{named_as(repo): repo for repo in also}}
    if len(also) > 1:
        repos[f"{len(also)} of these as one"] = joined(also, bench.folder)
    found = list(weights(bench, repos, ("pack", "git")))
    title = f"jobs 2; {others.share():.0%} of the machine was busy otherwise"
    rows = [cells(weight) for weight in found]
    missed = [weight.over for weight in found if weight.over]
    return table.aligned(f"{TITLE}: {title}", HEAD, rows), table.piped(f"**{TITLE}**: {title}.", HEAD, rows), missed
