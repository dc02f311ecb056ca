"""Revokes what a plan says, one token after the other: each step is in the journal before it is done, and a token
counts as dead only with proof (docs/trust.md, «Proof»; docs/responding.md draws the steps).

auth.revoke is one request that is never repeated blindly: whatever came of it, Slack is looked at afresh before
another is sent, and the journal refuses one without that look.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from scanner.model import Response, Rule, Verdict
from scanner.respond.journal import REFRESH_KINDS, Busy, Entry, Journal, WrongStep
from scanner.slack.answers import RATE_LIMITED, REVOKE, Answer, Token
from scanner.slack.api import Slack
from scanner.slack.verdicts import CODES, INACTIVE, UNKNOWN, verdict

# When it is looked whether a token is dead, in seconds after auth.revoke answered: six looks within a minute.
LOOKS = (0.0, 2.0, 5.0, 10.0, 18.0, 25.0)
TRIES = 3  # auth.revoke is sent at most so often, each time after a fresh look said that the token lives
# Seconds before a look after auth.revoke came to nothing; Slack counts its calls by the minute (rate-limits).
PAUSE, RATE_PAUSE = 2.0, 30.0
_SURE = ("token_revoked", "account_inactive")
_NOT_AGAIN = "auth.revoke was sent before, and is sent again only after auth.test said ok"


class Means(NamedTuple):
    """What acting needs. `now` gives the time as RFC 3339, UTC; `at` is called before each step with its name, so that
    tests can stop the process there. `renewed` gives a Slack whose deadline begins now, for acting on so many tokens:
    what was asked for was to wait so long for verdicts, not for people."""

    slack: Slack
    journal: Journal
    sleep: Callable[[float], None]
    now: Callable[[], str]
    at: Callable[[str], None] = lambda step: None
    renewed: Callable[[int], Slack] | None = None

    def acting(self, tokens: int) -> Means:
        """The same for acting on so many tokens, from now on."""
        return self._replace(slack=self.renewed(tokens)) if self.renewed else self


class Look(NamedTuple):
    """What a fresh look at a token showed. `alive` is None where it showed neither."""

    alive: bool | None
    answer: Answer
    verdict: Verdict


def look(means: Means, token: Token) -> Look:
    """Asks Slack by the way that changes nothing: auth.test, or for refresh tokens a rehearsal, which is no proof of
    life but all there is."""
    refresh = token.kind in REFRESH_KINDS
    answer = means.slack.rehearse(token) if refresh else means.slack.auth_test(token)
    said = verdict(token, answer, means.now())
    if answer.ok or said.state == "restricted":
        return Look(True, answer, said)
    return Look(False if _gone(answer) else None, answer, said)


def rehearse(means: Means, token: Token, policy: str) -> Response:
    """What auth.revoke says with test=1: nothing is revoked, and nothing is concluded from `revoked`."""
    answer = means.slack.rehearse(token)
    at = means.now()
    if answer.ok:
        return Response("rehearsed", "auth.revoke would be accepted (test=1): nothing was revoked", policy, at)
    if answer.error:
        meaning = f": {CODES[answer.error].reason}" if answer.error in CODES else ""
        return Response("rehearsed", f"auth.revoke with test=1 answered {answer.error}{meaning}", policy, at)
    return Response("failed", f"the rehearsal came to nothing: {answer.failure}", policy, at)


def revoke(means: Means, token: Token, entry: Entry, rule: Rule | None) -> Response:
    """Revokes one planned token and proves it."""
    act = _Act(means, token, entry, rule)
    try:
        return act.begin()
    except Busy as error:
        return act.response("failed", f"{error}; it was not touched here")


Forbids = Callable[[Verdict], str]


def resume(means: Means, token: Token, entry: Entry, rule: Rule | None, forbids: Forbids = lambda said: "") -> Response:
    """Brings a started revocation to a known end, wherever it stopped. `forbids` says of the fresh verdict why nothing
    more may be sent, or "": that somebody agreed once does not outlive a policy that says no now."""
    act = _Act(means, token, entry, rule, forbids)
    try:
        return act.take_up()
    except Busy as error:
        return act.response("failed", f"{error}; it was not touched here")


class _Act:
    """One token's way from the plan to an end."""

    def __init__(
        self, means: Means, token: Token, entry: Entry, rule: Rule | None, forbids: Forbids = lambda said: ""
    ) -> None:
        self._means, self._token, self._entry, self._rule = means, token, entry, rule
        self._forbids = forbids
        self._journal, self._id = means.journal, entry.id
        self._refresh = token.kind in REFRESH_KINDS
        self._was_ok = False  # auth.test said ok in this process
        self._sent = 0

    def response(self, state: str, reason: str, proof: str | None = None) -> Response:
        return Response(state, reason, self._entry.planned.policy, self._means.now(), proof)

    def begin(self) -> Response:
        """From `planned`."""
        if self._refresh and not self._tried():
            return self._send()
        seen = self._look()
        if self._may(seen):
            return self._send()
        if seen.alive is False or seen.verdict.state == INACTIVE:
            proof = f"{seen.answer.method} answered {seen.answer.error}" if seen.alive is False else None
            return self._held("skipped", f"nothing was sent, it is dead already: {seen.verdict.reason}", proof)
        if seen.alive:
            return self._held("failed", f"nothing was sent: {_NOT_AGAIN}")
        return self._held("failed", f"nothing was sent, as Slack did not say that it lives: {seen.verdict.reason}")

    def take_up(self) -> Response:
        """From wherever the process before stopped. Nobody was left to write down what came of a request in `sent`."""
        if self._entry.state == "planned":
            return self._held("held", "the run ended before it was begun: plan it anew")
        if self._entry.state == "sent":
            self._journal.unproven(self._id, "the process ended before an answer was written down")
        elif self._entry.state == "answered":
            self._journal.unproven(self._id, "the process ended before it was proven dead")
        seen = self._look()
        if seen.alive is False:
            return self._proven(f"a fresh look answered {seen.answer.error}", seen.answer)
        if not self._may(seen):
            return self._unsure(seen)
        forbidden = self._forbids(seen.verdict)
        return self._forbidden(seen, forbidden) if forbidden else self._send()

    def _forbidden(self, seen: Look, why: str) -> Response:
        if self._entry.state == "intent" and not self._tried():
            return self._held("held", f"nothing was sent, and nothing more is: {why}")
        return self.response("unproven", f"nothing more is sent: {why}; {self._said(seen)}")

    def _look(self) -> Look:
        self._means.at("look")
        seen = look(self._means, self._token)
        self._was_ok = self._was_ok or (seen.answer.ok and not self._refresh)
        return seen

    def _tried(self) -> bool:
        """Whether an auth.revoke was ever begun with this token, by whomever."""
        return any(request.method == REVOKE for request in self._journal.requests(self._token.fingerprint))

    def _may(self, seen: Look) -> bool:
        """Whether auth.revoke may be sent after this look: again only where it said that the token is active."""
        return seen.answer.ok or (bool(seen.alive) and not self._tried())

    def _send(self) -> Response:
        """One auth.revoke, and what follows from it."""
        self._means.at("intent")
        intent = self._journal.intent(self._id)
        try:
            answer = self._revoke(intent)
        except WrongStep:  # another process sent one since the look, and is through: under our lease none can
            return self._overtaken(intent)
        return self._follow(intent, answer)

    def _overtaken(self, intent: str) -> Response:
        seen = self._look()
        if seen.alive is False:
            return self._proven(f"a fresh look answered {seen.answer.error}", seen.answer)
        if seen.answer.ok:
            return self._follow(intent, self._revoke(intent))
        return self.response("unproven", f"another process was at it; {self._said(seen)}")

    def _follow(self, intent: str, answer: Answer) -> Response:
        """What follows from the answer to auth.revoke."""
        if answer.ok:
            return self._prove(intent, answer)
        if _gone(answer):
            self._journal.answered(self._id, answer)
            return self._proven(f"auth.revoke answered {answer.error}", answer)
        if answer.error and not answer.failure and _final(answer.error):
            self._journal.answered(self._id, answer)
            return self._refused(answer)
        return self._again(answer)

    def _revoke(self, intent: str) -> Answer:
        self._means.at("sent")
        self._journal.sent(self._id)
        self._means.at("request")
        answer = self._means.slack.revoke(self._token, intent)
        self._sent += 1
        self._means.at("answer")
        return answer

    def _again(self, answer: Answer) -> Response:
        """auth.revoke gave no clear answer: it may have been done, wholly or in part. Slack is looked at afresh."""
        why = f"auth.revoke came to nothing: {answer.error or answer.failure}"
        self._journal.unproven(self._id, why, answer)
        self._means.sleep(RATE_PAUSE if RATE_LIMITED in (answer.failure, answer.error) else PAUSE)
        seen = self._look()
        if seen.alive is False:
            return self._proven(f"{why}; a later look answered {seen.answer.error}", seen.answer)
        if self._sent < TRIES and self._may(seen):
            return self._send()
        return self.response("unproven", f"{why}; {self._said(seen)}")

    def _prove(self, intent: str, answer: Answer) -> Response:
        """Slack accepted the revocation; whether it is done is asked until it shows, for a minute."""
        self._means.at("answered")
        self._journal.answered(self._id, answer)
        said = f"auth.revoke answered revoked: {str(answer.revoked).lower()}"
        last = self._last(intent, answer)
        if self._dead(last, answer):
            return self._proven(f"{said}; then {last.method} answered {last.error}", last)
        reason = f"{said}, but then {last.method} said {last.error or last.failure or 'ok'}: it may live"
        self._journal.unproven(self._id, reason, last)
        return self.response("unproven", reason)

    def _last(self, intent: str, answer: Answer) -> Answer:
        """The answer that proves it dead, or else the last one."""
        last = self._second(intent) if self._refresh and answer.revoked else answer
        for pause in LOOKS:
            if self._dead(last, answer):
                break
            self._means.sleep(pause)
            last = self._look().answer
        return last

    def _second(self, intent: str) -> Answer:
        """The proof for a refresh token: a second auth.revoke finds nothing to revoke. There is never a third."""
        answer = self._revoke(intent)
        self._journal.answered(self._id, answer)
        return answer

    def _dead(self, seen: Answer, revoked: Answer) -> bool:
        """Whether this answer proves it dead. invalid_auth does so only where the token was seen alive from here
        before: by auth.test, or by an auth.revoke that revoked it."""
        told = self._was_ok or (self._refresh and seen.method == REVOKE)
        rejected = seen.error == "invalid_auth" and not seen.failure
        return _gone(seen) or (rejected and revoked.revoked is True and told)

    def _proven(self, proof: str, answer: Answer) -> Response:
        self._means.at("proven")
        self._journal.proven(self._id, proof, answer)
        return self.response("revoked", "it is dead, and this is proven", f"{proof} ({answer.date or 'no date'})")

    def _refused(self, answer: Answer) -> Response:
        meaning = f" ({CODES[answer.error].reason})" if answer.error in CODES else ""
        todo = f". By hand: {' '.join(self._rule.remediation.split())}" if self._rule else ""
        reason = f"Slack refused: {answer.error}{meaning}{todo}"
        self._journal.refused(self._id, reason, answer)
        return self.response("refused", reason)

    def _held(self, state: str, reason: str, proof: str | None = None) -> Response:
        self._journal.held(self._id, reason)
        return self.response(state, reason, proof)

    def _unsure(self, seen: Look) -> Response:
        """After a look that showed neither life nor death: what was sent before may or may not have been done."""
        reason = f"not known to be dead: {self._said(seen)}"
        if self._entry.state == "intent" and not self._tried():
            return self._held("failed", f"nothing was sent; {reason}")
        return self.response("unproven", reason)

    def _said(self, seen: Look) -> str:
        if seen.alive:
            return f"a later look says that it lives ({_NOT_AGAIN})" if not seen.answer.ok else "it still lives"
        return f"a later look says {seen.verdict.state}: {seen.verdict.reason}"


def _gone(answer: Answer) -> bool:
    """Whether Slack says, in a whole answer, that the token is dead."""
    return not answer.failure and answer.error in _SURE


def _final(code: str) -> bool:
    """Whether Slack meant it, whatever it says: what its row calls unknown may come out otherwise next time, unless it
    is about the type of the token."""
    row = CODES.get(code)
    return row is None or row.state != UNKNOWN or code == "not_bearer_token"
