"""GitHub's events, and those of Forgejo and Gitea, whose runners set the same variables and write like payloads.

Sources: docs.github.com «Events that trigger workflows», «Variables reference», «Webhook events and payloads»; Gitea's
and Forgejo's payloads have neither `created`, `deleted` nor `forced`, so only the zeros of `before` and `after` count.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from scanner.ci.plan import DEPTH_0, HISTORY, NOTHING, Plan, Wanted, branch, heads, oid, zero
from scanner.errors import Incomplete

Payload = Mapping[str, Any]
_NO_FILTER = "remove `filter:` from the checkout step: what it leaves out is what is to be looked at"
_HEADS, _TAGS = "refs/heads/", "refs/tags/"


def plan(environ: Mapping[str, str]) -> Plan:
    """What the event of this run asks for. Incomplete where it cannot be read, or is none that has a range."""
    event = environ.get("GITHUB_EVENT_NAME", "")
    read = _EVENTS.get(event)
    if read is None:
        hint = "say what to look at: --base and --head, --mode history, or --mode scan"
        raise Incomplete(f"the event {event!r} has no range of commits", hint)
    payload = _payload(environ.get("GITHUB_EVENT_PATH", ""))
    repository = _part(payload, "repository")
    default = branch(repository.get("default_branch"))
    start = Plan(_system(environ), event, default=default, public=_public(repository), remedy=DEPTH_0)
    return read(start._replace(unfiltered=_NO_FILTER), payload, environ)


def _system(environ: Mapping[str, str]) -> str:
    for name in ("forgejo", "gitea"):
        if environ.get(f"{name.upper()}_ACTIONS"):
            return name
    return "github"


def _payload(path: str) -> Payload:
    """The event, as the runner wrote it."""
    try:
        with open(path, "rb") as file:
            payload = json.load(file)
    except (OSError, ValueError, RecursionError) as error:
        deep = "it is nested too deep" if isinstance(error, RecursionError) else "it is no JSON"
        kind = error.strerror if isinstance(error, OSError) else deep
        raise Incomplete(f"the event (GITHUB_EVENT_PATH) cannot be read: {kind}", "give --base and --head") from None
    if not isinstance(payload, dict):
        raise Incomplete("the event (GITHUB_EVENT_PATH) is no object", "give --base and --head")
    return payload


def _part(payload: Payload, *names: str) -> Payload:
    """What stands at `names`, one below the other; empty where that is no object."""
    for name in names:
        found = payload.get(name)
        payload = found if isinstance(found, dict) else {}
    return payload


def _public(repository: Payload) -> bool | None:
    """GitHub knows three kinds of visibility, of which internal is not public."""
    if isinstance(repository.get("visibility"), str):
        return bool(repository["visibility"] == "public")
    private = repository.get("private")
    return None if private is None else private is False


def _push(start: Plan, payload: Payload, environ: Mapping[str, str]) -> Plan:
    ref, after, before = payload.get("ref"), payload.get("after"), payload.get("before")
    ref = ref if isinstance(ref, str) else environ.get("GITHUB_REF", "")
    # Only zeros are a deletion: a payload that says nothing (a broken mount, a local runner) is no reason for green.
    after = after or environ.get("GITHUB_SHA", "")
    if payload.get("deleted") is True or (after and zero(after)):
        return start._replace(kind=NOTHING, note="a ref was deleted: there was nothing to scan")
    start = start._replace(name=ref or None)
    if ref.startswith(_TAGS):
        return _tag(start, payload, oid(after, "after"))
    refs = heads(branch(ref.removeprefix(_HEADS)))
    start = start._replace(tip=Wanted(oid(after, "after"), refs), home=_home(start, ref))
    if zero(before):
        return start
    return start._replace(base=Wanted(oid(before, "before")), rewritten=True)


def _home(start: Plan, ref: str) -> bool:
    """Whether `ref` is the default branch; if nobody says which that is, nothing can be taken for known."""
    return start.default is None or ref == _HEADS + start.default


def _tag(start: Plan, payload: Payload, after: str) -> Plan:
    """A tag, new or moved: the commits that it leads to and that the default branch does not hold. `after` is the id of
    the tag itself where it is an annotated one, which the checkout does not bring; of one that names no commit, the
    payload may have no head_commit."""
    commit = _part(payload, "head_commit").get("id")
    tip = after if zero(commit) else oid(commit, "head_commit")
    return start._replace(tip=Wanted(tip), tag=after if after != tip or zero(commit) else None)


def _created(start: Plan, payload: Payload, environ: Mapping[str, str]) -> Plan:
    ref = environ.get("GITHUB_REF", "")
    start = _of_ref(start, ref)._replace(home=_home(start, ref))
    return start._replace(tip=Wanted(oid(environ.get("GITHUB_SHA"), "GITHUB_SHA")))


def _of_ref(start: Plan, ref: str) -> Plan:
    """`start` for an event of which only the name of a ref is known, and the commit that it leads to."""
    return start._replace(name=ref or None, tag=ref if ref.startswith(_TAGS) and branch(ref) else None)


def _deleted(start: Plan, payload: Payload, environ: Mapping[str, str]) -> Plan:
    return start._replace(kind=NOTHING, note="a ref was deleted: there was nothing to scan")


def _pull(start: Plan, payload: Payload, environ: Mapping[str, str]) -> Plan:
    """A pull request, whatever is checked out: its commits are fetched as data."""
    pull = _part(payload, "pull_request")
    base, head = _part(pull, "base"), _part(pull, "head")
    number = pull.get("number", payload.get("number"))
    refs = (f"refs/pull/{number}/head",) if isinstance(number, int) else ()
    fork = _repository(head) != _repository(base)
    merge = environ.get("GITHUB_SHA") if start.event == "pull_request" else None
    name = head.get("ref")
    return start._replace(
        tip=Wanted(oid(head.get("sha"), "pull_request.head.sha"), refs),
        base=Wanted(oid(base.get("sha"), "pull_request.base.sha"), heads(branch(base.get("ref")))),
        merge=None if zero(merge) else oid(merge, "GITHUB_SHA"),
        fork=fork or _repository(head) is None,
        name=f"{_HEADS}{name}" if isinstance(name, str) and name else None,
    )


def _repository(end: Payload) -> object:
    """What tells one repository from another; None for a fork that was deleted."""
    repository = _part(end, "repo")
    return repository.get("id") or repository.get("full_name")


def _group(start: Plan, payload: Payload, environ: Mapping[str, str]) -> Plan:
    """A merge queue's group: what it holds was reviewed, so its own suppressions count, and are listed."""
    group = _part(payload, "merge_group")
    return start._replace(
        tip=Wanted(oid(group.get("head_sha"), "merge_group.head_sha")),
        base=Wanted(oid(group.get("base_sha"), "merge_group.base_sha")),
    )


def _everything(start: Plan, payload: Payload, environ: Mapping[str, str]) -> Plan:
    # Only the default branch has schedules, and Forgejo names no repository in their events.
    home = start.event == "schedule" or environ.get("GITHUB_REF", "") == f"{_HEADS}{start.default}"
    return start._replace(kind=HISTORY, home=home, own=home)


def _release(start: Plan, payload: Payload, environ: Mapping[str, str]) -> Plan:
    tip = Wanted(oid(environ.get("GITHUB_SHA"), "GITHUB_SHA"))
    start = _of_ref(start, environ.get("GITHUB_REF", ""))
    return start._replace(tip=tip, whole=True, note="a release: every commit that its tag reaches is looked at")


_EVENTS: Mapping[str, Callable[[Plan, Payload, Mapping[str, str]], Plan]] = {
    "push": _push,
    "create": _created,
    "delete": _deleted,
    "pull_request": _pull,
    "pull_request_target": _pull,
    "pull_request_review": _pull,
    "pull_request_review_comment": _pull,
    "merge_group": _group,
    "schedule": _everything,
    "workflow_dispatch": _everything,
    "repository_dispatch": _everything,
    "release": _release,
}
