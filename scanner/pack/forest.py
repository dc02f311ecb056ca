"""Which entries of a pack are looked at, in an order in which each delta stands near its base."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from scanner.arrays import Flags, Numbers, np
from scanner.pack.entries import BLOB, BROKEN, COMMIT, ODD, TAG, Entries

# What an object costs besides its bytes, in bytes.
_EACH = 4096
_MANY = 1 << 14  # entries of a portion, unless one tree has more


class Forest(NamedTuple):
    """Trees of deltas, one after the other; in each the entries are as they lie in the pack. For each entry: where its
    deflated content lies, how many bytes that makes, which other entry of the forest it is made from (-1: none), its
    kind, its number in the index, and whether it is looked at (or only needed for others).

    `trees` says at which entry each tree begins, and where the last ends; `work` how much all trees before it are,
    roughly, in bytes. `odd` are the numbers in the index of what cannot be told, and is wanted; `broken` those of all
    that git must not be asked for (scanner.pack.entries)."""

    start: Numbers
    end: Numbers
    size: Numbers
    base: Numbers
    kind: Numbers
    place: Numbers
    wanted: Flags
    trees: Numbers
    work: Numbers
    odd: Numbers
    broken: Numbers


def forest(entries: Entries, wanted: Flags) -> Forest:
    """The trees that hold blobs, commits or tags that are `wanted` (a flag for each place in the index)."""
    wanted = wanted[entries.place]
    content = (entries.kind == BLOB) | (entries.kind == COMMIT) | (entries.kind == TAG)
    holds = np.zeros(len(content), np.bool_)
    holds[entries.root[wanted & content]] = True
    nodes = np.flatnonzero(content & holds[entries.root]).astype(np.int32)
    nodes = nodes[np.argsort(entries.root[nodes], kind="stable")]
    roots = entries.root[nodes]
    begins = np.flatnonzero(np.diff(roots, prepend=-1))
    trees = np.append(begins, len(nodes))
    work = (entries.size[roots[begins]].astype(np.int64) + _EACH) * np.diff(trees)
    return Forest(
        start=entries.start[nodes],
        end=entries.end[nodes],
        size=entries.size[nodes],
        base=_renumbered(entries.base, nodes),
        kind=entries.kind[nodes],
        place=entries.place[nodes],
        wanted=wanted[nodes],
        trees=trees,
        work=np.append(0, np.cumsum(work)),
        odd=entries.place[((entries.kind == ODD) | (entries.kind == BROKEN)) & wanted],
        broken=entries.place[entries.kind == BROKEN],
    )


def _renumbered(base: Numbers, nodes: Numbers) -> Numbers:
    """The bases of `nodes`, as numbers among these."""
    number = np.empty(len(base), np.int32)
    number[nodes] = np.arange(len(nodes), dtype=np.int32)
    bases = base[nodes]
    return np.where(bases < 0, -1, number[np.maximum(bases, 0)])


def portions(trees: Forest, least: int, shares: int) -> Iterator[tuple[int, int]]:
    """Parts of the forest, by the entries at which each begins and ends: each a share of what is left, and at least so
    many bytes of work; not too many entries, each of which takes memory. Large ones come first, so that all who take
    them end at about the same moment."""
    at, last, total = 0, len(trees.trees) - 1, int(trees.work[-1])
    while at < last:
        done = int(trees.work[at])
        goal = done + max((total - done) // shares, least)
        most = int(np.searchsorted(trees.trees, trees.trees[at] + _MANY, side="right")) - 1
        to = min(max(min(int(np.searchsorted(trees.work, goal)), most), at + 1), last)
        yield int(trees.trees[at]), int(trees.trees[to])
        at = to
