"""What the stand-in remembers: accounts, every request, what was really revoked. Every change is one step under a lock.

A request goes through `arrive` (it is on record), `act` (the method does its work), `deliver` (its answer goes out).
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple
from urllib.parse import urlsplit

from scanner.demo.standin_accounts import Account, Effects, Event, Named, Namer, Switches, effects
from scanner.demo.standin_calls import Call, Reply, warned


class Seen(NamedTuple):
    """One request, with nothing secret. `fresh`: a successful auth.test of this token was answered after the last
    auth.revoke that was no dry run (of this token) and the last `mark`. `effective`: it revoked the token itself.
    `code` is ok, an error, or nothing where the method did not act; `answered`: the whole answer went out."""

    number: int
    at: float  # seconds since 1970
    method: str
    verb: str
    path: str
    arguments: tuple[tuple[str, str], ...]
    headers: tuple[str, ...]
    user_agent: str
    fingerprint: str | None
    token_in: str
    cookie: bool
    dry: bool
    fresh: bool
    fault: str = ""
    effective: bool = False
    code: str = ""
    answered: bool = False

    @property
    def revokes(self) -> bool:
        """Whether it asked for a real revocation."""
        return self.method == "auth.revoke" and not self.dry


class Message(NamedTuple):
    """What was posted, by webhook or chat.postMessage. `blocks` is JSON text."""

    number: int
    fingerprint: str
    channel: str
    text: str
    blocks: str


class Letter(NamedTuple):
    """What came to /_inbox/NAME, where a generic webhook of a test may point."""

    name: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


class State:
    """All of it. `clock` gives seconds since 1970. Safe to use from any thread."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.lock = threading.RLock()
        self.clock = clock
        self.switches = Switches()
        self.messages: list[Message] = []
        self.letters: list[Letter] = []
        self.events: list[Event] = []
        self.revoked: Counter[str] = Counter()  # by fingerprint: how often auth.revoke really revoked it
        self.started: Counter[str] = Counter()  # by fingerprint: how often a workflow was started
        self._namer = Namer()
        self._accounts: dict[str, Account] = {}
        self._names: dict[str, Named] = {}
        self._seen: list[Seen] = []
        self._fresh: set[str] = set()

    def put(self, account: Account) -> Account:
        """Adds or replaces an account; gives it with its kind."""
        named = self._namer.name(account.token, account.kind)
        account = account._replace(kind=named.kind)
        with self.lock:
            self._names[account.token] = named
            self._accounts[key(account)] = account
        return account

    def update(self, token: str, **fields: object) -> Account:
        """Changes some fields of an account. KeyError without one."""
        with self.lock:
            account = self._accounts[_address(token)]._replace(**fields)  # type: ignore[arg-type]
            self._accounts[key(account)] = account
            return account

    def account(self, token: str) -> Account | None:
        """The account of a token, or of a webhook's path or URL."""
        with self.lock:
            return self._accounts.get(_address(token))

    def accounts(self) -> tuple[Account, ...]:
        """All, the oldest first."""
        with self.lock:
            return tuple(self._accounts.values())

    def seen(self) -> tuple[Seen, ...]:
        """Every request, in the order of arrival."""
        with self.lock:
            return tuple(self._seen)

    def named(self, token: str) -> Named:
        """What may be shown of a token, known or not."""
        account = self.account(token)
        return self._names[account.token] if account else self._namer.name(token)

    def fresh(self, token: str) -> bool:
        """Whether a successful auth.test counts for it now (see `Seen`)."""
        return _address(token) in self._fresh

    def mark(self) -> None:
        """From here on a successful auth.test of before counts for nothing: the program under test began anew."""
        with self.lock:
            self._fresh.clear()

    def arrive(self, call: Call, fingerprint: str | None, fault: str) -> int:
        """Puts a request on record; gives its number, from 1."""
        with self.lock:
            seen = Seen(
                number=len(self._seen) + 1,
                at=self.clock(),
                method=call.method,
                verb=call.verb,
                path=call.path,
                arguments=call.shown,
                headers=tuple(name for name, _ in call.headers),
                user_agent=call.header("user-agent"),
                fingerprint=fingerprint,
                token_in=call.token_in,
                cookie=bool(call.cookie),
                dry=call.dry,
                fresh=call.token in self._fresh,
                fault=fault,
            )
            self._seen.append(seen)
            if seen.revokes:
                self._fresh.discard(call.token)
            return seen.number

    def act(self, call: Call, number: int, method: Callable[[State, Call], Reply]) -> Reply:
        """Lets `method` do its work, as one step that no other request can come between."""
        with self.lock:
            before = self.revoked.total()
            reply = warned(method(self, call), call.warning)
            self._note(number, code=reply.code, effective=self.revoked.total() > before)
            return reply

    def deliver(self, call: Call, number: int, whole: bool) -> None:
        """Says that an answer goes out; `whole` where it is the method's own, complete, and somebody is there to read
        it. Called before the last byte goes, so that it is on record when the caller knows."""
        with self.lock:
            self._note(number, answered=whole)
            if whole and call.method == "auth.test" and self._seen[number - 1].code == "ok":
                self._fresh.add(call.token)

    def revoke(self, account: Account) -> Effects:
        """Revokes with all that follows, and counts it. Only within `act`."""
        done = effects(account, self.accounts(), self.switches)
        for changed in done.changed:
            self._accounts[key(changed)] = changed
        self.events.extend(done.events)
        self.revoked[self.named(account.token).fingerprint] += 1
        return done

    def _note(self, number: int, **fields: object) -> None:
        self._seen[number - 1] = self._seen[number - 1]._replace(**fields)  # type: ignore[arg-type]

    def replace(self, accounts: Iterable[Account]) -> None:
        """Puts several accounts as one step."""
        with self.lock:
            for account in accounts:
                self.put(account)


def key(account: Account) -> str:
    """What an account is looked up by: the token, of a webhook the path of its URL."""
    return _address(account.token)


def _address(token: str) -> str:
    return urlsplit(token).path if token.startswith(("https://", "http://")) else token
