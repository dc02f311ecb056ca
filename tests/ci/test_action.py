"""The action's second step: inputs to arguments, outputs, summary; the program itself runs in this process."""

from __future__ import annotations

import argparse
import io
import json
import runpy
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.ci import action
from scanner.ci.action import Ended, Files, Inputs, arguments, inputs, outputs
from scanner.cli import Parser
from scanner.commands import ci
from scanner.errors import UsageError
from scanner.model import Report, Response, Streams, Suppressed, Suppression, Target, Verdict
from scanner.report.places import harmless
from scanner.report.reading import to_report
from tests.ci.runner import commands, values
from tests.conftest import Repo, Run, token

FILES = Files("/t/x.json", "/t/x.sarif")
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


def parsed(asked: Inputs) -> argparse.Namespace:
    parser = Parser(prog="xoxscan ci")
    ci.add_arguments(parser)
    return parser.parse_args(arguments(asked, FILES))


def test_nothing_given_is_what_the_program_does_by_itself() -> None:
    assert inputs({"INPUT_MODE": " ", "INPUT_FAIL_ON": ""}) == Inputs()
    found = parsed(Inputs())
    assert (found.mode, found.respond, found.fail_on, found.deepen) == ("auto", "none", "any", "auto")
    assert (found.base, found.head, found.config, found.baseline, found.yes) == (None, None, None, None, False)
    assert (found.format, found.report) == ("github", ["json=/t/x.json", "sarif=/t/x.sarif"])


def test_every_input_has_its_option() -> None:
    environ = {
        "INPUT_MODE": "range",
        "INPUT_RANGE": "a^{/x y}..b",
        "INPUT_RESPOND": "revoke",
        "INPUT_FAIL_ON": "live",
        "INPUT_CONFIG": "my config.yaml",
        "INPUT_BASELINE": "-known",
        "INPUT_SARIF": "out.sarif",
        "INPUT_DEEPEN": "never",
        "INPUT_EXTRA_ARGS": "--jobs 2 --rules 'my rules' --mode=history",
    }
    asked = inputs(environ)
    assert asked.sarif == "out.sarif"
    found = parsed(asked)
    assert (found.mode, found.base, found.head, found.respond) == ("range", "a^{/x y}", "b", "revoke")
    assert (found.fail_on, found.config, found.baseline, found.deepen) == ("live", "my config.yaml", "-known", "never")
    assert (found.yes, found.jobs, found.rules) == (True, 2, ["my rules"])


@given(WORDS, WORDS, WORDS)
def test_no_value_becomes_an_option(config: str, baseline: str, span: str) -> None:
    asked = Inputs(config=config, baseline=baseline, range=span)
    try:
        found = parsed(asked)
    except UsageError:
        assert span
        return
    assert (found.config or "", found.baseline or "") == (config, baseline)
    assert (found.yes, found.show_secrets, found.respond, found.format) == (False, False, "none", "github")
    assert not span or f"{found.base}..{found.head}" == f"{span.partition('..')[0] or 'HEAD'}..{found.head}"


@given(st.lists(st.sampled_from(["--show-secrets", "--yes", "--", "-q", "--jobs", "2", "x", "--yes=1"]), max_size=4))
def test_free_words_never_allow_what_is_refused(words: list[str]) -> None:
    refused = any(word.partition("=")[0] in action.REFUSED for word in words)
    try:
        arguments(Inputs(extra_args=" ".join(words)), FILES)
    except UsageError as error:
        assert refused
        assert "extra-args may not hold" in str(error)
    else:
        assert not refused


@pytest.mark.parametrize("hidden", ["'--yes'", '"--show-secrets"', "--y''es", "--show\\-secrets", "-q\n--yes"])
def test_quoting_hides_nothing(hidden: str) -> None:
    with pytest.raises(UsageError, match="may not hold"):
        arguments(Inputs(extra_args=hidden), FILES)


@pytest.mark.parametrize(("asked", "word"), [(Inputs(extra_args="'"), "quotation"), (Inputs(range="a...b"), "A..B")])
def test_what_cannot_be_read(asked: Inputs, word: str) -> None:
    with pytest.raises(UsageError, match=word):
        arguments(asked, FILES)


@pytest.mark.parametrize(("text", "ends"), [("a..", ("a", "HEAD")), ("..b", ("HEAD", "b"))])
def test_an_end_left_out_is_head(text: str, ends: tuple[str, str]) -> None:
    found = parsed(Inputs(range=text))
    assert (found.base, found.head) == ends


