"""`xoxscan install`: git's own hooks, for this repository or for all of this user. Hooks that are there go on running.

git 2.54 and newer start hooks that their configuration names, whatever else is there. For older ones they are files;
where Husky has taken the hooks over, they are lines in its scripts. What cannot be done safely is refused, with the
reason and what to do instead.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Iterable

from scanner.commands.asking import say
from scanner.errors import OK, OutputError, UsageError
from scanner.git.repository import Repository, find
from scanner.git.run import Git, require_version, sealed
from scanner.hooks import folder as files
from scanner.hooks import settings
from scanner.hooks.mend import on_path, unset
from scanner.hooks.place import Place, dispatcher, own, place
from scanner.hooks.program import program
from scanner.hooks.scripts import EVENTS, KEPT, OTHERS, SERVER, WORDS, local, shared
from scanner.model import Streams

SUMMARY = "Installs git's own hooks, for this repository or with --global for all; those that are there go on running."
_LEFTHOOK = ("lefthook.yml", ".lefthook.yml", "lefthook.yaml", ".lefthook.yaml", "lefthook.toml", "lefthook.json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See scanner.cli."""
    add = parser.add_argument
    add("--global", action="store_true", dest="everywhere", help="for all repositories of this user")
    how = "in git's configuration (git 2.54) or as files (default: what this git can do)"
    add("--way", choices=("auto", "config", "files"), default="auto", help=how)


def run(args: argparse.Namespace, streams: Streams) -> int:
    """The exit status: 0 where the hooks are there now. Errors: OutputError, GitError and UsageError."""
    words = program(sys.argv[0], streams.environ)
    last = "xoxscan doctor --try shows whether a commit is stopped"
    if args.everywhere:
        lines = _everywhere(args.way, streams, words)
    else:
        repository = find(os.getcwd(), streams.environ, own=args.folder is None)
        lines = _here(args.way, streams, repository, words)
        last = "xoxscan doctor shows whether pushes are looked at" if repository.bare else last
    say(streams, *lines, last)
    return OK


def _way(wanted: str, git: Git) -> str:
    able = require_version(git) >= settings.SINCE
    if wanted == "config" and not able:
        raise UsageError("--way config needs git 2.54", "leave it out: the hooks are files then")
    return "config" if able and wanted == "auto" else wanted.replace("auto", "files")


def _here(wanted: str, streams: Streams, repository: Repository, words: tuple[str, ...]) -> Iterable[str]:
    """Installs for one repository; what is told about it."""
    at = place(repository)
    if repository.bare:
        if at.folder == dispatcher(streams.environ):  # its pre-receive looks at nothing, and runs the one here
            at = own(repository)
        _refuse(at, streams)
        return files.install(at.folder, [(event, local(event, words)) for event in SERVER])
    if at.setting and at.folder == dispatcher(streams.environ):
        return [f"core.hooksPath leads to the hooks of xoxscan install --global ({at.folder}): nothing to do here"]
    way = _way(wanted, repository.git)
    stands = at.husky is None and all(files.place(at.folder, event) for event in EVENTS)
    if way == "config" and not (stands and wanted == "auto"):
        if stands:
            files.uninstall(at.folder, EVENTS)
        return settings.configure(repository.git, "local", words)
    told = _files(at, streams, repository, words)
    settings.forget(repository.git, "local")
    return told


def _files(at: Place, streams: Streams, repository: Repository, words: tuple[str, ...]) -> Iterable[str]:
    if at.husky:
        _refuse_nothing(at)
        scripts = [(os.path.join(at.husky, event), event) for event in EVENTS]
        told = [files.add_block(path, event) for path, event in scripts]
        told.append("these scripts are part of the work tree: commit them, and everybody needs xoxscan on PATH")
        return (
            told if on_path(streams.environ) else [*told, "it is not on PATH here: until it is, nothing is committed"]
        )
    _refuse(at, streams)
    lines = files.install(at.folder, [(event, local(event, words)) for event in EVENTS])
    named = [name for name in _LEFTHOOK if os.path.exists(os.path.join(repository.top or "", name))]
    if named:
        lines.append(f"lefthook puts its own hooks in place of these when {named[0]} changes: docs/hooks.md")
    return lines


def _refuse_nothing(at: Place) -> None:
    """OutputError where core.hooksPath leads to no folder: git starts no hook at all, and what would be put there might
    be in somebody's way."""
    if not at.setting or os.path.isdir(at.folder):
        return
    why = "is no folder" if os.path.lexists(at.folder) else "does not exist"
    hint = f"{unset(at)}, then xoxscan install"
    if at.husky and why != "is no folder":
        hint = f"let Husky make it (npx husky), then xoxscan install; or, without Husky: {hint}"
    elif why != "is no folder":
        hint += f"; or make it, if it is meant: mkdir -p {shlex.quote(at.folder)}"
    raise OutputError(f"core.hooksPath is {at.setting.value}, which {why}: git starts no hook at all", hint)


