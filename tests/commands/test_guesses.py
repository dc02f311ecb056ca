"""What only typographic characters hide is a guess: it is reported as such, and never sent to Slack by itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from scanner.demo.standin import Standin
from tests.commands.conftest import OURS, Program, publish
from tests.conftest import Repo
from tests.decode.archives import zipped

LOOK = "auth.test"
GUESSES: dict[str, Callable[[str], str]] = {
    "en dashes": lambda text: text.replace("-", "\u2013"),
    "an escaped dash": lambda text: text.replace("-", "\\u2011"),
    "an entity": lambda text: text.replace("-", "&#8209;", 1),
    "a soft hyphen": lambda text: f"{text[:20]}\u00ad{text[20:]}",
    "a zero-width space": lambda text: f"{text[:20]}\u200b{text[20:]}",
    "wide letters": lambda text: "".join(chr(ord(one) + 0xFEE0) for one in text),
}
RUNS = [
    *(("scan", "verify", name) for name in GUESSES),
    *(("history", how, "en dashes") for how in ("verify", "revoke")),
]


@pytest.mark.parametrize(("command", "level", "name"), RUNS, ids=str)
def test_a_guess_is_not_sent(
    slack: Standin, program: Program, pushed: Repo, command: str, level: str, name: str
) -> None:
    account = slack.plant("bot")
    text = f"T = {GUESSES[name](account.token)}\nmore words\n".encode()
    pushed.commit({"a.txt": text, "b.zip": zipped({"notes": text})})
    publish(pushed)
    words = ["--visibility", "public", "--yes", program.config(OURS)] if level == "revoke" else []
    said = program.json(command, "--respond", level, *words)
    places = {(place["path"], tuple(place["member"])): place["encoding"] for place in said.finding["locations"]}
    assert places.keys() == {("a.txt", ()), ("b.zip", ("notes",))}
    assert all("typographic" in encoding for encoding in places.values())
    assert said.finding["verdict"]["state"] == "unsupported"
    assert program.asked() == []


def test_one_plain_place_makes_sure(slack: Standin, program: Program, pushed: Repo) -> None:
    account = slack.plant("bot")
    guess = GUESSES["en dashes"](account.token)
    pushed.commit({"a.txt": guess.encode(), "b.txt": account.token.encode()})
    assert len(program.json("scan", "--respond", "verify").finding["locations"]) == 2
    assert program.asked() == [LOOK]
