"""What `git filter-repo --replace-text` is to look for: every spelling of the tokens that a repository holds.

A spelling is all bytes of a blob or message that a token is made of, from the first to the last, whatever it is encoded
in: of base64 the characters that hold its bits, of a token in pieces also what stands between these. So each holds a
whole token and matches nothing else; a piece by itself might be a word of anybody's. An archive that stands in a text
as base64 goes as a whole.

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
from scanner.model import Finding, Location, Match, Problem, Secret
from scanner.pipeline import fingerprint
from scanner.respond.rewriting import by_expression
from scanner.uncover import Shown, uncover
from scanner.windows import windows

REPLACEMENT = b"***REMOVED***"
_LOOKED_AT = 8192  # a blob with a NUL in so many first bytes is binary to filter-repo, which leaves it as it is
_SHORTEST = 16  # bytes of an encoded token; no token is shorter, but what packs it may be
_FSCK = "git fsck shows what is damaged"


class Spelled(NamedTuple):
    """The spellings that stand in some objects, the longest first; which objects were read, which fingerprints are
    spelled in which of them; and what could not be read."""

    spellings: tuple[Secret, ...] = ()
    read: frozenset[str] = frozenset()
    reached: frozenset[tuple[str, str]] = frozenset()
    problems: tuple[Problem, ...] = ()

    def reaches(self, finding: Finding, location: Location) -> bool:
        """Whether the spellings take `finding` away at this place. Of an object that was not read its place tells."""
        if location.blob is None or location.blob not in self.read:
            return by_expression(location)
        return (location.blob, finding.fingerprint) in self.reached


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
    """How what is `wanted` is spelled in the objects `oids`. A blob that filter-repo takes for binary has no
    spellings: it would replace nothing there."""
    spellings: set[Secret] = set()
    looked: set[str] = set()
    reached: set[tuple[str, str]] = set()
    problems: list[Problem] = []
    with Cat(git) as cat:
        for oid, header, read in cat.readers(oids):
            name = oid.decode()
            try:
                if read is None:
                    raise GitError("the object cannot be read", _FSCK)
                found = _look(detector, read, wanted, header.kind == b"blob")
            except GitError as error:
                problems.append(Problem(name, str(error), error.hint))
                continue
            spellings |= found.keys()
            looked.add(name)
            reached |= {(name, each) for known in found.values() for each in known}
    ordered = tuple(sorted(spellings, key=_longest_first))
    return Spelled(ordered, frozenset(looked), frozenset(reached), tuple(problems))


def _look(
    detector: Detector, read: Callable[[int], bytes], wanted: Callable[[Match], bool], blob: bool
) -> dict[Secret, set[str]]:
    """The spellings in one object, and the fingerprints of what each spells."""
    found: dict[Secret, set[str]] = {}
    begun = False
    for window in windows(read):
        if blob and not begun and b"\0" in window.data[:_LOOKED_AT]:
            return {}
        begun = True
        shown = [one for one in uncover(detector, window.data).shown if window.owns(one.match.start)]
        for start, end, known in _spans(_value(detector, window.data, one) for one in shown if wanted(one.match)):
            found.setdefault(Secret(window.data[start:end]), set()).update(known)
    return found


def _value(detector: Detector, data: bytes, one: Shown) -> Shown:
    """An archive that stands there in base64, as a whole: with the padding, but without the word that begins the next
    line and looks like more of it, a key of YAML. It is none of it if all shows without it."""
    if one.member is None:
        return one
    start, end = one.match.start, one.match.end
    cut = start + len(data[start:end].rpartition(b"\n")[0].rstrip())
    if cut > start:
        whole, begun = ([each.match.secret for each in uncover(detector, data[start:to]).shown] for to in (end, cut))
        end = cut if begun == whole else end
    end += len(data[end : end + 2]) - len(data[end : end + 2].lstrip(b"="))
    return one._replace(match=one.match._replace(end=end))


def _spans(shown: Iterable[Shown]) -> Iterator[tuple[int, int, set[str]]]:
    """Where they stand, and what stands there. Those that share bytes, as tokens in one base64 may, are one: once one
    was replaced the other would stand there no more as it is known."""
    start, end, known = 0, 0, set[str]()
    for one in sorted(shown, key=lambda one: one.match.start):
        match = one.match
        if one.encoding and match.end - match.start < _SHORTEST:
            continue
        if known and match.start >= end:
            yield start, end, known
            known = set()
        start, end = (start, max(end, match.end)) if known else (match.start, match.end)
        known = {*known, fingerprint(match)}
    if known:
        yield start, end, known


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
