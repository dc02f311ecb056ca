"""What git will keep of a message: compared with what the real `git commit` keeps."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from scanner.errors import Incomplete
from scanner.git.run import sealed
from scanner.sources import message
from scanner.sources.message import Cleaning, kept
from tests.conftest import Repo

CUT = "------------------------ >8 ------------------------"
EXPLAINED = f"# {CUT}\n# Do not modify or remove the line above.\n# Everything below it will be ignored.\n"


def lines(text: bytes) -> list[bytes]:
    return [line for line in text.split(b"\n") if line.strip()]


# By itself


def test_comments_become_empty_lines() -> None:
    assert kept(b"one\n# two\n three\n #four\n", Cleaning()) == b"one\n\n three\n #four\n"
    assert kept(b"one\n# two\n", Cleaning(comments=False)) == b"one\n# two\n"
    assert kept(b"one\n;; two\n; 3\n", Cleaning(b";;")) == b"one\n\n; 3\n"
    assert kept(b"# one\n; two\n", Cleaning(None)) == b"# one\n; two\n"
    assert kept(b"", Cleaning()) == b""


def test_what_is_below_the_scissors_of_git_goes() -> None:
    text = f"one\n{EXPLAINED}diff --git a/x b/x\n".encode()
    assert kept(text, Cleaning()) == b"one\n"
    assert kept(text, Cleaning(comments=False)) == b"one\n"
    assert kept(text.replace(b"# ", b"// "), Cleaning(b"//")) == b"one\n"
    assert kept(text, Cleaning(None)) == b"one\n"
    assert kept(EXPLAINED.encode() + b"x", Cleaning()) == b""


@pytest.mark.parametrize(
    "line",
    [f"# {CUT} \n", f"# {CUT}x\n", f" # {CUT}\n", f"; {CUT}\n# x\n", f"#{CUT}\n# x\n", f"# -{CUT}\n# x\n"],
)
def test_what_only_looks_like_scissors_cuts_nothing(line: str) -> None:
    text = f"one\n{line}two\n".encode()
    assert b"two" in kept(text, Cleaning(scissors=True))


def test_scissors_that_somebody_wrote_cut_where_the_mode_says_so() -> None:
    text = f"one\n# {CUT}\ntwo\n".encode()
    assert kept(text, Cleaning(comments=False)) == text
    assert kept(text, Cleaning(comments=False, scissors=True)) == b"one\n"
    assert b"two" in kept(text, Cleaning())


def test_without_an_editor_nothing_is_cut() -> None:
    text = f"one\n{EXPLAINED}two\n".encode()
    assert kept(text, Cleaning(comments=False, edited=False)) == text


def test_a_file_that_is_not_there(repo: Repo) -> None:
    with pytest.raises(Incomplete, match="cannot be read: No such file"):
        message.read("nowhere", sealed(str(repo.path), os.environ, own=True), {})


# Beside the real git: a commit-msg hook keeps a copy of what it is given, the editor writes what a person would.

TYPED = f"""Subject

A line
# a comment
; another
// a third
 # not at the start
