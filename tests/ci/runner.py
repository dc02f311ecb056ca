"""What GitHub's runner does with an action and with what it prints, as far as the tests need it.

Rules: docs.github.com («Workflow commands», «Metadata syntax»), and actions/runner: `ActionCommand.cs` (both forms of a
command), `ActionCommandManager.cs` (stop-commands), `FileCommandManager.cs` (the files), `ScriptHandler` (the shell).
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

_MOST = "add-mask add-matcher add-path debug echo endgroup error group notice remove-matcher save-state set-env"
NAMES = frozenset(f"{_MOST} set-output stop-commands warning".split(" "))
BASH = ("bash", "--noprofile", "--norc", "-e", "-o", "pipefail")
_UNESCAPED = (("%0D", "\r"), ("%0A", "\n"))
_IN_PROPERTIES = (("%3A", ":"), ("%2C", ","))


class Command(NamedTuple):
    """A line that the runner acts on."""

    name: str
    properties: dict[str, str]
    message: str


def commands(log: bytes) -> list[Command]:
    """What the runner does because of this output of a step, stdout and stderr alike."""
    found: list[Command] = []
    stopped = None
    for line in re.split(r"\r\n|\r|\n", log.decode("utf-8", "replace")):
        if stopped is not None:
            stopped = None if line.strip() == f"::{stopped}::" else stopped
        elif command := _new(line) or _old(line):
            stopped = command.message if command.name == "stop-commands" else None
            found.append(command)
    return found


def _new(line: str) -> Command | None:
    """`::name key=value,key=value::message`, at the start of the line but for blanks."""
    line = line.lstrip()
    head, colons, message = line[2:].partition("::")
    if not line.startswith("::") or not colons:
        return None
    name, _, rest = head.partition(" ")
    return _command(name, rest.split(","), message, (*_UNESCAPED, *_IN_PROPERTIES), _UNESCAPED)


def _old(line: str) -> Command | None:
    """`##[name key=value;key=value]message`, anywhere in the line."""
    _, begin, rest = line.partition("##[")
    head, end, message = rest.partition("]")
    if not begin or not end:
        return None
    name, _, properties = head.partition(" ")
    old = (("%3B", ";"), *_UNESCAPED, ("%5D", "]"))
    return _command(name, properties.split(";"), message, old, old)


def _command(
    name: str, pairs: list[str], message: str, inner: tuple[tuple[str, str], ...], outer: tuple[tuple[str, str], ...]
) -> Command | None:
    if name.lower() not in NAMES:
        return None
    split = (pair.partition("=") for pair in pairs)
    properties = {key.strip(): _unescaped(value, inner) for key, equals, value in split if equals and key.strip()}
    return Command(name.lower(), properties, _unescaped(message, outer))


def _unescaped(text: str, pairs: tuple[tuple[str, str], ...]) -> str:
    for escaped, plain in pairs:
        text = text.replace(escaped, plain)
    return text.replace("%25", "%")


def values(text: str) -> dict[str, str]:
    """What a file of outputs says: `name=value`, or `name<<END` up to the line END. ValueError where the runner fails
    the step."""
    found: dict[str, str] = {}
    lines = iter(re.findall(r"[^\n]*\n|[^\n]+", text))
    for line in map(_chomped, lines):
        if not line:
            continue
        name, mark = _split(line)
        found[name] = _block(lines, line[len(name) + 2 :]) if mark == "<<" else line[len(name) + 1 :]
    return found


def _split(line: str) -> tuple[str, str]:
    at = {mark: line.find(mark) for mark in ("=", "<<") if mark in line}
    if not at or not line[: min(at.values())]:
        raise ValueError(f"invalid format {line!r}")
    mark = min(at, key=lambda each: at[each])
    return line[: at[mark]], mark


def _block(lines: Any, end: str) -> str:
    held: list[str] = []
    if not end:
        raise ValueError("no delimiter")
    for line in lines:
        if _chomped(line) == end:
            return _chomped("".join(held))
        held.append(line)
    raise ValueError(f"matching delimiter not found {end!r}")


def _chomped(line: str) -> str:
    return line.removesuffix("\n").removesuffix("\r")


class Step(NamedTuple):
    """What became of a step: outcome is success, failure or skipped."""

    outcome: str
    status: int
    log: bytes
    outputs: dict[str, str]
    summary: str


class Ran(NamedTuple):
    """What became of an action."""

    steps: dict[str, Step]
    outputs: dict[str, str]

    @property
    def status(self) -> int:
        """The first failing step's."""
        return next((each.status for each in self.steps.values() if each.outcome == "failure"), 0)


