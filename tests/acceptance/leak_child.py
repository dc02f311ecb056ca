"""The real program, in a process where much goes wrong with a secret in hand: http.client and logging tell all they
know, and, as the first argument says («well», or what@where), exceptions that quote a secret come where nobody catches
them. What it deletes is copied before (XOXSCAN_TEST_KEPT), so that somebody can look for secrets in it."""

from __future__ import annotations

import atexit
import http.client
import logging
import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from scanner import cli
from scanner.detect import Detector


class Stop(BaseException):
    """Nothing in the program expects it."""


class Fool:
    """Raises when it is thrown away, and tells what it was told."""

    def __init__(self, what: object) -> None:
        self.what = what

    def __del__(self) -> None:
        raise RuntimeError(self.what)


def quoting(what: object) -> None:
    """An exception that quotes `what`."""
    raise ValueError(f"this is wrong: {what!r}")


def in_a_thread(what: object) -> None:
    thread = threading.Thread(target=quoting, args=(what,), name=repr(what))
    thread.start()
    thread.join()


def at_exit(what: object) -> None:
    atexit.register(quoting, what)


def thrown_away(what: object) -> None:
    Fool(what)


def stopped(what: object) -> None:
    raise Stop(what)


def raised(what: object) -> None:
    raise RuntimeError(what)


def killed(what: object) -> None:
    """In the middle of revoking."""
    if isinstance(what, bytes) and b"POST /api/auth.revoke" in what and b"test=1" not in what:
        os.kill(os.getpid(), signal.SIGKILL)


MODES: dict[str, tuple[Callable[[object], None], ...]] = {
    "aside": (in_a_thread, at_exit, thrown_away),
    "raised": (at_exit, raised),
    "stopped": (in_a_thread, stopped),
    "killed": (killed,),
}


def sent_through(faults: Sequence[Callable[[object], None]]) -> None:
    """What is sent over HTTP goes through `faults` first."""
    send = http.client.HTTPConnection.send

    def sent(self: http.client.HTTPConnection, data: Any) -> None:
        for fault in faults:
            fault(data)
        send(self, data)

    setattr(http.client.HTTPConnection, "send", sent)  # noqa: B010 - a method in place of another


def scanned_through(faults: Sequence[Callable[[object], None]]) -> None:
    """What is looked at for tokens goes through `faults` first."""
    scan = Detector.scan

    def scanned(self: Detector, data: bytes, *given: Any, **named: Any) -> Any:
        for fault in faults if b"xo" in data or b"hooks" in data else ():
            fault(data)
        return scan(self, data, *given, **named)

    setattr(Detector, "scan", scanned)  # noqa: B010


def keeping(folder: str) -> None:
    """Copies every file that is about to be deleted into `folder`, unless it stood outside of the folder of that: the
    file of expressions may hold tokens, and is made under another name first."""
    numbers, top = count(), f"{os.path.dirname(folder)}/"

    def copied(event: str, arguments: tuple[Any, ...]) -> None:
        path = arguments[0] if event in ("os.remove", "os.truncate") else None
        if isinstance(path, str) and os.path.abspath(path).startswith(top) and os.path.isfile(path):
            shutil.copyfile(arguments[0], f"{folder}/{os.getpid()}-{next(numbers)}")

    sys.addaudithook(copied)


if __name__ == "__main__":
    mode, sys.argv = sys.argv[1], ["xoxscan", *sys.argv[2:]]
    http.client.HTTPConnection.debuglevel = 1
    logging.basicConfig(level=logging.DEBUG)
    keeping(os.environ["XOXSCAN_TEST_KEPT"])
    what, _, where = mode.partition("@")
    if where:
        {"send": sent_through, "scan": scanned_through}[where](MODES[what])
    standard = cli.standard()._replace(sleep=lambda seconds: None)
    setattr(cli, "standard", lambda: standard)  # noqa: B010
    sys.exit(cli.main())
