"""A hostile repository through every surface of the action: its log, outputs, summary and comment are those of a
harmless one, but for words in which nothing means anything."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from scanner.ci import action, comment
from scanner.ci.comment import MARKER
from scanner.model import Streams
from tests.ci.forge import Forge as Ends
from tests.ci.forge import github, pull, repository
from tests.ci.forges import TOKEN, serving
from tests.ci.runner import commands, values
from tests.conftest import Repo
from tests.report.consumers import ACTIVE, markdown_shape
from tests.report.hostile import HOSTILE
from tests.report.test_hostile import Names, built, harmless_names, hostile_names, sized

STRANGE = "::error::x\n##[add-mask]y `$(id)` <img src=x> @everyone #1"
RANG = re.compile(r"(?<!\w)@\w|(?<!&)#\d|\bgh-\d", re.IGNORECASE)


class Seen(NamedTuple):
    """What a runner, and then a forge, got."""

    log: bytes
    outputs: dict[str, str]
    summary: bytes
    comment: bytes


def strange(payload: dict[str, Any], text: str) -> dict[str, Any]:
    """The payload of a pull request, with the words that its author chooses."""
    request = payload["pull_request"]
    request |= {"title": text, "body": text, "user": {"login": text}}
    request["head"] |= {"ref": text, "label": text}
    return payload | {"sender": {"login": text}, "repository": repository(description=text)}


def ran(folder: Path, names: Iterator[Names], text: str, capfd: pytest.CaptureFixture[str]) -> Seen:
    """Both steps, for a pull request of a repository with these names, whose author writes `text`."""
    work = Repo(folder / "work")
    built(work, names, b"topic")
    work.git("reset", "-q")  # what stands in the work tree is not looked at
    ids = {"base": work.git("rev-parse", f"HEAD~{len(HOSTILE)}"), "head": work.git("rev-parse", "HEAD")}
    event = strange(pull(Ends(work, ids), 7, "base", "head"), text)
    files = {name: str(folder / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    environ = github(folder, "pull_request", event, sha=ids["head"], ref="refs/pull/7/merge", RUNNER_TEMP=str(folder))
    environ |= {**files, "GITHUB_HEAD_REF": text, "GITHUB_REPOSITORY": "o/r", "INPUT_DEEPEN": "never"}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(work.path)
        for name, value in environ.items():
            patch.setenv(name, value)
        assert action.run(Streams(io.BytesIO(), io.BytesIO(), io.BytesIO(), environ, lambda: 0.0), action.scan) == 1
    printed = capfd.readouterr()
    outputs = values(Path(files["GITHUB_OUTPUT"]).read_bytes().decode())
    summary = Path(files["GITHUB_STEP_SUMMARY"]).read_bytes()
    return Seen((printed.out + printed.err).encode(), outputs, summary, commented(environ, outputs))


def commented(environ: dict[str, str], outputs: dict[str, str]) -> bytes:
    """The comment that the third step makes."""
    with serving() as api:
        told = {"XOXSCAN_REPORT": outputs["report"], "XOXSCAN_STATUS": "1"}
        more = {**told, "GITHUB_API_URL": api.url, "GITHUB_TOKEN": TOKEN}
        streams = Streams(io.BytesIO(), io.BytesIO(), io.BytesIO(), {**environ, **more}, lambda: 0.0)
        assert comment.run(streams) == 0
        (only,) = api.comments
        return str(only["body"]).encode()


def test_every_surface_of_the_action(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    bad = ran(tmp_path / "bad", hostile_names(), STRANGE, capfd)
    good = ran(tmp_path / "good", harmless_names(), "a change", capfd)
    shapes = [[(each.name, sorted(each.properties)) for each in commands(seen.log)] for seen in (bad, good)]
    assert shapes[0] == shapes[1] and {name for name, _ in shapes[0]} == {"error"}
    assert not ACTIVE.search(bad.log.decode()) and b"##[" not in bad.log
    counted = [
        {key: value for key, value in seen.outputs.items() if key not in ("report", "sarif")} for seen in (bad, good)
    ]
    assert counted[0] == counted[1] and counted[0]["findings"] == str(2 * len(HOSTILE))
    assert len(json.loads(Path(bad.outputs["report"]).read_bytes())["findings"]) == 2 * len(HOSTILE)
    pages = [re.sub(r"\b[\d.]+ s\b", "TIME", sized(markdown_shape(seen.summary))) for seen in (bad, good)]
    assert pages[0] == pages[1]
    for name in ("summary", "comment"):  # a comment is cut: at another row, where names are longer
        page, plain = getattr(bad, name), getattr(good, name)
        assert not ACTIVE.search(page.decode().replace("\u200b", "")) and len(page) < (1 << 20)
        assert {row[:-1] for row in markdown_shape(page)} == {row[:-1] for row in markdown_shape(plain)}, name
    assert bad.comment.startswith(MARKER.encode()) and not RANG.search(bad.comment.decode())
