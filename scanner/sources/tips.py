"""What HEAD, the default branch and the refs have in their files now: how many of them hold a secret still."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from scanner.git.commits import Graph
from scanner.git.refs import BRANCHES, TAGS, Ref
from scanner.model import Held, Secret
from scanner.sources.holding import Kept

_LOCAL, _REMOTE = BRANCHES
_GROUPS = {_LOCAL: "branches", _REMOTE: "remote_branches", TAGS: "tags"}
GROUPS = (*_GROUPS.values(), "others")


class Named(NamedTuple):
    """The commits that HEAD and the default branch name; None where that is not known, empty where it has none."""

    head: bytes | None
    default_branch: bytes | None


class Tips:
    """Answers about one repository. `trees`: the secrets in trees and blobs that refs name directly."""

    def __init__(
        self, kept: Kept, graph: Graph, named: Named, refs: Sequence[Ref], trees: Mapping[bytes, Iterable[Secret]]
    ) -> None:
        self._kept = kept
        self._named = named
        self._graph = graph
        # Of very many refs most hold the same.
        self._states = {group: Counter[int]() for group in GROUPS}
        self._trees: dict[Secret, Counter[str]] = {}
        self._lost: set[str] = set()  # groups with a commit that could not be read
        for ref in refs:
            self._add(ref, group(ref.name), trees)

    def _add(self, ref: Ref, name: str, trees: Mapping[bytes, Iterable[Secret]]) -> None:
        if ref.peeled in self._graph.parents:
            self._states[name][self._kept.standing.get(ref.peeled, 0)] += 1
        elif ref.kind not in (b"tree", b"blob"):
            self._lost.add(name)
        for secret in trees.get(ref.name, ()):
            self._trees.setdefault(secret, Counter())[name] += 1

    def held(self, secret: Secret) -> Held:
        """What holds a secret in its files."""
        places, more = self._kept.of.get(secret, 0), self._trees.get(secret, Counter())
        numbers = {
            name: None if name in self._lost else more[name] + sum(n for bits, n in states.items() if bits & places)
            for name, states in self._states.items()
        }
        return Held(self._has(self._named.head, places), self._has(self._named.default_branch, places), **numbers)

    def _has(self, commit: bytes | None, places: int) -> bool | None:
        if commit is None or (commit and commit not in self._graph.parents):
            return None
        return bool(self._kept.standing.get(commit, 0) & places)


def group(ref: bytes) -> str:
    """Which number of `Held` a ref counts for."""
    return next((name for prefix, name in _GROUPS.items() if ref.startswith(prefix)), "others")
