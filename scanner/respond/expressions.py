"""What `git filter-repo --replace-text` is to look for: every spelling of the tokens that a repository holds.

The format is that of git-filter-repo 2.47 (its manual, «--replace-text»): a line for each, `literal:` or `regex:`
before it and `==>` with the replacement behind it; the last `==>` of a line counts. Literals are replaced in the order
of the file, and regular expressions only after them.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from scanner.detect import Detector
from scanner.errors import GitError
from scanner.git.objects import Cat
from scanner.git.run import Git
from scanner.model import Location, Match, Problem, Secret
from scanner.windows import windows

REPLACEMENT = b"***REMOVED***"
_LOOKED_AT = 8192  # a blob with a NUL in so many first bytes is binary to filter-repo, which leaves it as it is
_FSCK = "git fsck shows what is damaged"


class Spelled(NamedTuple):
    """The spellings that stand in some objects, the longest first; the ids of blobs in which filter-repo replaces
    nothing; and what could not be read."""

    spellings: tuple[Secret, ...] = ()
    binary: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def objects(git: Git, locations: Iterable[Location]) -> Iterator[bytes]:
    """The ids of the objects that hold `locations`: blobs, commits, and for a place in a tag all tags that are here
    (a place does not say which tag it is)."""
    listed = list(locations)
    yield from dict.fromkeys(place.blob.encode() for place in listed if place.blob)
    messages = (place.commit for place in listed if place.source == "commit-message")
    yield from dict.fromkeys(commit.encode() for commit in messages if commit)
    if any(place.source == "tag-message" for place in listed):
        yield from _tags(git)


def _tags(git: Git) -> Iterator[bytes]:
    arguments = ("cat-file", "--batch-all-objects", "--unordered", "--batch-check=%(objecttype) %(objectname)")
    with git.running(*arguments, stdin=subprocess.DEVNULL) as process:
        assert process.stdout
        yield from [line.split()[1] for line in process.stdout if line.startswith(b"tag ")]


def collect(git: Git, detector: Detector, oids: Iterable[bytes], wanted: Callable[[Match], bool]) -> Spelled:
    """How what is `wanted` is spelled in the objects `oids`: the bytes from the start to the end of each match."""
    spellings: set[Secret] = set()
    binary: list[str] = []
    problems: list[Problem] = []
    with Cat(git) as cat:
        for oid, header, read in cat.readers(oids):
            try:
                if read is None:
                    raise GitError("the object cannot be read", _FSCK)
                found, is_binary = _look(detector, read, wanted)
            except GitError as error:
                problems.append(Problem(oid.decode(), str(error), error.hint))
                continue
            spellings |= found
            if found and is_binary and header.kind == b"blob":
                binary.append(oid.decode())
    return Spelled(tuple(sorted(spellings, key=_longest_first)), tuple(binary), tuple(problems))


def _look(
    detector: Detector, read: Callable[[int], bytes], wanted: Callable[[Match], bool]
) -> tuple[set[Secret], bool]:
    found: set[Secret] = set()
    is_binary: bool | None = None
    for window in windows(read):
        if is_binary is None:
            is_binary = b"\0" in window.data[:_LOOKED_AT]
        for match in detector.scan(window.data).matches:
            if window.owns(match.start) and wanted(match):
                found.add(Secret(window.data[match.start : match.end]))
    return found, bool(is_binary)


def _longest_first(spelling: Secret) -> tuple[int, bytes]:
    """One spelling may be the beginning of another: that one must have been replaced before."""
    data = spelling.reveal()
    return -len(data), data


def render(spellings: Iterable[Secret]) -> bytes:
    """The expressions file. A spelling that no literal line can hold is a regular expression; then all are, since
    literals would be replaced first, whatever their length."""
    every = [spelling.reveal() for spelling in spellings]
    line = _regex if any(map(_is_awkward, every)) else _literal
    return b"".join(line(spelling) + b"==>" + REPLACEMENT + b"\n" for spelling in every)


def _is_awkward(spelling: bytes) -> bool:
    return b"==>" in spelling or b"\n" in spelling or b"\r" in spelling


def _literal(spelling: bytes) -> bytes:
    return b"literal:" + spelling


def _regex(spelling: bytes) -> bytes:
    plain = (bytes([byte]) if chr(byte).isascii() and chr(byte).isalnum() else b"\\x%02x" % byte for byte in spelling)
    return b"regex:" + b"".join(plain)
