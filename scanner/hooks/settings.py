"""What git's configuration says of hooks, and our hooks as entries of it (git-config(1), hook.<name>; git 2.54)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from scanner.git.run import Git
from scanner.hooks.scripts import WORDS, command

SINCE = (2, 54)  # the first git that starts hooks which its configuration names
_NAMES = {
    "pre-commit": "xoxscan-commit",
    "pre-merge-commit": "xoxscan-merge",
    "commit-msg": "xoxscan-message",
    "pre-push": "xoxscan-push",
}


class Setting(NamedTuple):
    """One value of git's configuration, and where it comes from: local, worktree, global, system or command."""

    scope: str
    value: str


class Entry(NamedTuple):
    """One hook that git's configuration names: for which events, whether it is switched on, and where it stands."""

    name: str
    command: str
    events: tuple[str, ...]
    enabled: bool
    scope: str


def hooks_path(git: Git) -> Setting | None:
    """core.hooksPath as git takes it, with ~ expanded. Our own git is told to run no hook: that setting is left out."""
    told = git.run("config", "-z", "--show-scope", "--type=path", "--get-all", "core.hooksPath", ok=(0, 1))
    fields = told.decode("utf-8", "surrogateescape").split("\0")[:-1]
    found = [Setting(*pair) for pair in zip(fields[::2], fields[1::2], strict=False)]
    return found[-2] if len(found) > 1 else None


def entries(git: Git) -> list[Entry]:
    """All hooks that the configuration names, in the order in which they are named."""
    told = git.run("config", "-z", "--show-scope", "--get-regexp", r"^hook\..*\.(command|event|enabled)$", ok=(0, 1))
    fields = told.decode("utf-8", "surrogateescape").split("\0")[:-1]
    found: dict[str, Entry] = {}
    for scope, item in zip(fields[::2], fields[1::2], strict=False):
        key, _, value = item.partition("\n")
        name, _, what = key.removeprefix("hook.").rpartition(".")
        found[name] = _with(found.get(name, Entry(name, "", (), True, scope)), what, value)._replace(scope=scope)
    return [entry for entry in found.values() if entry.command and entry.events]


def _with(entry: Entry, what: str, value: str) -> Entry:
    if what == "command":
        return entry._replace(command=value)
    if what == "enabled":
        return entry._replace(enabled=value.lower() not in ("false", "no", "off", "0"))
    return entry._replace(events=(*entry.events, value) if value else ())


def configure(git: Git, scope: str, words: Sequence[str]) -> list[str]:
    """Names our hooks in the configuration of `scope` (local or global); what is told about it."""
    known = {entry.name: entry for entry in entries(git) if entry.scope == scope}
    lines = []
    for event, name in _NAMES.items():
        wanted = Entry(name, f"{command(words)} {WORDS[event]}", (event,), True, scope)
        if known.get(name) == wanted:
            lines.append(f"{event}: is there already")
            continue
        _forget(git, scope, name)
        git.run("config", f"--{scope}", f"hook.{name}.command", os.fsencode(wanted.command))
        git.run("config", f"--{scope}", f"hook.{name}.event", event)
        lines.append(f"{event}: installed in git's {scope} configuration")
    return lines


def forget(git: Git, scope: str) -> list[str]:
    """Takes our hooks out of the configuration of `scope`; what is told about it."""
    return [f"{event}: taken away" for event, name in _NAMES.items() if _forget(git, scope, name)]


def _forget(git: Git, scope: str, name: str) -> bool:
    return git.attempt("config", f"--{scope}", "--remove-section", f"hook.{name}")[0] == 0


def named(found: Iterable[Entry], event: str) -> Entry | None:
    """Our entry for `event`, if it is switched on."""
    mine = (entry for entry in found if entry.name == _NAMES.get(event))
    return next((entry for entry in mine if entry.enabled and event in entry.events), None)
