"""`xoxscan ci`: looks at what the CI system says of its event, and scans the right commits."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from scanner.ci.checkedout import absent, at_top
from scanner.ci.event import AUTO, planned
from scanner.ci.fetcher import fetching
from scanner.ci.plan import HISTORY, NOTHING, RANGE, SCAN, Plan, is_id
from scanner.ci.remote import remote_of
from scanner.ci.settle import Settled, settle
from scanner.commands import history, ranging
from scanner.commands import scan as files
from scanner.commands.ci_config import Judging
from scanner.commands.pushing import Beside
from scanner.commands.responder import add_options, responder
from scanner.commands.scanning import TIMEOUT, Outcome, Setup, finish, nothing, progress, refuse
from scanner.errors import GitError, UsageError
from scanner.filters import paths
from scanner.git.objects import Cat
from scanner.git.repository import Repository, find, is_partial
from scanner.git.run import require_version
from scanner.model import Coverage, Problem, Report, Streams, Target
from scanner.pipeline import Occurrence
from scanner.report.places import many
from scanner.sources import pushed
from scanner.sources.pushed import Update

SUMMARY = "Scans what a CI system's event brings; with --base and --head any range, as on a shallow checkout."
_ALONE = {  # what history and scan would be told by options of their own
    "allow_shallow": False,
    "alternates": False,
    "engine": "auto",
    "no_ignore": False,
    "paths": [],
    "reachable": False,
    "recurse_submodules": False,
}


_REFETCH = "git fetch --refetch"
_NO_TAG = "the tag itself is not here, so its message was not looked at"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See scanner.commands.scanning."""
    add = parser.add_argument
    add("--base", metavar="A", help="look at what B reaches and A does not, whatever the event")
    add("--head", metavar="B", help="with --base (default HEAD)")
    add(
        "--fork",
        action="store_true",
        help="a stranger's change: what it allows itself does not count, as for a fork's event",
    )
    modes = (AUTO, RANGE, HISTORY, SCAN)
    add("--mode", choices=modes, default="auto", help="what to look at (default: what the event is about)")
    add(
        "--deepen", choices=("auto", "never"), default="auto", help="fetch what a shallow checkout lacks (default auto)"
    )
    add_options(parser)


def run(args: argparse.Namespace, streams: Streams) -> int:
    """The exit status. Errors: see scanner.errors."""
    refuse(args, streams)
    plan = planned(streams.environ, args.base, args.head, args.mode)
    if args.fork:
        plan = plan._replace(fork=True, own=False)
    if plan.kind == SCAN and args.respond == "revoke":
        raise UsageError("--mode scan does not revoke", "what is checked out is not known to be exposed")
    args = _told(args, plan)
    respond = responder(args, streams)
    found = _settled(args, streams, plan)
    with Cat(found.repository.git) as cat, _filtered(found.repository, plan):
        judging = Judging(args, streams, found, cat)
        setup, told = judging.judged(plan)
        made = _unfiltered(_looked(args, streams, found, cat, setup, plan), plan)
        setup, made = judging.readable(setup, made, plan)
        skipped = (*found.skipped, *made.coverage.skipped)
        made = made._replace(
            notes=[*found.notes, *_whose(found, plan), *told, *made.notes],
            coverage=made.coverage._replace(skipped=skipped),
        )
        return finish(args, streams, setup, made, _kind(plan, respond(setup, found.repository)))


@contextmanager
def _filtered(repository: Repository, plan: Plan) -> Iterator[None]:
    """Says what helps where a partial checkout lacks what is needed to begin with, as HEAD's tree: git's own words
    speak of a fetch that we forbid."""
    try:
        yield
    except GitError:
        if not is_partial(repository):
            raise
        raise GitError(
            "the checkout is partial, and its filter left out what is needed here", plan.unfiltered
        ) from None


def _unfiltered(made: Outcome, plan: Plan) -> Outcome:
    """`made` with what helps in this pipeline, wherever a partial clone may be why something is not here."""
    problems = [
        each._replace(hint=plan.unfiltered) if _REFETCH in (each.hint or "") else each for each in made.problems
    ]
    return made._replace(problems=problems)


def _told(args: argparse.Namespace, plan: Plan) -> argparse.Namespace:
    """The options, with what the event says: who can see the repository, unless somebody said so, and whether all that
    is looked at came with it."""
    seen = {None: None, True: "public", False: "private"}[plan.public]
    told = {"visibility": args.visibility or seen, "event": plan.told and plan.kind == RANGE}
    return argparse.Namespace(**{**_ALONE, **vars(args), **told})


def _settled(args: argparse.Namespace, streams: Streams, plan: Plan) -> Settled:
    """What is to be looked at, fetched where that is needed and allowed."""
    repository = find(os.getcwd(), streams.environ, own=False)
    require_version(repository.git)
    remote = remote_of(repository) if plan.kind != NOTHING else None
    with ExitStack() as ended:
        fetcher = None
        if remote and remote.address and args.deepen == "auto":
            opened = fetching(repository, remote.address, remote.settings, streams.environ)
            fetcher = ended.enter_context(opened)
        return settle(repository, plan, remote.name if remote else None, fetcher)