@pytest.mark.parametrize("text", ["..", "..HEAD", "HEAD.."])
def test_variables_that_are_not_set_are_no_range(text: str) -> None:
    with pytest.raises(UsageError, match="names no commits"):
        arguments(Inputs(range=text), FILES)
    assert parsed(Inputs(range="HEAD..HEAD")).base == "HEAD"  # as somebody wrote it


@pytest.fixture
def report(repo: Repo, run: Run) -> Report:
    """Two findings, and one that its own line allows."""
    repo.write("a.txt", token() + b"\n" + token("user") + b"\n" + token("bot", 2) + b"  xoxscan:ignore an example\n")
    found = to_report(run("scan", "-f", "json").out)
    return found._replace(target=Target("ci"))


def test_numbers(report: Report) -> None:
    found = outputs(report, FILES, 1)
    assert found == {
        "findings": "2", "live": "", "revoked": "0", "excused": "1",
        "report": "/t/x.json", "sarif": "/t/x.sarif", "exit-status": "1",
    }  # fmt: skip
    first, second = report.findings
    alive = first._replace(verdict=Verdict("active", "it works"))
    done = second._replace(verdict=Verdict("active", "it worked"), response=Response("revoked", "policy"))
    found = outputs(report._replace(findings=(alive, done)), FILES, 1)
    assert (found["live"], found["revoked"]) == ("1", "1")
    assert outputs(report._replace(findings=()), FILES, 0)["live"] == "0"
    for state, live in (("inactive", "1"), ("rejected", "1"), ("unknown", ""), ("unsupported", "")):
        open_ = second._replace(verdict=Verdict(state, "what Slack said"))
        assert outputs(report._replace(findings=(alive, open_)), FILES, 1)["live"] == live
        ended = open_._replace(response=done.response)
        assert outputs(report._replace(findings=(alive, ended)), FILES, 1)["live"] == "1"
    allowed = Suppressed(first, Suppression("baseline"))
    assert outputs(report._replace(suppressed=(allowed,)), FILES, 1)["excused"] == "0"


