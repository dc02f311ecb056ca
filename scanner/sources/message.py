"""The message of a commit that is being made, as git will keep it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from scanner.errors import Incomplete
from scanner.git.run import Git

# What `git commit -v` writes above the diff (git/wt-status.c, cut_line), after the comment character.
_SCISSORS = re.compile(rb"^(.{1,16}) -{24} >8 -{24}$", re.MULTILINE)


def read(path: str, git: Git, environ: Mapping[str, str]) -> bytes:
    """What of the file at `path` will be the message. Lines that git drops are empty, so that lines keep their
    numbers. Incomplete where the file cannot be read."""
    try:
        with open(path, "rb") as file:
            text = file.read()
    except OSError as error:
        raise Incomplete(
            f"the message {path} cannot be read: {error.strerror}", "name the file that git gave"
        ) from None
    return kept(text, cleanup(git, environ), comment(git, text))


def cleanup(git: Git, environ: Mapping[str, str]) -> str:
    """How git will clean the message up: strip, whitespace, verbatim or scissors (git-commit(1), --cleanup)."""
    mode = git.run("config", "commit.cleanup", ok=(0, 1)).strip().decode("ascii", "replace")
    if mode in ("strip", "whitespace", "verbatim", "scissors"):
        return mode
    # git tells its hooks with an editor of «:» that no editor was used, and then keeps lines that look like comments.
    return "whitespace" if environ.get("GIT_EDITOR") == ":" else "strip"


def comment(git: Git, text: bytes) -> bytes:
    """What begins a comment: core.commentString or core.commentChar; where git chose one itself, that of its
    scissors line."""
    for name in ("core.commentString", "core.commentChar"):
        word = git.run("config", name, ok=(0, 1)).rstrip(b"\n")
        if word and word != b"auto":
            return word
    line = _SCISSORS.search(text)
    return line[1] if line else b"#"


def kept(text: bytes, mode: str, mark: bytes) -> bytes:
    """What git keeps of a message: nothing below the scissors, no comments; both as `mode` says."""
    if mode in ("strip", "scissors"):
        line = next((found for found in _SCISSORS.finditer(text) if found[1] == mark), None)
        text = text[: line.start()] if line else text
    if mode == "strip":
        text = b"\n".join(b"" if line.startswith(mark) else line for line in text.split(b"\n"))
    return text
