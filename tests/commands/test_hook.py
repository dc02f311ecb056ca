"""`xoxscan hook`: the index, a push's commits or a message; what it loads. Named files: test_hook_files.py."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import scanner
from scanner import rules
from tests.commands.histories import add, branch, found
from tests.conftest import Repo, Run, token

BOT, USER = token(), token("user")


# The index


def test_without_any_file_it_looks_at_all_that_is_staged(run: Run, repo: Repo) -> None:
    repo.commit({"known.env": USER})
    add(repo, "a.env", BOT)
    result = run("hook", "-f", "json")
    assert (result.status, found(result)) == (1, {(None, "index", "a.env")})
    assert json.loads(result.out)["target"]["kind"] == "hook"


def test_nothing_staged_is_no_fault_and_said(run: Run, repo: Repo) -> None:
    result = run("hook")
    assert (result.status, b"nothing is staged" in result.out) == (0, True)


def test_it_never_responds(run: Run, repo: Repo) -> None:
    assert run("hook", "--respond", "verify").status == 2


def test_C_leaves_the_environment_of_git_behind(run: Run, repo: Repo, tmp_path: Path) -> None:
    other = Repo(tmp_path / "other")
    add(other, "a.env", BOT)
    add(repo, "b.env", USER)
    env = {"GIT_DIR": str(repo.path / ".git"), "GIT_INDEX_FILE": str(repo.path / ".git/index")}
    assert found(run("-C", other.path, "hook", "-f", "json", env=env)) == {(None, "index", "a.env")}
    assert found(run("hook", "-f", "json", env=env)) == {(None, "index", "b.env")}


# A push


def test_a_push_with_both_ends(run: Run, repo: Repo) -> None:
    base = repo.commit({"known.env": USER})
    oid = repo.commit({"a.env": BOT})
    tip = repo.commit({"a.env": b"none"})
    env = {"PRE_COMMIT_FROM_REF": base, "PRE_COMMIT_TO_REF": tip}
    result = run("hook", "-f", "json", env=env)
    assert (result.status, found(result)) == (1, {(oid, "blob", "a.env")})
    assert run("hook", "known.env", env=env).status == 1  # files do not matter: they are those of the last commit
    assert run("hook", env={**env, "PRE_COMMIT_FROM_REF": oid}).status == 0


@pytest.mark.parametrize("base", ["1" * 40, "0" * 40, "nowhere"])
def test_a_push_from_an_unknown_commit(run: Run, repo: Repo, base: str) -> None:
    repo.commit({"a.env": BOT})
    result = run("hook", env={"PRE_COMMIT_FROM_REF": base, "PRE_COMMIT_TO_REF": "HEAD"})
    assert result.status == 3 and b"is not a commit here" in result.err


def test_a_push_of_a_root_commit_has_no_ends(run: Run, repo: Repo) -> None:
    first = repo.commit({"a.env": BOT})
    repo.commit({"a.env": b"none"})
    branch(repo, "topic", {"topic.env": USER})
    env = {"PRE_COMMIT_REMOTE_NAME": "origin", "PRE_COMMIT_REMOTE_URL": "file:///nowhere"}
    assert found(run("hook", "-f", "json", env=env)) == {(first, "blob", "a.env")}
    env["PRE_COMMIT_LOCAL_BRANCH"] = "refs/heads/topic"
    result = run("hook", "a.env", "-f", "json", env=env)
    assert {place[2] for place in found(result)} == {"a.env", "topic.env"}


def test_what_the_remote_holds_already_is_not_pushed_again(run: Run, repo: Repo) -> None:
    repo.commit({"a": b"a"})
    branch(repo, "topic", {"b": b"b"})
    known = repo.commit({"known.env": USER})
    repo.git("update-ref", "refs/remotes/origin/main", known)
    repo.git("update-ref", "refs/remotes/origin/topic", "topic")
    repo.git("switch", "-q", "topic")
    repo.git("merge", "-q", "--no-edit", "main")
    ends = {"PRE_COMMIT_FROM_REF": repo.git("rev-parse", "origin/topic"), "PRE_COMMIT_TO_REF": "HEAD"}
    assert run("hook", env={**ends, "PRE_COMMIT_REMOTE_NAME": "origin"}).status == 0
    assert run("hook", env={"PRE_COMMIT_REMOTE_NAME": "origin"}).status == 0
    assert run("hook", env={**ends, "PRE_COMMIT_REMOTE_NAME": "elsewhere"}).status == 1
    assert run("hook", env={**ends, "PRE_COMMIT_REMOTE_NAME": str(repo.path)}).status == 1
    assert run("hook", env={"PRE_COMMIT_TO_REF": "HEAD"}).status == 1


def test_a_push_is_judged_by_the_configuration_of_head(run: Run, repo: Repo) -> None:
    base = repo.commit({"a": b"a"})
    repo.commit({"a.env": BOT, ".xoxscan.yaml": b"paths: [{pattern: '*.env', reason: an example, owner: ada}]"})
    result = run("hook", "-f", "json", env={"PRE_COMMIT_FROM_REF": base, "PRE_COMMIT_TO_REF": "HEAD"})
    assert (result.status, json.loads(result.out)["config_from"]) == (0, "HEAD:.xoxscan.yaml")


# A message


def test_a_message(run: Run, repo: Repo) -> None:
    message = repo.write(".git/COMMIT_EDITMSG", b"Subject\n\nUse " + BOT + b"\n# " + USER + b"\n")
    result = run("hook", "--commit-msg-file", message, "-f", "json")
    (finding,) = json.loads(result.out)["findings"]
    (place,) = finding["locations"]
    assert (result.status, finding["rule"]) == (1, "slack-bot-token")
    assert (place["source"], place["path"], place["line"], place["column"]) == ("commit-message", None, 3, 5)


def test_a_marker_in_a_message(run: Run, repo: Repo) -> None:
    message = repo.write("message", b"Subject\n\n" + BOT + b" xoxscan:" + b"ignore an example\n")
    result = run("hook", "--commit-msg-file", message, "-f", "json")
    assert (result.status, json.loads(result.out)["suppressed"][0]["reason"]) == (0, "an example")


def test_a_marker_in_a_message_where_changes_may_not_excuse_themselves(run: Run, repo: Repo) -> None:
    add(repo, ".xoxscan.yaml", b"head_suppressions: refuse\n")
    message = repo.write("message", BOT + b" xoxscan:" + b"ignore an example\n")
    assert run("hook", "--commit-msg-file", message).status == 1


def test_a_message_that_is_not_there(run: Run, repo: Repo) -> None:
    result = run("hook", "--commit-msg-file", "nowhere")
    assert result.status == 3
    assert b"nowhere" in result.err and b"  name the file that git gave" in result.err


def test_a_message_in_a_push_is_no_push(run: Run, repo: Repo) -> None:
    repo.commit({"a.env": BOT})
    message = repo.write("message", b"clean")
    env = {"PRE_COMMIT_FROM_REF": "nowhere", "PRE_COMMIT_TO_REF": "HEAD"}
    assert run("hook", "--commit-msg-file", message, env=env).status == 0


# What it loads: every module costs time, and somebody waits


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as a wheel installs it: with the rules as JSON, and no rules/ beside it."""
    site = tmp_path_factory.mktemp("site")
    shutil.copytree(Path(scanner.__file__).parent, site / "scanner", ignore=shutil.ignore_patterns("__pycache__"))
    (site / "scanner" / "data").mkdir(exist_ok=True)
    (site / "scanner" / "data" / "rules.json").write_bytes(rules.to_json(rules.builtin()))
    return site


