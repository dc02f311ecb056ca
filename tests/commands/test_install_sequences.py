"""Hooks of others in the folder of `install --global`: they run with ours after every order of steps, and come back."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

from tests.commands.hooked import PROGRAM, config_hooks, git
from tests.conftest import Repo, Run, token

BOT = token()
TEXT = {
    "pre-commit": '#!/bin/sh\necho foreign pre-commit "$(basename "$0")"\n[ ! -e stop ]\n',
    "post-commit": "#!/bin/sh\necho foreign post-commit\n",
    "pre-push": '#!/bin/sh\necho foreign pre-push "$@" "$(wc -l | tr -d " ")"\n',
    "reference-transaction": '#!/bin/sh\necho foreign transaction "$1" "$(wc -l | tr -d " ")" >&2\n',
}
STEPS = ("foreign", "install", "uninstall", "edit")
# All orders of two steps after an installation, and some longer ones.
ORDERS = [("install", *rest) for rest in product(STEPS, repeat=2)] + [
    ("foreign", "install", "install"),
    ("foreign", "install", "uninstall", "install", "install"),
    ("install", "foreign", "install", "edit", "install", "uninstall", "install"),
    ("install", "edit", "foreign", "uninstall", "install", "edit", "uninstall", "install"),
]


@pytest.fixture(autouse=True)
def named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [str(PROGRAM)])


def script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def commit(repo: Repo, content: bytes) -> tuple[bool, bytes]:
    repo.write("a.txt", content)
    done = git(repo.path, "commit", "-q", "--allow-empty", "-m", "change", "--", "a.txt")
    assert BOT not in done.said
    return done.status == 0, done.said


class Steps:
    """What somebody does, and what must hold after each step."""

    def __init__(self, run: Run, repo: Repo, folder: Path) -> None:
        self._run, self._repo, self._folder = run, repo, folder
        self._foreign = self._installed = False

    def foreign(self) -> None:
        """git-lfs, say, puts its hook where core.hooksPath leads: over ours, if ours is there."""
        if not self._foreign:
            script(self._folder / "pre-commit", TEXT["pre-commit"])
            self._foreign, self._installed = True, False

    def install(self) -> None:
        result = self._run("install", "--global", "--way=files")
        assert result.status == 0, result
        self._installed = True

    def uninstall(self) -> None:
        assert self._run("uninstall", "--global").status == 0
        self._installed = False
        left = {path.name for path in self._folder.rglob("*") if path.suffix != ".changed"}
        assert left == ({"pre-commit"} if self._foreign else set())
        if self._foreign:
            assert (self._folder / "pre-commit").read_text() == TEXT["pre-commit"]

    def edit(self) -> None:
        hook = self._folder / "pre-commit"
        if self._installed:
            hook.write_text(hook.read_text().replace("#!/bin/sh\n", "#!/bin/sh\n# mine\n"))

    def check(self) -> None:
        if self._installed:
            through, said = commit(self._repo, os.urandom(8).hex().encode())
            assert through and said.count(b"foreign pre-commit pre-commit") == self._foreign, said
            through, said = commit(self._repo, BOT)
            assert not through and b"slack-bot-token" in said and b"foreign" not in said


@pytest.mark.no_cover
@pytest.mark.parametrize("order", ORDERS, ids=" ".join)
def test_every_order_of_steps(run: Run, repo: Repo, sealed: Path, order: tuple[str, ...]) -> None:
    repo.commit({"a.txt": b"one\n"})
    steps = Steps(run, repo, sealed / ".local/share/xoxscan/hooks")
    for step in order:
        getattr(steps, step)()
    steps.check()
    steps.uninstall()


def test_all_events_and_the_repositorys_own_hooks(run: Run, repo: Repo, sealed: Path, tmp_path: Path) -> None:
    folder = sealed / ".local/share/xoxscan/hooks"
    run("install", "--global", "--way=files")
    for event, text in TEXT.items():
        script(folder / event, text)
        script(repo.path / ".git/hooks" / event, text.replace("foreign", "own"))
    told = run("install", "--global", "--way=files").out
    assert told.count(b"the hook that was there runs after it") == 4
    Repo(tmp_path / "r.git", "--bare")
    repo.write("a.txt", b"one\n")
    repo.git("add", "a.txt")
    said = git(repo.path, "commit", "-q", "-m", "change").said
    for event in ("pre-commit", "post-commit", "transaction committed"):
        assert f"foreign {event}".encode() in said and f"own {event}".encode() in said
    for name in (f"{tmp_path}/r.git", f"{tmp_path}/r.git"):  # the second time there is no line
        said = git(repo.path, "push", name, "main", "main:more").said
        count = b"2" if b"new branch" in said else b"0"
        assert b"foreign pre-push " in said and b"own pre-push " in said and said.count(b"r.git " + count) == 2
    repo.write("stop", b"")
    assert git(repo.path, "commit", "-q", "--allow-empty", "-m", "no").status == 1
    (repo.path / "stop").unlink()
    (repo.path / ".git/hooks/pre-commit").unlink()
    assert b"foreign pre-commit" in git(repo.path, "commit", "-q", "--allow-empty", "-m", "more").said
    for event in TEXT:
        (folder / "xoxscan-kept" / event).chmod(0o644)
        (repo.path / ".git/hooks" / event).unlink(missing_ok=True)
    assert b"foreign" not in git(repo.path, "commit", "-q", "--allow-empty", "-m", "more").said


def test_what_is_installed_here_too_is_looked_at_once(run: Run, repo: Repo, sealed: Path, tmp_path: Path) -> None:
    folder = sealed / ".local/share/xoxscan/hooks"
    script(repo.path / ".git/hooks/pre-push", TEXT["pre-push"].replace("foreign", "own"))
    run("install", "--way=files")
    for event in ("pre-commit", "pre-push"):
        script(folder / event, TEXT[event])
    run("install", "--global", "--way=files")
    repo.commit({"a.txt": b"one\n"})
    Repo(tmp_path / "r.git", "--bare")
    said = git(repo.path, "push", tmp_path / "r.git", "main").said
    assert said.count(b"nothing found") == 1 and said.count(b"r.git 1") == 2
    assert commit(repo, b"two\n")[1].count(b"nothing found") == 2  # files, and message
    through, said = commit(repo, BOT)
    assert not through and b"foreign" not in said


def test_uninstall_says_what_is_not_started_any_more(run: Run, repo: Repo, sealed: Path) -> None:
    folder = sealed / ".local/share/xoxscan/hooks"
    script(folder / "post-commit", TEXT["post-commit"])
    run("install", "--global", "--way=files")
    told = run("uninstall", "--global").out
    assert b"post-commit: taken away; the hook that was there before is back" in told
    assert b"not ours, and not started any more" in told and str(folder).encode() in told


@config_hooks
def test_the_configuration_does_not_take_their_place_without_a_word(run: Run, repo: Repo, sealed: Path) -> None:
    folder = sealed / ".local/share/xoxscan/hooks"
    script(folder / "pre-commit", TEXT["pre-commit"])
    run("install", "--global", "--way=files")
    result = run("install", "--global", "--way=config")
    assert result.status == 3 and b"pre-commit in " in result.err and b"would not be started any more" in result.err
    repo.commit({"a.txt": b"one\n"})
    assert b"foreign" in commit(repo, b"two\n")[1]
    (folder / "xoxscan-kept/pre-commit").unlink()
    assert run("install", "--global", "--way=config").status == 0 and not folder.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="needs a link")
def test_a_kept_hook_that_was_a_link(run: Run, repo: Repo, sealed: Path, tmp_path: Path) -> None:
    folder = sealed / ".local/share/xoxscan/hooks"
    script(sealed / "mine/check", TEXT["pre-commit"])
    folder.mkdir(parents=True)
    (folder / "pre-commit").symlink_to("../../../../mine/check")
    run("install", "--global", "--way=files")
    repo.commit({"a.txt": b"one\n"})
    assert b"foreign pre-commit" in commit(repo, b"two\n")[1]
    assert run("uninstall", "--global").status == 0
    assert os.readlink(folder / "pre-commit") == "../../../../mine/check"


# What is kept, and nobody runs any more


def put_back(told: bytes, name: str) -> None:
    """Does what uninstall says of the kept hook `name`."""
    (line,) = [line for line in told.decode().splitlines() if line.startswith(f"{name}: ") and " was left" in line]
    command = line.rpartition("; ")[2].partition(" puts it back")[0]
    subprocess.run(command, shell=True, check=True)


@pytest.mark.parametrize("name", ["pre-commit", "post-commit"])
def test_of_two_hooks_of_others_the_kept_one_is_named(run: Run, repo: Repo, sealed: Path, name: str) -> None:
    folder = sealed / ".local/share/xoxscan/hooks"
    script(folder / name, TEXT[name])
    assert run("install", "--global", "--way=files").status == 0
    script(folder / name, "#!/bin/sh\nexit 0\n")
    assert run("install", "--global", "--way=files").status == 3
    told = run("uninstall", "--global")
    assert told.status == 0 and f"{name} in {folder}: not ours".encode() in told.out
    assert b"another hook stands in its place" in told.out and b"in place of the other" in told.out
    assert (folder / "xoxscan-kept" / name).read_text() == TEXT[name]
    put_back(told.out, name)
    assert (folder / name).read_text() == TEXT[name]


@pytest.mark.parametrize("linked", [False, True])
@pytest.mark.parametrize("gone", [False, True])
def test_a_kept_hook_whose_place_was_taken(run: Run, repo: Repo, linked: bool, gone: bool) -> None:
    """As by `pre-commit install --overwrite`, or where somebody deleted ours."""
    hook = repo.path / ".git/hooks/pre-commit"
    script(hook.with_name("real") if linked else hook, TEXT["pre-commit"])
    if linked:
        hook.symlink_to("real")
    assert run("install", "--way=files").status == 0
    hook.unlink()
    if not gone:
        script(hook, "#!/bin/sh\n# generated by pre-commit\n")
    told = run("uninstall")
    words = b"ours, which ran it, is gone" if gone else b"another hook stands in its place"
    assert told.status == 0 and words in told.out
    put_back(told.out, "pre-commit")
    assert hook.read_text() == TEXT["pre-commit"] and hook.is_symlink() == linked
    assert run("uninstall").out == b"no hook of xoxscan is installed here\n"
