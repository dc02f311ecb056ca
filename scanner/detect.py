"""scan(bytes, rules) -> matches. Pure: it knows neither files nor git nor Slack.

Three steps, the cheap ones first. Literals tell which texts can hold anything at all (scanner.prefilter); of the rules
whose anchors stand in a text the pattern is run, by `regex`, with a time limit; what matched goes through the rule's
checks. `regex` is loaded only when it is needed: most texts never come that far.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence, Set
from functools import cache
from time import process_time
from typing import TYPE_CHECKING, NamedTuple

from scanner.allowance import RETRY, Allowance
from scanner.errors import RuleError
from scanner.literals import Betrayed
from scanner.model import Dropped, Keep, Match, Rule, Secret
from scanner.prefilter import prefilter
from scanner.spelling import expand, issued

if TYPE_CHECKING:
    import regex

    from scanner.checks import Candidate

PATIENCE = 3  # a rule that ran out of time on so many texts is given up: each costs all of that time again
# After so many places at which a match may begin it is asked whether they are further apart than this, in bytes; else
# it is as quick to try everywhere.
_PLACES, _SPARSE = 64, 64
_BEFORE, _BEHIND = 4 * 1024, 64 * 1024  # bytes: how far a match may reach on either side of its anchor


def literals(rules: Iterable[Rule]) -> tuple[tuple[tuple[bytes, ...], tuple[bytes, ...]], ...]:
    """All that decides whether any of `rules` is tried on a text (Scan.tried): for each its anchors, and what else its
    matches contain; sorted."""
    return tuple(sorted({(tuple(sorted(rule.anchors)), tuple(sorted(rule.also))) for rule in rules}))


Regions = Sequence[tuple[int, int]]  # start and end, in bytes


class Scan(NamedTuple):
    """What one text holds. `overrun` names the rules that ran out of time on it, even on the retry, and those that did
    so on enough texts before: these are not tried any more. `tried`: whether it holds all the literals that any rule
    asks for; nothing else in the rules decides that (see `literals`)."""

    matches: tuple[Match, ...]
    dropped: tuple[Dropped, ...]
    overrun: tuple[str, ...]
    tried: bool = False


class Detector:
    """Rules made ready to scan with. Not for pickling: a worker builds its own from the rules. `names` are the views
    that count (scanner.decode.views).

    `timeout` is in seconds of processor time, for one rule on one text. `fast` takes hyperscan for the prefilter where
    it is installed; `beside`, that it is made ready in a thread: until it was used, nothing may be forked; what is made
    ready goes into `keep` for the next run.
    """

    def __init__(
        self,
        rules: Sequence[Rule],
        timeout: float,
        fast: bool = False,
        names: Sequence[str] = (),
        beside: bool = False,
        keep: Keep | None = None,
    ) -> None:
        self._rules = tuple(rules)
        self._timeout = timeout
        self._prefilter = prefilter(self._rules, fast, names, beside, keep)
        self.may_hold = self._prefilter.any  # False means that no rule can match in a text; True means nothing
        self.decodes = bool(names)  # whether views count, and what is packed in archives
        self.expanded = 0 if names else None  # bytes of what was packed, or is kept by Git LFS, and was looked at
        self._compiled: dict[str, regex.Pattern[bytes]] = {}
        self._overran = dict.fromkeys((rule.id for rule in self._rules), 0)  # on how many texts

    @property
    def reach(self) -> int:
        """A text may hold no more than its parts do that overlap by so many bytes."""
        return self._prefilter.reach

    def views(self, data: bytes) -> Betrayed:
        """The views that may show more of `data` than it shows itself."""
        return self._prefilter.views(data)

    def unpacked(self, size: int) -> None:
        """So many bytes more are looked at that stand in no file as they are."""
        self.expanded = (self.expanded or 0) + size

    def scan(self, data: bytes, shared: Allowance | None = None) -> Scan:
        """All that the rules find in `data`: sorted by place, never two matches for the same bytes. What it takes
        counts as `shared`."""
        shared = shared or Allowance()
        present = self._prefilter.which(data)
        places = _Places(data, present)
        matches: list[Match] = []
        dropped: list[Dropped] = []
        overrun: list[str] = []
        tried = False
        for rule in self._rules if present else ():  # few texts that a view looks at hold any
            if present.isdisjoint(rule.anchors) or (rule.also and present.isdisjoint(rule.also)):
                continue
            tried = True
            regions = places.regions(rule)
            if not regions:
                continue
            outcomes, in_time = self._run(rule, data, regions, shared)
            matches += (outcome for outcome in outcomes if isinstance(outcome, Match))
            dropped += (outcome for outcome in outcomes if isinstance(outcome, Dropped))
            if not in_time:
                overrun.append(rule.id)
        kept = _without_overlaps(matches)
        return Scan(kept, _not_within(dropped, kept), tuple(overrun), tried)

    def _run(self, rule: Rule, data: bytes, regions: Regions, shared: Allowance) -> tuple[list[Match | Dropped], bool]:
        """What one rule makes of one text, and whether it came to its end in time, on the retry if need be."""
        outcomes: list[Match | Dropped] = []
        left = shared.left(rule.id, self._timeout)
        if self._overran[rule.id] == PATIENCE or left <= 0:
            return outcomes, False
        begun = process_time()
        for limit in (self._timeout, self._timeout * RETRY):
            outcomes.clear()
            try:
                outcomes.extend(_outcomes(rule, self._pattern(rule), data, regions, min(limit, left), shared))
            except TimeoutError:
                continue
            shared.spend(rule.id, process_time() - begun)
            return outcomes, True
        shared.spend(rule.id, process_time() - begun)
        self._overran[rule.id] += 1
        return outcomes, False

    def _pattern(self, rule: Rule) -> regex.Pattern[bytes]:
        if rule.id not in self._compiled:
            self._compiled[rule.id] = compiled(rule)
        return self._compiled[rule.id]


def compiled(rule: Rule) -> regex.Pattern[bytes]:
    """The pattern of `rule`, ready to run. RuleError if it does not compile."""
    import regex

    try:
        return regex.compile(expand(rule.pattern).encode(), regex.V0)
    except regex.error as error:
        raise RuleError(f"{rule.origin or rule.id}: field pattern: does not compile: {error}") from None


def _outcomes(
    rule: Rule, pattern: regex.Pattern[bytes], data: bytes, regions: Regions, limit: float, shared: Allowance
) -> Iterator[Match | Dropped]:
    """Every place where the pattern matches, as judged, as far as `shared` goes. TimeoutError once all that together
    took `limit`."""
    begins = _any_of(rule.begins)
    for start, end in regions:
        while start < end:
            begun = process_time()
            found = _first(pattern, begins, data, start, end, limit)
            outcome = _judge(rule, _candidate(pattern, found, data)) if found else None
            limit -= process_time() - begun
            if limit <= 0:
                raise TimeoutError
            if not (found and outcome):
                break
            start = found.start() + 1 if isinstance(outcome, Dropped) else max(outcome.end, found.start() + 1)
            yield outcome
            if isinstance(outcome, Match) and not shared.bears():
                return


@cache
def _any_of(literals: tuple[bytes, ...]) -> re.Pattern[bytes] | None:
    return re.compile(b"|".join(map(re.escape, literals))) if literals else None


def _first(
    pattern: regex.Pattern[bytes], begins: re.Pattern[bytes] | None, data: bytes, start: int, end: int, limit: float
) -> regex.Match[bytes] | None:
    """The first match in so much of `data`. To look for what it begins with takes a tenth of the time that it takes to
    try an alternation at each place, unless that stands everywhere. TimeoutError after `limit`."""
    until, dense = process_time() + limit if begins else 0.0, False
    while begins and not dense:
        first = start
        for _ in range(_PLACES):
            at = begins.search(data, start, end)
            if not at:
                return None
            limit = until - process_time()
            if limit <= 0:
                raise TimeoutError
            if found := pattern.match(data, at.start(), end, timeout=limit):
                return found
            start = at.start() + 1
        dense = start - first < _PLACES * _SPARSE
    return pattern.search(data, start, end, timeout=limit)


class _Places:
    """Where in a text the matches of a rule can lie, if these literals stand in it."""

    def __init__(self, data: bytes, present: Set[bytes]) -> None:
        self._data = data
        self._present = present
        self._known: dict[object, Regions] = {}  # many rules look for the same

    def regions(self, rule: Rule) -> Regions:
        """In order, and none overlaps another. What is quickest to find out comes first."""
        near = self._around(rule.anchors, _BEHIND)
        if rule.holds:
            near = _common(near, self._runs(rule.holds, near[0][0], near[-1][1]))
        return _common(near, self._around(rule.also, _BEFORE)) if near and rule.also else near

    def _runs(self, what: str, start: int, end: int) -> Regions:
        """What a match around such a run in a part of the text can reach."""
        from scanner.runs import run  # here: few texts come so far

        if (what, start, end) not in self._known:
            spans = ((start + at, start + to) for at, to in run(what).spans(self._data[start:end]))
            self._known[what, start, end] = _merged((max(0, at - _BEFORE), to + _BEFORE) for at, to in spans)
        return self._known[what, start, end]

    def _around(self, literals: tuple[bytes, ...], behind: int) -> Regions:
        """What a match around any of these can reach."""
        if (literals, behind) not in self._known:
            here = (literal for literal in literals if literal in self._present)
            self._known[literals, behind] = _merged(
                region for literal in here for region in _near(self._data, literal, behind)
            )
        return self._known[literals, behind]


def _near(data: bytes, literal: bytes, behind: int) -> Iterator[tuple[int, int]]:
    hit = data.find(literal)
    while hit >= 0:
        last = data.rfind(literal, hit, hit + behind)
        yield max(0, hit - _BEFORE), last + behind
        hit = data.find(literal, last + 1)


def _merged(regions: Iterable[tuple[int, int]]) -> Regions:
    """In order, and none overlaps another."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(regions):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _common(some: Regions, others: Regions) -> Regions:
    """What lies in both, in order."""
    common: list[tuple[int, int]] = []
    rest = iter(others)
    other = next(rest, None)
    for start, end in some:
        while other and other[1] <= start:
            other = next(rest, None)
        while other and other[0] < end:
            common.append((max(start, other[0]), min(end, other[1])))
            if other[1] > end:
                break
            other = next(rest, None)
    return common


