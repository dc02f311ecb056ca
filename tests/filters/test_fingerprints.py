from __future__ import annotations

import pytest

from scanner.errors import ConfigError
from scanner.filters import fingerprints
from scanner.filters.entries import Config, Entry
from scanner.model import Secret, Suppression

TODAY = "2030-01-31"
SECRET = Secret(b"abc-123-secretpart")


def fingerprint(what: str, until: str | None = None) -> Config:
    return Config(fingerprints=(Entry(what, "why", "me", until),))


def pattern(what: str, until: str | None = None) -> Config:
    return Config(patterns=(Entry(what, "why", "me", until, "HEAD:.xoxscan.yaml:7"),))


def test_a_fingerprint_allows_its_secret() -> None:
    assert fingerprints.judge(fingerprint("v1:x"), "v1:x", SECRET, TODAY) == Suppression("fingerprint", "why", "me")
    assert fingerprints.judge(fingerprint("v1:x"), "v1:xy", SECRET, TODAY) is None


def test_a_pattern_is_searched_in_the_token_as_issued() -> None:
    allowed = Suppression("pattern", "why", "me", TODAY)
    assert fingerprints.judge(pattern("^abc-123-", TODAY), "v1:x", SECRET, TODAY) == allowed
    assert fingerprints.judge(pattern("part$", TODAY), "v1:x", SECRET, TODAY) == allowed
    assert fingerprints.judge(pattern("^123", TODAY), "v1:x", SECRET, TODAY) is None


def test_what_expired_allows_nothing() -> None:
    assert fingerprints.judge(fingerprint("v1:x", "2030-01-30"), "v1:x", SECRET, TODAY) is None
    assert fingerprints.judge(pattern("^abc", "2030-01-30"), "v1:x", SECRET, TODAY) is None


def test_an_expired_entry_does_not_hide_a_later_one() -> None:
    both = fingerprint("v1:x", "2030-01-30").fingerprints + fingerprint("v1:x").fingerprints
    assert fingerprints.judge(Config(fingerprints=both), "v1:x", SECRET, TODAY) is not None


@pytest.mark.parametrize("wrong", ["", "x*", ".*", "(a|)", "(?=)"])
def test_a_pattern_for_everything_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="matches the empty text"):
        fingerprints.compiled(wrong)


@pytest.mark.parametrize("wrong", ["(", "[a", "a{2,1}", "(?P<x>a)(?P<x", "*"])
def test_a_broken_pattern_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"position \d+"):
        fingerprints.compiled(wrong)


def test_a_pattern_that_does_not_end_is_an_error_and_never_a_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprints, "TIMEOUT", 0.05)
    token = Secret(b"a" * 60 + b"b")
    with pytest.raises(ConfigError, match=r"HEAD:\.xoxscan\.yaml:7: the pattern takes more than") as caught:
        fingerprints.judge(pattern("^(a|aa)+$"), "v1:x", token, TODAY)
    assert "aaaa" not in str(caught.value)
    assert caught.value.__cause__ is None
