from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scanner.filters import gitignore, paths
from scanner.filters.entries import EMPTY, Config, Entry
from scanner.model import Suppression

TODAY = "2030-01-31"


def config(*patterns: str, until: str | None = None) -> Config:
    return Config(paths=tuple(Entry(pattern, f"why {pattern}", "me", until) for pattern in patterns))


def test_an_entry_allows_what_stands_in_its_files() -> None:
    found = config("docs/", "*.snap")
    assert paths.judge(found, b"docs/a/b.md", TODAY) == Suppression("path", "why docs/", "me")
    assert paths.judge(found, b"src/x.snap", TODAY) == Suppression("path", "why *.snap", "me")
    assert paths.judge(found, b"src/docs.py", TODAY) is None


def test_the_last_entry_that_matches_decides() -> None:
    found = config("*.md", "!README.md", "/README.md")
    assert paths.judge(found, b"a/README.md", TODAY) is None
    assert paths.judge(found, b"README.md", TODAY) == Suppression("path", "why /README.md", "me")


def test_what_expired_is_as_if_it_were_not_there() -> None:
    assert paths.judge(config("*.md", until="2030-01-30"), b"a.md", TODAY) is None
    assert paths.judge(config("*.md", until=TODAY), b"a.md", TODAY) == Suppression("path", "why *.md", "me", TODAY)
    both = config("*.md", until="2030-01-30").paths + config("a*").paths
    assert paths.judge(Config(paths=both), b"a.md", TODAY) == Suppression("path", "why a*", "me")


def test_what_has_no_path_is_in_no_file() -> None:
    assert paths.judge(config("*"), None, TODAY) is None
    assert paths.judge(EMPTY, b"a", TODAY) is None


def test_a_path_need_not_be_utf_8() -> None:
    assert paths.judge(config("*.b?n"), b"\xff/\xfe.b\xfdn", TODAY) is not None


def test_matches_takes_an_entry_by_itself() -> None:
    (entry,) = config("!docs/*.md").paths
    assert paths.matches(entry, b"docs/a.md")
    assert not paths.matches(entry, b"a.md")


@given(
    st.lists(st.sampled_from(["*.a", "!*.a", "b/", "!b/x", "x"]), max_size=5),
    st.sampled_from([b"x.a", b"b/x", b"b/x.a"]),
)
def test_it_is_the_gitignore_decision(patterns: list[str], path: bytes) -> None:
    index = gitignore.decide([gitignore.parse(pattern.encode()) for pattern in patterns], path)
    expected = None if index is None else Suppression("path", f"why {patterns[index]}", "me")
    assert paths.judge(config(*patterns), path, TODAY) == expected