class Ran:
    """The step, run in `folder` with `start` for the program."""

    def __init__(self, folder: Path, environ: Mapping[str, str], start: action.Start) -> None:
        paths = {name: folder / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        given_paths = {name: str(path) for name, path in paths.items()}
        out = io.BytesIO()
        streams = Streams(io.BytesIO(), out, out, {"RUNNER_TEMP": str(folder), **given_paths, **environ}, lambda: 0.0)
        self.status = action.run(streams, start)
        self.outputs = values(paths["GITHUB_OUTPUT"].read_text())
        self.summary = paths["GITHUB_STEP_SUMMARY"].read_text()
        self.commands = commands(out.getvalue())


def test_a_run(tmp_path: Path, repo: Repo, run: Run) -> None:
    repo.commit({"a.txt": b"nothing"})
    repo.commit({"b.txt": token()})
    log = b""

    def start(words: Sequence[str], folder: str) -> Ended:
        nonlocal log
        same = [word for word in words if not word.startswith(("--mode", "--deepen", "--base", "--head"))]
        done = run("range", *same, "HEAD^..HEAD")
        log = done.out
        return Ended(done.status)

    done = Ran(tmp_path, {"INPUT_RANGE": "HEAD^..HEAD", "INPUT_SARIF": "out.sarif"}, start)
    assert (done.status, done.outputs["findings"], done.outputs["exit-status"]) == (1, "1", "1")
    assert [each.name for each in commands(log)][:1] == ["error"]
    assert done.outputs["sarif"] == str(repo.path / "out.sarif")
    assert json.loads(Path(done.outputs["sarif"]).read_bytes())["version"] == "2.1.0"
    assert "b.txt:1:1" in done.summary
    assert token() not in log + done.summary.encode()


@pytest.mark.parametrize(("ended", "status"), [(0, 3), (1, 3), (2, 2), (3, 3), (130, 130), (-9, 3), (3221225786, 3)])
def test_a_run_that_left_no_report(tmp_path: Path, ended: int, status: int) -> None:
    done = Ran(tmp_path, {}, lambda words, folder: Ended(ended))
    assert (done.status, done.outputs) == (status, {"exit-status": str(status)})
    assert f"ended with status {status}" in done.summary
    assert [each.name for each in done.commands] == ([] if status == 130 else ["error"])


def test_help_is_no_clean_scan(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    done = Ran(tmp_path, {"INPUT_EXTRA_ARGS": "--help"}, action.scan)
    assert (done.status, done.outputs) == (3, {"exit-status": "3"})
    assert "usage: " in capfd.readouterr().out


def test_why_there_is_no_report(repo: Repo, run: Run, tmp_path: Path) -> None:
    """A range whose base is not here, and whose name is hostile."""
    repo.commit({"a.txt": b"nothing"})
    log = b""

    def start(words: Sequence[str], folder: str) -> Ended:
        nonlocal log
        done = run("ci", *words)
        log = done.err
        return Ended(done.status, b"xoxscan: an earlier line\n  its hint\n" + log + b"warning: of git\n")

    name = f"##[error]::x `@a` {token().decode()}"
    done = Ran(tmp_path, {"INPUT_RANGE": f"{name}..HEAD"}, start)
    assert log and done.status == 3
    (said,) = done.commands
    assert said.name == "error" and "is not a commit here" in said.message and "earlier" not in said.message
    assert "git fetch --unshallow" in said.message and "warning" not in said.message
    told = done.summary.partition("status 3:\n\n")[2].splitlines()
    assert len(told) == 2 and all(line.startswith("    ") for line in told)
    assert "not a commit here" in told[0] and "git fetch" in told[1] and "##[" not in done.summary
    assert token().decode() not in done.summary + said.message


@given(st.binary(max_size=200))
def test_whatever_it_says_stays_in_its_line(said: bytes) -> None:
    for line in action.why(b"xoxscan: " + said):
        assert harmless(line) == line


def test_a_wrong_input(tmp_path: Path) -> None:
    done = Ran(tmp_path, {"INPUT_EXTRA_ARGS": "--yes"}, lambda words, folder: pytest.fail("it was started"))
    assert (done.status, done.outputs["exit-status"]) == (2, "2")
    assert "    extra-args may not hold --yes\n" in done.summary
    assert [(each.name, each.message.partition(";")[0]) for each in done.commands] == [
        ("error", "extra-args may not hold --yes")
    ]


def test_a_checkout_in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program runs there; reports are where the workspace says."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app").mkdir()
    leak = Repo(tmp_path / "app")
    leak.commit({"a.txt": b"nothing"})
    leak.commit({"b.txt": token()})
    given = {"INPUT_RANGE": "HEAD^..HEAD", "INPUT_WORKING_DIRECTORY": "app", "INPUT_SARIF": "out.sarif"}
    done = Ran(tmp_path, given, action.scan)
    assert (done.status, done.outputs["findings"], done.outputs["sarif"]) == (1, "1", str(tmp_path / "out.sarif"))
    assert "`b.txt:1:1`" in done.summary and (tmp_path / "out.sarif").exists()
    none = Ran(tmp_path, {"INPUT_WORKING_DIRECTORY": "none"}, action.scan)
    assert none.status == 2 and "no such folder" in none.commands[0].message


def test_a_broken_report_is_no_clean_one(tmp_path: Path) -> None:
    def start(words: Sequence[str], folder: str) -> Ended:
        path = next(word for word in words if word.startswith("--report=json=")).removeprefix("--report=json=")
        Path(path).write_text("{")
        return Ended(0)

    assert Ran(tmp_path, {}, start).status == 2


def test_no_file_for_the_summary(tmp_path: Path) -> None:
    environ = {"RUNNER_TEMP": str(tmp_path), "GITHUB_OUTPUT": str(tmp_path / "out")}
    streams = Streams(io.BytesIO(), io.BytesIO(), io.BytesIO(), environ, lambda: 0.0)
    assert action.run(streams, lambda words, folder: Ended(3)) == 3


def test_the_program_is_started_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """In a folder that brings modules of the same names: none of them is loaded."""
    trap = "import pathlib; pathlib.Path('trapped').touch()\n"
    for name in ("scanner.py", "regex.py", "yaml.py", "sitecustomize.py"):
        (tmp_path / name).write_text(trap)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("RUNNER_TEMP", str(tmp_path))
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "out"))
    monkeypatch.setenv("INPUT_EXTRA_ARGS", "--no-such-option")
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(action.__file__, run_name="__main__")
    assert ended.value.code == 2
    log = capfd.readouterr()
    assert "no-such-option" in log.err and commands(log.out.encode())[0].name == "error"
    assert "no-such-option" in log.out
    assert not (tmp_path / "trapped").exists()
