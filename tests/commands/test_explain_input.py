"""`xoxscan explain`: what comes in may be huge, damaged or hostile, and may be typed at a terminal."""

from __future__ import annotations

import base64
import io
import json
import os
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.commands import explain
from scanner.commands import given as handed
from scanner.detect import Detector
from scanner.model import Rule, Streams
from tests.commands.terminal import talk
from tests.commands.test_explain import DETECTOR, RULES, document, leaked
from tests.conftest import Run, token


def test_huge_lines_are_not_read_into_memory(run: Run) -> None:
    good, size = token("bot"), handed.LONGEST
    lines = [
        *(b"a" * size, b"a" * (size + 1), b" " * 3 * size + good, b"\0" * (5 * size), b"x" * size + good),
        good.ljust(size),
    ]
    found = document(run, b"\n".join(lines) + b"\n")
    assert [told["line"] for told in found["tokens"]] == [6]
    others = {one["line"]: (one["bytes"], one["reason"][:11]) for one in found["not_credentials"]}
    assert others[1] == (size, "nothing kno")
    assert {line: others[line] for line in (2, 3, 4, 5)} == {
        line: (len(lines[line - 1]), "longer than") for line in (2, 3, 4, 5)
    }


class Endless(io.RawIOBase):
    """A line of any size that nobody holds; it complains where somebody asks for much of it at once."""

    def __init__(self, size: int, end: bytes) -> None:
        self.left, self.end = size, end

    def readline(self, size: int | None = -1, /) -> bytes:
        assert size is not None and 0 < size <= handed.LONGEST + 1
        if not self.left:
            end, self.end = self.end, b""
            return end
        taken = min(size, self.left)
        self.left -= taken
        return b"x" * taken


@pytest.mark.parametrize("end", [b"\n", b""])
def test_a_line_of_a_gigabyte_needs_no_memory(end: bytes) -> None:
    (line,) = handed.lines(Endless(10**9, end))  # type: ignore[arg-type]
    assert line == handed.Line(1, 10**9, None)


@pytest.mark.parametrize(
    "noise",
    [
        b"\0",
        b"\xff\xfe",
        b"\x1b[2J\x1b]0;title\x07",
        "\u202e\u2066".encode(),
        b"\r\x08\x7f",
        b"::error::x",
        b"\xed\xa0\x80",
    ],
)
def test_hostile_bytes_do_nothing(run: Run, noise: bytes) -> None:
    good = token("bot")
    lines = [noise, good + noise, noise + b"\n" + good, good[:20] + noise + good[20:], b"=".join([noise, good])]
    for form in ("text", "json"):
        done = run("explain", "-f", form, stdin=b"\n".join(lines))
        assert (done.status, done.err) == (0, b"")
        assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", done.out)
        assert "\u202e" not in done.out.decode() and b"title" not in done.out and b"::error" not in done.out
        assert not leaked(good, done.out)


def test_a_body_with_control_characters_or_without_end_is_none(run: Run) -> None:
    bodies = [b"2-2-\x1b[31m123456-1234567890-" + b"1" * 90, b"2-2-" + b"9" * 120, b"\0" * 150, b"1" * 30_000]
    lines = b"".join(b"xoxe.xoxp-1-" + base64.b64encode(body).rstrip(b"=") + b"\n" for body in bodies)
    found = document(run, lines)
    assert (found["exit"], found["tokens"], len(found["not_credentials"])) == (2, [], 4)


@given(st.binary(max_size=200))
def test_whatever_comes_in_gives_text_and_valid_json(data: bytes) -> None:
    explained = explain.explain(DETECTOR, RULES, handed.lines(io.BytesIO(data)))
    assert json.loads(explain.as_json(explained))["exit"] in (0, 2)
    explain.as_text(explained).decode()


def test_a_line_that_takes_too_long_is_status_3() -> None:
    quick = Rule(
        *("acme-key", "Acme", "acme", "Opens.", "low", (b"acme_",), "acme_(?P<secret>[0-9]+)"),
        *((), (), (), (), "Roll it.", "none", "manual"),
    )
    slow = quick._replace(id="acme-slow", pattern="acme_(?:a|a)*(?:a|aa)*c")
    lines = handed.lines(io.BytesIO(b"acme_" + b"a" * 60 + b"\nacme_1\nacme_2acme_" + b"a" * 60))
    explained = explain.explain(Detector([slow, quick], 0.02), [slow, quick], lines)
    assert [told.line for told in explained.told] == [2, 3]
    assert [(one.line, one.reason) for one in explained.others] == [
        (line, "could not be looked at in time (acme-slow)") for line in (1, 3)
    ]
    assert explained.status == json.loads(explain.as_json(explained))["exit"] == 3


def test_at_a_terminal_nothing_typed_is_seen() -> None:
    secret = token("bot").decode()
    for end in ("\n", "\x04"):
        status, seen = talk(["explain"], [("An empty line ends.\n", f"{secret}\n{end}")])
        assert status == 0
        assert secret not in seen and not leaked(secret.encode(), seen.encode())
        assert "line 1: Slack bot token" in seen


def test_nothing_typed_is_status_3() -> None:
    status, seen = talk(["explain"], [("An empty line ends.\n", "\n")])
    assert status == 3 and "nothing came" in seen


@pytest.mark.parametrize("act", [lambda: None, lambda: int("x")])
def test_the_echo_comes_back_whatever_happens(act: Callable[[], object]) -> None:
    import pty  # these two are not on Windows
    import termios

    master, slave = pty.openpty()
    with os.fdopen(slave, "rb") as stdin, os.fdopen(master, "rb"):
        streams = Streams(stdin, io.BytesIO(), io.BytesIO(), {}, lambda: 0.0)
        try:
            with handed.unseen(streams):
                assert not termios.tcgetattr(slave)[3] & termios.ECHO
                act()
        except ValueError:
            pass
        assert termios.tcgetattr(slave)[3] & termios.ECHO
