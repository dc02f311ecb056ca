"""The hooks as version 0.1.0 first wrote them, to be known again: they are ours, and nobody changed them.

They are to be written anew: what PYTHONPATH names is loaded into what they start.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from scanner.hooks.scripts import EVENTS, GONE, KEPT, LEGACY, MARK, both, named, script


def earlier(event: str, text: bytes) -> bool:
    """Whether a script of ours for `event` is as an earlier version wrote it."""
    words = named(text)
    if not words:
        return event not in EVENTS and text == _shared(event, ())
    return text in (_local(event, words), _shared(event, words))


def _local(event: str, words: Sequence[str]) -> bytes:
    return script(_start(words), 'own=$(dirname -- "$0")/' + f"{KEPT}/{event}", LEGACY, both(event))


def _shared(event: str, words: Sequence[str]) -> bytes:
    if event not in EVENTS:
        return script(_OWN.format(event=event), '[ -x "$own" ] || exit 0', 'exec "$own" "$@"')
    ours_already = f'grep -qF {shlex.quote(MARK[2:])} "$own" 2>/dev/null && exec "$own" "$@"'
    return script(_start(words), _OWN.format(event=event), ours_already, both(event))


_OWN = """own=$(git rev-parse --git-common-dir)/hooks/{event}
[ "$own" -ef "$0" ] && own="""


def _start(words: Sequence[str]) -> str:
    return (
        f'check() {{ {" ".join(map(shlex.quote, words))} "$@"; }}\n'
        f"if ! [ -x {shlex.quote(words[0])} ]; then\n"
        '    check() { xoxscan "$@"; }\n'
        f"    command -v xoxscan >/dev/null 2>&1 || {{ echo {shlex.quote(GONE)} >&2; exit 1; }}\n"
        "fi"
    )
