"""Gets notices to people: what is to be told stands in the journal before it is sent, and until it has arrived."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from scanner.model import Finding
from scanner.respond.journal import Journal, JournalError
from scanner.respond.message import Context, Message, message, restored, stored
from scanner.respond.notices import Failed, Sent, tell
from scanner.respond.roads import Road, audience
from scanner.slack.http import Http

_ALIVE = ("active", "restricted")


def deliver(
    several: Sequence[Road],
    findings: Sequence[Finding],
    context: Context,
    journal: Journal,
    *,
    http: Http,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
    clean: Callable[[bytes], bytes],
) -> list[str]:
    """Tells each audience of the roads what became of `findings`, and whatever it was not told before. A note for each
    notice that does not arrive: it is kept, and tried again by the next run, or by `journal resume`. Never raises."""
    sender = _Sender(several, journal, http, clock, sleep)
    try:
        worth = [finding for finding in findings if _worth(finding)]
        if worth:
            sender.add(message(worth, context, clean), worth[0].fingerprint)
        return list(sender.send())
    except JournalError as error:
        return [f"nobody was told: {error}"]


def _worth(finding: Finding) -> bool:
    return finding.response is not None or (finding.verdict is not None and finding.verdict.state in _ALIVE)


class _Sender:
    """The notices of one journal on their roads."""

    def __init__(
        self,
        several: Sequence[Road],
        journal: Journal,
        http: Http,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._roads, self._journal, self._http = several, journal, http
        self._clock, self._sleep = clock, sleep

    def add(self, notice: Message, fingerprint: str) -> None:
        """Writes down what each audience is to be told."""
        for name in dict.fromkeys(map(audience, self._roads)):
            self._journal.notices.add(fingerprint, f"{name} {stored(notice)}")

    def send(self) -> Iterator[str]:
        """Sends what is due."""
        for due in self._journal.notices.due():
            name, _, line = due.what.partition(" ")
            ways = [road for road in self._roads if audience(road) == name]
            outcomes = self._try(ways, line, due.fingerprint)
            if any(isinstance(outcome, Sent) for outcome in outcomes):
                self._journal.notices.done(due.id)
                continue
            failed = [each for each in outcomes if isinstance(each, Failed)]
            why = "; ".join(f"{each.road}: {each.reason}" for each in failed) or "no road leads there any more"
            self._journal.notices.failed(due.id, why)
            yield f"{name} was not told ({why}); {_next(failed)}"

    def _try(self, ways: Sequence[Road], line: str, fingerprint: str) -> list[Sent | Failed]:
        try:
            notice = restored(line)
        except ValueError:
            return [Failed("journal", "", 1, "the notice in the journal is damaged", False)]
        return tell(
            ways,
            notice,
            http=self._http,
            log=self._journal,
            fingerprint=fingerprint,
            clock=self._clock,
            sleep=self._sleep,
        )


def _next(failed: Sequence[Failed]) -> str:
    """What comes after every road to an audience has failed."""
    if failed and all(each.dead for each in failed):
        return "set another token or webhook in the variable that the configuration names: this one is dead to Slack"
    return "the next run tries again"
