"""Whatever happens to a repository between two runs: with the cache they say what they say without."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.commands.test_history_cache import Both, broken, broken_entry
from tests.conftest import Repo, Run, token

CONTENTS = [b"clean\n", b"another\n", b"slack: a secret word\n", token(seed=1), token(seed=2), token("user", 3)]
RULES = [(), ("--skip", "slack-bot-token"), ("--explain-drops",), ("--only", "slack-app-token")]


class Histories(RuleBasedStateMachine):
    """A repository and its cache."""

    run: ClassVar[Run]

    @initialize()
    def begin(self) -> None:
        self.top = tempfile.TemporaryDirectory()
        repo = Repo(Path(self.top.name) / "repo")
        repo.git("config", "gc.auto", "0")
        repo.commit({"a": b"clean\n"})
        self.both = Both(self.run, repo, Path(self.top.name) / "cache")
        self.options: tuple[str, ...] = ()
        self.damaged: dict[str, bytes] = {}
        self.number = 0

    def git(self, *arguments: str) -> None:
        self.both.repo.git(*arguments, ok=(0, 1, 128, 255))

    @rule(content=st.sampled_from(CONTENTS), name=st.sampled_from("abc"), message=st.sampled_from(CONTENTS))
    def commit(self, content: bytes, name: str, message: bytes) -> None:
        self.number += 1
        self.both.repo.commit({name: content + b"%d\n" % self.number}, message.decode())

    @rule(content=st.sampled_from(CONTENTS))
    def drop_a_commit(self, content: bytes) -> None:
        self.commit(content, "d", b"dropped")
        self.git("reset", "-q", "--hard", "HEAD~1")

    @rule(content=st.sampled_from(CONTENTS))
    def tag(self, content: bytes) -> None:
        self.number += 1
        self.git("tag", "-a", "-m", content.decode(), f"t{self.number}")

    @rule()
    def delete_the_tags(self) -> None:
        for name in self.both.repo.git("tag").split():
            self.git("tag", "-d", name)

    @rule(command=st.sampled_from([("-d",), ("-ad",), ("-Ad",), ("-a",), ("-adf", "--depth=1")]))
    def repack(self, command: tuple[str, ...]) -> None:
        self.git("repack", "-q", *command)

    @rule(options=st.sampled_from([(), ("--cruft",), ("--prune=now",)]))
    def gc(self, options: tuple[str, ...]) -> None:
        self.git("gc", "-q", *options)

    @rule()
    def forget(self) -> None:
        self.git("reflog", "expire", "--expire=now", "--all")

    @rule(content=st.sampled_from(CONTENTS), committed=st.booleans())
    def damage(self, content: bytes, committed: bool) -> None:
        """A new object is damaged. (That one which was known to be clean is damaged later nobody sees.)"""
        if not self.damaged:
            self.number += 1
            new = content + b"damaged %d\n" % self.number
            oid = self.both.repo.git("hash-object", "-w", "--stdin", stdin=new)
            if committed:
                self.both.repo.commit({"e": new})
            file = self.both.repo.path / ".git/objects" / oid[:2] / oid[2:]
            self.damaged[str(file)] = broken(self.both.repo, oid)

    @rule(content=st.sampled_from(CONTENTS))
    def damage_what_is_loose_too(self, content: bytes) -> None:
        """The entry of a pack, before anybody looks at it; the loose object is whole."""
        if not self.damaged:
            self.commit(content, "f", b"packed twice")
            self.git("repack", "-aq")
            damaged = broken_entry(self.both.repo, self.both.repo.git("rev-parse", "HEAD:f"))
            self.damaged = {str(damaged[0]): damaged[1]} if damaged else {}

    @rule()
    def prune_packed(self) -> None:
        self.git("prune-packed")

    @rule()
    def heal(self) -> None:
        for name, content in self.damaged.items():
            if Path(name).exists():
                Path(name).write_bytes(content)
        self.damaged.clear()

    @rule(options=st.sampled_from(RULES))
    def choose_rules(self, options: tuple[str, ...]) -> None:
        self.options = options

    @invariant()
    def same(self) -> None:
        self.both.report(*self.options)

    def teardown(self) -> None:
        self.top.cleanup()


def test_any_sequence(run: Run, sealed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(sealed)
    machine = type("Machine", (Histories,), {"run": staticmethod(run)})
    few = settings(max_examples=5, stateful_step_count=7, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(machine, settings=few)
