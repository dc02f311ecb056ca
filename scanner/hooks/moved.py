"""Which hooks may be moved: one that looks for something beside itself would break, or do nothing without a word."""

from __future__ import annotations

import os
import re

from scanner.errors import OutputError
from scanner.hooks.scripts import PRE_COMMIT, READING, WORDS, ours

# A file keeps its name where it is moved to; and pre-commit's own hook finds there what it looks for.
_HARMLESS = re.compile(rb"basename\s+(?:--\s+)?([\"']?)\$(?:0|\{0\})\1|\$\{0##\*/\}")
# How shells, Python, Ruby, PHP, Perl and Node name the file that runs, and its folder.
_ITSELF = re.compile(rb"\$\{?0|BASH_SOURCE|__file__|__FILE__|__dir__|__DIR__|__dirname|__filename|dirname|argv\[0\]")
_MORE = re.compile(rb"PROGRAM_NAME|FindBin|import\.meta")


def movable(folder: str, event: str, hook: str) -> None:
    """OutputError, with what to do by hand, where the hook at `hook` (in `folder` or kept beside it) runs for `event`
    and depends on where it stands."""
    if not os.access(hook, os.X_OK) or ours(hook):
        return
    beside = os.path.join(folder, f"{event}.d")
    if os.path.isdir(beside):
        hint = f"put a script into {beside} that says: {_line(event, 'exec ')}"
        raise OutputError(f"{hook} starts what is in {event}.d beside it, and would not find it elsewhere", hint)
    word = _word(hook)
    if word:
        hint = f"leave it there, and put this after its first line: {by_hand(event)}"
        raise OutputError(f"{hook} says {word}: it may look for something beside itself, so it is not moved", hint)


def after(kept: str) -> str:
    """What is told of the hook that is kept at `kept`, if there is one."""
    if not os.path.lexists(kept):
        return ""
    runs = os.access(kept, os.X_OK)
    return "; the hook that was there runs after it" if runs else "; the hook that was there may not be run, as before"


def _word(hook: str) -> str | None:
    try:
        with open(hook, "rb") as file:
            text = file.read()
    except OSError:
        return None
    if PRE_COMMIT in text:
        return None
    text = _HARMLESS.sub(b"", text)
    found = _ITSELF.search(text) or _MORE.search(text)
    return found[0].decode() if found else None


def _line(event: str, before: str = "") -> str:
    return f'{before}xoxscan {WORDS[event]} "$@"'


def by_hand(event: str) -> str:
    """What a script says that starts us before all else it does."""
    if event in READING:
        return (
            f'input=$(cat); printf "%s\\n" "$input" | {_line(event)} || exit $?; and give $input to what reads it there'
        )
    return f"{_line(event)} || exit $?"
