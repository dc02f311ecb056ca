"""Which commits bring or remove given blobs: one walk over all commits, split between processes of git."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from scanner.errors import GitError
from scanner.git.changes import Change, Delta, parse_commits
from scanner.git.commits import Parents, spool
from scanner.git.run import Git

_WALK = ("diff-tree", "--stdin", "-z", "-r", "--root", "--raw", "--no-renames", "--no-abbrev")
# Up to here git itself drops all other differences; beyond, the list would be too long for a command line.
_FEW = 4000
_CHUNK = 1 << 20


class Walked(NamedTuple):
    """The changes that touch the wanted blobs, parents before children; what git said where it could not go on."""

    changes: tuple[Change, ...]
    errors: tuple[str, ...]


def walk(git: Git, order: Sequence[bytes], parents: Parents, blobs: Set[bytes], processes: int) -> Walked:
    """The changes of all commits in `order`, cut down to the files that are one of `blobs` before or after."""
    size = max(1, -(-len(order) // processes))
    parts = [order[start : start + size] for start in range(0, len(order), size)]
    with ThreadPoolExecutor(max(1, len(parts))) as pool:
        walked = list(pool.map(lambda part: _walk(git, part, parents, blobs), parts))
    return Walked(
        tuple(change for part in walked for change in part.changes),
        tuple(error for part in walked for error in part.errors),
    )


def _walk(git: Git, order: Sequence[bytes], parents: Parents, blobs: Set[bytes]) -> Walked:
    only = sorted(f"--find-object={oid.decode()}" for oid in blobs) if len(blobs) <= _FEW else []
    questions = (
        commit + b" " + parent if parent else commit for commit in order for parent in parents[commit] or (b"",)
    )
    changes: list[Change] = []
    with spool(questions) as stdin, git.start(*_WALK, *only, stdin=stdin) as process:
        assert process.stdout
        try:
            for change in parse_commits(_fields(iter(lambda: process.stdout.read(_CHUNK), b""))):  # type: ignore[union-attr]
                cut = _cut(change, parents, blobs)
                if cut:
                    changes.append(cut)
        except GitError:
            process.kill()
    status = process.returncode
    said = () if status == 0 else (f"git diff-tree ended with status {status}",)
    return Walked(tuple(changes), said)


def _fields(chunks: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *fields, rest = (rest + chunk).split(b"\0")
        yield from fields
    if rest:
        yield rest


def _cut(change: Change, parents: Parents, blobs: Set[bytes]) -> Change | None:
    """The part of `change` that is about `blobs`, with a difference (perhaps empty) for every parent."""
    assert change.commit
    diffs = [tuple(d for d in diff if _about(d, blobs)) for diff in change.diffs]
    if not any(diffs):
        return None
    missing = len(parents[change.commit]) - len(diffs)
    return Change(change.commit, (*diffs, *[()] * missing))


def _about(delta: Delta, blobs: Set[bytes]) -> bool:
    return any(side is not None and side.oid in blobs for side in delta)
