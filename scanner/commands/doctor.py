"""`xoxscan doctor`: is the hook really active here, and what would not be stopped?

It starts nothing of the repository and no network: `--try` alone starts its hooks, in a throw-away clone, and
`--online` alone asks Slack for a sign of life (docs.slack.dev/reference/methods/api.test: no token, no scope).
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Iterator, Mapping

from scanner.commands.asking import say
from scanner.errors import FINDINGS, INCOMPLETE, GitError
from scanner.errors import OK as CLEAN
from scanner.git.repository import Repository, find
from scanner.hooks.checks import GAP, OK, UNKNOWN, Check, hook_file, look
from scanner.model import Streams
from scanner.report.places import many

SUMMARY = "Is the hook really active here, and what would not be stopped? Status 1 where something would not."
_SECONDS = 15.0  # for Slack's sign of life


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See scanner.cli."""
    add = parser.add_argument
    add(
        "--try", action="store_true", dest="tried", help="commit and push a fake in a throw-away clone with these hooks"
    )
    add("--online", action="store_true", help="ask Slack for a sign of life (api.test, without a token)")


def run(args: argparse.Namespace, streams: Streams) -> int:
    """The exit status: 0 where all would be stopped, 1 where something would not, 3 where that cannot be told. Errors:
    GitError and UsageError."""
    repository = find(os.getcwd(), streams.environ, own=args.folder is None)
    checks = list(_checks(args, streams, repository))
    for check in checks:
        say(streams, f"{check.state:<8}{check.what}: {check.said}", *([f"        {check.mend}"] if check.mend else []))
    gaps, unknown = (sum(check.state == state for check in checks) for state in (GAP, UNKNOWN))
    status = FINDINGS if gaps else INCOMPLETE if unknown else CLEAN
    say(streams, _summary(gaps, unknown, status))
    return status


def _summary(gaps: int, unknown: int, status: int) -> str:
    words = [many(gaps, "gap") if gaps else "", f"{unknown} that cannot be told" if unknown else ""]
    return f"{', '.join(filter(None, words)) or 'a Slack credential would be stopped'}; exit status {status}"


def _checks(args: argparse.Namespace, streams: Streams, repository: Repository) -> Iterator[Check]:
    if repository.bare:
        yield _server(repository, streams.environ)
    else:
        yield from look(repository, streams.environ)
    if args.tried:
        yield from _trial(repository, streams)
    if args.online:
        yield _online(streams)


def _server(repository: Repository, environ: Mapping[str, str]) -> Check:
    """Of a bare repository: is what is pushed to it looked at? What `install --global` put there is no check."""
    from scanner.hooks.place import dispatcher, own, place

    at = place(repository)
    folder = own(repository).folder if at.folder == dispatcher(environ) else at.folder
    path = os.path.join(folder, "pre-receive")
    return hook_file(path, "pre-receive") or Check(
        GAP, "pushes", "no pre-receive hook names xoxscan", "xoxscan install"
    )


def _trial(repository: Repository, streams: Streams) -> Iterable[Check]:
    from scanner.hooks.trial import trial

    if repository.bare:
        return [Check(UNKNOWN, "try", "there is no work tree to commit in", "")]
    try:
        return trial(repository, streams.environ)
    except (OSError, GitError) as error:
        return [Check(UNKNOWN, "try", f"no throw-away clone can be made: {error}", "")]


def _online(streams: Streams) -> Check:
    """Whether Slack can be reached from here. This alone loads the network."""
    import json

    from scanner.slack.api import base_url
    from scanner.slack.http import Http

    http = Http(streams.environ)
    try:
        base = base_url(streams.environ)
        reply = http.post(f"{base}api.test", {}, {}, lambda request: request, left=_SECONDS, fresh=True)
    finally:
        http.close()
    if reply.failure:
        return Check(
            UNKNOWN, "Slack", f"cannot be reached: {reply.failure}", "HTTPS_PROXY and REQUESTS_CA_BUNDLE count"
        )
    try:
        alive = json.loads(reply.body)["ok"] is True
    except (ValueError, KeyError, TypeError):
        alive = False
    if alive:
        return Check(OK, "Slack", "can be reached")
    return Check(UNKNOWN, "Slack", f"what answers is not Slack (status {reply.status})", "look for a proxy in between")
