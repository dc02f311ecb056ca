"""This project's own workflows, the action's file, and the lock it installs from: what is seen without a forge."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

from tests.ci.test_recipes import workflows

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTION = ROOT / "action.yml"
LOCK = ROOT / "requirements-action.txt"
HERE = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def steps(document: Any) -> Iterator[dict[str, Any]]:
    for job in document["jobs"].values():
        yield from job["steps"]


@pytest.mark.parametrize("text", [path.read_text() for path in (*WORKFLOWS, ACTION)] + workflows())
def test_actions_are_pinned_and_say_their_version(text: str) -> None:
    for used in re.findall(r"uses: (.*)", text):
        assert re.fullmatch(r"\./.*|[\w.-]+(/[\w.-]+)+@[0-9a-f]{40} # v\d+\.\d+\.\d+|OWNER/xoxscan@COMMIT", used)


def test_a_version_is_one_commit_everywhere() -> None:
    texts = [path.read_text() for path in WORKFLOWS] + workflows()
    pins = {found for text in texts for found in re.findall(r"uses: ([^@\s]+)@([0-9a-f]{40})", text)}
    assert len(pins) == len({name for name, _ in pins})


@HERE
def test_nothing_is_allowed_that_is_not_asked_for(path: Path) -> None:
    document = read(path)
    assert document["permissions"] == {}
    for job in document["jobs"].values():
        assert job["permissions"]
        assert job["timeout-minutes"] <= 60
    for step in steps(document):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


def test_who_may_write() -> None:
    writers = {
        (path.stem, name, right)
        for path in WORKFLOWS
        for name, job in read(path)["jobs"].items()
        for right, level in job["permissions"].items()
        if level == "write"
    }
    assert writers == {
        ("nightly", "history", "security-events"),
        ("release", "attest", "id-token"),
        ("release", "attest", "attestations"),
        ("release", "publish", "id-token"),
        ("release", "announce", "contents"),
    }


@HERE
def test_no_expression_in_a_script(path: Path) -> None:
    assert not any("${{" in step.get("run", "") for step in steps(read(path)))


def test_no_expression_in_the_actions_scripts() -> None:
    document = read(ACTION)
    given = set()
    for step in document["runs"]["steps"]:
        assert "${{" not in step["run"]
        given |= set(step.get("env", {}).values())
    for name in set(document["inputs"]) - {"comment"}:
        assert f"${{{{ inputs.{name} }}}}" in given


def test_the_token_is_given_to_the_comment_alone() -> None:
    holders = [step["id"] for step in read(ACTION)["runs"]["steps"] if "github.token" in str(step)]
    assert holders == ["comment"]


def test_the_lock_is_whole() -> None:
    """What pyproject.toml wants and what that wants, at one version each, every one with hashes."""
    text = LOCK.read_text()
    locked = dict(re.findall(r"^([\w.-]+)==(\S+)", text, re.M))
    assert all("--hash=sha256:" in block for block in re.split(r"^(?=[\w.-]+==)", text, flags=re.M)[1:])
    assert not re.search(r"^\s*--(?!hash)|://|/", re.sub(r"#.*", "", text), re.M)
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    seen = set()
    while wanted:
        requirement = Requirement(wanted.pop())
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        name = requirement.name.replace("_", "-")
        assert requirement.specifier.contains(locked[name]), name
        if name not in seen:
            wanted += importlib.metadata.requires(name) or []
            seen.add(name)
    assert seen == set(locked)


@pytest.mark.skipif(not shutil.which("actionlint"), reason="actionlint is not installed")
@pytest.mark.parametrize("text", [path.read_text() for path in WORKFLOWS] + workflows()[:3])
def test_actionlint(text: str, tmp_path: Path) -> None:
    file = tmp_path / "workflow.yml"
    file.write_text(text.replace("uses: ./", "uses: OWNER/xoxscan@COMMIT"))
    done = subprocess.run(["actionlint", "-shellcheck=", file], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.skipif(not shutil.which("actionlint"), reason="actionlint is not installed")
def test_actionlint_with_our_own_action() -> None:
    """In its place each workflow is held against action.yml, too: the inputs that it gives are there."""
    command = ["actionlint", "-shellcheck=", *map(str, WORKFLOWS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.skipif(not shutil.which("zizmor"), reason="zizmor is not installed: pip install zizmor")
def test_zizmor(tmp_path: Path) -> None:
    for number, text in enumerate(workflows()[:3]):
        (tmp_path / f"{number}.yml").write_text(text.replace("@COMMIT", f"@{'0' * 40} # v1.0.0"))
    files = [*WORKFLOWS, ACTION, *sorted(tmp_path.glob("*.yml"))]
    command = ["zizmor", "--offline", "--quiet", "--no-config", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
