"""gitignore patterns, as git itself reads them: on bytes, with `*`, `?`, `[…]`, `**`, `!`, and folders that close what
lies below. Pure; tests compare it with `git check-ignore`.

Rules: gitignore(5), and the two oddities of git's matcher that the tests brought to light: a backslash at the end never
matches, and `**` that follows the literal start of a pattern crosses folders even where no slash stands before it.
A pattern becomes one regular expression whose work is bounded by the square of the path's length: what stands between
two stars has a fixed shape, so the leftmost place for it is as good as any other, and the rest is never tried.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple


class Pattern(NamedTuple):
    """One line of a gitignore file."""

    negated: bool
    folders_only: bool
    anchored: bool  # it holds a slash: it must match the whole path, and not just a name in it
    regex: re.Pattern[bytes] | None  # None: it never matches


def parse(text: bytes) -> Pattern:
    """A pattern from one line. ValueError, with the reason, for what gitignore would not take as a pattern."""
    if b"\n" in text or b"\0" in text:
        raise ValueError("a pattern is one line")
    if text.startswith(b"#"):
        raise ValueError("'#' at the start makes a comment; write '\\#'")
    glob = _trimmed(text)
    negated = glob.startswith(b"!")
    glob = glob[negated:]
    folders_only = glob.endswith(b"/")
    glob = glob[: len(glob) - folders_only]
    if not glob:
        raise ValueError("the pattern is empty")
    regex = _translate(glob.removeprefix(b"/"))
    return Pattern(negated, folders_only, b"/" in glob, None if regex is None else re.compile(regex, re.DOTALL))


def decide(patterns: Sequence[Pattern], path: bytes) -> int | None:
    """The index of the pattern that excludes the file at `path` (slashes, relative to the top), or None.

    The last pattern that matches decides; a folder that is excluded takes everything in it along.
    """
    end = path.find(b"/")
    while end >= 0:
        found = _last(patterns, path[:end], folder=True)
        if found is not None and not patterns[found].negated:
            return found
        end = path.find(b"/", end + 1)
    found = _last(patterns, path, folder=False)
    return None if found is None or patterns[found].negated else found


def touches(pattern: Pattern, path: bytes) -> bool:
    """Does `pattern` match the file at `path` or a folder above it, whatever other patterns say?"""
    return decide((pattern._replace(negated=False),), path) is not None


def _last(patterns: Sequence[Pattern], path: bytes, folder: bool) -> int | None:
    name = path[path.rfind(b"/") + 1 :]
    for index in range(len(patterns) - 1, -1, -1):
        pattern = patterns[index]
        if pattern.regex is None or (pattern.folders_only and not folder):
            continue
        if pattern.regex.match(path if pattern.anchored else name):
            return index
    return None


def _trimmed(text: bytes) -> bytes:
    """Without the spaces at the end, unless a backslash keeps them."""
    bare = text.rstrip(b" ")
    backslashes = len(bare) - len(bare.rstrip(b"\\"))
    return text[: len(bare) + 1] if backslashes % 2 and len(bare) < len(text) else bare


# Strings, here and below: `re` keeps what it compiled, and the hook compiles nothing that it does not use.
_ELEMENT = rb"(?s)(?P<stars>\*+)|(?P<set>\[)|(?P<any>\?)|\\(?P<escaped>.)|(?P<plain>[^\\])"
_LITERAL = rb"[^*?\[\\]*"


def _translate(glob: bytes) -> bytes | None:
    """The regular expression of `glob`, or None if it can match nothing."""
    literal = re.match(_LITERAL, glob)
    start = literal.end() if literal else 0
    runs = _runs(glob[start:])
    return None if runs is None else re.escape(glob[:start]) + _joined(runs)


class _Run(NamedTuple):
    """What stands between two `**`: how the first of them is matched, and the pieces between the `*` after it."""

    opening: bytes
    pieces: list[bytes]


def _runs(glob: bytes) -> list[_Run] | None:
    runs, at = [_Run(b"", [b""])], 0
    while at < len(glob):
        element = re.compile(_ELEMENT).match(glob, at)
        if element is None:
            return None  # a backslash at the end
        begin, at = at, element.end()
        if element["stars"]:
            at = _star(runs, glob, begin, at)
        elif element["set"]:
            members, at = _members(glob, at)
            if not members:
                return None
            runs[-1].pieces[-1] += _set(members)
        else:
            plain = element["escaped"] or element["plain"]
            runs[-1].pieces[-1] += re.escape(plain) if plain else b"[^/]"
    return runs


def _star(runs: list[_Run], glob: bytes, begin: int, end: int) -> int:
    """Adds what the stars in `glob[begin:end]` stand for; the offset where the pattern goes on."""
    rest = glob[end : end + 2]
    free = begin == 0 or glob[begin - 1 : begin] == b"/"
    if end - begin < 2 or not free or not (rest in (b"", b"\\/") or rest.startswith(b"/")):
        runs[-1].pieces.append(b"")
        return end
    if rest.startswith(b"/"):
        runs.append(_Run(b"(?:.*?/)??", [b""]))
        return end + 1
    runs.append(_Run(b".*?", [b""]))
    return end


def _joined(runs: Sequence[_Run]) -> bytes:
    inner = b"".join(b"(?>" + run.opening + _run(run.pieces) + b")" for run in runs[:-1])
    *pieces, last = runs[-1].pieces
    if not pieces:
        return inner + runs[-1].opening + last + rb"\Z"
    return inner + runs[-1].opening + _run(pieces) + b"[^/]*?" + last + rb"\Z"


def _run(pieces: Sequence[bytes]) -> bytes:
    return pieces[0] + b"".join(b"(?>[^/]*?" + piece + b")" for piece in pieces[1:])


_MEMBER = rb"(?s)\[:(?P<name>[^\]]*):\]|(?P<low>\\.|[^\\])(?:-(?P<high>\\.|[^\\\]]))?"
_BYTES = frozenset(range(1, 256)) - {ord("/")}
_NAMED: Mapping[bytes, Callable[[bytes], bool]] = {
    b"alnum": bytes.isalnum,
    b"alpha": bytes.isalpha,
    b"blank": lambda byte: byte in b" \t",
    b"cntrl": lambda byte: byte < b" " or byte == b"\x7f",
    b"digit": bytes.isdigit,
    b"graph": lambda byte: b"!" <= byte <= b"~",
    b"lower": bytes.islower,
    b"print": lambda byte: b" " <= byte <= b"~",
    b"punct": lambda byte: b"!" <= byte <= b"~" and not byte.isalnum(),
    b"space": bytes.isspace,
    b"upper": bytes.isupper,
    b"xdigit": lambda byte: byte in b"0123456789ABCDEFabcdef",
}


def _members(glob: bytes, at: int) -> tuple[frozenset[int], int]:
    """The bytes that the set which opened before `at` matches, and the offset after it. Empty if it is malformed."""
    negated = glob[at : at + 1] in (b"!", b"^")
    at += negated
    first, members = at, set[int]()
    while at == first or glob[at : at + 1] != b"]":
        item = re.compile(_MEMBER).match(glob, at)
        if item is None or (item["name"] is not None and item["name"] not in _NAMED):
            return frozenset(), at
        members.update(_item(item))
        at = item.end()
    return (_BYTES - members if negated else _BYTES & members), at + 1


def _item(item: re.Match[bytes]) -> Iterable[int]:
    if item["name"] is not None:
        belongs = _NAMED[item["name"]]
        return (byte for byte in _BYTES if belongs(bytes([byte])))
    low, high = item["low"][-1], (item["high"] or item["low"])[-1]
    return {low, *range(low, high + 1)}  # git takes `z-a` for z alone


def _set(members: Iterable[int]) -> bytes:
    return b"[" + b"".join(rb"\x%02x" % member for member in sorted(members)) + b"]"
