"""`xoxscan uninstall`: takes away what `xoxscan install` put there; hooks that were there before are as they were."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator

from scanner.commands.asking import say
from scanner.commands.install import global_path, outside, remove_dispatcher
from scanner.errors import OK
from scanner.git.repository import Repository, common_dir, find
from scanner.hooks import folder as files
from scanner.hooks import settings
from scanner.hooks.place import dispatcher, place
from scanner.hooks.scripts import EVENTS, SERVER
from scanner.model import Streams

SUMMARY = "Takes away the hooks of xoxscan install; those that were there before are back, byte for byte."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See scanner.cli."""
    parser.add_argument("--global", action="store_true", dest="everywhere", help="those of install --global")


def run(args: argparse.Namespace, streams: Streams) -> int:
    """The exit status: 0 where none is there any more. Errors: OutputError and GitError."""
    if args.everywhere:
        lines = list(_everywhere(streams))
    else:
        lines = list(_here(streams, find(os.getcwd(), streams.environ, own=args.folder is None)))
    say(streams, *(lines or ["no hook of xoxscan is installed " + ("for all" if args.everywhere else "here")]))
    return OK


def _here(streams: Streams, repository: Repository) -> Iterator[str]:
    yield from settings.forget(repository.git, "local")
    at = place(repository)
    own = os.path.join(common_dir(repository), "hooks")  # where they went before core.hooksPath was set
    mine = at.setting is None or at.setting.scope in ("local", "worktree")
    for folder in dict.fromkeys((at.folder, own) if mine else (own,)):
        yield from files.uninstall(folder, (*EVENTS, *SERVER))
    for event in EVENTS if at.husky else ():
        line = files.drop_block(os.path.join(at.husky or "", event), event)
        if line:
            yield line


def _everywhere(streams: Streams) -> Iterator[str]:
    git = outside(streams)
    yield from settings.forget(git, "global")
    folder, mine = global_path(git), dispatcher(streams.environ)
    if folder == mine:
        yield from remove_dispatcher(git, mine)
    elif folder:
        yield from files.uninstall(folder, EVENTS)
