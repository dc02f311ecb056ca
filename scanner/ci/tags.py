"""Tags of a checkout: which are here, and whether some were left out."""

from __future__ import annotations

import os

from scanner.git.run import Git


def led(git: Git, ref: str) -> tuple[str | None, str]:
    """What the ref in full leads to here, and of which kind that is."""
    listed = git.run("for-each-ref", "--format=%(refname) %(objectname) %(objecttype)", "--", ref)
    rows = (line.rsplit(" ", 2) for line in os.fsdecode(listed).splitlines())
    return next(((oid, kind) for name, oid, kind in rows if name == ref), (None, ""))


def here(git: Git) -> set[str]:
    """The tags that are here, without refs/tags/."""
    return set(os.fsdecode(git.run("for-each-ref", "--format=%(refname:lstrip=2)", "refs/tags")).split("\n"))


def without(git: Git, remote: str | None) -> str:
    """That the clone was made without tags, if it was (git-clone(1), --no-tags; git-config(1), remote.<name>.tagOpt);
    else nothing."""
    told = git.attempt("config", "--get", f"remote.{remote}.tagOpt")[1] if remote else b""
    return "was made without tags" if told.strip() == b"--no-tags" else ""
