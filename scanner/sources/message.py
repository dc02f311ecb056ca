"""The message of a commit that is being made, as git will keep it (its builtin/commit.c, wt-status.c, sequencer.c)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from scanner.errors import Incomplete
from scanner.git.run import Git, require_version

_SETTINGS = "^(commit.cleanup|core.comment(char|string))$"
_STRINGS_SINCE = (2, 45)  # core.commentString; older ones read core.commentChar alone
_CUT = rb" -{24} >8 -{24}\n"


class Cleaning(NamedTuple):
    """How git will clean a message up."""

    mark: bytes | None = b"#"  # begins a comment; None: git chooses a character by itself
    comments: bool = True  # comments go
    edited: bool = True  # an editor was used: only then there may be a scissors line of git's own
    scissors: bool = False  # what is below any scissors line goes


def read(path: str, git: Git, environ: Mapping[str, str]) -> bytes:
    """What of the file at `path` will be the message. Lines that git drops are empty, so that lines keep their
    numbers. Incomplete where the file cannot be read."""
    try:
        with open(path, "rb") as file:
            text = file.read()
    except OSError as error:
        why = f"the message {path} cannot be read: {error.strerror}"
        raise Incomplete(why, "name the file that git gave") from None
    return kept(text, cleaning(git, environ))


def cleaning(git: Git, environ: Mapping[str, str]) -> Cleaning:
    """How git is set to clean messages up (git-commit(1), --cleanup). What the command line says is not known here."""
    edited = environ.get("GIT_EDITOR") != ":"  # so git tells its hooks that it starts none
    mode, mark = b"default", b"#"
    for name, value in _settings(git):
        if name == b"commit.cleanup":
            mode = value
        elif name == b"core.commentchar" or require_version(git) >= _STRINGS_SINCE:
            mark = value
    if mode not in (b"verbatim", b"whitespace", b"strip", b"scissors"):
        mode = b"strip" if edited else b"whitespace"
    comment = None if mark == b"auto" else mark or b"#"
    return Cleaning(comment, mode == b"strip", edited, mode == b"scissors" and edited)


def _settings(git: Git) -> Iterator[tuple[bytes, bytes]]:
    """Name and value of each, those that count last."""
    for item in git.run("config", "-z", "--get-regexp", _SETTINGS, ok=(0, 1)).split(b"\0")[:-1]:
        name, _, value = item.partition(b"\n")
        yield name, value


def kept(text: bytes, how: Cleaning) -> bytes:
    """What git keeps of a message: nothing below a scissors line of its own, and no comments."""
    mark = how.mark
    if how.edited:
        for line in re.finditer(rb"^(%b)" % (re.escape(mark) if mark else rb".{1,64}") + _CUT, text, re.MULTILINE):
            if how.scissors or text.startswith(line[1], line.end()):  # git goes on with an explanation, as a comment
                text, mark = text[: line.start()], line[1]
                break
    if mark and how.comments:
        text = b"\n".join(b"" if line.startswith(mark) else line for line in text.split(b"\n"))
    return text
