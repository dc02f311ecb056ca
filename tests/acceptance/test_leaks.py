"""No part of any secret is in any byte that the program writes: reports of all formats under -v, the journal with its
log, temporary files, notices, what http.client and logging tell, tracebacks of what nobody caught, command lines and
environments of children. Each run's output is searched raw, unescaped, in base64, hex and UTF-16.

Exempt by design: `--show-secrets`, and the file of `remediate --expressions`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner.demo.standin import Standin
from scanner.demo.standin_faults import broken, closed, html, rate_limited, torn
from scanner.respond.journal import Journal
from tests.acceptance.leaks import Box, Search, grams, planted, told
from tests.conftest import CLOCK

pytestmark = pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="children are looked at in /proc")
ALL = ("-v", "--show-suppressed", "--explain-drops", "--no-progress")
REPORTS = [f"--report={form}={{out}}/{form}" for form in ("json", "jsonl", "sarif")]
PUBLIC = ("--visibility", "public", "--config", "{config}")
ACTS = ("--respond", "revoke", "--yes", "--max-revoke", "99", *PUBLIC)
RUNS: list[tuple[str, ...]] = [
    ("well", "scan", *ALL, *REPORTS),
    ("well", "scan", "-v", "-f", "json", "-"),
    ("well", "history", *ALL, *REPORTS, "--strict"),
    ("well", "history", *ALL, "-f", "json", "-o", "{out}/report.json", "--respond", "verify", "--probe-sessions"),
    ("well", "range", "HEAD~3..HEAD", *ALL, *REPORTS, "--respond", "rehearse"),
    ("well", "verify", "-v", *REPORTS[:2], "--probe-sessions"),
    ("well", "revoke", "-v", "-f", "json"),
    ("well", "explain"),
    ("well", "explain", "-f", "json"),
    ("well", "policy", "explain", "{out}/report.json"),
    ("well", "policy", "explain", "-f", "json", *PUBLIC, "{out}/report.json"),
    *(("well", "report", "{out}/report.json", "-v", "--show-suppressed", "-f", form) for form in ("text", "sarif")),
    ("well", "remediate", "{out}/report.json"),
    ("well", "remediate", "-f", "json", "-o", "{out}/runbook", "--expressions", "{exempt}"),
    ("well", "remediate", "--verify-clean", "--remote", "origin"),
    # With what a token is called, and what stands on the command line or in a configuration by mistake.
    *(("well", command, "{secret}") for command in ("verify", "revoke", "scan", "history", "range", "remediate")),
    ("well", "range", "{branch}..HEAD", "-v"),
    ("well", "history", "-v", "--config", "{wrong}"),
    ("well", "history", "--respond", "verify", "--config", "{secret}"),
    # Where things go wrong that nobody expects.
    ("aside", "scan", "-v"),
    ("raised", "scan", "-v"),
    ("stopped", "scan", "-v"),
    ("raised", "history", "--jobs", "2"),
    ("stopped", "history", "--jobs", "2"),
    ("aside", "verify", "-v"),
    ("raised", "verify", "-v"),
    ("stopped", "verify", "-v"),
    ("stopped", "explain"),
    ("aside", "revoke", "--yes", "--max-revoke", "99", "--config", "{config}", "-v"),
    ("stopped", "history", *ACTS),
    ("stopped", "journal", "resume", "--config", "{config}"),
    ("well", "history", "-v", *REPORTS, *ACTS),
    ("aside", "journal", "resume", "-", "-v", "--config", "{config}"),
    ("well", "journal", "list", "--requests"),
    ("well", "journal", "show", "1"),
    ("well", "journal", "export", "-o", "{out}/evidence"),
]

GIVEN = ("{secret}", "{branch}..HEAD")  # what stands on the command line is for all to see, whatever the program does


class Case:
    """What all runs share."""

    def __init__(self, folder: Path, slack: Standin) -> None:
        self.slack = slack
        self.planted = planted(folder)
        (folder / "box").mkdir()
        self.box = Box(folder / "box", self.planted, slack)
        self.search = Search(grams(self.planted.secrets.values()))
        self.words = {
            "out": str(self.box.folder / "out"),
            "exempt": str(folder / "expressions"),
            "config": str(folder / "operator.yaml"),
            "wrong": str(folder / "wrong.yaml"),
            "secret": self.planted.secrets["bot 1"].decode(),
            "branch": self.planted.secrets["branch"].decode(),
        }
        notices = f"webhook_url: '{slack.hooks}/_inbox/ops', webhook_secret_env: OPERATOR_KEY"
        channel = "slack_token_env: OPERATOR_TOKEN, channel: "
        for name, where in (("config", "C0OPERATOR"), ("wrong", self.planted.secrets["channel"].decode())):
            Path(self.words[name]).write_text(f"workspaces: [T0DEMO]\nnotices: {{{notices}, {channel}{where}}}\n")

    def run(self, mode: str, *words: str) -> bytes:
        """What the program said, with every secret on its standard input."""
        given = b"\n".join(secret for secret in self.planted.secrets.values()) + b"\n"
        return self.box.run(mode, *(word.format(**self.words) for word in words), stdin=given)[1]

    def weather(self) -> None:
        """Slack knows all, is slow to answer, and sends messages with what it was asked."""
        told(self.slack, self.planted.secrets)
        self.slack.add(self.slack.account(self.box.environ["OPERATOR_TOKEN"]))
        for fault in (broken(), html(), torn(), closed(), rate_limited("1"), broken(acts=True)):
            self.slack.faults.add("auth.test", fault)
            self.slack.faults.add("auth.revoke", fault)


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    folder = tmp_path_factory.mktemp("leaks")
    with pytest.MonkeyPatch.context() as patch, Standin() as slack:
        for role in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{role}_NAME", "Ada")
            patch.setenv(f"GIT_{role}_EMAIL", "ada@example.org")
        made = Case(folder, slack)
        slack.plant("bot", seed=4711)
        yield made


@pytest.fixture(scope="module", autouse=True)
def log_stays(case: Case) -> Iterator[None]:
    """Whoever closes the journal last deletes its log: that is us."""
    state = case.box.folder / "state"
    Journal(str(state), lambda: CLOCK).close()
    db = sqlite3.connect(state / "journal.sqlite3")
    db.execute("SELECT * FROM sessions").fetchall()
    yield
    db.close()


@pytest.mark.parametrize("words", RUNS, ids=" ".join)
def test_nothing_leaks(case: Case, words: tuple[str, ...]) -> None:
    before = case.box.repository()
    case.weather()
    said = case.run(*words)
    assert case.search.found(said) == set(), said
    for name, data in case.box.written():
        given = name == "children" and any(place in words for place in GIVEN)
        assert given or case.search.found(data) == set(), name
    for message in case.slack.messages:
        assert case.search.found(f"{message.text} {message.blocks}".encode()) == set()
    for letter in case.slack.letters:
        assert case.search.found(letter.body) == set()
    assert case.box.repository() == before
