"""A stand-in for Slack's Web API: a real HTTP server on loopback, for the demo, for tests and for the bench.

    with Standin() as slack:
        slack.plant("bot", scopes=("chat:write",))
        slack.faults.add("auth.test", faults.rate_limited("1"), every=5, times=0)
        ...                                   # SLACK_API_URL=slack.url
        slack.requests                        # what it saw

(`faults` is `scanner.demo.standin_faults`; codes by meaning are in `scanner.demo.standin_accounts`.)

What it answers has the shapes that Slack documents or that were recorded; what Slack does not say is in `Switches`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from random import Random
from types import TracebackType

from scanner import fakes
from scanner.demo.standin_accounts import Account as Account
from scanner.demo.standin_accounts import Event, Named
from scanner.demo.standin_accounts import Switches as Switches
from scanner.demo.standin_faults import Fault as Fault
from scanner.demo.standin_faults import Faults, Gate
from scanner.demo.standin_http import Server
from scanner.demo.standin_planted import planted
from scanner.demo.standin_state import Letter, Message, State
from scanner.demo.standin_state import Seen as Seen
from scanner.errors import OK, UsageError
from scanner.model import Streams

_TICK = 0.01  # seconds between two looks whether the server shall end


class Standin:
    """The server, from `with` to its end. `clock` gives seconds since 1970 (for the Date header and the records);
    port 0 takes any that is free. OSError where the port is taken."""

    def __init__(self, *, port: int = 0, clock: Callable[[], float] = time.time) -> None:
        self.state = State(clock)
        self._server = Server(port, self.state)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(_TICK,), daemon=True)

    def __enter__(self) -> Standin:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends every connection. RuntimeError where the stand-in itself went wrong and nothing else did."""
        self._server.close()
        self._thread.join()
        if self._server.bugs and error is None:
            raise RuntimeError("the stand-in for Slack went wrong") from self._server.bugs[0]

    @property
    def hooks(self) -> str:
        """Where webhooks are: their paths follow it."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def url(self) -> str:
        """What SLACK_API_URL shall be."""
        return f"{self.hooks}/api/"

    @property
    def control(self) -> str:
        """Where the control endpoint is (`scanner.demo.standin_control`)."""
        return f"{self.hooks}/_control/"

    @property
    def faults(self) -> Faults:
        """What shall go wrong."""
        return self._server.faults

    @property
    def gate(self) -> Gate:
        """Where requests are kept that a fault holds."""
        return self._server.gate

    @property
    def requests(self) -> tuple[Seen, ...]:
        """Every request, in the order of arrival."""
        return self.state.seen()

    @property
    def switches(self) -> Switches:
        """What Slack has not documented; assign to change it."""
        return self.state.switches

    @switches.setter
    def switches(self, switches: Switches) -> None:
        self.state.switches = switches

    @property
    def messages(self) -> tuple[Message, ...]:
        """What was posted."""
        return tuple(self.state.messages)

    @property
    def letters(self) -> tuple[Letter, ...]:
        """What came to /_inbox/NAME."""
        return tuple(self.state.letters)

    @property
    def events(self) -> tuple[Event, ...]:
        """What the Events API would have told the owners of apps."""
        return tuple(self.state.events)

    def add(self, account: Account) -> Account:
        """Adds or replaces an account; gives it with its kind filled in."""
        return self.state.put(account)

    def plant(self, kind: str, *, seed: int = 1, **fields: object) -> Account:
        """Adds a fake of `kind` (the same for the same seed), with other fields of Account. KeyError: no such kind."""
        token = fakes.fake(kind, Random(f"{kind} {seed}")).decode()
        return self.add(Account(token, kind, **fields))  # type: ignore[arg-type]

    def change(self, token: str, **fields: object) -> Account:
        """Changes some fields of an account, such as its state. KeyError for an unknown token."""
        return self.state.update(token, **fields)

    def account(self, token: str) -> Account:
        """An account as it is now. KeyError for an unknown token."""
        return self.state.update(token)

    def named(self, token: str) -> Named:
        """The kind, fingerprint and masked form of a token, as a report has them."""
        return self.state.named(token)

    def revocations(self, token: str) -> int:
        """How often auth.revoke really revoked this token itself."""
        return self.state.revoked[self.named(token).fingerprint]

    def mark(self) -> None:
        """From here on an earlier auth.test does not count as fresh: a new run of the program begins."""
        self.state.mark()

    def wait(self) -> None:
        """Returns when the control endpoint was told to stop."""
        self._server.ended.wait()


def serve(streams: Streams, port: int = 0, accounts: Sequence[Account] | None = None) -> int:
    """Runs the stand-in until Ctrl-C or POST /_control/stop, with `accounts` (default: `planted()`); says on stdout
    where it is and what it knows, masked. UsageError where the port is taken."""
    try:
        standin = Standin(port=port, clock=streams.clock)
    except OSError:
        raise UsageError(f"port {port} cannot be listened on", "port 0 takes any that is free") from None
    with standin:
        known = [standin.add(account) for account in (planted() if accounts is None else accounts)]
        try:
            streams.stdout.write(_told(standin, known).encode())
            streams.stdout.flush()
            standin.wait()
        except KeyboardInterrupt:
            pass
    return OK


_BEGIN = """A stand-in for Slack is at {hooks} (this machine only; Ctrl-C ends it). All that it knows is fake.

  export SLACK_API_URL={url}
  its controls: {control}

"""


def _told(standin: Standin, accounts: Sequence[Account]) -> str:
    rows = [f"{'kind':<17}{'state':<18}token"]
    rows += [f"{one.kind:<17}{one.state:<18}{standin.named(one.token).masked}" for one in accounts]
    return _BEGIN.format(hooks=standin.hooks, url=standin.url, control=standin.control) + "\n".join(rows) + "\n"
