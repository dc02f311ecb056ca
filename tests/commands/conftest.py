"""What tests of commands that talk to Slack share: the stand-in, and the program with a sleep that takes no time."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from scanner.cli import main
from scanner.demo.standin import Standin
from scanner.model import Streams
from tests.conftest import CLOCK, Repo, Result

OURS = "workspaces: T0DEMO\n"


class Said(NamedTuple):
    """What the program did, with its JSON report."""

    status: int
    report: dict[str, Any]
    err: str

    @property
    def finding(self) -> dict[str, Any]:
        """The only finding."""
        (found,) = self.report["findings"]
        assert isinstance(found, dict)
        return found

    @property
    def state(self) -> object:
        """The state of its response."""
        return self.finding["response"] and self.finding["response"]["state"]

    @property
    def states(self) -> dict[str, object]:
        """The states of all responses, by kind."""
        return {each["kind"]: each["response"] and each["response"]["state"] for each in self.secrets}

    @property
    def secrets(self) -> list[dict[str, Any]]:
        """Every secret by itself, whatever it is a part of."""
        return [part for each in self.report["findings"] for part in [each, *each["parts"]] if "rule" in part]

    @property
    def reason(self) -> str:
        """Why."""
        return str(self.finding["response"]["reason"])

    @property
    def notes(self) -> str:
        """All notes."""
        return "\n".join(self.report.get("notes", []))


class Program:
    """The program, with the stand-in for Slack, a state folder of its own, and no waiting."""

    def __init__(self, slack: Standin, folder: Path) -> None:
        self.slack, self.folder = slack, folder
        self.state = folder / "state"
        self.slept: list[float] = []
        self.env = {"SLACK_API_URL": slack.url, "XOXSCAN_STATE_DIR": str(self.state)}

    def __call__(self, *argv: str | Path, stdin: bytes = b"", env: dict[str, str] | None = None) -> Result:
        """As tests.conftest.Run."""
        out, err = io.BytesIO(), io.BytesIO()
        environ = {**os.environ, **self.env, **(env or {})}
        streams = Streams(io.BytesIO(stdin), out, err, environ, lambda: CLOCK, self.slept.append)
        status = main([str(word) for word in argv], streams)
        return Result(status, out.getvalue(), err.getvalue())

    def json(self, *argv: str | Path, stdin: bytes = b"", env: dict[str, str] | None = None) -> Said:
        """The same with `-f json`."""
        result = self(*argv, "-f", "json", stdin=stdin, env=env)
        assert result.out, result
        return Said(result.status, json.loads(result.out), result.err.decode())

    def config(self, text: str, name: str = "operator.yaml") -> str:
        """An operator's configuration: the words that name it."""
        path = self.folder / name
        path.write_text(text)
        return f"--config={path}"

    def asked(self) -> list[str]:
        """What the stand-in saw, in order."""
        return [f"{seen.method} test" if seen.dry else seen.method for seen in self.slack.requests]


@pytest.fixture
def program(slack: Standin, tmp_path: Path) -> Program:
    """The program."""
    return Program(slack, tmp_path)


@pytest.fixture
def pushed(repo: Repo, tmp_path: Path) -> Repo:
    """A repository with a remote, `origin`; `publish` pushes."""
    repo.git("init", "-q", "--bare", str(tmp_path / "remote.git"))
    repo.git("remote", "add", "origin", str(tmp_path / "remote.git"))
    return repo


def publish(repo: Repo, *branches: str) -> None:
    """Pushes; the remote-tracking branches follow."""
    repo.git("push", "-q", "origin", *(branches or ("main",)))
