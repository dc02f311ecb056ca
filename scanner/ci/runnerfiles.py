"""The files and lines by which a step speaks to GitHub's runner (docs.github.com: Workflow commands).

Forgejo's and Gitea's runners read the same ones.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from scanner.report.places import harmless

Random = Callable[[int], bytes]

# A step's summary is dropped whole above 1 MiB (docs.github.com: Adding a job summary).
MOST = 1 << 20
CUT = "\n\nThe rest does not fit here: the JSON report has all of it.\n"
_MESSAGE = 4096  # the runner cuts a longer message


def put(path: str, values: Mapping[str, str], random: Random = os.urandom) -> None:
    """Appends outputs to the file GITHUB_OUTPUT. No value can end its own block: the line that does is drawn anew."""
    with open(path, "ab") as out:
        for name, value in values.items():
            end = _delimiter(value, random)
            out.write(f"{name}<<{end}\n{value}\n{end}\n".encode("utf-8", "backslashreplace"))


def _delimiter(value: str, random: Random) -> str:
    while (end := f"xoxscan_{random(16).hex()}") in value:
        pass
    return end


def summarize(path: str, text: bytes) -> None:
    """Appends Markdown to the file GITHUB_STEP_SUMMARY, cut at a line end where it would grow too large."""
    taken = os.path.getsize(path) if os.path.exists(path) else 0
    with open(path, "ab") as out:
        out.write(shortened(text, MOST - 1 - taken))


def shortened(text: bytes, most: int) -> bytes:
    """`text`, or as many of its whole lines as leave room to say in `most` bytes that some are missing."""
    if len(text) <= most:
        return text
    kept = text[: max(most - len(CUT), 0)].rpartition(b"\n")[0]
    return kept + CUT.encode() if kept else b""


def annotated(level: str, message: str) -> bytes:
    """The line that makes the runner show `message`; `level` is error, warning or notice. Line ends and the old form
    of commands are made visible; `%` is the one escape left (actions/toolkit, packages/core/src/command.ts)."""
    said = harmless(message)[:_MESSAGE].replace("%", "%25")
    return f"::{level} title=xoxscan::{said}\n".encode()
