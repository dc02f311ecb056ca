"""The runner of the tests keeps the real one's rules."""

from __future__ import annotations

import pytest

from tests.ci.runner import Command, commands, condition, expand, values


@pytest.mark.parametrize(
    ("log", "found"),
    [
        ("::error file=a%3Ab%2Cc,line=3::100%25%0Ayes", Command("error", {"file": "a:b,c", "line": "3"}, "100%\nyes")),
        ("  \t::warning::x", Command("warning", {}, "x")),
        ("harmless ##[error file=a;line=2]x", Command("error", {"file": "a", "line": "2"}, "x")),
        ("a\r::add-mask::x", Command("add-mask", {}, "x")),
        ("::Notice title=t::", Command("notice", {"title": "t"}, "")),
    ],
)
def test_a_command_is_seen(log: str, found: Command) -> None:
    assert commands(log.encode()) == [found]


@pytest.mark.parametrize("log", ["a ::error::x", "::nothing::x", "::error", "##[error", "##[nothing]x", "::error x"])
def test_other_lines_are_not(log: str) -> None:
    assert commands(log.encode()) == []


def test_commands_stop_until_the_word() -> None:
    log = b"::stop-commands::word\n::error::x\n##[error]x\n::word::\n::notice::y\n"
    assert [each.name for each in commands(log)] == ["stop-commands", "notice"]


def test_the_file_of_outputs() -> None:
    assert values("a=b=c\n\nd<<E\nx<<y\n\nE=1\nE\ne=f<<g\n") == {"a": "b=c", "d": "x<<y\n\nE=1", "e": "f<<g"}


@pytest.mark.parametrize("text", ["nothing", "=x", "a<<\nx\n", "a<<E\nx"])
def test_a_file_that_fails_the_step(text: str) -> None:
    with pytest.raises(ValueError, match=r"invalid|delimiter"):
        values(text)


def test_expressions() -> None:
    context = {"inputs": {"fail-on": "any"}, "steps": {"a": {"outcome": "success"}}}
    assert expand("${{ inputs.fail-on }} ${{ inputs.x.y }}", context) == "any "
    assert condition("${{ !cancelled() && steps.a.outcome == 'success' }}", context, well=False)
    assert not condition("success()", context, well=False)
