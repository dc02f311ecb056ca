"""Every recipe of docs/ci: its inputs are real, and its own shell lines stop a leak and let the rest pass."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests.conftest import Repo, token

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs" / "ci").glob("*.md"))
SYSTEMS = ("azure", "bitbucket", "circleci", "forgejo", "gitlab", "jenkins")


def blocks(name: str, language: str = "yaml") -> list[str]:
    """The code blocks of a page."""
    text = (ROOT / "docs" / "ci" / f"{name}.md").read_text()
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


def recipe(name: str) -> Any:
    """The one YAML block of a page."""
    (text,) = blocks(name)
    return yaml.safe_load(text)


class Place(NamedTuple):
    """A forge's repository, `main` and what a change brings: `origin` is the forge, `work` what a CI system clones."""

    origin: Repo
    work: Repo
    base: str
    head: str


@pytest.fixture(params=["clean", "leak, removed again"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """main, and a branch of two commits: the first may hold a fake, the second never does."""
    return made(tmp_path, b"nothing" if request.param == "clean" else token())


@pytest.fixture
def leak(tmp_path: Path) -> Place:
    """The same, always with the fake."""
    return made(tmp_path, token())


def made(tmp_path: Path, content: bytes) -> Place:
    """The two repositories. The change also brings what Python would run, were it started or installed in there."""
    origin = Repo(tmp_path / "o" / "r")
    base = origin.commit({"a.txt": b"nothing"})
    origin.git("checkout", "-q", "-b", "change")
    trap = f"open({str(tmp_path / 'trapped')!r}, 'a').write(__file__)\n".encode()
    traps = {f"{name}.py": trap for name in ("venv", "pip", "pipx", "ensurepip", "sitecustomize", "scanner", "runpy")}
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    line = b"import sys; __file__ = 'e.pth'; " + trap
    places = (f"{name}/lib/{version}/site-packages/e.pth" for name in (".xoxscan", "venv", ".venv"))
    origin.commit({"b.txt": content, **traps, **dict.fromkeys(places, line)})
    head = origin.commit({"b.txt": b"something else"})
    for name in ("refs/tags/origin/main", "refs/heads/origin/main"):
        origin.git("update-ref", name, head)
    work = Repo(tmp_path / "work")
    work.git("remote", "add", "origin", f"file://{origin.path}")
    return Place(origin, work, base, head)


def cloned(place: Place, ref: str) -> None:
    """What most systems do: all branches, and a detached checkout."""
    refs = ("+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*")
    place.work.git("fetch", "-q", "origin", *refs)
    place.work.git("checkout", "-q", "--detach", ref)


# A real environment, but for pip: making that takes seconds, and it would fetch.
PYTHON = """\
#!/bin/sh
"{python}" "$@" --without-pip || exit
for folder; do :; done
packages=$(echo "$folder"/lib/python3.*/site-packages)
mkdir "$packages/pip"
cp "{tools}/install" "$packages/pip/__main__.py"
"""
INSTALL = """\
import os, shutil, sys
assert os.listdir() in (["venv"], []), "installed from a folder of strangers"
assert sys.flags.isolated
shutil.copy("{tools}/xoxscan.program", os.path.dirname(sys.executable) + "/xoxscan")
"""


def shimmed(folder: Path) -> Path:
    """A folder with the tools of an image: python3 is the real one, whose pip installs this program."""
    tools = folder / "tools"
    tools.mkdir()
    names = {"tools": tools, "python": getattr(sys, "_base_executable", sys.executable)}
    program = f'#!/bin/sh\nexec "{sys.executable}" -I -m scanner "$@"\n'
    texts = {"python3": PYTHON.format(**names), "install": INSTALL.format(**names), "xoxscan.program": program}
    for name, text in texts.items():
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    return tools


def status(place: Place, script: str, environ: Mapping[str, str], shell: str = "bash") -> int:
    """What the lines end with, in the clone; a report is there where they named one."""
    tools = shimmed(place.work.path.parent)
    path = os.pathsep.join([str(tools), os.environ["PATH"]])
    done = subprocess.run(
        [shutil.which(shell) or shell, "-e", "-c", script],
        cwd=place.work.path,
        env={**os.environ, "CI": "true", "PATH": path, **environ},
        capture_output=True,
        check=False,
    )
    assert token() not in done.stdout + done.stderr
    assert not (place.origin.path.parents[1] / "trapped").exists()
    for report in re.findall(r"--report \w+=(\S+)", script):
        assert (place.work.path / report).exists(), done.stderr.decode()
    return done.returncode


def expected(place: Place) -> int:
    """1 where the change holds a fake."""
    return 1 if place.origin.git("show", f"{place.head}^:b.txt").startswith("xo") else 0


def test_the_traps_work(leak: Place) -> None:
    """Python run in the checkout, and an environment made there, fall into them."""
    cloned(leak, leak.head)
    trapped = leak.origin.path.parents[1] / "trapped"
    python = getattr(sys, "_base_executable", sys.executable)
    subprocess.run([python, "-m", "venv", "--help"], cwd=leak.work.path, capture_output=True, check=False)
    assert "venv.py" in trapped.read_text()
    trapped.unlink()
    subprocess.run([python, "-I", "-m", "venv", "--without-pip", ".xoxscan"], cwd=leak.work.path, check=True)
    subprocess.run([".xoxscan/bin/python", "-I", "-c", ""], cwd=leak.work.path, check=True)
    assert "e.pth" in trapped.read_text()


def test_bitbucket(place: Place) -> None:
    cloned(place, place.head)
    place.work.git("merge", "-q", "--no-ff", "refs/remotes/origin/main")
    environ = {"BITBUCKET_PR_DESTINATION_BRANCH": "main", "BITBUCKET_COMMIT": place.head}
    assert status(place, bitbucket(), environ) == expected(place)


def bitbucket() -> str:
    """Its script for pull requests."""
    (change,) = recipe("bitbucket")["pipelines"]["pull-requests"]["**"]
    return "\n".join(change["step"]["script"])


def test_bitbucket_main(leak: Place) -> None:
    cloned(leak, leak.head)
    (main,) = recipe("bitbucket")["pipelines"]["branches"]["main"]
    assert status(leak, "\n".join(main["step"]["script"]), {}) == 1


@pytest.mark.parametrize("target", ["main", "refs/heads/main"])
def test_azure(place: Place, target: str) -> None:
    cloned(place, "refs/remotes/origin/main")
    place.work.git("merge", "-q", "--no-ff", "-m", "Merge", place.head)
    environ = {
        "SYSTEM_PULLREQUEST_TARGETBRANCH": target,
        "BUILD_SOURCEBRANCH": "refs/pull/7/merge",
        "BUILD_SOURCEVERSION": place.work.git("rev-parse", "HEAD"),
    }
    assert status(place, azure(), environ) == expected(place)


@pytest.mark.parametrize("branch", ["refs/heads/main", "refs/heads/change"])
def test_azure_pushes(leak: Place, branch: str) -> None:
    cloned(leak, leak.head)
    environ = {"BUILD_SOURCEBRANCH": branch, "BUILD_SOURCEVERSION": leak.head}
    assert status(leak, azure(), environ) == 1


def azure() -> str:
    """Its script."""
    (script,) = [step["bash"] for step in recipe("azure")["steps"] if "bash" in step]
    return str(script)


@pytest.mark.parametrize(
    "environ",
    [
        lambda place: {"CHANGE_TARGET": "main"},
        lambda place: {"GIT_PREVIOUS_SUCCESSFUL_COMMIT": place.base},
        lambda place: {},
    ],
)
def test_jenkins(leak: Place, environ: Callable[[Place], dict[str, str]]) -> None:
    leak.work.git("fetch", "-q", "origin", "+refs/heads/change:refs/remotes/origin/change")
    leak.work.git("checkout", "-q", "--detach", leak.head)
    assert status(leak, jenkins(), environ(leak), "sh") == 1


def jenkins() -> str:
    """Its script."""
    (text,) = blocks("jenkins", "groovy")
    (script,) = re.findall(r"sh '''\n(.*?)'''", text, re.S)
    assert "\\" not in script, "Groovy would take it for an escape"
    return str(script)


@pytest.mark.parametrize("branch", ["main", "change"])
def test_circleci(leak: Place, branch: str) -> None:
    leak.work.git("fetch", "-q", "origin", "+refs/heads/change:refs/remotes/origin/change")
    leak.work.git("checkout", "-q", "-b", branch, leak.head)
    environ = {"MAIN": "main", "CIRCLE_BRANCH": branch, "CIRCLE_SHA1": leak.head}
    assert status(leak, circleci(), environ) == 1


def circleci() -> str:
    """Its script."""
    job = recipe("circleci")["jobs"]["slack-credentials"]
    assert job["environment"] == {"MAIN": "main"}
    (script,) = [step["run"]["command"] for step in job["steps"] if "command" in step.get("run", "")]
    return str(script)


BEHIND: list[tuple[str, dict[str, str]]] = [
    ("azure", {"BUILD_SOURCEBRANCH": "refs/heads/behind"}),
    ("circleci", {"MAIN": "main", "CIRCLE_BRANCH": "behind"}),
    ("jenkins", {}),
]


@pytest.mark.parametrize(("system", "environ"), BEHIND)
def test_a_branch_that_is_behind_is_no_fault(system: str, environ: dict[str, str], leak: Place) -> None:
    leak.origin.git("update-ref", "refs/heads/main", leak.head)
    cloned(leak, leak.base)
    scripts = {"azure": azure, "circleci": circleci, "jenkins": jenkins}
    ends = {"BUILD_SOURCEVERSION": leak.base, "CIRCLE_SHA1": leak.base, "GIT_PREVIOUS_SUCCESSFUL_COMMIT": leak.head}
    assert status(leak, scripts[system](), {**environ, **ends}) == 0


MARKED = token() + b"  # xoxscan:ignore a sample\n"
AZURE = {"SYSTEM_PULLREQUEST_TARGETBRANCH": "main", "BUILD_SOURCEBRANCH": "refs/pull/7/merge"}
CIRCLE = {"MAIN": "main", "CIRCLE_BRANCH": "pull/7"}
BITBUCKET = {"BITBUCKET_PR_DESTINATION_BRANCH": "main"}
FORKS: list[tuple[str, dict[str, str], int]] = [
    ("azure", {**AZURE, "SYSTEM_PULLREQUEST_ISFORK": "True"}, 1),
    ("azure", {**AZURE, "SYSTEM_PULLREQUEST_ISFORK": "False"}, 0),
    ("circleci", CIRCLE, 1),
    ("circleci", {**CIRCLE, "CIRCLE_BRANCH": "main", "CIRCLE_PR_REPONAME": "app"}, 1),
    ("circleci", {**CIRCLE, "CIRCLE_BRANCH": "topic"}, 0),
    ("jenkins", {"CHANGE_TARGET": "main"}, 1),
    ("bitbucket", BITBUCKET, 1),
]


@pytest.mark.parametrize(("system", "environ", "ends"), FORKS)
def test_what_a_stranger_allows_himself(system: str, environ: dict[str, str], ends: int, tmp_path: Path) -> None:
    place = made(tmp_path, MARKED)
    cloned(place, place.head)
    scripts = {"azure": azure, "circleci": circleci, "jenkins": jenkins, "bitbucket": bitbucket}
    heads = dict.fromkeys(("BUILD_SOURCEVERSION", "CIRCLE_SHA1", "BITBUCKET_COMMIT"), place.head)
    assert status(place, scripts[system](), {**environ, **heads}) == ends


def test_gitlab(place: Place) -> None:
    cloned(place, place.head)
    environ = {
        "GITLAB_CI": "true",
        "CI_PIPELINE_SOURCE": "merge_request_event",
        "CI_COMMIT_SHA": place.head,
        "CI_DEFAULT_BRANCH": "main",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": place.base,
        "CI_MERGE_REQUEST_PROJECT_ID": "1",
        "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "1",
        "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "change",
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        "CI_PROJECT_ID": "1",
        "CI_PROJECT_VISIBILITY": "private",
    }
    assert status(place, "\n".join(recipe("gitlab")["slack-credentials"]["script"]), environ) == expected(place)


def test_forgejo(place: Place, tmp_path: Path) -> None:
    place.work.git("remote", "remove", "origin")
    end = {"repo": {"id": 1, "full_name": "o/r"}}
    pull = {"number": 7, "base": {**end, "sha": place.base, "ref": "main"}, "head": {**end, "sha": place.head}}
    (tmp_path / "event.json").write_text(json.dumps({"pull_request": pull, "repository": {"default_branch": "main"}}))
    place.origin.git("update-ref", "refs/pull/7/head", place.head)
    environ = {
        "GITHUB_ACTIONS": "true",
        "FORGEJO_ACTIONS": "true",
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
        "GITHUB_SHA": place.head,
        "COMMIT_ID": place.head,
        "REF": "refs/pull/7/head",
        "REPOSITORY": "o/r",
        "SERVER": f"file://{tmp_path}",
        "GITHUB_REPOSITORY": "o/r",
    }
    script = "\n".join(step["run"] for step in recipe("forgejo")["jobs"]["scan"]["steps"])
    assert status(place, script.replace("/opt/xoxscan", str(tmp_path / "opt")), environ) == expected(place)


def workflows() -> list[str]:
    """Every workflow of the pages."""
    return [*blocks("github"), *blocks("forgejo")]


def test_every_system_has_its_page() -> None:
    assert {page.stem for page in PAGES} == {*SYSTEMS, "README", "github"}
    assert len(blocks("github")) == 4


@pytest.mark.parametrize("text", workflows())
def test_inputs_of_the_action_are_real(text: str) -> None:
    known = yaml.safe_load((ROOT / "action.yml").read_text())["inputs"]
    for job in yaml.safe_load(text)["jobs"].values():
        for step in job["steps"]:
            if step.get("uses", "").startswith("OWNER/xoxscan@"):
                assert set(step.get("with", {})) <= set(known)
            assert "${{" not in step.get("run", "")


def test_the_table_of_inputs_is_whole() -> None:
    known = yaml.safe_load((ROOT / "action.yml").read_text())
    page = (ROOT / "docs" / "ci" / "github.md").read_text()
    for name in (*known["inputs"], *known["outputs"]):
        assert f"`{name}`" in page
