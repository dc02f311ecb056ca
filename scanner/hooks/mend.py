"""What `doctor` says is to be done: what `install` would refuse, or cannot do, is not called the remedy."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping

from scanner.hooks.moved import by_hand
from scanner.hooks.place import Place, dispatcher


def mend(at: Place, event: str, environ: Mapping[str, str]) -> str:
    """What makes the hook for `event` start us."""
    if at.setting and not os.path.isdir(at.folder):
        again = "xoxscan install"
        return f"npx husky, then {again}" if at.husky else f"{unset(at)}, then {again}"
    if at.husky:
        there = os.path.exists(os.path.join(at.husky, event))
        return "npx husky writes its hooks anew" if there else "xoxscan install"
    if at.shared:
        return f"add this to {os.path.join(at.folder, event)}, before others: {by_hand(event)}"
    above = at.setting and at.setting.scope not in ("local", "worktree")
    return "xoxscan install --global" if above and at.folder != dispatcher(environ) else "xoxscan install"


def unset(at: Place) -> str:
    """The command that takes core.hooksPath away."""
    return f"git config --{at.setting.scope} --unset core.hooksPath" if at.setting else ""


def on_path(environ: Mapping[str, str]) -> bool:
    """Whether a script that a team shares finds us."""
    return shutil.which("xoxscan", path=environ.get("PATH")) is not None
