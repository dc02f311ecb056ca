"""Where finds come from, on real repositories: compared with an oracle that lists every tree of every commit."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from scanner import rules
from scanner.git import refs
from scanner.git.reach import Holders
from scanner.git.repository import find
from scanner.model import Held, Reach
from scanner.pipeline import Story
from scanner.sources import history, origins
from scanner.sources.history import Scope
from scanner.sources.jobs import Job
from scanner.sources.origins import Told
from tests.conftest import Repo, token
from tests.sources.oracle import Oracle

ONE, TWO = token(seed=1), token(seed=2)
CONTENTS = (b"clean\n", b"other\n", ONE, b"x " + ONE, ONE + b"\n" + ONE, ONE + b"\n" + TWO, TWO, b"y " + TWO)
PATHS = ("a", "b", "dir/a")


def told(repo: Repo) -> Told:
    """What the program tells of a repository's finds."""
    repository = find(str(repo.path), os.environ, own=False)
    job = Job(repository.git, rules.builtin(), 5.0)
    seen = history.engine(repository, job, Scope(), 1)
    assert not seen.problems
    held = Holders(refs.peel(repository.git, refs.names(repository.git)), refs.reflogs(repository.git))
    return origins.Teller(repository, seen, held, lambda path, hit: None, 2).told()


# Random histories


class Made(NamedTuple):
    """A commit to make: the numbers of its parents (modulo those that are there), whose files it begins with, and which
    content each path then has (None: no such file)."""

    parents: tuple[int, ...]
    files: Mapping[str, int | None]
    kept: bool  # whether a branch leads to it


COMMITS = st.lists(
    st.builds(
        Made,
        st.lists(st.integers(0, 9), max_size=3).map(tuple),
        st.dictionaries(st.sampled_from(PATHS), st.none() | st.integers(0, len(CONTENTS) - 1), max_size=3),
        st.booleans(),
    ),
    min_size=1,
    max_size=8,
)


def build(repo: Repo, commits: list[Made], tagged: int, tree: int) -> None:
    """Makes the commits with git fast-import, each on a branch of its own; then drops the branches of those that are
    not kept, and tags one of them, and the tree of another."""
    trees: list[dict[str, int]] = []
    stream: list[bytes] = []
    for number, content in enumerate(CONTENTS):
        stream += [b"blob\nmark :%d\ndata %d\n%b\n" % (number + 1, len(content), content)]
    for number, commit in enumerate(commits):
        parents = list(dict.fromkeys(parent % number for parent in commit.parents)) if number else []
        files = dict(trees[parents[0]]) if parents else {}
        files = {path: content for path, content in {**files, **commit.files}.items() if content is not None}
        trees.append(files)
        stream.append(b"commit refs/heads/c%d\nmark :%d\n" % (number, 100 + number))
        stream.append(b"committer Ada <a@b> %d +0000\ndata 0\n" % (1000 + number))
        for order, parent in enumerate(parents):
            stream.append(b"%b :%d\n" % (b"merge" if order else b"from", 100 + parent))
        stream.append(b"deleteall\n")
        stream += [b"M 100644 :%d %b\n" % (content + 1, path.encode()) for path, content in files.items()]
        stream.append(b"\n")
    repo.git("fast-import", "--quiet", stdin=b"".join(stream))
    repo.git("-c", "advice.nestedTag=false", "tag", "-a", "-m", "tag", "v1", f"c{tagged % len(commits)}")
    repo.git("-c", "advice.nestedTag=false", "tag", "-a", "-m", "tag", "v2", "v1")
    repo.git("update-ref", "refs/some/tree", f"c{tree % len(commits)}^{{tree}}")
    repo.git("tag", "file", repo.git("hash-object", "-w", "--stdin", stdin=ONE))
    repo.git("update-ref", "refs/remotes/origin/one", f"c{tagged % len(commits)}")
    repo.git("update-ref", "refs/pull/1/head", f"c{tree % len(commits)}")
    repo.git("symbolic-ref", "HEAD", f"refs/heads/c{(tagged + tree) % len(commits)}")
    for number, commit in enumerate(commits):
        if not commit.kept:
            repo.git("update-ref", "-d", f"refs/heads/c{number}")


@settings(max_examples=25, deadline=None)
@given(COMMITS, st.integers(0, 9), st.integers(0, 9))
def test_random_histories_are_told_as_the_oracle_tells_them(commits: list[Made], tagged: int, tree: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        repo = Repo(Path(folder) / "repo", "--bare")
        build(repo, commits, tagged, tree)
        compare(repo)


def compare(repo: Repo) -> None:
    """The program's word against the oracle's."""
    oracle = Oracle(repo, [ONE, TWO])
    found = told(repo)
    places = {(item.location.blob, _text(item.location.path)): item.location for item in found.occurrences}
    assert places.keys() == oracle.places()
    for (blob, path), place in places.items():
        assert _holders(place.reach) == {_short(name) for name in oracle.holders(blob or "", path)}, (blob, path)
    for secret in (ONE, TWO):
        story = next((story for key, story in found.stories.items() if key.reveal() == secret), None)
        commit = story.introduced.commit if story and story.introduced else None
        assert commit == oracle.introducing(secret.decode())
        if story:
            numbers(oracle, secret.decode(), story)


def numbers(oracle: Oracle, secret: str, story: Story) -> None:
    """How many commits bring a secret and take it out, and what holds it still."""
    assert (story.commits or 0) == len(oracle.bringing(secret))
    assert story.removals == len(oracle.removing(secret))
    refs = {name: oracle.holding(f"refs/{name}/", secret) for name in ("heads", "remotes", "tags", "pull", "some")}
    head = bool(oracle.head) and oracle.holds("HEAD", secret)
    bare = head if oracle.head else None
    others = refs["pull"] + refs["some"]
    assert story.held == Held(head, bare, refs["heads"], refs["remotes"], refs["tags"], others)


def _text(path: bytes | None) -> str | None:
    return None if path is None else os.fsdecode(path)


def _short(name: str) -> str:
    return name.removeprefix("refs/heads/").removeprefix("refs/remotes/").removeprefix("refs/tags/")


def _holders(reach: Reach | None) -> set[str]:
    assert reach
    names = {*reach.branches.first, *reach.tags.first}
    assert len(names) == reach.branches.count + reach.tags.count
    assert reach.unreachable == (not names)
    return names
