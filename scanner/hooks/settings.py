"""What git's configuration says of hooks, and our hooks as entries of it (git-config(1), hook.<name>; git 2.54)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from scanner.git.run import Git
from scanner.hooks.scripts import EVENTS, WORDS, command

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


class Switch(NamedTuple):
    """hook.<event>.enabled, which git reads as `on`: for all hooks of an event that its configuration names."""

    event: str
    on: bool
    scope: str

    @property
    def words(self) -> str:
        """What is said of one that is off."""
        return f"hook.{self.event}.enabled is false ({self.scope}), so git starts none that its configuration names"

    @property
    def mend(self) -> str:
        """What takes it away."""
        scope = "" if self.scope == "local" else f"--{self.scope} "
        if self.scope == "command":
            return f"take hook.{self.event}.enabled out of GIT_CONFIG_PARAMETERS or GIT_CONFIG_COUNT"
        return f"git config {scope}--unset hook.{self.event}.enabled"


def hooks_path(git: Git) -> Setting | None:
    """core.hooksPath as git takes it, with ~ expanded. Our own git is told to run no hook: that setting is left out."""
    found = _told(git, "--type=path", "--get-all", "core.hooksPath")
    return found[-2] if len(found) > 1 else None


def _told(git: Git, *query: str) -> list[Setting]:
    """All that the configuration says to a query of `git config`, in order."""
    told = git.run("config", "-z", "--show-scope", *query, ok=(0, 1))
    fields = told.decode("utf-8", "surrogateescape").split("\0")[:-1]
    return [Setting(*pair) for pair in zip(fields[::2], fields[1::2], strict=False)]


def entries(git: Git) -> list[Entry]:
    """All hooks that the configuration names, in the order in which they are named."""
    found: dict[str, Entry] = {}
    for scope, item in _told(git, "--get-regexp", r"^hook\..*\.(command|event|enabled)$"):
        key, _, value = item.partition("\n")
        name, _, what = key.removeprefix("hook.").rpartition(".")
        found[name] = _with(found.get(name, Entry(name, "", (), True, scope)), what, value)._replace(scope=scope)
    return [entry for entry in found.values() if entry.command and entry.events]


def _with(entry: Entry, what: str, value: str) -> Entry:
    if what == "command":
        return entry._replace(command=value)
    if what == "enabled":
        on = _on(value)
        return entry if on is None else entry._replace(enabled=on)
    return entry._replace(events=(*entry.events, value) if value else ())


def _on(value: str) -> bool | None:
    """A boolean of git's; None for a word that is none, which git passes over (parse.c, git_parse_maybe_bool)."""
    word = value.lower()
    if word in ("true", "yes", "on") or re.fullmatch(r"[-+]?0*[1-9][0-9]*[kmg]?", word):
        return True
    return False if word in ("", "false", "no", "off") or re.fullmatch(r"[-+]?0+[kmg]?", word) else None


def switches(git: Git) -> list[Switch]:
    """What the configuration says of our events as such, the last word last (git-config(1), hook.<event>.enabled;
    hook.c, build_hook_config_map)."""
    found = []
    for scope, item in _told(git, "--get-regexp", rf"^hook\.({'|'.join(EVENTS)})\.enabled$"):
        key, _, value = item.partition("\n")
        on = _on(value)
        if on is not None:
            found.append(Switch(key.split(".")[1], on, scope))
    return found


def off(found: Iterable[Switch]) -> dict[str, Switch]:
    """The events that are switched off, and what does it."""
    last = {each.event: each for each in found}
    return {event: each for event, each in last.items() if not each.on}


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
    return [
        *lines,
        *(f"{event}: is switched off: {each.words}: {each.mend}" for event, each in off(switches(git)).items()),
    ]


def forget(git: Git, scope: str) -> list[str]:
    """Takes our hooks out of the configuration of `scope`; what is told about it."""
    return [f"{event}: taken away" for event, name in _NAMES.items() if _forget(git, scope, name)]


def _forget(git: Git, scope: str, name: str) -> bool:
    return git.attempt("config", f"--{scope}", "--remove-section", f"hook.{name}")[0] == 0


def named(found: Iterable[Entry], event: str) -> Entry | None:
    """Our entry for `event`, if it is switched on."""
    mine = (entry for entry in found if entry.name == _NAMES.get(event))
    return next((entry for entry in mine if entry.enabled and event in entry.events), None)
