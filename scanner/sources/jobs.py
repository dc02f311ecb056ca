"""What a process is told that looks at very many objects, and what it answers."""

from __future__ import annotations

import os
import sys
from typing import NamedTuple

from scanner.decode import views
from scanner.detect import Detector
from scanner.examine import Examined
from scanner.git.lfs import Store
from scanner.git.run import Git
from scanner.git.stream import LARGE, PIECE
from scanner.model import Keep, Problem, Rule, Skip

# Elsewhere a fork may hang in a system library, or there is none.
FORKS = sys.platform == "linux" and hasattr(os, "fork")


class Job(NamedTuple):
    """What every worker needs to know."""

    git: Git
    rules: tuple[Rule, ...]
    timeout: float  # seconds for one match attempt
    foreign: bool = False  # whether inline markers of other tools count
    explain: bool = False  # whether to say what was turned down
    large: int = LARGE  # a blob of more bytes is read in windows
    piece: int = PIECE  # bytes read at a time
    account: bool = False  # whether to tell every object that was looked at
    lineage: bool = True  # whether to tell that of commits
    decode: bool = False  # whether to look through encodings, and into archives
    store: Store = Store()  # where Git LFS keeps the contents of files
    keep: Keep | None = None  # keeps what looks, for the next run
    made: Detector | None = None  # what looks, for processes that inherit it

    def begun(self) -> Job:
        """The same, whose detector is made beside what comes next. A process that is started anew makes its own."""
        return self._replace(made=self._detector(beside=True)) if FORKS else self

    def settle(self) -> None:
        """Waits for that: before, nothing may be forked."""
        if self.made:
            self.made.may_hold(b"")

    def detector(self) -> Detector:
        """What looks, in a worker."""
        return self.made or self._detector()

    def _detector(self, beside: bool = False) -> Detector:
        names = views.NAMES if self.decode else ()
        return Detector(self.rules, self.timeout, fast=True, names=names, beside=beside, keep=self.keep)

    def __reduce__(self) -> tuple[type[Job], tuple[object, ...]]:
        return Job, tuple(self._replace(made=None))


class Found(NamedTuple):
    """An object in which something was found. `content` is that of commits and tags alone: it says who and when."""

    oid: bytes
    kind: bytes
    examined: Examined
    content: bytes


class Answer(NamedTuple):
    """What a worker says of a portion: how many objects of which kind and how many bytes it read, what it found, the
    lineage of commits (see scanner.git.commits), if that was asked (Job.lineage), the ids that git could not read, and
    other problems. `left` are ids, one a line, that only git can read; `looked` the ids, sizes and kinds of all
    objects, if that was asked (Job.account), `held` those of the objects on which any rule was tried
    (scanner.detect.Scan), and `silent` those of them in which these rules will never find anything."""

    blobs: int = 0
    commits: int = 0
    tags: int = 0
    size: int = 0  # bytes
    found: tuple[Found, ...] = ()
    lineage: bytes = b""
    unread: tuple[bytes, ...] = ()
    problems: tuple[Problem, ...] = ()
    left: bytes = b""
    looked: bytes = b""
    held: bytes = b""
    silent: bytes = b""
    skipped: tuple[Skip, ...] = ()  # what is packed in them and stays closed
    expanded: int | None = None  # bytes that were packed in them and were looked at, too
