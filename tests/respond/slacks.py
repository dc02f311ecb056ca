"""What tests of acting share: a stand-in for Slack, a journal, and a clock that only sleeping moves."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from scanner import rules
from scanner.demo.standin import Account, Standin
from scanner.detect import Detector
from scanner.model import Finding, Response, Rule, Secret
from scanner.pipeline import fingerprint
from scanner.respond import act
from scanner.respond.act import Means
from scanner.respond.journal import Entry, Journal, Planned
from scanner.slack.answers import Token
from scanner.slack.api import Slack
from scanner.slack.limits import NONE, Limits
from tests.conftest import CLOCK

RULES = {rule.kind: rule for rule in rules.builtin() if rule.kind != "app-secret"}
NOW = "2026-01-02T03:04:05.000Z"
_DETECTOR = Detector(rules.builtin(), 5.0)


class Clock:
    """Seconds that pass only by sleeping."""

    def __init__(self) -> None:
        self.now, self.slept = 0.0, list[float]()

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Bench:
    """A journal and a Slack on the stand-in, as one process has them."""

    def __init__(self, standin: Standin, folder: Path, deadline: float = 10_000.0) -> None:
        self.standin, self.clock = standin, Clock()
        self.journal = Journal(str(folder / "state"), lambda: CLOCK + self.clock.now)
        self.slack = self.asking(deadline)
        self.steps: list[str] = []
        self.means = Means(self.slack, self.journal, self.clock.sleep, lambda: NOW, self.steps.append)

    def asking(self, deadline: float) -> Slack:
        """A Slack whose deadline is so many seconds from now."""
        return Slack(
            self.standin.url,
            environ={},
            clock=self.clock,
            sleep=self.clock.sleep,
            random=lambda: 0.0,
            deadline=deadline,
            log=self.journal,
            committed=self.journal.committed,
            limits=Limits(self.clock, self.clock.sleep, NONE),
            hooks=self.standin.hooks,
        )

    def close(self) -> None:
        """As a process ends."""
        self.slack.close()
        self.journal.close()

    def plan(self, account: Account, run: str = "run") -> Entry:
        """The entry of a planned revocation."""
        return self.journal.plan(run, [planned(account)])[0]

    def revoke(self, account: Account, rule: Rule | None = None) -> Response:
        """Plans and does it."""
        return act.revoke(self.means, token(account), self.plan(account), rule or RULES[account.kind])

    def resume(self, account: Account, number: int = 1) -> Response:
        """Takes up an entry."""
        entry = self.journal.entry(number)
        assert entry is not None
        return act.resume(self.means, token(account), entry, RULES[account.kind])

    def state(self, number: int = 1) -> str:
        """How an entry stands."""
        entry = self.journal.entry(number)
        assert entry is not None
        return entry.state

    def asked(self) -> list[str]:
        """What the stand-in saw, in order."""
        return [f"{seen.method} test" if seen.dry else seen.method for seen in self.standin.requests]


@contextmanager
def bench(standin: Standin, folder: Path, deadline: float = 10_000.0) -> Iterator[Bench]:
    """A bench, closed at the end."""
    with ExitStack() as stack:
        made = Bench(standin, folder, deadline)
        stack.callback(made.close)
        yield made


def token(account: Account) -> Token:
    """As a finding would give it."""
    return Token(Secret(account.token.encode()), name(account.token), account.kind)


def name(text: str) -> str:
    """The fingerprint of a token."""
    return fingerprint(next(iter(_DETECTOR.scan(text.encode()).matches)))


def planned(account: Account) -> Planned:
    """A plan without a place."""
    return Planned(name(account.token), account.kind, RULES[account.kind].id, "masked", "mirror-slack")


def finding(account: Account, **fields: object) -> Finding:
    """A finding, as a command would have it."""
    rule = RULES[account.kind]
    match = next(iter(_DETECTOR.scan(account.token.encode()).matches))
    made = Finding(
        Secret(account.token.encode()),
        fingerprint(match),
        rule.id,
        rule.kind,
        rule.severity,
        match.redacted,
        match.anatomy,
        (),
    )
    return made._replace(remediation=rule.remediation, **fields)  # type: ignore[arg-type]


def rotating(team: str = "123456789", grant: str = "987654321", serial: int = 1) -> tuple[str, str]:
    """An access token and a refresh token whose payloads name the same grant."""
    user, digest = "55555555555", hashlib.sha256(f"{grant} {serial}".encode()).hexdigest()
    access = _payload(f"2-2-{team}-{user}-{grant}-1000000{serial}-{digest}")
    refresh = _payload(f"3-1-{team}-{grant}-2000000{serial}-{digest}")
    return f"xoxe.xox{'p'}-1-{access}", f"xox{'e'}-1-{refresh}"


def _payload(plain: str) -> str:
    return base64.b64encode(plain.encode()).decode().rstrip("=")
