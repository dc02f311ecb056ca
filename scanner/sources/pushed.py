"""What a push brings: the lines that git gives its hooks, and the objects that they name (githooks(5))."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from scanner.errors import GitError
from scanner.git.commits import parse_tag
from scanner.git.objects import Cat
from scanner.git.repository import Repository, shallow_commits
from scanner.sources.commits import Range

# So many ids of what was there before are handed on in a command line; more only make `reach` slower.
_HANDED = 500


class Update(NamedTuple):
    """One ref that is pushed: its name over there, what it will be (None: it is deleted), what it was (None: new)."""

    ref: bytes
    new: bytes | None
    old: bytes | None


class Objects(NamedTuple):
    """What the updates lead to, by kind: `commits` and what else is looked at by itself. `absent` is not here."""

    commits: tuple[bytes, ...]
    tags: tuple[tuple[bytes, bytes], ...]  # id and content
    trees: tuple[bytes, ...]
    blobs: tuple[bytes, ...]
    absent: tuple[bytes, ...]
    tips: dict[bytes, bytes]  # of each ref that leads to a commit, that commit


def sending(lines: Iterable[bytes]) -> list[Update]:
    """The updates in the lines of pre-push: `<local ref> <local id> <remote ref> <remote id>`. The local ref is as
    somebody typed it, and may hold spaces. GitError for a line that is none."""
    return [_update(line, line.rsplit(b" ", 3), 1, 3, 2) for line in _lines(lines)]


def received(lines: Iterable[bytes]) -> list[Update]:
    """The updates in the lines of pre-receive: `<old id> <new id> <ref>`. GitError for a line that is none."""
    return [_update(line, line.split(b" ", 2), 1, 0, 2) for line in _lines(lines)]


def _lines(lines: Iterable[bytes]) -> Iterator[bytes]:
    return (line.rstrip(b"\n") for line in lines if line.strip())


def _update(line: bytes, words: Sequence[bytes], new: int, old: int, ref: int) -> Update:
    if len(words) <= max(new, old, ref) or not (_is_id(words[new]) and _is_id(words[old])):
        shown = line[:80].decode("utf-8", "backslashreplace")
        raise GitError(
            f"this line is not what git gives its hooks: {shown!r}", "let git start this command: githooks(5)"
        )
    return Update(words[ref], _known(words[new]), _known(words[old]))


def _is_id(word: bytes) -> bool:
    return len(word) in (40, 64) and not word.strip(b"0123456789abcdef")


def _known(oid: bytes) -> bytes | None:
    """None for the zeros by which git says «none»."""
    return oid if oid.strip(b"0") else None


def objects(cat: Cat, updates: Sequence[Update]) -> Objects:
    """What is pushed. Tags are followed to what they name."""
    named = {update.new for update in updates if update.new}
    kinds, tags = _followed(cat, named)
    by_kind = {
        kind: tuple(oid for oid, each in kinds.items() if each == kind) for kind in (b"commit", b"tree", b"blob")
    }
    absent = tuple(oid for oid, kind in kinds.items() if kind not in (*by_kind, b"tag"))
    ends = ((update.ref, _end(update.new, tags)) for update in updates if update.new)
    tips = {ref: end for ref, end in ends if kinds.get(end) == b"commit"}
    return Objects(by_kind[b"commit"], tuple(tags.items()), by_kind[b"tree"], by_kind[b"blob"], absent, tips)


def _followed(cat: Cat, wanted: Iterable[bytes]) -> tuple[dict[bytes, bytes], dict[bytes, bytes]]:
    """The kinds of `wanted` and of what tags among them lead to; and the contents of these tags."""
    kinds: dict[bytes, bytes] = {}
    tags: dict[bytes, bytes] = {}
    while wanted := sorted(set(wanted) - kinds.keys()):
        found = set()
        for oid, header, read in cat.readers(wanted):
            kinds[oid] = header.kind
            if read and header.kind == b"tag":
                tags[oid] = read(header.size)
                found.add(parse_tag(tags[oid]).target)
        wanted = found
    return kinds, tags


def _end(oid: bytes, tags: dict[bytes, bytes]) -> bytes:
    """What `oid` names, through all tags."""
    while oid in tags:
        oid = parse_tag(tags[oid]).target
    return oid


def commits(repository: Repository, cat: Cat, tips: Sequence[bytes], updates: Sequence[Update], *known: str) -> Range:
    """The commits that `tips` reach, and neither what the refs pointed to before nor those refs do that the options
    `known` of rev-list choose. What a ref pointed to and is not here (somebody else forced a push) excludes nothing."""
    if not tips:
        return Range(b"", b"")
    kinds, _ = _followed(cat, {update.old for update in updates if update.old})
    old = [oid for oid, kind in kinds.items() if kind in (b"commit", b"tag")]
    asked = b"".join([*(tip + b"\n" for tip in tips), *(b"^" + oid + b"\n" for oid in old)])
    before = ("--not", *known) if known else ()
    words = ("rev-list", "--topo-order", "--reverse", "--parents", "--stdin", *before)
    listed = repository.git.run(*words, stdin=asked)
    handed: tuple[str | bytes, ...] = ("--not", *known, *old[:_HANDED]) if known or old else ()
    span = Range(listed, tips[-1], before=handed)
    if not repository.shallow:
        return span
    return span._replace(cut=shallow_commits(repository).intersection(each.commit for each in span.commits()))
