"""Which texts can hold anything at all, by literals: the anchors of all rules and of all views, looked for at once.

With `hyperscan`, if that is installed and wanted, thousands of them in one pass; else the few that are usual, one after
the other. `hyperscan` and what is known of views are loaded only when they are needed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from scanner.literals import Betrayed, by_name, minimal_cover, reach_of, shared_beginnings
from scanner.model import Keep, Rule

if TYPE_CHECKING:
    from scanner.decode.gates import Gate
    from scanner.decode.views import Betraying

_PLACES = 256  # around which literals are looked for; where there are more, everywhere
_PATIENCE = 1 << 18  # bytes of texts, after which it is worth to make patterns


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

    def which(self, data: bytes) -> Set[bytes]:
        """The literals of the rules, of either sort, that do."""
        ...

    def views(self, data: bytes) -> Betrayed:
        """The views that are betrayed."""
        ...


class _Plain:
    """Looks for the fewest literals that all anchors have in common, one by one; for those of views by gates."""

    def __init__(self, anchors: Collection[bytes], also: Collection[bytes], names: Sequence[str]) -> None:
        self._beginnings = shared_beginnings(minimal_cover(anchors))
        self._literals = {*anchors, *also}
        self._gates = _Gates(names) if names else None
        self._looked = 0  # bytes

    @cached_property
    def reach(self) -> int:
        return reach_of((*self._beginnings, *(self._gates.betraying if self._gates else ())))

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

    def which(self, data: bytes) -> Set[bytes]:
        return {literal for literal in self._literals if literal in data} if self._begun(data) else frozenset()

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
            beside = self.compiled(gate.beside).search(data, first) if first >= 0 else None
            if beside and self.compiled(gate.pattern).search(data, beside.start()):
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
        from scanner.decode import views

        return views.betraying(self._names, many=False)

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
        return by_name(sorted(here), self.betraying, self._names)

    def _around(self, gate: Gate, data: bytes) -> Iterator[bytes]:
        """The literals behind a gate that stand in `data`: there are few places, as a rule, and many literals."""
        literals = self._behind.get(gate.rare, ())
        places = [found.start() for found in islice(self._patterns.compiled(gate.pattern).finditer(data), _PLACES)]
        if len(places) == _PLACES:
            return (one for one in literals if one in data)
        reach = reach_of(literals) + 1
        around = b"\0".join([data[max(at - reach, 0) : at + 2 * reach] for at in places])
        return (one for one in literals if one in around and one in data)


def prefilter(
    rules: Sequence[Rule], fast: bool, names: Sequence[str], beside: bool, keep: Keep | None = None
) -> Prefilter:
    """What looks for the anchors of `rules` and of the views `names`. The rest as in scanner.detect."""
    anchors = {anchor for rule in rules for anchor in rule.anchors}
    also = {literal for rule in rules for literal in rule.also}
    if fast and anchors:
        try:
            from scanner.onepass import OnePass

            return OnePass(anchors, also, names, beside, keep)
        except ImportError:  # not installed
            pass
    return _Plain(anchors, also, names if anchors else ())
