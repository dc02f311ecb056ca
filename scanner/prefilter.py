"""Which texts can hold anything at all, by literals: the anchors of all rules and of all views, looked for at once.

With `hyperscan`, if that is installed and wanted, thousands of them in one pass; else the few that are usual, one after
the other. `hyperscan` and what is known of views are loaded only when they are needed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from itertools import islice
from threading import Thread
from typing import TYPE_CHECKING, Protocol

from scanner.model import Rule

if TYPE_CHECKING:
    import hyperscan

    from scanner.decode.gates import Gate
    from scanner.decode.views import Betraying

_SHARED = 3  # bytes that anchors must share at their beginning to be looked for as one
_PLACES = 256  # near which literals are looked for one by one
_PATIENCE = 1 << 18  # bytes of texts, after which it is worth to make patterns


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
    """Looks for the fewest literals that all anchors have in common, one by one; for those of views by gates."""

    def __init__(self, anchors: Collection[bytes], also: Collection[bytes], names: Sequence[str]) -> None:
        self._beginnings = _shared_beginnings(minimal_cover(anchors))
        self._literals = {*anchors, *also}
        self._gates = _Gates(names) if names else None
        self._looked = 0  # bytes

    @cached_property
    def reach(self) -> int:
        return _reach((*self._beginnings, *(self._gates.betraying if self._gates else ())))

    def any(self, data: bytes) -> bool:
        return self._begun(data) or (self._gates is not None and self._gates.any(data))

    def _begun(self, data: bytes) -> bool:
        self._looked += len(data)
        if self._looked < _PATIENCE:
            return any(literal in data for literal in self._beginnings)
        usual, gates = self._by_gates
        return any(literal in data for literal in usual) or next(gates.open(data), None) is not None

    @cached_property
    def _by_gates(self) -> tuple[Sequence[bytes], _Patterns]:
        """Those that have no rare byte, and the gates of the rest: it is quicker to look for these."""
        from scanner.decode.gates import gates_for, rare

        usual = [literal for literal in self._beginnings if not rare(literal)]
        return usual, _Patterns(tuple(gates_for(literal for literal in self._beginnings if rare(literal))))

    def which(self, data: bytes) -> Collection[bytes]:
        return {literal for literal in self._literals if literal in data} if self._begun(data) else ()

    def views(self, data: bytes) -> Betrayed:
        return self._gates.views(data) if self._gates else {}


class _Patterns:
    """Looks for what stands behind gates (scanner.decode.gates), each of which is made when it is first needed."""

    def __init__(self, gates: Sequence[Gate]) -> None:
        self._gates = gates
        self._made: dict[bytes, re.Pattern[bytes]] = {}

    def open(self, data: bytes) -> Iterator[Gate]:
        """The gates behind which something stands."""
        for gate in self._gates:
            first = data.find(gate.rare)
            near = self.compiled(gate.beside).search(data, first) if first >= 0 else None
            if near and self.compiled(gate.pattern).search(data, near.start()):
                yield gate

    def compiled(self, pattern: bytes) -> re.Pattern[bytes]:
        """One of a gate's."""
        if pattern not in self._made:
            self._made[pattern] = re.compile(pattern)
        return self._made[pattern]


class _Gates:
    """Looks for the few literals of views, which are many for one after the other."""

    def __init__(self, names: Sequence[str]) -> None:
        from scanner.decode import gates, views

        self._names = names
        self._patterns = _Patterns(views.gates())
        self._plain, self._rare = views.PLAIN, gates.rare

    @cached_property
    def betraying(self) -> Betraying:
        """All of these literals."""
        return _literals(self._names, many=False)

    @cached_property
    def _behind(self) -> Mapping[bytes, Sequence[bytes]]:
        """The literals by gate; those that contain something plain, by that."""
        behind: dict[bytes, list[bytes]] = {}
        for literal in self.betraying:
            plain = next((plain for plain in self._plain if plain in literal), self._rare(literal))
            behind.setdefault(plain, []).append(literal)
        return behind

    def any(self, data: bytes) -> bool:
        """Whether one stands in `data` that contains nothing plain."""
        return next(self._patterns.open(data), None) is not None

    def views(self, data: bytes) -> Betrayed:
        """The views that those betray which stand in `data`."""
        here = {one for plain in self._plain if plain in data for one in self._behind.get(plain, ()) if one in data}
        for gate in self._patterns.open(data):
            here.update(self._around(gate, data))
        return _by_name(sorted(here), self.betraying, self._names)

    def _around(self, gate: Gate, data: bytes) -> Iterator[bytes]:
        """The literals behind a gate that stand in `data`: there are few places, as a rule, and many literals."""
        literals = self._behind.get(gate.rare, ())
        places = [found.start() for found in islice(self._patterns.compiled(gate.pattern).finditer(data), _PLACES)]
        return _near(literals, data, places)


def _near(literals: Sequence[bytes], data: bytes, places: Sequence[int]) -> Iterator[bytes]:
    """Those of many `literals` that stand in `data`, where each holds one of `places`, of which the first _PLACES are
    given."""
    if len(places) == _PLACES:
        return (one for one in literals if one in data)
    reach = _reach(literals) + 1
    near = b"\0".join([data[max(at - reach, 0) : at + 2 * reach] for at in places])
    return (one for one in literals if one in near and one in data)


def _by_name(here: Iterable[bytes], betraying: Betraying, names: Sequence[str]) -> Betrayed:
    """The views that the literals which are `here` betray."""
    found: dict[str, list[bytes]] = {}
    for literal in here:
        for name in betraying[literal]:
            found.setdefault(name, []).append(literal)
    return {name: found[name] for name in names if name in found}


def _literals(names: Collection[str], *, many: bool) -> Betraying:
    """What betrays these views, and which of them."""
    if not names:
        return {}
    from scanner.decode import views

    every = views.literals(many=many)
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
        self._making = _begun(self._make) if beside else None

    def _make(self) -> hyperscan.Database:
        self._ready = made = _database(self._every)
        return made

    def _made(self) -> hyperscan.Database:
        """The database, once it is ready."""
        if self._making:
            self._making.join()
        return self._ready or self._make()

    def any(self, data: bytes) -> bool:
        database = self._made() if self._ready is None else self._ready
        try:
            database.scan(data, _stop)
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
        if within is None:
            return iter((literal,))
        places = [found.start() for found in islice(re.finditer(re.escape(literal), data), _PLACES)]
        return _near(within, data, places)


def _begun(work: Callable[[], object]) -> Thread | None:
    """The thread that tries to do it; none where there is no memory for one."""

    def tried() -> None:
        with suppress(Exception):  # it comes again where the result is needed
            work()

    thread = Thread(target=tried, daemon=True)
    try:
        thread.start()
    except RuntimeError:
        return None
    return thread


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


def prefilter(rules: Sequence[Rule], fast: bool, names: Sequence[str], beside: bool) -> Prefilter:
    """What looks for the anchors of `rules` and of the views `names`. `fast` and `beside` as in scanner.detect."""
    anchors = {anchor for rule in rules for anchor in rule.anchors}
    also = {literal for rule in rules for literal in rule.also}
    if fast and anchors:
        try:
            return _Hyperscan(anchors, also, names, beside)
        except ImportError:  # not installed
            pass
    return _Plain(anchors, also, names if anchors else ())
