"""The whole action, executed as a runner does: real steps, a real environment, a real push, a forge on loopback."""

from __future__ import annotations

import json
import os
import runpy
import shutil
import sys
from pathlib import Path

import pytest

from scanner.ci import installing
from scanner.ci.comment import MARKER
from tests.acceptance.offline import WHEELHOUSE, copy_of_project
from tests.ci.forges import TOKEN, serving
from tests.ci.runner import Job, Ran, Step, act, commands, environ, values
from tests.conftest import Repo, token

pytestmark = pytest.mark.skipif(not (WHEELHOUSE / ".filled").exists(), reason="no wheelhouse: run `make dev`")
OFFLINE = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(WHEELHOUSE), "PIP_CONFIG_FILE": os.devnull}
TRAP = "import pathlib, os; pathlib.Path(os.environ['TRAP']).touch()\n"
HOSTILE = "$(touch pwned);`touch pwned`' \" ##[error]x\n::error::x\n..HEAD"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The action as a runner downloads it, at a path that needs quoting."""
    folder = tmp_path_factory.mktemp("actions") / "xoxscan é's v1"
    copy_of_project(folder)
    return folder


def job(folder: Path, workspace: Path, **more: str) -> Job:
    """A job whose repository and PYTHONPATH are full of modules that must never be loaded."""
    temp = folder / "temp dir"
    temp.mkdir(exist_ok=True)
    event = folder / "event.json"
    given = environ(folder, event, GITHUB_REPOSITORY="o/r", PYTHONPATH=str(workspace), TRAP=str(folder / "trapped"))
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return Job(workspace, temp, {**given, **OFFLINE, "PATH": path, **more})


@pytest.fixture(scope="module")
def installed(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Step:
    """The first step, once for all tests."""
    folder = tmp_path_factory.mktemp("install")
    skipped = {name: Step("skipped", 0, b"", {}, "") for name in ("scan", "comment")}
    ran = act(checkout, {}, job(folder, trapped(folder / "work"), PIP_TARGET=str(folder / "astray")), {}, skipped)
    step = ran.steps["install"]
    assert step.outcome == "success", step.log.decode()
    assert not (folder / "astray").exists()
    assert not (folder / "trapped").exists()
    return step


def trapped(workspace: Path) -> Path:
    """A caller's tree with modules of the names that the steps load."""
    workspace.mkdir(exist_ok=True)
    for name in ("scanner", "regex", "yaml", "requests", "pip", "venv", "sitecustomize", "json", "xoxscan"):
        (workspace / f"{name}.py").write_text(TRAP)
    (workspace / "pip.conf").write_text("[install]\ntarget = astray\n")
    return workspace


def event(ran: Job, payload: object, name: str) -> Job:
    """The job, run for this event."""
    Path(ran.environ["GITHUB_EVENT_PATH"]).write_text(json.dumps(payload))
    return ran._replace(environ={**ran.environ, "GITHUB_EVENT_NAME": name})


def push(before: str, after: str) -> dict[str, object]:
    """What a push to main says."""
    repository = {"default_branch": "main", "private": True, "id": 1, "full_name": "o/r"}
    return {"ref": "refs/heads/main", "before": before, "after": after, "repository": repository}


def test_a_push_with_a_leak(checkout: Path, installed: Step, repo: Repo, tmp_path: Path) -> None:
    trapped(repo.path)
    before = repo.commit({"a.txt": b"nothing"})
    repo.write("::error::x ##[add-mask]y %0A::.txt", token())
    repo.git("add", "-A")
    after = repo.commit(message="##[error]z\n\n::stop-commands::q")
    ran = act(checkout, {}, event(job(tmp_path, repo.path), push(before, after), "push"), {}, {"install": installed})
    assert ran.status == 1
    assert {name: ran.outputs[name] for name in ("findings", "live", "revoked", "excused", "exit-status")} == {
        "findings": "1", "live": "", "revoked": "0", "excused": "0", "exit-status": "1",
    }  # fmt: skip
    assert [each.name for each in commands(ran.steps["scan"].log)] == ["error"]
    assert commands(ran.steps["scan"].log)[0].properties["file"].endswith("add-mask]y %0A::.txt")
    assert ran.steps["comment"].outcome == "skipped"
    assert json.loads(Path(ran.outputs["report"]).read_bytes())["exit"] == 1
    assert json.loads(Path(ran.outputs["sarif"]).read_bytes())["runs"][0]["results"]
    assert token() not in ran.steps["scan"].log + ran.steps["scan"].summary.encode()
    assert not (tmp_path / "trapped").exists()


