"""What goes wrong on demand: answers that are late, torn, missing or not Slack's at all, and stops in between."""

from __future__ import annotations

import threading
from typing import NamedTuple

from scanner.demo.standin_calls import Reply

_PAGE = b"<!DOCTYPE html><html><head><title>Server Error</title></head><body><p>Something went wrong.</p></body></html>"


class Fault(NamedTuple):
    """How one request is treated. Whatever it says is done after the method has acted where `acts`, and instead of it
    where not; `hold` («before» or «after» the act) keeps the request until somebody releases it.

    `status`, `body`, `content_type` and `headers` replace those of the answer; `seconds` is how late it comes;
    `ending` tears it after half of the body, closes without a byte, or resets the connection.
    """

    name: str
    acts: bool = False
    hold: str = ""
    seconds: float = 0.0
    status: int | None = None
    body: str | None = None
    content_type: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    ending: str = ""


def rate_limited(retry_after: str | None = "1") -> Fault:
    """429; `retry_after` is the header's value (whole seconds), None leaves it out."""
    headers = () if retry_after is None else (("Retry-After", retry_after),)
    return Fault("429", status=429, body='{"ok":false,"error":"ratelimited"}', headers=headers)


def broken(status: int = 503, *, acts: bool = False) -> Fault:
    """A server error with an HTML page; with `acts` the work was done nevertheless."""
    return html(status, acts=acts)._replace(name=str(status))


def html(status: int = 200, *, acts: bool = False) -> Fault:
    """A page where JSON should be."""
    return Fault("html", acts, status=status, body=_PAGE.decode(), content_type="text/html; charset=utf-8")


def answers(body: str, status: int = 200, *, acts: bool = False) -> Fault:
    """Any other body, such as an error code that comes once."""
    return Fault("body", acts, status=status, body=body)


def redirect(location: str) -> Fault:
    """302 to another address."""
    return Fault("redirect", status=302, body="", headers=(("Location", location),))


def slow(seconds: float) -> Fault:
    """The right answer, late."""
    return Fault("slow", True, seconds=seconds)


def torn(*, acts: bool = True) -> Fault:
    """Half of the right answer, then the end of the connection."""
    return Fault("torn", acts, body=None if acts else '{"ok":false,"error":"fatal_error"}', ending="torn")


def closed(*, acts: bool = False, reset: bool = False) -> Fault:
    """No answer: the connection is closed, or reset."""
    return Fault("closed", acts, body=None if acts else "", ending="reset" if reset else "close")


def held(when: str = "after", ending: str = "") -> Fault:
    """Stops «before» the method acts, or «after» it and before the answer, until `Gate.release`."""
    return Fault("held", True, when, ending=ending)


def spoiled(reply: Reply | None, fault: Fault) -> Reply:
    """The answer as `fault` will have it; `reply` is None where the method did not act."""
    given = reply or Reply("", b"")
    return Reply(
        given.code,
        given.body if fault.body is None else fault.body.encode(),
        given.status if fault.status is None else fault.status,
        fault.content_type or given.content_type,
        (*given.headers, *fault.headers),
    )


class _Queued(NamedTuple):
    fault: Fault
    method: str
    fingerprint: str | None
    times: int
    every: int
    passed: int = 0


class Faults:
    """Faults that wait for their requests, in order; each request takes at most one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queue: list[_Queued] = []

    def add(self, method: str, fault: Fault, *, times: int = 1, every: int = 1, fingerprint: str | None = None) -> None:
        """`fault` for the next `times` requests to `method` («*» is any; 0 times: for ever), with `every` only for
        each n-th of them, with `fingerprint` only for that token's."""
        with self._lock:
            self._queue.append(_Queued(fault, method, fingerprint, times, every))

    def clear(self) -> None:
        """Nothing goes wrong from now on."""
        with self._lock:
            self._queue.clear()

    def take(self, method: str, fingerprint: str | None) -> Fault | None:
        """The fault for this request, if there is one."""
        with self._lock:
            for place, queued in enumerate(self._queue):
                if queued.method in (method, "*") and queued.fingerprint in (fingerprint, None):
                    return self._passed(place, queued._replace(passed=queued.passed + 1))
            return None

    def _passed(self, place: int, queued: _Queued) -> Fault | None:
        self._queue[place] = queued
        if queued.passed % queued.every:
            return None
        if queued.times and queued.passed == queued.times * queued.every:
            del self._queue[place]
        return queued.fault


class Held(NamedTuple):
    """A request that is kept: its number, and whether its method has acted («after») or not («before»);
    «slow» goes on by itself."""

    number: int
    method: str
    fingerprint: str | None
    when: str


class Gate:
    """Where requests are kept until they are released."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._held: list[Held] = []
        self._opened = 0
        self._ended = False

    def keep(self, held: Held, seconds: float | None = None) -> None:
        """Returns after `release`, `end` or `seconds`."""
        with self._changed:
            opened = self._opened
            self._held.append(held)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._ended or self._opened != opened, seconds)
            self._held.remove(held)
            self._changed.notify_all()

    def wait(self, count: int, seconds: float) -> tuple[Held, ...]:
        """Waits until `count` requests are kept; what is kept then (fewer after `seconds`)."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or len(self._stopped()) >= count, seconds)
            return self._stopped()

    def _stopped(self) -> tuple[Held, ...]:
        return tuple(held for held in self._held if held.when != "slow")

    def release(self) -> None:
        """Lets everything go that is kept now."""
        with self._changed:
            self._opened += 1
            self._changed.notify_all()

    def end(self) -> None:
        """Lets everything go, and keeps nothing any more."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
