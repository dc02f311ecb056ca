"""A leak, a stand-in for Slack, and the program killed at any point between them: what tests.acceptance.test_crash
needs."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest

from scanner.demo.standin import Account, Seen, Standin
from scanner.demo.standin_faults import Fault, broken, held
from scanner.respond.journal import Entry, Journal, Request
from tests.conftest import DATE, Repo, token

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0  # seconds, on a machine that does much else
WEATHERS = ("active", "already dead", "5xx")
WHO = {"NAME": "Ada", "EMAIL": "ada@example.org", "DATE": DATE}
COMMANDS = ("revoke", "history")
PHASES = ("begun", "held", "answered")  # of a request: before it is sent, after that, before its answer is written
STEPS = ("planned", "look", "intent", "sent", "request", "answer", "answered", "proven")  # as `Means.at` is told
ACCESS, REFRESH = "config-access", "config-refresh"


class Point(NamedTuple):
    """Where a run ends: at the `number`-th time that `name` comes for this fingerprint; the journal says `state` then.
    «held METHOD»: Slack has done what it was asked, and has not answered."""

    command: str
    weather: str
    name: str
    fingerprint: str
    number: int
    state: str

    def __str__(self) -> str:
        return f"{self.command}, {self.weather}: {self.name} {self.fingerprint[:24]} {self.number} ({self.state})"

    @property
    def sort(self) -> tuple[str, ...]:
        """What it is an example of."""
        return self.weather, self.name, self.state


class Leak(NamedTuple):
    """Tokens in a repository, by what may be done with them, and what runs may not touch."""

    repo: Path
    config: Path
    ours: tuple[Account, ...]  # public, and of our workspace: all shall die
    spared: tuple[Account, ...]  # somebody else's, or not public

    @property
    def stdin(self) -> str:
        """As `revoke -` gets them: somebody else's too. That a token is not public counts for nothing there."""
        return "\n".join(account.token for account in (*self.ours, self.spared[0])) + "\n"


def leak(folder: Path) -> Leak:
    """A repository whose public remote holds a bot's token, the two of a grant, and somebody else's; and one commit
    that nobody has pushed."""
    bot, other, unpushed = (token("bot", number).decode() for number in (1, 2, 3))
    access, refresh = grant()
    ours = (
        Account(refresh, REFRESH, grant="g"),
        Account(access, ACCESS, grant="g", scopes=("app_configurations:write",)),
        Account(bot, "bot", user_id="U0BOT", bot_id="B0BOT", scopes=("chat:write",)),
    )
    spared = (Account(other, "bot", team_id="T0OTHER"), Account(unpushed, "bot"))
    repo = Repo(folder / "repo")
    public = "".join(f"TOKEN_{at} = {each.token}\n" for at, each in enumerate((*ours, spared[0])))
    tip = repo.commit({"app.env": public.encode()})
    repo.git("remote", "add", "origin", "https://github.com/example/app")
    repo.git("update-ref", "refs/remotes/origin/main", tip)
    repo.commit({"later.env": unpushed.encode() + b"\n"})
    config = folder / "operator.yaml"
    config.write_text("workspaces: [T0DEMO]\n")
    return Leak(repo.path, config, ours, spared)


def grant() -> tuple[str, str]:
    """An access token and the refresh token of its grant (the layouts that scanner.slack.anatomy knows)."""
    random = Random("a grant")
    team, user, number = (str(random.randint(10**11, 10**12 - 1)) for _ in range(3))

    def body(*ids: str) -> str:
        secret = "".join(random.choices("0123456789abcdef", k=64))
        return base64.b64encode("-".join((*ids, secret)).encode()).decode().rstrip("=")

    access = body("2", "2", team, user, number, "123456789012")
    return "xoxe." + "xoxp-1-" + access, "xo" + "xe-1-" + body("3", "1", team, number, "223456789012")