_REPORT = "import sys; from scanner.cli import main; print(main(sys.argv[1:]), *sys.modules, file=sys.stderr)"


def loaded(site: Path, *argv: str, env: dict[str, str] | None = None) -> tuple[int, set[str]]:
    """Exit status, and the modules that are loaded beyond those of `python -c "import argparse, re, subprocess"`."""
    environ = {**os.environ, **(env or {}), "PYTHONPATH": str(site)}
    code = "import argparse, re, subprocess, sys; print(0, *sys.modules, file=sys.stderr)"

    def modules(*words: str) -> tuple[int, set[str]]:
        done = subprocess.run([sys.executable, "-c", *words], capture_output=True, text=True, check=True, env=environ)
        status, *names = done.stderr.split()
        return int(status), set(names)

    status, names = modules(_REPORT, *argv)
    return status, names - modules(code)[1]


SCANNER = {
    "scanner",
    "scanner.allowance",
    *("scanner.cli", "scanner.config", "scanner.detect", "scanner.errors", "scanner.model"),
    *("scanner.pipeline", "scanner.positions", "scanner.rules", "scanner.spelling"),
    *("scanner.windows", "scanner.commands", "scanner.commands.hook", "scanner.commands.scanning"),
    *("scanner.commands.staged", "scanner.filters", "scanner.filters.baseline", "scanner.filters.entries"),
    *("scanner.filters.fingerprints", "scanner.filters.gitignore", "scanner.filters.paths"),
    *(
        "scanner.git",
        "scanner.git.changes",
        "scanner.git.objects",
        "scanner.git.plain",
        "scanner.git.repository",
        "scanner.git.run",
    ),
    *("scanner.git.snapshots", "scanner.report", "scanner.report.output", "scanner.report.places"),
    *(
        "scanner.report.progress",
        "scanner.report.redactor",
        "scanner.report.text",
        "scanner.sources",
        "scanner.sources.looker",
    ),
    *("scanner.sources.named", "scanner.sources.staged"),
    *(
        "scanner.decode",
        "scanner.decode.around",
        "scanner.decode.containers",
        "scanner.decode.containers_limits",
        "scanner.decode.gates",
        "scanner.decode.literals",
        "scanner.decode.views",
        "scanner.examine",
        "scanner.inside",
        "scanner.literals",
        "scanner.prefilter",
    ),
}
LIBRARY = {
    *("__future__", "_bisect", "bisect", "_json", "json", "json.decoder", "json.encoder", "json.scanner", "binascii"),
    *("_typing", "typing", "typing.io", "typing.re", "gc", "importlib", "zlib"),
}


