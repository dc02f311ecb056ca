"""`xoxscan doctor`: what it says of real set-ups, what --try does and leaves alone, and who loads the network."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml

from scanner.hooks.framework import STAGES
from tests.commands.hooked import PROGRAM, config_hooks, git
from tests.commands.test_install import HOOKS, HUSKY, files, pre_commit, script
from tests.conftest import Repo, Run, token

ROOT = Path(__file__).resolve().parents[2]
EVENTS = ("commits", "merges", "commit messages", "pushes")


@pytest.fixture(autouse=True)
def named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [str(PROGRAM)])
    monkeypatch.setenv("PATH", f"{PROGRAM.parent}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def ours(repo: Repo) -> Repo:
    repo.commit({"a.txt": b"one\n", "sub dir/größer.txt": b"two\n"})
    return repo


def install(run: Run) -> None:
    assert run("install", "--way=files").status == 0


def said(run: Run, *words: str, status: int, env: dict[str, str] | None = None) -> dict[str, str]:
    """State by subject of what `doctor` says, and all of it."""
    result = run("doctor", *words, env=env)
    assert result.status == status, result
    text = result.out.decode()
    found = {line[8:].partition(":")[0]: line.split()[0] for line in text.splitlines() if line[:1] not in (" ", "")}
    return {**found, "all": text}


def test_nothing_is_set_up(run: Run, ours: Repo) -> None:
    told = said(run, status=1)
    assert [told[what] for what in EVENTS] == ["gap"] * 4
    assert "xoxscan install" in told["all"] and "4 gaps; exit status 1" in told["all"]


def test_everything_is(run: Run, ours: Repo) -> None:
    script(ours.path / ".git/hooks/pre-commit", HOOKS["pre-commit"])
    install(run)
    told = said(run, status=0)
    assert [told[what] for what in EVENTS] == ["ok"] * 4
    assert "the hook that was there runs after it" in told["all"]


@pytest.mark.parametrize(
    ("text", "mode", "words"),
    [
        ("#!/bin/sh\necho lefthook\n", 0o755, "is one of lefthook"),
        ("#!/bin/sh\n", 0o755, "is one of another tool"),
        ("#!/bin/sh\nxoxscan staged\n", 0o755, "a script of your own"),
        ("#!/bin/sh\nxoxscan staged\n", 0o644, "chmod +x"),
    ],
)
def test_hooks_of_others(run: Run, ours: Repo, text: str, mode: int, words: str) -> None:
    script(ours.path / ".git/hooks/pre-commit", text)
    (ours.path / ".git/hooks/pre-commit").chmod(mode)
    told = said(run, status=1)
    assert words in told["all"] and (told["commits"] == "ok") == ("own" in words)


def test_a_hook_that_gets_no_input(run: Run, ours: Repo) -> None:
    script(ours.path / ".git/hooks/pre-push", '#!/bin/sh\nxoxscan pre-push "$@" < /dev/null\n')
    told = said(run, status=1)
    assert told["pushes"] == "gap" and "an empty input" in told["all"]
    script(ours.path / ".git/hooks/pre-push", '#!/bin/sh\nxoxscan pre-push "$@"\n')
    told = said(run, status=1)
    assert told["pushes"] == "ok" and "is not seen" in told["all"]


def test_a_program_that_is_gone(run: Run, ours: Repo, tmp_path: Path) -> None:
    install(run)
    hook = ours.path / ".git/hooks/pre-push"
    hook.write_text(hook.read_text().replace(str(PROGRAM), "/nowhere/xoxscan"))
    assert said(run, status=0)["pushes"] == "ok"  # PATH leads to another one
    (tmp_path / "bin").mkdir()
    for name in ("git", "sh"):
        (tmp_path / "bin" / name).symlink_to(f"/usr/bin/{name}")
    os.environ["PATH"] = str(tmp_path / "bin")  # put back by the fixture
    assert said(run, status=1)["pushes"] == "gap"


@config_hooks
@pytest.mark.parametrize("scope", ["local", "global"])
def test_an_event_that_is_switched_off(run: Run, ours: Repo, scope: str) -> None:
    """git 2.55: all hooks that the configuration names for an event go, whatever their own switches say."""
    assert run("install").status == 0
    assert said(run, "--try", status=0)["commits"] == "ok"
    ours.git("config", f"--{scope}", "hook.pre-commit.enabled", "no")
    before = files(ours.path)
    told = said(run, "--try", status=1)
    assert [told[what] for what in EVENTS] == ["gap", "ok", "ok", "ok"]
    assert tries(told) == ["gap", "ok", "ok"] and files(ours.path) == before
    mend = "git config --unset" if scope == "local" else "git config --global --unset"
    assert f"hook.pre-commit.enabled is false ({scope})" in told["all"]
    assert f"        {mend} hook.pre-commit.enabled\n" in told["all"]
    result = run("install", *(["--global"] if scope == "global" else []))
    assert b"pre-commit: is switched off:" in result.out and f"{mend} hook.pre-commit.enabled".encode() in result.out
    git(ours.path, *f"config --{scope} hook.pre-commit.enabled nonsense".split())  # git passes that over
    assert said(run, status=0)["commits"] == "ok"


@config_hooks
def test_an_event_that_is_switched_on_again_here(run: Run, ours: Repo) -> None:
    assert run("install").status == 0
    ours.git("config", "--global", "hook.commit-msg.enabled", "0")
    assert said(run, "--try", status=1)["commit messages"] == "gap"
    ours.git("config", "hook.commit-msg.enabled", "1")
    assert said(run, "--try", status=0)["commit messages"] == "ok"
    env = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "hook.pre-push.enabled", "GIT_CONFIG_VALUE_0": ""}
    told = said(run, status=1, env=env)
    assert told["pushes"] == "gap" and "out of GIT_CONFIG_PARAMETERS" in told["all"]


@config_hooks
def test_a_file_goes_on_where_an_event_is_switched_off(run: Run, ours: Repo) -> None:
    assert run("install").status == 0
    script(ours.path / ".git/hooks/pre-commit", f'#!/bin/sh\nexec "{PROGRAM}" hook\n')
    ours.git("config", "hook.pre-commit.enabled", "false")
    told = said(run, "--try", status=0)
    assert told["commits"] == "ok" and "a script of your own" in told["all"]


# The pre-commit framework


def test_our_hooks_in_its_manifest() -> None:
    manifest = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    stages = {hook["id"]: tuple(stage for stage in hook["stages"] if stage != "manual") for hook in manifest}
    assert stages == STAGES


def framework(repo: Repo, *hooks: str, more: str = "") -> None:
    listed = ", ".join(f"{{id: {hook}}}" if ":" not in hook else f"{{{hook}}}" for hook in hooks)
    text = f"{more}repos: [{{repo: 'https://example.org/xoxscan', rev: v1, hooks: [{listed}]}}]\n"
    repo.commit({".pre-commit-config.yaml": text.encode()})


def test_types_that_are_not_installed(run: Run, ours: Repo) -> None:
    framework(ours, *STAGES)
    pre_commit(ours, "install", "-t", "pre-commit")
    told = said(run, status=1)
    assert [told[what] for what in EVENTS] == ["ok", "gap", "gap", "gap"]
    assert "pre-commit install --hook-type pre-push" in told["all"]
    pre_commit(
        ours, "install", *(word for event in ("pre-merge-commit", "commit-msg", "pre-push") for word in ("-t", event))
    )
    assert [said(run, status=0)[what] for what in EVENTS] == ["ok"] * 4
    assert said(run, status=1, env={"SKIP": "other, xoxscan"})["commits"] == "gap"


def test_hooks_that_are_not_configured(run: Run, ours: Repo) -> None:
    framework(ours, "id: xoxscan, stages: [commit]", "id: other")
    pre_commit(ours, "install", "-t", "pre-commit", "-t", "pre-push", "-t", "pre-merge-commit")
    told = said(run, status=1)
    assert [told[what] for what in EVENTS] == ["ok", "gap", "gap", "gap"]
    assert "add the hook xoxscan-push" in told["all"]


def test_a_local_hook_and_default_stages(run: Run, ours: Repo) -> None:
    framework(
        ours, "id: leaks, name: leaks, language: system, entry: xoxscan hook", more="default_stages: [pre-push]\n"
    )
    pre_commit(ours, "install", "-t", "pre-push")
    assert said(run, status=1)["pushes"] == "ok"


def test_our_hook_below_that_of_pre_commit(run: Run, ours: Repo) -> None:
    install(run)
    framework(ours, "other")
    pre_commit(ours, "install")
    assert "pre-commit.legacy (which pre-commit starts)" in said(run, status=0)["all"]


@pytest.mark.parametrize(
    "text", ["repos: [xoxscan\n", "xoxscan\n", "repos: {xoxscan: 1}\n", "repos: [{hooks: 3}, xoxscan]"]
)
def test_a_configuration_that_is_none(run: Run, ours: Repo, text: str) -> None:
    ours.write(".pre-commit-config.yaml", text.encode())
    assert ("unknown" in said(run, status=1)["all"]) == (text == "repos: [xoxscan\n")


# What else it reads


def test_husky(run: Run, ours: Repo) -> None:
    for event in ("pre-commit", "pre-merge-commit", "commit-msg", "pre-push"):
        script(ours.path / ".husky/_" / event, f"{HUSKY}# husky\n")
    ours.git("config", "core.hooksPath", ".husky/_")
    assert "is one of husky" in said(run, status=1)["all"]
    install(run)
    told = said(run, status=0)
    assert told["core.hooksPath"] == "note"
    assert said(run, status=1, env={"HUSKY": "0"})["HUSKY"] == "gap"


def test_hooks_that_are_nowhere(run: Run, ours: Repo) -> None:
    ours.git("config", "core.hooksPath", "/nowhere")
    assert "git config --local --unset core.hooksPath" in said(run, status=1)["all"]


@config_hooks
def test_hooks_that_need_no_folder(run: Run, ours: Repo) -> None:
    """What git's configuration names is started wherever core.hooksPath leads; where it is not, that is a gap."""
    ours.git("config", "core.hooksPath", "/nowhere")
    assert run("install").status == 0
    told = said(run, "--try", status=0)
    assert told["core.hooksPath"] == "note" and "no hook file is started" in told["all"]
    ours.git("config", "hook.pre-push.enabled", "false")
    assert said(run, status=1)["core.hooksPath"] == "gap"


