"""`xoxscan install` and `uninstall`, with the real git, pre-commit, and stand-ins for Husky and lefthook."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.hooked import PROGRAM, Done, config_hooks, git, new_git
from tests.conftest import Repo, Run, token

BOT = token()
EVENTS = ("pre-commit", "pre-merge-commit", "commit-msg", "pre-push")


@pytest.fixture(autouse=True)
def named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program as its console script is called, and on PATH, as Husky's scripts need it."""
    monkeypatch.setattr(sys, "argv", [str(PROGRAM)])
    monkeypatch.setenv("PATH", f"{PROGRAM.parent}{os.pathsep}{os.environ['PATH']}")


def files(folder: Path) -> dict[str, tuple[int, bytes | str]]:
    """Everything below a folder, byte for byte: mode, and content or where a link leads."""
    found: dict[str, tuple[int, bytes | str]] = {}
    for path in folder.rglob("*"):
        if path.is_symlink():
            found[str(path.relative_to(folder))] = (0, os.readlink(path))
        elif path.is_file():
            found[str(path.relative_to(folder))] = (path.stat().st_mode, path.read_bytes())
    return found


def commit(repo: Repo, content: bytes, message: str = "change", cwd: Path | None = None) -> Done:
    repo.write("a.txt", content)
    return git(cwd or repo.path, "commit", "-q", "-m", message, "--", ":/a.txt")


def stopped(done: Done) -> bool:
    """Whether git was stopped, and that by a finding."""
    assert BOT not in done.said
    assert (done.status != 0) == (b"slack-bot-token" in done.said), done
    return done.status != 0


def script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture
def ours(repo: Repo) -> Repo:
    repo.commit({"a.txt": b"one\n", "sub dir/b.txt": b"two\n"})
    return repo


def install(run: Run, *words: str, status: int = 0) -> bytes:
    result = run("install", "--way=files", *words)
    assert result.status == status, result
    return result.out + result.err


def test_all_four_hooks_stop_what_they_should(run: Run, ours: Repo, tmp_path: Path) -> None:
    before = files(ours.path / ".git")
    install(run)
    assert stopped(commit(ours, BOT)) and not stopped(commit(ours, b"two\n"))
    assert stopped(commit(ours, b"three\n", BOT.decode()))
    assert stopped(commit(ours, BOT, cwd=ours.path / "sub dir"))
    ours.git("reset", "-q", "--hard", "HEAD~1")
    Repo(tmp_path / "r.git", "--bare")
    ours.git("switch", "-q", "-c", "leak")
    ours.write("a.txt", BOT)
    ours.git("commit", "-q", "--no-verify", "-a", "-m", "leak")
    assert stopped(git(ours.path, "push", tmp_path / "r.git", "main", "leak"))
    ours.git("switch", "-q", "main")
    ours.git("branch", "-q", "-D", "leak")
    assert run("uninstall").status == 0
    after = files(ours.path / ".git")
    assert {name for name in after if "hooks" in name} == {name for name in before if "hooks" in name}


def test_an_evil_merge_is_stopped(run: Run, ours: Repo) -> None:
    install(run)
    ours.git("switch", "-q", "-c", "topic")
    ours.commit({"a.txt": b"theirs\n", ".gitattributes": b"a.txt merge=planting\n"})
    ours.git("switch", "-q", "main")
    ours.commit({"a.txt": b"ours\n", ".gitattributes": b"a.txt merge=planting\n"})
    ours.write("driver", BOT)
    driver = "merge.planting.driver=cp driver %A"
    assert stopped(git(ours.path, "-c", driver, "merge", "--no-edit", "topic"))


