"""One target under atheris, in a process of its own: it never comes back. `python -m tests.fuzz.child NAME OPTION…`"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from typing import Any


def main(target: str, options: list[str]) -> None:
    """Fuzzes `target`; `options` are those of libFuzzer."""
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["scanner"], enable_loader_override=False):
        from scanner import decode, pack
        from tests.fuzz import mutate
        from tests.fuzz.targets import TARGETS

        for package in (decode, pack):  # most of these are loaded where they are needed, which would be too late
            for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
                importlib.import_module(module.name)

    def mutator(data: bytes, most: int, seed: int) -> bytes:
        return mutate.mutated(target, data, most, seed, atheris.Mutate)

    atheris.Setup([sys.argv[0], *options], TARGETS[target], custom_mutator=mutator)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
