"""The forge, made once for all tests, and `xoxscan ci` in a checkout of it."""

from __future__ import annotations

import pytest

from tests.ci.forge import CI, Forge, make
from tests.conftest import Repo, Result, Run


@pytest.fixture(scope="session")
def forges() -> dict[str, Forge]:
    """The forge that was made, if one was: a test that makes it is sealed, which no fixture of a session is."""
    return {}


@pytest.fixture
def forge(forges: dict[str, Forge], tmp_path_factory: pytest.TempPathFactory) -> Forge:
    """A forge that nobody may change."""
    if not forges:
        forges["one"] = make(tmp_path_factory.mktemp("forge") / "forge")
    return forges["one"]


@pytest.fixture
def ci(run: Run, monkeypatch: pytest.MonkeyPatch) -> CI:
    """`xoxscan ci` in a checkout, with a JSON report."""

    def call(work: Repo, environ: dict[str, str], *options: str, form: str = "json") -> Result:
        monkeypatch.chdir(work.path)
        return run("ci", "-f", form, *options, env=environ)

    return call
