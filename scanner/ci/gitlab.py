"""GitLab's predefined variables (docs.gitlab.com «Predefined CI/CD variables reference», «Merge request pipelines»).

CI_COMMIT_BEFORE_SHA is zeros in merge request, scheduled and manual pipelines, and in the first of a branch or tag.
"""

from __future__ import annotations

from collections.abc import Mapping

from scanner.ci.plan import HISTORY, Plan, Wanted, branch, heads, oid, zero

GIT_DEPTH = 'put this into the job, under `variables:`:  GIT_DEPTH: "0"'
_NO_FILTER = "take --filter out of GIT_CLONE_EXTRA_FLAGS and GIT_FETCH_EXTRA_FLAGS: all of it is to be looked at"
# The sources of pipelines that stand for a push; others (schedule, web, api, trigger …) for no change at all.
_CHANGED = ("push", "parent_pipeline")


def plan(environ: Mapping[str, str]) -> Plan:
    """What this pipeline asks for. Incomplete where a variable does not hold what it should."""
    say = environ.get
    source = say("CI_PIPELINE_SOURCE", "push")
    visibility = say("CI_PROJECT_VISIBILITY")
    default = branch(say("CI_DEFAULT_BRANCH"))
    start = Plan(
        "gitlab",
        source,
        default=default,
        home=default is None or say("CI_COMMIT_BRANCH") == default,
        public=None if visibility is None else visibility == "public",
        remedy=GIT_DEPTH,
        unfiltered=_NO_FILTER,
    )
    if say("CI_MERGE_REQUEST_IID"):
        return _merge_request(start, environ)
    if say("CI_EXTERNAL_PULL_REQUEST_IID"):
        return _external(start, environ)
    if source not in _CHANGED:
        return start._replace(kind=HISTORY, own=start.home)
    return _pushed(start, environ)


def _pushed(start: Plan, environ: Mapping[str, str]) -> Plan:
    before, name = environ.get("CI_COMMIT_BEFORE_SHA"), environ.get("CI_COMMIT_BRANCH")
    refs = heads(branch(name))
    start = start._replace(tip=Wanted(oid(environ.get("CI_COMMIT_SHA"), "CI_COMMIT_SHA"), refs), name=_head(name))
    if environ.get("CI_COMMIT_TAG"):
        tag = branch(environ["CI_COMMIT_TAG"])
        name = f"refs/tags/{environ['CI_COMMIT_TAG']}"
        return start._replace(home=False, tag=name if tag else None, name=name)
    if zero(before):
        return start
    return start._replace(base=Wanted(oid(before, "CI_COMMIT_BEFORE_SHA")), rewritten=True)


def _head(name: str | None) -> str | None:
    return f"refs/heads/{name}" if name else None


def _merge_request(start: Plan, environ: Mapping[str, str]) -> Plan:
    """In a merged results pipeline CI_COMMIT_SHA is a merge that GitLab made: the commits of the source branch are
    looked at, and what is in the target is known. Elsewhere only where the merge request began is told."""
    say = environ.get
    tip = say("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or say("CI_COMMIT_SHA")
    target = say("CI_MERGE_REQUEST_TARGET_BRANCH_SHA")
    began = oid(say("CI_MERGE_REQUEST_DIFF_BASE_SHA") or target, "CI_MERGE_REQUEST_DIFF_BASE_SHA")
    refs = heads(branch(say("CI_MERGE_REQUEST_TARGET_BRANCH_NAME")))
    head = branch(say("CI_MERGE_REQUEST_REF_PATH", "").replace("/merge", "/head"))
    return start._replace(
        tip=Wanted(oid(tip, "CI_COMMIT_SHA"), (head,) if head else ()),
        base=Wanted(oid(target or began, "CI_MERGE_REQUEST_TARGET_BRANCH_SHA"), refs),
        also=(began,) if target else (),
        name=_head(say("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME")),
        fork=say("CI_MERGE_REQUEST_SOURCE_PROJECT_ID") != say("CI_MERGE_REQUEST_PROJECT_ID"),
    )


def _external(start: Plan, environ: Mapping[str, str]) -> Plan:
    """A pull request of GitHub, for which GitLab runs."""
    name = "CI_EXTERNAL_PULL_REQUEST_"
    target, source = (environ.get(f"{name}{end}_BRANCH_SHA") for end in ("TARGET", "SOURCE"))
    ends = [environ.get(f"{name}{end}_REPOSITORY") for end in ("TARGET", "SOURCE")]
    return start._replace(
        tip=Wanted(oid(source, f"{name}SOURCE_BRANCH_SHA")),
        base=Wanted(oid(target, f"{name}TARGET_BRANCH_SHA")),
        fork=ends[0] != ends[1],
        name=_head(environ.get(f"{name}SOURCE_BRANCH_NAME")),
    )
