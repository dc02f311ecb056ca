"""All literals in one pass: thousands of them, by `hyperscan`, which is loaded when this is first made."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence, Set
from contextlib import suppress
from functools import cached_property
from threading import Thread

import hyperscan

from scanner.decode import views
from scanner.literals import Betrayed, by_name, minimal_cover, reach_of, shared_beginnings
from scanner.model import Keep

_LAYOUT = 2  # of what is kept: it goes up whenever literals are numbered in another way


class OnePass:
    """A scanner.prefilter.Prefilter. Fewer literals make it quicker. To make ready for thousands takes a twentieth of a
    second: `keep` spares that to the next run, and `beside` is for whoever has something else to do meanwhile, and
    starts no process then."""

    def __init__(
        self, anchors: Collection[bytes], also: Collection[bytes], names: Sequence[str], beside: bool, keep: Keep | None
    ) -> None:
        self._names = names
        self._literals = sorted({*anchors, *also})
        self._which = _database(self._literals)
        self._beginnings = shared_beginnings(minimal_cover(anchors))
        self._keep = keep
        self._ready: hyperscan.Database | None = None
        self._making = _begun(self._make) if beside else None

    @cached_property
    def _betraying(self) -> views.Betraying:
        return views.betraying(self._names, many=True)

    @cached_property
    def _every(self) -> Sequence[bytes]:
        return sorted({*self._beginnings, *self._betraying})

    def _make(self) -> hyperscan.Database:
        kept = _Kept(self._keep, self._beginnings, self._names) if self._keep and self._names else None
        made = kept.load() if kept else None
        if made is None:
            made = _database(self._every)
            if kept:
                kept.save(made)
        self._ready = made
        return made

    def _made(self) -> hyperscan.Database:
        """The database, once it is ready."""
        if self._making:
            self._making.join()
        return self._ready or self._make()

    def any(self, data: bytes) -> bool:
        """Whether one of them stands in `data`."""
        database = self._made() if self._ready is None else self._ready
        try:
            database.scan(data, _stop)
        except hyperscan.ScanTerminated:
            return True
        return False

    @cached_property
    def reach(self) -> int:
        """That of all of them."""
        return reach_of(self._every)

    def which(self, data: bytes) -> Set[bytes]:
        """Those of the rules that stand in `data`."""
        found: set[bytes] = set()
        self._which.scan(data, match_event_handler=lambda number, *_: found.add(self._literals[number]))
        return found

    def views(self, data: bytes) -> Betrayed:
        """The views that are betrayed, with what betrays each."""
        if not self._names:
            return {}
        found: set[int] = set()
        self._made().scan(data, match_event_handler=lambda number, *_: found.add(number))
        here = (self._every[number] for number in sorted(found))
        return by_name((one for one in here if one in self._betraying), self._betraying, self._names)


class _Kept:
    """The database of some literals, by all that it depends on: also how they are numbered."""

    def __init__(self, keep: Keep, beginnings: Sequence[bytes], names: Sequence[str]) -> None:
        from hashlib import blake2b  # here: with what it loads it takes a while

        said = repr((_LAYOUT, getattr(hyperscan, "__version__", ""), beginnings, views.fingerprint(), names))
        self._keep, self._key = keep, blake2b(said.encode(), digest_size=16).hexdigest()

    def load(self) -> hyperscan.Database | None:
        kept = self._keep.load(self._key)
        try:
            made = hyperscan.loadb(kept, hyperscan.HS_MODE_BLOCK) if kept else None
            if made:
                made.scratch = hyperscan.Scratch(made)
        except hyperscan.error:  # it was made on another machine
            return None
        return made

    def save(self, made: hyperscan.Database) -> None:
        self._keep.save(self._key, hyperscan.dumpb(made))


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


def _stop(*_: object) -> bool:
    """One is enough."""
    return True


def _database(literals: Sequence[bytes]) -> hyperscan.Database:
    """What looks for `literals`, and tells the number of each that stands in a text."""
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(
        expressions=[b"".join(b"\\x%02x" % byte for byte in literal) for literal in literals],
        ids=list(range(len(literals))),
        elements=len(literals),
        flags=[hyperscan.HS_FLAG_SINGLEMATCH] * len(literals),
    )
    return database
