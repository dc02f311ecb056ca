"""What the readers of files that people write promise: what is wrong is an error of ours, with a message to act on."""

from __future__ import annotations

import json
from collections.abc import Callable

from scanner import config
from scanner.errors import XoxscanError
from scanner.filters import baseline, inline
from scanner.respond.journal_export import verify_export
from scanner.rules import yamlfile


def _export(data: bytes) -> None:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return
    verify_export(document)


def _baseline(data: bytes) -> None:
    known = baseline.parse(data, "a file")
    again = baseline.parse(baseline.render(known), "a file")
    assert again._replace(entry=again.entry._replace(origin=known.entry.origin)) == known, "rendered otherwise"


READERS: tuple[Callable[[bytes], object], ...] = (
    lambda data: config.parse(data, "a file"),
    lambda data: config.parse(data, "a file", base=True),
    _baseline,
    lambda data: yamlfile.parse(data, "a file"),
    lambda data: inline.markers(data, True),
    _export,
)


def check(data: bytes) -> None:
    """The first byte says which reader gets the rest."""
    if not data:
        return
    try:
        READERS[data[0] % len(READERS)](data[1:])
    except XoxscanError as error:
        assert str(error) and "\n" not in str(error)
        str(error).encode()
