"""The runbook's parts, what keeps a secret, and files outside of repositories."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import pytest

from scanner import rules
from scanner.errors import OutputError
from scanner.git.refs import Name
from scanner.model import Finding, Location, Names, Position, Reach, Response, Rule, Secret, Verdict
from scanner.respond import outside
from scanner.respond.clean import leading
from scanner.respond.keepers import ORDER, keepers
from scanner.respond.remediate import advice, is_dead, runbook, told
from scanner.respond.replacing import WORDS

BUILTIN = {rule.id: rule for rule in rules.builtin()}


def found(rule: Rule, *locations: Location) -> Finding:
    return Finding(
        Secret(b"x"),
        f"v1:{rule.kind}:{rule.id}",
        rule.id,
        rule.kind,
        rule.severity,
        "x-****",
        (),
        locations
        or (Location("blob", b"a", position=Position(1, 1, 1, 2), reach=Reach(branches=Names(1, ("main",)))),),
        remediation=rule.remediation,
    )


@pytest.mark.parametrize("rule", BUILTIN.values(), ids=list(BUILTIN))
def test_every_rule_has_its_steps(rule: Rule) -> None:
    steps = runbook([found(rule)], BUILTIN).steps
    assert [step.phase for step in steps] == ["revoke", "replace", "redeploy", "rewrite", "elsewhere", "verify"]
    words = " ".join(steps[0].text)
    assert all(part in words for part in advice(rule.remediation)[:2])
    assert bool(steps[0].commands) == (rule.revoke == "auth.revoke")
    assert ("a person does it" in words) == (rule.revoke == "manual")


@pytest.mark.parametrize("rule", BUILTIN.values(), ids=list(BUILTIN))
def test_every_step_is_an_instruction_that_stands_by_itself(rule: Rule) -> None:
    everything = Reach(Names(1, ("a",)), Names(1, ("v1",)), True, True, True, True, True)
    steps = runbook([found(rule, Location("blob", b"a", reach=everything))], BUILTIN).steps
    for step in steps:
        assert step.text
        for line in step.text:
            assert not re.match(r"(Then|And|Or|But|Only|So|It|That|They)\b", line), line
            assert line[0].isupper() and line.endswith(".") and "step above" not in line
    replace = steps[1].text[0]
    assert re.match(r"(Add|Generate|Give|Have|Make|Reinstall|Take|Use) ", replace), replace
    assert "shape" not in replace and "cannot be revoked" not in replace


def test_a_rule_of_ones_own_says_what_comes_then() -> None:
    def own(remediation: str, revoke: str = "manual") -> str:
        rule = BUILTIN["slack-bot-token"]._replace(id="own", remediation=remediation, revoke=revoke)
        return runbook([found(rule)], {"own": rule}).steps[1].text[0]

    assert own("Do it. What breaks: all. Then make a new one.") == "Make a new one."
    assert own("Do it. What breaks: all. Ask Ops.") == "Ask Ops."
    assert own("Do it.").startswith("Make a new one where the old one was made")
    assert own("Do it.", "none").startswith("Make no new one")
    assert set(BUILTIN) == set(WORDS)


def test_refresh_tokens_come_first() -> None:
    titles = [step.title for step in runbook([found(rule) for rule in BUILTIN.values()], BUILTIN).steps]
    assert "refresh" in titles[0].lower() and "refresh" in titles[1].lower()


def test_advice() -> None:
    assert advice("Do it. What breaks: all; of it. Then go on. And on.") == (
        "Do it.",
        "all; of it",
        "Then go on. And on.",
    )
    assert advice("Do it. What breaks: all.") == ("Do it.", "all", "")
    assert advice("Do it.") == ("Do it.", "", "")


@pytest.mark.parametrize(
    ("finding", "dead"),
    [
        ({}, False),
        ({"response": Response("revoked", "proven")}, True),
        ({"response": Response("unproven", "")}, False),
        ({"verdict": Verdict("inactive", "", code="token_revoked")}, True),
        ({"verdict": Verdict("inactive", "", code="token_expired")}, False),
        ({"verdict": Verdict("inactive", "")}, False),
        ({"verdict": Verdict("active", "", code="token_revoked")}, False),
    ],
)
def test_what_is_proven_dead(finding: dict[str, object], dead: bool) -> None:
    one = found(BUILTIN["slack-bot-token"])._replace(**finding)  # type: ignore[arg-type]
    assert is_dead(one) is dead
    step = runbook([one], BUILTIN).steps[0]
    assert step.done is dead and bool(step.commands) is not dead


def test_without_a_history_nothing_is_rewritten() -> None:
    one = found(BUILTIN["slack-bot-token"], Location("worktree", b"a.env"), Location("stdin"))
    book = runbook([one], BUILTIN)
    assert [step.phase for step in book.steps] == ["revoke", "replace", "redeploy"]
    assert [keeper.what for keeper in book.kept] == ["worktree"]
    many = [Location("worktree", b"%d.env" % number) for number in range(25)]
    assert "and 5 more" in runbook([found(BUILTIN["slack-bot-token"], *many)], BUILTIN).steps[2].text[1]
    assert runbook([], BUILTIN) == ((), ())


def test_every_keeper() -> None:
    everything = Reach(Names(30, ("a", "b")), Names(1, ("v1",)), True, True, True, True, True)
    places = [Location(source) for source in ("worktree", "index", "ref-name", "path-name", "reflog", "stdin")]
    places += [Location("blob", reach=everything), Location("blob"), Location("commit-message", reach=Reach())]
    held = keepers(places)
    assert tuple(keeper.what for keeper in held) == ORDER
    (branches,) = [keeper for keeper in held if keeper.what == "branches"]
    assert branches.names == Names(30, ("a", "b")) and "(a, b and 28 more)" in told(branches)


def test_which_refs_lead_to_it() -> None:
    names = [Name(b"refs/" + word, b"0") for word in (b"heads/a", b"tags/v1", b"notes/x", b"pull/1/head", b"heads/b")]
    reach = Reach(Names(22, ("a", "refs/pull/1/head")), Names(1, ("v1",)), notes=True)
    places = [Location("blob", reach=reach), Location("index", reach=Reach(Names(1, ("b",))))]
    assert list(leading(places, names)) == [
        *("refs/heads/a", "refs/pull/1/head", "20 more branches", "refs/tags/v1", "refs/notes/x")
    ]


def test_a_file_is_made_whole_or_not_at_all(tmp_path: Path) -> None:
    place = tmp_path / "a"
    outside.create(str(place), b"one")
    assert place.read_bytes() == b"one" and stat.S_IMODE(place.stat().st_mode) == 0o600
    with pytest.raises(OutputError, match="cannot write"):
        outside.create(str(place), b"two")
    assert place.read_bytes() == b"one" and os.listdir(tmp_path) == ["a"]
    outside.replace(str(place), b"three")
    assert place.read_bytes() == b"three"
    with pytest.raises(OutputError):
        outside.replace(str(tmp_path / "no" / "a"), b"")


def test_a_symlink_is_replaced_and_a_device_written_to(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"kept")
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    outside.replace(str(tmp_path / "link"), b"new")
    assert (tmp_path / "kept").read_bytes() == b"kept" and (tmp_path / "link").read_bytes() == b"new"
    outside.replace(os.devnull, b"new")
    with pytest.raises(OutputError):
        outside.replace("/dev/full", b"new")


def test_roots_that_are_gone_do_not_matter(tmp_path: Path) -> None:
    assert outside.new_file(str(tmp_path / "a"), (str(tmp_path / "gone"),)) == str(tmp_path / "a")