def test_a_pull_request_that_is_clean_again(checkout: Path, installed: Step, repo: Repo, tmp_path: Path) -> None:
    base = repo.commit({"a.txt": b"nothing"})
    head = repo.commit({"b.txt": b"nothing either"})
    end = {"repo": {"id": 1, "full_name": "o/r"}}
    pull = {"number": 7, "base": {**end, "sha": base, "ref": "main"}, "head": {**end, "sha": head, "ref": "x"}}
    payload = {"pull_request": pull, "repository": {"default_branch": "main", "private": True}}
    with serving() as api:
        api.add(f"{MARKER}\nfound much")
        surroundings = event(job(tmp_path, repo.path, GITHUB_API_URL=api.url), payload, "pull_request")
        ran = act(checkout, {"comment": "true"}, surroundings, {"token": TOKEN}, {"install": installed})
        assert (ran.status, ran.outputs["findings"], ran.outputs["live"]) == (0, "0", "0"), ran.steps["scan"].log
        assert [each.partition(" ")[0] for each in api.requests] == ["GET", "PATCH"], ran.steps["comment"].log
    assert "nothing found" in api.comments[0]["body"]


@pytest.mark.parametrize("name", ["range", "config", "baseline", "extra-args", "mode"])
def test_inputs_are_never_a_script(checkout: Path, installed: Step, repo: Repo, tmp_path: Path, name: str) -> None:
    head = repo.commit({"a.txt": b"nothing"})
    surroundings = event(job(tmp_path, repo.path), push(head, head), "push")
    ran = act(checkout, {name: HOSTILE, "deepen": "never"}, surroundings, {}, {"install": installed})
    assert ran.outputs["exit-status"] in ("0", "2", "3")
    assert not list(tmp_path.rglob("pwned"))
    assert {each.name for each in commands(ran.steps["scan"].log)} <= {"error", "notice", "warning"}


def test_without_a_python_it_says_what_to_do(checkout: Path, repo: Repo, tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("bash", "env"):
        (tools / name).symlink_to(shutil.which(name) or "")
    (tools / "python3").write_text("#!/bin/sh\nexit 1\n")
    (tools / "python3").chmod(0o755)
    ran = act(checkout, {"comment": "true"}, job(tmp_path, repo.path, PATH=str(tools)), {})
    assert (ran.status, ran.outputs["exit-status"]) == (3, "")
    assert "actions/setup-python" in commands(ran.steps["install"].log)[0].message
    assert [ran.steps[name].outcome for name in ("scan", "comment")] == ["skipped", "skipped"]


def test_a_python_of_the_tool_cache_is_found(checkout: Path, repo: Repo, tmp_path: Path) -> None:
    tools, cached = tmp_path / "bin", tmp_path / "tool cache" / "Python" / "3.12.1" / "x64" / "bin"
    for folder in (tools, cached):
        folder.mkdir(parents=True)
    (tools / "bash").symlink_to(shutil.which("bash") or "")
    (cached / "python3").write_text('#!/bin/bash\n[ "$2" = -c ] || echo "ran $*"\n')
    (cached / "python3").chmod(0o755)
    cache = str(tmp_path / "tool cache")
    ran: Ran = act(checkout, {}, job(tmp_path, repo.path, PATH=str(tools), RUNNER_TOOL_CACHE=cache), {})
    assert f"ran -I {checkout}/scanner/ci/installing.py" in ran.steps["install"].log.decode()


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What the first step knows, for running it in this process."""
    (tmp_path / "action").mkdir()
    places = {"GITHUB_ACTION_PATH": tmp_path / "action", "RUNNER_TEMP": tmp_path, "GITHUB_OUTPUT": tmp_path / "out"}
    return {**os.environ, **OFFLINE, **{name: str(path) for name, path in places.items()}}


def test_installing(offline: dict[str, str], tmp_path: Path, checkout: Path) -> None:
    assert installing.main({**offline, "GITHUB_ACTION_PATH": str(checkout), "PIP_USER": "1"}) == 0
    python = Path(values((tmp_path / "out").read_text())["python"])
    assert python.is_relative_to(tmp_path)
    (joined,) = python.parent.parent.rglob("xoxscan.pth")
    assert joined.read_text().strip() == str(checkout)


def test_what_is_not_the_locked_file_is_not_installed(
    offline: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "action" / installing.LOCK).write_text(f"idna==3.20 --hash=sha256:{'0' * 64}\n")
    for name, value in offline.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(installing.__file__, run_name="__main__")
    assert ended.value.code == installing.FAILED
    assert [each.name for each in commands(capsys.readouterr().out.encode())] == ["error"]
    assert not (tmp_path / "out").exists()