def test_what_somebody_changed_is_named_and_kept(run: Run, ours: Repo) -> None:
    script(ours.path / ".git/hooks/pre-commit", HOOKS["pre-commit"])
    before = files(ours.path / ".git/hooks")
    install(run)
    for event in ("pre-commit", "pre-push"):
        hook = ours.path / ".git/hooks" / event
        hook.write_text(hook.read_text() + "# mine\n")
    out = run("uninstall").out
    assert out.count(b"other lines than this version writes") == 2 and b"pre-push.changed" in out
    after = files(ours.path / ".git/hooks")
    assert before.items() <= after.items() and after.keys() - before.keys() == {
        "pre-commit.changed",
        "pre-push.changed",
    }
    assert str(after["pre-push.changed"][1]).count("# mine") == 1


def test_installing_again_keeps_what_somebody_added(run: Run, ours: Repo) -> None:
    install(run)
    hook = ours.path / ".git/hooks/pre-commit"
    hook.write_text(hook.read_text() + "make lint-mine\n")
    assert b"they are in " in install(run)
    assert "make lint-mine" in hook.with_name("pre-commit.changed").read_text()
    assert "make lint-mine" not in hook.read_text()


def test_linked_work_trees_and_strange_names(run: Run, ours: Repo, tmp_path: Path) -> None:
    linked = tmp_path / "linked, 'größer'\"$(touch no)"
    ours.git("worktree", "add", "-q", str(linked), "-b", "topic")
    assert run("-C", linked, "install", "--way=files").status == 0
    (linked / "a.txt").write_bytes(BOT)
    assert stopped(git(linked, "commit", "-q", "-a", "-m", "change"))
    assert stopped(commit(ours, BOT))


def test_it_can_be_done_again(run: Run, ours: Repo) -> None:
    assert b"pre-push: installed" in install(run)
    first = files(ours.path / ".git")
    assert install(run).count(b"is there already") == 4
    assert files(ours.path / ".git") == first
    hook = ours.path / ".git/hooks/pre-commit"
    hook.write_bytes(hook.read_bytes() + b"# older\n")
    assert b"pre-commit: brought up to date" in install(run)
    hook.with_name("pre-commit.changed").unlink()
    assert files(ours.path / ".git") == first
    assert run("uninstall").out.count(b"taken away") == 4
    assert b"no hook of xoxscan is installed here" in run("uninstall").out


HOOKS = {
    "pre-commit": '#!/bin/sh\necho kept "$(basename "$0")"\n[ ! -e stop ]\n',
    "commit-msg": '#!/usr/bin/env python3\nimport sys\nprint("kept", len(sys.argv), open(sys.argv[1]).read())\n',
    "pre-push": '#!/bin/sh\necho kept "$@" "$(wc -l | tr -d " ")"\n',
}


def test_hooks_that_were_there_go_on_running_and_come_back(run: Run, ours: Repo, tmp_path: Path) -> None:
    hooks = ours.path / ".git/hooks"
    for name, text in HOOKS.items():
        script(hooks / name, text)
    (hooks / "pre-merge-commit").write_text("not run: it may not be")
    (hooks / "pre-merge-commit").chmod(0o640)
    before = files(hooks)
    install(run)
    install(run)
    done = commit(ours, b"two\n", "subject")
    assert not stopped(done) and b"kept pre-commit" in done.said and b"kept 2 subject" in done.said
    done = commit(ours, BOT)
    assert stopped(done) and b"kept" not in done.said
    (ours.path / "stop").touch()
    assert git(ours.path, "commit", "-q", "--allow-empty", "-m", "change").status == 1
    Repo(tmp_path / "r.git", "--bare")
    ours.git("checkout", "-q", "a.txt", ok=(0, 1))
    done = git(ours.path, "push", tmp_path / "r.git", "main", "main:more")
    assert done.status == 0 and b"r.git 2" in done.said
    assert run("uninstall").status == 0
    assert files(hooks) == before


