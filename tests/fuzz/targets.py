"""All targets of the fuzzer: bytes in, and an exception where a promise is broken."""

from __future__ import annotations

from collections.abc import Callable

from tests.fuzz import containers, engine, packs, readers, views

Target = Callable[[bytes], None]

TARGETS: dict[str, Target] = {
    "engine": engine.check,
    "views": views.check,
    **{name: containers.reader(name) for name in containers.FORMATS},
    "pack": packs.check,
    "pack-index": packs.check_index,
    "readers": readers.check,
}
