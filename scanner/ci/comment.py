"""The action's third step, only where `comment: true` asks for it: one comment at the pull request, kept up to date.

`python -I -m scanner.ci.comment`. It runs apart from the scan, so that the token that may write stands in no process
that reads what strangers wrote, but for the report. Whatever goes wrong here is a warning: the scan has its own status.

REST: docs.github.com, Issues, Comments (a pull request is an issue there).
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from scanner.ci.action import markdown, read
from scanner.ci.rest import Forge, ForgeError, forge
from scanner.ci.runnerfiles import annotated, shortened
from scanner.errors import INCOMPLETE, OK, UsageError, XoxscanError
from scanner.model import Report, Streams
from scanner.report.sentences import excused

# Found by it again. Markdown shows no HTML comment.
MARKER = "<!-- xoxscan: the one comment of the action -->"
MOST = 60_000  # of the 65,536 characters that a comment may have
PAGE, PAGES = 30, 90  # an issue holds at most 2,500 comments
# Who the job's own token is. A stranger can copy the marker; were his comment taken for ours, he could rewrite it.
_OURS = {"GITHUB": "github-actions[bot]", "GITEA": "gitea-actions", "FORGEJO": "forgejo-actions"}
# What notifies people or links other issues, outside code as well as in it.
_RINGS = re.compile(r"((?<!\w)@|(?<!&)#(?=\d)|\bGH-(?=\d))", re.IGNORECASE)


class Place(NamedTuple):
    """A pull request."""

    repository: str
    number: int


def place(environ: Mapping[str, str]) -> Place | None:
    """The pull request that the event is about; None for an event without one. Raises UsageError for a payload or a
    name of a repository that no runner writes."""
    repository = environ.get("GITHUB_REPOSITORY", "")
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
        raise UsageError("GITHUB_REPOSITORY is not of the form OWNER/NAME")
    try:
        with open(environ["GITHUB_EVENT_PATH"], "rb") as file:
            event = json.load(file)
        found = event.get("pull_request")
        return Place(repository, int(found["number"])) if found else None
    except (OSError, ValueError, LookupError, AttributeError, TypeError, OverflowError, RecursionError):
        raise UsageError("the event's payload cannot be read") from None


def body(summary: bytes) -> str:
    """The comment's text: the marker, then the summary as far as a comment can hold it, ringing nobody."""
    quiet = _RINGS.sub("\\1\u200b", summary.decode("utf-8", "replace"))
    return f"{MARKER}\n{shortened(quiet.encode(), MOST).decode()}"


def ours(environ: Mapping[str, str]) -> str:
    """The name under which the job's token writes."""
    forgejo, gitea = environ.get("FORGEJO_ACTIONS"), environ.get("GITEA_ACTIONS")
    return _OURS["FORGEJO" if forgejo else "GITEA" if gitea else "GITHUB"]


def keep(where: Place, text: str, needed: bool, hub: Forge, name: str) -> str:
    """Brings the comment up to date, or makes it where there is none and it is `needed`. What was done, in a word.
    Raises ForgeError. Another job may make one at the same moment: whose is the younger takes it back."""
    base = f"/repos/{where.repository}/issues"
    every = f"{base}/{where.number}/comments"
    found = _first(hub, every, name)
    if found is None and not needed:
        return "not needed"
    made = None if found else _comment(hub.call("POST", every, {"body": text}))["id"]
    found = found or _first(hub, every, name)
    if found is None or found["id"] == made:
        return "made"
    if made is not None:
        hub.call("DELETE", f"{base}/comments/{made}")
    if found["body"] == text:
        return "unchanged"
    hub.call("PATCH", f"{base}/comments/{found['id']}", {"body": text})
    return "updated"


def _first(hub: Forge, path: str, name: str) -> dict[str, Any] | None:
    return next((each for each in _comments(hub, path) if _is_ours(each, name)), None)


def _comments(hub: Forge, path: str) -> Iterator[dict[str, Any]]:
    """All comments, the oldest first. A forge that knows no pages answers the same one again."""
    seen: set[int] = set()
    for page in range(1, PAGES + 1):
        found = [each for each in _page(hub, path, page) if each["id"] not in seen]
        if not found:
            return
        seen |= {each["id"] for each in found}
        yield from found
    raise ForgeError(
        "the pull request has more comments than are looked through", "none was made: it might be a second"
    )


def _page(hub: Forge, path: str, page: int) -> list[dict[str, Any]]:
    answer = hub.call("GET", f"{path}?per_page={PAGE}&page={page}")
    if not isinstance(answer, list):
        raise ForgeError("the forge's answer is no list of comments")
    return [_comment(each) for each in answer]


def _comment(answer: Any) -> dict[str, Any]:
    if not (isinstance(answer, dict) and isinstance(answer.get("id"), int)):
        raise ForgeError("the forge's answer is no comment")
    return answer


def _is_ours(comment: Mapping[str, Any], name: str) -> bool:
    author = comment.get("user")
    login = author.get("login") if isinstance(author, dict) else None
    return login == name and str(comment.get("body")).startswith(MARKER)


def run(streams: Streams) -> int:
    """The whole step. Always 0."""
    try:
        said = annotated("notice", f"the comment: {_kept(streams.environ)}")
    except XoxscanError as error:
        said = annotated("warning", f"no comment: {error}; {error.hint}")
    streams.stdout.write(said)
    return OK


def _kept(environ: Mapping[str, str]) -> str:
    where = place(environ)
    if where is None:
        return "this event is about no pull request"
    status, report = _status(environ.get("XOXSCAN_STATUS") or str(INCOMPLETE)), _report(environ.get("XOXSCAN_REPORT"))
    needed = status != OK or bool(report and excused(report))
    return keep(where, body(markdown(report, status)), needed, forge(environ), ours(environ))


def _status(word: str) -> int:
    if not re.fullmatch(r"[0-9]{1,3}", word):
        raise UsageError("XOXSCAN_STATUS is no exit status", "the action passes that of its scan")
    return int(word)


def _report(path: str | None) -> Report | None:
    try:
        return read(path) if path else None
    except OSError as error:
        raise UsageError(f"XOXSCAN_REPORT cannot be read: {error.strerror}", "the action passes it") from None


def main() -> int:
    """The step, with the process's own streams."""
    streams = Streams(sys.stdin.buffer, sys.stdout.buffer, sys.stderr.buffer, os.environ, time.time)
    done = run(streams)
    sys.stdout.flush()
    return done


if __name__ == "__main__":
    sys.exit(main())