def _whose(found: Settled, plan: Plan) -> Iterator[str]:
    if found.trust is None and plan.kind != NOTHING:
        yield "nothing of the repository is known from before: no configuration and no baseline of it counts"


def _looked(args: argparse.Namespace, streams: Streams, found: Settled, cat: Cat, setup: Setup, plan: Plan) -> Outcome:
    """Looks at it."""
    repository = found.repository
    if found.span is not None:
        return _range(args, streams, found, cat, setup, plan)
    if plan.kind == HISTORY:
        with progress(args, streams) as shown:
            made = history.outcome(args, repository, setup, shown)
        if not (made.coverage.blobs or made.coverage.commits or made.problems):
            nothing(args, "the repository is empty", "")
        return _strangers(made, setup, plan)
    if plan.kind == SCAN:
        return _strangers(_checked_out(args, streams, repository, setup), setup, plan)
    return Outcome(Target("ci", repository.top or repository.git_dir), Coverage(None, 0, 0, 0), ())


def _checked_out(args: argparse.Namespace, streams: Streams, repository: Repository, setup: Setup) -> Outcome:
    """All files of the work tree, wherever in it the job stands."""
    with at_top(repository):
        made = files.outcome(args, streams, setup, repository)
    skipped = (*made.coverage.skipped, *absent(repository))
    return made._replace(coverage=made.coverage._replace(skipped=skipped))


def _range(args: argparse.Namespace, streams: Streams, found: Settled, cat: Cat, setup: Setup, plan: Plan) -> Outcome:
    """Every commit of the range, the message of the tag that was pushed, and the name of the ref."""
    assert found.span
    if plan.base and plan.tip and not plan.told and ranging.backwards(found.repository, found.span):
        _backwards(args, plan.base.name, plan.tip.name)
    made = ranging.outcome(args, streams, found.repository, cat, setup, found.span)
    if not found.span.tip:  # a tag of a tree or a blob
        made = made._replace(notes=(), target=made.target._replace(head=None))
    made = _beside(made, setup, cat, found.repository, plan, found.tag)
    problems = [each._replace(hint=plan.remedy) if each.what == "range" else each for each in made.problems]
    target = made.target._replace(range=found.words)
    refused = sum(1 for each in made.occurrences if each.hit.inline and not each.location.suppressed)
    why = "it comes from another repository" if plan.fork else "the configuration refuses them"
    notes = [f"refused: {many(refused, 'suppression')} that this change brings ({why})"] if refused else []
    return made._replace(target=target, problems=problems, notes=[*notes, *made.notes])


def _backwards(args: argparse.Namespace, base: str, head: str) -> None:
    """Swapped ends would be green for ever. An event may say such a range, as after a push back to an older commit; of
    ends that somebody named nobody knows, so he has to say that a branch may be behind."""
    what = f"the range is backwards: its head, {head[:200]}, is an ancestor of its base, {base[:200]}"
    hint = f"write --base {head[:200]} --head {base[:200]}; where a head may be behind its base, --allow-empty"
    nothing(args, what, hint)


def _beside(made: Outcome, setup: Setup, cat: Cat, repository: Repository, plan: Plan, tag: str | None) -> Outcome:
    """`made` with the name of the ref that was pushed, and what the message of an annotated tag holds, and those of
    tags that it names."""
    beside = Beside(repository, cat, setup, TIMEOUT)
    known = tag.encode() if tag and is_id(tag) else None
    objects = pushed.objects(cat, [Update(b"", known, None)])
    absent = [tag] if tag and not known else [oid.decode() for oid in objects.absent]
    problems = [Problem(each, _NO_TAG, f"--deepen auto fetches it; or {plan.remedy}") for each in absent]
    named = [Update(plan.name.encode("utf-8", "surrogatepass"), b"named", None)] if plan.name else []
    beside.look(named, objects._replace(absent=()))
    whole = beside.added(made)
    return whole._replace(
        notes=[] if beside.found and not made.coverage.commits else made.notes,  # it says that there was nothing
        problems=[*problems, *whole.problems],
    )


def _strangers(made: Outcome, setup: Setup, plan: Plan) -> Outcome:
    """`made` where, in a stranger's change, no marker in a line counts."""
    if not plan.fork:
        return made
    return made._replace(occurrences=[_unmarked(each, setup) for each in made.occurrences])


def _unmarked(item: Occurrence, setup: Setup) -> Occurrence:
    place = item.location
    if place.suppressed is None or place.suppressed.by != "inline":
        return item
    return item._replace(location=place._replace(suppressed=paths.judge(setup.config, place.path, setup.today)))


def _kind(plan: Plan, respond: Callable[[Report], Report]) -> Callable[[Report], Report]:
    """What was looked at is known to have come with an event: that is what a target of this kind says later on."""
    if not (plan.told and plan.kind == RANGE):
        return respond
    return lambda report: respond(report._replace(target=report.target._replace(kind="ci")))