def sealed(patch: pytest.MonkeyPatch, home: Path) -> None:
    """For what a whole module shares: nothing of this machine's settings, as tests.conftest has it for each test."""
    for name in list(os.environ):
        if name.startswith(("GIT_", "XOXSCAN_", "XDG_", "SLACK_")):
            patch.delenv(name)
    people = {f"GIT_{role}_{what}": who for role in ("AUTHOR", "COMMITTER") for what, who in WHO.items()}
    fixed = {"HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "NO_COLOR": "1"}
    for name, value in (people | fixed).items():
        patch.setenv(name, value)


class Forge:
    """Runs the program again and again (tests.acceptance.crash_child)."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.acceptance.crash_child"]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, cwd=ROOT, text=True, bufsize=1)

    def run(self, order: dict[str, Any], stopped: Standin | None = None) -> int:
        """How the run ended. With `stopped` it is killed as soon as that keeps one of its requests."""
        assert self._process.stdin and self._process.stdout
        print(json.dumps(order), file=self._process.stdin)
        child = int(self._process.stdout.readline())
        if stopped is None:
            return int(self._process.stdout.readline())
        stopped.gate.wait(1, PATIENCE)
        with suppress(ProcessLookupError):  # where the request never came: the status tells
            os.kill(child, signal.SIGKILL)
        status = int(self._process.stdout.readline())
        stopped.gate.release()
        return status

    def close(self) -> None:
        """Ends it."""
        self._process.communicate(timeout=PATIENCE)


class Scene:
    """One leak and one Slack that knows it, for one run that is killed, and what comes after."""

    def __init__(self, leak: Leak, forge: Forge, slack: Standin, folder: Path, command: str, weather: str) -> None:
        self.leak, self.slack, self.folder = leak, slack, folder
        self._forge, self._command, self._weather = forge, command, weather
        self.names: dict[str, Account] = {}
        for account in (*leak.ours, *leak.spared):
            known = slack.add(account)
            self.names[slack.named(known.token).fingerprint] = known

    def trace(self) -> list[Point]:
        """All the points of a run that nobody kills."""
        self._weathered()
        assert self._run(self._argv(), None) == (1 if self._command == "history" else 4), self.said()
        passed = json.loads((self.folder / "run.trace").read_text())
        points = [Point(self._command, self._weather, *each) for each in passed]
        sent = (each for each in points if each.name.startswith("begun "))
        return [*points, *(each._replace(name=each.name.replace("begun", "held")) for each in sent)]

    def crash(self, point: Point) -> None:
        """The run that ends there."""
        stops = point.name.startswith("held ")
        self._weathered(point if stops else None)
        given = None if stops else (point.name, point.fingerprint, point.number)
        status = self._run(self._argv(), given, self.slack if stops else None)
        assert status == -signal.SIGKILL, (status, self.said())
        self.slack.faults.clear()

    def resume(self, point: tuple[str, str, int] | None = None) -> int:
        """`journal resume`, by a process that knows nothing of the one before."""
        self.slack.mark()
        given = ["-"] if self._command == "revoke" else []
        return self._run(["journal", "resume", *given, "--config", str(self.leak.config)], point)

    def journal(self) -> tuple[list[Entry], list[Request]]:
        """What it says afterwards; nothing where there is none."""
        if not (self.folder / "state/journal.sqlite3").exists():
            return [], []
        with Journal(str(self.folder / "state"), time.time) as journal:
            return journal.entries(), journal.requests()

    def said(self) -> str:
        """All that the runs have printed."""
        return "".join((self.folder / f"run.{name}").read_text() for name in ("out", "err"))

    def _argv(self) -> list[str]:
        config = ["--config", str(self.leak.config)]
        if self._command == "revoke":
            return ["revoke", "--yes", *config]
        return ["history", "--respond", "revoke", "--yes", "--visibility", "public", "--jobs", "1", *config]

    def _run(self, argv: Sequence[str], point: tuple[str, str, int] | None, stopped: Standin | None = None) -> int:
        deaths = {name: each.token for name, each in self.names.items() if each in self.leak.ours}
        environ = {
            **os.environ,
            "SLACK_API_URL": self.slack.url,
            "XOXSCAN_STATE_DIR": str(self.folder / "state"),
        }
        order = {
            "argv": list(argv),
            "stdin": self.leak.stdin,
            "environ": environ,
            "folder": str(self.leak.repo if self._command == "history" else self.folder),
            "out": str(self.folder / "run"),
            "point": point,
            "deaths": deaths if self._weather == "already dead" else {},
            "control": self.slack.control,
        }
        return self._forge.run(order, stopped)

    def _weathered(self, stop: Point | None = None) -> None:
        """Queues what shall go wrong: the first answers to each method (5xx), and the request that is kept."""
        for name in self.names:
            for acts, method in enumerate(("auth.test", "auth.revoke")):
                mine = stop is not None and stop.fingerprint == name and stop.name.split()[1] == method
                self._faults(method, name, bool(acts) and int(name[-1], 36) % 2 == 0, stop if mine else None)

    def _faults(self, method: str, name: str, acts: bool, stop: Point | None) -> None:
        add, number = self.slack.faults.add, 0 if stop is None else stop.number
        storm = broken(acts=acts) if self._weather == "5xx" else Fault("held", True)
        kept = storm._replace(name="held", hold="after") if number == 0 else held()
        if self._weather == "5xx" and (stop is None or number):
            add(method, storm, fingerprint=name)
            number -= 1
        if stop is not None:
            add(method, kept, every=max(number, 0) + 1, fingerprint=name)


def chosen(points: Iterable[Point], count: int) -> list[Point]:
    """`count` of them, the same each time: first each phase of auth.revoke in each weather, then each other step and
    each phase of auth.test in each state of the journal (in one weather after the other), then what is left."""
    sorts: dict[tuple[str, ...], list[Point]] = {}
    for point in points:
        sorts.setdefault(point.sort, []).append(point)
    for at, sort in enumerate(sorted(sorts)):  # now the one command first, now the other; now a first, now a last token
        Random(at).shuffle(sorts[sort])
        sorts[sort].sort(key=lambda point: point.command != COMMANDS[at % 2])
    first = [*_essential(sorts), *_other(sorts)]
    order = [*first, *sorted(sorts.keys() - set(first))]
    rounds = max(map(len, sorts.values()))
    return [sorts[sort][turn] for turn in range(rounds) for sort in order if turn < len(sorts[sort])][:count]


def _essential(sorts: Iterable[tuple[str, ...]]) -> list[tuple[str, ...]]:
    return sorted(sort for sort in sorts if sort[1] in [f"{phase} auth.revoke" for phase in PHASES])


def _other(sorts: Iterable[tuple[str, ...]]) -> list[tuple[str, ...]]:
    tests = [f"{phase} auth.test" for phase in PHASES]
    kinds: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
    for weather, name, state in sorted(sorts):
        if state and (" " not in name or name in tests):
            kinds.setdefault((name, state), []).append((weather, name, state))
    return [sorts[at % len(sorts)] for at, sorts in enumerate(kinds.values())]


def repeated(seen: Sequence[Seen], kind: str) -> list[Seen]:
    """The requests of one token that sent a real auth.revoke again although nobody had seen the token alive since; for
    a refresh token, of which auth.test says nothing, a rehearsal counts, and the second one that proves it dead may
    follow the one that was answered."""
    found, last = [], None
    looked = True
    for each in seen:
        if each.revokes:
            proof = kind == REFRESH and last is not None and last.answered and last.code == "ok"
            if not (looked or proof):
                found.append(each)
            last, looked = each, False
        elif each.code == "ok" and each.answered and (each.dry or each.method == "auth.test"):
            looked = True
    return found
