"""A forge with all the branches, tags and refs that events are about, and checkouts of it as runners make them.

Every commit holds a token of its own, so that a report tells which commits were looked at: no more, and no fewer.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Mapping
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from tests.conftest import Repo, Result, token

ZERO = "0" * 40
CI = Callable[..., Result]
Payload = dict[str, Any]


class Forge(NamedTuple):
    """The repository of the forge, and its commits by name."""

    repo: Repo
    ids: dict[str, str]

    def of(self, *names: str) -> set[str]:
        """The ids of commits that are named in one string or several."""
        return {self.ids[name] for word in names for name in word.split()}


class Maker:
    """Makes commits, each with another token."""

    def __init__(self, path: Path) -> None:
        self.repo = Repo(path)
        self.ids: dict[str, str] = {}
        self._seeds = count(1)

    def commit(self, *names: str) -> None:
        """Commits with these names."""
        for name in names:
            self.ids[name] = self.repo.commit({f"{name}.env": token(seed=next(self._seeds)) + b"\n"}, name)

    def switch(self, name: str, start: str) -> None:
        """A new branch."""
        self.repo.git("switch", "-q", "-c", name, self.ids[start])

    def merge(self, name: str, other: str, *, clean: bool = False) -> None:
        """A merge, with a token that neither parent has unless it is `clean`."""
        self.repo.git("merge", "-q", "--no-ff", "--no-commit", self.ids[other])
        if not clean:
            self.repo.write(f"{name}.env", token(seed=next(self._seeds)))
        self.repo.git("add", "-A")
        self.repo.git("commit", "-q", "-m", name)
        self.ids[name] = self.repo.git("rev-parse", "HEAD")


def make(path: Path) -> Forge:
    """The forge: main is m1 m2 m3 m4 m5, of which m4 merges o1.

    feature is f1 f2 f3 from m3, f4 (a merge of m4), f5; pull request 7 is of it, and 8 of a fork (k1 k2 from m2)."""
    made = Maker(path)
    made.repo.git("config", "uploadpack.allowFilter", "true")
    made.commit("m1", "m2", "m3")
    made.switch("old", "m2")
    made.commit("o1")
    made.repo.git("switch", "-q", "main")
    made.merge("m4", "o1")
    made.commit("m5")
    made.switch("feature", "m3")
    made.commit("f1", "f2", "f3")
    made.merge("f4", "m4")
    made.commit("f5")
    _pull(made, 7, "f5", "p7")
    made.switch("fork", "m2")
    made.commit("k1", "k2")
    _pull(made, 8, "k2", "p8")
    made.switch("gh-readonly-queue/main/pr-7", "m5")
    made.merge("g1", "f5")
    made.switch("forced", "m3")
    made.commit("x1", "x2")
    made.repo.git("reset", "-q", "--hard", made.ids["m3"])
    made.commit("y1", "y2")
    _tags(made)
    made.repo.git("branch", "-q", "-D", "fork")
    made.repo.git("switch", "-q", "main")
    return Forge(made.repo, made.ids)


def _pull(made: Maker, number: int, head: str, name: str) -> None:
    """The refs of a pull request: its head, and the merge that the forge makes of it."""
    made.repo.git("switch", "-q", "--detach", made.ids["m5"])
    made.merge(name, head, clean=True)
    made.repo.git("update-ref", f"refs/pull/{number}/head", made.ids[head])
    made.repo.git("update-ref", f"refs/pull/{number}/merge", made.ids[name])


def _tags(made: Maker) -> None:
    made.repo.git("tag", "v0", made.ids["m3"])
    made.switch("release", "m4")
    made.commit("t1", "t2")
    made.repo.git("tag", "-a", "v1", "-m", "the first")
    made.ids["v1"] = made.repo.git("rev-parse", "v1")


def checkout(forge: Forge, path: Path, name: str, depth: int, ref: str) -> Repo:
    """What actions/checkout leaves: HEAD at the commit `name`, and so many commits of its past (0: all, with all
    branches and tags). `ref` is where it notes it."""
    work = Repo(path)
    address = f"file://{forge.repo.path}"
    with (path / ".git/config").open("a") as config:
        config.write(f'[remote "origin"]\n\turl = {address}\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n')
    oid = forge.ids[name]
    options = (f"--depth={depth}", "--no-tags") if depth else ()
    all_of_it = () if depth else ("+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*")
    work.git("fetch", "-q", "--no-recurse-submodules", *options, "origin", *all_of_it, f"+{oid}:{ref}")
    work.git("checkout", "-q", "--detach", oid)
    return work


def repository(**more: Any) -> Payload:
    """The repository of an event."""
    return {"id": 42, "full_name": "acme/app", "private": True, "default_branch": "main", **more}


def push(forge: Forge, ref: str, before: str, after: str, **more: Any) -> Payload:
    """A push: names of commits, or ids."""
    ends = {key: forge.ids.get(end, end) for key, end in (("before", before), ("after", after))}
    head = None if after == ZERO else {"id": ends["after"], "message": "a change"}
    return {
        "ref": ref,
        "base_ref": None,
        "compare": "https://example.org/acme/app/compare",
        "commits": [],
        "created": before == ZERO,
        "deleted": after == ZERO,
        "forced": False,
        "head_commit": head,
        "pusher": {"name": "ada"},
        "repository": repository(),
        **ends,
        **more,
    }


def pull(forge: Forge, number: int, base: str, head: str, *, fork: bool = False, **more: Any) -> Payload:
    """A pull request."""
    theirs = {"id": 43, "full_name": "eve/app", "private": False} if fork else repository()
    ends = {
        "base": {"ref": "main", "sha": forge.ids[base], "label": "acme:main", "repo": repository()},
        "head": {"ref": "topic", "sha": forge.ids[head], "label": "eve:topic", "repo": theirs},
    }
    request = {"number": number, "state": "open", "merged": False, **ends}
    return {"action": "synchronize", "number": number, "pull_request": request, "repository": repository(), **more}


def github(path: Path, event: str, payload: Payload, *, sha: str, ref: str, **more: str) -> dict[str, str]:
    """The variables of a run, whose event stands in a file."""
    file = path / "event.json"
    file.write_text(json.dumps(payload))
    return {
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": event,
        "GITHUB_EVENT_PATH": str(file),
        "GITHUB_SHA": sha,
        "GITHUB_REF": ref,
        "GITHUB_REPOSITORY": "acme/app",
        **more,
    }


def looked_at(result: Result) -> set[str]:
    """The commits whose tokens were found; no other was looked at."""
    report = json.loads(result.out)
    found = {place["commit"] for finding in report["findings"] for place in finding["locations"]}
    assert report["coverage"]["commits"] == len(found), report
    assert result.status == (1 if found else 0) and not report["problems"], report
    return found


def named(forge: Forge, oids: Collection[str]) -> str:
    """The names of commits, for reading."""
    names = {oid: name for name, oid in forge.ids.items()}
    return " ".join(sorted(names.get(oid, oid) for oid in oids))


def state(folder: Path) -> Mapping[str, object]:
    """What a scan may not change: refs, HEAD, index, configuration, work tree."""
    repo = Repo.__new__(Repo)
    repo.path = folder
    files = {name: (folder / ".git" / name).read_bytes() for name in ("HEAD", "config", "index")}
    tree = {str(each): each.read_bytes() for each in folder.glob("*") if each.is_file()}
    return {"refs": repo.git("for-each-ref"), "files": files, "tree": tree, "git": set(os.listdir(folder / ".git"))}
