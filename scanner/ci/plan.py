"""What a CI system's event asks for: which commits, whose configuration counts, and who can see the repository.

Pure: events and variables in, a Plan out. Nothing here looks at a repository. What a stranger can choose (branch names,
ids of a payload) is checked before git could take it for an option or a pattern.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from scanner.errors import Incomplete

RANGE, HISTORY, SCAN, NOTHING = "range", "history", "scan", "nothing"
DEPTH_0 = "put this into the workflow, under `with:` of actions/checkout:  fetch-depth: 0"
UNSHALLOW = "git fetch --unshallow brings what is older; or fetch the end that is missing, as in: git fetch origin main"
UNFILTERED = "git fetch --refetch --no-filter brings what is missing"
_OID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
# What git-check-ref-format(1) forbids, and what would be a pattern or an option.
_WRONG = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|\A[-/]|[/.]\Z|\.lock(/|\Z)|(\A|/)\.")


class Wanted(NamedTuple):
    """A commit by its id, or for `--base` and `--head` by a name; `refs` of the forge lead to it, too."""

    name: str
    refs: tuple[str, ...] = ()


class Plan(NamedTuple):
    """What is to be looked at. In a range: what `tip` reaches, and neither `base` nor (each only if it is here) `also`
    reach. Without a base: and not the branch `default`, unless `home` (the change is that branch's own) or `whole`."""

    system: str  # github | forgejo | gitea | gitlab | options
    event: str  # in the words of the system
    kind: str = RANGE  # range | history | scan | nothing
    tip: Wanted | None = None
    base: Wanted | None = None
    also: tuple[str, ...] = ()
    rewritten: bool = False  # the base may be gone: a forced push dropped it
    merge: str | None = None  # a commit that the forge made of `tip` and what it goes into: its first parent is known
    tag: str | None = None  # the pushed tag, by id or ref, if it may have a message
    name: str | None = None  # the ref that was pushed, in full: a branch or tag can be called like a credential
    default: str | None = None  # the default branch
    home: bool = False
    own: bool = False  # nothing was changed: the configuration of what is checked out counts
    whole: bool = False
    fork: bool = False  # it comes from another repository: its own suppressions do not count
    public: bool | None = None
    note: str = ""
    remedy: str = UNSHALLOW  # the line that brings what is missing
    unfiltered: str = UNFILTERED  # the same, where a filter left it out (a partial clone)

    @property
    def told(self) -> bool:
        """Whether a CI system spoke, not the command line."""
        return self.system != "options"

    @property
    def lands(self) -> bool:
        """Whether what the change says of itself comes to count: a tag's never does."""
        return not (self.whole or self.tag or (self.name or "").startswith("refs/tags/"))


def is_id(word: str) -> bool:
    """Whether `word` is written as the id of an object."""
    return bool(_OID.fullmatch(word))


def oid(word: object, what: str) -> str:
    """`word` if it is the id of an object, else Incomplete, which says what it should have been."""
    if isinstance(word, str) and is_id(word):
        return word
    raise Incomplete(f"the event has no {what} that is the id of a commit", "give --base and --head")


def zero(word: object) -> bool:
    """Whether `word` stands for no commit: the zeros of either hash, or nothing."""
    return not word or (isinstance(word, str) and not word.strip("0"))


def branch(word: object) -> str | None:
    """`word` if it is a name that a branch can have."""
    return word if isinstance(word, str) and word and not _WRONG.search(word) else None


def heads(*names: str | None) -> tuple[str, ...]:
    """The refs of the branches `names`, without those that are none."""
    return tuple(f"refs/heads/{name}" for name in names if name)