# {CUT}
below scissors that somebody wrote
"""


def committed(repo: Repo, *arguments: str, typed: str = TYPED, **env: str) -> tuple[bytes, bytes]:
    """What git keeps of a message, and what we say it will keep, without empty lines."""
    copy, editor = repo.path / ".git/copy", repo.path / ".git/editor"
    script(repo.path / ".git/hooks/commit-msg", f'cp "$1" {copy}; printf %s "$GIT_EDITOR" >{copy}.editor')
    (repo.path / ".git/typed").write_text(typed)
    script(editor, 'cat .git/typed "$1" >.git/new && cp .git/new "$1"')
    repo.write("a.txt", b"text\n")
    repo.git("add", "a.txt")
    repo.git("commit", "-q", "--allow-empty", *arguments, env={"GIT_EDITOR": str(editor), **env})
    environ = {**os.environ, "GIT_EDITOR": Path(f"{copy}.editor").read_text()}
    ours = message.read(str(copy), sealed(str(repo.path), os.environ, own=True), environ)
    return repo.git("log", "-1", "--format=%B").encode(), ours


def script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


MODES = ("", "default", "strip", "whitespace", "verbatim", "scissors")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("arguments", [(), ("-v",), ("-v", "-v"), ("--no-status",), ("--amend",)])
def test_with_an_editor(repo: Repo, mode: str, arguments: tuple[str, ...]) -> None:
    repo.commit({"a": b"a"})
    if mode:
        repo.git("config", "commit.cleanup", mode)
    theirs, ours = committed(repo, *arguments)
    if "-v" in arguments or mode == "scissors":
        assert set(lines(theirs)) <= set(lines(ours)), "we may look at more, and never at less"
        assert b"diff --git" not in ours
    else:
        assert lines(ours) == lines(theirs)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("arguments", [(), ("-v",)])
def test_without_an_editor(repo: Repo, mode: str, arguments: tuple[str, ...]) -> None:
    if mode:
        repo.git("config", "commit.cleanup", mode)
    theirs, ours = committed(repo, *arguments, "-m", TYPED)
    if "-v" in arguments:
        assert set(lines(theirs)) <= set(lines(ours))
    else:
        assert lines(ours) == lines(theirs)


@pytest.mark.parametrize("mark", [";", "@", "%", "*", "."])
def test_other_characters_begin_a_comment(repo: Repo, mark: str) -> None:
    repo.git("config", "core.commentChar", mark)
    theirs, ours = committed(repo, typed=f"Subject\n\n# kept\n{mark} dropped\n")
    assert lines(ours) == lines(theirs) == [b"Subject", b"# kept"]
    theirs, ours = committed(repo, "-v", "--amend", typed=f"Subject\n\n# kept\n{mark} dropped\n")
    assert b"diff --git" not in ours and b"dropped" not in ours and b"# kept" in ours


def test_a_setting_on_the_command_line_counts(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", "'core.commentChar'=';'")
    theirs, ours = committed(repo, typed="Subject\n\n# kept\n; dropped\n")
    assert lines(ours) == lines(theirs) == [b"Subject", b"# kept"]


def test_a_character_that_git_chooses(repo: Repo) -> None:
    """Which one is only known where git wrote scissors; else nothing is taken for a comment."""
    repo.git("config", "core.commentChar", "auto")
    repo.commit({"a": b"a"}, message="Subject\n\n# kept\n")
    theirs, ours = committed(repo, "--amend", typed="")
    assert lines(theirs) == [b"Subject", b"# kept"]
    assert set(lines(theirs)) <= set(lines(ours))
    repo.write("a.txt", b"more\n")
    repo.git("add", "a.txt")
    theirs, ours = committed(repo, "--amend", "-v", typed="")
    assert lines(ours) == lines(theirs) == [b"Subject", b"# kept"]


@pytest.mark.parametrize(
    ("settings", "version", "mark"),
    [
        ((("Char", ";"), ("String", "//")), (2, 45, 0), b"//"),
        ((("String", "//"), ("Char", ";")), (2, 45, 0), b";"),
        ((("Char", ";"), ("String", "//")), (2, 44, 9), b";"),
        ((("String", "//"),), (2, 39, 5), b"#"),
        ((("Char", ""),), (2, 39, 5), b"#"),
        ((("Char", "auto"),), (2, 50, 0), None),
        ((("Char", ";"), ("Char", "%")), (2, 39, 5), b"%"),
    ],
)
def test_the_last_setting_that_this_git_knows_counts(
    repo: Repo,
    monkeypatch: pytest.MonkeyPatch,
    settings: tuple[tuple[str, str], ...],
    version: tuple[int, ...],
    mark: bytes | None,
) -> None:
    monkeypatch.setattr(message, "require_version", lambda git: version)
    for name, value in settings:
        repo.git("config", "--add", f"core.comment{name}", value)
    assert message.cleaning(sealed(str(repo.path), os.environ, own=True), {}).mark == mark


def test_no_editor_is_said_in_git_s_way(repo: Repo) -> None:
    git = sealed(str(repo.path), os.environ, own=True)
    assert message.cleaning(git, {"GIT_EDITOR": ":"}) == Cleaning(b"#", False, False, False)
    assert message.cleaning(git, {"GIT_EDITOR": "vim"}) == message.cleaning(git, {}) == Cleaning()
    repo.git("config", "commit.cleanup", "scissors")
    assert message.cleaning(git, {}) == Cleaning(b"#", False, True, True)
    assert message.cleaning(git, {"GIT_EDITOR": ":"}) == Cleaning(b"#", False, False, False)
