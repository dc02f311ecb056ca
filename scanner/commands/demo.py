"""`xoxscan demo`: the whole story on a throw-away repository and a stand-in for Slack: fakes are planted, found, asked
about, rehearsed, revoked by policy, proven dead; people are told, and what is left to do is named."""

from __future__ import annotations

import argparse
import io
import json
import os
import shlex
import tempfile
import textwrap
from collections.abc import Mapping, Sequence
from contextlib import chdir
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from scanner.commands import history, journal, remediate, scan, verify
from scanner.demo import scratch, standin, standin_planted
from scanner.demo.scratch import Planted
from scanner.demo.standin import Standin
from scanner.errors import INCOMPLETE, OK, UsageError
from scanner.model import Finding, Match, Streams
from scanner.pipeline import fingerprint
from scanner.report.reading import to_report
from scanner.respond.plan import grants, payload

SUMMARY = (
    "Plants fakes in a throw-away repository, finds them, and revokes one; needs no network, leaves nothing behind."
)

_BEGIN = """\
{count} fakes are planted in a throw-away repository: they look like Slack credentials, and never were any. A stand-in
for Slack, on this machine, takes them for real. What goes into a file below is shown in short, a line for each token.
"""
_OPERATOR = f"workspaces: [T0DEMO]\nnotices: {{slack_token_env: OPS_TOKEN, channel: {standin_planted.CHANNEL}}}\n"
_PUBLIC = "--visibility public --config ../operator.yaml"
_END = """
{found} of {count} were found; {end}.
With a real one, begin with docs/responding.md: only revoking makes it harmless. Then keep the next one out: README
shows the hooks for the pre-commit framework.
"""
_DEAD, _ALIVE = "one is proven dead, and the operator was told", "not all came to pass as it should"
_WIDTH = 116
_ENDS = {
    "revoked": "dead, proven",
    "held": "a person decides",
    "skipped": "by hand",
    "inactive": "has expired",
    "active": "alive: take it out",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the demo."""
    parser.add_argument("--serve", action="store_true", help="only the stand-in for Slack, until Ctrl-C")
    parser.add_argument("--port", type=int, metavar="N", help="where the stand-in listens (default: any that is free)")


def run(args: argparse.Namespace, streams: Streams) -> int:
    """OK when all that was planted was found, and the story ended as it should; else INCOMPLETE."""
    if args.serve:
        return standin.serve(streams, _port(args.port or 0))
    if args.port is not None:
        raise UsageError("--port is for --serve", "the demo itself takes any port that is free")
    with tempfile.TemporaryDirectory(prefix="xoxscan-demo-") as folder, Standin(clock=streams.clock) as slack:
        for account in standin_planted.planted():
            slack.add(account)
        stage = _stage(Path(folder), slack, streams)
        planted = scratch.build(stage.repository, stage.inside.environ)
        _say(stage, _BEGIN.format(count=len(planted)))
        return _tell(stage, planted)


def _port(number: int) -> int:
    if not 0 <= number < 1 << 16:
        raise UsageError("--port is a number up to 65535", "0 takes any that is free")
    return number


class _Stage(NamedTuple):
    """Where the story plays: what the commands see of the world, and what the spectator does."""

    repository: Path
    slack: Standin
    inside: Streams
    streams: Streams


def _stage(work: Path, slack: Standin, streams: Streams) -> _Stage:
    """An empty folder for the repository, the operator's configuration, and an environment of its own."""
    repository = work / "repository"
    repository.mkdir()
    (work / "operator.yaml").write_text(_OPERATOR)
    own = {
        "HOME": str(work),
        "XOXSCAN_STATE_DIR": str(work / "state"),
        "SLACK_API_URL": slack.url,
        "OPS_TOKEN": standin_planted.operators().token,
    }
    inside = streams._replace(environ={**_sealed(streams.environ), **own})
    return _Stage(repository, slack, inside, streams)


def _sealed(environ: Mapping[str, str]) -> dict[str, str]:
    """What of the environment may count: not the user's own configuration of git or of xoxscan, and no proxy."""
    kept = {name: environ[name] for name in ("PATH", "TERM", "NO_COLOR", "LANG", "TMPDIR") if name in environ}
    return {**kept, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


def _tell(stage: _Stage, planted: Sequence[Planted]) -> int:
    """The story; the exit status."""
    _part(stage, "Found: in the files, and in all that the repository still holds")
    written = _reported(stage, scan, "scan -q", "--report=json=../scan.json")
    _say(stage, "\n")
    held = _reported(stage, history, "history -q", "--report=json=../history.json")
    _part(stage, "Verified: does it live, whose is it, what can it do?")
    asked = _reported(stage, verify, "verify -q <.env", "--report=json=../verify.json")
    _part(stage, "Rehearsed: what the policy would do, and what Slack says to that; nothing is revoked")
    _say(stage, f"$ cat ../operator.yaml\n{_OPERATOR}\n")
    rehearsal = _reported(stage, history, f"history --respond rehearse {_PUBLIC} -f json -o ../rehearsed.json")
    before = _rows(rehearsal)
    _say(stage, "".join(before))
    _part(stage, "Revoked by policy, as it is alive, exposed and ours; and proven dead")
    acted = _reported(stage, history, f"history --respond revoke --yes {_PUBLIC} -f json -o ../revoked.json")
    _say(stage, "".join([row for row in _rows(acted) if row not in before]) + "  (the others as before)\n")
    proven, told = _journal(stage), _told(stage)
    _left(stage)
    missed = _ends(stage, planted, (written, held), (*asked, *acted))
    _say(stage, _END.format(found=len(planted) - missed, count=len(planted), end=_DEAD if proven and told else _ALIVE))
    return OK if proven and told and not missed else INCOMPLETE


def _part(stage: _Stage, title: str) -> None:
    _say(stage, f"\n# {title}\n")


def _reported(stage: _Stage, command: ModuleType, line: str, *more: str) -> tuple[Finding, ...]:
    """What the report of a command holds that says in `line` or `more` where it goes (the last word)."""
    said = _run(stage, command, line, *more)
    _say(stage, f"{said.rstrip()}\n" if said.strip() else "")
    name = [*shlex.split(line), *more][-1].rpartition("=")[2]
    return to_report((stage.repository / name).read_bytes()).findings


def _run(stage: _Stage, command: ModuleType, line: str, *more: str) -> str:
    """Runs a command as the command line would, in the repository: `line` is what the spectator sees, `more` what not.
    Gives what it wrote."""
    _say(stage, f"$ xoxscan {line}\n")
    words, _, file = line.partition(" <")
    parser = argparse.ArgumentParser(prog="xoxscan")
    command.add_arguments(parser)
    args = parser.parse_args([*shlex.split(words)[1:], *more])
    args.folder, args.no_progress = None, True
    out, given = io.BytesIO(), (stage.repository / file).read_bytes() if file else b""
    with chdir(stage.repository):
        command.run(args, stage.inside._replace(stdin=io.BytesIO(given), stdout=out))
    return out.getvalue().decode()


def _rows(findings: Sequence[Finding]) -> list[str]:
    """A row for each token of a report: what Slack says, what was done about it, and why."""
    together = grants(findings, payload)
    return [_row(finding, finding.fingerprint in together) for finding in findings]


def _row(finding: Finding, of_grant: bool) -> str:
    said, done = finding.verdict, finding.response
    why = done.reason if done else said.reason if said else ""
    proof = f": {done.proof}" if done and done.proof else ""
    grant = " (of one grant with config-access)" if of_grant and done else ""
    text = f"{finding.kind:<16}{said.state if said else '-':<13}{done.state if done else '-':<11}{why}{proof}{grant}"
    return _filled(text, 42)


def _filled(text: str, indent: int) -> str:
    return textwrap.fill(text, _WIDTH, initial_indent="  ", subsequent_indent=" " * indent) + "\n"


def _journal(stage: _Stage) -> bool:
    """Shows the steps that were written down; whether one came to its proof."""
    _part(stage, "Written down, each step before it was done")
    entries = json.loads(_run(stage, journal, "journal list -f json"))["entries"]
    ways = {entry["kind"]: [step["state"] for step in entry["steps"]] for entry in entries}
    for kind, steps in ways.items():
        _say(stage, f"  {kind:<16}{' -> '.join(steps)}\n")
    return any(steps[-1] == "proven" for steps in ways.values())


def _told(stage: _Stage) -> bool:
    """Shows what people were told, as the stand-in got it."""
    _part(stage, f"Told: in the operator's channel {standin_planted.CHANNEL}")
    _say(stage, "".join(_filled(message.text, 2) for message in stage.slack.messages))
    return bool(stage.slack.messages)


def _left(stage: _Stage) -> None:
    """What is left to do by hand, in short."""
    _part(stage, "Left to do by hand")
    _run(stage, remediate, "remediate ../revoked.json -f json -o ../runbook.json")
    steps = json.loads((stage.repository / "../runbook.json").read_bytes())["steps"]
    for phase in ("revoke", "replace"):
        titles = [_title(step).partition(": ")[2] for step in steps if step["phase"] == phase]
        _say(stage, _filled(f"{phase:<16}{'; '.join(titles)}", 18))
    rest = [step["title"] for step in steps if step["phase"] not in ("revoke", "replace")]
    _say(stage, _filled(f"{'then':<16}{'; '.join(rest)}", 18))


def _title(step: Mapping[str, object]) -> str:
    return f"{step['title']}{' (done)' if step['done'] else ''}"


def _ends(
    stage: _Stage, planted: Sequence[Planted], found: Sequence[Sequence[Finding]], ends: Sequence[Finding]
) -> int:
    """Says which command found what, and how it ended; how many were not found."""
    missed = 0
    last = {finding.fingerprint: _end(finding) for finding in ends}
    reported = [{finding.fingerprint for finding in findings} for findings in found]
    _say(stage, f"\n{'planted':<16}{'where':<54}{'scan':<7}{'history':<9}in the end\n")
    for fake in planted:
        name = _fingerprint(fake)
        seen = [name in fingerprints for fingerprints in reported]
        missed += not any(seen)
        scanned, held = ("found" if one else "–" for one in seen)
        _say(stage, f"{fake.kind:<16}{fake.where:<54}{scanned:<7}{held:<9}{last.get(name, '–')}\n")
    return missed


def _end(finding: Finding) -> str:
    state = finding.response.state if finding.response else finding.verdict.state if finding.verdict else ""
    return _ENDS.get(state, state)


def _fingerprint(fake: Planted) -> str:
    """What a report calls the whole token, if it was found to the character."""
    return fingerprint(Match("", fake.kind, fake.secret, "****", (), 0, 0))


def _say(stage: _Stage, text: str) -> None:
    stage.streams.stdout.write(text.encode())
    stage.streams.stdout.flush()
