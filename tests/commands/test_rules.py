"""`xoxscan rules`."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner import rules
from tests.conftest import Run
from tests.rules.test_yamlfile import GOOD


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A rule file of one's own."""
    file = tmp_path / "acme.yaml"
    file.write_text(GOOD)
    return file


def test_list(run: Run, mine: Path) -> None:
    done = run("rules", "list", "--rules", mine)
    assert (done.status, done.err) == (0, b"")
    lines = done.out.decode().splitlines()
    assert [line.split()[0] for line in lines] == [*(rule.id for rule in rules.builtin()), "acme-key"]
    assert lines[-1].split(maxsplit=3) == ["acme-key", "acme", "low", "Acme key"]


def test_show(run: Run, mine: Path) -> None:
    done = run("rules", "show", "acme-key", "--rules", mine)
    assert (done.status, done.err) == (0, b"")
    shown = done.out.decode()
    assert shown.startswith("id: acme-key\nname: Acme key\nkind: acme\nseverity: low\n")
    assert "checks:\n  random\n  mixed (letters: 2, digits: 3)\n" in shown
    assert f"origin: {mine}:2\n" in shown


def test_show_each(run: Run) -> None:
    for rule in rules.builtin():
        shown = run("rules", "show", rule.id).out.decode()
        assert f"id: {rule.id}\n" in shown and rule.remediation.strip() in shown


def test_show_names_the_nearest(run: Run) -> None:
    done = run("rules", "show", "slack-bot-tokn")
    assert done.status == 2
    assert b"no rule is called 'slack-bot-tokn'" in done.err and b"did you mean 'slack-bot-token'?" in done.err


def test_check_of_the_built_in_rules(run: Run) -> None:
    done = run("rules", "check")
    assert (done.status, done.err) == (0, b"")
    assert done.out.startswith(b"20 rules, ") and done.out.endswith(b"examples and counter-examples: all good\n")


def test_check_of_files(run: Run, mine: Path) -> None:
    other = mine.with_name("other.yaml")
    other.write_text(GOOD.replace("acme-key", "acme-other"))
    done = run("rules", "check", mine, other)
    assert (done.status, done.out) == (0, b"2 rules, 4 examples and counter-examples: all good\n")


def test_check_complains(run: Run, mine: Path) -> None:
    mine.write_text(GOOD.replace("acme_{{hex:20}}", "acme_{{hex:2}}"))
    done = run("rules", "check", mine)
    assert done.status == 2
    assert f"xoxscan: {mine}:2: rule acme-key: field examples: ".encode() in done.err
    assert done.out == b"1 rule, 2 examples and counter-examples: 1 complaint\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD.replace("kind", "kin"), "acme.yaml:4: field kin: is unknown\n  did you mean 'kind'?"),
        ("rules: []", "acme.yaml: no rules"),
        ("", "acme.yaml: no rules"),
    ],
)
def test_check_of_a_file_that_is_no_rules(run: Run, mine: Path, text: str, message: str) -> None:
    mine.write_text(text)
    done = run("rules", "check", mine)
    assert (done.status, done.out) == (2, b"")
    assert message in done.err.decode()


def test_an_id_twice_in_two_files(run: Run, mine: Path) -> None:
    other = mine.with_name("other.yaml")
    other.write_text(GOOD)
    done = run("rules", "check", mine, other)
    assert done.status == 2
    assert f"{other}:2: field id: 'acme-key' is taken by {mine}:2".encode() in done.err


def test_an_id_of_a_built_in_rule_is_taken(run: Run, mine: Path) -> None:
    mine.write_text(GOOD.replace("acme-key", "slack-bot-token"))
    done = run("rules", "check", mine)
    assert done.status == 2
    assert b"is taken" in done.err


def test_a_pattern_that_matches_without_its_anchor(run: Run, mine: Path) -> None:
    mine.write_text(GOOD.replace("acme_(", "(?:acme_)?("))
    done = run("rules", "check", mine)
    assert done.status == 2
    assert b"without any of them" in done.err