@pytest.mark.parametrize("absolute", [True, False])
def test_a_hook_that_is_a_link(run: Run, ours: Repo, absolute: bool) -> None:
    script(ours.path / "scripts/check", HOOKS["pre-commit"])
    target = str(ours.path / "scripts/check") if absolute else "../../scripts/check"
    (ours.path / ".git/hooks").mkdir(exist_ok=True)
    (ours.path / ".git/hooks/pre-commit").symlink_to(target)
    install(run)
    assert b"kept pre-commit" in commit(ours, b"two\n").said and stopped(commit(ours, BOT))
    assert run("uninstall").status == 0
    assert os.readlink(ours.path / ".git/hooks/pre-commit") == target


@pytest.mark.parametrize(
    "text",
    [
        '#!/bin/sh\n. "$(dirname "$0")/common.sh"\n',
        '#!/bin/sh\nfor each in "$0".d/*; do "$each"; done\n',
        '#!/bin/bash\nsource "${BASH_SOURCE%/*}/common.sh"\n',
        "#!/usr/bin/env python3\nimport os\nprint(os.path.realpath(__file__))\n",
    ],
)
def test_a_hook_that_looks_beside_itself_is_not_moved(run: Run, ours: Repo, text: str) -> None:
    hooks = ours.path / ".git/hooks"
    script(hooks / "pre-push", text)
    before = files(ours.path / ".git")
    told = install(run, status=3)
    assert b"it is not moved" in told and b'xoxscan pre-push "$@" || exit $?' in told
    assert files(ours.path / ".git") == before
    (hooks / "pre-push").chmod(0o644)  # git does not run it
    install(run)


def test_what_is_told_to_do_by_hand_works(run: Run, ours: Repo, tmp_path: Path) -> None:
    hooks = ours.path / ".git/hooks"
    script(hooks / "pre-push", '#!/bin/sh\n. "$(dirname "$0")/common.sh"\n')
    told = install(run, status=3).decode()
    line = told.partition("after its first line: ")[2].partition("; and give")[0].strip()
    script(hooks / "pre-push", f'#!/bin/sh\n{line}\n. "$(dirname "$0")/common.sh"\n')
    script(hooks / "common.sh", 'echo "kept: $input"\n')
    script(hooks / "commit-msg", '#!/bin/sh\n# "$0"\n')
    line = install(run, status=3).decode().partition("after its first line: ")[2].strip()
    script(hooks / "commit-msg", f'#!/bin/sh\n{line}\n# "$0"\n')
    assert stopped(commit(ours, b"two\n", BOT.decode()))
    Repo(tmp_path / "r.git", "--bare")
    assert b"kept: refs/heads/main" in git(ours.path, "push", tmp_path / "r.git", "main").said
    ours.write("a.txt", BOT)
    ours.git("commit", "-q", "--no-verify", "-a", "-m", "leak")
    assert stopped(git(ours.path, "push", tmp_path / "r.git", "main"))


def test_a_server_with_a_folder_of_hooks_is_left_as_it_is(run: Run, ours: Repo, tmp_path: Path) -> None:
    bare = Repo(tmp_path / "r.git", "--bare")
    run_all = 'input=$(cat)\nfor each in hooks/pre-receive.d/*; do echo "$input" | "$each" || exit $?; done\n'
    script(bare.path / "hooks/pre-receive", f"#!/bin/sh\n{run_all}")
    script(bare.path / "hooks/pre-receive.d/10-policy", "#!/bin/sh\necho the policy\n")
    before = files(bare.path)
    result = run("-C", bare.path, "install")
    assert result.status == 3 and b'exec xoxscan pre-receive "$@"' in result.err and files(bare.path) == before
    script(bare.path / "hooks/pre-receive.d/20-xoxscan", '#!/bin/sh\nexec xoxscan pre-receive "$@"\n')
    assert b"the policy" in git(ours.path, "push", bare.path, "main").said
    ours.write("a.txt", BOT)
    ours.git("commit", "-q", "-a", "-m", "leak")
    assert git(ours.path, "push", bare.path, "main").status == 1


