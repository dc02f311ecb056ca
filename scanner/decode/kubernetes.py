"""Secrets of Kubernetes: YAML or JSON whose values are base64, and whose names tell what they are.

A secret without a prefix is known by its name only, which stands there in plain text. So the whole document is shown
with its values decoded in their places. Source: Kubernetes API reference, Secret v1 core, field `data`.
"""

from __future__ import annotations

import re
from binascii import Error, a2b_base64
from collections.abc import Iterator

from scanner.decode.view import Decoded, Run, through

ANCHORS = (b"kind: Secret", b'"kind": "Secret"', b'"kind":"Secret"')
_MOST = 256 * 1024  # bytes of a document
_KIND = re.compile(rb'kind(?:: |"[ ]?:[ ]?")Secret')
_VALUE = re.compile(rb"""(?<=:)([ ]?["']?)([A-Za-z0-9+/]{8,4096}+={0,2})(?=["'\s,}]|\Z)""")
_TEXT = re.compile(rb"[\t\n\r\x20-\x7e]+")
_SLACK = re.compile(rb"(?i:slack)")


def decode(data: bytes) -> Iterator[Decoded]:
    """Each Secret that names Slack, with its values in plain text."""
    done = 0
    for found in _KIND.finditer(data):
        if found.start() < done:
            continue
        start, done = _document(data, found.start())
        if _SLACK.search(data, start, done):
            yield from _shown(data, start, done)


def _document(data: bytes, place: int) -> tuple[int, int]:
    """Where the YAML document (or the whole JSON text) begins and ends."""
    start = data.rfind(b"\n---", max(0, place - _MOST), place)
    end = data.find(b"\n---", place, place + _MOST)
    return max(start, place - _MOST, 0), end if end >= 0 else min(len(data), place + _MOST)


def _shown(data: bytes, start: int, end: int) -> Iterator[Decoded]:
    """What stands there with its values decoded; nothing where there is none: that would show itself again."""
    shown, runs, at = bytearray(), [], start
    for value in _VALUE.finditer(data, start, end):
        plain = _plain(value[2])
        if plain:
            runs.append(Run(len(shown), value.start(2) - at, at, value.start(2)))
            shown += data[at : value.start(2)]
            runs.append(Run(len(shown), len(plain), *value.span(2)))
            shown += plain
            at = value.end(2)
    if runs:
        runs.append(Run(len(shown), end - at, at, end))
        yield Decoded(bytes(shown + data[at:end]), through(runs))


def _plain(value: bytes) -> bytes:
    """What a value stands for if that is text, else nothing."""
    try:
        plain = a2b_base64(value)
    except Error:
        return b""
    return plain if _TEXT.fullmatch(plain) else b""
