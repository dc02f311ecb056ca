"""A throw-away repository with planted fakes, each where another kind of scan would miss it.

Seed, names and dates are fixed, so the same git objects come out on every machine. Two branches of a remote that does
not exist stand in it, as after a push: what they hold counts as exposed where that remote is public.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from scanner import fakes
from scanner.git.run import Git, sealed
from scanner.model import Secret

# Both draw ids so short that what README shows of them, masked, is no token to anybody's pattern.
SEED = 104
_OTHER_SEED = 218

_REMOTE = "https://git.example.com/deploy-bot.git"


class Planted(NamedTuple):
    """One fake: what kind it is, where it was put, and the token itself."""

    kind: str
    where: str
    secret: Secret


class Tokens(NamedTuple):
    """The fakes, all of one workspace. `access` and `refresh` are of one grant: the ids in their payloads say so."""

    bot: str
    new_bot: str
    webhook: str
    access: str
    refresh: str
    cookie: str


def tokens() -> Tokens:
    """The fakes, the same each time."""
    new_bot, refresh = _fake("{{bot_token}}"), _fake("{{rotation_refresh_token}}")
    prefix, _, *rest = fakes.render("{{bot_token}}", _OTHER_SEED).split("-")
    team = new_bot.split("-")[1]
    return Tokens(
        bot="-".join([prefix, team, *rest]),
        new_bot=new_bot,
        webhook=_fake("{{incoming_webhook}}"),
        access=_of_grant(_fake("{{rotating_token}}"), refresh),
        refresh=refresh,
        cookie=_fake("{{session_cookie}}"),
    )


def _of_grant(access: str, refresh: str) -> str:
    """The access token with the team and the grant that the payload of the refresh token names (that these are what
    the two have in common: scanner.slack.anatomy.grant)."""
    _, _, team, grant, *_ = _payload(refresh)
    version, form, _, person, _, *rest = _payload(access)
    plain = "-".join([version, form, team, person, grant, *rest])
    body = base64.b64encode(plain.encode()).decode().rstrip("=")
    return f"{access.rpartition('-')[0]}-{body}"


def _payload(token: str) -> list[str]:
    body = token.rpartition("-")[2]
    return base64.b64decode(body + "=" * (-len(body) % 4)).decode().split("-")


def build(folder: Path, environ: Mapping[str, str]) -> tuple[Planted, ...]:
    """Makes a repository in `folder` (empty, existing); gives what was planted. GitError where git is not usable."""
    git, fake = _git(folder, environ), tokens()
    git.run("init", "--quiet", "--template=", "--initial-branch=main")
    git.run("remote", "add", "origin", _REMOTE)
    _commit(git, 1, "Start the deploy bot", {"README.md": "# Deploy bot\n", "bot.py": "print('deployed')\n"})
    return (
        _old_commit(git, fake.bot),
        _evil_merge(git, fake.access),
        _pushed_branch(git, fake.refresh),
        _dropped_commit(git, fake.webhook),
        _stash(git, fake.cookie),
        _work_tree(git, fake.new_bot),
    )


def _old_commit(git: Git, fake: str) -> Planted:
    """A later commit takes the token out again; a scan of the files sees nothing."""
    _commit(git, 2, "Deploy as the bot", {"deploy.py": f'TOKEN = "{fake}"\n'})
    environment = 'import os\n\nTOKEN = os.environ["SLACK_BOT_TOKEN"]\n'
    _commit(git, 3, "Read the token from the environment", {"deploy.py": environment})
    return _planted("bot", "deploy.py, in a commit that the next one undoes", fake)


def _evil_merge(git: Git, fake: str) -> Planted:
    """The merge commit adds what neither of its parents has; `git log -p` shows nothing of it."""
    git.run("switch", "--quiet", "--create=sockets")
    _commit(git, 4, "Listen on a socket", {"sockets.py": "print('listening')\n"})
    git.run("switch", "--quiet", "main")
    _commit(git, 5, "Say what the bot does", {"README.md": "# Deploy bot\n\nTells a channel about deploys.\n"})
    _at(git, 6).run("merge", "--quiet", "--no-ff", "--no-commit", "sockets")
    _commit(git, 6, "Merge branch 'sockets'", {"settings.ini": f"token = {fake}\n"})
    _commit(git, 7, "Settings come from the environment", {"settings.ini": "token = ${SLACK_TOKEN}\n"})
    git.run("update-ref", "refs/remotes/origin/main", "refs/heads/main")
    return _planted("config-access", "settings.ini, in a merge that neither parent explains", fake)


def _pushed_branch(git: Git, fake: str) -> Planted:
    """Pushed, and deleted here: only the remote's branch still holds the commit, with a reflog."""
    git.run("switch", "--quiet", "--create=rotate")
    _commit(git, 8, "Rotate tokens", {"state.json": f'{{"refresh_token": "{fake}"}}\n'})
    git.run("update-ref", "refs/remotes/origin/rotate", "refs/heads/rotate")
    git.run("switch", "--quiet", "main")
    git.run("branch", "--quiet", "-D", "rotate")
    return _planted("config-refresh", "state.json, on a branch that only the remote has", fake)


def _dropped_commit(git: Git, fake: str) -> Planted:
    """Only the reflog still leads to the commit."""
    _commit(git, 9, "Tell the channel about deploys", {"notify.py": f'HOOK = "{fake}"\n'})
    _at(git, 9).run("reset", "--quiet", "--hard", "HEAD~1")
    return _planted("webhook", "notify.py, in a commit that was dropped", fake)


def _stash(git: Git, fake: str) -> Planted:
    _write(git, {"bot.py": f'COOKIE = "d={fake}"\n'})
    _at(git, 10).run("stash", "push", "--quiet", "--message=try with my own session")
    return _planted("session-cookie", "bot.py, in a stash", fake)


def _work_tree(git: Git, fake: str) -> Planted:
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