def test_two_hooks_for_one_event_are_refused(run: Run, ours: Repo) -> None:
    hooks = ours.path / ".git/hooks"
    script(hooks / "pre-commit", "#!/bin/sh\n")
    install(run)
    script(hooks / "pre-commit", "#!/bin/sh\n# another tool's\n")
    before = files(hooks)
    assert b"are two hooks for one event" in install(run, status=3)
    assert files(hooks) == before
    shutil.copy(hooks / "xoxscan-kept/pre-commit", hooks / "pre-commit")
    install(run)
    assert stopped(commit(ours, BOT))
    (hooks / "pre-push").unlink()
    (hooks / "pre-push").mkdir()
    assert b"is a folder" in install(run, status=3)


def test_a_program_that_is_gone_stops_everything(run: Run, ours: Repo, tmp_path: Path) -> None:
    install(run)
    hook = ours.path / ".git/hooks/pre-commit"
    hook.write_text(hook.read_text().replace(str(PROGRAM), "/nowhere/xoxscan"))
    assert stopped(commit(ours, BOT))  # by the one on PATH
    env = {"PATH": os.environ["PATH"].replace(f"{PROGRAM.parent}{os.pathsep}", "")}
    if shutil.which("xoxscan", path=env["PATH"]) is None:
        done = git(ours.path, "commit", "-q", "-a", "-m", "change", env=env)
        assert done.status == 1 and b"nothing was scanned" in done.said


# Beside others


@pytest.fixture
def framework(ours: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """A repository with the pre-commit framework and a hook of its own."""
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "cache"))
    hook = "{id: hello, name: hello, entry: echo framework, language: system, always_run: true, verbose: true}"
    ours.commit({".pre-commit-config.yaml": f"repos: [{{repo: local, hooks: [{hook}]}}]\n".encode()})
    return ours


def pre_commit(repo: Repo, *words: str) -> None:
    command = [sys.executable, "-m", "pre_commit", *words]
    subprocess.run(command, cwd=repo.path, check=True, capture_output=True)


def test_pre_commit_first(run: Run, framework: Repo) -> None:
    pre_commit(framework, "install")
    before = files(framework.path / ".git/hooks")
    install(run)
    assert stopped(commit(framework, BOT)) and b"framework" in commit(framework, b"two\n").said
    pre_commit(framework, "install")  # moves ours, and calls it
    assert b"is there already" in install(run)
    assert stopped(commit(framework, BOT))
    done = commit(framework, b"three\n")
    assert done.status == 0 and done.said.count(b"- hook id: hello") == 1
    assert run("uninstall").status == 0
    assert files(framework.path / ".git/hooks") == before


def test_pre_commit_afterwards(run: Run, framework: Repo) -> None:
    install(run)
    pre_commit(framework, "install", "-t", "pre-commit", "-t", "pre-push")
    assert stopped(commit(framework, BOT)) and b"framework" in commit(framework, b"two\n").said
    assert run("uninstall").status == 0
    assert not stopped(commit(framework, BOT[:9]))
    left = {name for name in files(framework.path / ".git/hooks") if not name.endswith(".sample")}
    assert left == {"pre-commit", "pre-push"}


@pytest.mark.parametrize("linked", [False, True])
def test_the_hook_that_pre_commit_had_moved_survives_its_second_installation(
    run: Run, framework: Repo, linked: bool
) -> None:
    hooks = framework.path / ".git/hooks"
    script(framework.path / "scripts/check", HOOKS["pre-commit"])
    if linked:
        hooks.mkdir(exist_ok=True)
        (hooks / "pre-commit").symlink_to("../../scripts/check")
    else:
        script(hooks / "pre-commit", HOOKS["pre-commit"])
    pre_commit(framework, "install")
    before = files(hooks)
    assert "pre-commit.legacy" in before
    install(run)
    for number in range(3):
        done = commit(framework, b"more %d\n" % number)
        assert not stopped(done) and done.said.count(b"kept pre-commit") == 1
        assert done.said.count(b"- hook id: hello") == 1 and stopped(commit(framework, BOT))
        pre_commit(framework, "install")
    assert b"is there already" in install(run)
    assert run("uninstall").status == 0
    assert files(hooks) == before


