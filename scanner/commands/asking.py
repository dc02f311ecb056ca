"""Questions on the terminal. Whatever is printed is harmless to it and passes the redactor."""

from __future__ import annotations

from collections.abc import Callable

from scanner.model import Streams
from scanner.report.places import harmless
from scanner.report.redactor import Redactor


class Left(Exception):
    """The person at the terminal has left (Ctrl-D)."""


def terminal(streams: Streams) -> bool:
    """Is there somebody to ask?"""
    return streams.stdin.isatty() and streams.stdout.isatty()


def say(streams: Streams, *lines: str) -> None:
    """Prints lines on the standard output."""
    _print(streams, "".join(f"{harmless(line)}\n" for line in lines))


def ask(streams: Streams, question: str, complaint: Callable[[str], str]) -> str:
    """The answer to `question`, without spaces around it. Asks again as long as there is a complaint ("" is none)."""
    while True:
        _print(streams, f"{harmless(question)} ")
        line = streams.stdin.readline()
        if not line.endswith(b"\n"):
            _print(streams, "\n")
            raise Left
        answer = line.decode("utf-8", "replace").strip()
        wrong = complaint(answer)
        if not wrong:
            return answer
        say(streams, f"  {wrong}")


def text_complaint(text: str) -> str:
    """What is wrong with a text that is to be kept in the repository, "" for nothing."""
    if not text.strip():
        return "it must not be empty"
    if not text.isprintable():
        return "no control characters"
    plain = text.encode("utf-8", "replace")
    return "" if Redactor().clean(plain) == plain else "this looks like a credential, and it would be kept in the clear"


def _print(streams: Streams, text: str) -> None:
    streams.stdout.write(Redactor().clean(text.encode("utf-8", "replace")))
    streams.stdout.flush()
