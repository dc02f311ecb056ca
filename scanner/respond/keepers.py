"""What keeps a secret in a repository, and what drops it: pure, over the places of findings.

Sources: git-gc, git-reflog, git-stash, git-notes and gitrepository-layout (alternates) of git's own documentation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from scanner.model import Location, Names, Reach
from scanner.respond import rewriting

_SHOWN = 20
_EXPIRE = "git reflog expire --expire=now --expire-unreachable=now --all"
_PRUNE = "git gc --prune=now"
_REWRITE = "git filter-repo"  # and how, for the places at hand

# What keeps it: a sentence, and the commands that drop it. The order is that of the work: what is dropped last (gc)
# has an effect only once nothing else holds on.
_WAYS: dict[str, tuple[str, tuple[str, ...]]] = {
    "worktree": ("a file of the work tree holds it: take it out, and commit that", ()),
    "index": (
        "the index holds it: take it out of the file and stage that, or unstage the file",
        ("git restore --staged -- FILE",),
    ),
    "branches": (
        "branches (or remote-tracking ones, or other refs) lead to it: rewrite them, or delete what nobody needs",
        (_REWRITE, "git branch -D NAME", "git update-ref -d REF"),
    ),
    "tags": (
        "tags lead to it: rewriting rewrites them too, or delete what nobody needs",
        (_REWRITE, "git tag -d NAME"),
    ),
    "ref-name": ("the name of a ref holds it, which no rewriting of contents changes", ("git branch -m OLD NEW",)),
    "path-name": (
        "a file's name holds it, which no rewriting of contents changes",
        ("git filter-repo --path-rename OLD:NEW",),
    ),
    "header": (
        "the header of a commit or tag holds it (a name or an address), which no expression rewrites",
        ("git filter-repo --mailmap FILE",),
    ),
    "stash": (
        "the stash holds it",
        ("git stash list", "git stash drop 'stash@{N}'", _EXPIRE, _PRUNE),
    ),
    "notes": (
        "notes (refs/notes/*) hold it, or lead to it",
        ("git for-each-ref refs/notes", "git update-ref -d refs/notes/NAME", _PRUNE),
    ),
    "reflog": ("reflogs remember it", (_EXPIRE, _PRUNE)),
    "unreachable": (
        "nothing leads to it any more, but the object is not pruned yet",
        (_EXPIRE, _PRUNE),
    ),
    "alternate": (
        "another repository stores it, which .git/objects/info/alternates names: clean that one as well",
        ("git -C OTHER gc --prune=now",),
    ),
    "unknown": ("what keeps it could not be told", ("git fsck",)),
}
ORDER = tuple(_WAYS)


class Keeper(NamedTuple):
    """One thing that keeps a secret: which (a word of ORDER), in a sentence, the refs' names as far as they are known
    and how many there are, and the commands that drop it."""

    what: str
    why: str
    names: Names
    commands: tuple[str, ...]


def keepers(locations: Iterable[Location]) -> tuple[Keeper, ...]:
    """What keeps any of `locations`, each once, in the order of ORDER."""
    held: dict[str, list[tuple[Location, Names]]] = {}
    for location in locations:
        for what, names in _held(location):
            held.setdefault(what, []).append((location, names))
    return tuple(_keeper(what, held[what]) for what in ORDER if what in held)


def _keeper(what: str, held: Iterable[tuple[Location, Names]]) -> Keeper:
    places, names = zip(*held, strict=True)
    why, ways = _WAYS[what]
    commands = (_rewrite(places) if way == _REWRITE else way for way in ways)
    return Keeper(what, why, _together(names), tuple(filter(None, commands)))


def _rewrite(places: Iterable[Location]) -> str:
    """How to rewrite what these places stand in; nothing where no rewriting of contents reaches them."""
    listed = list(places)
    replaced = any(map(rewriting.by_expression, listed))
    files = rewriting.paths(place for place in listed if not rewriting.by_expression(place))
    return rewriting.command("FILE" if replaced else "", files) if replaced or files else ""


def _held(location: Location) -> Iterator[tuple[str, Names]]:
    if location.source in ("worktree", "index", "ref-name", "path-name", "reflog"):
        yield location.source, Names()
    elif location.source != "stdin":
        yield from _reached(location.reach)
    if location.source.endswith("-message") and location.position is None:
        yield "header", Names()


def _reached(reach: Reach | None) -> Iterator[tuple[str, Names]]:
    if reach is None:
        yield "unknown", Names()
        return
    for what, names in (("branches", reach.branches), ("tags", reach.tags)):
        if names.count:
            yield what, names
    for what in ("stash", "notes", "reflog", "alternate", "unreachable"):
        if getattr(reach, what):
            yield what, Names()


def _together(many: Iterable[Names]) -> Names:
    """The names of all of them. How many there are is at least as many as of any."""
    listed = list(many)
    first = sorted({name for names in listed for name in names.first})
    return Names(max([len(first), *(names.count for names in listed)]), tuple(first[:_SHOWN]))
