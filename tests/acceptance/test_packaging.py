"""Wheel, sdist and editable install, each into an empty environment, without an index."""

from __future__ import annotations

import sys
import tomllib
import zipfile
from collections.abc import Mapping
from contextlib import chdir
from pathlib import Path

import pytest

import scanner
from scanner import rules
from tests.acceptance import offline


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    return offline.environment(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as a clone would have it."""
    folder = tmp_path_factory.mktemp("project")
    offline.copy_of_project(folder)
    return folder


@pytest.fixture(scope="module")
def built(project: Path, tmp_path_factory: pytest.TempPathFactory, env: Mapping[str, str]) -> Path:
    """A folder with the sdist, and the wheel that was built from the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    offline.run(sys.executable, "-m", "build", "--outdir", folder, project, cwd=folder, env=env)
    return folder


def only(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found


def requirement(form: str, project: Path, built: Path) -> str:
    """What pip is told to install."""
    if form == "editable":
        return f"--editable={project}"
    return str(only(built, "*.whl" if form == "wheel" else "*.tar.gz"))


@pytest.mark.parametrize("form", ["wheel", "sdist", "editable"])
def test_each_form_of_the_package_runs_in_an_empty_environment(
    form: str, project: Path, built: Path, env: Mapping[str, str], tmp_path: Path
) -> None:
    offline.run(sys.executable, "-m", "venv", "--without-pip", "venv", cwd=tmp_path, env=env)
    offline.run(
        sys.executable,
        "-m",
        "pip",
        "--python",
        "venv",
        "install",
        requirement(form, project, built),
        cwd=tmp_path,
        env=env,
    )
    program = tmp_path / "venv" / "bin" / "xoxscan"
    assert scanner.__version__ in offline.run(program, "--version", cwd=tmp_path, env=env).stdout
    assert "slack-bot-token" in offline.run(program, "rules", "list", cwd=tmp_path, env=env).stdout
    offline.run(program, "rules", "check", cwd=tmp_path, env=env)
    offline.run(program, "demo", cwd=tmp_path, env=env)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["venv"], "the program left something behind"


def test_the_sdist_builds_the_same_wheel_as_the_checkout(
    project: Path, built: Path, env: Mapping[str, str], tmp_path: Path
) -> None:
    offline.run(sys.executable, "-m", "build", "--wheel", "--outdir", tmp_path, project, cwd=tmp_path, env=env)
    assert only(tmp_path, "*.whl").read_bytes() == only(built, "*.whl").read_bytes()


def test_the_wheel_holds_the_rules_as_yaml_and_the_same_as_json(project: Path, built: Path) -> None:
    with zipfile.ZipFile(only(built, "*.whl")) as wheel:
        made = wheel.read("scanner/data/rules.json")
        shipped = {name: wheel.read(name) for name in wheel.namelist() if name.startswith("scanner/data/rules/")}
    assert shipped == {f"scanner/data/rules/{p.name}": p.read_bytes() for p in (project / "rules").iterdir()}
    with chdir(project):
        assert rules.from_json(made) == rules.load(Path("rules"))


def test_the_wheel_holds_the_program_and_its_licence_alone(built: Path) -> None:
    with zipfile.ZipFile(only(built, "*.whl")) as wheel:
        tops = {name.split("/")[0] for name in wheel.namelist()}
    assert tops == {"scanner", f"xoxscan-{scanner.__version__}.dist-info"}


def test_all_six_packages_that_the_user_named_are_declared() -> None:
    project = tomllib.loads((offline.ROOT / "pyproject.toml").read_text())["project"]
    base = {name.split(">")[0] for name in project["dependencies"]}
    dev = {name.split(">")[0] for name in project["optional-dependencies"]["dev"]}
    assert base == {"pyyaml", "regex", "requests"}
    assert {"pre-commit", "pytest", "gitpython"} <= dev
