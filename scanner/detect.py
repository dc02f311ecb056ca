"""scan(bytes, rules) -> matches. Pure: it knows neither files nor git nor Slack.

Three steps, the cheap ones first. A literal prefilter (`may_hold`) tells which texts can hold anything at all; of the
rules whose anchors stand in a text the pattern is run, by `regex`, with a time limit; what matched goes through the
rule's checks. `regex` and `hyperscan` are loaded only when they are needed: most texts never come that far.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from threading import Thread
from time import process_time
from typing import TYPE_CHECKING, NamedTuple, Protocol

from scanner.checks import CHECKS, Candidate
from scanner.decode import views
from scanner.decode.views import Gate
from scanner.errors import RuleError
from scanner.model import Dropped, Match, Rule, Secret
from scanner.spelling import expand, issued

if TYPE_CHECKING:
    import hyperscan
    import regex

_RETRY = 4  # the second attempt of a rule that ran out of time gets so many times as long
PATIENCE = 3  # a rule that ran out of time on so many texts is given up: each costs all of that time again
_SHARED = 3  # bytes that anchors must share at their beginning to be looked for as one
_PLACES = 256  # near which literals are looked for one by one
_BEFORE, _BEHIND = 4 * 1024, 64 * 1024  # bytes: how far a match may reach on either side of its anchor


def literals(rules: Iterable[Rule]) -> tuple[tuple[tuple[bytes, ...], tuple[bytes, ...]], ...]:
    """All that decides whether any of `rules` is tried on a text (Scan.tried): for each its anchors, and what else its
    matches contain; sorted."""
    return tuple(sorted({(tuple(sorted(rule.anchors)), tuple(sorted(rule.also))) for rule in rules}))


Regions = Sequence[tuple[int, int]]  # start and end, in bytes


class Scan(NamedTuple):
    """What one text holds. `overrun` names the rules that ran out of time on it, even on the retry, and those that did
    so on enough texts before: these are not tried any more. `tried`: whether there was a place at which any rule could
    match; the literals of the rules alone decide that, whatever else changes in them (see `literals`)."""

    matches: tuple[Match, ...]
    dropped: tuple[Dropped, ...]
    overrun: tuple[str, ...]
    tried: bool = False


def minimal_cover(anchors: Iterable[bytes]) -> tuple[bytes, ...]:
    """The fewest literals of which one stands in every text that holds an anchor: none contains another."""
    literals = sorted(set(anchors), key=lambda literal: (len(literal), literal))
    kept: list[bytes] = []
    for literal in literals:
        if not any(shorter in literal for shorter in kept):
            kept.append(literal)
    return tuple(kept)


def _shared_beginnings(literals: Iterable[bytes]) -> tuple[bytes, ...]:
    """`literals`, with three or more that begin alike replaced by that beginning: each literal costs a pass."""
    groups: dict[bytes, list[bytes]] = {}
    for literal in literals:
        groups.setdefault(literal[:_SHARED], []).append(literal)
    return minimal_cover(one for start, group in groups.items() for one in ([start] if len(group) > 2 else group))


# Views by name, in the order in which they are tried, each with the literals that betray it; none where that is not
# known.
Betrayed = Mapping[str, Sequence[bytes]]


class Prefilter(Protocol):
    """Looks for the anchors of all rules and of all views at once, and for what else every match contains
    (Rule.also)."""

    @property
    def reach(self) -> int:
        """How many bytes the longest of what `any` looks for has behind its first one."""
        ...

    def any(self, data: bytes) -> bool:
        """Whether an anchor may stand in `data`; False is sure."""
        ...

    def which(self, data: bytes) -> Collection[bytes]:
        """The literals of the rules, of either sort, that do."""
        ...

    def views(self, data: bytes) -> Betrayed:
        """The views that are betrayed."""
        ...


class _Plain:
    """Looks for the fewest literals that all anchors have in common, one after the other; for those of views, which are
    many, by gates (scanner.decode.views), made when they are first needed."""

    def __init__(self, anchors: Collection[bytes], also: Collection[bytes], names: Sequence[str]) -> None:
        self._beginnings = _shared_beginnings(minimal_cover(anchors))
        self._literals = {*anchors, *also}
        self._names = names
        self._patterns: dict[bytes, re.Pattern[bytes]] = {}

    @cached_property
    def reach(self) -> int:
        return _reach((*self._beginnings, *_literals(self._names, many=False)))

    @cached_property
    def _gates(self) -> Sequence[Gate]:
        return views.gates() if self._names else ()

    @cached_property
    def _behind(self) -> Mapping[bytes, Sequence[bytes]]:
        """The literals of views by gate; those that contain something plain, by that."""
        behind: dict[bytes, list[bytes]] = {}
        for literal in _literals(self._names, many=False):
            plain = next((plain for plain in views.PLAIN if plain in literal), views.rare(literal))
            behind.setdefault(plain, []).append(literal)
        return behind

    def any(self, data: bytes) -> bool:
        return any(literal in data for literal in self._beginnings) or any(True for _ in self._open(data))

    def _open(self, data: bytes) -> Iterator[Gate]:
        """The gates behind which something stands."""
        for gate in self._gates:
            first = data.find(gate.rare)
            if first >= 0 and self._pattern(gate).search(data, first):
                yield gate

    def _pattern(self, gate: Gate) -> re.Pattern[bytes]:
        if gate.rare not in self._patterns:
            self._patterns[gate.rare] = re.compile(gate.pattern)
        return self._patterns[gate.rare]

    def which(self, data: bytes) -> Collection[bytes]:
        begun = any(literal in data for literal in self._beginnings)
        return {literal for literal in self._literals if literal in data} if begun else ()

    def views(self, data: bytes) -> Betrayed:
        if not self._names:
            return {}
        here = {one for plain in views.PLAIN if plain in data for one in self._behind.get(plain, ()) if one in data}
        for gate in self._open(data):
            here.update(self._around(gate, data))
        return _by_name(sorted(here), _literals(self._names, many=False), self._names)

    def _around(self, gate: Gate, data: bytes) -> Iterator[bytes]:
        """The literals behind a gate that stand in `data`: there are few places, as a rule, and many literals."""
        literals = self._behind.get(gate.rare, ())
        places = [found.start() for found in islice(self._pattern(gate).finditer(data), _PLACES)]
        if len(places) == _PLACES:
            return (one for one in literals if one in data)
        near = b"\0".join([data[max(at - self.reach, 0) : at + 2 * self.reach] for at in places])
        return (one for one in literals if one in near and one in data)


def _by_name(here: Iterable[bytes], betraying: views.Betraying, names: Sequence[str]) -> Betrayed:
    """The views that the literals which are `here` betray."""
    found: dict[str, list[bytes]] = {}
    for literal in here:
        for name in betraying[literal]:
            found.setdefault(name, []).append(literal)
    return {name: found[name] for name in names if name in found}


def _literals(names: Collection[str], *, many: bool) -> dict[bytes, list[str]]:
    """What betrays these views, and which of them."""
    every = views.literals(many=many) if names else {}
    kept = {literal: [name for name in betrayed if name in names] for literal, betrayed in every.items()}
    return {literal: betrayed for literal, betrayed in kept.items() if betrayed}


class _Hyperscan:
    """Looks for all literals in one pass; fewer of them make it quicker. To make ready for thousands takes a twentieth
    of a second: `beside` is for whoever has something else to do meanwhile, and starts no process then."""

    def __init__(self, anchors: Collection[bytes], also: Collection[bytes], names: Sequence[str], beside: bool) -> None:
        from hyperscan import ScanTerminated

        self._ended = ScanTerminated
        self._names = names
        self._literals = sorted({*anchors, *also})
        self._which = _database(self._literals)
        self._betraying = _literals(names, many=True)
        beginnings = _shared_beginnings(minimal_cover(anchors))
        # Where one of a view contains one of a rule, only the rule's is looked for; the other is, when that is found.
        known = self._betraying
        self._within = {one: [more for more in known if one in more] for one in beginnings if one not in known}
        inner = {one for within in self._within.values() for one in within}
        self._every = sorted({*beginnings, *self._betraying} - inner)
        self._ready: hyperscan.Database | None = None
        self._making = Thread(target=self._make, daemon=True)
        if beside:
            self._making.start()

    def _make(self) -> hyperscan.Database:
        self._ready = made = _database(self._every)
        return made

    def _made(self) -> hyperscan.Database:
        """The database, once it is ready."""
        if self._making.ident:
            self._making.join()
        return self._ready or self._make()

    def any(self, data: bytes) -> bool:
        database = self._made() if self._ready is None else self._ready
        try:
            database.scan(data, match_event_handler=_stop)
        except self._ended:
            return True
        return False

    @cached_property
    def reach(self) -> int:
        return _reach(self._every)

    def which(self, data: bytes) -> Collection[bytes]:
        found: set[bytes] = set()
        self._which.scan(data, match_event_handler=lambda number, *_: found.add(self._literals[number]))
        return found

    def views(self, data: bytes) -> Betrayed:
        if not self._names:
            return {}
        found: set[int] = set()
        self._made().scan(data, match_event_handler=lambda number, *_: found.add(number))
        literals = (self._every[number] for number in sorted(found))
        here = (one for literal in literals for one in self._standing(literal, data))
        return _by_name((one for one in here if one in self._betraying), self._betraying, self._names)

    def _standing(self, literal: bytes, data: bytes) -> Iterator[bytes]:
        """What stands in `data` for one that was found there: itself, or those of views that contain it."""
        within = self._within.get(literal)
        return iter((literal,)) if within is None else (one for one in within if one in data)


def _reach(literals: Iterable[bytes]) -> int:
    return max(map(len, literals), default=1) - 1


def _stop(*_: object) -> bool:
    """One is enough."""
    return True


def _database(literals: Sequence[bytes]) -> hyperscan.Database:
    """What looks for `literals`, and tells the number of each that stands in a text."""
    import hyperscan

    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(
        expressions=[b"".join(b"\\x%02x" % byte for byte in literal) for literal in literals],
        ids=list(range(len(literals))),
        elements=len(literals),
        flags=[hyperscan.HS_FLAG_SINGLEMATCH] * len(literals),
    )
    return database


def _prefilter(rules: Sequence[Rule], fast: bool, names: Sequence[str], beside: bool) -> Prefilter:
    anchors = {anchor for rule in rules for anchor in rule.anchors}
    also = {literal for rule in rules for literal in rule.also}
    if fast and anchors:
        try:
            return _Hyperscan(anchors, also, names, beside)
        except ImportError:  # not installed
            pass
    return _Plain(anchors, also, names if anchors else ())


class Detector:
    """Rules made ready to scan with. Not for pickling: a worker builds its own from the rules. `names` are the views
    that count (scanner.decode.views).

    `timeout` is in seconds of processor time, for one rule on one text. `fast` takes hyperscan for the prefilter where
    it is installed; `beside`, that it is made ready in a thread: until it was used, nothing may be forked.
    """

    def __init__(
        self,
        rules: Sequence[Rule],
        timeout: float,
        fast: bool = False,
        names: Sequence[str] = (),
        beside: bool = False,
    ) -> None:
        self._rules = tuple(rules)
        self._timeout = timeout
        self._prefilter = _prefilter(self._rules, fast, names, beside)
        self.may_hold = self._prefilter.any  # False means that no rule can match in a text; True means nothing
        self.decodes = bool(names)  # whether views count, and what is packed in archives
        self._compiled: dict[str, regex.Pattern[bytes]] = {}
        self._overran = dict.fromkeys((rule.id for rule in self._rules), 0)  # on how many texts

    @property
    def reach(self) -> int:
        """A text may hold no more than its parts do that overlap by so many bytes."""
        return self._prefilter.reach

    def views(self, data: bytes) -> Betrayed:
        """The views that may show more of `data` than it shows itself."""
        return self._prefilter.views(data)

    def scan(self, data: bytes) -> Scan:
        """All that the rules find in `data`: sorted by place, never two matches for the same bytes."""
        places = _Places(data, self._prefilter.which(data))
        matches: list[Match] = []
        dropped: list[Dropped] = []
        overrun: list[str] = []
        tried = False
        for rule in self._rules:
            regions = places.regions(rule)
            if not regions:
                continue
            tried = True
            outcomes, in_time = self._run(rule, data, regions)
            matches += (outcome for outcome in outcomes if isinstance(outcome, Match))
            dropped += (outcome for outcome in outcomes if isinstance(outcome, Dropped))
            if not in_time:
                overrun.append(rule.id)
        kept = _without_overlaps(matches)
        return Scan(kept, _not_within(dropped, kept), tuple(overrun), tried)

    def _run(self, rule: Rule, data: bytes, regions: Regions) -> tuple[list[Match | Dropped], bool]:
        """What one rule makes of one text, and whether it came to its end in time, on the retry if need be."""
        outcomes: list[Match | Dropped] = []
        if self._overran[rule.id] == PATIENCE:
            return outcomes, False
        for limit in (self._timeout, self._timeout * _RETRY):
            outcomes.clear()
            try:
                outcomes.extend(_outcomes(rule, self._pattern(rule), data, regions, limit))
            except TimeoutError:
                continue
            return outcomes, True
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
    rule: Rule, pattern: regex.Pattern[bytes], data: bytes, regions: Regions, limit: float
) -> Iterator[Match | Dropped]:
    """Every place where the pattern matches, as judged. TimeoutError once all that together took `limit`."""
    for start, end in regions:
        while start < end:
            begun = process_time()
            found = pattern.search(data, start, end, timeout=limit)
            outcome = _judge(rule, _candidate(pattern, found, data)) if found else None
            limit -= process_time() - begun
            if limit <= 0:
                raise TimeoutError
            if not (found and outcome):
                break
            start = found.start() + 1 if isinstance(outcome, Dropped) else max(outcome.end, found.start() + 1)
            yield outcome


class _Places:
    """Where in a text the matches of a rule can lie, if these literals stand in it."""

    def __init__(self, data: bytes, present: Collection[bytes]) -> None:
        self._data = data
        self._present = present
        self._known: dict[tuple[bytes, int], Regions] = {}

    def regions(self, rule: Rule) -> Regions:
        """In order, and none overlaps another."""
        near = self._around(rule.anchors, _BEHIND)
        return self._around(rule.also, _BEFORE) if near and rule.also else near

    def _around(self, literals: Iterable[bytes], behind: int) -> Regions:
        here = [literal for literal in literals if literal in self._present]
        return _merged(region for literal in here for region in self._near(literal, behind))

    def _near(self, literal: bytes, behind: int) -> Regions:
        """What a match around a literal can reach; parts may overlap. Many rules share a literal."""
        if (literal, behind) not in self._known:
            self._known[literal, behind] = list(_near(self._data, literal, behind))
        return self._known[literal, behind]


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


def _candidate(pattern: regex.Pattern[bytes], found: regex.Match[bytes], data: bytes) -> Candidate:
    """The group `token` is the credential (else all that matched), `secret` its secret part, other names are ids."""
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