def _refuse(at: Place, streams: Streams) -> None:
    """OutputError where a change would reach further than this repository, or nothing would run."""
    wide = at.setting and at.setting.scope not in ("local", "worktree")
    if not wide or os.path.lexists(at.folder):
        _refuse_nothing(at)
    if at.away:
        hint = f"rm {at.folder} && mkdir {at.folder}, then xoxscan install; or change what it leads to by hand"
        raise OutputError(f"{at.folder} is a link to {at.away}, which may be for more than this repository", hint)
    if at.shared:
        lines = "; ".join(f'{event}: xoxscan {WORDS[event]} "$@"' for event in EVENTS)
        hint = f"add these lines to the scripts in it, before others, with «|| exit $?»: {lines}"
        raise OutputError(f"the hooks are in {at.folder}, which is part of the work tree and everybody's", hint)
    if at.setting and wide:
        hint = "xoxscan install --global puts them there, or: git config core.hooksPath, for this repository alone"
        raise OutputError(f"core.hooksPath is {at.setting.value} for more than this repository", hint)


def _everywhere(wanted: str, streams: Streams, words: tuple[str, ...]) -> Iterable[str]:
    """Installs for all repositories of this user; what is told about it."""
    git = outside(streams)
    folder = global_path(git)
    mine = dispatcher(streams.environ)
    way = _way(wanted, git)
    if way == "config" and not (folder == mine and wanted == "auto"):
        if folder == mine:
            _refuse_strangers(mine)
            remove_dispatcher(git, mine)
        return settings.configure(git, "global", words)
    settings.forget(git, "global")
    if folder not in (None, mine):
        _refuse_nowhere(folder or "")
        return files.install(folder or "", [(event, local(event, words)) for event in EVENTS])
    above = settings.hooks_path(git)
    if above and above.scope == "system":
        raise OutputError(f"core.hooksPath is {above.value} for the whole machine", "ask who set it up to add xoxscan")
    lines = files.install(mine, [(event, shared(event, words)) for event in (*EVENTS, *OTHERS)])
    git.run("config", "--global", "core.hooksPath", os.fsencode(mine))
    told = [line for line in lines if line.partition(":")[0] in EVENTS or ";" in line]
    return [*told, f"core.hooksPath is {mine}: its hooks run the repository's own, too"]


def _refuse_nowhere(folder: str) -> None:
    """OutputError where the user's own core.hooksPath is not one folder that is there."""
    unset = "git config --global --unset core.hooksPath, then xoxscan install --global"
    if not os.path.isabs(folder):
        raise OutputError(f"core.hooksPath is {folder}, which counts from each repository by itself", unset)
    if not os.path.isdir(folder):
        hint = f"{unset}; or make it, if it is meant: mkdir -p {shlex.quote(folder)}"
        raise OutputError(f"core.hooksPath is {folder}, which is no folder: git starts no hook at all", hint)


def outside(streams: Streams) -> Git:
    """git outside of all repositories, for the user's own configuration."""
    return sealed(os.path.abspath(os.sep), streams.environ, own=False)


def global_path(git: Git) -> str | None:
    """core.hooksPath in the user's own configuration."""
    told = git.run("config", "-z", "--global", "--type=path", "--get", "core.hooksPath", ok=(0, 1))
    path = os.fsdecode(told.removesuffix(b"\0"))
    return os.path.normpath(path) if path else None


def remove_dispatcher(git: Git, folder: str) -> list[str]:
    """Takes the folder of `install --global` away, and core.hooksPath; what is told about it. Hooks that are not ours
    stay in it."""
    git.run("config", "--global", "--unset", "core.hooksPath", ok=(0, 5))
    lines = files.uninstall(folder, (*EVENTS, *OTHERS))
    told = [line for line in lines if line.partition(":")[0] in EVENTS or ";" in line]
    left = _hooks_in(folder)
    if left:
        how = f"git config --global core.hooksPath {shlex.quote(folder)}"
        told.append(f"{', '.join(left)} in {folder}: not ours, and not started any more; {how} would, for all")
    elif os.path.isdir(folder) and not os.listdir(folder):
        os.rmdir(folder)
    return told


def _refuse_strangers(folder: str) -> None:
    """OutputError where hooks that are not ours run with ours in `folder`: in git's configuration they would not."""
    kept = [
        name for name in _hooks_in(os.path.join(folder, KEPT)) if os.access(os.path.join(folder, KEPT, name), os.X_OK)
    ]
    if kept:
        hint = "leave --way config out, and they run with ours; or xoxscan uninstall --global first, and move them away"
        raise OutputError(f"{', '.join(kept)} in {folder}: not ours, and would not be started any more", hint)


def _hooks_in(folder: str) -> list[str]:
    names = os.listdir(folder) if os.path.isdir(folder) else []
    return sorted(name for name in names if name in (*EVENTS, *OTHERS))