def _candidate(pattern: regex.Pattern[bytes], found: regex.Match[bytes], data: bytes) -> Candidate:
    """The group `token` is the credential (else all that matched), `secret` its secret part, other names are ids."""
    from scanner.checks import Candidate  # here: few texts hold one

    names = pattern.groupindex
    start, end = found.span("token") if "token" in names and found["token"] is not None else found.span()
    inner, outer = found.span("secret") if "secret" in names and found["secret"] is not None else (start, end)
    ids = ((name, found[name]) for name in names if name not in ("token", "secret"))
    return Candidate(
        data,
        start,
        end,
        before=issued(data[start:inner]),
        secret=issued(data[inner:outer]),
        after=issued(data[outer:end]),
        ids=tuple((name, value.decode("latin-1")) for name, value in ids if value),
    )


def _judge(rule: Rule, candidate: Candidate) -> Match | Dropped:
    from scanner.checks import CHECKS

    for check in rule.checks:
        verdict = CHECKS[check.name](candidate, **check.arguments)
        if isinstance(verdict, str):
            return Dropped(rule.id, _redacted(candidate), candidate.start, candidate.end, check.name, verdict)
        candidate = verdict
    token = candidate.before + candidate.secret + candidate.after
    shown = _redacted(candidate)
    return Match(rule.id, rule.kind, Secret(token), shown, candidate.ids, candidate.start, candidate.end)


def _redacted(candidate: Candidate) -> str:
    return (candidate.before + b"****" + candidate.after).decode("utf-8", "replace")


def _without_overlaps(matches: list[Match]) -> tuple[Match, ...]:
    """Of matches that share bytes the longest stays, and of equally long ones that of the earlier rule."""
    kept: list[Match] = []
    for match in sorted(matches, key=lambda match: match.start):
        if not kept or match.start >= kept[-1].end:
            kept.append(match)
        elif match.end - match.start > kept[-1].end - kept[-1].start:
            kept[-1] = match
    return tuple(kept)


def _not_within(dropped: list[Dropped], matches: Sequence[Match]) -> tuple[Dropped, ...]:
    """The dropped candidates that lie in no match and in no other dropped one, by place."""
    kept: list[Dropped] = []
    reach = -1
    taken = iter([*matches, None])
    match = next(taken)
    for one in sorted(dropped, key=lambda one: (one.start, -one.end)):
        while match and match.end <= one.start:
            match = next(taken)
        covered = match is not None and match.start < one.end
        if not covered and one.end > reach:
            kept.append(one)
            reach = one.end
    return tuple(kept)
