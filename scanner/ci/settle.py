"""From a Plan to the commits of it: looks whether all of them are here, and brings those that are not, where it may.

A range is whole when both ends are here, no commit of it is one whose parents a shallow clone cut off, and what was
known before does not end too early to meet it. Else `git rev-list A..B` succeeds and lacks commits without a word.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from scanner.ci import names, tags
from scanner.ci.depth import whole
from scanner.ci.fetcher import DEEPENINGS, Fetcher, Filtered, publish, publish_tags
from scanner.ci.plan import HISTORY, NOTHING, SCAN, Plan, Wanted, is_id
from scanner.errors import GitError, Incomplete
from scanner.git.commits import parse_commit
from scanner.git.objects import Cat
from scanner.git.repository import Repository, head, shallow_commits
from scanner.model import Skip
from scanner.sources import commits as ranges
from scanner.sources import pushed
from scanner.sources.commits import Range
from scanner.sources.pushed import Update

T = TypeVar("T")


class Settled(NamedTuple):
    """What is to be looked at, as it is here now: `span` for a range. The configuration counts as it stands in `trust`
    (None: nobody's of this repository). `tag`: the pushed tag, by its id where that is known; where it names no commit,
    the range has no tip."""

    repository: Repository
    trust: bytes | None = None
    span: Range | None = None
    words: str = ""  # the range as A..B
    tag: str | None = None
    notes: tuple[str, ...] = ()
    skipped: tuple[Skip, ...] = ()


def settle(repository: Repository, plan: Plan, remote: str | None, fetcher: Fetcher | None) -> Settled:
    """The commits of `plan`, fetched by `fetcher` where they are not here; without one (`--deepen never`, or no remote
    that can be asked) nothing is. Incomplete, with the line that helps, where an end of the range cannot be had; a
    range that has a gap has its problem."""
    notes = (plan.note,) if plan.note else ()
    if plan.kind == NOTHING:
        return Settled(repository, notes=notes)
    found = Finder(repository, plan, remote, fetcher)
    look = {HISTORY: found.history, SCAN: found.files}.get(plan.kind, found.range)
    made = look()
    return made._replace(notes=(*notes, *found.notes, *made.notes), skipped=tuple(found.skipped))


class Finder:
    """Looks for the commits of one plan."""

    def __init__(self, repository: Repository, plan: Plan, remote: str | None, fetcher: Fetcher | None) -> None:
        self._repository = repository
        self._plan = plan
        self._remote = remote
        self._fetcher = fetcher
        self.notes: list[str] = []
        self.skipped: list[Skip] = []

    def history(self) -> Settled:
        """Everything: a shallow checkout gets all branches and tags, with their past."""
        fetcher, remote, shallow = self._fetcher, self._remote, self._shallow()
        if shallow and fetcher and remote:
            publish(self._repository, remote, self._helped(fetcher.everything, "heads"))
            self.notes.append("the checkout was shallow: all branches were fetched")
        self._tags(fetcher, shallow)
        return Settled(self._now(), self._trusted())

    def _tags(self, fetcher: Fetcher | None, shallow: bool) -> None:
        """All tags of the forge. A checkout that neither is shallow nor says that it leaves them out is taken to have
        them, where the forge cannot be asked."""
        doubt = "is shallow" if shallow else tags.without(self._repository.git, self._remote)
        why = "nothing was fetched"
        try:
            if fetcher:
                if shallow or fetcher.tags() - tags.here(self._repository.git):
                    doubt = doubt or "lacks some"
                    publish_tags(self._repository, fetcher.everything("tags"))
                return
        except GitError as error:
            why = str(error)
        if doubt:
            self.skipped.append(Skip("tags", f"the checkout {doubt}, so tags of the forge may be missing: {why}"))

    def files(self) -> Settled:
        """What is checked out: of the past only whose configuration counts."""
        return Settled(self._now(), self._trusted())

    def _trusted(self) -> bytes | None:
        """Whose configuration counts where no range is asked for: as it stood before the change, if there was one."""
        plan = self._plan
        if plan.own:
            return head(self._repository)
        try:
            return (self._had(plan.base) if plan.base else None) or self._default()
        except Incomplete as error:
            self.notes.append(f"no configuration of the repository counts: {error}")
            return None

    def range(self) -> Settled:
        """The commits of the range, and whose configuration counts."""
        plan = self._plan
        assert plan.tip
        if alone := self._alone(plan.tip.name):
            return alone
        base = self._merged() or plan.base
        tip, start = self._ends(plan.tip, base)
        if base and start is None:
            self.notes.append(f"{base.name[:12]} is gone from the forge: it was a forced push")
        known = self._default() if start is None else None
        before = [] if plan.whole else [end for end in (start, known) if end]
        tag = self._tag(plan.tag) if plan.tag else None
        also = [oid for oid in map(self._here, self._also(base)) if oid and not plan.whole]
        span = self._deepened(tip, before, also)
        words = "..".join(oid.decode() for oid in (*before[:1], tip))
        return Settled(self._now(), start or (None if plan.home else known), span, words, tag)

    def _alone(self, tip: str) -> Settled | None:
        """What is looked at where the pushed tag names a tree or a blob: a range of nothing; None elsewhere."""
        if not (self._plan.tag and is_id(tip)) or self._here(tip):
            return None
        tag = self._tag(tip)
        with Cat(self._repository.git) as cat:
            named = pushed.objects(cat, [Update(b"", tag.encode(), None)])
        if not (named.trees or named.blobs):
            return None
        what = "a tree: its files were" if named.trees else "a blob: it was"
        self.notes.append(f"the tag names no commit but {what} looked at, and its message if it has one")
        return Settled(self._now(), self._default(), Range(b"", b""), tip, tag)

    def _also(self, base: Wanted | None) -> list[str]:
        own = self._plan.base
        return [*self._plan.also, *([own.name] if own and own != base else [])]

    def _merged(self) -> Wanted | None:
        """What the pull request goes into, as the forge merged it: the first parent of that merge. The base that the
        event names may be older, and then commits of others would count as this change's."""
        plan = self._plan
        if not (plan.merge and plan.tip and plan.base and self._here(plan.merge)):
            return None
        with Cat(self._repository.git) as cat:
            ((_, _, content),) = cat.contents([plan.merge.encode()])
        parents = parse_commit(content or b"").parents  # as written in it, also where it is shallow
        if len(parents) == 2 and parents[1].decode() == plan.tip.name:
            return Wanted(parents[0].decode(), plan.base.refs)
        return None

    def _ends(self, tip: Wanted, base: Wanted | None) -> tuple[bytes, bytes | None]:
        """Both ends; no base where there is none, or where a forced push dropped it. Incomplete where one is not here
        and cannot be had."""
        wanted = [tip, *([base] if base else [])]
        absent = [each for each in wanted if not self._here(each.name)]
        ids = [each.name for each in absent if is_id(each.name)]
        if self._fetcher and ids:
            self._helped(self._fetcher.ids, *ids)
        oids = [self._had(each) for each in wanted]
        if oids[0] is None:
            raise self._missing(tip.name)
        if base and oids[1] is None and not self._dropped():
            raise self._missing(base.name)
        return oids[0], oids[1] if base else None

    def _dropped(self) -> bool:
        """Whether a base that is not here is nowhere: the forge said so, or all that it has is here."""
        return self._plan.rewritten and (self._fetcher is not None or not self._shallow())

    def _had(self, wanted: Wanted) -> bytes | None:
        """The commit, by its own name, else by the refs that lead to it."""
        oid, fetcher = self._here(wanted.name), self._fetcher
        if oid and fetcher:
            self._no_branch(wanted.name, fetcher)
        if oid or not fetcher:
            return oid
        if is_id(wanted.name) and self._helped(fetcher.ids, wanted.name):
            return self._here(wanted.name)
        for ref in wanted.refs or names.of_forge(self._repository.git, wanted.name):
            came = self._helped(fetcher.ref, ref)
            if came and not is_id(wanted.name):
                return came
        return self._here(wanted.name)

    def _no_branch(self, name: str, fetcher: Fetcher) -> None:
        """Incomplete where `name` is here as a tag alone, and the forge has a branch of that name: it may be meant, and
        anybody who may push can make the tag."""
        if is_id(name) or not names.only_tag(self._repository.git, name, self._remote):
            return
        for ref in names.of_forge(self._repository.git, name):
            try:
                also = fetcher.asked(ref)
            except GitError as error:
                self.notes.append(f"the tag {name} is taken, whatever branches there are: {error}")
                return
            if also:
                hint = f"write refs/tags/{name}, or {ref}"
                raise Incomplete(f"{name[:80]} is a tag here, and a branch at the forge", hint)

    def _default(self) -> bytes | None:
        """Where the default branch stands, at the forge if that can be asked: what is noted of it here may be old, or
        a stranger's. None for its own change, or where the forge has no such branch."""
        plan, fetcher = self._plan, self._fetcher
        if plan.home or plan.default is None:
            return None
        here = self._here(f"refs/remotes/{self._remote}/{plan.default}") if self._remote else None
        name = f"refs/heads/{plan.default}"
        if fetcher is None:
            if here is None:
                raise self._missing(f"the default branch ({plan.default})")
            return here
        try:
            came = self._tip(fetcher, name)
        except GitError as error:
            if here is None:
                raise
            self.notes.append(f"{plan.default} is taken as it is noted here: {error}")
            return here
        if came is None:
            self.notes.append(f"the forge has no branch {plan.default}: everything that was pushed is looked at")
        return came

    def _tip(self, fetcher: Fetcher, name: str) -> bytes | None:
        """Where a branch of the forge stands, fetched if it is not here."""
        oid = self._helped(fetcher.asked, name)
        here = self._here(oid) if oid else None
        return here or (self._helped(fetcher.ref, name) if oid else None)

    def _tag(self, name: str) -> str:
        """Brings an annotated tag itself, which a checkout may leave out, for its message. Its id; its name, where
        nobody has it."""
        git, fetcher = self._repository.git, self._fetcher
        if not is_id(name):
            name = self._tag_of(name) or name
        if fetcher and is_id(name) and git.attempt("cat-file", "-e", name)[0]:
            self._helped(fetcher.ids, name)
        return name

    def _tag_of(self, ref: str) -> str | None:
        """The id of the tag `ref`. That of a commit says nothing yet: actions/checkout lets a tag name its commit."""
        here, kind = tags.led(self._repository.git, ref)
        if kind == "tag" or not (self._fetcher or here):
            return here
        try:
            there = self._fetcher.asked(ref) if self._fetcher else None
            why = "the forge has no such tag" if self._fetcher else "nothing was fetched"
        except GitError as error:
            there, why = None, str(error)
        if there is None and here and self._plan.system != "gitlab":
            self.skipped.append(Skip("tag", f"whether {ref[:200]} has a message is not known: {why}"))
        return there or here

    def _deepened(self, tip: bytes, before: Sequence[bytes], also: Sequence[bytes]) -> Range:
        """The range, after as much was fetched as makes it whole."""
        wants = [oid.decode() for oid in (tip, *before)]
        span = self._span(tip, before, also)
        for commits in (*DEEPENINGS, None):
            if self._fetcher is None or whole(self._repository, span, before):
                break
            self._helped(self._fetcher.deepen, commits, wants)
            span = self._span(tip, before, also)
        if not (span.cut or whole(self._repository, span, before)):
            self.notes.append(
                f"the checkout is shallow: some of these commits may be known already; {self._plan.remedy}"
            )
        return span

    def _span(self, tip: bytes, before: Sequence[bytes], also: Sequence[bytes]) -> Range:
        first, *others = before or (None,)
        known = (oid.decode() for oid in (*others, *also) if oid)
        return ranges.since(self._now(), tip, first, *known)

    def _here(self, name: str) -> bytes | None:
        return names.commit(self._repository.git, name, self._remote)

    def _shallow(self) -> bool:
        return bool(shallow_commits(self._repository))

    def _now(self) -> Repository:
        return self._repository._replace(shallow=self._shallow())

    def _helped(self, act: Callable[..., T], *words: object) -> T:
        """What `act` gives for `words`; where the forge does not, the error says what else would help."""
        try:
            return act(*words)
        except GitError as error:
            hint = self._plan.unfiltered if isinstance(error, Filtered) else self._plan.remedy
            raise GitError(f"commits are missing here, and {error}", hint) from None

    def _missing(self, what: str) -> Incomplete:
        why = "the forge does not have it" if self._fetcher else "nothing was fetched"
        return Incomplete(f"{what[:80]} is not a commit here, and {why}: the range is incomplete", self._plan.remedy)
