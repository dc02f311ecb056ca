"""What the other side of a push is known to hold: its remote-tracking refs, as long as they are of that address."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from scanner.git.repository import Repository
from scanner.sources.pushed import Update

_HEADS = b"refs/heads/"


def held(repository: Repository, remote: str, url: str, updates: Sequence[Update]) -> tuple[str, ...]:
    """The options of rev-list that choose the refs which the other side is known to hold; none where git was given an
    address in place of a name, or where the remote-tracking refs speak of another place than `url`. What git tells of
    the refs over there counts in any case (githooks(5), pre-push)."""
    if not remote or _moved(repository, remote, updates) or (url and not _fetched(repository, remote, url)):
        return ()
    return (f"--remotes={remote}",)


def _fetched(repository: Repository, remote: str, url: str) -> bool:
    """Whether the remote-tracking refs are fetched from `url`. git-ls-remote(1) --get-url talks to nobody."""
    from_there = os.fsdecode(repository.git.run("ls-remote", "--get-url", "--", remote)).removesuffix("\n")
    return url == from_there or _place(repository, url) == _place(repository, from_there)


def _moved(repository: Repository, remote: str, updates: Sequence[Update]) -> bool:
    """Whether a ref is not over there that the remote-tracking refs say is: somebody gave the name `remote` to another
    place (git remote set-url), or deleted the ref."""
    absent = {update.ref.removeprefix(_HEADS) for update in updates if not update.old and update.ref.startswith(_HEADS)}
    if not absent:
        return False
    above = f"refs/remotes/{remote}/"
    listed = repository.git.run("for-each-ref", "--format=%(refname)", above).splitlines()
    return not absent.isdisjoint(name.removeprefix(os.fsencode(above)) for name in listed)


def _place(repository: Repository, url: str) -> str:
    """An address without what does not tell two places apart: one may be fetched by https and pushed by ssh
    (url.*.pushInsteadOf). git-fetch(1), «GIT URLS»."""
    whole = re.fullmatch(r"[a-z][a-z0-9+.-]*://(?:[^/@]*@)?([^/:]*)(?::\d+)?/(.*)", url, re.IGNORECASE | re.DOTALL)
    short = re.fullmatch(r"(?:[^/@:]*@)?([^/:]+):(.*)", url, re.DOTALL)
    found = whole or short
    if found and found[1]:
        host, path = found[1].lower(), found[2].strip("/")
    else:
        host, path = "", os.path.realpath(os.path.join(repository.git.cwd, f"/{found[2]}" if found else url))
        path = os.path.sep + path.removesuffix(f"{os.path.sep}.git")
    return f"{host}/{path.removesuffix('.git')}"
