"""The slow and obvious way to say where tokens stand in a history: every tree of every commit is listed and counted.

It shares no code with the program but the rules, and reads every commit by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import NamedTuple

from tests.conftest import Repo

Tree = Mapping[str, str]  # blob by path


class Commit(NamedTuple):
    """A commit with all of its files."""

    oid: str
    parents: tuple[str, ...]
    date: int
    tree: Tree


class Oracle:
    """Answers about one repository. `tokens` are what is looked for."""

    def __init__(self, repo: Repo, tokens: Iterable[bytes]) -> None:
        self._repo = repo
        self._tokens = [token.decode() for token in tokens]
        listed = repo.git("cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(objectname)")
        every = [line.split(" ") for line in listed.splitlines()]
        self.commits = {oid: self._commit(oid) for kind, oid in every if kind == "commit"}
        self.blobs = [oid for kind, oid in every if kind == "blob" and any(self.count(oid, t) for t in self._tokens)]
        names = repo.git("for-each-ref", "--format=%(refname) %(objectname)").splitlines()
        self.refs = dict(line.split(" ") for line in names)
        self.head = repo.git("rev-parse", "--verify", "--quiet", "HEAD", ok=(0, 1))

    def _commit(self, oid: str) -> Commit:
        lines = self._repo.git("cat-file", "commit", oid).split("\n\n")[0].splitlines()
        parents = tuple(line.split(" ")[1] for line in lines if line.startswith("parent "))
        date = next(int(line.split(" ")[-2]) for line in lines if line.startswith("committer "))
        return Commit(oid, parents, date, self.tree(oid))

    @cache  # noqa: B019 - lives as long as its test
    def tree(self, name: str) -> Tree:
        """All files of a commit or tree."""
        listed = self._repo.git("ls-tree", "-r", "-z", name).split("\0")[:-1]
        return {line.split("\t", 1)[1]: line.split("\t")[0].split(" ")[2] for line in listed}

    @cache  # noqa: B019 - lives as long as its test
    def count(self, blob: str, token: str) -> int:
        """How often a token stands in a blob."""
        return self._repo.git("cat-file", "blob", blob).count(token)

    def places(self) -> set[tuple[str, str | None]]:
        """Blob and path of all tokens; no path where a ref names the blob, or nothing has one."""
        trees = [commit.tree for commit in self.commits.values()]
        trees += [self.tree(name) for name in self.refs if self._kind(name) == "tree"]
        found: set[tuple[str, str | None]] = {
            (blob, path) for tree in trees for path, blob in tree.items() if blob in self.blobs
        }
        blobs = {self._repo.git("rev-parse", f"{name}^{{}}") for name in self.refs if self._kind(name) == "blob"}
        found |= {(blob, None) for blob in blobs.intersection(self.blobs)}
        placed = {blob for blob, _ in found}
        return {*found, *((blob, None) for blob in self.blobs if blob not in placed)}

    @cache  # noqa: B019 - lives as long as its test
    def _kind(self, name: str) -> str:
        return self._repo.git("cat-file", "-t", f"{name}^{{}}")

    def holders(self, blob: str, path: str | None) -> set[str]:
        """The refs that lead to a commit that has this blob at this path, or to a tree that has; or that name it."""
        return {name for name in self.refs if self._holds(name, blob, path)}

    @cache  # noqa: B019 - lives as long as its test
    def _holds(self, name: str, blob: str, path: str | None) -> bool:
        kind = self._kind(name)
        if kind == "blob":
            return path is None and self._repo.git("rev-parse", f"{name}^{{}}") == blob
        if kind == "tree":
            return path is not None and self.tree(name).get(path) == blob
        return path is not None and any(self.commits[oid].tree.get(path) == blob for oid in self._past(name))

    @cache  # noqa: B019 - lives as long as its test
    def _past(self, name: str) -> list[str]:
        return self._repo.git("rev-list", f"{name}^{{}}").split()

    def introducing(self, token: str) -> str | None:
        """The commit that brought a token in: the first of those that refs still reach, else the first of all."""
        bringing = [self.commits[oid] for oid in self.bringing(token)]
        live = {oid for name in self.refs if self._kind(name) == "commit" for oid in self._past(name)}
        return min(((c.oid not in live, c.date, c.oid) for c in bringing), default=(0, 0, None))[2]

    def bringing(self, token: str) -> set[str]:
        """The commits that bring a token in."""
        return {commit.oid for commit in self.commits.values() if self._brings(commit, token)}

    def removing(self, token: str) -> set[str]:
        """The commits that take a token out: it stands less often in all their files than in all files of a parent, and
        none of the commits that are in the past of another parent alone has taken it out before."""
        found: set[str] = set()
        for commit in sorted(self.commits.values(), key=lambda one: one.date):
            for parent in commit.parents:
                past = set(self._past(parent))
                others = {oid for other in commit.parents for oid in self._past(other)} - past
                if self._total(parent, token) > self._total(commit.oid, token) and not others & found:
                    found.add(commit.oid)
        return found

    def _total(self, commit: str, token: str) -> int:
        return sum(self.count(blob, token) for blob in self.commits[commit].tree.values())

    def holds(self, name: str, token: str) -> bool:
        """Whether what a ref names has a token in its files."""
        if self._kind(name) == "blob":
            return self.count(self._repo.git("rev-parse", f"{name}^{{}}"), token) > 0
        return any(self.count(blob, token) for blob in self.tree(name).values())

    def holding(self, prefix: str, token: str) -> int:
        """How many of the refs below `prefix` have a token in their files."""
        return sum(name.startswith(prefix) and self.holds(name, token) for name in self.refs)

    def _brings(self, commit: Commit, token: str) -> bool:
        """design.md, «One idea carries it»: more often in what differs from every parent than in all that the
        differences from the parents replace or remove."""
        parents = [self.commits[oid].tree for oid in commit.parents] or [{}]
        new = [blob for path, blob in commit.tree.items() if all(tree.get(path) != blob for tree in parents)]
        old = [blob for tree in parents for path, blob in tree.items() if commit.tree.get(path) != blob]
        return sum(self.count(blob, token) for blob in new) > sum(self.count(blob, token) for blob in old)
