"""Words for people: places, amounts, and any text of a stranger made harmless. Light: the hook prints with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from scanner.model import Location, Skip

# Control characters; what reorders or hides text, which terminals act on (bidi controls, line and paragraph separators,
# lone surrogates, all that Unicode calls default-ignorable); and what XML cannot hold (U+FFFE, U+FFFF). Ignorable are
# zero-width characters, variation selectors, fillers, tags: the runner's search, by culture, sees `##[` even if one
# stands in its middle. Compiled when first needed, by re.
UNSAFE = (
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# GitHub's runner acts on `##[` anywhere in a line, Azure's on `##vso[`, and GitHub's on `::` at its start, whoever
# printed it.
MARK = r"##[A-Za-z]*\["
_COMMAND = rf"^\s*::|{MARK}"

_SPEECH = {
    "commit-message": "commit message",
    "tag-message": "tag message",
    "note": "note",
    "reflog": "reflog",
    "ref-name": "ref name",
    "path-name": "file name",
    "symlink": "symlink",
}
JOINED = "joined"  # the encoding of a token that was broken up
SHORT = 10  # digits of an object id that people are shown


def harmless(text: str | bytes) -> str:
    """`text` so that it stays in its line and does nothing to a terminal or a CI log; what is not UTF-8 as \\xff."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "backslashreplace")
    if text.isascii() and text.isprintable() and "::" not in text and "##" not in text:
        return text  # as nearly all are: the patterns take long to compile
    return re.sub(_COMMAND, _escaped, re.sub(UNSAFE, _escaped, text))


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0][-1])
    kept = found[0][:-1]
    if code < 0x100:
        return f"{kept}\\x{code:02x}"
    return f"{kept}\\u{code:04x}" if code < 0x10000 else f"{kept}\\U{code:08x}"


def many(count: int, name: str) -> str:
    """A number with its noun: 1 place, 1,234 places."""
    return f"{count:,} {name}{'' if count == 1 else 's'}"


def amount(size: int) -> str:
    """A number of bytes as people read it: 999 bytes, 5.6 MB (decimal, as disks are sold)."""
    for unit, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if size >= unit:
            return f"{size / unit:,.1f} {name}"
    return many(size, "byte")


def short(oid: str | None) -> str:
    """An object id as people are shown it. A report that is read again may hold anything in its place."""
    return harmless((oid or "")[:SHORT])


def skipped(skip: Skip, name: Callable[[str], str] = harmless) -> str:
    """What was skipped, why, how often, and where first. `name` makes a stranger's words harmless for the reader."""
    where = f", first in {name(skip.first[0])}" if skip.first else ""
    return f"skipped: {name(skip.what)}: {name(skip.reason)} ({skip.count:,}{where})"


def place(location: Location) -> str:
    """Where a secret stands, in one harmless line: path:line:column, or what it is when it is no file."""
    position = location.position
    where = f":{position.line}:{position.column}" if position else ""
    return f"{'!'.join((_what(location), *map(harmless, location.member)))}{where}{_how(location.encoding)}"


def _how(encoding: Sequence[str]) -> str:
    steps = ("broken up" if step == JOINED else f"in {harmless(step)}" for step in reversed(encoding))
    return f" ({' '.join(steps)})" if encoding else ""


def _what(location: Location) -> str:
    if location.source == "stdin":
        return "the standard input"
    path = "" if location.path is None else harmless(location.path)
    if location.source in _SPEECH:
        return " ".join(filter(None, (_SPEECH[location.source], path or _object(location))))
    return path or f"blob {_object(location)}"


def _object(location: Location) -> str:
    return short(location.commit or location.blob)