def test_a_link_to_a_legacy_hook_goes(run: Run, framework: Repo) -> None:
    hooks = framework.path / ".git/hooks"
    script(hooks / "pre-commit", HOOKS["pre-commit"])
    pre_commit(framework, "install")
    before = files(hooks)
    install(run)
    (hooks / "xoxscan-kept/pre-commit.legacy").rename(hooks / "pre-commit.legacy")  # as earlier versions did
    (hooks / "xoxscan-kept/pre-commit.legacy").symlink_to("../pre-commit.legacy")
    assert run("uninstall").status == 0
    assert files(hooks) == before


HUSKY = '#!/usr/bin/env sh\nn=$(basename "$0")\ns=$(dirname "$(dirname "$0")")/$n\n[ ! -f "$s" ] || sh -e "$s" "$@"\n'


@pytest.fixture
def husky(ours: Repo) -> Repo:
    """A repository as Husky 9 sets it up, with a hook of the team's."""
    for event in (*EVENTS, "post-commit"):
        script(ours.path / ".husky/_" / event, HUSKY)
    ours.write(".husky/pre-commit", b"echo the team\n")
    ours.write(".husky/pre-push", b'#!/bin/sh\necho "read: $(cat)."\n')
    ours.git("config", "core.hooksPath", ".husky/_")
    return ours


def test_beside_husky(run: Run, husky: Repo, tmp_path: Path) -> None:
    before = files(husky.path / ".husky")
    assert b"commit them" in install(run)
    assert install(run).count(b"is there already") == 4
    assert stopped(commit(husky, BOT)) and b"the team" in commit(husky, b"two\n").said
    assert stopped(commit(husky, b"three\n", BOT.decode()))
    Repo(tmp_path / "r.git", "--bare")
    husky.git("checkout", "-q", "a.txt")
    done = git(husky.path, "push", tmp_path / "r.git", "main")
    assert done.status == 0 and b"read: refs/heads/main" in done.said
    assert b"read: ." in git(husky.path, "push", tmp_path / "r.git", "main").said
    husky.commit({"x": b"x"})
    husky.write("a.txt", BOT)
    husky.git("commit", "-q", "-a", "--no-verify", "-m", "leak")
    assert stopped(git(husky.path, "push", tmp_path / "r.git", "main"))
    assert run("uninstall").status == 0
    assert files(husky.path / ".husky") == before


def test_lines_that_somebody_edited_stay(run: Run, husky: Repo) -> None:
    install(run)
    path = husky.path / ".husky/pre-commit"
    path.write_text(path.read_text().replace("# xoxscan: end\n", ""))
    result = run("uninstall")
    assert result.status == 3 and b"was edited inside our lines" in result.err
    path.write_text(path.read_text().replace("PYTHONPATH=", "MORE= PYTHONPATH="))
    assert b"was edited inside our lines" in install(run, status=3)


def test_lefthook_is_told_of(run: Run, ours: Repo) -> None:
    ours.write("lefthook.yml", b"pre-commit: {}\n")
    script(ours.path / ".git/hooks/pre-commit", "#!/bin/sh\necho lefthook\n")
    assert b"lefthook.yml changes" in install(run)
    assert b"lefthook" in commit(ours, b"two\n").said and stopped(commit(ours, BOT))


