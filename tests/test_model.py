"""The nouns: what they must never do."""

from __future__ import annotations

import copy
import logging
import pickle
import traceback
from pathlib import Path

import pytest

import scanner
from scanner.model import Counts, Coverage, Hit, Location, Match, Position, Reach, Secret

VALUE = b"xoxb" + b"-1234567890-abcdefghijkl"


@pytest.mark.parametrize("shown", [repr, str, "{}".format, "{!r}".format, "{:>40}".format, ascii])
def test_a_secret_does_not_print_itself(shown: object) -> None:
    assert callable(shown)
    assert "1234567890" not in shown(Secret(VALUE)) and "****" in shown(Secret(VALUE))


def test_nor_does_what_holds_it() -> None:
    match = Match("rule", "kind", Secret(VALUE), "xoxb-****", (), 0, 10)
    for text in (repr(match), str(Hit(match, Position(1, 1, 1, 2))), f"{[match]}", f"{match} {(match,)!r}"):
        assert "1234567890" not in text


def test_nor_does_a_traceback_or_a_log_record(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret(VALUE)
    with pytest.raises(ValueError, match="Secret") as caught:
        raise ValueError("failed", secret)
    assert "1234567890" not in "".join(traceback.format_exception(caught.value))
    with caplog.at_level(logging.INFO):
        logging.getLogger("x").info("found %s", secret)
    assert "1234567890" not in caplog.text


def test_secrets_are_equal_by_value() -> None:
    assert Secret(VALUE) == Secret(bytes(VALUE)) != Secret(b"other")
    assert len({Secret(VALUE), Secret(VALUE)}) == 1
    assert Secret(VALUE) != VALUE


def test_only_reveal_gives_the_value_and_nothing_can_be_added() -> None:
    secret = Secret(VALUE)
    assert secret.reveal() == VALUE
    assert not hasattr(secret, "__dict__")
    with pytest.raises(AttributeError):
        secret.value = b""  # type: ignore[attr-defined]


def test_a_secret_goes_to_another_process_and_back() -> None:
    secret = Secret(VALUE)
    assert pickle.loads(pickle.dumps(secret)) == copy.copy(secret) == copy.deepcopy(secret) == secret


def test_unknown_is_none_and_not_zero() -> None:
    assert set(Counts()) == {None}
    assert set(Coverage()[:4]) == {None}
    assert set(Location("blob")[4:5]) | set(Location("blob")[6:-1]) == {None}
    assert Reach().branches.count == 0  # that is known: nothing was looked for


REVEALERS = {
    "commands/explain.py",  # its anatomy
    "filters/fingerprints.py",  # patterns look at tokens
    "pipeline.py",  # fingerprints and anatomy
    "report/redactor.py",
    "report/schema.py",  # --show-secrets
    "report/text.py",  # --show-secrets
    "respond/expressions.py",  # for git filter-repo
    "respond/notices.py",  # the operator's own credentials
    "respond/roads.py",  # the operator's own credentials
    "slack/api.py",
    "uncover.py",  # which of two tokens at one place is the whole one
}


def test_who_may_take_the_bytes_out_of_a_secret() -> None:
    package = Path(scanner.__file__).parent
    callers = {str(path.relative_to(package)) for path in package.rglob("*.py") if ".reveal()" in path.read_text()}
    assert callers == REVEALERS
