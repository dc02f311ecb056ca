"""A throw-away repository with planted fakes, each where another kind of scan would miss it.

Seed, names and dates are fixed, so the same git objects come out on every machine.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from scanner import fakes
from scanner.git.run import Git, sealed
from scanner.model import Secret

# Draws ids so short that what README shows of them, masked, is no token to anybody's pattern.
SEED = 104


class Planted(NamedTuple):
    """One fake: what kind it is, where it was put, and the token itself."""

    kind: str
    where: str
    secret: Secret


def build(folder: Path, environ: Mapping[str, str]) -> tuple[Planted, ...]:
    """Makes a repository in `folder` (empty, existing); gives what was planted. GitError where git is not usable."""
    git = _git(folder, environ)
    git.run("init", "--quiet", "--template=", "--initial-branch=main")
    _commit(git, 1, "Start the deploy bot", {"README.md": "# Deploy bot\n", "bot.py": "print('deployed')\n"})
    return (
        _old_commit(git),
        _evil_merge(git),
        _stash(git),
        _dropped_commit(git),
        _work_tree(git),
    )


def _old_commit(git: Git) -> Planted:
    """A later commit takes the webhook out again; a scan of the files sees nothing."""
    fake = _fake("{{incoming_webhook}}")
    _commit(git, 2, "Tell the channel about deploys", {"notify.py": f'HOOK = "{fake}"\n'})
    _commit(git, 3, "Read the webhook from the environment", {"notify.py": 'import os\n\nHOOK = os.environ["HOOK"]\n'})
    return _planted("webhook", "notify.py, in a commit that the next one undoes", fake)


def _evil_merge(git: Git) -> Planted:
    """The merge commit adds what neither of its parents has; `git log -p` shows nothing of it."""
    fake = _fake("{{rotating_token}}")
    git.run("switch", "--quiet", "--create=sockets")
    _commit(git, 4, "Listen on a socket", {"sockets.py": "print('listening')\n"})
    git.run("switch", "--quiet", "main")
    _commit(git, 5, "Say what the bot does", {"README.md": "# Deploy bot\n\nTells a channel about deploys.\n"})
    _at(git, 6).run("merge", "--quiet", "--no-ff", "--no-commit", "sockets")
    _commit(git, 6, "Merge branch 'sockets'", {"settings.ini": f"token = {fake}\n"})
    _commit(git, 7, "Settings come from the environment", {"settings.ini": "token = ${SLACK_TOKEN}\n"})
    return _planted("config-access", "settings.ini, in a merge that neither parent explains", fake)


def _stash(git: Git) -> Planted:
    fake = _fake("{{session_cookie}}")
    _write(git, {"bot.py": f'COOKIE = "d={fake}"\n'})
    _at(git, 8).run("stash", "push", "--quiet", "--message=try with my own session")
    return _planted("session-cookie", "bot.py, in a stash", fake)


def _dropped_commit(git: Git) -> Planted:
    """Only the reflog still leads to the commit."""
    fake = _fake("{{rotation_refresh_token}}")
    _commit(git, 9, "Rotate tokens", {"state.json": f'{{"refresh_token": "{fake}"}}\n'})
    _at(git, 9).run("reset", "--quiet", "--hard", "HEAD~1")
    return _planted("config-refresh", "state.json, in a commit that was dropped", fake)


def _work_tree(git: Git) -> Planted:
    fake = _fake("{{bot_token}}")
    _write(git, {".env": f"SLACK_BOT_TOKEN={fake}\n"})
    return _planted("bot", ".env, not committed yet", fake)


def _fake(template: str) -> str:
    return fakes.render(template, SEED)


def _planted(kind: str, where: str, fake: str) -> Planted:
    return Planted(kind, where, Secret(fake.encode()))


def _git(folder: Path, environ: Mapping[str, str]) -> Git:
    """A git that knows nothing of its user: settings, templates, signing and identity are all pinned."""
    pinned = {
        "PATH": environ.get("PATH", os.defpath),
        "HOME": str(folder),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Dana Demo",
        "GIT_AUTHOR_EMAIL": "dana@example.com",
        "GIT_COMMITTER_NAME": "Dana Demo",
        "GIT_COMMITTER_EMAIL": "dana@example.com",
    }
    return _at(sealed(str(folder), pinned, own=False), 1)


def _at(git: Git, day: int) -> Git:
    """The same git on another day of January 2026."""
    date = f"2026-01-{day:02}T09:00:00Z"
    return git._replace(environ={**git.environ, "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date})


def _commit(git: Git, day: int, message: str, files: Mapping[str, str]) -> None:
    _write(git, files)
    git.run("add", "--", *files)
    _at(git, day).run("-c", f"diff.orderFile={os.devnull}", "commit", "--quiet", f"--message={message}")


def _write(git: Git, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        Path(git.cwd, name).write_text(text, encoding="utf-8", newline="\n")