@pytest.mark.parametrize("value", ["/dev/null", ".githooks", "../elsewhere"])
def test_what_cannot_be_done_safely_is_refused(run: Run, ours: Repo, value: str) -> None:
    scope = "--global" if value.startswith("..") else "--local"
    script(ours.path / ".githooks/pre-commit", "#!/bin/sh\n")
    ours.git("config", scope, "core.hooksPath", value)
    before = files(ours.path)
    words = {"/dev/null": b"starts no hook", ".githooks": b"part of the work tree", "../elsewhere": b"for more than"}
    assert words[value] in install(run, status=3)
    assert files(ours.path) == before


@pytest.mark.parametrize(
    ("value", "scope", "hint"),
    [
        ("/nowhere/hooks", "--local", b"mkdir -p /nowhere/hooks"),
        (".githooks", "--local", b"git config --local --unset core.hooksPath, then xoxscan install"),
        (".husky/_", "--local", b"npx husky"),
        (".husky", "--local", b"npx husky"),
        ("/nowhere/hooks", "--global", b"mkdir -p /nowhere/hooks"),
        ("hooks", "--global", b"git config --global --unset core.hooksPath, then xoxscan install --global"),
    ],
)
def test_a_folder_that_does_not_exist_is_not_made(
    run: Run, ours: Repo, tmp_path: Path, value: str, scope: str, hint: bytes
) -> None:
    ours.git("config", scope, "core.hooksPath", value.replace("/nowhere", str(tmp_path / "nowhere")))
    before = files(tmp_path), sorted(tmp_path.rglob("*"))
    said = install(run, *([scope] if scope == "--global" else []), status=3)
    assert hint.replace(b"/nowhere", bytes(tmp_path / "nowhere")) in said
    assert (files(tmp_path), sorted(tmp_path.rglob("*"))) == before
    (tmp_path / "nowhere/hooks").mkdir(parents=True)
    if value.startswith("/"):
        install(run, *([scope] if scope == "--global" else []))
        assert stopped(commit(ours, BOT))


@pytest.mark.parametrize("bare", [False, True])
def test_a_folder_of_hooks_that_is_a_link_to_elsewhere(run: Run, ours: Repo, tmp_path: Path, bare: bool) -> None:
    at = Repo(tmp_path / "r.git", "--bare").path if bare else ours.path / ".git"
    shutil.rmtree(at / "hooks", ignore_errors=True)
    script(tmp_path / "team/pre-commit", "#!/bin/sh\n")
    (at / "hooks").symlink_to(tmp_path / "team")
    before = files(tmp_path)
    result = run("-C", at if bare else ours.path, "install", "--way=files")
    assert result.status == 3 and b"for more than this repository" in result.err and files(tmp_path) == before
    (at / "hooks").unlink()
    (at / "within").mkdir()
    (at / "hooks").symlink_to("within")
    assert run("-C", at if bare else ours.path, "install", "--way=files").status == 0


def test_where_nobody_may_write(run: Run, ours: Repo) -> None:
    (ours.path / ".git/hooks").rename(ours.path / ".git/gone") if (ours.path / ".git/hooks").exists() else None
    (ours.path / ".git/hooks").write_text("a file")
    assert b"the hooks cannot be changed" in install(run, status=3)


# A server


def test_a_bare_repository_gets_pre_receive(run: Run, ours: Repo, tmp_path: Path) -> None:
    bare = Repo(tmp_path / "r.git", "--bare")
    script(bare.path / "hooks/pre-receive", '#!/bin/sh\necho kept "$(wc -l | tr -d " ")"\n')
    before = files(bare.path)
    assert run("-C", bare.path, "install").status == 0
    assert b"kept 1" in git(ours.path, "push", bare.path, "main").said
    ours.write("a.txt", BOT)
    ours.git("commit", "-q", "-a", "-m", "leak")
    assert git(ours.path, "push", bare.path, "main").status == 1
    assert run("-C", bare.path, "uninstall").status == 0
    assert before.items() <= files(bare.path).items()


# For all repositories


