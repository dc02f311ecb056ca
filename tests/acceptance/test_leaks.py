"""No part of any secret is in any byte that the program writes: reports of all formats under -v, the journal with its
log, temporary files, notices, what http.client and logging tell, tracebacks of what nobody caught, command lines and
environments of children. Each run's output is searched raw, unescaped, in base64, hex and UTF-16.

Exempt by design: `--show-secrets`, and the file of `remediate --expressions`.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from scanner.demo.standin import Standin
from scanner.demo.standin_faults import broken, closed, html, rate_limited, torn
from scanner.respond.journal import Journal
from tests.acceptance.crashes import sealed
from tests.acceptance.leaks import LEAST, Box, Search, grams, lines, planted, secret_part, told
from tests.conftest import CLOCK, token

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
    ("well", "range", "HEAD~2..HEAD", *ALL, *REPORTS, "--respond", "rehearse"),
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
    *((f"{what}@scan", "scan", "-v") for what in ("aside", "raised", "stopped")),
    *((f"{what}@scan", "history", "--jobs", "2") for what in ("raised", "stopped")),
    *((f"{what}@send", "verify", "-v") for what in ("aside", "raised", "stopped")),
    ("stopped@scan", "explain"),
    ("aside@send", "revoke", "--yes", "--max-revoke", "99", "--config", "{config}", "-v"),
    ("stopped@send", "history", *ACTS),
    ("killed@send", "history", "-v", *ACTS),
    ("raised@send", "journal", "resume", "--config", "{config}"),
    ("well", "history", "-v", *REPORTS, *ACTS),
    ("aside@send", "journal", "resume", "-", "-v", "--config", "{config}"),
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
        given = lines(self.planted.secrets)
        return self.box.run(mode, *(word.format(**self.words) for word in words), stdin=given)[1]

    def weather(self) -> None:
        """Slack knows all, and answers badly at first."""
        told(self.slack, self.planted.secrets)
        self.slack.plant("bot", seed=4711, scopes=("chat:write",), channels=("C0OPERATOR",))
        for fault in (broken(), html(), torn(), closed(), rate_limited("1"), broken(acts=True)):
            self.slack.faults.add("auth.test", fault)
            self.slack.faults.add("auth.revoke", fault)


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    folder = tmp_path_factory.mktemp("leaks")
    with pytest.MonkeyPatch.context() as patch, Standin() as slack:
        sealed(patch, folder)
        yield Case(folder, slack)


HOLDS = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("SELECT * FROM sessions").fetchall()
print("open", flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module", autouse=True)
def log_stays(case: Case) -> Iterator[None]:
    """Whoever closes the journal last deletes its log: that is a process which waits until the end."""
    state = case.box.folder / "state"
    Journal(str(state), lambda: CLOCK).close()
    command = [sys.executable, "-c", HOLDS, str(state / "journal.sqlite3")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout and process.stdout.readline() == b"open\n"
        yield
        process.communicate()


@pytest.mark.no_cover
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


def test_it_was_as_bad_as_it_should_be(case: Case) -> None:
    """After the runs above: some died, some were killed, the journal's log was there, people were told."""
    state = case.box.folder / "state"
    assert (state / "journal.sqlite3-wal").stat().st_size > 0
    with Journal(str(state), lambda: CLOCK) as journal:
        assert {entry.state for entry in journal.entries()} >= {"proven", "held"}
    assert any(case.slack.messages) and any(case.slack.letters)
    assert Path(case.words["exempt"]).exists()
    assert case.box.children.read_bytes()


def test_what_is_shown_on_purpose_is_found(case: Case) -> None:
    """That the test above can fail."""
    said = case.run("well", "scan", "--show-secrets", "-v")
    assert len(Search(grams(case.planted.secrets.values())).found(said)) > 100


@pytest.mark.parametrize("kind", ["bot", "session-cookie", "webhook", "config-access", "user-legacy"])
def test_the_search_finds_every_spelling(kind: str) -> None:
    secret = token(kind, 8)
    part = secret_part(secret)
    some = part[3 : 3 + LEAST] if len(part) > LEAST else part
    spellings = [
        b"a" + some + b"b",
        some[:6] + b"\n   " + some[6:],
        quote(secret.decode(), safe="").replace("-", "%2D").encode(),
        b"".join(b"%%%02x" % byte for byte in some),
        "".join(f"\\u{byte:04x}" for byte in some).encode(),
        json.dumps(secret.decode()).replace("/", "\\/").encode(),
        secret.decode().encode("utf-16"),
        secret.decode().encode("utf-16-be"),
        some.hex().encode(),
        some.hex().upper().encode(),
        *(base64.b64encode(b"x" * shift + secret + b"yyy") for shift in range(3)),
        *(base64.urlsafe_b64encode(b"x" * shift + secret) for shift in range(3)),
    ]
    for spelling in spellings:
        assert Search(grams([secret])).found(spelling), spelling
    assert not Search(grams([secret])).found(token(kind, 9))