class Job(NamedTuple):
    """The surroundings of a step: its files lie in `temp`, `environ` is the job's."""

    workspace: Path
    temp: Path
    environ: Mapping[str, str]


def act(
    action: Path,
    given: Mapping[str, str],
    job: Job,
    github: Mapping[str, str],
    done: Mapping[str, Step] | None = None,
) -> Ran:
    """Runs the composite action in the folder `action` as a step with these inputs. `github`: that context; `done`:
    steps that need not be run again."""
    document = yaml.safe_load((action / "action.yml").read_text())
    known = document["inputs"]
    assert set(given) <= set(known), "the runner warns about inputs that are not declared"
    inputs = {name: given.get(name, each.get("default", "")) for name, each in known.items()}
    steps = dict(done or {})
    for step in document["runs"]["steps"]:
        if step["id"] in steps:
            continue
        context = {"inputs": inputs, "github": dict(github), "steps": {name: s._asdict() for name, s in steps.items()}}
        steps[step["id"]] = _step(step, context, job, action, all(s.outcome != "failure" for s in steps.values()))
    context = {"steps": {name: each._asdict() for name, each in steps.items()}}
    return Ran(steps, {name: expand(each["value"], context) for name, each in document["outputs"].items()})


def _step(step: Mapping[str, Any], context: Mapping[str, Any], job: Job, action: Path, well: bool) -> Step:
    if not condition(step.get("if", "success()"), context, well):
        return Step("skipped", 0, b"", {}, "")
    assert step["shell"] == "bash", "the steps are for every system"
    own = {name: expand(str(value), context) for name, value in step.get("env", {}).items()}
    files = {name: job.temp / f"{name.lower()}_{step['id']}" for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    script = job.temp / f"{step['id']}.sh"
    script.write_text(expand(step["run"], context))
    for file in files.values():
        file.write_bytes(b"")
    set_by_runner = {name: str(path) for name, path in files.items()}
    set_by_runner |= {"GITHUB_ACTION_PATH": str(action), "RUNNER_TEMP": str(job.temp), "GITHUB_ACTIONS": "true"}
    done = subprocess.run(
        [*BASH, str(script)],
        cwd=job.workspace,
        env={**job.environ, **set_by_runner, **own},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    outputs = values(files["GITHUB_OUTPUT"].read_bytes().decode())
    outcome = "failure" if done.returncode else "success"
    summary = files["GITHUB_STEP_SUMMARY"].read_bytes()
    assert len(summary) <= 1 << 20, "the runner drops a larger one"
    return Step(outcome, done.returncode, done.stdout, outputs, summary.decode())


def expand(text: str, context: Mapping[str, Any]) -> str:
    """`text` with each `${{ a.b.c }}` as the context has it; what is not there is empty."""
    return re.sub(r"\$\{\{ ([\w.-]+) \}\}", lambda found: _look(found[1], context), text)


def _look(path: str, context: Mapping[str, Any]) -> str:
    found: Any = context
    for name in path.split("."):
        found = found.get(name, "") if isinstance(found, Mapping) else ""
    return str(found)


def condition(text: str, context: Mapping[str, Any], well: bool) -> bool:
    """Whether a step with this `if:` runs: terms joined by `&&`, each a status function or an equality."""
    terms = text.removeprefix("${{").removesuffix("}}").strip().split(" && ")
    return all(_term(term, context, well) for term in terms)


def _term(term: str, context: Mapping[str, Any], well: bool) -> bool:
    functions = {"success()": well, "always()": True, "!cancelled()": True, "failure()": not well}
    if term in functions:
        return functions[term]
    path, equals, word = term.partition(" == ")
    assert equals and re.fullmatch(r"'[^']*'", word), f"this runner does not know {term!r}"
    return _look(path, context) == word[1:-1]


def environ(home: Path, event: Path, **more: str) -> dict[str, str]:
    """The variables of a job that are not the step's own: no caller's settings but PATH."""
    fixed = {"PATH": os.environ["PATH"], "HOME": str(home), "CI": "true", "LANG": "C.UTF-8"}
    return {**fixed, "GITHUB_EVENT_PATH": str(event), **more}
