"""Where git looks for the hooks of a repository, and who else has a hand in them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from scanner.git.repository import Repository, common_dir
from scanner.hooks.settings import Setting, hooks_path


class Place(NamedTuple):
    """The folder of hooks. `setting`: core.hooksPath, if it is set. `husky`: the folder of the scripts that Husky's
    own hooks start. `shared`: the folder is part of the work tree, so that a change there is one for everybody. `away`:
    where the repository's own folder of hooks, being a link, leads outside of it."""

    folder: str
    setting: Setting | None
    husky: str | None
    shared: bool
    away: str | None = None


def place(repository: Repository) -> Place:
    """Where git looks for the hooks of `repository` (githooks(5): core.hooksPath counts from the folder in which
    hooks run)."""
    setting = hooks_path(repository.git)
    if setting is None:
        return own(repository)
    common = common_dir(repository)
    folder = os.path.normpath(os.path.join(repository.top or repository.git_dir, setting.value))
    return Place(folder, setting, _husky(folder), _shared(folder, repository.top, common))


def own(repository: Repository) -> Place:
    """Where git looks without core.hooksPath."""
    common = common_dir(repository)
    folder = os.path.join(common, "hooks")
    away = None if _within(folder, common) else os.path.realpath(folder)
    return Place(folder, None, None, False, away)


def _husky(folder: str) -> str | None:
    """Husky 9 sets core.hooksPath to .husky/_, whose files it writes anew at every install; older ones to .husky."""
    above, name = os.path.split(folder)
    if name == "_" and os.path.basename(above) == ".husky":
        return above
    return folder if name == ".husky" else None


def _shared(folder: str, top: str | None, common: str) -> bool:
    return bool(top) and _within(folder, top or "") and not _within(folder, common)


def _within(path: str, folder: str) -> bool:
    path, folder = os.path.realpath(path), os.path.realpath(folder)
    return path == folder or path.startswith(os.path.join(folder, ""))


def dispatcher(environ: Mapping[str, str]) -> str:
    """The folder that `install --global` fills where git cannot name hooks in its configuration."""
    home = environ.get("HOME") or os.path.expanduser("~")
    data = environ.get("XDG_DATA_HOME") or os.path.join(home, ".local", "share")
    return os.path.join(data, "xoxscan", "hooks")