def test_what_is_not_here(run: Run, ours: Repo, tmp_path: Path) -> None:
    ours.git("config", "uploadpack.allowFilter", "true")
    ours.commit({".gitattributes": b"*.bin filter=lfs\n"})
    ours.commit({"a.txt": b"more\n"})
    words = ("clone", "-q", "--depth=1", "--filter=blob:none", f"file://{ours.path}", tmp_path / "clone")
    assert git(tmp_path, *words).status == 0
    result = run("-C", tmp_path / "clone", "doctor")
    assert b"git fetch --unshallow" in result.out and b"--refetch" in result.out and b"Git LFS" in result.out


def test_the_folder_of_another(run: Run, ours: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert said(run, status=1)["safe.directory"] == "note"


@pytest.mark.parametrize("lines", ["exit 0\n", "check() { :; }\n"])
def test_our_hook_with_other_lines(run: Run, ours: Repo, tmp_path: Path, lines: str) -> None:
    install(run)
    hook = ours.path / ".git/hooks/pre-push"
    text = hook.read_text()
    hook.write_text(text.replace("own=", f"{lines}own=", 1))
    told = said(run, status=3)
    assert told["pushes"] == "unknown" and "other lines than this version writes" in told["all"]
    bare = Repo(tmp_path / "r.git", "--bare")
    assert run("-C", bare.path, "install").status == 0
    hook = bare.path / "hooks/pre-receive"
    hook.write_text(hook.read_text().replace("own=", f"{lines}own=", 1))
    assert b"unknown pushes" in run("-C", bare.path, "doctor").out
    assert run("-C", bare.path, "install").status == run("-C", bare.path, "doctor").status == 0


def test_our_hook_without_its_program(run: Run, ours: Repo) -> None:
    install(run)
    hook = ours.path / ".git/hooks/pre-push"
    hook.write_text("\n".join(line for line in hook.read_text().splitlines() if not line.startswith("check()")))
    assert said(run, status=3)["pushes"] == "unknown"
    hook.write_text(hook.read_text().replace("fi\n", 'fi\ncheck() { \'x "$@"; }\n', 1))
    assert said(run, status=3)["pushes"] == "unknown"


def test_a_kept_hook_that_may_not_be_run(run: Run, ours: Repo) -> None:
    (ours.path / ".git/hooks").mkdir(exist_ok=True)
    (ours.path / ".git/hooks/pre-push").write_text("#!/bin/sh\n")
    assert b"pre-push: installed; the hook that was there may not be run" in run("install", "--way=files").out
    told = said(run, status=0)
    assert "may not be run, as before" in told["all"] and "runs after it" not in told["all"]


def test_a_server(run: Run, tmp_path: Path) -> None:
    bare = Repo(tmp_path / "r.git", "--bare")
    assert b"gap     pushes" in run("-C", bare.path, "doctor").out
    assert run("-C", bare.path, "install").status == 0
    result = run("-C", bare.path, "doctor", "--try")
    assert (result.status, b"ok      pushes" in result.out, b"no work tree" in result.out) == (3, True, True)


def test_a_server_below_the_hooks_of_install_global(run: Run, ours: Repo, tmp_path: Path) -> None:
    assert run("install", "--global", "--way=files").status == 0
    bare = Repo(tmp_path / "r.git", "--bare")
    result = run("-C", bare.path, "doctor")
    assert result.status == 1 and b"gap     pushes: no pre-receive hook" in result.out
    assert b"pre-receive: installed" in run("-C", bare.path, "install").out
    result = run("-C", bare.path, "doctor")
    assert result.status == 0 and str(bare.path / "hooks/pre-receive").encode() in result.out
    ours.write("a.txt", token())
    ours.git("commit", "-q", "--no-verify", "-a", "-m", "leak")
    done = git(ours.path, "push", "--no-verify", bare.path, "main")
    assert done.status == 1 and b"pre-receive hook declined" in done.said
    (bare.path / "hooks/pre-receive").chmod(0o644)
    assert b"chmod +x" in run("-C", bare.path, "doctor").out
    assert run("-C", bare.path, "uninstall").status == 0
    assert not (bare.path / "hooks/pre-receive").exists()


def test_outside_of_a_repository(run: Run, tmp_path: Path) -> None:
    assert run("-C", tmp_path, "doctor").status == 3


# --try


def tries(told: dict[str, str]) -> list[str]:
    return [line.split()[0] for line in told["all"].splitlines() if line[8:].startswith("try:")]


def test_a_fake_is_stopped_and_nothing_of_the_repository_changes(run: Run, ours: Repo) -> None:
    script(ours.path / ".git/hooks/pre-commit", HOOKS["pre-commit"])
    install(run)
    ours.write("a.txt", b"not staged\n")
    ours.write("new.txt", b"staged\n")
    ours.git("add", "new.txt")
    before, touched = files(ours.path), times(ours.path)
    assert tries(said(run, "--try", status=0)) == ["ok"] * 3
    assert files(ours.path) == before and times(ours.path) == touched


def times(folder: Path) -> dict[Path, int]:
    """When each object was last written, or found to be wanted once more."""
    return {path: path.stat().st_mtime_ns for path in (folder / ".git/objects").rglob("*") if path.is_file()}


@pytest.mark.parametrize("packed", [False, True])
def test_no_object_is_touched(run: Run, ours: Repo, packed: bool) -> None:
    """git sets the time of an object that it would write and that a borrowed folder holds."""
    install(run)
    ours.commit({".husky/pre-commit": b"echo the team\n", "package.json": b"{}\n", "sub dir/x": b"x\n"})
    ours.write("package.json", b"{ }\n")
    if packed:
        ours.git("gc", "-q")
    for path in (ours.path / ".git/objects").rglob("*"):
        os.utime(path, (1, 1))
    before = files(ours.path)
    assert tries(said(run, "--try", status=0)) == ["ok"] * 3
    assert files(ours.path) == before and set(times(ours.path).values()) == {10**9}


@pytest.mark.parametrize("name", ["two\nlines", 'a "quoted" \\\nname'])
def test_in_a_folder_with_a_line_feed_in_its_name(run: Run, tmp_path: Path, name: str) -> None:
    repo = Repo(tmp_path / name)
    repo.commit({"a.txt": b"one\n"})
    assert run("-C", repo.path, "install", "--way=files").status == 0
    result = run("-C", repo.path, "doctor", "--try")
    assert (result.status, result.out.count(b"was stopped")) == (0, 3), result


def test_a_fake_is_not_stopped(run: Run, ours: Repo) -> None:
    before = files(ours.path)
    assert tries(said(run, "--try", status=1)) == ["gap"] * 3
    assert files(ours.path) == before


def test_in_a_repository_without_a_commit_and_with_packed_objects(run: Run, repo: Repo) -> None:
    install(run)
    assert tries(said(run, "--try", status=0)) == ["ok"] * 3
    repo.commit({"a.txt": b"one\n"})
    repo.git("gc", "-q")
    before = files(repo.path)
    assert tries(said(run, "--try", status=0)) == ["ok"] * 3
    assert files(repo.path) == before


def test_a_hook_that_fails_for_another_reason(run: Run, ours: Repo) -> None:
    script(ours.path / ".git/hooks/pre-commit", "#!/bin/sh\nexit 1\n")
    script(ours.path / ".git/hooks/pre-push", "#!/bin/sh\necho no way\nexit 1\n")
    told = said(run, "--try", status=1)
    assert tries(told) == ["unknown"] * 3 and "not by xoxscan: without a word" in told["all"]


def test_a_hook_that_never_ends(run: Run, ours: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scanner.hooks.trial.SECONDS", 0.2)
    script(ours.path / ".git/hooks/pre-commit", "#!/bin/sh\nsleep 60 & sleep 60\n")
    assert "took more than" in said(run, "--try", status=1)["all"]


def test_through_husky_and_the_framework(run: Run, ours: Repo, tmp_path: Path) -> None:
    for event in ("pre-commit", "pre-merge-commit", "commit-msg", "pre-push"):
        script(ours.path / ".husky/_" / event, HUSKY)
    ours.git("config", "core.hooksPath", ".husky/_")
    ours.commit({".husky/pre-commit": b"echo the team\n"})
    install(run)  # not committed yet
    before = files(ours.path)
    assert tries(said(run, "--try", status=0)) == ["ok"] * 3
    assert files(ours.path) == before


def test_through_the_framework(run: Run, ours: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "cache"))
    hook = f"id: xoxscan, name: x, language: system, entry: '{PROGRAM} hook', stages: [pre-commit]"
    ours.commit({".pre-commit-config.yaml": f"repos: [{{repo: local, hooks: [{{{hook}}}]}}]\n".encode()})
    pre_commit(ours, "install")
    before = files(ours.path)
    assert tries(said(run, "--try", status=1)) == ["ok", "gap", "gap"]
    assert files(ours.path) == before


def test_where_no_clone_can_be_made(run: Run, ours: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")
    assert "no throw-away clone" in said(run, "--try", status=1)["all"]


def test_from_a_shallow_clone(run: Run, ours: Repo, tmp_path: Path) -> None:
    ours.commit({"a.txt": b"more\n"})
    assert git(tmp_path, "clone", "-q", "--depth=1", f"file://{ours.path}", tmp_path / "clone").status == 0
    assert run("-C", tmp_path / "clone", "install", "--way=files").status == 0
    result = run("-C", tmp_path / "clone", "doctor", "--try")
    assert (result.status, result.out.count(b"was stopped")) == (0, 3)


# --online


@pytest.fixture
def slack() -> Iterator[tuple[HTTPServer, list[tuple[str, str | None]]]]:
    seen: list[tuple[str, str | None]] = []

    class Handler(BaseHTTPRequestHandler):
        body = b'{"ok": true}'

        def do_POST(self) -> None:
            seen.append((self.path, self.headers.get("Authorization")))
            self.send_response(200)
            self.send_header("Content-Length", str(len(self.body)))
            self.end_headers()
            self.wfile.write(self.body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server, seen
        server.shutdown()
        thread.join()


def test_slack_is_asked_only_with_online(
    run: Run, ours: Repo, slack: tuple[HTTPServer, list[tuple[str, str | None]]]
) -> None:
    server, seen = slack
    env = {"SLACK_API_URL": f"http://127.0.0.1:{server.server_port}/api/"}
    said(run, "--try", status=1, env=env)
    assert seen == []
    assert said(run, "--online", status=1, env=env)["Slack"] == "ok"
    assert seen == [("/api/api.test", None)]
    for body in (b"<html>", b"[]", b'{"ok": false}'):
        server.RequestHandlerClass.body = body  # type: ignore[attr-defined]
        assert said(run, "--online", status=1, env=env)["Slack"] == "unknown"


def test_slack_cannot_be_reached(run: Run, ours: Repo) -> None:
    install(run)
    env = {"SLACK_API_URL": "http://127.0.0.1:1/api/"}
    assert "connection failed" in said(run, "--online", status=3, env=env)["all"]
    assert run("doctor", "--online", env={"SLACK_API_URL": "http://example.org/"}).status == 2


# What is loaded: somebody waits for these


@pytest.mark.parametrize("command", ["pre-push", "pre-receive", "doctor", "install"])
def test_no_network_is_loaded(ours: Repo, command: str) -> None:
    tip = ours.git("rev-parse", "HEAD")
    zeros = "0" * 40
    lines = {"pre-push": f"x {tip} refs/heads/x {zeros}\n", "pre-receive": f"{zeros} {tip} refs/heads/x\n"}
    code = "import sys, json; from scanner.cli import main; main(sys.argv[1:])"
    code += "; print(json.dumps([*sys.modules]), file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", code, command], input=lines.get(command, "").encode(), capture_output=True, check=True
    )
    names = set(json.loads(done.stderr.splitlines()[-1]))
    heavy = {"http", "requests", "rich", "socket", "ssl", "urllib3", "multiprocessing", "hashlib"}
    heavy |= {"hyperscan"} if command == "pre-push" else set()
    heavy |= {"yaml"} if command in ("doctor", "install") else set()  # rules are YAML where no wheel was made
    assert not names & heavy


# What is to be done


@pytest.mark.parametrize(
    ("scope", "folder", "mend"),
    [
        ("--local", ".githooks", 'before others: xoxscan hook "$@" || exit $?'),
        ("--global", "{above}/hooks", "        xoxscan install --global\n"),
        ("--global", "/nowhere", "git config --global --unset core.hooksPath, then xoxscan install\n"),
        ("--local", ".git/nowhere", "git config --local --unset core.hooksPath, then xoxscan install\n"),
        ("--local", ".husky/_", "npx husky, then xoxscan install\n"),
        ("--local", ".git/team", "        xoxscan install\n"),
    ],
)
def test_what_install_would_refuse_is_not_the_remedy(run: Run, ours: Repo, scope: str, folder: str, mend: str) -> None:
    for each in (ours.path / ".githooks", ours.path / ".git/team", ours.path.parent / "hooks"):
        each.mkdir()
    ours.git("config", scope, "core.hooksPath", folder.format(above=ours.path.parent))
    assert mend in run("doctor").out.decode().partition("gap     merges")[0]


def test_a_team_that_needs_the_program_on_path(run: Run, ours: Repo) -> None:
    ours.write(".husky/_/pre-commit", b'#!/bin/sh\nsh -e .husky/pre-commit "$@"\n').chmod(0o755)
    ours.git("config", "core.hooksPath", ".husky/_")
    without = {"PATH": os.path.dirname(shutil.which("git") or "")}
    if shutil.which("xoxscan", path=without["PATH"]) is None:
        assert b"it is not on PATH here" in run("install", "--way=files", env=without).out
        assert b"xoxscan is not on PATH, so everything is stopped" in run("doctor", env=without).out
    assert b"it is not on PATH here" not in run("install", "--way=files").out
    out = run("doctor").out.decode()
    assert "ok      commits: by " in out and "npx husky writes its hooks anew" in out
