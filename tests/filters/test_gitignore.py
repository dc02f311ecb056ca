"""The gitignore matcher against git itself."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from scanner.filters import gitignore
from tests.conftest import often


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("ignore")
    subprocess.run(["git", "init", "-q", folder], check=True)
    yield folder


def asked(repository: Path, patterns: list[bytes], paths: list[bytes]) -> list[int | None]:
    """For each path, the index of the pattern by which git excludes it."""
    (repository / ".git/info/exclude").write_bytes(b"\n".join(patterns) + b"\n")
    command = ["git", "-c", "core.ignorecase=false", "check-ignore", "--no-index", "--stdin", "-z", "-v", "-n"]
    given_paths = b"".join(b"./%b\0" % path for path in paths)  # ./ since : would begin a magic pathspec
    done = subprocess.run(command, cwd=repository, input=given_paths, capture_output=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    fields = done.stdout.split(b"\0")[:-1]
    lines, shown = fields[1::4], fields[2::4]
    return [int(n) - 1 if n and not p.startswith(b"!") else None for n, p in zip(lines, shown, strict=True)]


def ours(patterns: list[bytes], paths: list[bytes]) -> list[int | None]:
    parsed = [gitignore.parse(pattern) for pattern in patterns]
    return [gitignore.decide(parsed, path) for path in paths]


def usable(pattern: bytes) -> bool:
    try:
        gitignore.parse(pattern)
    except ValueError:
        return False
    return True


BITS = [
    "a",
    "b",
    "ab",
    "é",
    "*",
    "**",
    "***",
    "?",
    "/",
    "/",
    "**/",
    "/**",
    "[ab]",
    "[!a]",
    "[^b-z]",
    "[]a]",
    "[a-]",
    "[",
]
BITS += ["[[:alpha:]]", "[[:punct:]b]", "[[:nope:]]", "[[:a]", "[--0]", "[\\]]", "[a-\\]]", "\\a", "\\*", "\\", "\\/"]
BITS += ["]", "-", "!", "^", ":", ".", " ", "\\ ", "#", "\\#", "\\!", "[/]", "[a/b]", "[[:space:]", "\t"]
patterns = st.lists(
    st.tuples(st.sampled_from(["", "", "", "!"]), st.lists(st.sampled_from(BITS), min_size=1, max_size=7).map("".join))
    .map("".join)
    .map(str.encode)
    .filter(usable),
    min_size=1,
    max_size=4,
)
name = st.lists(
    st.sampled_from(["a", "b", "ab", "é", "]", "[", "-", "!", "*", "\\", ":", ".", " ", "#", "^", "0", "\x7f"]),
    min_size=1,
    max_size=4,
)
names = name.map("".join).filter(lambda text: set(text) != {"."})
paths = st.lists(st.lists(names, min_size=1, max_size=4).map("/".join).map(str.encode), min_size=1, max_size=8)


@settings(max_examples=often(75), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(patterns=patterns, paths=paths)
@example(patterns=[b"x/a**/b"], paths=[b"x/ab", b"x/a/b", b"x/ac/b", b"x/ac/d/b"])
@example(patterns=[b"a/**\\/b"], paths=[b"a/b", b"a/c/b", b"a/c/d/b"])
@example(patterns=[b"a/", b"!a/b"], paths=[b"a/b", b"a", b"c/a/d"])
@example(patterns=[b"a/*", b"!a/b"], paths=[b"a/b", b"a/c", b"a/b/c"])
@example(patterns=[b"**/a*b*a"], paths=[b"aba", b"b/aba", b"b/abba/c", b"ab/a"])
@example(patterns=[b"/a/b/"], paths=[b"a/b", b"a/b/c", b"a/bc/d"])
@example(patterns=[b"//a", b"a//", b"a/"], paths=[b"a", b"a/b"])
@example(patterns=[b"a[[:a]"], paths=[b"a[", b"a:", b"aa"])
def test_it_says_what_git_says(repository: Path, patterns: list[bytes], paths: list[bytes]) -> None:
    assert ours(patterns, paths) == asked(repository, patterns, paths)


@pytest.mark.parametrize("pattern", [b"", b"   ", b"!", b"/", b"#a", b"a\nb", b"a\0b"])
def test_what_is_no_pattern_is_refused(pattern: bytes) -> None:
    with pytest.raises(ValueError, match=r"pattern|comment"):
        gitignore.parse(pattern)


@pytest.mark.parametrize(
    "pattern", [b"*a" * 12 + b"b", b"**/a/" * 12 + b"b", b"**/*a*a*a/" * 4 + b"b", b"[ab]*" * 12 + b"c"]
)
def test_no_pattern_takes_long(pattern: bytes) -> None:
    started = time.process_time()
    for path in (b"a" * 2000, b"a/" * 1000 + b"a", b"aaaa/" * 500 + b"x"):
        assert gitignore.decide([gitignore.parse(pattern)], path) is None
    assert time.process_time() - started < 5


def test_a_negated_pattern_touches_what_it_re_includes() -> None:
    assert gitignore.touches(gitignore.parse(b"!a/*.txt"), b"a/b.txt")
    assert not gitignore.touches(gitignore.parse(b"!a/*.txt"), b"a/b.md")
