"""The counting rule and the merge rule, on small random histories, against a slow and obvious reading of them.

«A token is introduced where it occurs (unsuppressed) more often in the new versions than in all the old versions of the
same change together. A merge introduces one when it stands more often in the blobs at paths where the merge differs
from every parent than in all blobs that the diffs from the parents remove or replace, all parents together.»
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scanner import rules
from scanner.report.redactor import Redactor
from tests.conftest import Run, token

TOKENS = {"slack-bot-token": token(), "slack-user-token": token("user")}
MARKER = b" # xoxscan:" + b"ignore"
CONFIG = b"paths:\n  - {pattern: ok/, reason: an example, owner: ada}\n"
BUILTIN = rules.builtin()
PATHS = (b"a", b"d/b", b"ok/c", b"named-" + token(), b"ok/" + token("user"))


class File(NamedTuple):
    mode: bytes
    content: bytes


class Commit(NamedTuple):
    """Parents by number, and its files: new ones, or for each path the parent whose version is kept."""

    parents: tuple[int, ...]
    files: Mapping[bytes, File | int]


LINES = st.sampled_from([b"text", *TOKENS.values(), *(t + MARKER for t in TOKENS.values()), b" ".join(TOKENS.values())])
FILES = st.one_of(
    st.lists(LINES, max_size=3).map(lambda lines: File(b"100644", b"\n".join(lines))),
    st.sampled_from([File(b"120000", value) for value in TOKENS.values()]),
)


@st.composite
def histories(draw: st.DrawFn) -> list[Commit]:
    made: list[Commit] = []
    for number in range(draw(st.integers(2, 7))):
        parents = tuple(draw(st.lists(st.integers(0, number - 1), max_size=3, unique=True))) if number else ()
        kept = st.integers(0, len(parents) - 1) if parents else st.nothing()
        files = draw(st.dictionaries(st.sampled_from(PATHS), st.one_of(kept, kept, FILES), max_size=len(PATHS)))
        made.append(Commit(parents, files))
    return made


def trees(history: list[Commit]) -> list[dict[bytes, File]]:
    """The files of each commit."""
    made: list[dict[bytes, File]] = []
    for commit in history:
        files = {b".xoxscan.yaml": File(b"100644", CONFIG)}
        for path, file in commit.files.items():
            version = file if isinstance(file, File) else made[commit.parents[file]].get(path)
            if version:
                files[path] = version
        made.append(files)
    return made


def build(folder: str, history: list[Commit]) -> list[str]:
    """The ids of the commits."""
    stream: list[bytes] = []
    for number, (commit, files) in enumerate(zip(history, trees(history), strict=True)):
        stream += [b"reset refs/heads/c%d" % number, b"commit refs/heads/c%d" % number, b"mark :%d" % (number + 1)]
        stream += [b"committer A <a@b> %d +0000" % (10**9 + number), b"data 2", b"m%d" % number]
        for word, parent in zip((b"from", b"merge", b"merge"), commit.parents, strict=False):
            stream.append(b"%b :%d" % (word, parent + 1))
        stream.append(b"deleteall")
        for path, (mode, content) in files.items():
            stream += [b"M %b inline %b" % (mode, path), b"data %d" % len(content), content]
    git(folder, "init", "-q")
    git(folder, "fast-import", "--quiet", stdin=b"\n".join(stream) + b"\n")
    return [git(folder, "rev-parse", f"c{number}").decode().strip() for number in range(len(history))]


def git(folder: str, *arguments: str, stdin: bytes = b"") -> bytes:
    return subprocess.run(["git", *arguments], cwd=folder, input=stdin, stdout=subprocess.PIPE, check=True).stdout


def in_content(value: bytes, path: bytes, file: File) -> int:
    """How often a token stands in a file where nothing allows it."""
    lines = () if path.startswith(b"ok/") else file.content.split(b"\n")
    return sum(line.count(value) for line in lines if MARKER not in line)


def in_name(value: bytes, path: bytes, _: File) -> int:
    return 0 if path.startswith(b"ok/") else path.count(value)


Introduced = set[tuple[str, str, str, bytes]]  # commit, rule, in a name or not, path


def expected(history: list[Commit], oids: list[str], wanted: set[str]) -> Introduced:
    """What the commits introduce, by the letter of the rule."""
    return {
        (oid, rule, kind, path)
        for number, oid in enumerate(oids)
        if oid in wanted
        for rule, value in TOKENS.items()
        for kind, count in (("", in_content), ("path-name", in_name))
        for path in grown(history, number, partial(count, value))
    }


def grown(history: list[Commit], number: int, count: Callable[[bytes, File], int]) -> Iterator[bytes]:
    """The paths at which more stands than before, if the commit brings more than all its parents lose."""
    made = trees(history)
    new, olds = made[number], [made[parent] for parent in history[number].parents] or [{}]
    now = {path: count(path, file) for path, file in new.items() if all(old.get(path) != file for old in olds)}
    before: Counter[bytes] = Counter()
    for old in olds:
        before.update({path: count(path, file) for path, file in old.items() if new.get(path) != file})
    if sum(now.values()) > before.total():
        yield from (path for path in now if now[path] > before[path])


def reported(out: bytes) -> Introduced:
    return {
        (place["commit"], finding["rule"], "path-name" if place["source"] == "path-name" else "", path_of(place))
        for finding in json.loads(out)["findings"]
        for place in finding["locations"]
        if place["suppressed"] is None
    }


def path_of(place: Mapping[str, str]) -> bytes:
    """The path, of which a report masks what is a token."""
    return next(path for path in PATHS if masked(path) == place["path"])


def masked(path: bytes) -> str:
    return Redactor().clean(path).decode()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories(), ends=st.tuples(st.integers(0, 6), st.integers(0, 6)), dots=st.sampled_from(["..", "..."]))
def test_the_rule(
    run: Run, monkeypatch: pytest.MonkeyPatch, history: list[Commit], ends: tuple[int, int], dots: str
) -> None:
    with monkeypatch.context() as patched, tempfile.TemporaryDirectory() as folder:
        patched.setattr(rules, "builtin", lambda: BUILTIN)  # it takes most of the time
        oids = build(folder, history)
        left, right = (oids[min(end, len(oids) - 1)] for end in ends)
        wanted = set(git(folder, "rev-list", f"{left}{dots}{right}").decode().split())
        result = run("-C", Path(folder), "range", f"{left}{dots}{right}", "-f", "json")
        assert reported(result.out) == expected(history, oids, wanted)
        assert json.loads(result.out)["coverage"]["commits"] == len(wanted)
