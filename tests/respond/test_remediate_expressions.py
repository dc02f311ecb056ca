"""Expressions files, as git-filter-repo itself reads them."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

import git_filter_repo  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner import rules
from scanner.detect import Detector
from scanner.git.repository import find
from scanner.model import Location, Secret
from scanner.respond.expressions import REPLACEMENT, collect, objects, render
from tests.conftest import Repo, token

PIECES = st.lists(
    st.sampled_from(
        [b"==>", b"\n", b"\r", b"literal:", b"regex:", b"glob:", b"#", b"\\", b".", b"a", b"B", b"-", b"\xff"]
    ),
    min_size=1,
    max_size=6,
).map(b"".join)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, min_size=1, max_size=5))
def test_filter_repo_replaces_each_as_a_whole(spelled: list[bytes]) -> None:
    ordered = sorted({Secret(one) for one in spelled}, key=lambda one: -len(one.reveal()))
    with TemporaryDirectory() as folder:
        file = Path(folder, "expressions")
        file.write_bytes(render(ordered))
        read = git_filter_repo.FilteringOptions.get_replace_text(str(file))
    for one in ordered:
        assert _replaced(b"<" + one.reveal() + b">", read) == b"<" + REPLACEMENT + b">"


def _replaced(text: bytes, read: dict[str, list[tuple[object, bytes]]]) -> bytes:
    """As git-filter-repo does it in a blob."""
    for literal, replacement in read["literals"]:
        assert isinstance(literal, bytes)
        text = text.replace(literal, replacement)
    for regex, replacement in read["regexes"]:
        assert isinstance(regex, re.Pattern)
        text = regex.sub(replacement, text)
    return text


def test_the_longest_comes_first_and_large_blobs_are_read_in_windows(repo: Repo) -> None:
    one = token(seed=1)
    short, long = token("webhook", 2).removeprefix(b"https://"), token("webhook", 2)
    filler = b"x = 1\n" * (2 << 20)  # 12 MB: two windows
    repo.commit({"a": short + b"\n" + long + b"\n", "b": filler + one + b"\n"})
    git = find(str(repo.path), {}, own=False).git
    oids = [repo.git("rev-parse", f"HEAD:{name}").encode() for name in "ab"]
    found = collect(git, Detector(rules.builtin(), 5.0), [*oids, b"0" * 40], lambda match: True)
    assert [each.reveal() for each in found.spellings] == sorted([long, short, one], key=lambda each: -len(each))
    assert [problem.what for problem in found.problems] == ["0" * 40]


def test_which_objects_hold_the_places(repo: Repo) -> None:
    commit = repo.commit({"a": b"a"})
    repo.git("tag", "-a", "v1", "-m", "one")
    tag, blob = repo.git("rev-parse", "v1"), repo.git("rev-parse", "HEAD:a")
    git = find(str(repo.path), {}, own=False).git
    places = [Location("blob", blob=blob), Location("blob", blob=blob), Location("commit-message", commit=commit)]
    assert list(objects(git, places)) == [blob.encode(), commit.encode()]
    assert list(objects(git, [Location("tag-message", commit=commit)])) == [tag.encode()]