def test_all_repositories(run: Run, ours: Repo, sealed: Path, tmp_path: Path) -> None:
    before = files(sealed)
    script(ours.path / ".git/hooks/pre-commit", HOOKS["pre-commit"])
    script(ours.path / ".git/hooks/post-commit", "#!/bin/sh\necho own post-commit\n")
    install(run, "--global")
    install(run, "--global")
    done = commit(ours, b"two\n")
    assert not stopped(done) and b"kept pre-commit" in done.said and b"own post-commit" in done.said
    assert stopped(commit(ours, BOT))
    other = Repo(tmp_path / "other")
    other.write("a.txt", BOT)
    other.git("add", "a.txt")
    assert stopped(git(other.path, "commit", "-q", "-m", "change"))
    assert b"nothing to do here" in install(run)
    assert run("uninstall", "--global").status == 0
    assert files(sealed) == before
    assert not stopped(git(other.path, "commit", "-q", "-m", "change"))
    assert b"for all" in run("uninstall", "--global").out


def test_what_is_installed_here_is_not_done_twice(run: Run, ours: Repo) -> None:
    install(run)
    install(run, "--global")
    done = commit(ours, b"two\n")
    assert done.said.count(b"nothing found") == 2  # the files and the message, once each


def test_a_folder_of_hooks_of_ones_own(run: Run, ours: Repo, sealed: Path) -> None:
    script(sealed / "my hooks/pre-commit", HOOKS["pre-commit"])
    ours.git("config", "--global", "core.hooksPath", "~/my hooks")
    before = files(sealed)
    install(run, "--global")
    assert b"kept pre-commit" in commit(ours, b"two\n").said and stopped(commit(ours, BOT))
    assert run("uninstall", "--global").status == 0
    assert files(sealed) == before


def test_a_folder_for_the_whole_machine(run: Run, ours: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "system").write_text("[core]\n\thooksPath = /somewhere\n")
    monkeypatch.delenv("GIT_CONFIG_NOSYSTEM")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", str(tmp_path / "system"))
    assert b"for the whole machine" in install(run, "--global", status=3)


# In git's configuration


@pytest.mark.skipif(new_git(), reason="this git has hooks in its configuration")
def test_an_older_git_has_no_such_thing(run: Run, ours: Repo) -> None:
    result = run("install", "--way=config")
    assert result.status == 2 and b"git 2.54" in result.err
    assert run("install").status == 0
    assert stopped(commit(ours, BOT))


@config_hooks
@pytest.mark.parametrize("scope", [(), ("--global",)])
def test_in_the_configuration(run: Run, husky: Repo, tmp_path: Path, scope: tuple[str, ...]) -> None:
    before = files(husky.path), (tmp_path / "x").exists()
    assert run("install", *scope).status == 0
    assert run("install", *scope).out.count(b"is there already") == 4
    assert stopped(commit(husky, BOT)) and b"the team" in commit(husky, b"two\n").said
    assert stopped(commit(husky, b"three\n", BOT.decode()))
    Repo(tmp_path / "r.git", "--bare")
    husky.git("commit", "-q", "-a", "--no-verify", "-m", "leak", "--allow-empty")
    husky.write("a.txt", BOT)
    husky.git("commit", "-q", "-a", "--no-verify", "-m", "leak")
    assert stopped(git(husky.path, "push", tmp_path / "r.git", "main"))
    assert run("uninstall", *scope).out.count(b"taken away") == 4
    assert (husky.path / ".git/config").read_bytes() == before[0][".git/config"][1]


@config_hooks
def test_files_give_way_to_the_configuration(run: Run, ours: Repo) -> None:
    install(run)
    assert run("install").out.count(b"is there already") == 4
    assert run("install", "--way=config").status == 0
    assert commit(ours, b"two\n").said.count(b"nothing found") == 2
    install(run, "--global")
    assert run("install", "--global", "--way=config").status == 0
    assert run("uninstall", "--global").out.count(b"taken away") == 4
