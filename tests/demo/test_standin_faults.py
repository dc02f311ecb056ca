"""What the stand-in does badly on demand, as requests sees it."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from scanner.demo import standin_faults as faults
from scanner.demo.standin import Fault, Standin
from scanner.demo.standin_faults import Faults, Gate, Held

WAIT = 60.0  # seconds: patience, never reached


def post(slack: Standin, method: str, token: str) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return requests.post(slack.url + method, headers=headers, timeout=WAIT, allow_redirects=False)


def in_background(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


@pytest.mark.parametrize(("given", "header"), [("7", "7"), ("0", "0"), (None, None)])
def test_429_with_and_without_retry_after(slack: Standin, given: str | None, header: str | None) -> None:
    slack.faults.add("auth.test", faults.rate_limited(given))
    token = slack.plant("bot").token
    answer = post(slack, "auth.test", token)
    assert (answer.status_code, answer.headers.get("Retry-After")) == (429, header)
    assert answer.json() == {"ok": False, "error": "ratelimited"}
    assert post(slack, "auth.test", token).json()["ok"] is True


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("acts", [False, True])
def test_5xx_before_and_after_the_work(slack: Standin, status: int, acts: bool) -> None:
    slack.faults.add("auth.revoke", faults.broken(status, acts=acts))
    token = slack.plant("bot").token
    answer = post(slack, "auth.revoke", token)
    assert (answer.status_code, answer.text[:9]) == (status, "<!DOCTYPE")
    assert slack.revocations(token) == acts
    (seen,) = slack.requests
    assert (seen.fault, seen.effective, seen.answered) == (str(status), acts, False)
    assert seen.code == ("ok" if acts else "")


def test_a_page_where_json_should_be(slack: Standin) -> None:
    slack.faults.add("*", faults.html())
    answer = post(slack, "auth.test", slack.plant("bot").token)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")


@pytest.mark.parametrize("body", ["", "[]", "null", '{"ok":"yes"}', '{"ok":true,"revoked":false}', "\x00"])
def test_any_other_body(slack: Standin, body: str) -> None:
    slack.faults.add("auth.revoke", faults.answers(body))
    assert post(slack, "auth.revoke", slack.plant("bot").token).text == body


def test_a_redirect_that_nobody_should_follow(slack: Standin) -> None:
    slack.faults.add("auth.test", faults.redirect(slack.hooks + "/elsewhere"))
    answer = post(slack, "auth.test", slack.plant("bot").token)
    assert (answer.status_code, answer.headers["Location"]) == (302, slack.hooks + "/elsewhere")


@pytest.mark.parametrize("acts", [False, True])
def test_a_torn_answer(slack: Standin, acts: bool) -> None:
    slack.faults.add("auth.revoke", faults.torn(acts=acts))
    token = slack.plant("bot").token
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        post(slack, "auth.revoke", token)
    assert slack.revocations(token) == acts


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("acts", [False, True])
def test_no_answer_at_all(slack: Standin, acts: bool, reset: bool) -> None:
    slack.faults.add("auth.revoke", faults.closed(acts=acts, reset=reset))
    token = slack.plant("bot").token
    with pytest.raises(requests.exceptions.ConnectionError, match="reset by peer" if reset else "closed connection"):
        post(slack, "auth.revoke", token)
    assert slack.revocations(token) == acts
    assert slack.requests[0].answered is False


def test_a_slow_answer_is_later_than_an_impatient_caller_waits(slack: Standin) -> None:
    slack.faults.add("auth.test", faults.slow(WAIT))
    token = slack.plant("bot").token
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.post(slack.url + "auth.test", data={"token": token}, timeout=(WAIT, 0.01))
    assert slack.gate.wait(0, 0) == ()


def test_a_slow_answer_is_right_in_the_end(slack: Standin) -> None:
    slack.faults.add("auth.test", faults.slow(0.001))
    assert post(slack, "auth.test", slack.plant("bot").token).json()["ok"] is True
    assert slack.requests[0].answered is True


@pytest.mark.parametrize(("when", "revoked"), [("before", 0), ("after", 1)])
def test_a_stop_before_and_after_the_act(slack: Standin, when: str, revoked: int) -> None:
    slack.faults.add("auth.revoke", faults.held(when))
    token = slack.plant("bot").token
    answers: list[requests.Response] = []
    thread = in_background(lambda: answers.append(post(slack, "auth.revoke", token)))
    assert [(held.number, held.when) for held in slack.gate.wait(1, WAIT)] == [(1, when)]
    assert slack.revocations(token) == revoked
    slack.gate.release()
    thread.join()
    assert answers[0].json()["revoked"] is True
    assert slack.revocations(token) == 1


def test_a_stop_that_ends_without_an_answer(slack: Standin) -> None:
    slack.faults.add("auth.revoke", faults.held("after", ending="close"))
    token, failed = slack.plant("bot").token, threading.Event()

    def work() -> None:
        with pytest.raises(requests.exceptions.ConnectionError):
            post(slack, "auth.revoke", token)
        failed.set()

    thread = in_background(work)
    slack.gate.wait(1, WAIT)
    slack.gate.release()
    thread.join()
    assert failed.is_set()
    assert slack.requests[0].effective


_CLIENT = """
import sys
import requests
requests.post(sys.argv[1], data={"token": sys.stdin.readline()}, timeout=60)
"""


@pytest.mark.parametrize("method", ["auth.revoke", "auth.test"])
def test_a_caller_that_is_killed_in_between_never_knew(slack: Standin, method: str) -> None:
    slack.faults.add(method, faults.held("after"))
    token = slack.plant("bot").token
    with subprocess.Popen([sys.executable, "-c", _CLIENT, slack.url + method], stdin=subprocess.PIPE) as client:
        assert client.stdin is not None
        client.stdin.write(token.encode())
        client.stdin.close()
        slack.gate.wait(1, WAIT)
        client.send_signal(signal.SIGKILL)
        client.wait()
    slack.gate.release()
    post(slack, "auth.revoke", token)
    first, last = slack.requests
    assert (first.code, first.answered, last.fresh) == ("ok", False, False)
    assert slack.revocations(token) == 1


def test_the_end_lets_go_of_whoever_waits() -> None:
    with Standin() as slack:
        slack.faults.add("auth.test", faults.held())
        token = slack.plant("bot").token

        def work() -> None:
            with pytest.raises(requests.exceptions.RequestException):
                raise requests.exceptions.RequestException(post(slack, "auth.test", token))

        thread = in_background(work)
        slack.gate.wait(1, WAIT)
    thread.join()


def test_a_bug_of_the_stand_in_does_not_pass_for_slack() -> None:
    def clock() -> float:
        raise ZeroDivisionError

    def use(then: Exception | None) -> None:
        with Standin(clock=clock) as slack:
            with pytest.raises(requests.exceptions.ConnectionError):
                post(slack, "auth.test", "x")
            if then:
                raise then

    with pytest.raises(RuntimeError, match="went wrong") as caught:
        use(None)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    with pytest.raises(KeyError):
        use(KeyError())


# The queue


def test_faults_go_by_method_and_token_and_in_order(slack: Standin) -> None:
    one, other = slack.plant("bot").token, slack.plant("bot", seed=2).token
    slack.faults.add("auth.test", faults.broken(500), fingerprint=slack.named(other).fingerprint)
    slack.faults.add("auth.test", faults.broken(501), times=2)
    slack.faults.add("*", faults.broken(502))
    asked = [("auth.test", one), ("auth.revoke", one), ("auth.test", other), ("auth.test", other), ("auth.test", one)]
    assert [post(slack, *each).status_code for each in asked] == [501, 502, 500, 501, 200]


def test_nothing_goes_wrong_after_clear(slack: Standin) -> None:
    slack.faults.add("auth.test", faults.broken(), times=0)
    token = slack.plant("bot").token
    assert [post(slack, "auth.test", token).status_code for _ in range(3)] == [503] * 3
    slack.faults.clear()
    assert post(slack, "auth.test", token).status_code == 200


@given(every=st.integers(1, 6), times=st.integers(0, 5), asked=st.integers(0, 40))
def test_every_nth_request_takes_the_fault_as_often_as_it_shall(every: int, times: int, asked: int) -> None:
    queue = Faults()
    queue.add("auth.test", Fault("x"), every=every, times=times)
    taken = [queue.take("auth.test", None) is not None for _ in range(asked)]
    due = [number % every == 0 and (not times or number <= every * times) for number in range(1, asked + 1)]
    assert taken == due


def test_a_gate_that_has_ended_keeps_nothing() -> None:
    gate = Gate()
    gate.end()
    gate.keep(Held(1, "auth.test", None, "after"))
    assert gate.wait(1, WAIT) == ()
