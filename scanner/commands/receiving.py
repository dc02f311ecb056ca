"""What those who push say to a server, and what it says to them: push options, and GitLab's lines.

Push options: git-push(1) --push-option, githooks(5) (GIT_PUSH_OPTION_COUNT, GIT_PUSH_OPTION_<n>). GitLab shows on its
pages what begins with GL-HOOK-ERR: (docs.gitlab.com, «Git server hooks», custom error messages).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from scanner.errors import FINDINGS, INCOMPLETE, OK, XoxscanError
from scanner.model import Report, Secret, Streams
from scanner.report.places import harmless, many, place

OPTION = "xoxscan.skip"
LINES = 5  # findings that GitLab's page shows
_PUSHERS = ("GL_USERNAME", "GITHUB_USER_LOGIN", "REMOTE_USER", "GL_ID")
_MOST = 1000  # push options that are looked at


class Excuse(NamedTuple):
    """Somebody asks that this push be let through: the reason, who, and why not (None: it counts)."""

    reason: str
    who: str
    refused: str | None

    @property
    def told(self) -> str:
        """The words that every report of this push begins with."""
        asked = f"push option {OPTION} by {self.who}: {self.reason or 'no reason'}"
        return f"{asked} ({self.refused})" if self.refused else f"{asked} (findings do not stop this push)"


def excuse(environ: Mapping[str, str], forbidden: str | None) -> Excuse | None:
    """What the push options of `environ` ask for, None if nothing. It counts with a reason and where it is not
    `forbidden` (the words that say so)."""
    for option in _options(environ):
        name, _, reason = option.partition("=")
        if name.strip() == OPTION:
            reason = reason.strip().strip("\"'").strip()
            refused = forbidden or (None if reason else "not without a reason")
            who = next((environ[name] for name in _PUSHERS if environ.get(name)), "somebody")
            return Excuse(reason, who, refused)
    return None


def allowed(operator: Iterable[tuple[str, bytes]]) -> bool:
    """Whether one of the operator's configuration files (label, content) says `head_suppressions: accept` in so many
    words. They are known to be well-formed."""
    from scanner import yamltree

    trees = (yamltree.read(content, label) for label, content in operator)
    said = (tree.content.get("head_suppressions") for tree in trees if tree and isinstance(tree.content, dict))
    return any(node is not None and node.content == "accept" for node in said)


def _options(environ: Mapping[str, str]) -> Iterator[str]:
    count = environ.get("GIT_PUSH_OPTION_COUNT", "")
    for number in range(min(int(count), _MOST) if count.isdecimal() else 0):
        yield environ.get(f"GIT_PUSH_OPTION_{number}", "")


def excused(report: Report, asked: Excuse | None) -> Report:
    """`report` with the status that lets the push through, where that was asked for and counts. Its findings and
    problems stay in it."""
    through = asked is not None and asked.refused is None and report.exit in (FINDINGS, INCOMPLETE)
    return report._replace(exit=OK) if through else report


def say(report: Report, streams: Streams) -> None:
    """On GitLab, the lines that its pages show to those who are stopped. Harmless, and past the redactor."""
    if report.exit == OK:
        return
    from scanner.report.output import secrets

    _show(_lines(report), secrets(report), streams)


@contextmanager
def stopping(streams: Streams) -> Iterator[None]:
    """Shows an error that stops the push on GitLab's pages, too."""
    try:
        yield
    except XoxscanError as error:
        _show([f"xoxscan: {error}", *([error.hint] if error.hint else [])], (), streams)
        raise


def _show(lines: Iterable[str], known: Iterable[Secret], streams: Streams) -> None:
    if not any(name.startswith("GL_") for name in streams.environ):
        return
    from scanner.report.redactor import Redactor

    clean = Redactor(known).clean
    for line in lines:
        streams.stderr.write(clean(f"GL-HOOK-ERR: {harmless(line)}\n".encode("utf-8", "backslashreplace")))
    streams.stderr.flush()


def _lines(report: Report) -> Iterator[str]:
    found = report.findings
    yield f"xoxscan: {many(len(found), 'Slack credential')} in this push" if found else "xoxscan: incomplete"
    for finding in found[:LINES]:
        where = finding.locations[0]
        commit = f", commit {where.commit[:10]}" if where.commit else ""
        yield f"{finding.rule} {finding.redacted}: {place(where)}{commit}"
    if len(found) > LINES:
        yield f"and {len(found) - LINES:,} more"
    for problem in report.problems[:LINES]:
        yield f"{problem.what}: {problem.message}"
    if found:
        yield "Revoke it first, then take it out of the commits: git rebase -i, or git commit --amend."