def test_a_clean_commit_loads_these_modules_and_no_other(installed: Path, repo: Repo) -> None:
    repo.commit({"a.txt": b"one\n", "b.txt": b"one\n"})
    add(repo, "a.txt", b"two\n")
    repo.write("b.txt", b"two\n")
    status, names = loaded(installed, "hook", "a.txt", "b.txt")
    assert status == 0
    assert {name for name in names if name.startswith("scanner")} == SCANNER
    assert {name for name in names if not name.startswith(("scanner", "importlib._"))} <= LIBRARY


SLOW = {
    *("asyncio", "base64", "concurrent.futures", "dataclasses", "datetime", "email", "hashlib", "http", "hyperscan"),
    *("importlib.metadata", "importlib.resources", "inspect", "logging", "multiprocessing", "numpy", "pathlib"),
    *("pickle", "random", "regex", "requests", "rich", "shutil", "socket", "ssl", "tempfile", "textwrap", "urllib"),
    *("urllib3", "yaml"),
}


@pytest.mark.parametrize(
    ("argv", "needs"),
    [
        (("hook",), set[str]()),
        (("hook", "clean.txt"), set[str]()),
        (("staged",), set[str]()),
        (("hook", "--commit-msg-file", "message"), set[str]()),
        (("hook", "leak.env"), {"base64", "hashlib", "regex", "textwrap"}),
    ],
)
def test_nothing_slow_is_loaded_but_where_it_is_needed(
    installed: Path, repo: Repo, argv: tuple[str, ...], needs: set[str]
) -> None:
    repo.commit({"a": b"a"})
    repo.write("message", b"clean\n")
    add(repo, "clean.txt", b"none")
    if "leak.env" in argv:
        add(repo, "leak.env", BOT)
    status, names = loaded(installed, *argv)
    assert status == bool(needs)
    assert names & SLOW == needs


def test_no_hook_loads_the_network(installed: Path, repo: Repo) -> None:
    base = repo.commit({"a": b"a"})
    repo.commit({"a.env": BOT})
    status, names = loaded(installed, "hook", env={"PRE_COMMIT_FROM_REF": base, "PRE_COMMIT_TO_REF": "HEAD"})
    assert status == 1
    assert not names & {"http", "requests", "rich", "socket", "ssl", "urllib3", "yaml", "multiprocessing"}


def test_a_clean_commit_takes_three_processes_of_git(installed: Path, repo: Repo, tmp_path: Path) -> None:
    real = shutil.which("git")
    log = tmp_path / "log"
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").write_text(f'#!/bin/sh\necho run >>"{log}"\nexec "{real}" "$@"\n')
    (tmp_path / "bin/git").chmod(0o755)
    repo.commit({"a": b"a"})
    add(repo, "a", b"b")
    status, _ = loaded(installed, "hook", "a", env={"PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"})
    assert (status, log.read_text().count("run")) == (0, 3)
