"""Which CI system this is, and what its event asks for; what the command line says comes first."""

from __future__ import annotations

from collections.abc import Mapping

from scanner.ci import github, gitlab
from scanner.ci.plan import HISTORY, NOTHING, RANGE, SCAN, Plan, Wanted
from scanner.errors import Incomplete, UsageError

AUTO = "auto"


def planned(environ: Mapping[str, str], base: str | None, head: str | None, mode: str) -> Plan:
    """What is to be looked at. With `base` (and `head`, else HEAD) that range; of the event then only counts who made
    the change and who can see the repository. UsageError for a head alone, for an empty end, and for
    ends where `mode` has none; Incomplete where nothing says what."""
    for option, given in (("--base", base), ("--head", head)):
        if given == "":
            raise UsageError(f"{option} is empty", "it was given a variable that is not set: HEAD is written in full")
    if head is not None and base is None:
        raise UsageError("--head needs --base", "give both ends of the range")
    if base is not None and mode in (HISTORY, SCAN):
        raise UsageError(f"--base does not go with --mode {mode}", "a range has ends, --mode range")
    if mode in (HISTORY, SCAN):
        return _whatever(environ, mode)
    if base is not None:
        return _named(environ, base, head)
    plan = _event(environ)
    if mode == RANGE and plan.kind == HISTORY:
        raise Incomplete(f"the event {plan.event!r} has no range of commits", "give --base and --head")
    return plan


def _whatever(environ: Mapping[str, str], mode: str) -> Plan:
    """All of the repository, or what is checked out: it needs no event, which says no more than whose word counts."""
    told = _told(environ)
    return told._replace(kind=mode, own=told.own or told.kind == NOTHING, note="")


def _named(environ: Mapping[str, str], base: str, head: str | None) -> Plan:
    """The range that the command line names."""
    told = _told(environ)
    plan = Plan("options", told.event, RANGE, Wanted(head or "HEAD"), Wanted(base))
    plan = plan._replace(fork=told.fork, public=told.public, default=told.default)
    return plan._replace(remedy=told.remedy, unfiltered=told.unfiltered)


def _told(environ: Mapping[str, str]) -> Plan:
    """What the event says, if there is one that can be read; else that nothing was changed."""
    try:
        return _event(environ)
    except Incomplete:
        return Plan("options", "", own=True)


def _event(environ: Mapping[str, str]) -> Plan:
    if environ.get("GITHUB_ACTIONS") and environ.get("GITHUB_EVENT_NAME"):
        return github.plan(environ)
    if environ.get("GITLAB_CI"):
        return gitlab.plan(environ)
    raise Incomplete(
        "no CI system that is known says what changed", "give --base and --head, --mode history, or --mode scan"
    )
