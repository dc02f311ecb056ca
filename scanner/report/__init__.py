"""Reporters: each module `scanner.report.<format>` has `write(report, out, options)` and only prints.

Nothing here is slow to import: the hook loads this package and `scanner.report.text`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from scanner.errors import UsageError
from scanner.model import Report

FORMATS = ("text", "json", "jsonl", "sarif", "github", "gitlab", "codequality", "junit", "summary")
PLANNED = ("html",)


class Sink(Protocol):
    """What a reporter writes to: any binary stream, or the redacting one of `scanner.report.output`."""

    def write(self, data: bytes, /) -> object:
        """Take all of `data`."""


class Options(NamedTuple):
    """How a report is to look. `color` counts for text alone, and `anchor` for formats that want a file a result.

    `anchor` is a path, relative to the root of the repository and with slashes, of a file that exists there:
    what does not stand in a file (a commit message, a ref name) is shown at it.
    """

    color: bool = False
    show_secrets: bool = False
    show_suppressed: bool = False
    quiet: bool = False
    verbose: bool = False
    anchor: str = "README.md"


Writer = Callable[[Report, Sink, Options], None]


def writer(name: str) -> Writer:
    """The `write` of the format `name`. A name that is no format, or not built yet, is a UsageError."""
    if name in FORMATS:
        from importlib import import_module  # here: nobody should pay for a format that is not asked for

        found: Writer = import_module(f"scanner.report.{name}").write
        return found
    if name in PLANNED:
        raise UsageError(f"the format {name} is not built yet", f"built are: {', '.join(FORMATS)}")
    raise UsageError(f"there is no format {name!r}", f"formats are: {', '.join(FORMATS)}")
