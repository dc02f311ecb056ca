"""The stand-in's control endpoint, for programs in another process: JSON over /_control/, on loopback alone.

    GET    state                          accounts with their states and counts, messages, letters, events, workflows
    GET    requests                       every request seen
    GET    held?count=N&seconds=S         waits until N requests are kept, S seconds at most
    POST   accounts   {token, kind, …}    adds or replaces an account, or a list of them (fields of Account)
    POST   change     {token, …}          changes some fields of an account
    POST   faults     {method, name, …}   queues a fault: fields of Fault, and times, every, fingerprint
    DELETE faults                         nothing goes wrong any more
    POST   switches   {name: value, …}    what Slack has not documented
    POST   release | mark | stop          lets go what is kept | the program under test began anew | ends `serve`

No answer holds a token: accounts are named by fingerprint.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit

from scanner.demo.standin_accounts import Account
from scanner.demo.standin_calls import Reply
from scanner.demo.standin_faults import Fault, Faults, Gate
from scanner.demo.standin_state import State

Fields = dict[str, object]
T = TypeVar("T")
_PUBLIC = (
    "state",
    "team_id",
    "enterprise_id",
    "user_id",
    "bot_id",
    "app_id",
    "scopes",
    "org_wide",
    "grant",
    "channels",
)
_HOSTS = ("127.0.0.1", "localhost")


class _Refused(Exception):
    """What the caller asked for cannot be done; the message says why, and quotes no value."""


class Control:
    """Answers /_control/."""

    def __init__(self, state: State, faults: Faults, gate: Gate) -> None:
        self._state, self._faults, self._gate = state, faults, gate
        self._posts: Mapping[str, Callable[[object], object]] = {
            "accounts": self._accounts,
            "change": self._change,
            "faults": self._fault,
            "switches": self._switches,
            "release": lambda _: gate.release(),
            "mark": lambda _: state.mark(),
            "stop": lambda _: None,  # the server ends once it has answered
        }

    def answer(self, verb: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """One request: 200 with what it asked for, 400 with why not, 403 for what a web page may have sent."""
        url = urlsplit(target)
        name = url.path.removeprefix("/_control/")
        try:
            if headers.get("host", "").partition(":")[0] not in _HOSTS or "origin" in headers:
                return _reply(403, {"error": "for programs on this machine, not for pages"})
            return _reply(200, self._answer(verb, name, url.query, body))
        except _Refused as refused:
            return _reply(400, {"error": str(refused)})

    def _answer(self, verb: str, name: str, query: str, body: bytes) -> object:
        if verb == "GET":
            return self._get(name, {key: values[0] for key, values in parse_qs(query).items()})
        if (verb, name) == ("DELETE", "faults"):
            self._faults.clear()
            return None
        if verb != "POST" or name not in self._posts:
            raise _Refused("no such thing to do")
        return self._posts[name](_tree(body))

    def _get(self, name: str, query: Mapping[str, str]) -> object:
        if name == "state":
            return self._shown()
        if name == "requests":
            return [seen._asdict() | {"revokes": seen.revokes} for seen in self._state.seen()]
        if name != "held":
            raise _Refused("no such thing to see")
        try:
            count, seconds = int(query.get("count", "0")), float(query.get("seconds", "10"))
        except ValueError:
            raise _Refused("count and seconds are numbers") from None
        return [held._asdict() for held in self._gate.wait(count, seconds)]

    def _shown(self) -> Fields:
        state = self._state
        with state.lock:
            return {
                "accounts": [self._account(account) for account in state.accounts()],
                "switches": state.switches._asdict(),
                "messages": [message._asdict() for message in state.messages],
                "letters": [
                    {"name": one.name, "headers": one.headers, "body": base64.b64encode(one.body).decode()}
                    for one in state.letters
                ],
                "events": [event._asdict() for event in state.events],
                "started": dict(state.started),
            }

    def _account(self, account: Account) -> Fields:
        named = self._state.named(account.token)
        public = {name: getattr(account, name) for name in _PUBLIC}
        counts = {"revoked": self._state.revoked[named.fingerprint], "fresh": self._state.fresh(account.token)}
        return {**named._asdict(), **public, **counts}

    def _accounts(self, tree: object) -> object:
        rows = tree if isinstance(tree, list) else [tree]
        accounts = [_make(Account, row) for row in rows]
        self._state.replace(accounts)
        return [self._state.named(account.token).fingerprint for account in accounts]

    def _change(self, tree: object) -> object:
        fields = _object(tree)
        token = str(fields.pop("token", ""))
        self._known(fields, Account._fields)
        try:
            self._state.update(token, **_tuples(fields))
        except KeyError:
            raise _Refused("no such account") from None
        return self._state.named(token).fingerprint

    def _fault(self, tree: object) -> None:
        fields = _object(tree)
        method = str(fields.pop("method", "*"))
        times, every = fields.pop("times", 1), fields.pop("every", 1)
        fingerprint = fields.pop("fingerprint", None)
        if not isinstance(times, int) or not isinstance(every, int) or times < 0 or every < 1:
            raise _Refused("times and every are whole numbers, every from 1")
        named = None if fingerprint is None else str(fingerprint)
        self._faults.add(method, _make(Fault, fields), times=times, every=every, fingerprint=named)

    def _switches(self, tree: object) -> Fields:
        fields = _object(tree)
        with self._state.lock:
            self._known(fields, self._state.switches._fields)
            self._state.switches = self._state.switches._replace(**fields)  # type: ignore[arg-type]
            return self._state.switches._asdict()

    def _known(self, fields: Fields, known: tuple[str, ...]) -> None:
        if not set(fields) <= set(known):
            raise _Refused(f"known are {', '.join(known)}")


def _make(kind: Callable[..., T], tree: object) -> T:
    """An Account or a Fault of its fields as JSON has them."""
    try:
        return kind(**_tuples(_object(tree)))
    except TypeError:
        raise _Refused("a field is missing or unknown") from None


def _tuples(fields: Fields) -> Fields:
    return {name: _tuple(value) for name, value in fields.items()}


def _tuple(value: object) -> object:
    return tuple(map(_tuple, value)) if isinstance(value, list) else value


def _object(tree: object) -> Fields:
    if not isinstance(tree, dict):
        raise _Refused("an object is wanted")
    return dict(tree)


def _tree(body: bytes) -> object:
    try:
        return json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise _Refused("that is no JSON") from None


def _reply(status: int, tree: object) -> Reply:
    return Reply("", json.dumps(tree).encode(), status)
