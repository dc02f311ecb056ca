"""Which commit a name of `--base` or `--head` means, so that nothing which a change brings can take another's place.

git takes the first of refs/tags/N, refs/heads/N, refs/remotes/N (gitrevisions(7)): a pushed tag called `origin/main`
would stand for the branch of the forge, and the range would be empty. Here a name says which of them, or is refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from scanner.ci.plan import branch, heads, is_id
from scanner.errors import Incomplete
from scanner.git.run import Git

_SHORT = re.compile(r"(.*-g)?([0-9a-f]{4,64})")  # an abbreviated id, and what `git describe` prints
_PSEUDO = re.compile(r"[A-Z_]+_HEAD")
_NAME = re.compile(r"((?:(?!@\{)[^~^:])*)(.*)", re.DOTALL)
_TAGS, _REMOTES = "refs/tags/", "refs/remotes/"


def commit(git: Git, name: str, remote: str | None = None) -> bytes | None:
    """The id of the commit that `name` means here; None where there is none. Incomplete, saying what to write instead,
    where it could mean several. `remote`: the one whose branches count for a bare name, too."""
    root, rest = _split(name)
    if is_id(root):
        return _verified(git, name)
    found = {oid: ref for ref in _refs(git, root, remote) if (oid := _exact(git, ref))}
    if len(found) + bool(found and _is_object(git, root)) > 1:
        first = [*found.values()][-1]
        raise Incomplete(f"{root[:80]} can mean several commits here", f"write the ref in full, as in: {first[:200]}")
    if found:
        (ref,) = found.values()
        return _verified(git, ref + rest)
    return _verified(git, root + rest) if _plain(root, rest) else None


def only_tag(git: Git, name: str, remote: str | None) -> bool:
    """Whether a bare `name` is here, and as a tag alone."""
    root, _ = _split(name)
    there = [ref for ref in _refs(git, root, remote) if _exact(git, ref)]
    return not root.startswith("refs/") and [f"{_TAGS}{root}"] == there


def of_forge(git: Git, name: str) -> tuple[str, ...]:
    """The branch of the forge that `name` means, as a ref there: with `origin/main` its main, never its origin/main."""
    short = name.removeprefix("refs/")
    if short.startswith("heads/"):
        return heads(branch(short.removeprefix("heads/")))
    bare = short.removeprefix("remotes/")
    for own in _remotes(git):
        if bare.startswith(f"{own}/"):
            return heads(branch(bare[len(own) + 1 :]))
    return () if name == "HEAD" or name.startswith("refs/") else heads(branch(name))


def _split(name: str) -> tuple[str, str]:
    """The ref of a revision, and what is said of it (~3, ^2, @{1})."""
    matched = _NAME.fullmatch(name)
    assert matched
    root, rest = matched.groups()
    return ("HEAD" if root == "@" else root), rest


def _refs(git: Git, root: str, remote: str | None) -> Sequence[str]:
    """The refs that `root` may mean."""
    if not root or root == "HEAD":
        return ()
    if root.startswith("refs/"):
        return (root,)
    if root.startswith(("heads/", "remotes/", "tags/")):  # no tag called heads/main
        return (f"refs/{root}",)
    for own in _remotes(git):
        if root == own:
            return (f"{_REMOTES}{own}/HEAD",)
        if root.startswith(f"{own}/"):
            return (f"{_REMOTES}{root}",)
    known = [f"{_REMOTES}{remote}/{root}"] if remote else []
    return (f"{_TAGS}{root}", f"refs/heads/{root}", f"{_REMOTES}{root}", *known)


def _remotes(git: Git) -> list[str]:
    """The names of the remotes, the longest first: one may begin another."""
    return sorted(git.run("remote").decode("utf-8", "surrogateescape").split("\n")[:-1], key=len, reverse=True)


def _exact(git: Git, ref: str) -> bytes | None:
    """The commit of this very ref. rev-parse alone would go on to refs/tags/refs/… where it is not here."""
    if git.attempt("show-ref", "--verify", "--quiet", "--", ref)[0]:
        return None
    return _verified(git, ref)


def _is_object(git: Git, root: str) -> bool:
    """Whether something that is no ref has this name, too."""
    if _PSEUDO.fullmatch(root):
        return True
    short = _SHORT.fullmatch(root)
    return bool(short and git.attempt("rev-parse", f"--disambiguate={short[2]}")[1])


def _plain(root: str, rest: str) -> bool:
    """Whether git may look for what is no ref: HEAD, a short id, `@{-1}`. It also knows `:/words`, a search through all
    commits, and those of the change are among them."""
    by_itself = root == "HEAD" or _SHORT.fullmatch(root) or _PSEUDO.fullmatch(root)
    return bool(by_itself) or (not root and rest.startswith("@{"))


def _verified(git: Git, name: str) -> bytes | None:
    words = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    status, out, _ = git.attempt(*words)
    return None if status else out.strip() or None
