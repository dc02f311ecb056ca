"""What a repository does not hold of its own history: what a shallow or partial clone lacks, what is absent, what the
forge keeps, and what is in other repositories."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from scanner.errors import GitError
from scanner.git import enumerate as enumeration
from scanner.git.refs import Name
from scanner.git.repository import Repository, common_dir, find, is_partial
from scanner.model import Problem, Skip
from scanner.sources.history import unreadable

# Up to so many blobs and commits it costs less than half a second to ask git whether any that refs lead to are absent.
CHECKED = 50_000
UNCHECKED = Skip("absent objects", "not checked in a repository of this size; --strict checks it")
_WHOLE = "git fetch --refetch --no-filter brings the rest"
_SHOWN = 5


def gaps(repository: Repository, *, allow_shallow: bool, check: bool) -> Iterator[Problem]:
    """What is not here of what refs lead to. Without `check`, only what git says without a walk over all trees."""
    if repository.shallow and not allow_shallow:
        hint = "git fetch --unshallow brings the rest; --allow-shallow, if this part is what you want"
        yield Problem("history", "the clone is shallow: older commits are not here and were not scanned", hint)
    partial = is_partial(repository)
    if check:
        yield from _absent(repository, partial)
    elif partial:
        yield Problem("history", "the clone is partial: what was never fetched was not scanned", _WHOLE)


def _absent(repository: Repository, partial: bool) -> Iterator[Problem]:
    try:
        oids = enumeration.absent(repository.git)
    except GitError as error:
        hint = "git fsck shows what is damaged; a fresh clone may have it"
        yield Problem("history", f"whether any object is absent cannot be told: {error}", hint)
        return
    if partial and oids:
        message = f"the clone is partial: {len(oids):,} objects were never fetched and not scanned"
        yield Problem("history", message, _WHOLE)
    else:
        yield from unreadable(oids, "the object is absent: refs lead to it, but it is not here")


# What forges keep under names of their own, which a clone does not get by itself.
_KEPT = (
    ("github", b"pull", "+refs/pull/*/head:refs/remotes/{0}/pull/*"),
    ("gitlab", b"merge-requests", "+refs/merge-requests/*/head:refs/remotes/{0}/merge-requests/*"),
)


def elsewhere(repository: Repository, names: Sequence[Name]) -> Iterator[str]:
    """A sentence for each kind of ref that the forge keeps and that is not here, with the command to get it."""
    listed = repository.git.attempt("config", "-z", "--get-regexp", r"^remote\..*\.url$")[1]
    for entry in listed.decode("utf-8", "replace").split("\0")[:-1]:
        key, _, url = entry.partition("\n")
        remote = key.removeprefix("remote.").removesuffix(".url")
        for forge, word, spec in _KEPT:
            if forge in url and not any(b"/" + word + b"/" in name.name for name in names):
                lacks = f"a clone lacks refs/{word.decode()}/*, which the forge keeps"
                yield f"{lacks}: git fetch {remote} '{spec.format(remote)}', then scan again"


class Module(NamedTuple):
    """A submodule: where it belongs, and its repository if that is here."""

    name: str
    repository: Repository | None


def modules(repository: Repository, links: Iterable[bytes]) -> list[Module]:
    """The submodules at the paths `links`, and others whose repositories were kept."""
    found = {os.fsdecode(path): _checked_out(repository, os.fsdecode(path)) for path in links}
    for folder in dict.fromkeys((repository.git_dir, common_dir(repository))):
        for name, path in _kept(os.path.join(folder, "modules")):
            found[name] = found.get(name) or path
    return [Module(name, _found(repository, folder)) for name, folder in sorted(found.items())]


def _checked_out(repository: Repository, path: str) -> str | None:
    folder = os.path.join(repository.top or "", path)
    return folder if repository.top and os.path.lexists(os.path.join(folder, ".git")) else None


def _kept(top: str) -> Iterator[tuple[str, str]]:
    """The repositories below the folder `modules` of git's own: by name, as submodules have it."""
    for folder, folders, files in os.walk(top):
        if "HEAD" in files and "objects" in folders:
            folders.clear()
            yield os.path.relpath(folder, top).replace(os.sep, "/"), folder


def _found(repository: Repository, folder: str | None) -> Repository | None:
    try:
        return find(folder, repository.git.environ, own=False) if folder else None
    except GitError:
        return None


def skips(found: Sequence[Module], *, recurse: bool) -> Iterator[Skip]:
    """What is said of submodules: all of them, or with `recurse` those that are not here."""
    names = [module.name for module in found if not (recurse and module.repository)]
    if names:
        how = "git submodule update --init brings it" if recurse else "--recurse-submodules scans it"
        yield Skip("submodule", f"{how}: {', '.join(names[:_SHOWN])}", len(names))
