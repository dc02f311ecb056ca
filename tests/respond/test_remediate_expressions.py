"""Expressions files, as git-filter-repo itself reads them."""

from __future__ import annotations

import gzip
import re
from base64 import b64encode, encodebytes
from pathlib import Path
from tempfile import TemporaryDirectory

import git_filter_repo  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner import rules
from scanner.decode import views
from scanner.detect import Detector
from scanner.git.repository import find
from scanner.model import Finding, Location, Match, Secret
from scanner.respond.expressions import REPLACEMENT, _spans, collect, objects, render
from scanner.uncover import Shown
from tests.conftest import Repo, often, token

PIECES = st.lists(
    st.sampled_from(
        [b"==>", b"\n", b"\r", b"literal:", b"regex:", b"glob:", b"#", b"\\", b".", b"a", b"B", b"-", b"\xff"]
    ),
    min_size=1,
    max_size=6,
).map(b"".join)


@pytest.mark.no_cover
@settings(max_examples=often(75), deadline=None)
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


def test_what_shares_bytes_is_one_spelling() -> None:
    """Of two tokens in one base64 whose view gives whole lines, each line is replaced once."""
    one, two = (Secret(b"t%d" % at) for at in (1, 2))
    shown = [
        _shown(one, 10, 40, "base64"),
        _shown(two, 39, 60, "base64"),
        _shown(one, 60, 90, "base64"),
        _shown(two, 100, 110, "base64"),  # too short to be nothing else
        _shown(two, 120, 130),
    ]
    found = [(start, end, len(known)) for start, end, known in _spans(reversed(shown))]
    assert found == [(10, 60, 2), (60, 90, 1), (120, 130, 1)]


def _shown(secret: Secret, start: int, end: int, *encoding: str) -> Shown:
    return Shown(Match("r", "bot", secret, f"{secret.reveal()!r}****", (), start, end), encoding)


@pytest.mark.parametrize("behind", [b"kind: x\n", b"\r\nkind: x\n", b"", b"\n\n"])
@pytest.mark.parametrize("more", range(3))
@pytest.mark.parametrize("wrapped", [False, True])
def test_an_archive_in_base64_is_spelled_as_a_whole(repo: Repo, behind: bytes, more: int, wrapped: bool) -> None:
    packed = gzip.compress(b"T=" + token() + b"\n" + b"x" * more, mtime=0)
    value = encodebytes(packed).strip() if wrapped else b64encode(packed)
    repo.commit({"a.yaml": b"a: " + value + b"\n" + behind})
    git = find(str(repo.path), {}, own=False).git
    detector = Detector(rules.builtin(), 5.0, names=views.NAMES)
    oid = repo.git("rev-parse", "HEAD:a.yaml")
    found = collect(git, detector, [oid.encode()], lambda match: True)
    assert [each.reveal() for each in found.spellings] == [value]
    (finding,) = [Finding(Secret(b""), each, "r", "bot", "high", "", (), ()) for _, each in found.reached]
    assert found.reaches(finding, Location("blob", blob=oid, encoding=("gzip",)))
    assert not found.reaches(finding._replace(fingerprint="other"), Location("blob", blob=oid))
    assert found.reaches(finding, Location("blob", blob="1" * 40))
